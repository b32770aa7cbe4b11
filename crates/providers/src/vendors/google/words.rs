//! Words by `generateContent`: one request, answered at once. Prices as listed at
//! <https://ai.google.dev/gemini-api/docs/pricing> in 2026-10: those of 3.8 Flash are half until the end of 2026.

use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::is_refusal;
use crate::chat::{ChatAnswer, ChatModel, ChatOrder, ChatRates};
use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};

/// What a picture counts at the highest resolution of media that is on by default, with room.
const PICTURE_TOKENS: u64 = 1_300;

pub(super) static MODELS: &[ChatModel] = &[
    ChatModel {
        id: "text/google/gemini-3.5-flash-lite",
        vendor_model: "gemini-3.5-flash-lite",
        best_for: "short texts, captions, sorting; many of them",
        picture_tokens: PICTURE_TOKENS,
        rates: ChatRates {
            input: 0.3,
            output: 2.5,
        },
        until: None,
    },
    ChatModel {
        id: "text/google/gemini-3.8-flash",
        vendor_model: "gemini-3.8-flash",
        best_for: "careful copy and detailed descriptions of pictures",
        picture_tokens: PICTURE_TOKENS,
        rates: ChatRates {
            input: 1.5,
            output: 7.5,
        },
        until: Some((
            "2027-01-01T00:00:00Z",
            ChatRates {
                input: 0.75,
                output: 3.75,
            },
        )),
    },
];

pub async fn chat(desk: &Desk, order: &ChatOrder) -> Result<ChatAnswer, Fault> {
    let place = format!("/v1beta/models/{}:generateContent", order.model);
    let answer = desk.post(place).json(&body(order)).buying().slow().send().await?;
    read(&answer)
}

fn body(order: &ChatOrder) -> Value {
    let mut parts: Vec<Value> = order
        .pictures
        .iter()
        .map(|picture| json!({ "inlineData": { "mimeType": picture.media_type.as_str(), "data": picture.base64() } }))
        .collect();
    parts.push(json!({ "text": order.prompt }));
    let mut body = json!({
        "contents": [{ "role": "user", "parts": parts }],
        "generationConfig": { "maxOutputTokens": order.max_tokens, "thinkingConfig": { "thinkingLevel": "LOW" } },
    });
    if let Some(instructions) = &order.instructions {
        body["systemInstruction"] = json!({ "parts": [{ "text": instructions }] });
    }
    body
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    #[serde(default)]
    candidates: Vec<Candidate>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Usage>,
    model_version: Option<String>,
    response_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
    finish_message: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
    #[serde(default)]
    thought: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    #[serde(default)]
    prompt_token_count: u64,
    #[serde(default)]
    candidates_token_count: u64,
    #[serde(default)]
    thoughts_token_count: u64,
}

fn read(answer: &Answer) -> Result<ChatAnswer, Fault> {
    let reply: Reply = answer.read()?;
    if let Some(reason) = reply.prompt_feedback.and_then(|feedback| feedback.block_reason) {
        return Err(Fault::refused("its safety rules stopped the prompt", [reason.clone()]).code(reason));
    }
    let candidate = reply
        .candidates
        .into_iter()
        .next()
        .ok_or_else(|| answer.unreadable("the answer has no candidates"))?;
    let reason = candidate.finish_reason.unwrap_or_default();
    let said = candidate.finish_message.unwrap_or_default();
    if is_refusal(&reason) {
        return Err(Fault::refused(said, [reason.clone()]).code(reason).bought(Bought::Yes));
    }
    let text: String = candidate
        .content
        .into_iter()
        .flat_map(|content| content.parts)
        .filter(|part| !part.thought)
        .filter_map(|part| part.text)
        .collect();
    if text.trim().is_empty() {
        let words = format!("it ended without words ({reason}). {said}");
        return Err(Fault::new(FaultKind::TaskFailed, words).bought(Bought::Yes));
    }
    Ok(ChatAnswer {
        text,
        tokens: reply.usage_metadata.map(|usage| {
            (
                usage.prompt_token_count,
                usage.candidates_token_count + usage.thoughts_token_count,
            )
        }),
        is_cut: reason == "MAX_TOKENS",
        request_id: reply.response_id,
        version: reply.model_version,
    })
}
