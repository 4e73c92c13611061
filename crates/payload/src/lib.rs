//! What a message body is, and how it is read and written.
//!
//! Begin at [`Body`]: what the transport delivers and takes.

pub mod body;

pub use body::{Body, BodyError, BodyStream};
