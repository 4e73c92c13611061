//! Looking around in the tree.

use std::borrow::Cow;

use crate::document::{Document, NodeId, NodeKind, QName};

/// The children of a node, in order.
#[derive(Clone)]
pub struct Children<'a> {
    document: &'a Document,
    next: NodeId,
}

/// The children of a node that are elements, in order.
#[derive(Clone)]
pub struct ChildElements<'a>(Children<'a>);

/// What lies below a node, in document order, without the node itself.
#[derive(Clone)]
pub struct Descendants<'a> {
    document: &'a Document,
    top: NodeId,
    next: NodeId,
}

/// The parent of a node, its parent, and so on up to the document node.
#[derive(Clone)]
pub struct Ancestors<'a> {
    document: &'a Document,
    next: NodeId,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let id = self.next.some()?;
        self.next = self.document.node(id).next;
        Some(id)
    }
}

impl Iterator for ChildElements<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let document = self.0.document;
        self.0.find(|&id| document.node(id).is_element())
    }
}

impl Iterator for Descendants<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let id = self.next.some()?;
        self.next = self.document.after(id, self.top);
        Some(id)
    }
}

impl Iterator for Ancestors<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let id = self.next.some()?;
        self.next = self.document.node(id).parent;
        Some(id)
    }
}

impl Document {
    /// The root element.
    pub fn root_element(&self) -> Option<NodeId> {
        self.child_elements(self.root()).next()
    }

    /// What the node is.
    pub fn kind(&self, id: NodeId) -> NodeKind {
        self.node(id).kind()
    }

    /// Whether the node is an element.
    pub fn is_element(&self, id: NodeId) -> bool {
        self.node(id).is_element()
    }

    /// Whether the node is a text that was (or will be) written as a CDATA section.
    pub fn is_cdata(&self, id: NodeId) -> bool {
        self.node(id).is_cdata()
    }

    /// The parent; `None` for the document node and for detached nodes.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).parent.some()
    }

    /// The first child.
    pub fn first_child(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).first_child().some()
    }

    /// The last child.
    pub fn last_child(&self, id: NodeId) -> Option<NodeId> {
        let first = self.node(id).first_child().some()?;
        self.node(first).previous.some()
    }

    /// The sibling after the node.
    pub fn next_sibling(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).next.some()
    }

    /// The sibling before the node.
    pub fn previous_sibling(&self, id: NodeId) -> Option<NodeId> {
        let previous = self.node(id).previous.some()?;
        // The first sibling points at the last one, which has nothing after it.
        (self.node(previous).next != NodeId::NONE).then_some(previous)
    }

    /// The children, in order.
    pub fn children(&self, id: NodeId) -> Children<'_> {
        Children { document: self, next: self.node(id).first_child() }
    }

    /// The children that are elements, in order.
    pub fn child_elements(&self, id: NodeId) -> ChildElements<'_> {
        ChildElements(self.children(id))
    }

    /// The first child element.
    pub fn first_child_element(&self, id: NodeId) -> Option<NodeId> {
        self.child_elements(id).next()
    }

    /// The first child element with this name.
    pub fn child_named(&self, id: NodeId, namespace: &str, local: &str) -> Option<NodeId> {
        self.child_elements(id).find(|&child| self.is_named(child, namespace, local))
    }

    /// Everything below the node, in document order.
    pub fn descendants(&self, id: NodeId) -> Descendants<'_> {
        Descendants { document: self, top: id, next: self.node(id).first_child() }
    }

    /// The parent, its parent, and so on.
    pub fn ancestors(&self, id: NodeId) -> Ancestors<'_> {
        Ancestors { document: self, next: self.node(id).parent }
    }

    /// The node after `id` in document order within the tree below `top`.
    pub(crate) fn after(&self, id: NodeId, top: NodeId) -> NodeId {
        let first = self.node(id).first_child();
        if first != NodeId::NONE { first } else { self.after_subtree(id, top) }
    }

    /// The node after everything below `id`, within the tree below `top`.
    pub(crate) fn after_subtree(&self, id: NodeId, top: NodeId) -> NodeId {
        let mut at = id;
        while at != top && at != NodeId::NONE {
            let node = self.node(at);
            if node.next != NodeId::NONE {
                return node.next;
            }
            at = node.parent;
        }
        NodeId::NONE
    }

    /// The name of an element; of a processing instruction, its target as local name.
    pub fn name(&self, id: NodeId) -> Option<QName<'_>> {
        let node = self.node(id);
        matches!(node.kind(), NodeKind::Element | NodeKind::ProcessingInstruction)
            .then(|| self.names.qname(node.name()))
    }

    /// The local name of an element or the target of a processing instruction, else `""`.
    pub fn local_name(&self, id: NodeId) -> &str {
        let node = self.node(id);
        match node.kind() {
            NodeKind::Element | NodeKind::ProcessingInstruction => self.names.local(node.name()),
            _ => "",
        }
    }

    /// The namespace of an element, `""` if none.
    pub fn namespace(&self, id: NodeId) -> &str {
        let node = self.node(id);
        if node.is_element() { self.names.namespace(self.names.namespace_of(node.name())) } else { "" }
    }

    /// Whether the node is an element of this name.
    pub fn is_named(&self, id: NodeId, namespace: &str, local: &str) -> bool {
        self.is_element(id) && self.local_name(id) == local && self.namespace(id) == namespace
    }

    /// The text of a text, a comment or a processing instruction.
    pub fn text(&self, id: NodeId) -> Option<&str> {
        let node = self.node(id);
        (!node.holds_children()).then(|| node.text().of(&self.text))
    }

    /// The string-value of XPath 1.0: of an element or the document, all the text below it.
    pub fn text_content(&self, id: NodeId) -> Cow<'_, str> {
        if let Some(text) = self.text(id) {
            return Cow::Borrowed(text);
        }
        self.join(self.descendants(id))
    }

    /// The text children of an element, concatenated, without what lies deeper.
    pub fn direct_text(&self, id: NodeId) -> Cow<'_, str> {
        self.join(self.children(id))
    }

    fn join(&self, nodes: impl Iterator<Item = NodeId>) -> Cow<'_, str> {
        let mut joined = Cow::Borrowed("");
        for node in nodes.map(|id| self.node(id)).filter(|node| node.is_text()) {
            let text = node.text().of(&self.text);
            if joined.is_empty() {
                joined = Cow::Borrowed(text);
            } else if !text.is_empty() {
                joined.to_mut().push_str(text);
            }
        }
        joined
    }
}
