//! Fixtures that go on in the background: tools that answer with a task (SEP-2663). Their tasks are held in memory, because no job of
//! the studio sleeps for a given time, fails by command or asks back; the rules around them are everybody's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Clock, JobId, SystemClock, Timestamp};
use parking_lot::Mutex;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock, CreateTaskResult,
    DetailedTask, InputRequests, InputResponses, JsonObject, Task, TaskPayload, TaskStatus, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use super::asking::{ask, elicit};
use super::tool;

const TTL_MS: u64 = 600_000;
const POLL_MS: u64 = 200;
/// The longest that a task may sleep.
const LONGEST_S: f64 = 120.0;

/// The tasks that were begun.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<HashMap<String, Entry>>>);

struct Entry {
    begun: Timestamp,
    sleeps: Duration,
    /// What is still to be answered.
    asked: InputRequests,
    end: End,
    is_cancelled: bool,
}

#[derive(Clone)]
enum End {
    Text(String),
    /// The tool ran and reports a failure.
    ToolError,
    /// The call itself broke.
    Broken,
}

pub(super) fn tools() -> Vec<Tool> {
    let seconds = json!({ "seconds": { "type": "number" }, "label": { "type": "string" } });
    vec![
        tool("greet", "Greets at once", json!({ "name": { "type": "string" } })),
        tool("slow_compute", "Takes so many seconds", seconds),
        tool("failing_job", "Fails after a second", json!({})),
        tool("protocol_error_job", "Breaks after a second", json!({})),
        tool(
            "confirm_delete",
            "Asks before it goes on",
            json!({ "filename": { "type": "string" } }),
        ),
        tool("multi_input", "Asks two things at once", json!({})),
        tool("test_tool_with_task", "Asks for a name first, then works", json!({})),
    ]
}

/// Answers a call of one of these tools; `None` for every other name.
pub(super) async fn call(
    tasks: &Tasks,
    request: &CallToolRequestParams,
    cx: &RequestContext<RoleServer>,
) -> Option<Result<CallToolResponse, ErrorData>> {
    let arguments = request.arguments.clone().unwrap_or_default();
    let word = |name: &str| {
        arguments
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or("friend")
            .to_owned()
    };
    let second = Duration::from_secs(1);
    let entry = match request.name.as_ref() {
        "greet" => return Some(Ok(said(&format!("Hello, {}!", word("name"))).into())),
        "slow_compute" => {
            let seconds = arguments.get("seconds").and_then(Value::as_f64).unwrap_or(1.0);
            let sleeps = Duration::try_from_secs_f64(seconds.clamp(0.0, LONGEST_S)).unwrap_or(second);
            if !declares_tasks(cx) {
                tokio::time::sleep(sleeps).await;
                return Some(Ok(said("computed").into()));
            }
            Entry::new(sleeps, End::Text("computed".to_owned()))
        }
        "failing_job" => Entry::new(second, End::ToolError),
        "protocol_error_job" => Entry::new(second, End::Broken),
        "confirm_delete" => Entry {
            asked: questions(["confirm"]),
            ..Entry::new(Duration::ZERO, End::Text("deleted".to_owned()))
        },
        "multi_input" => Entry {
            asked: questions(["first", "second"]),
            ..Entry::new(Duration::ZERO, End::Text("both are known".to_owned()))
        },
        "test_tool_with_task" => {
            let answers = request.input_responses.as_ref();
            let name = answers.and_then(|answers| answers.get("user_name")?["content"]["name"].as_str());
            match name {
                Some(name) => Entry::new(second, End::Text(format!("Hello, {name}!"))),
                None if declares_tasks(cx) => {
                    return Some(Ok(ask(
                        [("user_name", elicit("What is your name?", "name", "string"))],
                        None,
                    )));
                }
                None => Entry::new(second, End::ToolError),
            }
        }
        _ => return None,
    };
    if !declares_tasks(cx) {
        return Some(Err(ErrorData::missing_required_client_capability(needed())));
    }
    let id = JobId::generate(entry.begun).to_string();
    let task = entry.task(&id);
    tasks.0.lock().insert(id, entry);
    Some(Ok(CreateTaskResult::new(task).into()))
}

impl Tasks {
    /// The task of that id; `None` where it is none of these.
    pub(super) fn get(&self, id: &str) -> Option<DetailedTask> {
        let tasks = self.0.lock();
        let entry = tasks.get(id)?;
        Some(DetailedTask::new(entry.task(id), entry.payload()))
    }

    /// Takes answers; those to nothing are ignored. Says whether there is such a task.
    pub(super) fn update(&self, id: &str, answers: &InputResponses) -> bool {
        let mut tasks = self.0.lock();
        let entry = tasks.get_mut(id);
        entry
            .map(|entry| entry.asked.retain(|key, _| !answers.contains_key(key)))
            .is_some()
    }

    /// Cancels what has not ended. Says whether there is such a task.
    pub(super) fn cancel(&self, id: &str) -> bool {
        let mut tasks = self.0.lock();
        let entry = tasks.get_mut(id);
        entry.map(|entry| entry.is_cancelled |= !entry.is_over()).is_some()
    }
}

impl Entry {
    fn new(sleeps: Duration, end: End) -> Self {
        Self {
            begun: SystemClock.now(),
            sleeps,
            asked: InputRequests::new(),
            end,
            is_cancelled: false,
        }
    }

    fn is_over(&self) -> bool {
        self.is_cancelled || (self.asked.is_empty() && SystemClock.now() >= self.begun + self.sleeps)
    }

    fn task(&self, id: &str) -> Task {
        let begun = self.begun.to_string();
        Task::new(id, TaskStatus::Working, begun.clone(), begun)
            .with_ttl_ms(TTL_MS)
            .with_poll_interval_ms(POLL_MS)
    }

    fn payload(&self) -> TaskPayload {
        if self.is_cancelled {
            return TaskPayload::Cancelled;
        }
        if !self.asked.is_empty() {
            return TaskPayload::InputRequired {
                input_requests: self.asked.clone(),
            };
        }
        if !self.is_over() {
            return TaskPayload::Working;
        }
        match &self.end {
            End::Text(text) => completed(said(text)),
            End::ToolError => completed(CallToolResult::error(vec![ContentBlock::text("It failed.")])),
            End::Broken => TaskPayload::Failed {
                error: object(json!({ "code": -32603, "message": "It broke." })),
            },
        }
    }
}

fn questions<const N: usize>(keys: [&str; N]) -> InputRequests {
    keys.map(|key| (key.to_owned(), elicit("Go on?", "ok", "boolean")))
        .into_iter()
        .collect()
}

fn said(text: &str) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

fn completed(result: CallToolResult) -> TaskPayload {
    TaskPayload::Completed {
        result: object(serde_json::to_value(result).unwrap_or_default()),
    }
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    }
}

fn declares_tasks(cx: &RequestContext<RoleServer>) -> bool {
    let declared = cx.meta.client_capabilities();
    declared.is_some_and(|declared| ClientCapabilities::supports_tasks(&declared))
}

fn needed() -> ClientCapabilities {
    let extensions = json!({ "extensions": { rmcp::model::TASKS_EXTENSION_ID: {} } });
    serde_json::from_value(extensions).unwrap_or_default()
}
