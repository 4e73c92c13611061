//! Keywords of a schema that draft 4 does not have: MI's validator warns of them, and its warning comes before the errors.

use serde_json::Value as Json;

use super::json::{Report, list, quoted};

const KNOWN: [&str; 34] = [
    "$ref",
    "$schema",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "definitions",
    "dependencies",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "id",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
];

/// How deep schemas are looked into.
const MAX_DEPTH: usize = 100;

/// The warning for the first schema, from outside inwards, that has unknown keywords.
pub(super) fn unknown(schema: &Json) -> Option<Report> {
    look(schema, "", 0)
}

fn look(schema: &Json, pointer: &str, depth: usize) -> Option<Report> {
    let object = schema.as_object().filter(|_| depth < MAX_DEPTH)?;
    let mut ignored: Vec<String> = object.keys().filter(|key| !KNOWN.contains(&key.as_str())).cloned().collect();
    if !ignored.is_empty() {
        ignored.sort();
        let message = format!("the following keywords are unknown and will be ignored: [{}]", ignored.join(", "));
        let detail = format!(
            "warning: {message}\n    level: \"warning\"\n    schema: {{\"loadingURI\":\"#\",\"pointer\":{}}}\n    domain: \"syntax\"\n    ignored: {}\n",
            quoted(pointer),
            list(&ignored)
        );
        return Some(Report { message, detail });
    }
    let mut keys: Vec<&String> = object.keys().collect();
    keys.sort();
    for key in keys {
        let (value, here) = (object.get(key)?, format!("{pointer}/{key}"));
        let found = match key.as_str() {
            "additionalItems" | "additionalProperties" | "not" => look(value, &here, depth + 1),
            "items" if value.is_object() => look(value, &here, depth + 1),
            "items" | "allOf" | "anyOf" | "oneOf" => {
                let all = value.as_array().into_iter().flatten().enumerate();
                all.map(|(index, one)| look(one, &format!("{here}/{index}"), depth + 1)).find(Option::is_some).flatten()
            }
            "properties" | "patternProperties" | "definitions" | "dependencies" => {
                let all = value.as_object().into_iter().flatten();
                all.map(|(name, one)| look(one, &format!("{here}/{name}"), depth + 1)).find(Option::is_some).flatten()
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
