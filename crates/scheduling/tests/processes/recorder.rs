//! The table of fires: one SQLite file that all processes of a test write, whatever becomes of the cluster's database.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};

/// The table `FIRES`: no key forbids a slot that comes twice, so that the test can find it.
pub(crate) struct Recorder {
    pool: SqlitePool,
}

impl Recorder {
    /// Opens the file, with its table.
    pub(crate) async fn open(file: &Path) -> Self {
        let options = SqliteConnectOptions::from_str(&format!("sqlite://{}", file.display()))
            .expect("an address")
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("a file");
        sqlx::query("CREATE TABLE IF NOT EXISTS FIRES (SLOT BIGINT NOT NULL, NODE TEXT NOT NULL)")
            .execute(&pool)
            .await
            .expect("a table");
        Self { pool }
    }

    /// Writes a fire down.
    pub(crate) async fn record(&self, slot: i64, node: &str) {
        sqlx::query("INSERT INTO FIRES (SLOT, NODE) VALUES (?, ?)")
            .bind(slot)
            .bind(node)
            .execute(&self.pool)
            .await
            .expect("recorded");
    }

    /// The number of fires, and the slots that fired more than once.
    pub(crate) async fn read(&self) -> (i64, Vec<i64>) {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM FIRES").fetch_one(&self.pool).await.expect("a count");
        let twice = sqlx::query_scalar("SELECT SLOT FROM FIRES GROUP BY SLOT HAVING COUNT(*) > 1")
            .fetch_all(&self.pool)
            .await
            .expect("slots");
        (count, twice)
    }
}
