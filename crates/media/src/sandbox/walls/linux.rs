//! The walls that only Linux has. They bind the calling thread and all threads it starts later.

use landlock::{ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
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

pub(super) fn allow_few_system_calls() -> Wall {
    let filters = filters();
    match filters.and_then(|filters| {
        filters
            .iter()
            .try_for_each(|filter| apply_filter(filter).map_err(|error| error.to_string()))
    }) {
        Ok(()) => Wall::Up,
        Err(reason) => Wall::Missing(reason),
    }
}

/// Two filters, because one knows only two verdicts; the stricter verdict counts.
fn filters() -> Result<[BpfProgram; 2], String> {
    let arch = || TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string());
    let refused = |number: libc::c_int| SeccompAction::Errno(number as u32);
    let build = |rules: Vec<(libc::c_long, Vec<SeccompRule>)>, otherwise, on_match| {
        SeccompFilter::new(rules.into_iter().collect(), otherwise, on_match, arch()?)
            .and_then(BpfProgram::try_from)
            .map_err(|error: seccompiler::BackendError| error.to_string())
    };

    let mut rules: Vec<_> = ALLOWED.iter().map(|number| (*number, Vec::new())).collect();
    let only = |index, operation, value| -> Result<Vec<SeccompRule>, String> {
        SeccompCondition::new(index, SeccompCmpArgLen::Qword, operation, value)
            .and_then(|condition| SeccompRule::new(vec![condition]))
            .map(|rule| vec![rule])
            .map_err(|error| error.to_string())
    };
    // Memory, but never memory that can be run.
    let not_executable = |index| only(index, SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64), 0);
    rules.push((libc::SYS_mmap, not_executable(2)?));
    rules.push((libc::SYS_mprotect, not_executable(2)?));
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
