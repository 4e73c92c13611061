//! The string that Synapse makes of an XPath result (spec, 3.6).

use std::borrow::Cow;

use mi_payload::java;
use mi_payload::value::{element_string, trim_element_text};
use mi_xml::xpath::{NodeRef, NodeSet, Value};
use mi_xml::{Document, NodeId, NodeKind};

/// What the text of the expression says about the string of its result.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Style {
    /// The usual rules.
    Plain,
    /// `node()` occurs: an element is serialised even if it has text.
    Node,
    /// `node()` stands at the end: of a single text, its element is taken.
    EndsInNode,
}

impl Style {
    pub(super) fn of(text: &str) -> Self {
        if text.ends_with("node()") {
            Self::EndsInNode
        } else if text.contains("node()") {
            Self::Node
        } else {
            Self::Plain
        }
    }
}

pub(super) fn string(value: Value<'_>, style: Style) -> Option<Cow<'_, str>> {
    match value {
        Value::NodeSet(nodes) => Some(nodes_string(&nodes, style)),
        Value::String(text) | Value::Foreign { text, .. } => Some(text),
        Value::Boolean(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
        Value::Number(number) => Some(Cow::Owned(java::double_to_string(number))),
        Value::Null => None,
    }
}

fn nodes_string<'a>(nodes: &NodeSet<'a>, style: Style) -> Cow<'a, str> {
    if nodes.len() > 1 {
        let mut joined = String::new();
        for node in nodes.iter() {
            match node.kind() {
                Some(NodeKind::Element | NodeKind::Document) => joined.push_str(&trimmed_xml(node.document, node.node)),
                _ => joined.push_str(&node.string_value()),
            }
        }
        return Cow::Owned(joined);
    }
    let Some(node) = nodes.first() else { return Cow::Borrowed("") };
    match node.kind() {
        Some(NodeKind::Element) if style == Style::Plain => single_element(node),
        Some(NodeKind::Element) => Cow::Owned(trimmed_xml(node.document, node.node)),
        Some(NodeKind::Document) => Cow::Owned(node.document.to_xml(node.node)),
        Some(NodeKind::Text) if style == Style::EndsInNode => match node.document.parent(node.node) {
            Some(parent) => Cow::Owned(trimmed_xml(node.document, parent)),
            None => node.string_value(),
        },
        _ => node.string_value(),
    }
}

/// One element; borrows where its text is a single one that needs no change.
fn single_element(node: NodeRef<'_>) -> Cow<'_, str> {
    if let Cow::Borrowed(text) = node.document.direct_text(node.node)
        && let Cow::Borrowed(trimmed) = trim_element_text(text)
        && !trimmed.is_empty()
    {
        return Cow::Borrowed(trimmed);
    }
    Cow::Owned(element_string(node.document, node.node))
}

/// The XML of an element, its text trimmed if it has nothing but text.
fn trimmed_xml(document: &Document, node: NodeId) -> String {
    let only_text = document.children(node).all(|child| document.kind(child) == NodeKind::Text);
    let text = document.direct_text(node);
    let trimmed = trim_element_text(&text);
    if !only_text || trimmed.is_empty() || trimmed.len() == text.len() {
        return document.to_xml(node);
    }
    let mut copy = Document::new();
    let element = copy.import(document, node);
    copy.set_text(element, &trimmed);
    copy.to_xml(element)
}
