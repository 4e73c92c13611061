//! Requests in JSON as the elements that data services read: a member is an element, an array several ones, and `null` is
//! what XML calls nil. Names need not be XML's: nobody writes this tree.

use mi_xml::{Document, NodeId};
use serde_json::Value;

use crate::data_service::XSI;

/// The element that a body is: its only member, when that has members itself, else the body without a name.
pub(super) fn element(body: &Value) -> (Document, NodeId) {
    let mut document = Document::new();
    let only = body.as_object().filter(|members| members.len() == 1).and_then(|members| members.iter().next());
    let (name, value) = match only {
        Some((name, value @ Value::Object(_))) => (name.as_str(), value),
        _ => ("", body),
    };
    let root = document.create_element("", "", name);
    fill(&mut document, root, value);
    document.append_child(document.root(), root);
    (document, root)
}

fn fill(document: &mut Document, element: NodeId, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let items = match value {
                    Value::Array(items) => items.as_slice(),
                    one => std::slice::from_ref(one),
                };
                for item in items {
                    let child = document.create_element("", "", name);
                    fill(document, child, item);
                    document.append_child(element, child);
                }
            }
        }
        Value::Null => document.set_attribute(element, "xsi", XSI, "nil", "true"),
        Value::String(text) => document.set_text(element, text),
        // An array in an array is no parameter of anything; it is shown as it is.
        other => document.set_text(element, &other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_elements() {
        let text = |body: &str| {
            let (document, root) = element(&serde_json::from_str(body).expect("JSON"));
            let children = document.child_elements(root).map(|child| {
                let nil = document.attribute(child, XSI, "nil").map_or("", |_| "!");
                format!("{}{nil}={}", document.local_name(child), document.text_content(child))
            });
            let children: Vec<_> = children.collect();
            format!("{}: {}", document.local_name(root), children.join(" "))
        };
        assert_eq!(
            text(r#"{"op": {"a": 1.50, "b": [true, "x"], "c": null, "d": ""}}"#),
            "op: a=1.50 b=true b=x c!= d="
        );
        assert_eq!(text(r#"{"a": 1}"#), ": a=1");
        assert_eq!(text(r#"{"op": {"a": [[1]]}}"#), "op: a=[1]");
        assert_eq!(text("[1]"), ": ");
    }
}
