//! SQL, as flows see it: what the mediators `dblookup`, `dbreport` and `transaction` ask of the server (spec: EIP
//! mediators parts 16 and 18). This crate opens no connection itself.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::mediator::BoxFuture;

/// The types of statement parameters, by JDBC's names.
pub const SQL_TYPES: &[&str] = &[
    "CHAR",
    "VARCHAR",
    "LONGVARCHAR",
    "NUMERIC",
    "DECIMAL",
    "BIT",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "REAL",
    "FLOAT",
    "DOUBLE",
    "DATE",
    "TIME",
    "TIMESTAMP",
];

/// A parameter of a statement. Empty text is NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlParameter {
    /// One of [`SQL_TYPES`].
    pub kind: &'static str,
    /// The value.
    pub text: String,
}

/// Why a statement did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// The database refuses the statement, or cannot be reached.
    #[error("{0}")]
    Sql(String),
    /// A parameter is no value of its type.
    #[error("{0}")]
    Value(String),
}

/// The first row of an answer: its columns in order, their values as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqlRow(pub Vec<(String, Option<String>)>);

impl SqlRow {
    /// The value of a column, by name or by number from 1. The outer `None` is no such column, the inner one NULL.
    pub fn get(&self, column: &str) -> Option<Option<&str>> {
        let named = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
        let found = match named {
            Some(found) => found,
            None => self.0.get(column.parse::<usize>().ok()?.checked_sub(1)?)?,
        };
        Some(found.1.as_deref())
    }
}

/// An answer of a database.
pub type Answered<'a, T> = BoxFuture<'a, Result<T, DatabaseError>>;

/// A data source.
pub trait Database: Send + Sync + fmt::Debug {
    /// Its name, or the URL of a pool without one.
    fn name(&self) -> &str;

    /// The first row of a query.
    fn first_row<'a>(&'a self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, Option<SqlRow>>;

    /// Executes a statement; how many rows it changed.
    fn update<'a>(&'a self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, u64>;

    /// Begins a transaction.
    fn begin(&self) -> Answered<'_, Box<dyn DatabaseTransaction>>;
}

/// A transaction of one data source. Dropped, it is rolled back.
pub trait DatabaseTransaction: Send {
    /// As [`Database::first_row`].
    fn first_row<'a>(&'a mut self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, Option<SqlRow>>;

    /// As [`Database::update`].
    fn update<'a>(&'a mut self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, u64>;

    /// Keeps what was done.
    fn commit(self: Box<Self>) -> Answered<'static, ()>;

    /// Undoes what was done.
    fn rollback(self: Box<Self>) -> Answered<'static, ()>;
}

/// A connection pool that an artifact defines for itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InlinePool {
    /// The JDBC URL.
    pub url: String,
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
    /// Its properties.
    pub properties: BTreeMap<String, String>,
}

impl fmt::Debug for InlinePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlinePool").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The data sources of the server.
pub trait Databases: Send + Sync {
    /// The data source of a name: its id, or its JNDI name `jdbc/ID`.
    fn named(&self, name: &str) -> Option<Arc<dyn Database>>;

    /// A pool of an artifact's own; artifacts with the same definition share it.
    ///
    /// # Errors
    /// Why it cannot be made: the URL is of no database that is supported.
    fn pool(&self, definition: &InlinePool) -> Result<Arc<dyn Database>, String>;
}

impl<T: Databases + ?Sized> Databases for Arc<T> {
    fn named(&self, name: &str) -> Option<Arc<dyn Database>> {
        (**self).named(name)
    }

    fn pool(&self, definition: &InlinePool) -> Result<Arc<dyn Database>, String> {
        (**self).pool(definition)
    }
}

/// A server without data sources.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDatabases;

impl Databases for NoDatabases {
    fn named(&self, _name: &str) -> Option<Arc<dyn Database>> {
        None
    }

    fn pool(&self, _definition: &InlinePool) -> Result<Arc<dyn Database>, String> {
        Err("there are no databases here".to_owned())
    }
}

/// The open transaction of a message: one of each data source that took part. It goes where the message goes, and when the
/// message is gone without a commit, what was done is undone.
#[derive(Default)]
pub struct Transactions(Vec<(Arc<dyn Database>, Box<dyn DatabaseTransaction>)>);

impl fmt::Debug for Transactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(database, _)| database.name())).finish()
    }
}

impl Transactions {
    /// The part of a data source, if it has one.
    pub fn find(&mut self, database: &Arc<dyn Database>) -> Option<&mut Box<dyn DatabaseTransaction>> {
        self.0.iter_mut().find(|(known, _)| Arc::ptr_eq(known, database)).map(|(_, part)| part)
    }

    /// The part of a data source; it begins now if it has none.
    ///
    /// # Errors
    /// [`DatabaseError`] when it cannot begin.
    pub async fn enlist(
        &mut self,
        database: &Arc<dyn Database>,
    ) -> Result<&mut Box<dyn DatabaseTransaction>, DatabaseError> {
        if self.find(database).is_none() {
            let part = database.begin().await?;
            self.0.push((database.clone(), part));
        }
        self.find(database).ok_or_else(|| DatabaseError::Sql("the transaction is gone".to_owned()))
    }

    /// Keeps what all parts did. Parts are committed one after the other: when one fails, those before it stay committed,
    /// and the others are rolled back.
    ///
    /// # Errors
    /// That of the first part that fails.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        for (_, part) in self.0 {
            part.commit().await?;
        }
        Ok(())
    }

    /// Undoes what all parts did.
    ///
    /// # Errors
    /// That of the last part that fails.
    pub async fn rollback(self) -> Result<(), DatabaseError> {
        let mut result = Ok(());
        for (_, part) in self.0 {
            if let Err(error) = part.rollback().await {
                result = Err(error);
            }
        }
        result
    }
}
