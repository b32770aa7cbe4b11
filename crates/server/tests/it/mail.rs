//! Mail through the front door: invitations, forgotten passwords and notices, and a mail server that has its moods.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::path::Path;
use std::time::{Duration, Instant};

use aquatint_testkit::{SmtpMood, SmtpServer};
use serde_json::json;

use super::person::{Answer, Filled, PASSWORD, Person, browser, create_user, send};
use super::process::{Process, aquatint, run_with};

const FROM: &str = "The Studio <studio@example.com>";

fn environment(server: &SmtpServer) -> [(&'static str, String); 2] {
    [
        ("AQUATINT_MAIL_URL", format!("smtp://127.0.0.1:{}", server.port())),
        ("AQUATINT_MAIL_FROM", FROM.to_owned()),
    ]
}

fn start(folder: &Path, server: &SmtpServer) -> Process {
    let environment = environment(server);
    let pairs = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    Process::start_with(folder, &pairs)
}

fn command(folder: &Path, server: &SmtpServer, args: &[&str]) -> String {
    let environment = environment(server);
    let pairs = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    run_with(folder, &pairs, args)
}

/// What has become of letters, as the operator sees it, once it looks so.
async fn listed(folder: &Path, server: &SmtpServer, like: &str) -> String {
    let mut text = String::new();
    for _ in 0..40 {
        text = command(folder, server, &["mail", "list"]);
        if text.contains(like) {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("{like:?} does not come: {text}");
}

/// Waits until a letter to this address was taken; a letter that failed twice comes half a minute later.
async fn arrives(folder: &Path, server: &SmtpServer, to: &str) {
    for _ in 0..450 {
        if server.mails().iter().any(|mail| mail.to == [to]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("no letter to {to}: {}", command(folder, server, &["mail", "list"]));
}

async fn forgotten(studio: &Process, email: &str) -> Answer {
    let request = browser().post(format!("{}/forgotten", studio.url));
    send(request.form(&[("email", email)])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_invited_by_mail_and_joins_by_the_link_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = SmtpServer::start().await;
    let studio = start(folder.path(), &server);
    create_user(folder.path(), "ada@example.com", &["--name", "Ada \"<b>"]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    assert_eq!(ada.get("/me").await["server"]["mail_configured"], json!(true));
    ada.post(
        "/workspace",
        json!({ "name": "Farben & Töne <script>x</script>\r\nBcc: eve@example.com" }),
    )
    .await;
    let made = ada
        .post("/invites", json!({ "email": "Bob@Example.com", "role": "member" }))
        .await;
    assert_eq!(made["mailed"], json!(true));
    let mail = server.wait_for(1).await.remove(0);
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("studio@example.com", &["bob@example.com".to_owned()][..])
    );
    let from = mail.header("From");
    assert!(
        from.contains("The Studio") && from.ends_with("<studio@example.com>"),
        "{from}"
    );
    // A name is text: no header, no markup.
    assert_eq!(mail.count("Bcc"), 0);
    assert!(
        mail.header("Subject").starts_with("Invitation to Farben & Töne"),
        "{}",
        mail.header("Subject")
    );
    let html = mail.part("text/html");
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    assert!(mail.part("text/plain").contains("Ada \"<b> invites you"));
    let link = mail.link(&format!("{}/invite/", studio.url));
    assert_eq!(json!(link), made["url"]);
    let form = [("name", "Bob"), ("email", "bob@example.com"), ("password", PASSWORD)];
    let answer = send(browser().post(&link).form(&form)).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let bob = Person::of(&studio, &answer).await;
    assert_eq!(bob.get("/me").await["workspace"]["role"], "member");
    assert_eq!(send(browser().get(&link)).await.status, 410);

    // Without an address nothing is sent; a link stays a link.
    let made = ada.post("/invites", json!({ "role": "viewer" })).await;
    assert_eq!(made["mailed"], json!(false));
    // The link never lay in the database in the clear.
    let secret = link.rsplit('/').next().expect("a secret").as_bytes();
    for file in ["aquatint.db", "aquatint.db-wal"] {
        let bytes = std::fs::read(folder.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{file}");
    }
    let list = command(folder.path(), &server, &["mail", "list"]);
    assert!(
        list.contains("invitation  bob@example.com  sent") && list.lines().count() == 1,
        "{list}"
    );
    assert_eq!(server.wrong(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_set_anew_once_and_strangers_learn_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = SmtpServer::start().await;
    let studio = start(folder.path(), &server);
    create_user(folder.path(), "ada@example.com", &[]);
    create_user(folder.path(), "eve@example.com", &[]);
    command(folder.path(), &server, &["user", "disable", "eve@example.com"]);
    let client = browser();
    let sign_in = send(client.get(format!("{}/sign-in", studio.url))).await;
    assert!(sign_in.body.contains("href=\"/forgotten\""), "{}", sign_in.body);
    assert_eq!(send(client.get(format!("{}/forgotten", studio.url))).await.status, 200);
    let ada = Person::sign_in(&studio, "ada@example.com").await;

    // Known, unknown and closed accounts get the same page.
    let mut pages = Vec::new();
    for email in ["nobody@example.com", "eve@example.com", " ADA@example.com "] {
        let answer = forgotten(&studio, email).await;
        assert_eq!((answer.status, answer.cookies.len()), (200, 0), "{email}");
        pages.push(answer.body);
    }
    assert!(pages.iter().all(|page| *page == pages[0]));
    assert_eq!(forgotten(&studio, "no address").await.status, 422);
    let foreign = client
        .post(format!("{}/forgotten", studio.url))
        .header("origin", "http://evil.example.com");
    assert_eq!(send(foreign.form(&[("email", "ada@example.com")])).await.status, 403);

    let mail = server.wait_for(1).await.remove(0);
    assert_eq!(mail.to, ["ada@example.com"]);
    let link = mail.link(&format!("{}/reset/", studio.url));
    let new = "another long password";
    assert_eq!(send(client.post(&link).form(&[("password", new)])).await.status, 303);
    assert_eq!(
        send(client.post(&link).form(&[("password", "a third password")]))
            .await
            .status,
        410
    );
    assert_eq!(ada.call("GET", "/me", None).await.0, 401, "all browsers are signed out");
    let form = [("email", "ada@example.com"), ("password", new)];
    assert_eq!(
        send(client.post(format!("{}/sign-in", studio.url)).form(&form))
            .await
            .status,
        303
    );
    // The change is told, and whoever has no account got nothing.
    let mails = server.wait_for(2).await;
    assert_eq!(mails[1].header("Subject"), "Your password was changed");
    let list = command(folder.path(), &server, &["mail", "list"]);
    assert!(!list.contains("nobody@") && !list.contains("eve@"), "{list}");

    // Asking again and again fills nobody's mailbox, and looks the same; a network that asks too often waits.
    for _ in 0..8 {
        assert_eq!(forgotten(&studio, "ada@example.com").await.body, pages[0]);
    }
    server.wait_for(4).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let resets = server
        .mails()
        .iter()
        .filter(|mail| mail.header("Subject") == "A new password")
        .count();
    assert_eq!(resets, 3);
    let mut last = 200;
    for number in 0..20 {
        last = forgotten(&studio, &format!("stranger{number}@example.com"))
            .await
            .status;
    }
    assert_eq!(last, 429);
    assert_eq!(server.wrong(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_in_a_bad_mood_holds_nobody_up_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = SmtpServer::start().await;
    server.set_mood(SmtpMood::Slow(Duration::from_secs(20)));
    let studio = start(folder.path(), &server);
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let begun = Instant::now();
    let made = ada
        .post("/invites", json!({ "email": "slow@example.com", "role": "member" }))
        .await;
    assert!(made["mailed"] == json!(true) && begun.elapsed() < Duration::from_secs(5));
    // That letter now waits for its greeting, in a lane of its own.
    for _ in 0..100 {
        if server.connections() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;

    // A busy server is asked again; one that does not know the recipient is not.
    server.set_mood(SmtpMood::Answers("RCPT", "450 4.2.1 come back later"));
    ada.post("/invites", json!({ "email": "late@example.com", "role": "member" }))
        .await;
    let list = listed(folder.path(), &server, "late@example.com  waiting  tried").await;
    assert!(list.contains("come back later"), "{list}");
    server.set_mood(SmtpMood::Well);
    arrives(folder.path(), &server, "late@example.com").await;
    server.set_mood(SmtpMood::Answers("RCPT", "550 5.1.1 nobody of that name"));
    ada.post("/invites", json!({ "email": "wrong@example.com", "role": "member" }))
        .await;
    let list = listed(folder.path(), &server, "given up").await;
    assert!(list.contains("nobody of that name"), "{list}");

    // An invitation that was withdrawn while its letter waited is not sent.
    server.set_mood(SmtpMood::HangsUp("MAIL"));
    let made = ada
        .post("/invites", json!({ "email": "gone@example.com", "role": "member" }))
        .await;
    listed(folder.path(), &server, "gone@example.com  waiting  tried").await;
    ada.delete(&format!("/invites/{}", made["invite_id"].as_str().expect("an id")))
        .await;
    server.set_mood(SmtpMood::Well);
    ada.post(
        "/me/password",
        json!({ "current_password": PASSWORD, "new_password": PASSWORD }),
    )
    .await;
    arrives(folder.path(), &server, "ada@example.com").await;
    // Its row goes when its turn comes.
    for _ in 0..180 {
        if !command(folder.path(), &server, &["mail", "list"]).contains("gone@example.com") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let list = command(folder.path(), &server, &["mail", "list"]);
    assert!(!list.contains("gone@example.com"), "{list}");
    let to: Vec<_> = server.mails().into_iter().flat_map(|mail| mail.to).collect();
    assert!(!to.contains(&"gone@example.com".to_owned()), "{to:?}");

    // What waits when the studio ends is sent by the next one.
    server.set_mood(SmtpMood::Answers("CONNECT", "421 4.3.2 closed"));
    ada.post("/invites", json!({ "email": "next@example.com", "role": "member" }))
        .await;
    listed(folder.path(), &server, "next@example.com  waiting  tried").await;
    drop(studio);
    server.set_mood(SmtpMood::Well);
    let _studio = start(folder.path(), &server);
    arrives(folder.path(), &server, "next@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_step_that_is_turned_off_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = SmtpServer::start().await;
    let studio = start(folder.path(), &server);
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let begun = ada.post("/me/totp", json!({})).await;
    let secret = totp_rs::Secret::try_from_base32(begun["secret"].as_str().expect("text")).expect("base32");
    let totp = totp_rs::Builder::new()
        .with_secret(secret)
        .with_account_name("ada")
        .with_issuer(Some("x"))
        .build()
        .expect("built");
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    ada.post("/me/totp/confirm", json!({ "code": totp.generate(now).to_string() }))
        .await;
    ada.post("/me/totp/disable", json!({ "password": PASSWORD })).await;
    let mail = server.wait_for(1).await.remove(0);
    assert_eq!(
        (mail.to.as_slice(), mail.header("Subject").as_str()),
        (&["ada@example.com".to_owned()][..], "Your second step was turned off")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_tries_mail_out_and_is_told_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = SmtpServer::start().await;
    let said = command(folder.path(), &server, &["mail", "test", "ada@example.com"]);
    assert!(
        said.contains("ada@example.com") && server.mails()[0].to == ["ada@example.com"],
        "{said}"
    );
    let failing = |environment: &[(&str, &str)], args: &[&str]| -> String {
        let output = aquatint(folder.path())
            .envs(environment.iter().copied())
            .args(args)
            .output()
            .expect("it starts");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let test = ["mail", "test", "ada@example.com"];
    assert!(failing(&[], &test).contains("mail.url"));
    let url = format!("smtp://127.0.0.1:{}", server.port());
    let with = [("AQUATINT_MAIL_URL", url.as_str()), ("AQUATINT_MAIL_FROM", FROM)];
    assert!(failing(&with, &["mail", "test", "nobody"]).contains("no address"));
    server.set_mood(SmtpMood::Answers("RCPT", "554 5.7.1 relaying denied"));
    assert!(failing(&with, &test).contains("relaying denied"));
    let secret = [
        ("AQUATINT_MAIL_URL", "smtp://me:hidden@mail.example.com/x"),
        ("AQUATINT_MAIL_FROM", FROM),
    ];
    let said = failing(&secret, &test);
    assert!(said.contains("AQUATINT_MAIL_URL") && !said.contains("hidden"), "{said}");

    // Without mail the page says whom to ask, and nothing is promised.
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    assert_eq!(
        send(browser().get(format!("{}/forgotten", studio.url))).await.status,
        404
    );
    assert_eq!(forgotten(&studio, "ada@example.com").await.status, 404);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let made = ada
        .post("/invites", json!({ "email": "bob@example.com", "role": "member" }))
        .await;
    assert_eq!(made["mailed"], json!(false));
}
