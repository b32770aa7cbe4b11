//! Settings that several models at Runway share: how each is described to callers, and how it is sent.

use serde_json::{Map, Value, json};

use crate::order::Order;
use crate::schema::Inputs;

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(super) enum Knob {
    Seed,
    /// `contentModeration.publicFigureThreshold`.
    PublicFigures,
    Quality(&'static [&'static str], &'static str),
    Background(&'static [&'static str]),
    Format(&'static [&'static str]),
    /// `grounding`: looks things up on the web.
    WebSearch,
    /// `edit`: changes the one picture instead of taking it as a loose reference.
    Edit,
    /// `audio`
    Sound,
    NegativePrompt,
    /// `promptExpansionMode`
    Expansion,
    /// `outputFormat` of videos; only what comes as MP4 is offered.
    Grade(&'static [&'static str]),
}

/// The seeds that Runway takes are 32 bits.
const MAX_SEED: u64 = u32::MAX as u64;

impl Knob {
    pub fn describe(self, inputs: Inputs) -> Inputs {
        match self {
            Self::Seed => inputs.seed(MAX_SEED),
            Self::PublicFigures => inputs.choice(
                "public_figures",
                &["auto", "low"],
                "auto",
                "`low` is less strict about people whom everybody knows.",
            ),
            Self::Quality(values, default) => inputs.quality(values, default),
            Self::Background(values) => inputs.choice("background", values, "auto", "What is behind the subject."),
            Self::Format(values) => inputs.formats(values, "png"),
            Self::WebSearch => inputs.flag("web_search", false, "Looks up brands and events on the web before drawing."),
            Self::Edit => inputs.with(
                "edit",
                json!({ "type": "boolean", "description": "Changes the one picture in `images` itself, in place of taking it as a loose reference." }),
            ),
            Self::Sound => inputs.flag("sound", true, "Makes sound as well."),
            Self::NegativePrompt => inputs.negative_prompt(1_000),
            Self::Expansion => inputs.choice(
                "prompt_expansion",
                &["disabled", "balanced", "quality"],
                "balanced",
                "How far the vendor rewrites the prompt.",
            ),
            Self::Grade(values) => inputs.choice(
                "grade",
                values,
                "mp4",
                "`mp4` is for everyday use; the others are 10-bit HEVC, and cost 20 credits a second more.",
            ),
        }
    }

    /// Adds the setting to a request.
    pub fn write(self, order: &Order, body: &mut Map<String, Value>) {
        let (ours, theirs) = match self {
            Self::PublicFigures => {
                if let Some(word) = order.text("public_figures") {
                    body.insert("contentModeration".into(), json!({ "publicFigureThreshold": word }));
                }
                return;
            }
            Self::Seed => ("seed", "seed"),
            Self::Quality(..) => ("quality", "quality"),
            Self::Background(_) => ("background", "background"),
            Self::Format(_) => ("output_format", "outputFormat"),
            Self::WebSearch => ("web_search", "grounding"),
            Self::Edit => ("edit", "edit"),
            Self::Sound => ("sound", "audio"),
            Self::NegativePrompt => ("negative_prompt", "negativePrompt"),
            Self::Expansion => ("prompt_expansion", "promptExpansionMode"),
            Self::Grade(_) => ("grade", "outputFormat"),
        };
        if let Some(value) = order.inputs.get(ours) {
            body.insert(theirs.into(), value.clone());
        }
    }
}
