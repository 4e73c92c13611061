//! `file` endpoints (spec: tasks 4.5): each fire of the task looks for files and injects them, one after the other.
//!
//! [`FileSettings`] are the parameters, [`FilePoller`] is what a fire does, [`after`] what becomes of a file that has been
//! handled, [`lock`] keeps other servers off it.

mod after;
mod locations;
mod lock;
mod message;
mod poller;
mod settings;
#[cfg(test)]
mod tests;

pub use locations::{Location, LocationError};
pub use lock::LockOwner;
pub(super) use message::Handed;
pub(super) use poller::FilePoller;
pub use settings::{Action, FileSettings, Order};
