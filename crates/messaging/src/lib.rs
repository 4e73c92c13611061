//! What puts messages into mediation by itself: scheduled tasks and message processors.
//!
//! Begin at [`TaskArtifact`], a `<task>`; [`MessageInjector`] is what it does. [`processor`] takes messages out of stores.
//! When a task fires, and on which node, is the crate `scheduling`'s; this crate only says what happens then.

mod injector;
pub mod processor;
mod task;
#[cfg(test)]
mod testing;

pub use injector::{InjectionError, MessageInjector, Target};
pub use task::TaskArtifact;
