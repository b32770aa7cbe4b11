//! Passkeys: the public halves of what people sign in with (WebAuthn's credential records), and the challenges that were answered.

use aquatint_domain::{Code, PasskeyId, Problem, Timestamp, UserId};
use sea_orm::{ConnectionTrait, QueryResult};

use crate::columns::{flag, get, hex, json, number, parsed, time, time_if, to_json};
use crate::connection::{Connections, broken, execute, is_postgres, row, rows};

pub struct Passkeys<'a>(pub(crate) &'a Connections);

/// A passkey of a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Passkey {
    pub id: PasskeyId,
    pub user: UserId,
    /// What the authenticator calls it, in base64url. No two people have the same.
    pub credential_id: String,
    /// A COSE key (RFC 9052), in base64url.
    pub public_key: String,
    pub name: String,
    /// How the browser reaches the authenticator: `usb`, `internal`, `hybrid`, …
    pub transports: Vec<String>,
    /// The authenticator's counter at the last use; many never count.
    pub sign_count: u32,
    /// Whether it may be copied to other devices. That never changes.
    pub is_backup_eligible: bool,
    /// Whether it is copied now.
    pub is_backed_up: bool,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// A passkey that is made, with or for its person.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPasskey {
    pub id: PasskeyId,
    pub credential_id: String,
    pub public_key: String,
    pub name: String,
    pub transports: Vec<String>,
    pub sign_count: u32,
    pub is_backup_eligible: bool,
    pub is_backed_up: bool,
}

/// What became of removing a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Done,
    /// There is none of that id, or it is somebody else's.
    Unknown,
    /// It is the only passkey of a person who has no other way in.
    Last,
}

impl Passkeys<'_> {
    /// Gives a person one more. `false` when somebody has a credential of that id, or the person has `most` already.
    pub async fn add(&self, user: &UserId, new: &NewPasskey, most: usize, now: Timestamp) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        if held(&tx, user).await? >= most || !insert(&tx, user, new, now).await? {
            return Ok(false);
        }
        tx.commit().await.map_err(broken)?;
        Ok(true)
    }

    /// The passkey that an authenticator means.
    pub async fn by_credential(&self, credential_id: &str) -> Result<Option<Passkey>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM passkeys WHERE credential_id = $1",
            vec![credential_id.into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// The passkeys of a person, the oldest first.
    pub async fn list(&self, user: &UserId) -> Result<Vec<Passkey>, Problem> {
        rows(
            self.0.read(),
            "SELECT * FROM passkeys WHERE user_id = $1 ORDER BY id LIMIT 200",
            vec![user.as_str().into()],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// Notes a use. The counter only grows here, also when two uses are written in the wrong order.
    pub async fn used(
        &self,
        id: &PasskeyId,
        sign_count: u32,
        is_backed_up: bool,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE passkeys SET sign_count = CASE WHEN sign_count < $2 THEN $2 ELSE sign_count END, is_backed_up = $3, last_used_at = $4 WHERE id = $1",
            vec![
                id.as_str().into(),
                i64::from(sign_count).into(),
                i64::from(is_backed_up).into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// Gives a passkey of a person another name. `false` when it is not theirs.
    pub async fn rename(&self, user: &UserId, id: &PasskeyId, name: &str) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let renamed = execute(
            &tx,
            "UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2",
            vec![id.as_str().into(), user.as_str().into(), name.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(renamed == 1)
    }

    /// Takes a passkey away. Unless the person has another way in, the last one stays; of two that are removed at once,
    /// one stays too.
    pub async fn remove(&self, user: &UserId, id: &PasskeyId, has_another_way: bool) -> Result<Removal, Problem> {
        let tx = self.0.begin().await?;
        let before = held(&tx, user).await?;
        let gone = execute(
            &tx,
            "DELETE FROM passkeys WHERE id = $1 AND user_id = $2",
            vec![id.as_str().into(), user.as_str().into()],
        )
        .await?;
        if gone != 1 {
            return Ok(Removal::Unknown);
        }
        if before == 1 && !has_another_way {
            // Without a commit the row stays.
            return Ok(Removal::Last);
        }
        tx.commit().await.map_err(broken)?;
        Ok(Removal::Done)
    }

    /// Uses a challenge up. `false` when it was answered before. It needs to be remembered only while it could still be answered.
    pub async fn use_challenge(&self, hash: &[u8; 32], until: Timestamp) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let used = execute(
            &tx,
            "INSERT INTO passkey_challenges (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            vec![hex(hash).into(), until.as_millisecond().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(used == 1)
    }
}

/// How many passkeys a person has; nobody adds or removes one of theirs before this transaction ends.
async fn held<C: ConnectionTrait>(tx: &C, user: &UserId) -> Result<usize, Problem> {
    let lock = if is_postgres(tx) {
        "SELECT id FROM users WHERE id = $1 FOR UPDATE"
    } else {
        "SELECT id FROM users WHERE id = $1"
    };
    row(tx, lock, vec![user.as_str().into()]).await?;
    let counted = row(
        tx,
        "SELECT COUNT(*) AS many FROM passkeys WHERE user_id = $1",
        vec![user.as_str().into()],
    )
    .await?;
    counted.as_ref().map_or(Ok(0), |row| number(row, "many"))
}

/// Adds a passkey within somebody's transaction. `false` when somebody has a credential of that id.
pub(crate) async fn insert<C: ConnectionTrait>(
    tx: &C,
    user: &UserId,
    new: &NewPasskey,
    now: Timestamp,
) -> Result<bool, Problem> {
    let added = execute(
        tx,
        "INSERT INTO passkeys (id, user_id, credential_id, public_key, name, transports, sign_count, is_backup_eligible, is_backed_up, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        vec![
            new.id.as_str().into(),
            user.as_str().into(),
            new.credential_id.clone().into(),
            new.public_key.clone().into(),
            new.name.clone().into(),
            to_json(&new.transports)?.into(),
            i64::from(new.sign_count).into(),
            i64::from(new.is_backup_eligible).into(),
            i64::from(new.is_backed_up).into(),
            now.as_millisecond().into(),
        ],
    )
    .await?;
    Ok(added == 1)
}

/// What is said where a new person brings a passkey that is known.
pub(crate) fn known_already() -> Problem {
    Problem::new(Code::Conflict, "This passkey is in use already.").hint("Make a new one, or sign in with it.")
}

fn read(row: &QueryResult) -> Result<Passkey, Problem> {
    Ok(Passkey {
        id: parsed(row, "id")?,
        user: parsed(row, "user_id")?,
        credential_id: get(row, "credential_id")?,
        public_key: get(row, "public_key")?,
        name: get(row, "name")?,
        transports: json(row, "transports")?,
        sign_count: number(row, "sign_count")?,
        is_backup_eligible: flag(row, "is_backup_eligible")?,
        is_backed_up: flag(row, "is_backed_up")?,
        created_at: time(row, "created_at")?,
        last_used_at: time_if(row, "last_used_at")?,
    })
}
