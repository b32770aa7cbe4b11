//! AIPhotoGenerator: two tools, and an image in one step.

use aquatint_app::operation::Effects;
use aquatint_app::toolset::ToolReply;
use aquatint_app::{Studio, Waited};
use aquatint_domain::{Code, Problem};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::service::{Call, Checkers, Service, Tool, checkers, failure_of, reply};
use super::sizes;
use super::slugs::{Chosen, Models, vendor_of};

/// The model of a call that names none.
const DEFAULT_MODEL: &str = "nano-banana";
/// Pixels of a side, where none is named.
const SIDE: u64 = 1_024;
/// Sides, in pixels, whose prices the list of models tells.
const COSTED: [u32; 4] = [512, 1_024, 2_048, 4_096];
/// What an account without a limit has, less what it spent: scripts compare it as a number.
pub const WITHOUT_LIMIT: f64 = 1_000_000_000.0;

pub struct AiPhotoGenerator;

static TOOLS: [Tool; 2] = [
    Tool {
        name: "generate_image",
        title: "Generate an image",
        description: "Make an image from a prompt, or from a prompt and an image. Waits until it is ready and returns its URL. The \
                      price depends on model and dimensions; `list_models` tells the models. When the connection breaks before the \
                      answer came, make the same call again: it returns the same image, charged once.",
        input: generate_input,
        output: generate_output,
        aliases: &[
            ("model_key", "model"),
            ("image_url", "input_image_url"),
            ("inputImageUrl", "input_image_url"),
        ],
        effects: Effects::Spends,
        takes_media: true,
        widget: Some("form"),
        is_patient: true,
    },
    Tool {
        name: "list_models",
        title: "List models",
        description: "The models with ratings, prices in credits and what they can do.",
        input: || json!({ "type": "object", "properties": {} }),
        output: || json!({ "type": "object", "properties": { "models": { "type": "array", "items": { "type": "object" } } }, "required": ["models"] }),
        aliases: &[],
        effects: Effects::Reads,
        takes_media: false,
        widget: Some("models"),
        is_patient: false,
    },
];

fn generate_input() -> Value {
    json!({
        "type": "object",
        "properties": {
            "prompt": { "type": "string", "minLength": 1, "maxLength": 1024, "description": "What the image shows, in at most 1,024 characters." },
            "model": { "type": "string", "minLength": 1, "maxLength": 200, "default": DEFAULT_MODEL, "description": "Key of a model from `list_models`." },
            "width": { "type": "integer", "minimum": 512, "maximum": 4096, "default": SIDE, "description": "Pixels." },
            "height": { "type": "integer", "minimum": 512, "maximum": 4096, "default": SIDE, "description": "Pixels." },
            "input_image_url": { "type": "string", "minLength": 1, "description": "URL of an image to begin with, for models with supports_image_to_image." },
        },
        "required": ["prompt"],
    })
}

fn generate_output() -> Value {
    json!({
        "type": "object",
        "properties": {
            "image_url": { "type": "string" },
            "image_id": { "type": "string" },
            "credits_used": { "type": "number" },
            "credits_remaining": { "type": "number" },
        },
        "required": ["image_url", "image_id", "credits_used", "credits_remaining"],
    })
}

#[async_trait]
impl Service for AiPhotoGenerator {
    const NAME: &'static str = "aiphotogenerator";
    const TOOLS: &'static [Tool] = &TOOLS;
    const INSTRUCTIONS: &'static str = "Images in one step: `generate_image` waits and returns the URL of the finished image \
        and its `image_id`. `list_models` tells models and prices. When a call was cut before its answer came, repeat it \
        unchanged: it finds the same image, charged once.";

    fn checkers() -> &'static Checkers {
        static CHECKERS: Checkers = Checkers::new(|| checkers(&TOOLS));
        &CHECKERS
    }

    fn translate(_: &Studio, problem: &mut Problem, members: &mut Map<String, Value>) {
        members.insert("success".to_owned(), json!(false));
        members.insert("error".to_owned(), json!(problem.message));
        let status = match problem.code {
            Code::InvalidArgument | Code::NotFound => 422,
            code => code.http_status(),
        };
        members.insert("status".to_owned(), json!(status));
        if let Some(hint) = &mut problem.hint
            && hint.contains("`models`")
        {
            *hint = "`list_models` tells which models there are and what they can do.".to_owned();
        }
    }

    async fn call(call: &Call<'_>, tool: &str, arguments: Map<String, Value>) -> Result<ToolReply, Problem> {
        match tool {
            "generate_image" => generate(call, arguments).await,
            "list_models" => list_models(call).await,
            other => Err(Problem::not_found("tool", other).at("tool")),
        }
    }
}

async fn generate(call: &Call<'_>, arguments: Map<String, Value>) -> Result<ToolReply, Problem> {
    let models = Models::of(call).await?;
    let chosen = models.choose(arguments.get("model").and_then(Value::as_str), DEFAULT_MODEL)?;
    let side = |name: &str| {
        let side = arguments.get(name).and_then(Value::as_u64).unwrap_or(SIDE);
        u32::try_from(side).unwrap_or(u32::MAX)
    };
    let mut notes: Vec<String> = chosen.note.iter().cloned().collect();
    let (size, note) = sizes::near(&chosen.model, side("width"), side("height"));
    notes.extend(note);
    let mut order = json!({ "model": chosen.model.id, "prompt": arguments["prompt"], "count": 1 });
    if chosen.model.input_schema["properties"].get("count").is_none() {
        order["count"] = Value::Null;
    }
    for (name, value) in size {
        put(&mut order, &name, value);
    }
    if let Some(image) = arguments.get("input_image_url") {
        if !chosen.model.capabilities.image_to_image {
            return Err(no_image_to_image(&chosen, &models));
        }
        order["images"] = json!([image]);
    }
    let waited = call.to_its_end("generate.media", order).await?;
    finished(call, waited, &chosen, &notes).await
}

/// What every model shares stands by itself; the rest belongs to the model.
pub(super) fn put(order: &mut Value, name: &str, value: Value) {
    if matches!(name, "width" | "height" | "aspect_ratio" | "shape") {
        order[name] = value;
    } else {
        if !order["inputs"].is_object() {
            order["inputs"] = json!({});
        }
        order["inputs"][name] = value;
    }
}

async fn finished(call: &Call<'_>, waited: Waited, chosen: &Chosen, notes: &[String]) -> Result<ToolReply, Problem> {
    let view = &waited.reply.value;
    let id = view["job_id"].as_str().unwrap_or_default();
    if let Some(problem) = failure_of(view, id) {
        return Err(problem);
    }
    let image = &view["outputs"][0];
    if !waited.has_ended() || !image.is_object() {
        return Err(Problem::new(
            Code::TimedOut,
            "The image is not ready yet; it is being made and will not be lost.",
        )
        .hint("Make the same call again: it waits for the same image, which is charged once.")
        .retry_after(1)
        .details(json!({ "job_id": id, "progress": view["progress"] })));
    }
    let remaining = remaining(call).await?;
    let used = view["charged_credits"].clone();
    let mut structured = json!({
        "image_url": image["url"],
        "image_id": image["asset_id"],
        "credits_used": used,
        "credits_remaining": remaining,
        "model": chosen.slug,
        "width": image["width"],
        "height": image["height"],
    });
    let mut text = format!(
        "Image {} is ready ({}×{}, made by {}): {}\n{used} credits used.",
        image["asset_id"].as_str().unwrap_or_default(),
        image["width"],
        image["height"],
        chosen.slug,
        image["url"].as_str().unwrap_or_default(),
    );
    let mut notes = notes.to_vec();
    notes.extend(chosen.model.label.clone());
    if waited.is_earlier {
        notes.push(
            "This is the image of your earlier call, whose answer may not have reached you; it was charged once. Call again for another one."
                .to_owned(),
        );
    }
    if !notes.is_empty() {
        structured["note"] = json!(notes.join(" "));
        text = format!("{text}\n{}", notes.join("\n"));
    }
    Ok(reply(structured, text, waited.reply.description.links))
}

/// What these credentials can still spend, as a number in every plan; `None` where they may not know.
async fn remaining(call: &Call<'_>) -> Result<Option<f64>, Problem> {
    match call.operation("account.credits", json!({})).await {
        Ok(credits) => Ok(Some(spendable(&credits.value))),
        // A key that may generate and not look into the account still gets its image.
        Err(problem) if problem.code == Code::Forbidden => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The same, of what `account.credits` tells.
pub(super) fn spendable(credits: &Value) -> f64 {
    let own = if credits["spends_from"] == "api" {
        "api"
    } else {
        "plan_units"
    };
    let available = credits[own]["available"].as_f64().unwrap_or_default();
    if credits["unlimited"] == true {
        WITHOUT_LIMIT + available
    } else {
        available
    }
}

fn no_image_to_image(chosen: &Chosen, models: &Models) -> Problem {
    let able: Vec<&str> = models
        .all()
        .filter(|(_, model)| model.capabilities.image_to_image)
        .map(|(slug, _)| slug)
        .collect();
    let message = format!(
        "`{}` makes images from words only; it takes no input image.",
        chosen.slug
    );
    let problem = Problem::invalid("input_image_url", message).details(json!({ "models": able }));
    if able.is_empty() {
        problem.hint("No model on this server takes one yet: the operator adds a vendor's key or installs a model.")
    } else {
        problem.hint(format!("These take one: {}.", able.join(", ")))
    }
}

async fn list_models(call: &Call<'_>) -> Result<ToolReply, Problem> {
    let models = Models::of(call).await?;
    let default = models.choose(None, DEFAULT_MODEL).ok();
    let mut lines = Vec::new();
    let rows: Vec<Value> = models
        .all()
        .map(|(key, model)| {
            let price = |side: u32| model.price.price(1, side, side, 0.0);
            let is_default = default.as_ref().is_some_and(|chosen| chosen.slug == key);
            lines.push(format!(
                "{key}{}: {} ({} credits at 1024×1024)",
                if is_default { " (default)" } else { "" },
                model.best_for,
                price(1024)
            ));
            let costs: Vec<Value> = COSTED
                .iter()
                .map(|side| json!({ "width": side, "height": side, "credits": price(*side) }))
                .collect();
            let mut row = json!({
                "key": key,
                "name": model.name,
                "description": model.description,
                "provider": vendor_of(&model.id),
                "quality_rating": model.quality_rating,
                "pricing_rating": model.pricing_rating,
                "supports_text_to_image": model.capabilities.text_to_image,
                "supports_image_to_image": model.capabilities.image_to_image,
                "dimensions": dimensions(&model.input_schema),
                "costs": costs,
            });
            if is_default {
                row["is_default"] = json!(true);
            }
            row
        })
        .collect();
    Ok(reply(json!({ "models": rows }), lines.join("\n"), Vec::new()))
}

/// What the model itself makes; other sizes come as near as it can.
fn dimensions(schema: &Value) -> Value {
    let side = |name: &str, word: &str| schema["properties"][name][word].clone();
    json!({
        "min_width": side("width", "minimum"), "max_width": side("width", "maximum"),
        "min_height": side("height", "minimum"), "max_height": side("height", "maximum"),
        "aspect_ratios": side("aspect_ratio", "enum"),
    })
}
