//! Making, moving and changing nodes.
//!
//! An edit that makes no sense (a child below a text, a node below itself, an id of another document) changes nothing.

use crate::document::{Document, Node, NodeId, NodeKind, Span};
use crate::names::NameId;

impl Document {
    /// Makes a detached element. The writer declares the namespace where it is not in scope.
    pub fn create_element(&mut self, prefix: &str, namespace: &str, local: &str) -> NodeId {
        let name = self.names.intern_parts(prefix, namespace, local);
        self.push_element(name)
    }

    /// Makes a detached text.
    pub fn create_text(&mut self, text: &str) -> NodeId {
        self.create_characters(NodeKind::Text, NameId::NONE, false, text)
    }

    /// Makes a detached processing instruction.
    pub fn create_pi(&mut self, target: &str, text: &str) -> NodeId {
        let name = self.names.intern_parts("", "", target);
        self.create_characters(NodeKind::ProcessingInstruction, name, false, text)
    }

    fn create_characters(&mut self, kind: NodeKind, name: NameId, cdata: bool, text: &str) -> NodeId {
        let text = self.store(text);
        self.push_characters(kind, name, cdata, text)
    }

    pub(crate) fn push_element(&mut self, name: NameId) -> NodeId {
        let id = self.next_id();
        self.nodes.push(Node::element(id, name));
        id
    }

    pub(crate) fn push_characters(&mut self, kind: NodeKind, name: NameId, cdata: bool, text: Span) -> NodeId {
        let id = self.next_id();
        self.nodes.push(Node::characters(id, kind, name, cdata, text));
        id
    }

    /// Makes `child` the last child of `parent`, taking it from where it was.
    pub fn append_child(&mut self, parent: NodeId, child: NodeId) {
        if !self.may_hold(parent, child) {
            return;
        }
        self.detach(child);
        if self.sorted {
            self.sorted = self.stays_sorted(parent, child);
        }
        self.link_last(parent, child);
    }

    /// Puts `new` before its sibling-to-be `reference`.
    pub fn insert_before(&mut self, reference: NodeId, new: NodeId) {
        let Some(parent) = self.parent(reference) else { return };
        if reference == new || !self.may_hold(parent, new) {
            return;
        }
        self.detach(new);
        self.sorted = false;
        let before = self.previous_sibling(reference);
        let previous = self.node(reference).previous;
        if let Some(node) = self.node_mut(new) {
            (node.parent, node.next, node.previous) = (parent, reference, previous);
        }
        if let Some(node) = self.node_mut(reference) {
            node.previous = new;
        }
        match before {
            Some(before) => self.set_next(before, new),
            None => self.set_first(parent, new),
        }
    }

    /// Puts `new` after its sibling-to-be `reference`.
    pub fn insert_after(&mut self, reference: NodeId, new: NodeId) {
        if reference == new {
            return;
        }
        match (self.next_sibling(reference), self.parent(reference)) {
            (Some(next), _) if next == new => {}
            (Some(next), _) => self.insert_before(next, new),
            (None, Some(parent)) => self.append_child(parent, new),
            (None, None) => {}
        }
    }

    /// Takes the node out of its parent, with everything below it.
    pub fn detach(&mut self, id: NodeId) {
        let node = *self.node(id);
        let Some(parent) = node.parent.some() else { return };
        let first = self.node(parent).first_child();
        let before = self.previous_sibling(id);
        match before {
            Some(before) => self.set_next(before, node.next),
            None => self.set_first(parent, node.next),
        }
        // Whoever pointed back at the node now points at the one before it: its next sibling or, if it was the last
        // child, the first one.
        let points_back = node.next.some().or_else(|| (first != id).then_some(first));
        if let Some(other) = points_back.and_then(|other| self.node_mut(other)) {
            other.previous = node.previous;
        }
        if let Some(node) = self.node_mut(id) {
            (node.parent, node.next, node.previous) = (NodeId::NONE, NodeId::NONE, id);
        }
    }

    /// Detaches all children.
    pub fn remove_children(&mut self, id: NodeId) {
        while let Some(child) = self.first_child(id) {
            self.detach(child);
        }
    }

    /// Replaces the text of a text, comment or processing instruction, or the whole content of an element.
    pub fn set_text(&mut self, id: NodeId, text: &str) {
        match self.kind(id) {
            NodeKind::Document => {}
            NodeKind::Element => {
                self.remove_children(id);
                let text = self.create_text(text);
                self.append_child(id, text);
            }
            NodeKind::Text | NodeKind::Comment | NodeKind::ProcessingInstruction => {
                let text = self.store(text);
                if let Some(node) = self.node_mut(id) {
                    node.set_text(text);
                }
            }
        }
    }

    /// Gives an element another name.
    pub fn rename(&mut self, id: NodeId, prefix: &str, namespace: &str, local: &str) {
        if self.is_element(id) {
            let name = self.names.intern_parts(prefix, namespace, local);
            if let Some(node) = self.node_mut(id) {
                node.set_name(name);
            }
        }
    }

    fn may_hold(&self, parent: NodeId, child: NodeId) -> bool {
        let exists = |id: NodeId| id.index() < self.nodes.len();
        exists(parent)
            && exists(child)
            && self.node(parent).holds_children()
            && self.kind(child) != NodeKind::Document
            && parent != child
            && (self.node(child).first_child() == NodeId::NONE || self.ancestors(parent).all(|above| above != child))
    }

    /// Links a detached node as the last child; the caller has made sure that it may be one.
    pub(crate) fn link_last(&mut self, parent: NodeId, child: NodeId) {
        let first = self.node(parent).first_child();
        let Some(first) = first.some() else {
            if let Some(node) = self.node_mut(child) {
                (node.parent, node.previous) = (parent, child);
            }
            self.set_first(parent, child);
            return;
        };
        let last = self.node(first).previous;
        if let Some(node) = self.node_mut(child) {
            (node.parent, node.previous) = (parent, last);
        }
        self.set_next(last, child);
        if let Some(node) = self.node_mut(first) {
            node.previous = child;
        }
    }

    fn set_next(&mut self, id: NodeId, next: NodeId) {
        if let Some(node) = self.node_mut(id) {
            node.next = next;
        }
    }

    fn set_first(&mut self, parent: NodeId, first: NodeId) {
        if let Some(node) = self.node_mut(parent) {
            node.set_first_child(first);
        }
    }

    /// Whether ids still follow document order when `child` becomes the last child of `parent`.
    fn stays_sorted(&self, parent: NodeId, child: NodeId) -> bool {
        let last_of_all = self.ancestors(parent).chain([parent]).all(|id| self.next_sibling(id).is_none());
        let mut deepest = parent;
        while let Some(last) = self.last_child(deepest) {
            deepest = last;
        }
        last_of_all && deepest < child
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ParseOptions;
    use proptest::prelude::*;

    fn parse(text: &str) -> Document {
        Document::parse(text.as_bytes(), &ParseOptions::default()).expect("well-formed")
    }

    #[test]
    fn moving_children_around() {
        let mut document = parse("<a><b/><c/><d/></a>");
        let a = document.root_element().expect("a");
        let [b, c, d] = document.children(a).collect::<Vec<_>>().try_into().expect("three children");
        document.insert_before(b, d);
        assert_eq!(document.to_xml(a), "<a><d /><b /><c /></a>");
        document.insert_after(c, d);
        assert_eq!(document.to_xml(a), "<a><b /><c /><d /></a>");
        document.detach(c);
        assert_eq!(document.to_xml(a), "<a><b /><d /></a>");
        assert_eq!((document.parent(c), document.next_sibling(c), document.previous_sibling(c)), (None, None, None));
        document.append_child(b, c);
        document.set_text(d, "x < y");
        assert_eq!(document.to_xml(a), "<a><b><c /></b><d>x &lt; y</d></a>");
        document.set_text(d, "");
        document.rename(b, "p", "urn:p", "e");
        assert_eq!(document.to_xml(a), "<a><p:e xmlns:p=\"urn:p\"><c /></p:e><d></d></a>");
    }

    #[test]
    fn senseless_edits_change_nothing() {
        let mut document = parse("<a><b>t</b></a>");
        let a = document.root_element().expect("a");
        let b = document.first_child(a).expect("b");
        let t = document.first_child(b).expect("t");
        document.append_child(t, b);
        document.append_child(b, a);
        document.append_child(a, a);
        document.insert_before(b, b);
        document.append_child(a, document.root());
        document.append_child(a, NodeId(4_000));
        document.rename(t, "", "", "x");
        document.set_attribute(t, "", "", "x", "y");
        assert_eq!(document.to_xml(document.root()), "<a><b>t</b></a>");
    }

    #[test]
    fn attributes_and_declarations() {
        let mut document = parse("<a b='1' xmlns:p='urn:p' p:c='2'/>");
        let a = document.root_element().expect("a");
        document.set_attribute(a, "", "", "b", "x\"y");
        document.set_attribute(a, "", "urn:p", "d", "3");
        assert!(document.remove_attribute(a, "urn:p", "c"));
        assert!(!document.remove_attribute(a, "urn:p", "c"));
        assert_eq!(document.to_xml(a), "<a b=\"x&quot;y\" xmlns:p=\"urn:p\" p:d=\"3\" />");
        assert!(document.remove_namespace_declaration(a, "p"));
        document.set_attribute(a, "", "urn:q", "e", "4");
        assert_eq!(
            document.to_xml(a),
            "<a xmlns:p=\"urn:p\" xmlns:ns0=\"urn:q\" b=\"x&quot;y\" p:d=\"3\" ns0:e=\"4\" />"
        );
    }

    #[test]
    fn a_name_wins_over_a_declaration_that_contradicts_it() {
        let mut document = parse("<a xmlns='urn:x'><b/></a>");
        let a = document.root_element().expect("a");
        document.rename(a, "", "", "a");
        assert_eq!(document.to_xml(a), "<a xmlns=\"\"><b xmlns=\"urn:x\" /></a>");
    }

    #[test]
    fn imports_bring_their_namespaces() {
        let source =
            parse("<x:r xmlns:x='urn:x' xmlns='urn:d' xmlns:unused='urn:u'><x:a x:k='1'><b/>t<?pi x?></x:a></x:r>");
        let root = source.root_element().expect("a root");
        let mut target = parse("<t/>");
        let copy = target.import(&source, source.first_child(root).expect("a child"));
        let t = target.root_element().expect("t");
        target.append_child(t, copy);
        let expected = "<x:a x:k=\"1\" xmlns:x=\"urn:x\"><b xmlns=\"urn:d\" />t<?pi x?></x:a>";
        assert_eq!(target.to_xml(t), format!("<t>{expected}</t>"));
        let again = target.copy_subtree(copy);
        assert_eq!(target.to_xml(again), expected);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Append(u32, u32),
        Before(u32, u32),
        After(u32, u32),
        Detach(u32),
        Copy(u32),
        Create,
    }

    fn step() -> impl Strategy<Value = Step> {
        let id = 0..12_u32;
        prop_oneof![
            (id.clone(), id.clone()).prop_map(|(a, b)| Step::Append(a, b)),
            (id.clone(), id.clone()).prop_map(|(a, b)| Step::Before(a, b)),
            (id.clone(), id.clone()).prop_map(|(a, b)| Step::After(a, b)),
            id.clone().prop_map(Step::Detach),
            id.prop_map(Step::Copy),
            Just(Step::Create),
        ]
    }

    proptest! {
        /// Whatever is done to a tree, its links agree with each other, and a document that calls itself sorted is.
        #[test]
        fn links_stay_consistent(steps in proptest::collection::vec(step(), 0..40)) {
            let mut document = parse("<a><b>t</b><c><d/></c></a>");
            for step in steps {
                match step {
                    Step::Append(a, b) => document.append_child(NodeId(a), NodeId(b)),
                    Step::Before(a, b) => document.insert_before(NodeId(a), NodeId(b)),
                    Step::After(a, b) => document.insert_after(NodeId(a), NodeId(b)),
                    Step::Detach(a) => document.detach(NodeId(a)),
                    Step::Copy(a) => { document.copy_subtree(NodeId(a)); }
                    Step::Create => { document.create_element("", "", "n"); }
                }
            }
            for id in (0..).take(document.nodes.len()).map(NodeId) {
                let children: Vec<_> = document.children(id).collect();
                prop_assert_eq!(document.last_child(id), children.last().copied());
                for (at, &child) in children.iter().enumerate() {
                    prop_assert_eq!(document.parent(child), Some(id));
                    let before = at.checked_sub(1).and_then(|at| children.get(at)).copied();
                    prop_assert_eq!(document.previous_sibling(child), before);
                    prop_assert_eq!(document.next_sibling(child), children.get(at + 1).copied());
                }
                if document.sorted {
                    prop_assert!(document.descendants(id).collect::<Vec<_>>().is_sorted());
                }
            }
        }
    }
}
