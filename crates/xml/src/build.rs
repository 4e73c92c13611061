//! Building a tree from its beginning to its end, as a transformation or a query does: faster than editing, because a
//! new node is always the last one, and with namespaces declared where they are needed.

use crate::document::{Attr, Document, NO_ATTRIBUTE, NodeId, NodeKind, same_text};
use crate::names::NamespaceId;
use crate::xpath::{NodePart, NodeRef};
use crate::{XML_NAMESPACE, XMLNS_NAMESPACE};

/// Builds a [`Document`]. What makes no sense at a place (an attribute after children) is refused and changes nothing.
pub struct TreeBuilder {
    document: Document,
    /// The open elements, the document node first.
    open: Vec<Open>,
    /// The declarations in scope, innermost last.
    scope: Vec<(Box<str>, Box<str>)>,
}

struct Open {
    node: NodeId,
    /// The length of the scope outside of the element.
    outside: usize,
    last_attribute: Option<u32>,
    has_children: bool,
}

impl Default for TreeBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl TreeBuilder {
    /// An empty document.
    pub fn new() -> Self {
        let document = Document::new();
        let root = Open { node: document.root(), outside: 0, last_attribute: None, has_children: false };
        Self { document, open: vec![root], scope: Vec::new() }
    }

    /// The document; elements that are open end here.
    pub fn finish(self) -> Document {
        self.document
    }

    /// How many bytes of text have been written.
    pub fn text_length(&self) -> usize {
        self.document.text.len()
    }

    /// How many nodes have been made.
    pub fn node_count(&self) -> usize {
        self.document.nodes.len() + self.document.attributes.len()
    }

    /// Whether an element is open.
    pub fn in_element(&self) -> bool {
        self.open.len() > 1
    }

    /// Whether attributes and declarations can still be added to the open element.
    pub fn takes_attributes(&self) -> bool {
        self.in_element() && self.open.last().is_some_and(|open| !open.has_children)
    }

    /// The namespace and local name of the open element.
    pub fn open_name(&self) -> Option<(&str, &str)> {
        let open = self.open.last()?;
        self.document.name(open.node).map(|name| (name.namespace, name.local))
    }

    /// The node that was made last.
    pub fn last_node(&self) -> Option<NodeId> {
        let count = u32::try_from(self.document.nodes.len()).ok()?;
        count.checked_sub(1).map(NodeId)
    }

    /// Begins an element, declaring its namespace where it is not in scope.
    pub fn start_element(&mut self, prefix: &str, namespace: &str, local: &str) {
        let prefix = if prefix == "xml" || (namespace.is_empty() && !prefix.is_empty()) { "" } else { prefix };
        let name = self.document.names.intern_parts(prefix, namespace, local);
        let node = self.document.push_element(name);
        self.link(node);
        self.open.push(Open { node, outside: self.scope.len(), last_attribute: None, has_children: false });
        if !same_text(self.bound(prefix), namespace) {
            self.declare(prefix, namespace);
        }
    }

    /// Ends the open element.
    pub fn end_element(&mut self) {
        if self.in_element()
            && let Some(open) = self.open.pop()
        {
            self.scope.truncate(open.outside);
        }
    }

    /// Declares a namespace on the open element, unless it is in scope. Says whether it is in scope now: a prefix that
    /// the element binds otherwise stays as it is.
    pub fn namespace(&mut self, prefix: &str, uri: &str) -> bool {
        if same_text(self.bound(prefix), uri) {
            return true;
        }
        let own_name_has_none =
            prefix.is_empty() && self.open_name().is_some_and(|(namespace, _)| namespace.is_empty());
        if !self.takes_attributes() || self.declared_here(prefix) || own_name_has_none {
            return false;
        }
        if self.own_prefix_is(prefix) {
            return false;
        }
        self.declare(prefix, uri);
        true
    }

    /// Adds an attribute to the open element, or gives the one of this name another value. An attribute in a namespace
    /// gets a prefix bound to it: `prefix` if that is free, else one in scope, else a made one. Says whether the
    /// element could take it.
    pub fn attribute(&mut self, prefix: &str, namespace: &str, local: &str, value: &str) -> bool {
        if !self.takes_attributes() || namespace == XMLNS_NAMESPACE {
            return false;
        }
        let Some(node) = self.open.last().map(|open| open.node) else { return false };
        let known = self
            .document
            .attributes(node)
            .find(|known| known.name.local == local && same_text(known.name.namespace, namespace));
        if let Some(id) = known.map(|known| known.id) {
            self.document.set_attribute_value(id, value);
            return true;
        }
        let name = if namespace.is_empty() {
            self.document.names.intern_parts("", "", local)
        } else {
            let prefix = self.prefix_for(prefix, namespace);
            self.document.names.intern_parts(&prefix, namespace, local)
        };
        let value = self.document.store(value);
        let attr = Attr { name, value, next: NO_ATTRIBUTE };
        if let Some(open) = self.open.last_mut() {
            open.last_attribute = Some(self.document.link_attribute(open.node, open.last_attribute, attr));
        }
        true
    }

    /// Adds text; it joins a text before it.
    pub fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let last = self.last_child().filter(|last| {
            let node = self.document.node(*last);
            let span = node.text();
            node.is_text() && !node.is_cdata() && (span.start + span.len) as usize == self.document.text.len()
        });
        match last {
            Some(last) => {
                let before = self.document.node(last).text();
                let added = self.document.store(text);
                if let Some(node) = self.document.node_mut(last) {
                    node.set_text(crate::document::Span { start: before.start, len: before.len + added.len });
                }
            }
            None => {
                self.separate_text(text, false);
            }
        }
    }

    /// Adds a text that joins no other one, as a CDATA section if wanted.
    pub fn separate_text(&mut self, text: &str, cdata: bool) -> NodeId {
        self.characters(NodeKind::Text, crate::names::NameId::NONE, text, cdata)
    }

    /// Adds a comment.
    pub fn comment(&mut self, text: &str) {
        self.characters(NodeKind::Comment, crate::names::NameId::NONE, text, false);
    }

    /// Adds a processing instruction.
    pub fn instruction(&mut self, target: &str, text: &str) {
        let name = self.document.names.intern_parts("", "", target);
        self.characters(NodeKind::ProcessingInstruction, name, text, false);
    }

    /// Begins a copy of an element without attributes and content, with all namespaces that are in scope there.
    pub fn start_copy(&mut self, document: &Document, element: NodeId) {
        let Some(name) = document.name(element) else { return };
        self.start_element(name.prefix, name.namespace, name.local);
        for (prefix, uri) in document.in_scope_namespaces(element) {
            self.namespace(prefix, uri);
        }
    }

    /// Adds a copy of a node with everything below it; of a document node, of its children.
    pub fn copy(&mut self, node: NodeRef<'_>) {
        match node.part {
            NodePart::Attribute(_) => {
                if let Some(attribute) = node.as_attribute() {
                    let name = attribute.name;
                    self.attribute(name.prefix, name.namespace, name.local, attribute.value);
                }
            }
            NodePart::Namespace(_) => {
                if let Some((prefix, uri)) = node.as_namespace()
                    && uri != XML_NAMESPACE
                {
                    self.namespace(prefix, uri);
                }
            }
            NodePart::Whole => self.copy_tree(node.document, node.node),
        }
    }

    fn copy_tree(&mut self, document: &Document, top: NodeId) {
        let mut at = top;
        loop {
            self.copy_one(document, at, at == top);
            let first = document.node(at).first_child();
            if first != NodeId::NONE {
                at = first;
                continue;
            }
            // Close what ends here, up to the next node that has something after it.
            loop {
                if document.is_element(at) {
                    self.end_element();
                }
                if at == top {
                    return;
                }
                let node = document.node(at);
                if node.next != NodeId::NONE {
                    at = node.next;
                    break;
                }
                at = node.parent;
                if at == NodeId::NONE {
                    return;
                }
            }
        }
    }

    fn copy_one(&mut self, document: &Document, id: NodeId, top: bool) {
        match document.kind(id) {
            NodeKind::Document => {}
            NodeKind::Element => {
                if top {
                    self.start_copy(document, id);
                } else if let Some(name) = document.name(id) {
                    self.start_element(name.prefix, name.namespace, name.local);
                    for (prefix, uri) in document.namespace_declarations(id) {
                        self.namespace(prefix, uri);
                    }
                }
                for attribute in document.attributes(id) {
                    let name = attribute.name;
                    self.attribute(name.prefix, name.namespace, name.local, attribute.value);
                }
            }
            NodeKind::Text if document.is_cdata(id) => {
                self.separate_text(document.text(id).unwrap_or(""), true);
            }
            NodeKind::Text => self.text(document.text(id).unwrap_or("")),
            NodeKind::Comment => self.comment(document.text(id).unwrap_or("")),
            NodeKind::ProcessingInstruction => {
                self.instruction(document.local_name(id), document.text(id).unwrap_or(""));
            }
        }
    }

    fn characters(&mut self, kind: NodeKind, name: crate::names::NameId, text: &str, cdata: bool) -> NodeId {
        let span = self.document.store(text);
        let node = self.document.push_characters(kind, name, cdata, span);
        self.link(node);
        node
    }

    fn link(&mut self, node: NodeId) {
        if let Some(open) = self.open.last_mut() {
            open.has_children = true;
            self.document.link_last(open.node, node);
        }
    }

    fn last_child(&self) -> Option<NodeId> {
        self.document.last_child(self.open.last()?.node)
    }

    /// What the prefix is bound to, `""` if nothing.
    fn bound(&self, prefix: &str) -> &str {
        if prefix == "xml" {
            return XML_NAMESPACE;
        }
        self.scope.iter().rev().find(|(known, _)| &**known == prefix).map_or("", |(_, uri)| uri)
    }

    fn declared_here(&self, prefix: &str) -> bool {
        let outside = self.open.last().map_or(0, |open| open.outside);
        self.scope.iter().skip(outside).any(|(known, _)| &**known == prefix)
    }

    /// Whether the open element's own name or one of its attributes uses the prefix.
    fn own_prefix_is(&self, prefix: &str) -> bool {
        let Some(open) = self.open.last() else { return false };
        self.document.name(open.node).is_some_and(|name| name.prefix == prefix)
            || !prefix.is_empty() && self.document.attributes(open.node).any(|one| one.name.prefix == prefix)
    }

    fn declare(&mut self, prefix: &str, uri: &str) {
        let name = if prefix.is_empty() {
            self.document.names.intern("xmlns", 0, NamespaceId::XMLNS)
        } else {
            self.document.names.intern(&format!("xmlns:{prefix}"), "xmlns".len(), NamespaceId::XMLNS)
        };
        let value = self.document.store(uri);
        let attr = Attr { name, value, next: NO_ATTRIBUTE };
        if let Some(open) = self.open.last_mut() {
            open.last_attribute = Some(self.document.link_attribute(open.node, open.last_attribute, attr));
        }
        self.scope.push((prefix.into(), uri.into()));
    }

    /// A prefix of the open element that is bound to the namespace.
    fn prefix_for(&mut self, wanted: &str, namespace: &str) -> String {
        if namespace == XML_NAMESPACE {
            return "xml".to_owned();
        }
        if !wanted.is_empty() && wanted != "xml" && wanted != "xmlns" && self.namespace(wanted, namespace) {
            return wanted.to_owned();
        }
        let mut known = self.scope.iter().rev().filter(|(prefix, uri)| !prefix.is_empty() && &**uri == namespace);
        if let Some((prefix, _)) = known.find(|(prefix, _)| self.bound(prefix) == namespace) {
            return prefix.to_string();
        }
        let mut number = 0_usize;
        loop {
            let made = format!("ns{number}");
            if self.namespace(&made, namespace) {
                return made;
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ParseOptions;

    fn xml(builder: TreeBuilder) -> String {
        let document = builder.finish();
        document.to_xml(document.root())
    }

    #[test]
    fn builds_with_declarations_where_they_are_needed() {
        let mut builder = TreeBuilder::new();
        builder.start_element("p", "urn:p", "a");
        assert!(builder.namespace("q", "urn:q"));
        assert!(builder.attribute("", "", "x", "1"));
        assert!(builder.attribute("", "", "x", "2"));
        assert!(builder.attribute("", "urn:q", "y", "3"));
        builder.text("one ");
        builder.text("text");
        assert!(!builder.attribute("", "", "late", "4"));
        builder.start_element("p", "urn:p", "b");
        builder.end_element();
        builder.start_element("", "", "c");
        builder.comment("note");
        builder.end_element();
        builder.end_element();
        assert_eq!(
            xml(builder),
            "<p:a xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" x=\"2\" q:y=\"3\">one text<p:b /><c><!--note--></c></p:a>"
        );
    }

    #[test]
    fn a_prefix_that_means_something_else_is_replaced() {
        let mut builder = TreeBuilder::new();
        builder.start_element("p", "urn:p", "a");
        assert!(!builder.namespace("p", "urn:other"));
        assert!(builder.attribute("p", "urn:other", "x", "1"));
        builder.start_element("p", "urn:other", "b");
        builder.end_element();
        assert_eq!(
            xml(builder),
            "<p:a xmlns:p=\"urn:p\" xmlns:ns0=\"urn:other\" ns0:x=\"1\"><p:b xmlns:p=\"urn:other\" /></p:a>"
        );
    }

    #[test]
    fn a_default_namespace_is_taken_back() {
        let mut builder = TreeBuilder::new();
        builder.start_element("", "urn:d", "a");
        builder.start_element("", "", "b");
        builder.end_element();
        assert_eq!(xml(builder), "<a xmlns=\"urn:d\"><b xmlns=\"\" /></a>");
    }

    #[test]
    fn copies_bring_the_namespaces_in_scope() {
        let text = "<x:r xmlns:x='urn:x' xmlns:u='urn:u'><x:a k='1'>t<b/><![CDATA[<]]><?pi x?></x:a></x:r>";
        let source = Document::parse(text.as_bytes(), &ParseOptions::default()).expect("well-formed");
        let root = source.root_element().expect("a root");
        let child = source.first_child(root).expect("a child");
        let mut builder = TreeBuilder::new();
        builder.start_element("", "", "o");
        builder.copy(NodeRef::new(&source, child));
        assert!(builder.in_element());
        let expected = "<o><x:a xmlns:x=\"urn:x\" xmlns:u=\"urn:u\" k=\"1\">t<b /><![CDATA[<]]><?pi x?></x:a></o>";
        assert_eq!(xml(builder), expected);
    }
}
