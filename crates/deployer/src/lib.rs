//! From a directory of artifacts to the next running configuration.
//!
//! Begin at [`Deployer::refresh`]: it reads what has changed on disk and gives a whole new configuration, built beside
//! the one that runs. [`load`] reads one file, [`artifact`] one definition, [`library`] a connector; [`references`] says
//! who names whom, [`remarks`] what deserves a look.
//!
//! Guarantees: a faulty artifact is left out with its place and reason, the others go live; if it had an older version,
//! that stays; artifacts that did not change are the same objects in the next configuration, so that what they remember
//! (suspended endpoints, stopped proxies) is kept; no input panics. This crate does not know how a mediator works.

pub mod application;
mod archive;
pub mod artifact;
mod deployer;
pub mod folder;
pub mod kind;
pub mod library;
pub mod load;
pub mod references;
pub mod remarks;

pub use artifact::{Artifact, Named};
pub use deployer::{DEFAULT_ROLES, Deployer, Deployment, Event};
pub use kind::Kind;
pub use library::Library;
