//! The output method `html`.

use std::fmt::Write;

use mi_xml::{Document, NodeId, NodeKind};

use super::{OutputSettings, Visit, doctype, escape_text, qualified, walk};

/// Elements without content and end tag.
const VOID: [&str; 14] = [
    "area", "base", "basefont", "br", "col", "frame", "hr", "img", "input", "isindex", "link", "meta", "param", "embed",
];

/// Attributes that are written without value when they have their own name as value.
const FLAGS: [&str; 12] = [
    "checked", "compact", "declare", "defer", "disabled", "ismap", "multiple", "nohref", "noresize", "noshade",
    "readonly", "selected",
];

pub(super) fn write(document: &Document, raw: &[NodeId], settings: &OutputSettings) -> String {
    let mut out = String::new();
    if settings.doctype_public.is_some() || settings.doctype_system.is_some() {
        doctype(&mut out, "html", settings);
    }
    walk(document, |visit| match visit {
        Visit::Enter(id) => enter(document, id, raw, settings, &mut out),
        Visit::Leave(id) => end(document, id, &mut out),
    });
    out
}

fn enter(document: &Document, id: NodeId, raw: &[NodeId], settings: &OutputSettings, out: &mut String) {
    let text = document.text(id).unwrap_or("");
    match document.kind(id) {
        NodeKind::Document => {}
        NodeKind::Element => start(document, id, settings, out),
        NodeKind::Text if raw.contains(&id) || in_script(document, id) => out.push_str(text),
        NodeKind::Text => escape_text(out, text),
        NodeKind::Comment => {
            let _ = write!(out, "<!--{text}-->");
        }
        NodeKind::ProcessingInstruction => {
            let _ = write!(out, "<?{} {text}>", document.local_name(id));
        }
    }
}

fn start(document: &Document, id: NodeId, settings: &OutputSettings, out: &mut String) {
    out.push('<');
    out.push_str(&qualified(document, id));
    for (prefix, uri) in document.namespace_declarations(id).filter(|(_, uri)| !uri.is_empty()) {
        let colon = if prefix.is_empty() { "" } else { ":" };
        let _ = write!(out, " xmlns{colon}{prefix}=\"{uri}\"");
    }
    for attribute in document.attributes(id) {
        let name = attribute.name.to_string();
        let _ = write!(out, " {name}");
        let is_flag = FLAGS.contains(&name.to_ascii_lowercase().as_str());
        if !(is_flag && attribute.value.eq_ignore_ascii_case(&name)) {
            out.push_str("=\"");
            attribute_value(attribute.value, out);
            out.push('"');
        }
    }
    out.push('>');
    if is_html(document, id, "head") {
        let media = settings.media_type.as_deref().unwrap_or("text/html");
        let encoding = settings.encoding.as_deref().unwrap_or("UTF-8");
        let _ = write!(out, "<meta http-equiv=\"Content-Type\" content=\"{media}; charset={encoding}\">");
    }
    if document.first_child(id).is_none() {
        end(document, id, out);
    }
}

fn end(document: &Document, id: NodeId, out: &mut String) {
    let void = document.namespace(id).is_empty()
        && VOID.contains(&document.local_name(id).to_ascii_lowercase().as_str())
        && document.first_child(id).is_none();
    if !void {
        let _ = write!(out, "</{}>", qualified(document, id));
    }
}

/// HTML leaves `<` in attribute values alone, and `&` before `{`.
fn attribute_value(value: &str, out: &mut String) {
    let mut rest = value.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '&' if rest.peek() != Some(&'{') => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
}

fn in_script(document: &Document, id: NodeId) -> bool {
    document.parent(id).is_some_and(|parent| is_html(document, parent, "script") || is_html(document, parent, "style"))
}

fn is_html(document: &Document, id: NodeId, name: &str) -> bool {
    document.is_element(id) && document.namespace(id).is_empty() && document.local_name(id).eq_ignore_ascii_case(name)
}
