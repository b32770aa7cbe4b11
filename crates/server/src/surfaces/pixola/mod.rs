//! Pixola: generation that polls by itself, styles, shapes, credits and recent images.

mod batch;
mod tools;

use aquatint_app::toolset::ToolReply;
use aquatint_app::{Studio, shapes};
use aquatint_domain::{AssetId, Code, JobId, Model, Problem};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

pub use batch::{batch, image, image_details, model_row, shape_row, style_row};

use super::aiphotogenerator::{put, spendable};
use super::service::{Call, Checkers, Service, Tool, checkers, failure_of, reply};
use super::sizes;
use super::slugs::Models;

/// Images in a list, where nobody says how many.
const LISTED: u64 = 20;
/// How much longer than usual the sides of a picture in high definition are, where the model has no tiers of its own.
const HD: f64 = 1.5;

pub struct Pixola;

#[async_trait]
impl Service for Pixola {
    const NAME: &'static str = "pixola";
    const TOOLS: &'static [Tool] = &tools::TOOLS;
    const INSTRUCTIONS: &'static str = "Images from prompts: `generate_image` waits by itself and returns the URLs. \
        `list_models`, `list_styles` and `list_shapes` tell the slugs for its `model`, `style` and `shape`. For versions in \
        different styles make one call for each. `check_credits` tells the balance.";

    fn checkers() -> &'static Checkers {
        static CHECKERS: Checkers = Checkers::new(|| checkers(&tools::TOOLS));
        &CHECKERS
    }

    fn translate(_: &Studio, problem: &mut Problem, members: &mut Map<String, Value>) {
        let (word, status) = match problem.code {
            Code::Unauthorized => ("unauthorized", 401),
            Code::NotFound => ("not_found", 404),
            Code::ContentRefused => ("content_flagged", 409),
            Code::InsufficientCredits | Code::PriceAboveLimit => ("insufficient_credits", 409),
            Code::RateLimited => ("rate_limited", 429),
            Code::Internal => ("internal_error", 500),
            code if code.http_status() < 500 && code.http_status() != 403 => ("bad_request", 400),
            code => (code.as_str(), code.http_status()),
        };
        members.insert("code".to_owned(), json!(word));
        members.insert("error".to_owned(), json!(word));
        members.insert("status".to_owned(), json!(status));
        for text in std::iter::once(&mut problem.message).chain(problem.hint.as_mut()) {
            for (ours, theirs) in [
                ("See `models` with `action: \"styles\"`.", "`list_styles` tells them."),
                ("See `models` with `action: \"shapes\"`.", "`list_shapes` tells them."),
            ] {
                *text = text.replace(ours, theirs);
            }
        }
        if problem.hint.as_ref().is_some_and(|hint| hint.contains("`models`")) {
            problem.hint = Some("`list_models` tells which models there are.".to_owned());
        }
    }

    async fn call(call: &Call<'_>, tool: &str, arguments: Map<String, Value>) -> Result<ToolReply, Problem> {
        match tool {
            "generate_image" => generate(call, &arguments).await,
            "list_models" => list_models(call).await,
            "list_styles" => list_styles(call).await,
            "list_shapes" => list_shapes(call).await,
            "check_credits" => check_credits(call).await,
            "get_batch" => get_batch(call, &arguments).await,
            "list_images" => list_images(call, &arguments).await,
            "get_image" => get_image(call, &arguments).await,
            other => Err(Problem::not_found("tool", other).at("tool")),
        }
    }
}

/// The arguments of `generate.media` for Pixola's; REST takes the same.
pub async fn order(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<(Value, Vec<String>), Problem> {
    let models = Models::of(call).await?;
    let word = |name: &str| arguments.get(name).and_then(Value::as_str);
    let chosen = models.choose(word("model"), "")?;
    let mut notes: Vec<String> = chosen.model.label.iter().cloned().collect();
    let mut order = json!({
        "model": chosen.model.id,
        "prompt": arguments["prompt"],
        "style": word("style").filter(|style| *style != "no-style"),
        "count": arguments.get("count"),
    });
    let slug = word("shape").unwrap_or("square");
    let shape = shapes::find_shape(slug).ok_or_else(|| {
        let shown = aquatint_domain::text::one_line(slug, 40);
        Problem::invalid("shape", format!("There is no shape `{shown}`.")).hint("`list_shapes` tells them.")
    })?;
    let hd = (word("quality") == Some("hd")).then(|| high(&chosen.model)).flatten();
    let scale = if word("quality") == Some("hd") && hd.is_none() {
        HD
    } else {
        1.0
    };
    let side = |side: u32| (f64::from(side) * scale).round() as u32;
    let (mut size, note) = sizes::near(&chosen.model, side(shape.width), side(shape.height));
    // A shape is a ratio; which size it comes in is the model's affair.
    notes.extend(note.filter(|_| size.is_empty()));
    if let Some((name, value)) = hd {
        size.insert(name.to_owned(), value);
    } else if word("quality") != Some("hd") {
        size.remove("resolution");
    }
    for (name, value) in size {
        put(&mut order, &name, value);
    }
    Ok((order, notes))
}

/// The tier of high definition that a model has by itself.
fn high(model: &Model) -> Option<(&'static str, Value)> {
    let has = |name: &str, word: &str| {
        let listed = model.input_schema["properties"][name]["enum"].as_array();
        listed.is_some_and(|listed| listed.iter().any(|one| one == word))
    };
    [
        ("quality", "high"),
        ("quality", "hd"),
        ("resolution", "2K"),
        ("resolution", "4K"),
    ]
    .into_iter()
    .find(|(name, word)| has(name, word))
    .map(|(name, word)| (name, json!(word)))
}

async fn generate(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let (order, notes) = order(call, arguments).await?;
    let waited = call.to_its_end("generate.media", order).await?;
    let view = &waited.reply.value;
    if let Some(problem) = failure_of(view, view["job_id"].as_str().unwrap_or_default()) {
        return Err(problem);
    }
    let models = Models::of(call).await?;
    let mut structured = batch(view, |id| models.slug(id));
    let mut text = told(&structured);
    if waited.is_earlier {
        text.push_str(
            "\nThis is the batch of your earlier call, whose answer may not have reached you; it was charged once.",
        );
    }
    if !waited.has_ended() {
        text.push_str("\nIt goes on: ask with `get_batch`.");
    }
    if !notes.is_empty() {
        structured["note"] = json!(notes.join(" "));
        text = format!("{text}\n{}", notes.join("\n"));
    }
    Ok(reply(structured, text, waited.reply.description.links))
}

/// A batch in words.
fn told(batch: &Value) -> String {
    let mut lines = vec![format!(
        "Batch {} is {}.",
        batch["batchId"].as_str().unwrap_or_default(),
        batch["status"].as_str().unwrap_or_default()
    )];
    for image in batch["images"].as_array().into_iter().flatten() {
        lines.push(format!(
            "{}: {} {}",
            image["imageId"].as_str().unwrap_or_default(),
            image["title"].as_str().unwrap_or_default(),
            image["url"].as_str().unwrap_or_default()
        ));
    }
    if let Some(credits) = batch["creditsUsed"].as_f64() {
        lines.push(format!("{credits} credits used."));
    }
    if let Some(message) = batch["error"]["message"].as_str() {
        lines.push(message.to_owned());
    }
    lines.join("\n")
}

async fn list_models(call: &Call<'_>) -> Result<ToolReply, Problem> {
    let models = Models::of(call).await?;
    let default = models.choose(None, "").ok().map(|chosen| chosen.slug);
    let mut lines = Vec::new();
    let rows: Vec<Value> = models
        .all()
        .map(|(slug, model)| {
            let row = model_row(slug, model, default.as_deref() == Some(slug));
            lines.push(format!(
                "{slug}: {} ({} credits)",
                model.best_for, row["pricing"]["credits"]
            ));
            row
        })
        .collect();
    Ok(reply(json!({ "models": rows }), lines.join("\n"), Vec::new()))
}

async fn list_styles(call: &Call<'_>) -> Result<ToolReply, Problem> {
    let styles = call.operation("models.styles", json!({})).await?.value;
    let rows: Vec<Value> = styles["styles"]
        .as_array()
        .into_iter()
        .flatten()
        .map(style_row)
        .collect();
    let mut categories: Vec<(String, Vec<Value>)> = Vec::new();
    for row in &rows {
        let name = row["category"].as_str().unwrap_or_default();
        match categories.iter_mut().find(|(known, _)| known == name) {
            Some((_, rows)) => rows.push(row.clone()),
            None => categories.push((name.to_owned(), vec![row.clone()])),
        }
    }
    let lines: Vec<String> = categories
        .iter()
        .map(|(name, rows)| {
            let slugs: Vec<&str> = rows.iter().filter_map(|row| row["slug"].as_str()).collect();
            format!("{name}: {}", slugs.join(", "))
        })
        .collect();
    let categories: Vec<Value> = categories
        .into_iter()
        .map(|(name, rows)| json!({ "category": name, "styles": rows }))
        .collect();
    Ok(reply(
        json!({ "styles": rows, "categories": categories }),
        lines.join("\n"),
        Vec::new(),
    ))
}

async fn list_shapes(call: &Call<'_>) -> Result<ToolReply, Problem> {
    let shapes = call.operation("models.shapes", json!({})).await?.value;
    let rows: Vec<Value> = shapes["shapes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(shape_row)
        .collect();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{}: {} ({}×{})",
                row["slug"].as_str().unwrap_or_default(),
                row["aspectRatio"].as_str().unwrap_or_default(),
                row["width"],
                row["height"]
            )
        })
        .collect();
    Ok(reply(json!({ "shapes": rows }), lines.join("\n"), Vec::new()))
}

async fn check_credits(call: &Call<'_>) -> Result<ToolReply, Problem> {
    let credits = call.operation("account.credits", json!({})).await?;
    let view = &credits.value;
    let structured = json!({
        "credits": spendable(view),
        "plan": view["plan"],
        "unlimited": view["unlimited"],
        "spendsFrom": view["spends_from"],
        "creditsUrl": view["credits_url"],
    });
    Ok(reply(structured, credits.description.text, Vec::new()))
}

async fn get_batch(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let id = arguments["batchId"].as_str().unwrap_or_default();
    if !JobId::is_well_formed(id) {
        return Err(Problem::not_found("batch", id).at("batchId"));
    }
    let job = call.operation("jobs.get", json!({ "job_id": id })).await?;
    let models = Models::for_names(call).await?;
    let structured = batch(&job.value, |id| models.slug(id));
    let text = told(&structured);
    Ok(reply(structured, text, job.description.links))
}

async fn list_images(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let limit = arguments.get("limit").and_then(Value::as_u64).unwrap_or(LISTED);
    let order = json!({ "type": "image", "limit": limit });
    let listed = call.operation("assets.list", order).await?;
    let models = Models::for_names(call).await?;
    let assets = listed.value["assets"].as_array();
    let images: Vec<Value> = assets
        .into_iter()
        .flatten()
        .map(|asset| image(asset, |id| models.slug(id)))
        .collect();
    let lines: Vec<String> = images
        .iter()
        .map(|image| {
            format!(
                "{}: {} {}",
                image["imageId"].as_str().unwrap_or_default(),
                image["title"].as_str().unwrap_or_default(),
                image["url"].as_str().unwrap_or_default()
            )
        })
        .collect();
    let text = if lines.is_empty() {
        "No images yet.".to_owned()
    } else {
        lines.join("\n")
    };
    Ok(reply(json!({ "images": images }), text, listed.description.links))
}

async fn get_image(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let id = arguments["imageId"].as_str().unwrap_or_default();
    if !AssetId::is_well_formed(id) {
        return Err(Problem::not_found("image", id).at("imageId"));
    }
    let asset = call.operation("assets.get", json!({ "asset_id": id })).await?;
    let models = Models::for_names(call).await?;
    let details = image_details(&asset.value, |id| models.slug(id));
    let text = format!(
        "{}: {} ({}×{})\nDownload: {}",
        id,
        details["title"].as_str().unwrap_or_default(),
        details["width"],
        details["height"],
        details["downloadUrl"].as_str().unwrap_or_default()
    );
    Ok(reply(details, text, asset.description.links))
}
