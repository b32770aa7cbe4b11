//! Vendors' keys, and what was bought of vendors.

use aquatint_domain::JobId;
use aquatint_store::{ProviderKey, Purchase};

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
        assert!(keys.remove(Some(&mine), "openai").await.expect("works"));
        assert!(!keys.remove(Some(&mine), "openai").await.expect("works"));
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
            purchases
                .begin::<String>(&job, number, "openai", house.now())
                .await
                .expect("works")
        };
        assert_eq!(begin(0).await, Purchase::New);
        assert_eq!(begin(0).await, Purchase::Begun);
        assert_eq!(begin(1).await, Purchase::New);
        purchases.waiting(&job, 0, &"task", house.now()).await.expect("written");
        assert_eq!(begin(0).await, Purchase::Waiting("task".to_owned()));
        purchases.made(&job, 0, &"files", house.now()).await.expect("written");
        assert_eq!(begin(0).await, Purchase::Made("files".to_owned()));
        purchases.failed(&job, 1, &"why", house.now()).await.expect("written");
        assert_eq!(begin(1).await, Purchase::Failed("why".to_owned()));
        purchases.forget(&job, 1).await.expect("works");
        assert_eq!(begin(1).await, Purchase::New);
    }
}
