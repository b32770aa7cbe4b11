//! One-time uploads: one transfer at a time, one success, a second chance after a break.

use std::time::Duration;

use aquatint_domain::{Code, UploadId, WorkspaceId};
use aquatint_store::NewUpload;
use futures::future::join_all;

use crate::house::{self, House};

async fn offer(house: &House, workspace: &WorkspaceId) -> UploadId {
    let id = UploadId::generate(house.now());
    let new = NewUpload {
        id: id.clone(),
        workspace: workspace.clone(),
        token_hash: [3; 32],
        user: None,
        key: None,
        file_name: Some("photo.jpg".into()),
        title: None,
        collection: None,
        max_bytes: 25_000_000,
        expires_at: house.now() + jiff::SignedDuration::from_hours(3),
        created_at: house.now(),
    };
    house.store.uploads().create(new).await.expect("offered");
    id
}

#[tokio::test]
async fn one_transfer_at_a_time_and_one_in_all() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let id = offer(&house, &workspace).await;
        let uploads = house.store.uploads();
        let tries = (0..10).map(|_| uploads.begin(&[3; 32], house.now()));
        let answers = join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert!(
            answers
                .iter()
                .filter_map(|answer| answer.as_ref().err())
                .all(|problem| problem.code == Code::Conflict)
        );
        uploads.give_back(&id).await.expect("works");
        let upload = uploads.begin(&[3; 32], house.now()).await.expect("a second chance");
        assert_eq!((upload.id.clone(), upload.max_bytes), (id.clone(), 25_000_000));
        let asset = house.asset(&workspace, "photo");
        house.store.assets().insert(&asset).await.expect("written");
        uploads.complete(&id, &asset.id, house.now()).await.expect("works");
        uploads.give_back(&id).await.expect("changes nothing");
        let used = uploads.begin(&[3; 32], house.now()).await;
        assert_eq!(used.expect_err("used").code, Code::Expired);
        let upload = uploads.get(&workspace, &id).await.expect("reads").expect("is there");
        assert_eq!((upload.state.as_str(), upload.asset), ("used", Some(asset.id)));
        let other = house.workspace(0, 1).await;
        assert!(uploads.get(&other, &id).await.expect("reads").is_none());
    }
}

#[tokio::test]
async fn an_upload_ends_with_its_time_and_a_forgotten_transfer_is_taken_over() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        offer(&house, &workspace).await;
        let uploads = house.store.uploads();
        assert_eq!(
            uploads.begin(&[4; 32], house.now()).await.expect_err("unknown").code,
            Code::NotFound
        );
        uploads.begin(&[3; 32], house.now()).await.expect("begins");
        house.clock.advance(Duration::from_secs(20 * 60));
        uploads
            .begin(&[3; 32], house.now())
            .await
            .expect("the first never ended");
        house.clock.advance(Duration::from_secs(3 * 3_600));
        assert_eq!(
            uploads.begin(&[3; 32], house.now()).await.expect_err("late").code,
            Code::Expired
        );
    }
}
