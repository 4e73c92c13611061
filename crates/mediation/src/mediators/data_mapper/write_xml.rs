//! The result of a mapping as XML, by the output schema.

use mi_payload::XmlFragment;
use mi_xml::{Document, NodeId};
use serde_json::{Map, Value};

use super::schema::{Schema, TYPE_SEPARATOR, decode};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The element that the schema's title names, with the result in it.
pub(super) fn write(result: &Value, schema: &Schema) -> Result<XmlFragment, String> {
    let Value::Object(members) = result else { return Err("Failed to execute mapping function".to_owned()) };
    let mut writer = Writer { document: Document::new(), schema };
    let root = writer.element(&schema.title)?;
    let document_node = writer.document.root();
    writer.document.append_child(document_node, root);
    for (prefix, uri) in &schema.namespaces {
        writer.document.declare_namespace(root, prefix, uri);
    }
    writer.members(root, members)?;
    Ok(XmlFragment::new(writer.document, root))
}

/// A field as text: numbers as Java prints them.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.to_string(),
            None => number.as_f64().map(mi_payload::java::double_to_string).unwrap_or_default(),
        },
        other => other.to_string(),
    }
}

struct Writer<'a> {
    document: Document,
    schema: &'a Schema,
}

impl<'a> Writer<'a> {
    /// A detached element for a key (`prefix_name`), with `xsi:type` if the key is for one.
    fn element(&mut self, key: &str) -> Result<NodeId, String> {
        let key = decode(key);
        let (name, kind) = match key.split_once(TYPE_SEPARATOR) {
            Some((name, kind)) => (name, Some(kind)),
            None => (key.as_str(), None),
        };
        let (prefix, uri, local) = self.name(name);
        if !mi_xml::chars::is_ncname(local) {
            return Err(format!("{name} is no name of an XML element"));
        }
        let element = self.document.create_element(prefix, uri, local);
        let kind = kind.and_then(|kind| {
            self.schema.xsi_prefixes().find_map(|xsi| {
                kind.strip_prefix(xsi)?.strip_prefix("_type_").map(|kind| (xsi, kind.replacen('_', ":", 1)))
            })
        });
        if let Some((xsi, kind)) = kind {
            self.document.set_attribute(element, xsi, XSI, "type", &kind);
        }
        Ok(element)
    }

    /// Prefix, namespace and local name of `prefix_name` or `prefix:name`.
    fn name<'n>(&self, name: &'n str) -> (&'n str, &'a str, &'n str) {
        let schema = self.schema;
        let parts = name.split_once(':').or_else(|| name.split_once('_'));
        match parts.and_then(|(prefix, local)| Some((prefix, schema.namespace(prefix)?, local))) {
            Some(found) => found,
            None => ("", "", name),
        }
    }

    fn members(&mut self, element: NodeId, members: &Map<String, Value>) -> Result<(), String> {
        for (key, value) in members {
            self.attribute(element, key, value)?;
        }
        for (key, value) in members {
            if is_attribute(key) {
                continue;
            }
            if key == "_ELEMVAL" {
                self.text(element, value);
                continue;
            }
            // `nameATTR` has the attributes of `name`.
            if let Some(name) = key.strip_suffix("ATTR").filter(|name| !name.is_empty()) {
                if !members.contains_key(name) {
                    self.child(element, name, &Value::String(String::new()), Some(value))?;
                }
                continue;
            }
            let attributes = members.get(&format!("{key}ATTR"));
            match value {
                Value::Array(items) => {
                    for item in items {
                        self.child(element, key, item, attributes)?;
                    }
                }
                other => self.child(element, key, other, attributes)?,
            }
        }
        Ok(())
    }

    fn child(&mut self, parent: NodeId, key: &str, value: &Value, attributes: Option<&Value>) -> Result<(), String> {
        if value.is_null() {
            return Ok(());
        }
        let element = self.element(key)?;
        self.document.append_child(parent, element);
        if let Some(Value::Object(attributes)) = attributes {
            for (key, value) in attributes {
                self.attribute(element, key, value)?;
            }
        }
        match value {
            Value::Object(members) => self.members(element, members),
            Value::Array(items) => items.iter().try_for_each(|item| self.child(element, key, item, None)),
            other => {
                self.text(element, other);
                Ok(())
            }
        }
    }

    fn text(&mut self, element: NodeId, value: &Value) {
        let text = text_of(value);
        if !text.is_empty() {
            let node = self.document.create_text(&text);
            self.document.append_child(element, node);
        }
    }

    fn attribute(&mut self, element: NodeId, key: &str, value: &Value) -> Result<(), String> {
        if !is_attribute(key) || value.is_null() {
            return Ok(());
        }
        let key = decode(key.trim_start_matches("attr_"));
        let (prefix, uri, local) = self.name(&key);
        if !mi_xml::chars::is_ncname(local) {
            return Err(format!("{key} is no name of an XML attribute"));
        }
        self.document.set_attribute(element, prefix, uri, local, &text_of(value));
        Ok(())
    }
}

fn is_attribute(key: &str) -> bool {
    key.starts_with("attr_")
}
