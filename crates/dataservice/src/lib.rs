//! Data services: SQL behind SOAP, XML and JSON (spec: runtime part 8).
//!
//! Begin at [`Service`]: it is read from a `.dbs` file (`model` has one file an element, and says what is not here),
//! knows its databases ([`Sources`]), and answers the requests of [`mi_mediation::data_service::DataService`]. `run`
//! runs them, `arguments` finds the parameters of a query, `sql` writes its statement, `write` and `output` make an
//! answer of its rows, `value` is between SQL's types and text.
//!
//! Guarantees: values are bound and never put into a statement's text, but for parameters of the type `QUERY_STRING`,
//! which ask for it; what is not supported is refused when it is deployed; a batch or a request box is one transaction
//! for each database; no input panics.

mod arguments;
mod describe;
mod model;
mod output;
mod parameters;
mod run;
mod service;
mod sources;
mod sql;
mod value;
mod write;
mod wsdl;

#[cfg(test)]
mod tests;

pub use service::Service;
pub use sources::{SharedSource, Sources};
