//! What puts messages into mediation by itself: scheduled tasks and message processors.
//!
//! Begin at [`TaskArtifact`], a `<task>`; [`MessageInjector`] is what it does, [`ScheduledTasks`] keeps all of them. [`processor`] takes messages out of stores.
//! When a task fires, and on which node, is the crate `scheduling`'s; this crate only says what happens then.

mod injector;
pub mod processor;
mod scheduled;
mod task;
#[cfg(test)]
mod testing;

pub use injector::{InjectionError, MessageInjector, Target};
pub use scheduled::ScheduledTasks;
pub use task::TaskArtifact;
