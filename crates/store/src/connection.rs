//! The way to the database: one code base for SQLite and PostgreSQL. SQLite gets one writing
//! connection, so that writers queue here and not in a busy loop, and a few reading ones.

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Code, Problem, WorkspaceId};
use futures::FutureExt;
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};

use crate::ledger::{self, Balances};
use crate::together::Together;

const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 10;
/// How long a statement waits for another process's write.
const BUSY: Duration = Duration::from_secs(10);
/// Between two tries to open a file that others are opening.
const OPENING_PAUSE: Duration = Duration::from_millis(20);

/// Which database stands behind the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    Sqlite,
    Postgres,
}

#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) kind: DatabaseKind,
    read: DatabaseConnection,
    write: DatabaseConnection,
    pub(crate) balances: Arc<Together<WorkspaceId, Balances>>,
}

impl Connections {
    fn new(kind: DatabaseKind, read: DatabaseConnection, write: DatabaseConnection) -> Self {
        let reader = read.clone();
        Self {
            kind,
            read,
            write,
            balances: Together::new(move |workspaces| ledger::balances_of(reader.clone(), workspaces).boxed()),
        }
    }

    pub(crate) async fn open(url: &str) -> Result<Self, Problem> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let mut options = ConnectOptions::new(url.to_owned());
            options
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(BUSY)
                .connect_timeout(BUSY)
                .sqlx_logging(false);
            let pool = Database::connect(options)
                .await
                .map_err(|error| unreachable(url, error))?;
            return Ok(Self::new(DatabaseKind::Postgres, pool.clone(), pool));
        }
        let Some(path) = url.strip_prefix("sqlite://") else {
            return Err(Problem::invalid(
                "database_url",
                "The database URL must begin with sqlite:// or postgres://.",
            ));
        };
        let path = path.split('?').next().unwrap_or(path).to_owned();
        let write = sqlite(&path, 1).await?;
        let read = sqlite(&path, READERS).await?;
        Ok(Self::new(DatabaseKind::Sqlite, read, write))
    }

    pub(crate) fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// A transaction that may write; on SQLite it takes the write lock at once.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, Problem> {
        let options = TransactionOptions {
            sqlite_transaction_mode: (self.kind == DatabaseKind::Sqlite).then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.write.begin_with_options(options).await.map_err(broken)
    }

    /// A reading transaction that sees one moment of the database throughout, also while others write.
    pub(crate) async fn snapshot(&self) -> Result<DatabaseTransaction, Problem> {
        let options = match self.kind {
            // SQLite's deferred transaction keeps the write-ahead log's state of its first read.
            DatabaseKind::Sqlite => TransactionOptions::default(),
            DatabaseKind::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        self.read.begin_with_options(options).await.map_err(broken)
    }

    pub(crate) async fn close(&self) {
        // Closing twice, or a connection that is gone, is no loss: everything was committed.
        let _ = self.read.clone().close().await;
        let _ = self.write.clone().close().await;
    }
}

async fn sqlite(path: &str, connections: u32) -> Result<DatabaseConnection, Problem> {
    let mut options = ConnectOptions::new(format!("sqlite://{path}?mode=rwc"));
    options
        .max_connections(connections)
        .min_connections(0)
        .acquire_timeout(BUSY * 3)
        .sqlx_logging(false);
    options.idle_timeout(Duration::from_secs(600));
    options.map_sqlx_sqlite_opts(|options| {
        options
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", "-2000")
    });
    // Where several open a new file at once, turning its write-ahead log on fails at once for all but one: SQLite waits for nobody
    // there, lest two wait for each other.
    let patience = tokio::time::sleep(BUSY);
    tokio::pin!(patience);
    loop {
        let opened = Database::connect(options.clone()).await;
        let is_locked = opened
            .as_ref()
            .is_err_and(|error| error.to_string().contains("database is locked"));
        if !is_locked || patience.is_elapsed() {
            return opened.map_err(|error| unreachable(&format!("sqlite://{path}"), error));
        }
        tokio::select! {
            () = &mut patience => {}
            () = tokio::time::sleep(OPENING_PAUSE) => {}
        }
    }
}

fn unreachable(url: &str, error: DbErr) -> Problem {
    let shown = url
        .split('@')
        .next_back()
        .unwrap_or(url)
        .split('?')
        .next()
        .unwrap_or_default()
        .to_owned();
    let text = error.to_string();
    let hint = if text.contains("malformed") || text.contains("not a database") {
        "The file is damaged or is not a database. Restore it from a backup, or move it away to start anew."
    } else if text.contains("unable to open") || text.contains("readonly") || text.contains("denied") {
        "Check that the folder exists and belongs to the user that runs the studio."
    } else {
        "Check the database URL and that the server runs."
    };
    Problem::new(Code::Unavailable, format!("The database {shown} cannot be opened."))
        .hint(hint)
        .caused_by(error)
}

/// Turns a database error into words for the caller.
pub(crate) fn broken(error: DbErr) -> Problem {
    let text = error.to_string();
    if text.contains("disk is full") || text.contains("database or disk is full") || text.contains("No space left") {
        return Problem::new(
            Code::StorageFull,
            "There is no room left on the server's disk. Nothing was charged; try again later.",
        )
        .caused_by(error);
    }
    if text.contains("database is locked") || text.contains("PoolTimedOut") || text.contains("timed out") {
        return Problem::new(Code::Unavailable, "The database is busy; try again in a moment.")
            .retry_after(1)
            .caused_by(error);
    }
    Problem::internal(error)
}

pub(crate) async fn rows<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, Problem> {
    db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
        .await
        .map_err(broken)
}

pub(crate) async fn row<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>, Problem> {
    db.query_one_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
        .await
        .map_err(broken)
}

/// Runs a statement and says how many rows it touched.
pub(crate) async fn execute<C: ConnectionTrait>(db: &C, sql: &str, values: Vec<Value>) -> Result<u64, Problem> {
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
        .await
        .map(|done| done.rows_affected())
        .map_err(broken)
}

pub(crate) fn is_postgres<C: ConnectionTrait>(db: &C) -> bool {
    db.get_database_backend() == DbBackend::Postgres
}
