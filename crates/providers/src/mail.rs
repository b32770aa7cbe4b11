//! The door for mail: one letter at a time to the one SMTP server that the operator named (RFC 5321; submission as RFC 6409
//! and RFC 8314 describe it). Whether and when to try again is decided above; here a failure only says which kind it is.
//!
//! Unlike [`crate::fetch`] it goes where it is told, private networks too: no stranger can name the server.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use aquatint_domain::{Code, Problem, Timestamp, text};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{Address, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;

/// Submission with STARTTLS (RFC 6409), and with TLS from the first byte (RFC 8314).
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;
/// For one connection attempt, and for a whole letter.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const LETTER_TIMEOUT: Duration = Duration::from_secs(60);
/// Characters of what a server said.
const SAID_CHARS: usize = 300;
/// Replies that speak of how we came in and not of the letter (RFC 4954, section 6; RFC 5321, section 4.2.2): a setting is
/// wrong, and the letter may wait until it is right.
const ABOUT_US: [u16; 7] = [500, 502, 503, 530, 534, 535, 538];

/// How letters leave, as the operator says it.
#[derive(Clone, Default)]
pub struct MailConfig {
    pub server: Option<MailServer>,
    /// Over those in the URL.
    pub user: Option<String>,
    pub password: Option<String>,
    pub from: Option<MailAddress>,
    pub reply_to: Option<MailAddress>,
    pub tls: MailTls,
    /// Certificates of authorities, PEM, beside the public ones.
    pub trust: Option<PathBuf>,
}

/// Whether letters go through TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailTls {
    /// Always, except to this very machine by `smtp://`.
    #[default]
    Usual,
    Required,
    Off,
}

/// A server from `smtp://` or `smtps://`.
#[derive(Clone)]
pub struct MailServer {
    host: String,
    port: u16,
    /// TLS from the first byte.
    is_wrapped: bool,
    user: Option<String>,
    password: Option<String>,
}

/// An address, perhaps with a name: `Studio <studio@example.com>`.
#[derive(Clone, Debug)]
pub struct MailAddress(Mailbox);

/// One letter, in both forms that mail programs show.
pub struct Letter<'a> {
    /// The same at every try, so that a letter that came twice can be told.
    pub id: &'a str,
    pub at: Timestamp,
    /// An address alone.
    pub to: &'a str,
    pub subject: &'a str,
    pub text: String,
    pub html: String,
}

/// Why a letter did not leave.
#[derive(Debug)]
pub struct NotSent {
    /// The server does not want this letter; trying again changes nothing.
    pub is_final: bool,
    /// For the operator; what the server said is in it.
    pub why: String,
}

/// Sends letters. A connection lasts as long as its letter.
pub struct MailDoor {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    server: String,
}

impl MailDoor {
    /// The door that the settings describe; `None` where they describe none.
    pub fn open(config: &MailConfig) -> Result<Option<Self>, Problem> {
        let (server, from) = match (&config.server, &config.from) {
            (Some(server), Some(from)) => (server, from.0.clone()),
            (None, None) => return Ok(None),
            (Some(_), None) => {
                return Err(Problem::invalid(
                    "mail.from",
                    "`mail.url` needs `mail.from`: who sends.",
                ));
            }
            (None, Some(_)) => {
                return Err(Problem::invalid(
                    "mail.url",
                    "`mail.from` needs `mail.url`: the server that takes mail.",
                ));
            }
        };
        let (user, password) = (
            config.user.as_ref().or(server.user.as_ref()),
            config.password.as_ref().or(server.password.as_ref()),
        );
        let tls = tls(config, server)?;
        if user.is_some() && !server.is_here() && matches!(tls, Tls::None) {
            return Err(Problem::invalid(
                "mail.tls",
                "Without TLS the password of the mail server would cross the network in the clear. Leave `mail.tls` out, or the password.",
            ));
        }
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(CONNECT_TIMEOUT))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()));
        match (user, password) {
            (Some(user), Some(password)) => {
                transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
            }
            (None, None) => {}
            _ => {
                return Err(Problem::invalid(
                    "mail.password",
                    "The mail server needs a user and a password, or neither.",
                ));
            }
        }
        Ok(Some(Self {
            transport: transport.build(),
            from,
            reply_to: config.reply_to.as_ref().map(|address| address.0.clone()),
            server: server.to_string(),
        }))
    }

    /// `host:port`, without secrets.
    pub fn server(&self) -> &str {
        &self.server
    }

    pub fn from(&self) -> String {
        self.from.to_string()
    }

    /// Connects, greets and signs in, and sends nothing.
    pub async fn check(&self) -> Result<(), NotSent> {
        match tokio::time::timeout(LETTER_TIMEOUT, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(later("the server did not take NOOP".into())),
            Ok(Err(error)) => Err(refused(&error)),
            Err(_) => Err(too_slow()),
        }
    }

    /// Hands one letter to the server. When this says `Ok`, the server has taken the letter over.
    pub async fn send(&self, letter: Letter<'_>) -> Result<(), NotSent> {
        let unusable = |why: String| NotSent { is_final: true, why };
        let to: Address = letter
            .to
            .parse()
            .map_err(|_| unusable("this is no address that mail can be sent to".into()))?;
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .date(SystemTime::from(letter.at))
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            // RFC 3834: no out-of-office reply is wanted.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".into(),
            ));
        if let Some(reply_to) = &self.reply_to {
            message = message.reply_to(reply_to.clone());
        }
        let message = message
            .multipart(MultiPart::alternative_plain_html(letter.text, letter.html))
            .map_err(|error| unusable(error.to_string()))?;
        match tokio::time::timeout(LETTER_TIMEOUT, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refused(&error)),
            Err(_) => Err(too_slow()),
        }
    }
}

/// Whether mail can be sent to an address at all.
pub fn is_mail_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

fn tls(config: &MailConfig, server: &MailServer) -> Result<Tls, Problem> {
    let parameters = || {
        let mut builder = TlsParameters::builder(server.host.clone());
        if let Some(path) = &config.trust {
            let unusable = |why: String| {
                Problem::invalid(
                    "mail.trust",
                    format!("The certificates in {} cannot be used: {why}.", path.display()),
                )
            };
            let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
            let certificate = Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
            builder = builder.add_root_certificate(certificate);
        }
        builder.build_rustls().map_err(Problem::internal)
    };
    Ok(match (server.is_wrapped, config.tls) {
        (true, MailTls::Off) => {
            return Err(Problem::invalid(
                "mail.tls",
                "`smtps://` is TLS; write `smtp://` to go without.",
            ));
        }
        (true, _) => Tls::Wrapper(parameters()?),
        (false, MailTls::Off) => Tls::None,
        (false, MailTls::Usual) if server.is_here() => Tls::None,
        (false, _) => Tls::Required(parameters()?),
    })
}

fn refused(error: &Error) -> NotSent {
    let mut why = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let words = cause.to_string();
        if !why.contains(&words) {
            why = format!("{why}: {words}");
        }
        source = cause.source();
    }
    let is_about_us = error.status().is_some_and(|code| ABOUT_US.contains(&u16::from(code)));
    NotSent {
        is_final: error.is_permanent() && !is_about_us,
        why: text::one_line(&why, SAID_CHARS),
    }
}

fn too_slow() -> NotSent {
    later(format!("the server took longer than {} s", LETTER_TIMEOUT.as_secs()))
}

fn later(why: String) -> NotSent {
    NotSent { is_final: false, why }
}

impl NotSent {
    /// The same for a person at the machine.
    pub fn into_problem(self, server: &str) -> Problem {
        Problem::new(
            Code::Unavailable,
            format!("The mail server {server} did not take the letter: {}.", self.why),
        )
    }
}

impl MailServer {
    /// Whether it is this machine, so that nobody is on the way.
    fn is_here(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for MailServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = url::Url::parse(text)
            .map_err(|_| "a URL such as smtp://user:password@mail.example.com:587 is needed".to_owned())?;
        let is_wrapped = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err("it must begin with smtp:// or smtps://".into()),
        };
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or("it names no host")?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("it ends after the port".into());
        }
        let part = |text: &str| -> Result<Option<String>, String> {
            let decoded = percent_decode_str(text)
                .decode_utf8()
                .map_err(|_| "user and password must be UTF-8, percent-encoded".to_owned())?;
            Ok(Some(decoded.into_owned()).filter(|decoded| !decoded.is_empty()))
        };
        let usual = if is_wrapped { SUBMISSIONS_PORT } else { SUBMISSION_PORT };
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port().unwrap_or(usual),
            is_wrapped,
            user: part(url.username())?,
            password: url.password().map(part).transpose()?.flatten(),
        })
    }
}

/// Without user and password.
impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailServer({self})")
    }
}

impl fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailConfig")
            .field("server", &self.server)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

impl FromStr for MailAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| "an address such as studio@example.com or Studio <studio@example.com> is needed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> MailConfig {
        MailConfig {
            server: Some(url.parse().expect("a server")),
            from: Some("Studio <studio@example.com>".parse().expect("an address")),
            ..MailConfig::default()
        }
    }

    #[test]
    fn a_url_says_host_port_and_who_and_shows_no_secret() {
        for (url, shown, user, password) in [
            ("smtp://mail.example.com", "mail.example.com:587", None, None),
            ("smtps://mail.example.com/", "mail.example.com:465", None, None),
            (
                "smtp://me%40example.com:p%3Ass@10.0.0.1:25",
                "10.0.0.1:25",
                Some("me@example.com"),
                Some("p:ss"),
            ),
            ("smtp://u:p@[::1]:2525", "::1:2525", Some("u"), Some("p")),
        ] {
            let server: MailServer = url.parse().expect("good");
            assert_eq!(server.to_string(), shown);
            assert_eq!((server.user.as_deref(), server.password.as_deref()), (user, password));
            assert!(!format!("{server:?} {:?}", config(url)).contains("p:ss"));
        }
        for wrong in [
            "",
            "mail.example.com",
            "http://mail.example.com",
            "smtp://",
            "smtp://h/path",
            "smtp://h?tls=none",
            "smtp://%ff@h",
        ] {
            assert!(wrong.parse::<MailServer>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn tls_is_left_out_only_on_this_machine_or_on_demand() {
        let kind = |url: &str, wanted: MailTls| {
            let config = MailConfig {
                tls: wanted,
                ..config(url)
            };
            let server = config.server.clone().expect("a server");
            tls(&config, &server).map(|tls| match tls {
                Tls::None => "none",
                Tls::Required(_) => "starttls",
                Tls::Wrapper(_) => "wrapped",
                _ => "opportunistic",
            })
        };
        for (url, wanted, expected) in [
            ("smtp://mail.example.com", MailTls::Usual, "starttls"),
            ("smtp://10.1.1.1", MailTls::Usual, "starttls"),
            ("smtp://mail.example.com", MailTls::Off, "none"),
            ("smtp://localhost", MailTls::Usual, "none"),
            ("smtp://127.0.0.1", MailTls::Usual, "none"),
            ("smtp://[::1]", MailTls::Usual, "none"),
            ("smtp://localhost.example.com", MailTls::Usual, "starttls"),
            ("smtp://127.0.0.1", MailTls::Required, "starttls"),
            ("smtps://127.0.0.1", MailTls::Usual, "wrapped"),
        ] {
            assert_eq!(kind(url, wanted).expect("works"), expected, "{url}");
        }
        assert!(kind("smtps://mail.example.com", MailTls::Off).is_err());
    }

    #[test]
    fn half_a_configuration_is_an_error_that_says_what_is_missing() {
        assert!(
            MailDoor::open(&MailConfig::default())
                .expect("nothing is fine")
                .is_none()
        );
        assert!(
            MailDoor::open(&config("smtp://u:p@mail.example.com"))
                .expect("works")
                .is_some()
        );
        for (wrong, field) in [
            (
                MailConfig {
                    from: None,
                    ..config("smtp://h")
                },
                "mail.from",
            ),
            (
                MailConfig {
                    server: None,
                    ..config("smtp://h")
                },
                "mail.url",
            ),
            (
                MailConfig {
                    tls: MailTls::Off,
                    ..config("smtp://u:p@h")
                },
                "mail.tls",
            ),
            (config("smtp://u@h"), "mail.password"),
            (
                MailConfig {
                    trust: Some("/nowhere.pem".into()),
                    ..config("smtp://h")
                },
                "mail.trust",
            ),
        ] {
            let problem = MailDoor::open(&wrong).err().expect("refused");
            assert_eq!(problem.field.as_deref(), Some(field), "{}", problem.message);
        }
    }
}
