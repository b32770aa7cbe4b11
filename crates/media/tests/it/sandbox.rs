//! The process pool: what goes well, and everything that may go wrong in a child.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aquatint_domain::{Code, MediaType, Problem};
use aquatint_media::sandbox::{Answer, Pool, PoolConfig, Request, Wall};
use aquatint_media::{Encoding, Inspection, encode};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::make::{self, picture};

fn config() -> PoolConfig {
    // Cargo builds examples beside the tests.
    let here = std::env::current_exe().expect("a path");
    let built = here
        .parent()
        .and_then(|deps| deps.parent())
        .expect("a folder of builds");
    let program: PathBuf = built.join("examples").join("walled_child");
    assert!(
        program.is_file(),
        "build {} first: cargo build -p aquatint-media --examples",
        program.display()
    );
    PoolConfig {
        program,
        args: Vec::new(),
        size: 2,
        recycle_after: 50,
        task_timeout: Duration::from_secs(60),
        memory_bytes: 1 << 30,
        idle_exit: Duration::from_secs(60),
    }
}

async fn ask(pool: &Pool, header: Value, blobs: Vec<Bytes>) -> Result<Answer, Problem> {
    pool.run(Request::new(header, blobs), CancellationToken::new(), |_, _| {})
        .await
}

async fn order(pool: &Pool, order: &str) -> Result<Value, Problem> {
    ask(pool, json!({ "do": order }), Vec::new())
        .await
        .map(|answer| answer.header)
}

#[tokio::test]
async fn a_task_comes_back_with_its_blobs_and_its_progress() {
    let pool = Pool::new(config());
    assert_eq!(pool.idle_children(), 0, "nothing runs before the first task");
    let blobs = vec![Bytes::from(vec![7; 3 << 20]), Bytes::new(), Bytes::from_static(b"x")];
    let mut heard = Vec::new();
    let request = Request::new(json!({ "do": "echo", "more": [1, 2] }), blobs.clone());
    let answer = pool
        .run(request, CancellationToken::new(), |share, stage| {
            heard.push((share, stage.to_owned()))
        })
        .await;
    let answer = answer.expect("answers");
    assert_eq!(
        (answer.blobs, &answer.header["header"]["more"]),
        (blobs, &json!([1, 2]))
    );
    assert_eq!(heard, [(0.5, "half way".to_owned())]);
    // The same child does the next task.
    let again = order(&pool, "echo").await.expect("answers");
    assert_eq!(again["pid"], answer.header["pid"]);
    assert_eq!(pool.idle_children(), 1);
}

#[tokio::test]
async fn orderly_problems_come_through_and_keep_the_child() {
    let pool = Pool::new(config());
    let first = order(&pool, "echo").await.expect("answers")["pid"].clone();
    let problem = order(&pool, "refuse").await.expect_err("is refused");
    assert_eq!(
        (problem.code, problem.field.as_deref()),
        (Code::InvalidArgument, Some("scale"))
    );
    let problem = order(&pool, "panic").await.expect_err("panics");
    assert_eq!(problem.code, Code::EngineFailed);
    assert!(!problem.message.contains("told to"));
    let problem = order(&pool, "long").await.expect_err("is too long to send");
    assert_eq!(problem.code, Code::EngineFailed);
    assert_eq!(order(&pool, "echo").await.expect("answers")["pid"], first);
    let problem = ask(&pool, json!("y".repeat(2 << 20)), Vec::new())
        .await
        .expect_err("is too long to ask");
    assert_eq!(problem.code, Code::TooLarge);
}

#[tokio::test]
async fn a_dead_child_fails_one_task_and_is_replaced() {
    let pool = Pool::new(config());
    for death in ["abort", "exit", "overflow", "babble"] {
        let before = order(&pool, "echo").await.expect("answers")["pid"].clone();
        let problem = order(&pool, death).await.expect_err("dies");
        assert_eq!(problem.code, Code::EngineFailed, "{death}: {problem:?}");
        assert!(problem.source.is_some(), "{death} leaves a cause for the log");
        let after = order(&pool, "echo").await.expect("answers")["pid"].clone();
        assert_ne!(before, after, "{death}");
    }
}

#[tokio::test]
async fn a_hanging_child_is_stopped_in_time() {
    let pool = Pool::new(config());
    order(&pool, "echo").await.expect("answers");
    let start = Instant::now();
    let mut request = Request::new(json!({ "do": "hang" }), Vec::new());
    request.time_limit = Some(Duration::from_millis(300));
    let problem = pool
        .run(request, CancellationToken::new(), |_, _| {})
        .await
        .expect_err("hangs");
    assert_eq!(problem.code, Code::TimedOut);
    assert!(start.elapsed() < Duration::from_secs(5));
    order(&pool, "echo").await.expect("the pool goes on");
}

#[tokio::test]
async fn cancelling_stops_the_child_at_once() {
    let pool = Pool::new(config());
    let cancel = CancellationToken::new();
    let running = pool.run(
        Request::new(json!({ "do": "hang" }), Vec::new()),
        cancel.clone(),
        |_, _| {},
    );
    let (result, ()) = tokio::join!(running, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    });
    assert_eq!(result.expect_err("is cancelled").code, Code::Cancelled);
    // Cancelled before it begins: no child at all.
    let result = pool
        .run(Request::new(json!({ "do": "echo" }), Vec::new()), cancel, |_, _| {})
        .await;
    assert_eq!(
        (result.expect_err("is cancelled").code, pool.idle_children()),
        (Code::Cancelled, 0)
    );
}

#[tokio::test]
async fn dropping_a_task_frees_its_place() {
    let pool = Pool::new(PoolConfig { size: 1, ..config() });
    let hang = tokio::time::timeout(Duration::from_millis(300), order(&pool, "hang"));
    assert!(hang.await.is_err(), "it hangs");
    let next = tokio::time::timeout(Duration::from_secs(20), order(&pool, "echo"));
    next.await.expect("the place is free").expect("answers");
}

#[tokio::test]
async fn a_memory_hog_is_stopped_by_its_limit() {
    let pool = Pool::new(PoolConfig {
        memory_bytes: 256 << 20,
        ..config()
    });
    let mut last = String::new();
    let request = Request::new(json!({ "do": "hog" }), Vec::new());
    let result = pool
        .run(request, CancellationToken::new(), |_, stage| last = stage.to_owned())
        .await;
    let problem = result.expect_err("dies");
    assert_eq!(
        (problem.code, problem.retryable),
        (Code::EngineFailed, false),
        "{problem:?}"
    );
    assert!(problem.message.contains("more memory"), "{problem}");
    let blocks: u32 = last.trim_end_matches(" blocks").parse().expect("a number");
    assert!(blocks < 16, "{blocks} blocks of 16 MB within 256 MB");
    order(&pool, "echo").await.expect("the pool goes on");
}

#[tokio::test]
async fn a_decoder_that_needs_too_much_blames_the_picture() {
    let pool = Pool::new(PoolConfig {
        memory_bytes: 160 << 20,
        ..config()
    });
    // 48 megapixels of nothing: a small file that needs 192 MB.
    let rows = make::chunk(b"IDAT", &make::deflated_zeros((8_000 * 4 + 1) * 6_000));
    let large = make::png(&[make::ihdr(8_000, 6_000, 8, 6), rows, make::chunk(b"IEND", &[])]);
    let problem = ask(&pool, json!({ "do": "decode" }), vec![large.into()])
        .await
        .expect_err("dies");
    assert_eq!(problem.code, Code::InvalidImage, "{problem:?}");
    assert!(problem.message.contains("more memory"), "{problem}");
    let small = encode(&picture(make::scene(30, 20)), &Encoding::of(MediaType::Png)).expect("encodes");
    let answer = ask(&pool, json!({ "do": "decode" }), vec![small.into()])
        .await
        .expect("answers");
    assert_eq!(answer.header, json!([30, 20]));
}

#[tokio::test]
async fn many_tasks_share_few_children() {
    let pool = Pool::new(PoolConfig { size: 2, ..config() });
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { order(&pool, "echo").await.expect("answers")["pid"].clone() })
        })
        .collect();
    let mut pids = std::collections::BTreeSet::new();
    for task in tasks {
        pids.insert(task.await.expect("runs").to_string());
    }
    assert!((1..=2).contains(&pids.len()), "{pids:?}");
}

#[tokio::test]
async fn children_are_recycled_and_leave_when_idle() {
    let pool = Pool::new(PoolConfig {
        size: 1,
        recycle_after: 2,
        idle_exit: Duration::from_millis(300),
        ..config()
    });
    let mut pids = Vec::new();
    for _ in 0..4 {
        pids.push(order(&pool, "echo").await.expect("answers")["pid"].clone());
    }
    assert!(
        pids[0] == pids[1] && pids[1] != pids[2] && pids[2] == pids[3],
        "{pids:?}"
    );
    order(&pool, "echo").await.expect("answers");
    assert_eq!(pool.idle_children(), 1);
    let start = Instant::now();
    while pool.idle_children() > 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "the idle child stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // And a new one comes when there is work again.
    order(&pool, "echo").await.expect("answers");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_child_leaves_with_its_pool() {
    let pool = Pool::new(config());
    let pid = order(&pool, "echo").await.expect("answers")["pid"].clone();
    drop(pool);
    let start = Instant::now();
    let gone = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    };
    while !gone() {
        assert!(start.elapsed() < Duration::from_secs(10), "the child stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_program_that_is_missing_or_no_child_is_told_calmly() {
    for program in ["/nonexistent/aquatint", "/bin/true"] {
        let pool = Pool::new(PoolConfig {
            program: program.into(),
            ..config()
        });
        let problem = order(&pool, "echo").await.expect_err("cannot start");
        assert_eq!((problem.code, problem.retryable), (Code::Unavailable, true));
        assert!(!problem.message.contains("nonexistent"), "{problem}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_walls_stand_and_hold() {
    let pool = Pool::new(config());
    let walls = pool.walls().await.expect("a child");
    for (name, wall) in walls.all() {
        println!("{name}: {wall:?}");
    }
    assert_eq!(
        (&walls.process, &walls.resources, &walls.privileges),
        (&Wall::Up, &Wall::Up, &Wall::Up)
    );
    assert_eq!(walls.system_calls, Wall::Up);
    // Landlock depends on the kernel; the system calls for files are closed in any case.
    for attempt in [
        "tcp",
        "udp",
        "udp by an early thread",
        "prepared",
        "read",
        "list",
        "write",
        "spawn",
    ] {
        let result = order(&pool, attempt)
            .await
            .unwrap_or_else(|problem| panic!("{attempt}: {problem:?}"));
        let error = result["error"].as_str().unwrap_or_default();
        assert!(
            error.contains("not permitted") || error.contains("denied"),
            "{attempt}: {result}"
        );
    }
    // What engines need still works: threads, and nothing of our environment is there.
    assert_eq!(order(&pool, "threads").await.expect("answers"), json!(14));
    let names = order(&pool, "environment").await.expect("answers");
    let ours = [
        "AQUATINT_CHILD_MEMORY_BYTES",
        "GLIBC_TUNABLES",
        "MALLOC_ARENA_MAX",
        "MALLOC_MMAP_THRESHOLD_",
        "MALLOC_TRIM_THRESHOLD_",
        "ORT_DISABLE_TELEMETRY",
    ];
    assert!(
        names
            .as_array()
            .expect("a list")
            .iter()
            .all(|name| ours.iter().any(|ours| name == ours)),
        "{names}"
    );
}

#[tokio::test]
async fn an_upload_is_inspected_behind_the_walls() {
    let pool = Pool::new(config());
    let bytes: Bytes = make::turned_jpeg(&make::scene(800, 600), 8).into();
    let answer = ask(&pool, json!({ "do": "inspect" }), vec![bytes])
        .await
        .expect("answers");
    let seen: Inspection = serde_json::from_value(answer.header).expect("an inspection");
    assert_eq!(
        (seen.probe.width, seen.probe.height, seen.renditions.len()),
        (600, 800, 2)
    );
    // AVIF is written by several threads.
    let avif = encode(&picture(make::scene(64, 64)), &Encoding::of(MediaType::Avif)).expect("encodes");
    let answer = ask(&pool, json!({ "do": "inspect" }), vec![avif.into()])
        .await
        .expect("answers");
    assert_eq!(answer.header["probe"]["media_type"], "image/avif");
}
