//! The walls that only Linux has. They bind the calling thread and all threads it starts later; that of system calls binds every thread
//! there is, for a library that was opened before may have started one.

use std::io::Read;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    Scope, path_beneath_rules,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter_all_threads,
};

use super::Wall;

pub(super) fn forbid_new_privileges() -> Wall {
    match rustix::thread::set_no_new_privs(true) {
        Ok(()) => Wall::Up,
        Err(error) => Wall::Missing(error.to_string()),
    }
}

/// A Landlock ruleset that handles everything and allows nothing. Older kernels know less of it.
pub(super) fn forbid_files() -> Wall {
    let abi = ABI::V6;
    let restricted = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(abi)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    verdict(restricted)
}

fn verdict(restricted: Result<landlock::RestrictionStatus, landlock::RulesetError>) -> Wall {
    match restricted.map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced) => Wall::Up,
        Ok(RulesetStatus::PartiallyEnforced) => Wall::Partly("the kernel knows an older Landlock".to_owned()),
        Ok(_) => Wall::Missing("the kernel has no Landlock, or it is switched off".to_owned()),
        Err(error) => Wall::Missing(error.to_string()),
    }
}

/// System calls that work on memory, threads, time and open pipes; all others fail with `EPERM`.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_ppoll,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_membarrier,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getcpu,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_restart_syscall,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getrandom,
    libc::SYS_exit,
    libc::SYS_exit_group,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
];

/// What a program of others needs on top, to find and load its libraries. Where a file may lie is Landlock's matter.
const ALLOWED_TO_PROGRAMS: &[libc::c_long] = &[
    libc::SYS_execve,
    libc::SYS_openat,
    libc::SYS_newfstatat,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_pread64,
    libc::SYS_fcntl,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getcwd,
    libc::SYS_uname,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_pselect6,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_arch_prctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_select,
];

/// Where libraries lie, and the list of them that the loader keeps. Drawings may name fonts.
const LIBRARIES: &[&str] = &[
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/fonts",
];

/// Reading in the folders of libraries; running the program and its loader; nothing else.
pub(super) fn allow_files_of_program(program: &Path) -> Wall {
    let abi = ABI::V6;
    let runnable = [Some(program.to_owned()), loader_of(program)];
    let beside = program.parent().and_then(Path::parent).map(|folder| folder.join("lib"));
    let readable = LIBRARIES.iter().map(PathBuf::from).chain(beside);
    let restricted = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(abi)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(|ruleset| ruleset.add_rules(path_beneath_rules(readable, AccessFs::ReadFile)))
        .and_then(|ruleset| {
            let access = AccessFs::Execute | AccessFs::ReadFile;
            ruleset.add_rules(path_beneath_rules(runnable.iter().flatten(), access))
        })
        .and_then(landlock::RulesetCreated::restrict_self);
    verdict(restricted)
}

/// The loader that an ELF program of 64 bits names.
fn loader_of(program: &Path) -> Option<PathBuf> {
    const HEADERS: u64 = 16 * 1024;
    const PT_INTERP: u32 = 3;
    let mut head = Vec::new();
    let file = std::fs::File::open(program).ok()?;
    file.take(HEADERS).read_to_end(&mut head).ok()?;
    let number = |at: usize, length: usize| {
        let bytes = head.get(at..at.checked_add(length)?)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0usize, |sum, byte| sum << 8 | usize::from(*byte)),
        )
    };
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (table, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
    let entry = (0..count)
        .map_while(|index| table.checked_add(index * size))
        .find(|at| number(*at, 4) == Some(PT_INTERP as usize))?;
    let (start, length) = (number(entry + 8, 8)?, number(entry + 32, 8)?);
    let name = head
        .get(start..start.checked_add(length)?)?
        .split(|byte| *byte == 0)
        .next()?;
    Some(PathBuf::from(std::str::from_utf8(name).ok()?))
}

pub(super) fn allow_few_system_calls() -> Wall {
    apply(filters(ALLOWED.to_vec(), Memory::NeverRun))
}

pub(super) fn allow_system_calls_of_program() -> Wall {
    apply(filters([ALLOWED, ALLOWED_TO_PROGRAMS].concat(), Memory::RunOrWrite))
}

/// What may be done with memory that can be run.
#[derive(Clone, Copy, PartialEq)]
enum Memory {
    /// Nothing: there is none.
    NeverRun,
    /// Libraries are mapped to be run, but what can be written cannot.
    RunOrWrite,
}

fn apply(filters: Result<[BpfProgram; 2], String>) -> Wall {
    match filters.and_then(|filters| {
        filters
            .iter()
            .try_for_each(|filter| apply_filter_all_threads(filter).map_err(|error| error.to_string()))
    }) {
        Ok(()) => Wall::Up,
        Err(reason) => Wall::Missing(reason),
    }
}

/// Two filters, because one knows only two verdicts; the stricter verdict counts.
fn filters(allowed: Vec<libc::c_long>, memory: Memory) -> Result<[BpfProgram; 2], String> {
    let arch = || TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string());
    let refused = |number: libc::c_int| SeccompAction::Errno(number as u32);
    let build = |rules: Vec<(libc::c_long, Vec<SeccompRule>)>, otherwise, on_match| {
        SeccompFilter::new(rules.into_iter().collect(), otherwise, on_match, arch()?)
            .and_then(BpfProgram::try_from)
            .map_err(|error: seccompiler::BackendError| error.to_string())
    };

    let mut rules: Vec<_> = allowed.into_iter().map(|number| (number, Vec::new())).collect();
    let only = |index, operation, value| -> Result<Vec<SeccompRule>, String> {
        SeccompCondition::new(index, SeccompCmpArgLen::Qword, operation, value)
            .and_then(|condition| SeccompRule::new(vec![condition]))
            .map(|rule| vec![rule])
            .map_err(|error| error.to_string())
    };
    // Memory, but never memory that can be run; for programs, never memory that can be run and written.
    let without = |protection: libc::c_int| only(2, SeccompCmpOp::MaskedEq(protection as u64), 0);
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let mut either = without(libc::PROT_EXEC)?;
        if memory == Memory::RunOrWrite {
            either.extend(without(libc::PROT_WRITE)?);
        }
        rules.push((call, either));
    }
    // Threads, but no processes.
    let thread = libc::CLONE_THREAD as u64;
    rules.push((libc::SYS_clone, only(0, SeccompCmpOp::MaskedEq(thread), thread)?));
    rules.push((libc::SYS_clone3, Vec::new()));
    // Signals, limits and names, but only this process's own.
    rules.push((
        libc::SYS_tgkill,
        only(0, SeccompCmpOp::Eq, u64::from(std::process::id()))?,
    ));
    rules.push((libc::SYS_prlimit64, only(0, SeccompCmpOp::Eq, 0)?));
    rules.push((libc::SYS_prctl, only(0, SeccompCmpOp::Eq, libc::PR_SET_NAME as u64)?));

    Ok([
        // The arguments of clone3 lie in memory, where a filter cannot look: "there is no such call" makes
        // the C library fall back to clone.
        build(
            vec![(libc::SYS_clone3, Vec::new())],
            SeccompAction::Allow,
            refused(libc::ENOSYS),
        )?,
        // This one comes last: it forbids installing any further ones.
        build(rules, refused(libc::EPERM), SeccompAction::Allow)?,
    ])
}
