//! The child that the tests of the sandbox start: it does what it is told, including what it must not.

use std::io::Write;
use std::process::{Command, ExitCode};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use aquatint_domain::{Code, Problem};
use aquatint_media::sandbox::{Answer, Request, serve};
use aquatint_media::{Limits, decode, inspect};
use serde_json::{Value, json};

/// What came of the attempt that was made while preparing.
static PREPARED: OnceLock<Value> = OnceLock::new();

type Attempt = std::io::Result<()>;

fn main() -> ExitCode {
    // A library that was opened before the walls went up may have a thread that is older than they are.
    let (early, asked) = channel::<Sender<Attempt>>();
    std::thread::spawn(move || {
        for answer in asked {
            let _ = answer.send(udp());
        }
    });
    serve(prepare, move |request, progress| {
        let order = request.header["do"].as_str().unwrap_or_default().to_owned();
        let header = obey(&order, &request, &early, progress)?;
        Ok(Answer {
            header,
            blobs: request.blobs,
        })
    })
}

fn prepare() {
    let attempt = udp();
    let _ = PREPARED.set(json!({ "error": attempt.err().map(|error| error.to_string()) }));
}

fn udp() -> Attempt {
    std::net::UdpSocket::bind(("127.0.0.1", 0)).map(|_| ())
}

fn obey(
    order: &str,
    request: &Request,
    early: &Sender<Sender<Attempt>>,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Value, Problem> {
    let attempt = |result: Attempt| json!({ "error": result.err().map(|error| error.to_string()) });
    Ok(match order {
        "echo" => {
            progress(0.5, "half\nway");
            json!({ "pid": std::process::id(), "header": request.header })
        }
        "refuse" => return Err(Problem::invalid("scale", "Scale is 2 or 4.")),
        "abort" => std::process::abort(),
        "exit" => std::process::exit(3),
        "panic" => panic!("told to"),
        "overflow" => json!(deeper(1)),
        "hang" => loop {
            std::thread::park();
        },
        "hog" => {
            let mut held: Vec<Vec<u8>> = Vec::new();
            loop {
                held.push(vec![1; 16 << 20]);
                progress(0.0, &format!("{} blocks", held.len()));
            }
        }
        "babble" => {
            let _ = std::io::stdout().write_all(&[0xff; 64]);
            json!(null)
        }
        "long" => json!("x".repeat(2 << 20)),
        "tcp" => attempt(std::net::TcpStream::connect(("127.0.0.1", 9)).map(|_| ())),
        "udp" => attempt(udp()),
        "udp by an early thread" => {
            let (answer, answered) = channel();
            early.send(answer).map_err(Problem::internal)?;
            attempt(answered.recv().map_err(Problem::internal)?)
        }
        "prepared" => PREPARED.wait().clone(),
        "read" => attempt(std::fs::read("/etc/hostname").map(|_| ())),
        "list" => attempt(std::fs::read_dir("/").map(|_| ())),
        "write" => attempt(std::fs::write("/dev/shm/aquatint-escaped", b"x")),
        "spawn" => attempt(Command::new("/bin/true").spawn().map(|_| ())),
        "threads" => {
            let hands: Vec<_> = (0..4u64)
                .map(|index| std::thread::spawn(move || index * index))
                .collect();
            json!(hands.into_iter().filter_map(|hand| hand.join().ok()).sum::<u64>())
        }
        "environment" => json!(std::env::vars().map(|(name, _)| name).collect::<Vec<_>>()),
        "decode" => {
            let picture = decode(&request.blobs[0], &Limits::default())?;
            json!([picture.width(), picture.height()])
        }
        "inspect" => {
            let inspection = inspect(&request.blobs[0], &Limits::default(), &[256, 64])?;
            serde_json::to_value(inspection).map_err(Problem::internal)?
        }
        other => return Err(Problem::new(Code::InvalidArgument, format!("no order `{other}`"))),
    })
}

#[allow(unconditional_recursion)]
fn deeper(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    deeper(room[0] + 1) + room[1]
}
