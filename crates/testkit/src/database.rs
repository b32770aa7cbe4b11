//! Databases that are thrown away: a SQLite file in a temporary folder, or a new database on a
//! PostgreSQL server, dropped when the test lets go of it, also when it fails.
//!
//! `AQUATINT_TEST_POSTGRES_URL` names a server and a user that may create databases, such as
//! `postgres://postgres@127.0.0.1:5432/postgres`. Without it the PostgreSQL half of a test is skipped by
//! name; with `AQUATINT_TEST_POSTGRES_REQUIRED=1`, as in CI, that is a failure instead.

use std::path::Path;

use aquatint_domain::Timestamp;
use aquatint_store::{DatabaseKind, Store};
use sea_orm::{ConnectionTrait, Database, DbErr};
use tempfile::TempDir;

const SERVER: &str = "AQUATINT_TEST_POSTGRES_URL";
const REQUIRED: &str = "AQUATINT_TEST_POSTGRES_REQUIRED";

/// One empty database, with a folder beside it for blobs and the like.
pub struct TestDatabase {
    url: String,
    kind: DatabaseKind,
    folder: TempDir,
    /// What to drop at the end: the server's URL and the name of the database.
    drop: Option<(String, String)>,
}

impl TestDatabase {
    /// A SQLite file that does not exist yet.
    pub fn sqlite() -> Self {
        let folder = temporary_folder();
        let url = format!("sqlite://{}", folder.path().join("aquatint.db").display());
        Self {
            url,
            kind: DatabaseKind::Sqlite,
            folder,
            drop: None,
        }
    }

    /// A new database on the PostgreSQL server of the environment, if there is one.
    pub async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            assert!(
                std::env::var(REQUIRED).is_err(),
                "{REQUIRED} is set, but {SERVER} is not"
            );
            println!("skipped: PostgreSQL, because {SERVER} is not set");
            return None;
        };
        let mut random = [0u8; 8];
        getrandom::fill(&mut random).expect("the operating system gives random bytes");
        let name = format!("aquatint_test_{:016x}", u64::from_le_bytes(random));
        run(&server, &format!("CREATE DATABASE {name}"))
            .await
            .expect("the PostgreSQL server makes a database");
        Some(Self {
            url: with_database(&server, &name),
            kind: DatabaseKind::Postgres,
            folder: temporary_folder(),
            drop: Some((server, name)),
        })
    }

    /// One of each kind that can be had here.
    pub async fn each() -> Vec<Self> {
        let mut all = vec![Self::sqlite()];
        all.extend(Self::postgres().await);
        all
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// A folder that goes when the database goes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a statement past the store, as somebody would who tampers with the database.
    pub async fn execute(&self, sql: &str) -> Result<(), String> {
        run(&self.url, sql).await.map_err(|error| error.to_string())
    }

    /// Opens the store, as often as the test likes: a second one stands for a second process.
    pub async fn open(&self, now: Timestamp) -> Store {
        Store::open(&self.url, now).await.expect("a new database opens")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((server, name)) = self.drop.take() else { return };
        // Dropping is not async, and the test's own runtime may be busy with this very drop.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            // FORCE ends the connections that a failed test left open.
            let dropped = runtime.block_on(run(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
            dropped.map_err(std::io::Error::other)
        });
        match dropping.join() {
            Ok(Ok(())) => {}
            failed => eprintln!("a test database stayed behind: {failed:?}"),
        }
    }
}

fn temporary_folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("aquatint-test-")
        .tempdir()
        .expect("the temporary folder is writable")
}

async fn run(server: &str, sql: &str) -> Result<(), DbErr> {
    let connection = Database::connect(server).await?;
    connection.execute_unprepared(sql).await?;
    connection.close().await
}

/// The same server, another database: what stands between the last slash and the question mark.
fn with_database(server: &str, name: &str) -> String {
    let (address, options) = server
        .split_once('?')
        .map_or((server, None), |(address, options)| (address, Some(options)));
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let host = rest.split('/').next().unwrap_or(rest);
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    format!("{scheme}://{host}/{name}{options}")
}

#[cfg(test)]
mod tests {
    use aquatint_domain::Clock;

    use super::*;
    use crate::FrozenClock;

    #[tokio::test]
    async fn a_database_lives_as_long_as_its_test() {
        let now = FrozenClock::default().now();
        for database in TestDatabase::each().await {
            let (first, second) = (database.open(now).await, database.open(now).await);
            assert_eq!((first.kind(), second.kind()), (database.kind(), database.kind()));
            first.ping().await.expect("it answers");
            second.ping().await.expect("it answers twice");
            let (url, folder) = (database.url().to_owned(), database.folder().to_owned());
            first.close().await;
            // The second store stays open: a failed test would leave it so.
            drop(database);
            assert!(!folder.exists());
            if second.kind() == DatabaseKind::Postgres {
                assert!(Store::open(&url, now).await.is_err(), "the database is still there");
            }
        }
    }

    #[test]
    fn only_the_database_of_a_url_changes() {
        for (server, expected) in [
            ("postgres://u:p@h:5433/postgres", "postgres://u:p@h:5433/t"),
            ("postgres://h", "postgres://h/t"),
            ("postgresql://h/x?host=/run/pg", "postgresql://h/t?host=/run/pg"),
        ] {
            assert_eq!(with_database(server, "t"), expected);
        }
    }
}
