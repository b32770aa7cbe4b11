//! Recraft's API as documented at <https://www.recraft.ai/docs/api-reference/agents> and in the OpenAPI document of
//! <https://external.api.recraft.ai/doc/> (read 2026-11-21).
//!
//! Errors are not documented beyond 401 and 404; the rest is written as those two are: a line of plain text.

use aquatint_providers::vendors::recraft::Recraft;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::files;
use crate::http::{Reply, Request, data_uri, fits};
use crate::shop::Shop;
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &Recraft,
    key: "AbcDefGhiJklMnoPqrStuVwxYz0123456789",
    step,
    answer,
    trouble,
};

fn step(request: &Request) -> Option<Step> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/users/me") => Some(Step::Key),
        ("POST", path) => tool(path).map(|_| Step::Submit),
        _ => None,
    }
}

/// A tool: fields beside the usual ones, those that must be there, and whether it answers with a list.
fn tool(path: &str) -> Option<(&'static [&'static str], &'static [&'static str], bool)> {
    Some(match path {
        "/images/generations" => (
            &[
                "n",
                "model",
                "size",
                "random_seed",
                "style",
                "substyle",
                "style_id",
                "style_match",
                "style_reference_urls",
                "negative_prompt",
                "text_layout",
                "controls",
            ],
            &["prompt"],
            true,
        ),
        "/images/imageToImage" => (
            &[
                "n",
                "model",
                "random_seed",
                "style",
                "substyle",
                "style_id",
                "style_match",
                "negative_prompt",
                "text_layout",
                "controls",
            ],
            &["prompt", "image_url", "strength"],
            true,
        ),
        "/images/inpaint" | "/images/generateBackground" => (
            &[
                "n",
                "model",
                "random_seed",
                "style",
                "substyle",
                "style_id",
                "negative_prompt",
                "text_layout",
                "controls",
            ],
            &["prompt", "image_url", "mask_url"],
            true,
        ),
        "/images/replaceBackground" => (
            &[
                "n",
                "model",
                "random_seed",
                "style",
                "substyle",
                "style_id",
                "negative_prompt",
                "text_layout",
                "controls",
            ],
            &["prompt", "image_url"],
            true,
        ),
        "/images/outpaint" => (
            &[
                "n",
                "model",
                "random_seed",
                "style",
                "substyle",
                "style_id",
                "negative_prompt",
                "controls",
                "size",
                "expand_left",
                "expand_right",
                "expand_top",
                "expand_bottom",
                "zoom_out_percentage",
            ],
            &["prompt", "image_url"],
            true,
        ),
        "/images/variateImage" => (&["n", "model", "random_seed"], &["size", "image_url"], true),
        "/images/enhance" => (&["refinement"], &["image_url"], false),
        "/images/eraseRegion" => (&[], &["image_url", "mask_url"], false),
        "/images/vectorize" | "/images/removeBackground" | "/images/crispUpscale" | "/images/creativeUpscale" => {
            (&[], &["image_url"], false)
        }
        _ => return None,
    })
}

fn field(name: &str, is_early: bool) -> Value {
    let prompt = if is_early { 1_000 } else { 10_000 };
    let side = json!({ "type": "integer", "minimum": 0, "maximum": 4096 });
    match name {
        "prompt" => json!({ "type": "string", "minLength": 1, "maxLength": prompt }),
        "negative_prompt" | "style" | "substyle" => json!({ "type": "string", "maxLength": 1000 }),
        "n" => json!({ "type": "integer", "minimum": 1, "maximum": 6 }),
        "size" => json!({ "type": "string", "pattern": "^[0-9]{3,4}x[0-9]{3,4}$" }),
        "random_seed" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        "strength" => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        "style_id" => json!({ "type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" }),
        "style_match" => json!({ "enum": ["regular", "precise", "flexible"] }),
        "style_reference_urls" => {
            json!({ "type": "array", "minItems": 1, "maxItems": 10, "items": { "type": "string" } })
        }
        "text_layout" => json!({ "type": "array" }),
        "response_format" => json!({ "enum": ["url", "b64_json"] }),
        "image_format" => json!({ "enum": ["webp", "png"] }),
        "refinement" => json!({ "enum": ["subtle", "moderate"] }),
        "zoom_out_percentage" => json!({ "type": "number", "minimum": 0, "exclusiveMaximum": 100 }),
        "expand_left" | "expand_right" | "expand_top" | "expand_bottom" => side,
        "controls" => {
            let color = json!({ "type": "object", "required": ["rgb"], "additionalProperties": false, "properties": {
                "rgb": { "type": "array", "minItems": 3, "maxItems": 3, "items": { "type": "integer", "minimum": 0, "maximum": 255 } },
                "weight": { "type": "number", "minimum": 0, "maximum": 1 } } });
            json!({ "type": "object", "additionalProperties": false, "properties": {
                "colors": { "type": "array", "maxItems": 10, "items": color },
                "background_color": color,
                "artistic_level": { "type": "integer", "minimum": 0, "maximum": 5 },
                "no_text": { "type": "boolean" } } })
        }
        _ => json!({ "type": "string" }),
    }
}

/// API units for one output of a model, and of a tool without one.
fn units(path: &str, model: &str) -> Option<u32> {
    Some(match (path, model) {
        ("/images/eraseRegion", _) => 2,
        ("/images/crispUpscale", _) => 4,
        ("/images/removeBackground" | "/images/vectorize", _) => 10,
        ("/images/creativeUpscale", _) => 250,
        ("/images/enhance", _) => 210,
        ("/images/variateImage", _) => 40,
        (_, "recraftv4_1_flash" | "recraftv4_1_flash_v2") => 7,
        (_, "recraftv4_1_vector" | "recraftv4_vector") => 80,
        (_, "recraftv4_pro_vector") => 300,
        (_, "recraftv2") => 22,
        (_, "recraftv4_1" | "recraftv4_1_utility" | "recraftv4_styles") => 35,
        (_, "recraftv3" | "recraftv4") => 40,
        (_, "recraftv4_styles_pro") => 100,
        (_, "recraftv4_1_pro" | "recraftv4_1_utility_pro") => 210,
        (_, "recraftv4_pro") => 250,
        _ => return None,
    })
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    request.expect_header("authorization", &format!("Bearer {}", STAND_IN.key))?;
    if request.path == "/users/me" {
        return Ok(Reply::json(
            200,
            &json!({ "id": "11111111-2222-4333-8444-555555555555", "name": "Ada", "email": "ada@studio.example", "credits": 1_250 }),
        ));
    }
    let path = request.path.as_str();
    let (optional, required, is_list) = tool(path).ok_or_else(|| "there is no such tool".to_owned())?;
    let body = request.json()?;
    let model = body["model"].as_str().unwrap_or("recraftv4_1");
    let is_early = matches!(model, "recraftv2" | "recraftv3");
    let properties: Map<String, Value> = optional
        .iter()
        .chain(required)
        .chain(&["response_format", "image_format", "model"])
        .map(|name| ((*name).to_owned(), field(name, is_early)))
        .collect();
    fits(
        &json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties }),
        &body,
    )?;
    check_model(path, model, &body)?;
    check_files(&body)?;
    let count = u32::try_from(body["n"].as_u64().unwrap_or(1)).unwrap_or(1);
    let price = units(path, model).ok_or_else(|| format!("there is no model {model}"))?;
    shop.sell("img-", count, false);
    let is_vector = path == "/images/vectorize" || model.contains("vector");
    if is_vector && !body["image_format"].is_null() {
        return Err("a drawing has no `image_format`".into());
    }
    let image = || {
        let goods = shop.goods(false);
        let goods = if is_vector && goods == files::grey_png() {
            files::svg()
        } else {
            goods
        };
        json!({
            "image_id": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
            "b64_json": STANDARD.encode(goods),
        })
    };
    let mut reply = json!({ "created": 1_795_000_000, "credits": price * count });
    if body["response_format"] != "b64_json" {
        return Err("these answers hold the files".into());
    }
    if is_list {
        reply["data"] = (0..shop.outputs(count)).map(|_| image()).collect();
    } else if shop.outputs(1) > 0 {
        reply["image"] = image();
    }
    Ok(Reply::json(200, &reply).with("x-recraft-requestid", "req-0123456789"))
}

/// Which models a tool has, and what they do not take.
fn check_model(path: &str, model: &str, body: &Value) -> Result<(), String> {
    let is_out = match path {
        "/images/imageToImage" => {
            model.contains("vector")
                || model.starts_with("recraftv4_1_flash")
                || model.contains("styles")
                || model == "recraftv2"
        }
        "/images/inpaint" | "/images/outpaint" | "/images/replaceBackground" | "/images/generateBackground" => {
            model != "recraftv3"
        }
        "/images/generations" => {
            model.contains("styles") && body["style_id"].is_null() && body["style_reference_urls"].is_null()
        }
        _ => false,
    };
    if is_out {
        return Err(format!("{path} does not do this with {model}"));
    }
    let is_early = matches!(model, "recraftv2" | "recraftv3");
    if !is_early
        && (!body["negative_prompt"].is_null()
            || !body["style"].is_null()
            || !body["controls"]["artistic_level"].is_null())
    {
        return Err(format!("{model} takes no negative prompt, style or artistic level"));
    }
    let is_pro = model.contains("pro");
    if let Some(size) = body["size"].as_str() {
        let (width, height) = size
            .split_once('x')
            .and_then(|(w, h)| Some((w.parse::<u32>().ok()?, h.parse::<u32>().ok()?)))
            .unwrap_or((0, 0));
        let most = if is_pro {
            3072
        } else if is_early {
            2048
        } else {
            1536
        };
        if width.max(height) > most || (is_early && width.min(height) != 1024) {
            return Err(format!("{model} has no size {size}"));
        }
    }
    let outpaints = [
        "size",
        "expand_left",
        "expand_right",
        "expand_top",
        "expand_bottom",
        "zoom_out_percentage",
    ];
    if path == "/images/outpaint" && outpaints.iter().all(|name| body[*name].is_null()) {
        return Err("nothing says how far to paint".into());
    }
    Ok(())
}

fn check_files(body: &Value) -> Result<(), String> {
    let lists = body["style_reference_urls"].as_array().into_iter().flatten();
    for file in [&body["image_url"], &body["mask_url"]]
        .into_iter()
        .chain(lists)
        .filter_map(Value::as_str)
    {
        let (kind, bytes) = data_uri(file)?;
        if !["image/png", "image/jpeg", "image/webp"].contains(&kind.as_str()) || bytes.is_empty() {
            return Err(format!("a file is {kind} of {} bytes", bytes.len()));
        }
    }
    // A mask is grey: colour type 0 stands at byte 25 of a PNG.
    if let Some(mask) = body["mask_url"].as_str() {
        let (kind, bytes) = data_uri(mask)?;
        if kind != "image/png" || bytes.get(25) != Some(&0) {
            return Err("the mask is not a grey PNG".into());
        }
    }
    Ok(())
}

fn trouble(trouble: Trouble) -> Reply {
    match trouble {
        Trouble::BadKey => Reply::text(401, "request unauthorized"),
        Trouble::NoMoney => Reply::text(402, "payment required"),
        Trouble::Forbidden => Reply::text(403, "forbidden"),
        Trouble::NotFound => Reply::text(404, "404 page not found"),
        Trouble::Conflict => Reply::text(409, "conflict"),
        Trouble::TooLarge => Reply::text(413, "request entity too large"),
        // How a refusal by content is told is not documented either.
        Trouble::Invalid | Trouble::Moderated => Reply::json(
            400,
            &json!({ "code": "invalid_request_parameter", "message": "size is not supported" }),
        ),
        Trouble::Throttled => Reply::text(429, "too many requests"),
        Trouble::Broken => Reply::json(
            500,
            &json!({ "code": "internal_error", "message": "generation failed" }),
        ),
        Trouble::Overloaded => Reply::text(503, "service unavailable"),
    }
}
