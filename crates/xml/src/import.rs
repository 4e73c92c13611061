//! Deep copies, within a document and across documents.

use crate::document::{Attr, Document, NO_ATTRIBUTE, Node, NodeId, NodeKind};
use crate::names::{NameId, NamespaceId};

impl Document {
    /// Copies a node of another document, with everything below it, into this one; the copy is detached. Prefixes that
    /// names in the copy use and that were declared above the node are declared on the copy. Of a document node, the
    /// root element is copied (an empty text if it has none).
    pub fn import(&mut self, other: &Self, node: NodeId) -> NodeId {
        let top = top_of(other, node);
        let copy = self.copy_from(other, top);
        self.declare_used(copy);
        copy
    }

    /// Copies a node with everything below it; the copy is detached. Namespaces are treated as by [`Self::import`].
    pub fn copy_subtree(&mut self, node: NodeId) -> NodeId {
        let top = top_of(self, node);
        let copy = self.push_copy(top);
        let (mut from, mut to) = (top, copy);
        // The walk of `copy_from`, but within one arena, where names and text can be shared.
        while let Some((next, up)) = step(self, from, top) {
            to = self.climb(to, up);
            let made = self.push_copy(next);
            self.link_last(to, made);
            (from, to) = (next, made);
        }
        self.declare_used(copy);
        copy
    }

    fn copy_from(&mut self, other: &Self, top: NodeId) -> NodeId {
        let copy = self.push_import(other, top);
        let (mut from, mut to) = (top, copy);
        while let Some((next, up)) = step(other, from, top) {
            to = self.climb(to, up);
            let made = self.push_import(other, next);
            self.link_last(to, made);
            (from, to) = (next, made);
        }
        copy
    }

    /// The node `levels` above.
    fn climb(&self, id: NodeId, levels: usize) -> NodeId {
        let mut at = id;
        for _ in 0..levels {
            at = self.node(at).parent;
        }
        at
    }

    fn push_copy(&mut self, from: NodeId) -> NodeId {
        let node = *self.node(from);
        if !node.is_element() {
            return self.push_characters(node.kind(), node.name(), node.is_cdata(), node.text());
        }
        let id = self.push_element(node.name());
        let (mut at, mut last) = (node.first_attribute(), None);
        while let Some(&attr) = self.attr_entry(at) {
            at = attr.next;
            last = Some(self.link_attribute(id, last, Attr { next: NO_ATTRIBUTE, ..attr }));
        }
        id
    }

    fn push_import(&mut self, other: &Self, from: NodeId) -> NodeId {
        let node = other.node(from);
        if !node.is_element() {
            let text = self.store(node.text().of(&other.text));
            let name = match node.kind() {
                NodeKind::ProcessingInstruction => self.import_name(other, node.name()),
                _ => NameId::NONE,
            };
            return self.push_characters(node.kind(), name, node.is_cdata(), text);
        }
        let name = self.import_name(other, node.name());
        let id = self.push_element(name);
        let mut last = None;
        for (_, attr) in other.attribute_entries(from) {
            let name = self.import_name(other, attr.name);
            let value = self.store(attr.value.of(&other.text));
            last = Some(self.link_attribute(id, last, Attr { name, value, next: NO_ATTRIBUTE }));
        }
        id
    }

    fn import_name(&mut self, other: &Self, name: NameId) -> NameId {
        let qname = other.names.qname(name);
        let namespace = self.names.intern_namespace(qname.namespace);
        self.names.intern(other.names.qualified(name), qname.prefix.len(), namespace)
    }

    /// Declares, on the copy or below it, what its names use and nothing within the copy declares.
    fn declare_used(&mut self, top: NodeId) {
        let mut at = top;
        while at != NodeId::NONE {
            if self.is_element(at) {
                self.declare_names_of(at, top);
            }
            at = self.after(at, top);
        }
    }

    fn declare_names_of(&mut self, id: NodeId, top: NodeId) {
        let own = self.node(id).name();
        if self.names.namespace_of(own) != NamespaceId::NONE {
            self.declare_if_missing(id, top, own);
        }
        let mut at = self.node(id).first_attribute();
        while let Some(&attr) = self.attr_entry(at) {
            at = attr.next;
            let namespace = self.names.namespace_of(attr.name);
            if !matches!(namespace, NamespaceId::NONE | NamespaceId::XML | NamespaceId::XMLNS) {
                self.declare_if_missing(id, top, attr.name);
            }
        }
    }

    fn declare_if_missing(&mut self, id: NodeId, top: NodeId, name: NameId) {
        let qname = self.names.qname(name);
        if self.lookup_namespace(id, qname.prefix) == Some(qname.namespace) {
            return;
        }
        let (prefix, namespace) = (qname.prefix.to_owned(), qname.namespace.to_owned());
        // The default namespace of the top would change the meaning of names without prefix between it and the element.
        let free = !prefix.is_empty() && self.lookup_namespace(id, &prefix).is_none();
        self.declare_namespace(if free { top } else { id }, &prefix, &namespace);
    }
}

fn top_of(document: &Document, node: NodeId) -> NodeId {
    match document.kind(node) {
        NodeKind::Document => document.root_element().unwrap_or(NodeId::NONE),
        _ => node,
    }
}

/// The node after `at` in document order below `top`, and how many levels its parent lies above `at`.
fn step(document: &Document, at: NodeId, top: NodeId) -> Option<(NodeId, usize)> {
    let first = document.node(at).first_child();
    if first != NodeId::NONE {
        return Some((first, 0));
    }
    let (mut node, mut up): (&Node, usize) = (document.node(at), 1);
    let mut id = at;
    while id != top {
        if node.next != NodeId::NONE {
            return Some((node.next, up));
        }
        id = node.parent;
        node = document.node(id);
        up += 1;
        if id == NodeId::NONE {
            return None;
        }
    }
    None
}
