//! XML as the input of a mapping, guided by the schema.

use mi_xml::{Document, NodeId};
use serde_json::{Map, Value};

use super::schema::{Schema, field_name, items, member, type_of, typed};

const LOG: &str = "org.wso2.micro.integrator.mediator.datamapper.engine.input.readers.XMLInputReader";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The object for `root`. Elements that the schema does not have are left out.
pub(super) fn read(document: &Document, root: NodeId, schema: &Schema) -> Result<Value, String> {
    let reader = Reader { document, schema };
    if !reader.names(root).contains(&schema.title) {
        let name = reader.names(root).into_iter().next().unwrap_or_default();
        return Err(format!("Invalid element found in the message payload :{name}"));
    }
    let mut out = Map::new();
    reader.content(root, &schema.root, &mut out)?;
    Ok(Value::Object(out))
}

struct Reader<'a> {
    document: &'a Document,
    schema: &'a Schema,
}

impl Reader<'_> {
    /// The names that the schema may have for an element, the likeliest first: with the prefixes that the schema has for
    /// its namespace, and with its `xsi:type`.
    fn names(&self, element: NodeId) -> Vec<String> {
        let local = self.document.local_name(element);
        let plain = self.qualified(self.document.namespace(element), local);
        let Some(kind) = self.document.attribute(element, XSI, "type") else { return plain };
        let (prefix, kind) = kind.split_once(':').unwrap_or(("", kind));
        let uri = self.document.lookup_namespace(element, prefix).unwrap_or_default();
        let mut kinds = self.qualified(uri, kind);
        if !prefix.is_empty() {
            kinds.push(format!("{prefix}:{kind}"));
        }
        let mut names = Vec::new();
        for name in &plain {
            for xsi in self.schema.xsi_prefixes() {
                names.extend(kinds.iter().map(|kind| format!("{name},{xsi}:type={kind}")));
            }
        }
        names.extend(plain);
        names
    }

    fn qualified(&self, uri: &str, local: &str) -> Vec<String> {
        let mut names: Vec<String> = self.schema.prefixes(uri).map(|prefix| format!("{prefix}:{local}")).collect();
        names.push(local.to_owned());
        names
    }

    /// Attributes and children of an element of `schema`.
    fn content(
        &self,
        element: NodeId,
        schema: &Map<String, Value>,
        out: &mut Map<String, Value>,
    ) -> Result<(), String> {
        self.attributes(element, schema, out)?;
        for child in self.document.child_elements(element) {
            let names = self.names(child);
            let found = names.iter().find_map(|name| member(schema, name).map(|schema| (name, schema)));
            match found {
                Some((name, schema)) => self.child(child, name, schema, out)?,
                None => {
                    let name = names.first().map_or("", String::as_str);
                    tracing::warn!(target: LOG, "Element name not found : {name}");
                }
            }
        }
        Ok(())
    }

    fn attributes(
        &self,
        element: NodeId,
        schema: &Map<String, Value>,
        out: &mut Map<String, Value>,
    ) -> Result<(), String> {
        for attribute in self.document.attributes(element) {
            let names = self.qualified(attribute.name.namespace, attribute.name.local);
            let known = names.iter().find_map(|name| member(schema, name).map(|schema| (name, schema)));
            let (name, kind) = match known {
                Some((name, schema)) => (name.as_str(), type_of(schema)),
                None => (names.first().map_or("", String::as_str), "string"),
            };
            out.insert(format!("attr_{}", field_name(name)), typed(attribute.value, kind)?);
        }
        Ok(())
    }

    fn child(
        &self,
        child: NodeId,
        name: &str,
        schema: &Map<String, Value>,
        out: &mut Map<String, Value>,
    ) -> Result<(), String> {
        if self.document.attribute(child, XSI, "nil").is_some_and(|nil| nil.eq_ignore_ascii_case("true")) {
            return Ok(());
        }
        let key = field_name(name);
        match type_of(schema) {
            "array" => {
                let no_items = || format!("Given schema does not contain value under key : items ({name})");
                let item = self.value(child, items(schema).ok_or_else(no_items)?)?;
                match out.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
                    Value::Array(list) => list.push(item),
                    other => *other = Value::Array(vec![item]),
                }
            }
            "null" => {}
            kind => {
                let value = self.value(child, schema)?;
                out.insert(key, value);
                if kind != "object" {
                    // MI writes the attributes of an element with nothing but text beside that text.
                    self.attributes(child, schema, out)?;
                }
            }
        }
        Ok(())
    }

    fn value(&self, element: NodeId, schema: &Map<String, Value>) -> Result<Value, String> {
        let text = self.document.direct_text(element);
        match type_of(schema) {
            "object" => {
                let mut out = Map::new();
                if let Some(Value::Object(value)) = schema.get("value") {
                    out.insert("_ELEMVAL".to_owned(), typed(&text, type_of(value))?);
                }
                self.content(element, schema, &mut out)?;
                Ok(Value::Object(out))
            }
            kind => typed(&text, kind),
        }
    }
}
