//! The child's side: raise the walls, say so, then take one request after another from standard input
//! until it ends.

use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;

use aquatint_domain::{Code, Problem};

use super::frame::{Frame, Message};
use super::{Answer, MEMORY_VARIABLE, Request, phase, walls};

/// What a decoder may burn before the file is refused.
const DECODE_CPU_SECONDS: u64 = 10;
/// What may be burnt before the first request comes.
const PREPARING_CPU_SECONDS: u64 = 60;
/// The stack of the thread that prepares, as large as that of the one which works.
const PREPARING_STACK_BYTES: usize = 8 * 1024 * 1024;

/// Walls up, then requests from standard input to standard output until the parent closes it.
/// `prepare` begins as soon as the walls are up, on a thread of its own, while the first request is still on its way: what it
/// makes is for the handler to wait for. Nobody hears of its panic.
/// `handler` runs on this thread; a panic in it fails that request alone.
/// The process ends here, without coming back to its caller.
pub fn serve(
    prepare: impl FnOnce() + Send + 'static,
    mut handler: impl FnMut(Request, &mut dyn FnMut(f64, &str)) -> Result<Answer, Problem>,
) -> ! {
    let memory_bytes = std::env::var(MEMORY_VARIABLE).ok().and_then(|text| text.parse().ok());
    let walls = walls::raise(memory_bytes);
    walls::leave_with_parent();

    let mut input = BufReader::with_capacity(64 * 1024, io::stdin().lock());
    let out = Rc::new(RefCell::new(io::stdout()));
    if send(&out, &Frame::bare(Message::Ready { walls })).is_err() {
        walls::leave(1);
    }
    walls::limit_cpu(PREPARING_CPU_SECONDS);
    // Without the thread the first request does all of the work.
    let _ = thread::Builder::new().stack_size(PREPARING_STACK_BYTES).spawn(prepare);

    // Tell the parent when a decoder begins and ends, and hold the decoder to its own time.
    let decoding = Rc::new(Cell::new(false));
    let task_cpu = Rc::new(Cell::new(u64::MAX));
    {
        let (out, decoding, task_cpu) = (out.clone(), decoding.clone(), task_cpu.clone());
        phase::listen(move |now| {
            decoding.set(now);
            walls::limit_cpu(if now {
                DECODE_CPU_SECONDS.min(task_cpu.get())
            } else {
                task_cpu.get()
            });
            // A parent that is gone is noticed when the answer is sent.
            let _ = send(&out, &Frame::bare(Message::Phase { decoding: now }));
        });
    }

    loop {
        let (request, cpu_seconds) = match Frame::read(&mut input) {
            Ok(Some(Frame {
                message: Message::Request { header, cpu_seconds },
                blobs,
            })) => (Request::new(header, blobs), cpu_seconds),
            Ok(None) => walls::leave(0),
            Ok(Some(_)) | Err(_) => walls::leave(1),
        };
        task_cpu.set(cpu_seconds);
        walls::limit_cpu(cpu_seconds);
        decoding.set(false);

        let mut progress = |fraction: f64, stage: &str| {
            let _ = send(
                &out,
                &Frame::bare(Message::Progress {
                    fraction,
                    stage: stage.to_owned(),
                }),
            );
        };
        let result = catch_unwind(AssertUnwindSafe(|| handler(request, &mut progress)));
        let reply = match result {
            Ok(Ok(answer)) => Frame {
                message: Message::Answer { header: answer.header },
                blobs: answer.blobs,
            },
            Ok(Err(problem)) => refusal(problem),
            Err(panic) => refusal(after_panic(decoding.get(), panic.as_ref())),
        };
        let sent = send(&out, &reply).or_else(|error| match error.kind() {
            // The answer breaks a cap of the frame: that much can still be said.
            io::ErrorKind::InvalidInput => send(&out, &refusal(too_long(&error))),
            _ => Err(error),
        });
        if sent.is_err() {
            walls::leave(1);
        }
    }
}

fn send(out: &RefCell<io::Stdout>, frame: &Frame) -> io::Result<()> {
    let mut out = out.borrow_mut();
    frame.write(&mut *out)?;
    out.flush()
}

fn refusal(problem: Problem) -> Frame {
    let cause = problem
        .source
        .as_ref()
        .map(|cause| aquatint_domain::text::clip(&format!("{cause:?}"), 2_000));
    Frame::bare(Message::Problem { problem, cause })
}

fn after_panic(decoding: bool, panic: &(dyn std::any::Any + Send)) -> Problem {
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default();
    if decoding {
        Problem::new(
            Code::InvalidImage,
            "The picture is damaged in a way that its decoder cannot handle. Save it again with another program and send that.",
        )
        .caused_by(text)
    } else {
        Problem::new(
            Code::EngineFailed,
            "The engine failed on this input. Nothing was charged; try other arguments.",
        )
        .caused_by(text)
    }
}

fn too_long(error: &io::Error) -> Problem {
    Problem::new(
        Code::EngineFailed,
        "The result is larger than can be handed back. Ask for a smaller one.",
    )
    .final_failure()
    .caused_by(error.to_string())
}
