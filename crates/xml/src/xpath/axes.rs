//! The axes and node tests.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::EvalError;
use super::ast::{Axis, NodeTest};
use super::node::{NodePart, NodeRef};
use crate::document::{Document, NodeId, NodeKind, same_text};
use crate::names::{Found, NamespaceId};

/// What a visitor says: go on, or stop the walk.
pub(super) type Flow = ControlFlow<Stop>;

/// Why a walk ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The step at hand has given what it can.
    Step,
    /// Nobody wants more nodes.
    Enough,
    /// The evaluation failed.
    Failed(Box<EvalError>),
}

/// How many nodes one evaluation may look at. Paths within predicates within paths look at all nodes for each node for each
/// node: a few characters can ask for more than anybody waits for.
const MAX_VISITS: u64 = 50_000_000;

/// How many nodes may still be looked at.
pub(super) struct Budget(Cell<u64>);

impl Default for Budget {
    /// [`MAX_VISITS`]
    fn default() -> Self {
        Self::of(MAX_VISITS)
    }
}

impl Budget {
    pub(super) fn of(visits: u64) -> Self {
        Self(Cell::new(visits))
    }

    fn charge(&self, visited: u64) -> Flow {
        let left = self.0.get().saturating_sub(visited);
        self.0.set(left);
        if left == 0 { Flow::Break(Stop::Failed(Box::new(EvalError::TooLong))) } else { Flow::Continue(()) }
    }
}

/// An axis from a node. `root` is the node that nothing lies above of, if it is not the document node.
pub(super) struct Walk {
    axis: Axis,
    root: Option<NodeId>,
    visited: Cell<u64>,
}

impl Walk {
    pub(super) fn new(axis: Axis, root: Option<NodeId>) -> Self {
        Self { axis, root, visited: Cell::new(0) }
    }

    /// Visits the nodes of the axis that pass the test, nearest first, as long as the budget lasts.
    pub(super) fn visit<'a>(
        &self,
        budget: &Budget,
        from: NodeRef<'a>,
        test: &NodeTest,
        visitor: &mut dyn FnMut(NodeRef<'a>) -> Flow,
    ) -> Flow {
        let flow = self.visit_all(from, test, visitor);
        budget.charge(self.visited.take())?;
        flow
    }

    fn visit_all<'a>(&self, from: NodeRef<'a>, test: &NodeTest, visitor: &mut dyn FnMut(NodeRef<'a>) -> Flow) -> Flow {
        let document = from.document;
        if from.part != NodePart::Whole {
            return self.visit_from_part(from, test, visitor);
        }
        let id = from.node;
        match self.axis {
            Axis::SelfNode => self.visit_if(document, id, test, visitor),
            Axis::Child => document.children(id).try_for_each(|child| self.visit_if(document, child, test, visitor)),
            Axis::Descendant => self.visit_below(document, id, test, visitor),
            Axis::DescendantOrSelf => {
                self.visit_if(document, id, test, visitor)?;
                self.visit_below(document, id, test, visitor)
            }
            Axis::DescendantNth(n) => self.visit_below(document, id, test, &mut |node| {
                if is_nth(node, test, n) { visitor(node) } else { Flow::Continue(()) }
            }),
            Axis::Attribute => document
                .attributes(id)
                .map(|attribute| NodeRef::attribute(document, id, attribute.id))
                .filter(|node| passes_part(node, test))
                .try_for_each(visitor),
            Axis::Namespace => self.namespaces(document, id, test, visitor),
            Axis::Parent => self
                .parent(document, id)
                .map_or(Flow::Continue(()), |parent| self.visit_if(document, parent, test, visitor)),
            Axis::Ancestor => self.ancestors(document, id, test, visitor),
            Axis::AncestorOrSelf => {
                self.visit_if(document, id, test, visitor)?;
                self.ancestors(document, id, test, visitor)
            }
            Axis::FollowingSibling => {
                let mut at = if self.is_root(id) { None } else { document.next_sibling(id) };
                while let Some(sibling) = at {
                    self.visit_if(document, sibling, test, visitor)?;
                    at = document.next_sibling(sibling);
                }
                Flow::Continue(())
            }
            Axis::PrecedingSibling => {
                let mut at = if self.is_root(id) { None } else { document.previous_sibling(id) };
                while let Some(sibling) = at {
                    self.visit_if(document, sibling, test, visitor)?;
                    at = document.previous_sibling(sibling);
                }
                Flow::Continue(())
            }
            Axis::Following => self.following(document, document.after_subtree(id, self.top()), test, visitor),
            Axis::Preceding => self.preceding(document, id, test, visitor),
        }
    }

    /// The axes of an attribute or namespace.
    fn visit_from_part<'a>(
        &self,
        from: NodeRef<'a>,
        test: &NodeTest,
        visitor: &mut dyn FnMut(NodeRef<'a>) -> Flow,
    ) -> Flow {
        let (document, element) = (from.document, from.node);
        let own = |visitor: &mut dyn FnMut(NodeRef<'a>) -> Flow| {
            // The principal node type of these axes is the element, so only `node()` lets the part itself pass.
            if *test == NodeTest::Node { visitor(from) } else { Flow::Continue(()) }
        };
        match self.axis {
            Axis::SelfNode | Axis::DescendantOrSelf => own(visitor),
            Axis::Parent => self.visit_if(document, element, test, visitor),
            Axis::Ancestor | Axis::AncestorOrSelf => {
                if self.axis == Axis::AncestorOrSelf {
                    own(visitor)?;
                }
                self.visit_if(document, element, test, visitor)?;
                self.ancestors(document, element, test, visitor)
            }
            // The element's content comes after the attribute, yet Jaxen (and libxml2) begin behind the element.
            Axis::Following => self.following(document, document.after_subtree(element, self.top()), test, visitor),
            Axis::Preceding => self.preceding(document, element, test, visitor),
            Axis::Attribute
            | Axis::Child
            | Axis::Descendant
            | Axis::DescendantNth(_)
            | Axis::FollowingSibling
            | Axis::Namespace
            | Axis::PrecedingSibling => Flow::Continue(()),
        }
    }

    fn namespaces<'a>(
        &self,
        document: &'a Document,
        id: NodeId,
        test: &NodeTest,
        visitor: &mut dyn FnMut(NodeRef<'a>) -> Flow,
    ) -> Flow {
        if !document.is_element(id) {
            return Flow::Continue(());
        }
        let count = document.in_scope_namespaces(id).len();
        (0..)
            .take(count + 1)
            .map(|index| NodeRef { document, node: id, part: NodePart::Namespace(index) })
            .filter(|node| passes_part(node, test))
            .try_for_each(visitor)
    }

    fn ancestors<'a>(
        &self,
        document: &'a Document,
        id: NodeId,
        test: &NodeTest,
        visitor: &mut dyn FnMut(NodeRef<'a>) -> Flow,
    ) -> Flow {
        let mut at = self.parent(document, id);
        while let Some(ancestor) = at {
            self.visit_if(document, ancestor, test, visitor)?;
            at = self.parent(document, ancestor);
        }
        Flow::Continue(())
    }

    fn following<'a>(
        &self,
        document: &'a Document,
        first: NodeId,
        test: &NodeTest,
        visitor: &mut dyn FnMut(NodeRef<'a>) -> Flow,
    ) -> Flow {
        let mut at = first;
        while at != NodeId::NONE {
            self.visit_if(document, at, test, visitor)?;
            at = document.after(at, self.top());
        }
        Flow::Continue(())
    }

    fn preceding<'a>(
        &self,
        document: &'a Document,
        id: NodeId,
        test: &NodeTest,
        visitor: &mut dyn FnMut(NodeRef<'a>) -> Flow,
    ) -> Flow {
        let (mut at, mut ancestor) = (id, self.parent(document, id));
        loop {
            let before = if self.is_root(at) { None } else { document.previous_sibling(at) };
            at = match before {
                Some(sibling) => deepest_last(document, sibling),
                None => match self.parent(document, at) {
                    Some(parent) => parent,
                    None => return Flow::Continue(()),
                },
            };
            // Ancestors are not on this axis.
            if Some(at) == ancestor {
                ancestor = self.parent(document, at);
            } else {
                self.visit_if(document, at, test, visitor)?;
            }
        }
    }

    fn parent(&self, document: &Document, id: NodeId) -> Option<NodeId> {
        if self.is_root(id) { None } else { document.parent(id) }
    }

    fn is_root(&self, id: NodeId) -> bool {
        self.root == Some(id)
    }

    /// Where walks in document order end.
    fn top(&self) -> NodeId {
        self.root.unwrap_or(NodeId::NONE)
    }

    /// Counts a node that was looked at.
    fn seen(&self) {
        self.visited.set(self.visited.get() + 1);
    }

    fn visit_if<'a>(
        &self,
        document: &'a Document,
        id: NodeId,
        test: &NodeTest,
        visitor: &mut dyn FnMut(NodeRef<'a>) -> Flow,
    ) -> Flow {
        self.seen();
        if passes(document, id, test) { visitor(NodeRef::new(document, id)) } else { Flow::Continue(()) }
    }

    /// The descendants. A name is looked up in the document's table first: mostly it is one number to compare, or the
    /// document does not know it at all.
    fn visit_below<'a>(
        &self,
        document: &'a Document,
        id: NodeId,
        test: &NodeTest,
        visitor: &mut dyn FnMut(NodeRef<'a>) -> Flow,
    ) -> Flow {
        if let NodeTest::Name { namespace, local } = test {
            match document.names.find(namespace, local) {
                Found::Nowhere => return Flow::Continue(()),
                Found::Once(name) => {
                    let mut at = document.node(id).first_child();
                    while at != NodeId::NONE {
                        self.seen();
                        let node = document.node(at);
                        if node.is_element() && node.name() == name {
                            visitor(NodeRef::new(document, at))?;
                        }
                        at = document.after(at, id);
                    }
                    return Flow::Continue(());
                }
                Found::Often => {}
            }
        }
        let mut at = document.node(id).first_child();
        while at != NodeId::NONE {
            self.visit_if(document, at, test, visitor)?;
            at = document.after(at, id);
        }
        Flow::Continue(())
    }
}

fn deepest_last(document: &Document, id: NodeId) -> NodeId {
    let mut at = id;
    while let Some(last) = document.last_child(at) {
        at = last;
    }
    at
}

/// Whether the node is the n-th among its siblings that pass the test.
fn is_nth(node: NodeRef<'_>, test: &NodeTest, n: u32) -> bool {
    let document = node.document;
    let mut count = 1;
    let mut at = document.previous_sibling(node.node);
    while let Some(sibling) = at {
        if passes(document, sibling, test) {
            count += 1;
            if count > n {
                return false;
            }
        }
        at = document.previous_sibling(sibling);
    }
    count == n
}

pub(super) fn passes(document: &Document, id: NodeId, test: &NodeTest) -> bool {
    let node = document.node(id);
    match test {
        NodeTest::Node => true,
        NodeTest::AnyName => node.is_element(),
        NodeTest::Namespace(namespace) => {
            node.is_element() && document.names.namespace(document.names.namespace_of(node.name())) == &**namespace
        }
        NodeTest::Name { namespace, local } => {
            node.is_element() && {
                let id = document.names.namespace_of(node.name());
                document.names.local(node.name()) == &**local
                    && if namespace.is_empty() {
                        id == NamespaceId::NONE
                    } else {
                        document.names.namespace(id) == &**namespace
                    }
            }
        }
        NodeTest::UnknownPrefix(_) => false,
        NodeTest::Text => node.is_text(),
        NodeTest::Comment => node.kind() == NodeKind::Comment,
        NodeTest::Instruction(target) => {
            node.kind() == NodeKind::ProcessingInstruction
                && target.as_ref().is_none_or(|target| document.local_name(id) == &**target)
        }
    }
}

/// The test on the attribute and namespace axes, where names mean attributes and namespaces.
pub(super) fn passes_part(node: &NodeRef<'_>, test: &NodeTest) -> bool {
    match test {
        NodeTest::Node | NodeTest::AnyName => true,
        NodeTest::Namespace(namespace) => node.name().is_some_and(|name| name.namespace == &**namespace),
        NodeTest::Name { namespace, local } => {
            node.name().is_some_and(|name| same_text(name.namespace, namespace) && name.local == &**local)
        }
        NodeTest::UnknownPrefix(_) | NodeTest::Text | NodeTest::Comment | NodeTest::Instruction(_) => false,
    }
}
