//! Objects.

use mi_payload::java::JavaRegex;
use serde_json::{Map, Value};

use super::correct::{Type, count, of_type, of_types, show};

/// The object with its members corrected.
pub(super) fn corrected(mut members: Map<String, Value>, schema: &Map<String, Value>) -> Result<Value, String> {
    check(&members, schema)?;
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, member) in &mut members {
        let Some(Value::Object(schema)) = properties.and_then(|properties| properties.get(name)) else { continue };
        match schema.get("type") {
            Some(Value::Array(words)) => {
                let kinds: Vec<Type> = words.iter().filter_map(Type::of).collect();
                *member = of_types(member.take(), &kinds, schema)?;
            }
            Some(word) => {
                if let Some(kind) = Type::of(word) {
                    *member = of_type(member.take(), kind, schema)?;
                }
            }
            None => {}
        }
    }
    let mut known: Vec<String> = Vec::new();
    if let Some(Value::Object(patterns)) = schema.get("patternProperties") {
        for (pattern, schema) in patterns {
            let regex = JavaRegex::new(pattern).map_err(|error| format!("Invalid pattern {pattern}: {error}"))?;
            let names: Vec<String> = members.keys().filter(|name| regex.find(name).is_some()).cloned().collect();
            for name in &names {
                by_one_schema(&mut members, name, schema)?;
            }
            known.extend(names);
        }
    }
    // MI looks for additional members only where the schema has properties.
    let additional = properties.and(schema.get("additionalProperties"));
    let is_known = |name: &String| known.contains(name) || properties.is_some_and(|all| all.contains_key(name));
    let others: Vec<String> = members.keys().filter(|name| !is_known(name)).cloned().collect();
    match additional {
        Some(Value::Object(schema)) if schema.is_empty() => {}
        Some(schema @ Value::Object(_)) => {
            for name in &others {
                by_one_schema(&mut members, name, schema)?;
            }
        }
        Some(word) if !others.is_empty() && (*word == Value::Bool(false) || word.as_str() == Some("false")) => {
            return Err(format!(
                "Input object {} has additional properties than schema {} and additional properties are not allowed",
                show(&members),
                show(schema)
            ));
        }
        _ => {}
    }
    Ok(Value::Object(members))
}

/// Corrects one member, which becomes the last one, as in MI.
fn by_one_schema(members: &mut Map<String, Value>, name: &str, schema: &Value) -> Result<(), String> {
    let no_type = || format!("Schema for object must have a type declaration : {schema}");
    let schema = schema.as_object().ok_or_else(no_type)?;
    let kind = Type::of(schema.get("type").ok_or_else(no_type)?);
    let Some(member) = members.shift_remove(name) else { return Ok(()) };
    let corrected = match kind {
        Some(kind) => of_type(member, kind, schema)?,
        None => Value::Null,
    };
    members.insert(name.to_owned(), corrected);
    Ok(())
}

fn check(members: &Map<String, Value>, schema: &Map<String, Value>) -> Result<(), String> {
    if let Some(Value::Array(names)) = schema.get("required")
        && let Some(missing) = names.iter().filter_map(Value::as_str).find(|name| !members.contains_key(*name))
    {
        return Err(format!(
            "Input : {} does not contains all the elements required in the schema : {} ({missing} is missing)",
            show(members),
            show(schema)
        ));
    }
    if let Some(least) = count(schema, "minProperties")?.filter(|least| members.len() < *least) {
        return Err(format!("Object violates the minimum number of properties constraint ({least})"));
    }
    if let Some(most) = count(schema, "maxProperties")?.filter(|most| members.len() > *most) {
        return Err(format!("Object violates the maximum number of properties constraint ({most})"));
    }
    Ok(())
}
