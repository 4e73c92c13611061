//! The variables and functions that expressions of a stylesheet see.

use mi_xml::xpath::{Environment, EvalError, NodeRef, Value};

use super::Machine;
use super::frame::Frame;
use super::functions;

/// What is in scope at an instruction.
#[derive(Copy, Clone)]
pub(crate) struct Scope<'m, 'a> {
    pub(crate) machine: &'m Machine<'a>,
    pub(crate) frame: &'m Frame<'a>,
    /// What `current()` gives.
    pub(crate) current: NodeRef<'a>,
}

impl<'a> Environment<'a> for Scope<'_, 'a> {
    fn variable(&self, namespace: &str, local: &str) -> Result<Option<Value<'a>>, EvalError> {
        if let Some(value) = self.frame.lookup(namespace, local) {
            return Ok(Some(value.clone()));
        }
        self.machine.global(namespace, local).map_err(|error| EvalError::Environment(error.to_string()))
    }

    fn function(
        &self,
        namespace: &str,
        local: &str,
        arguments: Vec<Value<'a>>,
        context: NodeRef<'a>,
    ) -> Result<Option<Value<'a>>, EvalError> {
        functions::call(self, namespace, local, arguments, context)
    }
}
