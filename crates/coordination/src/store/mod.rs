//! The database's half of the protocol: each request as SQL.
//!
//! [`SqlStore`] executes [`Request`]s on PostgreSQL, MySQL or MariaDB, and SQLite, in MI's own tables plus a few columns
//! and one table (see [`schema`]). What a database does differently is its [`Dialect`], one file a database.

mod connections;
mod dialect;
mod error;
mod leader;
mod membership;
mod mysql;
mod notify;
mod postgres;
pub mod schema;
mod sql;
mod sqlite;
mod status;
mod tasks;

use std::future::Future;
use std::pin::Pin;

use crate::protocol::{Reply, Request};

pub use dialect::Dialect;
pub use error::StoreError;
pub use mi_datasource::{Address, Database};
pub use notify::Notifications;
pub use sql::{SqlStore, StoreOptions};
pub use status::{ClusterStatus, MemberStatus, TaskStatus};

/// What executes requests: the database, or a test's stand-in.
pub trait Store: Send + Sync {
    /// Executes a request atomically. When the future is dropped the request may still be executed.
    fn run(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Reply, StoreError>> + Send + '_>>;
}
