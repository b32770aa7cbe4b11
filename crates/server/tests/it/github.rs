//! Signing in with GitHub through the front door, against a stand-in that is written from GitHub's documentation.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::path::Path;

use aquatint_testkit::{GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET, GithubPerson, GithubServer, SmtpServer};
use serde_json::json;

use super::person::{Answer, Person, browser, create_user, send};
use super::process::Process;

fn start(folder: &Path, github: &GithubServer, more: &str, environment: &[(&str, &str)]) -> Process {
    let text = format!(
        "[github]\nclient_id = \"{GITHUB_CLIENT_ID}\"\nclient_secret = \"{GITHUB_CLIENT_SECRET}\"\nurl = \"{}\"\n{more}\n[fetch]\nallow_private = [\"{}\"]\n",
        github.url(),
        github.authority()
    );
    std::fs::write(folder.join("aquatint.toml"), text).expect("written");
    Process::start_with(folder, environment)
}

fn person(id: u64, email: &'static str) -> GithubPerson {
    GithubPerson {
        id,
        login: "octo",
        name: Some("Octo Cat"),
        emails: vec![
            ("noreply@users.example.com", false, true),
            (email, true, true),
            ("second@example.com", false, true),
        ],
        organizations: Vec::new(),
    }
}

/// A browser that was sent to GitHub.
struct Sent {
    address: String,
    cookie: String,
}

async fn begin(studio: &Process, next: &str) -> Sent {
    let request = browser().get(format!("{}/sign-in/github?next={next}", studio.url));
    let answer = send(request).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let cookie = &answer.cookies[0];
    assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    Sent {
        address: answer.location,
        cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
    }
}

async fn come_back(back: &str, cookie: &str) -> Answer {
    send(browser().get(back).header("cookie", cookie)).await
}

async fn sign_in(studio: &Process, github: &GithubServer, person: &GithubPerson) -> Answer {
    let sent = begin(studio, "/app/jobs").await;
    come_back(&github.agree(&sent.address, person), &sent.cookie).await
}

/// Nobody is signed in by this answer, which has no more to say than a sentence.
fn assert_refused(answer: &Answer, status: u16, words: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    assert!(answer.body.contains(words), "{what}: {}", answer.body);
    assert!(
        !answer.cookies.iter().any(|cookie| cookie.contains("aqt_ses_")),
        "{what}"
    );
    assert!(
        !answer.body.contains(GITHUB_CLIENT_SECRET) && !answer.body.contains("gho_"),
        "{what}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_come_in_by_github_and_are_known_by_their_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let (github, mail) = (GithubServer::start().await, SmtpServer::start().await);
    let url = format!("smtp://127.0.0.1:{}", mail.port());
    let environment = [
        ("AQUATINT_MAIL_URL", url.as_str()),
        ("AQUATINT_MAIL_FROM", "studio@example.com"),
    ];
    let studio = start(folder.path(), &github, "auto_create = true", &environment);
    let page = send(browser().get(format!("{}/sign-in?next=/app/jobs", studio.url))).await;
    assert!(
        page.body.contains("href=\"/sign-in/github?next=%2Fapp%2Fjobs\"") && page.body.contains("Sign in with GitHub"),
        "{}",
        page.body
    );

    // The first stranger becomes nobody's owner or operator.
    let octo = person(583_231, "Octo@Example.com");
    let answer = sign_in(&studio, &github, &octo).await;
    assert_eq!(
        (answer.status, answer.location.as_str()),
        (303, "/app/jobs"),
        "{}",
        answer.body
    );
    let first = Person::of(&studio, &answer).await;
    let me = first.get("/me").await;
    assert_eq!(
        (
            &me["user"]["email"],
            &me["user"]["name"],
            &me["user"]["is_operator"],
            &me["user"]["has_password"]
        ),
        (
            &json!("octo@example.com"),
            &json!("Octo Cat"),
            &json!(false),
            &json!(false)
        )
    );
    assert!(
        send(browser().get(format!("{}/", studio.url)))
            .await
            .body
            .contains("set-up link")
    );

    // Another login and another address: the same person. Another number: another one.
    let renamed = GithubPerson {
        login: "other",
        ..person(583_231, "new@example.com")
    };
    let again = Person::of(&studio, &sign_in(&studio, &github, &renamed).await).await;
    assert_eq!(again.get("/me").await["user"]["user_id"], me["user"]["user_id"]);
    let other = Person::of(
        &studio,
        &sign_in(&studio, &github, &person(7, "seven@example.com")).await,
    )
    .await;
    assert_ne!(other.get("/me").await["user"]["user_id"], me["user"]["user_id"]);

    // An account that is here already is linked by the address that GitHub has verified, and is told.
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let linked = Person::of(&studio, &sign_in(&studio, &github, &person(8, "ADA@example.com")).await).await;
    assert_eq!(
        linked.get("/me").await["user"]["user_id"],
        ada.get("/me").await["user"]["user_id"]
    );
    let letters = mail.wait_for(1).await;
    assert_eq!(
        (letters[0].to.as_slice(), letters[0].header("Subject").as_str()),
        (&["ada@example.com".to_owned()][..], "A new way to sign in")
    );
    // It asked for as little as it needs.
    assert_eq!(
        github.asked_for(&begin(&studio, "/").await.address)["scope"],
        "read:user user:email"
    );
    assert!(!github.asked().iter().any(|path| path.contains("/orgs/")));
    assert_eq!(github.wrong(), [""; 0]);
    assert_eq!(mail.wait_for(1).await.len(), 1, "one letter for one link");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_for_this_browser_and_this_moment_signs_nobody_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let github = GithubServer::start().await;
    let studio = start(folder.path(), &github, "auto_create = true", &[]);
    let octo = person(1, "octo@example.com");
    let callback = format!("{}/sign-in/github/callback", studio.url);

    let sent = begin(&studio, "/").await;
    let back = github.agree(&sent.address, &octo);
    let code = back
        .split("code=")
        .nth(1)
        .and_then(|rest| rest.split('&').next())
        .expect("a code");
    let not_ours = "does not belong to what this browser asked";
    for (what, back, cookie) in [
        (
            "a wrong state",
            format!("{callback}?code={code}&state=wrong"),
            sent.cookie.as_str(),
        ),
        ("no state", format!("{callback}?code={code}"), &sent.cookie),
        ("an empty state", format!("{callback}?code={code}&state="), &sent.cookie),
        ("no cookie", back.clone(), ""),
        ("another browser", back.clone(), &begin(&studio, "/").await.cookie),
        ("a cookie that was made up", back.clone(), "aquatint_upstream=x.y"),
    ] {
        assert_refused(&come_back(&back, cookie).await, 410, not_ours, what);
    }
    assert!(github.asked().is_empty(), "nothing was asked for any of these");
    let denied = format!(
        "{callback}?error=access_denied&error_description=%3Cscript%3E&state={}",
        github.asked_for(&sent.address)["state"]
    );
    let answer = come_back(&denied, &sent.cookie).await;
    assert_refused(&answer, 401, "GitHub did not sign you in", "access_denied");
    assert!(!answer.body.contains("<script"));
    let no_code = format!("{callback}?state={}", github.asked_for(&sent.address)["state"]);
    assert_refused(&come_back(&no_code, &sent.cookie).await, 410, "no code", "no code");

    // A code works once, and only with the verifier of the browser that asked for it.
    assert_eq!(come_back(&back, &sent.cookie).await.status, 303);
    let again = come_back(&back, &sent.cookie).await;
    assert_refused(&again, 401, "could not be verified", "a code twice");
    let (mine, theirs) = (begin(&studio, "/").await, begin(&studio, "/").await);
    let stolen = github.agree(&theirs.address, &octo);
    let stolen = stolen
        .split("code=")
        .nth(1)
        .and_then(|rest| rest.split('&').next())
        .expect("a code");
    let injected = format!(
        "{callback}?code={stolen}&state={}",
        github.asked_for(&mine.address)["state"]
    );
    assert_refused(
        &come_back(&injected, &mine.cookie).await,
        401,
        "could not be verified",
        "another's code",
    );
    // After signing in one lands on our own pages only.
    for next in ["https://evil.example.com/", "//evil.example.com"] {
        let sent = begin(&studio, next).await;
        let answer = come_back(&github.agree(&sent.address, &octo), &sent.cookie).await;
        assert_eq!(answer.location, "/app/library", "{next}");
    }
    assert_eq!(github.wrong(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_counts_when_it_is_primary_and_verified_and_a_closed_account_stays_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let github = GithubServer::start().await;
    let studio = start(folder.path(), &github, "", &[]);
    create_user(folder.path(), "ada@example.com", &[]);
    let with = |emails: Vec<(&'static str, bool, bool)>| GithubPerson {
        emails,
        ..person(66, "x@example.com")
    };
    let not_verified = "has not verified an email address of yours";
    for (what, eve) in [
        ("not verified", with(vec![("ada@example.com", true, false)])),
        ("not primary", with(vec![("ada@example.com", false, true)])),
        (
            "verified, but another is primary",
            with(vec![("ada@example.com", false, true), ("eve@example.com", true, false)]),
        ),
        ("none", with(vec![])),
        ("no address", with(vec![("ada", true, true)])),
    ] {
        assert_refused(&sign_in(&studio, &github, &eve).await, 403, not_verified, what);
    }
    let stranger = sign_in(&studio, &github, &person(67, "stranger@example.com")).await;
    assert_refused(&stranger, 403, "You have no account here", "a stranger");
    assert_eq!(
        sign_in(&studio, &github, &person(68, "ada@example.com")).await.status,
        303
    );
    super::process::run(folder.path(), &["user", "disable", "ada@example.com"]);
    for id in [68, 69] {
        let answer = sign_in(&studio, &github, &person(id, "ada@example.com")).await;
        assert_refused(&answer, 403, "This account is closed", "a closed account");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_active_members_of_an_allowed_organization_come_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let github = GithubServer::start().await;
    let more = "auto_create = true\nallowed_organizations = [\"acme\", \"Widgets\"]";
    let studio = start(folder.path(), &github, more, &[]);
    let of = |organizations: Vec<(&'static str, &'static str)>| GithubPerson {
        organizations,
        ..person(5, "five@example.com")
    };
    let outside = "not in an organization that may sign in here";
    for organizations in [vec![], vec![("others", "active")], vec![("acme", "pending")]] {
        let answer = sign_in(&studio, &github, &of(organizations)).await;
        assert_refused(&answer, 403, outside, "outside");
    }
    assert_eq!(
        sign_in(&studio, &github, &of(vec![("widgets", "active")])).await.status,
        303
    );
    // Whoever has left comes in no more, known or not.
    assert_refused(&sign_in(&studio, &github, &of(vec![])).await, 403, outside, "left");
    assert_eq!(
        github.asked_for(&begin(&studio, "/").await.address)["scope"],
        "read:user user:email read:org"
    );
    assert_eq!(github.wrong(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_github_is_not_well_nobody_comes_in_and_nothing_leaks() {
    let folder = tempfile::tempdir().expect("a folder");
    let github = GithubServer::start().await;
    let studio = start(folder.path(), &github, "auto_create = true", &[]);
    let octo = person(1, "octo@example.com");
    let (token, user, emails) = ("/login/oauth/access_token", "/api/v3/user", "/api/v3/user/emails");
    let limit =
        r#"{"message":"API rate limit exceeded for user ID 1.","documentation_url":"https://docs.github.com/"}"#;
    let (json, html) = ("application/json", "text/html");
    for (path, status, kind, body, expected) in [
        (
            token,
            200,
            json,
            r#"{"error":"bad_verification_code","error_description":"x"}"#,
            401,
        ),
        (token, 200, json, r#"{"error":"incorrect_client_credentials"}"#, 503),
        (
            token,
            200,
            json,
            r#"{"error":"redirect_uri_mismatch","access_token":"gho_x"}"#,
            503,
        ),
        (token, 200, json, r#"{"access_token":""}"#, 503),
        (token, 200, json, "{}", 503),
        (
            token,
            200,
            "application/x-www-form-urlencoded",
            "access_token=gho_x&token_type=bearer",
            503,
        ),
        (token, 200, html, "<!doctype html><title>Unicorn!</title>", 503),
        (token, 502, html, "<!doctype html>", 503),
        (token, 302, html, "", 503),
        (user, 401, json, r#"{"message":"Bad credentials"}"#, 503),
        (user, 403, json, limit, 503),
        (user, 429, json, limit, 503),
        (user, 500, json, "{}", 503),
        (user, 200, html, "<!doctype html>", 503),
        (user, 200, json, r#"{"login":"octo","id":"1"}"#, 503),
        (user, 200, json, r#"{"login":"octo","id":0,"name":null}"#, 401),
        (user, 200, json, r#"{"login":"octo","id":-1,"name":null}"#, 503),
        (emails, 403, json, limit, 503),
        (emails, 404, json, r#"{"message":"Not Found"}"#, 503),
        (
            emails,
            200,
            json,
            r#"{"email":"octo@example.com","primary":true,"verified":true}"#,
            503,
        ),
        (
            emails,
            200,
            json,
            r#"[{"email":"octo@example.com","primary":true,"verified":"true"}]"#,
            503,
        ),
        (emails, 200, json, "[]", 403),
    ] {
        github.spoil(path, Some((status, kind, body)));
        let answer = sign_in(&studio, &github, &octo).await;
        assert_refused(&answer, expected, "<main>", &format!("{path} {status} {body}"));
        github.spoil(path, None);
    }
    // A person without a name is called by the login.
    let nameless = GithubPerson {
        name: None,
        ..person(2, "two@example.com")
    };
    let answer = sign_in(&studio, &github, &nameless).await;
    assert_eq!(
        Person::of(&studio, &answer).await.get("/me").await["user"]["name"],
        "octo"
    );
    // Nobody answers.
    let sent = begin(&studio, "/").await;
    let back = github.agree(&sent.address, &octo);
    drop(github);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_refused(
        &come_back(&back, &sent.cookie).await,
        503,
        "cannot be reached",
        "nobody there",
    );
}
