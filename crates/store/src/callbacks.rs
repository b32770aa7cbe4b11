//! Callbacks: whoever submitted work and named an address is told there of its end. One row for each job or run, claimed by one node
//! at a time once the work has ended, whatever happened to the process that took the order.

use aquatint_domain::{Problem, Timestamp, WorkspaceId};

use crate::columns::{get, number, parsed};
use crate::connection::{Connections, broken, execute, is_postgres, row};

pub struct Callbacks<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug)]
pub struct NewCallback {
    pub workspace: WorkspaceId,
    /// The id of the job or the run.
    pub work: String,
    /// In whose words it is told.
    pub service: String,
    pub url: String,
    pub created_at: Timestamp,
}

/// A callback that this node alone may make until its claim runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedCallback {
    pub workspace: WorkspaceId,
    /// The job or the run; it names the callback.
    pub work: String,
    pub service: String,
    pub url: String,
    /// Tries so far, this one included. It names the claim: a later one has a higher number.
    pub attempts: u32,
}

impl Callbacks<'_> {
    /// Writes the addresses down. Work that has one already keeps it.
    pub async fn add(&self, callbacks: &[NewCallback]) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        for new in callbacks {
            execute(
                &tx,
                "INSERT INTO callbacks (work, workspace_id, service, url, state, attempts, due_at, created_at) VALUES ($1, $2, $3, $4, 'waiting', 0, $5, $5) ON CONFLICT (work) DO NOTHING",
                vec![
                    new.work.clone().into(),
                    new.workspace.as_str().into(),
                    new.service.clone().into(),
                    new.url.clone().into(),
                    new.created_at.as_millisecond().into(),
                ],
            )
            .await?;
        }
        tx.commit().await.map_err(broken)
    }

    /// Claims one whose work has ended, until `until`; after that it is anybody's again.
    pub async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<ClaimedCallback>, Problem> {
        // Most of the time there is none, and finding that out needs no lock.
        let due = "SELECT work FROM callbacks WHERE state = 'waiting' AND due_at <= $1 \
                   AND (EXISTS (SELECT 1 FROM jobs WHERE jobs.id = callbacks.work AND jobs.finished_at IS NOT NULL) \
                   OR EXISTS (SELECT 1 FROM runs WHERE runs.id = callbacks.work AND runs.finished_at IS NOT NULL)) \
                   ORDER BY due_at LIMIT 1";
        if row(self.0.read(), due, vec![now.as_millisecond().into()])
            .await?
            .is_none()
        {
            return Ok(None);
        }
        let tx = self.0.begin().await?;
        let lock = if is_postgres(&tx) {
            " FOR UPDATE SKIP LOCKED"
        } else {
            ""
        };
        let found = row(
            &tx,
            &format!(
                "UPDATE callbacks SET attempts = attempts + 1, due_at = $2 WHERE work = ({due}{lock}) RETURNING *"
            ),
            vec![now.as_millisecond().into(), until.as_millisecond().into()],
        )
        .await?;
        let claimed = found
            .map(|row| {
                Ok::<_, Problem>(ClaimedCallback {
                    workspace: parsed(&row, "workspace_id")?,
                    work: get(&row, "work")?,
                    service: get(&row, "service")?,
                    url: get(&row, "url")?,
                    attempts: number(&row, "attempts")?,
                })
            })
            .transpose()?;
        tx.commit().await.map_err(broken)?;
        Ok(claimed)
    }

    /// The receiver has it. `false` when the claim is not the last one.
    pub async fn told(&self, claim: &ClaimedCallback, now: Timestamp) -> Result<bool, Problem> {
        self.end(claim, "told", None, now).await
    }

    /// It is not tried any more. `false` when the claim is not the last one.
    pub async fn give_up(&self, claim: &ClaimedCallback, problem: &str, now: Timestamp) -> Result<bool, Problem> {
        self.end(claim, "given_up", Some(problem), now).await
    }

    /// It waits for another try. `false` when the claim is not the last one.
    pub async fn retry(&self, claim: &ClaimedCallback, problem: &str, due_at: Timestamp) -> Result<bool, Problem> {
        let values = vec![due_at.as_millisecond().into(), problem.into()];
        self.change(claim, "due_at = $3, problem = $4", values).await
    }

    async fn end(
        &self,
        claim: &ClaimedCallback,
        state: &str,
        problem: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, Problem> {
        let values = vec![
            state.into(),
            problem.map(str::to_owned).into(),
            now.as_millisecond().into(),
        ];
        self.change(claim, "state = $3, problem = $4, ended_at = $5", values)
            .await
    }

    async fn change(&self, claim: &ClaimedCallback, what: &str, values: Vec<sea_orm::Value>) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let mut all = vec![claim.work.clone().into(), i64::from(claim.attempts).into()];
        all.extend(values);
        let sql = format!("UPDATE callbacks SET {what} WHERE work = $1 AND attempts = $2 AND state = 'waiting'");
        let changed = execute(&tx, &sql, all).await?;
        tx.commit().await.map_err(broken)?;
        Ok(changed == 1)
    }
}
