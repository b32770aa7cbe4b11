//! The end of a sign-in in the browser: a listener on loopback that hears one answer.

use std::process::{Command, Stdio};
use std::time::Duration;

use aquatint_domain::{Code, Problem, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// Longest request of a browser that is read.
const MAX_REQUEST_BYTES: usize = 16 * 1024;
const REQUEST_TIME: Duration = Duration::from_secs(10);
const PATH: &str = "/callback";

pub(super) struct Listener {
    listener: TcpListener,
    port: u16,
}

/// What the answer must carry.
pub(super) struct Expected {
    pub state: String,
    pub issuer: String,
    pub must_name_issuer: bool,
}

impl Listener {
    pub(super) async fn open() -> Result<Self, Problem> {
        let opened = async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            let port = listener.local_addr()?.port();
            Ok(Self { listener, port })
        };
        opened.await.map_err(|error: std::io::Error| {
            Problem::new(
                Code::Unavailable,
                format!("No port of this machine can be listened on: {error}."),
            )
        })
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for the code. Requests of others than the page that was opened are turned away and change nothing.
    pub(super) async fn wait(&self, expected: &Expected) -> Result<String, Problem> {
        loop {
            let Ok((mut stream, _)) = self.listener.accept().await else {
                continue;
            };
            let Ok(Some(target)) = tokio::time::timeout(REQUEST_TIME, request(&mut stream)).await else {
                continue;
            };
            let Some(answer) = self.read(&target, expected) else {
                respond(&mut stream, "404 Not Found", "There is nothing here.").await;
                continue;
            };
            match &answer {
                Ok(_) => {
                    respond(
                        &mut stream,
                        "200 OK",
                        "You are signed in. You can close this page and go back.",
                    )
                    .await
                }
                Err(_) => respond(&mut stream, "200 OK", "You are not signed in. You can close this page.").await,
            }
            return answer;
        }
    }

    /// The answer in the address of a request; `None` where it is not the one that is waited for.
    fn read(&self, target: &str, expected: &Expected) -> Option<Result<String, Problem>> {
        let url = Url::parse(&format!("http://127.0.0.1:{}{target}", self.port)).ok()?;
        let value = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        if url.path() != PATH || value("state").as_deref() != Some(expected.state.as_str()) {
            return None;
        }
        // A code of another server must not be handed to this one (RFC 9207).
        let issuer = value("iss");
        let is_ours = match &issuer {
            Some(issuer) => *issuer == expected.issuer,
            None => !expected.must_name_issuer,
        };
        if !is_ours {
            return Some(Err(Problem::new(
                Code::Unauthorized,
                "The answer came from another server; nothing was signed in.",
            )));
        }
        if let Some(error) = value("error") {
            let words = value("error_description").unwrap_or(error);
            let message = format!(
                "Signing in was refused: {}.",
                text::one_line(&words, 300).trim_end_matches('.')
            );
            return Some(Err(Problem::new(Code::Unauthorized, message)));
        }
        let code = value("code").filter(|code| !code.is_empty());
        Some(code.ok_or_else(|| Problem::new(Code::Unauthorized, "The answer of the server has no code.")))
    }
}

/// What the request line asks for, after the whole head was read.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut piece = [0; 2_048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
        head.extend_from_slice(&piece[..length]);
        if head.len() > MAX_REQUEST_BYTES {
            return None;
        }
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.lines().next()?.split(' ');
    let target = (words.next()? == "GET").then(|| words.next()).flatten()?;
    Some(target.to_owned())
}

async fn respond(stream: &mut TcpStream, status: &str, words: &str) {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Aquatint</title>\
         <body style=\"font:18px/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem\"><p>{words}</p></body></html>"
    );
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\nReferrer-Policy: no-referrer\r\n\
         Connection: close\r\n\r\n{page}",
        page.len()
    );
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Opens an address in the browser; its failure leaves the address on standard error. Nothing of it may reach standard
/// output, which belongs to the client.
pub(super) fn open_browser(url: &str) {
    let wished = std::env::var_os("BROWSER").filter(|browser| !browser.is_empty());
    let mut command = match wished {
        Some(browser) => Command::new(browser),
        None if cfg!(target_os = "macos") => Command::new("open"),
        None if cfg!(windows) => {
            let mut command = Command::new("rundll32");
            command.arg("url.dll,FileProtocolHandler");
            command
        }
        None => Command::new("xdg-open"),
    };
    let started = command
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        // Waited for by a thread of its own, so that it leaves no zombie.
        Ok(mut child) => drop(std::thread::spawn(move || child.wait())),
        Err(error) => tracing::debug!(%error, "no browser was opened"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_answer_that_is_waited_for_counts() {
        let listener = Listener::open().await.expect("a port");
        let expected = Expected {
            state: "s1".into(),
            issuer: "https://h".into(),
            must_name_issuer: true,
        };
        let read = |target: &str| listener.read(target, &expected);
        for other in [
            "/",
            "/callback",
            "/callback?code=c",
            "/callback?code=c&state=s2&iss=https://h",
            "/favicon.ico?state=s1",
        ] {
            assert!(read(other).is_none(), "{other}");
        }
        let good = read("/callback?code=c%201&state=s1&iss=https%3A%2F%2Fh").expect("ours");
        assert_eq!(good.expect("a code"), "c 1");
        for bad in [
            "/callback?code=c&state=s1",
            "/callback?code=c&state=s1&iss=https://evil",
            "/callback?error=access_denied&state=s1&iss=https://h",
            "/callback?state=s1&iss=https://h",
        ] {
            assert!(read(bad).expect("ours").is_err(), "{bad}");
        }
    }
}
