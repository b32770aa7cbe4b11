//! Pixola's objects, made of the studio's: batches, images, models, styles and shapes. Plain functions, so that MCP and REST
//! show the same.

use aquatint_domain::Model;
use serde_json::{Value, json};

use crate::surfaces::slugs::{docs_of, vendor_of};

/// A batch, of a job as `jobs.get` tells it. `slug` gives the short name of a model.
pub fn batch(job: &Value, slug: impl Fn(&str) -> String) -> Value {
    let model = job["model"].as_str().map(slug);
    let status = match job["status"].as_str().unwrap_or_default() {
        "queued" => "pending",
        "running" => "processing",
        "succeeded" => "completed",
        other => other,
    };
    let images: Vec<Value> = job["outputs"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|output| {
            json!({
                "imageId": output["asset_id"],
                "title": output["title"],
                "model": model,
                "url": output["url"],
                "urlExpiresAt": output["url_expires_at"],
                "width": output["width"],
                "height": output["height"],
            })
        })
        .collect();
    let mut batch = json!({
        "batchId": job["job_id"],
        "status": status,
        "progress": job["progress"],
        "model": model,
        "images": images,
        "createdAt": job["created_at"],
    });
    for (theirs, ours) in [("completedAt", "finished_at"), ("creditsUsed", "charged_credits")] {
        if !job[ours].is_null() {
            batch[theirs] = job[ours].clone();
        }
    }
    if job["error"].is_object() {
        batch["error"] = json!({ "code": job["error"]["code"], "message": job["error"]["message"] });
    }
    batch
}

/// An image in a list, of an asset as `assets.list` tells it. `slug` gives the short name of a model.
pub fn image(asset: &Value, slug: impl Fn(&str) -> String) -> Value {
    json!({
        "imageId": asset["asset_id"],
        "title": asset["title"],
        "model": asset["model"].as_str().map(slug),
        "url": asset["url"],
        "thumbnailUrl": asset["thumbnail_url"],
        "urlExpiresAt": asset["url_expires_at"],
        "width": asset["width"],
        "height": asset["height"],
        "createdAt": asset["created_at"],
    })
}

/// One image with everything, of an asset as `assets.get` tells it.
pub fn image_details(asset: &Value, slug: impl Fn(&str) -> String) -> Value {
    let mut details = image(asset, slug);
    let recipe = &asset["recipe"];
    details["downloadUrl"] = asset["url"].clone();
    details["contentType"] = asset["content_type"].clone();
    details["sizeBytes"] = asset["size_bytes"].clone();
    for (theirs, ours) in [("prompt", "prompt"), ("style", "style"), ("seed", "seed")] {
        if !recipe["arguments"][ours].is_null() {
            details[theirs] = recipe["arguments"][ours].clone();
        }
    }
    if !asset["job_id"].is_null() {
        details["batchId"] = asset["job_id"].clone();
    }
    details
}

/// A model in the list.
pub fn model_row(slug: &str, model: &Model, is_default: bool) -> Value {
    let able = &model.capabilities;
    // `ref` marks models that take images to refer to.
    let tags: Vec<&str> = [
        (able.references || able.image_to_image, "ref"),
        (able.text_rendering, "text"),
        (able.transparency, "transparency"),
        (able.local, "local"),
        (model.speed == "fast" || model.speed == "instant", "fast"),
    ]
    .into_iter()
    .filter_map(|(is_so, tag)| is_so.then_some(tag))
    .collect();
    let mut row = json!({
        "slug": slug,
        "name": model.name,
        "bestFor": model.best_for,
        "description": model.description,
        "tags": tags,
        "pricing": { "credits": model.price.price(1, 1024, 1024, 0.0), "per": "image of 1024×1024" },
        "researcher": vendor_of(&model.id),
        "researcherUrl": docs_of(model),
        "samplePrompts": sample_prompts(model),
    });
    if is_default {
        row["isDefault"] = json!(true);
    }
    row
}

fn sample_prompts(model: &Model) -> Vec<Value> {
    let examples = model.input_schema["examples"].as_array();
    let prompts = examples.into_iter().flatten().map(|example| example["prompt"].clone());
    prompts.filter(Value::is_string).take(3).collect()
}

/// A style, of a row of `models.styles`.
pub fn style_row(style: &Value) -> Value {
    json!({ "slug": style["slug"], "name": style["name"], "category": style["category"], "prompt": style["prompt"] })
}

/// A shape, of a row of `models.shapes`.
pub fn shape_row(shape: &Value) -> Value {
    json!({
        "slug": shape["slug"], "name": shape["name"], "aspectRatio": shape["aspect_ratio"],
        "width": shape["width"], "height": shape["height"],
    })
}
