//! Share links and webhooks: what a run tells the world.

use aquatint_providers::webhook::verify_standard;
use bytes::Bytes;

use super::*;
use crate::receiver::Heard;

/// A graph that shares what comes.
fn sharing() -> Value {
    json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "small", "type": "edit.resize", "settings": { "width": 16 } },
            { "id": "link", "type": "share.link", "settings": { "title": "For you", "expires_in_days": 7 } },
            { "id": "url", "type": "output" },
        ],
        "edges": [
            { "from": "photo", "to": "small" }, { "from": "small", "to": "link.media" }, { "from": "photo", "to": "link.media" },
            { "from": "link", "to": "url" },
        ],
    })
}

async fn links(studio: &Process) -> Vec<Value> {
    let listed = studio.call("share_links", json!({ "action": "list" })).await;
    listed["share_links"].as_array().expect("links").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_makes_one_share_link_whatever_happens() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let id = create(&studio, "Share", sharing()).await;
    let photo = bring(&studio, &product(40, 40)).await;
    let run_done = done(&studio, &id, json!({ "photo": photo })).await;
    let url = run_done["outputs"]["url"].as_str().expect("a URL").to_owned();
    let page = studio.client.get(&url).send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    assert!(page.text().await.expect("a page").contains("For you"));
    assert_eq!(links(&studio).await.len(), 1);
    assert_eq!(links(&studio).await[0]["asset_count"], 2);
    // Another run is another link.
    done(&studio, &id, json!({ "photo": photo })).await;
    assert_eq!(links(&studio).await.len(), 2);
    // The same call again finds the same link; the key is not for another one.
    let call = json!({ "action": "create", "asset_ids": [photo], "title": "Once", "idempotency_key": "a-key" });
    let first = studio.call("share_links", call.clone()).await;
    let again = studio.call("share_links", call.clone()).await;
    assert_eq!((&first["share_id"], &first["url"]), (&again["share_id"], &again["url"]));
    let mut other = call;
    other["title"] = json!("Another");
    let refused = studio.refused("share_links", other).await;
    assert_eq!(refused["code"], "idempotency_mismatch", "{refused}");
    drop(studio);

    // Killed between the link and the note that it is made.
    let mut armed = Process::start_with(folder.path(), &[("AQUATINT_FAILPOINT", "node-acted")]);
    let call = json!({ "action": "run", "pipeline_id": id, "inputs": { "photo": photo }, "idempotency_key": "killed" });
    let _ = armed.tool_or_broken("pipelines", call.clone()).await;
    assert!(armed.wait_for_end(Duration::from_secs(30)), "passed alive");
    drop(armed);
    let studio = Process::start(folder.path());
    let started = studio.call("pipelines", call).await;
    let run_done = ended(&studio, &started["run_id"]).await;
    assert_eq!(run_done["status"], "succeeded", "{run_done}");
    assert!(run_done["outputs"]["url"].is_string(), "{run_done}");
    assert_eq!(links(&studio).await.len(), 4, "three by runs, one by hand");
}

fn telling(url: &str) -> Value {
    json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "words", "type": "input.text", "settings": { "default": "Done" } },
            { "id": "tell", "type": "webhook", "settings": { "url": url, "event": "banner.ready", "fields": ["caption"] } },
        ],
        "edges": [{ "from": "photo", "to": "tell.media" }, { "from": "words", "to": "tell.caption" }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_signed_told_in_every_run_and_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (heard, port) = Heard::start().await;
    std::fs::write(
        folder.path().join("aquatint.toml"),
        format!("[fetch]\nallow_private = [\"127.0.0.1:{port}\"]\n"),
    )
    .expect("written");
    let studio = Process::start(folder.path());
    let id = create(&studio, "Tell", telling(&format!("http://127.0.0.1:{port}/hook"))).await;
    let photo = bring(&studio, &product(40, 40)).await;
    let first = done(&studio, &id, json!({ "photo": photo })).await;
    assert_eq!(first["charged_credits"], 0.0, "{first}");
    assert_eq!(first["outputs"]["tell"], 200, "{first}");
    let body = heard.bodies()[0].clone();
    assert_eq!(
        (&body["type"], &body["node"], &body["run_id"], &body["data"]["caption"]),
        (&json!("banner.ready"), &json!("tell"), &first["run_id"], &json!("Done")),
        "{body}"
    );
    assert_eq!(body["data"]["media"][0]["asset_id"], photo);
    studio.bytes(&body["data"]["media"][0]["url"]).await;
    // The secret of the workspace, by the operator's own command line.
    let told = run(folder.path(), &["webhooks", "secret"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let secret = told["secret"].as_str().expect("a secret").to_owned();
    for delivery in heard.deliveries.lock().iter() {
        verify_standard(delivery, &secret).expect("signed");
        let mut forged = delivery.clone();
        forged.body = Bytes::from_static(b"{}");
        assert!(verify_standard(&forged, &secret).is_err());
    }

    // Another run with the same inputs tells again, under another id; one whose receiver is away, again under its own.
    let second = done(&studio, &id, json!({ "photo": photo })).await;
    *heard.answers.lock() = vec![503, 500];
    let third = done(&studio, &id, json!({ "photo": photo })).await;
    let delivery = |run: &Value| format!("{}/tell/0", run["run_id"].as_str().expect("an id"));
    assert_eq!(
        heard.ids(),
        [
            delivery(&first),
            delivery(&second),
            delivery(&third),
            delivery(&third),
            delivery(&third)
        ]
    );
    // A receiver that says no is not asked again.
    *heard.answers.lock() = vec![403];
    let run_id = start(&studio, &id, json!({ "photo": photo })).await;
    let refused = ended(&studio, &run_id).await;
    assert_eq!(refused["status"], "failed");
    assert!(refused["error"]["message"].to_string().contains("403"), "{refused}");
    assert_eq!(heard.ids().len(), 6);
    // A new secret signs what comes after.
    run(folder.path(), &["webhooks", "rotate-secret"]);
    done(&studio, &id, json!({ "photo": photo })).await;
    let last = heard.deliveries.lock().last().expect("one").clone();
    assert!(verify_standard(&last, &secret).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_never_reaches_a_private_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let (heard, port) = Heard::start().await;
    let studio = Process::start(folder.path());
    let photo = bring(&studio, &product(40, 40)).await;
    for (url, words) in [
        (format!("http://127.0.0.1:{port}/hook"), ""),
        (format!("https://127.0.0.1:{port}/hook"), ""),
        ("https://169.254.169.254/latest".to_owned(), ""),
        ("https://[::1]/hook".to_owned(), ""),
        ("http://example.com/hook".to_owned(), "https"),
        ("ftp://example.com/hook".to_owned(), ""),
        ("https://ada:secret@example.com/hook".to_owned(), ""),
    ] {
        let id = create(&studio, "Tell", telling(&url)).await;
        let run_id = start(&studio, &id, json!({ "photo": photo })).await;
        let refused = ended(&studio, &run_id).await;
        assert_eq!(refused["status"], "failed", "{url}: {refused}");
        let message = refused["error"]["message"].as_str().expect("words");
        assert!(
            message.starts_with("tell: ") && message.contains(words),
            "{url}: {message}"
        );
    }
    assert!(heard.ids().is_empty());
}
