//! The walls around a child, raised by the child itself before it reads anything.

#[cfg(target_os = "linux")]
mod linux;

use serde::{Deserialize, Serialize};

/// Whether one wall stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wall {
    /// As planned.
    Up,
    /// In part, for the reason given.
    Partly(String),
    /// Not at all, for the reason given.
    Missing(String),
}

impl Wall {
    pub fn is_up(&self) -> bool {
        *self == Self::Up
    }
}

/// What stands around a child, for `aquatint doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walls {
    /// It is a process of its own; this always holds.
    pub process: Wall,
    /// Limits on memory, computing time, file size, open files, core dumps.
    pub resources: Wall,
    /// No new privileges (set-user-id programs).
    pub privileges: Wall,
    /// No file can be opened and no network reached (Landlock).
    pub files: Wall,
    /// No sockets, no programs, no tracing: only the system calls that pixel work needs (seccomp).
    pub system_calls: Wall,
}

impl Walls {
    /// Name and state of each, for a table.
    pub fn all(&self) -> [(&'static str, &Wall); 5] {
        [
            ("process of its own", &self.process),
            ("limits on resources", &self.resources),
            ("no new privileges", &self.privileges),
            ("no files (Landlock)", &self.files),
            ("few system calls (seccomp)", &self.system_calls),
        ]
    }
}

/// Raises what the system has. Should run before the process starts threads, which inherit the walls: those of an earlier thread
/// stop its system calls, but Landlock does not bind it.
#[cfg(target_os = "linux")]
pub(super) fn raise(memory_bytes: Option<u64>) -> Walls {
    let resources = limit_resources(memory_bytes);
    let privileges = linux::forbid_new_privileges();
    let files = linux::forbid_files();
    let system_calls = linux::allow_few_system_calls();
    Walls {
        process: Wall::Up,
        resources,
        privileges,
        files,
        system_calls,
    }
}

/// The same for a program of others that this process is about to become: it may read its own libraries, and run itself.
#[cfg(target_os = "linux")]
pub(super) fn raise_around_program(program: &std::path::Path, memory_bytes: Option<u64>, cpu_seconds: u64) -> Walls {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let mut resources = limit_resources(memory_bytes);
    let cpu = Rlimit {
        current: Some(cpu_seconds),
        maximum: Some(cpu_seconds),
    };
    if setrlimit(Resource::Cpu, cpu).is_err() {
        resources = Wall::Partly("no limit on computing time".to_owned());
    }
    let privileges = linux::forbid_new_privileges();
    let files = linux::allow_files_of_program(program);
    let system_calls = linux::allow_system_calls_of_program();
    Walls {
        process: Wall::Up,
        resources,
        privileges,
        files,
        system_calls,
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn raise(memory_bytes: Option<u64>) -> Walls {
    let missing = || Wall::Missing("only Linux has this wall".to_owned());
    Walls {
        process: Wall::Up,
        resources: limit_resources(memory_bytes),
        privileges: missing(),
        files: missing(),
        system_calls: missing(),
    }
}

/// Standard input, output and error, and a few to spare for the runtime.
#[cfg(unix)]
const MAX_OPEN_FILES: u64 = 32;

#[cfg(unix)]
fn limit_resources(memory_bytes: Option<u64>) -> Wall {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let fixed = |value: u64| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    let mut limits = vec![
        (Resource::Core, "core dumps", fixed(0)),
        (Resource::Fsize, "file size", fixed(0)),
        (Resource::Nofile, "open files", fixed(MAX_OPEN_FILES)),
    ];
    if let Some(bytes) = memory_bytes {
        limits.push((Resource::As, "memory", fixed(bytes)));
    }
    let failed: Vec<&str> = limits
        .into_iter()
        .filter(|(resource, _, limit)| setrlimit(*resource, *limit).is_err())
        .map(|(_, name, _)| name)
        .collect();
    if failed.is_empty() {
        Wall::Up
    } else {
        Wall::Partly(format!("no limit on {}", failed.join(", ")))
    }
}

#[cfg(not(unix))]
fn limit_resources(_: Option<u64>) -> Wall {
    Wall::Missing("this system has no such limits".to_owned())
}

/// Lets the process burn `seconds` more from now, on all its threads together; then the system ends it.
#[cfg(unix)]
pub(super) fn limit_cpu(seconds: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec.max(0) as u64;
    // One more for the part of a second that is already gone. The hard limit stays, so that the next
    // task can have its own.
    let current = used.saturating_add(seconds).saturating_add(1);
    // Without the limit the parent's own clock still ends the task.
    let _ = setrlimit(
        Resource::Cpu,
        Rlimit {
            current: Some(current),
            maximum: None,
        },
    );
}

#[cfg(not(unix))]
pub(super) fn limit_cpu(_: u64) {}

/// Ends this process at once. What an ordinary exit would still do, the destructors of libraries among it, waits for threads
/// that the walls may have stopped, and a second thread that exits meanwhile would wait in a system call that they refuse.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(super) fn leave(status: i32) -> ! {
    // SAFETY: `_exit` takes a number and does not come back.
    unsafe { libc::_exit(status) }
}

#[cfg(not(unix))]
pub(super) fn leave(status: i32) -> ! {
    std::process::exit(status)
}

/// Ends this process as soon as the parent closes its end of standard input, even in the middle of a task.
///
/// Linux's parent-death signal would be the usual way, but it fires when the *thread* that started the
/// child ends, and an async runtime's threads come and go. A pipe without a writer says the same thing
/// about the whole process, on every Unix.
#[cfg(unix)]
pub(super) fn leave_with_parent() {
    use rustix::event::{PollFd, PollFlags, poll};
    let watch = || {
        let input = std::io::stdin();
        loop {
            let mut end = [PollFd::new(&input, PollFlags::empty())];
            match poll(&mut end, None) {
                Ok(_)
                    if end[0]
                        .revents()
                        .intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) =>
                {
                    leave(0);
                }
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    };
    // Without the watch the child still leaves when it next reads or writes.
    let _ = std::thread::Builder::new()
        .name("parent-watch".to_owned())
        .stack_size(64 * 1024)
        .spawn(watch);
}

#[cfg(not(unix))]
pub(super) fn leave_with_parent() {}
