//! Pictures by `generateContent`: one request, one picture, answered at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::content::{self, Candidate, generate, parts};
use super::errors::is_refusal;
use super::models::token_rates;
use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};
use crate::order::Order;
use crate::outcome::{Outcome, Output, Submitted};
use crate::price::per_million;

pub async fn make(desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
    let answer = generate(desk, &order.model.vendor_model, &body(order)).await?;
    read(&answer, order).map(Submitted::Done)
}

fn body(order: &Order) -> Value {
    let media = ["images", "video"].iter().flat_map(|field| order.media_of(field));
    let parts = parts(media, order.text("prompt").unwrap_or_default());
    let mut config = json!({ "responseModalities": ["IMAGE"] });
    let mut image = Map::new();
    if let Some(ratio) = order.text("aspect_ratio").filter(|ratio| *ratio != "auto") {
        image.insert("aspectRatio".into(), json!(ratio));
    }
    if let Some(size) = order.text("resolution") {
        // The `K` must be large.
        image.insert("imageSize".into(), json!(size.to_uppercase()));
    }
    if !image.is_empty() {
        config["imageConfig"] = image.into();
    }
    if let Some(seed) = order.whole("seed") {
        config["seed"] = json!(seed);
    }
    if let Some(level) = order.text("thinking") {
        config["thinkingConfig"] = json!({ "thinkingLevel": level.to_uppercase() });
    }
    let mut body = json!({ "contents": [{ "role": "user", "parts": parts }], "generationConfig": config });
    if order.flag("web_search") == Some(true) {
        body["tools"] = json!([{ "googleSearch": {} }]);
    }
    if let Some(threshold) = order.text("safety_threshold") {
        let categories = ["HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT"];
        body["safetySettings"] = categories
            .map(|category| json!({ "category": format!("HARM_CATEGORY_{category}"), "threshold": threshold }))
            .to_vec()
            .into();
    }
    body
}

fn read(answer: &Answer, order: &Order) -> Result<Outcome, Fault> {
    let reply = content::read(answer)?;
    let mut outputs = Vec::new();
    for candidate in &reply.candidates {
        for inline in candidate.parts().filter_map(|part| part.inline_data.as_ref()) {
            let bytes = STANDARD
                .decode(&inline.data)
                .map_err(|_| answer.unreadable("`inlineData.data` is not base64"))?;
            outputs.push(Output {
                seed: order.whole("seed"),
                ..Output::bytes(bytes)
            });
        }
    }
    if outputs.is_empty() {
        return Err(without_picture(answer, reply.candidates.first()));
    }
    let cost = reply
        .usage_metadata
        .zip(token_rates(&order.model.vendor_model))
        .map(|(usage, rates)| {
            let detailed = usage
                .candidates_tokens_details
                .iter()
                .filter(|part| part.modality == "IMAGE");
            let images = if usage.candidates_tokens_details.is_empty() {
                usage.candidates_token_count
            } else {
                detailed.map(|part| part.token_count).sum()
            };
            let words = usage.candidates_token_count.saturating_sub(images) + usage.thoughts_token_count;
            per_million(usage.prompt_token_count, rates.input)
                + per_million(words, rates.text)
                + per_million(images, rates.image)
        });
    Ok(Outcome {
        outputs,
        cost,
        request_id: reply.response_id,
        version: reply.model_version,
        ..Outcome::default()
    })
}

/// The model ended without a picture: by its rules, or because it did not manage.
fn without_picture(answer: &Answer, candidate: Option<&Candidate>) -> Fault {
    let Some(candidate) = candidate else {
        return answer.unreadable("the answer has no candidates");
    };
    let reason = candidate.finish_reason.as_deref().unwrap_or("no reason given");
    let words = candidate.finish_message.as_deref().unwrap_or_default();
    if is_refusal(reason) {
        let rated = candidate
            .safety_ratings
            .iter()
            .filter(|rating| rating.blocked)
            .filter_map(|rating| rating.category.clone());
        let categories: Vec<_> = std::iter::once(reason.to_owned()).chain(rated).collect();
        return Fault::refused(words, categories).code(reason);
    }
    if matches!(reason, "STOP" | "FINISH_REASON_UNSPECIFIED") && words.is_empty() {
        return answer.unreadable("the answer has no picture");
    }
    // The model wrote words, or nothing: it is not asked again by itself, because its tokens were billed.
    Fault::new(
        FaultKind::TaskFailed,
        format!("it ended without a picture ({reason}). {words}"),
    )
    .bought(Bought::Yes)
    .code(reason)
}
