//! The tenant matrix, made from the list of operations: every route and every tool, asked by nobody, by a revoked key, by
//! secrets of other kinds, by a key without the scope, by a lower role, and by the owner of another
//! workspace. An operation without a row here fails the test.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod routes;

use std::time::Duration;

use aquatint_app::operation::{Effects, Entry, Method};
use aquatint_app::operations::ALL;
use aquatint_app::{Token, TokenKind};
use aquatint_domain::{ApiKeyId, Balance, Clock as _, GrantId, Role, Scope, SystemClock, UserId, WorkspaceId};
use aquatint_store::{Grant, NewKey, OauthCode, OauthToken, OauthTokenKind, Store};
use serde_json::{Value, json};

use super::authenticator::Authenticator;
use super::person::{Filled, Person, browser, create_user, send};
use super::process::{Process, run};
use super::stripe::StandIn;

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
    pipeline: String,
    run: String,
    order: String,
    passkey: String,
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
        "text.generate" => (json!({ "prompt": "x", "images": own.asset }), Untouched),
        "webhooks.send" => (
            json!({ "url": "https://192.0.2.1/hook", "asset_ids": [own.asset] }),
            Nowhere,
        ),
        "webhooks.secret" | "webhooks.rotate_secret" => (json!({}), Untouched),
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
        "pipelines.list"
        | "pipelines.list_runs"
        | "pipelines.list_node_types"
        | "pipelines.templates"
        | "pipelines.apps" => (json!({}), Untouched),
        "pipelines.search" => (json!({ "query": "our" }), Untouched),
        "pipelines.get"
        | "pipelines.export"
        | "pipelines.duplicate"
        | "pipelines.publish"
        | "pipelines.delete"
        | "display.pipeline" => (json!({ "pipeline_id": own.pipeline }), Nowhere),
        "pipelines.update" => (json!({ "pipeline_id": own.pipeline, "name": "Bob's" }), Nowhere),
        "pipelines.run" => (json!({ "pipeline_id": own.pipeline, "dry_run": true }), Nowhere),
        "pipelines.get_run" | "pipelines.cancel_run" | "pipelines.retry_run" => (json!({ "run_id": own.run }), Nowhere),
        "pipelines.validate" => (json!({ "graph": { "nodes": [] } }), Untouched),
        "pipelines.create" => (
            json!({ "name": "Mine", "graph": { "nodes": [{ "id": "x", "type": "input.text" }] } }),
            Untouched,
        ),
        "pipelines.import" => (
            json!({ "file": { "format": "aquatint.pipeline/1", "name": "Mine", "graph": { "nodes": [{ "id": "x", "type": "input.text" }] } } }),
            Untouched,
        ),
        "me.get" | "me.sessions" | "me.end_other_sessions" => (json!({}), Untouched),
        "me.rename" => (json!({ "name": "Bob" }), Untouched),
        "me.password" => (json!({ "new_password": "short" }), Untouched),
        "me.end_session" => (json!({ "session_id": own.session }), Nowhere),
        "me.begin_totp" => (json!({}), Untouched),
        "me.confirm_totp" => (json!({ "code": "1" }), Untouched),
        "me.disable_totp" => (json!({ "password": "x" }), Untouched),
        "me.passkeys" | "me.begin_passkey" | "me.begin_proof" => (json!({}), Untouched),
        "me.add_passkey" => (
            json!({ "kept": "x", "credential": { "id": "x", "response": { "clientDataJSON": "x", "attestationObject": "x" } } }),
            Untouched,
        ),
        "me.rename_passkey" => (json!({ "passkey_id": own.passkey, "name": "Bob's" }), Nowhere),
        "me.remove_passkey" => (json!({ "passkey_id": own.passkey }), Nowhere),
        "me.prove" => (json!({ "password": "x" }), Untouched),
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
        "providers.models" => (json!({ "provider": "openai" }), Untouched),
        "providers.put_key" => (json!({ "provider": "openai", "key": "not a key" }), Untouched),
        "providers.check_key" => (json!({ "provider": "openai" }), Untouched),
        "providers.remove_key" => (json!({ "provider": "openai" }), Nowhere),
        "payments.get" | "payments.portal" | "payments.orders" => (json!({}), Untouched),
        "payments.buy" => (json!({ "price": "price_pack" }), Untouched),
        "payments.order" | "payments.receipt" => (json!({ "order_id": own.order }), Nowhere),
        "admin.overview" | "admin.audit" | "admin.users" | "admin.workspaces" | "admin.plans" => (json!({}), Refused),
        "admin.change_user" | "admin.reset_password" => (json!({ "user_id": own.user }), Refused),
        "admin.set_plan" => (json!({ "workspace_id": own.workspace, "plan": "local" }), Refused),
        "admin.grant_credits" => (
            json!({ "workspace_id": own.workspace, "balance": "api", "credits": 1 }),
            Refused,
        ),
        other => panic!("the operation {other} has no row in the tenant matrix"),
    }
}

/// Secrets that were good once, written into the database as time would have left them.
struct Ended {
    key: String,
    access: String,
    revoked: String,
}

impl Ended {
    async fn make(data: &std::path::Path, user: &str, workspace: &str) -> Self {
        let now = SystemClock.now();
        let url = format!("sqlite://{}", data.join("aquatint.db").display());
        let store = Store::open(&url, now).await.expect("the studio's database");
        let (user, workspace): (UserId, WorkspaceId) =
            (user.parse().expect("an id"), workspace.parse().expect("an id"));
        let hour = Duration::from_secs(3_600);
        let key = Token::mint(TokenKind::Key);
        store
            .keys()
            .insert(NewKey {
                id: ApiKeyId::generate(now),
                workspace: workspace.clone(),
                name: "past its end".into(),
                kind_prefix: TokenKind::Key.prefix().into(),
                last4: key.last4().into(),
                hash: key.hash(),
                scopes: Scope::ALL.to_vec(),
                balance: Balance::Api,
                expires_at: Some(now - hour),
                created_by: None,
                created_at: now - 2 * hour,
            })
            .await
            .expect("a key");
        let mut tokens = Vec::new();
        for (expires_at, is_revoked) in [(now - hour, false), (now + hour, true)] {
            let (access, code) = (Token::mint(TokenKind::Access), Token::mint(TokenKind::Code));
            let grant = Grant {
                id: GrantId::generate(now),
                user: user.clone(),
                workspace: Some(workspace.clone()),
                client_id: "app".into(),
                client_name: "An app".into(),
                redirect_host: "app.example.com".into(),
                scopes: Scope::ALL.to_vec(),
                created_at: now - 2 * hour,
                last_used_at: None,
                revoked_at: None,
            };
            let asked = OauthCode {
                grant: grant.id.clone(),
                client_id: "app".into(),
                redirect_uri: "https://app.example.com/back".into(),
                challenge: String::new(),
                resource: String::new(),
                expires_at,
            };
            let token = OauthToken {
                grant: grant.id.clone(),
                kind: OauthTokenKind::Access,
                resource: String::new(),
                scopes: Scope::ALL.to_vec(),
                created_at: now - 2 * hour,
                expires_at,
                replaced_at: None,
            };
            let oauth = store.oauth();
            oauth.grant(&grant, &code.hash(), &asked).await.expect("a grant");
            let redeemed = oauth.redeem(&code.hash(), &[(access.hash(), token)], now).await;
            assert!(redeemed.expect("redeemed"));
            if is_revoked {
                oauth.revoke_grant(&grant.id, now).await.expect("revoked");
            }
            tokens.push(access.reveal().to_owned());
        }
        store.close().await;
        let [access, revoked] = tokens.try_into().expect("two");
        Self {
            key: key.reveal().to_owned(),
            access,
            revoked,
        }
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
    // With something for sale, on a plan that meters only.
    let stripe = StandIn::start().await;
    let selling = stripe.config().replace("default_plan = \"free\"", "");
    std::fs::write(folder.path().join("aquatint.toml"), selling).expect("written");
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
    let graph = json!({ "nodes": [{ "id": "photo", "type": "input.image" }, { "id": "small", "type": "edit.resize", "settings": { "width": 8 } }], "edges": [{ "from": "photo", "to": "small" }] });
    let pipeline = ada
        .post("/pipelines", json!({ "name": "our-own-vase", "graph": graph }))
        .await;
    let run_of = format!("/pipelines/{}/runs", text(&pipeline["pipeline_id"]));
    let (_, started) = ada
        .call("POST", &run_of, Some(json!({ "inputs": { "photo": asset } })))
        .await;
    let order = ada.post("/payments/checkout", json!({ "price": "price_pack" })).await;
    let me = ada.get("/me").await;
    let origin = studio.url.replace("127.0.0.1", "localhost");
    let question = ada.post("/me/passkeys/begin", json!({})).await;
    let credential = Authenticator::new("localhost", &origin).create(&question["options"]);
    let passkey = ada
        .post(
            "/me/passkeys",
            json!({ "kept": question["kept"], "credential": credential }),
        )
        .await;
    let own = Owned {
        job: text(&job["job_id"]),
        collection: text(&collection["collection_id"]),
        share: text(&share["share_id"]),
        key: text(&narrow["key_id"]),
        invite: text(&invite["invite_id"]),
        user: text(&eve.get("/me").await["user"]["user_id"]),
        session: text(&ada.get("/me/sessions").await["sessions"][0]["session_id"]),
        workspace: text(&me["workspace"]["workspace_id"]),
        pipeline: text(&pipeline["pipeline_id"]),
        run: text(&started["run_id"]),
        order: text(&order["order_id"]),
        passkey: text(&passkey["passkey_id"]),
        asset,
    };
    let share_secret = text(&share["url"]).rsplit('/').next().expect("a secret").to_owned();
    let invite_secret = text(&invite["url"]).rsplit('/').next().expect("a secret").to_owned();
    let never = format!("aqt_acc_{}", &text(&made["secret"])[8..]);
    let ended = Ended::make(folder.path(), &text(&me["user"]["user_id"]), &own.workspace).await;
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
            ("a key past its end", Some(ended.key.clone())),
            ("an access token past its end", Some(ended.access.clone())),
            ("an access token whose grant was revoked", Some(ended.revoked.clone())),
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
