//! What stands in for XPath 2.0 in a build without the feature `xpath2`: it refuses every expression.

use super::variables::MessageEnvironment;
use crate::namespaces::Namespaces;

/// No expression is one.
#[derive(Debug)]
pub(super) enum Second {}

/// Nothing gives it.
pub(super) struct Outcome {
    pub text: String,
    pub truth: bool,
}

impl Second {
    pub(super) fn compile(_: &str, _: &Namespaces) -> Result<Self, String> {
        Err("this server was built without XPath 2.0".to_owned())
    }

    pub(super) fn evaluate(&self, _: &MessageEnvironment<'_, '_>) -> Result<Outcome, String> {
        match *self {}
    }
}
