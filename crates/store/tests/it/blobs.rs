//! Blobs: named by what they hold, written whole or not at all.

use aquatint_domain::{Asset, BlobHash, Clock, Code, SystemClock};
use aquatint_store::{Blobs, Swept};
use bytes::Bytes;
use jiff::SignedDuration;

use crate::house;

#[tokio::test]
async fn bytes_come_back_by_their_hash_and_are_stored_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::open(&format!("file://{}/new/blobs", folder.path().display())).expect("opens");
    blobs.check().await.expect("works");
    let bytes = Bytes::from_static(b"a picture");
    let hash = blobs.put(bytes.clone()).await.expect("stored");
    assert_eq!(hash.as_str(), blake3::hash(&bytes).to_hex().as_str());
    assert_eq!(blobs.put(bytes.clone()).await.expect("stored"), hash);
    assert_eq!(blobs.get(&hash).await.expect("reads"), Some(bytes));
    let small = Bytes::from_static(b"small");
    blobs
        .put_rendition(&hash, "256.webp", small.clone())
        .await
        .expect("stored");
    assert_eq!(
        blobs.get_rendition(&hash, "256.webp").await.expect("reads"),
        Some(small)
    );
    assert_eq!(blobs.get_rendition(&hash, "1024.webp").await.expect("reads"), None);
    let unknown = BlobHash::from_hex("00".repeat(32));
    assert_eq!(blobs.get(&unknown).await.expect("reads"), None);
}

#[test]
fn a_place_that_cannot_be_used_is_named_with_what_to_do() {
    let problem = Blobs::open("file:///proc/aquatint").expect_err("nobody can write there");
    assert_eq!(problem.code, Code::Unavailable);
    assert!(problem.message.contains("/proc/aquatint") && problem.hint.is_some());
    assert_eq!(
        Blobs::open("ftp://somewhere").expect_err("no such store").code,
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn bytes_that_nobody_names_are_swept_in_two_steps_and_used_ones_stay() {
    let house = house::each().await.swap_remove(0);
    let workspace = house.workspace(0, 1).await;
    let assets = house.store.assets();
    let own = async |blob: &BlobHash| {
        let asset = Asset {
            blob: blob.clone(),
            ..house.asset(&workspace, "picture")
        };
        assets.insert(&asset).await.expect("written");
    };
    let blobs = Blobs::open(&format!("file://{}", house.database.folder().join("blobs").display())).expect("opens");
    let used = blobs.put(Bytes::from_static(b"used")).await.expect("stored");
    own(&used).await;
    let orphan = blobs.put(Bytes::from_static(b"orphan")).await.expect("stored");
    let late = blobs
        .put(Bytes::from_static(b"becomes an asset in between"))
        .await
        .expect("stored");
    blobs
        .put_rendition(&orphan, "256.webp", Bytes::from_static(b"small"))
        .await
        .expect("stored");
    let now = SystemClock.now();
    let (hour_ago, soon) = (now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(1));
    let counts = |swept: Swept| (swept.set_aside, swept.brought_back, swept.removed);
    // Young ones are left alone: their work may be going on.
    let swept = blobs.sweep(hour_ago, &assets).await.expect("sweeps");
    assert_eq!(counts(swept), (0, 0, 0));
    let swept = blobs.sweep(soon, &assets).await.expect("sweeps");
    assert_eq!(counts(swept), (2, 0, 0));
    assert!(blobs.get(&late).await.expect("reads").is_some(), "readable in between");
    own(&late).await;
    let swept = blobs.sweep(soon, &assets).await.expect("sweeps");
    assert_eq!((counts(swept), swept.bytes), ((0, 1, 1), 6));
    assert_eq!(blobs.get(&orphan).await.expect("reads"), None);
    assert_eq!(blobs.get_rendition(&orphan, "256.webp").await.expect("reads"), None);
    for kept in [&used, &late] {
        assert!(blobs.get(kept).await.expect("reads").is_some());
    }
    // And the same bytes can come back.
    assert_eq!(blobs.put(Bytes::from_static(b"orphan")).await.expect("stored"), orphan);
    assert!(blobs.get(&orphan).await.expect("reads").is_some());
}
