//! What a process of this machine uses (from `/proc`), and the studio's start and rest.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::Row;
use crate::http::Connection;
use crate::studio::Studio;

/// Kernel ticks per second in `/proc/PID/stat`; 100 on every Linux that we run on.
const TICKS: f64 = 100.0;
/// Starts that are measured; the quickest and the middle one are told.
const STARTS: usize = 7;

/// CPU and memory of one process.
pub struct Usage {
    /// User and system time, of all its threads.
    pub cpu_seconds: f64,
    /// The same with the children that it waited for.
    pub cpu_with_ended_children_seconds: f64,
    pub rss_bytes: u64,
}

impl Usage {
    pub fn of(pid: u32) -> Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("benchmarks need Linux's /proc")?;
        // The name in parentheses may hold anything; what follows it does not.
        let (_, rest) = stat.rsplit_once(") ").context("a strange /proc/PID/stat")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |place: usize| -> f64 { fields.get(place).and_then(|field| field.parse().ok()).unwrap_or(0.0) };
        // Fields 14 to 17 of proc(5): utime, stime, cutime, cstime.
        let own = (ticks(11) + ticks(12)) / TICKS;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let rss = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
            .unwrap_or(0);
        Ok(Self {
            cpu_seconds: own,
            cpu_with_ended_children_seconds: own + (ticks(13) + ticks(14)) / TICKS,
            rss_bytes: rss * 1_024,
        })
    }

    /// CPU of a process and of its living children, and those that have ended.
    pub fn family_cpu_seconds(pid: u32) -> Result<f64> {
        let mut total = Self::of(pid)?.cpu_with_ended_children_seconds;
        for child in children(pid)? {
            // A child may end between the two looks.
            total += Self::of(child).map_or(0.0, |usage| usage.cpu_with_ended_children_seconds);
        }
        Ok(total)
    }

    /// The most memory that a process ever held.
    pub fn peak_bytes(pid: u32) -> Result<u64> {
        peak(pid).context("the process tells no peak of its memory")
    }

    /// The most memory that any living child of a process ever held.
    pub fn largest_child_bytes(pid: u32) -> Result<u64> {
        Ok(children(pid)?.into_iter().filter_map(peak).max().unwrap_or(0))
    }
}

fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
}

fn children(pid: u32) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let listed = std::fs::read_to_string(entry?.path().join("children")).unwrap_or_default();
        found.extend(listed.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    Ok(found)
}

/// From the start of the process to its first answer, and what it holds when nothing happens.
pub fn start(program: &Path) -> Result<Vec<Row>> {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..STARTS {
        let studio = Studio::start(program, &[])?;
        let began = Instant::now();
        let mut connection = Connection::open(studio.address())?;
        let request = connection.request("GET", "/healthz", &[], b"");
        connection.send(&request)?;
        // The key was made in between; that time is not the server's.
        times.push(studio.start + began.elapsed());
    }
    times.sort_unstable();
    let studio = Studio::start(program, &[])?;
    let fresh = Usage::of(studio.pid())?;
    Ok(vec![
        Row::new(
            "cold start with a new data folder",
            vec![
                ("best_ms", times[0].as_secs_f64() * 1e3),
                ("median_ms", times[STARTS / 2].as_secs_f64() * 1e3),
            ],
        ),
        Row::new("idle memory", vec![("rss_mb", fresh.rss_bytes as f64 / 1e6)]),
    ])
}
