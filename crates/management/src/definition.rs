//! The definition of an artifact, read again: the management API shows what is written, not what became of it.

use mi_xml::{Document, NodeId, ParseOptions};

/// An element of a definition.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    document: &'a Document,
    node: NodeId,
}

/// Parses a definition. It was well-formed when it was deployed.
pub(crate) fn read(definition: &str) -> Option<Document> {
    Document::parse(definition.as_bytes(), &ParseOptions::artifact()).ok()
}

/// A definition as XML in which no property says a password.
pub(crate) fn without_passwords(definition: &str) -> Option<String> {
    let mut document = read(definition)?;
    let root = document.root_element()?;
    let secret = |node: &NodeId| {
        let name = document.attr(*node, "name").unwrap_or_default();
        document.local_name(*node) == "property" && name.to_lowercase().ends_with("password")
    };
    let found: Vec<_> = document.descendants(root).filter(secret).collect();
    for node in found {
        document.set_text(node, "*****");
    }
    Some(document.to_xml(root))
}

/// The root element.
pub(crate) fn root(document: &Document) -> Option<Part<'_>> {
    Some(Part { document, node: document.root_element()? })
}

impl<'a> Part<'a> {
    /// Its local name.
    pub(crate) fn local(self) -> &'a str {
        self.document.name(self.node).map_or("", |name| name.local)
    }

    /// The value of an attribute that has one.
    pub(crate) fn attribute(self, name: &str) -> Option<&'a str> {
        self.document.attribute(self.node, "", name).filter(|value| !value.is_empty())
    }

    /// Its child elements.
    pub(crate) fn children(self) -> impl Iterator<Item = Self> {
        let document = self.document;
        document.child_elements(self.node).map(move |node| Part { document, node })
    }

    /// The first child of this name.
    pub(crate) fn child(self, local: &str) -> Option<Self> {
        self.children().find(|child| child.local() == local)
    }

    /// Its text, trimmed.
    pub(crate) fn text(self) -> String {
        self.document.text_content(self.node).trim().to_owned()
    }

    /// The text of a child.
    pub(crate) fn text_of(self, local: &str) -> Option<String> {
        self.child(local).map(Self::text)
    }

    /// Itself as XML.
    pub(crate) fn to_xml(self) -> String {
        self.document.to_xml(self.node)
    }
}
