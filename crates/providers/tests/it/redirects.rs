//! Redirects are followed by hand: a few, each judged anew, and never downwards.

use aquatint_domain::Code;
use aquatint_providers::FetcherConfig;

use crate::kit::{PLENTY, Server, cause, file, quick, redirect, say};

#[tokio::test]
async fn three_redirects_are_followed_and_the_fourth_is_not() {
    let server = Server::start(|path| match path.trim_start_matches("/hop/").parse::<u32>() {
        Ok(0) => file("picture"),
        Ok(left) => redirect(
            [301, 302, 303, 307, 308][left as usize % 5],
            &format!("/hop/{}", left - 1),
        ),
        Err(_) => redirect(302, path),
    })
    .await;
    let fetcher = server.fetcher(quick());
    let fetched = fetcher
        .get(&server.url("/hop/3"), PLENTY)
        .await
        .expect("three are fine");
    assert_eq!(&fetched.bytes[..], b"picture");
    assert_eq!(fetched.final_url.path(), "/hop/0");
    assert_eq!(server.requests().len(), 4);

    let problem = fetcher
        .get(&server.url("/hop/4"), PLENTY)
        .await
        .expect_err("four are too many");
    assert_eq!(problem.code, Code::FetchFailed);
    assert_eq!(server.requests().len(), 8);

    // A loop is no more than that.
    let problem = fetcher.get(&server.url("/loop"), PLENTY).await.expect_err("a loop");
    assert!(cause(&problem).contains("more than 3 redirects"));
    assert_eq!(server.requests().len(), 12);

    let none = server.fetcher(FetcherConfig {
        max_redirects: 0,
        ..quick()
    });
    none.get(&server.url("/hop/1"), PLENTY).await.expect_err("none allowed");
    assert_eq!(server.requests().len(), 13);
}

#[tokio::test]
async fn a_redirect_without_a_usable_location_is_refused() {
    let server = Server::start(|path| match path {
        "/none" => vec![say("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")],
        "/empty-host" => redirect(302, "http://"),
        "/binary" => vec![say(
            b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\nContent-Length: 0\r\n\r\n",
        )],
        "/long" => redirect(302, &format!("/{}", "a".repeat(5_000))),
        "/user" => redirect(302, "http://user:secret@127.0.0.1/"),
        "/not-modified" => vec![say("HTTP/1.1 304 Not Modified\r\nLocation: /ok\r\n\r\n")],
        "/choices" => vec![say(
            "HTTP/1.1 300 Choices\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n",
        )],
        "/refresh" => vec![say("HTTP/1.1 204 No Content\r\nRefresh: 0; url=/ok\r\n\r\n")],
        _ => file("picture"),
    })
    .await;
    let fetcher = server.fetcher(quick());
    for path in [
        "/none",
        "/empty-host",
        "/binary",
        "/long",
        "/user",
        "/not-modified",
        "/choices",
        "/refresh",
    ] {
        let problem = fetcher.get(&server.url(path), PLENTY).await.expect_err(path);
        assert_eq!(problem.code, Code::FetchFailed, "{path}");
    }
    assert_eq!(server.requests().len(), 8, "something was followed");
}

#[tokio::test]
async fn cookies_and_fragments_are_not_carried_along() {
    let server = Server::start(|path| match path {
        "/set?a=b%20c" => vec![say(
            "HTTP/1.1 302 Found\r\nSet-Cookie: session=1\r\nWWW-Authenticate: Basic\r\nLocation: next#part\r\nContent-Length: 0\r\n\r\n",
        )],
        _ => file("picture"),
    })
    .await;
    let fetched = server
        .fetcher(quick())
        .get(&server.url("/set?a=b%20c#secret"), PLENTY)
        .await
        .expect("followed");
    assert_eq!(fetched.final_url.as_str(), server.url("/next"));
    for head in server.requests() {
        let lower = head.to_ascii_lowercase();
        for absent in ["cookie", "authorization", "referer", "#", "secret", "via:", "forwarded"] {
            assert!(!lower.contains(absent), "{absent} in {head}");
        }
        assert!(head.contains(" HTTP/1.1\r\n"));
        assert!(lower.contains("accept-encoding: identity\r\n"));
        assert!(lower.contains(&format!("host: 127.0.0.1:{}\r\n", server.port)));
        assert!(lower.contains("user-agent: aquatint/"));
    }
}
