//! Where something stands in a stylesheet.

use std::sync::Arc;

use mi_xml::{Document, NodeId};

use crate::error::{Place, StylesheetError};

pub(super) fn of(document: &Document, location: &Arc<str>, node: NodeId) -> Place {
    let position = document.position(node).unwrap_or_default();
    Place { module: Arc::clone(location), line: position.line, column: position.column }
}

pub(super) fn error(document: &Document, location: &Arc<str>, node: NodeId, message: String) -> StylesheetError {
    StylesheetError { place: of(document, location, node), message }
}
