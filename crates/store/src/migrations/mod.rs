//! The schema, as a list of migrations that only grows. Both databases run the same list; where
//! they differ in kind (full text, triggers) the two texts stand beside each other.

mod m0001_base;
mod m0002_people;
mod m0003_passkeys;
mod m0004_payments;
mod m0005_providers;
mod m0006_mail;
mod m0007_audit;
mod m0008_pipelines;
mod m0009_purchases;
mod m0010_measures;
mod m0011_nodes;
mod m0012_runs;
mod m0013_answers;
mod m0014_callbacks;

use aquatint_domain::{Code, Problem, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::connection::{Connections, broken, execute, is_postgres, row, rows};

/// One step of the schema.
pub(crate) struct Migration {
    pub name: &'static str,
    /// Statements for both databases.
    pub common: &'static [&'static str],
    pub sqlite: &'static [&'static str],
    pub postgres: &'static [&'static str],
}

const ALL: &[Migration] = &[
    m0001_base::MIGRATION,
    m0002_people::MIGRATION,
    m0003_passkeys::MIGRATION,
    m0004_payments::MIGRATION,
    m0005_providers::MIGRATION,
    m0006_mail::MIGRATION,
    m0007_audit::MIGRATION,
    m0008_pipelines::MIGRATION,
    m0009_purchases::MIGRATION,
    m0010_measures::MIGRATION,
    m0011_nodes::MIGRATION,
    m0012_runs::MIGRATION,
    m0013_answers::MIGRATION,
    m0014_callbacks::MIGRATION,
];

/// Brings the schema up to date. Several processes may do this at the same moment: one does, the others wait.
pub(crate) async fn migrate(connections: &Connections, now: Timestamp) -> Result<(), Problem> {
    let tx = connections.begin().await?;
    if is_postgres(&tx) {
        // 'aqua' in ASCII: the lock of everybody who migrates this database.
        execute(&tx, "SELECT pg_advisory_xact_lock(1634825569)", vec![]).await?;
    }
    tx.execute_unprepared("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)")
        .await
        .map_err(broken)?;
    let applied: Vec<String> = rows(&tx, "SELECT name FROM migrations", vec![])
        .await?
        .iter()
        .filter_map(|row| row.try_get("", "name").ok())
        .collect();
    if let Some(unknown) = applied
        .iter()
        .find(|name| !ALL.iter().any(|migration| migration.name == **name))
    {
        return Err(Problem::new(
            Code::Unavailable,
            format!("The database was made by a newer version (it has `{unknown}`)."),
        )
        .hint("Run that version, or restore a backup from before the upgrade."));
    }
    for migration in ALL
        .iter()
        .filter(|migration| !applied.iter().any(|name| name == migration.name))
    {
        apply(&tx, migration).await?;
        execute(
            &tx,
            "INSERT INTO migrations (name, applied_at) VALUES ($1, $2)",
            vec![migration.name.into(), now.as_millisecond().into()],
        )
        .await?;
    }
    row(&tx, "SELECT 1 AS one", vec![]).await?;
    tx.commit().await.map_err(broken)
}

async fn apply(tx: &DatabaseTransaction, migration: &Migration) -> Result<(), Problem> {
    let own = if is_postgres(tx) {
        migration.postgres
    } else {
        migration.sqlite
    };
    for statement in migration.common.iter().chain(own) {
        tx.execute_unprepared(statement).await.map_err(broken)?;
    }
    Ok(())
}
