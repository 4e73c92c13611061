//! What a `.dbs` file says, read and checked (spec: runtime 8.1).

mod config;
mod json_mapping;
mod param;
mod query;
mod request;
mod result;
mod service;
mod validator;

use mi_mediation::{DeployError, Element};
use mi_xml::Position;
use mi_xml::chars::is_ncname;

pub(crate) use config::{Config, Origin};
pub(crate) use param::{DefaultValue, Param, ParamKind};
pub(crate) use query::{Generated, Query};
pub(crate) use request::{CallQuery, Request, WithParam};
pub(crate) use result::{Field, Group, JsonKind, Output, ResultShape, Value};
pub use service::Definition;

/// The place of an element, for errors that are only found later.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    file: String,
    position: Option<Position>,
}

impl Place {
    pub(crate) fn of(element: Element<'_>) -> Self {
        Self { file: element.file().to_owned(), position: element.position() }
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> DeployError {
        DeployError::new(message).at(&self.file, self.position)
    }
}

/// The children of one name. Elements of a `.dbs` file are in no namespace; MI does not look.
fn children<'a>(element: Element<'a>, local: &'static str) -> impl Iterator<Item = Element<'a>> {
    element.children().filter(move |child| child.local() == local)
}

/// The first child of a name.
fn child<'a>(element: Element<'a>, local: &'static str) -> Option<Element<'a>> {
    children(element, local).next()
}

/// Whether an attribute is `true`, as Java reads Booleans.
fn is_true(element: Element<'_>, name: &str) -> bool {
    element.attribute(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Refuses an attribute that is not blank, because what it asks for is not here.
fn refuse(element: Element<'_>, attribute: &str, what: &str, instead: &str) -> Result<(), DeployError> {
    if element.non_empty(attribute).is_none() {
        return Ok(());
    }
    let message = format!("'{attribute}' of <{}> asks for {what}, which this server does not have", element.local());
    Err(element.attribute_error(attribute, message).hint(instead.to_owned()))
}
