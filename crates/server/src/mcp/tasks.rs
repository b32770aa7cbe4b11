//! Jobs as tasks (SEP-2663). A task is a job: same id, same row, so it outlives every process and is read by
//! `get_job_status` too.

use aquatint_app::toolset::ToolReply;
use aquatint_domain::{Code, Problem, RequestId};
use rmcp::model::{DetailedTask, JsonObject, Task, TaskPayload, TaskStatus};
use serde_json::Value;

use super::desk::Desk;
use super::reply;

/// How often a client should ask.
const POLL_INTERVAL_MS: u64 = 1_000;

/// The task of a call whose job has not ended; `None` where the reply is the result already.
pub(super) fn begun(reply: &ToolReply) -> Option<Task> {
    let job = &reply.structured;
    let is_open = matches!(job["status"].as_str(), Some("queued" | "running"));
    is_open.then(|| task(job)).flatten()
}

/// A job's state as a task's, with the result that the call would have had.
pub(super) fn detailed(desk: &Desk, reply: ToolReply, request: &RequestId) -> Result<DetailedTask, Problem> {
    let job = &reply.structured;
    let task = task(job).ok_or_else(|| Problem::internal("a job has no id"))?;
    let payload = match job["status"].as_str() {
        Some("queued" | "running") => TaskPayload::Working,
        Some("cancelled") => TaskPayload::Cancelled,
        // A failure that a model can read is the result of the call, not an error of the protocol.
        Some("failed") if job["items"].is_null() => {
            let problem = serde_json::from_value(job["error"].clone())
                .unwrap_or_else(|_| Problem::new(Code::EngineFailed, "The job failed."));
            completed(reply::failure(desk, &problem, request))?
        }
        _ => completed(reply::success(reply))?,
    };
    Ok(DetailedTask::new(task, payload))
}

fn completed(result: rmcp::model::CallToolResult) -> Result<TaskPayload, Problem> {
    match serde_json::to_value(result).map_err(Problem::internal)? {
        Value::Object(result) => Ok(TaskPayload::Completed { result }),
        _ => Ok(TaskPayload::Completed {
            result: JsonObject::new(),
        }),
    }
}

fn task(job: &Value) -> Option<Task> {
    let id = job["job_id"].as_str()?;
    let created_at = job["created_at"].as_str().unwrap_or_default();
    let updated_at = job["finished_at"].as_str().unwrap_or(created_at);
    let mut task = Task::new(id, TaskStatus::Working, created_at, updated_at).with_poll_interval_ms(POLL_INTERVAL_MS);
    let percent = job["progress"].as_f64().unwrap_or(0.0) * 100.0;
    if let Some(status) = job["status"].as_str() {
        let stage = job["stage"].as_str().filter(|stage| !stage.is_empty());
        let stage = stage.map(|stage| format!(", {stage}")).unwrap_or_default();
        task = task.with_status_message(format!("{status}, {percent:.0} %{stage}"));
    }
    Some(task)
}
