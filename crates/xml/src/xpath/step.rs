//! Single steps along an axis, for languages that have paths of their own.

use smallvec::SmallVec;

use super::ast::{Axis, NodeTest};
use super::axes::{Budget, Flow, Walk};
use super::node::NodeRef;
use super::parser::axis_named;

/// Which nodes of an axis are wanted.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum StepTest<'t> {
    /// `*`
    AnyName,
    /// All names of a namespace.
    Namespace(&'t str),
    /// A name: namespace and local name.
    Name(&'t str, &'t str),
    /// `node()`
    Node,
    /// `text()`
    Text,
    /// `comment()`
    Comment,
    /// `processing-instruction()`, with or without a target.
    Instruction(Option<&'t str>),
}

/// An axis with a test.
#[derive(Clone, Debug)]
pub struct AxisStep {
    axis: Axis,
    test: NodeTest,
}

impl AxisStep {
    /// A step along the axis of this name, written as in XPath; `None` if there is no such axis.
    pub fn new(axis: &str, test: StepTest<'_>) -> Option<Self> {
        let test = match test {
            StepTest::AnyName => NodeTest::AnyName,
            StepTest::Namespace(namespace) => NodeTest::Namespace(namespace.into()),
            StepTest::Name(namespace, local) => NodeTest::Name { namespace: namespace.into(), local: local.into() },
            StepTest::Node => NodeTest::Node,
            StepTest::Text => NodeTest::Text,
            StepTest::Comment => NodeTest::Comment,
            StepTest::Instruction(target) => NodeTest::Instruction(target.map(Into::into)),
        };
        Some(Self { axis: axis_named(axis)?, test })
    }

    /// The nodes, nearest first.
    pub fn nodes<'a>(&self, from: NodeRef<'a>) -> SmallVec<[NodeRef<'a>; 4]> {
        let mut nodes = SmallVec::new();
        let walk = Walk::new(self.axis, None);
        // The visitor never stops the walk.
        let _ = walk.visit(&Budget::default(), from, &self.test, &mut |node| {
            nodes.push(node);
            Flow::Continue(())
        });
        nodes
    }
}
