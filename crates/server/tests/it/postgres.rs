//! The studio on PostgreSQL: two serving processes' worth of work on one database, and the same journeys.

use aquatint_testkit::TestDatabase;
use serde_json::json;

use crate::pictures::{data_uri, product};
use crate::process::{Process, run_with};

#[tokio::test(flavor = "multi_thread")]
async fn two_studios_on_one_database_share_everything() {
    let Some(database) = TestDatabase::postgres().await else {
        return;
    };
    let blobs = format!("file://{}", database.folder().join("blobs").display());
    let environment = [
        ("AQUATINT_DATABASE_URL", database.url()),
        ("AQUATINT_BLOBS_URL", blobs.as_str()),
    ];
    let (first, second) = (database.folder().join("first"), database.folder().join("second"));
    let one = Process::start_with(&first, &environment);
    let mut other = Process::start_with(&second, &environment);
    // One key opens both doors.
    other.key.clone_from(&one.key);
    let made = one
        .call(
            "edit_image",
            json!({
                "action": "remove_background", "images": [data_uri(&product(200, 200)), data_uri(&product(90, 120))],
                "wait_seconds": 0, "idempotency_key": "first order",
            }),
        )
        .await;
    let job = other.finished(&made["job_id"]).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    // Signed by one, served by the other: the signing key comes from the database or the URL is of its own maker.
    let asset = job["items"][0]["outputs"][0]["asset_id"].clone();
    let seen = one.call("assets", json!({ "action": "get", "asset_id": asset })).await;
    assert!(!one.bytes(&seen["url"]).await.is_empty(), "{seen}");
    let again = other
        .call(
            "edit_image",
            json!({
                "action": "remove_background", "images": [data_uri(&product(200, 200)), data_uri(&product(90, 120))],
                "wait_seconds": 0, "idempotency_key": "first order",
            }),
        )
        .await;
    assert_eq!(again["job_id"], made["job_id"]);
    let found = other
        .call("assets", json!({ "action": "search", "query": "remove background" }))
        .await;
    assert!(!found["assets"].as_array().expect("assets").is_empty(), "{found}");
    let usage = other
        .call("account", json!({ "action": "usage_history", "by": "day" }))
        .await;
    assert!(!usage.to_string().contains("error"), "{usage}");
    drop((one, other));
    let checked = run_with(&first, &environment, &["ledger", "check"]);
    assert!(checked.contains("the books are right"), "{checked}");
}
