//! The tables: MI's own, with a few nullable columns more, and one table of this product.
//!
//! What is missing is created when the store is opened. MI's statements name their columns, so they go on working.

use sqlx::{AnyConnection, AssertSqlSafe, Executor};

use super::error::StoreError;
use super::sql::SqlStore;
use mi_datasource::Database;

/// All tables.
pub const TABLES: [&str; 7] = [
    "LEADER_STATUS_TABLE",
    "CLUSTER_NODE_STATUS_TABLE",
    "MEMBERSHIP_EVENT_TABLE",
    "REMOVED_MEMBERS_TABLE",
    "COORDINATED_TASK_TABLE",
    "MP_STATE_TABLE",
    "CLUSTER_STATE_TABLE",
];

/// The columns that MI's tables lack: table, column, type.
const COLUMNS: [(&str, &str, &str); 4] = [
    ("CLUSTER_NODE_STATUS_TABLE", "SESSION_ID", "VARCHAR(128)"),
    ("COORDINATED_TASK_TABLE", "GROUP_ID", "VARCHAR(128)"),
    ("COORDINATED_TASK_TABLE", "LAST_SLOT", "BIGINT"),
    ("COORDINATED_TASK_TABLE", "FIRE_COUNT", "BIGINT"),
];

const INDEX: &str = "CREATE INDEX COORDINATED_TASK_OWNER ON COORDINATED_TASK_TABLE (DESTINED_NODE_ID, TASK_STATE)";

/// The script for `dbscripts/` that creates everything in an empty database.
pub fn script(database: Database) -> String {
    let dialect: &dyn super::Dialect = match database {
        Database::Postgres => &super::postgres::Postgres,
        Database::MySql => &super::mysql::MySql,
        Database::Sqlite => &super::sqlite::Sqlite,
    };
    let mut text = "-- The tables of a cluster: those of MI with the columns that this product adds.\n".to_owned();
    for statement in TABLES.iter().map(|table| dialect.create(table)).chain([INDEX]) {
        text.push('\n');
        text.push_str(statement);
        text.push_str(";\n");
    }
    text
}

impl SqlStore {
    /// Creates the tables, columns and rows that are missing.
    ///
    /// # Errors
    /// [`StoreError::Schema`] when something is missing and the database refuses to create it; other errors when there is
    /// no connection.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let mut lent = self.connection().await?;
        let connection = lent.connection();
        let mut created_tasks = false;
        for table in TABLES {
            let probe = format!("SELECT 1 FROM {table} WHERE 1 = 0");
            let created = self.ensure(connection, table, &probe, self.dialect.create(table)).await?;
            created_tasks |= created && table == "COORDINATED_TASK_TABLE";
        }
        for (table, column, kind) in COLUMNS {
            let probe = format!("SELECT {column} FROM {table} WHERE 1 = 0");
            let statement = format!("ALTER TABLE {table} ADD COLUMN {column} {kind}");
            let added = self.ensure(connection, &format!("{table}.{column}"), &probe, &statement).await?;
            created_tasks |= added && column == "FIRE_COUNT";
        }
        if created_tasks {
            // The index only saves time: another node may create it at the same moment, and that is as good.
            let _ = connection.execute(AssertSqlSafe(INDEX)).await;
        }
        let (insert, absent) = self.dialect.insert_if_absent();
        let text =
            format!("{insert} INTO CLUSTER_STATE_TABLE (GROUP_ID, EPOCH, MEMBER_REVISION) VALUES (?, 0, 0){absent}");
        super::sql::execute(self.dialect, connection, "insert the state row", &text, &[(&self.group).into()]).await?;
        lent.give_back();
        Ok(())
    }

    /// Executes a statement when the probe fails; other nodes may do the same at the same moment. True when it created
    /// something.
    async fn ensure(
        &self,
        connection: &mut AnyConnection,
        object: &str,
        probe: &str,
        statement: &str,
    ) -> Result<bool, StoreError> {
        match connection.execute(AssertSqlSafe(probe)).await {
            Ok(_) => return Ok(false),
            Err(sqlx::Error::Database(_)) => {}
            Err(source) => return Err(StoreError::Statement { what: "look for the tables", source }),
        }
        let Err(source) = connection.execute(AssertSqlSafe(statement)).await else { return Ok(true) };
        match connection.execute(AssertSqlSafe(probe)).await {
            Ok(_) => Ok(false),
            Err(_) => Err(StoreError::Schema { object: object.to_owned(), script: self.dialect.script(), source }),
        }
    }
}
