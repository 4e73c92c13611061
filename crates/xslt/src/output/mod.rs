//! `xsl:output`, and the text that a result becomes.

mod html;
mod xml;

use mi_xml::{Document, NodeId, NodeKind};

/// How a result is written.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Method {
    /// As XML.
    Xml,
    /// As HTML: void elements without end tag, scripts unescaped.
    Html,
    /// Its text alone.
    Text,
}

/// What `xsl:output` says. What it does not say is `None` or empty.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OutputSettings {
    /// The method; without one it is HTML if the root element is `html` in no namespace, else XML.
    pub method: Option<Method>,
    /// The encoding to be named in the declaration. Default UTF-8; the text itself is always UTF-8.
    pub encoding: Option<String>,
    /// Leave out the XML declaration.
    pub omit_declaration: Option<bool>,
    /// The `standalone` value of the declaration.
    pub standalone: Option<bool>,
    /// Put each element on a line of its own. Default for HTML: yes, which is not done here.
    pub indent: Option<bool>,
    /// The system identifier of the document type.
    pub doctype_system: Option<String>,
    /// The public identifier of the document type.
    pub doctype_public: Option<String>,
    /// The media type.
    pub media_type: Option<String>,
    /// Elements whose text is written as CDATA sections, as (namespace, local name).
    pub cdata_elements: Vec<(String, String)>,
}

impl OutputSettings {
    /// The method for a result.
    pub(crate) fn method_for(&self, document: &Document) -> Method {
        self.method.unwrap_or_else(|| {
            let first = document.children(document.root()).find(|&id| match document.kind(id) {
                NodeKind::Text => document.text(id).is_some_and(|text| !text.trim().is_empty()),
                kind => kind == NodeKind::Element,
            });
            let is_html =
                |id: NodeId| document.namespace(id).is_empty() && document.local_name(id).eq_ignore_ascii_case("html");
            if first.is_some_and(is_html) { Method::Html } else { Method::Xml }
        })
    }

    /// Whether text in the element is written as CDATA sections.
    pub(crate) fn is_cdata(&self, namespace: &str, local: &str) -> bool {
        self.cdata_elements.iter().any(|(known, name)| known == namespace && name == local)
    }
}

/// The result as text. `raw` are texts to be written as they are.
pub(crate) fn write(document: &Document, raw: &[NodeId], settings: &OutputSettings) -> String {
    match settings.method_for(document) {
        Method::Xml => xml::write(document, raw, settings),
        Method::Html => html::write(document, raw, settings),
        Method::Text => document.text_content(document.root()).into_owned(),
    }
}

/// The result as XML, whatever the settings say.
pub(crate) fn write_as_xml(document: &Document, raw: &[NodeId], settings: &OutputSettings) -> String {
    xml::write(document, raw, settings)
}

/// The document type declaration for a root element, if the settings ask for one.
fn doctype(out: &mut String, root: &str, settings: &OutputSettings) {
    let (public, system) = (&settings.doctype_public, &settings.doctype_system);
    let text = match (public, system) {
        (Some(public), Some(system)) => format!("<!DOCTYPE {root} PUBLIC \"{public}\" \"{system}\">\n"),
        (None, Some(system)) => format!("<!DOCTYPE {root} SYSTEM \"{system}\">\n"),
        (Some(public), None) => format!("<!DOCTYPE {root} PUBLIC \"{public}\">\n"),
        (None, None) => return,
    };
    out.push_str(&text);
}

fn escape_text(out: &mut String, text: &str) {
    escape(out, text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#13;"),
        _ => None,
    });
}

fn escape_attribute(out: &mut String, text: &str) {
    escape(out, text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\n' => Some("&#10;"),
        '\t' => Some("&#9;"),
        '\r' => Some("&#13;"),
        _ => None,
    });
}

fn escape(out: &mut String, text: &str, reference: fn(char) -> Option<&'static str>) {
    for c in text.chars() {
        match reference(c) {
            Some(reference) => out.push_str(reference),
            None => out.push(c),
        }
    }
}

/// A node on the way through a tree.
enum Visit {
    /// Its beginning.
    Enter(NodeId),
    /// The end of an element that has children.
    Leave(NodeId),
}

/// Walks over what lies below the document node, without recursion.
fn walk(document: &Document, mut visitor: impl FnMut(Visit)) {
    let root = document.root();
    let mut at = document.first_child(root);
    while let Some(id) = at {
        visitor(Visit::Enter(id));
        if let Some(child) = document.first_child(id) {
            at = Some(child);
            continue;
        }
        let mut from = id;
        at = loop {
            if let Some(next) = document.next_sibling(from) {
                break Some(next);
            }
            match document.parent(from) {
                Some(parent) if parent != root => {
                    visitor(Visit::Leave(parent));
                    from = parent;
                }
                _ => break None,
            }
        };
    }
}

/// `prefix:local` of an element.
fn qualified(document: &Document, id: NodeId) -> String {
    document.name(id).map_or_else(String::new, |name| name.to_string())
}
