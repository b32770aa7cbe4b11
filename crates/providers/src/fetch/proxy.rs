//! A proxy between a person's machine and the world, as `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name it. Only programs
//! that a person runs use one (`aquatint stdio` as a bridge): a server that fetches what strangers name has none, because then nobody
//! here sees which address is dialled.
//!
//! Everything goes through a tunnel (`CONNECT`), so the proxy sees a host and a port and, over https, nothing else. The text of a URL is
//! judged as always; the name is looked up by the proxy.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use aquatint_domain::{Problem, text};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Host, Url};

use super::connect::Dial;
use super::refusal::Refusal;
use super::resolve::Resolve;
use super::target::{Place, Target};
use crate::Secret;

/// The longest head of a proxy's answer.
const MAX_HEAD: usize = 8 * 1024;

/// Which proxy stands before which server.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    direct: Vec<Direct>,
}

#[derive(Clone, Debug)]
pub(super) struct Proxy {
    host: String,
    port: u16,
    /// `Basic …`, where the address holds a name and a password.
    authorization: Option<Secret>,
}

/// Servers that are reached without a proxy.
#[derive(Clone, Debug, PartialEq)]
enum Direct {
    All,
    /// A name and everything below it, at one port or at all.
    Name(String, Option<u16>),
    /// Addresses that begin with so many bits, at one port or at all.
    Network(IpAddr, u8, Option<u16>),
}

impl Proxies {
    /// Reads the variables of the environment, in small letters or large ones.
    pub fn from_environment() -> Result<Self, Problem> {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let first = |names: &[&str]| {
            names.iter().find_map(|name| {
                let found = variable(&name.to_lowercase()).or_else(|| variable(name))?;
                let found = found.trim().to_owned();
                (!found.is_empty()).then(|| ((*name).to_owned(), found))
            })
        };
        let proxy = |names: &[&str]| {
            first(names)
                .map(|(name, address)| Proxy::read(&name, &address))
                .transpose()
        };
        let direct = first(&["NO_PROXY"]).map(|(_, list)| list).unwrap_or_default();
        Ok(Self {
            https: proxy(&["HTTPS_PROXY", "ALL_PROXY"])?,
            http: proxy(&["HTTP_PROXY", "ALL_PROXY"])?,
            direct: direct.split(',').filter_map(|one| Direct::read(one.trim())).collect(),
        })
    }

    /// The proxy for a server, if there is one. This machine is always reached directly.
    pub(super) fn before(&self, target: &Target) -> Option<&Proxy> {
        let proxy = if target.is_tls() { &self.https } else { &self.http };
        let is_here = match &target.place {
            Place::Address(address) => address.is_loopback(),
            Place::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        };
        let is_direct = is_here
            || self
                .direct
                .iter()
                .any(|direct| direct.holds(&target.place, target.port));
        proxy.as_ref().filter(|_| !is_direct)
    }
}

impl Proxy {
    fn read(variable: &str, address: &str) -> Result<Self, Problem> {
        let whole = if address.contains("://") {
            address.to_owned()
        } else {
            format!("http://{address}")
        };
        // What is wrong is told without the address: it may hold a password.
        let wrong = |why: &str| {
            Problem::invalid(variable, format!("{variable} {why}"))
                .hint("It looks like `http://proxy.example.com:3128`. NO_PROXY lists servers to be reached without it.")
        };
        let url = Url::parse(&whole).map_err(|_| wrong("is not the address of a proxy."))?;
        if url.scheme() != "http" {
            let scheme = text::one_line(url.scheme(), 20);
            return Err(wrong(&format!(
                "names a proxy of the kind `{scheme}`; only `http` is known."
            )));
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(wrong("names no host.")),
        };
        let word = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let authorization = (!url.username().is_empty()).then(|| {
            let pair = format!("{}:{}", word(url.username()), word(url.password().unwrap_or_default()));
            Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair)))
        });
        Ok(Self {
            host,
            port: url.port_or_known_default().unwrap_or(80),
            authorization,
        })
    }

    /// A connection to the target through the proxy.
    pub(super) async fn tunnel(
        &self,
        target: &Target,
        resolver: &dyn Resolve,
        dialer: &dyn Dial,
        patience: Duration,
    ) -> Result<TcpStream, Refusal> {
        let opened = timeout(patience, self.open(target, resolver, dialer)).await;
        let failed = |cause| Refusal::Connect {
            host: format!("{} through the proxy {}:{}", target.host(), self.host, self.port),
            cause,
        };
        opened.map_err(|_| Refusal::TooSlow("the proxy"))?.map_err(failed)
    }

    async fn open(&self, target: &Target, resolver: &dyn Resolve, dialer: &dyn Dial) -> io::Result<TcpStream> {
        let addresses = match self.host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => resolver.resolve(&self.host).await?,
        };
        let mut last = io::Error::other("it has no address");
        for address in addresses {
            match dialer.dial(SocketAddr::new(address, self.port)).await {
                Ok(stream) => return self.connect(stream, target).await,
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn connect(&self, mut stream: TcpStream, target: &Target) -> io::Result<TcpStream> {
        let place = match &target.place {
            Place::Name(name) => format!("{name}:{}", target.port),
            Place::Address(address) => SocketAddr::new(*address, target.port).to_string(),
        };
        let authorization = self.authorization.as_ref();
        let authorization = authorization.map_or(String::new(), |secret| {
            format!("Proxy-Authorization: {}\r\n", secret.reveal())
        });
        let head = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{authorization}\r\n");
        stream.write_all(head.as_bytes()).await?;
        // One byte at a time: what comes behind the head is the server's.
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() == MAX_HEAD {
                return Err(io::Error::other("its answer is too long"));
            }
            answer.push(stream.read_u8().await?);
        }
        let answer = String::from_utf8_lossy(&answer);
        match answer.split_whitespace().nth(1) {
            Some(status) if status.len() == 3 && status.starts_with('2') => Ok(stream),
            Some("407") => Err(io::Error::other(
                "it asks for a name and a password (407), which stand in its address: http://NAME:PASSWORD@HOST:PORT",
            )),
            status => Err(io::Error::other(format!(
                "it answered {}",
                text::one_line(status.unwrap_or("nothing that can be read"), 40)
            ))),
        }
    }
}

impl Direct {
    fn read(one: &str) -> Option<Self> {
        if one == "*" {
            return Some(Self::All);
        }
        if let Some((network, bits)) = one.split_once('/') {
            return Some(Self::Network(network.parse().ok()?, bits.parse().ok()?, None));
        }
        if let Ok(address) = one.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Some(Self::Network(address, 128, None));
        }
        if let Ok(address) = one.parse::<SocketAddr>() {
            return Some(Self::Network(address.ip(), 128, Some(address.port())));
        }
        let (name, port) = match one.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (one, None),
        };
        let name = name.trim_start_matches('*').trim_matches('.').to_lowercase();
        (!name.is_empty()).then_some(Self::Name(name, port))
    }

    fn holds(&self, place: &Place, port: u16) -> bool {
        let is_port = |wanted: &Option<u16>| wanted.is_none_or(|wanted| wanted == port);
        match (self, place) {
            (Self::All, _) => true,
            (Self::Name(name, wanted), Place::Name(host)) => {
                let below = host.strip_suffix(name.as_str());
                is_port(wanted) && below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
            (Self::Network(network, bits, wanted), Place::Address(address)) => {
                is_port(wanted) && begins_alike(*network, *address, *bits)
            }
            _ => false,
        }
    }
}

/// Whether two addresses of one family have the same first bits.
fn begins_alike(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    let (one, other, width): (u128, u128, u32) = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits().into(), other.to_bits().into(), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits(), other.to_bits(), 128),
        _ => return false,
    };
    let rest = width - u32::from(bits).min(width);
    (one ^ other).checked_shr(rest).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::super::FetcherConfig;
    use super::super::target::Rules;
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, Problem> {
        Proxies::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn host_before(proxies: &Proxies, url: &str) -> Option<String> {
        let config = FetcherConfig {
            allow_http: true,
            ports: vec![80, 443, 8443],
            allow_private: ["127.0.0.1:80", "localhost:80", "10.1.2.3:80", "studio.lan:80"]
                .map(str::to_owned)
                .to_vec(),
            ..FetcherConfig::default()
        };
        let target = Rules::new(&config).expect("rules").read(url).expect(url);
        proxies
            .before(&target)
            .map(|proxy| format!("{}:{}", proxy.host, proxy.port))
    }

    #[test]
    fn each_scheme_has_its_proxy_and_small_letters_come_first() {
        let both = proxies(&[
            ("HTTPS_PROXY", "http://large:1"),
            ("https_proxy", "secure.example.com:3128"),
            ("HTTP_PROXY", "http://plain.example.com"),
        ])
        .expect("read");
        assert_eq!(
            host_before(&both, "https://a.example.com/").as_deref(),
            Some("secure.example.com:3128")
        );
        assert_eq!(
            host_before(&both, "http://a.example.com/").as_deref(),
            Some("plain.example.com:80")
        );
        let all = proxies(&[("ALL_PROXY", "http://[::1]:8080"), ("HTTP_PROXY", " ")]).expect("read");
        assert_eq!(host_before(&all, "http://a.example.com/").as_deref(), Some("::1:8080"));
        let none = proxies(&[]).expect("read");
        assert_eq!(host_before(&none, "https://a.example.com/"), None);
    }

    #[test]
    fn what_no_proxy_lists_and_this_machine_are_reached_directly() {
        let some = proxies(&[
            ("ALL_PROXY", "http://proxy:3128"),
            (
                "NO_PROXY",
                "example.com, .lan ,10.0.0.0/8,other.org:8443,,93.184.216.34",
            ),
        ])
        .expect("read");
        for (url, is_direct) in [
            ("https://example.com/", true),
            ("https://a.example.com/", true),
            ("https://notexample.com/", false),
            ("http://studio.lan/", true),
            ("http://10.1.2.3/", true),
            ("https://93.184.216.34/", true),
            ("https://93.184.216.35/", false),
            ("https://other.org/", false),
            ("https://other.org:8443/", true),
            ("http://127.0.0.1/", true),
            ("http://localhost/", true),
        ] {
            assert_eq!(host_before(&some, url).is_none(), is_direct, "{url}");
        }
        let nothing = proxies(&[("ALL_PROXY", "http://proxy:3128"), ("NO_PROXY", "*")]).expect("read");
        assert_eq!(host_before(&nothing, "https://a.example.com/"), None);
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_told_without_its_password() {
        for wrong in [
            "socks5://ada:hunter2@proxy:1080",
            "https://ada:hunter2@proxy",
            "http://ada:hunter2@:1",
        ] {
            let problem = proxies(&[("HTTPS_PROXY", wrong)]).expect_err("refused");
            let told = format!("{problem:?}");
            assert!(told.contains("HTTPS_PROXY") && !told.contains("hunter2"), "{told}");
        }
        let known = proxies(&[("HTTPS_PROXY", "http://ada:hunt%20er@proxy:1")]).expect("read");
        assert!(!format!("{known:?}").contains("hunt"));
        let secret = known.https.and_then(|proxy| proxy.authorization).expect("a secret");
        assert_eq!(secret.reveal(), "Basic YWRhOmh1bnQgZXI=");
    }
}
