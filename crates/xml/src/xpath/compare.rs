//! Comparisons, by XPath 1.0 §3.4: on node-sets, whether there is a node (or a pair) for which it holds.

use std::borrow::Cow;
use std::collections::HashSet;

use super::ast::Operator;
use super::node::NodeRef;
use super::number::string_to_number;
use super::value::{NodeSet, Value};

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub(super) fn of(operator: Operator) -> Option<Self> {
        Some(match operator {
            Operator::Equal => Self::Equal,
            Operator::NotEqual => Self::NotEqual,
            Operator::Less => Self::Less,
            Operator::LessOrEqual => Self::LessOrEqual,
            Operator::Greater => Self::Greater,
            Operator::GreaterOrEqual => Self::GreaterOrEqual,
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo => {
                return None;
            }
        })
    }

    /// The relation with its sides exchanged.
    pub(super) fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    fn numbers(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }

    fn texts(self, left: &str, right: &str) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            _ => self.numbers(string_to_number(left), string_to_number(right)),
        }
    }

    fn booleans(self, left: bool, right: bool) -> bool {
        self.numbers(f64::from(u8::from(left)), f64::from(u8::from(right)))
    }
}

pub(super) fn node_with_text(relation: Relation, node: NodeRef<'_>, text: &str) -> bool {
    relation.texts(&node.string_value(), text)
}

pub(super) fn node_with_number(relation: Relation, node: NodeRef<'_>, number: f64) -> bool {
    relation.numbers(string_to_number(&node.string_value()), number)
}

pub(super) fn values(relation: Relation, left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::NodeSet(left), Value::NodeSet(right)) => node_sets(relation, left, right),
        (Value::NodeSet(nodes), other) => nodes_with(relation, nodes, other),
        (other, Value::NodeSet(nodes)) => nodes_with(relation.mirrored(), nodes, other),
        _ => atoms(relation, left, right),
    }
}

fn atoms(relation: Relation, left: &Value<'_>, right: &Value<'_>) -> bool {
    if relation.is_equality() {
        if let Value::Boolean(_) = left {
            return relation.booleans(left.to_boolean(), right.to_boolean());
        }
        if let Value::Boolean(_) = right {
            return relation.booleans(left.to_boolean(), right.to_boolean());
        }
        if let (Some(left), Some(right)) = (text_of(left), text_of(right)) {
            return relation.texts(left, right);
        }
    }
    relation.numbers(left.to_number(), right.to_number())
}

/// The text of a value that compares as text.
fn text_of<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::String(text) | Value::Foreign { text, numeric: false } => Some(text),
        _ => None,
    }
}

fn nodes_with(relation: Relation, nodes: &NodeSet<'_>, other: &Value<'_>) -> bool {
    if let Value::Boolean(value) = other {
        return relation.booleans(!nodes.is_empty(), *value);
    }
    match text_of(other) {
        Some(text) => nodes.iter().any(|node| node_with_text(relation, node, text)),
        None => {
            let number = other.to_number();
            nodes.iter().any(|node| node_with_number(relation, node, number))
        }
    }
}

/// Whether there is a pair for which the relation holds, without looking at every pair.
fn node_sets(relation: Relation, left: &NodeSet<'_>, right: &NodeSet<'_>) -> bool {
    match relation {
        Relation::Equal => {
            let texts: HashSet<Cow<'_, str>> = left.iter().map(|node| node.string_value()).collect();
            right.iter().any(|node| texts.contains(&node.string_value()))
        }
        Relation::NotEqual => {
            let Some(first) = left.first().map(|node| node.string_value()) else { return false };
            let differs = |node: NodeRef<'_>| node.string_value() != first;
            !right.is_empty() && (left.iter().any(differs) || right.iter().any(differs))
        }
        Relation::Less | Relation::LessOrEqual => match (extreme(left, f64::min), extreme(right, f64::max)) {
            (Some(least), Some(greatest)) => relation.numbers(least, greatest),
            _ => false,
        },
        Relation::Greater | Relation::GreaterOrEqual => node_sets(relation.mirrored(), right, left),
    }
}

/// The least or greatest number among the nodes; what is not a number never satisfies a relation.
fn extreme(nodes: &NodeSet<'_>, pick: fn(f64, f64) -> f64) -> Option<f64> {
    nodes.iter().map(|node| string_to_number(&node.string_value())).filter(|number| !number.is_nan()).reduce(pick)
}
