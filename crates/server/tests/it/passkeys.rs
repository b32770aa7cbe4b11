//! Passkeys through the front door: real HTTP, a clock in the test's hand, and a device that signs what it is told to.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod newcomers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aquatint::config::Config;
use aquatint_app::people::Visitor;
use aquatint_app::{Settings, Studio};
use aquatint_domain::Role;
use aquatint_providers::Secret;
use aquatint_providers::payments::stripe;
use aquatint_testkit::FrozenClock;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::authenticator::{Authenticator, VERIFIED, encoded};
use super::person::{Answer, Filled, PASSWORD, Person, browser, send};

/// A studio in this process, on a real port.
struct House {
    studio: Studio,
    clock: FrozenClock,
    url: String,
    /// Where passkeys work: the same port of `localhost`.
    origin: String,
    stop: CancellationToken,
    _folder: TempDir,
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl House {
    async fn open() -> Self {
        // Another test of this process may have done it before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let settings = Settings::new(folder.path().to_owned(), "aquatint".into());
        let config = Config {
            settings: settings.clone(),
            data: folder.path().to_owned(),
            listen: address,
            listen_is_explicit: true,
            public_url: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            max_body_bytes: 1024 * 1024,
            queue_url: "embedded".into(),
            log: "info".into(),
            log_json: false,
            drain_seconds: 1,
            keep_alive: std::time::Duration::from_secs(15),
            conformance_fixtures: false,
            uses_stripe: false,
            stripe: stripe::Config {
                secret_key: Secret::new(""),
                webhook_secrets: Vec::new(),
                base_url: stripe::API.to_owned(),
            },
            file: None,
        };
        let clock = FrozenClock::default();
        let studio = Studio::open_with_clock(settings, Arc::new(clock.clone()))
            .await
            .expect("opens");
        let url = format!("http://{address}");
        studio.set_public_url(url.clone());
        let stop = CancellationToken::new();
        let app = aquatint::router(&studio, &config, address, stop.clone()).expect("routes");
        tokio::spawn(aquatint::listen::serve(listener, app, stop.clone()));
        Self {
            studio,
            clock,
            url,
            origin: format!("http://localhost:{}", address.port()),
            stop,
            _folder: folder,
        }
    }

    fn device(&self) -> Authenticator {
        Authenticator::new("localhost", &self.origin)
    }

    fn tab(&self) -> Tab {
        Tab {
            url: self.url.clone(),
            client: browser(),
            cookies: BTreeMap::new(),
        }
    }

    /// A person with a password, signed in.
    async fn person(&self, email: &str) -> Person {
        self.studio
            .create_user(email, "Somebody", Some(PASSWORD), None, false)
            .await
            .expect("made");
        self.sign_in(email).await
    }

    async fn sign_in(&self, email: &str) -> Person {
        let form = [("email", email), ("password", PASSWORD)];
        let answer = send(browser().post(format!("{}/sign-in", self.url)).form(&form)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.cookies[0].split(';').next().unwrap_or_default().to_owned();
        self.with_cookie(cookie).await
    }

    async fn with_cookie(&self, cookie: String) -> Person {
        let mut person = Person {
            url: self.url.clone(),
            cookie,
            csrf: String::new(),
            client: browser(),
        };
        person.csrf = person.get("/me").await["csrf_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        person
    }

    /// Signs in with a passkey in a new browser.
    async fn enter(&self, device: &mut Authenticator) -> Person {
        let mut tab = self.tab();
        let answer = tab.sign_in(device).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.with_cookie(tab.session().expect("signed in")).await
    }
}

/// A browser of nobody yet, as the script on our pages uses it.
struct Tab {
    url: String,
    client: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Tab {
    async fn post(&mut self, path: &str, body: &Value) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("origin", &self.url);
        let answer = send(request.header("cookie", cookies.join("; ")).json(body)).await;
        for cookie in &answer.cookies {
            let (name, value) = cookie
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie");
            assert!(
                cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
                "{cookie}"
            );
            self.cookies.insert(name.into(), value.into());
        }
        answer
    }

    async fn question(&mut self, path: &str, body: Value) -> Value {
        let answer = self.post(path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    async fn sign_in(&mut self, device: &mut Authenticator) -> Answer {
        let question = self.question("/sign-in/passkey/begin", json!({})).await;
        let credential = device.get(&question["options"]);
        self.answer(&question, &credential).await
    }

    async fn answer(&mut self, question: &Value, credential: &Value) -> Answer {
        let body = json!({ "kept": question["kept"], "credential": credential, "next": "/app/jobs" });
        self.post("/sign-in/passkey", &body).await
    }

    /// The session's cookie, as one sends it.
    fn session(&self) -> Option<String> {
        let value = self.cookies.get("aquatint_session")?;
        Some(format!("aquatint_session={value}"))
    }
}

/// Adds a passkey as the web app does.
async fn add(person: &Person, device: &mut Authenticator) -> Value {
    let question = person.post("/me/passkeys/begin", json!({})).await;
    let credential = device.create(&question["options"]);
    let body = json!({ "kept": question["kept"], "credential": credential });
    person.post("/me/passkeys", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_signs_in_without_password_and_without_code() {
    let house = House::open().await;
    let ada = house.person("ada@example.com").await;
    let listed = ada.get("/me/passkeys").await;
    assert_eq!(
        (&listed["origin"], &listed["passkeys"]),
        (&json!(house.origin), &json!([]))
    );

    let mut device = house.device();
    let question = ada.post("/me/passkeys/begin", json!({})).await;
    let options = &question["options"];
    let selection = &options["authenticatorSelection"];
    assert_eq!(
        (
            &selection["residentKey"],
            &selection["userVerification"],
            &options["attestation"]
        ),
        (&json!("required"), &json!("required"), &json!("none"))
    );
    let credential = device.create(options);
    let body = json!({ "kept": question["kept"], "credential": credential, "name": "The desk" });
    let added = ada.post("/me/passkeys", body.clone()).await;
    assert_eq!(
        (&added["name"], &added["is_synced"]),
        (&json!("The desk"), &json!(true))
    );
    assert!(added.get("last_used_at").is_none());
    // The question was answered, and its credential is known.
    assert_eq!(ada.call("POST", "/me/passkeys", Some(body)).await.0, 410);
    let again = ada.post("/me/passkeys/begin", json!({})).await;
    assert_eq!(again["options"]["excludeCredentials"][0]["id"], encoded(&device.id));
    let body = json!({ "kept": again["kept"], "credential": device.create(&again["options"]) });
    assert_eq!(ada.call("POST", "/me/passkeys", Some(body)).await.0, 409);

    // With a second factor too: the passkey is both steps.
    let begun = ada.post("/me/totp", json!({})).await;
    let secret = totp_rs::Secret::try_from_base32(begun["secret"].as_str().expect("text")).expect("base32");
    let builder = totp_rs::Builder::new()
        .with_secret(secret)
        .with_account_name("ada")
        .with_issuer(Some("x"));
    let now = u64::try_from(aquatint_domain::Clock::now(&house.clock).as_second()).expect("after 1970");
    let code = builder.build().expect("built").generate(now).to_string();
    ada.post("/me/totp/confirm", json!({ "code": code })).await;

    house.clock.advance(Duration::from_secs(60));
    let mut tab = house.tab();
    let answer = tab.sign_in(&mut device).await;
    assert_eq!(
        (answer.status, &answer.json()["next"]),
        (200, &json!("/app/jobs")),
        "{}",
        answer.body
    );
    let same = house.with_cookie(tab.session().expect("signed in")).await;
    assert_eq!(same.get("/me").await["user"]["email"], "ada@example.com");
    assert_eq!(same.get("/me").await["user"]["passkey_count"], 1);
    let listed = same.get("/me/passkeys").await;
    assert_eq!(listed["passkeys"][0]["last_used_at"], "2026-11-20T12:01:00Z");

    // The web app leads nowhere else, whatever a page is told.
    let mut tab = house.tab();
    let question = tab.question("/sign-in/passkey/begin", json!({})).await;
    let credential = device.get(&question["options"]);
    let body = json!({ "kept": question["kept"], "credential": credential, "next": "https://evil.example.com/" });
    assert_eq!(tab.post("/sign-in/passkey", &body).await.json()["next"], "/app/library");

    let id = added["passkey_id"].as_str().expect("an id");
    let path = format!("/me/passkeys/{id}");
    assert_eq!(ada.call("POST", &path, Some(json!({ "name": "  " }))).await.0, 400);
    ada.post(&path, json!({ "name": "The laptop" })).await;
    assert_eq!(ada.get("/me/passkeys").await["passkeys"][0]["name"], "The laptop");
    ada.delete(&path).await;
    assert_eq!(house.tab().sign_in(&mut device).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_with_what_a_passkey_did_not_answer_here_and_now() {
    let house = House::open().await;
    let ada = house.person("ada@example.com").await;
    let eve = house.person("eve@example.com").await;
    let (mut device, mut other) = (house.device(), house.device());
    add(&ada, &mut device).await;
    add(&eve, &mut other).await;
    let handle = device.handle.clone();

    // Each of these differs from what is right in one thing; all get the same words.
    let mut words = Vec::new();
    type Change = fn(&mut Authenticator, &mut Value);
    let changes: [(&str, Change); 12] = [
        ("unknown credential", |device, _| device.id = vec![1; 20]),
        ("another origin", |device, _| {
            device.origin = "https://evil.example.com".into()
        }),
        ("another port", |device, _| device.origin = "http://localhost:1".into()),
        ("the numeric address", |device, _| {
            device.origin = device.origin.replace("localhost", "127.0.0.1");
        }),
        ("another RP ID", |device, _| device.rp_id = "evil.example.com".into()),
        ("nobody verified", |device, _| device.flags &= !0b100),
        ("nobody there", |device, _| device.flags &= !0b1),
        ("copyable no more", |device, _| device.flags = VERIFIED),
        ("no handle", |device, _| device.handle = None),
        ("a foreign handle", |device, _| {
            device.handle = Some(encoded(b"usr_00000000000000000000000000"))
        }),
        ("an empty challenge", |_, options| options["challenge"] = json!("")),
        ("a challenge of one's own", |_, options| {
            options["challenge"] = json!(encoded(&[7; 32]))
        }),
    ];
    for (wrong, change) in changes {
        // The right answer works, and forgives the failures before.
        assert_eq!(house.tab().sign_in(&mut device).await.status, 200, "{wrong}");
        let (id, origin, flags) = (device.id.clone(), device.origin.clone(), device.flags);
        let mut tab = house.tab();
        let mut question = tab.question("/sign-in/passkey/begin", json!({})).await;
        change(&mut device, &mut question["options"]);
        let credential = device.get(&question["options"]);
        let answer = tab.answer(&question, &credential).await;
        assert_eq!((answer.status, tab.session()), (401, None), "{wrong}: {}", answer.body);
        words.push(answer.body);
        (device.id, device.origin, device.flags, device.rp_id) = (id, origin, flags, "localhost".into());
        device.handle.clone_from(&handle);
    }
    // Somebody else's credential, signed with one's own; what was signed, changed; no signature at all.
    let mut tab = house.tab();
    let question = tab.question("/sign-in/passkey/begin", json!({})).await;
    let mut stolen = other.get(&question["options"]);
    stolen["id"] = json!(encoded(&device.id));
    stolen["response"]["userHandle"] = json!(handle);
    words.push(tab.answer(&question, &stolen).await.body);
    let mut altered = device.get(&question["options"]);
    device.count += 1;
    altered["response"]["authenticatorData"] =
        device.get(&question["options"])["response"]["authenticatorData"].clone();
    words.push(tab.answer(&question, &altered).await.body);
    altered["response"]["signature"] = json!("");
    words.push(tab.answer(&question, &altered).await.body);
    words.dedup();
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(tab.session().is_none());

    // The right answer still counts, once.
    let good = device.get(&question["options"]);
    assert_eq!(tab.answer(&question, &good).await.status, 200);
    let mut replay = house.tab();
    replay
        .cookies
        .insert("aquatint_passkey".into(), tab.cookies["aquatint_passkey"].clone());
    assert_eq!(replay.answer(&question, &good).await.body, words[0], "a replay");
    assert!(replay.session().is_none());

    // In another browser, too late, or with what was kept altered, it is none.
    for late in [false, true] {
        let mut tab = house.tab();
        let question = tab.question("/sign-in/passkey/begin", json!({})).await;
        let good = device.get(&question["options"]);
        let mut elsewhere = house.tab();
        assert_eq!(elsewhere.answer(&question, &good).await.status, 410);
        elsewhere.question("/sign-in/passkey/begin", json!({})).await;
        assert_eq!(elsewhere.answer(&question, &good).await.status, 410);
        let mut cut = question.clone();
        cut["kept"] = json!(question["kept"].as_str().expect("text").replacen('.', ".A", 1));
        assert_eq!(tab.answer(&cut, &good).await.status, 410);
        house.clock.advance(Duration::from_secs(if late { 300 } else { 299 }));
        let answer = tab.answer(&question, &good).await;
        assert_eq!(answer.status, if late { 410 } else { 200 }, "{}", answer.body);
    }

    // A question for another purpose is none for signing in, and the other way round.
    let ada = house.sign_in("ada@example.com").await;
    let proof = ada.post("/me/proof/begin", json!({})).await;
    assert_eq!(proof["options"]["allowCredentials"][0]["id"], encoded(&device.id));
    let mut tab = house.tab();
    let question = tab.question("/sign-in/passkey/begin", json!({})).await;
    let answer = tab.answer(&proof, &device.get(&proof["options"])).await;
    assert_eq!(answer.status, 410);
    let body = json!({ "passkey": { "kept": question["kept"], "credential": device.get(&question["options"]) } });
    assert_eq!(ada.call("POST", "/me/proof", Some(body)).await.0, 410);
    let body = json!({ "kept": question["kept"], "credential": house.device().create(&ada.post("/me/passkeys/begin", json!({})).await["options"]) });
    assert_eq!(ada.call("POST", "/me/passkeys", Some(body)).await.0, 410);

    // Another site's page cannot ask or answer, and a form cannot either.
    for path in ["/sign-in/passkey/begin", "/sign-in/passkey"] {
        let request = browser()
            .post(format!("{}{path}", house.url))
            .header("origin", "https://evil.example.com");
        assert_eq!(
            send(request.json(&json!({ "kept": "", "credential": {} })))
                .await
                .status,
            403,
            "{path}"
        );
    }
    let form = browser()
        .post(format!("{}/sign-in/passkey", house.url))
        .form(&[("kept", "x")]);
    assert_eq!(send(form).await.status, 415);
    let broken = browser()
        .post(format!("{}/sign-in/passkey", house.url))
        .json(&json!({ "kept": 1 }));
    assert_eq!(send(broken).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_goes_back_locks_nobody_out_and_a_closed_account_does() {
    let house = House::open().await;
    let ada = house.person("ada@example.com").await;
    let bob = house.person("bob@example.com").await;
    let mut device = house.device();
    device.count = 5;
    add(&ada, &mut device).await;
    for count in [6, 6, 2, 0] {
        device.count = count;
        assert_eq!(house.tab().sign_in(&mut device).await.status, 200, "{count}");
    }
    let mut bobs = house.device();
    add(&bob, &mut bobs).await;
    let id = bob.get("/me").await["user"]["user_id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("an id");
    let now = aquatint_domain::Clock::now(&house.clock);
    house
        .studio
        .store()
        .users()
        .set_disabled(&id, Some(now))
        .await
        .expect("closed");
    assert_eq!(house.tab().sign_in(&mut bobs).await.status, 401);

    // Tries that fail are counted, for a credential and for an address.
    let mut device = house.device();
    device.handle = Some(encoded(b"usr_00000000000000000000000000"));
    let mut statuses = Vec::new();
    for _ in 0..11 {
        statuses.push(house.tab().sign_in(&mut device).await.status);
    }
    assert_eq!((&statuses[..10], statuses[10]), (&[401; 10][..], 429));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_how_one_signs_in_needs_a_recent_proof() {
    let house = House::open().await;
    let ada = house.person("ada@example.com").await;
    let (mut first, mut second) = (house.device(), house.device());
    let added = add(&ada, &mut first).await;
    let path = format!("/me/passkeys/{}", added["passkey_id"].as_str().expect("an id"));
    let eve = house.person("eve@example.com").await;
    let mut eves = house.device();
    add(&eve, &mut eves).await;
    let question = ada.post("/me/passkeys/begin", json!({})).await;

    // Eleven minutes after signing in nothing of it works, not even what was begun before.
    house.clock.advance(Duration::from_secs(280));
    let still = json!({ "kept": question["kept"], "credential": second.create(&question["options"]) });
    house.clock.advance(Duration::from_secs(380));
    for (method, path, body) in [
        ("POST", "/me/passkeys/begin", json!({})),
        ("POST", "/me/passkeys", still),
        ("POST", "/me/totp/disable", json!({})),
        ("DELETE", path.as_str(), Value::Null),
    ] {
        let (status, answer) = ada.call(method, path, (!body.is_null()).then_some(body)).await;
        assert_eq!(
            (status, &answer["field"]),
            (403, &json!("proof")),
            "{method} {path}: {answer}"
        );
    }
    // Wrong proofs.
    let foreign = ada.post("/me/proof/begin", json!({})).await;
    let mine = eve.post("/me/proof/begin", json!({})).await;
    for (status, body) in [
        (400, json!({})),
        (400, json!({ "password": PASSWORD, "code": "123456" })),
        (400, json!({ "password": "wrong wrong wrong" })),
        (400, json!({ "password": "" })),
        (400, json!({ "code": "123456" })),
        (
            400,
            json!({ "passkey": { "kept": foreign["kept"], "credential": eves.get(&foreign["options"]) } }),
        ),
        (
            410,
            json!({ "passkey": { "kept": mine["kept"], "credential": first.get(&mine["options"]) } }),
        ),
    ] {
        let (got, answer) = ada.call("POST", "/me/proof", Some(body.clone())).await;
        assert_eq!(got, status, "{body}: {answer}");
    }
    assert_eq!(ada.call("DELETE", &path, None).await.0, 403);

    // A passkey is a proof, once; so is the password. Each counts for ten minutes, in its own session.
    let question = ada.post("/me/proof/begin", json!({})).await;
    let proof = json!({ "passkey": { "kept": question["kept"], "credential": first.get(&question["options"]) } });
    let other = house.sign_in("ada@example.com").await;
    house.clock.advance(Duration::from_secs(200));
    ada.post("/me/proof", proof.clone()).await;
    assert_eq!(ada.call("POST", "/me/proof", Some(proof)).await.0, 400, "a replay");
    add(&ada, &mut second).await;
    house.clock.advance(Duration::from_secs(500));
    ada.post("/me/passkeys/begin", json!({})).await;
    assert_eq!(other.call("POST", "/me/passkeys/begin", Some(json!({}))).await.0, 403);
    house.clock.advance(Duration::from_secs(100));
    assert_eq!(ada.call("DELETE", &path, None).await.0, 403);
    ada.post("/me/proof", json!({ "password": PASSWORD })).await;
    ada.delete(&path).await;
    assert_eq!(ada.get("/me").await["user"]["passkey_count"], 1);
}
