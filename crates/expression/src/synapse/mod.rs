//! Synapse expressions, `${…}` (spec, part 4).
//!
//! `lexer` and `parser` make the tree of `ast` at deployment; `evaluate` walks it, with `operators` and `functions`
//! for what is between and around the operands, and `access` for what reads the message.

mod access;
mod ast;
mod evaluate;
mod functions;
mod lexer;
mod operators;
mod parser;
mod path_parser;
mod text_functions;
mod value;

use std::borrow::Cow;

use mi_payload::Value;

use crate::fault::{CompileError, ExpressionFault};
use crate::message::Message;
use crate::namespaces::Namespaces;
use ast::Node;
use evaluate::{Evaluator, Fail};
use value::Val;

/// A compiled `${…}`.
#[derive(Debug)]
pub(crate) struct SynapseExpression {
    /// The text between the braces.
    inner: String,
    root: Node,
}

impl SynapseExpression {
    /// Compiles the whole text, braces included.
    pub(crate) fn compile(text: &str, namespaces: &Namespaces) -> Result<Self, CompileError> {
        let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
        let before = text.len() - inner.len() - usize::from(inner.len() < text.len());
        let root = parser::parse(inner, namespaces).map_err(|error| CompileError {
            expression: text.to_owned(),
            column: before + error.column,
            message: error.message,
        })?;
        Ok(Self { inner: inner.to_owned(), root })
    }

    /// The result as text; soft errors and null are `""`.
    pub(crate) fn string<'m>(&self, message: &'m dyn Message) -> Result<Cow<'m, str>, ExpressionFault> {
        Ok(self.run(message, false)?.map_or(Cow::Borrowed(""), Val::into_text))
    }

    /// The typed result; soft errors and null are the empty string.
    pub(crate) fn object(&self, message: &dyn Message) -> Result<Value, ExpressionFault> {
        Ok(self.run(message, true)?.map_or_else(|| Value::from(""), Val::into_value))
    }

    /// `None` stands for null and for what has been logged as a soft error.
    fn run<'m>(&self, message: &'m dyn Message, object: bool) -> Result<Option<Val<'m>>, ExpressionFault> {
        match Evaluator::new(message, &self.inner).value(&self.root, object) {
            Ok(Val::Null) => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(Fail::Soft(reason)) => {
                tracing::warn!(
                    target: "SynapseExpression",
                    "Error evaluating expression: {} cause : {reason}",
                    self.inner
                );
                Ok(None)
            }
            Err(Fail::Fault(fault)) => Err(*fault),
        }
    }
}

#[cfg(test)]
mod tests;
