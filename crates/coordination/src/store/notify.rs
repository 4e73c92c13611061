//! Notifications of PostgreSQL: another node did something that this one may want to act on at once.

use std::sync::Arc;

use sqlx::postgres::PgListener;

use super::error::StoreError;
use mi_datasource::{Address, Database};

/// Where to listen. Notifications may be lost (a broken connection); heartbeats find everything a little later.
#[derive(Debug, Clone)]
pub struct Notifications {
    address: Address,
    group: Arc<str>,
}

/// A connection that listens.
pub struct Listening {
    listener: PgListener,
    group: Arc<str>,
}

impl Notifications {
    /// Notifications of a group, if this database has them.
    pub(super) fn of(address: &Address, group: &Arc<str>) -> Option<Self> {
        (address.database == Database::Postgres).then(|| Self { address: address.clone(), group: group.clone() })
    }

    /// Opens a connection that listens.
    ///
    /// # Errors
    /// [`StoreError::Connect`].
    pub async fn listen(&self) -> Result<Listening, StoreError> {
        let mut listener = PgListener::connect(self.address.url()).await.map_err(StoreError::Connect)?;
        listener.listen("mi_cluster").await.map_err(StoreError::Connect)?;
        Ok(Listening { listener, group: self.group.clone() })
    }
}

impl Listening {
    /// Waits for the group's next notification.
    ///
    /// # Errors
    /// [`StoreError::Connect`] when the connection is lost.
    pub async fn next(&mut self) -> Result<(), StoreError> {
        loop {
            match self.listener.try_recv().await.map_err(StoreError::Connect)? {
                Some(notification) if notification.payload() == &*self.group => return Ok(()),
                Some(_) => {}
                None => return Err(StoreError::Connect(sqlx::Error::PoolTimedOut)),
            }
        }
    }
}
