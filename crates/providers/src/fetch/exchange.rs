//! One request and its answer over one connection, with a limit on everything the far end decides.

use std::time::Duration;

use aquatint_domain::Problem;
use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, HOST, LOCATION, RANGE,
    TRANSFER_ENCODING, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout, timeout_at};
use url::Position;

use super::FetcherConfig;
use super::connect::Line;
use super::refusal::Refusal;
use super::target::Target;

/// Status line and headers together.
const MAX_HEADER_BYTES: usize = 32 * 1024;
const MAX_HEADERS: usize = 128;
/// What is set aside for a body before any of it has come, whatever its announced length.
const FIRST_ALLOCATION: u64 = 1024 * 1024;

/// What a server said.
pub(super) enum Answer {
    File { bytes: Bytes, disposition: Option<String> },
    Redirect(String),
}

/// Asks for the target and reads at most `max_bytes`.
pub(super) async fn get(
    line: Box<dyn Line>,
    target: &Target,
    headers: &[(&str, &str)],
    max_bytes: u64,
    config: &FetcherConfig,
) -> Result<Answer, Refusal> {
    let mut asked = request(target, 0, config)?;
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).map_err(|error| Refusal::Unsendable(error.into()))?;
        let mut value = HeaderValue::from_str(value).map_err(|error| Refusal::Unsendable(error.into()))?;
        value.set_sensitive(true);
        asked.headers_mut().insert(name, value);
    }
    let (response, _driver) = speak(line, asked, config).await?;
    match response.status().as_u16() {
        200 => {
            refuse_encoded(response.headers())?;
            let disposition = header_text(response.headers(), CONTENT_DISPOSITION);
            let bytes = read_body(response, max_bytes, config).await?;
            Ok(Answer::File { bytes, disposition })
        }
        _ => redirect(&response).map(Answer::Redirect),
    }
}

/// What is sent to a server that an operator named.
#[derive(Clone, Default)]
pub struct Call<'a> {
    /// `GET` by default, and `POST` with a body.
    pub method: Option<Method>,
    /// More headers, such as `authorization`.
    pub headers: &'a [(&'a str, &'a str)],
    /// A body with its media type.
    pub body: Option<(&'a str, Bytes)>,
    /// How long the server may think and send, in place of the usual limits.
    pub patience: Option<Duration>,
}

/// What it answered, whatever the status. Redirects are not followed.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

/// Why a call has no answer, and whether the server can have acted on it.
#[derive(Debug)]
pub struct Unanswered {
    /// The request may have reached the server.
    pub was_sent: bool,
    /// The server took too long.
    pub is_slow: bool,
    /// The server answered, but with something that is not read: too large, compressed, cut off.
    pub is_unreadable: bool,
    /// For the log only.
    pub cause: String,
}

/// Sends a call and reads at most `max_bytes` of the answer.
pub(super) async fn send(
    line: Box<dyn Line>,
    target: &Target,
    call: &Call<'_>,
    max_bytes: u64,
    config: &FetcherConfig,
) -> Result<Reply, Refusal> {
    let (response, _driver) = speak(line, called(target, call, config)?, config).await?;
    refuse_encoded(response.headers())?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let bytes = read_body(response, max_bytes, config).await?;
    Ok(Reply { status, headers, bytes })
}

/// An answer whose body is read as it comes, such as a stream of events. Dropped, it ends the connection, by which the
/// server sees that nobody listens.
pub struct Stream {
    pub status: u16,
    pub headers: HeaderMap,
    body: Incoming,
    silence: Duration,
    _driver: Driver,
}

impl Stream {
    /// The next bytes; `None` at the end. The limit is on silence, not on the whole.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Unanswered> {
        loop {
            let frame = timeout(self.silence, self.body.frame())
                .await
                .map_err(|_| Refusal::TooSlow("the body").into_unanswered())?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(Refusal::from(error).into_unanswered()),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// Sends a call and hands over the head of the answer with a body that is still to be read.
pub(super) async fn stream(
    line: Box<dyn Line>,
    target: &Target,
    call: &Call<'_>,
    config: &FetcherConfig,
) -> Result<Stream, Refusal> {
    let (response, driver) = speak(line, called(target, call, config)?, config).await?;
    refuse_encoded(response.headers())?;
    Ok(Stream {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        silence: config.first_byte_timeout,
        body: response.into_body(),
        _driver: driver,
    })
}

/// A piece of a download, in the order in which they come.
pub enum Piece<'a> {
    /// What follows begins at this byte of the whole, which has so many where the server says.
    Begin {
        from: u64,
        total: Option<u64>,
    },
    Bytes(&'a [u8]),
}

/// Takes the pieces of a download; its failure ends it.
pub type Sink<'a> = dyn FnMut(Piece<'_>) -> std::io::Result<()> + Send + 'a;

/// Asks for the target from byte `from` on and hands the body over as it comes. `Some` is where it was moved to.
pub(super) async fn download(
    line: Box<dyn Line>,
    target: &Target,
    from: u64,
    sink: &mut Sink<'_>,
    config: &FetcherConfig,
) -> Result<Option<String>, Refusal> {
    let (response, _driver) = ask(line, target, from, config).await?;
    let from = match response.status().as_u16() {
        200 => 0,
        206 => from,
        _ => return redirect(&response).map(Some),
    };
    refuse_encoded(response.headers())?;
    let mut body = response.into_body();
    let total = body.size_hint().exact().map(|rest| from + rest);
    sink(Piece::Begin { from, total }).map_err(Refusal::Sink)?;
    loop {
        // Each piece has its own time: a large file may take hours, but not stand still.
        let Some(frame) = timeout(config.first_byte_timeout, body.frame())
            .await
            .map_err(|_| Refusal::TooSlow("the body"))?
        else {
            return Ok(None);
        };
        let Ok(data) = frame?.into_data() else { continue };
        sink(Piece::Bytes(&data)).map_err(Refusal::Sink)?;
    }
}

fn redirect(response: &Response<Incoming>) -> Result<String, Refusal> {
    let status = response.status().as_u16();
    match status {
        301 | 302 | 303 | 307 | 308 => header_text(response.headers(), LOCATION).ok_or(Refusal::Status(status)),
        _ => Err(Refusal::Status(status)),
    }
}

/// Asks for a file and waits for the head of the answer.
async fn ask(
    line: Box<dyn Line>,
    target: &Target,
    from: u64,
    config: &FetcherConfig,
) -> Result<(Response<Incoming>, Driver), Refusal> {
    speak(line, request(target, from, config)?, config).await
}

/// Sends a request and waits for the head of the answer.
async fn speak(
    line: Box<dyn Line>,
    request: Request<Full<Bytes>>,
    config: &FetcherConfig,
) -> Result<(Response<Incoming>, Driver), Refusal> {
    // The door itself.
    #[allow(clippy::disallowed_methods)]
    let mut connection = hyper::client::conn::http1::Builder::new();
    connection
        .max_header_size(MAX_HEADER_BYTES)
        .max_headers(MAX_HEADERS)
        .max_buf_size(4 * MAX_HEADER_BYTES);
    let (mut sender, driver) = connection.handshake(TokioIo::new(line)).await?;
    let driver = Driver(tokio::spawn(async move {
        // Its failures reach us through the response.
        let _ = driver.await;
    }));

    let asked = sender.send_request(request);
    let response = timeout(config.first_byte_timeout, asked)
        .await
        .map_err(|_| Refusal::TooSlow("the head of the response"))??;
    Ok((response, driver))
}

/// A user agent that cannot be sent is found out at start.
pub(super) fn check_user_agent(user_agent: &str) -> Result<(), Problem> {
    match HeaderValue::from_str(user_agent) {
        Ok(value) if !value.is_empty() => Ok(()),
        _ => Err(Problem::invalid(
            "user_agent",
            "`user_agent` must be plain text without line breaks.",
        )),
    }
}

/// Ends the connection when the exchange ends, however it ends.
struct Driver(tokio::task::JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The host as in the URL, without the dot of an absolute name; the port only where it is not the usual one.
fn host_of(target: &Target) -> String {
    let url = &target.url;
    let host = url[Position::BeforeHost..Position::AfterHost].trim_end_matches('.');
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn called(target: &Target, call: &Call<'_>, config: &FetcherConfig) -> Result<Request<Full<Bytes>>, Refusal> {
    let usual = if call.body.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::builder()
        .method(call.method.clone().unwrap_or(usual))
        .uri(target.path.clone());
    if let Some((kind, _)) = &call.body {
        request = request.header(CONTENT_TYPE, *kind);
    }
    for (name, value) in call.headers {
        request = request.header(*name, *value);
    }
    if !call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept")) {
        request = request.header(ACCEPT, "application/json");
    }
    let body = call.body.as_ref().map(|(_, body)| body.clone()).unwrap_or_default();
    request
        .header(HOST, host_of(target))
        .header(USER_AGENT, &config.user_agent)
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close")
        .body(Full::new(body))
        .map_err(Refusal::Unsendable)
}

fn request(target: &Target, from: u64, config: &FetcherConfig) -> Result<Request<Full<Bytes>>, Refusal> {
    let mut request = Request::get(target.path.clone());
    if from > 0 {
        request = request.header(RANGE, format!("bytes={from}-"));
    }
    request
        .header(HOST, host_of(target))
        .header(USER_AGENT, &config.user_agent)
        .header(ACCEPT, "image/*,video/mp4;q=0.9,*/*;q=0.1")
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close")
        .body(Full::default())
        .map_err(Refusal::Unsendable)
}

/// A compressed body would make the size limit count the wrong bytes, and nobody asked for one.
fn refuse_encoded(headers: &HeaderMap) -> Result<(), Refusal> {
    for (name, plain) in [(CONTENT_ENCODING, "identity"), (TRANSFER_ENCODING, "chunked")] {
        for value in headers.get_all(name) {
            if !value.as_bytes().eq_ignore_ascii_case(plain.as_bytes()) {
                return Err(Refusal::Encoded(String::from_utf8_lossy(value.as_bytes()).into_owned()));
            }
        }
    }
    Ok(())
}

async fn read_body(response: Response<Incoming>, max_bytes: u64, config: &FetcherConfig) -> Result<Bytes, Refusal> {
    let mut body = response.into_body();
    let announced = body.size_hint().lower();
    if announced > max_bytes {
        return Err(Refusal::TooLarge(max_bytes));
    }
    let mut bytes = BytesMut::with_capacity(usize::try_from(announced.min(FIRST_ALLOCATION)).unwrap_or(0));
    let started = Instant::now();
    loop {
        // Every byte buys time; a server that drips runs out of it.
        let earned = Duration::from_secs_f64(bytes.len() as f64 / f64::from(config.min_bytes_per_second.max(1)));
        let patience = started + config.first_byte_timeout + earned;
        let Some(frame) = timeout_at(patience, body.frame())
            .await
            .map_err(|_| Refusal::TooSlow("the body"))?
        else {
            return Ok(bytes.freeze());
        };
        // A frame without data holds trailers, which nobody needs.
        let Ok(data) = frame?.into_data() else { continue };
        if bytes.len() as u64 + data.len() as u64 > max_bytes {
            return Err(Refusal::TooLarge(max_bytes));
        }
        bytes.extend_from_slice(&data);
    }
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
        .map(str::to_owned)
}
