//! From a caller's arguments to what a vendor's model takes: checked against the model's own schema before anything
//! is held, media accepted, sizes settled.

use aquatint_domain::model::{Sale, Sizing};
use aquatint_domain::{Asset, Credits, MediaKind, Model, Problem};
use aquatint_providers::schema::{media_fields, settled};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::arguments::Arguments;
use crate::inputs::Source;
use crate::operation::Context;
use crate::shapes;

/// Where the length of a video is not said, so many seconds are held.
const USUAL_SECONDS: f64 = 10.0;

/// What a job needs to buy.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct VendorItem {
    /// By the names of the model's schema, as the vendor's file gets them.
    pub inputs: Map<String, Value>,
    /// Field and source, in the order in which they were given.
    pub media: Vec<(String, String)>,
    /// It was priced for the workspace's own key, so nobody else's may pay.
    #[serde(default)]
    pub is_own_key: bool,
    /// The model as it was found at its vendor, where it stands in no list of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Box<Model>>,
}

/// Checked inputs with what the job row wants to know of them.
pub(crate) struct Checked {
    pub item: VendorItem,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub seconds: Option<f64>,
    pub seed: Option<u64>,
}

/// Holds `given` against the model's schema and settles the size.
fn accept(model: &Model, mut given: Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    rename_images(model, &mut given);
    let look = format!(
        "Look at the model's inputs with `models` `action: \"schema\"`, `model: \"{}\"`.",
        model.id
    );
    let accepted = Arguments::new(&model.input_schema, &[])
        .accept(Value::Object(given))
        .map_err(|mut problem| {
            let hint = problem
                .hint
                .take()
                .map_or_else(|| look.clone(), |hint| format!("{hint} {look}"));
            problem.hint(hint)
        })?;
    let Value::Object(mut given) = accepted else {
        return Err(Problem::internal("accepted arguments are an object"));
    };
    settle_size(model, &mut given)?;
    Ok(given)
}

/// What goes to the vendor, of arguments whose media were seen to elsewhere and whose prompt stays as it is.
pub(crate) fn settle(model: &Model, given: Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    Ok(settled(model, &accept(model, given)?))
}

/// Checks `given`, the caller's arguments by the names of the schema. `prompt_used` is the prompt with the style's words.
pub(crate) async fn check(
    cx: &Context,
    model: &Model,
    mut given: Map<String, Value>,
    prompt_used: Option<&str>,
) -> Result<Checked, Problem> {
    given = accept(model, given)?;

    // Media become sources: assets, or URLs that are fetched when the job runs.
    let mut media = Vec::new();
    let kinds = media_fields(&model.input_schema);
    for (field, _, is_list) in kinds.clone() {
        let values = match given.get(&field) {
            None => continue,
            Some(Value::Array(list)) => list.clone(),
            Some(one) => vec![one.clone()],
        };
        for (index, value) in values.iter().enumerate() {
            let place = if is_list {
                format!("{field}[{index}]")
            } else {
                field.clone()
            };
            let text = value.as_str().unwrap_or_default();
            let source = cx.studio.accept_source(&cx.caller.workspace, text, &place).await?;
            if let Source::Asset(id) = &source {
                check_kind(&field, &cx.studio.asset(&cx.caller.workspace, id).await?, &kinds)?;
            }
            media.push((field.clone(), source.as_str().to_owned()));
        }
    }

    // A seed of our own is one that can be told and used again.
    let seed_schema = &model.input_schema["properties"]["seed"];
    if seed_schema.is_object() && !given.contains_key("seed") {
        let most = seed_schema["maximum"]
            .as_u64()
            .unwrap_or(u64::from(u32::MAX))
            .min(u64::from(u32::MAX));
        given.insert("seed".into(), json!(random(most)));
    }
    let mut inputs = settled(model, &given);
    if let Some(prompt) = prompt_used {
        inputs.insert("prompt".into(), json!(prompt));
    }
    let side = |name: &str| {
        inputs
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|side| u32::try_from(side).ok())
    };
    Ok(Checked {
        width: side("width"),
        height: side("height"),
        seconds: inputs.get("duration_seconds").and_then(Value::as_f64),
        seed: inputs.get("seed").and_then(Value::as_u64),
        item: VendorItem {
            inputs,
            media,
            is_own_key: false,
            found: None,
        },
    })
}

/// What `count` outputs cost, as far as it is known before.
pub(crate) fn price(model: &Model, checked: &Checked, count: u32, video_seconds: Option<f64>) -> Credits {
    let is_video = model.kind == aquatint_domain::MediaKind::Video;
    model.price.price_of(&Sale {
        outputs: count,
        width: checked.width.unwrap_or(1024),
        height: checked.height.unwrap_or(1024),
        seconds: checked
            .seconds
            .or(video_seconds)
            .unwrap_or(if is_video { USUAL_SECONDS } else { 0.0 }),
        media: u32::try_from(checked.item.media.len()).unwrap_or(u32::MAX),
        inputs: &checked.item.inputs,
    })
}

/// A picture under the usual name goes where the model has its one place for it.
fn rename_images(model: &Model, given: &mut Map<String, Value>) {
    let has = |name: &str| model.input_schema["properties"].get(name).is_some();
    if has("images") {
        return;
    }
    let place = ["image", "input_image", "first_frame"]
        .into_iter()
        .find(|name| has(name));
    let Some(place) = place.filter(|place| !given.contains_key(*place)) else {
        return;
    };
    let one = match given.get("images") {
        Some(Value::Array(list)) if list.len() == 1 => list.first().cloned(),
        Some(Value::String(one)) => Some(Value::String(one.clone())),
        _ => None,
    };
    if let Some(one) = one {
        given.remove("images");
        given.insert(place.to_owned(), one);
    }
}

/// Refuses an asset of another kind than the field takes; `kinds` are the media fields of the model's schema. A field that
/// names no single kind takes all.
pub(crate) fn check_kind(field: &str, asset: &Asset, kinds: &[(String, String, bool)]) -> Result<(), Problem> {
    let wanted = kinds
        .iter()
        .find(|(name, _, _)| name == field)
        .map(|(_, kind, _)| kind.as_str());
    let (fits, what) = match wanted.and_then(|kind| kind.split_once('/')) {
        Some(("image", _)) => (asset.media_type.kind() == MediaKind::Image, "a picture"),
        // A sound track may be taken from a film.
        Some(("audio", _)) => (matches!(asset.kind, MediaKind::Audio | MediaKind::Video), "sound"),
        Some(("video", _)) => (asset.kind == MediaKind::Video || asset.frames > 1, "a video"),
        Some(("model", _)) => (asset.kind == MediaKind::ThreeD, "a 3D model"),
        _ => (true, ""),
    };
    if fits {
        return Ok(());
    }
    let words = format!(
        "`{field}` takes {what}; {} is {} ({}).",
        asset.id, asset.kind, asset.media_type
    );
    Err(Problem::invalid(field, words).hint("Find a fitting one with `assets` `list` and `type`."))
}

/// Width and height, or the ratio, from whichever way was used.
fn settle_size(model: &Model, given: &mut Map<String, Value>) -> Result<(), Problem> {
    let ways = usize::from(given.contains_key("shape"))
        + usize::from(given.contains_key("aspect_ratio"))
        + usize::from(given.contains_key("width") || given.contains_key("height"));
    if ways > 1 {
        return Err(Problem::invalid(
            "shape",
            "Send one of `shape`, `aspect_ratio`, or `width` and `height`, not several.",
        ));
    }
    let shape = match given.remove("shape") {
        None => None,
        Some(slug) => {
            let slug = slug.as_str().unwrap_or_default().to_owned();
            Some(shapes::find_shape(&slug).ok_or_else(|| {
                let shown = aquatint_domain::text::one_line(&slug, 40);
                Problem::invalid("shape", format!("There is no shape `{shown}`."))
                    .hint("See `models` with `action: \"shapes\"`.")
            })?)
        }
    };
    let ratio_text = shape
        .map(|shape| shape.aspect_ratio.to_owned())
        .or_else(|| given.get("aspect_ratio").and_then(Value::as_str).map(str::to_owned));
    let properties = &model.input_schema["properties"];
    let side = |name: &str, word: &str| properties[name][word].as_u64().unwrap_or(1024);
    let asked = |given: &Map<String, Value>| {
        let of = |name: &str| given.get(name).and_then(Value::as_u64);
        (of("width").is_some() || of("height").is_some()).then(|| {
            (
                of("width").unwrap_or_else(|| side("width", "default")),
                of("height").unwrap_or_else(|| side("height", "default")),
            )
        })
    };
    let ratio = match &ratio_text {
        Some(text) if !matches!(model.sizing, Sizing::Ratio | Sizing::Own) => Some(read_ratio(text)?),
        _ => None,
    };
    let size = match &model.sizing {
        Sizing::Ratio => {
            if let Some(shape) = shape {
                check_ratio(properties, shape.aspect_ratio)?;
                given.insert("aspect_ratio".into(), json!(shape.aspect_ratio));
            }
            return Ok(());
        }
        Sizing::Own => {
            return match shape {
                Some(_) => Err(Problem::invalid(
                    "shape",
                    "The size of what this model makes cannot be chosen.",
                )),
                None => Ok(()),
            };
        }
        Sizing::Listed(sizes) => {
            let list = || {
                sizes
                    .iter()
                    .map(|(w, h)| format!("{w}×{h}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            match (asked(&*given), ratio) {
                (Some((width, height)), _) => {
                    let is_listed = sizes
                        .iter()
                        .any(|(w, h)| (u64::from(*w), u64::from(*h)) == (width, height));
                    if !is_listed {
                        let words = format!("This model makes {width}×{height} not; it makes {}.", list());
                        return Err(Problem::invalid("width", words));
                    }
                    (width, height)
                }
                (None, ratio) => {
                    let ratio =
                        ratio.unwrap_or_else(|| side("width", "default") as f64 / side("height", "default") as f64);
                    let far = |(w, h): &(u32, u32)| (f64::from(*w) / f64::from(*h) / ratio).ln().abs();
                    let nearest = sizes.iter().min_by(|a, b| far(a).total_cmp(&far(b)));
                    let (w, h) = nearest.copied().unwrap_or((1024, 1024));
                    (u64::from(w), u64::from(h))
                }
            }
        }
        Sizing::Free {
            step,
            min_pixels,
            max_pixels,
            max_ratio,
        } => {
            let step = u64::from((*step).max(1));
            match (asked(&*given), ratio) {
                (Some((width, height)), _) => {
                    let pixels = width * height;
                    let refuse = |field: &str, words: String| Err(Problem::invalid(field, words));
                    for (name, value) in [("width", width), ("height", height)] {
                        if value % step != 0 {
                            let near = (value + step / 2) / step * step;
                            return refuse(
                                name,
                                format!("`{name}` must be a multiple of {step}; {near} is near {value}."),
                            );
                        }
                    }
                    if pixels < *min_pixels || pixels > *max_pixels {
                        return refuse(
                            "width",
                            format!(
                                "{width}×{height} has {pixels} pixels; this model makes {min_pixels} to {max_pixels}."
                            ),
                        );
                    }
                    if width.max(height) as f64 > width.min(height) as f64 * max_ratio {
                        return refuse(
                            "width",
                            format!("The longer side may be at most {max_ratio} times the shorter."),
                        );
                    }
                    (width, height)
                }
                (None, None) => (side("width", "default"), side("height", "default")),
                (None, Some(ratio)) => {
                    if ratio > *max_ratio || ratio < 1.0 / max_ratio {
                        let words = format!("This model makes ratios up to {max_ratio}:1 and 1:{max_ratio}.");
                        return Err(Problem::invalid(
                            if shape.is_some() { "shape" } else { "aspect_ratio" },
                            words,
                        ));
                    }
                    let area =
                        (side("width", "default") * side("height", "default")).clamp(*min_pixels, *max_pixels) as f64;
                    let most = side("width", "maximum").max(step);
                    let least = side("width", "minimum").div_ceil(step) * step;
                    let round = |side: f64| {
                        (((side / step as f64).round() as u64).max(1) * step).clamp(least, most / step * step)
                    };
                    let (mut width, mut height) = (round((area * ratio).sqrt()), round((area / ratio).sqrt()));
                    // Rounding must not leave the limits.
                    while width * height > *max_pixels && width.max(height) > least {
                        if width >= height { width -= step } else { height -= step }
                    }
                    while width * height < *min_pixels && width.min(height) + step <= most {
                        if width <= height { width += step } else { height += step }
                    }
                    (width, height)
                }
            }
        }
    };
    given.remove("aspect_ratio");
    given.insert("width".into(), json!(size.0));
    given.insert("height".into(), json!(size.1));
    Ok(())
}

fn check_ratio(properties: &Value, ratio: &str) -> Result<(), Problem> {
    let known = properties["aspect_ratio"]["enum"].as_array();
    match known {
        Some(known) if !known.iter().any(|one| one == ratio) => {
            let list: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
            let words = format!("That shape is {ratio}; this model makes {}.", list.join(", "));
            Err(Problem::invalid("shape", words))
        }
        _ => Ok(()),
    }
}

pub(crate) fn read_ratio(text: &str) -> Result<f64, Problem> {
    text.split_once(':')
        .and_then(|(w, h)| Some(w.parse::<f64>().ok()? / h.parse::<f64>().ok()?))
        .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
        .ok_or_else(|| {
            Problem::invalid(
                "aspect_ratio",
                "The aspect ratio must be two whole numbers such as 16:9.",
            )
        })
}

/// A number from 0 to `most`.
fn random(most: u64) -> u64 {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    u64::from_le_bytes(bytes) % most.saturating_add(1).max(1)
}
