//! Running other programs: quietly, for their output, or told line by line with a time limit.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Runs a program whose output passes through; a failure is an error that names it.
pub fn quietly(what: &str, command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{what}: {:?} could not be started", command.get_program()))?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

/// Runs a program to its end and gives its standard output; a failure is an error with what it said.
pub fn output(command: &mut Command) -> Result<String> {
    let done = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{:?} could not be started", command.get_program()))?;
    if !done.status.success() {
        bail!(
            "{:?} failed ({}): {}",
            command.get_program(),
            done.status,
            String::from_utf8_lossy(&done.stderr).trim()
        );
    }
    String::from_utf8(done.stdout).context("its output is not UTF-8")
}

/// Whether a program can be started and succeeds.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// How a told program ended.
pub enum End {
    Success,
    Failure(String),
    TimedOut,
}

/// Runs a program, gives each line of both its outputs to `hear`, and ends it after `limit`.
pub fn told(command: &mut Command, limit: Duration, mut hear: impl FnMut(&str)) -> Result<End> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{:?} could not be started", command.get_program()))?;
    let (send, lines) = channel();
    let out = child.stdout.take().context("its output was piped")?;
    let errors = child.stderr.take().context("its errors were piped")?;
    let second = send.clone();
    std::thread::spawn(move || forward(out, |line| send.send(line).is_ok()));
    std::thread::spawn(move || forward(errors, |line| second.send(line).is_ok()));

    let deadline = Instant::now() + limit;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => hear(&line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                child.kill().context("it ran too long and could not be ended")?;
                child.wait()?;
                return Ok(End::TimedOut);
            }
        }
    }
    let status = child.wait()?;
    Ok(if status.success() {
        End::Success
    } else {
        End::Failure(status.to_string())
    })
}

fn forward(source: impl std::io::Read, mut hear: impl FnMut(String) -> bool) {
    let mut reader = BufReader::new(source);
    let mut line = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut line) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        if !hear(text) {
            break;
        }
    }
}
