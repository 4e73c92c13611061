//! Location paths as streams: each step hands its nodes to the next one as it finds them.

use smallvec::SmallVec;

use super::EvalError;
use super::ast::{NodeTest, Path, Predicate, Predicates, Start, Step};
use super::axes::{Flow, Stop, Walk};
use super::evaluate::Evaluator;
use super::node::NodeRef;
use super::order;
use super::value::{NodeSet, Value};

/// Takes the nodes of a path.
type Visitor<'v, 'a> = &'v mut dyn FnMut(NodeRef<'a>) -> Flow;

impl<'a> Evaluator<'a, '_> {
    /// All nodes of the path, in order and once each.
    pub(super) fn collect(&self, path: &Path) -> Result<NodeSet<'a>, EvalError> {
        let mut nodes = SmallVec::new();
        self.each(path, &mut |node| {
            nodes.push(node);
            Flow::Continue(())
        })?;
        if !path.ordered {
            order::sort(&mut nodes);
        }
        Ok(NodeSet::from_ordered(nodes))
    }

    /// The first node of the path in document order.
    pub(super) fn first(&self, path: &Path) -> Result<Option<NodeRef<'a>>, EvalError> {
        if !path.ordered {
            return Ok(self.collect(path)?.first());
        }
        let mut first = None;
        self.each(path, &mut |node| {
            first = Some(node);
            Flow::Break(Stop::Enough)
        })?;
        Ok(first)
    }

    pub(super) fn count(&self, path: &Path) -> Result<usize, EvalError> {
        if !path.unique {
            return Ok(self.collect(path)?.len());
        }
        let mut count = 0;
        self.each(path, &mut |_| {
            count += 1;
            Flow::Continue(())
        })?;
        Ok(count)
    }

    /// Whether some node of the path satisfies the condition.
    pub(super) fn any(&self, path: &Path, condition: &dyn Fn(NodeRef<'a>) -> bool) -> Result<bool, EvalError> {
        let mut found = false;
        self.each(path, &mut |node| {
            if condition(node) {
                found = true;
                return Flow::Break(Stop::Enough);
            }
            Flow::Continue(())
        })?;
        Ok(found)
    }

    /// Hands the nodes of the path to the visitor: in order and once each only as far as the path says.
    pub(super) fn each(&self, path: &Path, visitor: Visitor<'_, 'a>) -> Result<(), EvalError> {
        match self.segments(path, visitor) {
            Flow::Break(Stop::Failed(error)) => Err(*error),
            Flow::Break(Stop::Enough | Stop::Step) | Flow::Continue(()) => Ok(()),
        }
    }

    fn segments(&self, path: &Path, visitor: Visitor<'_, 'a>) -> Flow {
        let Some((last, before)) = path.segments.split_last() else { return Flow::Continue(()) };
        let start = match &path.start {
            Start::Context => Some(self.node),
            Start::Root => Some(self.root()),
            Start::Filter(..) => None,
        };
        if let (Some(start), true) = (start, before.is_empty()) {
            return self.steps(last, start, visitor);
        }
        let mut nodes = match (&path.start, start) {
            (_, Some(start)) => SmallVec::from_buf([start]),
            (Start::Filter(expr, predicates), None) => {
                let nodes = self.value(expr).and_then(Value::into_nodes).map_err(failed);
                match nodes {
                    Ok(nodes) => self.filter(nodes.iter().collect(), predicates)?,
                    Err(stop) => return Flow::Break(stop),
                }
            }
            (_, None) => SmallVec::new(),
        };
        for segment in before {
            let mut next: SmallVec<[NodeRef<'a>; 1]> = SmallVec::new();
            for node in nodes {
                self.steps(segment, node, &mut |node| {
                    next.push(node);
                    Flow::Continue(())
                })?;
            }
            order::sort(&mut next);
            nodes = next;
        }
        nodes.into_iter().try_for_each(|node| self.steps(last, node, visitor))
    }

    fn root(&self) -> NodeRef<'a> {
        let document = self.node.document;
        let top = self.root_in(document).unwrap_or_else(|| {
            // A detached tree has no document node: its topmost node is the root.
            document.ancestors(self.node.node).last().unwrap_or(self.node.node)
        });
        NodeRef::new(document, top)
    }

    pub(super) fn steps(&self, steps: &[Step], from: NodeRef<'a>, visitor: Visitor<'_, 'a>) -> Flow {
        let Some((step, rest)) = steps.split_first() else { return visitor(from) };
        if let NodeTest::UnknownPrefix(prefix) = &step.test {
            return Flow::Break(failed(EvalError::UnknownPrefix(prefix.to_string())));
        }
        let walk = Walk::new(step.axis, self.root_in(from.document));
        let predicates = &step.predicates;
        if predicates.list.is_empty() {
            return walk.visit(self.budget, from, &step.test, &mut |node| self.steps(rest, node, visitor));
        }
        if predicates.need_size {
            let mut nodes: SmallVec<[NodeRef<'a>; 1]> = SmallVec::new();
            walk.visit(self.budget, from, &step.test, &mut |node| {
                nodes.push(node);
                Flow::Continue(())
            })?;
            let nodes = self.filter(nodes, predicates)?;
            return nodes.into_iter().try_for_each(|node| self.steps(rest, node, visitor));
        }
        let mut positions: SmallVec<[usize; 4]> = SmallVec::from_elem(0, predicates.list.len());
        let only = match predicates.list.first() {
            Some(Predicate::Position(n)) => Some(*n),
            _ => None,
        };
        let walked = walk.visit(self.budget, from, &step.test, &mut |node| {
            let mut passed = true;
            for (predicate, position) in predicates.list.iter().zip(&mut positions) {
                *position += 1;
                if !self.passes(predicate, node, *position, 0)? {
                    passed = false;
                    break;
                }
            }
            if passed {
                self.steps(rest, node, visitor)?;
            }
            match (only, positions.first()) {
                (Some(only), Some(&position)) if position as f64 >= only => Flow::Break(Stop::Step),
                _ => Flow::Continue(()),
            }
        });
        match walked {
            Flow::Break(Stop::Step) => Flow::Continue(()),
            other => other,
        }
    }

    /// Applies predicates one after the other to a set whose size each of them may ask for.
    fn filter(
        &self,
        mut nodes: SmallVec<[NodeRef<'a>; 1]>,
        predicates: &Predicates,
    ) -> std::ops::ControlFlow<Stop, SmallVec<[NodeRef<'a>; 1]>> {
        for predicate in &predicates.list {
            let size = nodes.len();
            let mut kept = SmallVec::new();
            for (position, node) in (1..).zip(nodes) {
                if self.passes(predicate, node, position, size)? {
                    kept.push(node);
                }
            }
            nodes = kept;
        }
        std::ops::ControlFlow::Continue(nodes)
    }

    /// Whether a node that is looked at alone satisfies all predicates.
    pub(super) fn satisfies(&self, node: NodeRef<'a>, predicates: &Predicates) -> Result<bool, EvalError> {
        for predicate in &predicates.list {
            match self.passes(predicate, node, 1, 1) {
                std::ops::ControlFlow::Continue(true) => {}
                std::ops::ControlFlow::Break(Stop::Failed(error)) => return Err(*error),
                std::ops::ControlFlow::Continue(false) | std::ops::ControlFlow::Break(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    fn passes(
        &self,
        predicate: &Predicate,
        node: NodeRef<'a>,
        position: usize,
        size: usize,
    ) -> std::ops::ControlFlow<Stop, bool> {
        let result = match predicate {
            Predicate::Position(n) => Ok(position as f64 == *n),
            Predicate::Boolean(expr) => self.at(node, position, size).boolean(expr),
            Predicate::Dynamic(expr) => self.at(node, position, size).value(expr).map(|value| match value {
                Value::Number(n) => position as f64 == n,
                // A number of another type is a position all the same.
                Value::Foreign { text, numeric: true } => position as f64 == super::string_to_number(&text),
                other => other.to_boolean(),
            }),
        };
        match result {
            Ok(passed) => std::ops::ControlFlow::Continue(passed),
            Err(error) => std::ops::ControlFlow::Break(failed(error)),
        }
    }
}

fn failed(error: EvalError) -> Stop {
    Stop::Failed(Box::new(error))
}
