//! Vendors: whose key pays for a model, and the services that speak to them.
//!
//! A workspace's own key comes before the server's, and that before what the configuration or the environment gives.
//! With its own key a workspace pays the vendor itself; the studio charges its fee for that alone. What was bought with a key
//! is asked about, fetched and cancelled with that key, whatever came or went since.

mod budget;
mod found;
pub(crate) mod inputs;
mod keys;
pub(crate) mod purchase;
mod webhooks;
pub(crate) mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use aquatint_domain::{Code, Problem, WorkspaceId};
use aquatint_providers::layers::meter::{Counts, Meter};
use aquatint_providers::{Auth, Desk, DeskConfig, Key, Provider, Service, provider};
use aquatint_store::ProviderKey;
use parking_lot::Mutex;

use crate::studio::Studio;

pub use keys::{KeyOrder as ProviderKeyOrder, ProviderState};

/// What a configuration says of a vendor.
#[derive(Clone, Debug, Default)]
pub struct ProviderSettings {
    pub key: Option<Key>,
    /// A server in place of the vendor's own, such as one's own GPU.
    pub base_url: Option<String>,
    /// That server may stand on a private network.
    pub allow_private: bool,
}

/// The services that are open, and what they were used for.
#[derive(Default)]
pub(crate) struct Vendors {
    /// By vendor and key.
    open: Mutex<HashMap<(&'static str, String), Arc<Service>>>,
    meter: Arc<Meter>,
    found: found::FoundModels,
    doorbells: webhooks::Doorbells,
}

/// A vendor as one workspace may use it.
pub(crate) struct Account {
    pub service: Arc<Service>,
    /// The workspace's own key pays.
    pub is_own: bool,
    /// Names the key: the id of its row, or what was derived from one that no row holds.
    pub key: String,
}

/// How a key of the configuration is named, before a few characters that tell one from the next.
const CONFIGURED: &str = "configuration-";

impl Studio {
    /// The account at a vendor that pays for this workspace.
    pub(crate) async fn vendor(&self, workspace: &WorkspaceId, id: &str) -> Result<Account, Problem> {
        let provider = provider::find(id).ok_or_else(|| Problem::not_found("vendor", id))?;
        let rows = self.store().provider_keys().usable(workspace).await?;
        if let Some(row) = rows.iter().find(|row| row.provider == id) {
            return self.account_of(provider, row);
        }
        self.configured_account(provider)?.ok_or_else(|| no_key(provider))
    }

    /// The account that a purchase of this workspace was begun with. `None` when its key is gone.
    pub(crate) async fn vendor_by_key(
        &self,
        workspace: &WorkspaceId,
        id: &str,
        key: &str,
    ) -> Result<Option<Account>, Problem> {
        let provider = provider::find(id).ok_or_else(|| Problem::not_found("vendor", id))?;
        if key.starts_with(CONFIGURED) {
            let account = self.configured_account(provider)?;
            return Ok(account.filter(|account| account.key == key));
        }
        let row = self.store().provider_keys().by_id(key).await?;
        // A job names only keys that its workspace could use; a row that says otherwise opens nothing.
        let row = row.filter(|row| {
            row.provider == provider.facts().id && row.workspace.as_ref().is_none_or(|owner| owner == workspace)
        });
        row.map(|row| self.account_of(provider, &row)).transpose()
    }

    fn account_of(&self, provider: &'static dyn Provider, row: &ProviderKey) -> Result<Account, Problem> {
        Ok(Account {
            service: self.service_of(provider, row)?,
            is_own: row.workspace.is_some(),
            key: row.id.clone(),
        })
    }

    /// By what the configuration or the environment gives, where that is enough.
    fn configured_account(&self, provider: &'static dyn Provider) -> Result<Option<Account>, Problem> {
        let facts = provider.facts();
        let configured = self.settings().providers.get(facts.id);
        let is_enough = configured.is_some_and(|given| given.key.is_some() || facts.auth == Auth::Optional);
        if !is_enough {
            return Ok(None);
        }
        let key = configured.and_then(|given| given.key.clone());
        let secret = key.as_ref().map_or("", Key::expose);
        let mark = self.signer().derived("key of a configuration", secret.as_bytes());
        let name: String = mark.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("{CONFIGURED}{name}");
        Ok(Some(Account {
            service: self.service(provider, &name, key, None)?,
            is_own: false,
            key: name,
        }))
    }

    /// The vendors whose models this workspace can use.
    pub(crate) async fn usable_vendors(&self, workspace: &WorkspaceId) -> Result<BTreeSet<String>, Problem> {
        let rows = self.store().provider_keys().usable(workspace).await?;
        let mut usable: BTreeSet<String> = rows.into_iter().map(|row| row.provider).collect();
        for (id, given) in &self.settings().providers {
            let needs_key = provider::find(id).is_some_and(|provider| provider.facts().auth != Auth::Optional);
            if given.key.is_some() || (!needs_key && given.base_url.is_some()) {
                usable.insert(id.clone());
            }
        }
        Ok(usable)
    }

    /// What happened at each vendor since the process began.
    pub fn vendor_counts(&self) -> BTreeMap<&'static str, Counts> {
        self.vendors().meter.snapshot()
    }

    /// A service for a stored key. A key that is replaced has another id, so what is cached never goes stale.
    fn service_of(&self, provider: &'static dyn Provider, row: &ProviderKey) -> Result<Arc<Service>, Problem> {
        let secret = self.signer().open_sealed(&row.id, &row.sealed).ok_or_else(|| {
            Problem::new(
                Code::ProviderKeyRefused,
                format!(
                    "The stored key for {} cannot be opened with this server's secret.",
                    provider.facts().name
                ),
            )
            .hint("Put the key in again.")
        })?;
        let key = String::from_utf8(secret).ok().as_deref().and_then(Key::new);
        self.service(provider, &row.id, key, row.base_url.as_deref())
    }

    fn service(
        &self,
        provider: &'static dyn Provider,
        place: &str,
        key: Option<Key>,
        base_url: Option<&str>,
    ) -> Result<Arc<Service>, Problem> {
        let at = (provider.facts().id, place.to_owned());
        if let Some(open) = self.vendors().open.lock().get(&at) {
            return Ok(open.clone());
        }
        let service = Arc::new(self.new_service(provider, key, base_url)?);
        self.vendors().open.lock().insert(at, service.clone());
        Ok(service)
    }

    /// A service that nobody shares, such as one for checking a key. An address of a workspace's own has to be public;
    /// only the configuration can name a private one.
    fn new_service(
        &self,
        provider: &'static dyn Provider,
        key: Option<Key>,
        base_url: Option<&str>,
    ) -> Result<Service, Problem> {
        let given = self.settings().providers.get(provider.facts().id);
        let config = DeskConfig {
            base_url: base_url
                .map(str::to_owned)
                .or_else(|| given.and_then(|given| given.base_url.clone())),
            may_be_private: base_url.is_none() && given.is_some_and(|given| given.allow_private),
            patience: None,
        };
        let desk = Desk::open(provider.facts(), key, &config, &self.settings().fetcher, self.clock())?;
        Ok(Service::new(provider, desk, self.vendors().meter.clone()))
    }

    /// Forgets a service whose key is gone.
    fn close_service(&self, id: &str) {
        self.vendors().open.lock().retain(|(_, place), _| place != id);
    }
}

/// The vendor of that id, or a refusal that names those there are.
pub(crate) fn named(id: &str) -> Result<&'static dyn Provider, Problem> {
    provider::find(id).ok_or_else(|| {
        let known: Vec<&str> = provider::ALL.iter().map(|provider| provider.facts().id).collect();
        Problem::invalid(
            "provider",
            format!("There is no vendor `{}`.", aquatint_domain::text::one_line(id, 40)),
        )
        .hint(format!("There are: {}.", known.join(", ")))
    })
}

/// What is missing before a model of this vendor can be used.
pub(crate) fn no_key(provider: &dyn Provider) -> Problem {
    let facts = provider.facts();
    Problem::new(
        Code::ProviderKeyRefused,
        format!("There is no key for {} here, so its models cannot be used.", facts.name),
    )
    .at("model")
    .hint(format!(
        "A person puts one in under Settings, or an operator with `aquatint provider add {}`; keys are made at {}. Models that need no key: `models` `list`.",
        facts.id, facts.key_page
    ))
}
