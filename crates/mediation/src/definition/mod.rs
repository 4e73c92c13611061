//! From XML to definitions: elements with their positions, errors that point at them, and what a parser needs to know.

mod element;
mod error;
mod scope;
pub mod syntax;

pub use element::{Element, SYNAPSE_NAMESPACE};
pub use error::DeployError;
pub use scope::{Answer, Definitions, Warning};
