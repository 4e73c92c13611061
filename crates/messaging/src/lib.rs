//! What puts messages into mediation by itself: scheduled tasks, message processors and inbound endpoints.
//!
//! Begin at [`TaskArtifact`], a `<task>`; [`MessageInjector`] is what it does, [`ScheduledTasks`] keeps all of them.
//! [`processor`] takes messages out of stores, [`inbound`] are inbound endpoints, [`VfsListeners`] is the file transport of
//! proxy services; both of them use [`files`]. When a task fires, and on which node, is the crate `scheduling`'s; this crate
//! only says what happens then.

pub mod files;
pub mod inbound;
mod injector;
mod kept_state;
mod pause;
pub mod processor;
mod scheduled;
mod task;
#[cfg(test)]
mod testing;
mod vfs;

pub use injector::{InjectionError, MessageInjector, Target};
pub use scheduled::ScheduledTasks;
pub use task::TaskArtifact;
pub use vfs::VfsListeners;
