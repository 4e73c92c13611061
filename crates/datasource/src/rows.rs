//! All rows of a query, with the types of their values; and the keys that a database makes for what is inserted.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Column as _, Executor, IntoArguments, MySql, Postgres, Row as _, Sqlite};

use crate::address::Database;
use crate::driver::Driver;
use crate::source::{AnyPool, AnyTransaction, DataSource, SqlError, Transaction, reachable};
use crate::value::SqlValue;

/// A statement as its database wants it. Clones share the text; the connections keep it prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    text: Arc<str>,
}

/// How much a query may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLimits {
    /// The most rows; those beyond it are left out, as JDBC's `maxRows` does.
    pub rows: usize,
    /// The most bytes of all values together; more is an error.
    pub bytes: usize,
}

/// What a query gives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The names of the columns, in order; empty when there is no row.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<SqlValue>>,
}

/// Runs a function on whatever a data source or transaction is inside.
macro_rules! on {
    (pool $source:expr, $function:ident($($argument:expr),*)) => {
        match &$source.pool {
            AnyPool::Postgres(pool) => $function::<Postgres, _>(reachable(pool).await?, $($argument),*).await,
            AnyPool::MySql(pool) => $function::<MySql, _>(reachable(pool).await?, $($argument),*).await,
            AnyPool::Sqlite(pool) => $function::<Sqlite, _>(reachable(pool).await?, $($argument),*).await,
        }
    };
    (transaction $transaction:expr, $function:ident($($argument:expr),*)) => {
        match &mut $transaction.0 {
            AnyTransaction::Postgres(open) => $function::<Postgres, _>(&mut **open, $($argument),*).await,
            AnyTransaction::MySql(open) => $function::<MySql, _>(&mut **open, $($argument),*).await,
            AnyTransaction::Sqlite(open) => $function::<Sqlite, _>(&mut **open, $($argument),*).await,
        }
    };
}

impl DataSource {
    /// A statement for this database; `sql` has JDBC's `?`.
    pub fn statement(&self, sql: &str) -> Statement {
        let text = match self.database() {
            Database::Postgres => Postgres::statement(sql),
            Database::MySql => MySql::statement(sql),
            Database::Sqlite => Sqlite::statement(sql),
        };
        Statement { text: text.into() }
    }

    /// A statement that inserts, of which the keys that the database makes are wanted: these columns, or whatever the
    /// database thinks they are.
    pub fn inserting(&self, sql: &str, keys: &[String]) -> Statement {
        if self.database() != Database::Postgres {
            return self.statement(sql);
        }
        let quoted: Vec<_> = keys.iter().map(|key| format!("\"{}\"", key.replace('"', "\"\""))).collect();
        let keys = if quoted.is_empty() { "*".to_owned() } else { quoted.join(", ") };
        self.statement(&format!("{} RETURNING {keys}", sql.trim_end().trim_end_matches(';')))
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn rows(&self, query: &Statement, values: Vec<SqlValue>, limits: RowLimits) -> Result<Rows, SqlError> {
        on!(pool self, rows(query, values, limits))
    }

    /// Executes a statement; returns how many rows it changed.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn change(&self, statement: &Statement, values: Vec<SqlValue>) -> Result<u64, SqlError> {
        on!(pool self, change(statement, values))
    }

    /// Executes a statement of [`DataSource::inserting`]; returns the keys that the database made.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn insert(
        &self,
        statement: &Statement,
        values: Vec<SqlValue>,
        limits: RowLimits,
    ) -> Result<Rows, SqlError> {
        if self.database() == Database::Postgres {
            return self.rows(statement, values, limits).await;
        }
        on!(pool self, insert(statement, values))
    }
}

impl Transaction {
    /// As [`DataSource::rows`].
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn rows(
        &mut self,
        query: &Statement,
        values: Vec<SqlValue>,
        limits: RowLimits,
    ) -> Result<Rows, SqlError> {
        on!(transaction self, rows(query, values, limits))
    }

    /// As [`DataSource::change`].
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn change(&mut self, statement: &Statement, values: Vec<SqlValue>) -> Result<u64, SqlError> {
        on!(transaction self, change(statement, values))
    }

    /// As [`DataSource::insert`].
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn insert(
        &mut self,
        statement: &Statement,
        values: Vec<SqlValue>,
        limits: RowLimits,
    ) -> Result<Rows, SqlError> {
        if matches!(self.0, AnyTransaction::Postgres(_)) {
            return self.rows(statement, values, limits).await;
        }
        on!(transaction self, insert(statement, values))
    }
}

/// A statement with its values bound. Its text is an artifact's.
macro_rules! bound {
    ($database:ty, $statement:expr, $values:expr) => {{
        let mut query = sqlx::query::<$database>(AssertSqlSafe($statement.text.clone()));
        for value in $values {
            query = <$database>::bind(query, value);
        }
        query
    }};
}

async fn rows<'c, D, E>(
    executor: E,
    query: &Statement,
    values: Vec<SqlValue>,
    limits: RowLimits,
) -> Result<Rows, SqlError>
where
    D: Driver,
    D::Arguments: IntoArguments<D>,
    E: Executor<'c, Database = D>,
    usize: sqlx::ColumnIndex<D::Row>,
{
    let mut stream = bound!(D, query, values).fetch(executor);
    let mut found = Rows::default();
    let mut size = 0;
    while found.rows.len() < limits.rows
        && let Some(row) = stream.try_next().await?
    {
        if found.columns.is_empty() {
            found.columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
        }
        let mut read = Vec::with_capacity(found.columns.len());
        for (index, column) in found.columns.iter().enumerate() {
            let value = D::value(&row, index).map_err(|of| SqlError::Column { column: column.clone(), of })?;
            size += value.size();
            read.push(value);
        }
        if size > limits.bytes {
            return Err(SqlError::TooLarge { limit: limits.bytes });
        }
        found.rows.push(read);
    }
    Ok(found)
}

async fn change<'c, D, E>(executor: E, statement: &Statement, values: Vec<SqlValue>) -> Result<u64, SqlError>
where
    D: Driver,
    D::Arguments: IntoArguments<D>,
    E: Executor<'c, Database = D>,
{
    Ok(D::changed(&bound!(D, statement, values).execute(executor).await?))
}

async fn insert<'c, D, E>(executor: E, statement: &Statement, values: Vec<SqlValue>) -> Result<Rows, SqlError>
where
    D: Driver,
    D::Arguments: IntoArguments<D>,
    E: Executor<'c, Database = D>,
{
    let result = bound!(D, statement, values).execute(executor).await?;
    // Nothing was inserted, or the table has no such key.
    let Some((column, key)) = D::generated_key(&result).filter(|(_, key)| *key > 0 && D::changed(&result) > 0) else {
        return Ok(Rows::default());
    };
    Ok(Rows { columns: vec![column.to_owned()], rows: vec![vec![SqlValue::Big(key)]] })
}
