//! HTTP/1.1 on the wire: heads, framing, bodies. Both sides, server and client, are built from these parts.
//!
//! The parsing and framing modules do no I/O and are strict: what two readers could understand differently is an error.

pub(crate) mod decode;
pub(crate) mod framing;
pub(crate) mod head;
pub(crate) mod incoming;
pub(crate) mod outgoing;
mod read_memory;
pub(crate) mod wire;
