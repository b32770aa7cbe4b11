//! Names to addresses, by ourselves: the address that is judged is the address that is dialled.
//!
//! The system's resolver (`getaddrinfo`, through tokio) is used rather than a resolver of our own: it
//! follows `/etc/hosts`, split DNS and the order of addresses as the operator set them up, and
//! brings no second DNS parser into the program. Its price is a thread for each lookup, hence the limit.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::FetcherConfig;
use super::addresses::is_public;
use super::refusal::Refusal;
use super::target::{Place, Target};

/// A name with more answers than this is not a web server.
const MAX_ADDRESSES: usize = 64;
/// Lookups at the same time; each holds a thread until the system gives up on it.
const MAX_LOOKUPS: usize = 64;

/// Finds the addresses of a host name.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of `host`; asked once for each hop.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The resolver of the operating system.
pub struct SystemResolver {
    lookups: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self {
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
        }
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let permit = Arc::clone(&self.lookups)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            let host = host.to_owned();
            // A task of its own, so that a lookup that the caller gave up on keeps its permit until its thread is free.
            let lookup = tokio::spawn(async move {
                let _permit = permit;
                let found = tokio::net::lookup_host((host, 0)).await?;
                Ok(found.map(|address| address.ip()).take(MAX_ADDRESSES + 1).collect())
            });
            lookup.await.map_err(io::Error::other)?
        })
    }
}

/// The addresses to dial, every one of them public or allowed by the operator.
pub(super) async fn public_addresses(
    target: &Target,
    resolver: &dyn Resolve,
    config: &FetcherConfig,
) -> Result<Vec<IpAddr>, Refusal> {
    let host = target.host();
    let addresses = match &target.place {
        // Judged when the URL was read; judged again below, because this is the last gate before a connection.
        Place::Address(address) => vec![*address],
        Place::Name(name) => {
            // The dot at the end keeps the system from trying the name inside its own search domains.
            let absolute = if target.is_allowed_private {
                name.clone()
            } else {
                format!("{name}.")
            };
            let found = timeout(config.connect_timeout, resolver.resolve(&absolute)).await;
            match found.map_err(|_| Refusal::TooSlow("the lookup of the name"))? {
                Ok(addresses) => addresses,
                Err(cause) => return Err(Refusal::Lookup { host, cause }),
            }
        }
    };
    if addresses.is_empty() {
        return Err(Refusal::NoAddress(host));
    }
    if addresses.len() > MAX_ADDRESSES {
        return Err(Refusal::TooManyAddresses {
            host,
            limit: MAX_ADDRESSES,
        });
    }
    if target.is_allowed_private {
        return Ok(addresses);
    }
    // One private answer spoils them all: a name that mixes is either broken or an attack.
    match addresses.iter().find(|address| !is_public(**address)) {
        Some(address) => Err(Refusal::PrivateAddress {
            host,
            address: *address,
        }),
        None => Ok(addresses),
    }
}
