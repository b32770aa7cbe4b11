//! People, and the one moment at which the first of them becomes the owner.

use aquatint_domain::{Problem, Role, Timestamp, UserId, WorkspaceId};
use sea_orm::QueryResult;

use crate::columns::{get, hex, parsed, time};
use crate::connection::{Connections, broken, execute, row, rows};

pub struct Users<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    /// PHC string.
    pub password_hash: String,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewUser {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub password_hash: String,
}

impl Users<'_> {
    /// Makes the first owner in one transaction: uses the set-up token up, adds the person and the
    /// membership. `None` when the token does not work (any more) or an owner exists.
    pub async fn create_owner(
        &self,
        setup_hash: Option<&[u8; 32]>,
        new: NewUser,
        workspace: &WorkspaceId,
        now: Timestamp,
    ) -> Result<Option<User>, Problem> {
        let tx = self.0.begin().await?;
        if let Some(hash) = setup_hash {
            let used = execute(
                &tx,
                "UPDATE setup_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2",
                vec![hex(hash).into(), now.as_millisecond().into()],
            )
            .await?;
            if used != 1 {
                return Ok(None);
            }
        }
        // The primary key of this row is the guard: only one insert ever succeeds.
        let first = execute(
            &tx,
            "INSERT INTO facts (name, value) VALUES ('owner_exists', 1) ON CONFLICT (name) DO NOTHING",
            vec![],
        )
        .await?;
        if first != 1 {
            return Ok(None);
        }
        execute(
            &tx,
            "INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)",
            vec![
                new.id.as_str().into(),
                new.email.clone().into(),
                new.name.clone().into(),
                new.password_hash.clone().into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        execute(
            &tx,
            "INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, $3)",
            vec![
                workspace.as_str().into(),
                new.id.as_str().into(),
                Role::Owner.as_str().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(Some(User {
            id: new.id,
            email: new.email,
            name: new.name,
            password_hash: new.password_hash,
            created_at: now,
        }))
    }

    pub async fn any_owner(&self) -> Result<bool, Problem> {
        Ok(row(
            self.0.read(),
            "SELECT value FROM facts WHERE name = 'owner_exists'",
            vec![],
        )
        .await?
        .is_some())
    }

    pub async fn by_email(&self, email: &str) -> Result<Option<User>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM users WHERE email = $1",
            vec![email.into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    pub async fn put_setup_token(&self, hash: &[u8; 32], expires_at: Timestamp) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO setup_tokens (hash, expires_at) VALUES ($1, $2)",
            vec![hex(hash).into(), expires_at.as_millisecond().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    pub async fn setup_token_valid(&self, hash: &[u8; 32], now: Timestamp) -> Result<bool, Problem> {
        if self.any_owner().await? {
            return Ok(false);
        }
        let found = row(
            self.0.read(),
            "SELECT hash FROM setup_tokens WHERE hash = $1 AND used_at IS NULL AND expires_at > $2",
            vec![hex(hash).into(), now.as_millisecond().into()],
        )
        .await?;
        Ok(found.is_some())
    }

    /// The workspaces of a person, with the role in each.
    pub async fn memberships(&self, user: &UserId) -> Result<Vec<(WorkspaceId, Role)>, Problem> {
        let found = rows(
            self.0.read(),
            "SELECT workspace_id, role FROM memberships WHERE user_id = $1 ORDER BY workspace_id",
            vec![user.as_str().into()],
        )
        .await?;
        found
            .iter()
            .map(|row| Ok((parsed(row, "workspace_id")?, parsed(row, "role")?)))
            .collect()
    }
}

fn read(row: &QueryResult) -> Result<User, Problem> {
    Ok(User {
        id: parsed(row, "id")?,
        email: get(row, "email")?,
        name: get(row, "name")?,
        password_hash: get(row, "password_hash")?,
        created_at: time(row, "created_at")?,
    })
}
