//! Membership, leadership and ownership of tasks among the nodes that share a database.

pub mod protocol;
pub mod store;
