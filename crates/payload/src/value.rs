//! The values that properties and variables hold.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use mi_xml::{Document, NodeId, ParseError, ParseOptions};

use crate::java;

/// What a property or variable holds: text, a number of a Java type, a tree, or a collection. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text.
    String(Arc<str>),
    /// `true` or `false`.
    Boolean(bool),
    /// A Java `Integer`.
    Integer(i32),
    /// A Java `Long`.
    Long(i64),
    /// A Java `Short`.
    Short(i16),
    /// A Java `Float`.
    Float(f32),
    /// A Java `Double`.
    Double(f64),
    /// A JSON value of any kind, JSON `null` included.
    Json(Arc<serde_json::Value>),
    /// An XML element (type `OM` or `XML`).
    Xml(Arc<XmlFragment>),
    /// A list of XML nodes, as enrich stores it.
    Nodes(Arc<[NodeItem]>),
    /// Named values: what a connector answered.
    Map(Arc<IndexMap<Arc<str>, Value>>),
    /// A template parameter that is evaluated where it is read.
    Expression(Arc<dyn Unevaluated>),
    /// An object that expressions cannot look into (an exception, an endpoint), by its type name. Its text is empty.
    Opaque(Arc<str>),
}

/// One item of [`Value::Nodes`].
#[derive(Clone, Debug)]
pub enum NodeItem {
    /// An element.
    Element(Arc<XmlFragment>),
    /// The text of a text node or attribute.
    Text(Arc<str>),
}

/// An expression that is kept for later. The crate `expression` implements it and knows its own type again.
pub trait Unevaluated: fmt::Debug + Send + Sync {
    /// The expression as written.
    fn text(&self) -> &str;
    /// For the downcast.
    fn as_any(&self) -> &dyn Any;
}

/// An element, and the document that it lives in.
#[derive(Clone, Debug)]
pub struct XmlFragment {
    document: Document,
    node: NodeId,
}

impl XmlFragment {
    /// A node and its document; the rest of the document stays reachable (for axes that look outwards).
    pub fn new(document: Document, node: NodeId) -> Self {
        Self { document, node }
    }

    /// The root element of a document.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let document = Document::parse(text.as_bytes(), &ParseOptions::default())?;
        let node = document.root_element().unwrap_or_else(|| document.root());
        Ok(Self { document, node })
    }

    /// A copy of a node, as the root of a document of its own.
    pub fn copy_of(document: &Document, node: NodeId) -> Self {
        let mut copy = Document::new();
        let node = copy.import(document, node);
        copy.append_child(copy.root(), node);
        Self { document: copy, node }
    }

    /// The document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The node within [`Self::document`].
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The node as XML text.
    pub fn to_xml(&self) -> String {
        self.document.to_xml(self.node)
    }

    /// The text of a single element as Synapse's XPath gives it: the direct text, trimmed (no-break spaces count as
    /// blanks); the XML if there is none.
    pub fn string_value(&self) -> String {
        element_string(&self.document, self.node)
    }
}

/// The string that Synapse makes of one element (spec, 3.6): its direct text, no-break spaces turned to blanks and
/// trimmed, or its XML if that is empty.
pub fn element_string(document: &Document, node: NodeId) -> String {
    let text = trim_element_text(&document.direct_text(node)).into_owned();
    if text.is_empty() { document.to_xml(node) } else { text }
}

/// Trims as Java's `String.trim` after no-break spaces have become blanks.
pub fn trim_element_text(text: &str) -> Cow<'_, str> {
    let blank = |c: char| c <= ' ';
    if text.contains('\u{A0}') {
        return Cow::Owned(text.replace('\u{A0}', " ").trim_matches(blank).to_owned());
    }
    Cow::Borrowed(text.trim_matches(blank))
}

impl Value {
    /// A text value.
    pub fn string(text: impl AsRef<str>) -> Self {
        Self::String(Arc::from(text.as_ref()))
    }

    /// A JSON value.
    pub fn json(value: serde_json::Value) -> Self {
        Self::Json(Arc::new(value))
    }

    /// The text of the value where a string is needed: numbers as Java prints them, JSON as compact JSON text (a JSON
    /// string keeps its quotes), an element by [`XmlFragment::string_value`], several nodes concatenated, `""` for what
    /// has no text (maps, exceptions).
    pub fn string_value(&self) -> Cow<'_, str> {
        match self {
            Self::String(text) => Cow::Borrowed(text),
            Self::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Self::Integer(value) => Cow::Owned(value.to_string()),
            Self::Long(value) => Cow::Owned(value.to_string()),
            Self::Short(value) => Cow::Owned(value.to_string()),
            Self::Float(value) => Cow::Owned(java::float_to_string(*value)),
            Self::Double(value) => Cow::Owned(java::double_to_string(*value)),
            Self::Json(value) => Cow::Owned(value.to_string()),
            Self::Xml(fragment) => Cow::Owned(fragment.string_value()),
            Self::Nodes(items) => nodes_string(items),
            Self::Expression(expression) => Cow::Borrowed(expression.text()),
            Self::Map(_) | Self::Opaque(_) => Cow::Borrowed(""),
        }
    }

    /// The text, if the value is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

fn nodes_string(items: &[NodeItem]) -> Cow<'_, str> {
    match items {
        [NodeItem::Element(fragment)] => Cow::Owned(fragment.string_value()),
        [NodeItem::Text(text)] => Cow::Borrowed(text),
        items => Cow::Owned(items.iter().fold(String::new(), |mut joined, item| {
            match item {
                NodeItem::Element(fragment) => joined.push_str(&fragment.to_xml()),
                NodeItem::Text(text) => joined.push_str(text),
            }
            joined
        })),
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(Arc::from(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(Arc::from(text))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Integer(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Long(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        Self::json(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(text: &str) -> Value {
        Value::Xml(Arc::new(XmlFragment::parse(text).expect("well-formed")))
    }

    #[test]
    fn text_of_each_kind() {
        for (value, text) in [
            (Value::from("x"), "x"),
            (Value::from(true), "true"),
            (Value::from(5), "5"),
            (Value::from(5.0), "5.0"),
            (Value::Float(1.5), "1.5"),
            (Value::json(serde_json::json!("x")), "\"x\""),
            (Value::json(serde_json::json!({"a": [1, null]})), "{\"a\":[1,null]}"),
            (xml("<a>\u{A0} x <b>y</b> z </a>"), "x  z"),
            (xml("<a><b>y</b></a>"), "<a><b>y</b></a>"),
            (xml("<a/>"), "<a />"),
            (Value::Opaque("java.lang.Exception".into()), ""),
        ] {
            assert_eq!(value.string_value(), text);
        }
    }

    #[test]
    fn a_copy_keeps_its_namespaces() {
        let document = Document::parse(b"<p:a xmlns:p='urn:p'><p:b/></p:a>", &ParseOptions::default()).expect("fine");
        let root = document.root_element().expect("a root");
        let child = document.first_child_element(root).expect("a child");
        assert_eq!(XmlFragment::copy_of(&document, child).to_xml(), "<p:b xmlns:p=\"urn:p\" />");
    }
}
