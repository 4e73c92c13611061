//! Membership, leadership and ownership of tasks among the nodes that share a database.
//!
//! What it guarantees: a coordinated task is open on at most one node at a time, no slot of it is fired twice, and while
//! the database answers every active task is open somewhere within a bounded time of any fault. Clocks of nodes are never
//! compared. `docs/coordination.md` states the protocol, its assumptions and proofs.
//!
//! Begin reading at [`Coordinator`], which hands out a [`Gate`] for each named task; whatever must run once in the cluster
//! asks its gate at each act and knows nothing else of clustering. Inside, [`protocol`] is the state machine without I/O,
//! [`store`] executes its requests in SQL, and the driver is the thin shell between them. This crate knows nothing of what
//! a task does.

mod coordinator;
mod driver;
mod gate;
mod loggers;
mod notes;
mod options;
pub mod protocol;
pub mod store;

pub use coordinator::{Coordinator, View};
pub use gate::{Claim, Gate, Opening, Pass, Standing};
pub use options::ClusterOptions;
pub use protocol::{Close, Resolver, ResolverError};
