//! The output method `xml`.

use std::fmt::Write;

use mi_xml::{Document, NodeId, NodeKind};

use super::{OutputSettings, Visit, doctype, escape_attribute, escape_text, qualified, walk};

pub(super) fn write(document: &Document, raw: &[NodeId], settings: &OutputSettings) -> String {
    let mut out = String::new();
    if settings.omit_declaration != Some(true) || settings.standalone.is_some() {
        let encoding = settings.encoding.as_deref().unwrap_or("UTF-8");
        out.push_str("<?xml version=\"1.0\" encoding=\"");
        out.push_str(encoding);
        out.push('"');
        if let Some(standalone) = settings.standalone {
            out.push_str(if standalone { " standalone=\"yes\"" } else { " standalone=\"no\"" });
        }
        out.push_str("?>");
    }
    if let Some(root) = document.root_element()
        && settings.doctype_system.is_some()
    {
        out.push('\n');
        doctype(&mut out, &qualified(document, root), settings);
    }
    let mut writer = Writer { document, raw, indent: settings.indent == Some(true), depth: 0, out };
    walk(document, |visit| writer.visit(&visit));
    writer.out
}

struct Writer<'d> {
    document: &'d Document,
    raw: &'d [NodeId],
    indent: bool,
    depth: usize,
    out: String,
}

impl Writer<'_> {
    fn visit(&mut self, visit: &Visit) {
        match *visit {
            Visit::Enter(id) => self.enter(id),
            Visit::Leave(id) => {
                self.depth = self.depth.saturating_sub(1);
                if self.indent && !self.mixed(id) {
                    self.line();
                }
                let _ = write!(self.out, "</{}>", qualified(self.document, id));
            }
        }
    }

    fn enter(&mut self, id: NodeId) {
        let document = self.document;
        let text = document.text(id).unwrap_or("");
        let kind = document.kind(id);
        let inside_mixed = document.parent(id).is_some_and(|parent| self.mixed(parent));
        if self.indent && !inside_mixed && kind != NodeKind::Text && !self.out.is_empty() {
            self.line();
        }
        match kind {
            NodeKind::Document => {}
            NodeKind::Element => self.element(id),
            NodeKind::Text if self.raw.contains(&id) => self.out.push_str(text),
            NodeKind::Text if document.is_cdata(id) => {
                self.out.push_str("<![CDATA[");
                self.out.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
                self.out.push_str("]]>");
            }
            NodeKind::Text => escape_text(&mut self.out, text),
            NodeKind::Comment => {
                let _ = write!(self.out, "<!--{text}-->");
            }
            NodeKind::ProcessingInstruction => {
                let gap = if text.is_empty() { "" } else { " " };
                let _ = write!(self.out, "<?{}{gap}{text}?>", document.local_name(id));
            }
        }
    }

    fn element(&mut self, id: NodeId) {
        let document = self.document;
        let name = qualified(document, id);
        self.out.push('<');
        self.out.push_str(&name);
        for (prefix, uri) in document.namespace_declarations(id) {
            self.out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.out.push_str(prefix);
            self.value(uri);
        }
        for attribute in document.attributes(id) {
            let _ = write!(self.out, " {}", attribute.name);
            self.value(attribute.value);
        }
        if document.first_child(id).is_some() {
            self.out.push('>');
            self.depth += 1;
        } else {
            self.out.push_str("/>");
        }
    }

    fn value(&mut self, value: &str) {
        self.out.push_str("=\"");
        escape_attribute(&mut self.out, value);
        self.out.push('"');
    }

    /// Whether the element has text, so that white space in it would mean something.
    fn mixed(&self, id: NodeId) -> bool {
        self.document.is_element(id)
            && self.document.children(id).any(|child| self.document.kind(child) == NodeKind::Text)
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }
}
