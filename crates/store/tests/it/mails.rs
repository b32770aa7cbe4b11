//! Letters: one node at a time has one, and what it says goes when it is sent.

use std::time::Duration;

use aquatint_domain::{InviteId, MailId, Role, Timestamp, WorkspaceId};
use aquatint_store::{Invite, MailCounts, MailState, NewMail};
use futures::future::join_all;
use jiff::SignedDuration;

use crate::house::{self, House};

fn letter(house: &House, workspace: Option<&WorkspaceId>) -> NewMail {
    NewMail {
        id: MailId::generate(house.now()),
        workspace: workspace.cloned(),
        kind: "notice",
        recipient: "ada@example.com".into(),
        sealed: "what it says".into(),
        created_at: house.now(),
        expires_at: house.now() + SignedDuration::from_hours(96),
    }
}

fn until(house: &House) -> Timestamp {
    house.now() + SignedDuration::from_mins(5)
}

#[tokio::test]
async fn a_letter_is_claimed_once_and_again_when_the_claim_runs_out() {
    for house in house::each().await {
        let mails = house.store.mails();
        assert!(mails.claim(house.now(), until(&house)).await.expect("asked").is_none());
        let new = letter(&house, None);
        mails.put(new.clone()).await.expect("kept");
        let tries = (0..8).map(|_| mails.claim(house.now(), until(&house)));
        let got: Vec<_> = join_all(tries)
            .await
            .into_iter()
            .filter_map(|claim| claim.expect("asked"))
            .collect();
        assert_eq!(got.len(), 1);
        let first = &got[0];
        assert_eq!(
            (&first.id, first.attempts, first.sealed.as_str(), first.expires_at),
            (&new.id, 1, "what it says", new.expires_at)
        );

        // The node died; another one takes over, and what the first says afterwards does not count.
        house.clock.advance(Duration::from_secs(301));
        let second = mails
            .claim(house.now(), until(&house))
            .await
            .expect("asked")
            .expect("due");
        assert_eq!((&second.id, second.attempts), (&new.id, 2));
        assert!(!mails.sent(first, house.now()).await.expect("asked"));
        assert!(!mails.give_up(first, "late", house.now()).await.expect("asked"));
        mails.discard(first).await.expect("asked");

        let later = house.now() + SignedDuration::from_secs(30);
        assert!(mails.retry(&second, "busy", later).await.expect("kept"));
        assert_eq!(
            mails.counts(house.now()).await.expect("counted"),
            MailCounts {
                waiting: 1,
                delayed: 1,
                given_up: 0
            }
        );
        assert!(mails.claim(house.now(), until(&house)).await.expect("asked").is_none());
        house.clock.advance(Duration::from_secs(30));
        let third = mails
            .claim(house.now(), until(&house))
            .await
            .expect("asked")
            .expect("due");
        assert!(mails.sent(&third, house.now()).await.expect("kept"));
        assert!(!mails.retry(&third, "x", later).await.expect("asked"), "it is sent");
        let rows = mails.list(10).await.expect("listed");
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (
                rows[0].state,
                rows[0].attempts,
                rows[0].ended_at,
                rows[0].problem.clone()
            ),
            (MailState::Sent, 3, Some(house.now()), None)
        );
        house.clock.advance(Duration::from_secs(3_600));
        assert!(mails.claim(house.now(), until(&house)).await.expect("asked").is_none());
    }
}

#[tokio::test]
async fn what_was_given_up_is_seen_for_a_month_and_what_is_not_wanted_leaves_nothing() {
    for house in house::each().await {
        let mails = house.store.mails();
        let workspace = house.workspace(0, 1).await;
        for _ in 0..3 {
            mails.put(letter(&house, Some(&workspace))).await.expect("kept");
        }
        let before = house.now() - SignedDuration::from_hours(24);
        assert_eq!(mails.count_since(&workspace, before).await.expect("counted"), 3);
        assert_eq!(mails.count_since(&workspace, house.now()).await.expect("counted"), 0);
        let claim = mails
            .claim(house.now(), until(&house))
            .await
            .expect("asked")
            .expect("due");
        assert!(
            mails
                .give_up(&claim, "550 no such user", house.now())
                .await
                .expect("kept")
        );
        let claim = mails
            .claim(house.now(), until(&house))
            .await
            .expect("asked")
            .expect("due");
        mails.discard(&claim).await.expect("gone");
        let rows = mails.list(10).await.expect("listed");
        let states: Vec<_> = rows.iter().map(|row| row.state).collect();
        assert!(states.contains(&MailState::GivenUp) && states.contains(&MailState::Waiting) && states.len() == 2);
        assert_eq!(
            mails.counts(before).await.expect("counted"),
            MailCounts {
                waiting: 1,
                delayed: 0,
                given_up: 1
            }
        );
        house.clock.advance(Duration::from_secs(31 * 86_400));
        house.store.tidy(house.now()).await.expect("tidied");
        assert_eq!(
            mails.list(10).await.expect("listed").len(),
            1,
            "the one that waits stays"
        );
    }
}

#[tokio::test]
async fn an_invitation_and_its_letter_are_kept_together() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let invite = Invite {
            id: InviteId::generate(house.now()),
            workspace: workspace.clone(),
            email: Some("ada@example.com".into()),
            role: Role::Member,
            created_by: None,
            created_at: house.now(),
            expires_at: house.now() + SignedDuration::from_hours(24),
        };
        let new = letter(&house, Some(&workspace));
        let invites = house.store.invites();
        invites
            .insert(&[7; 32], &invite, Some(new.clone()))
            .await
            .expect("kept");
        // The same secret again: neither of the two is kept.
        let again = Invite {
            id: InviteId::generate(house.now()),
            ..invite.clone()
        };
        let second = letter(&house, Some(&workspace));
        assert!(invites.insert(&[7; 32], &again, Some(second)).await.is_err());
        let rows = house.store.mails().list(10).await.expect("listed");
        assert_eq!(rows.iter().map(|row| &row.id).collect::<Vec<_>>(), [&new.id]);
        assert_eq!(invites.list(&workspace, house.now()).await.expect("listed"), [invite]);
    }
}
