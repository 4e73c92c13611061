//! `<address>` endpoints (spec: services 4.2).

use super::expand::AddressTemplate;
use super::leaf::Leaf;

/// An address endpoint.
#[derive(Debug)]
pub struct AddressEndpoint {
    /// Its `uri`.
    pub uri: AddressTemplate,
    /// Time limits, suspension, format.
    pub leaf: Leaf,
}
