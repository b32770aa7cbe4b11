//! A store with nothing in it, and short ways to fill it.

use std::time::Duration;

use aquatint_domain::{
    Asset, AssetId, AssetSource, Balance, BlobHash, Clock, Credits, JobId, JobKind, MediaKind, MediaType, Timestamp,
    WorkspaceId,
};
use aquatint_store::{Claim, Finish, NewJob, NewWorkspace, Store, Submission, Submitted};
use aquatint_testkit::{FrozenClock, TestDatabase};
use serde_json::json;

pub const LEASE: Duration = Duration::from_secs(30);

pub struct House {
    pub store: Store,
    pub clock: FrozenClock,
    pub database: TestDatabase,
}

/// One house on each database.
pub async fn each() -> Vec<House> {
    let mut houses = Vec::new();
    for database in TestDatabase::each().await {
        let clock = FrozenClock::default();
        let store = database.open(clock.now()).await;
        houses.push(House { store, clock, database });
    }
    houses
}

impl House {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A workspace of a plan that refuses, with so many credits, where `concurrent` jobs may run.
    pub async fn workspace(&self, credits: i64, concurrent: u32) -> WorkspaceId {
        let new = NewWorkspace {
            id: WorkspaceId::generate(self.now()),
            name: format!("Studio of {credits}"),
            plan: "pro".into(),
            owner: None,
            may_overdraw: false,
            concurrent_jobs: concurrent,
        };
        let id = self
            .store
            .workspaces()
            .create(new, self.now())
            .await
            .expect("a workspace is made")
            .id;
        if credits > 0 {
            let granted = self
                .store
                .ledger()
                .grant(
                    &id,
                    Balance::PlanUnits,
                    Credits::whole(credits),
                    &format!("first grant of {id}"),
                    "welcome",
                    self.now(),
                )
                .await
                .expect("credits are granted");
            assert!(granted);
        }
        id
    }

    pub fn job(&self, price: i64) -> NewJob {
        NewJob {
            id: JobId::generate(self.now()),
            parent: None,
            kind: JobKind::Single,
            position: 0,
            operation: "edit.upscale".into(),
            version: 1,
            arguments: json!({ "scale": 2 }),
            model: Some("lanczos3".into()),
            price: Credits::whole(price),
            balance: Balance::PlanUnits,
            user: None,
            key: None,
            created_at: self.now(),
            state_if_failed: None,
        }
    }

    /// A batch row and its items.
    pub fn batch(&self, prices: &[i64]) -> Vec<NewJob> {
        let root = NewJob {
            kind: JobKind::Batch,
            price: Credits::ZERO,
            ..self.job(0)
        };
        let items = prices.iter().enumerate().map(|(position, price)| NewJob {
            parent: Some(root.id.clone()),
            position: position as u32,
            ..self.job(*price)
        });
        let items: Vec<NewJob> = items.collect();
        std::iter::once(root).chain(items).collect()
    }

    pub async fn submit(&self, workspace: &WorkspaceId, jobs: Vec<NewJob>) -> Submitted {
        let submission = Submission {
            workspace: workspace.clone(),
            jobs,
            idempotency: None,
            limit_queued: 1_000,
        };
        self.store
            .jobs()
            .submit(submission, self.now())
            .await
            .expect("the submission is taken")
    }

    pub async fn claim(&self) -> Option<Claim> {
        self.store
            .jobs()
            .claim("worker", LEASE, self.now())
            .await
            .expect("claiming works")
    }

    pub async fn finish(&self, claim: &Claim, finish: Finish) -> bool {
        self.store
            .jobs()
            .finish(&claim.lease, finish, self.now())
            .await
            .expect("finishing works")
    }

    pub async fn available(&self, workspace: &WorkspaceId) -> Credits {
        self.store
            .ledger()
            .balances(workspace)
            .await
            .expect("balances are read")
            .plan_units
            .available
    }

    pub async fn check(&self) {
        self.store.ledger().check().await.expect("the books are right");
    }

    pub fn asset(&self, workspace: &WorkspaceId, title: &str) -> Asset {
        Asset {
            id: AssetId::generate(self.now()),
            workspace: workspace.clone(),
            kind: MediaKind::Image,
            media_type: MediaType::Png,
            blob: BlobHash::from_hex("ab".repeat(32)),
            size_bytes: 5_000_000_000,
            width: 640,
            height: 480,
            has_alpha: true,
            frames: 1,
            duration_ms: None,
            measures: Default::default(),
            title: title.to_owned(),
            tags: vec!["red".into(), "50% off_now".into()],
            source: AssetSource::Upload,
            recipe: None,
            job: None,
            thumb_hash: Some("1QcSHQRnh493V4dIh4eXh1h4kJUI".into()),
            colors: vec!["#aa0000".into()],
            notes: vec![],
            created_at: self.now(),
        }
    }
}

/// A success that charges so many credits.
pub fn success(credits: i64, assets: Vec<Asset>) -> Finish {
    Finish::Succeeded {
        assets,
        collection: None,
        result: Some(json!({ "confidence": 0.5 })),
        charge: Credits::whole(credits),
    }
}
