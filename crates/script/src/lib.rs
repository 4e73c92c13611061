//! JavaScript for flows.
//!
//! The language is ECMAScript 2023, run by QuickJS-NG; [`e4x`] adds what old scripts write in XML literals. What a script
//! may do is decided by its [`Host`]: it has no files, no network and no clock but the one of `Date`, only what the host
//! answers. [`Limits`] bound its time and memory. Begin reading at [`Script`], then [`Engines`].
//!
//! Guarantees: a script never sees the globals of another one, nor those of its own earlier runs (changes to built-in
//! objects last as long as the engine does); a panic in the host ends as an error.
#![forbid(unsafe_code)]

mod completion;
pub mod e4x;
mod engine;
mod engines;
mod error;
mod host;
mod lexer;
mod script;

pub use engine::Limits;
pub use engines::Engines;
pub use error::ScriptError;
pub use host::{Host, Value};
pub use lexer::is_identifier;
pub use script::{Entry, Language, Script};
