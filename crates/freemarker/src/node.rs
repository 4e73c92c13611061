//! XML nodes as FreeMarker shows them: children and attributes by name, lists of nodes, XPath by a key that is no name.

use std::borrow::Cow;
use std::sync::Arc;

use mi_xml::xpath::{NoEnvironment, NodePart, NodeRef, XPath};
use mi_xml::{Document, NodeId, NodeKind};

use crate::error::RenderError;
use crate::escape;
use crate::value::Value;

/// Prefixes of namespaces; `D` stands for the default one, `N` for none.
pub(crate) type Prefixes = [(Arc<str>, Arc<str>)];

/// A node of a document.
#[derive(Debug, Clone)]
pub struct Node {
    document: Arc<Document>,
    node: NodeId,
    part: NodePart,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.document, &other.document) && self.node == other.node && self.part == other.part
    }
}

impl Node {
    /// The document node.
    pub fn document(document: Arc<Document>) -> Self {
        let node = document.root();
        Self { document, node, part: NodePart::Whole }
    }

    fn with(&self, node: NodeId) -> Self {
        Self { document: Arc::clone(&self.document), node, part: NodePart::Whole }
    }

    fn reference(&self) -> NodeRef<'_> {
        NodeRef { document: &self.document, node: self.node, part: self.part }
    }

    fn is_element(&self) -> bool {
        self.part == NodePart::Whole && self.document.is_element(self.node)
    }

    fn is_document(&self) -> bool {
        self.part == NodePart::Whole && self.document.kind(self.node) == NodeKind::Document
    }

    fn attribute(&self) -> Option<(&str, &str, &str)> {
        match self.part {
            NodePart::Attribute(id) => {
                let attribute = self.document.attribute_by_id(id)?;
                Some((attribute.name.local, attribute.name.namespace, attribute.value))
            }
            _ => None,
        }
    }

    /// Children that are elements or text; comments and processing instructions are not shown.
    fn shown(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        self.document
            .children(node)
            .filter(|&child| matches!(self.document.kind(child), NodeKind::Element | NodeKind::Text))
    }

    /// The children.
    pub(crate) fn children(&self) -> Vec<Self> {
        if self.part != NodePart::Whole {
            return Vec::new();
        }
        let mut children: Vec<Self> = Vec::new();
        for child in self.shown(self.node) {
            children.push(self.with(child));
        }
        children
    }

    /// The text of the node; an element with elements inside has none.
    pub(crate) fn text(&self) -> Result<Cow<'_, str>, RenderError> {
        if let Some((_, _, value)) = self.attribute() {
            return Ok(Cow::Borrowed(value));
        }
        if let Some(text) = self.document.text(self.node) {
            return Ok(Cow::Borrowed(text));
        }
        if self.is_document() {
            return Err(RenderError::failed("The document node of XML is no text"));
        }
        if let Some(child) = self.document.first_child_element(self.node) {
            return Err(RenderError::failed(format!(
                "Only elements with no child elements can be processed as text. This element with name \"{}\" has a child \
                 element named: {}",
                self.qualified(self.node),
                self.qualified(child)
            )));
        }
        Ok(self.document.direct_text(self.node))
    }

    fn qualified(&self, node: NodeId) -> String {
        self.document.name(node).map_or_else(String::new, |name| match name.prefix {
            "" => name.local.to_owned(),
            prefix => format!("{prefix}:{}", name.local),
        })
    }

    /// Local name, namespace and type.
    pub(crate) fn name(&self) -> &str {
        match self.attribute() {
            Some((local, _, _)) => local,
            None if self.is_element() => self.document.local_name(self.node),
            None if self.is_document() => "@document",
            None => "@text",
        }
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        match self.attribute() {
            Some((_, namespace, _)) => Some(namespace),
            None => self.is_element().then(|| self.document.namespace(self.node)),
        }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self.part {
            NodePart::Whole if self.is_element() => "element",
            NodePart::Whole if self.is_document() => "document",
            NodePart::Whole => "text",
            _ => "attribute",
        }
    }

    pub(crate) fn parent(&self) -> Option<Self> {
        match self.part {
            NodePart::Whole => self.document.parent(self.node).map(|parent| self.with(parent)),
            _ => Some(self.with(self.node)),
        }
    }

    pub(crate) fn root(&self) -> Self {
        self.with(self.document.root())
    }

    pub(crate) fn ancestors(&self) -> Vec<Self> {
        std::iter::successors(self.parent(), Self::parent).collect()
    }

    pub(crate) fn sibling(&self, next: bool, elements: bool) -> Option<Self> {
        if self.part != NodePart::Whole {
            return None;
        }
        let step = |node: &NodeId| {
            if next { self.document.next_sibling(*node) } else { self.document.previous_sibling(*node) }
        };
        std::iter::successors(step(&self.node), step)
            .find(|&node| {
                if elements {
                    self.document.is_element(node)
                } else {
                    matches!(self.document.kind(node), NodeKind::Element | NodeKind::Text)
                }
            })
            .map(|node| self.with(node))
    }

    /// Whether the node has the name that a template uses for it.
    fn is_named(&self, node: NodeId, name: &str, prefixes: &Prefixes) -> bool {
        matches_name(name, self.document.local_name(node), self.document.namespace(node), prefixes)
    }

    /// What a key selects.
    pub(crate) fn get(&self, key: &str, prefixes: &Prefixes) -> Result<Option<Value>, RenderError> {
        if let Some(special) = key.strip_prefix("@@").filter(|special| !special.is_empty()) {
            return Ok(self.special(special));
        }
        if self.is_document() {
            return Ok(Some(match key {
                "*" => list(self.document.child_elements(self.node).map(|node| self.with(node)).collect()),
                "**" => list(self.below()),
                _ if is_name(key) => {
                    let root = self.document.root_element().filter(|&root| self.is_named(root, key, prefixes));
                    root.map_or_else(|| list(Vec::new()), |root| Value::Node(self.with(root)))
                }
                _ => return self.xpath(key, prefixes).map(Some),
            }));
        }
        if !self.is_element() {
            return match key {
                "*" | "**" => Ok(Some(list(Vec::new()))),
                _ if is_name(key) => Ok(Some(list(Vec::new()))),
                _ => self.xpath(key, prefixes).map(Some),
            };
        }
        let attributes = || self.document.attributes(self.node).map(|attribute| self.attribute_node(attribute.id));
        Ok(Some(match key {
            "*" => list(self.document.child_elements(self.node).map(|node| self.with(node)).collect()),
            "**" => list(self.below()),
            "@@" | "@*" => list(attributes().collect()),
            _ if key.strip_prefix('@').is_some_and(is_name) => {
                let name = key.get(1..).unwrap_or("");
                let found = self.document.attributes(self.node).find(|attribute| {
                    let (local, namespace) = (attribute.name.local, attribute.name.namespace);
                    matches_name(name, local, namespace, prefixes) || namespace.is_empty() && name == local
                });
                found.map_or_else(|| list(Vec::new()), |found| Value::Node(self.attribute_node(found.id)))
            }
            _ if is_name(key) => {
                let children = self.document.child_elements(self.node);
                list(
                    children.filter(|&child| self.is_named(child, key, prefixes)).map(|node| self.with(node)).collect(),
                )
            }
            _ => return self.xpath(key, prefixes).map(Some),
        }))
    }

    fn attribute_node(&self, id: mi_xml::AttributeId) -> Self {
        Self { part: NodePart::Attribute(id), ..self.with(self.node) }
    }

    fn below(&self) -> Vec<Self> {
        let below = self.document.descendants(self.node).filter(|&node| self.document.is_element(node));
        below.map(|node| self.with(node)).collect()
    }

    /// `@@name`.
    fn special(&self, name: &str) -> Option<Value> {
        let text = |text: String| Some(Value::from(text));
        let element = self.is_element();
        match name {
            "text" => text(match self.attribute() {
                Some((_, _, value)) => value.to_owned(),
                None => self.document.text_content(self.node).into_owned(),
            }),
            "markup" => text(self.markup()),
            "nested_markup" if element || self.is_document() => {
                text(self.children().iter().map(Self::markup).collect())
            }
            "local_name" => text(self.name().to_owned()),
            "namespace" => text(self.namespace().unwrap_or("").to_owned()),
            "qname" if element => text(self.qualified(self.node)),
            "qname" => text(self.name().to_owned()),
            "start_tag" if element => {
                let all = self.markup();
                let end = all.find('>').map_or(all.len(), |end| end + 1);
                text(all.get(..end).unwrap_or("").replace("/>", ">"))
            }
            "end_tag" if element => text(format!("</{}>", self.qualified(self.node))),
            "attributes_markup" if element => text(
                self.document
                    .attributes(self.node)
                    .map(|attribute| format!(" {}=\"{}\"", attribute.name.local, escape::xml(attribute.value)))
                    .collect(),
            ),
            "previous_sibling_element" => Some(self.sibling(false, true).map_or_else(|| list(Vec::new()), Value::Node)),
            "next_sibling_element" => Some(self.sibling(true, true).map_or_else(|| list(Vec::new()), Value::Node)),
            _ => None,
        }
    }

    fn markup(&self) -> String {
        if let Some((local, _, value)) = self.attribute() {
            return format!("{local}=\"{}\"", escape::xml(value));
        }
        if self.is_document() {
            return self.document.root_element().map(|root| self.document.to_xml(root)).unwrap_or_default();
        }
        self.document.to_xml(self.node)
    }

    fn xpath(&self, key: &str, prefixes: &Prefixes) -> Result<Value, RenderError> {
        let path = XPath::compile(key, prefixes)
            .map_err(|error| RenderError::failed(format!("\"{key}\" is no name and no XPath: {}", error.message)))?;
        let found = path
            .evaluate(self.reference(), &NoEnvironment)
            .map_err(|error| RenderError::failed(format!("The XPath {key} failed: {error}")))?;
        Ok(match found {
            mi_xml::xpath::Value::NodeSet(nodes) => list(
                nodes
                    .iter()
                    .map(|found| Self { document: Arc::clone(&self.document), node: found.node, part: found.part })
                    .collect(),
            ),
            mi_xml::xpath::Value::Boolean(value) => Value::Boolean(value),
            mi_xml::xpath::Value::Number(value) => Value::Number(crate::number::Number::Double(value)),
            mi_xml::xpath::Value::String(value) => Value::from(value.as_ref()),
            _ => list(Vec::new()),
        })
    }
}

/// What a key selects in a list: of its only node what it selects there, of more what it selects in all of them.
pub(crate) fn get_in_list(nodes: &[Node], key: &str, prefixes: &Prefixes) -> Result<Option<Value>, RenderError> {
    if let [node] = nodes {
        return node.get(key, prefixes);
    }
    if let Some(special) = key.strip_prefix("@@").filter(|special| !special.is_empty()) {
        return match special {
            "text" | "markup" | "nested_markup" => {
                let texts = nodes.iter().filter_map(|node| node.special(special));
                Ok(Some(Value::from(texts.filter_map(|text| text.as_str().map(str::to_owned)).collect::<String>())))
            }
            _ => Ok(None),
        };
    }
    let mut found = Vec::new();
    for node in nodes {
        match node.get(key, prefixes)? {
            Some(Value::Node(node)) => found.push(node),
            Some(Value::Nodes(nodes)) => found.extend(nodes.iter().cloned()),
            _ => {}
        }
    }
    Ok(Some(list(found)))
}

/// A list; one node stands for itself.
pub(crate) fn list(mut nodes: Vec<Node>) -> Value {
    match (nodes.len(), nodes.pop()) {
        (1, Some(node)) => Value::Node(node),
        (_, last) => {
            nodes.extend(last);
            Value::Nodes(nodes.into())
        }
    }
}

fn is_name(key: &str) -> bool {
    let mut characters = key.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
        && !key.contains("::")
}

fn matches_name(name: &str, local: &str, namespace: &str, prefixes: &Prefixes) -> bool {
    let (prefix, own) = name.split_once(':').map_or(("", name), |(prefix, own)| (prefix, own));
    if own != local {
        return false;
    }
    let default = prefixes.iter().find(|(prefix, _)| &**prefix == "D").map(|(_, namespace)| &**namespace);
    if default == Some(namespace) && !namespace.is_empty() {
        return matches!(prefix, "" | "D");
    }
    if namespace.is_empty() {
        return prefix == "N" || prefix.is_empty() && default.is_none();
    }
    !prefix.is_empty() && prefixes.iter().any(|(known, uri)| &**known == prefix && &**uri == namespace)
}
