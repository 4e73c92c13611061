//! Mediators of one's own: WebAssembly components that work on a message (`wit/mediator.wit`).
//!
//! Begin at [`Component`]: compiled once, it works on any number of messages, each in an instance of its own. What a
//! component can do is [`Message`]'s; beside that it has a clock and random numbers, no file, no network, no environment.
//!
//! Guarantees: a component that runs too long or wants too much memory is stopped ([`Limits`]); while it runs it gives way
//! to other work every few milliseconds; no component can see another, nor an earlier call of its own.

mod component;
mod engine;
mod state;

pub use component::{Component, Limits, WasmError};
pub use state::Message;
