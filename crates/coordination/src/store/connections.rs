//! A handful of connections.
//!
//! Not a general pool: a statement that is given up must take its connection with it at once. A pool would first ask the
//! server whether the connection is still good, and behind a cut network that question has no answer either.

use std::sync::Mutex;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::dialect::Dialect;
use super::error::StoreError;

pub(super) struct Connections {
    options: AnyConnectOptions,
    dialect: &'static dyn Dialect,
    free: Mutex<Vec<AnyConnection>>,
    permits: Semaphore,
}

/// A connection in use. Dropped, it is closed; [`Lent::give_back`] keeps it for the next statement.
pub(super) struct Lent<'a> {
    owner: &'a Connections,
    connection: AnyConnection,
    _permit: SemaphorePermit<'a>,
}

impl Connections {
    pub(super) fn new(options: AnyConnectOptions, dialect: &'static dyn Dialect, most: usize) -> Self {
        Self { options, dialect, free: Mutex::new(Vec::new()), permits: Semaphore::new(most.max(1)) }
    }

    pub(super) async fn get(&self) -> Result<Lent<'_>, StoreError> {
        // The semaphore is never closed.
        let permit = self.permits.acquire().await.map_err(|_| StoreError::Connect(sqlx::Error::PoolClosed))?;
        let free = self.lock().pop();
        let connection = match free {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lent { owner: self, connection, _permit: permit })
    }

    async fn connect(&self) -> Result<AnyConnection, StoreError> {
        let mut connection = AnyConnection::connect_with(&self.options).await.map_err(StoreError::Connect)?;
        for statement in self.dialect.session() {
            connection.execute(AssertSqlSafe(*statement)).await.map_err(StoreError::Connect)?;
        }
        Ok(connection)
    }

    /// Closes what is not in use: after a failure the others are likely broken too.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<AnyConnection>> {
        // Nothing that can panic runs under the lock.
        self.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Lent<'_> {
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    pub(super) fn give_back(self) {
        self.owner.lock().push(self.connection);
    }
}
