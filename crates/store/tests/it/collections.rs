//! Collections: names, members, covers, pages.

use std::time::Duration;

use aquatint_domain::{Code, CollectionId, WorkspaceId};
use aquatint_store::{Collection, NewCollection};

use crate::house::{self, House};

async fn collection(house: &House, workspace: &WorkspaceId, name: &str) -> Collection {
    let new = NewCollection {
        id: CollectionId::generate(house.now()),
        workspace: workspace.clone(),
        name: name.into(),
        description: Some("100% of the_summer".into()),
        created_at: house.now(),
    };
    house
        .store
        .collections()
        .create(new, &[])
        .await
        .expect("a collection is made")
}

#[tokio::test]
async fn assets_are_in_a_collection_once_and_the_newest_is_its_cover() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let made = collection(&house, &workspace, "Summer").await;
        assert_eq!((made.asset_count, made.cover.clone()), (0, None));
        let mut ids = Vec::new();
        for number in 0..5 {
            let asset = house.asset(&workspace, &format!("{number}"));
            house.store.assets().insert(&asset).await.expect("written");
            house.clock.advance(Duration::from_secs(1));
            for _ in 0..2 {
                house
                    .store
                    .collections()
                    .add(&workspace, &made.id, std::slice::from_ref(&asset.id), house.now())
                    .await
                    .expect("added");
            }
            ids.push(asset.id);
        }
        let collections = house.store.collections();
        let now = collections
            .get(&workspace, &made.id)
            .await
            .expect("reads")
            .expect("is there");
        assert_eq!((now.asset_count, now.cover), (5, ids.last().cloned()));
        assert!(now.updated_at > made.updated_at);
        ids.reverse();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = collections
                .contents(&workspace, &made.id, cursor.as_deref(), 2)
                .await
                .expect("lists");
            seen.extend(page.items.into_iter().map(|asset| asset.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, ids);
    }
}

#[tokio::test]
async fn collections_are_found_by_name_and_text_within_their_workspace() {
    for house in house::each().await {
        let (mine, theirs) = (house.workspace(0, 1).await, house.workspace(0, 1).await);
        let made = collection(&house, &mine, "Summer Campaign").await;
        collection(&house, &mine, "Winter").await;
        let collections = house.store.collections();
        let found = collections.by_name(&mine, "summer campaign").await.expect("reads");
        assert_eq!(found.map(|found| found.id), Some(made.id.clone()));
        assert!(collections.by_name(&theirs, "Winter").await.expect("reads").is_none());
        for (text, count) in [("CAMP", 1), ("e", 2), ("100%", 2), ("%", 2), ("the_s", 2), ("thexs", 0)] {
            let page = collections.search(&mine, text, None, 10).await.expect(text);
            assert_eq!(page.items.len(), count, "{text}");
        }
        assert!(
            collections
                .list(&theirs, None, 10)
                .await
                .expect("lists")
                .items
                .is_empty()
        );
        let asset = house.asset(&theirs, "theirs");
        house.store.assets().insert(&asset).await.expect("written");
        let refused = collections
            .add(&theirs, &made.id, std::slice::from_ref(&asset.id), house.now())
            .await;
        assert_eq!(refused.expect_err("not their collection").code, Code::NotFound);
    }
}
