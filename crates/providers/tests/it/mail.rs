//! Letters through real SMTP conversations: what goes over the wire, with whom, and what a failure is called.

use aquatint_domain::Timestamp;
use aquatint_providers::mail::{Letter, MailConfig, MailDoor, MailTls, NotSent};
use aquatint_testkit::{SmtpMood, SmtpServer, SmtpTls};

const LOGIN: (&str, &str) = ("me@example.com", "p:äss word");

fn config(server: &SmtpServer, url: &str) -> (MailConfig, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let trust = folder.path().join("authority.pem");
    std::fs::write(&trust, server.authority_pem()).expect("written");
    let config = MailConfig {
        server: Some(
            url.replace("PORT", &server.port().to_string())
                .parse()
                .expect("a server"),
        ),
        from: Some("The Studio <studio@example.com>".parse().expect("an address")),
        reply_to: Some("help@example.com".parse().expect("an address")),
        trust: Some(trust),
        ..MailConfig::default()
    };
    (config, folder)
}

fn door(config: &MailConfig) -> MailDoor {
    MailDoor::open(config).expect("it opens").expect("a server is named")
}

async fn send(door: &MailDoor, to: &str) -> Result<(), NotSent> {
    let at: Timestamp = "2026-11-21T09:05:00Z".parse().expect("a time");
    let long = "word ".repeat(400);
    door.send(Letter {
        id: "mal_1",
        at,
        to,
        subject: "Ünë: a subject that is so long that it has to be folded over more than a single line of the head",
        text: format!("Grüße\n.\n..two\n.one\n{long}\nend\n"),
        html: "<!doctype html><p>Grüße</p>\n.\n".into(),
    })
    .await
}

#[tokio::test]
async fn a_letter_arrives_as_it_was_written() {
    let server = SmtpServer::start().await;
    let (config, _folder) = config(&server, "smtp://127.0.0.1:PORT");
    let door = door(&config);
    door.check().await.expect("it lets us in");
    assert!(server.mails().is_empty());
    send(&door, "ada@example.com").await.expect("taken");
    let mails = server.mails();
    let mail = &mails[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice(), mail.was_encrypted),
        ("studio@example.com", &["ada@example.com".to_owned()][..], false)
    );
    for (name, value) in [
        ("To", "ada@example.com"),
        ("Reply-To", "help@example.com"),
        ("Message-ID", "<mal_1@example.com>"),
        ("Auto-Submitted", "auto-generated"),
        ("Date", "Sat, 21 Nov 2026 09:05:00 +0000"),
        ("MIME-Version", "1.0"),
        (
            "Subject",
            "Ünë: a subject that is so long that it has to be folded over more than a single line of the head",
        ),
    ] {
        assert_eq!(mail.header(name), value, "{name}");
    }
    assert!(
        mail.header("From").ends_with("<studio@example.com>"),
        "{}",
        mail.header("From")
    );
    let text = mail.part("text/plain").replace("\r\n", "\n");
    assert!(text.starts_with("Grüße\n.\n..two\n.one\nword "), "{text}");
    assert!(text.trim_end().ends_with("end"), "{text}");
    assert!(mail.part("text/html").contains("<p>Grüße</p>"));
    assert_eq!(server.wrong(), [""; 0]);
}

#[tokio::test]
async fn tls_comes_before_the_password_and_the_certificate_must_be_right() {
    let url = "smtp://me%40example.com:p%3A%C3%A4ss%20word@localhost:PORT";
    for (tls, url) in [
        (SmtpTls::StartTls, url.to_owned()),
        (SmtpTls::Wrapped, url.replace("smtp:", "smtps:")),
    ] {
        let server = SmtpServer::start_with(tls, Some(LOGIN)).await;
        let (mut config, _folder) = config(&server, &url);
        config.tls = MailTls::Required;
        send(&door(&config), "ada@example.com").await.expect("taken");
        let mail = server.mails().remove(0);
        assert_eq!((mail.was_encrypted, mail.user.as_deref()), (true, Some(LOGIN.0)));

        // A password of its own goes before the one in the URL, and a wrong one is the operator's to repair.
        config.password = Some("wrong".into());
        let not_sent = send(&door(&config), "ada@example.com").await.expect_err("refused");
        assert!(!not_sent.is_final && not_sent.why.contains("535"), "{not_sent:?}");
        assert!(!not_sent.why.contains("wrong"), "{not_sent:?}");

        // Nobody vouches for the certificate.
        config.password = None;
        let stranger = MailConfig {
            trust: None,
            ..config.clone()
        };
        let not_sent = send(&door(&stranger), "ada@example.com")
            .await
            .expect_err("not trusted");
        assert!(
            !not_sent.is_final && not_sent.why.contains("UnknownIssuer"),
            "{not_sent:?}"
        );
        // It is for another name.
        let other = MailConfig {
            server: Some(
                url.replace("localhost", "127.0.0.1")
                    .replace("PORT", &server.port().to_string())
                    .parse()
                    .expect("a server"),
            ),
            ..config.clone()
        };
        let not_sent = send(&door(&other), "ada@example.com").await.expect_err("another name");
        assert!(not_sent.why.contains("not valid for name"), "{not_sent:?}");
        assert_eq!(server.mails().len(), 1);
        assert_eq!(server.wrong(), [""; 0]);
    }
    // A server that offers no TLS gets nothing where TLS is required.
    let plain = SmtpServer::start_with(SmtpTls::Never, Some(LOGIN)).await;
    let (mut config, _folder) = config(&plain, url);
    config.tls = MailTls::Required;
    let not_sent = send(&door(&config), "ada@example.com").await.expect_err("no TLS");
    assert!(!not_sent.is_final && plain.mails().is_empty(), "{not_sent:?}");
    assert_eq!(plain.wrong(), [""; 0]);
}

#[tokio::test]
async fn a_failure_says_whether_to_try_again() {
    let server = SmtpServer::start().await;
    let (config, _folder) = config(&server, "smtp://127.0.0.1:PORT");
    let door = door(&config);
    for (mood, is_final, said) in [
        (SmtpMood::Answers("CONNECT", "421 4.3.2 not now"), false, "421"),
        (SmtpMood::Answers("MAIL", "451 4.3.0 try later"), false, "try later"),
        (SmtpMood::Answers("RCPT", "450 4.2.1 greylisted"), false, "greylisted"),
        (
            SmtpMood::Answers("RCPT", "550 5.1.1 no such user"),
            true,
            "no such user",
        ),
        (SmtpMood::Answers("DATA", "554 5.7.1 unwanted"), true, "unwanted"),
        (SmtpMood::Answers("END", "552 5.3.4 too large"), true, "too large"),
        (SmtpMood::Answers("END", "452 4.3.1 disk full"), false, "disk full"),
        (
            SmtpMood::Answers("MAIL", "530 5.7.0 sign in first"),
            false,
            "sign in first",
        ),
        (SmtpMood::Answers("EHLO", "<html>nonsense</html>"), false, ""),
        (SmtpMood::HangsUp("CONNECT"), false, ""),
        (SmtpMood::HangsUp("RCPT"), false, ""),
        (SmtpMood::HangsUp("END"), false, ""),
        (SmtpMood::HangsUpInALetter, false, ""),
    ] {
        server.set_mood(mood.clone());
        let not_sent = send(&door, "ada@example.com").await.expect_err("refused");
        assert_eq!(not_sent.is_final, is_final, "{mood:?}: {not_sent:?}");
        assert!(not_sent.why.contains(said), "{mood:?}: {not_sent:?}");
    }
    server.set_mood(SmtpMood::Well);
    send(&door, "ada@example.com").await.expect("taken again");
    // What is no address never reaches the server.
    let before = server.connections();
    for address in [
        "",
        "ada",
        "ada@example.com\r\nRCPT TO:<eve@example.com>",
        "a b@example.com",
        "<x@y.z>",
    ] {
        let not_sent = send(&door, address).await.expect_err(address);
        assert!(not_sent.is_final, "{address}");
    }
    assert_eq!(server.connections(), before);
    // Nobody listens.
    let port = server.port();
    drop(server);
    let not_sent = send(&door, "ada@example.com").await.expect_err("nobody");
    assert!(!not_sent.is_final, "{port}: {not_sent:?}");
}
