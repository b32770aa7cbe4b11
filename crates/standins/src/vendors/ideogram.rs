//! Ideogram's API v2 as documented at <https://developer.ideogram.ai/v2/llms.txt> (read 2026-11-21; the fields are those of
//! its OpenAPI document of 2026-10-07).

use aquatint_providers::vendors::ideogram::Ideogram;
use serde_json::{Map, Value, json};

use super::fields;
use crate::http::{Part, Reply, Request};
use crate::shop::{Shop, State};
use crate::webhooks::ED25519_KEY;
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &Ideogram,
    key: "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGh",
    step,
    answer,
    trouble,
};

const IMAGES: &str = "/v2/image/";
const GENERATIONS: &str = "/v2/generations/";
const KEYS: &str = "/v1/.well-known/jwks.json";

fn step(request: &Request) -> Option<Step> {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", path) => {
            endpoint(path.strip_prefix(IMAGES)?)?;
            Some(if request.query == "dry_run=true" {
                Step::Key
            } else {
                Step::Submit
            })
        }
        ("GET", path) if path.starts_with(GENERATIONS) => Some(Step::Poll),
        ("GET", KEYS) => Some(Step::Read),
        _ => None,
    }
}

/// An endpoint: its fields, those that must be there, its files, and those that must be there.
struct Endpoint {
    fields: &'static [&'static str],
    required: &'static [&'static str],
    files: &'static [(&'static str, usize)],
    needed: &'static [&'static str],
}

const STYLED: &[&str] = &["style_codes", "style_preset", "style_type"];
const MADE: &[&str] = &[
    "async",
    "enable_copyright_detection",
    "num_images",
    "rendering_speed",
    "seed",
    "magic_prompt",
];

fn endpoint(path: &str) -> Option<Endpoint> {
    let of = |fields, required, files, needed| {
        Some(Endpoint {
            fields,
            required,
            files,
            needed,
        })
    };
    match path {
        "generate/ideogram-4-5" => of(
            &[
                "async",
                "enable_copyright_detection",
                "magic_prompt",
                "num_images",
                "quality",
                "seed",
                "size",
            ],
            &["prompt"],
            &[("images", 5), ("mask", 1)],
            &[],
        ),
        "precise-edit/ideogram-4-5" => of(
            &[
                "async",
                "enable_copyright_detection",
                "num_images",
                "quality",
                "seed",
                "context_window",
            ],
            &["prompt"],
            &[("image", 1), ("reference_images", 4), ("mask", 1)],
            &["image"],
        ),
        "generate/ideogram-4" => of(&["+made", "resolution"], &["prompt"], &[], &[]),
        "generate/ideogram-4-transparent" => of(&["+made", "aspect_ratio", "output_resolution"], &["prompt"], &[], &[]),
        "generate/ideogram-3" => of(
            &[
                "+made",
                "+styled",
                "aspect_ratio",
                "color_palette",
                "negative_prompt",
                "resolution",
            ],
            &["prompt"],
            &[("style_reference_images", 10)],
            &[],
        ),
        "generate/ideogram-3-character" => of(
            &["+made", "style_type", "aspect_ratio", "negative_prompt", "resolution"],
            &["prompt"],
            &[
                ("character_reference_images", 1),
                ("character_reference_mask", 1),
                ("style_reference_images", 10),
            ],
            &["character_reference_images"],
        ),
        "generate/ideogram-3-transparent" => of(
            &["+made", "aspect_ratio", "negative_prompt", "upscale_factor"],
            &["prompt"],
            &[],
            &[],
        ),
        "generate/ideogram-2" => of(
            &["+made", "aspect_ratio", "negative_prompt", "style_type"],
            &["prompt"],
            &[],
            &[],
        ),
        "generate/ideogram-2a" => of(&["+made", "aspect_ratio", "style_type"], &["prompt"], &[], &[]),
        "inpaint/ideogram-3" => of(
            &["+made", "+styled"],
            &["prompt"],
            &[("image", 1), ("mask", 1), ("style_reference_images", 10)],
            &["image", "mask"],
        ),
        "inpaint/ideogram-3-character" => of(
            &["+made", "style_codes", "style_type"],
            &["prompt"],
            &[
                ("image", 1),
                ("mask", 1),
                ("character_reference_images", 1),
                ("character_reference_mask", 1),
                ("style_reference_images", 10),
            ],
            &["image", "mask", "character_reference_images"],
        ),
        "remix/ideogram-4" => of(
            &[
                "async",
                "enable_copyright_detection",
                "image_weight",
                "num_images",
                "rendering_speed",
                "resolution",
            ],
            &["prompt"],
            &[("image", 1)],
            &["image"],
        ),
        "remix/ideogram-3" => of(
            &[
                "+made",
                "+styled",
                "aspect_ratio",
                "color_palette",
                "image_weight",
                "negative_prompt",
                "resolution",
            ],
            &["prompt"],
            &[("image", 1), ("style_reference_images", 10)],
            &["image"],
        ),
        "remix/ideogram-3-character" => of(
            &[
                "+made",
                "style_type",
                "aspect_ratio",
                "image_weight",
                "negative_prompt",
                "resolution",
            ],
            &["prompt"],
            &[
                ("image", 1),
                ("character_reference_images", 1),
                ("character_reference_mask", 1),
                ("style_reference_images", 10),
            ],
            &["image", "character_reference_images"],
        ),
        "reframe/ideogram-3" => of(
            &[
                "async",
                "color_palette",
                "num_images",
                "rendering_speed",
                "seed",
                "style_codes",
                "style_preset",
            ],
            &["resolution"],
            &[("image", 1), ("style_reference_images", 10)],
            &["image"],
        ),
        "replace-background/ideogram-3" => of(
            &["num_images", "rendering_speed"],
            &["prompt"],
            &[("image", 1)],
            &["image"],
        ),
        "remove-background/ideogram-1" => of(&["async"], &[], &[("image", 1)], &["image"]),
        "remove-object/ideogram-1" => of(
            &["seed", "store_assets"],
            &[],
            &[("image", 1), ("mask", 1)],
            &["image", "mask"],
        ),
        "upscale/auto" => of(&["async", "seed", "upscale_factor"], &[], &[("image", 1)], &["image"]),
        "upscale/topaz-bloom-2" => of(
            &[
                "async",
                "seed",
                "upscale_factor",
                "color_preservation",
                "creativity",
                "upscale_prompt",
            ],
            &[],
            &[("image", 1)],
            &["image"],
        ),
        "upscale/topaz-redefine" => of(
            &[
                "async",
                "seed",
                "upscale_factor",
                "autoprompt",
                "creativity",
                "detail",
                "detail_strength",
                "texture",
                "+enhanced",
                "upscale_prompt",
            ],
            &[],
            &[("image", 1)],
            &["image"],
        ),
        "upscale/topaz-standard-2" => of(
            &["async", "upscale_factor", "+enhanced", "fix_compression", "strength"],
            &[],
            &[("image", 1)],
            &["image"],
        ),
        "upscale/topaz-text-refine" => of(
            &[
                "async",
                "seed",
                "upscale_factor",
                "+enhanced",
                "fix_compression",
                "strength",
            ],
            &[],
            &[("image", 1)],
            &["image"],
        ),
        "upscale/topaz-wonder-3-5" => of(
            &["async", "seed", "upscale_factor", "enhancement_strength"],
            &[],
            &[("image", 1)],
            &["image"],
        ),
        _ => None,
    }
}

const ENHANCED: &[&str] = &[
    "denoise",
    "sharpen",
    "face_enhancement",
    "face_enhancement_creativity",
    "face_enhancement_strength",
    "subject_detection",
];

impl Endpoint {
    fn schema(&self, path: &str) -> Value {
        let mut properties = Map::new();
        for name in self.fields.iter().chain(self.required) {
            let group: &[&str] = match *name {
                "+made" => MADE,
                "+styled" => STYLED,
                "+enhanced" => ENHANCED,
                _ => &[],
            };
            for name in group {
                properties.insert((*name).to_owned(), field(path, name));
            }
            if *name == "upscale_prompt" {
                properties.insert("prompt".into(), json!({ "type": "string", "maxLength": 1024 }));
            } else if group.is_empty() {
                properties.insert((*name).to_owned(), field(path, name));
            }
        }
        // Three endpoints have none in the reference.
        let has_hook = !["reframe/", "remove-background/", "remove-object/"]
            .iter()
            .any(|start| path.starts_with(start));
        if has_hook {
            properties.insert(
                "webhook_url".into(),
                json!({ "type": "string", "pattern": "^https://", "maxLength": 2048 }),
            );
        }
        json!({ "type": "object", "additionalProperties": false, "required": self.required, "properties": properties })
    }
}

fn field(path: &str, name: &str) -> Value {
    let portion = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    match name {
        "prompt" if path.starts_with("replace-background") => {
            json!({ "type": "string", "minLength": 1, "maxLength": 4000 })
        }
        "prompt" => json!({ "type": "string", "minLength": 1, "maxLength": 10000 }),
        "negative_prompt" => json!({ "type": "string", "maxLength": 10000 }),
        "async"
        | "enable_copyright_detection"
        | "store_assets"
        | "color_preservation"
        | "autoprompt"
        | "detail"
        | "face_enhancement" => {
            json!({ "type": "boolean" })
        }
        "num_images" => json!({ "type": "integer", "minimum": 1, "maximum": 8 }),
        "seed" => json!({ "type": "integer", "minimum": 0, "maximum": i32::MAX }),
        "magic_prompt" => json!({ "enum": ["auto", "on", "off"] }),
        "rendering_speed" => json!({ "enum": ["turbo", "default", "quality"] }),
        "quality" => json!({ "enum": ["very_low", "low", "medium", "high"] }),
        "size" => json!({ "type": "string", "pattern": "^(auto|source|[1-9][0-9]{2,3}x[1-9][0-9]{2,3})$" }),
        "resolution" if path.ends_with("ideogram-4") => {
            json!({ "type": "string", "pattern": "^[0-9]{3,4}x[0-9]{3,4}$" })
        }
        "resolution" => {
            json!({ "type": "string", "pattern": "^([5-9][0-9]{2}|1[0-5][0-9]{2})x([5-9][0-9]{2}|1[0-5][0-9]{2})$" })
        }
        "output_resolution" => json!({ "enum": ["1k", "2k", "4k", "8k"] }),
        "aspect_ratio" => json!({ "type": "string", "pattern": "^(auto|[1-9][0-9]?x[1-9][0-9]?)$" }),
        "style_type" if path.contains("character") => json!({ "enum": ["auto", "realistic", "fiction"] }),
        "style_type" if path.contains("ideogram-2") => {
            json!({ "enum": ["auto", "general", "realistic", "design", "render_3d", "anime"] })
        }
        "style_type" => json!({ "enum": ["auto", "general", "realistic", "design", "custom", "fiction", "stylized"] }),
        "style_preset" => json!({ "type": "string", "pattern": "^[a-z0-9_]+$" }),
        "style_codes" => json!({ "type": "array", "items": { "type": "string", "pattern": "^[0-9a-fA-F]{8}$" } }),
        "color_palette" => {
            json!({ "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false, "properties": {
            "name": { "enum": ["ember", "fresh", "jungle", "magic", "melon", "mosaic", "pastel", "ultramarine"] },
            "members": { "type": "array", "minItems": 1, "maxItems": 8 } } })
        }
        "image_weight" => json!({ "type": "integer", "minimum": 1, "maximum": 100 }),
        "upscale_factor" if path.starts_with("generate") => json!({ "enum": ["x1", "x2", "x4"] }),
        "upscale_factor" => json!({ "enum": ["x2", "x4", "x8"] }),
        "creativity" => json!({ "type": "integer", "minimum": 1, "maximum": 9 }),
        "texture" => json!({ "type": "integer", "minimum": 1, "maximum": 5 }),
        "detail_strength" => json!({ "type": "number", "minimum": 0, "maximum": 10 }),
        "strength" => json!({ "type": "number", "minimum": 0.01, "maximum": 1 }),
        "subject_detection" => json!({ "enum": ["all", "foreground", "background"] }),
        "enhancement_strength" => json!({ "enum": ["low", "medium", "high"] }),
        _ => portion,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    request.expect_header("api-key", STAND_IN.key)?;
    if request.path == KEYS {
        return Ok(Reply::json(
            200,
            &json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "hook-1", "x": ED25519_KEY }] }),
        ));
    }
    if let Some(id) = request.path.strip_prefix(GENERATIONS) {
        return Ok(generation(shop, id));
    }
    let path = request.path.strip_prefix(IMAGES).unwrap_or_default();
    let endpoint = endpoint(path).ok_or_else(|| "there is no such endpoint".to_owned())?;
    let schema = endpoint.schema(path);
    let is_form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("multipart/"));
    let (body, files) = match is_form {
        true if endpoint.files.is_empty() => return Err("this endpoint takes JSON alone".into()),
        true => fields::read(request, &schema, endpoint.files)?,
        false => (request.json_of(&schema)?, Vec::new()),
    };
    for name in endpoint.needed {
        fields::need(&files, name)?;
    }
    rules(path, &body, &files)?;
    if request.query == "dry_run=true" {
        return Ok(Reply::json(
            200,
            &json!({ "object": "price_quote", "billing_identifier": "ideogram-4-default", "quantity": 1, "usd_micros": 60_000, "credit_millis": 60, "qualifier": "exact" }),
        ));
    }
    let is_background = path.starts_with("replace-background") || path.starts_with("remove-object");
    if body["async"] != true && !is_background {
        return Err("without `async` the answer would wait for the pictures".into());
    }
    let count = u32::try_from(body["num_images"].as_u64().unwrap_or(1)).unwrap_or(1);
    let id = shop.sell("bzue-VZtSlSMAneIbfCo2", count, false);
    if path.starts_with("remove-background")
        && let Some(task) = shop.tasks.last_mut()
    {
        task.note = "without words".into();
    }
    Ok(Reply::json(200, &json!({ "generation_id": id, "seed": 12_345 })))
}

/// What the reference says in words.
fn rules(path: &str, body: &Value, files: &[Part]) -> Result<(), String> {
    let count = |name: &str| files.iter().filter(|file| file.name == name).count();
    let has = |name: &str| !body[name].is_null();
    if has("aspect_ratio") && has("resolution") {
        return Err("aspect_ratio cannot be combined with resolution".into());
    }
    if has("style_preset") && (has("style_codes") || count("style_reference_images") > 0) {
        return Err("style_preset cannot be combined with style codes or style references".into());
    }
    if path == "generate/ideogram-4-5"
        && count("images") == 0
        && (body["quality"] == "very_low" || body["size"] == "source")
    {
        return Err("very_low and source need source images".into());
    }
    if count("mask") > 0 && count("reference_images") > 3 {
        return Err("a masked request can include at most three reference images".into());
    }
    Ok(())
}

fn generation(shop: &mut Shop, id: &str) -> Reply {
    let id = id.replace("%2D", "-").replace("%5F", "_");
    let created = "2026-11-21T09:30:00Z";
    let state = shop.state(&id);
    let status = match state {
        State::Running => "pending",
        State::Strange => "rehearsing",
        State::Done | State::Moderated => "completed",
        State::Failed => {
            return Reply::json(
                200,
                &json!({ "generation_id": id, "status": "failed", "created": created, "failure_reason": "internal_error" }),
            );
        }
        State::Lost => return trouble(Trouble::NotFound),
    };
    let mut reply = json!({ "generation_id": id, "status": status, "created": created });
    if status != "completed" {
        return Reply::json(200, &reply);
    }
    let (count, is_wordless) = shop
        .task(&id)
        .map_or((1, false), |task| (task.count, !task.note.is_empty()));
    let is_safe = state == State::Done;
    let image = || {
        let url = if is_safe {
            json!(shop.result_url(false))
        } else {
            Value::Null
        };
        let mut image = json!({ "object_type": "image.generation", "url": url, "resolution": "1024x1024", "is_image_safe": is_safe });
        if is_wordless {
            image["object_type"] = "image.without-prompt-or-seed".into();
        } else {
            image["prompt"] = "a poster, rewritten".into();
            image["seed"] = 12_345.into();
        }
        image
    };
    reply["response_type"] = "url".into();
    reply["usage_cost_usd_micros"] = (60_000 * u64::from(count)).into();
    reply["data"] = (0..shop.outputs(count)).map(|_| image()).collect();
    Reply::json(200, &reply)
}

/// <https://developer.ideogram.ai/ideogram-api/errors>
fn trouble(trouble: Trouble) -> Reply {
    let (status, error, reason) = match trouble {
        Trouble::BadKey => (401, "Unauthorized", None),
        Trouble::NoMoney => (402, "Not enough credits", Some("insufficient_funds")),
        Trouble::Forbidden => (403, "No access to this model", None),
        Trouble::NotFound => (404, "Not found", None),
        Trouble::Conflict => (409, "Conflict", None),
        Trouble::TooLarge => (413, "The file is too large", None),
        Trouble::Invalid => (400, "Invalid input provided", None),
        Trouble::Moderated => (422, "The prompt did not pass safety checks", None),
        Trouble::Throttled => (429, "Too many images in progress", Some("inflight_limit")),
        Trouble::Broken => (500, "Internal server error", None),
        Trouble::Overloaded => (503, "The endpoint is temporarily unavailable", None),
    };
    let mut body = json!({ "error": error });
    if let Some(reason) = reason {
        body["reject_reason"] = reason.into();
    }
    if reason == Some("inflight_limit") {
        body["max_inflight_requests"] = 10.into();
    }
    Reply::json(status, &body)
}
