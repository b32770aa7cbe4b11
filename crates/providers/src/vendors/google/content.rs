//! `generateContent`: how it is asked and what it answers, for pictures and for words alike.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::{Answer, Desk};
use crate::fault::Fault;
use crate::order::Medium;

pub(super) async fn generate(desk: &Desk, model: &str, body: &Value) -> Result<Answer, Fault> {
    let place = format!("/v1beta/models/{model}:generateContent");
    desk.post(place).json(body).buying().slow().send().await
}

/// Media first: the prompt speaks of what was shown.
pub(super) fn parts<'a>(media: impl Iterator<Item = &'a Medium>, prompt: &str) -> Vec<Value> {
    let mut parts: Vec<Value> = media
        .map(|medium| json!({ "inlineData": { "mimeType": medium.media_type.as_str(), "data": medium.base64() } }))
        .collect();
    parts.push(json!({ "text": prompt }));
    parts
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reply {
    #[serde(default)]
    pub candidates: Vec<Candidate>,
    prompt_feedback: Option<Feedback>,
    pub usage_metadata: Option<Usage>,
    pub model_version: Option<String>,
    pub response_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate {
    content: Option<Content>,
    pub finish_reason: Option<String>,
    pub finish_message: Option<String>,
    #[serde(default)]
    pub safety_ratings: Vec<Rating>,
}

#[derive(Deserialize)]
pub(super) struct Rating {
    pub category: Option<String>,
    #[serde(default)]
    pub blocked: bool,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    pub text: Option<String>,
    pub inline_data: Option<Inline>,
    /// Thoughts, and drafts on the way to a picture.
    #[serde(default)]
    thought: bool,
}

#[derive(Deserialize)]
pub(super) struct Inline {
    pub data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Usage {
    #[serde(default)]
    pub prompt_token_count: u64,
    #[serde(default)]
    pub candidates_token_count: u64,
    #[serde(default)]
    pub thoughts_token_count: u64,
    #[serde(default)]
    pub candidates_tokens_details: Vec<Modality>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Modality {
    pub modality: String,
    #[serde(default)]
    pub token_count: u64,
}

impl Candidate {
    /// What it says and shows, without what it thought.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        let parts = self.content.iter().flat_map(|content| &content.parts);
        parts.filter(|part| !part.thought)
    }
}

/// The reply to a prompt that the vendor's rules let through.
pub(super) fn read(answer: &Answer) -> Result<Reply, Fault> {
    let mut reply: Reply = answer.read()?;
    match reply.prompt_feedback.take().and_then(|feedback| feedback.block_reason) {
        Some(reason) => Err(Fault::refused("its safety rules stopped the prompt", [reason.clone()]).code(reason)),
        None => Ok(reply),
    }
}
