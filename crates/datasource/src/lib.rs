//! SQL for flows: data sources by JDBC URL, on PostgreSQL, MySQL or MariaDB, and SQLite.
//!
//! Begin at [`DataSource`]. [`Address`] understands JDBC URLs, [`value`] the types of statement parameters, and
//! [`placeholders`] the `?` of JDBC. What a database does differently is its [`driver::Driver`], one file a database.
//!
//! Guarantees: parameters are bound, never put into the text; a transaction that is dropped is rolled back; no password
//! is in an error or in what `Debug` prints.

mod address;
mod driver;
mod mysql;
pub mod placeholders;
mod postgres;
mod rows;
mod source;
mod sqlite;
pub mod value;

pub use address::{Address, AddressError, Database};
pub use rows::{RowLimits, Rows, Statement};
pub use source::{DataSource, PoolOptions, Row, SqlError, Transaction};
pub use value::{SqlType, SqlValue, ValueError};
