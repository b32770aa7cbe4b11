//! The parent's hold on one child: start it, give it one task at a time, tell how it ended.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aquatint_domain::{Code, Problem, text};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::frame::{Frame, Message};
use super::pool::PoolConfig;
use super::walls::Walls;
use super::{Answer, MEMORY_VARIABLE, Request};

/// How long a child may take to raise its walls and say so, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How long to wait for the exit status of a child that closed its output.
const EXIT_LIMIT: Duration = Duration::from_secs(2);
/// How much of a child's standard error is kept for the log.
const KEPT_ERROR_BYTES: usize = 8 * 1024;

/// Settings of glibc's allocator. Each arena reserves 64 MB of address space, which the memory limit
/// counts; and a child that gives its buffers back to the system after each task pays for their pages
/// again at the next, which is 3 % of an upload. Large pages, where the system lends them to those who ask, spare most of the
/// faults of a child whose memory is all new: a tenth of the time of a first cut-out.
pub const ALLOCATOR: [(&str, &str); 4] = [
    ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"),
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_MMAP_THRESHOLD_", "33554432"),
    ("MALLOC_TRIM_THRESHOLD_", "67108864"),
];

/// ONNX Runtime from 1.29 on writes down what it does and sends it home, from the moment it is opened, which is before the walls
/// go up; what it is told later comes too late.
const NO_TELEMETRY: (&str, &str) = ("ORT_DISABLE_TELEMETRY", "1");

pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    errors: Arc<Mutex<String>>,
    /// Reads what the child says on its standard error until that is closed.
    listening: JoinHandle<()>,
    pub walls: Walls,
    pub tasks: u32,
    pub idle_since: Instant,
}

/// How a task ended, and with it perhaps the child.
pub(super) enum Ending {
    /// The child is well and can take another task.
    Well(Result<Answer, Problem>),
    /// The child is dead or must die.
    Lost(Problem),
}

impl Worker {
    pub async fn start(config: &PoolConfig) -> Result<Self, Problem> {
        let mut command = Command::new(&config.program);
        command
            .args(&config.args)
            .env_clear()
            .env(MEMORY_VARIABLE, config.memory_bytes.to_string())
            .envs(ALLOCATOR)
            .envs([NO_TELEMETRY])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.current_dir("/");
        let mut child = command.spawn().map_err(cannot_start)?;
        let (Some(input), Some(output), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(cannot_start("the pipes to the child are missing"));
        };
        let errors = Arc::new(Mutex::new(String::new()));
        let mut listening = tokio::spawn(keep_errors(stderr, errors.clone()));
        let mut output = BufReader::with_capacity(64 * 1024, output);
        let first = tokio::time::timeout(START_LIMIT, Frame::receive(&mut output)).await;
        let walls = match first {
            Ok(Ok(Frame {
                message: Message::Ready { walls },
                ..
            })) => walls,
            Ok(Ok(_)) => return Err(cannot_start("the child began with something else than `ready`")),
            Ok(Err(error)) => {
                let _ = tokio::time::timeout(EXIT_LIMIT, &mut listening).await;
                let said = errors.lock().clone();
                return Err(cannot_start(format!("{error}; the child said: {said}")));
            }
            Err(_) => return Err(cannot_start("the child did not start in time")),
        };
        Ok(Self {
            child,
            input,
            output,
            errors,
            listening,
            walls,
            tasks: 0,
            idle_since: Instant::now(),
        })
    }

    /// Whether the child still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Memory that the child holds now, where the system tells.
    pub fn resident_bytes(&self) -> Option<u64> {
        #[cfg(target_os = "linux")]
        {
            let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id()?)).ok()?;
            let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
            Some(pages * rustix::param::page_size() as u64)
        }
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// One task. Dropping this future midway leaves the child in the middle of it, so the caller must
    /// then drop the worker too, which kills the child.
    pub async fn run(
        &mut self,
        request: Request,
        time_limit: Duration,
        cancel: &CancellationToken,
        mut progress: impl FnMut(f64, &str) + Send,
    ) -> Ending {
        self.tasks += 1;
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
        let cpu_seconds = time_limit.as_secs().max(1).saturating_mul(threads);
        let frame = Frame {
            message: Message::Request {
                header: request.header,
                cpu_seconds,
            },
            blobs: request.blobs,
        };
        let decoding = AtomicBool::new(false);

        let talk = async {
            frame.send(&mut self.input).await?;
            loop {
                let Frame { message, blobs } = Frame::receive(&mut self.output).await?;
                match message {
                    Message::Progress { fraction, stage } => {
                        progress(fraction.clamp(0.0, 1.0), &text::one_line(&stage, 80));
                    }
                    Message::Phase { decoding: now } => decoding.store(now, Ordering::Relaxed),
                    Message::Answer { header } => return Ok(Ok(Answer { header, blobs })),
                    Message::Problem { problem, cause } => return Ok(Err(cleaned(problem, cause))),
                    Message::Ready { .. } | Message::Request { .. } => {
                        return Err(std::io::Error::other("the child said something out of turn"));
                    }
                }
            }
        };
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => {
                return Ending::Lost(Problem::new(Code::Cancelled, "The work was cancelled. Nothing was charged."));
            }
            outcome = talk => outcome,
            () = tokio::time::sleep(time_limit) => {
                return Ending::Lost(too_slow(decoding.load(Ordering::Relaxed), time_limit));
            }
        };
        match outcome {
            Ok(result) => Ending::Well(result),
            // Our own request broke a cap; nothing was sent.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Ending::Well(Err(Problem::new(
                Code::TooLarge,
                "The inputs of this task are larger together than can be worked on. Send fewer or smaller ones.",
            )
            .caused_by(error))),
            Err(error) => Ending::Lost(self.autopsy(decoding.load(Ordering::Relaxed), error).await),
        }
    }

    /// Why the child is gone, in words for the caller.
    async fn autopsy(&mut self, decoding: bool, error: std::io::Error) -> Problem {
        let status = tokio::time::timeout(EXIT_LIMIT, self.child.wait()).await;
        // Its last words may still be on their way.
        let _ = tokio::time::timeout(EXIT_LIMIT, &mut self.listening).await;
        let said = self.errors.lock().clone();
        let out_of_memory = said.contains("memory allocation of");
        let out_of_time = matches!(&status, Ok(Ok(status)) if signal(status) == Some(SIGXCPU));
        let cause = format!("{error}; status {status:?}; the child said: {said}");
        tracing::warn!(cause, decoding, "a sandbox child died");
        let limit = if out_of_memory {
            "more memory"
        } else if out_of_time {
            "more computing time"
        } else {
            ""
        };
        match (decoding, limit) {
            (true, "") => Problem::new(
                Code::InvalidImage,
                "The picture is damaged in a way that its decoder cannot handle. Save it again with another program and send that.",
            ),
            (true, limit) => Problem::new(
                Code::InvalidImage,
                format!("Decoding the picture takes {limit} than is allowed. Save it as PNG or JPEG, or make it smaller first."),
            ),
            (false, "") => Problem::new(
                Code::EngineFailed,
                "The engine failed on this input and was started again. Nothing was charged; try again or with other arguments.",
            ),
            (false, limit) => Problem::new(
                Code::EngineFailed,
                format!("The work takes {limit} than is allowed here. Ask for a smaller result or send a smaller picture."),
            )
            .final_failure(),
        }
        .caused_by(cause)
    }
}

#[cfg(unix)]
fn signal(status: &std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(status)
}

#[cfg(not(unix))]
fn signal(_: &std::process::ExitStatus) -> Option<i32> {
    None
}

/// The signal of a process that is over its CPU limit; the same number on Linux and macOS.
const SIGXCPU: i32 = 24;

fn too_slow(decoding: bool, limit: Duration) -> Problem {
    let seconds = limit.as_secs_f64();
    if decoding {
        return Problem::new(
            Code::InvalidImage,
            format!(
                "Decoding the picture took longer than {seconds:.0} s. Save it as PNG or JPEG, or make it smaller first."
            ),
        );
    }
    Problem::new(
        Code::TimedOut,
        format!(
            "The work took longer than its limit of {seconds:.0} s and was stopped. Nothing was charged; ask for a smaller or shorter result."
        ),
    )
}

/// A child may have been taken over by what it read: its words are clipped like any outside text.
fn cleaned(mut problem: Problem, cause: Option<String>) -> Problem {
    problem.message = text::one_line(&problem.message, 1_000);
    problem.hint = problem.hint.map(|hint| text::one_line(&hint, 1_000));
    match cause {
        Some(cause) => problem.caused_by(cause),
        None => problem,
    }
}

fn cannot_start(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Problem {
    Problem::new(
        Code::Unavailable,
        "The process that works on pictures could not be started. Try again; the operator finds the cause in the log.",
    )
    .caused_by(cause)
}

/// Drains standard error, so that the child never blocks on it, and keeps the last of it.
async fn keep_errors(mut stderr: ChildStderr, kept: Arc<Mutex<String>>) {
    let mut buffer = [0u8; 1024];
    while let Ok(count) = stderr.read(&mut buffer).await {
        if count == 0 {
            return;
        }
        let mut kept = kept.lock();
        kept.push_str(&String::from_utf8_lossy(&buffer[..count]));
        if kept.len() > KEPT_ERROR_BYTES {
            let mut cut = kept.len() - KEPT_ERROR_BYTES;
            while !kept.is_char_boundary(cut) {
                cut += 1;
            }
            kept.drain(..cut);
        }
    }
}
