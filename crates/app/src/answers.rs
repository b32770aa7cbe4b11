//! Calls that wait for their work, however long it takes. A client may go away before the end without anybody noticing: a
//! proxy cut it, or it lost its patience and asks again. So the same call of the same caller finds the work of an earlier one
//! whose answer may not have arrived, and nothing is made or charged twice.
//!
//! An answer is in doubt when its client went away, and when the call took longer than clients are sure to wait. What was
//! answered quickly was heard: the same call then means "another one". The same goes for calls beside one another.

use std::time::Duration;

use aquatint_domain::{Caller, JobId, Problem, RunId, Timestamp};
use aquatint_store::Earlier;
use serde_json::{Value, json};

use crate::jobs;
use crate::operation::{Context, Describe, ProgressSender, Reply};
use crate::operations::pipelines::{run_view, runs};
use crate::studio::Studio;

/// How often the same call is tried when what it finds is of no use.
const TRIES: u32 = 4;
/// A client that went away and asks again at once may be quicker than the news that it went; so often and so long is waited.
const LOOKS: u32 = 6;
const LOOK: Duration = Duration::from_millis(100);

/// How long calls wait, and for how long their answers are owed.
#[derive(Clone, Copy, Debug)]
pub struct AnswerSettings {
    /// The longest that such a call waits for its work.
    pub wait_max: Duration,
    /// What was answered within this time was heard.
    pub certain: Duration,
    /// So long the same call finds the result, when its answer may not have been heard.
    pub kept: Duration,
}

impl Default for AnswerSettings {
    fn default() -> Self {
        Self {
            wait_max: Duration::from_secs(600),
            certain: Duration::from_secs(30),
            kept: Duration::from_secs(600),
        }
    }
}

/// What a call waited for.
pub struct Waited {
    /// The job or run as it stands: ended, unless the time was up.
    pub reply: Reply,
    /// It is the work of an earlier call that was the same.
    pub is_earlier: bool,
}

impl Waited {
    pub fn has_ended(&self) -> bool {
        self.reply.value["finished_at"].is_string()
    }
}

enum End {
    Ended(Reply),
    TimeUp(Reply),
    /// Nobody waits any more.
    Left,
}

impl Studio {
    /// Runs an operation that makes a job or a run, and waits for its end. `door` is the place at which it was called; calls at
    /// different doors are different.
    pub async fn call_and_wait(
        &self,
        caller: &Caller,
        door: &str,
        operation: &str,
        arguments: Value,
        progress: Option<ProgressSender>,
    ) -> Result<Waited, Problem> {
        let settings = self.settings().answers;
        let began = tokio::time::Instant::now();
        let call = fingerprint(caller, door, operation, &arguments);
        let cx = Context {
            studio: self.clone(),
            caller: caller.clone(),
            progress,
        };
        for _ in 0..TRIES {
            let Owed {
                id: answer,
                is_earlier,
                work,
            } = self.owed(caller, &call).await?;
            let work = match work {
                Some(work) => Work::parse(&work)?,
                None => {
                    // Under this key the work is found even where the process ended before it was noted.
                    let mut order = arguments.clone();
                    order["idempotency_key"] = json!(format!("answer:{answer}"));
                    order["wait_seconds"] = json!(0);
                    let submitted = match self.call(caller, operation, order, None).await {
                        Ok(reply) => reply,
                        Err(problem) => {
                            self.store().answers().settle(&answer).await?;
                            return Err(problem);
                        }
                    };
                    let named = ["job_id", "run_id"]
                        .into_iter()
                        .find_map(|id| submitted.value[id].as_str());
                    let Some(named) = named else {
                        // It was only priced.
                        self.store().answers().settle(&answer).await?;
                        return Ok(Waited {
                            reply: submitted,
                            is_earlier,
                        });
                    };
                    self.store().answers().waits_for(&answer, named).await?;
                    Work::parse(named)?
                }
            };
            // What failed is tried anew, and what ended long ago was heard or is not wanted any more.
            if is_earlier && is_useless(&work.look(&cx, Duration::ZERO).await?.value, self.now(), settings.kept) {
                self.store().answers().settle(&answer).await?;
                continue;
            }
            let answers = self.store().answers();
            let reply = match work.wait(&cx, settings.wait_max).await? {
                End::Ended(reply) => {
                    let has_failed = matches!(reply.value["status"].as_str(), Some("failed" | "cancelled"));
                    let was_heard = began.elapsed() <= settings.certain && !has_left(&cx);
                    if has_failed || was_heard {
                        answers.settle(&answer).await?;
                    } else {
                        let until = self.now() + settings.kept;
                        answers.doubt(&answer, self.now(), Some(until)).await?;
                    }
                    reply
                }
                End::TimeUp(reply) => {
                    answers.doubt(&answer, self.now(), None).await?;
                    reply
                }
                End::Left => {
                    // At once: whoever went away may be asking again already.
                    answers.doubt(&answer, self.now(), None).await?;
                    work.look(&cx, Duration::ZERO).await?
                }
            };
            return Ok(Waited { reply, is_earlier });
        }
        Err(Problem::internal("the same call finds nothing of use again and again"))
    }

    /// The answer that this call owes: an earlier one in doubt, or one of its own.
    async fn owed(&self, caller: &Caller, call: &[u8; 32]) -> Result<Owed, Problem> {
        let settings = self.settings().answers;
        let answers = self.store().answers();
        for look in 0..LOOKS {
            let now = self.now();
            match answers
                .take(&caller.workspace, call, now, now + settings.certain)
                .await?
            {
                Earlier::Taken { id, work } => {
                    return Ok(Owed {
                        id,
                        is_earlier: true,
                        work,
                    });
                }
                Earlier::None => break,
                Earlier::Waiting if look + 1 < LOOKS => tokio::time::sleep(LOOK).await,
                Earlier::Waiting => {}
            }
        }
        let (id, now) = (caller.request.to_string(), self.now());
        // As long as the key under which its work can be found.
        let expires_at = now + self.settings().idempotency_ttl;
        answers
            .owe(&id, &caller.workspace, call, now + settings.certain, expires_at)
            .await?;
        Ok(Owed {
            id,
            is_earlier: false,
            work: None,
        })
    }
}

struct Owed {
    id: String,
    is_earlier: bool,
    work: Option<String>,
}

/// What makes two calls the same: who calls, where, and with what.
fn fingerprint(caller: &Caller, door: &str, operation: &str, arguments: &Value) -> [u8; 32] {
    let mut arguments = arguments.clone();
    arguments.sort_all_objects();
    *blake3::hash(format!("{:?}\n{door}\n{operation}\n{arguments}", caller.principal).as_bytes()).as_bytes()
}

fn is_useless(work: &Value, now: Timestamp, kept: Duration) -> bool {
    let Some(ended) = work["finished_at"].as_str().and_then(|at| at.parse::<Timestamp>().ok()) else {
        return false;
    };
    matches!(work["status"].as_str(), Some("failed" | "cancelled")) || ended + kept < now
}

fn has_left(cx: &Context) -> bool {
    cx.progress.as_ref().is_some_and(ProgressSender::is_closed)
}

/// What is waited for.
enum Work {
    Job(JobId),
    Run(RunId),
}

impl Work {
    fn parse(id: &str) -> Result<Self, Problem> {
        if RunId::is_well_formed(id) {
            return Ok(Self::Run(id.parse()?));
        }
        Ok(Self::Job(id.parse()?))
    }

    /// How it stands, after waiting at most so long for its end.
    async fn look(&self, cx: &Context, wait: Duration) -> Result<Reply, Problem> {
        match self {
            Self::Job(id) => {
                let job = jobs::wait_for(cx, id, wait).await?;
                reply(&jobs::view(&cx.studio, &job).await?)
            }
            Self::Run(id) => {
                let run = runs::wait_for(cx, id, wait).await?;
                reply(&run_view::view(&cx.studio, run).await?)
            }
        }
    }

    /// Until it has ended, the time is up, or nobody listens any more.
    async fn wait(&self, cx: &Context, most: Duration) -> Result<End, Problem> {
        let left = async {
            match &cx.progress {
                Some(progress) => progress.closed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            reply = self.look(cx, most) => {
                let reply = reply?;
                Ok(if reply.value["finished_at"].is_string() { End::Ended(reply) } else { End::TimeUp(reply) })
            }
            () = left => Ok(End::Left),
        }
    }
}

fn reply<T: serde::Serialize + Describe>(view: &T) -> Result<Reply, Problem> {
    Ok(Reply {
        value: serde_json::to_value(view).map_err(Problem::internal)?,
        description: view.describe(),
    })
}
