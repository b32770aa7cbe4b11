//! The models of the Hub that somebody looked at, each at the partner that serves it as of the documentation of August
//! 2026. Prices are the partner's own, which Hugging Face passes through without a fee.

use aquatint_domain::Model;
use aquatint_domain::model::{PriceRule, Rate};

use super::partners::{Partner, Place, Work};
use super::{FACTS, HUB};
use crate::price::usd;
use crate::vendors::described;

struct Row {
    id: &'static str,
    name: &'static str,
    best_for: &'static str,
    partner: Partner,
    work: Work,
    model: &'static str,
    ratings: (u8, u8),
    speed: &'static str,
    license: &'static str,
    price: PriceRule,
}

/// Every row.
pub fn rows() -> Vec<Model> {
    all().into_iter().map(model).collect()
}

fn all() -> Vec<Row> {
    vec![
        Row {
            id: "black-forest-labs/FLUX.1-dev",
            name: "FLUX.1 dev",
            best_for: "photographs and illustrations at a low price",
            partner: Partner::Fal,
            work: Work::TextToImage,
            model: "fal-ai/flux/dev",
            ratings: (3, 2),
            speed: "medium",
            license: "FLUX.1 [dev] licence of the model; the partner's terms hold for what it makes there",
            price: megapixels(0.025),
        },
        Row {
            id: "black-forest-labs/FLUX.1-schnell",
            name: "FLUX.1 schnell",
            best_for: "quick drafts in an answer without waiting in a queue",
            partner: Partner::Nscale,
            work: Work::TextToImage,
            model: "black-forest-labs/FLUX.1-schnell",
            ratings: (3, 1),
            speed: "fast",
            license: "Apache-2.0",
            price: PriceRule {
                is_estimate: true,
                ..PriceRule::flat(usd(0.003))
            },
        },
        Row {
            id: "stabilityai/stable-diffusion-3-medium-diffusers",
            name: "Stable Diffusion 3 medium",
            best_for: "what was set up with it, on machines of Hugging Face itself",
            partner: Partner::HfInference,
            work: Work::TextToImage,
            model: "stabilityai/stable-diffusion-3-medium-diffusers",
            ratings: (2, 1),
            speed: "medium",
            license: "Stability AI Community License",
            // Ten seconds of a machine at 0.00012 dollars, as its price page counts.
            price: PriceRule {
                is_estimate: true,
                ..PriceRule::flat(usd(0.0012))
            },
        },
        Row {
            id: "black-forest-labs/FLUX.2-klein-9B",
            name: "FLUX.2 klein 9B, edit",
            best_for: "edits of one picture in a few seconds",
            partner: Partner::Fal,
            work: Work::ImageToImage,
            model: "fal-ai/flux-2/klein/9b/edit",
            ratings: (4, 1),
            speed: "fast",
            license: "FLUX non-commercial licence of the model; the partner's terms hold for what it makes there",
            price: PriceRule {
                is_estimate: true,
                ..PriceRule::flat(usd(0.022))
            },
        },
        Row {
            id: "black-forest-labs/FLUX.2-dev",
            name: "FLUX.2 dev, edit",
            best_for: "edits with more detail",
            partner: Partner::WaveSpeed,
            work: Work::ImageToImage,
            model: "wavespeed-ai/flux-2-dev/edit",
            ratings: (4, 2),
            speed: "medium",
            license: "FLUX [dev] non-commercial licence of the model; the partner's terms hold for what it makes there",
            price: PriceRule {
                is_estimate: true,
                ..PriceRule::flat(usd(0.025))
            },
        },
        Row {
            id: "Wan-AI/Wan2.2-TI2V-5B",
            name: "Wan 2.2 5B",
            best_for: "short clips for a few cents",
            partner: Partner::Fal,
            work: Work::TextToVideo,
            model: "fal-ai/wan/v2.2-5b/text-to-video",
            ratings: (3, 2),
            speed: "medium",
            license: "Apache-2.0",
            price: PriceRule {
                is_estimate: true,
                ..PriceRule::flat(usd(0.15))
            },
        },
    ]
}

fn megapixels(dollars: f64) -> PriceRule {
    PriceRule {
        rate: Rate {
            per_megapixel: usd(dollars),
            ..Rate::default()
        },
        whole_megapixels: true,
        is_estimate: true,
        ..PriceRule::default()
    }
}

fn model(row: Row) -> Model {
    let kind = row.work.kind();
    Model {
        name: format!("{} at Hugging Face", row.name),
        vendor_model: Place {
            partner: row.partner,
            work: row.work,
            model: row.model.to_owned(),
        }
        .text(),
        description: format!(
            "{}, run by {} behind the router of Hugging Face. Good for {}.",
            row.name,
            row.partner.name(),
            row.best_for
        ),
        best_for: row.best_for.into(),
        capabilities: row.work.capabilities(),
        sizing: row.work.sizing(),
        price: row.price,
        quality_rating: row.ratings.0,
        pricing_rating: row.ratings.1,
        speed: row.speed.into(),
        license: row.license.into(),
        docs_url: Some(format!("{HUB}/{}", row.id)),
        input_schema: row.work.inputs().finish(),
        ..Model::base(&described::id(FACTS.id, kind, row.id), FACTS.id, kind)
    }
}
