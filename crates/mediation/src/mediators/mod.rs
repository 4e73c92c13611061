//! The mediators: one file each, with its syntax as data, its reading, its behaviour and its tests.
//!
//! Adding one is adding a file and a line in [`CATALOGUE`].

pub mod aggregate;
pub mod builder;
pub mod cache;
pub mod call;
pub mod call_template;
pub mod callout;
pub mod clone;
pub mod conditional_router;
pub mod connector;
pub mod data_mapper;
pub mod data_service_call;
mod db;
pub mod db_lookup;
pub mod db_report;
pub mod drop;
pub mod enqueue;
pub mod enrich;
pub mod filter;
pub mod foreach;
pub mod header;
pub mod http_connector;
pub mod in_out;
pub mod iterate;
pub mod json_transform;
pub mod log;
pub mod loopback;
pub mod make_fault;
pub mod payload_factory;
pub mod property;
pub mod property_group;
mod resources;
pub mod respond;
pub mod rewrite;
mod rooted;
pub mod scatter_gather;
pub mod script;
pub mod send;
pub mod sequence;
mod split;
pub mod store;
pub mod switch;
pub mod throttle;
pub mod throw_error;
pub mod transaction;
pub mod unsupported;
pub mod validate;
pub mod variable;
#[cfg(feature = "wasm")]
pub mod wasm;
pub mod xquery;
pub mod xslt;

use crate::definition::syntax::{Syntax, nearest};
use crate::definition::{Definitions, DeployError, Element};
use crate::mediator::Mediator;
use crate::settings::AccessControl;

/// A kind of mediator: what it accepts and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct MediatorType {
    /// Its syntax.
    pub syntax: &'static Syntax,
    /// Reads an element of it.
    pub parse: Parse,
}

/// How a mediator is read from its element.
pub type Parse = fn(Element<'_>, &Definitions<'_>) -> Result<Box<dyn Mediator>, DeployError>;

/// All mediators that run here, beside the operations of connectors ([`connector::native`]).
pub static CATALOGUE: &[MediatorType] = &[
    aggregate::TYPE,
    builder::TYPE,
    cache::TYPE,
    call::TYPE,
    call_template::TYPE,
    callout::TYPE,
    clone::TYPE,
    conditional_router::TYPE,
    data_mapper::TYPE,
    data_service_call::TYPE,
    db_lookup::TYPE,
    db_report::TYPE,
    drop::TYPE,
    enqueue::TYPE,
    enrich::TYPE,
    xslt::fast::TYPE,
    filter::TYPE,
    foreach::TYPE,
    header::TYPE,
    in_out::IN,
    in_out::OUT,
    iterate::TYPE,
    json_transform::TYPE,
    log::TYPE,
    loopback::TYPE,
    make_fault::TYPE,
    make_fault::FAULT_TYPE,
    payload_factory::TYPE,
    property::TYPE,
    property_group::TYPE,
    respond::TYPE,
    rewrite::TYPE,
    scatter_gather::TYPE,
    script::TYPE,
    send::TYPE,
    sequence::TYPE,
    store::TYPE,
    switch::TYPE,
    throttle::TYPE,
    throw_error::TYPE,
    transaction::TYPE,
    validate::TYPE,
    variable::TYPE,
    #[cfg(feature = "wasm")]
    wasm::TYPE,
    xquery::TYPE,
    xslt::TYPE,
];

/// The mediator of an element name.
pub fn find(local: &str) -> Option<&'static MediatorType> {
    CATALOGUE.iter().find(|kind| kind.syntax.element == local)
}

/// Reads a mediator.
///
/// # Errors
/// When there is no such mediator, when it may not be used, or when it is not well made.
pub fn build(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Box<dyn Mediator>, DeployError> {
    let local = element.local();
    if let Some(refusal) = refused(local, &definitions.settings.access_control) {
        return Err(element.error(refusal));
    }
    let known = if element.is_synapse() {
        find(local).or_else(|| find(local.split_once('.').map_or("", |(before, _)| before)))
    } else {
        None
    };
    if let Some(kind) = known {
        return (kind.parse)(element, definitions);
    }
    if !element.is_synapse() {
        return Err(unknown(element, definitions));
    }
    if local == "class"
        && let Some(class) = element.non_empty("name")
        && definitions.needs_class(class)
    {
        return Ok(connector::class_step(class));
    }
    let operation = definitions.operation(local);
    if let Some(native) = connector::native::find(local, operation.as_ref()) {
        return (native.kind.parse)(element, definitions);
    }
    match operation {
        Some(operation) => connector::parse(element, operation, definitions),
        None => Err(unknown(element, definitions)),
    }
}

fn refused(local: &str, control: &AccessControl) -> Option<String> {
    let name = local.to_lowercase();
    match control {
        AccessControl::None => None,
        AccessControl::AllowList(names) => {
            (!names.contains(&name)).then(|| format!("Mediator '{local}' is not in the allowed mediators list."))
        }
        AccessControl::BlockList(names) => {
            names.contains(&name).then(|| format!("Mediator '{local}' is blocked by mediator access control."))
        }
    }
}

fn unknown(element: Element<'_>, definitions: &Definitions<'_>) -> DeployError {
    let message = format!("Unknown mediator referenced by configuration element : {}", element.qualified_name());
    let error = element.error(message);
    if !element.is_synapse() {
        let known = find(element.local()).is_some();
        return if known {
            error.hint("mediators are in the namespace http://ws.apache.org/ns/synapse")
        } else {
            error
        };
    }
    if let Some(entry) = unsupported::find(element.local()) {
        let error =
            element.error(format!("The mediator '{}' of Micro Integrator is not in this server", entry.element));
        return if entry.instead.is_empty() { error } else { error.hint(entry.instead) };
    }
    let native = connector::native::NATIVE.iter().map(|native| native.kind.syntax.element);
    let known = CATALOGUE.iter().map(|kind| kind.syntax.element).chain(native);
    match nearest(element.local(), known) {
        Some(name) => error.hint(format!("did you mean '{name}'?")),
        None => match element.local().split_once('.') {
            Some((library, _)) => error.hint(not_imported(library, definitions)),
            None => error,
        },
    }
}

/// Why an element with a dot in its name is no operation of a connector.
fn not_imported(library: &str, definitions: &Definitions<'_>) -> String {
    let imports = definitions.imports();
    match nearest(library, imports.libraries()) {
        Some(known) => format!("no connector library '{library}' is imported; did you mean '{known}'?"),
        None => format!("no connector library '{library}' is imported"),
    }
}
