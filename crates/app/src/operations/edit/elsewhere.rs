//! An edit by a vendor's model. What is wished for is said in the edit's own words; which inputs of a model that means is
//! read from the model's schema, so that a row of the catalogue is all that a vendor's tool needs.

use aquatint_domain::model::{Sale, Sizing};
use aquatint_domain::{Anchor, Credits, MediaKind, Model, Problem};
use aquatint_engines::{Output, Work};
use aquatint_providers::schema::{EXAMPLE_ASSET, media_fields};
use aquatint_providers::{Facts, Medium, provider};
use serde_json::{Map, Value, json};

use super::{Edit, ItemArgs, is_far};
use crate::formats::OutputFormat;
use crate::inputs::Source;
use crate::jobs::{JobContext, Product};
use crate::operation::{Context, Spec};
use crate::operations::generate_media::{self, check_deprecation};
use crate::operations::models::needs;
use crate::studio::Studio;
use crate::vendors::inputs::{self, VendorItem};
use crate::vendors::purchase::{self, BoughtEdit};

/// The size that is reckoned with where a picture is fetched later, in pixels.
const USUAL_SIZE: (u32, u32) = (1024, 1024);
/// Models that are named where the one asked for cannot do it.
const MOST_NAMED: usize = 8;

/// What an edit wants of a model, whoever runs it.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// The subject on transparency.
    RemoveBackground,
    /// So many times as wide and high; the model decides where nothing is said.
    Upscale {
        times: Option<u32>,
    },
    Expand(Canvas),
    /// The marked part is gone.
    Erase {
        seed: u64,
    },
}

/// How a larger canvas was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Canvas {
    Ratio(String, Anchor),
    Size(u32, u32, Anchor),
    /// Pixels on the left, on top, on the right, at the bottom.
    Margins([u32; 4]),
}

/// Names of the four sides in vendors' schemas: left, top, right, bottom.
const SIDES: [[&str; 4]; 3] = [
    ["left", "top", "right", "bottom"],
    ["left", "up", "right", "down"],
    ["expand_left", "expand_top", "expand_right", "expand_bottom"],
];

impl Wish {
    /// Whether a model is made for this.
    fn fits(&self, model: &Model) -> bool {
        let can = model.capabilities;
        let has_picture = image_field(model).is_some();
        let is_skilled = match self {
            Self::RemoveBackground => can.remove_background,
            Self::Upscale { .. } => can.upscale,
            Self::Expand(_) => can.expand,
            Self::Erase { .. } => can.masks && has(model, "mask"),
        };
        // A model that needs more than a picture, a mask and words is made for something else.
        let required = model.input_schema["required"].as_array().into_iter().flatten();
        let is_enough = required
            .filter_map(Value::as_str)
            .all(|name| ["images", "image", "input_image", "mask", "prompt"].contains(&name));
        model.kind == MediaKind::Image && has_picture && is_skilled && is_enough
    }

    /// What is said to models that want words with a picture.
    fn words(&self) -> &'static str {
        match self {
            Self::RemoveBackground => "the subject alone",
            Self::Upscale { .. } => "the same picture, sharp and full of detail",
            Self::Expand(_) => "the same scene, continued naturally beyond its edges",
            Self::Erase { .. } => "plain background that continues its surroundings; nothing else",
        }
    }

    /// The inputs of a model for a picture of this size, by the names of its schema, without the media.
    fn inputs(&self, model: &Model, size: (u32, u32)) -> Result<Map<String, Value>, Problem> {
        let mut given = match self {
            Self::RemoveBackground => Map::new(),
            Self::Upscale { times } => upscale(model, *times)?,
            Self::Expand(canvas) => expand(model, canvas, size)?,
            Self::Erase { seed } if has(model, "seed") => Map::from_iter([("seed".to_owned(), json!(seed))]),
            Self::Erase { .. } => Map::new(),
        };
        let required = model.input_schema["required"].as_array();
        if required.is_some_and(|names| names.iter().any(|name| name == "prompt")) {
            given.insert("prompt".into(), json!(self.words()));
        }
        let image = image_field(model).unwrap_or("images");
        let is_list = media_fields(&model.input_schema)
            .iter()
            .any(|(name, _, is_list)| name == image && *is_list);
        let picture = if is_list {
            json!([EXAMPLE_ASSET])
        } else {
            json!(EXAMPLE_ASSET)
        };
        given.insert(image.to_owned(), picture);
        if matches!(self, Self::Erase { .. }) {
            given.insert("mask".into(), json!(EXAMPLE_ASSET));
        }
        inputs::settle(model, given).map_err(|problem| self.in_our_words(problem))
    }

    /// The vendor's names of inputs mean nothing to somebody who asked for an edit.
    fn in_our_words(&self, problem: Problem) -> Problem {
        let field = problem.field.as_deref().unwrap_or_default();
        let ours = match self {
            Self::Upscale { .. } if field.contains("factor") || field == "scale" => "scale",
            Self::Expand(_) => SIDES
                .iter()
                .find_map(|names| names.iter().position(|name| *name == field))
                .map_or(field, |side| SIDES[0][side]),
            _ => field,
        };
        let ours = ours.to_owned();
        problem.at(ours)
    }

    /// Pixels of what comes out, as far as that can be told before.
    fn result_size(&self, model: &Model, size: (u32, u32), inputs: &Map<String, Value>) -> (u32, u32) {
        match self {
            Self::Upscale { times } => {
                let default = factor_field(model)
                    .and_then(|field| inputs.get(field))
                    .and_then(|factor| {
                        factor
                            .as_f64()
                            .or_else(|| factor.as_str()?.trim_start_matches('x').parse().ok())
                    });
                let times = times.map(f64::from).or(default).unwrap_or(2.0);
                let side = |side: u32| (f64::from(side) * times).round() as u32;
                (side(size.0), side(size.1))
            }
            Self::Expand(canvas) => canvas.margins(size).map_or(size, |[left, top, right, bottom]| {
                (size.0 + left + right, size.1 + top + bottom)
            }),
            Self::RemoveBackground | Self::Erase { .. } => size,
        }
    }
}

impl Canvas {
    /// Pixels to add on the left, on top, on the right, at the bottom of a picture of that size.
    fn margins(&self, (width, height): (u32, u32)) -> Result<[u32; 4], Problem> {
        let (wide, high, anchor) = match self {
            Self::Margins(margins) => return Ok(*margins),
            Self::Size(wide, high, anchor) => (*wide, *high, *anchor),
            Self::Ratio(ratio, anchor) => {
                let ratio = inputs::read_ratio(ratio)?;
                let (w, h) = (f64::from(width), f64::from(height));
                if w / h < ratio {
                    ((h * ratio).round() as u32, height, *anchor)
                } else {
                    (width, (w / ratio).round() as u32, *anchor)
                }
            }
        };
        if wide < width || high < height {
            return Err(Problem::invalid(
                "width",
                format!("The canvas of {wide}×{high} px is smaller than the picture, which has {width}×{height}."),
            )
            .hint("Expanding cuts nothing: ask for at least that, or crop first."));
        }
        let (across, down) = anchor.shares();
        let left = (f64::from(wide - width) * across).floor() as u32;
        let top = (f64::from(high - height) * down).floor() as u32;
        Ok([left, top, wide - width - left, high - height - top])
    }

    fn is_centered(&self) -> bool {
        match self {
            Self::Ratio(_, anchor) | Self::Size(_, _, anchor) => *anchor == Anchor::Center,
            Self::Margins([left, top, right, bottom]) => left == right && top == bottom,
        }
    }
}

fn has(model: &Model, name: &str) -> bool {
    model.input_schema["properties"].get(name).is_some()
}

/// Where a model takes the picture to edit.
fn image_field(model: &Model) -> Option<&'static str> {
    ["images", "image", "input_image"]
        .into_iter()
        .find(|name| has(model, name))
}

/// How a model is told the enlargement.
fn factor_field(model: &Model) -> Option<&'static str> {
    ["upscale_factor", "scale", "scale_factor"]
        .into_iter()
        .find(|name| has(model, name))
}

fn upscale(model: &Model, times: Option<u32>) -> Result<Map<String, Value>, Problem> {
    let Some(times) = times else { return Ok(Map::new()) };
    let field = factor_field(model).ok_or_else(|| {
        Problem::invalid(
            "scale",
            format!(
                "{} decides itself how large the result is. Leave `scale` out.",
                model.name
            ),
        )
    })?;
    let schema = &model.input_schema["properties"][field];
    let value = if schema["type"] == "string" {
        json!(format!("x{times}"))
    } else {
        json!(times)
    };
    if let Some(known) = schema["enum"].as_array()
        && !known.contains(&value)
    {
        let list: Vec<String> = known
            .iter()
            .map(|one| one.to_string().replace(['"', 'x'], ""))
            .collect();
        return Err(Problem::invalid(
            "scale",
            format!(
                "{} makes pictures {} times as large, not {times}.",
                model.name,
                list.join(", ")
            ),
        ));
    }
    Ok(Map::from_iter([(field.to_owned(), value)]))
}

fn expand(model: &Model, canvas: &Canvas, size: (u32, u32)) -> Result<Map<String, Value>, Problem> {
    let mut given = Map::new();
    // By margins.
    if let Some(names) = SIDES.iter().find(|names| names.iter().all(|name| has(model, name))) {
        for (name, pixels) in names.iter().zip(canvas.margins(size)?) {
            if pixels > 0 {
                given.insert((*name).to_owned(), json!(pixels));
            }
        }
        if given.is_empty() {
            return Err(Problem::invalid(
                "aspect_ratio",
                "The picture has that shape already; nothing is added.",
            ));
        }
        return Ok(given);
    }
    // By a canvas and where the picture stands on it.
    if has(model, "reference_offset_x") && has(model, "width") {
        let [left, top, right, bottom] = canvas.margins(size)?;
        let step = match &model.sizing {
            Sizing::Free { step, .. } if !matches!(canvas, Canvas::Size(..)) => (*step).max(1),
            _ => 1,
        };
        let side = |pixels: u32| pixels.div_ceil(step) * step;
        given.insert("width".into(), json!(side(size.0 + left + right)));
        given.insert("height".into(), json!(side(size.1 + top + bottom)));
        given.insert("reference_offset_x".into(), json!(left));
        given.insert("reference_offset_y".into(), json!(top));
        return Ok(given);
    }
    // By shape or size alone; the picture stays in the middle.
    if !canvas.is_centered() {
        return Err(Problem::invalid(
            "anchor",
            format!(
                "{} keeps the picture in the middle. Leave `anchor` and margins out.",
                model.name
            ),
        ));
    }
    match canvas {
        Canvas::Ratio(ratio, _) if has(model, "aspect_ratio") => {
            given.insert("aspect_ratio".into(), json!(ratio));
        }
        Canvas::Size(width, height, _) if has(model, "width") => {
            given.insert("width".into(), json!(width));
            given.insert("height".into(), json!(height));
        }
        _ => {
            return Err(Problem::invalid(
                "aspect_ratio",
                format!("{} takes a shape: send `aspect_ratio`, such as `16:9`.", model.name),
            ));
        }
    }
    Ok(given)
}

/// A vendor's model for an edit.
pub(super) struct Chosen {
    pub model: Model,
    wish: Wish,
    facts: &'static Facts,
    is_own_key: bool,
    is_listed: bool,
}

/// The vendor's model that the caller names, or that the operator's settings name where the caller leaves it open. `None`
/// leaves the edit to this machine.
pub(super) async fn chosen<E: Edit>(
    cx: &Context,
    spec: &Spec,
    options: &E::Options,
) -> Result<Option<Chosen>, Problem> {
    match E::model(options) {
        Some(named) if is_far(named) => by_name::<E>(cx, options, named).await.map(Some),
        None | Some("auto") => {
            let Some(set) = cx.studio.settings().edit_models.get(spec.name) else {
                return Ok(None);
            };
            // Nobody asked for this model: where it cannot do what was asked for, or there is no key, this machine does it.
            match by_name::<E>(cx, options, set).await {
                Ok(chosen) => Ok(Some(chosen)),
                Err(problem) => {
                    tracing::debug!(model = %set, code = problem.code.as_str(), "the model of the settings is not used for this edit");
                    Ok(None)
                }
            }
        }
        Some(_) => Ok(None),
    }
}

async fn by_name<E: Edit>(cx: &Context, options: &E::Options, named: &str) -> Result<Chosen, Problem> {
    let workspace = &cx.caller.workspace;
    let shown = aquatint_domain::text::one_line(named, 80);
    let unfit = |what: String| {
        Problem::invalid("model", what).hint("`models` `list` tells what each model can do; `built-in` needs no key.")
    };
    let wish = E::wish(options)
        .ok_or_else(|| unfit(format!("This edit is done on this machine alone, not by `{shown}`.")))??;
    let model = cx.studio.model(workspace, named).await?;
    let Some(model) = model.filter(|model| provider::find(&model.maker).is_some()) else {
        return Err(unfit(format!("There is no model `{shown}` of a vendor.")));
    };
    check_deprecation(&model, cx.studio.now())?;
    if !wish.fits(&model) {
        let usable = cx.studio.usable_vendors(workspace).await?;
        let catalogue = cx.studio.catalogue();
        let fitting: Vec<&str> = catalogue
            .all()
            .iter()
            .filter(|model| {
                wish.fits(model) && provider::find(&model.maker).is_some() && needs(model, &usable).is_none()
            })
            .map(|model| model.id.as_str())
            .take(MOST_NAMED)
            .collect();
        let others = if fitting.is_empty() {
            String::new()
        } else {
            format!(" These can: {}.", fitting.join(", "))
        };
        return Err(unfit(format!("{} cannot do this edit.{others}", model.name)));
    }
    let account = cx.studio.vendor(workspace, &model.maker).await?;
    // What the model does not have is told before anything is looked at; whether a canvas is large enough says the picture.
    if !matches!(wish, Wish::Expand(Canvas::Size(..))) {
        wish.inputs(&model, USUAL_SIZE)?;
    }
    let is_listed = cx.studio.catalogue().find(&model.id).is_some();
    Ok(Chosen {
        wish,
        facts: account.service.facts(),
        is_own_key: account.is_own,
        is_listed,
        model,
    })
}

impl Chosen {
    /// What one picture costs, and what its job needs. A picture that is fetched later is reckoned with as a usual one.
    pub async fn item(&self, cx: &Context, source: &Source) -> Result<(Credits, VendorItem), Problem> {
        let size = match source {
            Source::Asset(id) => {
                let asset = cx.studio.asset(&cx.caller.workspace, id).await?;
                Some((asset.width, asset.height))
            }
            Source::Url(_) => None,
        };
        let price = match (self.wish.inputs(&self.model, size.unwrap_or(USUAL_SIZE)), size) {
            _ if self.is_own_key => cx.studio.settings().own_key_fee,
            (Ok(inputs), _) => price_of(&self.model, &self.wish, size.unwrap_or(USUAL_SIZE), &inputs),
            (Err(problem), Some(_)) => return Err(problem),
            (Err(_), None) => price_of(&self.model, &self.wish, USUAL_SIZE, &Map::new()),
        };
        if let (true, Some(size)) = (self.is_own_key, size) {
            self.wish.inputs(&self.model, size)?;
        }
        let item = VendorItem {
            is_own_key: self.is_own_key,
            found: (!self.is_listed).then(|| Box::new(self.model.clone())),
            ..VendorItem::default()
        };
        Ok((price, item))
    }

    /// Refuses where the server's budget at the vendor is used up.
    pub async fn check_budget(&self, cx: &Context, price: Credits) -> Result<(), Problem> {
        cx.studio.check_budget(self.facts, self.is_own_key, price).await
    }
}

fn price_of(model: &Model, wish: &Wish, size: (u32, u32), inputs: &Map<String, Value>) -> Credits {
    let (width, height) = wish.result_size(model, size, inputs);
    model.price.price_of(&Sale {
        outputs: 1,
        width,
        height,
        seconds: 0.0,
        media: if matches!(wish, Wish::Erase { .. }) { 2 } else { 1 },
        inputs,
    })
}

/// What one picture costs where nothing is known of it, for estimates of pipelines. `None` where this machine does it.
pub(super) fn price<E: Edit>(studio: &Studio, options: &E::Options) -> Option<Credits> {
    let set = || studio.settings().edit_models.get(E::SPEC.name).map(String::as_str);
    let named = match E::model(options) {
        Some(named) if is_far(named) => Some(named),
        None | Some("auto") => set(),
        Some(_) => None,
    }?;
    let wish = E::wish(options)?.ok()?;
    let catalogue = studio.catalogue();
    let model = catalogue.find(named)?;
    let inputs = wish.inputs(model, USUAL_SIZE).unwrap_or_default();
    Some(price_of(model, &wish, USUAL_SIZE, &inputs))
}

/// Does the work of one job at the vendor.
pub(super) async fn make<E: Edit>(
    cx: &JobContext,
    mut item: ItemArgs<E::Options>,
    mut wanted: VendorItem,
) -> Result<Product, Problem> {
    cx.step(0.0, 0.1);
    let named = cx.job.model.clone().unwrap_or_default();
    let catalogue = cx.studio.catalogue();
    let found = wanted.found.clone();
    let model = found.as_deref().or_else(|| catalogue.find(&named));
    let model = model.ok_or_else(|| Problem::not_found("model", &named))?;
    let wish = E::wish(&item.options).ok_or_else(|| Problem::internal("this edit is done here alone"))??;
    let (input, bytes) = cx.input(&item.image).await?;
    wanted.inputs = wish.inputs(model, (input.width, input.height))?;
    let field = image_field(model).unwrap_or("images");
    wanted.media = vec![(field.to_owned(), input.id.to_string())];

    // A mask is drawn here, as large as the picture, from whichever way it was said.
    let mut drawn = Vec::new();
    if matches!(wish, Wish::Erase { .. }) {
        let mut pictures = vec![bytes];
        for (field, named) in E::pictures(&mut item.options) {
            let (other, bytes) = cx.input(named).await.map_err(|problem| problem.at(&field))?;
            *named = other.id.to_string();
            pictures.push(bytes);
        }
        let mut arguments = E::arguments(&item.options)?;
        if let Value::Object(arguments) = &mut arguments {
            arguments.retain(|name, _| name == "region" || name == "grow");
        }
        let work = Work {
            engine: "mask.draw".into(),
            arguments,
            output: Output {
                format: Some(aquatint_domain::MediaType::Png),
                ..Output::default()
            },
        };
        let mask = cx.make(&work, pictures).await?;
        let bytes = aquatint_providers::mask::grey(&mask.bytes).map_err(|fault| fault.into_problem("The mask"))?;
        drawn.push(Medium {
            field: "mask".into(),
            media_type: aquatint_domain::MediaType::Png,
            bytes,
            width: input.width,
            height: input.height,
            seconds: 0.0,
            url: None,
        });
    }

    cx.step(0.1, 1.0);
    let mut arguments = serde_json::to_value(&item).map_err(Problem::internal)?;
    arguments["image"] = json!(input.id);
    let edit = BoughtEdit {
        drawn,
        title: format!("{}, {}", input.title, E::SUFFIX),
        arguments,
        output: Output {
            format: item.writing.output_format.map(OutputFormat::media_type),
            quality: item.writing.quality,
            background: None,
        },
    };
    let order = generate_media::ItemArgs {
        model: model.id.clone(),
        prompt: None,
        prompt_used: None,
        images: Vec::new(),
        count: 1,
        width: None,
        height: None,
        style: None,
        seed: 0,
        duration_seconds: None,
        output_format: String::new(),
        collection_id: item.collection_id.clone(),
        vendor: None,
        edit: Some(edit),
    };
    purchase::make(cx, model, &order, &wanted).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models() -> Vec<Model> {
        aquatint_providers::ALL
            .iter()
            .flat_map(|provider| provider.models())
            .collect()
    }

    fn model(id: &str) -> Model {
        models().into_iter().find(|model| model.id == id).expect("there is one")
    }

    #[test]
    fn every_model_that_is_made_for_an_edit_takes_what_it_asks() {
        let canvas = |ratio: &str| Wish::Expand(Canvas::Ratio(ratio.to_owned(), Anchor::Center));
        for (wish, least) in [
            (Wish::RemoveBackground, 5),
            (Wish::Upscale { times: None }, 8),
            (Wish::Erase { seed: 7 }, 5),
            (canvas("16:9"), 5),
        ] {
            let fitting: Vec<Model> = models().into_iter().filter(|model| wish.fits(model)).collect();
            assert!(fitting.len() >= least, "{wish:?}: {}", fitting.len());
            for model in fitting {
                let inputs = wish
                    .inputs(&model, (1024, 1024))
                    .unwrap_or_else(|problem| panic!("{}: {problem:?}", model.id));
                assert!(
                    !inputs.contains_key("images") && !inputs.contains_key("mask"),
                    "{}",
                    model.id
                );
                let price = price_of(&model, &wish, (1024, 1024), &inputs);
                // What runs on a machine of one's own costs nothing.
                assert!(
                    price > Credits::ZERO || model.maker == "comfyui",
                    "{} is free",
                    model.id
                );
            }
        }
    }

    #[test]
    fn sides_canvases_and_factors_become_the_models_own() {
        let margins = Wish::Expand(Canvas::Margins([10, 0, 30, 0]));
        let ratio = |anchor| Wish::Expand(Canvas::Ratio("2:1".into(), anchor));
        let inputs = |wish: &Wish, id: &str, size| wish.inputs(&model(id), size);
        let given = inputs(&margins, "image/stability/outpaint", (100, 100)).expect("fits");
        assert_eq!((&given["left"], &given["right"]), (&json!(10), &json!(30)));
        assert!(given.get("up").is_none());
        let given = inputs(&ratio(Anchor::Left), "image/bfl/flux-1-expand", (100, 100)).expect("fits");
        assert_eq!((&given["left"], &given["right"]), (&json!(0), &json!(100)));
        let given = inputs(&ratio(Anchor::Right), "image/bfl/flux-outpaint", (512, 512)).expect("fits");
        assert_eq!(
            (&given["width"], &given["reference_offset_x"]),
            (&json!(1024), &json!(512))
        );
        let problem = inputs(&ratio(Anchor::Top), "image/ideogram/ideogram-3-reframe", (512, 512)).expect_err("no");
        assert_eq!(problem.field.as_deref(), Some("anchor"));
        let twice = Wish::Upscale { times: Some(2) };
        assert_eq!(
            inputs(&twice, "image/ideogram/ideogram-upscale", (64, 64)).expect("fits")["upscale_factor"],
            json!("x2")
        );
        assert_eq!(
            inputs(&twice, "image/runway/magnific-precision-2", (64, 64)).expect("fits")["scale"],
            json!(2)
        );
        let thrice = Wish::Upscale { times: Some(3) };
        for id in ["image/ideogram/ideogram-upscale", "image/stability/upscale-fast"] {
            let problem = inputs(&thrice, id, (64, 64)).expect_err("no");
            assert_eq!(problem.field.as_deref(), Some("scale"), "{id}");
        }
    }
}
