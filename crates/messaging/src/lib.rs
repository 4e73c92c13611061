//! What puts messages into mediation by itself: scheduled tasks, message processors and inbound endpoints.
//!
//! Begin at [`TaskArtifact`], a `<task>`; [`MessageInjector`] is what it does, [`ScheduledTasks`] keeps all of them. [`processor`] takes messages out of stores,
//! [`inbound`] looks for files and describes ports.
//! When a task fires, and on which node, is the crate `scheduling`'s; this crate only says what happens then.

pub mod inbound;
mod injector;
mod pause;
pub mod processor;
mod scheduled;
mod task;
#[cfg(test)]
mod testing;

pub use injector::{InjectionError, MessageInjector, Target};
pub use scheduled::ScheduledTasks;
pub use task::TaskArtifact;
