//! The desk: a vendor's connection. It knows the address and the key, and sends requests through the one door.
//!
//! A vendor's file writes `desk.post("/v1/images").json(&body).buying().send().await?` and gets an [`Answer`] with a
//! good status, or a [`Fault`] that says what it means for the money. The key goes to the vendor's hosts alone,
//! whatever URLs its answers name.

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Clock, Problem};
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::fault::{Bought, Fault, FaultKind};
use crate::fetch::{Call, Doors, Fetcher, FetcherConfig, Unanswered};
use crate::key::Key;
use crate::multipart::Form;
use crate::provider::{Auth, Facts};

/// The most of an answer that is read: ten pictures of 4K in base64, and room.
const MAX_ANSWER_BYTES: u64 = 256 * 1024 * 1024;
/// The most of a result that is fetched.
const MAX_RESULT_BYTES: u64 = 1024 * 1024 * 1024;
/// For a plain question.
const USUAL_PATIENCE: Duration = Duration::from_secs(60);
/// For a request whose answer holds the finished work.
const SLOW_PATIENCE: Duration = Duration::from_secs(600);
/// Longer waits than this that a vendor asks for are not believed.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3_600);

/// What an operator decides about a vendor's address.
#[derive(Clone, Debug, Default)]
pub struct DeskConfig {
    /// In place of the vendor's own.
    pub base_url: Option<String>,
    /// The operator named a server on a private network on purpose.
    pub may_be_private: bool,
    /// No request waits longer than this. For tests.
    pub patience: Option<Duration>,
}

/// A vendor's connection.
#[derive(Clone)]
pub struct Desk {
    facts: &'static Facts,
    base: Url,
    key: Option<Key>,
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    patience: Option<Duration>,
}

impl Desk {
    /// Opens a desk. `fetching` are the operator's rules for outgoing requests; they are widened by nothing but the
    /// one private host that the operator named.
    pub fn open(
        facts: &'static Facts,
        key: Option<Key>,
        config: &DeskConfig,
        fetching: &FetcherConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        Self::open_with(facts, key, config, fetching, clock, Doors::default())
    }

    /// The same with other doors than the system's. For tests.
    pub fn open_with(
        facts: &'static Facts,
        key: Option<Key>,
        config: &DeskConfig,
        fetching: &FetcherConfig,
        clock: Arc<dyn Clock>,
        doors: Doors,
    ) -> Result<Self, Problem> {
        let base = config.base_url.as_deref().unwrap_or(facts.base_url);
        let refuse = |why: &str| Problem::invalid("base_url", format!("The address of {} {why}.", facts.name));
        if base.is_empty() {
            return Err(refuse("is not set: name it, such as `http://127.0.0.1:8188`"));
        }
        let base =
            Url::parse(base.trim_end_matches('/')).map_err(|error| refuse(&format!("cannot be read: {error}")))?;
        let host = base.host_str().ok_or_else(|| refuse("has no host"))?;
        let mut fetching = fetching.clone();
        if config.may_be_private {
            let port = base.port_or_known_default().ok_or_else(|| refuse("has no port"))?;
            fetching.allow_private.push(format!("{host}:{port}"));
        }
        let fetcher = Fetcher::with_doors(fetching, doors)?;
        fetcher.check(base.as_str())?;
        if key.is_none() && facts.auth != Auth::Optional {
            return Err(Problem::invalid("key", format!("{} needs a key.", facts.name)));
        }
        Ok(Self {
            facts,
            base,
            key,
            fetcher,
            clock,
            patience: config.patience,
        })
    }

    pub fn facts(&self) -> &'static Facts {
        self.facts
    }

    /// The vendor's address, without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// A request to a path under the base URL such as `/v1/models`, or to a whole URL that the vendor named.
    pub fn ask(&self, method: Method, place: impl Into<String>) -> Ask<'_> {
        Ask {
            desk: self,
            method,
            place: place.into(),
            headers: Vec::new(),
            body: None,
            is_buying: false,
            is_slow: false,
            is_open: false,
            takes_any_status: false,
        }
    }

    pub fn get(&self, place: impl Into<String>) -> Ask<'_> {
        self.ask(Method::GET, place)
    }

    pub fn post(&self, place: impl Into<String>) -> Ask<'_> {
        self.ask(Method::POST, place)
    }

    /// Gets a result. The key goes along only where the vendor wants it, and only to the vendor's own hosts.
    pub async fn fetch_result(&self, url: &str, with_key: bool) -> Result<Bytes, Fault> {
        let auth = if with_key {
            self.check_host(url)?;
            self.auth_header()
        } else {
            None
        };
        let headers: Vec<(&str, &str)> = auth.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let patience = self.patience.unwrap_or(SLOW_PATIENCE);
        self.fetcher
            .get_result(url, &headers, MAX_RESULT_BYTES, patience)
            .await
            .map_err(|why| {
                tracing::debug!(vendor = self.facts.id, cause = why.cause, "a result was not fetched");
                let (kind, words) = if why.is_slow {
                    (FaultKind::TimedOut, "the result came too slowly")
                } else {
                    (FaultKind::Unreachable, "the result could not be fetched")
                };
                Fault::new(kind, words)
            })
    }

    /// The whole URL of a place. A whole URL must belong to the vendor: it will get the key.
    fn url_of(&self, place: &str) -> Result<String, Fault> {
        if place.starts_with('/') {
            return Ok(format!("{}{place}", self.base_url()));
        }
        self.check_host(place)?;
        Ok(place.to_owned())
    }

    /// Refuses a URL that is not the vendor's.
    pub fn check_host(&self, url: &str) -> Result<(), Fault> {
        let foreign = || Fault::unreadable("the vendor named a URL that is not its own");
        let url = Url::parse(url).map_err(|_| foreign())?;
        if url.origin() == self.base.origin() {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default();
        let is_theirs = self.facts.hosts.iter().any(|known| match known.strip_prefix('*') {
            Some(ending) => host.ends_with(ending) && host.len() > ending.len(),
            None => host == *known,
        });
        if is_theirs && url.scheme() == "https" && url.port().is_none() {
            Ok(())
        } else {
            Err(foreign())
        }
    }

    fn auth_header(&self) -> Option<(&'static str, String)> {
        let key = self.key.as_ref()?.expose();
        Some(match self.facts.auth {
            Auth::Bearer | Auth::Optional => ("authorization", format!("Bearer {key}")),
            Auth::Word(word) => ("authorization", format!("{word} {key}")),
            Auth::Header(name) => (name, key.to_owned()),
        })
    }

    /// The vendor's words without the key, should it repeat it.
    fn without_key(&self, mut fault: Fault) -> Fault {
        if let Some(key) = &self.key {
            fault.message = fault.message.replace(key.expose(), "(key)");
        }
        fault
    }
}

/// A request on its way.
pub struct Ask<'a> {
    desk: &'a Desk,
    method: Method,
    place: String,
    headers: Vec<(String, String)>,
    body: Option<Result<(String, Bytes), Fault>>,
    is_buying: bool,
    is_slow: bool,
    is_open: bool,
    takes_any_status: bool,
}

impl Ask<'_> {
    /// A header of the vendor's own. The key is not one: the desk sends it.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn json(mut self, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body)
            .map(|bytes| ("application/json".to_owned(), Bytes::from(bytes)))
            .map_err(|_| Fault::new(FaultKind::InvalidInput, "the request cannot be written as JSON"));
        self.body = Some(body);
        self
    }

    pub fn form(mut self, form: Form) -> Self {
        self.body = Some(Ok(form.finish()));
        self
    }

    pub fn bytes(mut self, media_type: &str, bytes: Bytes) -> Self {
        self.body = Some(Ok((media_type.to_owned(), bytes)));
        self
    }

    /// This is the request that costs: without an answer, nobody knows whether it was bought.
    pub fn buying(mut self) -> Self {
        self.is_buying = true;
        self
    }

    /// The answer holds the finished work, so it may take minutes.
    pub fn slow(mut self) -> Self {
        self.is_slow = true;
        self
    }

    /// The key stays here: for signed URLs that the vendor named, such as that of an upload. The URL may then be
    /// anybody's on the public internet.
    pub fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// Hands over an answer with an error status too, for vendors who say there how a task ended;
    /// [`Desk::fault_of`] turns it into a fault where it says nothing else.
    pub fn any_status(mut self) -> Self {
        self.takes_any_status = true;
        self
    }

    /// Sends it. `Ok` has a status from 200 to 299.
    pub async fn send(self) -> Result<Answer, Fault> {
        let desk = self.desk;
        let (url, auth) = if self.is_open {
            (self.place.clone(), None)
        } else {
            (desk.url_of(&self.place)?, desk.auth_header())
        };
        let mut headers: Vec<(&str, &str)> = auth.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let body = self.body.transpose()?;
        let usual = if self.is_slow { SLOW_PATIENCE } else { USUAL_PATIENCE };
        let call = Call {
            method: Some(self.method.clone()),
            headers: &headers,
            body: body.as_ref().map(|(kind, bytes)| (kind.as_str(), bytes.clone())),
            patience: Some(desk.patience.map_or(usual, |most| most.min(usual))),
        };
        let begun = tokio::time::Instant::now();
        let sent = desk.fetcher.call(&url, &call, MAX_ANSWER_BYTES).await;
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        // What is sent and answered is not logged: prompts and pictures belong to people.
        match &sent {
            Ok(reply) => {
                tracing::debug!(vendor = desk.facts.id, method = %self.method, status = reply.status, took_ms, "asked a vendor")
            }
            Err(why) => {
                tracing::debug!(vendor = desk.facts.id, method = %self.method, cause = why.cause, took_ms, "a vendor did not answer")
            }
        }
        let reply = sent.map_err(|why| unanswered(&why, self.is_buying))?;
        let answer = Answer {
            status: reply.status,
            headers: reply.headers,
            bytes: reply.bytes,
            is_buying: self.is_buying,
        };
        if answer.is_good() || self.takes_any_status {
            Ok(answer)
        } else {
            Err(desk.fault_of(&answer))
        }
    }
}

/// What a missing answer means: only a buying request that may have left is in doubt.
fn unanswered(why: &Unanswered, is_buying: bool) -> Fault {
    let (kind, words) = if why.is_slow {
        (FaultKind::TimedOut, "no answer in time")
    } else if why.is_unreadable && why.was_sent {
        (FaultKind::Unreadable, "the answer broke off or cannot be read")
    } else {
        (FaultKind::Unreachable, "no answer")
    };
    let bought = if is_buying && why.was_sent {
        Bought::Unknown
    } else {
        Bought::No
    };
    Fault::new(kind, words).bought(bought)
}

impl Desk {
    /// What an error answer means. The vendor's own reading comes first; what it leaves open is filled in.
    pub fn fault_of(&self, answer: &Answer) -> Fault {
        let own = (self.facts.read_error)(answer);
        let is_own = own.is_some();
        let mut fault = own.unwrap_or_else(|| Fault::of_status(answer.status, ""));
        fault.status = Some(answer.status);
        fault.retry_after = fault.retry_after.or_else(|| answer.retry_after(&*self.clock));
        fault.request_id = fault.request_id.or_else(|| answer.request_id());
        // A 4xx and a plain 503 are refusals. After any other error the work may go on behind it, unless the
        // vendor's own reading recognised the answer and said so.
        let is_refusal = matches!(answer.status, 400..=499 | 503 | 529);
        if answer.is_buying && !is_refusal && !is_own {
            fault.bought = Bought::Unknown;
        }
        self.without_key(fault)
    }
}

/// What a vendor answered.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    is_buying: bool,
}

impl Answer {
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON of a shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.bytes).map_err(|error| self.unreadable(&shape_words(&error)))
    }

    /// The body as any JSON.
    pub fn json(&self) -> Result<Value, Fault> {
        self.read()
    }

    /// The body as JSON where it is that; for error answers, which may be web pages.
    pub fn json_or_null(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The answer is not what the documentation says. After a buying request nobody knows what was bought.
    pub fn unreadable(&self, what: &str) -> Fault {
        let bought = if self.is_buying { Bought::Unknown } else { Bought::No };
        let mut fault = Fault::unreadable(what).bought(bought);
        fault.status = Some(self.status);
        fault.request_id = self.request_id();
        fault
    }

    /// The vendor's name for this request.
    pub fn request_id(&self) -> Option<String> {
        ["x-request-id", "request-id", "x-fal-request-id", "cf-ray"]
            .iter()
            .find_map(|name| self.header(name))
            .map(|id| aquatint_domain::text::one_line(id, 100))
    }

    /// `Retry-After` in either of its forms (RFC 9110, 10.2.3).
    pub fn retry_after(&self, clock: &dyn Clock) -> Option<Duration> {
        let text = self.header("retry-after")?.trim();
        let wait = match text.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Duration::try_from_secs_f64(seconds).ok()?,
            Ok(_) => return None,
            Err(_) => {
                let then = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
                Duration::try_from(then.duration_since(clock.now())).unwrap_or_default()
            }
        };
        Some(wait.min(LONGEST_WAIT))
    }
}

/// Where JSON differs from its shape, without quoting it: it may hold a prompt.
fn shape_words(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "is not of the documented shape",
        _ => "is not JSON",
    };
    format!("the answer {what} (line {}, column {})", error.line(), error.column())
}
