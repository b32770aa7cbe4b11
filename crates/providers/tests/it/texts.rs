//! What is wrong with the text of a URL, its writer is told in words that help.

use aquatint_domain::Code;
use aquatint_providers::{Fetcher, FetcherConfig};

#[test]
fn a_fault_in_the_text_is_explained() {
    let fetcher = Fetcher::new(FetcherConfig {
        own_hosts: vec!["studio.example.com".into()],
        ..FetcherConfig::default()
    })
    .expect("sound");
    let long = format!("https://shop.example.com/{}", "a".repeat(5_000));
    let long_name = format!("https://{}.com/", "a".repeat(64));
    for (url, word) in [
        ("", "empty"),
        ("   ", "empty"),
        ("photo.png", "should begin with `https://`"),
        ("/home/ada/photo.png", "uploaded"),
        ("C:\\photos\\photo.png", "backslashes"),
        ("C:/photos/photo.png", "uploaded"),
        ("shop.example.com/a.png", "should begin"),
        ("https:shop.example.com", "incomplete"),
        ("https:/shop.example.com", "incomplete"),
        ("data:image/png;base64,iVBORw0KGgo=", "data URI"),
        ("DATA:,x", "data URI"),
        ("file:///etc/passwd", "`file:`"),
        ("ftp://shop.example.com/a.png", "`ftp:`"),
        ("http://shop.example.com/a.png", "Only https"),
        ("https://ada:secret@shop.example.com/", "before an `@`"),
        ("https://ada@shop.example.com/", "before an `@`"),
        ("https://shop.example.com:8080/", "Port 8080"),
        ("https://shop.example.com:99999/", "invalid port"),
        ("https://", "not a URL that can be read"),
        ("https://[::1/", "not a URL that can be read"),
        ("https://shop..example.com/", "not a valid host name"),
        (&long_name, "not a valid host name"),
        ("https://shop.example.com/a b.png", "%20"),
        ("https://shop.example.com/a\u{200b}.png", "invisible"),
        ("https:\\\\shop.example.com\\a.png", "backslashes"),
        ("https://a.example.com/1.png,https://b.example.com/2.png", "array"),
        ("https://a.example.com/1.png, https://b.example.com/2.png", "array"),
        ("https://a.example.com/1.png\nhttps://b.example.com/2.png", "array"),
        (&long, "the limit is 4096"),
        ("https://studio.example.com/media/x", "belongs to this server"),
        ("https://STUDIO.example.com./media/x", "belongs to this server"),
    ] {
        let problem = fetcher.check(url).expect_err(url);
        assert_eq!(
            (problem.code, problem.field.as_deref()),
            (Code::InvalidArgument, Some("url")),
            "{url}"
        );
        assert!(problem.message.contains(word), "{url}: {}", problem.message);
    }
}

#[test]
fn what_the_text_says_of_a_private_place_stays_one_answer() {
    let fetcher = Fetcher::new(FetcherConfig {
        allow_http: true,
        ..FetcherConfig::default()
    })
    .expect("sound");
    let mut answers = std::collections::BTreeSet::new();
    for url in [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://nas.lan/",
        "https://10.0.0.1/",
    ] {
        let problem = fetcher.check(url).expect_err(url);
        assert_eq!(problem.code, Code::FetchFailed, "{url}");
        answers.insert(serde_json::to_string(&problem).expect("serialises"));
    }
    assert_eq!(answers.len(), 1);
}

#[test]
fn ordinary_urls_pass_as_they_are() {
    let fetcher = Fetcher::new(FetcherConfig {
        allow_http: true,
        ..FetcherConfig::default()
    })
    .expect("sound");
    for (url, expected) in [
        ("https://shop.example.com/a.png", "https://shop.example.com/a.png"),
        (
            "  https://Shop.Example.com/a.png#top\n",
            "https://shop.example.com/a.png",
        ),
        (
            "http://shop.example.com:80/a?b=c,d|e",
            "http://shop.example.com/a?b=c,d|e",
        ),
        ("https://münchen.example.com/", "https://xn--mnchen-3ya.example.com/"),
        (
            "https://cdn.example.com/w_100,h_100/https:/x.example.com/a.png",
            "https://cdn.example.com/w_100,h_100/https:/x.example.com/a.png",
        ),
        (
            "https://shop.example.com/a'(b)~[c]*!$&;=@:?d=`e`{f}|^",
            "https://shop.example.com/a'(b)~[c]*!$&;=@:?d=`e`{f}|^",
        ),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        (
            "https://bucket.s3.example.com/k?X-Amz-Signature=a%2Fb&X-Amz-Date=1",
            "https://bucket.s3.example.com/k?X-Amz-Signature=a%2Fb&X-Amz-Date=1",
        ),
    ] {
        assert_eq!(fetcher.check(url).expect(url).as_str(), expected);
    }
}

#[test]
fn own_hosts_and_allowed_hosts_meet_by_port() {
    let fetcher = Fetcher::new(FetcherConfig {
        allow_private: vec![
            "127.0.0.1:9000".into(),
            "MinIO.lan:80".into(),
            "[FD00::5]:9000".into(),
            "127.0.0.1:8787".into(),
        ],
        own_hosts: vec!["127.0.0.1".into(), "127.0.0.1:8787".into()],
        ..FetcherConfig::default()
    })
    .expect("sound");
    for allowed in [
        "http://127.0.0.1:9000/",
        "http://0x7f.1:9000/",
        "http://minio.lan/",
        "http://minio.LAN.:80/",
        "http://[fd00:0::5]:9000/",
    ] {
        fetcher.check(allowed).expect(allowed);
    }
    for refused in [
        "http://127.0.0.1:8787/",
        "https://127.0.0.1/",
        "http://minio.lan:81/",
        "http://[fd00::5]/",
        "http://127.0.0.2:9000/",
    ] {
        fetcher.check(refused).expect_err(refused);
    }
}

#[test]
fn a_setting_that_cannot_work_is_named() {
    let base = FetcherConfig::default;
    for (config, field) in [
        (
            FetcherConfig {
                allow_private: vec!["minio".into()],
                ..base()
            },
            "allow_private",
        ),
        (
            FetcherConfig {
                allow_private: vec!["http://minio:9000".into()],
                ..base()
            },
            "allow_private",
        ),
        (
            FetcherConfig {
                allow_private: vec!["10.0.0.0/8:80".into()],
                ..base()
            },
            "allow_private",
        ),
        (
            FetcherConfig {
                allow_private: vec!["me@minio:9000".into()],
                ..base()
            },
            "allow_private",
        ),
        (
            FetcherConfig {
                own_hosts: vec![String::new()],
                ..base()
            },
            "own_hosts",
        ),
        (
            FetcherConfig {
                ports: vec![],
                ..base()
            },
            "ports",
        ),
        (
            FetcherConfig {
                user_agent: "a\nb".into(),
                ..base()
            },
            "user_agent",
        ),
        (
            FetcherConfig {
                total_timeout: std::time::Duration::ZERO,
                ..base()
            },
            "total_timeout",
        ),
    ] {
        let problem = Fetcher::new(config).err().expect(field);
        assert_eq!(problem.field.as_deref(), Some(field));
    }
}
