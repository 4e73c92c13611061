//! One type for the three languages.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use mi_payload::{Unevaluated, Value};
use mi_xml::{AttributeId, Document, NodeId};

use crate::awareness;
use crate::fault::{CompileError, ExpressionFault};
use crate::jsonpath::JsonPath;
use crate::jsonpath::json_eval::JsonEval;
use crate::message::{Message, Scope};
use crate::namespaces::Namespaces;
use crate::synapse::SynapseExpression;
use crate::xpath::SynapseXPath;

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
    compiled: Compiled,
    content_aware: bool,
}

#[derive(Clone)]
enum Compiled {
    XPath(Arc<SynapseXPath>),
    Json(Arc<JsonEval>),
    Synapse(Arc<SynapseExpression>),
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

/// What a `json-eval(…)` works on, for mediators that change it (enrich).
#[derive(Clone, Debug)]
pub struct JsonTarget<'e> {
    /// The path, its `{…}` parts filled in.
    pub path: Cow<'e, JsonPath>,
    /// The property whose text the path is for; `None` for the payload.
    pub property: Option<(Scope, &'e str)>,
}

impl Expression {
    /// Compiles the text of an expression attribute (spec, 3.1): `json-eval(…)`, `${…}`, else XPath. Nothing is trimmed.
    ///
    /// # Errors
    /// The text is not an expression of its language.
    pub fn compile(text: &str, namespaces: &Namespaces) -> Result<Self, CompileError> {
        let (compiled, content_aware) = if text.starts_with("json-eval(") {
            (Compiled::Json(Arc::new(JsonEval::compile(text, namespaces)?)), true)
        } else if let Some(inner) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            let expression = SynapseExpression::compile(text, namespaces)?;
            (Compiled::Synapse(Arc::new(expression)), awareness::synapse(inner))
        } else {
            (Compiled::XPath(Arc::new(SynapseXPath::compile(text, namespaces)?)), awareness::xpath(text))
        };
        Ok(Self { text: text.into(), compiled, content_aware })
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its language.
    pub fn kind(&self) -> ExpressionKind {
        match &self.compiled {
            Compiled::XPath(_) => ExpressionKind::XPath,
            Compiled::Json(_) => ExpressionKind::JsonPath,
            Compiled::Synapse(_) => ExpressionKind::Synapse,
        }
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
    pub fn evaluate_string<'m>(&self, message: &'m dyn Message) -> Result<Option<Cow<'m, str>>, ExpressionFault> {
        match &self.compiled {
            Compiled::XPath(xpath) => xpath.string(message),
            Compiled::Json(path) => path.string(message).map(Some),
            Compiled::Synapse(expression) => expression.string(message).map(Some),
        }
    }

    /// The result as a condition (filter): XPath by its own boolean rule, the others if the text is `true` in any case.
    ///
    /// # Errors
    /// As [`Self::evaluate_string`].
    pub fn evaluate_boolean(&self, message: &dyn Message) -> Result<bool, ExpressionFault> {
        match &self.compiled {
            Compiled::XPath(xpath) => xpath.boolean(message),
            Compiled::Json(path) => Ok(path.string(message)?.eq_ignore_ascii_case("true")),
            Compiled::Synapse(expression) => Ok(expression.string(message)?.eq_ignore_ascii_case("true")),
        }
    }

    /// The typed result, as the variable mediator stores it. `None` for XPath and JSONPath, as in Micro Integrator.
    ///
    /// # Errors
    /// As [`Self::evaluate_string`].
    pub fn evaluate_object(&self, message: &dyn Message) -> Result<Option<Value>, ExpressionFault> {
        match &self.compiled {
            Compiled::XPath(_) | Compiled::Json(_) => Ok(None),
            Compiled::Synapse(expression) => expression.object(message).map(Some),
        }
    }

    /// The path of a `json-eval(…)` for this message; `None` for other languages.
    ///
    /// # Errors
    /// A `{…}` part of the path fails, or makes it no path.
    pub fn json_target(&self, message: &dyn Message) -> Result<Option<JsonTarget<'_>>, ExpressionFault> {
        match &self.compiled {
            Compiled::Json(path) => {
                Ok(Some(JsonTarget { path: path.path(message)?, property: path.property_source() }))
            }
            Compiled::XPath(_) | Compiled::Synapse(_) => Ok(None),
        }
    }

    /// The parts of the payload that the expression selects.
    ///
    /// # Errors
    /// As [`Self::evaluate_string`]; for JSONPath also a path without result.
    pub fn evaluate_nodes<'m>(&self, message: &'m dyn Message) -> Result<Selection<'m>, ExpressionFault> {
        match &self.compiled {
            Compiled::XPath(xpath) => xpath.select(message),
            Compiled::Json(path) => path.select(message),
            Compiled::Synapse(expression) => Ok(match expression.object(message)? {
                Value::Json(json) => match Arc::unwrap_or_clone(json) {
                    serde_json::Value::Array(items) => Selection::Json(items.into_iter().map(Cow::Owned).collect()),
                    json => Selection::Json(vec![Cow::Owned(json)]),
                },
                value => Selection::Value(value),
            }),
        }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?} {})", self.kind(), self.text)
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
