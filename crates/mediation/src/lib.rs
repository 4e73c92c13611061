//! Mediation: the message context, the mediators, sequences, services and endpoints.
//!
//! Begin at [`mediator`] (the contract), [`context`] (the message), and [`engine::receive`] (where a request comes in).
//! [`mediators`] has one file a mediator; [`api`], [`proxy`] and [`endpoint`] are what messages enter and leave through;
//! [`definition`] reads artifacts; [`configuration`] is what runs.
//!
//! Guarantees: this crate opens no socket and reads no file ([`environment`] says what it asks others for); a message
//! keeps the configuration that it began with; a body that nobody looks into is never read; no input panics.

pub mod api;
mod builtin;
mod by_key;
mod compiled;
pub mod configuration;
pub mod context;
mod conversion;
pub mod data_service;
pub mod database;
pub mod definition;
pub mod endpoint;
pub mod engine;
pub mod environment;
mod evaluator;
pub mod fault;
pub mod import;
mod kept;
pub mod local_entry;
pub mod mediator;
pub mod mediators;
pub mod message_store;
pub mod names;
pub mod outgoing;
pub mod priority_executor;
pub mod proxy;
pub mod reference;
mod respond;
mod scripting;
pub mod sequence;
pub mod settings;
pub mod template;
#[cfg(test)]
mod testing;
mod url_fragments;
pub mod users;

/// The HTTP types of this crate's interface.
pub use ::http;
pub use configuration::{Configuration, ConfigurationBuilder};
pub use context::MessageContext;
pub use definition::{Definitions, DeployError, Element};
pub use fault::Fault;
pub use import::{Import, Imports, LibraryOperation};
pub use mediator::{Flow, Mediation, Mediator, MediatorList};
pub use settings::MediationSettings;
