//! Runway's models that make videos, of words, of first and last frames, of references, or of other videos:
//! `POST /v1/text_to_video`, `/v1/image_to_video` and `/v1/video_to_video`, which is chosen by what is given.

use aquatint_domain::model::{PriceRule, Rate, Sizing, Tier};
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::{Map, Value, json};

use super::FACTS;
use super::knobs::Knob;
use super::sizes::{self, Sizes};
use crate::fault::{Fault, FaultKind};
use crate::order::Order;
use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};

/// A model, as far as it differs from the others.
pub(super) struct Film {
    slug: &'static str,
    pub vendor: &'static str,
    name: &'static str,
    best_for: &'static str,
    quality: u8,
    pricing: u8,
    speed: &'static str,
    prompt_chars: u32,
    /// Whether words are needed beside a picture or a video.
    needs_prompt: bool,
    takes: Takes,
    size: Size,
    seconds: Seconds,
    knobs: &'static [Knob],
    price: Price,
}

/// What may go in beside words.
#[derive(Clone, Copy)]
struct Takes {
    text: bool,
    first: bool,
    last: bool,
    /// Pictures as references.
    references: u32,
    /// Videos as references, and whether each is tagged with `"type": "video"`.
    clips: Option<bool>,
    video: Video,
}

/// How a video that is to be changed is named.
#[derive(Clone, Copy, PartialEq)]
enum Video {
    No,
    /// `promptVideo`
    Prompt,
    /// `videoUri`, with nothing else about size and length.
    Plain,
    /// `promptVideo` and `mode`: reference, extend or edit.
    PromptModes,
    /// `videoUri` and `mode`.
    UriModes,
}

#[derive(Clone, Copy)]
enum Size {
    /// `ratio` in pixels, alike for all ways.
    Pixels(Sizes),
    /// The same, but of words alone only the first two.
    PixelsFramed(Sizes),
    /// The same; with a first frame `resolution` says 720p or 1080p in its place.
    PixelsOrTier(Sizes),
    /// The same; with a first frame `ratio` says `auto_480p`, `auto_720p` or `auto_1080p`.
    PixelsOrAuto(Sizes),
    /// `ratio` such as 16:9 and `resolution`; the first of each is taken without a word.
    Ratio(&'static [&'static str], &'static [&'static str]),
    /// The same; with a first frame there is no `ratio`.
    RatioFree(&'static [&'static str], &'static [&'static str]),
    /// `resolution` alone.
    Resolution(&'static [&'static str]),
}

#[derive(Clone, Copy)]
enum Seconds {
    Between(u32, u32, u32),
    OneOf(&'static [u32], u32),
}

/// Credits of the vendor for a second.
#[derive(Clone, Copy)]
enum Price {
    Flat(f64),
    /// With sound and without.
    BySound(f64, f64),
    /// Up to so many pixels, and so on.
    BySize(&'static [(u64, f64)]),
    /// By `resolution`.
    ByTier(&'static [(&'static str, f64)]),
}

const NOTHING: Takes = Takes {
    text: true,
    first: false,
    last: false,
    references: 0,
    clips: None,
    video: Video::No,
};
const FIRST: Takes = Takes { first: true, ..NOTHING };
const FRAMES: Takes = Takes { last: true, ..FIRST };
const SEEDANCE: Takes = Takes {
    references: 9,
    clips: Some(true),
    video: Video::Prompt,
    ..FRAMES
};
/// What is more than 480p, 720p and 1080p.
const UP_TO_480: u64 = 450_000;
const UP_TO_720: u64 = 1_000_000;
const UP_TO_1080: u64 = 2_200_000;
const GRADES: &[&str] = &["mp4", "sdr_rec709_10bit", "hdr10", "hlg"];
const WIDE: &[&str] = &["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"];

pub(super) const ROWS: &[Film] = &[
    Film {
        slug: "gen-4.5",
        vendor: "gen4.5",
        name: "Gen-4.5",
        best_for: "motion that follows the prompt closely",
        quality: 5,
        pricing: 3,
        speed: "slow",
        prompt_chars: 1_000,
        needs_prompt: true,
        takes: FIRST,
        size: Size::PixelsFramed(sizes::GEN4_VIDEO),
        seconds: Seconds::Between(2, 10, 5),
        knobs: &[Knob::Seed, Knob::PublicFigures, Knob::Grade(GRADES)],
        price: Price::Flat(12.0),
    },
    Film {
        slug: "gen-4-turbo",
        vendor: "gen4_turbo",
        name: "Gen-4 Turbo",
        best_for: "cheap motion for a picture that exists",
        quality: 3,
        pricing: 1,
        speed: "fast",
        prompt_chars: 1_000,
        needs_prompt: false,
        takes: Takes { text: false, ..FIRST },
        size: Size::Pixels(sizes::GEN4_VIDEO),
        seconds: Seconds::Between(2, 10, 5),
        knobs: &[Knob::Seed, Knob::PublicFigures],
        price: Price::Flat(5.0),
    },
    Film {
        slug: "veo-3.1",
        vendor: "veo3.1",
        name: "Veo 3.1",
        best_for: "speech, sound and realism",
        quality: 5,
        pricing: 5,
        speed: "slow",
        prompt_chars: 1_000,
        needs_prompt: false,
        takes: FRAMES,
        size: Size::Pixels(sizes::VEO),
        seconds: Seconds::OneOf(&[4, 6, 8], 8),
        knobs: &[Knob::Sound, Knob::NegativePrompt, Knob::Seed],
        price: Price::BySound(40.0, 20.0),
    },
    Film {
        slug: "veo-3.1-fast",
        vendor: "veo3.1_fast",
        name: "Veo 3.1 Fast",
        best_for: "drafts with sound",
        quality: 4,
        pricing: 3,
        speed: "medium",
        prompt_chars: 1_000,
        needs_prompt: false,
        takes: FRAMES,
        size: Size::Pixels(sizes::VEO),
        seconds: Seconds::OneOf(&[4, 6, 8], 8),
        knobs: &[Knob::Sound, Knob::NegativePrompt, Knob::Seed],
        price: Price::BySound(15.0, 10.0),
    },
    Film {
        slug: "seedance-2.5",
        vendor: "seedance2_5",
        name: "Seedance 2.5",
        best_for: "clips up to half a minute from many references",
        quality: 5,
        pricing: 5,
        speed: "slow",
        prompt_chars: 15_000,
        needs_prompt: false,
        takes: Takes {
            references: 30,
            video: Video::PromptModes,
            ..SEEDANCE
        },
        size: Size::Pixels(sizes::SEEDANCE_25),
        seconds: Seconds::Between(4, 30, 5),
        knobs: &[Knob::Sound, Knob::Seed],
        price: Price::BySize(&[(UP_TO_480, 20.0), (UP_TO_720, 30.0), (u64::MAX, 68.0)]),
    },
    Film {
        slug: "seedance-2",
        vendor: "seedance2",
        name: "Seedance 2.0",
        best_for: "scenes from several references, up to 4K",
        quality: 5,
        pricing: 5,
        speed: "slow",
        prompt_chars: 3_500,
        needs_prompt: false,
        takes: SEEDANCE,
        size: Size::Pixels(sizes::SEEDANCE),
        seconds: Seconds::Between(4, 15, 5),
        knobs: &[Knob::Sound, Knob::Seed],
        price: Price::BySize(&[(UP_TO_720, 36.0), (UP_TO_1080, 40.0), (u64::MAX, 150.0)]),
    },
    Film {
        slug: "seedance-2-fast",
        vendor: "seedance2_fast",
        name: "Seedance 2.0 Fast",
        best_for: "drafts of scenes from several references",
        quality: 4,
        pricing: 4,
        speed: "medium",
        prompt_chars: 3_500,
        needs_prompt: false,
        takes: SEEDANCE,
        size: Size::Pixels(sizes::SEEDANCE_SMALL),
        seconds: Seconds::Between(4, 15, 5),
        knobs: &[Knob::Sound, Knob::Seed],
        price: Price::Flat(29.0),
    },
    Film {
        slug: "seedance-2-mini",
        vendor: "seedance2_mini",
        name: "Seedance 2.0 Mini",
        best_for: "cheap scenes from several references",
        quality: 3,
        pricing: 3,
        speed: "medium",
        prompt_chars: 3_500,
        needs_prompt: false,
        takes: SEEDANCE,
        size: Size::Pixels(sizes::SEEDANCE_SMALL),
        seconds: Seconds::Between(4, 15, 5),
        knobs: &[Knob::Sound, Knob::Seed],
        price: Price::Flat(16.0),
    },
    Film {
        slug: "hailuo-3",
        vendor: "hailuo3",
        name: "Hailuo 3.0",
        best_for: "lively motion at a middling price",
        quality: 4,
        pricing: 2,
        speed: "medium",
        prompt_chars: 6_000,
        needs_prompt: true,
        takes: SEEDANCE,
        size: Size::Ratio(WIDE, &["768p", "2k"]),
        seconds: Seconds::Between(5, 15, 5),
        knobs: &[],
        price: Price::ByTier(&[("768p", 10.0), ("2k", 15.0)]),
    },
    Film {
        slug: "h3-max",
        vendor: "h3_max",
        name: "MiniMax H3 Max",
        best_for: "short scenes with a prompt that the vendor works out",
        quality: 4,
        pricing: 2,
        speed: "medium",
        prompt_chars: 6_000,
        needs_prompt: true,
        takes: FRAMES,
        size: Size::Resolution(&["768p", "480p"]),
        seconds: Seconds::Between(4, 15, 5),
        knobs: &[Knob::Expansion, Knob::Seed],
        price: Price::ByTier(&[("768p", 15.0), ("480p", 10.0)]),
    },
    Film {
        slug: "happyhorse-1",
        vendor: "happyhorse_1_0",
        name: "HappyHorse 1.0",
        best_for: "people and animals in motion",
        quality: 4,
        pricing: 3,
        speed: "medium",
        prompt_chars: 2_500,
        needs_prompt: false,
        takes: FIRST,
        size: Size::PixelsOrTier(sizes::HAPPYHORSE),
        seconds: Seconds::Between(3, 15, 5),
        knobs: &[],
        price: Price::BySize(&[(UP_TO_720, 15.0), (u64::MAX, 30.0)]),
    },
    Film {
        slug: "grok-imagine-1.5",
        vendor: "grok_imagine_1_5",
        name: "Grok Imagine 1.5",
        best_for: "short clips from references that the prompt names",
        quality: 3,
        pricing: 2,
        speed: "fast",
        prompt_chars: 4_000,
        needs_prompt: false,
        takes: Takes { references: 7, ..FIRST },
        size: Size::RatioFree(
            &["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3"],
            &["480p", "720p", "1080p"],
        ),
        seconds: Seconds::Between(1, 15, 5),
        knobs: &[],
        price: Price::ByTier(&[("480p", 10.0), ("720p", 16.0), ("1080p", 29.0)]),
    },
    Film {
        slug: "wan-3",
        vendor: "wan3",
        name: "Wan 3.0",
        best_for: "cheap clips with sound from references",
        quality: 4,
        pricing: 2,
        speed: "medium",
        prompt_chars: 5_000,
        needs_prompt: true,
        takes: Takes {
            references: 10,
            clips: Some(true),
            ..FRAMES
        },
        size: Size::PixelsOrAuto(sizes::WAN),
        seconds: Seconds::Between(2, 15, 5),
        knobs: &[Knob::Sound],
        price: Price::BySize(&[(UP_TO_480, 5.0), (UP_TO_720, 10.0), (u64::MAX, 20.0)]),
    },
    Film {
        slug: "wan-3-prime",
        vendor: "wan3_prime",
        name: "Wan 3.0 Prime",
        best_for: "Wan 3.0 with more care for detail",
        quality: 4,
        pricing: 3,
        speed: "slow",
        prompt_chars: 5_000,
        needs_prompt: true,
        takes: Takes {
            references: 10,
            clips: Some(true),
            ..FRAMES
        },
        size: Size::PixelsOrAuto(sizes::WAN),
        seconds: Seconds::Between(2, 15, 5),
        knobs: &[Knob::Sound],
        price: Price::BySize(&[(UP_TO_480, 10.0), (UP_TO_720, 20.0), (u64::MAX, 40.0)]),
    },
    Film {
        slug: "gemini-omni-flash-1.1",
        vendor: "gemini_omni_flash_1.1",
        name: "Gemini Omni Flash 1.1",
        best_for: "changing, extending and making clips by instructions",
        quality: 4,
        pricing: 2,
        speed: "fast",
        prompt_chars: 10_000,
        needs_prompt: true,
        takes: Takes {
            references: 3,
            clips: Some(false),
            video: Video::UriModes,
            ..FRAMES
        },
        size: Size::Pixels(sizes::OMNI),
        seconds: Seconds::Between(3, 10, 5),
        knobs: &[],
        price: Price::BySize(&[(UP_TO_720, 11.0), (UP_TO_1080, 22.0), (u64::MAX, 60.0)]),
    },
    Film {
        slug: "gemini-omni-flash",
        vendor: "gemini_omni_flash",
        name: "Gemini Omni Flash",
        best_for: "changing short clips by instructions",
        quality: 3,
        pricing: 2,
        speed: "fast",
        prompt_chars: 10_000,
        needs_prompt: false,
        takes: Takes {
            references: 3,
            video: Video::Plain,
            ..FIRST
        },
        size: Size::Pixels(sizes::HD_BOTH),
        seconds: Seconds::Between(3, 10, 5),
        knobs: &[],
        price: Price::Flat(11.0),
    },
];

/// Path and body of a purchase. `uris` name the order's media, in their order.
pub(super) fn request(row: &Film, order: &Order, uris: &[String]) -> Result<(&'static str, Value), Fault> {
    let of = |field: &str| -> Vec<&String> {
        order
            .media
            .iter()
            .zip(uris)
            .filter(|(medium, _)| medium.field == field)
            .map(|(_, uri)| uri)
            .collect()
    };
    let (first, last, images, clips, video) = (
        of("first_frame"),
        of("last_frame"),
        of("images"),
        of("reference_videos"),
        of("video"),
    );
    if !last.is_empty() && first.is_empty() {
        return Err(invalid("last_frame", "a last frame needs a first one"));
    }
    let is_mixed = [&images, &clips, &video].iter().any(|given| !given.is_empty());
    if is_mixed && !first.is_empty() {
        return Err(invalid(
            "first_frame",
            "frames go alone: leave out either the frames or the references and videos",
        ));
    }
    let mut body = Map::new();
    body.insert("model".into(), row.vendor.into());
    if let Some(prompt) = order.text("prompt") {
        body.insert("promptText".into(), prompt.into());
    }
    let path = if let Some(uri) = video.first() {
        let key = if matches!(row.takes.video, Video::Plain | Video::UriModes) {
            "videoUri"
        } else {
            "promptVideo"
        };
        body.insert(key.into(), (*uri).clone().into());
        "/v1/video_to_video"
    } else if let Some(uri) = first.first() {
        let mut frames = vec![json!({ "position": "first", "uri": uri })];
        frames.extend(last.first().map(|uri| json!({ "position": "last", "uri": uri })));
        body.insert("promptImage".into(), frames.into());
        "/v1/image_to_video"
    } else if row.takes.text {
        // One model takes references without words.
        let may_be_wordless = row.takes.video == Video::PromptModes && !(images.is_empty() && clips.is_empty());
        if order.text("prompt").is_none() && !may_be_wordless {
            return Err(invalid(
                "prompt",
                "without a first frame or a video there must be a prompt",
            ));
        }
        "/v1/text_to_video"
    } else {
        return Err(invalid("first_frame", "this model needs a first frame"));
    };
    if row.needs_prompt && order.text("prompt").is_none() {
        return Err(invalid("prompt", "this model needs a prompt"));
    }
    if row.takes.video == Video::Plain && video.is_empty() && !images.is_empty() {
        return Err(invalid("images", "this model takes references only beside a video"));
    }
    if !images.is_empty() {
        let references: Vec<Value> = images.iter().map(|uri| json!({ "uri": uri })).collect();
        body.insert("references".into(), references.into());
    }
    if !clips.is_empty() {
        let tagged = row.takes.clips == Some(true);
        let clips: Vec<Value> = clips
            .iter()
            .map(|uri| {
                if tagged {
                    json!({ "type": "video", "uri": uri })
                } else {
                    json!({ "uri": uri })
                }
            })
            .collect();
        // Beside a video that is changed, this model has no place for more videos.
        if row.takes.video == Video::UriModes && !video.is_empty() {
            return Err(invalid(
                "reference_videos",
                "this model takes either a video to change or videos as references",
            ));
        }
        body.insert("referenceVideos".into(), clips.into());
    }
    let mode = mode(row, order, !video.is_empty(), &mut body);
    let is_framed = path == "/v1/image_to_video";
    let is_plain = row.takes.video == Video::Plain && !video.is_empty();
    if (is_plain || mode != "reference") && order.text("prompt").is_none() {
        return Err(invalid("prompt", "say in the prompt what is to change or to follow"));
    }
    if !is_plain {
        write_size(row, order, is_framed, mode, &mut body)?;
        match (mode, order.whole("duration_seconds")) {
            // An edit is as long as what is edited.
            ("edit", _) if row.takes.video == Video::PromptModes => drop(body.insert("duration".into(), "auto".into())),
            ("edit", _) | (_, None) => {}
            (_, Some(seconds)) => drop(body.insert("duration".into(), seconds.into())),
        }
    }
    for knob in row.knobs {
        knob.write(order, &mut body);
    }
    Ok((path, body.into()))
}

/// `mode`, where the model has it and a video is given: `reference` else.
fn mode<'a>(row: &Film, order: &'a Order, has_video: bool, body: &mut Map<String, Value>) -> &'a str {
    let has_modes = matches!(row.takes.video, Video::PromptModes | Video::UriModes);
    match order.text("mode") {
        Some(mode) if has_modes && has_video => {
            body.insert("mode".into(), mode.into());
            mode
        }
        _ => "reference",
    }
}

fn write_size(
    row: &Film,
    order: &Order,
    is_framed: bool,
    mode: &str,
    body: &mut Map<String, Value>,
) -> Result<(), Fault> {
    let pixels = order.size().map_or(0, |(width, height)| width * height);
    let ratio = order.size().map(|(width, height)| format!("{width}:{height}"));
    let ratio = match row.size {
        // What is extended or edited keeps its shape.
        _ if mode != "reference" => None,
        Size::PixelsFramed(sizes) => {
            let is_plain = sizes
                .iter()
                .take(2)
                .any(|(width, height)| order.size() == Some((u64::from(*width), u64::from(*height))));
            if !is_framed && !is_plain {
                return Err(invalid(
                    "width",
                    "without a first frame this model makes 1280×720 or 720×1280",
                ));
            }
            ratio
        }
        Size::PixelsOrTier(_) if is_framed => {
            let tier = if pixels > UP_TO_720 { "1080p" } else { "720p" };
            body.insert("resolution".into(), tier.into());
            None
        }
        Size::PixelsOrAuto(_) if is_framed => Some(
            if pixels <= UP_TO_480 {
                "auto_480p"
            } else if pixels <= UP_TO_720 {
                "auto_720p"
            } else {
                "auto_1080p"
            }
            .to_owned(),
        ),
        Size::Pixels(_) | Size::PixelsOrTier(_) | Size::PixelsOrAuto(_) => ratio,
        Size::RatioFree(..) if is_framed => None,
        Size::Ratio(..) | Size::RatioFree(..) => order.text("aspect_ratio").map(str::to_owned),
        Size::Resolution(_) => None,
    };
    if let Some(ratio) = ratio {
        body.insert("ratio".into(), ratio.into());
    }
    if matches!(row.size, Size::Ratio(..) | Size::RatioFree(..) | Size::Resolution(_))
        && let Some(resolution) = order.text("resolution")
    {
        body.insert("resolution".into(), resolution.into());
    }
    Ok(())
}

fn invalid(field: &str, words: &str) -> Fault {
    Fault::new(FaultKind::InvalidInput, words).at(field)
}

pub(super) fn model(row: &Film) -> Model {
    let takes = row.takes;
    let is_always_worded = row.needs_prompt;
    let mut inputs = if is_always_worded {
        Inputs::prompt(row.prompt_chars)
    } else {
        Inputs::optional_prompt(row.prompt_chars)
    };
    inputs = inputs.count().style();
    if takes.first {
        inputs = inputs.medium("first_frame", "image/*", "The picture that the video begins with.");
    }
    if takes.last {
        inputs = inputs.medium(
            "last_frame",
            "image/*",
            "The picture that it ends with; needs `first_frame`.",
        );
    }
    if takes.references > 0 {
        inputs = inputs.images(takes.references, "References of people, things and styles.");
    }
    if takes.clips.is_some() {
        inputs = inputs.with(
            "reference_videos",
            json!({
                "type": "array", "minItems": 1, "maxItems": 3, "description": "Videos as references, together not longer than the vendor says.",
                "items": { "type": "string", "minLength": 1, "contentMediaType": "video/*", "description": "An asset id, https URL or data URI." }
            }),
        );
    }
    if takes.video != Video::No {
        inputs = inputs.medium("video", "video/*", "The video to change or to follow.");
    }
    if matches!(takes.video, Video::PromptModes | Video::UriModes) {
        inputs = inputs.choice(
            "mode",
            &["reference", "extend", "edit"],
            "reference",
            "With `video`: follow it, go on from its end, or change it.",
        );
    }
    let sizing = match row.size {
        Size::Pixels(sizes) | Size::PixelsFramed(sizes) | Size::PixelsOrTier(sizes) | Size::PixelsOrAuto(sizes) => {
            let (width, height) = sizes::default_of(sizes);
            inputs = inputs.size(sizes::least(sizes), sizes::most(sizes), width, height);
            Sizing::Listed(sizes.to_vec())
        }
        Size::Ratio(ratios, tiers) | Size::RatioFree(ratios, tiers) => {
            inputs = inputs.ratios(ratios, ratios[0]).resolution(tiers, tiers[0]);
            Sizing::Ratio
        }
        Size::Resolution(tiers) => {
            inputs = inputs.resolution(tiers, tiers[0]);
            Sizing::Own
        }
    };
    inputs = match row.seconds {
        Seconds::Between(min, max, default) => inputs.seconds_between(min, max, default),
        Seconds::OneOf(values, default) => inputs.seconds(values, default),
    };
    for knob in row.knobs {
        inputs = knob.describe(inputs);
    }
    Model {
        name: format!("{} (Runway)", row.name),
        vendor_model: row.vendor.into(),
        description: format!("{} at Runway: makes videos{}.", row.name, ways(takes)),
        best_for: row.best_for.into(),
        label: is_unpublished(row).then(|| "Its price was not published where we could read it: what is held is an estimate, what the vendor reports is charged.".into()),
        capabilities: Capabilities {
            text_to_video: takes.text,
            image_to_video: takes.first,
            first_last_frame: takes.last,
            video_to_video: takes.video != Video::No,
            references: takes.references > 1,
            sound: row.knobs.iter().any(|knob| matches!(knob, Knob::Sound)),
            ..Capabilities::default()
        },
        sizing,
        price: row.price.rule(row),
        quality_rating: row.quality,
        pricing_rating: row.pricing,
        speed: row.speed.into(),
        license: super::LICENSE.into(),
        docs_url: Some("https://docs.dev.runwayml.com/guides/models".into()),
        version: row.vendor.into(),
        input_schema: examples(row, inputs).finish(),
        ..Model::base(&format!("video/runway/{}", row.slug), FACTS.id, MediaKind::Video)
    }
}

fn ways(takes: Takes) -> &'static str {
    match (takes.text, takes.first, takes.last, takes.video) {
        (_, _, _, video) if video != Video::No => " of words, frames and references, and changes videos",
        (false, ..) => " of a first frame, with or without words",
        (_, _, true, _) => " of words, or between a first and a last frame",
        _ => " of words or a first frame",
    }
}

/// A call for each way.
fn examples(row: &Film, mut inputs: Inputs) -> Inputs {
    let takes = row.takes;
    if takes.text {
        inputs = inputs.example(json!({ "prompt": "a fox trots through fresh snow, the camera follows low" }));
    }
    if takes.first {
        inputs = inputs.example(json!({ "prompt": "the leaves begin to move", "first_frame": EXAMPLE_ASSET }));
    }
    if takes.last {
        inputs = inputs.example(
            json!({ "prompt": "day turns into night", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET }),
        );
    }
    if takes.references > 0 {
        let mut example = json!({ "prompt": "the person of the first picture in the room of the second", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET] });
        if takes.video == Video::Plain {
            example["video"] = EXAMPLE_ASSET.into();
        }
        inputs = inputs.example(example);
    }
    if takes.clips.is_some() {
        inputs = inputs
            .example(json!({ "prompt": "move the camera as in the reference", "reference_videos": [EXAMPLE_ASSET] }));
    }
    if takes.video != Video::No {
        inputs = inputs.example(json!({ "prompt": "make it snow", "video": EXAMPLE_ASSET }));
    }
    if matches!(takes.video, Video::PromptModes | Video::UriModes) {
        inputs = inputs
            .example(json!({ "prompt": "the car turns the corner", "video": EXAMPLE_ASSET, "mode": "extend" }))
            .example(json!({ "prompt": "paint the car red", "video": EXAMPLE_ASSET, "mode": "edit" }));
    }
    inputs
}

impl Price {
    fn rule(self, row: &Film) -> PriceRule {
        let per_reference = match row.vendor {
            "hailuo3" => 2.0,
            "grok_imagine_1_5" | "gemini_omni_flash" | "gemini_omni_flash_1.1" => 1.0,
            _ => 0.0,
        };
        let at_least = match row.vendor {
            "seedance2_5" => 80.0,
            "seedance2_mini" => 64.0,
            _ => 0.0,
        };
        let second = |credits: f64| Rate {
            per_input: usd(per_reference / 100.0),
            at_least: usd(at_least / 100.0),
            ..Rate::per_second(usd(credits / 100.0))
        };
        // The formats of 10 bits cost more by the second.
        let graded = row.knobs.iter().any(|knob| matches!(knob, Knob::Grade(_)));
        let (rate, mut tiers) = match self {
            Self::Flat(credits) => (second(credits), Vec::new()),
            Self::BySound(with, without) => (
                second(with),
                vec![Tier::when([("sound", json!(false))], second(without))],
            ),
            Self::BySize(steps) => (
                second(steps.last().map_or(0.0, |(_, credits)| *credits)),
                steps
                    .iter()
                    .map(|(pixels, credits)| Tier::when([], second(*credits)).up_to(*pixels))
                    .collect(),
            ),
            Self::ByTier(steps) => (
                second(steps.last().map_or(0.0, |(_, credits)| *credits)),
                steps
                    .iter()
                    .map(|(tier, credits)| Tier::when([("resolution", json!(tier))], second(*credits)))
                    .collect(),
            ),
        };
        if graded && let Self::Flat(credits) = self {
            tiers.push(Tier::when([("grade", json!(&GRADES[1..]))], second(credits + 20.0)));
        }
        // Videos that go in are billed by their length, and some models have a least price.
        let is_estimate = row.takes.clips.is_some() || row.takes.video != Video::No || is_unpublished(row);
        PriceRule {
            rate,
            tiers,
            is_estimate,
            ..PriceRule::default()
        }
    }
}

/// Models whose prices were not to be read on the day; what is held lies above what their makers themselves ask.
fn is_unpublished(row: &Film) -> bool {
    matches!(row.vendor, "h3_max" | "wan3_prime" | "gemini_omni_flash_1.1")
}
