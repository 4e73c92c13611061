//! What an expression asks its environment for, so that whoever compiles it can say early what is missing.

use super::XPath;
use super::ast::{Expr, NodeTest, Path, Predicate, Predicates, Start};

/// A name in an expression that something outside of it has to know.
#[derive(Copy, Clone, Debug)]
pub enum Reference<'e> {
    /// `$name`, with what stands for its prefix.
    Variable(&'e str, &'e str),
    /// A function that is not XPath's own, with what stands for its prefix and its arguments.
    Function(&'e str, &'e str, Arguments<'e>),
    /// A function of XPath that got a wrong number of arguments.
    WrongArguments(&'e str),
    /// A prefix of a name test that is not bound.
    UnknownPrefix(&'e str),
}

/// The arguments of a call, as far as they are known before it is made.
#[derive(Copy, Clone, Debug)]
pub struct Arguments<'e>(&'e [Expr]);

impl<'e> Arguments<'e> {
    /// The texts that are written out; `None` for what is evaluated.
    pub fn literals(self) -> impl Iterator<Item = Option<&'e str>> {
        self.0.iter().map(|argument| match argument {
            Expr::Literal(text) => Some(&**text),
            _ => None,
        })
    }
}

impl XPath {
    /// What the expression asks its environment for, in the order of the text.
    pub fn references(&self) -> Vec<Reference<'_>> {
        let mut found = Vec::new();
        expr(&self.root, &mut found);
        found
    }
}

pub(super) fn expr<'e>(at: &'e Expr, found: &mut Vec<Reference<'e>>) {
    match at {
        Expr::Number(_) | Expr::Literal(_) => {}
        Expr::Variable { prefix, local } => found.push(Reference::Variable(prefix, local)),
        Expr::Call(_, arguments) => list(arguments, found),
        Expr::Extension { prefix, local, arguments } => {
            found.push(Reference::Function(prefix, local, Arguments(arguments)));
            list(arguments, found);
        }
        Expr::WrongArguments(name) => found.push(Reference::WrongArguments(name)),
        Expr::Or(operands) | Expr::And(operands) | Expr::Union(operands) => list(operands, found),
        Expr::Chain(first, rest) => {
            expr(first, found);
            rest.iter().for_each(|(_, operand)| expr(operand, found));
        }
        Expr::Negate(operand) => expr(operand, found),
        Expr::Path(inner) => path(inner, found),
    }
}

fn list<'e>(all: &'e [Expr], found: &mut Vec<Reference<'e>>) {
    all.iter().for_each(|one| expr(one, found));
}

fn path<'e>(path: &'e Path, found: &mut Vec<Reference<'e>>) {
    if let Start::Filter(start, conditions) = &path.start {
        expr(start, found);
        predicates(conditions, found);
    }
    for step in path.segments.iter().flatten() {
        test(&step.test, found);
        predicates(&step.predicates, found);
    }
}

pub(super) fn test<'e>(test: &'e NodeTest, found: &mut Vec<Reference<'e>>) {
    if let NodeTest::UnknownPrefix(prefix) = test {
        found.push(Reference::UnknownPrefix(prefix));
    }
}

pub(super) fn predicates<'e>(predicates: &'e Predicates, found: &mut Vec<Reference<'e>>) {
    for predicate in &predicates.list {
        match predicate {
            Predicate::Position(_) => {}
            Predicate::Boolean(inner) | Predicate::Dynamic(inner) => expr(inner, found),
        }
    }
}
