//! Models that stand in no list of ours: a vendor's by its own name (`image/replicate/owner/name`), its schema read from
//! the vendor. What was found is remembered for a while; a job keeps it as it was found.

use std::collections::HashMap;
use std::time::Duration;

use aquatint_domain::{Model, Problem, WorkspaceId};
use aquatint_providers::provider;
use futures::future::join_all;
use parking_lot::Mutex;
use tokio::time::{Instant, timeout};

use crate::studio::Studio;

/// So long a model is believed before its vendor is asked again.
const BELIEVED: Duration = Duration::from_secs(3_600);
/// Models remembered at most.
const MAX_REMEMBERED: usize = 1_000;
/// The longest that a search waits for a vendor.
const SEARCH_PATIENCE: Duration = Duration::from_secs(5);
/// Models that a search takes of one vendor.
const MAX_OF_VENDOR: usize = 20;

/// By id.
#[derive(Default)]
pub(crate) struct FoundModels(Mutex<HashMap<String, (Instant, Model)>>);

impl FoundModels {
    fn get(&self, id: &str) -> Option<Model> {
        let known = self.0.lock();
        known
            .get(id)
            .filter(|(since, _)| since.elapsed() < BELIEVED)
            .map(|(_, model)| model.clone())
    }

    fn put(&self, model: &Model) {
        let mut known = self.0.lock();
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(model.id.clone(), (Instant::now(), model.clone()));
    }
}

impl Studio {
    /// The model of that id: from the catalogue, or from the vendor that it names, where this workspace has a key.
    pub(crate) async fn model(&self, workspace: &WorkspaceId, id: &str) -> Result<Option<Model>, Problem> {
        if let Some(model) = self.catalogue().find(id) {
            return Ok(Some(model.clone()));
        }
        let mut parts = id.splitn(3, '/');
        let (Some("image" | "video"), Some(vendor), Some(slug)) = (parts.next(), parts.next(), parts.next()) else {
            return Ok(None);
        };
        if provider::find(vendor).is_none() {
            return Ok(None);
        }
        let account = self.vendor(workspace, vendor).await?;
        if let Some(model) = self.vendors().found.get(id) {
            return Ok(Some(model));
        }
        let found = account.service.find(slug).await;
        let found = found.map_err(|fault| fault.into_problem(account.service.facts().name).at("model"))?;
        Ok(found.map(|model| self.remember(model)))
    }

    /// Models of the workspace's vendors for these words. A vendor that does not answer in time is left out.
    pub(crate) async fn search_vendors(&self, workspace: &WorkspaceId, words: &str) -> Result<Vec<Model>, Problem> {
        let usable = self.usable_vendors(workspace).await?;
        let searches = usable.iter().map(|vendor| async move {
            let account = self.vendor(workspace, vendor).await.ok()?;
            timeout(SEARCH_PATIENCE, account.service.search(words)).await.ok()?.ok()
        });
        let found = join_all(searches).await;
        Ok(found
            .into_iter()
            .flatten()
            .flat_map(|models| models.into_iter().take(MAX_OF_VENDOR))
            .map(|model| self.remember(model))
            .collect())
    }

    /// Prices it as the catalogue prices its own.
    fn remember(&self, model: Model) -> Model {
        let model = Model {
            price: model.price.scaled(self.settings().vendor_price_factor()),
            ..model
        };
        self.vendors().found.put(&model);
        model
    }
}
