//! The values of XPath, and what Jaxen lets pass besides.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::EvalError;
use super::node::NodeRef;
use super::number::{number_to_string, string_to_number};
use super::order;

/// A set of nodes in document order, without repetitions. One node needs no allocation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeSet<'a> {
    nodes: SmallVec<[NodeRef<'a>; 1]>,
}

impl<'a> NodeSet<'a> {
    /// The set without nodes.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The set of one node.
    pub fn single(node: NodeRef<'a>) -> Self {
        Self { nodes: SmallVec::from_buf([node]) }
    }

    /// The nodes, in document order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = NodeRef<'a>> + '_ {
        self.nodes.iter().copied()
    }

    /// The first node in document order.
    pub fn first(&self) -> Option<NodeRef<'a>> {
        self.nodes.first().copied()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A list of nodes that keeps its order, whatever that is (a property may hold one).
    pub fn list(nodes: impl IntoIterator<Item = NodeRef<'a>>) -> Self {
        Self { nodes: nodes.into_iter().collect() }
    }

    /// Takes nodes that are already in order and unique.
    pub(super) fn from_ordered(nodes: SmallVec<[NodeRef<'a>; 1]>) -> Self {
        Self { nodes }
    }
}

impl<'a> FromIterator<NodeRef<'a>> for NodeSet<'a> {
    fn from_iter<I: IntoIterator<Item = NodeRef<'a>>>(nodes: I) -> Self {
        let mut nodes: SmallVec<_> = nodes.into_iter().collect();
        order::sort(&mut nodes);
        Self { nodes }
    }
}

/// The result of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nodes.
    NodeSet(NodeSet<'a>),
    /// Text.
    String(Cow<'a, str>),
    /// A number.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// An object of the environment that is none of XPath's types. Its text is what `string()` gives. If it is
    /// `numeric` (a Java number other than `Double`) its number is not a number and it equals nothing; else it
    /// compares as its text. It counts as true, unless it is zero.
    Foreign {
        /// What `string()` gives.
        text: Cow<'a, str>,
        /// Whether it is a number of a type that XPath does not know.
        numeric: bool,
    },
    /// A variable or function result that is absent: false, no text, and every comparison with it is false.
    Null,
}

impl<'a> Value<'a> {
    /// As `boolean()`.
    pub fn to_boolean(&self) -> bool {
        match self {
            Self::NodeSet(nodes) => !nodes.is_empty(),
            Self::String(text) => !text.is_empty(),
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Boolean(value) => *value,
            // Java's zero is false whatever its type.
            Self::Foreign { text, numeric: true } => text.parse().is_ok_and(|number: f64| number != 0.0),
            Self::Foreign { numeric: false, .. } => true,
            Self::Null => false,
        }
    }

    /// As `number()`.
    pub fn to_number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Boolean(value) => f64::from(u8::from(*value)),
            Self::String(text) | Self::Foreign { text, numeric: false } => string_to_number(text),
            Self::NodeSet(nodes) => nodes.first().map_or(f64::NAN, |node| string_to_number(&node.string_value())),
            Self::Foreign { numeric: true, .. } | Self::Null => f64::NAN,
        }
    }

    /// As `string()`.
    pub fn into_string(self) -> Cow<'a, str> {
        match self {
            Self::NodeSet(nodes) => nodes.first().map_or(Cow::Borrowed(""), |node| node.string_value()),
            Self::String(text) | Self::Foreign { text, .. } => text,
            Self::Number(number) => number_to_string(number),
            Self::Boolean(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Self::Null => Cow::Borrowed(""),
        }
    }

    /// The nodes.
    ///
    /// # Errors
    /// The value is not a node-set. [`Value::Null`] counts as an empty one.
    pub fn into_nodes(self) -> Result<NodeSet<'a>, EvalError> {
        Err(EvalError::NotANodeSet(match self {
            Self::NodeSet(nodes) => return Ok(nodes),
            Self::Null => return Ok(NodeSet::empty()),
            Self::String(_) => "string",
            Self::Number(_) => "number",
            Self::Boolean(_) => "boolean",
            Self::Foreign { .. } => "foreign object",
        }))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::String(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::String(text)
    }
}

impl<'a> From<NodeRef<'a>> for Value<'a> {
    fn from(node: NodeRef<'a>) -> Self {
        Self::NodeSet(NodeSet::single(node))
    }
}
