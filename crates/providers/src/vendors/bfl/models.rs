//! The models as data. A row's `vendor_model` is the path that it is bought at.
//!
//! Prices of 2026-10 from <https://docs.bfl.ml/quick_start/pricing>. FLUX.2 is billed by the started megapixel, of the
//! result and of every picture that goes in; the tools are not itemised there, so their rows hold the price of the model
//! underneath. What is charged is what the finished task says it cost.

use aquatint_domain::model::{PriceRule, Rate, Sizing, Tier};
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::json;

use super::FACTS;
use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};

/// FLUX takes prompts of up to 32,000 tokens; this many characters are within that in any language.
const MAX_PROMPT: u32 = 20_000;
const MAX_SEED: u64 = 4_294_967_295;
const LICENSE: &str = "Black Forest Labs' developer terms: results may be used commercially";
const FORMATS: &[&str] = &["jpeg", "png", "webp"];

const FLUX_3_RATIOS: &[&str] = &[
    "auto", "21:9", "2:1", "16:9", "3:2", "7:5", "4:3", "5:4", "1:1", "4:5", "3:4", "5:7", "2:3", "9:16", "1:2", "9:21",
];
const VIDEO_RATIOS: &[&str] = &["auto", "21:9", "2:1", "16:9", "4:3", "1:1", "3:4", "9:16"];
const VIDEO_SIZES: &[&str] = &["hd", "fhd", "qhd", "uhd"];
/// Anything between 21:9 and 9:21 is taken; these are the usual ones.
const FLUX_1_RATIOS: &[&str] = &[
    "21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16", "9:21",
];

pub fn all() -> Vec<Model> {
    let mut models = vec![flux_3_image()];
    models.extend(FLUX_2.iter().map(flux_2));
    models.extend([
        kontext("pro", 0.04, 4),
        kontext("max", 0.08, 5),
        flux_1_1_pro(),
        flux_1_1_ultra(false),
        flux_1_dev(),
        fill(false),
        expand(),
        flux_1_1_ultra(true),
        fill(true),
        erase(),
        outpaint(),
        deblur(),
        try_on("v2", "up to 4 megapixels"),
        try_on("v1", "up to 2 megapixels"),
        flux_3_video(),
        flux_3_continue(),
        flux_3_enhance(),
        video_edit(),
        video_upscale(),
    ]);
    models
}

fn picture(id: &str, path: &str, name: &str, docs: &str) -> Model {
    row(id, path, name, docs, MediaKind::Image)
}

fn row(id: &str, path: &str, name: &str, docs: &str, kind: MediaKind) -> Model {
    let section = if kind == MediaKind::Video { "video" } else { "image" };
    Model {
        name: name.into(),
        vendor_model: path.into(),
        license: LICENSE.into(),
        docs_url: Some(format!("https://docs.bfl.ml/{docs}")),
        ..Model::base(&format!("{section}/bfl/{id}"), FACTS.id, kind)
    }
}

/// 0 lets least through, `most` lets most through.
fn safety(inputs: Inputs, most: u32) -> Inputs {
    inputs.with(
        "safety_tolerance",
        json!({ "type": "integer", "minimum": 0, "maximum": most, "default": 2, "description": "Moderation: 0 is the strictest." }),
    )
}

fn steps(inputs: Inputs, least: u32, default: u32) -> Inputs {
    inputs.with("steps", json!({ "type": "integer", "minimum": least, "maximum": 50, "default": default, "description": "More takes longer and shows more detail." }))
}

fn guidance(inputs: Inputs, most: f64, default: f64) -> Inputs {
    inputs.with("guidance", json!({ "type": "number", "minimum": 1.5, "maximum": most, "default": default, "description": "How closely it follows the prompt." }))
}

/// Billed by started megapixels: the first, and every further one of the result or of a picture that goes in.
fn by_megapixel(first: f64, more: f64) -> PriceRule {
    PriceRule {
        rate: Rate {
            per_output: usd(first),
            per_megapixel: usd(more),
            per_input: usd(more),
            ..Rate::default()
        },
        included_megapixels: 1,
        megapixel: Some(1024 * 1024),
        whole_megapixels: true,
        is_estimate: true,
        ..PriceRule::default()
    }
}

fn flux_3_image() -> Model {
    let sizes = ["768sq", "1k", "1.5k", "2k", "4k"];
    // 1.5k has no published price; it is held as 2k.
    let prices = [
        ("768sq", 0.041),
        ("1k", 0.048),
        ("1.5k", 0.1),
        ("2k", 0.1),
        ("4k", 0.607),
    ];
    let inputs = safety(Inputs::prompt(MAX_PROMPT).count().style().ratios(FLUX_3_RATIOS, "auto").resolution(&sizes, "1k"), 4)
        .images(10, "Pictures to change or to draw from; the prompt calls them image 1, image 2 and so on. At least 256 pixels a side, at most 16 megapixels.")
        .flag("grounding", true, "May search the web and pictures for facts before drawing; slower.")
        .example(json!({ "prompt": "a two-colour risograph of a hare reading the paper", "resolution": "768sq" }))
        .example(json!({ "prompt": "put the bottle of image 1 onto the table of image 2", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "grounding": false }));
    Model {
        description: "FLUX 3 Image: makes pictures of words and changes up to ten, with legible text, exact colours, facts from the web, and layouts by boxes written into the prompt.".into(),
        best_for: "posters, layouts and edits that must hit every detail".into(),
        capabilities: Capabilities { text_to_image: true, image_to_image: true, references: true, text_rendering: true, ..Capabilities::default() },
        sizing: Sizing::Ratio,
        price: PriceRule {
            rate: Rate::per_output(usd(0.048)),
            tiers: prices.map(|(size, price)| Tier::when([("resolution", json!(size))], Rate::per_output(usd(price)))).into(),
            is_estimate: true,
            ..PriceRule::default()
        },
        quality_rating: 5,
        pricing_rating: 3,
        input_schema: inputs.finish(),
        ..picture("flux-3-image", "flux-3-image", "FLUX 3 Image", "flux_3/flux3_image_overview")
    }
}

/// What differs between the models of FLUX.2.
struct Flux2 {
    id: &'static str,
    name: &'static str,
    best_for: &'static str,
    references: u32,
    /// Dollars for the first megapixel and for every further one.
    price: (f64, f64),
    quality: u8,
    pricing: u8,
    speed: &'static str,
}

const FLUX_2: &[Flux2] = &[
    Flux2 {
        id: "flux-2-max",
        name: "FLUX.2 [max]",
        best_for: "the most consistent edits, and facts from the web",
        references: 8,
        price: (0.07, 0.03),
        quality: 5,
        pricing: 4,
        speed: "medium",
    },
    Flux2 {
        id: "flux-2-pro",
        name: "FLUX.2 [pro]",
        best_for: "everyday production: photographs, products, edits of several pictures",
        references: 8,
        price: (0.03, 0.015),
        quality: 4,
        pricing: 3,
        speed: "fast",
    },
    Flux2 {
        id: "flux-2-pro-preview",
        name: "FLUX.2 [pro] preview",
        best_for: "the newest state of FLUX.2 [pro], which may change any day",
        references: 8,
        price: (0.03, 0.015),
        quality: 4,
        pricing: 3,
        speed: "fast",
    },
    Flux2 {
        id: "flux-2-flex",
        name: "FLUX.2 [flex]",
        best_for: "typography and small details, with steps and guidance to set",
        references: 8,
        price: (0.05, 0.05),
        quality: 4,
        pricing: 4,
        speed: "slow",
    },
    Flux2 {
        id: "flux-2-klein-9b",
        name: "FLUX.2 [klein] 9B",
        best_for: "drafts and large batches within a second or two",
        references: 4,
        price: (0.015, 0.002),
        quality: 3,
        pricing: 1,
        speed: "instant",
    },
    Flux2 {
        id: "flux-2-klein-9b-preview",
        name: "FLUX.2 [klein] 9B preview",
        best_for: "the newest state of FLUX.2 [klein] 9B, which may change any day",
        references: 4,
        price: (0.015, 0.002),
        quality: 3,
        pricing: 1,
        speed: "instant",
    },
    Flux2 {
        id: "flux-2-klein-4b",
        name: "FLUX.2 [klein] 4B",
        best_for: "the cheapest and quickest drafts",
        references: 4,
        price: (0.014, 0.001),
        quality: 2,
        pricing: 1,
        speed: "instant",
    },
];

fn flux_2(variant: &Flux2) -> Model {
    let is_flex = variant.id == "flux-2-flex";
    let is_klein = variant.references == 4;
    let mut inputs = safety(
        Inputs::prompt(MAX_PROMPT)
            .count()
            .style()
            .size(64, 4096, 1024, 1024)
            .seed(MAX_SEED)
            .formats(FORMATS, "jpeg"),
        5,
    )
    .images(
        variant.references,
        "Pictures to change or to draw from; the prompt calls them image 1, image 2 and so on.",
    )
    .flag(
        "keep_size",
        false,
        "With pictures: the result is as large as the first one, in place of width and height.",
    );
    if !is_klein {
        inputs = inputs.flag(
            "prompt_upsampling",
            true,
            "Lets the vendor write the prompt out before drawing.",
        );
    }
    if is_flex {
        inputs = guidance(steps(inputs, 1, 50), 10.0, 5.0);
    }
    inputs = inputs
        .example(json!({ "prompt": "a lighthouse in fog, the lamp in #ffb300", "width": 1344, "height": 768, "seed": 42 }))
        .example(json!({ "prompt": "the jacket of image 2 on the person of image 1", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "keep_size": true, "output_format": "png" }));
    if is_flex {
        inputs = inputs.example(json!({ "prompt": "a poster that says SUMMER SALE", "steps": 28, "guidance": 7.0, "prompt_upsampling": false }));
    }
    Model {
        description: format!(
            "{}: makes pictures of words and changes up to {} pictures by words, up to 4 megapixels.",
            variant.name, variant.references
        ),
        best_for: variant.best_for.into(),
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            references: true,
            text_rendering: !is_klein,
            ..Capabilities::default()
        },
        sizing: Sizing::Free {
            step: 16,
            min_pixels: 64 * 64,
            max_pixels: 2048 * 2048,
            max_ratio: 16.0,
        },
        price: by_megapixel(variant.price.0, variant.price.1),
        quality_rating: variant.quality,
        pricing_rating: variant.pricing,
        speed: variant.speed.into(),
        license: match variant.id {
            "flux-2-klein-4b" => format!("{LICENSE}; the weights are open under Apache 2.0"),
            _ => LICENSE.into(),
        },
        input_schema: inputs.finish(),
        ..picture(variant.id, variant.id, variant.name, "flux_2/flux2_overview")
    }
}

fn kontext(variant: &str, price: f64, quality: u8) -> Model {
    let path = format!("flux-kontext-{variant}");
    let inputs = safety(Inputs::prompt(MAX_PROMPT).count().style().ratios(FLUX_1_RATIOS, "1:1").seed(MAX_SEED).formats(FORMATS, "png"), 6)
        .images(4, "The picture to change; more than one is an experiment of the vendor's.")
        .flag("prompt_upsampling", false, "Lets the vendor write the prompt out before drawing.")
        .example(json!({ "prompt": "a tin robot in a tulip field", "aspect_ratio": "3:2" }))
        .example(json!({ "prompt": "make the car red and keep everything else", "images": [EXAMPLE_ASSET], "aspect_ratio": "4:3" }));
    Model {
        description: format!(
            "FLUX.1 Kontext [{variant}]: changes a picture by words and makes pictures of words, of about one megapixel. FLUX.2 is newer."
        ),
        best_for: "local edits that keep the rest of a picture".into(),
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            references: true,
            text_rendering: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Ratio,
        price: PriceRule::flat(usd(price)),
        quality_rating: quality - 1,
        input_schema: inputs.finish(),
        ..picture(
            &path,
            &path,
            &format!("FLUX.1 Kontext [{variant}]"),
            "kontext/kontext_overview",
        )
    }
}

fn flux_1_1_pro() -> Model {
    let inputs = safety(
        Inputs::prompt(MAX_PROMPT)
            .count()
            .style()
            .size(256, 1440, 1024, 768)
            .seed(MAX_SEED)
            .formats(FORMATS, "jpeg"),
        6,
    )
    .images(1, "A picture whose look is taken up.")
    .flag(
        "prompt_upsampling",
        false,
        "Lets the vendor write the prompt out before drawing.",
    )
    .example(json!({ "prompt": "a heron on a jetty at dawn", "width": 1280, "height": 832 }))
    .example(json!({ "prompt": "the same light over a harbour", "images": [EXAMPLE_ASSET] }));
    Model {
        description: "FLUX1.1 [pro]: makes pictures of words, or in the manner of a picture. FLUX.2 is newer.".into(),
        best_for: "what was set up with it".into(),
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Free {
            step: 32,
            min_pixels: 256 * 256,
            max_pixels: 1440 * 1440,
            max_ratio: 5.6,
        },
        price: PriceRule::flat(usd(0.04)),
        input_schema: inputs.finish(),
        ..picture(
            "flux-1.1-pro",
            "flux-pro-1.1",
            "FLUX1.1 [pro]",
            "flux_models/flux_1_1_pro",
        )
    }
}

fn flux_1_dev() -> Model {
    let inputs = Inputs::prompt(MAX_PROMPT)
        .count()
        .style()
        .size(256, 1440, 1024, 768)
        .seed(MAX_SEED)
        .formats(FORMATS, "jpeg");
    let inputs = guidance(steps(safety(inputs, 6), 1, 28), 5.0, 3.0)
        .images(1, "A picture whose look is taken up.")
        .flag(
            "prompt_upsampling",
            false,
            "Lets the vendor write the prompt out before drawing.",
        )
        .example(json!({ "prompt": "a wooden ship in a bottle", "steps": 20 }))
        .example(json!({ "prompt": "the same ship in a storm", "images": [EXAMPLE_ASSET], "guidance": 2.5 }));
    Model {
        description:
            "FLUX.1 [dev]: makes pictures of words, or in the manner of a picture, with steps and guidance to set."
                .into(),
        best_for: "cheap pictures with the behaviour of the open weights".into(),
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Free {
            step: 32,
            min_pixels: 256 * 256,
            max_pixels: 1440 * 1440,
            max_ratio: 5.6,
        },
        price: PriceRule::flat(usd(0.025)),
        quality_rating: 2,
        pricing_rating: 2,
        input_schema: inputs.finish(),
        ..picture(
            "flux-1-dev",
            "flux-dev",
            "FLUX.1 [dev]",
            "api-reference/models/generate-an-image-with-flux1-[dev]",
        )
    }
}

/// An id of a fine-tune of the account, and how much of it is wanted.
fn finetune(inputs: Inputs, default: f64) -> Inputs {
    inputs
        .with("finetune_id", json!({ "type": "string", "minLength": 1, "maxLength": 200, "description": "A fine-tune of the account at Black Forest Labs, or `organisation/name` of a shared one." }))
        .require("finetune_id")
        .with("finetune_strength", json!({ "type": "number", "minimum": 0, "maximum": 2, "default": default, "description": "0 is without it, 1 is all of it." }))
}

fn flux_1_1_ultra(is_finetuned: bool) -> Model {
    let mut inputs = safety(Inputs::prompt(MAX_PROMPT).count().style().ratios(FLUX_1_RATIOS, "16:9").seed(MAX_SEED).formats(FORMATS, "jpeg"), 6)
        .images(1, "A picture to remix.")
        .with("image_prompt_strength", json!({ "type": "number", "minimum": 0, "maximum": 1, "default": 0.1, "description": "How much of the picture is kept." }))
        .flag("prompt_upsampling", false, "Lets the vendor write the prompt out before drawing.");
    let (mut id, mut path, mut name) = ("flux-1.1-pro-ultra", "flux-pro-1.1-ultra", "FLUX1.1 [pro] ultra");
    let (mut text, mut remix) = (
        json!({ "prompt": "a street market in the rain" }),
        json!({ "prompt": "the same at night", "images": [EXAMPLE_ASSET], "image_prompt_strength": 0.4 }),
    );
    if is_finetuned {
        (id, path, name) = (
            "flux-1.1-pro-ultra-finetuned",
            "flux-pro-1.1-ultra-finetuned",
            "FLUX1.1 [pro] ultra, fine-tuned",
        );
        inputs = finetune(inputs, 1.2);
        (text["finetune_id"], remix["finetune_id"]) = (json!("my-product"), json!("my-product"));
    } else {
        inputs = inputs.flag("raw", false, "Less processed, as from a camera.");
        text["raw"] = json!(true);
    }
    Model {
        description: format!("{name}: pictures of up to 4 megapixels of words, or remixed from a picture."),
        best_for: if is_finetuned {
            "pictures of one's own subject or style, trained at the vendor".into()
        } else {
            "candid photographs in high resolution".into()
        },
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Ratio,
        price: PriceRule {
            is_estimate: is_finetuned,
            ..PriceRule::flat(usd(if is_finetuned { 0.07 } else { 0.06 }))
        },
        input_schema: inputs.example(text).example(remix).finish(),
        ..picture(id, path, name, "flux_models/flux_1_1_pro_ultra_raw")
    }
}

fn fill(is_finetuned: bool) -> Model {
    let inputs = safety(
        Inputs::optional_prompt(MAX_PROMPT)
            .count()
            .style()
            .seed(MAX_SEED)
            .formats(FORMATS, "jpeg"),
        6,
    );
    let mut inputs = guidance(steps(inputs, 15, 50), 100.0, 60.0)
        .images(
            1,
            "The picture to paint into; its transparent parts count as the mask where none is given.",
        )
        .require("images")
        .medium(
            "mask",
            "image/*",
            "As large as the picture: white is painted, black stays.",
        )
        .flag(
            "prompt_upsampling",
            false,
            "Lets the vendor write the prompt out before drawing.",
        );
    let (mut id, mut path, mut name) = ("flux-1-fill", "flux-pro-1.0-fill", "FLUX.1 Fill [pro]");
    let mut example = json!({ "prompt": "a vase of peonies", "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET });
    if is_finetuned {
        (id, path, name) = (
            "flux-1-fill-finetuned",
            "flux-pro-1.0-fill-finetuned",
            "FLUX.1 Fill [pro], fine-tuned",
        );
        inputs = finetune(inputs, 1.1);
        example["finetune_id"] = json!("my-product");
    }
    Model {
        description: format!("{name}: paints into the marked part of a picture."),
        best_for: "adding or replacing things inside a mask".into(),
        capabilities: Capabilities {
            image_to_image: true,
            masks: true,
            ..Capabilities::default()
        },
        price: PriceRule {
            is_estimate: is_finetuned,
            ..PriceRule::flat(usd(if is_finetuned { 0.06 } else { 0.05 }))
        },
        input_schema: inputs.example(example).finish(),
        ..picture(id, path, name, "flux_1_fill")
    }
}

fn expand() -> Model {
    let side = |side: &str| json!({ "type": "integer", "minimum": 0, "maximum": 2048, "default": 0, "description": format!("Pixels to add at the {side}.") });
    let inputs = safety(
        Inputs::optional_prompt(MAX_PROMPT)
            .count()
            .style()
            .seed(MAX_SEED)
            .formats(FORMATS, "jpeg"),
        6,
    );
    let inputs = guidance(steps(inputs, 15, 50), 100.0, 60.0)
        .images(1, "The picture to extend.")
        .require("images")
        .with("top", side("top"))
        .with("bottom", side("bottom"))
        .with("left", side("left"))
        .with("right", side("right"))
        .flag(
            "prompt_upsampling",
            false,
            "Lets the vendor write the prompt out before drawing.",
        )
        .example(json!({ "images": [EXAMPLE_ASSET], "left": 256, "right": 256 }));
    Model {
        description: "FLUX.1 Expand [pro]: adds pixels on any side of a picture. FLUX Outpainting is newer.".into(),
        best_for: "what was set up with it".into(),
        capabilities: Capabilities {
            image_to_image: true,
            expand: true,
            ..Capabilities::default()
        },
        price: PriceRule {
            is_estimate: true,
            ..PriceRule::flat(usd(0.05))
        },
        input_schema: inputs.finish(),
        ..picture(
            "flux-1-expand",
            "flux-pro-1.0-expand",
            "FLUX.1 Expand [pro]",
            "flux_1_fill",
        )
    }
}

fn erase() -> Model {
    let inputs = safety(Inputs::none().count().seed(MAX_SEED).formats(FORMATS, "png"), 5)
        .images(1, "The picture to clean.")
        .require("images")
        .medium("mask", "image/*", "As large as the picture: white is removed, black stays.")
        .require("mask")
        .with("dilate_pixels", json!({ "type": "integer", "minimum": 0, "maximum": 25, "default": 10, "description": "How far the mask is widened first." }))
        .example(json!({ "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET, "dilate_pixels": 4 }));
    Model {
        description: "FLUX Erase: removes what a mask marks and fills the place with its surroundings.".into(),
        best_for: "removing objects, people, shadows and marks".into(),
        capabilities: Capabilities {
            image_to_image: true,
            masks: true,
            ..Capabilities::default()
        },
        price: by_megapixel(0.015, 0.002),
        quality_rating: 4,
        pricing_rating: 1,
        speed: "fast".into(),
        input_schema: inputs.finish(),
        ..picture(
            "flux-erase",
            "flux-tools/erase-v1",
            "FLUX Erase",
            "flux_tools/flux_erase",
        )
    }
}

fn outpaint() -> Model {
    let offset = |side: &str| json!({ "type": "integer", "minimum": -4096, "maximum": 4096, "description": format!("Where the picture's {side} edge stands on the canvas, in pixels; it is centred without.") });
    let inputs = safety(Inputs::optional_prompt(MAX_PROMPT).count().style().size(64, 4096, 1536, 1024).formats(FORMATS, "png"), 5)
        .images(1, "The picture to extend.")
        .require("images")
        .with("reference_offset_x", offset("left"))
        .with("reference_offset_y", offset("top"))
        .flag("auto_crop", false, "Cuts off what of the picture reaches beyond the canvas.")
        .choice("mode", &["high", "fast"], "high", "Fast is quicker and less faithful.")
        .flag("prompt_upsampling", true, "Lets the vendor look at the picture and write a prompt.")
        .example(json!({ "images": [EXAMPLE_ASSET], "width": 1536, "height": 1024, "reference_offset_x": 0, "reference_offset_y": 128 }));
    Model {
        description: "FLUX Outpainting: puts a picture onto a larger canvas and paints the rest.".into(),
        best_for: "other aspect ratios of a finished picture".into(),
        capabilities: Capabilities {
            image_to_image: true,
            expand: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Free {
            step: 16,
            min_pixels: 64 * 64,
            max_pixels: 2048 * 2048,
            max_ratio: 16.0,
        },
        price: by_megapixel(0.03, 0.015),
        quality_rating: 4,
        input_schema: inputs.finish(),
        ..picture(
            "flux-outpaint",
            "flux-tools/outpainting-v1",
            "FLUX Outpainting",
            "flux_tools/flux_outpainting",
        )
    }
}

fn deblur() -> Model {
    let inputs = safety(Inputs::none().count().seed(MAX_SEED).formats(FORMATS, "png"), 5)
        .images(1, "The blurred picture, up to 4 megapixels.")
        .require("images")
        .example(json!({ "images": [EXAMPLE_ASSET] }));
    Model {
        description: "FLUX Deblur: draws a blurred picture sharp and keeps scene, faces and colours.".into(),
        best_for: "rescuing blurred photographs".into(),
        capabilities: Capabilities {
            image_to_image: true,
            ..Capabilities::default()
        },
        price: by_megapixel(0.03, 0.015),
        quality_rating: 4,
        speed: "fast".into(),
        input_schema: inputs.finish(),
        ..picture(
            "flux-deblur",
            "flux-tools/deblur-v1",
            "FLUX Deblur",
            "flux_tools/flux_deblur",
        )
    }
}

fn try_on(version: &str, size: &str) -> Model {
    let inputs = safety(Inputs::prompt(MAX_PROMPT).count().seed(MAX_SEED).formats(FORMATS, "jpeg"), 5)
        .with("images", json!({ "type": "array", "items": { "type": "string", "minLength": 1, "contentMediaType": "image/*", "description": "An asset id, https URL or data URI." }, "minItems": 2, "maxItems": 2, "description": "The person first, then one picture of one or more garments." }))
        .require("images")
        .example(json!({ "prompt": "The person of image 1, maintaining exactly their face and pose, wearing the olive jacket of image 2.", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET] }));
    Model {
        description: format!("FLUX Virtual Try-On {version}: dresses a person in garments of another picture, {size}."),
        best_for: "clothes on people, with logos and stitching kept".into(),
        capabilities: Capabilities {
            image_to_image: true,
            references: true,
            ..Capabilities::default()
        },
        price: by_megapixel(0.0375, 0.005),
        quality_rating: 4,
        speed: "fast".into(),
        version: version.into(),
        input_schema: inputs.finish(),
        ..picture(
            &format!("flux-try-on-{version}"),
            &format!("flux-tools/vto-{version}"),
            &format!("FLUX Virtual Try-On {version}"),
            "flux_tools/flux_vto",
        )
    }
}

/// Dollars a second of each resolution, and of a draft.
fn video_price(seconds: [f64; 4], draft: f64) -> PriceRule {
    let mut tiers = vec![Tier::when([("draft", json!(true))], Rate::per_second(usd(draft)))];
    let by_size = VIDEO_SIZES.iter().zip(seconds);
    tiers.extend(by_size.map(|(size, price)| Tier::when([("resolution", json!(size))], Rate::per_second(usd(price)))));
    PriceRule {
        rate: Rate::per_second(usd(seconds[0])),
        tiers,
        is_estimate: true,
        ..PriceRule::default()
    }
}

fn video_inputs(seconds: u32) -> Inputs {
    let inputs = Inputs::prompt(MAX_PROMPT)
        .count()
        .style()
        .ratios(VIDEO_RATIOS, "auto")
        .resolution(VIDEO_SIZES, "hd")
        .seconds_between(5, seconds, 5);
    safety(inputs, 4)
        .flag("generate_audio", true, "With sound: speech, effects, music.")
        .flag("draft", false, "A quick preview at a third of the price; its bundle makes the full version with `video/bfl/flux-3-enhance`.")
}

fn clip(id: &str, path: &str, name: &str, docs: &str) -> Model {
    Model {
        quality_rating: 5,
        pricing_rating: 4,
        speed: "slow".into(),
        ..row(id, path, name, docs, MediaKind::Video)
    }
}

fn flux_3_video() -> Model {
    let inputs = video_inputs(20)
        .medium("first_frame", "image/*", "The picture that it begins with.")
        .medium("last_frame", "image/*", "The picture that it ends with; only with `first_frame`.")
        .with("keyframes", json!({ "type": "array", "items": { "type": "string", "minLength": 1, "contentMediaType": "image/*" }, "minItems": 1, "maxItems": 10, "description": "Pictures that it passes through, spread evenly, in place of `first_frame` and `last_frame`." }))
        .example(json!({ "prompt": "a fox runs through wet pines at dawn, low tracking shot", "aspect_ratio": "16:9", "draft": true }))
        .example(json!({ "prompt": "the wind rises and the camera moves in", "first_frame": EXAMPLE_ASSET, "resolution": "fhd" }))
        .example(json!({ "prompt": "the seed becomes a tree", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET, "duration_seconds": 8, "generate_audio": false }))
        .example(json!({ "prompt": "a day over the city", "keyframes": [EXAMPLE_ASSET, EXAMPLE_ASSET, EXAMPLE_ASSET], "duration_seconds": 10 }));
    Model {
        description: "FLUX 3 Video: clips of 5 to 20 seconds with sound, of words or through pictures, with several shots and spoken lines.".into(),
        best_for: "short films with dialogue, and motion between given pictures".into(),
        capabilities: Capabilities { text_to_video: true, image_to_video: true, first_last_frame: true, text_rendering: true, sound: true, ..Capabilities::default() },
        sizing: Sizing::Ratio,
        price: video_price([0.17, 0.29, 0.40, 0.80], 0.06),
        input_schema: inputs.finish(),
        ..clip("flux-3", "flux-3-video", "FLUX 3 Video", "flux_3/flux3_video")
    }
}

fn flux_3_continue() -> Model {
    let inputs = video_inputs(15)
        .medium("video", "video/mp4", "The clip to continue, up to 50 MB.")
        .require("video")
        .example(json!({ "prompt": "the rider crests the hill and vanishes in the fog", "video": EXAMPLE_ASSET, "duration_seconds": 10 }));
    Model {
        description:
            "FLUX 3 Video, continuation: goes on from the last frames of a clip, up to 15 seconds, with sound.".into(),
        best_for: "the next shot of a clip".into(),
        capabilities: Capabilities {
            video_to_video: true,
            sound: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Ratio,
        price: video_price([0.41, 0.53, 0.65, 0.95], 0.12),
        input_schema: inputs.finish(),
        ..clip(
            "flux-3-continue",
            "flux-3-video",
            "FLUX 3 Video, continuation",
            "flux_3/flux3_video",
        )
    }
}

fn flux_3_enhance() -> Model {
    let inputs = safety(Inputs::none().count().resolution(VIDEO_SIZES, "fhd"), 4)
        .with("draft_cache", json!({ "type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^https://", "description": "The URL of a draft's bundle, as its result told; it lasts about two hours." }))
        .require("draft_cache")
        // The bundle decides the length; this one is what is held.
        .seconds_between(5, 20, 5)
        .example(json!({ "draft_cache": "https://delivery.eu4.bfl.ai/results/0f/draft.bin?se=2026-11-21&sig=abc", "resolution": "fhd" }));
    Model {
        description:
            "FLUX 3 Video, from a draft: renders a draft again in full quality, the same clip and not another one."
                .into(),
        best_for: "the final version of a draft that was chosen".into(),
        capabilities: Capabilities {
            sound: true,
            ..Capabilities::default()
        },
        price: video_price([0.17, 0.29, 0.40, 0.80], 0.06),
        input_schema: inputs.finish(),
        ..clip(
            "flux-3-enhance",
            "flux-3-video",
            "FLUX 3 Video, from a draft",
            "flux_3/flux3_video",
        )
    }
}

fn video_edit() -> Model {
    let inputs = safety(Inputs::prompt(4_096).count(), 4)
        .medium("video", "video/mp4", "The clip to change, up to 15 seconds and 50 MB.")
        .require("video")
        .example(json!({ "prompt": "remove the orange bucket", "video": EXAMPLE_ASSET }));
    Model {
        description: "FLUX Video Edit: changes a clip by words and keeps its length, shape and sound; at most 720p."
            .into(),
        best_for: "removing, adding or restyling things in a finished clip".into(),
        capabilities: Capabilities {
            video_to_video: true,
            sound: true,
            ..Capabilities::default()
        },
        // Of the clip that goes in.
        price: PriceRule {
            rate: Rate::per_second(usd(0.03)),
            is_estimate: true,
            ..PriceRule::default()
        },
        quality_rating: 4,
        pricing_rating: 2,
        input_schema: inputs.finish(),
        ..clip(
            "flux-video-edit",
            "flux-tools/video-edit-v1",
            "FLUX Video Edit",
            "flux_tools/flux_video_edit",
        )
    }
}

fn video_upscale() -> Model {
    let inputs = safety(Inputs::optional_prompt(MAX_PROMPT).count(), 4)
        .medium("video", "video/mp4", "The clip to enlarge: up to 20 seconds, 50 MB and 2560×1440 pixels.")
        .require("video")
        .with("creativity", json!({ "type": "integer", "enum": [0, 1], "default": 1, "description": "0 keeps to the source, 1 may invent detail." }))
        .with("upscale_factor", json!({ "type": "number", "minimum": 1.5, "maximum": 3, "default": 2, "description": "How many times as wide and high; a frame has at most 13.75 megapixels." }))
        .example(json!({ "video": EXAMPLE_ASSET, "creativity": 0, "upscale_factor": 2 }));
    // Billed by the megapixel-second of the result: 0.07, or 0.10 with creativity. Held is full HD doubled.
    let held = |per_unit: f64| Rate::per_second(usd(per_unit * 8.3));
    Model {
        description: "FLUX Video Upscale: makes a clip 1.5 to 3 times as large, faithful or with new detail.".into(),
        best_for: "delivery sizes of finished clips".into(),
        capabilities: Capabilities {
            video_to_video: true,
            upscale: true,
            ..Capabilities::default()
        },
        price: PriceRule {
            rate: held(0.10),
            tiers: vec![Tier::when([("creativity", json!(0))], held(0.07))],
            is_estimate: true,
            ..PriceRule::default()
        },
        input_schema: inputs.finish(),
        ..clip(
            "flux-video-upscale",
            "flux-tools/video-upscale-v1",
            "FLUX Video Upscale",
            "flux_tools/flux_video_upscale",
        )
    }
}
