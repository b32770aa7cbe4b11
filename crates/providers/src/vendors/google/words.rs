//! Words by `generateContent`: one request, answered at once. Prices as listed at
//! <https://ai.google.dev/gemini-api/docs/pricing> in 2026-10: those of 3.8 Flash are half until the end of 2026.

use serde_json::{Value, json};

use super::content::{self, generate, parts};
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
    let answer = generate(desk, &order.model, &body(order)).await?;
    read(&answer)
}

fn body(order: &ChatOrder) -> Value {
    let parts = parts(order.pictures.iter(), &order.prompt);
    let mut body = json!({
        "contents": [{ "role": "user", "parts": parts }],
        "generationConfig": { "maxOutputTokens": order.max_tokens, "thinkingConfig": { "thinkingLevel": "LOW" } },
    });
    if let Some(instructions) = &order.instructions {
        body["systemInstruction"] = json!({ "parts": [{ "text": instructions }] });
    }
    body
}

fn read(answer: &Answer) -> Result<ChatAnswer, Fault> {
    let reply = content::read(answer)?;
    let candidate = reply
        .candidates
        .first()
        .ok_or_else(|| answer.unreadable("the answer has no candidates"))?;
    let reason = candidate.finish_reason.clone().unwrap_or_default();
    let said = candidate.finish_message.as_deref().unwrap_or_default();
    if is_refusal(&reason) {
        return Err(Fault::refused(said, [reason.clone()]).code(reason).bought(Bought::Yes));
    }
    let text: String = candidate.parts().filter_map(|part| part.text.as_deref()).collect();
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
