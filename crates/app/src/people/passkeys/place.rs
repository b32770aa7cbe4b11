//! Where passkeys work: the RP ID and the one origin whose pages may ask for them.

use aquatint_domain::{Code, Problem};

use super::webauthn::RelyingParty;
use crate::studio::Studio;

impl Studio {
    /// The origin at which passkeys work; or why they work nowhere, and what the operator can do.
    pub fn passkey_origin(&self) -> Result<String, Problem> {
        Ok(self.relying_party()?.origin)
    }

    /// From the public URL alone, never from what a request says of its host.
    pub(super) fn relying_party(&self) -> Result<RelyingParty, Problem> {
        relying_party(&self.public_url())
    }
}

/// Where passkeys work for a public URL. An RP ID is a name, never an address (section 5.1.2 of the specification: a valid domain);
/// `localhost` stands for this machine. Browsers offer passkeys on secure pages only.
fn relying_party(public_url: &str) -> Result<RelyingParty, Problem> {
    let nowhere = |hint: &str| {
        Problem::new(Code::Conflict, "Passkeys do not work at this studio's address.").hint(hint.to_owned())
    };
    let mut url = url::Url::parse(public_url).map_err(Problem::internal)?;
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    if is_loopback {
        url.set_host(Some("localhost")).map_err(Problem::internal)?;
    }
    let Some(url::Host::Domain(name)) = url.host() else {
        return Err(nowhere(
            "Set `public_url` to an https address with a host name: browsers make no passkeys for a numeric one.",
        ));
    };
    let is_this_machine = name == "localhost" || name.ends_with(".localhost");
    if url.scheme() != "https" && !is_this_machine {
        return Err(nowhere(
            "Set `public_url` to an https address: browsers make no passkeys over plain http.",
        ));
    }
    Ok(RelyingParty {
        id: name.to_owned(),
        origin: url.origin().ascii_serialization(),
    })
}

#[cfg(test)]
mod tests {
    use super::relying_party;

    #[test]
    fn passkeys_work_at_names_over_https_and_on_this_machine() {
        for (url, id, origin) in [
            (
                "https://studio.example.com",
                "studio.example.com",
                "https://studio.example.com",
            ),
            (
                "https://studio.example.com:8443/pictures",
                "studio.example.com",
                "https://studio.example.com:8443",
            ),
            (
                "https://bücher.example",
                "xn--bcher-kva.example",
                "https://xn--bcher-kva.example",
            ),
            ("http://localhost:8787", "localhost", "http://localhost:8787"),
            ("http://127.0.0.1:8787", "localhost", "http://localhost:8787"),
            ("http://[::1]:8787", "localhost", "http://localhost:8787"),
            ("http://studio.localhost", "studio.localhost", "http://studio.localhost"),
        ] {
            let party = relying_party(url).expect("works");
            assert_eq!((party.id.as_str(), party.origin.as_str()), (id, origin), "{url}");
        }
        for (url, hint) in [
            ("http://studio.example.com", "plain http"),
            ("http://192.168.1.5:8787", "numeric"),
            ("https://192.0.2.7", "numeric"),
            ("https://[2001:db8::1]", "numeric"),
            ("http://localhost.evil.com", "plain http"),
        ] {
            let refused = relying_party(url).expect_err("does not work");
            let told = refused.hint.unwrap_or_default();
            assert!(told.contains("public_url") && told.contains(hint), "{url}: {told}");
        }
    }
}
