//! The gate before everything else: the names that this server answers to (`Host`) and the pages
//! that may call it (`Origin`). Without it a page that rebinds its name to this machine could talk
//! to a server that only listens here.

use aquatint_domain::{Code, Problem, text};
use http::uri::Authority;
use http::{HeaderMap, Uri, header};
use url::Url;

use super::config::McpConfig;

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Who may knock.
#[derive(Debug)]
pub(super) struct Gate {
    hosts: Vec<Place>,
    origins: Vec<(String, Place)>,
}

/// A host and, if it matters, a port.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: Option<u16>,
}

impl Place {
    fn covers(&self, host: &str, port: Option<u16>) -> bool {
        self.host.eq_ignore_ascii_case(host) && (self.port.is_none() || self.port == port)
    }
}

impl Gate {
    /// Reads the lists once; a configured name that cannot be read is an error that names it.
    pub(super) fn new(config: &McpConfig) -> Result<Self, Problem> {
        let mut gate = Self {
            hosts: Vec::new(),
            origins: Vec::new(),
        };
        let public = Url::parse(&config.public_url).ok().filter(Url::has_host);
        let public = public.ok_or_else(|| unreadable("public_url", &config.public_url))?;
        gate.hosts.push(Place {
            host: bare(public.host_str().unwrap_or_default()).to_owned(),
            port: None,
        });
        gate.allow_origin(public.origin().ascii_serialization().as_str())?;
        if config.listens_on_loopback {
            for name in LOOPBACK {
                gate.hosts.push(Place {
                    host: name.to_owned(),
                    port: None,
                });
                gate.origins.push((
                    "http".to_owned(),
                    Place {
                        host: name.to_owned(),
                        port: None,
                    },
                ));
            }
        }
        for host in &config.allowed_hosts {
            let authority = Authority::try_from(host.trim()).map_err(|_| unreadable("allowed_hosts", host))?;
            gate.hosts.push(Place {
                host: bare(authority.host()).to_owned(),
                port: authority.port_u16(),
            });
        }
        for origin in &config.allowed_origins {
            gate.allow_origin(origin)?;
        }
        Ok(gate)
    }

    fn allow_origin(&mut self, origin: &str) -> Result<(), Problem> {
        let (base, any_port) = match origin.trim().strip_suffix(":*") {
            Some(base) => (base, true),
            None => (origin.trim(), false),
        };
        let url = Url::parse(base).ok().filter(Url::has_host);
        let url = url.ok_or_else(|| unreadable("allowed_origins", origin))?;
        self.origins.push((
            url.scheme().to_owned(),
            Place {
                host: bare(url.host_str().unwrap_or_default()).to_owned(),
                port: if any_port { None } else { url.port_or_known_default() },
            },
        ));
        Ok(())
    }

    /// Checks one request. `Ok` carries the origin, if there is one, for the CORS headers.
    pub(super) fn check<'a>(&self, uri: &'a Uri, headers: &'a HeaderMap) -> Result<Option<&'a str>, Problem> {
        self.check_host(uri, headers)?;
        self.check_origin(headers)
    }

    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let named = match headers.get(header::HOST) {
            Some(host) => host.to_str().ok().and_then(|host| Authority::try_from(host).ok()),
            // HTTP/2 carries the host in `:authority`.
            None => uri.authority().cloned(),
        };
        let Some(named) = named else {
            return Err(refuse("The Host header is missing or not readable.".to_owned()));
        };
        let (host, port) = (bare(named.host()), named.port_u16());
        if self.hosts.iter().any(|place| place.covers(host, port)) {
            return Ok(());
        }
        Err(refuse(format!(
            "`{}` is not a name of this server.",
            text::one_line(named.as_str(), 80)
        ))
        .hint(
            "Connect by the address that the server prints at its start, or let the operator set AQUATINT_PUBLIC_URL \
             to the address that clients use.",
        ))
    }

    fn check_origin<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>, Problem> {
        let mut values = headers.get_all(header::ORIGIN).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let text = value.to_str().ok().filter(|_| values.next().is_none());
        let known = text.filter(|origin| {
            split_origin(origin).is_some_and(|(scheme, host, port)| {
                self.origins
                    .iter()
                    .any(|(own, place)| own.eq_ignore_ascii_case(scheme) && place.covers(host, port))
            })
        });
        match known {
            Some(origin) => Ok(Some(origin)),
            None => Err(refuse("Pages of this origin may not call this server.".to_owned())
                .hint("The operator can add the origin to `allowed_origins`.")),
        }
    }
}

/// Scheme, host and port (the scheme's own, where none is written) of an `Origin` value. `null` and
/// anything that is not an origin give `None`.
fn split_origin(origin: &str) -> Option<(&str, &str, Option<u16>)> {
    let (scheme, rest) = origin.split_once("://")?;
    if rest.contains(['/', '?', '#', '@']) {
        return None;
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (rest, None),
    };
    let port = port.or(match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    });
    Some((scheme, bare(host), port))
}

/// An IPv6 host without its brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn refuse(message: String) -> Problem {
    Problem::new(Code::Forbidden, message)
}

fn unreadable(setting: &'static str, value: &str) -> Problem {
    Problem::invalid(
        setting,
        format!(
            "`{}` is not a name that `{setting}` can hold.",
            text::one_line(value, 80)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(public: &str, loopback: bool) -> Gate {
        let mut config = McpConfig::new(public, loopback);
        config.allowed_hosts = vec!["10.0.0.5:8787".into(), "studio.lan".into()];
        config.allowed_origins = vec!["https://app.example.com".into(), "http://tool.lan:*".into()];
        Gate::new(&config).expect("readable")
    }

    fn passes(gate: &Gate, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header value"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().expect("a header value"));
        }
        gate.check(&Uri::from_static("/mcp"), &headers).is_ok()
    }

    #[test]
    fn hosts_are_the_public_one_loopback_and_those_configured() {
        let local = gate("http://127.0.0.1:8787", true);
        for host in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1:8787",
            "[::1]:9",
            "studio.lan:80",
            "10.0.0.5:8787",
        ] {
            assert!(passes(&local, host, None), "{host}");
        }
        for host in [
            "evil.example.com",
            "localhost.evil.com",
            "127.0.0.1.nip.io",
            "10.0.0.5:80",
            "10.0.0.5",
            "a b",
        ] {
            assert!(!passes(&local, host, None), "{host}");
        }
        let hosted = gate("https://studio.example.com", false);
        assert!(passes(&hosted, "studio.example.com", None) && passes(&hosted, "studio.example.com:443", None));
        assert!(!passes(&hosted, "localhost", None));
    }

    #[test]
    fn origins_match_by_scheme_host_and_port() {
        let gate = gate("https://studio.example.com", false);
        let ok = |origin| passes(&gate, "studio.example.com", Some(origin));
        for origin in [
            "https://studio.example.com",
            "https://studio.example.com:443",
            "https://app.example.com",
            "http://tool.lan:3000",
        ] {
            assert!(ok(origin), "{origin}");
        }
        for origin in [
            "null",
            "http://studio.example.com",
            "https://studio.example.com:444",
            "https://studio.example.com.evil.com",
            "https://evil.com/https://studio.example.com",
            "https://studio.example.com@evil.com",
            "http://localhost:3000",
            "",
        ] {
            assert!(!ok(origin), "{origin}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_read_is_said() {
        let mut config = McpConfig::new("not a url", true);
        assert!(Gate::new(&config).expect_err("no URL").message.contains("public_url"));
        config.public_url = "http://localhost:1".into();
        config.allowed_origins = vec!["*".into()];
        assert_eq!(
            Gate::new(&config).expect_err("no origin").field.as_deref(),
            Some("allowed_origins")
        );
    }
}
