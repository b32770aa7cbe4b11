//! Imagen by `predict`: up to four pictures of words, answered at once. The Gemini API shut it down on 2026-08-17; gateways
//! that an operator names as the address may still serve it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use crate::desk::Desk;
use crate::fault::Fault;
use crate::order::Order;
use crate::outcome::{Outcome, Output, Submitted};

pub async fn make(desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
    let mut parameters = json!({ "sampleCount": order.count });
    for (ours, theirs) in [
        ("aspect_ratio", "aspectRatio"),
        ("person_generation", "personGeneration"),
    ] {
        if let Some(value) = order.text(ours) {
            parameters[theirs] = json!(value);
        }
    }
    if let Some(size) = order.text("resolution") {
        parameters["imageSize"] = json!(size.to_uppercase());
    }
    let body = json!({ "instances": [{ "prompt": order.text("prompt") }], "parameters": parameters });
    let place = format!("/v1beta/models/{}:predict", order.model.vendor_model);
    let answer = desk.post(place).json(&body).buying().slow().send().await?;
    let made: Made = answer.read()?;
    let mut outcome = Outcome::default();
    let mut reasons = Vec::new();
    for prediction in made.predictions {
        if let Some(data) = prediction.bytes_base64_encoded {
            let bytes = STANDARD
                .decode(data)
                .map_err(|_| answer.unreadable("`bytesBase64Encoded` is not base64"))?;
            outcome.outputs.push(Output::bytes(bytes));
        } else if let Some(reason) = prediction.rai_filtered_reason {
            reasons.push(reason);
        }
    }
    // An answer that is empty but for that means that every picture was held back.
    if outcome.outputs.is_empty() {
        if reasons.is_empty() && answer.json()?.as_object().is_none_or(|body| !body.is_empty()) {
            return Err(answer.unreadable("the answer has no pictures"));
        }
        return Err(Fault::refused("its safety rules held back every picture", reasons));
    }
    outcome.notes.extend(reasons.into_iter().map(|reason| {
        format!(
            "A picture was held back: {}",
            aquatint_domain::text::one_line(&reason, 200)
        )
    }));
    Ok(Submitted::Done(outcome))
}

#[derive(Deserialize)]
struct Made {
    #[serde(default)]
    predictions: Vec<Prediction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prediction {
    bytes_base64_encoded: Option<String>,
    rai_filtered_reason: Option<String>,
}
