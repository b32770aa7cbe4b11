//! From the text of a URL to something that may be asked for: what can be judged without any I/O.

use std::net::IpAddr;

use aquatint_domain::{Problem, text};
use http::uri::PathAndQuery;
use url::{Host, Position, Url};

use super::FetcherConfig;
use super::addresses::is_public;
use super::refusal::Refusal;

/// Longer than any signed link of the large object stores.
const MAX_URL_BYTES: usize = 4_096;
/// The limit of DNS.
const MAX_HOST_BYTES: usize = 253;

/// Endings that the public DNS does not serve, so that whoever answers is a neighbour.
const PRIVATE_ENDINGS: &[&str] = &[
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "onion",
    "test",
    "invalid",
    "example",
    "alt",
];

/// A URL that passed, taken apart.
#[derive(Debug)]
pub(super) struct Target {
    /// Without a fragment.
    pub url: Url,
    /// What stands in the request line.
    pub path: PathAndQuery,
    pub place: Place,
    pub port: u16,
    /// The operator allows this host and port although it may be private.
    pub is_allowed_private: bool,
}

/// Who is asked.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// Lower case, no dot at the end.
    Name(String),
    Address(IpAddr),
}

impl Target {
    pub(super) fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host, for the log.
    pub(super) fn host(&self) -> String {
        match &self.place {
            Place::Name(name) => name.clone(),
            Place::Address(address) => address.to_string(),
        }
    }
}

/// An operator's `host` or `host:port`.
#[derive(Debug, PartialEq)]
struct Spot {
    host: String,
    port: Option<u16>,
}

/// What may be asked for.
#[derive(Debug)]
pub(super) struct Rules {
    allow_http: bool,
    ports: Vec<u16>,
    allow_private: Vec<Spot>,
    own_hosts: Vec<Spot>,
}

impl Rules {
    pub(super) fn new(config: &FetcherConfig) -> Result<Self, Problem> {
        let allow_private = config.allow_private.iter().map(|entry| {
            let spot = Spot::read("allow_private", entry)?;
            if spot.port.is_none() {
                let message = format!(
                    "`{}` in `allow_private` needs a port: write `host:port`.",
                    text::clip(entry, 80)
                );
                return Err(Problem::invalid("allow_private", message));
            }
            Ok(spot)
        });
        if config.ports.is_empty() {
            return Err(Problem::invalid(
                "ports",
                "`ports` is empty, so nothing could be fetched: add 443.",
            ));
        }
        Ok(Self {
            allow_http: config.allow_http,
            ports: config.ports.clone(),
            allow_private: allow_private.collect::<Result<_, _>>()?,
            own_hosts: config
                .own_hosts
                .iter()
                .map(|entry| Spot::read("own_hosts", entry))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Reads a URL that a caller wrote.
    pub(super) fn read(&self, text: &str) -> Result<Target, Refusal> {
        let text = text.trim_matches(|ch: char| ch.is_ascii_whitespace());
        check_text(text)?;
        let url = Url::parse(text).map_err(|error| {
            Refusal::Text(format!(
                "`{}` is not a URL that can be read: {error}.",
                text::clip(text, 80)
            ))
        })?;
        self.judge(url)
    }

    /// Reads where a server sends us next. Nothing of it is told to the caller.
    pub(super) fn redirect(&self, from: &Target, location: &str) -> Result<Target, Refusal> {
        let closed = |why: String| Refusal::Redirect(format!("{why} ({})", text::one_line(location, 200)));
        if location.len() > MAX_URL_BYTES || has_forbidden_characters(location) {
            return Err(closed("the location is not clean text".into()));
        }
        let url = from.url.join(location).map_err(|error| closed(error.to_string()))?;
        if from.is_tls() && url.scheme() != "https" {
            return Err(closed("it leads from https to something weaker".into()));
        }
        match self.judge(url) {
            Err(Refusal::Text(why)) => Err(closed(why)),
            other => other,
        }
    }

    fn judge(&self, mut url: Url) -> Result<Target, Refusal> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err(wrong_scheme(url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Text(
                "The URL contains a user name or password before an `@`. Send it without; files behind a sign-in cannot be fetched.".into(),
            ));
        }
        url.set_fragment(None);

        let path = PathAndQuery::try_from(&url[Position::BeforePath..Position::AfterQuery])
            .map_err(|_| Refusal::Text("The URL contains characters that have to be percent-encoded.".into()))?;

        // The port is known for both schemes, and both require a host.
        let port = url.port_or_known_default().unwrap_or(0);
        let place = match url.host() {
            Some(Host::Ipv4(v4)) => Place::Address(v4.into()),
            Some(Host::Ipv6(v6)) => Place::Address(v6.into()),
            Some(Host::Domain(name)) => Place::Name(check_name(name)?),
            None => return Err(Refusal::Text("The URL has no host.".into())),
        };
        let mut target = Target {
            url,
            path,
            place,
            port,
            is_allowed_private: false,
        };

        // A precise word of the operator comes before a general one.
        let host = target.host();
        let names = |spots: &[Spot], port| spots.iter().any(|spot| spot.host == host && spot.port == port);
        let is_allowed = names(&self.allow_private, Some(port));
        if names(&self.own_hosts, Some(port)) || (names(&self.own_hosts, None) && !is_allowed) {
            return Err(Refusal::Text(
                "That URL belongs to this server, which does not fetch from itself. Send the asset's id (`ast_…`) instead.".into(),
            ));
        }
        if is_allowed {
            target.is_allowed_private = true;
            return Ok(target);
        }

        if !target.is_tls() && !self.allow_http {
            return Err(Refusal::Text(
                "Only https URLs are fetched. Send the https form of this URL, or upload the file.".into(),
            ));
        }
        if !self.ports.contains(&port) {
            return Err(Refusal::Text(format!(
                "Port {port} is not fetched from. Leave the port out, or upload the file."
            )));
        }
        match &target.place {
            Place::Address(address) if !is_public(*address) => Err(Refusal::PrivateAddress {
                host,
                address: *address,
            }),
            Place::Name(name) if is_private_name(name) => Err(Refusal::PrivateName(host)),
            _ => Ok(target),
        }
    }
}

impl Spot {
    fn read(field: &str, entry: &str) -> Result<Self, Problem> {
        let problem = || {
            let message = format!(
                "`{}` in `{field}` is not `host:port`, such as `minio.lan:9000`, `10.0.0.5:9000` or `[fd00::5]:9000`.",
                text::clip(entry, 80)
            );
            Problem::invalid(field, message)
        };
        // A scheme without a default port, so that `host:80` keeps its 80; the host is then normalised as in a URL.
        let given = Url::parse(&format!("entry://{entry}/")).map_err(|_| problem())?;
        let is_plain = given.path() == "/" && given.query().is_none() && given.username().is_empty();
        let url = Url::parse(&format!("http://{entry}/")).map_err(|_| problem())?;
        let host = match url.host() {
            Some(Host::Domain(name)) => name.trim_end_matches('.').to_owned(),
            Some(Host::Ipv4(v4)) => v4.to_string(),
            Some(Host::Ipv6(v6)) => v6.to_string(),
            None => return Err(problem()),
        };
        if !is_plain || host.is_empty() || entry.contains('@') {
            return Err(problem());
        }
        Ok(Self {
            host,
            port: given.port(),
        })
    }
}

/// Judges the text before it is parsed: what is plainly something else than one URL gets an answer that helps.
fn check_text(text: &str) -> Result<(), Refusal> {
    let refuse = |message: &str| Err(Refusal::Text(message.into()));
    let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if text.is_empty() {
        return refuse("The URL is empty.");
    }
    if scheme.as_deref() == Some("data") {
        return refuse(
            "This is a data URI, which holds the file itself; there is nothing to fetch. Send it where a data URI is accepted, or upload the file.",
        );
    }
    if text.len() > MAX_URL_BYTES {
        return Err(Refusal::Text(format!(
            "The URL is {} bytes long; the limit is {MAX_URL_BYTES}.",
            text.len()
        )));
    }
    if is_list(text) {
        return refuse(
            "This looks like several URLs in one text. Send them as an array, one URL each (a comma that belongs to a URL is written %2C).",
        );
    }
    if has_forbidden_characters(text) {
        return refuse(
            "The URL contains spaces, backslashes or invisible characters. Percent-encode them (a space is %20) or remove them.",
        );
    }
    match scheme.as_deref() {
        Some("https" | "http") if text.split_once("://").is_some_and(|(scheme, _)| !scheme.contains(':')) => Ok(()),
        Some("https" | "http") => refuse("The URL is incomplete; it should begin with `https://`."),
        Some(scheme) if is_scheme(scheme) && scheme.len() > 1 => Err(wrong_scheme(scheme)),
        _ => refuse(
            "That is not a full URL; it should begin with `https://`. A file on your machine has to be uploaded.",
        ),
    }
}

fn wrong_scheme(scheme: &str) -> Refusal {
    Refusal::Text(format!(
        "`{}:` URLs are not fetched; send an https URL, or upload the file.",
        text::clip(scheme, 20)
    ))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|ch: char| ch.is_ascii_alphabetic())
        && text
            .chars()
            .all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '+' | '-' | '.'))
}

fn is_list(text: &str) -> bool {
    text.split([',', ';', '|', ' ', '\n', '\t']).skip(1).any(|part| {
        let part = part.trim_start().to_ascii_lowercase();
        part.starts_with("https://") || part.starts_with("http://")
    })
}

/// Parsers differ over these, or a person cannot see them.
fn has_forbidden_characters(text: &str) -> bool {
    text.chars()
        .any(|ch| ch.is_whitespace() || ch == '\\' || text::is_hidden(ch))
}

/// A host name without the dot at its end, if DNS could hold it.
fn check_name(name: &str) -> Result<String, Refusal> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_sound = name.len() <= MAX_HOST_BYTES && name.split('.').all(|label| (1..=63).contains(&label.len()));
    if !is_sound {
        return Err(Refusal::Text(format!(
            "`{}` is not a valid host name.",
            text::clip(name, 80)
        )));
    }
    Ok(name.to_ascii_lowercase())
}

/// A name of one word, or one that ends where the public DNS does not reach.
fn is_private_name(name: &str) -> bool {
    !name.contains('.')
        || PRIVATE_ENDINGS.iter().any(|ending| {
            name.strip_suffix(ending)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}
