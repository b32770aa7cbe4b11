//! Usage: what was charged, by day, model, key and operation, and page by page.

use std::time::Duration;

use aquatint_domain::{ApiKeyId, Credits};
use aquatint_store::{UsageBy, UsageFilter};

use crate::house::{self, success};

#[tokio::test]
async fn usage_sums_by_every_group_and_reads_by_pages() {
    for house in house::each().await {
        let workspace = house.workspace(1_000, 4).await;
        let key = ApiKeyId::generate(house.now());
        // From 12:00: five on this day, five on the next.
        for number in 0..10 {
            if number == 5 {
                house.clock.advance(Duration::from_secs(12 * 3_600));
            }
            let mut job = house.job(3);
            if number % 2 == 0 {
                job.model = None;
                job.key = Some(key.clone());
                job.operation = "generate.image".into();
            }
            house.submit(&workspace, vec![job]).await;
            let claim = house.claim().await.expect("work");
            assert!(house.finish(&claim, success(2, vec![])).await);
            house.clock.advance(Duration::from_secs(1));
        }
        let ledger = house.store.ledger();
        let all = UsageFilter::default();
        for (by, expected) in [
            (UsageBy::Day, vec![("2026-11-21", 5), ("2026-11-20", 5)]),
            (UsageBy::Model, vec![("lanczos3", 5), ("none", 5)]),
            (UsageBy::Operation, vec![("edit.upscale", 5), ("generate.image", 5)]),
            (UsageBy::Key, vec![(key.as_str(), 5), ("none", 5)]),
        ] {
            let totals = ledger.totals(&workspace, &all, by).await.expect("sums");
            let found: Vec<(&str, u64)> = totals.iter().map(|total| (total.group.as_str(), total.jobs)).collect();
            assert_eq!(found, expected, "{by:?}");
            assert!(totals.iter().all(|total| total.credits == Credits::whole(10)));
        }
        let narrowed = UsageFilter {
            after: Some("2026-11-21T00:00:00Z".parse().expect("a time")),
            key: Some(key),
            ..UsageFilter::default()
        };
        let page = ledger.history(&workspace, &narrowed, None, 100).await.expect("reads");
        assert_eq!(page.items.len(), 2);
        let (mut seen, mut cursor) = (0, None);
        let mut last = None;
        loop {
            let page = ledger
                .history(&workspace, &all, cursor.as_deref(), 3)
                .await
                .expect("reads");
            for usage in &page.items {
                assert!(last.is_none_or(|last| usage.at < last), "the newest first");
                last = Some(usage.at);
                seen += 1;
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, 10);
        assert!(ledger.history(&workspace, &all, Some("nonsense"), 3).await.is_err());
        let other = house.workspace(0, 1).await;
        assert!(
            ledger
                .history(&other, &all, None, 3)
                .await
                .expect("reads")
                .items
                .is_empty()
        );
    }
}
