//! Vendors' keys, and what was bought of vendors.

use std::time::Duration;

use aquatint_domain::{Credits, JobId};
use aquatint_store::{Buying, ProviderKey, Purchase};

use crate::house::{self, House};

fn key(house: &House, workspace: Option<&aquatint_domain::WorkspaceId>, id: &str) -> ProviderKey {
    ProviderKey {
        id: id.into(),
        workspace: workspace.cloned(),
        provider: "openai".into(),
        sealed: format!("sealed-{id}"),
        tail: "wxyz".into(),
        base_url: None,
        created_by: None,
        created_at: house.now(),
        checked_at: None,
        verdict: None,
    }
}

#[tokio::test]
async fn a_workspace_uses_its_own_key_before_the_servers_and_nobody_elses() {
    for house in house::each().await {
        let (mine, theirs) = (house.workspace(0, 1).await, house.workspace(0, 1).await);
        let keys = house.store.provider_keys();
        keys.put(&key(&house, None, "server")).await.expect("written");
        keys.put(&key(&house, Some(&theirs), "theirs")).await.expect("written");
        let ids = |found: Vec<ProviderKey>| found.into_iter().map(|key| key.id).collect::<Vec<_>>();
        assert_eq!(ids(keys.usable(&mine).await.expect("reads")), ["server"]);
        keys.put(&key(&house, Some(&mine), "first")).await.expect("written");
        keys.put(&key(&house, Some(&mine), "second")).await.expect("replaced");
        assert_eq!(ids(keys.usable(&mine).await.expect("reads")), ["second", "server"]);
        keys.checked("second", "ok", house.now()).await.expect("noted");
        let found = keys.get(Some(&mine), "openai").await.expect("reads").expect("is there");
        assert_eq!(
            (found.verdict.as_deref(), found.checked_at),
            (Some("ok"), Some(house.now()))
        );
        assert_eq!(found.workspace.as_ref(), Some(&mine));
        // What was replaced still opens what it bought, until it is removed or a day has passed.
        let replaced = keys.by_id("first").await.expect("reads").expect("is set aside");
        assert_eq!(
            (replaced.sealed.as_str(), replaced.workspace.as_ref()),
            ("sealed-first", Some(&mine))
        );
        house
            .store
            .tidy(house.now() + Duration::from_secs(3_600))
            .await
            .expect("tidies");
        assert!(keys.by_id("first").await.expect("reads").is_some());
        assert!(keys.remove(Some(&mine), "openai").await.expect("works"));
        assert!(!keys.remove(Some(&mine), "openai").await.expect("works"));
        for gone in ["first", "second"] {
            assert!(keys.by_id(gone).await.expect("reads").is_none(), "{gone}");
        }
        keys.put(&key(&house, None, "server again")).await.expect("replaced");
        house
            .store
            .tidy(house.now() + Duration::from_secs(25 * 3_600))
            .await
            .expect("tidies");
        assert!(keys.by_id("server").await.expect("reads").is_none());
        assert!(keys.by_id("server again").await.expect("reads").is_some());
        assert!(keys.get(None, "openai").await.expect("reads").is_some());
        assert!(keys.get(Some(&theirs), "openai").await.expect("reads").is_some());
    }
}

#[tokio::test]
async fn a_purchase_is_begun_once_and_remembers_how_far_it_got() {
    for house in house::each().await {
        let job = JobId::generate(house.now());
        let purchases = house.store.purchases();
        let begin = async |number| {
            let buying = Buying {
                provider: "openai",
                key: "pvk_1",
                cost: Credits::whole(3),
            };
            purchases
                .begin::<String>(&job, number, &buying, house.now())
                .await
                .expect("works")
        };
        assert_eq!(purchases.key_of(&job).await.expect("reads"), None);
        assert_eq!(begin(0).await, Purchase::New);
        assert_eq!(begin(0).await, Purchase::Begun);
        assert_eq!(begin(1).await, Purchase::New);
        purchases.waiting(&job, 0, &"task", house.now()).await.expect("written");
        assert_eq!(begin(0).await, Purchase::Waiting("task".to_owned()));
        assert_eq!(purchases.key_of(&job).await.expect("reads").as_deref(), Some("pvk_1"));
        assert!(purchases.told(&job, 0, house.now()).await.expect("written"));
        assert!(!purchases.told(&job, 7, house.now()).await.expect("works"));
        let found = purchases
            .find::<String>(&job, 0)
            .await
            .expect("reads")
            .expect("is there");
        assert_eq!(
            (found.provider.as_str(), found.key.as_deref(), found.told_at),
            ("openai", Some("pvk_1"), Some(house.now()))
        );
        assert_eq!(found.state, Purchase::Waiting("task".to_owned()));
        assert!(purchases.find::<String>(&job, 7).await.expect("reads").is_none());
        // Two were begun for three credits each, and one of them cost less.
        let spent = async |provider| {
            purchases
                .spent_since(provider, house.now() - Duration::from_secs(60))
                .await
                .expect("reads")
        };
        let before = spent("openai").await;
        purchases.costs(&job, 0, Credits::whole(1)).await.expect("written");
        assert_eq!(before.micro() - spent("openai").await.micro(), 2_000_000);
        assert!(spent("openai").await >= Credits::whole(4));
        assert_eq!(spent("nobody").await, Credits::ZERO);
        purchases.made(&job, 0, &"files", house.now()).await.expect("written");
        assert_eq!(begin(0).await, Purchase::Made("files".to_owned()));
        purchases.failed(&job, 1, &"why", house.now()).await.expect("written");
        assert_eq!(begin(1).await, Purchase::Failed("why".to_owned()));
        purchases.forget(&job, 1).await.expect("works");
        assert_eq!(begin(1).await, Purchase::New);
    }
}
