//! A connection to an address that was checked, looked at from both ends before anything is sent.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use aquatint_domain::Problem;
use futures::future::BoxFuture;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::FetcherConfig;
use super::refusal::Refusal;
use super::target::{Place, Target};

/// How many addresses of one name are tried.
const MAX_ATTEMPTS: usize = 4;

/// Opens TCP connections.
pub trait Dial: Send + Sync + 'static {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>>;
}

/// TCP as the operating system has it.
pub struct SystemDialer;

impl Dial for SystemDialer {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }
}

/// A connection, with TLS or without.
pub(super) trait Line: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

/// TLS 1.2 and 1.3 by rustls with ring. Sessions are not resumed: a ticket would link one tenant's fetch to another's.
pub(super) fn tls_config(roots: &RootCertStore) -> Result<ClientConfig, Problem> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Problem::internal)?
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Connects to the first of `addresses` that answers.
pub(super) async fn open(
    target: &Target,
    addresses: &[IpAddr],
    dialer: &dyn Dial,
    tls: &Arc<ClientConfig>,
    config: &FetcherConfig,
) -> Result<Box<dyn Line>, Refusal> {
    let stream = dial_any(target, addresses, dialer, config).await?;
    secure(target, stream, tls, config).await
}

/// TLS over a connection, where the target wants it.
pub(super) async fn secure(
    target: &Target,
    stream: TcpStream,
    tls: &Arc<ClientConfig>,
    config: &FetcherConfig,
) -> Result<Box<dyn Line>, Refusal> {
    if !target.is_tls() {
        return Ok(Box::new(stream));
    }
    let host = target.host();
    let name = match &target.place {
        Place::Address(address) => ServerName::IpAddress((*address).into()),
        Place::Name(name) => ServerName::try_from(name.clone()).map_err(|error| Refusal::Connect {
            host: host.clone(),
            cause: io::Error::other(error),
        })?,
    };
    let handshake = TlsConnector::from(Arc::clone(tls)).connect(name, stream);
    match timeout(config.connect_timeout, handshake).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(cause)) => Err(Refusal::Connect { host, cause }),
        Err(_) => Err(Refusal::TooSlow("the TLS handshake")),
    }
}

async fn dial_any(
    target: &Target,
    addresses: &[IpAddr],
    dialer: &dyn Dial,
    config: &FetcherConfig,
) -> Result<TcpStream, Refusal> {
    let attempts = &addresses[..addresses.len().min(MAX_ATTEMPTS)];
    // Each attempt gets its share, so that an address that does not answer leaves time for the next.
    let share = config.connect_timeout / u32::try_from(attempts.len()).unwrap_or(1).max(1);
    let mut last = Refusal::NoAddress(target.host());
    for address in attempts {
        match timeout(share, dialer.dial(SocketAddr::new(*address, target.port))).await {
            Ok(Ok(stream)) => {
                let peer = stream.peer_addr().ok().map(|end| end.ip());
                let local = stream.local_addr().ok().map(|end| end.ip());
                check_ends(target, *address, peer, local)?;
                return Ok(stream);
            }
            Ok(Err(cause)) => {
                last = Refusal::Connect {
                    host: target.host(),
                    cause,
                }
            }
            Err(_) => last = Refusal::TooSlow("connecting"),
        }
    }
    Err(last)
}

/// The far end must be the address that was checked. And it must not be our own: a public address
/// of this machine would reach services that a firewall shows only to it.
fn check_ends(target: &Target, checked: IpAddr, peer: Option<IpAddr>, local: Option<IpAddr>) -> Result<(), Refusal> {
    if peer != Some(checked) {
        return Err(Refusal::WrongPeer {
            host: target.host(),
            found: peer,
        });
    }
    if local.is_none_or(|local| local == checked) && !target.is_allowed_private {
        return Err(Refusal::Myself(target.host()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_checked_address_will_do_and_never_our_own() {
        let mut target = Target {
            url: url::Url::parse("https://shop.example.com/").expect("a URL"),
            path: http::uri::PathAndQuery::from_static("/"),
            place: Place::Name("shop.example.com".into()),
            port: 443,
            is_allowed_private: false,
        };
        let [far, other, local] =
            ["93.184.216.34", "127.0.0.1", "10.1.2.3"].map(|text| text.parse::<IpAddr>().expect("an address"));
        assert!(check_ends(&target, far, Some(far), Some(local)).is_ok());
        assert!(matches!(
            check_ends(&target, far, Some(other), Some(local)),
            Err(Refusal::WrongPeer { .. })
        ));
        assert!(matches!(
            check_ends(&target, far, None, Some(local)),
            Err(Refusal::WrongPeer { .. })
        ));
        assert!(matches!(
            check_ends(&target, far, Some(far), Some(far)),
            Err(Refusal::Myself(_))
        ));
        assert!(matches!(
            check_ends(&target, far, Some(far), None),
            Err(Refusal::Myself(_))
        ));
        target.is_allowed_private = true;
        assert!(check_ends(&target, other, Some(other), Some(other)).is_ok());
    }
}
