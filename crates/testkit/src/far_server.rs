//! A web server of a stranger, on this machine: it serves the files it was given, and misbehaves by path.
//!
//! | path | what happens |
//! |---|---|
//! | `/files/NAME` | the file, with its length and the type that its name says |
//! | `/slow/MILLISECONDS/NAME` | the same after a pause |
//! | `/drip/NAME` | a byte every 50 ms |
//! | `/truncated/NAME` | announces the whole file and hangs up after half of it |
//! | `/ranges/NAME` | the file, or the part of it that a `Range` asks for |
//! | `/flaky/NAME` | the same, but it hangs up half way to the end, however far that is |
//! | `/wrong-type/NAME` | the file, called `text/html` |
//! | `/html/NAME` | a web page, called `image/png` |
//! | `/status/CODE` | that status |
//! | `/busy/SECONDS` | 429 with `Retry-After` |
//! | `/redirect?URL` | 302 to URL |
//! | `/loop` | 302 to itself |

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RANGE, RETRY_AFTER};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::middleware::{self, Next};
use axum::routing::get;
use bytes::Bytes;
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The server; it ends when it is dropped.
pub struct FarServer {
    port: u16,
    state: Shared,
    task: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Shared {
    files: Arc<HashMap<String, Bytes>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FarServer {
    /// Serves `(name, bytes)` on a free port of 127.0.0.1.
    pub async fn start<N: Into<String>, B: Into<Bytes>>(files: impl IntoIterator<Item = (N, B)>) -> Self {
        let files = files
            .into_iter()
            .map(|(name, bytes)| (name.into(), bytes.into()))
            .collect();
        let state = Shared {
            files: Arc::new(files),
            asked: Arc::default(),
        };
        let router = Router::new()
            .route("/files/{*name}", get(whole))
            .route("/slow/{milliseconds}/{name}", get(slow))
            .route("/drip/{name}", get(drip))
            .route("/truncated/{name}", get(truncated))
            .route("/ranges/{name}", get(ranges))
            .route("/flaky/{name}", get(flaky))
            .route("/wrong-type/{name}", get(wrong_type))
            .route(
                "/html/{name}",
                get(async || answer("image/png", "<!doctype html><title>Sign in</title>")),
            )
            .route("/status/{code}", get(status))
            .route("/busy/{seconds}", get(busy))
            .route(
                "/redirect",
                get(async |RawQuery(to): RawQuery| redirect(&to.unwrap_or_default())),
            )
            .route("/loop", get(async || redirect("/loop")))
            .layer(middleware::from_fn_with_state(state.clone(), remember))
            .with_state(state.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let task = tokio::spawn(async move {
            // It serves until it is aborted; a failure would show as a refused connection in the test.
            let _ = axum::serve(listener, router).await;
        });
        Self { port, state, task }
    }

    /// `127.0.0.1:PORT`, as an operator would allow it.
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The URL of a path such as `/files/cat.png`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority())
    }

    /// The paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.state.asked.lock().clone()
    }
}

impl Drop for FarServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answer = Response<Body>;

async fn remember(State(shared): State<Shared>, request: Request, next: Next) -> Answer {
    shared.asked.lock().push(request.uri().to_string());
    next.run(request).await
}

async fn whole(State(shared): State<Shared>, Path(name): Path<String>) -> Answer {
    match shared.files.get(&name) {
        Some(bytes) => answer(media_type(&name), bytes.clone()),
        None => plain(StatusCode::NOT_FOUND),
    }
}

async fn slow(State(shared): State<Shared>, Path((milliseconds, name)): Path<(u64, String)>) -> Answer {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    whole(State(shared), Path(name)).await
}

async fn drip(State(shared): State<Shared>, Path(name): Path<String>) -> Answer {
    let Some(bytes) = shared.files.get(&name).cloned() else {
        return plain(StatusCode::NOT_FOUND);
    };
    let length = bytes.len();
    let drops = stream::iter(0..length).then(move |place| {
        let byte = bytes.slice(place..place + 1);
        async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok::<_, Infallible>(byte)
        }
    });
    with_length(media_type(&name), length, Body::from_stream(drops))
}

async fn truncated(State(shared): State<Shared>, Path(name): Path<String>) -> Answer {
    let Some(bytes) = shared.files.get(&name) else {
        return plain(StatusCode::NOT_FOUND);
    };
    let half = bytes.slice(..bytes.len() / 2);
    // An error in the middle of a body makes the server hang up; the pause lets the half leave first.
    let cut = stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::other("cut on purpose"))
    });
    let parts = stream::once(async { Ok(half) }).chain(cut);
    with_length(media_type(&name), bytes.len(), Body::from_stream(parts))
}

/// Where a `Range: bytes=N-` begins; 0 without one.
fn begin_of(headers: &HeaderMap) -> usize {
    headers
        .get(RANGE)
        .and_then(|value| {
            value
                .to_str()
                .ok()?
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse()
                .ok()
        })
        .unwrap_or(0)
}

async fn ranges(State(shared): State<Shared>, headers: HeaderMap, Path(name): Path<String>) -> Answer {
    let Some(bytes) = shared.files.get(&name) else {
        return plain(StatusCode::NOT_FOUND);
    };
    let from = begin_of(&headers);
    if from >= bytes.len() {
        return plain(StatusCode::RANGE_NOT_SATISFIABLE);
    }
    let mut answer = answer(media_type(&name), bytes.slice(from..));
    if from > 0 {
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    answer
}

async fn flaky(State(shared): State<Shared>, headers: HeaderMap, Path(name): Path<String>) -> Answer {
    let Some(bytes) = shared.files.get(&name) else {
        return plain(StatusCode::NOT_FOUND);
    };
    let from = begin_of(&headers).min(bytes.len());
    let rest = bytes.slice(from..);
    // The last bytes come whole, so that patience is rewarded.
    let end = if rest.len() < 64 { rest.len() } else { rest.len() / 2 };
    let (part, is_cut) = (rest.slice(..end), end < rest.len());
    let cut = stream::once(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if is_cut {
            Err(std::io::Error::other("cut on purpose"))
        } else {
            Ok(Bytes::new())
        }
    });
    let parts = stream::once(async { Ok(part) }).chain(cut);
    let mut answer = with_length(media_type(&name), rest.len(), Body::from_stream(parts));
    if from > 0 {
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    answer
}

async fn wrong_type(State(shared): State<Shared>, Path(name): Path<String>) -> Answer {
    match shared.files.get(&name) {
        Some(bytes) => answer("text/html", bytes.clone()),
        None => plain(StatusCode::NOT_FOUND),
    }
}

async fn status(Path(code): Path<u16>) -> Answer {
    plain(StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST))
}

async fn busy(Path(seconds): Path<u32>) -> Answer {
    let mut answer = plain(StatusCode::TOO_MANY_REQUESTS);
    answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    answer
}

fn redirect(to: &str) -> Answer {
    let mut answer = plain(StatusCode::FOUND);
    if let Ok(location) = to.parse() {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

fn plain(status: StatusCode) -> Answer {
    let mut answer = Response::new(Body::from(status.to_string()));
    *answer.status_mut() = status;
    answer
}

fn answer(media_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let body = body.into();
    with_length(media_type, body.len(), Body::from(body))
}

fn with_length(media_type: &'static str, length: usize, body: Body) -> Answer {
    let mut answer = Response::new(body);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, axum::http::HeaderValue::from_static(media_type));
    answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    answer
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("avif") => "image/avif",
        Some("mp4") => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// The whole answer as it stands on the wire.
    async fn ask(server: &FarServer, path: &str) -> String {
        let mut stream = TcpStream::connect(server.authority()).await.expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nHost: far\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn each_path_misbehaves_as_its_row_says() {
        let server = FarServer::start([("cat.png", &b"0123456789"[..])]).await;
        for (path, head, end) in [
            (
                "/files/cat.png",
                "content-type: image/png\r\ncontent-length: 10\r\n",
                "\r\n\r\n0123456789",
            ),
            ("/slow/10/cat.png", "200 OK", "\r\n\r\n0123456789"),
            ("/drip/cat.png", "content-length: 10\r\n", "\r\n\r\n0123456789"),
            ("/truncated/cat.png", "content-length: 10\r\n", "\r\n\r\n01234"),
            ("/wrong-type/cat.png", "text/html", "0123456789"),
            ("/html/cat.png", "image/png", "</title>"),
            ("/status/503", "HTTP/1.1 503", "Service Unavailable"),
            ("/busy/7", "retry-after: 7", "Too Many Requests"),
            (
                "/redirect?http://10.0.0.1/x?y=1",
                "location: http://10.0.0.1/x?y=1\r\n",
                "Found",
            ),
            ("/loop", "location: /loop\r\n", "Found"),
            ("/files/dog.png", "HTTP/1.1 404", "Not Found"),
        ] {
            let answer = ask(&server, path).await;
            assert!(answer.contains(head) && answer.ends_with(end), "{path}: {answer}");
        }
        assert_eq!(server.asked().len(), 11);
        let authority = server.authority();
        drop(server);
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(TcpStream::connect(authority).await.is_err(), "it still listens");
    }
}
