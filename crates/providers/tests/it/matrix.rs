//! Every hostile URL, straight and as the target of a redirect, while canaries listen.

use std::collections::BTreeSet;
use std::sync::Arc;

use aquatint_domain::Code;
use aquatint_providers::FetcherConfig;
use rustls::RootCertStore;

use crate::hostile;
use crate::kit::{Canary, Dialer, Dialing, Names, PLENTY, Server, cause, fetcher, quick, redirect};

#[tokio::test]
async fn no_hostile_url_reaches_anything() {
    let canary = Canary::start().await;
    let urls = hostile::urls(canary.port);
    let unique: BTreeSet<_> = urls.iter().collect();
    println!("{} hostile URLs", unique.len());
    assert!(unique.len() >= 300);

    // The port of the canaries is open, so that nothing but the address stands between.
    let (names, dialer) = (Arc::<Names>::default(), Dialer::new(Dialing::Really));
    let config = FetcherConfig {
        ports: vec![80, 443, canary.port],
        ..quick()
    };
    let fetcher = fetcher(config, &names, &dialer, RootCertStore::empty());

    let mut closed_answers = BTreeSet::new();
    for url in &urls {
        let problem = fetcher.get(url, PLENTY).await.expect_err(url);
        match problem.code {
            Code::InvalidArgument => assert!(problem.source.is_none(), "{url}: {problem:?}"),
            Code::FetchFailed => {
                closed_answers.insert(serde_json::to_string(&problem).expect("serialises"));
            }
            _ => panic!("{url}: {problem:?}"),
        }
        assert_eq!(dialer.dialled(), [], "{url} was dialled");
    }
    assert_eq!(
        closed_answers.len(),
        1,
        "the answer tells causes apart: {closed_answers:?}"
    );
    let told = closed_answers.first().expect("one answer");
    assert!(!told.contains(|ch: char| ch.is_ascii_digit()), "{told}");
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn no_redirect_to_a_hostile_url_reaches_anything() {
    let canary = Canary::start().await;
    // A line break would end the header, so those texts cannot stand in one.
    let urls: Vec<_> = hostile::urls(canary.port)
        .into_iter()
        .filter(|url| !url.contains(['\n', '\r']))
        .collect();
    let locations = urls.clone();
    let server = Server::start(move |path| {
        let number = path.trim_start_matches("/r/").parse::<usize>().ok();
        redirect(
            302,
            number
                .and_then(|number| locations.get(number))
                .map_or("", String::as_str),
        )
    })
    .await;

    let (names, dialer) = (Arc::<Names>::default(), Dialer::new(Dialing::Really));
    let config = FetcherConfig {
        ports: vec![80, 443, canary.port],
        allow_private: vec![format!("127.0.0.1:{}", server.port)],
        ..quick()
    };
    let fetcher = fetcher(config, &names, &dialer, RootCertStore::empty());
    for (number, url) in urls.iter().enumerate() {
        let problem = fetcher
            .get(&server.url(&format!("/r/{number}")), PLENTY)
            .await
            .expect_err(url);
        assert_eq!(problem.code, Code::FetchFailed, "{url}: {problem:?}");
        assert!(!cause(&problem).is_empty());
    }
    assert!(server.requests().len() >= urls.len());
    assert!(
        dialer.dialled().iter().all(|address| address.port() == server.port),
        "something else was dialled"
    );
    assert_eq!(canary.connections(), 0);
}

/// Proves that the canaries above can hear: without the gate, the same fetch reaches them.
#[tokio::test]
async fn an_allowed_private_address_is_reached() {
    let canary = Canary::start().await;
    let (names, dialer) = (Arc::<Names>::default(), Dialer::new(Dialing::Really));
    let mut hosts = vec![format!("127.0.0.1:{}", canary.port), format!("minio:{}", canary.port)];
    hosts.extend(canary.has_v6.then(|| format!("[::1]:{}", canary.port)));
    let fetcher = fetcher(
        FetcherConfig {
            allow_private: hosts.clone(),
            ..quick()
        },
        &names,
        &dialer,
        RootCertStore::empty(),
    );
    for host in &hosts {
        let problem = fetcher
            .get(&format!("http://{host}/"), PLENTY)
            .await
            .expect_err("canaries do not answer");
        assert!(cause(&problem).contains("the head of the response"), "{problem:?}");
    }
    assert_eq!(canary.connections(), hosts.len());
    assert!(canary.bytes() > 0);

    // The port belongs to the permission.
    for host in [
        format!("127.0.0.1:{}", canary.port ^ 1),
        "127.0.0.1".into(),
        format!("127.0.0.2:{}", canary.port),
    ] {
        fetcher
            .get(&format!("http://{host}/"), PLENTY)
            .await
            .expect_err("not allowed");
    }
    assert_eq!(canary.connections(), hosts.len());
}
