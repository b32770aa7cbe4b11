//! https with throw-away certificates: the name must match, the issuer must be known, and nothing goes down to http.

use std::sync::Arc;

use aquatint_domain::Code;
use aquatint_providers::{Fetcher, FetcherConfig};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};

use crate::kit::{Canary, Dialer, Dialing, Names, PLENTY, Server, Step, cause, fetcher, file, quick, redirect};

/// A certificate for `names`, and a store that believes it.
fn certificate(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (ServerConfig, RootCertStore) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("sound names");
    change(&mut params);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .expect("a sound pair");
    (server, roots)
}

fn trusting(server: &Server, hosts: &[&str], roots: RootCertStore) -> Fetcher {
    let allow_private = hosts.iter().map(|host| format!("{host}:{}", server.port)).collect();
    let config = FetcherConfig {
        allow_private,
        ..quick()
    };
    fetcher(config, &Arc::default(), &Dialer::new(Dialing::OnlyHere), roots)
}

fn script(path: &str) -> Vec<Step> {
    match path.strip_prefix("/to/") {
        Some(elsewhere) => redirect(302, elsewhere),
        None => file("picture"),
    }
}

#[tokio::test]
async fn a_certificate_must_be_known_current_and_for_this_name() {
    let (config, roots) = certificate(&["shop.lan", "127.0.0.1"], |_| {});
    let server = Server::start_with(script, Some(config)).await;
    let url = |host: &str| format!("https://{host}:{}/picture.png", server.port);

    let fetcher = trusting(&server, &["shop.lan", "127.0.0.1", "other.lan"], roots.clone());
    for host in ["shop.lan", "SHOP.lan.", "127.0.0.1"] {
        let fetched = fetcher.get(&url(host), PLENTY).await.expect(host);
        assert_eq!(&fetched.bytes[..], b"picture");
    }
    assert!(
        server.requests()[1].contains(&format!("shop.lan:{}", server.port)),
        "the host is sent without its dot"
    );

    let problem = fetcher.get(&url("other.lan"), PLENTY).await.expect_err("another name");
    assert_eq!(problem.code, Code::FetchFailed);
    assert!(cause(&problem).contains("not valid for name"), "{problem:?}");

    let problem = trusting(&server, &["shop.lan"], RootCertStore::empty())
        .get(&url("shop.lan"), PLENTY)
        .await
        .expect_err("unknown issuer");
    assert!(cause(&problem).contains("UnknownIssuer"), "{problem:?}");

    // The public authorities do not know it either.
    let allow_private = vec![format!("127.0.0.1:{}", server.port)];
    let real = Fetcher::new(FetcherConfig {
        allow_private,
        ..quick()
    })
    .expect("sound");
    let problem = real.get(&url("127.0.0.1"), PLENTY).await.expect_err("unknown issuer");
    assert!(cause(&problem).contains("UnknownIssuer"), "{problem:?}");

    let (config, roots) = certificate(&["shop.lan"], |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    let server = Server::start_with(script, Some(config)).await;
    let url = format!("https://shop.lan:{}/", server.port);
    let problem = trusting(&server, &["shop.lan"], roots)
        .get(&url, PLENTY)
        .await
        .expect_err("expired");
    assert!(cause(&problem).contains("expired"), "{problem:?}");
}

#[tokio::test]
async fn https_never_leads_to_http() {
    let canary = Canary::start().await;
    let plain = Server::start(|_| file("picture")).await;
    let (config, roots) = certificate(&["127.0.0.1"], |_| {});
    let server = Server::start_with(script, Some(config)).await;
    let allow_private = [server.port, plain.port, canary.port]
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    let dialer = Dialer::new(Dialing::OnlyHere);
    let fetcher = fetcher(
        FetcherConfig {
            allow_private,
            ..quick()
        },
        &Arc::<Names>::default(),
        &dialer,
        roots,
    );
    let at = |location: String| format!("https://127.0.0.1:{}/to/{location}", server.port);

    // Both places may be fetched; it is the way between them that is closed.
    fetcher.get(&plain.url("/"), PLENTY).await.expect("allowed by itself");
    for port in [plain.port, canary.port] {
        let problem = fetcher
            .get(&at(format!("http://127.0.0.1:{port}/")), PLENTY)
            .await
            .expect_err("downwards");
        assert!(
            cause(&problem).contains("from https to something weaker"),
            "{problem:?}"
        );
    }
    assert_eq!((plain.requests().len(), canary.connections()), (1, 0));

    // Sideways is fine.
    let fetched = fetcher
        .get(&at(format!("https://127.0.0.1:{}/picture", server.port)), PLENTY)
        .await
        .expect("https to https");
    assert_eq!(fetched.final_url.path(), "/picture");

    // Plain text where TLS should be, and the other way about.
    let problem = fetcher
        .get(&format!("https://127.0.0.1:{}/", plain.port), PLENTY)
        .await
        .expect_err("no TLS there");
    assert_eq!(problem.code, Code::FetchFailed);
    let problem = fetcher
        .get(&format!("http://127.0.0.1:{}/", server.port), PLENTY)
        .await
        .expect_err("TLS there");
    assert_eq!(problem.code, Code::FetchFailed);
}
