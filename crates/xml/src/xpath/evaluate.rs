//! Walking the compiled form.

use std::borrow::Cow;

use super::ast::{Expr, Operator};
use super::axes::{Budget, Flow, Stop};
use super::node::NodeRef;
use super::value::{NodeSet, Value};
use super::{Environment, EvalError, Focus, compare};
use crate::document::{Document, NodeId};

/// An evaluation with its context. Copied for each context node, which costs nothing.
#[derive(Copy, Clone)]
pub(super) struct Evaluator<'a, 'e> {
    pub(super) env: &'e dyn Environment<'a>,
    pub(super) budget: &'e Budget,
    pub(super) node: NodeRef<'a>,
    pub(super) position: usize,
    pub(super) size: usize,
    /// The document that `root` belongs to.
    home: &'a Document,
    root: Option<NodeId>,
}

impl<'a, 'e> Evaluator<'a, 'e> {
    pub(super) fn new(
        context: NodeRef<'a>,
        root: Option<NodeId>,
        env: &'e dyn Environment<'a>,
        budget: &'e Budget,
    ) -> Self {
        Self { env, budget, node: context, position: 1, size: 1, home: context.document, root }
    }

    /// The document's own node is the root, and the context has a position among others.
    pub(super) fn focused(focus: Focus<'a>, env: &'e dyn Environment<'a>, budget: &'e Budget) -> Self {
        let Focus { node, position, size } = focus;
        Self { position, size, ..Self::new(node, None, env, budget) }
    }

    pub(super) fn at(&self, node: NodeRef<'a>, position: usize, size: usize) -> Self {
        Self { node, position, size, ..*self }
    }

    /// The node that nothing lies above of in this document, if that is not its document node.
    pub(super) fn root_in(&self, document: &Document) -> Option<NodeId> {
        self.root.filter(|_| std::ptr::eq(document, self.home))
    }

    pub(super) fn value(&self, expr: &Expr) -> Result<Value<'a>, EvalError> {
        match expr {
            Expr::Number(number) => Ok(Value::Number(*number)),
            Expr::Literal(text) => Ok(Value::String(Cow::Owned(text.to_string()))),
            Expr::Variable { prefix, local } => self.variable(prefix, local),
            Expr::Call(function, arguments) => self.call(*function, arguments),
            Expr::Extension { prefix, local, arguments } => self.extension(prefix, local, arguments),
            Expr::WrongArguments(name) => Err(EvalError::Arguments(name.to_string())),
            Expr::Or(_) | Expr::And(_) => Ok(Value::Boolean(self.boolean(expr)?)),
            Expr::Chain(first, rest) => self.chain(first, rest),
            Expr::Negate(operand) => Ok(Value::Number(-self.number(operand)?)),
            Expr::Union(operands) => self.union(operands),
            Expr::Path(path) => Ok(Value::NodeSet(self.collect(path)?)),
        }
    }

    pub(super) fn boolean(&self, expr: &Expr) -> Result<bool, EvalError> {
        match expr {
            Expr::Or(operands) => {
                for operand in operands {
                    if self.boolean(operand)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Expr::And(operands) => {
                for operand in operands {
                    if !self.boolean(operand)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Expr::Literal(text) => Ok(!text.is_empty()),
            Expr::Path(path) => {
                let mut found = false;
                self.each(path, &mut |_| {
                    found = true;
                    Flow::Break(Stop::Enough)
                })?;
                Ok(found)
            }
            _ => Ok(self.value(expr)?.to_boolean()),
        }
    }

    pub(super) fn number(&self, expr: &Expr) -> Result<f64, EvalError> {
        match expr {
            Expr::Number(number) => Ok(*number),
            _ => Ok(self.value(expr)?.to_number()),
        }
    }

    /// The string of an expression. A literal lives as long as the expression, hence the second lifetime.
    pub(super) fn string<'s>(&self, expr: &'s Expr) -> Result<Cow<'s, str>, EvalError>
    where
        'a: 's,
    {
        match expr {
            Expr::Literal(text) => Ok(Cow::Borrowed(text)),
            Expr::Path(path) => Ok(self.first(path)?.map_or(Cow::Borrowed(""), |node| node.string_value())),
            _ => Ok(self.value(expr)?.into_string()),
        }
    }

    fn variable(&self, prefix: &str, local: &str) -> Result<Value<'a>, EvalError> {
        self.env.variable(prefix, local)?.ok_or_else(|| EvalError::UnknownVariable(qualified(prefix, local)))
    }

    fn extension(&self, prefix: &str, local: &str, arguments: &[Expr]) -> Result<Value<'a>, EvalError> {
        let values = arguments.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>, _>>()?;
        self.env
            .function(prefix, local, values, self.node)?
            .ok_or_else(|| EvalError::UnknownFunction(qualified(prefix, local)))
    }

    fn union(&self, operands: &[Expr]) -> Result<Value<'a>, EvalError> {
        let mut nodes = Vec::new();
        for operand in operands {
            nodes.extend(self.value(operand)?.into_nodes()?.iter());
        }
        Ok(Value::NodeSet(NodeSet::from_iter(nodes)))
    }

    fn chain(&self, first: &Expr, rest: &[(Operator, Expr)]) -> Result<Value<'a>, EvalError> {
        // A single comparison can stop at the first node that satisfies it.
        if let [(operator, second)] = rest
            && let Some(relation) = compare::Relation::of(*operator)
        {
            return Ok(Value::Boolean(self.compare(relation, first, second)?));
        }
        let mut result = self.value(first)?;
        for (operator, operand) in rest {
            let operand = self.value(operand)?;
            result = match compare::Relation::of(*operator) {
                Some(relation) => Value::Boolean(compare::values(relation, &result, &operand)),
                None => Value::Number(calculate(*operator, result.to_number(), operand.to_number())),
            };
        }
        Ok(result)
    }

    fn compare(&self, relation: compare::Relation, left: &Expr, right: &Expr) -> Result<bool, EvalError> {
        let (path, other, relation) = match (left, right) {
            (Expr::Path(path), other) if !matches!(other, Expr::Path(_)) => (path, other, relation),
            (other, Expr::Path(path)) if !matches!(other, Expr::Path(_)) => (path, other, relation.mirrored()),
            _ => return Ok(compare::values(relation, &self.value(left)?, &self.value(right)?)),
        };
        // A literal is compared in place; turning it into a value would copy it.
        if let Expr::Literal(text) = other {
            return self.any(path, &|node| compare::node_with_text(relation, node, text));
        }
        match self.value(other)? {
            Value::String(text) => self.any(path, &|node| compare::node_with_text(relation, node, &text)),
            Value::Number(number) => self.any(path, &|node| compare::node_with_number(relation, node, number)),
            other => Ok(compare::values(relation, &Value::NodeSet(self.collect(path)?), &other)),
        }
    }
}

fn calculate(operator: Operator, left: f64, right: f64) -> f64 {
    match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        // Rust's remainder has the sign of the dividend, as XPath demands.
        Operator::Modulo => left % right,
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => f64::NAN,
    }
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}
