//! Keys of vendors' accounts: checked by a harmless call, sealed, and never shown again.

use aquatint_domain::{Code, Problem, RequestId, Timestamp, UserId, WorkspaceId};
use aquatint_providers::{Auth, FaultKind, Key, KeyFacts, provider};
use aquatint_store::ProviderKey;

use super::named;
use crate::studio::Studio;

/// A key on its way in.
pub struct KeyOrder {
    /// `None` puts it on the server, for every workspace.
    pub workspace: Option<WorkspaceId>,
    pub provider: String,
    pub key: Option<String>,
    /// A public server that speaks the vendor's API, in place of the vendor's own.
    pub base_url: Option<String>,
    pub created_by: Option<UserId>,
}

/// A vendor, and how things stand with its key.
#[derive(Clone, Debug)]
pub struct ProviderState {
    pub provider: &'static str,
    pub name: &'static str,
    pub key_form: &'static str,
    pub key_page: &'static str,
    pub models: usize,
    /// The workspace's own key.
    pub own: Option<ProviderKey>,
    /// The server's, from the settings page or the command line.
    pub server: Option<ProviderKey>,
    /// The configuration or the environment has one.
    pub is_configured: bool,
}

impl Studio {
    /// Every vendor, and whose keys there are.
    pub async fn provider_states(&self, workspace: &WorkspaceId) -> Result<Vec<ProviderState>, Problem> {
        let rows = self.store().provider_keys().usable(workspace).await?;
        let find = |id: &str, is_own: bool| {
            rows.iter()
                .find(|row| row.provider == id && row.workspace.is_some() == is_own)
                .cloned()
        };
        let catalogue = self.catalogue();
        Ok(provider::ALL
            .iter()
            .map(|provider| {
                let facts = provider.facts();
                ProviderState {
                    provider: facts.id,
                    name: facts.name,
                    key_form: facts.key_form,
                    key_page: facts.key_page,
                    models: catalogue.all().iter().filter(|model| model.maker == facts.id).count(),
                    own: find(facts.id, true),
                    server: find(facts.id, false),
                    is_configured: self
                        .settings()
                        .providers
                        .get(facts.id)
                        .is_some_and(|given| given.key.is_some() || given.base_url.is_some()),
                }
            })
            .collect())
    }

    /// Checks a key with the vendor and keeps it sealed. A key that the vendor refuses is not kept; one that cannot be
    /// checked now, because the vendor does not answer, is, and says so.
    pub async fn put_provider_key(&self, order: KeyOrder) -> Result<(ProviderKey, KeyFacts), Problem> {
        let provider = named(&order.provider)?;
        let facts = provider.facts();
        let key = match order.key.as_deref() {
            Some(text) => Some(Key::new(text).ok_or_else(|| {
                Problem::invalid(
                    "key",
                    format!(
                        "That is not a key; one for {} looks like `{}`.",
                        facts.name, facts.key_form
                    ),
                )
            })?),
            None if facts.auth == Auth::Optional => None,
            None => {
                return Err(Problem::invalid("key", format!("{} needs a key.", facts.name))
                    .hint(format!("Make one at {}.", facts.key_page)));
            }
        };
        let service = self.new_service(provider, key.clone(), order.base_url.as_deref())?;
        let (verdict, told) = match service.check_key().await {
            Ok(told) => ("ok".to_owned(), told),
            Err(fault) if fault.may_pass() => (
                fault.into_problem(facts.name).code.as_str().to_owned(),
                KeyFacts::default(),
            ),
            Err(fault) => {
                let is_key = matches!(fault.kind, FaultKind::BadKey | FaultKind::Forbidden);
                let problem = fault.into_problem(facts.name);
                return Err(if is_key { problem.at("key") } else { problem });
            }
        };
        let now = self.now();
        let id = format!("pvk_{}", RequestId::generate(now));
        let secret = key.as_ref().map_or("", Key::expose);
        let row = ProviderKey {
            sealed: self.signer().seal(&id, secret.as_bytes()),
            tail: key.as_ref().map_or("", Key::tail).to_owned(),
            id,
            workspace: order.workspace,
            provider: facts.id.to_owned(),
            base_url: order.base_url,
            created_by: order.created_by,
            created_at: now,
            checked_at: Some(now),
            verdict: Some(verdict),
        };
        self.store().provider_keys().put(&row).await?;
        Ok((row, told))
    }

    /// Checks the key that this workspace would use, by a call that costs nothing.
    pub async fn check_provider_key(
        &self,
        workspace: &WorkspaceId,
        provider: &str,
    ) -> Result<(KeyFacts, Timestamp), Problem> {
        let facts = named(provider)?.facts();
        let account = self.vendor(workspace, provider).await?;
        let outcome = account.service.check_key().await;
        let now = self.now();
        let rows = self.store().provider_keys().usable(workspace).await?;
        let outcome = outcome.map_err(|fault| fault.into_problem(facts.name));
        if let Some(row) = rows.iter().find(|row| row.provider == provider) {
            let verdict = outcome.as_ref().map_or_else(|problem| problem.code.as_str(), |_| "ok");
            self.store().provider_keys().checked(&row.id, verdict, now).await?;
        }
        outcome.map(|told| (told, now))
    }

    /// Forgets a key, and those that it took the place of. Tasks that run at the vendor can no longer be asked about.
    pub async fn remove_provider_key(&self, workspace: Option<&WorkspaceId>, provider: &str) -> Result<(), Problem> {
        let facts = named(provider)?.facts();
        let row = self.store().provider_keys().get(workspace, provider).await?;
        let Some(row) = row else {
            return Err(Problem::new(
                Code::NotFound,
                format!("There is no key for {} here.", facts.name),
            ));
        };
        self.store().provider_keys().remove(workspace, provider).await?;
        self.close_service(&row.id);
        Ok(())
    }
}
