//! Pixola's eight tools.

use serde_json::{Value, json};

use super::{Client, charges, with_an_empty_plan, without_credits};
use crate::process::Process;

const PATH: &str = "/mcp/pixola";

#[tokio::test(flavor = "multi_thread")]
async fn what_users_ask_of_it_works_as_documented() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let client = Client::new(&studio, PATH);

    // "Which models are there and what do they cost", and the rest of what a call names.
    let models = client.call("list_models", json!({})).await;
    let model = &models["models"][0];
    assert_eq!(model["slug"], "scene-preview");
    assert!(model["pricing"]["credits"].is_number() && model["description"].is_string());
    let styles = client.call("list_styles", json!({})).await;
    let slugs: Vec<&str> = styles["styles"]
        .as_array()
        .expect("styles")
        .iter()
        .filter_map(|style| style["slug"].as_str())
        .collect();
    for slug in ["watercolor", "anime", "art-deco", "oil-painting", "no-style"] {
        assert!(slugs.contains(&slug), "{slug} is not among {slugs:?}");
    }
    assert!(styles["categories"].as_array().is_some_and(|all| all.len() > 3));
    let shapes = client.call("list_shapes", json!({})).await;
    for slug in ["square", "landscape-wide", "portrait-tall"] {
        let shape = shapes["shapes"]
            .as_array()
            .expect("shapes")
            .iter()
            .find(|shape| shape["slug"] == slug);
        assert!(
            shape.is_some_and(|shape| shape["width"].is_number() && shape["aspectRatio"].is_string()),
            "{slug}"
        );
    }

    // "A widescreen landscape in watercolor style."
    let before = client.call("check_credits", json!({})).await;
    let wide = client
        .call(
            "generate_image",
            json!({ "prompt": "a lake. Mountains behind it", "model": "scene-preview", "style": "watercolor", "shape": "landscape-wide" }),
        )
        .await;
    assert_eq!(
        (&wide["status"], &wide["creditsUsed"]),
        (&json!("completed"), &json!(1)),
        "{wide}"
    );
    let image = &wide["images"][0];
    assert_eq!((&image["width"], &image["height"]), (&json!(1344), &json!(756)));
    assert_eq!(
        (&image["title"], &image["model"]),
        (&json!("a lake"), &json!("scene-preview")),
        "{image}"
    );
    studio.bytes(&image["url"]).await;
    let after = client.call("check_credits", json!({})).await;
    assert_eq!(after["plan"], "local");
    let spent = before["credits"].as_f64().expect("a number") - after["credits"].as_f64().expect("a number");
    assert!((spent - 1.0).abs() < 1e-6, "{before} {after}");

    // "3 versions of a neon city in different styles."
    for style in ["neon", "comic", "pixel-art"] {
        let order = json!({ "prompt": "a city", "style": style, "shape": "banner" });
        let made = client.call("generate_image", order).await;
        assert_eq!(made["images"].as_array().map(Vec::len), Some(1), "{made}");
    }
    let fine = json!({ "prompt": "a box", "quality": "hd", "shape": "banner" });
    let fine = client.call("generate_image", fine).await;
    assert_eq!(fine["images"][0]["width"], 2304, "{fine}");

    // The batch and its images by id, in both spellings.
    for name in ["batchId", "batch_id"] {
        let batch = client.call("get_batch", json!({ name: wide["batchId"] })).await;
        assert_eq!(
            (&batch["batchId"], &batch["status"]),
            (&wide["batchId"], &json!("completed"))
        );
        assert!(batch["images"][0]["url"].is_string());
    }
    // "Show my last 10 images."
    let recent = client.call("list_images", json!({ "limit": 10 })).await;
    let recent = recent["images"].as_array().expect("images");
    assert_eq!(recent.len(), 5);
    assert!(
        recent
            .iter()
            .all(|image| image["title"].is_string() && image["model"] == "scene-preview" && image["url"].is_string()),
        "{recent:?}"
    );
    assert_eq!(
        client.call("list_images", json!({ "limit": 2 })).await["images"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    for name in ["imageId", "image_id"] {
        let details = client.call("get_image", json!({ name: image["imageId"] })).await;
        assert_eq!(
            (&details["style"], &details["model"]),
            (&json!("watercolor"), &json!("scene-preview")),
            "{details}"
        );
        studio.bytes(&details["downloadUrl"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_carry_its_words_and_limits_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    with_an_empty_plan(folder.path());
    let args = ["serve", "--no-worker", "--listen", "127.0.0.1:0"];
    let studio = Process::start_as(folder.path(), &args, &[("AQUATINT_ANSWERS_WAIT_SECONDS", "0.1")]);
    let client = Client::new(&studio, PATH);
    let cases: [(&str, Value, &str, &str); 13] = [
        ("generate_image", json!({}), "bad_request", "prompt"),
        ("generate_image", json!({ "prompt": "" }), "bad_request", "prompt"),
        (
            "generate_image",
            json!({ "prompt": "x", "style": "none-such" }),
            "bad_request",
            "style",
        ),
        (
            "generate_image",
            json!({ "prompt": "x", "shape": "none-such" }),
            "bad_request",
            "shape",
        ),
        (
            "generate_image",
            json!({ "prompt": "x", "model": "none-such" }),
            "bad_request",
            "model",
        ),
        (
            "generate_image",
            json!({ "prompt": "x", "quality": "ultra" }),
            "bad_request",
            "quality",
        ),
        (
            "generate_image",
            json!({ "prompt": "x", "count": 11 }),
            "bad_request",
            "count",
        ),
        (
            "generate_image",
            json!({ "prompt": "x", "count": 0 }),
            "bad_request",
            "count",
        ),
        ("list_images", json!({ "limit": 0 }), "bad_request", "limit"),
        ("list_images", json!({ "limit": 101 }), "bad_request", "limit"),
        ("get_batch", json!({ "batchId": "nothing" }), "not_found", "batchId"),
        ("get_image", json!({ "imageId": "nothing" }), "not_found", "imageId"),
        ("get_image", json!({}), "bad_request", "imageId"),
    ];
    for (tool, arguments, code, field) in cases {
        let problem = client.refused(tool, arguments.clone()).await;
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (&json!(code), &json!(field)),
            "{tool} {arguments}: {problem}"
        );
        let text = problem.to_string();
        assert!(
            !text.contains("`models`"),
            "it tells of tools that are not here: {text}"
        );
    }
    let unknown = client
        .refused("get_batch", json!({ "batchId": "job_00000000000000000000000000" }))
        .await;
    assert_eq!(
        (&unknown["code"], &unknown["status"]),
        (&json!("not_found"), &json!(404))
    );
    assert_eq!(
        client.call("list_images", json!({ "limit": 100 })).await["images"],
        json!([])
    );
    assert!(charges(&studio).await.is_empty());
    // Nobody works here, so what is taken waits.
    let ten = client
        .call("generate_image", json!({ "prompt": "x", "count": 10 }))
        .await;
    assert_eq!(ten["status"], "pending", "{ten}");
    let job = studio.call("cancel_job", json!({ "job_id": ten["batchId"] })).await;
    assert_eq!(job["deleted"], true);
    let gone = client.call("get_batch", json!({ "batchId": ten["batchId"] })).await;
    assert_eq!(gone["status"], "cancelled", "{gone}");

    without_credits(folder.path());
    let problem = client.refused("generate_image", json!({ "prompt": "x" })).await;
    assert_eq!(
        (&problem["code"], &problem["status"]),
        (&json!("insufficient_credits"), &json!(409)),
        "{problem}"
    );
    let credits = client.call("check_credits", json!({})).await;
    assert_eq!(
        (&credits["credits"], &credits["plan"]),
        (&json!(0.0), &json!("empty")),
        "{credits}"
    );
}
