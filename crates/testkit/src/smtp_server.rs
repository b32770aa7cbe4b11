//! A mail server of a stranger: takes letters as RFC 5321 says, is strict about what a client sends, and misbehaves on demand.
//!
//! A command out of order, a line that does not end in CR LF, a parameter that was not offered or a dot that is not doubled is noted in
//! [`SmtpServer::wrong`], which a test expects to be empty.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// RFC 5321, section 4.5.3.1: octets of a command line and of a line of text, CR LF included.
const COMMAND_BYTES: usize = 512;
const TEXT_LINE_BYTES: usize = 1_000;
const LETTER_BYTES: usize = 1_000_000;

/// How clients come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpTls {
    #[default]
    Never,
    /// Offered, and asked for before anything else.
    StartTls,
    /// From the first byte.
    Wrapped,
}

/// How the server is just now.
#[derive(Clone, Debug, Default)]
pub enum SmtpMood {
    #[default]
    Well,
    /// Answers this verb (`CONNECT`, `EHLO`, `AUTH`, `MAIL`, `RCPT`, `DATA`, or `END` for the end of a letter) with this line.
    Answers(&'static str, &'static str),
    /// Hangs up when it hears this verb.
    HangsUp(&'static str),
    /// Hangs up after half of a letter.
    HangsUpInALetter,
    /// Takes so long before each answer.
    Slow(Duration),
}

/// A letter that was taken.
#[derive(Clone, Debug)]
pub struct ReceivedMail {
    /// The envelope.
    pub from: String,
    pub to: Vec<String>,
    /// As it was sent, with doubled dots made single.
    pub data: String,
    pub was_encrypted: bool,
    pub user: Option<String>,
}

/// The server; it ends when it is dropped.
pub struct SmtpServer {
    port: u16,
    shared: Arc<Shared>,
    authority_pem: String,
    task: JoinHandle<()>,
}

struct Shared {
    tls: SmtpTls,
    login: Option<(String, String)>,
    acceptor: TlsAcceptor,
    mood: Mutex<SmtpMood>,
    mails: Mutex<Vec<ReceivedMail>>,
    wrong: Mutex<Vec<String>>,
    connections: Mutex<u32>,
}

impl SmtpServer {
    /// Takes letters from everybody, without TLS.
    pub async fn start() -> Self {
        Self::start_with(SmtpTls::Never, None).await
    }

    /// Takes letters from whoever knows user and password.
    pub async fn start_with(tls: SmtpTls, login: Option<(&str, &str)>) -> Self {
        let (acceptor, authority_pem) = identity();
        let shared = Arc::new(Shared {
            tls,
            login: login.map(|(user, password)| (user.to_owned(), password.to_owned())),
            acceptor,
            mood: Mutex::default(),
            mails: Mutex::default(),
            wrong: Mutex::default(),
            connections: Mutex::default(),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let state = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *state.connections.lock() += 1;
                let state = state.clone();
                // A client that goes away ends its conversation.
                tokio::spawn(async move {
                    let _ = converse(stream, &state).await;
                });
            }
        });
        Self {
            port,
            shared,
            authority_pem,
            task,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority behind its own, which is for `localhost`.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    pub fn set_mood(&self, mood: SmtpMood) {
        *self.shared.mood.lock() = mood;
    }

    /// The letters that were taken, in order.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.shared.mails.lock().clone()
    }

    /// What clients did that the protocol does not allow.
    pub fn wrong(&self) -> Vec<String> {
        self.shared.wrong.lock().clone()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> u32 {
        *self.shared.connections.lock()
    }

    /// Waits until so many letters were taken; panics after half a minute.
    pub async fn wait_for(&self, count: usize) -> Vec<ReceivedMail> {
        for _ in 0..600 {
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "{count} letters were expected, {} came; wrong: {:?}",
            self.mails().len(),
            self.wrong()
        );
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ReceivedMail {
    /// A header, unfolded and with encoded words (RFC 2047) read; empty where there is none.
    pub fn header(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap_or_default();
        header(head, name)
    }

    /// How often a header stands in the head.
    pub fn count(&self, name: &str) -> usize {
        let head = self.data.split("\r\n\r\n").next().unwrap_or_default();
        let name = format!("{}:", name.to_lowercase());
        head.lines()
            .filter(|line| line.to_lowercase().starts_with(&name))
            .count()
    }

    /// The part of that type (`text/plain`), decoded. The letter must be a well-formed `multipart/alternative`.
    pub fn part(&self, media_type: &str) -> String {
        let kind = self.header("Content-Type");
        assert!(kind.starts_with("multipart/alternative"), "{kind}");
        let boundary = kind.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next());
        let boundary = boundary.unwrap_or_else(|| panic!("no boundary in {kind}"));
        let (_, body) = self.data.split_once("\r\n\r\n").expect("a body");
        assert!(
            body.trim_end().ends_with(&format!("--{boundary}--")),
            "it does not end: {body}"
        );
        let found = body.split(&format!("--{boundary}\r\n")).skip(1).find_map(|part| {
            let part = part.split(&format!("\r\n--{boundary}")).next().unwrap_or_default();
            let (head, text) = part.split_once("\r\n\r\n")?;
            let kind = header(head, "Content-Type").to_lowercase();
            if !kind.starts_with(media_type) {
                return None;
            }
            assert!(kind.contains("charset=utf-8"), "{kind}");
            Some(decoded(text, &header(head, "Content-Transfer-Encoding")))
        });
        found.unwrap_or_else(|| panic!("no {media_type} in {}", self.data))
    }

    /// The first address in the plain text that begins so, to the end of its line.
    pub fn link(&self, begins: &str) -> String {
        let text = self.part("text/plain");
        let found = text.lines().find(|line| line.starts_with(begins));
        found
            .unwrap_or_else(|| panic!("no {begins} in {text}"))
            .trim()
            .to_owned()
    }
}

fn header(head: &str, name: &str) -> String {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let name = format!("{}:", name.to_lowercase());
    let line = unfolded
        .split("\r\n")
        .find(|line| line.to_lowercase().starts_with(&name));
    let value = line.map(|line| line[name.len()..].trim()).unwrap_or_default();
    // White space between two encoded words is no part of the text.
    let mut text = String::new();
    let mut was_encoded = false;
    for word in value.split(' ') {
        let read = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|word| word.strip_suffix("?="))
            .map(|word| STANDARD.decode(word).expect("base64"));
        let is_encoded = read.is_some();
        if !(text.is_empty() || is_encoded && was_encoded) {
            text.push(' ');
        }
        match read {
            Some(bytes) => text.push_str(&String::from_utf8(bytes).expect("UTF-8")),
            None => text.push_str(word),
        }
        was_encoded = is_encoded;
    }
    text
}

fn decoded(text: &str, encoding: &str) -> String {
    match encoding {
        "7bit" => {
            assert!(text.is_ascii(), "8 bits in 7bit");
            text.to_owned()
        }
        "base64" => {
            let packed: String = text.chars().filter(|ch| !ch.is_whitespace()).collect();
            String::from_utf8(STANDARD.decode(packed).expect("base64")).expect("UTF-8")
        }
        "quoted-printable" => {
            assert!(text.lines().all(|line| line.len() <= 76), "a line is longer than 76");
            let joined = text.replace("=\r\n", "");
            let mut bytes = Vec::new();
            let mut rest = joined.as_bytes();
            while let Some((&first, tail)) = rest.split_first() {
                if first == b'=' {
                    let hex = std::str::from_utf8(&tail[..2]).expect("hex");
                    bytes.push(u8::from_str_radix(hex, 16).expect("hex"));
                    rest = &tail[2..];
                } else {
                    bytes.push(first);
                    rest = tail;
                }
            }
            String::from_utf8(bytes).expect("UTF-8")
        }
        other => panic!("the transfer encoding {other:?} is not expected"),
    }
}

/// A certificate for `localhost`, and the authority that signed it.
fn identity() -> (TlsAcceptor, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["localhost".to_owned()])
        .expect("a name")
        .signed_by(&key, &authority)
        .expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS")
        .with_no_client_auth()
        .with_single_cert(
            vec![own.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .expect("the key fits");
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

trait Line: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

/// One client, from its greeting to its end.
struct Conversation<'a> {
    line: BufReader<Box<dyn Line>>,
    shared: &'a Shared,
    is_encrypted: bool,
    is_greeted: bool,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

async fn converse(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let is_wrapped = shared.tls == SmtpTls::Wrapped;
    let stream: Box<dyn Line> = if is_wrapped {
        Box::new(shared.acceptor.accept(stream).await?)
    } else {
        Box::new(stream)
    };
    let mut talk = Conversation {
        line: BufReader::new(stream),
        shared,
        is_encrypted: is_wrapped,
        is_greeted: false,
        user: None,
        from: None,
        to: Vec::new(),
    };
    if !talk.answer("CONNECT", "220 mail.example.com ESMTP").await? {
        return Ok(());
    }
    loop {
        let Some(command) = talk.command().await? else {
            return Ok(());
        };
        let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
        let verb = verb.to_uppercase();
        let goes_on = match verb.as_str() {
            "EHLO" => talk.ehlo(rest).await?,
            "STARTTLS" => {
                if shared.tls != SmtpTls::StartTls || talk.is_encrypted || !talk.is_greeted {
                    talk.object("STARTTLS was not offered").await?
                } else {
                    talk.answer("STARTTLS", "220 go ahead").await?;
                    if !talk.line.buffer().is_empty() {
                        shared
                            .wrong
                            .lock()
                            .push("something came between STARTTLS and TLS".into());
                        return Ok(());
                    }
                    let plain = talk.line.into_inner();
                    talk.line = BufReader::new(Box::new(shared.acceptor.accept(plain).await?));
                    talk.is_encrypted = true;
                    // RFC 3207, section 4.2: what was said before does not count.
                    talk.is_greeted = false;
                    true
                }
            }
            "AUTH" => talk.auth(rest).await?,
            "MAIL" => talk.mail(rest).await?,
            "RCPT" => talk.rcpt(rest).await?,
            "DATA" => talk.data(rest).await?,
            "NOOP" => talk.answer("NOOP", "250 fine").await?,
            "RSET" => {
                (talk.from, talk.to) = (None, Vec::new());
                talk.answer("RSET", "250 fine").await?
            }
            "QUIT" => {
                talk.answer("QUIT", "221 bye").await?;
                return Ok(());
            }
            _ => talk.object("an unknown command").await?,
        };
        if !goes_on {
            return Ok(());
        }
    }
}

impl Conversation<'_> {
    /// Answers as it would, or as the mood has it. `false` ends the conversation.
    async fn answer(&mut self, verb: &str, usual: &str) -> std::io::Result<bool> {
        let mood = self.shared.mood.lock().clone();
        let line = match mood {
            SmtpMood::Answers(at, line) if at == verb => line.to_owned(),
            SmtpMood::HangsUp(at) if at == verb => return Ok(false),
            SmtpMood::Slow(pause) => {
                tokio::time::sleep(pause).await;
                usual.to_owned()
            }
            _ => usual.to_owned(),
        };
        self.line.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.line.flush().await?;
        Ok(true)
    }

    /// Notes what is wrong, and says so.
    async fn object(&mut self, what: &str) -> std::io::Result<bool> {
        self.shared.wrong.lock().push(what.to_owned());
        self.answer("", &format!("503 {what}")).await
    }

    /// Whether the mood lets this verb pass.
    fn is_well_at(&self, verb: &str) -> bool {
        !matches!(&*self.shared.mood.lock(), SmtpMood::Answers(at, _) | SmtpMood::HangsUp(at) if *at == verb)
    }

    async fn command(&mut self) -> std::io::Result<Option<String>> {
        let mut bytes = Vec::new();
        let read = (&mut self.line)
            .take(COMMAND_BYTES as u64)
            .read_until(b'\n', &mut bytes)
            .await?;
        if read == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some(text) = text.strip_suffix("\r\n") else {
            self.shared
                .wrong
                .lock()
                .push(format!("a command without CR LF: {text:?}"));
            return Ok(None);
        };
        Ok(Some(text.to_owned()))
    }

    async fn ehlo(&mut self, name: &str) -> std::io::Result<bool> {
        let is_name = name.starts_with('[') && name.ends_with(']')
            || !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        if !is_name {
            return self.object(&format!("EHLO with {name:?}")).await;
        }
        self.is_greeted = true;
        let mut lines = vec![
            "mail.example.com".to_owned(),
            "8BITMIME".into(),
            format!("SIZE {LETTER_BYTES}"),
        ];
        if self.shared.tls == SmtpTls::StartTls && !self.is_encrypted {
            lines.push("STARTTLS".into());
        } else if self.shared.login.is_some() {
            lines.push("AUTH PLAIN LOGIN".into());
        }
        let last = lines.len() - 1;
        let text: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(index, line)| format!("250{}{line}", if index == last { ' ' } else { '-' }))
            .collect();
        self.answer("EHLO", &text.join("\r\n")).await
    }

    async fn auth(&mut self, rest: &str) -> std::io::Result<bool> {
        let Some((user, password)) = self.shared.login.clone() else {
            return self.object("AUTH was not offered").await;
        };
        if !self.is_greeted || self.shared.tls == SmtpTls::StartTls && !self.is_encrypted {
            return self.object("AUTH before EHLO or TLS").await;
        }
        let given = match rest.split_once(' ') {
            Some(("PLAIN", given)) => given.to_owned(),
            _ => {
                self.answer("", "334 ").await?;
                self.command().await?.unwrap_or_default()
            }
        };
        // RFC 4616: an empty authorization identity, the user, the password, with NUL between.
        let expected = STANDARD.encode(format!("\0{user}\0{password}"));
        if given != expected {
            return self.answer("AUTH", "535 5.7.8 these credentials are not right").await;
        }
        if self.is_well_at("AUTH") {
            self.user = Some(user);
        }
        self.answer("AUTH", "235 2.7.0 welcome").await
    }

    async fn mail(&mut self, rest: &str) -> std::io::Result<bool> {
        if self.shared.tls == SmtpTls::StartTls && !self.is_encrypted {
            return self.answer("", "530 5.7.0 STARTTLS comes first").await;
        }
        if self.shared.login.is_some() && self.user.is_none() {
            return self.answer("", "530 5.7.0 AUTH comes first").await;
        }
        let (path, parameters) = rest.split_once(' ').unwrap_or((rest, ""));
        let address = path.strip_prefix("FROM:<").and_then(|path| path.strip_suffix('>'));
        let known = |parameter: &str| parameter == "BODY=8BITMIME" || parameter.starts_with("SIZE=");
        match address {
            Some(address) if self.is_greeted && self.from.is_none() && address.is_ascii() => {
                if let Some(strange) = parameters.split_whitespace().find(|parameter| !known(parameter)) {
                    return self.object(&format!("{strange} was not offered")).await;
                }
                if self.is_well_at("MAIL") {
                    self.from = Some(address.to_owned());
                }
                self.answer("MAIL", "250 2.1.0 fine").await
            }
            _ => self.object(&format!("MAIL {rest}")).await,
        }
    }

    async fn rcpt(&mut self, rest: &str) -> std::io::Result<bool> {
        let address = rest.strip_prefix("TO:<").and_then(|path| path.strip_suffix('>'));
        match address {
            Some(address) if self.from.is_some() && address.contains('@') && address.is_ascii() => {
                if self.is_well_at("RCPT") {
                    self.to.push(address.to_owned());
                }
                self.answer("RCPT", "250 2.1.5 fine").await
            }
            _ => self.object(&format!("RCPT {rest}")).await,
        }
    }

    async fn data(&mut self, rest: &str) -> std::io::Result<bool> {
        if self.to.is_empty() || !rest.is_empty() {
            return self.object("DATA without recipients").await;
        }
        if !self.answer("DATA", "354 end with a dot").await? {
            return Ok(false);
        }
        if !self.is_well_at("DATA") {
            return Ok(true);
        }
        let mut text = String::new();
        loop {
            let mut bytes = Vec::new();
            let limit = TEXT_LINE_BYTES as u64 + 1;
            if (&mut self.line).take(limit).read_until(b'\n', &mut bytes).await? == 0 {
                return Ok(false);
            }
            if matches!(&*self.shared.mood.lock(), SmtpMood::HangsUpInALetter) && text.len() > 300 {
                return Ok(false);
            }
            let line = String::from_utf8_lossy(&bytes).into_owned();
            let Some(line) = line.strip_suffix("\r\n").filter(|line| !line.contains(['\r', '\n'])) else {
                self.shared
                    .wrong
                    .lock()
                    .push(format!("a line without CR LF, or too long: {line:?}"));
                return Ok(false);
            };
            if line == "." {
                break;
            }
            match line.strip_prefix('.') {
                Some(rest) if rest.starts_with('.') => text.push_str(rest),
                Some(_) => {
                    self.shared
                        .wrong
                        .lock()
                        .push(format!("a dot that is not doubled: {line:?}"));
                    text.push_str(line);
                }
                None => text.push_str(line),
            }
            text.push_str("\r\n");
            if text.len() > LETTER_BYTES {
                return self.object("a letter above the size that was offered").await;
            }
        }
        self.check_letter(&text);
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        if self.is_well_at("END") {
            self.shared.mails.lock().push(ReceivedMail {
                from,
                to,
                data: text,
                was_encrypted: self.is_encrypted,
                user: self.user.clone(),
            });
        }
        self.answer("END", "250 2.0.0 taken").await
    }

    /// What RFC 5322 asks of every letter.
    fn check_letter(&self, text: &str) {
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let mut counts: HashMap<String, u32> = HashMap::new();
        for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
            let Some((name, _)) = line.split_once(':') else {
                self.shared
                    .wrong
                    .lock()
                    .push(format!("a header without a colon: {line:?}"));
                return;
            };
            *counts.entry(name.to_lowercase()).or_default() += 1;
        }
        for name in [
            "date",
            "from",
            "to",
            "subject",
            "message-id",
            "mime-version",
            "content-type",
        ] {
            if counts.get(name) != Some(&1) {
                self.shared
                    .wrong
                    .lock()
                    .push(format!("{name} stands {:?} times", counts.get(name)));
            }
        }
        if !head.is_ascii() {
            self.shared.wrong.lock().push("the head is not ASCII".into());
        }
    }
}
