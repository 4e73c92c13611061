//! Correcting a JSON value to a schema: which rule is for which type.

use serde_json::{Map, Value};

use super::{array, object, scalar};

/// A schema, read.
pub(super) enum Rules {
    /// `{}` and `true`: everything is right as it is.
    Nothing,
    /// A schema with a type.
    Schema(Map<String, Value>),
}

impl Rules {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let schema = mi_payload::json::parse_lenient(text).map_err(|_| "Invalid JSON schema".to_owned())?;
        match schema {
            Value::Object(schema) if schema.is_empty() => Ok(Self::Nothing),
            Value::Object(schema) if schema.contains_key("type") => Ok(Self::Schema(schema)),
            Value::Object(_) => Err("JSON schema should contain a type declaration".to_owned()),
            Value::Bool(true) => Ok(Self::Nothing),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Self::Nothing),
            Value::Array(_) | Value::Null => Err("JSON schema should be an object or boolean".to_owned()),
            _ => Err("JSON schema is false, so all validations will fail".to_owned()),
        }
    }
}

/// The types of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Boolean,
    Text,
    Number,
    Array,
    Object,
    Null,
}

impl Type {
    /// The type of a word; none for a word that is none: such a schema leaves the value alone.
    pub(super) fn of(word: &Value) -> Option<Self> {
        Some(match word.as_str()? {
            "boolean" => Self::Boolean,
            "string" | "String" => Self::Text,
            "number" | "integer" => Self::Number,
            "array" => Self::Array,
            "object" => Self::Object,
            "null" => Self::Null,
            _ => return None,
        })
    }
}

/// The value as the schema wants it; `None` when the schema has a type that nobody knows.
///
/// # Errors
/// When it cannot be corrected; the text says why.
pub(super) fn corrected(value: Value, schema: &Map<String, Value>) -> Result<Option<Value>, String> {
    let Some(kind) = schema.get("type").and_then(Type::of) else { return Ok(None) };
    of_type(value, kind, schema).map(Some)
}

/// The value as `kind`, which is a type of `schema`.
pub(super) fn of_type(value: Value, kind: Type, schema: &Map<String, Value>) -> Result<Value, String> {
    match kind {
        Type::Boolean => scalar::boolean(&scalar::text(&value)?, schema),
        Type::Text => scalar::string(&scalar::text(&value)?, schema),
        Type::Number => scalar::number(&scalar::text(&value)?, schema),
        Type::Array => array::corrected(value, schema),
        Type::Object => match value {
            Value::Object(members) => object::corrected(members, schema),
            other => Err(format!("Expected a JSON as input but found : {other}")),
        },
        Type::Null if value.is_null() || value.as_str() == Some("null") => Ok(Value::Null),
        Type::Null => Err(format!(
            "Expected a null but found a value. Received not null input {value} to be validated with : {}",
            show(schema)
        )),
    }
}

/// The value as one of several types: the one that it has, else one that it can be made to be.
pub(super) fn of_types(value: Value, kinds: &[Type], schema: &Map<String, Value>) -> Result<Value, String> {
    let mismatch = |what: &str, value: &Value| Err(format!("{what} {value} without matching schema {}", show(schema)));
    let order: &[Type] = match &value {
        Value::Object(_) => &[Type::Object, Type::Array],
        Value::Array(_) => &[Type::Array],
        Value::Null => &[Type::Null],
        other => match scalar::text(other)?.as_str() {
            "true" | "false" => &[Type::Boolean, Type::Text],
            text if scalar::is_parsable(text) => &[Type::Number, Type::Text],
            _ => &[Type::Text, Type::Boolean, Type::Number],
        },
    };
    match order.iter().find(|kind| kinds.contains(kind)) {
        Some(kind) => of_type(value, *kind, schema),
        None => match &value {
            Value::Object(_) => mismatch("JSON object found", &value),
            Value::Array(_) => mismatch("JSON array found", &value),
            Value::Null => mismatch("JSON null found", &value),
            _ => mismatch("A value was found that is", &value),
        },
    }
}

/// The schema as it is shown in messages.
pub(super) fn show(schema: &Map<String, Value>) -> String {
    serde_json::to_string(schema).unwrap_or_default()
}

/// A bound of the schema as a whole number: numbers may be in quotes; an empty text is none.
pub(super) fn count(schema: &Map<String, Value>, name: &str) -> Result<Option<usize>, String> {
    let Some(bound) = schema.get(name) else { return Ok(None) };
    let text = scalar::text(bound)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.trim().parse().map(Some).map_err(|_| format!("Invalid {name} constraint in the schema"))
}
