//! The coordination protocol as a state machine without I/O: events in, actions out, time as a value.
//!
//! [`Node`] is one node's half; the other half is the database, which executes each [`Request`] atomically. The
//! deterministic simulation in `tests/simulation.rs` drives many nodes against a model of the database; the SQL in
//! [`crate::store`] is checked against the same model. What is guaranteed and why is in `docs/coordination.md`.

mod message;
mod node;
mod resolver;
mod work;

pub use message::{
    Action, BeatReply, Close, Epoch, Event, Leader, Mono, NodeName, Note, Reply, Request, RequestId, Row, Session,
    TaskName, TaskState, Wanted,
};
pub use node::{Node, Timing};
pub use resolver::{Resolver, ResolverError};

#[cfg(test)]
mod tests;
