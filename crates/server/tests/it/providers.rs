//! Vendors through the front door: a key brings models, a model is bought once whatever happens, and nobody hears the key.

use std::path::Path;
use std::time::Duration;

use aquatint_standins::{Act, Case, Expect, Running, Spoil, Step, Trouble, vendors::openai};
use serde_json::{Value, json};

use crate::process::{Process, run};

const MODEL: &str = "image/openai/gpt-image-2";
const DRAWS: &str = "a fox in the snow";

/// A data folder whose configuration puts the stand-in in OpenAI's place.
fn configure(folder: &Path, stand: &Running, key: Option<&str>) {
    let key = key.map_or(String::new(), |key| format!("key = \"{key}\"\n"));
    let text = format!(
        "[providers.openai]\n{key}base_url = \"{}\"\nallow_private = true\n",
        stand.url()
    );
    std::fs::write(folder.join("aquatint.toml"), text).expect("written");
}

fn case(step: Step, act: Act, times: u32) -> Case {
    Case {
        name: "here",
        step,
        act,
        times,
        expect: Expect::Success,
    }
}

async fn generate(studio: &Process, more: Value) -> Value {
    let mut call = json!({ "model": MODEL, "prompt": DRAWS });
    if let (Value::Object(call), Value::Object(more)) = (&mut call, more) {
        call.extend(more);
    }
    let job = studio.call("generate_media", call).await;
    studio.finished(&job["job_id"]).await
}

async fn charges(studio: &Process) -> Vec<Value> {
    let usage = studio.call("account", json!({ "action": "usage_history" })).await;
    usage["charges"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_a_model_says_what_it_needs_and_with_one_it_is_bought() {
    let folder = tempfile::tempdir().expect("a folder");
    let stand = openai::STAND_IN.start().await;
    configure(folder.path(), &stand, None);
    let studio = Process::start(folder.path());
    let found = studio
        .call("models", json!({ "action": "search", "query": "gpt-image-2.6-flare" }))
        .await;
    assert_eq!(found["models"][0]["needs"], json!("a key for OpenAI"), "{found}");
    let listed = studio.call("models", json!({ "action": "list" })).await;
    assert!(!listed.to_string().contains("image/openai/"), "{listed}");
    let problem = studio
        .refused("generate_media", json!({ "model": MODEL, "prompt": DRAWS }))
        .await;
    assert_eq!(problem["code"], json!("provider_key_refused"), "{problem}");
    assert!(
        problem["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("aquatint provider add openai")),
        "{problem}"
    );
    drop(studio);

    configure(folder.path(), &stand, Some(openai::STAND_IN.key));
    let studio = Process::start(folder.path());
    let listed = studio.call("models", json!({ "action": "list" })).await;
    assert!(listed.to_string().contains(MODEL), "{listed}");
    let job = generate(
        &studio,
        json!({ "count": 2, "style": "moody", "inputs": { "quality": "medium" } }),
    )
    .await;
    assert_eq!(job["status"], "succeeded", "{job}");
    assert_eq!(job["outputs"].as_array().map(Vec::len), Some(2), "{job}");
    assert!(
        job.to_string().contains("dark backdrop"),
        "the prompt that was used is told: {job}"
    );
    studio.bytes(&job["outputs"][0]["url"]).await;
    stand.assert_sound();
    assert_eq!((stand.asked(Step::Submit), stand.shop(|shop| shop.sold)), (1, 2));
    // Two pictures of 1,000 tokens each at 30 dollars a million, and 20 tokens of words at 5.
    let charges = charges(&studio).await;
    assert_eq!(charges.len(), 1, "{charges:?}");
    assert!(
        (charges[0]["credits"].as_f64().unwrap_or(0.0) - 6.01).abs() < 0.0001,
        "{charges:?}"
    );
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_does_not_take_is_refused_before_anything_is_bought() {
    let folder = tempfile::tempdir().expect("a folder");
    let stand = openai::STAND_IN.start().await;
    configure(folder.path(), &stand, Some(openai::STAND_IN.key));
    let studio = Process::start(folder.path());
    for (more, field, words) in [
        (json!({ "width": 1000, "height": 1024 }), "width", "multiple of 16"),
        (json!({ "width": 3840, "height": 3840 }), "width", "8294400"),
        (json!({ "aspect_ratio": "8:1" }), "aspect_ratio", "3:1"),
        (json!({ "inputs": { "quality": "best" } }), "quality", "`medium`"),
        (json!({ "inputs": { "tiling": true } }), "tiling", "no argument"),
        (json!({ "inputs": { "prompt": "again" } }), "prompt", "twice"),
        (
            json!({ "images": "https://a.example.com/1.png,https://a.example.com/2.png" }),
            "images[0]",
            "Send a list",
        ),
        (json!({ "prompt": "x".repeat(32_001) }), "prompt", "32000"),
    ] {
        let mut call = json!({ "model": MODEL, "prompt": DRAWS });
        if let (Value::Object(call), Value::Object(more)) = (&mut call, more.clone()) {
            call.extend(more);
        }
        let problem = studio.refused("generate_media", call).await;
        assert_eq!(problem["field"], json!(field), "{more}: {problem}");
        assert!(
            problem["message"].as_str().is_some_and(|text| text.contains(words)),
            "{more}: {problem}"
        );
    }
    assert_eq!(stand.asked(Step::Submit), 0);
    assert!(charges(&studio).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_lost_answers_cost_nothing_and_are_never_bought_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let stand = openai::STAND_IN.start().await;
    configure(folder.path(), &stand, Some(openai::STAND_IN.key));
    let studio = Process::start(folder.path());
    for (act, code) in [
        (Act::Trouble(Trouble::Moderated), "content_refused"),
        (Act::Trouble(Trouble::NoMoney), "provider_unpaid"),
        (Act::Trouble(Trouble::BadKey), "provider_key_refused"),
        (Act::Page(502), "outcome_unknown"),
        (Act::NotJson, "outcome_unknown"),
        (Act::Spoiled(Spoil::WebPage), "engine_failed"),
    ] {
        let before = stand.asked(Step::Submit);
        stand.misbehave(case(Step::Submit, act, u32::MAX));
        let job = generate(&studio, json!({})).await;
        assert_eq!(job["status"], "failed", "{act:?}: {job}");
        assert_eq!(
            job["error"]["code"].as_str().or(job["problem"]["code"].as_str()),
            Some(code),
            "{act:?}: {job}"
        );
        assert_eq!(stand.asked(Step::Submit) - before, 1, "{act:?}: asked again");
        assert!(!job.to_string().contains(openai::STAND_IN.key), "the key is told");
        if code == "content_refused" {
            assert!(job.to_string().contains("violence"), "the category is told: {job}");
        }
        stand.shop(|shop| shop.spoil = None);
    }
    assert!(charges(&studio).await.is_empty(), "a failure is free");
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

/// Kills the process at a point of a purchase, restarts it, and tells how the job ended.
async fn killed_at(point: &str, stand: &Running, folder: &Path) -> (Process, Value) {
    configure(folder, stand, Some(openai::STAND_IN.key));
    let mut armed = Process::start_with(folder, &[("AQUATINT_FAILPOINT", point)]);
    let call = json!({ "model": MODEL, "prompt": DRAWS, "idempotency_key": "once", "sync": true });
    let _ = armed.tool_or_broken("generate_media", call.clone()).await;
    assert!(armed.wait_for_end(Duration::from_secs(20)), "{point}: passed alive");
    drop(armed);
    let studio = Process::start(folder);
    let job = studio
        .call(
            "generate_media",
            json!({ "model": MODEL, "prompt": DRAWS, "idempotency_key": "once" }),
        )
        .await;
    let job = studio.finished(&job["job_id"]).await;
    (studio, job)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_around_a_purchase_buys_nothing_twice() {
    // What was made is used after the restart.
    for point in ["purchase-made", "job-made", "job-outputs-written", "job-finished"] {
        let folder = tempfile::tempdir().expect("a folder");
        let stand = openai::STAND_IN.start().await;
        let (studio, job) = killed_at(point, &stand, folder.path()).await;
        assert_eq!(job["status"], "succeeded", "{point}: {job}");
        assert_eq!(stand.shop(|shop| shop.sold), 1, "{point}: bought twice");
        assert_eq!(charges(&studio).await.len(), 1, "{point}");
        drop(studio);
        run(folder.path(), &["ledger", "check"]);
    }
    // Begun, and nobody knows more: it ends, clearly, and is not bought again.
    let folder = tempfile::tempdir().expect("a folder");
    let stand = openai::STAND_IN.start().await;
    let (studio, job) = killed_at("purchase-begun", &stand, folder.path()).await;
    assert_eq!(job["status"], "failed", "{job}");
    assert!(job.to_string().contains("outcome_unknown"), "{job}");
    assert!(stand.shop(|shop| shop.sold) <= 1);
    assert!(charges(&studio).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_put_in_by_hand_checked_and_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let stand = openai::STAND_IN.start().await;
    configure(folder.path(), &stand, None);
    let key = openai::STAND_IN.key;
    let add = |text: &str| {
        use std::io::Write as _;
        let mut child = crate::process::aquatint(folder.path())
            .args(["provider", "add", "openai"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the binary starts");
        child
            .stdin
            .take()
            .expect("piped")
            .write_all(text.as_bytes())
            .expect("read");
        child.wait_with_output().expect("ends")
    };
    // A key that the vendor does not know is not kept.
    stand.misbehave(case(Step::Key, Act::Trouble(Trouble::BadKey), 1));
    let refused = add(key);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("does not accept the key"));
    assert!(run(folder.path(), &["provider", "list"]).contains("no key"));
    let kept = add(key);
    assert!(kept.status.success(), "{}", String::from_utf8_lossy(&kept.stderr));
    let listed = run(folder.path(), &["provider", "list"]);
    assert!(listed.contains("server …uvwx") && !listed.contains(key), "{listed}");
    assert!(run(folder.path(), &["provider", "check", "openai"]).contains("the key is good"));

    let studio = Process::start(folder.path());
    let job = generate(&studio, json!({})).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    drop(studio);
    // Sealed where it lies.
    for file in std::fs::read_dir(folder.path()).expect("reads").flatten() {
        if file.path().is_file() {
            let bytes = std::fs::read(file.path()).expect("reads");
            let is_there = bytes.windows(key.len()).any(|window| window == key.as_bytes());
            assert!(!is_there, "the key stands in {:?}", file.file_name());
        }
    }
    run(folder.path(), &["provider", "remove", "openai"]);
    assert!(run(folder.path(), &["provider", "list"]).contains("no key"));
    stand.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_goes_says_so_in_headers() {
    let folder = tempfile::tempdir().expect("a folder");
    // With a key the vendor's rows are listed; nobody is asked for that.
    let studio = Process::start_with(folder.path(), &[("GEMINI_API_KEY", "a-key-that-is-never-sent")]);
    let (_, listed) = studio.rest("GET", "/models", None).await;
    let going = listed["models"]
        .as_array()
        .expect("models")
        .iter()
        .find(|model| model["deprecation"]["sunset"].is_string() && model["deprecation"]["replacement"].is_string())
        .expect("some vendor takes a model away");
    let answer = studio
        .client
        .get(format!(
            "{}/api/v1/models/{}",
            studio.url,
            going["id"].as_str().expect("an id")
        ))
        .bearer_auth(&studio.key)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let told = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
    assert!(told("deprecation").starts_with('@'));
    assert!(told("sunset").ends_with(" 00:00:00 GMT"));
    let replacement = going["deprecation"]["replacement"].as_str().expect("an id");
    assert_eq!(
        told("link"),
        format!("</api/v1/models/{replacement}>; rel=\"successor-version\"")
    );
}
