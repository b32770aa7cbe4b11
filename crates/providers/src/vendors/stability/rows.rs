//! The services of Stability AI as data: paths, fields, limits and prices in credits of one US cent.

use aquatint_domain::model::{PriceRule, Sizing};
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::{Value, json};

use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};

const RATIOS: &[&str] = &["21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21"];
const STYLES: &[&str] = &[
    "enhance",
    "anime",
    "photographic",
    "digital-art",
    "comic-book",
    "fantasy-art",
    "line-art",
    "analog-film",
    "neon-punk",
    "isometric",
    "low-poly",
    "origami",
    "modeling-compound",
    "cinematic",
    "3d-model",
    "pixel-art",
    "tile-texture",
];
const PROMPT: u32 = 10_000;
const SEED: u64 = 4_294_967_294;
/// What most services take of one picture.
const USUAL_PIXELS: u64 = 9_437_184;
const MEGAPIXEL: u64 = 1_048_576;

/// A service.
pub(super) struct Row {
    /// The end of the model's id, and our word for the service.
    pub slug: &'static str,
    /// After `/v2beta/stable-image/`.
    pub path: &'static str,
    /// The value of `model`, where several share a path.
    pub model: Option<&'static str>,
    pub name: &'static str,
    pub description: &'static str,
    pub best_for: &'static str,
    pub credits: f64,
    /// Quality and price from 1 to 5.
    pub ratings: (u8, u8),
    pub speed: &'static str,
    pub has_ratio: bool,
    /// Where files go: our field and the vendor's.
    pub files: &'static [(&'static str, &'static str)],
    /// Inputs that the vendor calls otherwise.
    pub words: &'static [(&'static str, &'static str)],
    /// Inputs that are sent only beside a picture, and only without one.
    pub with_image: &'static [&'static str],
    pub without_image: &'static [&'static str],
    /// Of each picture that goes in.
    pub most_pixels: u64,
    /// It answers with an id to ask for.
    pub is_task: bool,
    pub can: fn(&mut Capabilities),
    pub inputs: fn() -> Inputs,
}

/// What is usual; every row says what differs.
const USUAL: Row = Row {
    slug: "",
    path: "",
    model: None,
    name: "",
    description: "",
    best_for: "",
    credits: 5.0,
    ratings: (4, 3),
    speed: "fast",
    has_ratio: false,
    files: &[("images", "image")],
    words: &[],
    with_image: &[],
    without_image: &[],
    most_pixels: USUAL_PIXELS,
    is_task: false,
    can: |_| (),
    inputs: Inputs::none,
};

const SD35: Row = Row {
    path: "generate/sd3",
    ratings: (3, 3),
    has_ratio: true,
    with_image: &["strength"],
    without_image: &["aspect_ratio"],
    can: |can| {
        can.text_to_image = true;
        can.image_to_image = true;
    },
    ..USUAL
};

pub(super) const ROWS: &[Row] = &[
    Row {
        slug: "stable-image-ultra",
        path: "generate/ultra",
        name: "Stable Image Ultra",
        description: "The best pictures of Stability AI, about one megapixel, from words or from words and a picture to begin with.",
        best_for: "photorealistic pictures with fine detail",
        credits: 8.0,
        ratings: (4, 4),
        has_ratio: true,
        with_image: &["strength"],
        can: |can| {
            can.text_to_image = true;
            can.image_to_image = true;
            can.text_rendering = true;
        },
        inputs: || {
            strength(styled(generation()))
                .example(json!({ "prompt": "a lighthouse on a cliff above the sea, dusk", "aspect_ratio": "16:9" }))
                .example(
                    json!({ "prompt": "the same lighthouse in a storm", "images": [EXAMPLE_ASSET], "strength": 0.6 }),
                )
        },
        ..USUAL
    },
    Row {
        slug: "stable-image-core",
        path: "generate/core",
        name: "Stable Image Core",
        description: "Quick, cheap pictures of about one and a half megapixels from words.",
        best_for: "drafts and large batches",
        credits: 3.0,
        ratings: (3, 2),
        has_ratio: true,
        files: &[],
        can: |can| can.text_to_image = true,
        inputs: || {
            styled(generation()).example(json!({ "prompt": "a matte cobalt travel mug on pale stone", "aspect_ratio": "4:5", "seed": 18_472_931 }))
        },
        ..USUAL
    },
    Row {
        slug: "sd3.5-large",
        model: Some("sd3.5-large"),
        name: "Stable Diffusion 3.5 Large",
        description: "The largest open model of Stability AI, hosted: 8 billion parameters, one megapixel.",
        best_for: "prompts that must be followed closely",
        credits: 6.5,
        ratings: (4, 3),
        inputs: || sd35(4.0),
        ..SD35
    },
    Row {
        slug: "sd3.5-large-turbo",
        model: Some("sd3.5-large-turbo"),
        name: "Stable Diffusion 3.5 Large Turbo",
        description: "Stable Diffusion 3.5 Large in four steps.",
        best_for: "quick pictures that follow the prompt",
        credits: 4.0,
        inputs: || sd35(1.0),
        ..SD35
    },
    Row {
        slug: "sd3.5-medium",
        model: Some("sd3.5-medium"),
        name: "Stable Diffusion 3.5 Medium",
        description: "The middle model of the 3.5 family: 2.5 billion parameters.",
        best_for: "everyday pictures at a middling price",
        credits: 3.5,
        inputs: || sd35(4.0),
        ..SD35
    },
    Row {
        slug: "sd3.5-flash",
        model: Some("sd3.5-flash"),
        name: "Stable Diffusion 3.5 Flash",
        description: "Stable Diffusion 3.5 Medium in four steps; the cheapest picture of this vendor.",
        best_for: "quick ideas",
        credits: 2.5,
        ratings: (2, 2),
        inputs: || sd35(1.0),
        ..SD35
    },
    Row {
        slug: "inpaint",
        path: "edit/inpaint",
        name: "Stability Inpaint",
        description: "Fills what a mask marks with something new, by words.",
        best_for: "changing one part of a picture",
        files: &[("images", "image"), ("mask", "mask")],
        can: |can| {
            can.image_to_image = true;
            can.masks = true;
        },
        inputs: || {
            styled(edited(masked(Inputs::prompt(PROMPT), 100, 5))).example(json!({ "prompt": "a low walnut side table", "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET, "grow_mask": 6 }))
        },
        ..USUAL
    },
    Row {
        slug: "erase",
        path: "edit/erase",
        name: "Stability Erase",
        description: "Removes what a mask marks and fills the place with its surroundings.",
        best_for: "removing things and blemishes",
        files: &[("images", "image"), ("mask", "mask")],
        can: |can| {
            can.image_to_image = true;
            can.masks = true;
        },
        inputs: || {
            file_format(masked(Inputs::none(), 20, 5).seed(SEED))
                .example(json!({ "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET }))
        },
        ..USUAL
    },
    Row {
        slug: "outpaint",
        path: "edit/outpaint",
        name: "Stability Outpaint",
        description: "Continues a picture beyond its edges by so many pixels on each side.",
        best_for: "more room around a picture",
        credits: 4.0,
        can: |can| {
            can.image_to_image = true;
            can.expand = true;
        },
        inputs: || {
            let sides = ["left", "right", "up", "down"];
            let inputs = sides.iter().fold(one_picture(Inputs::optional_prompt(PROMPT)), |inputs, side| {
                inputs.with(side, json!({ "type": "integer", "minimum": 0, "maximum": 2000, "description": "Pixels to add on this side." }))
            });
            styled(file_format(
                inputs.require_one_of(&["left", "right", "up", "down"]).seed(SEED),
            ))
            .with("creativity", portion(0.5, "How freely the new parts are invented."))
            .example(json!({ "images": [EXAMPLE_ASSET], "left": 200, "right": 200, "prompt": "more of the beach" }))
        },
        ..USUAL
    },
    Row {
        slug: "search-and-replace",
        path: "edit/search-and-replace",
        name: "Stability Search and Replace",
        description: "Finds a thing by words and puts another in its place; no mask needed.",
        best_for: "swapping one thing for another",
        can: |can| can.image_to_image = true,
        inputs: || {
            styled(edited(grown(one_picture(Inputs::prompt(PROMPT)), 20, 3)))
                .with("search_prompt", words("What is looked for, in a few words."))
                .require("search_prompt")
                .example(json!({ "images": [EXAMPLE_ASSET], "prompt": "a golden retriever in a field", "search_prompt": "chicken" }))
        },
        ..USUAL
    },
    Row {
        slug: "search-and-recolor",
        path: "edit/search-and-recolor",
        name: "Stability Search and Recolor",
        description: "Finds a thing by words and gives it other colours.",
        best_for: "products in other colours",
        can: |can| can.image_to_image = true,
        inputs: || {
            styled(edited(grown(one_picture(Inputs::prompt(PROMPT)), 20, 3)))
                .with("select_prompt", words("What is looked for, in a few words."))
                .require("select_prompt")
                .example(json!({ "images": [EXAMPLE_ASSET], "prompt": "a yellow car", "select_prompt": "car" }))
        },
        ..USUAL
    },
    Row {
        slug: "remove-background",
        path: "edit/remove-background",
        name: "Stability Remove Background",
        description: "Cuts out the foreground; everything else becomes transparent.",
        best_for: "clean cut-outs",
        most_pixels: 4_194_304,
        can: |can| {
            can.remove_background = true;
            can.transparency = true;
        },
        inputs: || {
            one_picture(Inputs::none())
                .formats(&["png", "webp"], "png")
                .example(json!({ "images": [EXAMPLE_ASSET] }))
        },
        ..USUAL
    },
    Row {
        slug: "replace-background-and-relight",
        path: "edit/replace-background-and-relight",
        name: "Stability Replace Background and Relight",
        description: "Keeps the subject, makes another background from words or a picture, and lights the subject to fit.",
        best_for: "product pictures in new places",
        credits: 8.0,
        ratings: (4, 4),
        speed: "medium",
        files: &[
            ("images", "subject_image"),
            ("background_reference", "background_reference"),
            ("light_reference", "light_reference"),
        ],
        words: &[("prompt", "background_prompt")],
        is_task: true,
        can: |can| can.image_to_image = true,
        inputs: || {
            file_format(one_picture(Inputs::optional_prompt(PROMPT)).negative_prompt(PROMPT).seed(SEED))
                .medium("background_reference", "image/*", "A picture that the background follows, in place of words.")
                .require_one_of(&["prompt", "background_reference"])
                .with("foreground_prompt", words("What the subject is, so that the background does not run into it."))
                .with("preserve_original_subject", portion(0.6, "How closely the subject is kept."))
                .with("original_background_depth", portion(0.5, "How closely the new background has the depth of the old one."))
                .flag("keep_original_background", false, "Only the light changes.")
                .with("light_source_direction", json!({ "type": "string", "enum": ["above", "below", "left", "right"], "description": "Where the light comes from." }))
                .medium("light_reference", "image/*", "A picture whose bright parts say where light falls, in place of a direction.")
                .with("light_source_strength", json!({ "type": "number", "minimum": 0, "maximum": 1, "description": "Needs a direction or a reference of the light." }))
                .example(json!({ "images": [EXAMPLE_ASSET], "prompt": "a sunlit marble kitchen", "light_source_direction": "left", "light_source_strength": 0.4 }))
                .example(json!({ "images": [EXAMPLE_ASSET], "background_reference": EXAMPLE_ASSET, "light_reference": EXAMPLE_ASSET }))
        },
        ..USUAL
    },
    Row {
        slug: "upscale-fast",
        path: "upscale/fast",
        name: "Stability Fast Upscaler",
        description: "Four times as wide and high in about a second, with little invention.",
        best_for: "small pictures made larger, cheaply",
        credits: 2.0,
        ratings: (3, 2),
        speed: "instant",
        most_pixels: MEGAPIXEL,
        can: |can| can.upscale = true,
        inputs: || file_format(one_picture(Inputs::none())).example(json!({ "images": [EXAMPLE_ASSET] })),
        ..USUAL
    },
    Row {
        slug: "upscale-conservative",
        path: "upscale/conservative",
        name: "Stability Conservative Upscaler",
        description: "Up to four megapixels from as little as 64 pixels, close to the original.",
        best_for: "large prints of a picture that must stay itself",
        credits: 40.0,
        ratings: (4, 5),
        speed: "medium",
        can: |can| can.upscale = true,
        inputs: || {
            file_format(one_picture(Inputs::prompt(PROMPT)).negative_prompt(PROMPT).seed(SEED))
                .with("creativity", json!({ "type": "number", "minimum": 0.2, "maximum": 0.5, "default": 0.35, "description": "More invents more detail." }))
                .example(json!({ "images": [EXAMPLE_ASSET], "prompt": "a portrait, natural skin, soft daylight" }))
        },
        ..USUAL
    },
    Row {
        slug: "upscale-creative",
        path: "upscale/creative",
        name: "Stability Creative Upscaler",
        description: "Makes a degraded picture below one megapixel into one of high resolution, inventing what is missing.",
        best_for: "damaged or tiny originals",
        credits: 60.0,
        ratings: (4, 5),
        speed: "slow",
        most_pixels: MEGAPIXEL,
        is_task: true,
        can: |can| can.upscale = true,
        inputs: || {
            styled(file_format(one_picture(Inputs::prompt(PROMPT)).negative_prompt(PROMPT).seed(SEED)))
                .with("creativity", json!({ "type": "number", "minimum": 0.1, "maximum": 0.5, "default": 0.3, "description": "More invents more detail." }))
                .example(json!({ "images": [EXAMPLE_ASSET], "prompt": "an old street in the rain", "creativity": 0.2 }))
        },
        ..USUAL
    },
    Row {
        slug: "control-sketch",
        path: "control/sketch",
        name: "Stability Control: Sketch",
        description: "Makes a finished picture along the lines of a sketch or of another picture's contours.",
        best_for: "finishing a drawing",
        can: |can| can.image_to_image = true,
        inputs: || controlled("a medieval castle on a hill"),
        ..USUAL
    },
    Row {
        slug: "control-structure",
        path: "control/structure",
        name: "Stability Control: Structure",
        description: "Keeps the arrangement of a picture and makes everything else anew by words.",
        best_for: "the same scene as something else",
        can: |can| can.image_to_image = true,
        inputs: || controlled("a well manicured shrub in an English garden"),
        ..USUAL
    },
    Row {
        slug: "control-style",
        path: "control/style",
        name: "Stability Control: Style",
        description: "Makes a new picture by words in the look of a given one.",
        best_for: "more pictures of one look",
        has_ratio: true,
        can: |can| {
            can.text_to_image = true;
            can.image_to_image = true;
            can.references = true;
        },
        inputs: || {
            styled(edited(one_picture(Inputs::prompt(PROMPT)).ratios(RATIOS, "1:1")))
                .with("fidelity", portion(0.5, "How closely the look is followed."))
                .example(json!({ "images": [EXAMPLE_ASSET], "prompt": "a majestic portrait of a chicken", "aspect_ratio": "4:5" }))
        },
        ..USUAL
    },
    Row {
        slug: "control-style-transfer",
        path: "control/style-transfer",
        name: "Stability Control: Style Transfer",
        description: "Gives a picture the look of another and keeps its composition.",
        best_for: "restyling what exists",
        credits: 8.0,
        ratings: (4, 4),
        files: &[("images", "init_image"), ("style_image", "style_image")],
        can: |can| can.image_to_image = true,
        inputs: || {
            file_format(one_picture(Inputs::optional_prompt(PROMPT)).negative_prompt(PROMPT).seed(SEED))
                .medium("style_image", "image/*", "The picture whose look is taken.")
                .require("style_image")
                .with("style_strength", portion(1.0, "How strongly the look is applied."))
                .with("composition_fidelity", portion(0.9, "How closely the arrangement is kept."))
                .with("change_strength", json!({ "type": "number", "minimum": 0.1, "maximum": 1, "default": 0.9, "description": "How much may change at all." }))
                .example(json!({ "images": [EXAMPLE_ASSET], "style_image": EXAMPLE_ASSET }))
        },
        ..USUAL
    },
];

impl Row {
    /// The catalogue row.
    pub(super) fn model(&self, maker: &str) -> Model {
        let mut capabilities = Capabilities::default();
        (self.can)(&mut capabilities);
        Model {
            name: self.name.into(),
            description: self.description.into(),
            best_for: self.best_for.into(),
            capabilities,
            sizing: if self.has_ratio { Sizing::Ratio } else { Sizing::Own },
            price: PriceRule::flat(usd(self.credits / 100.0)),
            quality_rating: self.ratings.0,
            pricing_rating: self.ratings.1,
            speed: self.speed.into(),
            license: "Stability AI's terms of service: what is made belongs to the customer; inputs may train its models unless the account opts out".into(),
            docs_url: Some("https://platform.stability.ai/docs/api-reference".into()),
            version: self.model.unwrap_or("v2beta").into(),
            input_schema: (self.inputs)().count().finish(),
            ..Model::base(&format!("image/stability/{}", self.slug), maker, MediaKind::Image)
        }
    }
}

/// What the makers of new pictures share.
fn generation() -> Inputs {
    edited(Inputs::prompt(PROMPT).style().ratios(RATIOS, "1:1"))
}

fn sd35(guidance: f64) -> Inputs {
    strength(styled(generation()))
        .with("cfg_scale", json!({ "type": "number", "minimum": 1, "maximum": 10, "default": guidance, "description": "How strictly the prompt is followed." }))
        .example(json!({ "prompt": "a red fox in a snowy forest", "aspect_ratio": "3:2", "negative_prompt": "text" }))
        .example(json!({ "prompt": "the fox in autumn", "images": [EXAMPLE_ASSET], "strength": 0.75 }))
}

/// A picture to begin with, and how far the result may go from it.
fn strength(inputs: Inputs) -> Inputs {
    inputs.images(1, "A picture to begin with.").with(
        "strength",
        portion(0.7, "Only with `images`: 0 keeps the picture, 1 leaves nothing of it."),
    )
}

fn one_picture(inputs: Inputs) -> Inputs {
    inputs.images(1, "The picture.").require("images")
}

fn masked(inputs: Inputs, most_growth: u32, growth: u32) -> Inputs {
    grown(one_picture(inputs), most_growth, growth).medium(
        "mask",
        "image/*",
        "White changes, black stays, grey in part. Without it, what is transparent in the picture changes.",
    )
}

fn grown(inputs: Inputs, most: u32, usual: u32) -> Inputs {
    inputs.with("grow_mask", json!({ "type": "integer", "minimum": 0, "maximum": most, "default": usual, "description": "Pixels by which the changed area grows, for softer edges." }))
}

fn edited(inputs: Inputs) -> Inputs {
    file_format(inputs.negative_prompt(PROMPT).seed(SEED))
}

fn controlled(prompt: &str) -> Inputs {
    styled(edited(one_picture(Inputs::prompt(PROMPT))))
        .with(
            "control_strength",
            portion(0.7, "How strongly the picture guides the result."),
        )
        .example(json!({ "images": [EXAMPLE_ASSET], "prompt": prompt }))
}

fn file_format(inputs: Inputs) -> Inputs {
    inputs.formats(&["png", "jpeg", "webp"], "png")
}

fn styled(inputs: Inputs) -> Inputs {
    inputs.with(
        "style_preset",
        json!({ "type": "string", "enum": STYLES, "description": "A look of the vendor's own." }),
    )
}

fn words(description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": PROMPT, "description": description })
}

fn portion(usual: f64, description: &str) -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 1, "default": usual, "description": description })
}
