//! Vendors whose models run elsewhere. There are none yet.
//!
//! To add one: write `src/acme.rs` with links to the vendor's documentation, a `Config` whose secrets
//! never print, the models as plain data, `impl Provider`, and one function that turns the vendor's
//! errors into [`aquatint_domain::Problem`]; then give it its row in [`ALL`]. Its requests leave through
//! [`crate::fetch`]. Retries, time limits, metering and logging are layers around every provider, so
//! none of them is written inside one.
//!
//! The trait says only what the catalogue needs today. Submitting work and polling for it join with the
//! first vendor: a shape that no vendor has tried would be a guess.

use aquatint_domain::Model;

/// One vendor.
pub trait Provider: Send + Sync {
    /// The word that catalogue rows name it by (`Model::maker`), such as `acme`.
    fn id(&self) -> &'static str;

    /// What it offers: kinds, sizes, prices and the JSON Schema of the inputs, as data.
    fn models(&self) -> Vec<Model>;
}

/// Every vendor, a row each.
pub static ALL: &[&dyn Provider] = &[];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_its_own_id_and_signs_its_models() {
        let mut ids: Vec<_> = ALL.iter().map(|provider| provider.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len(), "two providers share an id");
        for provider in ALL {
            assert!(provider.models().iter().all(|model| model.maker == provider.id()));
        }
    }
}
