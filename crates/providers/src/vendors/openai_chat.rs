//! Words by Chat Completions, of OpenAI and of every server that speaks it (vLLM, LocalAI, Ollama, LM Studio).
//!
//! Written from, on 2026-11-21:
//! - <https://developers.openai.com/api/reference/resources/chat>
//! - <https://developers.openai.com/api/docs/models/gpt-5.6-luna> and its sibling Terra (prices, endpoints, reasoning efforts)
//! - <https://developers.openai.com/api/docs/guides/images-vision> (patches of 32×32 px, times at most 2.46)

use serde::Deserialize;
use serde_json::{Value, json};

use crate::chat::{ChatAnswer, ChatModel, ChatOrder, ChatRates};
use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};

/// 32 × 32 patches of a picture of 1,024 px, at the highest factor that is documented.
const PICTURE_TOKENS: u64 = 2_560;

pub(super) static MODELS: &[ChatModel] = &[
    ChatModel {
        id: "text/openai/gpt-5.6-luna",
        vendor_model: "gpt-5.6-luna",
        best_for: "short texts, captions, sorting; many of them",
        picture_tokens: PICTURE_TOKENS,
        rates: ChatRates {
            input: 0.2,
            output: 1.2,
        },
        until: None,
    },
    ChatModel {
        id: "text/openai/gpt-5.6-terra",
        vendor_model: "gpt-5.6-terra",
        best_for: "careful copy and detailed descriptions of pictures",
        picture_tokens: PICTURE_TOKENS,
        rates: ChatRates {
            input: 2.0,
            output: 12.0,
        },
        until: None,
    },
];

pub(super) async fn chat(desk: &Desk, order: &ChatOrder, is_own: bool) -> Result<ChatAnswer, Fault> {
    let answer = desk
        .post("/chat/completions")
        .json(&body(order, is_own))
        .buying()
        .slow()
        .send()
        .await?;
    read(&answer)
}

/// `is_own`: OpenAI itself, which takes `max_completion_tokens` and an effort; other servers take the older name alone.
fn body(order: &ChatOrder, is_own: bool) -> Value {
    let mut parts: Vec<Value> = order
        .pictures
        .iter()
        .map(|picture| json!({ "type": "image_url", "image_url": { "url": picture.data_uri() } }))
        .collect();
    parts.push(json!({ "type": "text", "text": order.prompt }));
    let mut messages = Vec::new();
    if let Some(instructions) = &order.instructions {
        messages.push(json!({ "role": "system", "content": instructions }));
    }
    messages.push(json!({ "role": "user", "content": parts }));
    let mut body = json!({ "model": order.model, "messages": messages });
    if is_own {
        body["max_completion_tokens"] = json!(order.max_tokens);
        body["reasoning_effort"] = json!("low");
    } else {
        body["max_tokens"] = json!(order.max_tokens);
    }
    body
}

#[derive(Deserialize)]
struct Reply {
    choices: Vec<Choice>,
    usage: Option<Usage>,
    model: Option<String>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

fn read(answer: &Answer) -> Result<ChatAnswer, Fault> {
    let reply: Reply = answer.read()?;
    let choice = reply
        .choices
        .into_iter()
        .next()
        .ok_or_else(|| answer.unreadable("the answer has no choices"))?;
    let reason = choice.finish_reason.unwrap_or_default();
    if let Some(refusal) = choice.message.refusal {
        return Err(Fault::refused(refusal, []).bought(Bought::Yes));
    }
    if reason == "content_filter" {
        return Err(Fault::refused("its content filter stopped the answer", []).bought(Bought::Yes));
    }
    let text = choice.message.content.unwrap_or_default();
    let is_cut = reason == "length";
    if text.trim().is_empty() {
        let words = if is_cut {
            "it thought until `max_tokens` and wrote nothing"
        } else {
            "it wrote nothing"
        };
        return Err(Fault::new(FaultKind::TaskFailed, words).bought(Bought::Yes));
    }
    Ok(ChatAnswer {
        text,
        tokens: reply.usage.map(|usage| (usage.prompt_tokens, usage.completion_tokens)),
        is_cut,
        request_id: answer.request_id(),
        version: reply.model,
    })
}
