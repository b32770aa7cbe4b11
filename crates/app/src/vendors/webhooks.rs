//! Webhooks: a vendor tells us that a task of its is done.
//!
//! Each purchase has an address of its own, which nobody but its vendor is told, and which is signed by our secret, so that a
//! stranger's costs us a hash and no more. What comes there is verified as the vendor documents it, and then believed as far
//! as this: it is worth asking now. The task is looked up under the id that we stored, so that nothing in a delivery
//! matters, whoever wrote it. One that comes twice, late, or never costs nothing but that.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use aquatint_domain::{Code, JobId, Problem, Timestamp};
use aquatint_providers::webhook::Delivery;
use aquatint_providers::{Bell, Facts, FaultKind, Webhook, provider};
use aquatint_store::Purchase;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::purchase::Body;
use crate::people::Limit;
use crate::studio::Studio;

/// Deliveries to one address that are looked at in a quarter of an hour. Vendors send one for each state, and each a few times.
const MOST_DELIVERIES: u32 = 60;
/// Deliveries that are verified at the same time: some have us ask the vendor for its keys.
const AT_ONCE: usize = 8;
/// How often a worker looks whether another process was told.
const LISTEN_EVERY: Duration = Duration::from_secs(3);
/// Bytes of the mark that makes an address ours.
const MARK_BYTES: usize = 16;

/// The bells of this process, by purchase.
pub(crate) struct Doorbells {
    bells: Mutex<HashMap<(JobId, u32), Bell>>,
    places: Semaphore,
}

impl Default for Doorbells {
    fn default() -> Self {
        Self {
            bells: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
        }
    }
}

/// A bell that hangs until it is dropped.
pub(crate) struct Hung {
    studio: Studio,
    place: (JobId, u32),
    pub bell: Bell,
}

impl Drop for Hung {
    fn drop(&mut self) {
        self.studio.vendors().doorbells.bells.lock().remove(&self.place);
    }
}

impl Hung {
    /// Rings when another process was told. Never ends.
    pub async fn listen(&self) {
        let (job, number) = &self.place;
        let mut known: Option<Timestamp> = None;
        loop {
            tokio::time::sleep(LISTEN_EVERY).await;
            match self.studio.store().purchases().find::<Body>(job, *number).await {
                Ok(Some(row)) if row.told_at > known => {
                    known = row.told_at;
                    self.bell.ring();
                }
                Ok(_) => {}
                Err(problem) => tracing::debug!(?problem, "could not look for webhooks"),
            }
        }
    }
}

impl Studio {
    /// The address that the vendor is told for a purchase, and the bell that rings when something comes there; `None`
    /// where the vendor tells nobody, or cannot reach us.
    pub(crate) fn hang_bell(&self, facts: &Facts, job: &JobId, number: u32) -> Option<(Webhook, Hung)> {
        let public_url = self.public_url();
        let may_reach = self
            .settings()
            .vendor_webhooks
            .unwrap_or_else(|| is_public(&public_url));
        if !facts.has_webhooks || !may_reach || !public_url.starts_with("https://") {
            return None;
        }
        let name = format!("{job}.{number}");
        let of = format!("{}/{name}", facts.id);
        let mark = URL_SAFE_NO_PAD.encode(&self.signer().derived(ADDRESS, of.as_bytes())[..MARK_BYTES]);
        let webhook = Webhook {
            url: format!("{public_url}/webhooks/providers/{}/{name}.{mark}", facts.id),
            secret: URL_SAFE_NO_PAD.encode(self.signer().derived(SECRET, of.as_bytes())),
        };
        let place = (job.clone(), number);
        let bell = Bell::default();
        self.vendors()
            .doorbells
            .bells
            .lock()
            .insert(place.clone(), bell.clone());
        let studio = self.clone();
        Some((webhook, Hung { studio, place, bell }))
    }

    /// Takes what came to the address of a purchase. `Ok` says that it need not be sent again.
    pub async fn take_vendor_webhook(&self, vendor: &str, name: &str, mut delivery: Delivery) -> Result<(), Problem> {
        let unknown = || Problem::new(Code::NotFound, "Nothing is expected at this address.");
        let provider = provider::find(vendor).filter(|provider| provider.facts().has_webhooks);
        let provider = provider.ok_or_else(unknown)?;
        let facts = provider.facts();
        let (job, number, index) = self.purchase_of(facts, name).ok_or_else(unknown)?;

        // From here on it is somebody whom the vendor, or we, told the address.
        let now = self.now();
        let limits = [Limit {
            subject: format!("webhook {name}"),
            most: MOST_DELIVERIES,
        }];
        self.throttle().check(&limits, now)?;
        self.throttle().count(&limits, now);
        let Some(row) = self.store().purchases().find::<Body>(&job, number).await? else {
            return Ok(());
        };
        let task = match row.state {
            Purchase::Waiting(Body::Task(task)) => Some(task.id),
            // The vendor is quicker than its answer to us.
            Purchase::Begun => None,
            // It ended: this is late, or comes again.
            _ => return Ok(()),
        };
        let account = match (&row.workspace, &row.key) {
            (Some(workspace), Some(key)) => self.vendor_by_key(workspace, facts.id, key).await?,
            _ => None,
        };
        // Without the key nobody can be asked; the job says so.
        let Some(account) = account else { return Ok(()) };

        let _place = self.vendors().doorbells.places.try_acquire().map_err(|_| {
            Problem::new(Code::Unavailable, "Too many webhooks come at once.").retry_after(LISTEN_EVERY.as_secs())
        })?;
        let of = format!("{}/{job}.{number}", facts.id);
        let secrets = self.signer().all_derived(SECRET, of.as_bytes());
        delivery.secret = secrets
            .get(index)
            .map(|secret| URL_SAFE_NO_PAD.encode(secret))
            .unwrap_or_default();
        delivery.received_at = now;
        let notice = account.service.webhook(&delivery).await.map_err(|fault| {
            tracing::info!(vendor = facts.id, kind = ?fault.kind, why = %fault.message, "a webhook was refused");
            match fault.kind {
                FaultKind::Forbidden => Problem::new(
                    Code::Forbidden,
                    format!("This is not from {}: {}.", facts.name, fault.message),
                ),
                FaultKind::Unreadable if fault.status.is_none() => Problem::new(
                    Code::MalformedRequest,
                    format!("This cannot be read: {}.", fault.message),
                ),
                _ => Problem::new(Code::Unavailable, "The signature cannot be checked now.")
                    .retry_after(LISTEN_EVERY.as_secs()),
            }
        })?;
        if task.is_some_and(|task| task != notice.task) {
            tracing::info!(vendor = facts.id, "a webhook was about another task");
            return Err(Problem::new(
                Code::Forbidden,
                "This is about another task than the address.",
            ));
        }

        self.store().purchases().told(&job, number, now).await?;
        if let Some(bell) = self.vendors().doorbells.bells.lock().get(&(job, number)) {
            bell.ring();
        }
        Ok(())
    }

    /// The purchase that an address names, and which of our secrets signed it; `None` where none did.
    fn purchase_of(&self, facts: &Facts, name: &str) -> Option<(JobId, u32, usize)> {
        let (of, mark) = name.rsplit_once('.')?;
        let (job, number) = of.split_once('.')?;
        let given = URL_SAFE_NO_PAD
            .decode(mark)
            .ok()
            .filter(|mark| mark.len() == MARK_BYTES)?;
        let known = self
            .signer()
            .all_derived(ADDRESS, format!("{}/{of}", facts.id).as_bytes());
        let index = known.iter().position(|known| is_same(&known[..MARK_BYTES], &given))?;
        Some((job.parse().ok()?, number.parse().ok()?, index))
    }
}

const ADDRESS: &str = "address of a vendor's webhook";
const SECRET: &str = "secret of a vendor's webhook";

/// Compares in a time that does not tell where they differ.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// Whether a vendor may reach this address from the internet: https, and a host that is not plainly of here alone.
fn is_public(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    if let Ok(address) = host.parse::<IpAddr>() {
        return aquatint_providers::fetch::is_public(address);
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_of_here = [".local", ".localhost", ".internal", ".lan", ".home.arpa"]
        .iter()
        .any(|ending| host.ends_with(ending));
    host.contains('.') && !is_of_here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_are_told_only_addresses_that_they_can_reach() {
        for url in [
            "https://studio.example.com",
            "https://studio.example.com:8443/aquatint",
            "https://93.184.215.14",
        ] {
            assert!(is_public(url), "{url}");
        }
        for url in [
            "http://studio.example.com",
            "https://localhost:8787",
            "https://studio",
            "https://studio.local",
            "https://127.0.0.1",
            "https://10.0.0.5:8443",
            "https://[::1]:8787",
            "https://192.168.1.10",
        ] {
            assert!(!is_public(url), "{url}");
        }
        assert!(is_same(b"abc", b"abc") && !is_same(b"abc", b"abd") && !is_same(b"abc", b"ab"));
    }
}
