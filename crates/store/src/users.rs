//! People: the one moment at which the first of them becomes the owner, who they are elsewhere, and
//! which workspaces are theirs.

use aquatint_domain::{Problem, Role, Timestamp, UserId, WorkspaceId};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::columns::{flag, get, hex, json, number, parsed, parsed_if, time, time_if, to_json};
use crate::connection::{Connections, broken, execute, row, rows};
use crate::page::{Page, id_cursor};
use crate::passkeys::{self, NewPasskey};

pub struct Users<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    /// PHC string; empty for a person who signs in elsewhere only.
    pub password_hash: String,
    /// Whether the whole studio is this person's to run.
    pub is_operator: bool,
    pub disabled_at: Option<Timestamp>,
    pub last_seen_at: Option<Timestamp>,
    /// Where a grant without a workspace of its own, and a new session, go.
    pub default_workspace: Option<WorkspaceId>,
    pub totp: Totp,
    pub created_at: Timestamp,
}

/// The second factor of a person (RFC 6238). Secrets are sealed before they come here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totp {
    pub secret: Option<String>,
    /// Not confirmed by a code yet.
    pub pending: Option<String>,
    /// The last time step whose code was used: no code works twice.
    pub last_step: i64,
    /// SHA-256 of recovery codes that are left, hex.
    pub recovery_codes: Vec<String>,
}

/// A person's place in a workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    pub workspace: WorkspaceId,
    pub user: UserId,
    pub role: Role,
    pub joined_at: Timestamp,
}

/// A member with a face.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub user: UserId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub joined_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewUser {
    pub id: UserId,
    pub email: String,
    pub name: String,
    /// PHC string; empty for a person without a password.
    pub password_hash: String,
    /// What they sign in with instead of a password, or beside it.
    pub passkey: Option<NewPasskey>,
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
        let id = new.id.clone();
        if !insert(&tx, new, true, now).await? {
            return Ok(None);
        }
        join(&tx, workspace, &id, Role::Owner, now).await?;
        tx.commit().await.map_err(broken)?;
        self.get(&id).await
    }

    /// Adds a person, with a place in a workspace where one is given. `None` when the address is taken.
    pub async fn create(
        &self,
        new: NewUser,
        place: Option<(WorkspaceId, Role)>,
        now: Timestamp,
    ) -> Result<Option<User>, Problem> {
        let tx = self.0.begin().await?;
        let id = new.id.clone();
        if !insert(&tx, new, false, now).await? {
            return Ok(None);
        }
        if let Some((workspace, role)) = place {
            join(&tx, &workspace, &id, role, now).await?;
        }
        tx.commit().await.map_err(broken)?;
        self.get(&id).await
    }

    pub async fn get(&self, id: &UserId) -> Result<Option<User>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM users WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// People whose name or address holds the text, newest first.
    pub async fn list(&self, text: &str, cursor: Option<&str>, limit: u32) -> Result<Page<User>, Problem> {
        let after = id_cursor(cursor, UserId::PREFIX)?;
        let found = rows(
            self.0.read(),
            &format!(
                "SELECT * FROM users WHERE ($1 = '' OR id < $1) AND (LOWER(name) LIKE $2 ESCAPE '!' OR LOWER(email) LIKE $2 ESCAPE '!') ORDER BY id DESC LIMIT {}",
                limit + 1
            ),
            vec![after.into(), crate::page::like(text).into()],
        )
        .await?;
        let items = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, limit, |user| user.id.to_string()))
    }

    pub async fn count(&self) -> Result<u64, Problem> {
        let found = row(self.0.read(), "SELECT COUNT(*) AS many FROM users", vec![]).await?;
        found.as_ref().map_or(Ok(0), |row| number(row, "many"))
    }

    pub async fn rename(&self, id: &UserId, name: &str) -> Result<(), Problem> {
        self.set(id, "name = $2", vec![name.into()]).await
    }

    pub async fn set_password(&self, id: &UserId, password_hash: &str) -> Result<(), Problem> {
        self.set(id, "password_hash = $2", vec![password_hash.into()]).await
    }

    pub async fn set_default_workspace(&self, id: &UserId, workspace: &WorkspaceId) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE users SET default_workspace = $2 WHERE id = $1",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await?;
        // Grants without a workspace of their own follow it.
        execute(&tx, crate::keys::CHANGED, vec![]).await?;
        tx.commit().await.map_err(broken)
    }

    /// Closes or opens an account; a closed one loses its sessions at once.
    pub async fn set_disabled(&self, id: &UserId, at: Option<Timestamp>) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        let values: Vec<Value> = vec![id.as_str().into(), at.map(|at| at.as_millisecond()).into()];
        execute(&tx, "UPDATE users SET disabled_at = $2 WHERE id = $1", values).await?;
        if at.is_some() {
            execute(&tx, "DELETE FROM sessions WHERE user_id = $1", vec![id.as_str().into()]).await?;
        }
        execute(&tx, crate::keys::CHANGED, vec![]).await?;
        tx.commit().await.map_err(broken)
    }

    pub async fn set_operator(&self, id: &UserId, is_operator: bool) -> Result<(), Problem> {
        self.set(id, "is_operator = $2", vec![i64::from(is_operator).into()])
            .await
    }

    pub async fn seen(&self, id: &UserId, at: Timestamp) -> Result<(), Problem> {
        self.set(id, "last_seen_at = $2", vec![at.as_millisecond().into()])
            .await
    }

    pub async fn set_totp(&self, id: &UserId, totp: &Totp) -> Result<(), Problem> {
        self.set(
            id,
            "totp_secret = $2, totp_pending = $3, totp_step = $4, recovery_codes = $5",
            vec![
                totp.secret.clone().into(),
                totp.pending.clone().into(),
                totp.last_step.into(),
                to_json(&totp.recovery_codes)?.into(),
            ],
        )
        .await
    }

    /// Uses a time step up. `false` when it, or a later one, was used before.
    pub async fn use_totp_step(&self, id: &UserId, step: i64) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let used = execute(
            &tx,
            "UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_step < $2",
            vec![id.as_str().into(), step.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(used == 1)
    }

    /// Uses a recovery code up. `false` when there is no such code left.
    pub async fn use_recovery_code(&self, id: &UserId, hash: &str) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let Some(found) = row(
            &tx,
            "SELECT recovery_codes FROM users WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?
        else {
            return Ok(false);
        };
        let before: String = get(&found, "recovery_codes")?;
        let codes: Vec<String> = json(&found, "recovery_codes")?;
        let left: Vec<&String> = codes.iter().filter(|code| *code != hash).collect();
        if left.len() == codes.len() {
            return Ok(false);
        }
        // The old text is the guard: of two that use the same code at once, one finds it changed.
        let used = execute(
            &tx,
            "UPDATE users SET recovery_codes = $2 WHERE id = $1 AND recovery_codes = $3",
            vec![id.as_str().into(), to_json(&left)?.into(), before.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(used == 1)
    }

    async fn set(&self, id: &UserId, what: &str, mut values: Vec<Value>) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        values.insert(0, id.as_str().into());
        execute(&tx, &format!("UPDATE users SET {what} WHERE id = $1"), values).await?;
        tx.commit().await.map_err(broken)
    }

    /// The person whom another provider knows as `subject`.
    pub async fn by_identity(&self, provider: &str, subject: &str) -> Result<Option<User>, Problem> {
        row(
            self.0.read(),
            "SELECT users.* FROM users JOIN identities ON identities.user_id = users.id WHERE identities.provider = $1 AND identities.subject = $2",
            vec![provider.into(), subject.into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    pub async fn add_identity(
        &self,
        provider: &str,
        subject: &str,
        user: &UserId,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO identities (provider, subject, user_id, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            vec![
                provider.into(),
                subject.into(),
                user.as_str().into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// The providers who vouch for a person.
    pub async fn identities(&self, user: &UserId) -> Result<Vec<String>, Problem> {
        rows(
            self.0.read(),
            "SELECT provider FROM identities WHERE user_id = $1 ORDER BY provider",
            vec![user.as_str().into()],
        )
        .await?
        .iter()
        .map(|row| get(row, "provider"))
        .collect()
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

    /// The workspaces of a person, oldest membership first.
    pub async fn memberships(&self, user: &UserId) -> Result<Vec<Membership>, Problem> {
        let found = rows(
            self.0.read(),
            "SELECT * FROM memberships WHERE user_id = $1 ORDER BY joined_at, workspace_id",
            vec![user.as_str().into()],
        )
        .await?;
        found.iter().map(membership).collect()
    }

    pub async fn membership(&self, workspace: &WorkspaceId, user: &UserId) -> Result<Option<Membership>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM memberships WHERE workspace_id = $1 AND user_id = $2",
            vec![workspace.as_str().into(), user.as_str().into()],
        )
        .await?
        .as_ref()
        .map(membership)
        .transpose()
    }

    /// The people of a workspace, the first to join first.
    pub async fn members(&self, workspace: &WorkspaceId) -> Result<Vec<Member>, Problem> {
        rows(
            self.0.read(),
            "SELECT memberships.*, users.name, users.email FROM memberships JOIN users ON users.id = memberships.user_id WHERE memberships.workspace_id = $1 ORDER BY memberships.joined_at, users.id",
            vec![workspace.as_str().into()],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(Member {
                user: parsed(row, "user_id")?,
                name: get(row, "name")?,
                email: get(row, "email")?,
                role: parsed(row, "role")?,
                joined_at: time(row, "joined_at")?,
            })
        })
        .collect()
    }

    /// Gives a member another role, or with `None` takes the place away. A workspace keeps an owner: `false` when this
    /// would take the last one, or when there is no such member.
    pub async fn set_role(
        &self,
        workspace: &WorkspaceId,
        user: &UserId,
        role: Option<Role>,
        now: Timestamp,
    ) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        // Both who leave at once must not each see the other as the owner who stays.
        let lock = if crate::connection::is_postgres(&tx) {
            "SELECT id FROM workspaces WHERE id = $1 FOR UPDATE"
        } else {
            "SELECT id FROM workspaces WHERE id = $1"
        };
        row(&tx, lock, vec![workspace.as_str().into()]).await?;
        let ids: Vec<Value> = vec![workspace.as_str().into(), user.as_str().into()];
        let changed = match role {
            Some(role) => {
                let mut values = ids;
                values.push(role.as_str().into());
                execute(
                    &tx,
                    "UPDATE memberships SET role = $3 WHERE workspace_id = $1 AND user_id = $2",
                    values,
                )
                .await?
            }
            None => {
                let gone = execute(
                    &tx,
                    "DELETE FROM memberships WHERE workspace_id = $1 AND user_id = $2",
                    ids.clone(),
                )
                .await?;
                let mut values = ids;
                values.push(now.as_millisecond().into());
                execute(
                    &tx,
                    "UPDATE grants SET revoked_at = $3 WHERE workspace_id = $1 AND user_id = $2 AND revoked_at IS NULL",
                    values,
                )
                .await?;
                gone
            }
        };
        let owners = row(
            &tx,
            "SELECT COUNT(*) AS many FROM memberships WHERE workspace_id = $1 AND role = 'owner'",
            vec![workspace.as_str().into()],
        )
        .await?;
        let owners: i64 = owners.as_ref().map_or(Ok(0), |row| get(row, "many"))?;
        if changed == 0 || owners == 0 {
            return Ok(false);
        }
        execute(&tx, crate::keys::CHANGED, vec![]).await?;
        tx.commit().await.map_err(broken)?;
        Ok(true)
    }

    /// Makes another member the owner; who was, stays as an admin. `false` when either is not what it should be.
    pub async fn transfer(&self, workspace: &WorkspaceId, from: &UserId, to: &UserId) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let id = workspace.as_str();
        let stepped_down = execute(
            &tx,
            "UPDATE memberships SET role = 'admin' WHERE workspace_id = $1 AND user_id = $2 AND role = 'owner'",
            vec![id.into(), from.as_str().into()],
        )
        .await?;
        let stepped_up = execute(
            &tx,
            "UPDATE memberships SET role = 'owner' WHERE workspace_id = $1 AND user_id = $2",
            vec![id.into(), to.as_str().into()],
        )
        .await?;
        if stepped_down != 1 || stepped_up != 1 || from == to {
            return Ok(false);
        }
        execute(&tx, crate::keys::CHANGED, vec![]).await?;
        tx.commit().await.map_err(broken)?;
        Ok(true)
    }
}

/// Adds a person within somebody's transaction. `false` when the address is taken.
pub(crate) async fn insert<C: ConnectionTrait>(
    tx: &C,
    new: NewUser,
    is_operator: bool,
    now: Timestamp,
) -> Result<bool, Problem> {
    let id = new.id.clone();
    let added = execute(
        tx,
        "INSERT INTO users (id, email, name, password_hash, is_operator, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (email) DO NOTHING",
        vec![
            new.id.as_str().into(),
            new.email.into(),
            new.name.into(),
            new.password_hash.into(),
            i64::from(is_operator).into(),
            now.as_millisecond().into(),
        ],
    )
    .await?;
    if added == 1
        && let Some(passkey) = &new.passkey
        && !passkeys::insert(tx, &id, passkey, now).await?
    {
        return Err(passkeys::known_already());
    }
    Ok(added == 1)
}

/// Gives a person a place in a workspace; who is in already stays as they are.
pub(crate) async fn join<C: ConnectionTrait>(
    tx: &C,
    workspace: &WorkspaceId,
    user: &UserId,
    role: Role,
    now: Timestamp,
) -> Result<(), Problem> {
    execute(
        tx,
        "INSERT INTO memberships (workspace_id, user_id, role, joined_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        vec![
            workspace.as_str().into(),
            user.as_str().into(),
            role.as_str().into(),
            now.as_millisecond().into(),
        ],
    )
    .await?;
    Ok(())
}

fn membership(row: &QueryResult) -> Result<Membership, Problem> {
    Ok(Membership {
        workspace: parsed(row, "workspace_id")?,
        user: parsed(row, "user_id")?,
        role: parsed(row, "role")?,
        joined_at: time(row, "joined_at")?,
    })
}

fn read(row: &QueryResult) -> Result<User, Problem> {
    Ok(User {
        id: parsed(row, "id")?,
        email: get(row, "email")?,
        name: get(row, "name")?,
        password_hash: get(row, "password_hash")?,
        is_operator: flag(row, "is_operator")?,
        disabled_at: time_if(row, "disabled_at")?,
        last_seen_at: time_if(row, "last_seen_at")?,
        default_workspace: parsed_if(row, "default_workspace")?,
        totp: Totp {
            secret: get(row, "totp_secret")?,
            pending: get(row, "totp_pending")?,
            last_step: get(row, "totp_step")?,
            recovery_codes: json(row, "recovery_codes")?,
        },
        created_at: time(row, "created_at")?,
    })
}
