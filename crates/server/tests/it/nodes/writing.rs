//! Text by a language model, bought like everything else.

use std::path::Path;

use aquatint_standins::{Step, vendors::google, vendors::openai};

use super::*;

/// A description of a picture, written by a model, that becomes part of a prompt.
fn writing(model: Option<&str>) -> Value {
    let mut settings = json!({ "instructions": "One sentence.", "max_tokens": 200 });
    if let Some(model) = model {
        settings["model"] = json!(model);
    }
    json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "ask", "type": "input.text", "settings": { "default": "What is it?" } },
            { "id": "written", "type": "text.generate", "settings": settings },
            { "id": "caption", "type": "text.template", "settings": { "template": "Seen: {text}" } },
            { "id": "result", "type": "output" },
        ],
        "edges": [
            { "from": "photo", "to": "written.images" }, { "from": "ask", "to": "written.prompt" },
            { "from": "written", "to": "caption.text" }, { "from": "caption", "to": "result" },
        ],
    })
}

fn configure(folder: &Path, vendor: &str, url: &str, key: &str) {
    let text = format!("[providers.{vendor}]\nkey = \"{key}\"\nbase_url = \"{url}\"\nallow_private = true\n");
    std::fs::write(folder.join("aquatint.toml"), text).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_model_writes_and_is_paid_by_its_tokens() {
    // Dollars for a million tokens, and tokens that the stand-ins count for words, a picture, and what comes out.
    for (vendor, model, rates, (words, per_picture, out)) in [
        ("openai", "text/openai/gpt-5.6-luna", (0.2, 1.2), (10.0, 500.0, 20.0)),
        (
            "google",
            "text/google/gemini-3.5-flash-lite",
            (0.3, 2.5),
            (10.0, 1120.0, 25.0),
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let stand = if vendor == "openai" {
            openai::STAND_IN.start().await
        } else {
            google::STAND_IN.start().await
        };
        let key = if vendor == "openai" {
            openai::STAND_IN.key
        } else {
            google::STAND_IN.key
        };
        configure(folder.path(), vendor, &stand.url(), key);
        let studio = Process::start(folder.path());
        let id = create(&studio, "Caption", writing(None)).await;
        let photo = bring(&studio, &product(64, 64)).await;
        let run_done = done(&studio, &id, json!({ "photo": photo })).await;
        assert_eq!(
            run_done["outputs"]["result"], "Seen: In answer to \"What is it?\", having seen 1.",
            "{run_done}"
        );
        let cost = ((words + per_picture) * rates.0 + out * rates.1) / 1e6 * 100.0;
        let charged = run_done["charged_credits"].as_f64().expect("a charge");
        assert!((charged - cost).abs() < 2e-6, "{vendor}: {charged} for {cost}");
        assert!(run_done["price_credits"].as_f64() >= Some(charged), "{run_done}");
        // The same again is known; by itself it can be asked too.
        let again = done(&studio, &id, json!({ "photo": photo })).await;
        assert_eq!(again["charged_credits"], 0.0);
        assert_eq!(stand.asked(Step::Submit), 1);
        let (status, job) = studio
            .rest(
                "POST",
                "/text",
                Some(json!({ "prompt": "Hello", "model": model, "sync": true })),
            )
            .await;
        assert_eq!(status, 200, "{job}");
        assert!(job["result"]["text"].to_string().contains("Hello"), "{job}");
        assert!(job["price_credits"].as_f64() > job["charged_credits"].as_f64(), "{job}");
        let (_, wrong) = studio
            .rest(
                "POST",
                "/text",
                Some(json!({ "prompt": "Hello", "model": "text/acme/x" })),
            )
            .await;
        assert!(wrong["hint"].to_string().contains(model), "{wrong}");
        stand.assert_sound();
        drop(studio);
        run(folder.path(), &["ledger", "check"]);
    }
    // Without a key it says what it needs.
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let (_, refused) = studio.rest("POST", "/text", Some(json!({ "prompt": "Hello" }))).await;
    assert_eq!(refused["code"], "provider_key_refused", "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_around_a_text_buys_nothing_twice() {
    for (point, status) in [("purchase-made", "succeeded"), ("purchase-begun", "failed")] {
        let folder = tempfile::tempdir().expect("a folder");
        let stand = openai::STAND_IN.start().await;
        configure(folder.path(), "openai", &stand.url(), openai::STAND_IN.key);
        let mut armed = Process::start_with(folder.path(), &[("AQUATINT_FAILPOINT", point)]);
        let call = json!({ "prompt": "Hello", "idempotency_key": "once", "sync": true });
        let _ = armed
            .client
            .post(format!("{}/api/v1/text", armed.url))
            .bearer_auth(&armed.key)
            .json(&call)
            .send()
            .await;
        assert!(armed.wait_for_end(Duration::from_secs(20)), "{point}: passed alive");
        drop(armed);
        let studio = Process::start(folder.path());
        let (_, job) = studio
            .rest(
                "POST",
                "/text",
                Some(json!({ "prompt": "Hello", "idempotency_key": "once" })),
            )
            .await;
        let job = studio.finished(&job["job_id"]).await;
        assert_eq!(job["status"], status, "{point}: {job}");
        assert!(stand.shop(|shop| shop.sold) <= 1, "{point}: bought twice");
        drop(studio);
        run(folder.path(), &["ledger", "check"]);
    }
}
