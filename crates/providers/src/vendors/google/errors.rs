//! Error answers: `{"error": {"code", "message", "status", "details": […]}}` of google.rpc, and the shorter one of interactions
//! whose `code` is a word.

use std::time::Duration;

use crate::desk::Answer;
use crate::fault::{Bought, Fault, FaultKind};

pub fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    // A stream of answers would be a list; some front ends answer errors so too.
    let error = body.get("error").or_else(|| body.get(0)?.get("error"))?;
    let message = error["message"].as_str().unwrap_or_default();
    let code = error["status"]
        .as_str()
        .or_else(|| error["code"].as_str())
        .unwrap_or_default();
    let details = || error["details"].as_array().into_iter().flatten();
    let mut fault = Fault::of_status(answer.status, message);
    fault.kind = match code {
        "UNAUTHENTICATED" => FaultKind::BadKey,
        "PERMISSION_DENIED" => FaultKind::Forbidden,
        "NOT_FOUND" => FaultKind::NoSuchModel,
        "RESOURCE_EXHAUSTED" => FaultKind::Throttled,
        "UNAVAILABLE" => FaultKind::Overloaded,
        "INTERNAL" | "UNKNOWN" => FaultKind::VendorFailed,
        "DEADLINE_EXCEEDED" => {
            // It may have been drawn and billed after all.
            fault.bought = Bought::Unknown;
            FaultKind::TimedOut
        }
        // No free tier in this country, or no billing on the project.
        "FAILED_PRECONDITION" if message.to_lowercase().contains("billing") => FaultKind::NoMoney,
        "FAILED_PRECONDITION" => FaultKind::Forbidden,
        _ => fault.kind,
    };
    // A prompt that Veo and Imagen refuse at once is told like a wrong input.
    if answer.status == 400 && message.to_lowercase().contains("responsible ai") {
        fault.kind = FaultKind::Refused;
    }
    for detail in details() {
        match detail["reason"].as_str() {
            Some("API_KEY_INVALID" | "API_KEY_EXPIRED") => fault.kind = FaultKind::BadKey,
            Some("BILLING_DISABLED") => fault.kind = FaultKind::NoMoney,
            _ => {}
        }
        if let Some(wait) = detail["retryDelay"].as_str().and_then(seconds) {
            fault.retry_after = Some(wait);
        }
        if let Some(field) = detail["fieldViolations"][0]["field"].as_str() {
            fault.field = Some(our_name(field).to_owned());
        }
    }
    // A monthly cap on spending answers as if it were a rate; waiting does not help.
    let words = message.to_lowercase();
    if fault.kind == FaultKind::Throttled
        && (words.contains("spending cap") || words.contains("prepay") || words.contains("credits are depleted"))
    {
        fault.kind = FaultKind::NoMoney;
    }
    Some(if code.is_empty() { fault } else { fault.code(code) })
}

/// A duration of protobuf's JSON, such as `23.5s`.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The input that became a field of theirs; `generation_config.image_config.aspect_ratio` is named by its last part.
fn our_name(field: &str) -> &str {
    match field.rsplit('.').next().unwrap_or(field) {
        "aspectRatio" => "aspect_ratio",
        "imageSize" | "image_size" => "resolution",
        "durationSeconds" | "duration" => "duration_seconds",
        "negativePrompt" => "negative_prompt",
        "personGeneration" => "person_generation",
        "thinkingLevel" | "thinking_level" => "thinking",
        last => last,
    }
}

/// Whether a word of theirs for the end of a generation means that content rules were applied.
pub fn is_refusal(reason: &str) -> bool {
    matches!(
        reason,
        "SAFETY"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "RECITATION"
            | "JAILBREAK"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
    )
}
