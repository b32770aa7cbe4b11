//! What the tests stand on: canaries that must hear nothing, servers that say exactly what they are told,
//! and doors that remember who was asked.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aquatint_domain::Problem;
use aquatint_providers::fetch::{Dial, Doors, Resolve, SystemDialer};
use aquatint_providers::{Fetcher, FetcherConfig};
use futures::future::BoxFuture;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// More than any well-behaved answer of these tests.
pub const PLENTY: u64 = 1_000_000;

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// Limits that let a test end soon.
pub fn quick() -> FetcherConfig {
    FetcherConfig {
        allow_http: true,
        connect_timeout: Duration::from_millis(1_500),
        first_byte_timeout: Duration::from_millis(600),
        total_timeout: Duration::from_secs(5),
        ..FetcherConfig::default()
    }
}

/// Listeners on 127.0.0.1 and ::1, on one port, that count what reaches them.
pub struct Canary {
    pub port: u16,
    pub has_v6: bool,
    connections: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
}

impl Canary {
    pub async fn start() -> Self {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port on 127.0.0.1");
        let port = v4.local_addr().expect("an address").port();
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
        if v6.is_none() {
            println!("skipped: the canary on ::1, because this machine has no IPv6 loopback");
        }
        let canary = Self {
            port,
            has_v6: v6.is_some(),
            connections: Arc::default(),
            bytes: Arc::default(),
        };
        for listener in [Some(v4), v6].into_iter().flatten() {
            let (connections, bytes) = (Arc::clone(&canary.connections), Arc::clone(&canary.bytes));
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    connections.fetch_add(1, Ordering::SeqCst);
                    let bytes = Arc::clone(&bytes);
                    tokio::spawn(async move {
                        let mut buffer = [0u8; 1_024];
                        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                            bytes.fetch_add(count, Ordering::SeqCst);
                        }
                    });
                }
            });
        }
        canary
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }
}

/// Names that answer what a test says, in turn; the last answer stays. A name that is not listed answers loopback.
#[derive(Default)]
pub struct Names {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    pub asked: Mutex<Vec<String>>,
}

impl Names {
    pub fn with(mut self, name: &str, answers: Vec<Vec<IpAddr>>) -> Self {
        self.answers.insert(name.to_owned(), answers);
        self
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panicked here").clone()
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let bare = host.trim_end_matches('.');
        let mut asked = self.asked.lock().expect("no test panicked here");
        let turn = asked.iter().filter(|name| name.trim_end_matches('.') == bare).count();
        asked.push(host.to_owned());
        let found = match self.answers.get(bare) {
            Some(answers) => answers[turn.min(answers.len() - 1)].clone(),
            None => vec![ip("127.0.0.1"), ip("::1")],
        };
        Box::pin(async move { Ok(found) })
    }
}

/// How a [`Dialer`] treats an address.
#[derive(Clone, Copy)]
pub enum Dialing {
    /// As the system does.
    Really,
    /// Loopback really; to all else nobody answers, so that no test leaves this machine.
    OnlyHere,
    /// Another end than was asked for: what a rebinding resolver or a hostile network would do.
    Instead(SocketAddr),
}

/// Opens connections and remembers to whom.
pub struct Dialer {
    how: Dialing,
    dialled: Mutex<Vec<SocketAddr>>,
}

impl Dialer {
    pub fn new(how: Dialing) -> Arc<Self> {
        Arc::new(Self {
            how,
            dialled: Mutex::default(),
        })
    }

    pub fn dialled(&self) -> Vec<SocketAddr> {
        self.dialled.lock().expect("no test panicked here").clone()
    }
}

impl Dial for Dialer {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        self.dialled.lock().expect("no test panicked here").push(address);
        match self.how {
            Dialing::OnlyHere if !address.ip().is_loopback() => {
                Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })
            }
            Dialing::Instead(other) => SystemDialer.dial(other),
            _ => SystemDialer.dial(address),
        }
    }
}

/// A fetcher with a test's names and dialler, that believes in nobody's certificates unless told.
pub fn fetcher(config: FetcherConfig, names: &Arc<Names>, dialer: &Arc<Dialer>, roots: RootCertStore) -> Fetcher {
    let doors = Doors {
        resolver: Arc::clone(names) as Arc<dyn Resolve>,
        dialer: Arc::clone(dialer) as Arc<dyn Dial>,
        roots,
    };
    Fetcher::with_doors(config, doors).expect("a sound configuration")
}

/// The log's view of a problem.
pub fn cause(problem: &Problem) -> String {
    problem.source.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// One thing that a server does.
#[derive(Clone)]
pub enum Step {
    Say(Vec<u8>),
    Wait(Duration),
    /// Says it again and again until the other side hangs up, with a pause between.
    Repeat(Vec<u8>, Duration),
    /// Keeps the line open and says nothing more.
    Hang,
}

pub fn say(text: impl AsRef<[u8]>) -> Step {
    Step::Say(text.as_ref().to_vec())
}

/// `200 OK` with a length.
pub fn file(body: impl AsRef<[u8]>) -> Vec<Step> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {}\r\n\r\n",
        body.as_ref().len()
    );
    vec![say(head), say(body)]
}

pub fn redirect(status: u16, location: &str) -> Vec<Step> {
    vec![say(format!(
        "HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\nbody"
    ))]
}

/// A server that follows a script for each path.
pub struct Server {
    pub port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    sent: Arc<AtomicUsize>,
}

type Script = dyn Fn(&str) -> Vec<Step> + Send + Sync;

impl Server {
    pub async fn start(script: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::start_with(script, None).await
    }

    pub async fn start_with(
        script: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static,
        tls: Option<ServerConfig>,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port on 127.0.0.1");
        let server = Self {
            port: listener.local_addr().expect("an address").port(),
            requests: Arc::default(),
            sent: Arc::default(),
        };
        let script: Arc<Script> = Arc::new(script);
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let (requests, sent) = (Arc::clone(&server.requests), Arc::clone(&server.sent));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, tls) = (Arc::clone(&script), tls.clone());
                let (requests, sent) = (Arc::clone(&requests), Arc::clone(&sent));
                tokio::spawn(async move {
                    match tls {
                        None => play(stream, &*script, &requests, &sent).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => play(stream, &*script, &requests, &sent).await,
                            Err(_) => Ok(()),
                        },
                    }
                });
            }
        });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A fetcher that may reach this server and nothing else on this machine.
    pub fn fetcher(&self, config: FetcherConfig) -> Fetcher {
        let allow_private = vec![format!("127.0.0.1:{}", self.port)];
        Fetcher::new(FetcherConfig {
            allow_private,
            ..config
        })
        .expect("a sound configuration")
    }

    /// The heads of all requests, in order.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panicked here").clone()
    }

    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

async fn play<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    script: &Script,
    requests: &Mutex<Vec<String>>,
    sent: &AtomicUsize,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    requests.lock().expect("no test panicked here").push(head);
    for step in script(&path) {
        match step {
            Step::Say(bytes) => {
                stream.write_all(&bytes).await?;
                sent.fetch_add(bytes.len(), Ordering::SeqCst);
            }
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Repeat(bytes, pause) => loop {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
                sent.fetch_add(bytes.len(), Ordering::SeqCst);
                tokio::time::sleep(pause).await;
            },
            Step::Hang => std::future::pending().await,
        }
        stream.flush().await?;
    }
    stream.shutdown().await
}
