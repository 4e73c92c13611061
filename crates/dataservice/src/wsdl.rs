//! The WSDL of a data service.

use crate::model::Definition;

pub(crate) fn document(definition: &Definition, address: &str) -> String {
    let _ = (definition, address);
    String::new()
}
