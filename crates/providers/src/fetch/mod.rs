//! The one HTTP door: gets the file behind a URL that a stranger named, and never touches a network
//! that only this machine can reach.
//!
//! A fetch goes through five gates, again for each redirect:
//! 1. `target`: the text is parsed once; scheme, user information, port and host are judged on the parsed form,
//!    because the parser folds `0x7f.1`, `2130706433` or fullwidth digits into 127.0.0.1.
//! 2. `resolve`: we look the name up ourselves, and refuse it when *any* answer is not public (`addresses`).
//! 3. `connect`: we dial exactly that address, and look at both ends of the connection before a byte is sent.
//! 4. `exchange`: one HTTP/1.1 request over that connection alone; head, rate, size and encoding have limits.
//! 5. Here: redirects are followed by hand, a few at most, never from https to http.
//!
//! It is built on hyper's connection rather than on a client library: there is no pool to share
//! between tenants, no proxy variable that a server would obey (see `proxy`), no cookie jar and no second resolver that could have its own
//! opinion of an address, and the remote end is known before the request leaves.

mod addresses;
mod connect;
mod exchange;
mod file_name;
mod proxy;
mod refusal;
mod resolve;
mod target;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aquatint_domain::Problem;
use bytes::Bytes;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use exchange::Answer;
use refusal::Refusal;
use target::{Rules, Target};

pub use addresses::is_public;
pub use connect::{Dial, SystemDialer};
pub use exchange::{Call, Piece, Reply, Sink, Stream, Unanswered};
pub use proxy::Proxies;
pub use resolve::{Resolve, SystemResolver};

/// What an operator decides about fetching.
#[derive(Clone, Debug)]
pub struct FetcherConfig {
    /// Whether plain `http` is fetched from the public internet.
    pub allow_http: bool,
    /// The ports that may be named.
    pub ports: Vec<u16>,
    /// `host:port` of private servers that may be fetched from all the same, over http too.
    pub allow_private: Vec<String>,
    pub max_redirects: u8,
    /// For looking a name up, for connecting, and for the TLS handshake, each.
    pub connect_timeout: Duration,
    /// From the request to the end of the response's head, and the longest silence before the body gets going.
    pub first_byte_timeout: Duration,
    /// For everything together.
    pub total_timeout: Duration,
    /// A body that arrives more slowly than this is given up.
    pub min_bytes_per_second: u32,
    pub user_agent: String,
    /// Names of this server, as `host` or `host:port`: it does not fetch from itself.
    pub own_hosts: Vec<String>,
    /// Through which proxies the world is reached. A server has none.
    pub proxies: Proxies,
}

impl Default for FetcherConfig {
    fn default() -> Self {
        Self {
            allow_http: false,
            ports: vec![80, 443],
            allow_private: Vec::new(),
            max_redirects: 3,
            connect_timeout: Duration::from_secs(3),
            first_byte_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            min_bytes_per_second: 1_024,
            user_agent: concat!("aquatint/", env!("CARGO_PKG_VERSION")).to_owned(),
            own_hosts: Vec::new(),
            proxies: Proxies::default(),
        }
    }
}

/// What a URL turned out to hold. Its media type is found by looking at the bytes; what the server said is not kept.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub bytes: Bytes,
    /// Where the bytes came from, after redirects.
    pub final_url: Url,
    /// A file name for people, freed of paths and hidden characters.
    pub file_name: Option<String>,
}

/// The parts that touch the outside, so that a test can stand in for them.
pub struct Doors {
    pub resolver: Arc<dyn Resolve>,
    pub dialer: Arc<dyn Dial>,
    /// The certificate authorities that are believed.
    pub roots: RootCertStore,
}

impl Default for Doors {
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver::default()),
            dialer: Arc::new(SystemDialer),
            roots: RootCertStore {
                roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            },
        }
    }
}

/// Fetches URLs. Cheap to clone; nothing is kept between two fetches.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

struct Inner {
    config: FetcherConfig,
    rules: Rules,
    doors: Doors,
    /// Made for the first fetch: a studio that fetches nothing needs no roots in memory.
    tls: OnceLock<Arc<ClientConfig>>,
}

impl Fetcher {
    /// A fetcher for the real internet. A setting that cannot work is refused by name.
    pub fn new(config: FetcherConfig) -> Result<Self, Problem> {
        Self::with_doors(config, Doors::default())
    }

    /// A fetcher with other doors than the system's. For tests.
    pub fn with_doors(config: FetcherConfig, doors: Doors) -> Result<Self, Problem> {
        let rules = Rules::new(&config)?;
        exchange::check_user_agent(&config.user_agent)?;
        for (field, limit) in [
            ("connect_timeout", config.connect_timeout),
            ("first_byte_timeout", config.first_byte_timeout),
            ("total_timeout", config.total_timeout),
        ] {
            if limit.is_zero() {
                return Err(Problem::invalid(field, format!("`{field}` must be longer than zero.")));
            }
        }
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                rules,
                doors,
                tls: OnceLock::new(),
            }),
        })
    }

    /// Judges a URL by its text alone; nothing is looked up and nobody is asked. [`Fetcher::get`] does this too.
    pub fn check(&self, url: &str) -> Result<Url, Problem> {
        match self.inner.rules.read(url) {
            Ok(target) => Ok(target.url),
            Err(refusal) => Err(refusal.into_problem()),
        }
    }

    /// Gets the file behind a URL, at most `max_bytes` of it.
    pub async fn get(&self, url: &str, max_bytes: u64) -> Result<Fetched, Problem> {
        let first = self.inner.rules.read(url).map_err(Refusal::into_problem)?;
        let config = &self.inner.config;
        match tokio::time::timeout(config.total_timeout, self.inner.follow(first, &[], max_bytes, config)).await {
            Ok(Ok(fetched)) => Ok(fetched),
            Ok(Err(refusal)) => Err(refusal.into_closed_problem()),
            Err(_) => Err(Refusal::TooSlow("the whole fetch").into_closed_problem()),
        }
    }

    /// Gets a file that a vendor made, within `patience`. The headers go to the host of `url` alone: a redirect to
    /// another host is followed without them.
    pub async fn get_result(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        max_bytes: u64,
        patience: Duration,
    ) -> Result<Bytes, Unanswered> {
        let config = FetcherConfig {
            total_timeout: patience,
            ..self.inner.config.clone()
        };
        let first = self.inner.rules.read(url).map_err(Refusal::into_unanswered)?;
        match tokio::time::timeout(patience, self.inner.follow(first, headers, max_bytes, &config)).await {
            Ok(Ok(fetched)) => Ok(fetched.bytes),
            Ok(Err(refusal)) => Err(refusal.into_unanswered()),
            Err(_) => Err(Refusal::TooSlow("the whole fetch").into_unanswered()),
        }
    }
}

impl Fetcher {
    /// Calls a server that an operator named, such as a sign-in provider, and reads at most `max_bytes` of what it answers.
    /// The same gates as for a file; redirects are not followed.
    pub async fn send(&self, url: &str, call: &Call<'_>, max_bytes: u64) -> Result<Reply, Problem> {
        let target = self.inner.rules.read(url).map_err(Refusal::into_problem)?;
        match self.exchange(&target, call, max_bytes).await {
            Ok(reply) => Ok(reply),
            Err((refusal, _)) => Err(refusal.into_closed_problem()),
        }
    }

    /// The same for a caller who must know whether the server can have acted: a purchase is not sent twice.
    pub async fn call(&self, url: &str, call: &Call<'_>, max_bytes: u64) -> Result<Reply, Unanswered> {
        let target = self.inner.rules.read(url).map_err(Refusal::into_unanswered)?;
        self.exchange(&target, call, max_bytes)
            .await
            .map_err(|(refusal, was_sent)| Unanswered {
                was_sent,
                ..refusal.into_unanswered()
            })
    }

    /// The same with a body that is read as it comes. `patience` of the call is for the head, and for each silence after it.
    pub async fn open(&self, url: &str, call: &Call<'_>) -> Result<Stream, Unanswered> {
        let target = self.inner.rules.read(url).map_err(Refusal::into_unanswered)?;
        let mut config = self.inner.config.clone();
        config.first_byte_timeout = call.patience.unwrap_or(config.first_byte_timeout);
        let line = self.inner.line(&target).await.map_err(Refusal::into_unanswered)?;
        let opened = exchange::stream(line, &target, call, &config).await;
        opened.map_err(|refusal| Unanswered {
            was_sent: !matches!(refusal, Refusal::Unsendable(_)),
            ..refusal.into_unanswered()
        })
    }

    /// One exchange; beside a refusal, whether the request may have left.
    async fn exchange(&self, target: &Target, call: &Call<'_>, max_bytes: u64) -> Result<Reply, (Refusal, bool)> {
        let mut config = self.inner.config.clone();
        if let Some(patience) = call.patience {
            config.first_byte_timeout = patience;
            config.total_timeout = patience;
        }
        let begun = tokio::time::Instant::now();
        let line = match tokio::time::timeout(config.total_timeout, self.inner.line(target)).await {
            Ok(Ok(line)) => line,
            Ok(Err(refusal)) => return Err((refusal, false)),
            Err(_) => return Err((Refusal::TooSlow("the connection"), false)),
        };
        let sent = exchange::send(line, target, call, max_bytes, &config);
        match tokio::time::timeout_at(begun + config.total_timeout, sent).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(refusal)) => {
                let was_sent = !matches!(refusal, Refusal::Unsendable(_));
                Err((refusal, was_sent))
            }
            Err(_) => Err((Refusal::TooSlow("the whole call"), true)),
        }
    }

    /// Hands the file behind a URL over piece by piece, from byte `from` on where the server can; for files that are too large
    /// for memory, named by the operator. There is no limit on the whole, only on silence. The problem's source says what
    /// went wrong.
    pub async fn download(&self, url: &str, from: u64, sink: &mut Sink<'_>) -> Result<(), Problem> {
        let first = self.inner.rules.read(url).map_err(Refusal::into_problem)?;
        self.inner.pour(first, from, sink).await.map_err(|refusal| {
            let said = refusal.to_string();
            refusal.into_closed_problem().caused_by(said)
        })
    }
}

impl Inner {
    async fn pour(&self, first: Target, from: u64, sink: &mut Sink<'_>) -> Result<(), Refusal> {
        let mut target = first;
        for _ in 0..=self.config.max_redirects {
            let line = self.line(&target).await?;
            match exchange::download(line, &target, from, sink, &self.config).await? {
                None => return Ok(()),
                Some(location) => target = self.rules.redirect(&target, &location)?,
            }
        }
        Err(Refusal::TooManyRedirects(self.config.max_redirects))
    }

    /// A connection to a checked address of the target.
    async fn line(&self, target: &Target) -> Result<Box<dyn connect::Line>, Refusal> {
        if let Some(proxy) = self.config.proxies.before(target) {
            let (doors, patience) = (&self.doors, self.config.connect_timeout);
            let stream = proxy.tunnel(target, &*doors.resolver, &*doors.dialer, patience).await?;
            return connect::secure(target, stream, self.tls(target)?, &self.config).await;
        }
        let addresses = resolve::public_addresses(target, &*self.doors.resolver, &self.config).await?;
        connect::open(target, &addresses, &*self.doors.dialer, self.tls(target)?, &self.config).await
    }

    fn tls(&self, target: &Target) -> Result<&Arc<ClientConfig>, Refusal> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let made = connect::tls_config(&self.doors.roots).map_err(|problem| Refusal::Connect {
            host: target.host(),
            cause: std::io::Error::other(problem.message),
        })?;
        Ok(self.tls.get_or_init(|| Arc::new(made)))
    }

    /// Goes from redirect to redirect until there is a file.
    async fn follow(
        &self,
        first: Target,
        headers: &[(&str, &str)],
        max_bytes: u64,
        config: &FetcherConfig,
    ) -> Result<Fetched, Refusal> {
        let asked = first.url.clone();
        let mut target = first;
        for _ in 0..=self.config.max_redirects {
            let line = self.line(&target).await?;
            // A secret stays with the scheme, host and port that it was meant for.
            let headers = if target.url.origin() == asked.origin() {
                headers
            } else {
                &[]
            };
            match exchange::get(line, &target, headers, max_bytes, config).await? {
                Answer::File { bytes, disposition } => {
                    let file_name = file_name::choose(disposition.as_deref(), [&asked, &target.url]);
                    return Ok(Fetched {
                        bytes,
                        final_url: target.url,
                        file_name,
                    });
                }
                Answer::Redirect(location) => target = self.rules.redirect(&target, &location)?,
            }
        }
        Err(Refusal::TooManyRedirects(self.config.max_redirects))
    }
}
