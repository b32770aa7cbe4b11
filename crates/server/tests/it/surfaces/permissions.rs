//! Keys and OAuth on every surface: a token works where it was made for, and spends another balance than a key.

use serde_json::{Value, json};

use super::Client;
use crate::person::{Filled, Person, create_user, send};
use crate::process::Process;

const PATHS: [&str; 7] = [
    "/mcp",
    "/mcp/pixelcut",
    "/mcp/pixa",
    "/mcp/krea",
    "/mcp/pixola",
    "/mcp/aiphotogenerator",
    "/api/mcp",
];
const CALLBACK: &str = "http://127.0.0.1/callback";
/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An access and a refresh token of an app that the person lets in.
async fn sign_in(person: &Person, client_id: &str, resource: &str, scope: &str) -> Value {
    let mut asked = url::Url::parse(&format!("{}/oauth/authorize", person.url)).expect("a URL");
    asked.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("resource", resource),
        ("scope", scope),
    ]);
    let path = asked.as_str().strip_prefix(&person.url).expect("our URL");
    let consent = person.page(path).await;
    let request = consent
        .location
        .split("request=")
        .nth(1)
        .unwrap_or_else(|| panic!("{}", consent.body));
    let fields = [
        ("request", request),
        ("csrf", person.csrf.as_str()),
        ("decision", "allow"),
        ("workspace", "default"),
    ];
    let answer = person.form("/oauth/consent", &fields).await;
    let back = url::Url::parse(&answer.location).unwrap_or_else(|_| panic!("{} {}", answer.status, answer.body));
    let code = back
        .query_pairs()
        .find(|(name, _)| name == "code")
        .expect("a code")
        .1
        .into_owned();
    token(
        person,
        &[
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("resource", resource),
        ],
    )
    .await
}

async fn token(person: &Person, fields: &[(&str, &str)]) -> Value {
    let answer = send(person.client.post(format!("{}/oauth/token", person.url)).form(fields)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn register(person: &Person) -> String {
    let body = json!({ "client_name": "An agent", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    let request = person
        .client
        .post(format!("{}/oauth/register", person.url))
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = send(request).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["client_id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_surface_is_a_resource_with_tokens_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let app = register(&ada).await;
    let mut tokens = Vec::new();
    for path in PATHS {
        // A client without a token is told where to look, and finds this very resource there.
        let asked = ada.client.post(format!("{}{path}", studio.url)).body("{}");
        let refused = send(asked).await;
        assert_eq!(refused.status, 401, "{path}");
        let challenge = refused.headers["www-authenticate"].to_str().expect("text").to_owned();
        let place = challenge
            .split("resource_metadata=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_else(|| panic!("{challenge}"));
        assert_eq!(
            place,
            format!("{}/.well-known/oauth-protected-resource{path}", studio.url)
        );
        let metadata = send(ada.client.get(place)).await.json();
        let resource = metadata["resource"].as_str().expect("a resource").to_owned();
        assert_eq!(resource, format!("{}{path}", studio.url));

        // The scopes that clients of those services ask for.
        let pair = sign_in(&ada, &app, &resource, "pixa:read pixa:write").await;
        let refreshed = token(
            &ada,
            &[
                ("grant_type", "refresh_token"),
                ("client_id", &app),
                ("refresh_token", pair["refresh_token"].as_str().expect("a token")),
                ("scope", "pixa:read pixa:write"),
            ],
        )
        .await;
        tokens.push((path, refreshed["access_token"].as_str().expect("a token").to_owned()));
    }
    for (made_for, token) in &tokens {
        for path in PATHS {
            let mut client = Client::new(&studio, path);
            client.token = token.clone();
            let answer = client
                .request("tools/list", &json!({}))
                .send()
                .await
                .expect("an answer");
            let expected = if path == *made_for { 200 } else { 401 };
            assert_eq!(
                answer.status().as_u16(),
                expected,
                "made for {made_for}, used at {path}"
            );
        }
    }
    // An app that asks for the server as a whole may use all of it.
    let whole = sign_in(&ada, &app, &studio.url, "pixa:read pixa:write").await;
    for path in PATHS {
        let mut client = Client::new(&studio, path);
        client.token = whole["access_token"].as_str().expect("a token").to_owned();
        assert!(!client.tools().await.is_empty(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_spends_plan_units_and_a_key_the_api_balance() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let app = register(&ada).await;
    let whole = sign_in(&ada, &app, &studio.url, "").await;
    let small = json!({ "prompt": "a cup", "model": "image/aquatint/scene-preview", "width": 512, "height": 512 });
    let calls = [
        (
            "/mcp/pixelcut",
            "edit_image",
            json!({ "action": "upscale", "scale": "2", "sync": true, "images": crate::pictures::data_uri(&crate::pictures::product(32, 32)) }),
        ),
        ("/mcp/krea", "generate", {
            let mut order = small.clone();
            order["sync"] = json!(true);
            order
        }),
        ("/mcp/pixola", "generate_image", json!({ "prompt": "a cup" })),
        (
            "/api/mcp",
            "generate_image",
            json!({ "prompt": "a cup", "width": 512, "height": 512 }),
        ),
    ];
    for (path, tool, arguments) in &calls {
        for is_app in [true, false] {
            let mut client = Client::new(&studio, path);
            if is_app {
                client.token = whole["access_token"].as_str().expect("a token").to_owned();
            }
            let before = spent(&studio).await;
            client.call(tool, arguments.clone()).await;
            let after = spent(&studio).await;
            let (own, other) = if is_app { (0, 1) } else { (1, 0) };
            assert!(after[own] > before[own], "{path} app={is_app}: {before:?} {after:?}");
            assert_eq!(after[other], before[other], "{path} app={is_app}");
        }
    }
    // A key that may not generate is refused as HTTP says it, on every surface.
    let narrow = crate::process::run(folder.path(), &["key", "create", "narrow", "--scopes", "models:read"]);
    for (path, tool, arguments) in &calls {
        let mut client = Client::new(&studio, path);
        client.token = narrow.clone();
        let answer = client
            .request("tools/call", &json!({ "name": tool, "arguments": arguments }))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status().as_u16(), 403, "{path}");
    }
}

/// Plan units and API credits that were spent so far.
async fn spent(studio: &Process) -> [f64; 2] {
    let credits = studio.call("account", json!({ "action": "credits" })).await;
    ["plan_units", "api"].map(|balance| credits[balance]["spent"].as_f64().expect("a number"))
}
