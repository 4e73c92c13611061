//! What operators ask the server: the management API (spec: runtime part 5) and the probes (6.1).
//!
//! Begin at [`api()`], which makes the router of [`Management`]; [`security`] is who may ask, [`resources`] has one file a
//! resource, [`Inventory`] is what is deployed now. [`probes()`] is for the internal HTTP port alone.
//!
//! Guarantees: nobody but users of the configured store gets past the login; passwords are in no answer and no log line.

mod answer;
mod api;
mod audit;
mod definition;
mod inventory;
mod probes;
mod resources;
mod security;

pub use api::{Management, Paths, Stop, api};
pub use inventory::Inventory;
pub use probes::{Health, probes};
