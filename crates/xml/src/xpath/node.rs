//! A node as XPath sees it: of the arena, or an attribute or namespace of an element.

use std::borrow::Cow;
use std::fmt;

use crate::attributes::{Attribute, AttributeId};
use crate::document::{Document, NodeId, NodeKind, QName};
use crate::{XML_NAMESPACE, chars};

/// A node of a document, cheap to copy.
#[derive(Copy, Clone)]
pub struct NodeRef<'a> {
    /// The document.
    pub document: &'a Document,
    /// The node; of an attribute or namespace, its element.
    pub node: NodeId,
    /// Which part of the node is meant.
    pub part: NodePart,
}

/// What a [`NodeRef`] means at its node.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum NodePart {
    /// The node itself.
    Whole,
    /// A namespace in scope at the element: 0 is `xml`, then [`Document::in_scope_namespaces`] in its order.
    Namespace(u32),
    /// An attribute.
    Attribute(AttributeId),
}

impl PartialEq for NodeRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.node == other.node && self.part == other.part
    }
}

impl Eq for NodeRef<'_> {}

impl fmt::Debug for NodeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeRef({:?} {:?})", self.node, self.part)
    }
}

impl<'a> NodeRef<'a> {
    /// A node of the arena.
    pub fn new(document: &'a Document, node: NodeId) -> Self {
        Self { document, node, part: NodePart::Whole }
    }

    /// An attribute of an element.
    pub fn attribute(document: &'a Document, element: NodeId, attribute: AttributeId) -> Self {
        Self { document, node: element, part: NodePart::Attribute(attribute) }
    }

    /// What the node is; `None` for attributes and namespaces.
    pub fn kind(&self) -> Option<NodeKind> {
        (self.part == NodePart::Whole).then(|| self.document.kind(self.node))
    }

    /// Whether it is an element.
    pub fn is_element(&self) -> bool {
        self.part == NodePart::Whole && self.document.is_element(self.node)
    }

    /// The attribute, if it is one.
    pub fn as_attribute(&self) -> Option<Attribute<'a>> {
        match self.part {
            NodePart::Attribute(id) => self.document.attribute_by_id(id),
            NodePart::Whole | NodePart::Namespace(_) => None,
        }
    }

    /// The prefix and URI, if it is a namespace.
    pub(crate) fn as_namespace(&self) -> Option<(&'a str, &'a str)> {
        match self.part {
            NodePart::Namespace(0) => Some(("xml", XML_NAMESPACE)),
            NodePart::Namespace(index) => self.document.in_scope_namespaces(self.node).get(index as usize - 1).copied(),
            NodePart::Whole | NodePart::Attribute(_) => None,
        }
    }

    /// The name, as `local-name()`, `namespace-uri()` and `name()` give it.
    pub fn name(&self) -> Option<QName<'a>> {
        match self.part {
            NodePart::Whole => self.document.name(self.node),
            NodePart::Attribute(_) => self.as_attribute().map(|attribute| attribute.name),
            NodePart::Namespace(_) => {
                self.as_namespace().map(|(prefix, _)| QName { prefix: "", namespace: "", local: prefix })
            }
        }
    }

    /// The string-value of XPath 1.0 §5.
    pub fn string_value(&self) -> Cow<'a, str> {
        match self.part {
            NodePart::Whole => self.document.text_content(self.node),
            NodePart::Attribute(_) => Cow::Borrowed(self.as_attribute().map_or("", |attribute| attribute.value)),
            NodePart::Namespace(_) => Cow::Borrowed(self.as_namespace().map_or("", |(_, uri)| uri)),
        }
    }

    /// The language in force at the node: the nearest `xml:lang`.
    pub(crate) fn language(&self) -> Option<&'a str> {
        std::iter::once(self.node)
            .chain(self.document.ancestors(self.node))
            .find_map(|at| self.document.attribute(at, XML_NAMESPACE, "lang"))
            .filter(|language| !chars::is_blank(language))
    }
}
