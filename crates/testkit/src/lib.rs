//! Private databases and a network that can be cut, for tests.
//!
//! [`Postgres`] and [`MariaDb`] start a server of their own in a temporary folder, on a free port, and end it when they
//! are dropped; they work for root too (the server then runs as `nobody`). [`TcpProxy`] stands between a process and a
//! server and cuts the connection when told to. Only tests use this crate.

mod mariadb;
mod postgres;
mod process;
mod proxy;

pub use mariadb::MariaDb;
pub use postgres::Postgres;
pub use process::{free_port, signal};
pub use proxy::TcpProxy;
