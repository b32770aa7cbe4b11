//! People, sessions, tickets, invitations, grants and their tokens, share links, the trash.

use aquatint_domain::{Code, GrantId, InviteId, Role, Scope, SessionId, ShareId, Timestamp, UserId, WorkspaceId};
use aquatint_store::{
    Grant, Guest, Invite, NewUser, OauthClient, OauthCode, OauthToken, OauthTokenKind, Session, Share, ShareKey, Taken,
    Ticket, User,
};
use futures::future::join_all;

use crate::house::{self, House};

const MINUTE: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

fn somebody(house: &House, email: &str) -> NewUser {
    NewUser {
        id: UserId::generate(house.now()),
        email: email.into(),
        name: "Some_body 100%".into(),
        password_hash: String::new(),
        passkey: None,
    }
}

async fn person(house: &House, email: &str, workspace: &WorkspaceId, role: Role) -> User {
    let users = house.store.users();
    let made = users
        .create(somebody(house, email), Some((workspace.clone(), role)), house.now())
        .await;
    made.expect("works").expect("the address is free")
}

#[tokio::test]
async fn a_workspace_always_keeps_an_owner() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let ada = person(&house, "ada@example.com", &workspace, Role::Owner).await;
        let bob = person(&house, "bob@example.com", &workspace, Role::Member).await;
        let users = house.store.users();
        assert!(
            users
                .create(somebody(&house, "bob@example.com"), None, house.now())
                .await
                .expect("works")
                .is_none()
        );
        let now = house.now();
        let before = house.store.keys().revision().await.expect("reads");
        assert!(!users.set_role(&workspace, &ada.id, None, now).await.expect("works"));
        assert!(
            !users
                .set_role(&workspace, &ada.id, Some(Role::Viewer), now)
                .await
                .expect("works")
        );
        assert_eq!(
            users
                .membership(&workspace, &ada.id)
                .await
                .expect("reads")
                .expect("in")
                .role,
            Role::Owner
        );
        assert!(
            !users.transfer(&workspace, &bob.id, &ada.id).await.expect("works"),
            "only the owner hands over"
        );
        assert!(!users.transfer(&workspace, &ada.id, &ada.id).await.expect("works"));
        assert!(users.transfer(&workspace, &ada.id, &bob.id).await.expect("works"));
        assert_eq!(
            users
                .membership(&workspace, &ada.id)
                .await
                .expect("reads")
                .expect("in")
                .role,
            Role::Admin
        );
        assert!(users.set_role(&workspace, &ada.id, None, now).await.expect("works"));
        assert!(users.membership(&workspace, &ada.id).await.expect("reads").is_none());
        assert!(
            house.store.keys().revision().await.expect("reads") > before,
            "every process hears of it"
        );
        assert_eq!(users.members(&workspace).await.expect("reads").len(), 1);
        // A search is for text, not for patterns.
        for (text, found) in [("BODY 100%", 2), ("_body", 2), ("a%b", 0), ("bob@", 1), ("", 2)] {
            assert_eq!(
                users.list(text, None, 10).await.expect("reads").items.len(),
                found,
                "{text}"
            );
        }
        let page = users.list("", None, 1).await.expect("reads");
        let next = users.list("", page.next_cursor.as_deref(), 1).await.expect("reads");
        assert_eq!(
            (page.items[0].id.clone(), next.items[0].id.clone()),
            (bob.id.clone(), ada.id.clone())
        );
    }
}

#[tokio::test]
async fn a_code_a_ticket_and_an_invitation_work_once_however_many_try() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let ada = person(&house, "ada@example.com", &workspace, Role::Owner).await;
        let (users, sessions) = (house.store.users(), house.store.sessions());
        let steps = join_all((0..5).map(|_| users.use_totp_step(&ada.id, 7))).await;
        assert_eq!(
            steps.into_iter().filter(|used| *used.as_ref().expect("works")).count(),
            1
        );
        assert!(
            !users.use_totp_step(&ada.id, 6).await.expect("works"),
            "an earlier step is over too"
        );
        let mut totp = ada.totp.clone();
        totp.recovery_codes = vec!["aa".into(), "bb".into()];
        users.set_totp(&ada.id, &totp).await.expect("written");
        let codes = join_all((0..5).map(|_| users.use_recovery_code(&ada.id, "aa"))).await;
        assert_eq!(
            codes.into_iter().filter(|used| *used.as_ref().expect("works")).count(),
            1
        );
        assert_eq!(
            users
                .get(&ada.id)
                .await
                .expect("reads")
                .expect("there")
                .totp
                .recovery_codes,
            ["bb"]
        );

        let ticket = Ticket {
            user: Some(ada.id.clone()),
            body: "{}".into(),
            expires_at: house.now() + MINUTE,
        };
        sessions.put_ticket(&[1; 32], "reset", &ticket).await.expect("written");
        assert_eq!(
            sessions.ticket(&[1; 32], "other", house.now()).await.expect("reads"),
            None
        );
        assert_eq!(
            sessions
                .ticket(&[1; 32], "reset", ticket.expires_at)
                .await
                .expect("reads"),
            None
        );
        let takers = join_all((0..5).map(|_| sessions.take_ticket(&[1; 32], "reset", house.now()))).await;
        assert_eq!(
            takers
                .into_iter()
                .filter(|taken| taken.as_ref().expect("works").is_some())
                .count(),
            1
        );

        let invites = house.store.invites();
        let invite = Invite {
            id: InviteId::generate(house.now()),
            workspace: workspace.clone(),
            email: None,
            role: Role::Viewer,
            created_by: Some(ada.id.clone()),
            created_at: house.now(),
            expires_at: house.now() + MINUTE,
        };
        invites.insert(&[2; 32], &invite, None).await.expect("written");
        let now = house.now();
        // An address that is taken does not use the invitation up.
        let taken = invites
            .take(&[2; 32], Guest::New(somebody(&house, "ada@example.com")), now)
            .await;
        assert_eq!(taken.expect("works"), Taken::AddressTaken);
        let guests = join_all((0..5).map(|number| {
            let guest = Guest::New(somebody(&house, &format!("{number}@example.com")));
            invites.take(&[2; 32], guest, now)
        }))
        .await;
        let joined = guests
            .into_iter()
            .filter(|taken| matches!(taken, Ok(Taken::Joined(_))))
            .count();
        assert_eq!(joined, 1);
        assert_eq!(users.members(&workspace).await.expect("reads").len(), 2);
        assert!(invites.list(&workspace, now).await.expect("reads").is_empty());
    }
}

#[tokio::test]
async fn sessions_end_one_by_one_all_at_once_and_with_the_account() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let ada = person(&house, "ada@example.com", &workspace, Role::Owner).await;
        let bob = person(&house, "bob@example.com", &workspace, Role::Member).await;
        let sessions = house.store.sessions();
        let mut ids = Vec::new();
        for number in 0..4u8 {
            let user = if number == 3 { &bob } else { &ada };
            let session = Session {
                id: SessionId::generate(house.now()),
                user: user.id.clone(),
                workspace: Some(workspace.clone()),
                user_agent: "A browser".into(),
                address: "10.0.0.1".into(),
                proved_at: house.now(),
                created_at: house.now(),
                last_used_at: house.now(),
                expires_at: house.now() + MINUTE,
            };
            sessions.insert(&[number; 32], &session).await.expect("written");
            assert_eq!(
                sessions.by_hash(&[number; 32]).await.expect("reads"),
                Some(session.clone())
            );
            ids.push(session.id);
        }
        assert!(
            !sessions.end(&ada.id, &ids[3]).await.expect("works"),
            "another's session"
        );
        assert!(sessions.end(&ada.id, &ids[0]).await.expect("works"));
        assert_eq!(sessions.end_others(&ada.id, Some(&ids[1])).await.expect("works"), 1);
        assert_eq!(sessions.list(&ada.id, house.now()).await.expect("reads").len(), 1);
        house
            .store
            .users()
            .set_disabled(&ada.id, Some(house.now()))
            .await
            .expect("works");
        assert!(sessions.list(&ada.id, house.now()).await.expect("reads").is_empty());
        assert_eq!(sessions.list(&bob.id, house.now()).await.expect("reads").len(), 1);
        assert!(house.store.tidy(house.now() + MINUTE).await.expect("tidied") >= 1);
        assert!(sessions.by_hash(&[3; 32]).await.expect("reads").is_none());
    }
}

#[tokio::test]
async fn a_grants_tokens_are_one_family() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let ada = person(&house, "ada@example.com", &workspace, Role::Owner).await;
        let (oauth, now) = (house.store.oauth(), house.now());
        let client = OauthClient {
            id: "client_1".into(),
            name: "An app".into(),
            redirect_uris: vec!["https://app.example.com/cb".into()],
            secret_hash: None,
            created_at: now,
        };
        oauth.put_client(&client).await.expect("written");
        assert_eq!(oauth.client("client_1").await.expect("reads"), Some(client));
        let grant = Grant {
            id: GrantId::generate(now),
            user: ada.id.clone(),
            workspace: Some(workspace.clone()),
            client_id: "client_1".into(),
            client_name: "An app".into(),
            redirect_host: "app.example.com".into(),
            scopes: vec![Scope::AssetsRead],
            created_at: now,
            last_used_at: None,
            revoked_at: None,
        };
        let code = OauthCode {
            grant: grant.id.clone(),
            client_id: "client_1".into(),
            redirect_uri: "https://app.example.com/cb".into(),
            challenge: "x".into(),
            resource: "https://s.example".into(),
            expires_at: now + MINUTE,
        };
        oauth.grant(&grant, &[1; 32], &code).await.expect("written");
        assert!(
            oauth.grants(&ada.id, None).await.expect("reads").is_empty(),
            "no code was redeemed yet"
        );
        let token = |kind| OauthToken {
            grant: grant.id.clone(),
            kind,
            resource: "https://s.example".into(),
            scopes: vec![Scope::AssetsRead],
            created_at: now,
            expires_at: now + MINUTE,
            replaced_at: None,
        };
        let pair = |number: u8| {
            [
                ([number; 32], token(OauthTokenKind::Access)),
                ([number + 100; 32], token(OauthTokenKind::Refresh)),
            ]
        };
        let (two, three) = (pair(2), pair(3));
        let redeemed = [
            oauth.redeem(&[1; 32], &two, now).await,
            oauth.redeem(&[1; 32], &three, now).await,
        ];
        assert_eq!(redeemed.map(|done| done.expect("works")), [true, false]);
        assert!(oauth.token(&[3; 32]).await.expect("reads").is_none());
        assert!(oauth.code(&[1; 32]).await.expect("reads").expect("known").1);
        let pairs: Vec<_> = (10..15).map(pair).collect();
        let rotated = join_all(pairs.iter().map(|pair| oauth.rotate(&[102; 32], pair, now))).await;
        assert_eq!(
            rotated
                .into_iter()
                .filter(|done| *done.as_ref().expect("works"))
                .count(),
            1
        );
        assert_eq!(
            oauth
                .token(&[102; 32])
                .await
                .expect("reads")
                .expect("known")
                .replaced_at,
            Some(now)
        );
        oauth.touch(&[(grant.id.clone(), now + MINUTE)]).await.expect("noted");
        let listed = oauth.grants(&ada.id, None).await.expect("reads");
        assert_eq!((listed.len(), listed[0].last_used_at), (1, Some(now + MINUTE)));
        assert!(oauth.revoke_grant(&grant.id, now).await.expect("works"));
        assert!(!oauth.revoke_grant(&grant.id, now).await.expect("works"));
        assert!(oauth.token(&[2; 32]).await.expect("reads").is_none());
        assert!(oauth.grants(&ada.id, Some(&workspace)).await.expect("reads").is_empty());
        // A client that nobody uses goes after a month, with its dead grants before.
        house
            .store
            .tidy(now + jiff::SignedDuration::from_hours(24 * 40))
            .await
            .expect("tidied");
        assert!(oauth.client("client_1").await.expect("reads").is_none());
        assert!(oauth.get_grant(&grant.id).await.expect("reads").is_none());
    }
}

#[tokio::test]
async fn the_trash_and_shares_hide_what_was_deleted() {
    for house in house::each().await {
        let (workspace, other) = (house.workspace(0, 1).await, house.workspace(0, 1).await);
        let ada = person(&house, "ada@example.com", &workspace, Role::Owner).await;
        let (assets, shares) = (house.store.assets(), house.store.shares());
        let mut ids = Vec::new();
        for title in ["One bottle", "Two vases", "Three cups"] {
            let mut asset = house.asset(&workspace, title);
            asset.tags = vec!["glass".into()];
            assets.insert(&asset).await.expect("written");
            ids.push(asset.id);
        }
        let share = Share {
            id: ShareId::generate(house.now()),
            workspace: workspace.clone(),
            title: None,
            collection: None,
            password_hash: None,
            allow_downloads: true,
            expires_at: None,
            revoked_at: None,
            view_count: 0,
            last_viewed_at: None,
            asset_count: 0,
            created_by: Some(ada.id.clone()),
            created_at: house.now(),
            hash: String::new(),
        };
        let order = [ids[2].clone(), ids[0].clone(), ids[1].clone()];
        shares.insert(&[5; 32], &share, &order, None).await.expect("written");
        let found = shares.by_hash(&[5; 32]).await.expect("reads").expect("there");
        assert_eq!(
            (found.asset_count, shares.get(&other, &share.id).await.expect("reads")),
            (3, None)
        );
        let first = shares.contents(&found, None, 2).await.expect("reads");
        let rest = shares
            .contents(&found, first.next_cursor.as_deref(), 2)
            .await
            .expect("reads");
        let shown: Vec<_> = first
            .items
            .iter()
            .chain(&rest.items)
            .map(|asset| asset.id.clone())
            .collect();
        assert_eq!(shown, order);

        let now = house.now();
        assert!(
            assets.trash(&other, &ids, None, now).await.expect("works").is_empty(),
            "another's assets"
        );
        assert_eq!(
            assets
                .trash(&workspace, &ids[..1], Some(&ada.id), now)
                .await
                .expect("works"),
            &ids[..1]
        );
        assert!(
            assets
                .trash(&workspace, &ids[..1], None, now)
                .await
                .expect("works")
                .is_empty(),
            "once"
        );
        assert!(assets.get(&workspace, &ids[0]).await.expect("reads").is_none());
        assert!(
            assets
                .get_or_trashed(&workspace, &ids[0])
                .await
                .expect("reads")
                .is_some()
        );
        assert!(shares.asset(&found, &ids[0]).await.expect("reads").is_none());
        assert_eq!(
            shares
                .get(&workspace, &share.id)
                .await
                .expect("reads")
                .expect("there")
                .asset_count,
            2
        );
        let filter = Default::default();
        assert!(
            assets
                .search(&workspace, "bottle", &filter, None, 9)
                .await
                .expect("reads")
                .items
                .is_empty()
        );
        let facets = assets.facets(&workspace).await.expect("reads");
        assert!(facets.contains(&("tags".into(), "glass".into(), 2)), "{facets:?}");
        let trashed = assets.trashed(&workspace, None, 9).await.expect("reads");
        assert_eq!(
            (trashed.items[0].1, trashed.items[0].2.clone()),
            (now, Some(ada.id.clone()))
        );

        // A new title is found, the old one is not.
        let mut second = assets.get(&workspace, &ids[1]).await.expect("reads").expect("there");
        second.title = "Green jug".into();
        assets.rename(&second).await.expect("written");
        for (word, count) in [("jug", 1), ("vases", 0)] {
            let found = assets.search(&workspace, word, &filter, None, 9).await.expect("reads");
            assert_eq!(found.items.len(), count, "{word}");
        }

        let stranger = UserId::generate(now);
        assert!(
            assets
                .purge(&workspace, &ids, Some(&stranger))
                .await
                .expect("works")
                .is_empty()
        );
        assert_eq!(
            assets.purge(&workspace, &ids, Some(&ada.id)).await.expect("works"),
            &ids[..1]
        );
        assert!(
            assets
                .get_or_trashed(&workspace, &ids[0])
                .await
                .expect("reads")
                .is_none()
        );
        assets.trash(&workspace, &ids[1..2], None, now).await.expect("works");
        assert_eq!(assets.purge_before(now).await.expect("works"), 0);
        let later: Timestamp = now + MINUTE;
        assert_eq!(assets.purge_before(later).await.expect("works"), 1);
        assert_eq!(assets.totals().await.expect("reads").0, 1);
        assert!(shares.delete(&workspace, &share.id).await.expect("works"));
        assert!(!shares.delete(&workspace, &share.id).await.expect("works"));
    }
}

#[tokio::test]
async fn a_share_that_is_made_under_a_key_is_made_once() {
    for house in house::each().await {
        let (workspace, other) = (house.workspace(0, 1).await, house.workspace(0, 1).await);
        let shares = house.store.shares();
        let asset = house.asset(&workspace, "One bottle");
        house.store.assets().insert(&asset).await.expect("written");
        let new = |workspace: &WorkspaceId| Share {
            id: ShareId::generate(house.now()),
            workspace: workspace.clone(),
            title: None,
            collection: None,
            password_hash: None,
            allow_downloads: true,
            expires_at: None,
            revoked_at: None,
            view_count: 0,
            last_viewed_at: None,
            asset_count: 0,
            created_by: None,
            created_at: house.now(),
            hash: String::new(),
        };
        let key = |request: u8| ShareKey {
            key: "run/node/0".into(),
            request_hash: [request; 32],
        };
        let selection = [asset.id.clone()];
        let (first, second) = (new(&workspace), new(&workspace));
        let (same, other_call) = (key(1), key(2));
        // Two who try at once make one.
        let (a, b) = tokio::join!(
            shares.insert(&[11; 32], &first, &selection, Some(&same)),
            shares.insert(&[12; 32], &second, &selection, Some(&same)),
        );
        let (a, b) = (a.expect("made"), b.expect("found"));
        assert_eq!(a, b);
        assert_eq!(shares.list(&workspace, None, 10).await.expect("reads").items.len(), 1);
        let third = new(&workspace);
        let again = shares.insert(&[13; 32], &third, &selection, Some(&same)).await;
        assert_eq!(again.expect("found"), a);
        let refused = shares.insert(&[14; 32], &third, &selection, Some(&other_call)).await;
        assert_eq!(refused.expect_err("another call").code, Code::IdempotencyMismatch);
        // The key is the workspace's own, and without one every call makes a link.
        let theirs = new(&other);
        let made = shares.insert(&[15; 32], &theirs, &[], Some(&same)).await;
        assert_eq!(made.expect("made"), theirs.id);
        let plain = shares.insert(&[16; 32], &third, &selection, None).await;
        assert_eq!(plain.expect("made"), third.id);
    }
}
