//! Waiting for a job: by events where it runs in this process, by reading the row where it does not.

use std::time::Duration;

use aquatint_domain::{Code, Job, JobId, Problem};
use tokio::time::Instant;

use crate::operation::{Context, Progress};

/// How often the row is read while another process may be running the job.
const POLL: Duration = Duration::from_millis(400);

/// The job once it is terminal, or as it stands when the time is up.
pub(crate) async fn wait_for(cx: &Context, id: &JobId, timeout: Duration) -> Result<Job, Problem> {
    let deadline = Instant::now() + timeout;
    let mut news = cx.studio.events().subscribe();
    let mut told = -1.0;
    loop {
        let job = cx.studio.store().jobs().get(&cx.caller.workspace, id).await?;
        let job = job.ok_or_else(|| Problem::not_found("job", id))?;
        if let Some(progress) = &cx.progress
            && job.progress > told
        {
            told = job.progress;
            // A full channel means that the client reads slowly; it gets the next one.
            let _ = progress.try_send(Progress {
                progress: job.progress,
                stage: job.stage.clone(),
            });
        }
        if job.state.is_terminal() || Instant::now() >= deadline {
            return Ok(job);
        }
        let until = deadline.min(Instant::now() + POLL);
        loop {
            match tokio::time::timeout_at(until, news.recv()).await {
                Ok(Ok(event)) if event.job_id == *id || event.parent.as_ref() == Some(id) => break,
                Ok(Ok(_)) => {}
                // Missed events or the poll interval passed: read the row.
                Ok(Err(tokio::sync::broadcast::error::RecvError::Lagged(_))) | Err(_) => break,
                Ok(Err(tokio::sync::broadcast::error::RecvError::Closed)) => {
                    return Err(Problem::new(
                        Code::Unavailable,
                        "The server is shutting down; the job goes on after its restart.",
                    ));
                }
            }
        }
    }
}
