//! People through the front door: signing in, invitations, roles, keys, the second factor, the operator's pages.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use serde_json::{Value, json};

use super::person::{Filled, PASSWORD, Person, browser, create_user, send};
use super::process::{Process, run};

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_tells_nothing_and_a_session_ends_when_it_should() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "Ada@Example.com", &["--name", "Ada"]);

    // Wrong password and unknown address look alike.
    let client = browser();
    let mut pages = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let form = [("email", email), ("password", "wrong wrong wrong")];
        let answer = send(client.post(format!("{}/sign-in", studio.url)).form(&form)).await;
        assert_eq!((answer.status, answer.cookies.len()), (422, 0));
        pages.push(answer.body.replace(email, ""));
    }
    assert_eq!(pages[0], pages[1]);

    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let me = ada.get("/me").await;
    assert_eq!(
        (
            &me["user"]["name"],
            &me["workspace"]["role"],
            &me["user"]["is_operator"]
        ),
        (&json!("Ada"), &json!("owner"), &json!(true))
    );
    let cookie = ada.cookie.clone();
    assert!(cookie.starts_with("aquatint_session=aqt_ses_"), "{cookie}");

    // A change needs the token and our own origin; a cookie is no credential at the MCP door.
    for (origin, token, status) in [
        (Some("http://evil.example.com"), Some(ada.csrf.as_str()), 403),
        (Some("null"), Some(ada.csrf.as_str()), 403),
        (None, None, 403),
        (None, Some("wrong"), 403),
        (None, Some(ada.csrf.as_str()), 200),
        (Some(studio.url.as_str()), Some(ada.csrf.as_str()), 200),
    ] {
        let mut request = client
            .post(format!("{}/api/v1/me", studio.url))
            .header("cookie", &cookie)
            .json(&json!({ "name": "Ada L." }));
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        if let Some(token) = token {
            request = request.header("x-csrf-token", token);
        }
        assert_eq!(send(request).await.status, status, "{origin:?} {token:?}");
    }
    let request = client.post(format!("{}/mcp", studio.url)).header("cookie", &cookie);
    assert_eq!(send(request.body(r#"{"method":"tools/list"}"#)).await.status, 401);

    // A second browser is seen, and a new password ends it.
    let second = Person::sign_in(&studio, "ada@example.com").await;
    let sessions = ada.get("/me/sessions").await;
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(2));
    let (status, wrong) = ada
        .call(
            "POST",
            "/me/password",
            Some(json!({ "current_password": "x", "new_password": "another password" })),
        )
        .await;
    assert_eq!((status, &wrong["field"]), (400, &json!("current_password")));
    ada.post(
        "/me/password",
        json!({ "current_password": PASSWORD, "new_password": PASSWORD }),
    )
    .await;
    assert_eq!(second.call("GET", "/me", None).await.0, 401);
    let out = ada.form("/sign-out", &[("csrf", &ada.csrf)]).await;
    assert_eq!((out.status, out.location.as_str()), (303, "/sign-in"));
    assert_eq!(ada.call("GET", "/me", None).await.0, 401);
    assert_eq!(
        ada.page("/app/library").await.location,
        "/sign-in?next=%2Fapp%2Flibrary"
    );

    // A link from the operator sets a new password, once.
    let link = run(folder.path(), &["user", "reset", "ada@example.com"]);
    let path = link
        .split_once("/reset/")
        .map(|(_, secret)| format!("{}/reset/{secret}", studio.url))
        .expect("a link");
    assert!(send(client.get(&path)).await.body.contains("ada@example.com"));
    assert_eq!(
        send(client.post(&path).form(&[("password", "short")])).await.status,
        422
    );
    assert_eq!(
        send(client.post(&path).form(&[("password", PASSWORD)])).await.status,
        303
    );
    assert_eq!(
        send(client.post(&path).form(&[("password", PASSWORD)])).await.status,
        410
    );
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    run(folder.path(), &["user", "disable", "ada@example.com"]);
    assert_eq!(ada.call("GET", "/me", None).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_come_by_link_and_roles_say_what_they_may() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let (status, _) = ada.call("POST", "/invites", Some(json!({ "role": "owner" }))).await;
    assert_eq!(status, 400);
    let mut people = Vec::new();
    for (email, role) in [("bob@example.com", "member"), ("eve@example.com", "viewer")] {
        let invite = ada.post("/invites", json!({ "email": email, "role": role })).await;
        let url = invite["url"].as_str().expect("a link");
        let client = browser();
        let page = send(client.get(url)).await;
        assert!(
            page.body.contains("My studio") && page.body.contains(role),
            "{}",
            page.body
        );
        let other = [("name", "X"), ("email", "x@example.com"), ("password", PASSWORD)];
        assert_eq!(send(client.post(url).form(&other)).await.status, 422);
        let form = [("name", "Guest"), ("email", email), ("password", PASSWORD)];
        let answer = send(client.post(url).form(&form)).await;
        assert_eq!(
            (answer.status, answer.location.as_str()),
            (303, "/app/welcome"),
            "{}",
            answer.body
        );
        assert_eq!(send(client.get(url)).await.status, 410);
        people.push(Person::of(&studio, &answer).await);
    }
    let (bob, eve) = (&people[0], &people[1]);
    let asset = bob.upload(super::pictures::product(64, 48), "bottle.png").await;
    for (person, method, path, body, status) in [
        // A viewer looks.
        (eve, "GET", "/assets".to_owned(), Value::Null, 200),
        (eve, "GET", "/members".into(), Value::Null, 200),
        (eve, "POST", format!("/assets/{asset}"), json!({ "title": "x" }), 403),
        (
            eve,
            "POST",
            "/edit/upscale".into(),
            json!({ "images": [asset], "scale": 2 }),
            403,
        ),
        (
            eve,
            "POST",
            "/assets/trash".into(),
            json!({ "asset_ids": [asset] }),
            403,
        ),
        (eve, "POST", "/share_links".into(), json!({ "asset_ids": [asset] }), 403),
        (eve, "GET", "/keys".into(), Value::Null, 403),
        // A member works.
        (
            bob,
            "POST",
            format!("/assets/{asset}"),
            json!({ "title": "A bottle" }),
            200,
        ),
        (bob, "GET", "/keys".into(), Value::Null, 403),
        (bob, "POST", "/invites".into(), json!({ "role": "viewer" }), 403),
        (bob, "POST", "/workspace".into(), json!({ "name": "Mine" }), 403),
        (bob, "GET", "/admin/overview".into(), Value::Null, 403),
        (
            bob,
            "POST",
            "/workspace/transfer".into(),
            json!({ "user_id": "usr_00000000000000000000000000" }),
            403,
        ),
        // The owner does the rest.
        (&ada, "POST", "/workspace".into(), json!({ "name": "The studio" }), 200),
        (&ada, "GET", "/admin/overview".into(), Value::Null, 200),
        (&ada, "GET", "/admin/users?query=bob".into(), Value::Null, 200),
        (&ada, "GET", "/admin/workspaces".into(), Value::Null, 200),
        (&ada, "GET", "/admin/plans".into(), Value::Null, 200),
        (&ada, "POST", "/workspace/leave".into(), json!({}), 409),
    ] {
        let body = (!body.is_null()).then_some(body);
        let (got, answer) = person.call(method, &path, body).await;
        assert_eq!(got, status, "{method} {path}: {answer}");
    }

    // The workspace changes hands; who owned it can leave.
    let members = ada.get("/members").await;
    let id_of = |email: &str| -> Value {
        let members = members["members"].as_array().expect("members");
        let found = members.iter().find(|member| member["email"] == email);
        found.expect("a member")["user_id"].clone()
    };
    ada.post("/workspace/transfer", json!({ "user_id": id_of("bob@example.com") }))
        .await;
    assert_eq!(bob.get("/me").await["workspace"]["role"], "owner");
    assert_eq!(ada.get("/me").await["workspace"]["role"], "admin");
    ada.post("/workspace/leave", json!({})).await;
    let me = ada.get("/me").await;
    assert_eq!(
        (&me["workspace"]["role"], me["workspaces"].as_array().map(Vec::len)),
        (&json!("owner"), Some(1))
    );
    assert_eq!(ada.call("GET", &format!("/assets/{asset}"), None).await.0, 404);
    // Two workspaces, and the way between them.
    let made = ada.post("/workspaces", json!({ "name": "Second" })).await;
    ada.post("/me/workspace", json!({ "workspace_id": made["workspace_id"] }))
        .await;
    assert_eq!(ada.get("/me").await["workspace"]["name"], "Second");
    // A place that was taken away is gone at once.
    let eve_id = id_of("eve@example.com");
    bob.delete(&format!("/members/{}", eve_id.as_str().expect("an id")))
        .await;
    assert_eq!(eve.call("GET", &format!("/assets/{asset}"), None).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_shown_once_and_revoked_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let made = ada
        .post(
            "/keys",
            json!({ "name": "ci", "scopes": ["assets:read"], "expires_in_days": 3, "balance": "plan_units" }),
        )
        .await;
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let ask = async |path: &str| {
        let request = studio.client.get(format!("{}/api/v1{path}", studio.url));
        send(request.bearer_auth(&secret)).await
    };
    assert_eq!(ask("/assets").await.status, 200);
    let short = ask("/account/credits").await;
    assert_eq!(short.status, 403);
    assert_eq!(
        short.json()["details"]["required_scopes"],
        json!(["assets:read", "account:read"])
    );
    // What is for people is refused to a key with every scope.
    for path in ["/me", "/keys", "/trash", "/members"] {
        assert_eq!(studio.rest("GET", path, None).await.0, 403, "{path}");
    }
    let listed = ada.get("/keys").await;
    let row = listed["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .find(|key| key["name"] == "ci")
        .expect("ours");
    assert!(row["last_used_at"].is_string() && row.get("secret").is_none() && !listed.to_string().contains(&secret));
    ada.delete(&format!("/keys/{}", made["key_id"].as_str().expect("an id")))
        .await;
    assert_eq!(ask("/assets").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_factor_is_asked_for_and_no_code_works_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let begun = ada.post("/me/totp", json!({})).await;
    assert!(begun["qr_svg"].as_str().expect("a picture").contains("<svg"));
    let secret = totp_rs::Secret::try_from_base32(begun["secret"].as_str().expect("text")).expect("base32");
    let totp = totp_rs::Builder::new()
        .with_secret(secret)
        .with_account_name("ada")
        .with_issuer(Some("x"))
        .build()
        .expect("built");
    let (status, _) = ada
        .call("POST", "/me/totp/confirm", Some(json!({ "code": "000000" })))
        .await;
    assert_eq!(status, 400);
    let code = totp
        .generate(std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs())
        .to_string();
    let confirmed = ada.post("/me/totp/confirm", json!({ "code": code })).await;
    let recovery = confirmed["recovery_codes"].as_array().expect("codes").clone();
    assert_eq!(recovery.len(), 10);

    let client = browser();
    let first_step = async || {
        let form = [("email", "ada@example.com"), ("password", PASSWORD)];
        let answer = send(client.post(format!("{}/sign-in", studio.url)).form(&form)).await;
        assert!(answer.location.starts_with("/sign-in/code"), "{}", answer.location);
        answer.cookies[0].split(';').next().unwrap_or_default().to_owned()
    };
    let second_step = async |ticket: &str, code: &str| {
        let request = client
            .post(format!("{}/sign-in/code", studio.url))
            .header("cookie", ticket);
        send(request.form(&[("code", code)])).await.status
    };
    let ticket = first_step().await;
    // The code that confirmed the app is used up.
    assert_eq!(second_step(&ticket, &code).await, 422);
    let spare = recovery[0].as_str().expect("text");
    assert_eq!(second_step(&ticket, spare).await, 303);
    assert_eq!(
        second_step(&ticket, recovery[1].as_str().expect("text")).await,
        410,
        "the ticket is used up"
    );
    let ticket = first_step().await;
    assert_eq!(second_step(&ticket, spare).await, 422, "a recovery code works once");
    assert_eq!(second_step(&ticket, &spare.to_uppercase()).await, 422);
    assert_eq!(ada.get("/me").await["user"]["recovery_codes_left"], 9);
    assert_eq!(
        ada.call("POST", "/me/totp/disable", Some(json!({ "password": "x" })))
            .await
            .0,
        400
    );
    ada.post("/me/totp/disable", json!({ "password": PASSWORD })).await;
    Person::sign_in(&studio, "ada@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_wrong_password_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let client = browser();
    let mut answers = Vec::new();
    for _ in 0..11 {
        let form = [("email", "ada@example.com"), ("password", "wrong wrong wrong")];
        answers.push(send(client.post(format!("{}/sign-in", studio.url)).form(&form)).await);
    }
    assert!(answers[..10].iter().all(|answer| answer.status == 422));
    assert_eq!(answers[10].status, 429);
    assert!(answers[10].headers.contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_closes_accounts_moves_plans_and_gives_credits() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    create_user(folder.path(), "bob@example.com", &[]);
    let (ada, bob) = (
        Person::sign_in(&studio, "ada@example.com").await,
        Person::sign_in(&studio, "bob@example.com").await,
    );
    let me = bob.get("/me").await;
    let (user, workspace) = (
        me["user"]["user_id"].as_str().expect("an id"),
        me["workspace"]["workspace_id"].as_str().expect("an id"),
    );
    let plan = format!("/admin/workspaces/{workspace}");
    assert_eq!(bob.call("POST", &plan, Some(json!({ "plan": "pro" }))).await.0, 403);
    assert_eq!(ada.call("POST", &plan, Some(json!({ "plan": "gold" }))).await.0, 400);
    let moved = ada.post(&plan, json!({ "plan": "pro" })).await;
    assert_eq!(
        (&moved["plan"], moved["balances"]["plan_units"].as_f64()),
        (&json!("pro"), Some(1000.0))
    );
    let credits = format!("{plan}/credits");
    for bad in [0.0, -5.0] {
        let (status, _) = ada
            .call("POST", &credits, Some(json!({ "balance": "api", "credits": bad })))
            .await;
        assert_eq!(status, 400, "{bad}");
    }
    let twice = json!({ "balance": "api", "credits": 7.5, "memo": "Thanks", "reference": "invoice 1" });
    ada.post(&credits, twice.clone()).await;
    let given = ada.post(&credits, twice).await;
    assert_eq!(given["balances"]["api"].as_f64(), Some(107.5));
    let overview = ada.get("/admin/overview").await;
    assert!(
        overview["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .all(|check| check["ok"] == true),
        "{overview}"
    );
    let link = ada.post(&format!("/admin/users/{user}/reset"), json!({})).await;
    assert!(link["url"].as_str().expect("a link").contains("/reset/aqt_tkt_"));
    let own = ada.get("/me").await["user"]["user_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let (status, _) = ada
        .call(
            "POST",
            &format!("/admin/users/{own}"),
            Some(json!({ "disabled": true })),
        )
        .await;
    assert_eq!(status, 409);
    ada.post(&format!("/admin/users/{user}"), json!({ "disabled": true }))
        .await;
    assert_eq!(bob.call("GET", "/me", None).await.0, 401);
    ada.post(&format!("/admin/users/{user}"), json!({ "disabled": false }))
        .await;
    Person::sign_in(&studio, "bob@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_with_a_path_everything_begins_with_the_public_url() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start_with(
        folder.path(),
        &[
            ("AQUATINT_PUBLIC_URL", "https://studio.example.com/art"),
            ("AQUATINT_TRUSTED_PROXIES", "127.0.0.1"),
        ],
    );
    create_user(folder.path(), "ada@example.com", &[]);
    let client = browser();
    let look = async |path: &str| {
        let request = client
            .get(format!("{}{path}", studio.url))
            .header("host", "evil.example.com");
        send(request).await
    };
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/art",
        "/art/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration/art",
        "/art/.well-known/openid-configuration",
    ] {
        let answer = look(path).await.json();
        assert_eq!(answer["issuer"], "https://studio.example.com/art", "{path}");
        assert_eq!(answer["token_endpoint"], "https://studio.example.com/art/oauth/token");
    }
    for path in [
        "/.well-known/oauth-protected-resource/art/mcp",
        "/art/.well-known/oauth-protected-resource/mcp",
    ] {
        assert_eq!(
            look(path).await.json()["resource"],
            "https://studio.example.com/art/mcp",
            "{path}"
        );
    }
    let asked = client
        .post(format!("{}/art/mcp", studio.url))
        .header("host", "studio.example.com");
    let challenge = send(asked.body("{}")).await.headers["www-authenticate"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        challenge.contains("https://studio.example.com/art/.well-known/oauth-protected-resource/mcp"),
        "{challenge}"
    );

    // A page's links and forms, its redirects and its cookies.
    let page = look("/art/sign-in").await;
    assert!(
        page.body.contains("action=\"/art/sign-in\"") && page.body.contains("href=\"/art/style.css\""),
        "{}",
        page.body
    );
    assert_eq!(
        look("/art/app/library").await.location,
        "/art/sign-in?next=%2Fapp%2Flibrary"
    );
    let form = [
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("next", "/app/library"),
    ];
    let request = client.post(format!("{}/art/sign-in", studio.url)).form(&form);
    let request = request.header("origin", "https://studio.example.com");
    let answer = send(request.header("x-forwarded-for", "198.51.100.7, 203.0.113.9")).await;
    assert_eq!(
        (answer.status, answer.location.as_str()),
        (303, "/art/app/library"),
        "{}",
        answer.body
    );
    let cookie = &answer.cookies[0];
    assert!(
        cookie.starts_with("__Host-aquatint=") && cookie.contains("; Path=/;") && cookie.contains("; Secure"),
        "{cookie}"
    );
    // The client that the proxy has seen is the one that is noted.
    let value = cookie.split(';').next().unwrap_or_default();
    let sessions = client
        .get(format!("{}/art/api/v1/me/sessions", studio.url))
        .header("cookie", value);
    assert_eq!(send(sessions).await.json()["sessions"][0]["address"], "203.0.113.9");
}
