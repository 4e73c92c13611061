//! Looking at a part of a message as if it were a document of its own, and putting something in its place.

use mi_payload::Envelope;
use mi_xml::{Document, NodeId};

/// Which part of a message a mediator transforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Envelope,
    /// The `Body` or `Header` element, whose content is replaced and which stays itself.
    Holder(NodeId),
    Node(NodeId),
}

impl Part {
    pub(crate) fn of(envelope: &Envelope, node: NodeId) -> Self {
        if node == envelope.element {
            Self::Envelope
        } else if node == envelope.body || Some(node) == envelope.header {
            Self::Holder(node)
        } else {
            Self::Node(node)
        }
    }
}

/// Makes `node` the only child of the document node while `look` runs.
pub(crate) fn with_root<T>(document: &mut Document, node: NodeId, look: impl FnOnce(&Document) -> T) -> T {
    let root = document.root();
    let Some(parent) = document.parent(node).filter(|parent| *parent != root) else { return look(document) };
    let next = document.next_sibling(node);
    document.detach(node);
    let others: Vec<NodeId> = document.children(root).collect();
    others.iter().for_each(|other| document.detach(*other));
    document.append_child(root, node);
    let seen = look(document);
    document.detach(node);
    others.into_iter().for_each(|other| document.append_child(root, other));
    put(document, parent, next, node);
    seen
}

/// Puts a copy of an element of another document in the place of `node`.
pub(crate) fn replace(document: &mut Document, node: NodeId, other: &Document, element: NodeId) {
    let copy = document.import(other, element);
    let Some(parent) = document.parent(node) else { return };
    let next = document.next_sibling(node);
    document.detach(node);
    put(document, parent, next, copy);
}

/// Makes copies of an element's child elements the content of `holder`; its own text stays.
pub(crate) fn replace_content(document: &mut Document, holder: NodeId, other: &Document, element: NodeId) {
    let old: Vec<NodeId> = document.child_elements(holder).collect();
    old.into_iter().for_each(|child| document.detach(child));
    for child in other.child_elements(element) {
        let copy = document.import(other, child);
        document.append_child(holder, copy);
    }
}

fn put(document: &mut Document, parent: NodeId, next: Option<NodeId>, node: NodeId) {
    match next {
        Some(next) => document.insert_before(next, node),
        None => document.append_child(parent, node),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mi_xml::ParseOptions;

    #[test]
    fn a_part_is_a_document_for_a_while() {
        for (text, path) in [("<a><b><c/></b></a>", 0), ("<a>x<b><c/></b>y</a>", 1)] {
            let mut document = Document::parse(text.as_bytes(), &ParseOptions::default()).expect("well-formed");
            let before = document.to_xml(document.root());
            let a = document.root_element().expect("a");
            let b = document.children(a).nth(path).expect("b");
            let seen = with_root(&mut document, b, |document| document.to_xml(document.root()));
            assert_eq!(seen, "<b><c /></b>");
            assert_eq!(document.to_xml(document.root()), before);
        }
    }
}
