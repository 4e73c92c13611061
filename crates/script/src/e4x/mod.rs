//! E4X, the XML syntax of Rhino, by translation to JavaScript (spec: mediators 14).
//!
//! XML literals become calls that parse text, and the operators on XML become property keys: `a..*::b` reads `a["..{*}b"]`.
//! The objects behind them are in `e4x.js`. What is not there: comparing two XML objects by content, `+` and `+=` on lists,
//! an empty list being equal to `undefined`, and `typeof x == "xml"` (it is `"function"`).

mod literal;
mod translate;

use mi_xml::{Document, NodeId, NodeKind, ParseOptions};

pub(crate) use translate::translate;

/// The objects of E4X.
pub(crate) const RUNTIME: &str = include_str!("e4x.js");

/// The tree of an XML text as JSON: an element is `[uri, prefix, local, [[prefix, uri]…], [[uri, prefix, local,
/// value]…], [child…]]`, a text a string. Comments and processing instructions are left out, as E4X does by default.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let document = Document::parse(text.as_bytes(), &ParseOptions::default()).map_err(|error| error.to_string())?;
    let root = document.root_element().ok_or("there is no element")?;
    let mut out = String::with_capacity(text.len() * 2);
    let mut at = root;
    'walk: loop {
        let mut inside = None;
        match document.kind(at) {
            NodeKind::Element => {
                begin(&document, at, &mut out);
                inside = document.first_child(at);
                if inside.is_none() {
                    out.push_str("]]");
                }
            }
            NodeKind::Text => out.push_str(&quoted(document.text(at).unwrap_or_default())),
            // A comma stands on each side, so something must be between: empty texts are dropped by the reader.
            _ => out.push_str("\"\""),
        }
        if let Some(inside) = inside {
            at = inside;
            continue;
        }
        loop {
            if at == root {
                break 'walk;
            }
            if let Some(next) = document.next_sibling(at) {
                out.push(',');
                at = next;
                break;
            }
            let Some(parent) = document.parent(at) else { break 'walk };
            out.push_str("]]");
            at = parent;
        }
    }
    Ok(out)
}

/// An element up to its first child.
fn begin(document: &Document, id: NodeId, out: &mut String) {
    let name = document.name(id);
    let (uri, prefix, local) = name.map_or(("", "", ""), |name| (name.namespace, name.prefix, name.local));
    let declarations: Vec<_> = document.namespace_declarations(id).map(|(prefix, uri)| list(&[prefix, uri])).collect();
    let attributes = document.attributes(id).map(|attribute| {
        let name = attribute.name;
        list(&[name.namespace, name.prefix, name.local, attribute.value])
    });
    let attributes: Vec<_> = attributes.collect();
    let (uri, prefix, local) = (quoted(uri), quoted(prefix), quoted(local));
    out.push_str(&format!("[{uri},{prefix},{local},[{}],[{}],[", declarations.join(","), attributes.join(",")));
}

fn list(texts: &[&str]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_tree_becomes_json() {
        let json = parse("<p:a xmlns:p='u' b='1'>x<!-- y --><c/></p:a>").expect("well formed");
        let expected = r#"["u","p","a",[["p","u"]],[["","","b","1"]],["x","",["","","c",[],[],[]]]]"#;
        assert_eq!(json, expected);
        assert!(parse("<a>").is_err());
        let deep = parse(&format!("{}{}", "<a>".repeat(900), "</a>".repeat(900))).expect("well formed");
        assert_eq!(deep.matches(']').count(), 900 * 4);
    }
}
