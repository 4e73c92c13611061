//! Pools of connections, and what is done with them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::pool::PoolOptions as SqlxPoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Executor, IntoArguments, MySql, Pool, Postgres, Row as _, Sqlite,
};

use crate::address::{Address, Database};
use crate::driver::Driver;
use crate::value::SqlValue;

/// The most connections of a pool that does not say.
const MAX_ACTIVE: u32 = 100;
/// How long one waits for a connection when the pool does not say.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// The most connections that stay open without work when the pool does not say.
const MAX_IDLE: u32 = 8;

/// How a pool is kept (spec: runtime 2.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOptions {
    /// The most connections; default 100.
    pub max_active: u32,
    /// How long to wait for a free one; default 30 s.
    pub max_wait: Duration,
    /// How many stay open without work; default 8.
    pub max_idle: u32,
    /// Whether a connection is tried before it is used; default false.
    pub test_on_borrow: bool,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { max_active: MAX_ACTIVE, max_wait: MAX_WAIT, max_idle: MAX_IDLE, test_on_borrow: false }
    }
}

impl PoolOptions {
    /// Reads them from `pool_options` of a data source or the properties of an inline pool. Names are compared without
    /// regard to case; those that mean nothing here and numbers that are none are ignored, as in MI.
    pub fn of(properties: &BTreeMap<String, String>) -> Self {
        let mut options = Self::default();
        for (name, value) in properties {
            let value = value.trim();
            match (name.to_ascii_lowercase().as_str(), value.parse::<i64>()) {
                ("maxactive", Ok(number)) => options.max_active = u32::try_from(number).unwrap_or(MAX_ACTIVE).max(1),
                ("maxidle", Ok(number)) => options.max_idle = u32::try_from(number).unwrap_or(MAX_IDLE),
                ("maxwait", Ok(number)) => {
                    options.max_wait = u64::try_from(number).map_or(MAX_WAIT, Duration::from_millis);
                }
                ("testonborrow", _) => options.test_on_borrow = value.eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
        options
    }
}

/// Why a statement was not executed.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// There is no connection, or it broke: another attempt may succeed.
    #[error("the database cannot be reached: {0}")]
    Unreachable(#[source] sqlx::Error),
    /// The database refuses the statement.
    #[error("{0}")]
    Statement(#[source] sqlx::Error),
    /// A column is of a type that has no value here.
    #[error("the column {column} is of the type {of}, which cannot be read; cast it to text in the statement")]
    Column {
        /// The column.
        column: String,
        /// Its type, as the database calls it.
        of: String,
    },
    /// The answer is larger than whoever asked allows.
    #[error("the rows have more than {limit} bytes")]
    TooLarge {
        /// What is allowed, in bytes.
        limit: usize,
    },
}

impl From<sqlx::Error> for SqlError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unreachable(error),
            error => Self::Statement(error),
        }
    }
}

/// A row: its columns as text, in order; a `NULL` is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    columns: Vec<(String, Option<String>)>,
    /// The first column's bytes that were asked for.
    pub bytes: Option<Vec<u8>>,
}

impl Row {
    /// The columns, in order.
    pub fn into_columns(self) -> Vec<(String, Option<String>)> {
        self.columns
    }

    /// The value of a column: by its name, whatever its case, or by its number from 1. The outer `None` is no such column.
    pub fn get(&self, column: &str) -> Option<Option<&str>> {
        let named = self.columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
        let found = match (named, column.parse::<usize>()) {
            (Some(found), _) => found,
            (None, Ok(number)) => self.columns.get(number.checked_sub(1)?)?,
            (None, Err(_)) => return None,
        };
        Some(found.1.as_deref())
    }
}

/// A database to send statements to. Clones share its connections, which are opened when they are needed.
#[derive(Clone)]
pub struct DataSource {
    name: Arc<str>,
    pub(crate) pool: AnyPool,
}

#[derive(Clone)]
pub(crate) enum AnyPool {
    Postgres(Pool<Postgres>),
    MySql(Pool<MySql>),
    Sqlite(Pool<Sqlite>),
}

/// A transaction. Dropped, it is rolled back.
pub struct Transaction(pub(crate) AnyTransaction);

pub(crate) enum AnyTransaction {
    Postgres(sqlx::Transaction<'static, Postgres>),
    MySql(sqlx::Transaction<'static, MySql>),
    Sqlite(sqlx::Transaction<'static, Sqlite>),
}

impl fmt::Debug for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataSource").field("name", &self.name).finish_non_exhaustive()
    }
}

impl DataSource {
    /// A data source that opens no connection yet. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(name: impl Into<Arc<str>>, address: &Address, options: &PoolOptions) -> Result<Self, SqlError> {
        let url = address.url();
        let pool = match address.database {
            Database::Postgres => AnyPool::Postgres(pool(options).connect_lazy_with(PgConnectOptions::from_str(url)?)),
            Database::MySql => AnyPool::MySql(pool(options).connect_lazy_with(MySqlConnectOptions::from_str(url)?)),
            Database::Sqlite => {
                let connect = SqliteConnectOptions::from_str(url)?.busy_timeout(options.max_wait);
                AnyPool::Sqlite(pool(options).connect_lazy_with(connect))
            }
        };
        Ok(Self { name: name.into(), pool })
    }

    /// What it is called in messages.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Which database it is.
    pub fn database(&self) -> Database {
        match &self.pool {
            AnyPool::Postgres(_) => Database::Postgres,
            AnyPool::MySql(_) => Database::MySql,
            AnyPool::Sqlite(_) => Database::Sqlite,
        }
    }

    /// The first row that a query gives; `None` when it gives none. `bytes` is a column to be given as bytes too.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn first_row(
        &self,
        sql: &str,
        values: Vec<SqlValue>,
        bytes: Option<usize>,
    ) -> Result<Option<Row>, SqlError> {
        match &self.pool {
            AnyPool::Postgres(pool) => first_row(reachable(pool).await?, sql, values, bytes).await,
            AnyPool::MySql(pool) => first_row(reachable(pool).await?, sql, values, bytes).await,
            AnyPool::Sqlite(pool) => first_row(reachable(pool).await?, sql, values, bytes).await,
        }
    }

    /// Executes a statement; returns how many rows it changed.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn execute(&self, sql: &str, values: Vec<SqlValue>) -> Result<u64, SqlError> {
        match &self.pool {
            AnyPool::Postgres(pool) => execute(reachable(pool).await?, sql, values).await,
            AnyPool::MySql(pool) => execute(reachable(pool).await?, sql, values).await,
            AnyPool::Sqlite(pool) => execute(reachable(pool).await?, sql, values).await,
        }
    }

    /// Begins a transaction, with a connection of its own.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn begin(&self) -> Result<Transaction, SqlError> {
        Ok(Transaction(match &self.pool {
            AnyPool::Postgres(pool) => AnyTransaction::Postgres(reachable(pool).await?.begin().await?),
            AnyPool::MySql(pool) => AnyTransaction::MySql(reachable(pool).await?.begin().await?),
            AnyPool::Sqlite(pool) => AnyTransaction::Sqlite(reachable(pool).await?.begin().await?),
        }))
    }

    /// Closes its connections.
    pub async fn close(&self) {
        match &self.pool {
            AnyPool::Postgres(pool) => pool.close().await,
            AnyPool::MySql(pool) => pool.close().await,
            AnyPool::Sqlite(pool) => pool.close().await,
        }
    }
}

impl Transaction {
    /// As [`DataSource::first_row`].
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn first_row(&mut self, sql: &str, values: Vec<SqlValue>) -> Result<Option<Row>, SqlError> {
        match &mut self.0 {
            AnyTransaction::Postgres(open) => first_row(&mut **open, sql, values, None).await,
            AnyTransaction::MySql(open) => first_row(&mut **open, sql, values, None).await,
            AnyTransaction::Sqlite(open) => first_row(&mut **open, sql, values, None).await,
        }
    }

    /// As [`DataSource::execute`].
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn execute(&mut self, sql: &str, values: Vec<SqlValue>) -> Result<u64, SqlError> {
        match &mut self.0 {
            AnyTransaction::Postgres(open) => execute(&mut **open, sql, values).await,
            AnyTransaction::MySql(open) => execute(&mut **open, sql, values).await,
            AnyTransaction::Sqlite(open) => execute(&mut **open, sql, values).await,
        }
    }

    /// Keeps what was done.
    ///
    /// # Errors
    /// [`SqlError`]; then nothing is certain.
    pub async fn commit(self) -> Result<(), SqlError> {
        match self.0 {
            AnyTransaction::Postgres(open) => open.commit().await?,
            AnyTransaction::MySql(open) => open.commit().await?,
            AnyTransaction::Sqlite(open) => open.commit().await?,
        }
        Ok(())
    }

    /// Undoes what was done.
    ///
    /// # Errors
    /// [`SqlError`]; the database undoes it all the same when the connection ends.
    pub async fn rollback(self) -> Result<(), SqlError> {
        match self.0 {
            AnyTransaction::Postgres(open) => open.rollback().await?,
            AnyTransaction::MySql(open) => open.rollback().await?,
            AnyTransaction::Sqlite(open) => open.rollback().await?,
        }
        Ok(())
    }
}

fn pool<D: sqlx::Database>(options: &PoolOptions) -> SqlxPoolOptions<D> {
    // Connections beyond those that may idle are closed soon after their work.
    let idle = if options.max_idle == 0 { Duration::from_secs(1) } else { Duration::from_secs(60) };
    SqlxPoolOptions::new()
        .max_connections(options.max_active)
        .acquire_timeout(options.max_wait)
        .idle_timeout(idle)
        .test_before_acquire(options.test_on_borrow)
}

/// The pool, once it is certain that a pool without any connection could get one: the pool itself would go on trying as
/// long as one may wait for a connection, while a database that refuses connections is to be told at once.
pub(crate) async fn reachable<D: sqlx::Database>(pool: &Pool<D>) -> Result<&Pool<D>, SqlError> {
    if pool.size() == 0 {
        let connection = D::Connection::connect_with(&pool.connect_options()).await?;
        connection.close().await?;
    }
    Ok(pool)
}

async fn first_row<'c, D, E>(
    executor: E,
    sql: &str,
    values: Vec<SqlValue>,
    bytes: Option<usize>,
) -> Result<Option<Row>, SqlError>
where
    D: Driver,
    D::Arguments: IntoArguments<D>,
    E: Executor<'c, Database = D>,
    usize: sqlx::ColumnIndex<D::Row>,
{
    let statement = D::statement(sql);
    // The text is the artifact's, its values are bound.
    let mut query = sqlx::query::<D>(AssertSqlSafe(statement));
    for value in values {
        query = D::bind(query, value);
    }
    let Some(row) = query.fetch_optional(executor).await? else { return Ok(None) };
    let columns = row.columns().iter();
    let columns = columns.map(|column| (column.name().to_owned(), D::text(&row, column.ordinal()))).collect();
    Ok(Some(Row { columns, bytes: bytes.and_then(|index| D::bytes(&row, index)) }))
}

async fn execute<'c, D, E>(executor: E, sql: &str, values: Vec<SqlValue>) -> Result<u64, SqlError>
where
    D: Driver,
    D::Arguments: IntoArguments<D>,
    E: Executor<'c, Database = D>,
{
    let statement = D::statement(sql);
    let mut query = sqlx::query::<D>(AssertSqlSafe(statement));
    for value in values {
        query = D::bind(query, value);
    }
    let result = query.execute(executor).await?;
    Ok(D::changed(&result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_a_pool() {
        let properties =
            [("maxActive", "5"), ("maxWait", "-1"), ("maxidle", "x"), ("testOnBorrow", "true"), ("a", "b")];
        let properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let expected = PoolOptions { max_active: 5, test_on_borrow: true, ..PoolOptions::default() };
        assert_eq!(PoolOptions::of(&properties), expected);
    }
}
