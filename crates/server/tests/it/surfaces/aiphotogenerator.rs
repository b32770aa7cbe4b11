//! AIPhotoGenerator's two tools.

use aquatint_standins::vendors::openai;
use serde_json::{Value, json};

use super::{Client, charges, with_an_empty_plan, without_credits};
use crate::pictures::{data_uri, product};
use crate::process::{Process, run};

#[tokio::test(flavor = "multi_thread")]
async fn an_image_comes_in_one_step_and_says_what_it_cost() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    for (path, side) in [("/mcp/aiphotogenerator", None), ("/api/mcp", Some(512))] {
        let client = Client::new(&studio, path);
        let order = json!({ "prompt": format!("a cup on marble, for {path}"), "width": side, "height": side });
        let made = client.call("generate_image", order).await;
        let picture = image::load_from_memory(&studio.bytes(&made["image_url"]).await).expect("a picture");
        let side = side.unwrap_or(1024);
        assert_eq!((picture.width(), picture.height()), (side, side));
        assert!(
            made["image_id"].as_str().is_some_and(|id| id.starts_with("ast_")),
            "{made}"
        );
        assert_eq!(made["credits_used"], json!(1), "{made}");
        let left = made["credits_remaining"].as_f64().expect("a number");
        assert!(left > 900_000_000.0, "an account without a limit: {made}");
        // The default of the service is not here, and that is said.
        assert!(
            made["note"].as_str().is_some_and(|note| note.contains("nano-banana")),
            "{made}"
        );
        // The same image by every other door.
        let asset = studio
            .call("assets", json!({ "action": "get", "asset_id": made["image_id"] }))
            .await;
        assert_eq!(asset["width"], side);
    }

    // Asked again after a quick answer it is another one.
    let client = Client::new(&studio, "/api/mcp");
    let small = json!({ "prompt": "a vase", "width": 512, "height": 512 });
    let made = client.call("generate_image", small.clone()).await;
    let again = client.call("generate_image", small).await;
    assert_ne!(again["image_id"], made["image_id"]);
    let left = |made: &Value| made["credits_remaining"].as_f64().expect("a number");
    assert!((left(&made) - left(&again) - 1.0).abs() < 1e-6, "{made} {again}");
    assert_eq!(charges(&studio).await.len(), 4);
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

/// Arguments around a prompt.
fn order(more: &Value) -> Value {
    let mut order = json!({ "prompt": "a cup" });
    let all = order.as_object_mut().expect("an object");
    all.extend(more.as_object().expect("an object").clone());
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_at_their_edges_and_larger_costs_more() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody works here: what is taken waits, and says so.
    let args = ["serve", "--no-worker", "--listen", "127.0.0.1:0"];
    let studio = Process::start_as(folder.path(), &args, &[("AQUATINT_ANSWERS_WAIT_SECONDS", "0.1")]);
    let client = Client::new(&studio, "/mcp/aiphotogenerator");
    for (more, price) in [
        (json!({ "width": 512, "height": 512 }), 1.0),
        (json!({ "width": 4096, "height": 512 }), 1.0),
        (json!({ "width": "640", "height": 700.0 }), 1.0),
        (json!({ "width": 4096, "height": 2048 }), 2.0),
        (json!({ "width": 4096, "height": 4096 }), 4.0),
        (json!({ "prompt": "é".repeat(1024) }), 1.0),
        // By its key, by its id, and under the service's own default.
        (json!({ "model": "scene-preview", "height": 600 }), 1.0),
        (json!({ "model": "image/aquatint/scene-preview", "height": 601 }), 1.0),
        (json!({ "model": "nano-banana", "height": 602 }), 1.0),
    ] {
        let waiting = client.refused("generate_image", order(&more)).await;
        assert_eq!(waiting["code"], "timed_out", "{more}: {waiting}");
        let id = waiting["details"]["job_id"].as_str().expect("an id");
        let job = studio.call("get_job_status", json!({ "job_id": id })).await;
        assert_eq!(job["price_credits"].as_f64(), Some(price), "{more}: {job}");
        assert_eq!(job["model"], "image/aquatint/scene-preview");
    }
    let jobs = async || {
        studio.rest("GET", "/jobs?limit=100", None).await.1["jobs"]
            .as_array()
            .map(Vec::len)
    };
    let before = jobs().await;
    for (more, field) in [
        (json!({ "width": 511 }), "width"),
        (json!({ "width": 4097 }), "width"),
        (json!({ "height": 511 }), "height"),
        (json!({ "height": 4097 }), "height"),
        (json!({ "height": 512.5 }), "height"),
        (json!({ "prompt": "é".repeat(1025) }), "prompt"),
        (json!({ "prompt": "" }), "prompt"),
        (json!({ "prompt": null }), "prompt"),
        (json!({ "model": "no-such-model" }), "model"),
        (json!({ "negative_prompt": "x" }), "negative_prompt"),
        (
            json!({ "input_image_url": data_uri(&product(32, 32)) }),
            "input_image_url",
        ),
    ] {
        let problem = client.refused("generate_image", order(&more)).await;
        assert_eq!(problem["field"], json!(field), "{more}: {problem}");
        assert_eq!(
            (&problem["success"], &problem["status"], &problem["code"]),
            (&json!(false), &json!(422), &json!("invalid_argument")),
            "{more}: {problem}"
        );
    }
    assert_eq!(jobs().await, before);

    let listed = client.call("list_models", json!({})).await;
    let models = listed["models"].as_array().expect("models");
    let model = models.iter().find(|model| model["key"] == "scene-preview");
    let model = model.expect("the built-in model");
    for field in ["name", "description", "provider"] {
        assert!(
            model[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field}: {model}"
        );
    }
    assert_eq!(
        (
            &model["supports_text_to_image"],
            &model["supports_image_to_image"],
            &model["is_default"]
        ),
        (&json!(true), &json!(false), &json!(true))
    );
    assert!(model["quality_rating"].is_number() && model["pricing_rating"].is_number());
    assert_eq!(
        model["costs"][3],
        json!({ "width": 4096, "height": 4096, "credits": 4 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_credits_are_an_error_that_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    with_an_empty_plan(folder.path());
    let studio = Process::start(folder.path());
    without_credits(folder.path());
    let client = Client::new(&studio, "/api/mcp");
    let problem = client.refused("generate_image", json!({ "prompt": "a cup" })).await;
    assert_eq!(
        (&problem["code"], &problem["status"]),
        (&json!("insufficient_credits"), &json!(402)),
        "{problem}"
    );
    assert!(
        problem["error"]
            .as_str()
            .is_some_and(|text| text.contains("Insufficient credits")),
        "{problem}"
    );
    // What was refused leaves nothing behind: the same call is refused again, and not lost in a wait.
    client.refused("generate_image", json!({ "prompt": "a cup" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_vendors_key_the_default_is_better_and_sizes_come_near() {
    let folder = tempfile::tempdir().expect("a folder");
    let stand = openai::STAND_IN.start().await;
    let text = format!(
        "[providers.openai]\nkey = \"{}\"\nbase_url = \"{}\"\nallow_private = true\n",
        openai::STAND_IN.key,
        stand.url()
    );
    std::fs::write(folder.path().join("aquatint.toml"), text).expect("written");
    let studio = Process::start(folder.path());
    let client = Client::new(&studio, "/mcp/aiphotogenerator");
    let prompt = "a fox in the snow";

    // Sides that are no multiples of 16 are what this model does not make.
    let order = json!({ "prompt": prompt, "width": 1000, "height": 1000 });
    let made = client.call("generate_image", order).await;
    assert!(
        made["model"]
            .as_str()
            .is_some_and(|model| model.starts_with("gpt-image")),
        "{made}"
    );
    let note = made["note"].as_str().expect("a note");
    assert!(note.contains("nano-banana") && note.contains("1000×1000"), "{note}");
    assert!(made["credits_used"].as_f64() > Some(0.0), "{made}");

    let listed = client.call("list_models", json!({})).await;
    let able = listed["models"].as_array().expect("models");
    let able = able.iter().find(|model| model["supports_image_to_image"] == true);
    assert_eq!(able.expect("one that takes images")["provider"], "openai");
    let changed = client
        .call(
            "generate_image",
            json!({ "prompt": prompt, "model": "gpt-image-2", "input_image_url": data_uri(&product(64, 64)) }),
        )
        .await;
    assert_eq!(changed["model"], "gpt-image-2", "{changed}");
    let problem = client
        .refused(
            "generate_image",
            json!({ "prompt": prompt, "model": "scene-preview", "input_image_url": data_uri(&product(64, 64)) }),
        )
        .await;
    assert!(
        problem["details"]["models"]
            .as_array()
            .is_some_and(|all| all.contains(&json!("gpt-image-2"))),
        "{problem}"
    );
    stand.assert_sound();
}
