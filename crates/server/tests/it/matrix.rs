//! The tenant matrix, made from the list of operations: every route and every tool, asked by nobody, by a revoked key, by
//! secrets of other kinds, by a key without the scope, by a lower role, and by the owner of another
//! workspace. An operation without a row here fails the test.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use aquatint_app::operation::{Effects, Entry, Method};
use aquatint_app::operations::ALL;
use aquatint_domain::{Role, Scope};
use serde_json::{Value, json};

use super::person::{Filled, Person, browser, create_user, send};
use super::process::{Process, run};

/// What the first workspace owns.
struct Owned {
    asset: String,
    collection: String,
    job: String,
    share: String,
    key: String,
    invite: String,
    user: String,
    session: String,
    workspace: String,
}

/// What a stranger finds who names what another workspace owns.
#[derive(PartialEq)]
enum Foreign {
    /// Nothing: 404, as if it did not exist.
    Nowhere,
    /// An answer in which nothing of the other workspace is, and nothing of it has changed.
    Untouched,
    /// For operators; others are refused whoever they ask about.
    Refused,
}

/// Arguments of every operation that name what the first workspace owns.
fn row(operation: &str, own: &Owned) -> (Value, Foreign) {
    use Foreign::{Nowhere, Refused, Untouched};
    let image = json!({ "images": [own.asset], "dry_run": true });
    let with = |more: Value| {
        let mut all = image.clone();
        if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
            all.extend(more);
        }
        all
    };
    let assets = json!({ "asset_ids": [own.asset] });
    match operation {
        "edit.remove_background" | "edit.enhance" | "edit.convert" => (image, Nowhere),
        "edit.upscale" => (with(json!({ "scale": 2 })), Nowhere),
        "edit.expand" => (with(json!({ "aspect_ratio": "16:9" })), Nowhere),
        "edit.replace_background" => (with(json!({ "background": "#ffffff" })), Nowhere),
        "edit.erase" => (with(json!({ "mask": [0, 0, 8, 8] })), Nowhere),
        "edit.adjust" => (with(json!({ "brightness": 10 })), Nowhere),
        "edit.compose" => (with(json!({ "layers": [{ "text": "x" }] })), Nowhere),
        "edit.resize" => (with(json!({ "width": 8 })), Nowhere),
        "edit.crop" => (with(json!({ "x": 0, "y": 0, "width": 8, "height": 8 })), Nowhere),
        "edit.rotate" => (with(json!({ "degrees": 90 })), Nowhere),
        "generate.media" | "generate.model" => (
            json!({ "model": "image/aquatint/scene-preview", "prompt": "a cup", "dry_run": true }),
            Untouched,
        ),
        "models.list" | "models.styles" | "models.shapes" => (json!({}), Untouched),
        "models.search" => (json!({ "query": "scene" }), Untouched),
        "models.get" | "models.schema" => (json!({ "model": "image/aquatint/scene-preview" }), Untouched),
        "models.recommend" => (json!({ "task": "a cup" }), Untouched),
        "assets.list" => (json!({ "collection_id": own.collection }), Nowhere),
        "assets.search" => (json!({ "query": "vase" }), Untouched),
        "assets.get" | "assets.update" => (json!({ "asset_id": own.asset }), Nowhere),
        "assets.facets" | "assets.trashed" => (json!({}), Untouched),
        "assets.trash" | "assets.restore" | "assets.purge" => (assets, Untouched),
        "upload.url" => (
            json!({ "url": "https://192.0.2.1/x.png", "collection_id": own.collection }),
            Nowhere,
        ),
        "upload.upload_url" => (json!({ "collection_id": own.collection }), Nowhere),
        "collections.list" | "share_links.list" | "jobs.list" => (json!({}), Untouched),
        "collections.search" => (json!({ "query": "C" }), Untouched),
        "collections.get" | "collections.update" | "collections.delete" => {
            (json!({ "collection_id": own.collection }), Nowhere)
        }
        "collections.add" | "collections.remove" => (
            json!({ "collection_id": own.collection, "asset_ids": [own.asset] }),
            Nowhere,
        ),
        "collections.create" => (json!({ "name": "Mine", "asset_ids": [own.asset] }), Nowhere),
        "share_links.create" => (assets, Nowhere),
        "share_links.get" | "share_links.update" | "share_links.contents" | "share_links.delete" => {
            (json!({ "share_id": own.share }), Nowhere)
        }
        "account.credits" | "account.usage_history" => (json!({}), Untouched),
        "account.estimate" => (
            json!({ "tool": "edit_image", "arguments": { "action": "upscale", "images": [own.asset], "scale": "2" } }),
            Nowhere,
        ),
        "jobs.get" | "jobs.cancel" => (json!({ "job_id": own.job }), Nowhere),
        "display.gallery" => (assets, Nowhere),
        "me.get" | "me.sessions" | "me.end_other_sessions" => (json!({}), Untouched),
        "me.rename" => (json!({ "name": "Bob" }), Untouched),
        "me.password" => (json!({ "new_password": "short" }), Untouched),
        "me.end_session" => (json!({ "session_id": own.session }), Nowhere),
        "me.begin_totp" => (json!({}), Untouched),
        "me.confirm_totp" => (json!({ "code": "1" }), Untouched),
        "me.disable_totp" => (json!({ "password": "x" }), Untouched),
        "me.switch" | "me.default_workspace" => (json!({ "workspace_id": own.workspace }), Nowhere),
        "me.create_workspace" => (json!({ "name": "Another" }), Untouched),
        "workspace.rename" => (json!({ "name": "Bob's" }), Untouched),
        "workspace.leave" => (json!({}), Untouched),
        "workspace.transfer" | "members.remove" => (json!({ "user_id": own.user }), Nowhere),
        "members.set_role" => (json!({ "user_id": own.user, "role": "viewer" }), Nowhere),
        "members.list" | "keys.list" | "apps.list" => (json!({}), Untouched),
        "invites.create" => (json!({ "role": "viewer" }), Untouched),
        "invites.withdraw" => (json!({ "invite_id": own.invite }), Nowhere),
        "keys.create" => (json!({ "name": "mine" }), Untouched),
        "keys.revoke" => (json!({ "key_id": own.key }), Nowhere),
        "apps.revoke" => (json!({ "grant_id": "grt_00000000000000000000000000" }), Nowhere),
        "providers.list" => (json!({}), Untouched),
        "providers.put_key" => (json!({ "provider": "openai", "key": "not a key" }), Untouched),
        "providers.check_key" | "providers.remove_key" => (json!({ "provider": "openai" }), Untouched),
        "admin.overview" | "admin.users" | "admin.workspaces" | "admin.plans" => (json!({}), Refused),
        "admin.change_user" | "admin.reset_password" => (json!({ "user_id": own.user }), Refused),
        "admin.set_plan" => (json!({ "workspace_id": own.workspace, "plan": "local" }), Refused),
        "admin.grant_credits" => (
            json!({ "workspace_id": own.workspace, "balance": "api", "credits": 1 }),
            Refused,
        ),
        other => panic!("the operation {other} has no row in the tenant matrix"),
    }
}

/// Path and body of a call.
fn request(entry: &Entry, arguments: &Value) -> (&'static str, String, Option<Value>) {
    let mut rest = arguments.as_object().expect("an object").clone();
    let parts: Vec<String> = entry
        .spec
        .rest
        .path
        .split('/')
        .map(
            |part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(name) => {
                    let value = rest
                        .remove(name.trim_start_matches('*'))
                        .expect("an argument for the path");
                    value.as_str().expect("text").to_owned()
                }
                None => part.to_owned(),
            },
        )
        .collect();
    let path = parts.join("/");
    match entry.spec.rest.method {
        Method::Post => ("POST", path, Some(Value::Object(rest))),
        method => {
            let query: Vec<String> = rest
                .iter()
                .map(|(name, value)| {
                    format!(
                        "{name}={}",
                        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
                    )
                })
                .collect();
            let verb = if method == Method::Get { "GET" } else { "DELETE" };
            let query = if query.is_empty() {
                String::new()
            } else {
                format!("?{}", query.join("&"))
            };
            (verb, format!("{path}{query}"), None)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_closed_to_those_it_is_not_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    create_user(folder.path(), "bob@example.com", &[]);
    create_user(
        folder.path(),
        "eve@example.com",
        &["--workspace", "My studio", "--role", "viewer"],
    );
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let bob = Person::sign_in(&studio, "bob@example.com").await;
    let eve = Person::sign_in(&studio, "eve@example.com").await;

    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let asset = ada.upload(super::pictures::product(32, 32), "our-own-vase.png").await;
    let job = ada
        .call("POST", "/edit/resize", Some(json!({ "images": [asset], "width": 16 })))
        .await
        .1;
    let collection = ada
        .post("/collections", json!({ "name": "C", "asset_ids": [asset] }))
        .await;
    let share = ada.post("/share_links", json!({ "asset_ids": [asset] })).await;
    let made = ada.post("/keys", json!({ "name": "revoked" })).await;
    ada.delete(&format!("/keys/{}", text(&made["key_id"]))).await;
    let narrow = ada.post("/keys", json!({ "name": "narrow", "scopes": ["jobs"] })).await;
    let narrow_other = ada
        .post("/keys", json!({ "name": "other", "scopes": ["models:read"] }))
        .await;
    let invite = ada.post("/invites", json!({ "role": "member" })).await;
    let me = ada.get("/me").await;
    let own = Owned {
        job: text(&job["job_id"]),
        collection: text(&collection["collection_id"]),
        share: text(&share["share_id"]),
        key: text(&narrow["key_id"]),
        invite: text(&invite["invite_id"]),
        user: text(&eve.get("/me").await["user"]["user_id"]),
        session: text(&ada.get("/me/sessions").await["sessions"][0]["session_id"]),
        workspace: text(&me["workspace"]["workspace_id"]),
        asset,
    };
    let share_secret = text(&share["url"]).rsplit('/').next().expect("a secret").to_owned();
    let invite_secret = text(&invite["url"]).rsplit('/').next().expect("a secret").to_owned();
    let never = format!("aqt_acc_{}", &text(&made["secret"])[8..]);
    let client = browser();

    let mut wrong = Vec::new();
    for entry in &ALL {
        let spec = &entry.spec;
        let (arguments, foreign) = row(spec.name, &own);
        let (verb, path, body) = request(entry, &arguments);
        let ask = async |bearer: Option<&str>| {
            let method = reqwest::Method::from_bytes(verb.as_bytes()).expect("a method");
            let mut request = client.request(method, format!("{}/api/v1{path}", studio.url));
            if let Some(bearer) = bearer {
                request = request.bearer_auth(bearer);
            }
            if let Some(body) = &body {
                request = request.json(body);
            }
            send(request).await.status
        };
        let mut expect = |who: &str, got: u16, fits: bool| {
            if !fits {
                wrong.push(format!("{} by {who}: {got}", spec.name));
            }
        };
        // Nobody, and secrets that are none here.
        for (who, secret) in [
            ("nobody", None),
            ("a revoked key", Some(text(&made["secret"]))),
            ("a share link", Some(share_secret.clone())),
            ("an invitation", Some(invite_secret.clone())),
            ("an access token that never was", Some(never.clone())),
            (
                "a session's cookie as a key",
                Some(ada.cookie.split('=').nth(1).unwrap_or_default().to_owned()),
            ),
        ] {
            let got = ask(secret.as_deref()).await;
            expect(who, got, got == 401);
        }
        // A key without the scope, and a key with every scope at what is for people.
        let lacking = if spec.scope == Scope::Jobs {
            &narrow_other
        } else {
            &narrow
        };
        let got = ask(lacking["secret"].as_str()).await;
        expect("a key without the scope", got, got == 403);
        if spec.person.is_some() {
            let got = ask(Some(&studio.key)).await;
            expect("a key with every scope", got, got == 403);
        }
        // A lower role.
        let is_above = spec.person.is_some_and(|least| least > Role::Viewer)
            || (spec.person.is_none() && spec.effects != Effects::Reads);
        if is_above {
            let (got, _) = eve.call(verb, &path, body.clone()).await;
            expect("a viewer", got, got == 403);
        }
        // The owner of another workspace.
        let (got, answer) = bob.call(verb, &path, body.clone()).await;
        let tells = answer.to_string();
        // What came from the stranger in the first place may be said back to them.
        let leaks = got == 200 && (tells.contains("our-own-vase") || tells.contains("ada@example.com"));
        match foreign {
            Foreign::Nowhere => expect("another workspace's owner", got, got == 404),
            Foreign::Refused => expect("another workspace's owner", got, got == 403),
            Foreign::Untouched => expect("another workspace's owner", got, got != 404 && got < 500 && !leaks),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // Nothing of the first workspace has changed.
    assert_eq!(
        ada.get(&format!("/assets/{}", own.asset)).await["title"],
        "our-own-vase"
    );
    let collection = ada.get(&format!("/collections/{}", own.collection)).await;
    assert_eq!(
        (&collection["name"], &collection["asset_count"]),
        (&json!("C"), &json!(1))
    );
    assert_eq!(ada.get(&format!("/share_links/{}", own.share)).await["state"], "live");
    assert_eq!(ada.get("/me").await["workspace"]["name"], "My studio");
    assert_eq!(ada.get("/members").await["members"].as_array().map(Vec::len), Some(2));
    run(folder.path(), &["ledger", "check"]);
}

/// Routes that are no operations, and who may use them.
#[tokio::test(flavor = "multi_thread")]
async fn every_other_route_is_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let client = browser();
    for (method, path, status) in [
        ("GET", "/", 200),
        ("GET", "/style.css", 200),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/api/v1", 307),
        ("GET", "/api/v1/reference", 200),
        ("GET", "/api/v1/openapi.json", 200),
        ("GET", "/api/v1/events", 401),
        ("GET", "/api/v1/jobs/job_00000000000000000000000000/events", 401),
        ("GET", "/.well-known/oauth-protected-resource", 200),
        ("GET", "/.well-known/oauth-protected-resource/mcp", 200),
        ("GET", "/.well-known/oauth-protected-resource/elsewhere", 404),
        ("GET", "/.well-known/oauth-authorization-server", 200),
        ("GET", "/.well-known/openid-configuration", 200),
        ("POST", "/oauth/token", 400),
        ("POST", "/oauth/register", 400),
        ("POST", "/oauth/revoke", 400),
        ("GET", "/oauth/authorize", 400),
        ("GET", "/oauth/consent", 303),
        ("POST", "/oauth/consent", 422),
        ("GET", "/setup", 410),
        ("GET", "/sign-in", 200),
        ("GET", "/sign-in/code", 303),
        ("GET", "/sign-in/oidc/nobody", 404),
        ("GET", "/sign-in/oidc/nobody/callback", 404),
        ("POST", "/sign-out", 303),
        ("GET", "/invite/aqt_inv_x", 410),
        ("GET", "/reset/aqt_tkt_x", 410),
        ("GET", "/s/aqt_shr_x", 404),
        ("GET", "/s/aqt_shr_x/zip", 404),
        ("GET", "/s/aqt_shr_x/ast_00000000000000000000000000/256", 404),
        ("GET", "/app", 307),
        ("GET", "/app/library", 303),
        ("GET", "/app/assets/none.js", 404),
        ("PUT", "/u/aqt_upl_x", 404),
        ("GET", "/media/ast_00000000000000000000000000/256.webp", 403),
        ("POST", "/mcp", 401),
        ("GET", "/mcp", 405),
        ("GET", "/nowhere", 404),
    ] {
        let verb = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = client.request(verb, format!("{}{path}", studio.url));
        if method == "POST" {
            request = request.form(&[("x", "y")]);
        }
        let answer = send(request).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    }
}
