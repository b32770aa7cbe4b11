//! Fixtures that ask back: tools and a prompt that answer `input_required` until the client has sent
//! what they ask for, with state that is sealed against tampering (SEP-2322).

// Sampling and roots are deprecated, and scenarios ask for them.
#![allow(deprecated)]

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CreateMessageRequest,
    CreateMessageRequestParams, ElicitRequest, ElicitRequestParams, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, InputRequest, InputRequests, InputRequiredResult, InputResponses, ListRootsRequest, PromptMessage,
    RequestStateCodec, Role, SamplingMessage, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Map, Value, json};

use super::tool;

const PREFIX: &str = "test_input_required_result_";

pub(super) fn tools() -> Vec<Tool> {
    [
        ("test_input_required_result_elicitation", "Asks the user a question"),
        ("test_input_required_result_sampling", "Asks the client's model"),
        ("test_input_required_result_list_roots", "Asks for the client's roots"),
        (
            "test_input_required_result_request_state",
            "Carries state through the client",
        ),
        (
            "test_input_required_result_multiple_inputs",
            "Asks for three things at once",
        ),
        (
            "test_input_required_result_multi_round",
            "Asks twice, one after the other",
        ),
        (
            "test_input_required_result_tampered_state",
            "Refuses state that was changed",
        ),
        (
            "test_input_required_result_capabilities",
            "Asks only for what the client declares",
        ),
        (
            "test_streaming_elicitation",
            "Asks the user, in a stream where there is one",
        ),
    ]
    .map(|(name, description)| tool(name, description, json!({})))
    .into()
}

/// Answers a call of one of these tools; `None` for every other name.
pub(super) fn call(
    codec: &RequestStateCodec,
    request: &CallToolRequestParams,
    cx: &RequestContext<RoleServer>,
) -> Option<Result<CallToolResponse, ErrorData>> {
    let answers = Answers(request.input_responses.as_ref());
    if request.name == "test_streaming_elicitation" {
        return Some(Ok(ask([("value", elicit("Which value?", "value", "string"))], None)));
    }
    let name = request.name.strip_prefix(PREFIX)?;
    let state = match request
        .request_state
        .as_deref()
        .map(|sealed| codec.open_json::<Value>(sealed))
    {
        None => None,
        Some(Ok(state)) => Some(state),
        // What comes back through a client is untrusted until its seal has been checked.
        Some(Err(_)) => {
            return Some(Err(ErrorData::invalid_params(
                "The requestState was tampered with",
                None,
            )));
        }
    };
    let seal = |state: Value| {
        let sealed = codec.seal_json(&state);
        sealed
            .map(Some)
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))
    };
    let answer = match name {
        "elicitation" => match answers.get("user_name") {
            Some(answer) => done(&format!(
                "Hello, {}!",
                answer["content"]["name"].as_str().unwrap_or("friend")
            )),
            None => ask([("user_name", ask_name())], None),
        },
        "sampling" => match answers.get("capital_question") {
            Some(answer) => done(answer["content"]["text"].as_str().unwrap_or("(nothing)")),
            None => ask([("capital_question", sample("What is the capital of France?"))], None),
        },
        "list_roots" => match answers.get("client_roots") {
            Some(answer) => done(&format!("Roots: {}", answer["roots"])),
            None => ask([("client_roots", list_roots())], None),
        },
        "request_state" | "tampered_state" => match state {
            Some(_) => done("Confirmed: state-ok"),
            None => match seal(json!({ "stage": "confirm" })) {
                Ok(sealed) => ask([("confirm", elicit("Go on?", "ok", "boolean"))], sealed),
                Err(error) => return Some(Err(error)),
            },
        },
        "multiple_inputs" => {
            let all = ["user_name", "greeting", "client_roots"]
                .iter()
                .all(|key| answers.get(key).is_some());
            if all && state.is_some() {
                done("All inputs received")
            } else {
                match seal(json!({ "stage": "gather" })) {
                    Ok(sealed) => ask(everything(), sealed),
                    Err(error) => return Some(Err(error)),
                }
            }
        }
        "multi_round" => {
            let round = state.as_ref().and_then(|state| state["round"].as_u64()).unwrap_or(0);
            let question = match round {
                0 => ("step1", ask_name()),
                1 => ("step2", elicit("Which colour do you like?", "color", "string")),
                _ => return Some(Ok(done("All rounds are done"))),
            };
            match seal(json!({ "round": round + 1 })) {
                Ok(sealed) => ask([question], sealed),
                Err(error) => return Some(Err(error)),
            }
        }
        "capabilities" => {
            let declared = cx.meta.client_capabilities().unwrap_or_default();
            let asked: Vec<_> = everything()
                .into_iter()
                .filter(|(key, _)| match *key {
                    "user_name" => declared.elicitation.is_some(),
                    "greeting" => declared.sampling.is_some(),
                    _ => declared.roots.is_some(),
                })
                .collect();
            if answers.0.is_some() || asked.is_empty() {
                done("The inputs that the client can give are there")
            } else {
                ask(asked, None)
            }
        }
        _ => return None,
    };
    Some(Ok(answer))
}

/// The prompt that asks for its context first; `None` for every other name.
pub(super) fn prompt(request: &GetPromptRequestParams) -> Option<GetPromptResponse> {
    if request.name != "test_input_required_result_prompt" {
        return None;
    }
    let answers = Answers(request.input_responses.as_ref());
    Some(match answers.get("user_context") {
        Some(answer) => {
            let context = answer["content"]["context"].as_str().unwrap_or("(none)");
            let message = PromptMessage::new_text(Role::User, format!("The context is: {context}"));
            GetPromptResult::new(vec![message]).into()
        }
        None => {
            let mut requests = InputRequests::new();
            requests.insert(
                "user_context".into(),
                elicit("What is the context?", "context", "string"),
            );
            InputRequiredResult::from_input_requests(requests).into()
        }
    })
}

/// What the client sent back.
struct Answers<'a>(Option<&'a InputResponses>);

impl<'a> Answers<'a> {
    /// An answer that is an object. Anything else counts as missing, and is asked for again.
    fn get(&self, key: &str) -> Option<Answer<'a>> {
        self.0?.get(key)?.as_object().map(Answer)
    }
}

/// One answer; a member that is not there reads as null.
struct Answer<'a>(&'a Map<String, Value>);

impl std::ops::Index<&str> for Answer<'_> {
    type Output = Value;

    fn index(&self, member: &str) -> &Value {
        self.0.get(member).unwrap_or(&Value::Null)
    }
}

fn done(text: &str) -> CallToolResponse {
    CallToolResult::success(vec![ContentBlock::text(text)]).into()
}

pub(super) fn ask(
    questions: impl IntoIterator<Item = (&'static str, InputRequest)>,
    state: Option<String>,
) -> CallToolResponse {
    let mut requests = InputRequests::new();
    for (key, request) in questions {
        requests.insert(key.into(), request);
    }
    InputRequiredResult::new(Some(requests), state).into()
}

fn everything() -> Vec<(&'static str, InputRequest)> {
    vec![
        ("user_name", ask_name()),
        ("greeting", sample("Write a greeting")),
        ("client_roots", list_roots()),
    ]
}

fn ask_name() -> InputRequest {
    elicit("What is your name?", "name", "string")
}

pub(super) fn elicit(message: &str, field: &str, kind: &str) -> InputRequest {
    let schema = json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] });
    InputRequest::Elicitation(ElicitRequest::new(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: message.to_owned(),
        requested_schema: serde_json::from_value(schema).expect("the schema is written here and fits its type"),
    }))
}

fn sample(prompt: &str) -> InputRequest {
    let params = CreateMessageRequestParams::new(vec![SamplingMessage::user_text(prompt)], 100);
    InputRequest::CreateMessage(CreateMessageRequest::new(params))
}

fn list_roots() -> InputRequest {
    InputRequest::ListRoots(ListRootsRequest::default())
}
