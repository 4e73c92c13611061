//! Arrays.

use serde_json::{Map, Value};

use super::correct::{Type, count, of_type, show};

/// The array, or the array of the single value, with its items corrected.
pub(super) fn corrected(value: Value, schema: &Map<String, Value>) -> Result<Value, String> {
    let mut items = match value {
        Value::Array(items) => items,
        single => vec![single],
    };
    check(&items, schema)?;
    match schema.get("items") {
        None => {}
        Some(Value::Object(of_all)) => {
            let kind = of_all
                .get("type")
                .ok_or_else(|| format!("Schema for array must have a type declaration{}", show(of_all)))?;
            if let Some(kind) = Type::of(kind) {
                for item in &mut items {
                    *item = of_type(item.take(), kind, of_all)?;
                }
            }
        }
        Some(Value::Array(schemas)) => one_by_one(&mut items, schemas, schema.get("additionalItems"))?,
        Some(_) => {
            return Err("Schema for Array is invalid. Should contain either JsonArray or JsonObject".to_owned());
        }
    }
    Ok(Value::Array(items))
}

/// Each item by the schema at its place, further ones by `additional`.
fn one_by_one(items: &mut [Value], schemas: &[Value], additional: Option<&Value>) -> Result<(), String> {
    let shown = || serde_json::to_string(items).unwrap_or_default();
    if additional == Some(&Value::Bool(false)) && items.len() > schemas.len() {
        return Err(format!("Array : {} has more items than allowed in the schema", shown()));
    }
    if items.len() < schemas.len() {
        return Err(format!("Array : {} has less items than the schema", shown()));
    }
    let further = additional.filter(|schema| schema.as_object().is_some_and(|schema| !schema.is_empty()));
    for (index, item) in items.iter_mut().enumerate() {
        let Some(Value::Object(schema)) = schemas.get(index).or(further) else { continue };
        if schema.is_empty() {
            continue;
        }
        let kind = schema.get("type").ok_or("Array items should contain a type declaration")?;
        if let Some(kind) = Type::of(kind) {
            *item = of_type(item.take(), kind, schema)?;
        }
    }
    Ok(())
}

fn check(items: &[Value], schema: &Map<String, Value>) -> Result<(), String> {
    let violated = |name: &str| {
        let shown = serde_json::to_string(items).unwrap_or_default();
        Err(format!(
            "Error occurs while validating the structure of array : {shown}. Array violated the {name} constraint"
        ))
    };
    if count(schema, "minItems")?.is_some_and(|least| items.len() < least) {
        return violated("minItems");
    }
    if count(schema, "maxItems")?.is_some_and(|most| items.len() > most) {
        return violated("maxItems");
    }
    let unique = matches!(schema.get("uniqueItems"), Some(Value::Bool(true)))
        || schema.get("uniqueItems").and_then(Value::as_str) == Some("true");
    if unique {
        let mut seen = std::collections::HashSet::new();
        if !items.iter().all(|item| seen.insert(item.to_string())) {
            return violated("uniqueItems");
        }
    }
    Ok(())
}
