//! What a message body is, and how it is read and written.
//!
//! Begin at [`Body`]: what the transport delivers and takes. [`Value`] is what properties and variables hold; [`java`]
//! is how Java prints and parses what artifacts can see.

pub mod body;
pub mod java;
pub mod value;

pub use body::{Body, BodyError, BodyStream};
pub use value::{NodeItem, Unevaluated, Value, XmlFragment};
