//! The endpoints of Ideogram as data: paths, fields, sizes and prices in US dollars.

use aquatint_domain::model::{PriceRule, Rate, Sizing, Tier};
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::{Value, json};

use super::lists::{PRESETS, RATIOS, RATIOS_4, SIZES_3, SIZES_4};
use crate::fault::{Fault, FaultKind};
use crate::order::Order;
use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};

const PROMPT: u32 = 10_000;
const SEED: u64 = 2_147_483_647;
/// What each uploaded file may have, where the reference names no more.
const USUAL_MB: usize = 25;

const SPEEDS: &[&str] = &["turbo", "default", "quality"];

/// How the size of a result is asked for.
#[derive(Clone, Copy)]
enum Size {
    Own,
    Ratio,
    Listed(&'static [(u32, u32)]),
    /// Multiples of 32 from 256 up to 2048×2048 pixels in all.
    Free,
}

/// What one result costs.
#[derive(Clone, Copy)]
enum Price {
    Flat(f64),
    /// By the value of an input.
    By(&'static str, &'static [(&'static str, f64)]),
    /// By two of them.
    ByTwo(&'static str, &'static str, &'static [(&'static str, &'static str, f64)]),
}

/// An endpoint.
pub(super) struct Row {
    pub slug: &'static str,
    /// After `/v2/image/`.
    pub path: &'static str,
    name: &'static str,
    description: &'static str,
    best_for: &'static str,
    price: Price,
    /// The price list does not name this; the answer says what it cost.
    is_estimate: bool,
    ratings: (u8, u8),
    speed: &'static str,
    size: Size,
    /// The field that takes the size in pixels.
    pub size_field: Option<&'static str>,
    /// Where files go: our field and the vendor's. None means JSON.
    pub files: &'static [(&'static str, &'static str)],
    /// Inputs that the vendor calls otherwise.
    pub words: &'static [(&'static str, &'static str)],
    pub has_count: bool,
    /// It takes no `async` and always answers with an id.
    pub is_always_async: bool,
    /// It takes an address to call when it is done.
    pub has_webhook: bool,
    /// Masks change where they are white; elsewhere with this vendor where they are black.
    pub white_changes: bool,
    most_mb: usize,
    can: fn(&mut Capabilities),
    inputs: fn() -> Inputs,
}

const USUAL: Row = Row {
    slug: "",
    path: "",
    name: "",
    description: "",
    best_for: "",
    price: Price::Flat(0.0),
    is_estimate: false,
    ratings: (4, 3),
    speed: "medium",
    size: Size::Own,
    size_field: None,
    files: &[],
    words: &[("quality", "rendering_speed")],
    has_count: true,
    is_always_async: false,
    has_webhook: true,
    white_changes: false,
    most_mb: USUAL_MB,
    can: |_| (),
    inputs: Inputs::none,
};

const PRICE_4: Price = Price::By("quality", &[("turbo", 0.03), ("default", 0.06), ("quality", 0.10)]);
const PRICE_3: Price = Price::By("quality", &[("turbo", 0.03), ("default", 0.06), ("quality", 0.09)]);
const PRICE_CHARACTER: Price = Price::By("quality", &[("turbo", 0.10), ("default", 0.15), ("quality", 0.20)]);
const PRICE_EDIT: Price = Price::By(
    "quality",
    &[("very_low", 0.008), ("low", 0.03), ("medium", 0.06), ("high", 0.22)],
);
const PRICE_UPSCALE: Price = Price::By("upscale_factor", &[("x2", 0.12), ("x4", 0.24), ("x8", 0.48)]);

/// 3.0, from words.
const V3: Row = Row {
    price: PRICE_3,
    size: Size::Listed(SIZES_3),
    size_field: Some("resolution"),
    can: |can| {
        can.text_to_image = true;
        can.text_rendering = true;
    },
    ..USUAL
};

const UPSCALER: Row = Row {
    price: PRICE_UPSCALE,
    is_estimate: true,
    ratings: (4, 4),
    files: &[("images", "image")],
    words: &[],
    has_count: false,
    most_mb: 50,
    can: |can| can.upscale = true,
    ..USUAL
};

pub(super) const ROWS: &[Row] = &[
    Row {
        slug: "ideogram-4.5",
        path: "generate/ideogram-4-5",
        name: "Ideogram 4.5",
        description: "Ideogram's model of September 2026: follows long prompts and sets type cleanly, at 1K and 2K.",
        best_for: "posters, logos and anything with words in it",
        price: Price::By("quality", &[("low", 0.03), ("medium", 0.06), ("high", 0.10)]),
        ratings: (5, 3),
        size: Size::Listed(SIZES_4),
        size_field: Some("size"),
        words: &[],
        can: |can| {
            can.text_to_image = true;
            can.text_rendering = true;
        },
        inputs: || {
            made(Inputs::prompt(PROMPT).style().size(512, 3328, 2048, 2048).quality(&["low", "medium", "high"], "high"))
                .example(json!({ "prompt": "a travel poster with the headline VISIT MARS in condensed serif", "width": 1728, "height": 2304, "quality": "medium" }))
        },
        ..USUAL
    },
    Row {
        slug: "ideogram-4.5-edit",
        path: "precise-edit/ideogram-4-5",
        name: "Ideogram 4.5 Precise Edit",
        description: "Changes what the words say and copies every other pixel; up to four references and a mask.",
        best_for: "exact edits, one after the other",
        price: PRICE_EDIT,
        ratings: (5, 3),
        files: &[
            ("images", "image"),
            ("reference_images", "reference_images"),
            ("mask", "mask"),
        ],
        words: &[],
        most_mb: 50,
        can: |can| {
            can.image_to_image = true;
            can.references = true;
            can.masks = true;
            can.text_rendering = true;
        },
        inputs: || {
            checked(one_picture(Inputs::prompt(PROMPT)).seed(SEED))
                .with("reference_images", list(4, "Pictures that guide the edit; three beside a mask."))
                .medium("mask", "image/*", "What may change: white changes, black stays; it needs both.")
                .quality(&["very_low", "low", "medium", "high"], "medium")
                .example(json!({ "prompt": "change the shoes to slate-blue knit", "images": [EXAMPLE_ASSET] }))
                .example(json!({ "prompt": "the fabric of the reference", "images": [EXAMPLE_ASSET], "reference_images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET, "quality": "low", "count": 2 }))
        },
        ..USUAL
    },
    Row {
        slug: "ideogram-4.5-compose",
        path: "generate/ideogram-4-5",
        name: "Ideogram 4.5 Compose",
        description: "Makes a picture of another size from up to five pictures and words; the first is the one that is changed.",
        best_for: "combining pictures, and edits that change the format",
        price: PRICE_EDIT,
        is_estimate: true,
        ratings: (5, 3),
        size: Size::Free,
        size_field: Some("size"),
        files: &[("images", "images")],
        words: &[],
        can: |can| {
            can.image_to_image = true;
            can.references = true;
            can.text_rendering = true;
        },
        inputs: || {
            made(Inputs::prompt(PROMPT).size(256, 4096, 1024, 1024).quality(&["very_low", "low", "medium", "high"], "medium"))
                .images(5, "The first is changed, the others are references.")
                .require("images")
                .example(json!({ "prompt": "put the mug onto the table", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "width": 1536, "height": 1024 }))
        },
        ..USUAL
    },
    Row {
        slug: "ideogram-4",
        path: "generate/ideogram-4",
        name: "Ideogram 4.0",
        description: "Ideogram's model of June 2026, at 1K and 2K.",
        best_for: "typography and graphic design",
        price: PRICE_4,
        size: Size::Listed(SIZES_4),
        size_field: Some("resolution"),
        can: |can| {
            can.text_to_image = true;
            can.text_rendering = true;
        },
        inputs: || {
            speedy(made(Inputs::prompt(PROMPT).style().size(512, 3328, 2048, 2048))).example(
                json!({ "prompt": "a café menu, hand lettered", "width": 1792, "height": 2240, "quality": "turbo" }),
            )
        },
        ..USUAL
    },
    Row {
        slug: "ideogram-4-transparent",
        path: "generate/ideogram-4-transparent",
        name: "Ideogram 4.0 Transparent",
        description: "Ideogram 4.0 on a transparent background, from 1K to 8K.",
        best_for: "stickers, prints and parts of designs",
        price: Price::ByTwo(
            "quality",
            "resolution",
            &[
                ("turbo", "1k", 0.06),
                ("default", "1k", 0.09),
                ("quality", "1k", 0.13),
                ("turbo", "2k", 0.18),
                ("default", "2k", 0.21),
                ("quality", "2k", 0.25),
                ("turbo", "4k", 0.30),
                ("default", "4k", 0.33),
                ("quality", "4k", 0.37),
                ("turbo", "8k", 0.54),
                ("default", "8k", 0.57),
                ("quality", "8k", 0.61),
            ],
        ),
        is_estimate: true,
        size: Size::Ratio,
        words: &[("quality", "rendering_speed"), ("resolution", "output_resolution")],
        can: |can| {
            can.text_to_image = true;
            can.text_rendering = true;
            can.transparency = true;
        },
        inputs: || {
            speedy(made(Inputs::prompt(PROMPT).style().ratios(RATIOS_4, "1:1")))
                .resolution(&["1k", "2k", "4k", "8k"], "1k")
                .example(
                    json!({ "prompt": "a sticker of a fox, thick outline", "aspect_ratio": "4:5", "resolution": "2k" }),
                )
        },
        ..USUAL
    },
    Row {
        slug: "ideogram-4-remix",
        path: "remix/ideogram-4",
        name: "Ideogram 4.0 Remix",
        description: "Makes a new picture from one and words; a weight says how closely it follows.",
        best_for: "variations of a picture that exists",
        price: PRICE_4,
        size: Size::Listed(SIZES_4),
        size_field: Some("resolution"),
        files: &[("images", "image")],
        most_mb: 50,
        can: |can| {
            can.image_to_image = true;
            can.text_rendering = true;
        },
        inputs: || {
            speedy(checked(weighed(
                one_picture(Inputs::prompt(PROMPT)).size(512, 3328, 2048, 2048),
            )))
            .example(json!({ "prompt": "the same street at night", "images": [EXAMPLE_ASSET], "image_weight": 60 }))
        },
        ..USUAL
    },
    Row {
        slug: "ideogram-3",
        path: "generate/ideogram-3",
        name: "Ideogram 3.0",
        description: "Ideogram's model of 2025, with presets, style references, palettes and negative prompts.",
        best_for: "a look that is given by references, a palette or a preset",
        files: &[("style_reference_images", "style_reference_images")],
        inputs: || {
            looked(speedy(made(negative(Inputs::prompt(PROMPT).style().size(512, 1536, 1024, 1024)))))
                .example(json!({ "prompt": "a jazz festival poster", "width": 832, "height": 1248, "style_preset": "art_deco", "color_palette": { "name": "ember" } }))
                .example(json!({ "prompt": "a teapot in this style", "style_reference_images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "count": 2 }))
        },
        ..V3
    },
    Row {
        slug: "ideogram-3-character",
        path: "generate/ideogram-3-character",
        name: "Ideogram 3.0 Character",
        description: "Puts the person or figure of a reference into new scenes.",
        best_for: "the same character again and again",
        price: PRICE_CHARACTER,
        ratings: (4, 4),
        files: &[
            ("character_reference_images", "character_reference_images"),
            ("style_reference_images", "style_reference_images"),
        ],
        inputs: || {
            character(speedy(made(negative(
                Inputs::prompt(PROMPT).style().size(512, 1536, 1024, 1024),
            ))))
            .example(
                json!({ "prompt": "as a knight in a misty forest", "character_reference_images": [EXAMPLE_ASSET] }),
            )
        },
        ..V3
    },
    Row {
        slug: "ideogram-3-transparent",
        path: "generate/ideogram-3-transparent",
        name: "Ideogram 3.0 Transparent",
        description: "Ideogram 3.0 on a transparent background, made up to four times larger.",
        best_for: "cheap stickers and icons",
        price: Price::ByTwo(
            "quality",
            "upscale_factor",
            &[
                ("turbo", "x1", 0.04),
                ("default", "x1", 0.07),
                ("quality", "x1", 0.10),
                ("turbo", "x2", 0.16),
                ("default", "x2", 0.19),
                ("quality", "x2", 0.22),
                ("turbo", "x4", 0.28),
                ("default", "x4", 0.31),
                ("quality", "x4", 0.34),
            ],
        ),
        // The price of the largest is not on the pages that were read.
        is_estimate: true,
        size: Size::Ratio,
        size_field: None,
        can: |can| {
            can.text_to_image = true;
            can.text_rendering = true;
            can.transparency = true;
        },
        inputs: || {
            speedy(made(negative(Inputs::prompt(PROMPT).style().ratios(RATIOS, "1:1"))))
                .choice(
                    "upscale_factor",
                    &["x1", "x2", "x4"],
                    "x1",
                    "How many times larger than about one megapixel.",
                )
                .example(json!({ "prompt": "a red mitten", "upscale_factor": "x2" }))
        },
        ..V3
    },
    Row {
        slug: "ideogram-3-inpaint",
        path: "inpaint/ideogram-3",
        name: "Ideogram 3.0 Inpaint",
        description: "Fills what a mask marks with something new, in a look of one's choice.",
        best_for: "changing one part of a picture in a certain style",
        size: Size::Own,
        size_field: None,
        files: &[
            ("images", "image"),
            ("mask", "mask"),
            ("style_reference_images", "style_reference_images"),
        ],
        can: |can| {
            can.image_to_image = true;
            can.masks = true;
            can.text_rendering = true;
        },
        inputs: || {
            styled(speedy(made(masked(one_picture(Inputs::prompt(PROMPT))))))
                .example(json!({ "prompt": "a brass lamp", "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET }))
        },
        ..V3
    },
    Row {
        slug: "ideogram-3-character-inpaint",
        path: "inpaint/ideogram-3-character",
        name: "Ideogram 3.0 Character Inpaint",
        description: "Puts the figure of a reference where a mask says.",
        best_for: "the same character in a picture that exists",
        price: PRICE_CHARACTER,
        ratings: (4, 4),
        size: Size::Own,
        size_field: None,
        files: &[
            ("images", "image"),
            ("mask", "mask"),
            ("character_reference_images", "character_reference_images"),
            ("style_reference_images", "style_reference_images"),
        ],
        can: |can| {
            can.image_to_image = true;
            can.masks = true;
        },
        inputs: || {
            character(speedy(made(masked(one_picture(Inputs::prompt(PROMPT))))))
                .example(json!({ "prompt": "a chef", "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET, "character_reference_images": [EXAMPLE_ASSET] }))
        },
        ..V3
    },
    Row {
        slug: "ideogram-3-remix",
        path: "remix/ideogram-3",
        name: "Ideogram 3.0 Remix",
        description: "Makes a new picture from one and words, with the looks of 3.0.",
        best_for: "restyling a picture",
        files: &[
            ("images", "image"),
            ("style_reference_images", "style_reference_images"),
        ],
        most_mb: 50,
        can: |can| {
            can.image_to_image = true;
            can.text_rendering = true;
        },
        inputs: || {
            looked(speedy(made(negative(weighed(
                one_picture(Inputs::prompt(PROMPT)).size(512, 1536, 1024, 1024),
            )))))
            .example(json!({ "prompt": "as a woodcut", "images": [EXAMPLE_ASSET], "style_preset": "woodblock_print" }))
        },
        ..V3
    },
    Row {
        slug: "ideogram-3-character-remix",
        path: "remix/ideogram-3-character",
        name: "Ideogram 3.0 Character Remix",
        description: "Makes a new picture from one, with the figure of a reference in it.",
        best_for: "a character in the composition of another picture",
        price: PRICE_CHARACTER,
        ratings: (4, 4),
        files: &[
            ("images", "image"),
            ("character_reference_images", "character_reference_images"),
            ("style_reference_images", "style_reference_images"),
        ],
        most_mb: 50,
        can: |can| can.image_to_image = true,
        inputs: || {
            character(speedy(made(negative(weighed(one_picture(Inputs::prompt(PROMPT)).size(512, 1536, 1024, 1024))))))
                .example(json!({ "prompt": "on a bicycle", "images": [EXAMPLE_ASSET], "character_reference_images": [EXAMPLE_ASSET] }))
        },
        ..V3
    },
    Row {
        slug: "ideogram-3-reframe",
        path: "reframe/ideogram-3",
        name: "Ideogram 3.0 Reframe",
        description: "Extends a picture to another size; the old pixels stay in the middle.",
        best_for: "one picture in many formats",
        files: &[
            ("images", "image"),
            ("style_reference_images", "style_reference_images"),
        ],
        has_webhook: false,
        can: |can| {
            can.image_to_image = true;
            can.expand = true;
        },
        inputs: || {
            let inputs = one_picture(Inputs::none()).seed(SEED).size(512, 1536, 1024, 1024);
            palette(references(presets(speedy(inputs))))
                .example(json!({ "images": [EXAMPLE_ASSET], "width": 1536, "height": 640 }))
        },
        ..V3
    },
    Row {
        slug: "ideogram-3-replace-background",
        path: "replace-background/ideogram-3",
        name: "Ideogram 3.0 Replace Background",
        description: "Keeps the subject and makes another background by words.",
        best_for: "products and people in other places",
        size: Size::Own,
        size_field: None,
        files: &[("images", "image")],
        is_always_async: true,
        most_mb: 50,
        can: |can| can.image_to_image = true,
        inputs: || {
            speedy(one_picture(Inputs::prompt(4_000)))
                .example(json!({ "prompt": "a beach at dawn", "images": [EXAMPLE_ASSET] }))
        },
        ..V3
    },
    Row {
        slug: "ideogram-remove-background",
        path: "remove-background/ideogram-1",
        name: "Ideogram Remove Background",
        description: "Cuts out the foreground; everything else becomes transparent.",
        best_for: "clean cut-outs",
        price: Price::Flat(0.01),
        ratings: (4, 1),
        speed: "fast",
        files: &[("images", "image")],
        words: &[],
        has_count: false,
        has_webhook: false,
        can: |can| {
            can.remove_background = true;
            can.transparency = true;
        },
        inputs: || one_picture(Inputs::none()).example(json!({ "images": [EXAMPLE_ASSET] })),
        ..USUAL
    },
    Row {
        slug: "ideogram-remove-object",
        path: "remove-object/ideogram-1",
        name: "Ideogram Remove Object",
        description: "Removes what a mask marks and fills the scene in.",
        best_for: "removing things and people",
        price: Price::Flat(0.05),
        is_estimate: true,
        ratings: (4, 2),
        files: &[("images", "image"), ("mask", "mask")],
        words: &[],
        has_count: false,
        is_always_async: true,
        white_changes: true,
        most_mb: 50,
        has_webhook: false,
        can: |can| {
            can.image_to_image = true;
            can.masks = true;
        },
        inputs: || {
            masked(one_picture(Inputs::none()))
                .seed(SEED)
                .example(json!({ "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET }))
        },
        ..USUAL
    },
    Row {
        slug: "ideogram-upscale",
        path: "upscale/auto",
        name: "Ideogram Upscale",
        description: "Makes a picture two, four or eight times larger; Ideogram picks the model.",
        best_for: "larger pictures without choosing how",
        inputs: || {
            factor(one_picture(Inputs::none()).seed(SEED))
                .example(json!({ "images": [EXAMPLE_ASSET], "upscale_factor": "x4" }))
        },
        ..UPSCALER
    },
    Row {
        slug: "topaz-standard-2",
        path: "upscale/topaz-standard-2",
        name: "Topaz Standard 2 at Ideogram",
        description: "Faithful enlargement with control over noise, sharpness and faces.",
        best_for: "photographs that must stay themselves",
        inputs: || {
            repaired(factor(one_picture(Inputs::none())))
                .example(json!({ "images": [EXAMPLE_ASSET], "denoise": 0.3, "face_enhancement": true }))
        },
        ..UPSCALER
    },
    Row {
        slug: "topaz-text-refine",
        path: "upscale/topaz-text-refine",
        name: "Topaz Text Refine at Ideogram",
        description: "Enlargement that keeps letters and edges clean.",
        best_for: "scans, screenshots and designs with words",
        inputs: || {
            repaired(factor(one_picture(Inputs::none()).seed(SEED)))
                .example(json!({ "images": [EXAMPLE_ASSET], "sharpen": 0.4 }))
        },
        ..UPSCALER
    },
    Row {
        slug: "topaz-bloom-2",
        path: "upscale/topaz-bloom-2",
        name: "Topaz Bloom 2 at Ideogram",
        description: "Enlargement that invents detail, by words and a degree of creativity.",
        best_for: "made-up pictures that need detail",
        inputs: || {
            factor(one_picture(Inputs::optional_prompt(1_024)).seed(SEED))
                .with("creativity", json!({ "type": "integer", "minimum": 1, "maximum": 9, "default": 3, "description": "More invents more." }))
                .flag("color_preservation", true, "Keeps the colours.")
                .example(json!({ "images": [EXAMPLE_ASSET], "creativity": 5 }))
        },
        ..UPSCALER
    },
    Row {
        slug: "topaz-redefine",
        path: "upscale/topaz-redefine",
        name: "Topaz Redefine at Ideogram",
        description: "Enlargement that draws a blurred or tiny picture anew.",
        best_for: "very poor originals",
        inputs: || {
            enhanced(factor(one_picture(Inputs::optional_prompt(1_024)).seed(SEED)))
                .with("creativity", json!({ "type": "integer", "minimum": 1, "maximum": 9, "default": 3, "description": "More invents more." }))
                .with("texture", json!({ "type": "integer", "minimum": 1, "maximum": 5, "default": 1, "description": "More gives rougher surfaces." }))
                .flag("autoprompt", false, "The vendor describes the picture itself.")
                .flag("detail", false, "Adds fine detail.")
                .with("detail_strength", json!({ "type": "number", "minimum": 0, "maximum": 10, "description": "How much." }))
                .example(json!({ "images": [EXAMPLE_ASSET], "autoprompt": true, "texture": 2 }))
        },
        ..UPSCALER
    },
    Row {
        slug: "topaz-wonder-3.5",
        path: "upscale/topaz-wonder-3-5",
        name: "Topaz Wonder 3.5 at Ideogram",
        description: "Enlargement with a strength and no other choices.",
        best_for: "a good result without settings",
        inputs: || {
            factor(one_picture(Inputs::none()).seed(SEED))
                .choice(
                    "enhancement_strength",
                    &["low", "medium", "high"],
                    "high",
                    "How much is improved.",
                )
                .example(json!({ "images": [EXAMPLE_ASSET], "enhancement_strength": "medium" }))
        },
        ..UPSCALER
    },
    Row {
        slug: "ideogram-2",
        path: "generate/ideogram-2",
        name: "Ideogram 2.0",
        description: "Ideogram's model of 2024.",
        best_for: "what was set up with it",
        price: Price::By("quality", &[("turbo", 0.05), ("default", 0.08)]),
        ratings: (2, 3),
        size: Size::Ratio,
        can: |can| {
            can.text_to_image = true;
            can.text_rendering = true;
        },
        inputs: || {
            negative(second()).example(json!({ "prompt": "a neon sign that says OPEN", "aspect_ratio": "16:9" }))
        },
        ..USUAL
    },
    Row {
        slug: "ideogram-2a",
        path: "generate/ideogram-2a",
        name: "Ideogram 2a",
        description: "The quicker, cheaper model of early 2025.",
        best_for: "what was set up with it",
        price: Price::By("quality", &[("turbo", 0.025), ("default", 0.04)]),
        ratings: (2, 2),
        speed: "fast",
        size: Size::Ratio,
        can: |can| {
            can.text_to_image = true;
            can.text_rendering = true;
        },
        inputs: || second().example(json!({ "prompt": "a neon sign that says OPEN", "aspect_ratio": "1:1" })),
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
            sizing: match self.size {
                Size::Own => Sizing::Own,
                Size::Ratio => Sizing::Ratio,
                Size::Listed(sizes) => Sizing::Listed(sizes.to_vec()),
                Size::Free => Sizing::Free {
                    step: 32,
                    min_pixels: 65_536,
                    max_pixels: 4_194_304,
                    max_ratio: 6.0,
                },
            },
            // A request may ask for eight; ten pictures may be in progress at once for the whole account.
            outputs_per_request: if self.has_count { 4 } else { 1 },
            price: self.price_rule(),
            quality_rating: self.ratings.0,
            pricing_rating: self.ratings.1,
            speed: self.speed.into(),
            license: "Ideogram's API agreement: what is made may be used commercially".into(),
            docs_url: Some("https://developer.ideogram.ai/ideogram-api/models".into()),
            version: self.path.rsplit('/').next().unwrap_or_default().into(),
            input_schema: (self.inputs)().count().finish(),
            ..Model::base(&format!("image/ideogram/{}", self.slug), maker, MediaKind::Image)
        }
    }

    fn price_rule(&self) -> PriceRule {
        let rate = |dollars: f64| Rate::per_output(usd(dollars));
        let tiers: Vec<Tier> = match self.price {
            Price::Flat(_) => Vec::new(),
            Price::By(name, prices) => prices
                .iter()
                .map(|(value, dollars)| Tier::when([(name, json!(value))], rate(*dollars)))
                .collect(),
            Price::ByTwo(first, second, prices) => prices
                .iter()
                .map(|(one, other, dollars)| Tier::when([(first, json!(one)), (second, json!(other))], rate(*dollars)))
                .collect(),
        };
        // Whatever is not in the list costs what its dearest row does.
        let usual = match self.price {
            Price::Flat(dollars) => rate(dollars),
            _ => tiers
                .iter()
                .map(|tier| tier.rate.clone())
                .max_by_key(|rate| rate.per_output)
                .unwrap_or_default(),
        };
        PriceRule {
            rate: usual,
            tiers,
            is_estimate: self.is_estimate,
            ..PriceRule::default()
        }
    }

    /// What the vendor would refuse, said before it is sent.
    pub(super) fn check(&self, order: &Order) -> Result<(), Fault> {
        let refuse = |words: String, field: &str| Err(Fault::new(FaultKind::InvalidInput, words).at(field));
        for medium in &order.media {
            if medium.bytes.len() > self.most_mb * 1_000_000 {
                let words = format!(
                    "the file has {} bytes; this takes up to {} MB. Make it smaller first",
                    medium.bytes.len(),
                    self.most_mb
                );
                return refuse(words, &medium.field);
            }
        }
        if order.medium("mask").is_some() && order.media_of("reference_images").count() > 3 {
            return refuse(
                "beside a mask there may be three reference pictures".into(),
                "reference_images",
            );
        }
        let has_reference = order.medium("style_reference_images").is_some();
        let has_codes = order.inputs.contains_key("style_codes");
        if order.inputs.contains_key("style_preset") && (has_reference || has_codes) {
            return refuse(
                "a style preset goes without style codes and style references".into(),
                "style_preset",
            );
        }
        if has_codes && has_reference {
            return refuse("style codes go without style references".into(), "style_codes");
        }
        Ok(())
    }
}

/// What new pictures share.
fn made(inputs: Inputs) -> Inputs {
    checked(inputs.seed(SEED)).choice(
        "magic_prompt",
        &["auto", "on", "off"],
        "auto",
        "Whether the vendor rewrites the prompt.",
    )
}

fn checked(inputs: Inputs) -> Inputs {
    inputs.flag(
        "enable_copyright_detection",
        false,
        "Withholds results that look like protected works; takes longer.",
    )
}

fn speedy(inputs: Inputs) -> Inputs {
    inputs.quality(SPEEDS, "default")
}

fn negative(inputs: Inputs) -> Inputs {
    inputs.negative_prompt(PROMPT)
}

fn one_picture(inputs: Inputs) -> Inputs {
    inputs.images(1, "The picture.").require("images")
}

fn masked(inputs: Inputs) -> Inputs {
    inputs
        .medium(
            "mask",
            "image/*",
            "As large as the picture: white changes, black stays.",
        )
        .require("mask")
}

fn weighed(inputs: Inputs) -> Inputs {
    inputs.with("image_weight", json!({ "type": "integer", "minimum": 1, "maximum": 100, "description": "How closely the result follows the picture." }))
}

fn factor(inputs: Inputs) -> Inputs {
    inputs.choice("upscale_factor", &["x2", "x4", "x8"], "x2", "How many times larger.")
}

/// All ways of 3.0 to give a look.
fn looked(inputs: Inputs) -> Inputs {
    palette(styled(inputs))
}

fn styled(inputs: Inputs) -> Inputs {
    references(presets(inputs)).with(
        "style_type",
        json!({ "type": "string", "enum": ["auto", "general", "realistic", "design", "fiction"], "description": "The kind of picture; goes without style codes." }),
    )
}

fn presets(inputs: Inputs) -> Inputs {
    inputs
        .with("style_preset", json!({ "type": "string", "enum": PRESETS, "description": "A look of the vendor's own; goes without codes and references." }))
        .with(
            "style_codes",
            json!({ "type": "array", "items": { "type": "string", "pattern": "^[0-9a-fA-F]{8}$" }, "minItems": 1, "maxItems": 8, "description": "Looks by their codes at Ideogram." }),
        )
}

fn references(inputs: Inputs) -> Inputs {
    inputs.with("style_reference_images", list(10, "Pictures whose look is taken."))
}

fn palette(inputs: Inputs) -> Inputs {
    inputs.with(
        "color_palette",
        json!({
            "description": "A palette by name, or colours with weights.",
            "type": "object",
            "oneOf": [
                { "required": ["name"], "additionalProperties": false, "properties": {
                    "name": { "enum": ["ember", "fresh", "jungle", "magic", "melon", "mosaic", "pastel", "ultramarine"] } } },
                { "required": ["members"], "additionalProperties": false, "properties": { "members": {
                    "type": "array", "minItems": 1, "maxItems": 8,
                    "items": { "type": "object", "required": ["color_hex"], "additionalProperties": false, "properties": {
                        "color_hex": { "type": "string", "pattern": "^#([0-9a-fA-F]{3}){1,2}$" },
                        "color_weight": { "type": "number", "minimum": 0.05, "maximum": 1 } } } } } }
            ]
        }),
    )
}

fn character(inputs: Inputs) -> Inputs {
    references(inputs)
        .with("character_reference_images", list(1, "The person or figure."))
        .require("character_reference_images")
        .choice(
            "style_type",
            &["auto", "realistic", "fiction"],
            "auto",
            "The kind of picture.",
        )
}

fn repaired(inputs: Inputs) -> Inputs {
    enhanced(inputs)
        .with(
            "fix_compression",
            portion(0.0, "How much of the traces of compression goes."),
        )
        .with("strength", portion(0.01, "How strongly the model works."))
}

fn enhanced(inputs: Inputs) -> Inputs {
    inputs
        .with("denoise", portion(0.0, "How much noise goes."))
        .with("sharpen", portion(0.0, "How much sharper it becomes."))
        .with("face_enhancement", json!({ "type": "boolean", "description": "Improves faces." }))
        .with("face_enhancement_creativity", portion(0.0, "How freely faces are drawn anew."))
        .with("face_enhancement_strength", portion(0.0, "How strongly faces are improved."))
        .with("subject_detection", json!({ "type": "string", "enum": ["all", "foreground", "background"], "description": "What is improved." }))
}

/// 2.0 and 2a.
fn second() -> Inputs {
    made(Inputs::prompt(PROMPT).style().ratios(RATIOS, "1:1").quality(&["turbo", "default"], "default")).with(
        "style_type",
        json!({ "type": "string", "enum": ["auto", "general", "realistic", "design", "render_3d", "anime"], "description": "The kind of picture." }),
    )
}

fn portion(least: f64, description: &str) -> Value {
    json!({ "type": "number", "minimum": least, "maximum": 1, "description": description })
}

fn list(most: u32, description: &str) -> Value {
    json!({
        "type": "array",
        "items": { "type": "string", "minLength": 1, "contentMediaType": "image/*", "description": "An asset id, https URL or data URI." },
        "minItems": 1, "maxItems": most,
        "description": description
    })
}
