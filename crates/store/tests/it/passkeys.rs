//! Passkeys: whose they are, that they come with a person or not at all, that the last one stays, and that a challenge is
//! answered once.

use aquatint_domain::{Code, InviteId, PasskeyId, Role, SessionId, UserId, WorkspaceId};
use aquatint_store::{Guest, Invite, NewPasskey, NewUser, Removal, Session, Taken, User};
use futures::future::join_all;

use crate::house::{self, House};

const MINUTE: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

fn passkey(house: &House, credential_id: &str) -> NewPasskey {
    NewPasskey {
        id: PasskeyId::generate(house.now()),
        credential_id: credential_id.into(),
        public_key: "pQECAyYgASFYIA".into(),
        name: "A laptop".into(),
        transports: vec!["internal".into(), "hybrid".into()],
        sign_count: 0,
        is_backup_eligible: true,
        is_backed_up: false,
    }
}

fn somebody(house: &House, email: &str, passkey: Option<NewPasskey>) -> NewUser {
    NewUser {
        id: UserId::generate(house.now()),
        email: email.into(),
        name: "Somebody".into(),
        password_hash: String::new(),
        passkey,
    }
}

async fn person(house: &House, email: &str, workspace: &WorkspaceId, passkey: Option<NewPasskey>) -> User {
    let place = Some((workspace.clone(), Role::Member));
    let made = house
        .store
        .users()
        .create(somebody(house, email, passkey), place, house.now())
        .await;
    made.expect("works").expect("the address is free")
}

#[tokio::test]
async fn a_passkey_belongs_to_one_person_who_names_uses_and_removes_it() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let ada = person(&house, "ada@example.com", &workspace, Some(passkey(&house, "first"))).await;
        let bob = person(&house, "bob@example.com", &workspace, None).await;
        let passkeys = house.store.passkeys();
        let first = passkeys
            .by_credential("first")
            .await
            .expect("reads")
            .expect("came with Ada");
        assert_eq!((&first.user, first.last_used_at), (&ada.id, None));
        assert_eq!(first.transports, ["internal", "hybrid"]);
        assert!((first.is_backup_eligible, first.is_backed_up) == (true, false));

        // Nobody else gets the same credential, and nobody gets more than the most.
        assert!(
            !passkeys
                .add(&bob.id, &passkey(&house, "first"), 9, house.now())
                .await
                .expect("works")
        );
        assert!(
            passkeys
                .add(&ada.id, &passkey(&house, "second"), 2, house.now())
                .await
                .expect("works")
        );
        assert!(
            !passkeys
                .add(&ada.id, &passkey(&house, "third"), 2, house.now())
                .await
                .expect("works")
        );
        let added = join_all((0..5).map(|number| {
            let (passkeys, new) = (house.store.passkeys(), passkey(&house, &format!("b{number}")));
            let (bob, now) = (bob.id.clone(), house.now());
            async move { passkeys.add(&bob, &new, 3, now).await.expect("works") }
        }));
        assert_eq!(added.await.into_iter().filter(|added| *added).count(), 3);
        assert_eq!(passkeys.list(&bob.id).await.expect("reads").len(), 3);

        // The counter never shrinks; the other facts of a use are the newest.
        passkeys.used(&first.id, 7, true, house.now()).await.expect("written");
        passkeys
            .used(&first.id, 5, false, house.now() + MINUTE)
            .await
            .expect("written");
        let after = passkeys.by_credential("first").await.expect("reads").expect("there");
        assert_eq!(
            (after.sign_count, after.is_backed_up, after.last_used_at),
            (7, false, Some(house.now() + MINUTE))
        );

        assert!(!passkeys.rename(&bob.id, &first.id, "Mine now").await.expect("works"));
        assert!(passkeys.rename(&ada.id, &first.id, "The desk").await.expect("works"));
        assert_eq!(passkeys.list(&ada.id).await.expect("reads")[0].name, "The desk");
        assert_eq!(
            passkeys.remove(&bob.id, &first.id, true).await.expect("works"),
            Removal::Unknown
        );
        assert_eq!(
            passkeys.remove(&ada.id, &first.id, false).await.expect("works"),
            Removal::Done
        );
        assert!(passkeys.by_credential("first").await.expect("reads").is_none());
    }
}

#[tokio::test]
async fn the_last_passkey_stays_where_there_is_no_other_way_in() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let ada = person(&house, "ada@example.com", &workspace, Some(passkey(&house, "first"))).await;
        let passkeys = house.store.passkeys();
        assert!(
            passkeys
                .add(&ada.id, &passkey(&house, "second"), 9, house.now())
                .await
                .expect("works")
        );
        // Both at once: one goes.
        let listed = passkeys.list(&ada.id).await.expect("reads");
        let removed = join_all(listed.iter().map(|one| passkeys.remove(&ada.id, &one.id, false))).await;
        let mut removed: Vec<Removal> = removed.into_iter().map(|removal| removal.expect("works")).collect();
        removed.sort_by_key(|removal| *removal == Removal::Last);
        assert_eq!(removed, [Removal::Done, Removal::Last]);
        let left = passkeys.list(&ada.id).await.expect("reads");
        assert_eq!(left.len(), 1);
        assert_eq!(
            passkeys.remove(&ada.id, &left[0].id, true).await.expect("works"),
            Removal::Done
        );

        let users = house.store.users();
        assert!(users.identities(&ada.id).await.expect("reads").is_empty());
        users
            .add_identity("corp", "42", &ada.id, house.now())
            .await
            .expect("written");
        assert_eq!(users.identities(&ada.id).await.expect("reads"), ["corp"]);
    }
}

#[tokio::test]
async fn a_person_comes_with_their_passkey_or_not_at_all() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let ada = person(&house, "ada@example.com", &workspace, Some(passkey(&house, "first"))).await;
        let users = house.store.users();
        let again = somebody(&house, "eve@example.com", Some(passkey(&house, "first")));
        let refused = users
            .create(again, None, house.now())
            .await
            .expect_err("the credential is Ada's");
        assert_eq!(refused.code, Code::Conflict);
        assert!(users.by_email("eve@example.com").await.expect("reads").is_none());

        let invite = Invite {
            id: InviteId::generate(house.now()),
            workspace,
            email: None,
            role: Role::Member,
            created_by: Some(ada.id.clone()),
            created_at: house.now(),
            expires_at: house.now() + MINUTE,
        };
        house
            .store
            .invites()
            .insert(&[1; 32], &invite, None)
            .await
            .expect("written");
        let known = Guest::New(somebody(&house, "eve@example.com", Some(passkey(&house, "first"))));
        assert!(house.store.invites().take(&[1; 32], known, house.now()).await.is_err());
        let fresh = Guest::New(somebody(&house, "eve@example.com", Some(passkey(&house, "eve"))));
        let taken = house
            .store
            .invites()
            .take(&[1; 32], fresh, house.now())
            .await
            .expect("works");
        let eve = users.by_email("eve@example.com").await.expect("reads").expect("joined");
        assert_eq!(
            taken,
            Taken::Joined(eve.id.clone()),
            "what failed has not used the invitation up"
        );
        assert_eq!(house.store.passkeys().list(&eve.id).await.expect("reads").len(), 1);
    }
}

#[tokio::test]
async fn a_challenge_is_answered_once_and_forgotten_when_it_is_over() {
    for house in house::each().await {
        let passkeys = house.store.passkeys();
        let until = house.now() + MINUTE;
        let used = join_all((0..5).map(|_| passkeys.use_challenge(&[7; 32], until))).await;
        assert_eq!(
            used.into_iter().filter(|used| *used.as_ref().expect("works")).count(),
            1
        );
        assert!(passkeys.use_challenge(&[8; 32], until).await.expect("works"));
        assert_eq!(house.store.tidy(house.now()).await.expect("tidied"), 0);
        assert_eq!(house.store.tidy(until).await.expect("tidied"), 2);
    }
}

#[tokio::test]
async fn a_session_knows_when_its_person_last_proved_who_they_are() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let ada = person(&house, "ada@example.com", &workspace, None).await;
        let session = Session {
            id: SessionId::generate(house.now()),
            user: ada.id,
            workspace: Some(workspace),
            user_agent: String::new(),
            address: String::new(),
            proved_at: house.now(),
            created_at: house.now(),
            last_used_at: house.now(),
            expires_at: house.now() + MINUTE,
        };
        let sessions = house.store.sessions();
        sessions.insert(&[1; 32], &session).await.expect("written");
        assert_eq!(sessions.get(&session.id).await.expect("reads"), Some(session.clone()));
        sessions
            .proved(&session.id, house.now() + MINUTE)
            .await
            .expect("written");
        let after = sessions.get(&session.id).await.expect("reads").expect("there");
        assert_eq!(after.proved_at, house.now() + MINUTE);
    }
}
