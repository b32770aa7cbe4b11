//! The models and tools of Recraft as data; prices in API units, of which 1,000 are one US dollar.

use aquatint_domain::model::{PriceRule, Sizing};
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::{Value, json};

use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};

/// <https://www.recraft.ai/docs/api-reference/appendix>: sizes of V4 and V4.1; Pro has twice as many pixels on each side.
const STANDARD: &[(u32, u32)] = &[
    (1024, 1024),
    (1536, 768),
    (768, 1536),
    (1280, 832),
    (832, 1280),
    (1216, 896),
    (896, 1216),
    (1152, 896),
    (896, 1152),
    (832, 1344),
    (1280, 896),
    (896, 1280),
    (1344, 768),
    (768, 1344),
];
const PRO: &[(u32, u32)] = &[
    (2048, 2048),
    (3072, 1536),
    (1536, 3072),
    (2560, 1664),
    (1664, 2560),
    (2432, 1792),
    (1792, 2432),
    (2304, 1792),
    (1792, 2304),
    (1664, 2688),
    (2560, 1792),
    (1792, 2560),
    (2688, 1536),
    (1536, 2688),
];
const EARLY: &[(u32, u32)] = &[
    (1024, 1024),
    (2048, 1024),
    (1024, 2048),
    (1536, 1024),
    (1024, 1536),
    (1365, 1024),
    (1024, 1365),
    (1280, 1024),
    (1024, 1280),
    (1024, 1707),
    (1434, 1024),
    (1024, 1434),
    (1820, 1024),
    (1024, 1820),
];
const SEED: u64 = 4_294_967_295;

/// What a row calls.
#[derive(Clone, Copy)]
pub(super) enum Tool {
    /// A model: generations, image to image, and inpainting where it takes a mask.
    Generate,
    Other {
        path: &'static str,
        has_count: bool,
    },
}

impl Tool {
    pub(super) fn has_count(self) -> bool {
        match self {
            Self::Generate => true,
            Self::Other { has_count, .. } => has_count,
        }
    }
}

/// A model or tool.
pub(super) struct Row {
    pub slug: &'static str,
    pub model: Option<&'static str>,
    pub tool: Tool,
    pub name: &'static str,
    pub description: &'static str,
    pub best_for: &'static str,
    /// API units for one output.
    pub units: f64,
    pub ratings: (u8, u8),
    pub speed: &'static str,
    pub sizes: &'static [(u32, u32)],
    /// Of each file that goes in.
    pub most_mb: usize,
    pub can: fn(&mut Capabilities),
    pub inputs: fn() -> Inputs,
}

const USUAL: Row = Row {
    slug: "",
    model: None,
    tool: Tool::Generate,
    name: "",
    description: "",
    best_for: "",
    units: 40.0,
    ratings: (4, 3),
    speed: "medium",
    sizes: &[],
    most_mb: 10,
    can: |_| (),
    inputs: Inputs::none,
};

/// V4 and V4.1: words, colours, and a picture to begin with.
const V4: Row = Row {
    sizes: STANDARD,
    can: |can| {
        can.text_to_image = true;
        can.image_to_image = true;
        can.text_rendering = true;
    },
    inputs: || {
        latest(STANDARD_SIDES).example(json!({ "prompt": "editorial still life of a ceramic mug, the word DAWN on it", "width": 1344, "height": 768, "colors": ["#0a1f44", "#f2655b"] })).example(json!({ "prompt": "the same in winter", "images": [EXAMPLE_ASSET], "strength": 0.3 }))
    },
    ..USUAL
};

const V4_PRO: Row = Row {
    sizes: PRO,
    ratings: (5, 4),
    speed: "slow",
    inputs: || {
        latest(PRO_SIDES)
            .example(json!({ "prompt": "a botanical poster with fine engraving", "width": 1792, "height": 2432 }))
            .example(json!({ "prompt": "as an etching", "images": [EXAMPLE_ASSET], "strength": 0.5 }))
    },
    ..V4
};

const FLASH: Row = Row {
    units: 7.0,
    ratings: (3, 1),
    speed: "instant",
    sizes: STANDARD,
    can: |can| {
        can.text_to_image = true;
        can.text_rendering = true;
    },
    inputs: || {
        generation(10_000, STANDARD_SIDES)
            .example(json!({ "prompt": "a street market at dusk, candid photograph", "width": 1280, "height": 832 }))
    },
    ..USUAL
};

const STYLES: Row = Row {
    units: 35.0,
    sizes: STANDARD,
    can: |can| {
        can.text_to_image = true;
        can.references = true;
    },
    inputs: || styles(STANDARD_SIDES),
    ..USUAL
};

/// V4 and V4.1 that draw lines: the answer is an SVG drawing.
const VECTOR: Row = Row {
    units: 80.0,
    can: |can| {
        can.text_to_image = true;
        can.text_rendering = true;
    },
    inputs: || {
        generation(10_000, STANDARD_SIDES)
            .example(json!({ "prompt": "a fox as a flat logo, two colours", "colors": ["#0a1f44", "#f2655b"] }))
    },
    ..V4
};

/// A tool of V3 for a picture and words.
const V3_TOOL: Row = Row {
    model: Some("recraftv3"),
    ratings: (3, 3),
    can: |can| can.image_to_image = true,
    ..USUAL
};

/// A tool for a picture alone.
const PLAIN: Row = Row {
    speed: "fast",
    inputs: || picture(Inputs::none()).example(json!({ "images": [EXAMPLE_ASSET] })),
    ..USUAL
};

pub(super) const ROWS: &[Row] = &[
    Row {
        slug: "recraft-v4.1",
        model: Some("recraftv4_1"),
        name: "Recraft V4.1",
        description: "Recraft's model of May 2026: polished art direction, typography and illustration at one megapixel.",
        best_for: "art direction, brand pictures, short legible text",
        units: 35.0,
        ..V4
    },
    Row {
        slug: "recraft-v4.1-pro",
        model: Some("recraftv4_1_pro"),
        name: "Recraft V4.1 Pro",
        description: "Recraft V4.1 at four megapixels.",
        best_for: "print and dense detail",
        units: 210.0,
        ..V4_PRO
    },
    Row {
        slug: "recraft-v4.1-utility",
        model: Some("recraftv4_1_utility"),
        name: "Recraft V4.1 Utility",
        description: "The plainer line of V4.1: flat, front-facing, predictable.",
        best_for: "product shots and sources for mock-ups",
        units: 35.0,
        ..V4
    },
    Row {
        slug: "recraft-v4.1-utility-pro",
        model: Some("recraftv4_1_utility_pro"),
        name: "Recraft V4.1 Utility Pro",
        description: "Recraft V4.1 Utility at four megapixels.",
        best_for: "large product shots",
        units: 210.0,
        ..V4_PRO
    },
    Row {
        slug: "recraft-v4.1-flash-v2",
        model: Some("recraftv4_1_flash_v2"),
        name: "Recraft V4.1 Flash V2",
        description: "Recraft's quickest and cheapest model, of November 2026: about a second for a picture close to V4.1.",
        best_for: "drafts by the dozen",
        ..FLASH
    },
    Row {
        slug: "recraft-v4.1-flash",
        model: Some("recraftv4_1_flash"),
        name: "Recraft V4.1 Flash",
        description: "The first Flash, of September 2026.",
        best_for: "what was set up with it",
        ..FLASH
    },
    Row {
        slug: "recraft-v4",
        model: Some("recraftv4"),
        name: "Recraft V4",
        description: "Recraft's model of February 2026.",
        best_for: "what was set up with it",
        ..V4
    },
    Row {
        slug: "recraft-v4-pro",
        model: Some("recraftv4_pro"),
        name: "Recraft V4 Pro",
        description: "Recraft V4 at four megapixels.",
        best_for: "what was set up with it, in print size",
        units: 250.0,
        ..V4_PRO
    },
    Row {
        slug: "recraft-v4.1-vector",
        model: Some("recraftv4_1_vector"),
        name: "Recraft V4.1 Vector",
        description: "Recraft V4.1 as an SVG drawing, which scales to any size and stays editable.",
        best_for: "logos, icons and illustrations as vectors",
        ..VECTOR
    },
    Row {
        slug: "recraft-v4-vector",
        model: Some("recraftv4_vector"),
        name: "Recraft V4 Vector",
        description: "Recraft V4 as an SVG drawing.",
        best_for: "what was set up with it",
        ..VECTOR
    },
    Row {
        slug: "recraft-v4-pro-vector",
        model: Some("recraftv4_pro_vector"),
        name: "Recraft V4 Pro Vector",
        description: "Recraft V4 Pro as an SVG drawing with finer shapes.",
        best_for: "detailed vector illustrations",
        units: 300.0,
        ratings: (5, 5),
        speed: "slow",
        sizes: PRO,
        inputs: || {
            generation(10_000, PRO_SIDES)
                .example(json!({ "prompt": "an engraved botanical plate", "width": 1792, "height": 2432 }))
        },
        ..VECTOR
    },
    Row {
        slug: "recraft-v4-styles",
        model: Some("recraftv4_styles"),
        name: "Recraft V4 Styles",
        description: "Makes pictures in the look of one to ten references, or of a style that the account has.",
        best_for: "many pictures of one look",
        ..STYLES
    },
    Row {
        slug: "recraft-v4-styles-pro",
        model: Some("recraftv4_styles_pro"),
        name: "Recraft V4 Styles Pro",
        description: "Recraft V4 Styles at four megapixels.",
        best_for: "many large pictures of one look",
        units: 100.0,
        ratings: (5, 4),
        sizes: PRO,
        speed: "slow",
        inputs: || styles(PRO_SIDES),
        ..STYLES
    },
    Row {
        slug: "recraft-v3",
        model: Some("recraftv3"),
        name: "Recraft V3",
        description: "Recraft's model of 2024, with curated styles, negative prompts and masks.",
        best_for: "curated styles, and changing one part of a picture",
        ratings: (3, 3),
        sizes: EARLY,
        can: |can| {
            can.text_to_image = true;
            can.image_to_image = true;
            can.masks = true;
            can.text_rendering = true;
        },
        inputs: || {
            strength(early())
                .medium("mask", "image/*", "What changes in the picture: white changes, black stays.")
                .with("artistic_level", json!({ "type": "integer", "minimum": 0, "maximum": 5, "description": "0 is plain, 5 is bold." }))
                .flag("no_text", false, "Keeps words out of the picture.")
                .example(json!({ "prompt": "two race cars on a track", "curated_style": "Photorealism", "width": 1820, "height": 1024 }))
                .example(json!({ "prompt": "a bicycle", "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET, "count": 2 }))
                .example(json!({ "prompt": "in winter", "images": [EXAMPLE_ASSET], "strength": 0.2, "negative_prompt": "people" }))
        },
        ..USUAL
    },
    Row {
        slug: "recraft-v2",
        model: Some("recraftv2"),
        name: "Recraft V2",
        description: "Recraft's first model for designers, with its own styles.",
        best_for: "styles that only V2 has",
        units: 22.0,
        ratings: (2, 2),
        sizes: EARLY,
        can: |can| can.text_to_image = true,
        inputs: || early().example(json!({ "prompt": "an isometric city block", "width": 1024, "height": 1024 })),
        ..USUAL
    },
    Row {
        slug: "recraft-outpaint",
        tool: Tool::Other {
            path: "/images/outpaint",
            has_count: true,
        },
        name: "Recraft Outpaint",
        description: "Continues a picture beyond its edges.",
        best_for: "more room around a picture",
        can: |can| {
            can.image_to_image = true;
            can.expand = true;
        },
        inputs: || {
            let sides = ["expand_left", "expand_right", "expand_top", "expand_bottom"];
            sides
                .iter()
                .fold(picture(Inputs::prompt(1000)), |inputs, side| {
                    inputs.with(side, json!({ "type": "integer", "minimum": 0, "maximum": 4096, "description": "Pixels to add on this side; a side of the result has 4096 at most." }))
                })
                .with("zoom_out_percentage", json!({ "type": "number", "minimum": 0, "exclusiveMaximum": 100, "description": "Makes the picture smaller inside its frame first." }))
                .require_one_of(&["expand_left", "expand_right", "expand_top", "expand_bottom", "zoom_out_percentage"])
                .negative_prompt(1000)
                .seed(SEED)
                .example(json!({ "prompt": "more of the beach", "images": [EXAMPLE_ASSET], "expand_left": 256, "expand_right": 256 }))
        },
        ..V3_TOOL
    },
    Row {
        slug: "recraft-replace-background",
        tool: Tool::Other {
            path: "/images/replaceBackground",
            has_count: true,
        },
        name: "Recraft Replace Background",
        description: "Finds the background of a picture and makes another by words.",
        best_for: "products in other places",
        inputs: || {
            picture(Inputs::prompt(1000))
                .negative_prompt(1000)
                .seed(SEED)
                .example(json!({ "prompt": "a sunlit kitchen", "images": [EXAMPLE_ASSET] }))
        },
        ..V3_TOOL
    },
    Row {
        slug: "recraft-generate-background",
        tool: Tool::Other {
            path: "/images/generateBackground",
            has_count: true,
        },
        name: "Recraft Generate Background",
        description: "Makes a background where a mask says that there is one.",
        best_for: "a new background where the cut must be exact",
        can: |can| {
            can.image_to_image = true;
            can.masks = true;
        },
        inputs: || {
            masked(
                picture(Inputs::prompt(1000)),
                "Where the background is: white becomes new, black stays.",
            )
            .negative_prompt(1000)
            .seed(SEED)
            .example(json!({ "prompt": "a forest in fog", "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET }))
        },
        ..V3_TOOL
    },
    Row {
        slug: "recraft-erase-region",
        tool: Tool::Other {
            path: "/images/eraseRegion",
            has_count: false,
        },
        name: "Recraft Erase Region",
        description: "Removes what a mask marks; the cheapest tool of its kind.",
        best_for: "removing things in bulk",
        units: 2.0,
        ratings: (3, 1),
        most_mb: 20,
        can: |can| {
            can.image_to_image = true;
            can.masks = true;
        },
        inputs: || {
            masked(picture(Inputs::none()), "White is erased, black stays.")
                .example(json!({ "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET }))
        },
        ..PLAIN
    },
    Row {
        slug: "recraft-remove-background",
        tool: Tool::Other {
            path: "/images/removeBackground",
            has_count: false,
        },
        name: "Recraft Remove Background",
        description: "Cuts out the foreground; everything else becomes transparent.",
        best_for: "clean cut-outs at a low price",
        units: 10.0,
        ratings: (4, 1),
        can: |can| {
            can.remove_background = true;
            can.transparency = true;
        },
        ..PLAIN
    },
    Row {
        slug: "recraft-crisp-upscale",
        tool: Tool::Other {
            path: "/images/crispUpscale",
            has_count: false,
        },
        name: "Recraft Crisp Upscale",
        description: "Makes a picture larger and sharper without inventing anything.",
        best_for: "larger pictures, cheaply",
        units: 4.0,
        ratings: (3, 1),
        can: |can| can.upscale = true,
        ..PLAIN
    },
    Row {
        slug: "recraft-creative-upscale",
        tool: Tool::Other {
            path: "/images/creativeUpscale",
            has_count: false,
        },
        name: "Recraft Creative Upscale",
        description: "Makes a picture larger and invents fine detail and faces anew.",
        best_for: "small originals that need detail",
        units: 250.0,
        ratings: (4, 5),
        speed: "slow",
        can: |can| can.upscale = true,
        ..PLAIN
    },
    Row {
        slug: "recraft-vectorize",
        tool: Tool::Other {
            path: "/images/vectorize",
            has_count: false,
        },
        name: "Recraft Vectorize",
        description: "Turns a picture of pixels into an SVG drawing of shapes.",
        best_for: "logos and icons that must scale",
        units: 10.0,
        ratings: (4, 1),
        can: |can| can.image_to_image = true,
        ..PLAIN
    },
    Row {
        slug: "recraft-enhance-details",
        tool: Tool::Other {
            path: "/images/enhance",
            has_count: false,
        },
        name: "Recraft Enhance Details",
        description: "Renders a picture anew with V4.1 Pro: sharper textures, the same composition.",
        best_for: "finishing a picture for print",
        units: 210.0,
        ratings: (5, 4),
        speed: "slow",
        most_mb: 20,
        can: |can| {
            can.image_to_image = true;
            can.upscale = true;
        },
        inputs: || {
            picture(Inputs::none())
                .choice(
                    "refinement",
                    &["subtle", "moderate"],
                    "moderate",
                    "How much detail is added.",
                )
                .example(json!({ "images": [EXAMPLE_ASSET], "refinement": "subtle" }))
        },
        ..PLAIN
    },
    Row {
        slug: "recraft-variate",
        tool: Tool::Other {
            path: "/images/variateImage",
            has_count: true,
        },
        name: "Recraft Variate",
        description: "Makes variations of a picture in another shape, without words.",
        best_for: "the same idea in other formats",
        ratings: (3, 3),
        sizes: STANDARD,
        can: |can| can.image_to_image = true,
        inputs: || {
            picture(Inputs::none())
                .seed(SEED)
                .size(768, 1536, 1024, 1024)
                .example(json!({ "images": [EXAMPLE_ASSET], "width": 1344, "height": 768, "count": 3 }))
        },
        ..USUAL
    },
];

impl Row {
    /// The catalogue row.
    pub(super) fn model(&self, maker: &str) -> Model {
        let mut capabilities = Capabilities::default();
        (self.can)(&mut capabilities);
        let inputs = (self.inputs)().count();
        let inputs = if self.is_vector() {
            inputs
        } else {
            inputs.formats(&["png", "webp"], "png")
        };
        Model {
            name: self.name.into(),
            description: self.description.into(),
            best_for: self.best_for.into(),
            capabilities,
            sizing: if self.sizes.is_empty() {
                Sizing::Own
            } else {
                Sizing::Listed(self.sizes.to_vec())
            },
            outputs_per_request: if self.tool.has_count() { 6 } else { 1 },
            price: self.price(),
            quality_rating: self.ratings.0,
            pricing_rating: self.ratings.1,
            speed: self.speed.into(),
            license: "Recraft's API terms: what is made belongs to the customer; it may not train other models".into(),
            docs_url: Some("https://www.recraft.ai/docs/api-reference/models/overview".into()),
            version: self.model.unwrap_or("1").into(),
            input_schema: inputs.finish(),
            ..Model::base(&format!("image/recraft/{}", self.slug), maker, MediaKind::Image)
        }
    }

    /// Fixed, and told again in the answer. A style made of references may cost a little more; the answer says it.
    fn price(&self) -> PriceRule {
        PriceRule {
            is_estimate: self.slug.contains("styles"),
            ..PriceRule::flat(usd(self.units / 1_000.0))
        }
    }

    /// Whether it answers with an SVG drawing.
    fn is_vector(&self) -> bool {
        self.slug.contains("vector")
    }

    /// The vendor's word for an input of ours.
    pub(super) fn word<'a>(&self, ours: &'a str) -> &'a str {
        match ours {
            "seed" => "random_seed",
            "output_format" => "image_format",
            "curated_style" => "style",
            other => other,
        }
    }
}

/// The shortest side of a list of sizes, the longest, and the usual square.
type Sides = (u32, u32, u32);

const STANDARD_SIDES: Sides = (768, 1536, 1024);
const PRO_SIDES: Sides = (1536, 3072, 2048);
const EARLY_SIDES: Sides = (1024, 2048, 1024);

/// What makers of new pictures share.
fn generation(prompt: u32, (least, most, usual): Sides) -> Inputs {
    Inputs::prompt(prompt)
        .style()
        .size(least, most, usual, usual)
        .seed(SEED)
        .with("colors", json!({ "type": "array", "items": color(), "minItems": 1, "maxItems": 10, "description": "Colours to prefer, such as #14543f." }))
        .with("background_color", color())
}

fn latest(sides: Sides) -> Inputs {
    strength(generation(10_000, sides))
}

fn early() -> Inputs {
    generation(1_000, EARLY_SIDES)
        .negative_prompt(1_000)
        .with("curated_style", json!({ "type": "string", "minLength": 1, "maxLength": 100, "description": "A style of Recraft's list for this model, such as Photorealism." }))
        .with("style_id", style_id())
}

fn styles(sides: Sides) -> Inputs {
    generation(10_000, sides)
        .with(
            "reference_images",
            json!({
                "type": "array",
                "items": { "type": "string", "minLength": 1, "contentMediaType": "image/*", "description": "An asset id, https URL or data URI." },
                "minItems": 1, "maxItems": 10,
                "description": "Pictures whose look is taken."
            }),
        )
        .with("style_id", style_id())
        .require_one_of(&["reference_images", "style_id"])
        .with("style_match", json!({ "type": "string", "enum": ["precise", "flexible"], "description": "How closely the look is followed." }))
        .example(json!({ "prompt": "a teapot", "reference_images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "style_match": "precise" }))
        .example(json!({ "prompt": "a cup", "style_id": "73a249b2-879e-4240-9973-c6fb1715a882" }))
}

fn picture(inputs: Inputs) -> Inputs {
    inputs.images(1, "The picture.").require("images")
}

fn masked(inputs: Inputs, description: &str) -> Inputs {
    inputs.medium("mask", "image/*", description).require("mask")
}

fn strength(inputs: Inputs) -> Inputs {
    inputs
        .images(1, "A picture to begin with; the result has its size.")
        .with("strength", json!({ "type": "number", "minimum": 0, "maximum": 1, "default": 0.5, "description": "Only with `images`: 0 keeps the picture, 1 leaves little of it." }))
}

fn color() -> Value {
    json!({ "type": "string", "pattern": "^#[0-9a-fA-F]{6}$", "description": "A colour such as #14543f." })
}

fn style_id() -> Value {
    json!({ "type": "string", "format": "uuid", "pattern": "^[0-9a-fA-F-]{36}$", "description": "A style of the account at Recraft." })
}
