//! A program of others, such as ffmpeg, run on bytes from strangers. It is given the bytes as its standard input, which
//! is a file in memory that it can seek in and cannot write to; what it says on its standard output is all that comes
//! back. A child of our own raises the walls and then becomes the program, so they stand before its first instruction.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use aquatint_domain::{Code, Problem, text};
use bytes::Bytes;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdout, Command};

use super::MEMORY_VARIABLE;
use super::walls::Walls;

/// Where a walled program finds the bytes: a path that can be opened again and again, each time from its beginning.
pub const PROGRAM_INPUT: &str = "/proc/self/fd/0";
/// How much of its complaints is kept for the log.
const KEPT_ERROR_BYTES: u64 = 4 * 1024;

/// A program, and how to start it behind walls.
#[derive(Clone, Debug)]
pub struct Program {
    /// Our own program with the arguments that lead to [`become_program`].
    pub launcher: PathBuf,
    pub launcher_args: Vec<String>,
    pub path: PathBuf,
}

/// What one run may take.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Of time on the clock, and of computing time on all threads together.
    pub time: Duration,
    /// Address space.
    pub memory_bytes: u64,
    /// What it may say on its standard output.
    pub output_bytes: u64,
}

impl Program {
    /// Runs it on `input`; its standard output where it ended well. Whatever goes wrong is a `Problem` about the file.
    pub async fn run(&self, args: &[String], input: &Bytes, allowance: Allowance) -> Result<Vec<u8>, Problem> {
        let mut child = self
            .command(allowance)
            .arg("--")
            .args(args)
            .stdin(in_memory(input.clone()).await?)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(cannot_start)?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(cannot_start("the pipes to the program are missing"));
        };
        let complaints = async {
            let mut said = Vec::new();
            let mut stderr = stderr;
            let _ = (&mut stderr).take(KEPT_ERROR_BYTES).read_to_end(&mut said).await;
            // The rest is let go, so that the program never waits for us.
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
            text::one_line(&String::from_utf8_lossy(&said), 1_000)
        };
        let work = async {
            // Too much output ends the work at once; the child is killed when it is dropped.
            let output = whole(stdout, allowance.output_bytes).await?;
            let status = child.wait().await.map_err(cannot_start)?;
            Ok::<_, Problem>((output, status))
        };
        let both = async { tokio::try_join!(work, async { Ok(complaints.await) }) };
        let ended = tokio::time::timeout(allowance.time, both).await;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match ended {
            Ok(Ok(((output, status), _))) if status.success() => Ok(output),
            Ok(Ok(((_, status), said))) => Err(unreadable(format!("{name} ended with {status}: {said}"))),
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err(unreadable(format!(
                "{name} was not done after {} s",
                allowance.time.as_secs()
            ))),
        }
    }

    /// What walls stand around the program on this machine.
    pub async fn walls(&self, allowance: Allowance) -> Result<Walls, Problem> {
        let ended = self.command(allowance).stdin(Stdio::null()).output();
        let output = tokio::time::timeout(allowance.time, ended)
            .await
            .map_err(|_| cannot_start("it did not tell its walls in time"))?
            .map_err(cannot_start)?;
        serde_json::from_slice(&output.stdout)
            .map_err(|_| cannot_start(String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    fn command(&self, allowance: Allowance) -> Command {
        let mut command = Command::new(&self.launcher);
        command
            .args(&self.launcher_args)
            .arg("--program")
            .arg(&self.path)
            .arg("--seconds")
            .arg(allowance.time.as_secs().max(1).to_string())
            .env_clear()
            .env(MEMORY_VARIABLE, allowance.memory_bytes.to_string())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.current_dir("/");
        command
    }
}

/// The launcher's side: walls up, then this process becomes `program`. Without `args` it says on its standard output what
/// walls it has raised, as JSON. It starts nothing where the filter of system calls does not stand.
#[cfg(target_os = "linux")]
pub fn become_program(program: &Path, seconds: u64, args: &[OsString]) -> ExitCode {
    let memory_bytes = std::env::var(MEMORY_VARIABLE).ok().and_then(|text| text.parse().ok());
    let walls = super::walls::raise_around_program(program, memory_bytes, seconds);
    if args.is_empty() {
        println!("{}", serde_json::to_string(&walls).unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    if !walls.system_calls.is_up() {
        eprintln!("no filter of system calls can be raised here, so nothing is run");
        return ExitCode::FAILURE;
    }
    let error = std::os::unix::process::CommandExt::exec(std::process::Command::new(program).args(args).env_clear());
    eprintln!("{} cannot be run: {error}", program.display());
    ExitCode::FAILURE
}

#[cfg(not(target_os = "linux"))]
pub fn become_program(_: &Path, _: u64, _: &[OsString]) -> ExitCode {
    eprintln!("programs of others are run on Linux alone, which has the walls for it");
    ExitCode::FAILURE
}

/// The bytes as a file in memory that nobody can change any more.
#[cfg(target_os = "linux")]
async fn in_memory(bytes: Bytes) -> Result<Stdio, Problem> {
    use std::io::Write;

    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    let file = tokio::task::spawn_blocking(move || {
        let memory = memfd_create("aquatint-input", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        let mut file = std::fs::File::from(memory);
        file.write_all(&bytes)?;
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        fcntl_add_seals(&file, seals)?;
        Ok::<_, std::io::Error>(file)
    })
    .await
    .map_err(Problem::internal)?
    .map_err(cannot_start)?;
    Ok(Stdio::from(file))
}

#[cfg(not(target_os = "linux"))]
async fn in_memory(_: Bytes) -> Result<Stdio, Problem> {
    Err(cannot_start("programs of others are run on Linux alone"))
}

async fn whole(mut stdout: ChildStdout, most: u64) -> Result<Vec<u8>, Problem> {
    let mut output = Vec::new();
    let read = (&mut stdout)
        .take(most.saturating_add(1))
        .read_to_end(&mut output)
        .await;
    read.map_err(cannot_start)?;
    if output.len() as u64 > most {
        return Err(unreadable(format!("it said more than {most} bytes")));
    }
    Ok(output)
}

fn unreadable(cause: String) -> Problem {
    Problem::new(
        Code::UnsupportedMedia,
        "The file cannot be read by the program for it on this server.",
    )
    .caused_by(cause)
}

fn cannot_start(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Problem {
    Problem::new(Code::Unavailable, "The program for such files could not be started.").caused_by(cause)
}
