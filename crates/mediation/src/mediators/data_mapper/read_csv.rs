//! CSV as the input of a mapping: a row is an object with the members of the schema in their order.

use mi_payload::Payload;
use serde_json::{Map, Value};

use super::schema::{Schema, items, type_of, typed};
use crate::context::MessageContext;

/// The CSV text of a message: a text payload, or what stands in an element `text`.
pub(super) fn text(context: &MessageContext) -> Option<String> {
    if let Payload::Text(text) = &context.payload {
        return Some(text.as_str().to_owned());
    }
    let envelope = context.payload.envelope(&context.configuration.settings.json).ok()?;
    let first = envelope.payload().filter(|&node| envelope.document.local_name(node) == "text")?;
    Some(envelope.document.direct_text(first).into_owned())
}

/// The rows of `text`. There is no quoting, and no row is taken for a head.
pub(super) fn read(text: &str, schema: &Schema) -> Result<Value, String> {
    let row = items(&schema.root).and_then(|row| row.get("properties")).and_then(Value::as_object);
    let members: Vec<(&String, &str)> = row
        .ok_or("the schema of CSV has no items with properties")?
        .iter()
        .map(|(name, member)| (name, member.as_object().map_or("null", type_of)))
        .collect();
    let mut rows = Vec::new();
    let text = text.trim_end_matches(['\n', '\r']);
    for line in text.split('\n').map(|line| line.trim_end_matches('\r')) {
        let mut row = Map::new();
        let line = line.trim_end_matches(',');
        for (index, field) in line.split(',').enumerate() {
            let (name, kind) = members
                .get(index)
                .ok_or_else(|| format!("row {} has more fields than the schema ({})", rows.len() + 1, members.len()))?;
            row.insert((*name).clone(), typed(field, kind)?);
        }
        rows.push(Value::Object(row));
    }
    Ok(Value::Array(rows))
}
