//! The store on SQL: dispatch, transactions, arguments.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyArguments, AnyConnectOptions, AnyRow};
use sqlx::{Any, AnyConnection, AssertSqlSafe, ConnectOptions, Connection, Row as _, Transaction};

use super::connections::{Connections, Lent};
use super::dialect::{Dialect, translate};
use super::error::StoreError;
use super::mysql::MySql;
use super::postgres::Postgres;
use super::sqlite::Sqlite;
use super::{Store, notify};
use crate::protocol::{NodeName, Reply, Request};
use mi_datasource::{Address, Database};

/// How a node uses the store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The group's name.
    pub group: Arc<str>,
    /// The node's id.
    pub node: NodeName,
    /// The age at which a heartbeat has expired.
    pub expiry: Duration,
    /// The most connections, 2 or more; where the database notifies there is one more that listens.
    pub connections: usize,
}

/// The coordination tables of one group, as seen by one node.
pub struct SqlStore {
    pub(super) dialect: &'static dyn Dialect,
    /// For joining, heartbeats, elections and leaving alone: however many claims are waiting, a heartbeat is not.
    membership: Connections,
    connections: Connections,
    pub(super) address: Address,
    pub(super) group: Arc<str>,
    pub(super) node: NodeName,
    /// Milliseconds.
    pub(super) expiry: i64,
}

/// An argument of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Arg<'a> {
    Text(&'a str),
    Number(i64),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Arc<str>> for Arg<'a> {
    fn from(text: &'a Arc<str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl SqlStore {
    /// A store that connects when it is first used.
    ///
    /// # Errors
    /// [`StoreError::Connect`] when the address cannot be understood by the SQL library.
    pub fn new(address: Address, options: StoreOptions) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let connect: AnyConnectOptions = address.url().parse().map_err(StoreError::Connect)?;
        let connect = connect.disable_statement_logging();
        let dialect: &'static dyn Dialect = match address.database {
            Database::Postgres => &Postgres,
            Database::MySql => &MySql,
            Database::Sqlite => &Sqlite,
        };
        Ok(Self {
            dialect,
            membership: Connections::new(connect.clone(), dialect, 1),
            connections: Connections::new(connect, dialect, options.connections.saturating_sub(1)),
            address,
            group: options.group,
            node: options.node,
            expiry: i64::try_from(options.expiry.as_millis()).unwrap_or(i64::MAX),
        })
    }

    /// Closes idle connections: call it after a failure.
    pub fn forget_connections(&self) {
        self.membership.forget();
        self.connections.forget();
    }

    /// Notifications of the group, where the database has them.
    pub fn notifications(&self) -> Option<notify::Notifications> {
        notify::Notifications::of(&self.address, &self.group)
    }

    pub(super) async fn connection(&self) -> Result<Lent<'_>, StoreError> {
        self.connections.get().await
    }

    pub(super) async fn begin<'c>(&self, connection: &'c mut AnyConnection) -> Result<Tx<'c>, StoreError> {
        let inner = connection
            .begin_with(self.dialect.begin())
            .await
            .map_err(|source| StoreError::Statement { what: "begin a transaction", source })?;
        Ok(Tx { inner, dialect: self.dialect })
    }

    /// Notifies the group inside a transaction, where the database can.
    pub(super) async fn notify(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if let Some(statement) = self.dialect.notify() {
            tx.rows("notify the group", statement, &[(&self.group).into()]).await?;
        }
        Ok(())
    }

    async fn dispatch(&self, request: Request, connection: &mut AnyConnection) -> Result<Reply, StoreError> {
        match request {
            Request::Join { session, anew } => self.join(connection, &session, anew).await,
            Request::Beat { session } => self.beat(connection, &session).await,
            Request::Elect { session } => self.elect(connection, &session).await,
            Request::Leave { session } => self.leave(connection, &session).await,
            Request::Members => self.members(connection).await,
            Request::Survey { session, epoch, orphans } => self.survey(connection, &session, epoch, orphans).await,
            Request::Assign { session, epoch, tasks } => self.assign(connection, &session, epoch, &tasks).await,
            Request::Remove { session, epoch, tasks, owned } => {
                self.remove(connection, &session, epoch, &tasks, owned).await
            }
            Request::Sync { session, changes } => self.sync(connection, &session, &changes).await,
            Request::Register { tasks } => self.register(connection, &tasks).await,
            Request::Withdraw { tasks } => self.withdraw(connection, &tasks).await,
            Request::Deactivate { task } => self.deactivate(connection, &task).await,
            Request::Activate { task } => self.activate(connection, &task).await,
            Request::Claim { session, task, slot, limit } => self.claim(connection, &session, &task, slot, limit).await,
        }
    }
}

impl Store for SqlStore {
    fn run(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Reply, StoreError>> + Send + '_>> {
        Box::pin(async move {
            let membership = matches!(
                request,
                Request::Join { .. } | Request::Beat { .. } | Request::Elect { .. } | Request::Leave { .. }
            );
            let connections = if membership { &self.membership } else { &self.connections };
            let mut lent = connections.get().await?;
            let reply = self.dispatch(request, lent.connection()).await?;
            lent.give_back();
            Ok(reply)
        })
    }
}

/// A transaction. It must be committed or rolled back, or its connection dropped: dropped alone, its locks would stay
/// until the connection is used again.
pub(super) struct Tx<'c> {
    inner: Transaction<'c, Any>,
    dialect: &'static dyn Dialect,
}

impl Tx<'_> {
    /// Executes a statement; returns how many rows it changed.
    pub(super) async fn execute(
        &mut self,
        what: &'static str,
        text: &str,
        args: &[Arg<'_>],
    ) -> Result<u64, StoreError> {
        execute(self.dialect, &mut self.inner, what, text, args).await
    }

    pub(super) async fn rows(
        &mut self,
        what: &'static str,
        text: &str,
        args: &[Arg<'_>],
    ) -> Result<Vec<AnyRow>, StoreError> {
        rows(self.dialect, &mut self.inner, what, text, args).await
    }

    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        self.inner.rollback().await.map_err(|source| StoreError::Statement { what: "rollback", source })
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await.map_err(|source| StoreError::Statement { what: "commit", source })
    }
}

pub(super) async fn execute(
    dialect: &dyn Dialect,
    connection: &mut AnyConnection,
    what: &'static str,
    text: &str,
    args: &[Arg<'_>],
) -> Result<u64, StoreError> {
    let done = query(translate(dialect, text), args)
        .execute(connection)
        .await
        .map_err(|source| StoreError::Statement { what, source })?;
    Ok(done.rows_affected())
}

pub(super) async fn rows(
    dialect: &dyn Dialect,
    connection: &mut AnyConnection,
    what: &'static str,
    text: &str,
    args: &[Arg<'_>],
) -> Result<Vec<AnyRow>, StoreError> {
    query(translate(dialect, text), args)
        .fetch_all(connection)
        .await
        .map_err(|source| StoreError::Statement { what, source })
}

/// The text has no values in it: they are all arguments.
fn query<'q>(text: String, args: &[Arg<'_>]) -> sqlx::query::Query<'q, Any, AnyArguments> {
    args.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, arg| match *arg {
        Arg::Text(text) => query.bind(text.to_owned()),
        Arg::Number(number) => query.bind(number),
    })
}

/// A column of a row, by its place.
pub(super) fn column<T>(row: &AnyRow, place: usize) -> Result<T, StoreError>
where
    T: for<'r> sqlx::Decode<'r, Any> + sqlx::Type<Any>,
{
    row.try_get(place).map_err(|source| StoreError::Statement { what: "read a column", source })
}
