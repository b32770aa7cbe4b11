//! Servers that misbehave: each ends in one answer, in time, and within its size.

use std::time::{Duration, Instant};

use aquatint_domain::Code;
use aquatint_providers::FetcherConfig;

use crate::kit::{Canary, PLENTY, Server, Step, cause, file, quick, say};

const HEAD: &str = "HTTP/1.1 200 OK\r\n";
/// A fetch with the limits of [`quick`] must be over by then.
const SOON: Duration = Duration::from_secs(4);

fn script(path: &str) -> Vec<Step> {
    let head = |headers: &str| say(format!("{HEAD}{headers}\r\n"));
    let ms = Duration::from_millis;
    match path {
        "/length" => file("picture"),
        "/chunked" => vec![
            head("Transfer-Encoding: chunked\r\n"),
            say("3\r\npic\r\n"),
            say("4;x=y\r\nture\r\n0\r\nTrailer: t\r\n\r\n"),
        ],
        "/until-close" => vec![head(""), say("pic"), Step::Wait(ms(20)), say("ture")],
        "/early-hints" => vec![
            say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
            head("Content-Length: 7\r\n"),
            say("picture"),
        ],
        "/longer-than-said" => vec![
            head("Content-Length: 7\r\n"),
            say("picture and more that nobody asked for"),
        ],
        "/identity" => vec![
            head("Content-Encoding: identity\r\nContent-Length: 7\r\n"),
            say("picture"),
        ],

        "/shorter-than-said" => vec![head("Content-Length: 70\r\n"), say("picture")],
        "/cut-chunk" => vec![head("Transfer-Encoding: chunked\r\n"), say("ff\r\npic")],
        "/no-last-chunk" => vec![head("Transfer-Encoding: chunked\r\n"), say("3\r\npic\r\n")],
        "/bad-chunk" => vec![head("Transfer-Encoding: chunked\r\n"), say("-1\r\npic\r\n0\r\n\r\n")],
        "/huge-chunk" => vec![
            head("Transfer-Encoding: chunked\r\n"),
            say("ffffffffffffffffff\r\npic\r\n0\r\n\r\n"),
        ],
        "/endless-extension" => vec![
            head("Transfer-Encoding: chunked\r\n"),
            say("3;"),
            Step::Repeat(vec![b'x'; 4_096], ms(0)),
        ],
        "/two-lengths" => vec![head("Content-Length: 3\r\nContent-Length: 7\r\n"), say("picture")],
        "/bad-length" => vec![head("Content-Length: -7\r\n"), say("picture")],
        "/huge-length" => vec![head("Content-Length: 99999999999999999999999\r\n"), say("picture")],
        "/too-long" => vec![head("Content-Length: 1000001\r\n"), Step::Hang],
        "/endless" => vec![head(""), Step::Repeat(vec![0; 65_536], ms(0))],
        "/endless-chunks" => vec![
            head("Transfer-Encoding: chunked\r\n"),
            Step::Repeat([b"1000\r\n", &[0; 4_096][..], b"\r\n"].concat(), ms(0)),
        ],
        "/drip" => vec![head(""), Step::Repeat(vec![0], ms(40))],
        "/drip-of-a-known-length" => vec![head("Content-Length: 1000\r\n"), Step::Repeat(vec![0], ms(40))],
        "/silent-body" => vec![head("Content-Length: 7\r\n"), say("pic"), Step::Hang],
        "/drip-head" => vec![say("HTTP/1.1 200 OK\r\nX: "), Step::Repeat(vec![b'x'], ms(40))],
        "/silent" => vec![Step::Hang],
        "/one-big-header" => vec![head(&format!("X: {}\r\n", "x".repeat(40_000)))],
        "/many-headers" => vec![head(&"X: y\r\n".repeat(500))],
        "/endless-headers" => vec![say(HEAD), Step::Repeat(b"X: yyyyyyyyyyyyyyyy\r\n".repeat(64), ms(0))],
        "/endless-status" => vec![say("HTTP/1.1 200 "), Step::Repeat(vec![b'O'; 4_096], ms(0))],
        "/endless-continue" => vec![Step::Repeat(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), ms(1))],
        "/gzip" => vec![
            head("Content-Encoding: gzip\r\nContent-Length: 20\r\n"),
            say([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ],
        "/brotli" => vec![
            head("content-encoding: identity, br\r\nContent-Length: 7\r\n"),
            say("picture"),
        ],
        "/gzip-transfer" => vec![
            head("Transfer-Encoding: gzip, chunked\r\n"),
            say("3\r\npic\r\n0\r\n\r\n"),
        ],
        "/closed" => vec![],
        "/half-a-head" => vec![say("HTTP/1.1 200 OK\r\nContent-Le")],
        "/garbage" => vec![say([0xff, 0xfe, 0x00, 0x16, 0x03, 0x01].repeat(50))],
        "/http09" => vec![say("<html>hello</html>\r\n\r\n")],
        "/ssh" => vec![say("SSH-2.0-OpenSSH_9.9\r\n"), Step::Hang],
        "/upgrade" => vec![
            say("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
            Step::Hang,
        ],
        other => {
            let status = other.trim_start_matches("/status/");
            vec![say(format!(
                "HTTP/1.1 {status} Something\r\nContent-Length: 7\r\n\r\npicture"
            ))]
        }
    }
}

#[tokio::test]
async fn honest_answers_are_read_whole() {
    let server = Server::start(script).await;
    let fetcher = server.fetcher(quick());
    for path in [
        "/length",
        "/chunked",
        "/until-close",
        "/early-hints",
        "/longer-than-said",
        "/identity",
    ] {
        let fetched = fetcher.get(&server.url(path), PLENTY).await.expect(path);
        assert_eq!(&fetched.bytes[..], b"picture", "{path}");
        assert_eq!(fetched.file_name.as_deref(), Some(path.trim_start_matches('/')));
    }
}

#[tokio::test]
async fn each_kind_of_misbehaviour_ends_soon_with_the_same_answer() {
    let server = Server::start(script).await;
    let fetcher = server.fetcher(quick());
    let mut answers = std::collections::BTreeSet::new();
    for path in [
        "/shorter-than-said",
        "/cut-chunk",
        "/no-last-chunk",
        "/bad-chunk",
        "/huge-chunk",
        "/endless-extension",
        "/two-lengths",
        "/bad-length",
        "/huge-length",
        "/too-long",
        "/endless",
        "/endless-chunks",
        "/drip",
        "/drip-of-a-known-length",
        "/silent-body",
        "/drip-head",
        "/silent",
        "/one-big-header",
        "/many-headers",
        "/endless-headers",
        "/endless-status",
        "/endless-continue",
        "/gzip",
        "/brotli",
        "/gzip-transfer",
        "/closed",
        "/half-a-head",
        "/garbage",
        "/http09",
        "/ssh",
        "/upgrade",
        "/status/201",
        "/status/204",
        "/status/206",
        "/status/304",
        "/status/400",
        "/status/401",
        "/status/403",
        "/status/404",
        "/status/407",
        "/status/429",
        "/status/500",
        "/status/503",
        "/status/999",
    ] {
        let (started, sent) = (Instant::now(), server.sent());
        let problem = fetcher.get(&server.url(path), PLENTY).await.expect_err(path);
        println!("{path}: {} ({:?})", cause(&problem), started.elapsed());
        assert_eq!(problem.code, Code::FetchFailed, "{path}");
        assert!(started.elapsed() < SOON, "{path} took {:?}", started.elapsed());
        // What the kernel's buffers hold may come on top of the limit.
        assert!(
            server.sent() - sent < 12_000_000,
            "{path} made the server send {} bytes",
            server.sent() - sent
        );
        answers.insert(serde_json::to_string(&problem).expect("serialises"));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn the_size_limit_counts_the_bytes_that_come() {
    let server = Server::start(|path| match path {
        // A bomb without a label is a file like any other, and stays as small as it came.
        "/bomb" => file([0x1f, 0x8b].repeat(500)),
        _ => script(path),
    })
    .await;
    let fetcher = server.fetcher(quick());
    for path in ["/length", "/chunked", "/until-close"] {
        fetcher.get(&server.url(path), 7).await.expect("exactly the limit");
        let problem = fetcher
            .get(&server.url(path), 6)
            .await
            .expect_err("one more than the limit");
        assert!(cause(&problem).contains("larger than 6 bytes"), "{path}: {problem:?}");
    }
    // What is announced as too long is not waited for.
    let problem = fetcher
        .get(&server.url("/too-long"), PLENTY)
        .await
        .expect_err("announced as too long");
    assert!(cause(&problem).contains("larger than"), "{problem:?}");
    let fetched = fetcher.get(&server.url("/bomb"), PLENTY).await.expect("just bytes");
    assert_eq!(fetched.bytes.len(), 1_000);
}

#[tokio::test]
async fn the_whole_fetch_has_a_limit_too() {
    // Fast enough for the minimal rate, and without an end.
    let server = Server::start(|_| {
        vec![
            say(format!("{HEAD}\r\n")),
            Step::Repeat(vec![0; 1_000], Duration::from_millis(20)),
        ]
    })
    .await;
    let fetcher = server.fetcher(FetcherConfig {
        total_timeout: Duration::from_millis(900),
        ..quick()
    });
    let started = Instant::now();
    let problem = fetcher
        .get(&server.url("/"), u64::MAX)
        .await
        .expect_err("it never ends");
    assert!(cause(&problem).contains("the whole fetch"), "{problem:?}");
    assert!((Duration::from_millis(850)..SOON).contains(&started.elapsed()));
}

#[tokio::test]
async fn a_dropped_fetch_hangs_up() {
    let server = Server::start(|_| {
        vec![
            say(format!("{HEAD}\r\n")),
            Step::Repeat(vec![0; 1_000], Duration::from_millis(5)),
        ]
    })
    .await;
    let fetcher = server.fetcher(quick());
    let url = server.url("/");
    assert!(
        tokio::time::timeout(Duration::from_millis(200), fetcher.get(&url, u64::MAX))
            .await
            .is_err()
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    let sent = server.sent();
    assert!(sent > 0);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.sent(), sent, "the server still speaks to someone");
}

/// Other HTTP clients would read these variables. The environment of a running test cannot be changed, so it runs again in another.
#[tokio::test]
async fn proxies_of_the_environment_are_ignored() {
    let canary = Canary::start().await;
    let proxy = format!("http://127.0.0.1:{}", canary.port);
    let mut again = tokio::process::Command::new(std::env::current_exe().expect("this test"));
    again.args(["--exact", "servers::honest_answers_are_read_whole"]);
    for variable in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        again.env(variable, &proxy);
    }
    let output = again
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .await
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    assert_eq!(canary.connections(), 0);
}
