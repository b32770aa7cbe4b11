//! Host names whose answers are hostile, and answers that change between two looks.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::Code;
use aquatint_providers::fetch::{Doors, Resolve};
use aquatint_providers::{Fetcher, FetcherConfig};
use futures::future::BoxFuture;
use rustls::RootCertStore;

use crate::kit::{Canary, Dialer, Dialing, Names, PLENTY, Server, cause, fetcher, file, ip, quick, redirect};

const PUBLIC: &str = "93.184.216.34";

#[tokio::test]
async fn one_private_answer_refuses_the_name() {
    let canary = Canary::start().await;
    let many: Vec<IpAddr> = (0..100).map(|last| IpAddr::from([93, 184, 216, last])).collect();
    for answers in [
        vec![ip("127.0.0.1")],
        vec![ip("::1")],
        vec![ip(PUBLIC), ip("127.0.0.1")],
        vec![ip("10.0.0.7"), ip(PUBLIC)],
        vec![ip(PUBLIC), ip("2606:4700::1111"), ip("169.254.169.254")],
        vec![ip("2606:4700::1111"), ip("::ffff:127.0.0.1")],
        vec![ip("64:ff9b::7f00:1")],
        vec![ip("2002:7f00:1::1")],
        vec![ip("100.64.0.1")],
        vec![ip("fd00:ec2::254")],
        vec![ip("0.0.0.0")],
        vec![ip("::")],
        vec![],
        many,
    ] {
        let names = Arc::new(Names::default().with("shop.example.com", vec![answers.clone()]));
        let dialer = Dialer::new(Dialing::Really);
        let config = FetcherConfig {
            ports: vec![80, 443, canary.port],
            ..quick()
        };
        let fetcher = fetcher(config, &names, &dialer, RootCertStore::empty());
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://shop.example.com:{}/", canary.port);
            let problem = fetcher.get(&url, PLENTY).await.expect_err("refused");
            assert_eq!(problem.code, Code::FetchFailed);
        }
        assert_eq!(dialer.dialled(), [], "{answers:?}");
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_public_name_is_looked_up_once_and_exactly_that_address_is_dialled() {
    // The second answer is what a rebinding attack hopes for.
    let answers = vec![vec![ip(PUBLIC), ip("2606:4700::1111")], vec![ip("127.0.0.1")]];
    let names = Arc::new(Names::default().with("shop.example.com", answers));
    let dialer = Dialer::new(Dialing::OnlyHere);
    let fetcher = fetcher(quick(), &names, &dialer, RootCertStore::empty());
    let problem = fetcher
        .get("https://shop.example.com/a.png", PLENTY)
        .await
        .expect_err("nobody answers");
    assert!(cause(&problem).contains("connecting"), "{problem:?}");
    // The dot keeps the system from looking in its own search domains.
    assert_eq!(names.asked(), ["shop.example.com."]);
    let expected: Vec<SocketAddr> = vec![(ip(PUBLIC), 443).into(), (ip("2606:4700::1111"), 443).into()];
    assert_eq!(dialer.dialled(), expected);

    // Now the name has been rebound, and the next fetch sees it.
    let problem = fetcher
        .get("https://shop.example.com/a.png", PLENTY)
        .await
        .expect_err("rebound");
    assert!(cause(&problem).contains("not a public address"), "{problem:?}");
    assert_eq!(dialer.dialled(), expected);
}

#[tokio::test]
async fn a_name_that_is_rebound_between_two_hops_is_refused() {
    let canary = Canary::start().await;
    let target = format!("http://shop.example.com:{}/", canary.port);
    let server = Server::start(move |_| redirect(307, &target)).await;
    let names = Arc::new(Names::default().with("shop.example.com", vec![vec![ip("127.0.0.1")]]));
    let dialer = Dialer::new(Dialing::Really);
    let config = FetcherConfig {
        // The name is allowed on the first port only.
        allow_private: vec![format!("shop.example.com:{}", server.port)],
        ports: vec![canary.port],
        ..quick()
    };
    let fetcher = fetcher(config, &names, &dialer, RootCertStore::empty());
    let url = format!("http://shop.example.com:{}/", server.port);
    fetcher.get(&url, PLENTY).await.expect_err("the second hop is private");
    assert_eq!(server.requests().len(), 1);
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn nothing_is_said_to_an_end_that_was_not_checked() {
    let canary = Canary::start().await;
    let names = Arc::new(Names::default().with("shop.example.com", vec![vec![ip(PUBLIC)]]));
    let dialer = Dialer::new(Dialing::Instead((ip("127.0.0.1"), canary.port).into()));
    let fetcher = fetcher(quick(), &names, &dialer, RootCertStore::empty());
    for url in [
        "http://shop.example.com/",
        "https://shop.example.com/",
        "http://8.8.8.8/",
    ] {
        let problem = fetcher.get(url, PLENTY).await.expect_err("another end");
        assert!(
            cause(&problem).contains("instead of the address that was checked"),
            "{problem:?}"
        );
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!((canary.connections(), canary.bytes()), (3, 0));
}

#[tokio::test]
async fn the_second_address_is_tried_when_the_first_does_not_answer() {
    let server = Server::start(|_| file("picture")).await;
    let names = Arc::new(Names::default().with("twins.lan", vec![vec![ip("192.0.2.1"), ip("127.0.0.1")]]));
    let dialer = Dialer::new(Dialing::OnlyHere);
    let config = FetcherConfig {
        allow_private: vec![format!("twins.lan:{}", server.port)],
        ..quick()
    };
    let fetcher = fetcher(config, &names, &dialer, RootCertStore::empty());
    let fetched = fetcher
        .get(&format!("http://twins.lan:{}/", server.port), PLENTY)
        .await
        .expect("the second twin");
    assert_eq!(&fetched.bytes[..], b"picture");
    assert_eq!(
        names.asked(),
        ["twins.lan"],
        "an allowed name is asked as the operator wrote it"
    );
}

#[tokio::test]
async fn a_lookup_that_hangs_or_fails_ends_in_time() {
    struct Broken(bool);
    impl Resolve for Broken {
        fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            let hangs = self.0;
            Box::pin(async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                Err(io::Error::other("SERVFAIL from 10.0.0.53"))
            })
        }
    }
    for hangs in [true, false] {
        let doors = Doors {
            resolver: Arc::new(Broken(hangs)),
            ..Doors::default()
        };
        let config = FetcherConfig {
            connect_timeout: Duration::from_millis(100),
            ..quick()
        };
        let fetcher = Fetcher::with_doors(config, doors).expect("sound");
        let problem = fetcher
            .get("https://shop.example.com/", PLENTY)
            .await
            .expect_err("no lookup");
        assert_eq!(problem.code, Code::FetchFailed);
        assert!(
            !serde_json::to_string(&problem)
                .expect("serialises")
                .contains("10.0.0.53")
        );
    }
}

#[tokio::test]
async fn the_system_resolver_knows_this_machine() {
    let server = Server::start(|_| file("picture")).await;
    let allow_private = vec![format!("localhost:{}", server.port)];
    let fetcher = Fetcher::new(FetcherConfig {
        allow_private,
        ..quick()
    })
    .expect("sound");
    let fetched = fetcher
        .get(&format!("http://localhost:{}/", server.port), PLENTY)
        .await
        .expect("localhost has an address");
    assert_eq!(&fetched.bytes[..], b"picture");
}
