//! The crates' own tests, by cargo-nextest where it is installed, else by cargo itself.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::Counts;
use crate::components::Components;
use crate::repository;
use crate::running::{self, End};

/// Building and running together; more than CI ever has.
const LIMIT: Duration = Duration::from_secs(5_400);

pub fn run(components: &Components, all: bool) -> Result<Counts> {
    let has_nextest = running::succeeds(repository::cargo().args(["nextest", "--version"]));
    let mut command = repository::cargo();
    if has_nextest {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast", "--color", "never"]);
        command.args(["--show-progress", "none"]);
    } else {
        println!("cargo-nextest is not installed; running `cargo test`");
        command.args(["test", "--workspace", "--no-fail-fast"]);
    }
    command.args(repository::features());
    surroundings(&mut command, components, all);

    let mut counts = Counts::default();
    let mut has_summary = false;
    let end = running::told(&mut command, LIMIT, |line| {
        println!("{line}");
        let heard = if has_nextest {
            nextest_line(line)
        } else {
            cargo_line(line)
        };
        if let Some(heard) = heard {
            has_summary = true;
            counts.add(heard);
        }
    })?;
    match end {
        End::Success => {}
        End::Failure(status) => {
            // A failure that no test explains: most likely it did not compile.
            if counts.failed == 0 || !has_summary {
                println!("not ok the crates' tests: {status}");
                counts.failed += 1;
            }
        }
        End::TimedOut => {
            println!("not ok the crates' tests: not done after {} s", LIMIT.as_secs());
            counts.failed += 1;
        }
    }
    Ok(counts)
}

/// What the tests are told about this machine.
fn surroundings(command: &mut Command, components: &Components, all: bool) {
    if let Some(url) = &components.postgres {
        command.env("AQUATINT_TEST_POSTGRES_URL", url);
    }
    if let Some(library) = &components.onnx_runtime {
        command.env("ORT_DYLIB_PATH", library);
    }
    if all {
        command.env("AQUATINT_TEST_POSTGRES_REQUIRED", "1");
        // A missing one has been counted as a failure already; the tests need not fail one by one.
        if components.ffmpeg.is_some() {
            command.env("AQUATINT_TEST_FFMPEG_REQUIRED", "1");
        }
    }
    if let Some(samples) = repository::samples() {
        command.env("AQUATINT_SAMPLES", samples);
    }
}

/// `Summary [ 4.2s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 3 skipped`
fn nextest_line(line: &str) -> Option<Counts> {
    let (_, rest) = line.trim_start().strip_prefix("Summary [")?.split_once(':')?;
    let mut counts = Counts::default();
    for part in rest.split(',') {
        let mut words = part.split_whitespace();
        let Some(number) = words.next().and_then(|word| word.parse::<u32>().ok()) else {
            continue;
        };
        match words.next() {
            Some("passed") => counts.passed += number,
            Some("skipped") => counts.skipped += number,
            // Failed, timed out, could not be started.
            _ => counts.failed += number,
        }
    }
    Some(counts)
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; …`
fn cargo_line(line: &str) -> Option<Counts> {
    let (_, rest) = line.strip_prefix("test result:")?.split_once(". ")?;
    let number = |word: &str| -> u32 {
        rest.split(';')
            .find_map(|part| part.trim().strip_suffix(word))
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or(0)
    };
    Some(Counts {
        passed: number("passed"),
        failed: number("failed"),
        skipped: number("ignored"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(counts: Option<Counts>) -> Option<(u32, u32, u32)> {
        counts.map(|counts| (counts.passed, counts.failed, counts.skipped))
    }

    #[test]
    fn summaries_are_read() {
        for (line, expected) in [
            (
                "     Summary [   4.2s] 12 tests run: 12 passed (1 slow), 3 skipped",
                Some((12, 0, 3)),
            ),
            (
                "Summary [  4.2s] 12 tests run: 9 passed, 2 failed, 1 timed out, 0 skipped",
                Some((9, 3, 0)),
            ),
            ("Summary of nothing", None),
            ("        PASS [ 0.1s] summary::x", None),
        ] {
            assert_eq!(numbers(nextest_line(line)), expected, "{line}");
        }
        let line = "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(numbers(cargo_line(line)), Some((5, 2, 1)));
    }
}
