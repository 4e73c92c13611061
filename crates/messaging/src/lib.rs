//! What puts messages into mediation by itself: scheduled tasks.
//!
//! Begin at [`TaskArtifact`], a `<task>`; [`MessageInjector`] is what it does. When a task fires, and on which node, is
//! the crate `scheduling`'s; this crate only says what happens then.

mod injector;
mod task;

pub use injector::{InjectionError, MessageInjector, Target};
pub use task::TaskArtifact;
