//! The result of a mapping as CSV: no quoting, nothing for `null`.

use serde_json::Value;

use super::write_xml::text_of;

/// The rows of `result`; one object is one row.
pub(super) fn write(result: &Value) -> Result<String, String> {
    let rows = match result {
        Value::Array(rows) => rows.as_slice(),
        row @ Value::Object(_) => std::slice::from_ref(row),
        _ => return Err("Failed to execute mapping function".to_owned()),
    };
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let mut fields = Vec::new();
        collect(row, &mut fields);
        lines.push(fields.join(","));
    }
    Ok(lines.join("\n"))
}

fn collect(value: &Value, fields: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|member| collect(member, fields)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, fields)),
        other => fields.push(text_of(other)),
    }
}
