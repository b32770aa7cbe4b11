//! Workspaces: who pays and where files go. Each has a lane in the queue and its ledger accounts.

use aquatint_domain::{Balance, Problem, Role, Timestamp, UserId, WorkspaceId};
use sea_orm::{ConnectionTrait, QueryResult};

use crate::columns::{get, number, parsed, time};
use crate::connection::{Connections, broken, execute, row, rows};
use crate::ledger::account_id;
use crate::page::{Page, id_cursor};

pub struct Workspaces<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub name: String,
    pub plan: String,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewWorkspace {
    pub id: WorkspaceId,
    pub name: String,
    pub plan: String,
    pub owner: Option<UserId>,
    /// Whether its balances may go below zero.
    pub may_overdraw: bool,
    /// Jobs that run at the same time.
    pub concurrent_jobs: u32,
}

impl Workspaces<'_> {
    pub async fn create(&self, new: NewWorkspace, now: Timestamp) -> Result<Workspace, Problem> {
        let tx = self.0.begin().await?;
        let made = insert(&tx, new, now).await?;
        tx.commit().await.map_err(broken)?;
        Ok(made)
    }

    /// The first workspace of an empty database. `None` when another process makes, or has made, it.
    pub async fn create_first(&self, new: NewWorkspace, now: Timestamp) -> Result<Option<Workspace>, Problem> {
        let tx = self.0.begin().await?;
        // The primary key of this row is the guard: only one insert ever succeeds.
        let sql = "INSERT INTO facts (name, value) VALUES ('first_workspace', 1) ON CONFLICT (name) DO NOTHING";
        if execute(&tx, sql, vec![]).await? != 1
            || row(&tx, "SELECT id FROM workspaces LIMIT 1", vec![]).await?.is_some()
        {
            return Ok(None);
        }
        let made = insert(&tx, new, now).await?;
        tx.commit().await.map_err(broken)?;
        Ok(Some(made))
    }

    pub async fn get(&self, id: &WorkspaceId) -> Result<Option<Workspace>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM workspaces WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    pub async fn by_name(&self, name: &str) -> Result<Option<Workspace>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM workspaces WHERE LOWER(name) = LOWER($1) ORDER BY id LIMIT 1",
            vec![name.into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// Workspaces whose name holds the text, newest first, with how many people and assets are in each.
    pub async fn overview(
        &self,
        text: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<(Workspace, u64, u64)>, Problem> {
        let after = id_cursor(cursor, WorkspaceId::PREFIX)?;
        let found = rows(
            self.0.read(),
            &format!(
                "SELECT workspaces.*, (SELECT COUNT(*) FROM memberships WHERE workspace_id = workspaces.id) AS members, \
                 (SELECT COUNT(*) FROM assets WHERE workspace_id = workspaces.id AND deleted_at IS NULL) AS assets \
                 FROM workspaces WHERE ($1 = '' OR id < $1) AND LOWER(name) LIKE $2 ESCAPE '!' ORDER BY id DESC LIMIT {}",
                limit + 1
            ),
            vec![after.into(), crate::page::like(text).into()],
        )
        .await?;
        let items = found
            .iter()
            .map(|row| Ok((read(row)?, number(row, "members")?, number(row, "assets")?)))
            .collect::<Result<Vec<_>, Problem>>()?;
        Ok(Page::of(items, limit, |(workspace, _, _)| workspace.id.to_string()))
    }

    pub async fn rename(&self, id: &WorkspaceId, name: &str) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE workspaces SET name = $2 WHERE id = $1",
            vec![id.as_str().into(), name.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// All workspaces, the oldest first.
    pub async fn list(&self) -> Result<Vec<Workspace>, Problem> {
        rows(self.0.read(), "SELECT * FROM workspaces ORDER BY id", vec![])
            .await?
            .iter()
            .map(read)
            .collect()
    }

    /// The number of the secret that signs its webhooks.
    pub async fn webhook_secret(&self, id: &WorkspaceId) -> Result<u64, Problem> {
        let found = row(
            self.0.read(),
            "SELECT webhook_secret FROM workspaces WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?;
        found.as_ref().map_or(Ok(0), |row| number(row, "webhook_secret"))
    }

    /// From now on another secret signs its webhooks.
    pub async fn next_webhook_secret(&self, id: &WorkspaceId) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE workspaces SET webhook_secret = webhook_secret + 1 WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// Moves a workspace to a plan; every process hears of it through the keys' revision.
    pub async fn set_plan(
        &self,
        id: &WorkspaceId,
        plan: &str,
        may_overdraw: bool,
        concurrent_jobs: u32,
    ) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        move_to_plan(&tx, id, plan, may_overdraw, concurrent_jobs).await?;
        tx.commit().await.map_err(broken)
    }
}

/// The same inside a transaction.
pub(crate) async fn move_to_plan<C: ConnectionTrait>(
    tx: &C,
    id: &WorkspaceId,
    plan: &str,
    may_overdraw: bool,
    concurrent_jobs: u32,
) -> Result<(), Problem> {
    let found = execute(
        tx,
        "UPDATE workspaces SET plan = $2 WHERE id = $1",
        vec![id.as_str().into(), plan.into()],
    )
    .await?;
    if found == 0 {
        return Err(Problem::not_found("workspace", id));
    }
    execute(
        tx,
        "UPDATE lanes SET concurrency = $2 WHERE workspace_id = $1",
        vec![id.as_str().into(), i64::from(concurrent_jobs).into()],
    )
    .await?;
    // A balance below zero stays as it is, and may go no lower: only further spending is refused.
    execute(
        tx,
        "UPDATE ledger_accounts SET may_overdraw = $2, lowest = CASE WHEN amount < 0 THEN amount ELSE 0 END WHERE workspace_id = $1 AND purpose = 'available'",
        vec![id.as_str().into(), i64::from(may_overdraw).into()],
    )
    .await?;
    execute(tx, crate::keys::CHANGED, vec![]).await?;
    Ok(())
}

/// A workspace with its lane, its accounts and its owner.
pub(crate) async fn insert<C: ConnectionTrait>(
    tx: &C,
    new: NewWorkspace,
    now: Timestamp,
) -> Result<Workspace, Problem> {
    let id = new.id.as_str();
    execute(
        tx,
        "INSERT INTO workspaces (id, name, plan, created_at) VALUES ($1, $2, $3, $4)",
        vec![
            id.into(),
            new.name.clone().into(),
            new.plan.clone().into(),
            now.as_millisecond().into(),
        ],
    )
    .await?;
    execute(
        tx,
        "INSERT INTO lanes (workspace_id, queued, running, concurrency, last_claimed) VALUES ($1, 0, 0, $2, 0)",
        vec![id.into(), i64::from(new.concurrent_jobs).into()],
    )
    .await?;
    for balance in Balance::ALL {
        for purpose in ["available", "held", "spent"] {
            let may_overdraw = i64::from(purpose == "available" && new.may_overdraw);
            execute(
                tx,
                "INSERT INTO ledger_accounts (id, workspace_id, balance, purpose, amount, may_overdraw, last_hash, entry_count) VALUES ($1, $2, $3, $4, 0, $5, '', 0)",
                vec![account_id(&new.id, *balance, purpose).into(), id.into(), balance.as_str().into(), purpose.into(), may_overdraw.into()],
            )
            .await?;
        }
    }
    if let Some(owner) = &new.owner {
        crate::users::join(tx, &new.id, owner, Role::Owner, now).await?;
    }
    Ok(Workspace {
        id: new.id,
        name: new.name,
        plan: new.plan,
        created_at: now,
    })
}

fn read(row: &QueryResult) -> Result<Workspace, Problem> {
    Ok(Workspace {
        id: parsed(row, "id")?,
        name: get(row, "name")?,
        plan: get(row, "plan")?,
        created_at: time(row, "created_at")?,
    })
}
