//! One type for the three languages.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use mi_payload::{Unevaluated, Value};
use mi_xml::{AttributeId, Document, NodeId};

use crate::awareness;
use crate::fault::{CompileError, ExpressionFault};
use crate::message::Message;
use crate::namespaces::Namespaces;

/// Which language an expression is written in.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ExpressionKind {
    /// XPath 1.0.
    XPath,
    /// `json-eval(…)`.
    JsonPath,
    /// `${…}`.
    Synapse,
}

/// An expression, compiled. Cheap to clone.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    kind: ExpressionKind,
    content_aware: bool,
}

/// What an expression selected, for mediators that work on parts of the payload (iterate, foreach, enrich).
#[derive(Debug)]
pub enum Selection<'m> {
    /// Nodes of the XML view, of variables, or of properties.
    Nodes(Vec<SelectedNode<'m>>),
    /// JSON values: the items of an array, or a single value.
    Json(Vec<Cow<'m, serde_json::Value>>),
    /// A single value that is neither.
    Value(Value),
}

/// A node that an XPath selected.
#[derive(Copy, Clone, Debug)]
pub struct SelectedNode<'m> {
    /// The document that it belongs to; the message's own one or that of a property or variable.
    pub document: &'m Document,
    /// The node; of an attribute, its element.
    pub node: NodeId,
    /// The attribute, if it is one.
    pub attribute: Option<AttributeId>,
}

impl Expression {
    /// Compiles the text of an expression attribute (spec, 3.1): `json-eval(…)`, `${…}`, else XPath. Nothing is trimmed.
    ///
    /// # Errors
    /// The text is not an expression of its language.
    pub fn compile(text: &str, _namespaces: &Namespaces) -> Result<Self, CompileError> {
        let (kind, content_aware) = if text.starts_with("json-eval(") {
            (ExpressionKind::JsonPath, true)
        } else if let Some(inner) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            (ExpressionKind::Synapse, awareness::synapse(inner))
        } else {
            (ExpressionKind::XPath, awareness::xpath(text))
        };
        Ok(Self { text: text.into(), kind, content_aware })
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its language.
    pub fn kind(&self) -> ExpressionKind {
        self.kind
    }

    /// Whether the body has to be read before the expression is evaluated (spec, 1.6).
    pub fn is_content_aware(&self) -> bool {
        self.content_aware
    }

    /// The result as text, by the rules of the language (spec, 3.6, 3.8 and part 4). `None` is Java's null: an absent
    /// property or variable in XPath.
    ///
    /// # Errors
    /// What Micro Integrator reports as a fault.
    pub fn evaluate_string<'m>(&self, _message: &'m dyn Message) -> Result<Option<Cow<'m, str>>, ExpressionFault> {
        Err(self.unavailable())
    }

    /// The result as a condition (filter): XPath by its own boolean rule, the others if the text is `true` in any case.
    ///
    /// # Errors
    /// As [`Self::evaluate_string`].
    pub fn evaluate_boolean(&self, _message: &dyn Message) -> Result<bool, ExpressionFault> {
        Err(self.unavailable())
    }

    /// The typed result, as the variable mediator stores it. `None` for XPath and JSONPath, as in Micro Integrator.
    ///
    /// # Errors
    /// As [`Self::evaluate_string`].
    pub fn evaluate_object(&self, _message: &dyn Message) -> Result<Option<Value>, ExpressionFault> {
        Err(self.unavailable())
    }

    /// The parts of the payload that the expression selects.
    ///
    /// # Errors
    /// As [`Self::evaluate_string`]; for JSONPath also a path without result.
    pub fn evaluate_nodes<'m>(&self, _message: &'m dyn Message) -> Result<Selection<'m>, ExpressionFault> {
        Err(self.unavailable())
    }

    fn unavailable(&self) -> ExpressionFault {
        ExpressionFault::Runtime { expression: self.text.to_string(), message: "cannot be evaluated yet".to_owned() }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?} {})", self.kind, self.text)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Unevaluated for Expression {
    fn text(&self) -> &str {
        &self.text
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
