//! The writer.

use crate::document::{Document, NodeId, NodeKind, same_text};
use crate::names::{NameId, NamespaceId};

/// How an element without children is written.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum EmptyElement {
    /// `<a />`, as Axiom does.
    #[default]
    Spaced,
    /// `<a/>`.
    Tight,
}

/// How a tree is written. The default: no XML declaration, `<a />`.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct WriteOptions<'a> {
    /// Write `<?xml version='1.0' encoding='…'?>` with this encoding first. The output is UTF-8 all the same; whoever
    /// encodes it differently says so here.
    pub declaration: Option<&'a str>,
    /// The `standalone` value of the declaration.
    pub standalone: Option<bool>,
    /// How an element without children is written. An element with an empty text is always `<a></a>`.
    pub empty: EmptyElement,
}

impl Document {
    /// Appends the node, with everything below it, to `out`, as UTF-8. Namespaces that the names use and that are
    /// declared above the node (or nowhere) are declared where they are needed.
    pub fn write(&self, node: NodeId, out: &mut Vec<u8>, options: &WriteOptions<'_>) {
        if let Some(encoding) = options.declaration {
            out.extend_from_slice(b"<?xml version='1.0' encoding='");
            out.extend_from_slice(encoding.as_bytes());
            out.push(b'\'');
            if let Some(standalone) = options.standalone {
                out.extend_from_slice(if standalone { b" standalone='yes'" } else { b" standalone='no'" });
            }
            out.extend_from_slice(b"?>");
        }
        Writer { document: self, out, empty: options.empty, scope: Vec::new(), counts: Vec::new(), settled: None }
            .tree(node);
    }

    /// The node, with everything below it, as text, written with the default options.
    pub fn to_xml(&self, node: NodeId) -> String {
        let mut out = Vec::new();
        self.write(node, &mut out, &WriteOptions::default());
        String::from_utf8(out).unwrap_or_default()
    }
}

struct Writer<'a, 'o> {
    document: &'a Document,
    out: &'o mut Vec<u8>,
    empty: EmptyElement,
    /// The declarations written so far and still in scope, innermost last.
    scope: Vec<(&'a str, &'a str)>,
    /// The length of `scope` before each open element that added to it.
    counts: Vec<(NodeId, usize)>,
    /// The namespace and prefix that were last found declared in `scope`: most elements have those of the one before.
    settled: Option<(NamespaceId, &'a str)>,
}

impl<'a> Writer<'a, '_> {
    fn tree(&mut self, top: NodeId) {
        let mut at = top;
        loop {
            self.open(at);
            let first = self.document.node(at).first_child();
            if first != NodeId::NONE {
                at = first;
                continue;
            }
            // Close what ends here, up to the next node that has something after it.
            loop {
                if at == top {
                    return;
                }
                let node = self.document.node(at);
                if node.next != NodeId::NONE {
                    at = node.next;
                    break;
                }
                at = node.parent;
                self.close(at);
                if at == NodeId::NONE {
                    return;
                }
            }
        }
    }

    fn open(&mut self, id: NodeId) {
        let document = self.document;
        let node = document.node(id);
        match node.kind() {
            NodeKind::Document => {}
            NodeKind::Element => self.start_tag(id, node.name(), node.first_child() == NodeId::NONE),
            NodeKind::Text => {
                let text = node.text().of(&document.text);
                if node.is_cdata() && !text.contains("]]>") {
                    self.surrounded("<![CDATA[", text, "]]>");
                } else {
                    escape_text(text, self.out);
                }
            }
            NodeKind::Comment => self.surrounded("<!--", node.text().of(&document.text), "-->"),
            NodeKind::ProcessingInstruction => {
                let text = node.text().of(&document.text);
                self.push("<?");
                self.push(document.names.qualified(node.name()));
                self.surrounded(if text.is_empty() { "" } else { " " }, text, "?>");
            }
        }
    }

    fn start_tag(&mut self, id: NodeId, name: NameId, childless: bool) {
        let document = self.document;
        let before = self.scope.len();
        let has_attributes = document.attr_entry(document.node(id).first_attribute()).is_some();
        if has_attributes {
            self.scope.extend(document.namespace_declarations(id));
            if self.scope.len() > before {
                self.settled = None;
            }
        }
        self.push("<");
        self.push(document.names.qualified(name));
        self.declare_missing(name, true);
        if has_attributes {
            for (_, attr) in document.attribute_entries(id) {
                self.declare_missing(attr.name, false);
            }
            for (_, attr) in document.attribute_entries(id) {
                if self.is_overruled(attr.name, attr.value.of(&document.text)) {
                    continue;
                }
                self.push(" ");
                self.push(document.names.qualified(attr.name));
                self.push("=\"");
                escape_attribute(attr.value.of(&document.text), self.out);
                self.push("\"");
            }
        }
        if childless {
            self.leave(before);
            self.push(match self.empty {
                EmptyElement::Spaced => " />",
                EmptyElement::Tight => "/>",
            });
            return;
        }
        self.push(">");
        if self.scope.len() > before {
            self.counts.push((id, before));
        }
    }

    fn close(&mut self, id: NodeId) {
        let node = self.document.node(id);
        if !node.is_element() {
            return;
        }
        self.push("</");
        self.push(self.document.names.qualified(node.name()));
        self.push(">");
        if let Some(&(owner, before)) = self.counts.last()
            && owner == id
        {
            self.leave(before);
            self.counts.pop();
        }
    }

    /// Forgets the declarations that are not in scope any more.
    fn leave(&mut self, before: usize) {
        if self.scope.len() > before {
            self.scope.truncate(before);
            self.settled = None;
        }
    }

    /// Whether the attribute declares a prefix that a name on the same element needed for another namespace.
    fn is_overruled(&self, name: NameId, uri: &str) -> bool {
        if self.document.names.namespace_of(name) != NamespaceId::XMLNS {
            return false;
        }
        let name = self.document.names.qname(name);
        let declared = if name.prefix.is_empty() { "" } else { name.local };
        self.scope.iter().rev().find(|(prefix, _)| *prefix == declared).is_some_and(|(_, bound)| *bound != uri)
    }

    /// Writes and remembers a declaration for the name's prefix unless the right one is in scope.
    fn declare_missing(&mut self, name: NameId, element: bool) {
        let names = &self.document.names;
        let namespace = names.namespace_of(name);
        if matches!(namespace, NamespaceId::XML | NamespaceId::XMLNS)
            || (namespace == NamespaceId::NONE && (!element || self.scope.is_empty()))
        {
            return;
        }
        let prefix = names.prefix(name);
        if self.settled.is_some_and(|(known, declared)| known == namespace && same_text(declared, prefix)) {
            return;
        }
        let qname = names.qname(name);
        let bound =
            self.scope.iter().rev().find(|(prefix, _)| same_text(prefix, qname.prefix)).map_or("", |(_, uri)| uri);
        let declared = same_text(bound, qname.namespace);
        self.settled = declared.then_some((namespace, prefix));
        if declared || (!element && qname.prefix.is_empty()) {
            return;
        }
        self.push(if qname.prefix.is_empty() { " xmlns" } else { " xmlns:" });
        self.push(qname.prefix);
        self.push("=\"");
        escape_attribute(qname.namespace, self.out);
        self.push("\"");
        self.scope.push((qname.prefix, qname.namespace));
    }

    fn surrounded(&mut self, before: &str, text: &str, after: &str) {
        self.push(before);
        self.push(text);
        self.push(after);
    }

    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// Appends character data: `&`, `<`, `>` and carriage return become references.
pub fn escape_text(text: &str, out: &mut Vec<u8>) {
    escape(text, out, IN_TEXT);
}

/// Appends an attribute value for double quotes: `&`, `<`, `"` and white space other than blanks become references.
pub fn escape_attribute(text: &str, out: &mut Vec<u8>) {
    escape(text, out, IN_ATTRIBUTE);
}

const IN_TEXT: u8 = 1;
const IN_ATTRIBUTE: u8 = 2;

/// Where a byte has to be written as a reference.
static ESCAPED: [u8; 256] = {
    let mut table = [0; 256];
    table[b'&' as usize] = IN_TEXT | IN_ATTRIBUTE;
    table[b'<' as usize] = IN_TEXT | IN_ATTRIBUTE;
    table[b'\r' as usize] = IN_TEXT | IN_ATTRIBUTE;
    table[b'>' as usize] = IN_TEXT;
    table[b'"' as usize] = IN_ATTRIBUTE;
    table[b'\t' as usize] = IN_ATTRIBUTE;
    table[b'\n' as usize] = IN_ATTRIBUTE;
    table
};

fn escape(text: &str, out: &mut Vec<u8>, place: u8) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| ESCAPED[byte as usize] & place != 0) {
        let (clean, special) = rest.split_at(at);
        out.extend_from_slice(clean);
        if let Some((&byte, after)) = special.split_first() {
            out.extend_from_slice(reference(byte));
            rest = after;
        }
    }
    out.extend_from_slice(rest);
}

fn reference(byte: u8) -> &'static [u8] {
    match byte {
        b'&' => b"&amp;",
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'"' => b"&quot;",
        b'\t' => b"&#x9;",
        b'\n' => b"&#xa;",
        _ => b"&#xd;",
    }
}
