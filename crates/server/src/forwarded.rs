//! Who is behind a proxy: the address that a trusted proxy names takes the place of its own, before anything looks at it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};

/// Proxies whose word counts.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Arc<[IpAddr]>);

impl Proxies {
    pub fn new(trusted: &[IpAddr]) -> Self {
        Self(trusted.iter().map(|address| address.to_canonical()).collect())
    }

    /// Puts the client's address in the place of the proxy's.
    pub fn reveal(&self, mut request: Request) -> Request {
        let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() else {
            return request;
        };
        if self.trusts(peer.ip()) {
            let named: Vec<&str> = request
                .headers()
                .get_all("x-forwarded-for")
                .iter()
                .filter_map(|value| value.to_str().ok())
                .collect();
            if let Some(client) = self.client(&named.join(",")) {
                request
                    .extensions_mut()
                    .insert(ConnectInfo(SocketAddr::new(client, peer.port())));
            }
        }
        request
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The last address that no proxy of ours has written about another proxy of ours: whatever stands before it, the client
    /// may have made up.
    fn client(&self, named: &str) -> Option<IpAddr> {
        for part in named.rsplit(',') {
            let address: IpAddr = part.trim().parse().ok()?;
            if !self.trusts(address) {
                return Some(address.to_canonical());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_trusted_proxy_has_seen_counts() {
        let proxies = Proxies::new(&[
            "127.0.0.1".parse().expect("an address"),
            "10.0.0.2".parse().expect("an address"),
        ]);
        let ask = |peer: &str, named: Option<&str>| {
            let mut request = Request::new(axum::body::Body::empty());
            let peer: SocketAddr = format!("{peer}:1").parse().expect("an address");
            request.extensions_mut().insert(ConnectInfo(peer));
            if let Some(named) = named {
                request
                    .headers_mut()
                    .insert("x-forwarded-for", named.parse().expect("a header"));
            }
            let seen = proxies.reveal(request);
            let ConnectInfo(seen) = seen.extensions().get::<ConnectInfo<SocketAddr>>().expect("kept");
            seen.ip().to_string()
        };
        for (peer, named, seen) in [
            ("127.0.0.1", Some("203.0.113.9"), "203.0.113.9"),
            ("127.0.0.1", Some("1.2.3.4, 203.0.113.9"), "203.0.113.9"),
            ("127.0.0.1", Some("203.0.113.9, 10.0.0.2"), "203.0.113.9"),
            ("127.0.0.1", Some("2001:db8::1"), "2001:db8::1"),
            ("127.0.0.1", Some("nonsense"), "127.0.0.1"),
            ("127.0.0.1", None, "127.0.0.1"),
            ("203.0.113.5", Some("1.2.3.4"), "203.0.113.5"),
        ] {
            assert_eq!(ask(peer, named), seen, "{peer} {named:?}");
        }
    }
}
