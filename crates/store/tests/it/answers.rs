//! Answers that are owed: taken over once, and only when in doubt.

use std::time::Duration;

use aquatint_store::Earlier;

use crate::house;

#[tokio::test]
async fn an_answer_in_doubt_is_taken_over_once() {
    for house in house::each().await {
        let (workspace, other) = (house.workspace(0, 1).await, house.workspace(0, 1).await);
        let answers = house.store.answers();
        let (call, second) = ([7; 32], Duration::from_secs(1));
        let (now, later) = (house.now(), house.now() + second * 30);
        let take = |at, until| answers.take(&workspace, &call, at, until);
        assert_eq!(take(now, later).await.expect("reads"), Earlier::None);

        answers
            .owe("one", &workspace, &call, later, now + second * 3_600)
            .await
            .expect("written");
        assert_eq!(take(now, later).await.expect("reads"), Earlier::Waiting);
        let of_others = answers.take(&other, &call, later, later).await.expect("reads");
        assert_eq!(of_others, Earlier::None, "another workspace's calls are others");

        // In doubt by time: one takes it, the next finds it waiting again.
        let taken = |work: Option<&str>| Earlier::Taken {
            id: "one".into(),
            work: work.map(str::to_owned),
        };
        assert_eq!(take(later, later + second * 30).await.expect("reads"), taken(None));
        answers.waits_for("one", "job_1").await.expect("written");
        assert_eq!(take(later, later + second * 30).await.expect("reads"), Earlier::Waiting);

        // In doubt because it was said, and kept for a minute more.
        answers
            .doubt("one", later, Some(later + second * 60))
            .await
            .expect("written");
        let past = later + second * 60;
        assert_eq!(
            take(past, past).await.expect("reads"),
            Earlier::None,
            "it is past its time"
        );
        assert_eq!(take(later, later).await.expect("reads"), taken(Some("job_1")));
        answers.settle("one").await.expect("written");
        assert_eq!(take(later, later).await.expect("reads"), Earlier::None);

        answers
            .owe("two", &workspace, &call, now, later)
            .await
            .expect("written");
        assert_eq!(house.store.tidy(later).await.expect("tidied"), 1);
    }
}
