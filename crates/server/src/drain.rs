//! Bodies that nobody reads. A request is often refused by its head alone; if the server then stops
//! reading, many clients never see the answer, only that the connection broke while they were still
//! sending. So what is left of a body is read and thrown away behind the answer, within limits.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use futures::{Stream, StreamExt};
use http::header;

/// Most bytes that are read for nothing; a client that sends more sees its connection close.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The longest that is waited for them.
const MAX_TIME: Duration = Duration::from_secs(5);

/// Sees to it that a request's body is read to its end, by the handler or behind it.
pub async fn watch(request: Request) -> Request {
    // Who sends `Expect: 100-continue` waits for the verdict before sending anything.
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return request;
    }
    request.map(|body| Body::from_stream(Watched(Some(body.into_data_stream()))))
}

/// A body that is drained when it is dropped early.
struct Watched(Option<BodyDataStream>);

impl Stream for Watched {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let polled = body.poll_next_unpin(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        polled
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let (Some(body), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(MAX_TIME, drain(body)));
        }
    }
}

async fn drain(mut body: BodyDataStream) {
    let mut read = 0;
    while let Some(Ok(chunk)) = body.next().await {
        read += chunk.len();
        if read > MAX_BYTES {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware::map_request;
    use axum::routing::post;
    use http::StatusCode;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// Sends a head, hears the answer, sends `length` bytes, and then a second request on the same connection.
    async fn refused_then_again(length: usize) -> std::io::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let refuse = Router::new().route("/", post(|| async { StatusCode::UNAUTHORIZED }));
        tokio::spawn(async move { axum::serve(listener, refuse.layer(map_request(watch))).await });

        let mut stream = TcpStream::connect(address).await?;
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let mut heard = [0; 12];
        stream.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"HTTP/1.1 401", "the answer does not wait for the body");
        stream.write_all(&vec![b'x'; length]).await?;
        let last = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(last.as_bytes()).await?;
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await?;
        Ok(rest)
    }

    #[tokio::test]
    async fn a_refused_client_can_finish_sending_and_hears_the_answer() {
        let rest = refused_then_again(2 * 1024 * 1024).await.expect("the connection stays");
        assert!(
            rest.contains("HTTP/1.1 401"),
            "the second request is answered too: {rest}"
        );
    }

    #[tokio::test]
    async fn nobody_sends_for_ever() {
        let outcome = refused_then_again(64 * 1024 * 1024).await;
        assert!(!outcome.is_ok_and(|rest| rest.contains("HTTP/1.1 401")));
    }
}
