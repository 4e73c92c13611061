//! Message processors: they take messages out of stores, each on one node of a cluster (spec: tasks part 3).
//!
//! Begin at [`MessageProcessors`], which keeps the scheduler in step with the artifacts ([`ProcessorArtifact`]). What
//! happens at a fire is [`member`]'s; one attempt of a delivery is [`forwarding`]'s.

mod artifact;
mod forwarding;
mod loggers;
mod member;
mod processors;
#[cfg(test)]
mod tests;

pub use artifact::{Attempts, Pace, ProcessorArtifact, ProcessorKind};
pub use processors::{MessageProcessors, ProcessorError};
