//! Keys, their revision, daily counts, and the one set-up.

use aquatint_domain::{ApiKeyId, Balance, Clock, RequestId, Role, Scope, UserId, WorkspaceId};
use aquatint_store::{AuditFilter, AuditRow, NewKey, NewUser, NewWorkspace};
use aquatint_testkit::TestDatabase;
use futures::future::join_all;

use crate::house::{self, House};

fn key(house: &House, workspace: &WorkspaceId, secret: u8) -> NewKey {
    NewKey {
        id: ApiKeyId::generate(house.now()),
        workspace: workspace.clone(),
        name: "laptop".into(),
        kind_prefix: "aqt_key_".into(),
        last4: "wxyz".into(),
        hash: [secret; 32],
        scopes: vec![Scope::AssetsRead],
        balance: Balance::Api,
        expires_at: Some(house.now()),
        created_by: None,
        created_at: house.now(),
    }
}

#[tokio::test]
async fn a_key_is_found_by_the_hash_of_its_secret_and_revoked_once() {
    for house in house::each().await {
        let (mine, theirs) = (house.workspace(0, 1).await, house.workspace(0, 1).await);
        let new = key(&house, &mine, 1);
        let keys = house.store.keys();
        let before = keys.revision().await.expect("reads");
        keys.insert(new.clone()).await.expect("written");
        assert!(
            keys.insert(key(&house, &mine, 1)).await.is_err(),
            "a secret exists once"
        );
        let found = keys.by_hash(&[1; 32]).await.expect("reads").expect("is there");
        assert_eq!(
            (&found.id, &found.scopes, found.balance),
            (&new.id, &new.scopes, Balance::Api)
        );
        assert!(keys.by_hash(&[2; 32]).await.expect("reads").is_none());
        let inserted = keys.revision().await.expect("reads");
        assert!(inserted > before);
        assert!(!keys.revoke(&theirs, &new.id, house.now()).await.expect("works"));
        assert!(keys.revoke(&mine, &new.id, house.now()).await.expect("works"));
        assert!(!keys.revoke(&mine, &new.id, house.now()).await.expect("works"));
        assert!(keys.revision().await.expect("reads") > inserted);
        let found = keys.get(&new.id).await.expect("reads").expect("is kept");
        assert_eq!(found.revoked_at, Some(house.now()));
        assert_eq!(keys.list(&mine).await.expect("lists").len(), 1);
    }
}

#[tokio::test]
async fn daily_counts_add_up_over_processes_and_yesterday_goes() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let new = key(&house, &workspace, 1);
        house.store.keys().insert(new.clone()).await.expect("written");
        let second = house.database.open(house.now()).await;
        for (store, day) in [
            (&house.store, "2026-11-20"),
            (&second, "2026-11-20"),
            (&house.store, "2026-11-20"),
        ] {
            store
                .keys()
                .add_day_counts(day, &[(new.id.to_string(), 7)])
                .await
                .expect("added");
        }
        let counts = second.keys().day_counts("2026-11-20").await.expect("reads");
        assert_eq!(counts, vec![(new.id.to_string(), 21)]);
        second
            .keys()
            .add_day_counts("2026-11-21", &[(new.id.to_string(), 1)])
            .await
            .expect("added");
        assert!(
            house
                .store
                .keys()
                .day_counts("2026-11-20")
                .await
                .expect("reads")
                .is_empty()
        );
        second.close().await;
    }
}

#[tokio::test]
async fn of_many_who_open_the_set_up_link_one_becomes_the_owner() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let expires = house.now() + jiff::SignedDuration::from_hours(1);
        house
            .store
            .users()
            .put_setup_token(&[9; 32], expires)
            .await
            .expect("written");
        let second = house.database.open(house.now()).await;
        let person = |number: u32| NewUser {
            id: UserId::generate(house.now()),
            email: format!("{number}@example.com"),
            name: "Somebody".into(),
            password_hash: "$argon2id$…".into(),
            passkey: None,
        };
        let wrong = house
            .store
            .users()
            .create_owner(Some(&[8; 32]), person(99), &workspace, house.now())
            .await;
        assert_eq!(wrong.expect("works"), None);
        let late = house
            .store
            .users()
            .create_owner(Some(&[9; 32]), person(98), &workspace, expires)
            .await;
        assert_eq!(late.expect("works"), None);
        let tries = (0..10u32).map(|number| {
            let store = if number % 2 == 0 { &house.store } else { &second };
            let person = person(number);
            let (workspace, now) = (workspace.clone(), house.now());
            async move {
                store
                    .users()
                    .create_owner(Some(&[9; 32]), person, &workspace, now)
                    .await
            }
        });
        let owners: Vec<_> = join_all(tries)
            .await
            .into_iter()
            .filter_map(|owner| owner.expect("no failure"))
            .collect();
        assert_eq!(owners.len(), 1);
        let users = house.store.users();
        assert!(users.any_owner().await.expect("reads"));
        assert!(!users.setup_token_valid(&[9; 32], house.now()).await.expect("reads"));
        let places = users.memberships(&owners[0].id).await.expect("reads");
        assert_eq!(
            (places.len(), &places[0].workspace, places[0].role),
            (1, &workspace, Role::Owner)
        );
        assert_eq!(
            users.by_email(&owners[0].email).await.expect("reads"),
            Some(owners[0].clone())
        );
        second.close().await;
    }
}

#[tokio::test]
async fn several_processes_that_open_an_empty_database_make_it_once() {
    let mut databases = vec![TestDatabase::sqlite()];
    databases.extend(TestDatabase::postgres().await);
    for database in databases {
        let now = aquatint_testkit::FrozenClock::default().now();
        let stores = join_all((0..6).map(|_| database.open(now))).await;
        let new = |number: usize| NewWorkspace {
            id: WorkspaceId::generate(now),
            name: format!("Studio {number}"),
            plan: "local".into(),
            owner: None,
            may_overdraw: true,
            concurrent_jobs: 1,
        };
        let firsts = stores.iter().enumerate().map(|(number, store)| {
            let new = new(number);
            async move { store.workspaces().create_first(new, now).await }
        });
        let firsts: Vec<_> = join_all(firsts)
            .await
            .into_iter()
            .filter_map(|made| made.expect("no failure"))
            .collect();
        assert_eq!(firsts.len(), 1, "one of them makes the first workspace");
        assert_eq!(stores[0].workspaces().list().await.expect("lists"), firsts);
        for (number, store) in stores.iter().enumerate() {
            store.workspaces().create(new(10 + number), now).await.expect("made");
        }
        assert_eq!(stores[0].workspaces().list().await.expect("lists").len(), 7);
        let found = stores[1].workspaces().by_name("studio 13").await.expect("reads");
        assert_eq!(found.expect("is there").name, "Studio 13");
        for store in stores {
            store.close().await;
        }
    }
}

#[tokio::test]
async fn audit_rows_are_kept_as_they_were_handed_in() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let row = |number: usize| AuditRow {
            at: house.now() + jiff::SignedDuration::from_millis(number as i64),
            workspace: Some(workspace.clone()),
            user: None,
            key: number.is_multiple_of(2).then(|| ApiKeyId::generate(house.now())),
            request: RequestId::generate(house.now()),
            action: "edit.upscale".into(),
            outcome: "ok".into(),
            address: Some("2001:db8::1".into()),
            target: number
                .is_multiple_of(3)
                .then(|| "an odd \"target\", 東京 \\ ' $1".into()),
        };
        let rows: Vec<AuditRow> = (0..1_203).map(row).collect();
        house.store.audit().append(&rows).await.expect("written");
        house.store.audit().append(&[]).await.expect("nothing to write");
        let own = AuditFilter {
            workspace: Some(workspace.clone()),
            ..AuditFilter::default()
        };
        let list = async |filter: &AuditFilter, cursor: Option<&str>, limit| {
            let page = house.store.audit().list(filter, cursor, limit).await;
            page.expect("reads")
        };
        let mut found = list(&own, None, 2_000).await.items;
        found.reverse();
        assert_eq!(found, rows);
        let first = list(&own, None, 1_200).await;
        let last = list(&own, first.next_cursor.as_deref(), 1_200).await;
        assert_eq!(last.items, [rows[2].clone(), rows[1].clone(), rows[0].clone()]);
        assert_eq!(last.next_cursor, None);
        assert!(house.store.audit().list(&own, Some("nonsense"), 9).await.is_err());
        let other = AuditFilter {
            action: Some("edit.crop".into()),
            ..own
        };
        assert_eq!(list(&other, None, 9).await.items, []);
        let changed = house.database.execute("UPDATE audit_log SET outcome = 'ok'").await;
        assert!(changed.is_err(), "rows are only added");
    }
}
