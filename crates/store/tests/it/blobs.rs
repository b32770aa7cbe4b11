//! Blobs: named by what they hold, written whole or not at all.

use aquatint_domain::{BlobHash, Code};
use aquatint_store::Blobs;
use bytes::Bytes;

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
