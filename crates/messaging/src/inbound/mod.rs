//! Inbound endpoints (spec: tasks part 4): they listen on ports of their own, on every node, or look for messages, on one
//! node of a cluster.
//!
//! Begin at [`InboundEndpoints`], which keeps ports and the scheduler in step with the artifacts ([`InboundArtifact`]).
//! What a fire of a `file` endpoint does is [`mod@file`]'s with the help of [`crate::files`]; ports are opened by who implements [`Listeners`].

mod artifact;
mod endpoints;
mod file;
mod http;
mod loggers;
mod parameters;

pub use artifact::{FileEndpoint, InboundArtifact, InboundKind};
pub use endpoints::{InboundEndpoints, InboundError};
pub use http::{HttpSettings, Listeners, OpenPort, PortError, Store, Tls, VerifyClient};
