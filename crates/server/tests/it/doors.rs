//! What the doors owe everyone: limits, refusals, credits, URLs that end.

use serde_json::json;

use crate::pictures::{data_uri, product};
use crate::process::{Process, aquatint, run};

#[tokio::test(flavor = "multi_thread")]
async fn credits_run_out_with_a_price_and_a_place_to_get_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = run(folder.path(), &["workspace", "create", "Customers", "--plan", "free"]);
    let studio = Process::start(folder.path());
    let key = run(folder.path(), &["key", "create", "poor", "--workspace", &workspace]);
    let post = |body: serde_json::Value| {
        studio
            .client
            .post(format!("{}/api/v1/generate", studio.url))
            .bearer_auth(&key)
            .json(&body)
            .send()
    };
    let order = json!({ "model": "image/aquatint/scene-preview", "prompt": "a box on sand", "count": 10, "width": 256, "height": 256 });

    // The free plan grants 10 credits to keys: the first order takes all of them, the second is refused.
    let first = post(order.clone()).await.expect("an answer");
    assert_eq!(first.status(), 202);
    let refused = post(order.clone()).await.expect("an answer");
    assert_eq!(refused.status(), 402);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let problem: serde_json::Value = refused.json().await.expect("JSON");
    assert_eq!(
        (problem["code"].as_str(), &problem["details"]["price"]),
        (Some("insufficient_credits"), &json!(10))
    );
    assert!(
        problem["details"]["credits_url"].is_string() && problem["details"]["balance"] == 0,
        "{problem}"
    );

    // What is cancelled is free again.
    let first: serde_json::Value = first.json().await.expect("JSON");
    let path = format!(
        "{}/api/v1/jobs/{}",
        studio.url,
        first["job_id"].as_str().expect("an id")
    );
    let cancelled = studio
        .client
        .delete(&path)
        .bearer_auth(&key)
        .send()
        .await
        .expect("an answer");
    assert_eq!(cancelled.status(), 200);
    for _ in 0..200 {
        let job: serde_json::Value = studio
            .client
            .get(&path)
            .bearer_auth(&key)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        if job["status"] == "cancelled" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(post(order).await.expect("an answer").status(), 202);
    let semantic = studio
        .client
        .get(format!("{}/api/v1/assets/search?query=x&mode=semantic", studio.url))
        .bearer_auth(&key)
        .send()
        .await
        .expect("an answer");
    let problem: serde_json::Value = semantic.json().await.expect("JSON");
    assert!(problem["upgrade_url"].is_string(), "{problem}");
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_idempotency_key_is_the_same_job_and_other_arguments_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let call =
        json!({ "action": "resize", "images": data_uri(&product(60, 40)), "width": 30, "idempotency_key": "k1" });
    let first = studio.call("edit_image", call.clone()).await;
    let second = studio.call("edit_image", call.clone()).await;
    assert_eq!(
        (&first["job_id"], &second["replayed"]),
        (&second["job_id"], &json!(true))
    );
    let mut other = call;
    other["width"] = json!(31);
    assert_eq!(
        studio.refused("edit_image", other).await["code"],
        "idempotency_mismatch"
    );
    let dry = studio
        .call(
            "edit_image",
            json!({ "action": "upscale", "images": data_uri(&product(60, 40)), "scale": "4", "dry_run": true }),
        )
        .await;
    assert_eq!(
        (dry["status"].as_str(), &dry["price_credits"]),
        (Some("estimated"), &json!(4))
    );
    let limited = studio
        .refused(
            "edit_image",
            json!({ "action": "upscale", "images": data_uri(&product(60, 40)), "max_credits": 1 }),
        )
        .await;
    assert_eq!(limited["code"], "price_above_limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_the_field_and_what_to_send() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    for (tool, arguments, code, words) in [
        (
            "edit_image",
            json!({ "action": "upscale", "images": "photo.png" }),
            "invalid_argument",
            "ast_",
        ),
        (
            "edit_image",
            json!({ "action": "upscale", "images": "https://127.0.0.1/x.png" }),
            "fetch_failed",
            "fetch",
        ),
        (
            "edit_image",
            json!({ "action": "expand", "images": data_uri(&product(20, 20)) }),
            "invalid_argument",
            "aspect_ratio",
        ),
        (
            "edit_image",
            json!({ "action": "crop", "images": data_uri(&product(20, 20)), "width": 30, "height": 30 }),
            "invalid_argument",
            "20",
        ),
        (
            "edit_image",
            json!({ "action": "convert", "images": "data:image/png;base64,AAAA" }),
            "unsupported_media",
            "",
        ),
        (
            "generate_media",
            json!({ "model": "image/aquatint/scene-previw", "prompt": "x" }),
            "invalid_argument",
            "scene-preview",
        ),
        (
            "generate_media",
            json!({ "model": "image/aquatint/scene-preview", "prompt": "x", "width": 100 }),
            "invalid_argument",
            "width",
        ),
        (
            "get_job_status",
            json!({ "job_id": "job_00000000000000000000000000" }),
            "not_found",
            "job_",
        ),
        (
            "assets",
            json!({ "action": "list", "cursor": "nonsense" }),
            "invalid_argument",
            "cursor",
        ),
    ] {
        let problem = studio.refused(tool, arguments.clone()).await;
        assert_eq!(problem["code"], code, "{arguments}: {problem}");
        assert!(
            problem["message"].as_str().expect("a message").contains(words),
            "{arguments}: {problem}"
        );
    }
    let usage = studio.call("account", json!({ "action": "usage_history" })).await;
    assert!(
        usage["charges"].as_array().is_none_or(Vec::is_empty),
        "nothing was charged: {usage}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn media_urls_hold_only_as_signed_and_uploads_carry_no_positions_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let asset = studio
        .call("upload", json!({ "action": "url", "url": data_uri(&product(80, 60)) }))
        .await;
    let url = asset["url"].as_str().expect("a URL");
    let good = studio.client.get(url).send().await.expect("an answer");
    assert_eq!(good.headers()["content-security-policy"], "default-src 'none'; sandbox");
    assert_eq!(good.headers()["x-content-type-options"], "nosniff");
    let tampered = url.replace("/full.", "/256.");
    assert_eq!(
        studio.client.get(tampered).send().await.expect("an answer").status(),
        403
    );
    let part = studio
        .client
        .get(url)
        .header("range", "bytes=0-7")
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (part.status().as_u16(), part.bytes().await.expect("bytes").len()),
        (206, 8)
    );
    for (path, status) in [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/", 200),
        ("/api/v1/reference", 200),
        ("/api/v1/openapi.json", 200),
        ("/nothing", 404),
        ("/api/v1/models", 401),
    ] {
        let answer = studio
            .client
            .get(format!("{}{path}", studio.url))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
    }
}

#[test]
fn a_second_start_makes_no_new_secrets_and_a_second_server_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Process::start(folder.path());
    let key = std::fs::read_to_string(folder.path().join("local-key")).expect("a key");
    let second = aquatint(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .output()
        .expect("it runs");
    assert!(!second.status.success());
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        words.contains("already served") && words.contains(&first.url),
        "{words}"
    );
    drop(first);
    let _again = Process::start(folder.path());
    assert_eq!(
        std::fs::read_to_string(folder.path().join("local-key")).expect("a key"),
        key
    );
}

#[test]
fn fifty_people_with_the_set_up_link_make_one_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let _studio = Process::start(folder.path());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut settings = aquatint_app::Settings::new(folder.path().to_owned(), "aquatint".into());
        settings.workers = 1;
        let studio = aquatint_app::Studio::open(settings).await.expect("opens");
        let token = studio
            .mint_setup_token(std::time::Duration::from_secs(60))
            .await
            .expect("minted")
            .expect("no owner yet");
        let mut tries = Vec::new();
        for number in 0..50 {
            let (studio, secret) = (studio.clone(), token.reveal().to_owned());
            tries.push(tokio::spawn(async move {
                studio
                    .set_up_owner(&secret, &format!("p{number}@example.com"), "P", "correct horse")
                    .await
                    .is_ok()
            }));
        }
        let mut owners = 0;
        for one in tries {
            owners += u32::from(one.await.expect("no panic"));
        }
        assert_eq!(owners, 1);
        assert!(
            studio
                .mint_setup_token(std::time::Duration::from_secs(60))
                .await
                .expect("asked")
                .is_none()
        );
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_hosted_plan_is_slowed_down_alike_at_every_door() {
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = run(folder.path(), &["workspace", "create", "Customers", "--plan", "free"]);
    let studio = Process::start(folder.path());
    let key = run(folder.path(), &["key", "create", "hosted", "--workspace", &workspace]);
    let workspace = run(folder.path(), &["workspace", "create", "Our own", "--plan", "local"]);
    let own = run(folder.path(), &["key", "create", "own", "--workspace", &workspace]);
    let ask = async |key: &str, over_mcp: bool| {
        let request = if over_mcp {
            let body = r#"{"method":"tools/call","params":{"name":"account","arguments":{"action":"credits"}}}"#;
            studio.client.post(format!("{}/mcp", studio.url)).body(body)
        } else {
            studio.client.get(format!("{}/api/v1/account/credits", studio.url))
        };
        request.bearer_auth(key).send().await.expect("an answer")
    };
    let mut asked = 0;
    // A minute may end in between; two minutes' worth is refused in any case.
    let refused = loop {
        asked += 1;
        let answer = ask(&key, asked % 2 == 0).await;
        if answer.status() == 429 {
            break answer;
        }
        assert_eq!(answer.status(), 200);
        let left = answer.headers()["ratelimit"].to_str().expect("ASCII").to_owned();
        assert!(left.contains(";r=") && left.contains(";t="), "{left}");
        assert!(asked <= 61, "nothing slows this key down");
    };
    assert!(asked > 30, "refused after {asked}");
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .expect("ASCII")
        .parse()
        .expect("seconds");
    assert!((1..=60).contains(&wait));
    for over_mcp in [false, true] {
        assert_eq!(ask(&key, over_mcp).await.status(), 429);
    }
    // The plan of the machine's own workspace has no such limit.
    for _ in 0..40 {
        let answer = ask(&own, false).await;
        assert_eq!(answer.status(), 200);
        assert!(!answer.headers().contains_key("ratelimit"));
    }
}
