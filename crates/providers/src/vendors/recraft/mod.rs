//! Recraft: pictures by its own models, and its tools for pictures that exist.
//!
//! Written from, on 2026-11-21:
//! - <https://www.recraft.ai/docs/api-reference/agents> (rules, models, parameters) and the OpenAPI document at <https://external.api.recraft.ai/doc/>
//! - <https://www.recraft.ai/docs/api-reference/models/overview> and `…/models/recraft-v4-1-flash-v2` (November 2026)
//! - <https://www.recraft.ai/docs/api-reference/tools/image-to-image> and its siblings
//! - <https://www.recraft.ai/docs/api-reference/pricing> (1,000 API units are one US dollar), `…/appendix` (sizes, limits), `…/error-handling`
//!
//! Everything is answered at once, as base64, so that no public URL of a result exists. An answer says what it cost in
//! API units. Errors are plain text or JSON without a published table of codes; what is not recognised goes by its
//! status. There are no idempotency keys. Models and tools whose name has `vector` answer with SVG.

mod rows;

use aquatint_domain::{Credits, Model};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::rows::{ROWS, Row, Tool};
use crate::desk::{Answer, Desk};
use crate::fault::{Fault, FaultKind};
use crate::mask;
use crate::order::{Medium, Order};
use crate::outcome::{KeyFacts, Outcome, Output, Submitted};
use crate::price::usd;
use crate::provider::{Auth, Facts, Pace, Provider};

/// Sides of a picture that goes in.
const MOST_SIDE: u32 = 4096;
const MOST_PIXELS: u64 = 16_000_000;

static FACTS: Facts = Facts {
    id: "recraft",
    name: "Recraft",
    docs: &[
        "https://www.recraft.ai/docs/api-reference/agents",
        "https://www.recraft.ai/docs/api-reference/pricing",
        "https://www.recraft.ai/docs/api-reference/appendix",
        "https://www.recraft.ai/docs/api-reference/error-handling",
    ],
    read_on: "2026-11-21",
    key_variables: &["RECRAFT_API_TOKEN", "RECRAFT_API_KEY"],
    key_form: "the token of the profile page",
    key_page: "https://app.recraft.ai/profile/api",
    base_url: "https://external.api.recraft.ai/v1",
    hosts: &[],
    auth: Auth::Bearer,
    // A hundred pictures a minute, five requests a second.
    pace: Pace {
        at_once: 5,
        per_minute: 100,
        poll_every: std::time::Duration::from_secs(3),
    },
    read_error,
    repeats_safely: false,
    has_webhooks: false,
};

pub struct Recraft;

#[async_trait]
impl Provider for Recraft {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        ROWS.iter().map(|row| row.model(FACTS.id)).collect()
    }

    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let user: User = desk.get("/users/me").send().await?.read()?;
        Ok(KeyFacts {
            account: user.email.or(user.name),
            balance: Some(format!("{} API units", user.credits)),
        })
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let row = ROWS
            .iter()
            .find(|row| row.slug == order.model.vendor_model)
            .ok_or_else(|| Fault::new(FaultKind::NoSuchModel, "this model is not known here"))?;
        for medium in &order.media {
            check_file(row, medium)?;
        }
        let (path, body) = request(row, order)?;
        let answer = desk.post(path).json(&body).buying().slow().send().await?;
        outcome(&answer).map(Submitted::Done)
    }
}

#[derive(Deserialize)]
struct User {
    name: Option<String>,
    email: Option<String>,
    credits: i64,
}

/// What the vendor would refuse for its size, said before it is sent.
fn check_file(row: &Row, medium: &Medium) -> Result<(), Fault> {
    let pixels = u64::from(medium.width) * u64::from(medium.height);
    let refuse = |words: String| Err(Fault::new(FaultKind::InvalidInput, words).at(medium.field.clone()));
    if medium.width.max(medium.height) > MOST_SIDE || pixels > MOST_PIXELS {
        return refuse(format!(
            "the picture has {}×{} pixels; Recraft takes up to {MOST_SIDE} on a side and 16 megapixels in all. Resize it first",
            medium.width, medium.height
        ));
    }
    let most_bytes = row.most_mb * 1_000_000;
    if medium.bytes.len() > most_bytes {
        return refuse(format!(
            "the file has {} bytes; this takes less than {} MB. Make it smaller first",
            medium.bytes.len(),
            row.most_mb
        ));
    }
    Ok(())
}

/// The path and the body. Files go as `data:` URIs in the fields that end with `_url`.
fn request(row: &Row, order: &Order) -> Result<(&'static str, Value), Fault> {
    let mut body = Map::new();
    for (name, value) in &order.inputs {
        body.insert(row.word(name).to_owned(), value.clone());
    }
    controls(&mut body);
    if let (Some(width), Some(height)) = (body.remove("width"), body.remove("height")) {
        body.insert("size".into(), json!(format!("{width}x{height}")));
    }
    body.insert("response_format".into(), json!("b64_json"));
    if let Some(model) = row.model {
        body.insert("model".into(), json!(model));
    }
    if row.tool.has_count() {
        body.insert("n".into(), json!(order.count));
    }
    let image = order.medium("images");
    if let Some(image) = image {
        body.insert("image_url".into(), json!(image.data_uri()));
    }
    let is_masked = order.medium("mask").is_some();
    if let Some(mask) = order.medium("mask") {
        let mask = Medium {
            bytes: mask::black_or_white(&mask.bytes)?,
            ..mask.clone()
        };
        body.insert("mask_url".into(), json!(mask.data_uri()));
    }
    let references: Vec<String> = order.media_of("reference_images").map(Medium::data_uri).collect();
    if !references.is_empty() {
        body.insert("style_reference_urls".into(), json!(references));
    }
    let path = match row.tool {
        Tool::Generate if is_masked && image.is_some() => "/images/inpaint",
        Tool::Generate if is_masked => {
            return Err(Fault::new(
                FaultKind::InvalidInput,
                "a mask says what changes in a picture: give the picture in `images` too",
            )
            .at("images"));
        }
        Tool::Generate if image.is_some() => "/images/imageToImage",
        Tool::Generate => "/images/generations",
        Tool::Other { path, .. } => path,
    };
    // The tools for a picture keep its size, and only the plain one takes a strength.
    if matches!(row.tool, Tool::Generate) {
        if image.is_some() {
            body.remove("size");
        }
        if path != "/images/imageToImage" {
            body.remove("strength");
        }
    }
    Ok((path, Value::Object(body)))
}

/// `colors` and `background_color` are hex words here and parts of `controls` there; so are the two of V3.
fn controls(body: &mut Map<String, Value>) {
    let rgb = |hex: &Value| json!({ "rgb": rgb_of(hex.as_str().unwrap_or_default()) });
    let mut controls = Map::new();
    if let Some(Value::Array(colors)) = body.remove("colors") {
        controls.insert("colors".into(), colors.iter().map(rgb).collect());
    }
    if let Some(color) = body.remove("background_color") {
        controls.insert("background_color".into(), rgb(&color));
    }
    for name in ["artistic_level", "no_text"] {
        if let Some(value) = body.remove(name) {
            controls.insert(name.into(), value);
        }
    }
    if !controls.is_empty() {
        body.insert("controls".into(), Value::Object(controls));
    }
}

/// Red, green and blue of `#rrggbb`, which the schema has checked.
fn rgb_of(hex: &str) -> [u8; 3] {
    let part = |at: usize| {
        hex.get(at..at + 2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .unwrap_or(0)
    };
    [part(1), part(3), part(5)]
}

/// Makers of pictures answer with `data`, tools with one `image`.
#[derive(Deserialize)]
struct Made {
    credits: u32,
    data: Option<Vec<MadeImage>>,
    image: Option<MadeImage>,
}

#[derive(Deserialize)]
struct MadeImage {
    b64_json: Option<String>,
    url: Option<String>,
    revised_prompt: Option<String>,
}

fn outcome(answer: &Answer) -> Result<Outcome, Fault> {
    let made: Made = answer.read()?;
    let mut outputs = Vec::new();
    for image in made.data.into_iter().flatten().chain(made.image) {
        let output = match (image.b64_json, image.url) {
            (Some(base64), _) => Output::bytes(
                STANDARD
                    .decode(base64)
                    .map_err(|_| answer.unreadable("`b64_json` is not base64"))?,
            ),
            (None, Some(url)) => Output::url(url),
            (None, None) => return Err(answer.unreadable("a picture has neither `b64_json` nor `url`")),
        };
        outputs.push(Output {
            revised_prompt: image.revised_prompt,
            ..output
        });
    }
    Ok(Outcome {
        outputs,
        cost: Some(units(made.credits)),
        request_id: answer
            .header("x-recraft-requestid")
            .map(|id| aquatint_domain::text::one_line(id, 100))
            .or_else(|| answer.request_id()),
        ..Outcome::default()
    })
}

/// What so many API units are worth.
fn units(count: u32) -> Credits {
    usd(f64::from(count) / 1_000.0)
}

/// A line of text, or `{"code", "message"}`. A web page is not the vendor's: it goes by its status.
fn read_error(answer: &Answer) -> Option<Fault> {
    let kind = answer.header("content-type").unwrap_or_default();
    let body = answer.json_or_null();
    let word = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (code, message) = if body.is_object() {
        (word("code"), word("message"))
    } else if kind.starts_with("text/plain") {
        (String::new(), String::from_utf8_lossy(&answer.bytes).into_owned())
    } else {
        return None;
    };
    // Bare words beside a 4xx are the vendor's; with any other status they may come from anybody on the way.
    if (code.is_empty() && !(400..500).contains(&answer.status)) || (code.is_empty() && message.is_empty()) {
        return None;
    }
    let mut fault = Fault::of_status(answer.status, &message);
    let has = |words: &[&str]| {
        words
            .iter()
            .any(|word| code.contains(word) || message.to_lowercase().contains(word))
    };
    if (400..500).contains(&answer.status)
        && has(&[
            "moderation",
            "nsfw",
            "content policy",
            "content_policy",
            "inappropriate",
        ])
    {
        fault = Fault::refused(&message, Vec::new());
    } else if (400..500).contains(&answer.status)
        && has(&["not_enough_credits", "not enough credits", "insufficient credits"])
    {
        fault.kind = FaultKind::NoMoney;
    }
    Some(if code.is_empty() { fault } else { fault.code(code) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aquatint_domain::MediaType;
    use bytes::Bytes;

    use super::*;
    use crate::schema::settled;

    /// A grey PNG of 8×8 pixels, all black.
    const GREY: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAADklEQVR42mNogAIGyhgAgIQgARDoahcAAAAASUVORK5CYII=";

    fn order(slug: &str, call: Value, files: &[&str]) -> (&'static Row, Order) {
        let row = ROWS.iter().find(|row| row.slug == slug).expect("a row");
        let model = row.model(FACTS.id);
        let medium = |field: &&str| Medium {
            field: (*field).to_owned(),
            media_type: MediaType::Png,
            bytes: Bytes::from(STANDARD.decode(GREY).expect("base64")),
            width: 8,
            height: 8,
            seconds: 0.0,
            url: None,
        };
        let order = Order {
            inputs: settled(&model, call.as_object().expect("an object")),
            model: Arc::new(model),
            media: files.iter().map(medium).collect(),
            count: 2,
            purchase: "pur_1".into(),
            webhook: None,
        };
        (row, order)
    }

    #[test]
    fn words_become_a_generation_with_colours_and_a_size() {
        let call = json!({ "prompt": "a mug", "width": 1344, "height": 768, "seed": 7, "colors": ["#0a1f44"], "background_color": "#ffffff" });
        let (row, order) = order("recraft-v4.1", call, &[]);
        let (path, body) = request(row, &order).expect("a request");
        assert_eq!(path, "/images/generations");
        assert_eq!(
            body,
            json!({
                "prompt": "a mug", "model": "recraftv4_1", "n": 2, "size": "1344x768", "random_seed": 7, "response_format": "b64_json",
                "image_format": "png", "controls": { "colors": [{ "rgb": [10, 31, 68] }], "background_color": { "rgb": [255, 255, 255] } }
            })
        );
    }

    #[test]
    fn a_picture_and_a_mask_choose_the_tool() {
        let (row, order_) = order(
            "recraft-v3",
            json!({ "prompt": "in winter", "strength": 0.2 }),
            &["images"],
        );
        let (path, body) = request(row, &order_).expect("a request");
        assert_eq!(
            (path, &body["strength"], &body["size"]),
            ("/images/imageToImage", &json!(0.2), &Value::Null)
        );
        let (row, order_) = order("recraft-v3", json!({ "prompt": "a bicycle" }), &["images", "mask"]);
        let (path, body) = request(row, &order_).expect("a request");
        assert_eq!((path, &body["strength"]), ("/images/inpaint", &Value::Null));
        assert!(
            body["mask_url"]
                .as_str()
                .is_some_and(|mask| mask.starts_with("data:image/png;base64,"))
        );
        let (row, order_) = order("recraft-v3", json!({ "prompt": "a bicycle" }), &["mask"]);
        assert_eq!(
            request(row, &order_).expect_err("no picture").field.as_deref(),
            Some("images")
        );
    }

    #[test]
    fn references_go_as_a_list_and_tools_have_no_count() {
        let (row, order_) = order(
            "recraft-v4-styles",
            json!({ "prompt": "a cup", "style_match": "precise" }),
            &["reference_images", "reference_images"],
        );
        let (_, body) = request(row, &order_).expect("a request");
        assert_eq!(body["style_reference_urls"].as_array().map(Vec::len), Some(2));
        let (row, order_) = order(
            "recraft-enhance-details",
            json!({ "refinement": "subtle" }),
            &["images"],
        );
        let (path, mut body) = request(row, &order_).expect("a request");
        body["image_url"] = "…".into();
        assert_eq!(path, "/images/enhance");
        assert_eq!(
            body,
            json!({ "refinement": "subtle", "response_format": "b64_json", "image_format": "png", "image_url": "…" })
        );
    }
}
