//! Patterns of XSLT 1.0 §5.2: a location path read from its end, asking whether a node is one that it could select.

use std::fmt;

use super::analysis::position_free;
use super::ast::{Axis, Expr, NodeTest, Step};
use super::axes::{Budget, Flow, Stop, passes, passes_part};
use super::evaluate::Evaluator;
use super::node::{NodePart, NodeRef};
use super::parser::{Names, Parser, whole};
use super::references::{self, Reference};
use super::value::Value;
use super::{Environment, EvalError, Focus, XPathError};
use crate::document::NodeKind;

/// A compiled pattern.
#[derive(Clone)]
pub struct Pattern {
    text: Box<str>,
    alternatives: Vec<Alternative>,
}

/// One of the paths between the bars of a pattern.
#[derive(Clone)]
pub struct Alternative {
    start: Start,
    /// From the outermost to the one that the node itself has to pass.
    steps: Vec<PatternStep>,
}

/// What lies above the first step.
#[derive(Clone)]
enum Start {
    /// Anything.
    Free,
    /// The document node.
    Root,
    /// A node that the function `id` or `key` gives.
    Nodes(Expr),
}

#[derive(Clone)]
struct PatternStep {
    step: Step,
    /// Whether any ancestor may be what the step before demands (`//`), instead of the parent.
    any_ancestor: bool,
    /// Whether the predicates can be asked at the node itself, without its siblings.
    local: bool,
}

/// What the last step of a pattern demands of a node, as far as it can be looked up in a table.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Subject<'p> {
    /// The document node.
    Root,
    /// An element of this namespace and local name.
    Element(&'p str, &'p str),
    /// An element, attribute, text or other node that only the pattern itself knows.
    Other,
}

impl Pattern {
    /// Compiles a pattern. Prefixes are treated as by [`super::XPath::compile_expanded`].
    ///
    /// # Errors
    /// The text is not a pattern.
    pub fn compile(text: &str, resolve: &dyn Fn(&str) -> Option<String>) -> Result<Self, XPathError> {
        let alternatives = whole(text, resolve, Names::Expanded, |parser| {
            let mut alternatives = vec![parser.alternative()?];
            while parser.take("|") {
                alternatives.push(parser.alternative()?);
            }
            Ok(alternatives)
        })?;
        Ok(Self { text: text.into(), alternatives })
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The paths between the bars.
    pub fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }

    /// Whether the node matches.
    ///
    /// # Errors
    /// A predicate failed.
    pub fn matches<'a>(&self, node: NodeRef<'a>, env: &dyn Environment<'a>) -> Result<bool, EvalError> {
        for alternative in &self.alternatives {
            if alternative.matches(node, env)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the pattern asks its environment for.
    pub fn references(&self) -> Vec<Reference<'_>> {
        let mut found = Vec::new();
        for alternative in &self.alternatives {
            if let Start::Nodes(call) = &alternative.start {
                references::expr(call, &mut found);
            }
            for PatternStep { step, .. } in &alternative.steps {
                references::test(&step.test, &mut found);
                references::predicates(&step.predicates, &mut found);
            }
        }
        found
    }
}

impl Alternative {
    /// What its last step demands.
    pub fn subject(&self) -> Subject<'_> {
        match (self.steps.last(), &self.start) {
            (
                Some(PatternStep {
                    step: Step { axis: Axis::Child, test: NodeTest::Name { namespace, local }, .. },
                    ..
                }),
                _,
            ) => Subject::Element(namespace, local),
            (None, Start::Root) => Subject::Root,
            _ => Subject::Other,
        }
    }

    /// The priority of a template with this pattern, by XSLT 1.0 §5.5.
    pub fn priority(&self) -> f64 {
        match (&self.start, self.steps.as_slice()) {
            (Start::Free, [only]) if only.step.predicates.list.is_empty() => match &only.step.test {
                NodeTest::Name { .. } | NodeTest::UnknownPrefix(_) | NodeTest::Instruction(Some(_)) => 0.0,
                NodeTest::Namespace(_) => -0.25,
                _ => -0.5,
            },
            _ => 0.5,
        }
    }

    /// Whether the node matches.
    ///
    /// # Errors
    /// A predicate failed.
    pub fn matches<'a>(&self, node: NodeRef<'a>, env: &dyn Environment<'a>) -> Result<bool, EvalError> {
        self.from(self.steps.len(), node, env)
    }

    /// Whether the node can be what the first `count` steps lead to.
    fn from<'a>(&self, count: usize, node: NodeRef<'a>, env: &dyn Environment<'a>) -> Result<bool, EvalError> {
        let Some((last, _)) = self.steps.get(..count).and_then(<[_]>::split_last) else {
            return self.begins_at(node, env);
        };
        if !last.accepts(node, env)? {
            return Ok(false);
        }
        if count == 1 && matches!(self.start, Start::Free) {
            return Ok(true);
        }
        let mut above = parent(node);
        while let Some(node) = above {
            if self.from(count - 1, node, env)? {
                return Ok(true);
            }
            if !last.any_ancestor {
                return Ok(false);
            }
            above = parent(node);
        }
        Ok(false)
    }

    fn begins_at<'a>(&self, node: NodeRef<'a>, env: &dyn Environment<'a>) -> Result<bool, EvalError> {
        match &self.start {
            Start::Free => Ok(true),
            Start::Root => Ok(is_root(node)),
            Start::Nodes(call) => {
                let budget = Budget::default();
                let found =
                    Evaluator::focused(Focus::alone(node), env, &budget).value(call).and_then(Value::into_nodes)?;
                Ok(found.iter().any(|one| one == node))
            }
        }
    }
}

impl PatternStep {
    fn accepts<'a>(&self, node: NodeRef<'a>, env: &dyn Environment<'a>) -> Result<bool, EvalError> {
        let Step { axis, test, predicates } = &self.step;
        let passed = match (axis, node.part) {
            (Axis::Attribute, NodePart::Attribute(_)) => passes_part(&node, test),
            (Axis::Child, NodePart::Whole) => {
                passes(node.document, node.node, test) && node.document.kind(node.node) != NodeKind::Document
            }
            _ => false,
        };
        if !passed || predicates.list.is_empty() {
            return Ok(passed);
        }
        let budget = Budget::default();
        let evaluator = Evaluator::focused(Focus::alone(node), env, &budget);
        if self.local {
            return evaluator.satisfies(node, predicates);
        }
        let Some(parent) = parent(node) else { return Ok(false) };
        let mut found = false;
        let walked = evaluator.steps(std::slice::from_ref(&self.step), parent, &mut |one| {
            found = one == node;
            if found { Flow::Break(Stop::Enough) } else { Flow::Continue(()) }
        });
        match walked {
            Flow::Break(Stop::Failed(error)) => Err(*error),
            Flow::Break(Stop::Enough | Stop::Step) | Flow::Continue(()) => Ok(found),
        }
    }
}

fn parent(node: NodeRef<'_>) -> Option<NodeRef<'_>> {
    match node.part {
        NodePart::Whole => node.document.parent(node.node).map(|parent| NodeRef::new(node.document, parent)),
        NodePart::Attribute(_) | NodePart::Namespace(_) => Some(NodeRef::new(node.document, node.node)),
    }
}

fn is_root(node: NodeRef<'_>) -> bool {
    node.kind() == Some(NodeKind::Document)
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.text)
    }
}

impl Parser<'_, '_> {
    fn alternative(&mut self) -> Result<Alternative, XPathError> {
        let mut steps = Vec::new();
        let mut any_ancestor = false;
        let start = if self.take("//") {
            any_ancestor = true;
            Start::Root
        } else if self.take("/") {
            if !self.at_step() {
                return Ok(Alternative { start: Start::Root, steps });
            }
            Start::Root
        } else if self.at_primary() {
            let call = self.primary()?;
            let known = match &call {
                Expr::Extension { prefix, local, .. } => prefix.is_empty() && &**local == "key",
                Expr::Call(function, _) => *function == super::functions::Function::Id,
                _ => false,
            };
            if !known {
                return Err(self.error("a pattern begins with a path, id() or key()"));
            }
            any_ancestor = self.at_symbol("//");
            if !(self.take("//") || self.take("/")) {
                return Ok(Alternative { start: Start::Nodes(call), steps });
            }
            Start::Nodes(call)
        } else {
            Start::Free
        };
        loop {
            let step = self.step()?;
            if !matches!(step.axis, Axis::Child | Axis::Attribute) {
                return Err(self.error("a pattern goes along the axes child and attribute only"));
            }
            let local = step.predicates.list.iter().all(position_free);
            steps.push(PatternStep { step, any_ancestor, local });
            any_ancestor = self.at_symbol("//");
            if !(self.take("//") || self.take("/")) {
                return Ok(Alternative { start, steps });
            }
            if steps.len() > super::parser::MAX_STEPS {
                return Err(self.error("the pattern has too many steps"));
            }
        }
    }
}
