//! The studio surface: exactly the twelve tools of the contract that two services share.

use aquatint_app::operation::ProgressSender;
use aquatint_app::toolset::{self, TWELVE, ToolReply};
use aquatint_app::{Admission, Studio};
use aquatint_domain::{Caller, Code, PipelineId, Problem};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::mcp::{Card, Toolbox, card, page_cards};

const INSTRUCTIONS: &str = "A studio for images and video. Chain by asset id (`ast_…`): pass the id that one tool returns \
to the next; ids stay valid, URLs expire (`assets` action `get` renews one). Local files: `upload` action `upload_url`, \
then run the `curl` command it returns. `generate_media` needs a model id from `models` and returns a `job_id` at once: \
poll `get_job_status` with `sync: true`, which waits up to 25 s. `account` tells the credits.";

pub(super) struct Twelve {
    studio: Studio,
    endpoint: &'static str,
}

impl Twelve {
    pub(super) fn new(studio: &Studio, endpoint: &'static str) -> Self {
        Self {
            studio: studio.clone(),
            endpoint,
        }
    }
}

#[async_trait]
impl Toolbox for Twelve {
    fn cards(&self) -> Vec<Card> {
        TWELVE.iter().map(card).collect()
    }

    fn page_cards(&self) -> Vec<Card> {
        page_cards()
    }

    fn may_guess(&self) -> bool {
        false
    }

    fn public_url(&self) -> String {
        self.studio.public_url().to_string()
    }

    async fn admit(&self, bearer: &str, address: Option<String>) -> Result<Admission, Problem> {
        self.studio.admit(bearer, self.endpoint, address).await
    }

    fn instructions(&self) -> &'static str {
        INSTRUCTIONS
    }

    fn translate(&self, problem: &mut Problem, members: &mut Map<String, Value>) {
        // Inputs stand in `get` here; there is no action for them alone.
        for text in std::iter::once(&mut problem.message).chain(problem.hint.as_mut()) {
            if text.contains("`models`") {
                *text = text.replace("`action: \"schema\"`", "`action: \"get\"`");
            }
        }
        members.insert("error".to_owned(), json!(problem.message));
        members.insert("error_code".to_owned(), json!(error_code(problem)));
    }

    async fn call(
        &self,
        caller: &Caller,
        tool: &str,
        mut arguments: Value,
        progress: Option<ProgressSender>,
    ) -> Result<ToolReply, Problem> {
        rename_pipeline(&mut arguments);
        toolset::call_in(&TWELVE, &self.studio, caller, tool, arguments, progress).await
    }
}

/// The word that the REST interface of these services has for a problem.
fn error_code(problem: &Problem) -> &'static str {
    match problem.code {
        Code::InvalidArgument if problem.message.contains("is required") => "missing_parameter",
        Code::InvalidArgument => "invalid_parameter",
        Code::MalformedRequest => "invalid_request_body",
        Code::Unauthorized => "invalid_auth_token",
        Code::InsufficientCredits | Code::PriceAboveLimit => "insufficient_api_credits",
        Code::UpgradeRequired => "upgrade_required",
        Code::TooLarge => "file_size_too_large",
        Code::UnsupportedMedia => "unsupported_image_format",
        Code::InvalidImage => "malformed_image",
        Code::RateLimited => "rate_limit_exceeded",
        other => other.as_str(),
    }
}

/// Pipelines are `pl_…` there and `pip_…` here.
fn rename_pipeline(arguments: &mut Value) {
    for name in ["pipeline_id", "id", "pipeline"] {
        let ours = arguments[name]
            .as_str()
            .and_then(|id| id.strip_prefix("pl_"))
            .map(|body| format!("{}{body}", PipelineId::PREFIX));
        if let Some(ours) = ours.filter(|ours| PipelineId::is_well_formed(ours)) {
            arguments[name] = json!(ours);
        }
    }
}
