//! Booleans, texts and numbers.

use bigdecimal::{BigDecimal, RoundingMode};
use mi_payload::java::{JavaRegex, decimal_to_string};
use serde_json::{Map, Value};

use super::correct::show;

/// The text of a value. An array of one element is as good as the element.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Array(items) => match items.as_slice() {
            [only] => text(only),
            _ => Err(format!("A single value was expected but an array was found : {value}")),
        },
        Value::Null => Err("A value was expected but null was found".to_owned()),
        Value::Object(_) => Err(format!("A single value was expected but an object was found : {value}")),
    }
}

pub(super) fn boolean(text: &str, schema: &Map<String, Value>) -> Result<Value, String> {
    let value = match text {
        "true" => true,
        "false" => false,
        "" => return Err("Cannot convert an empty string to boolean".to_owned()),
        other => return Err(format!("Cannot convert the sting : {other} to boolean")),
    };
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.is_empty()
        && !allowed.contains(&Value::Bool(value))
    {
        let allowed = Value::from(allowed.clone());
        return Err(format!("input \"{text}\" not contains any element from the enum  : {allowed}"));
    }
    if schema.get("const").is_some_and(|constant| constant != &Value::Bool(value)) {
        return Err(format!("String \"{text}\" is not equal to the const value"));
    }
    Ok(Value::Bool(value))
}

pub(super) fn string(value: &str, schema: &Map<String, Value>) -> Result<Value, String> {
    let violates = |what: &str| Err(format!("String \"{value}\" violated the {what} defined in : {}", show(schema)));
    let length = value.encode_utf16().count();
    if super::correct::count(schema, "maxLength")?.is_some_and(|most| length > most) {
        return violates("maxLength constraint");
    }
    if super::correct::count(schema, "minLength")?.is_some_and(|least| length < least) {
        return violates("minLength constraint");
    }
    if let Some(pattern) = schema.get("pattern").map(text).transpose()?.filter(|pattern| !pattern.is_empty()) {
        let regex = JavaRegex::new(&pattern).map_err(|error| format!("Invalid pattern {pattern}: {error}"))?;
        if !regex.matches(value) {
            return violates(&format!("regex constraint {pattern}"));
        }
    }
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.is_empty()
        && !allowed.iter().any(|one| one.as_str() == Some(value))
    {
        return Err(format!("String \"{value}\" not contains any element from the enum of : {}", show(schema)));
    }
    if let Some(constant) = schema.get("const")
        && text(constant)? != value
    {
        return Err(format!("String \"{value}\" is not equal to the const value defined in : {}", show(schema)));
    }
    Ok(Value::from(value))
}

/// Whether a text counts as a number where several types are allowed: digits, with a sign before and a point within.
pub(super) fn is_parsable(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && !digits.ends_with('.')
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
}

pub(super) fn number(value: &str, schema: &Map<String, Value>) -> Result<Value, String> {
    let number: f64 = value.trim().parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
        format!("\"{value}\" is not a number. A number expected in the schema {} but received {value}", show(schema))
    })?;
    let bound = |name: &str| -> Result<Option<f64>, String> {
        let Some(bound) = schema.get(name) else { return Ok(None) };
        let text = text(bound)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.trim().parse().map(Some).map_err(|_| format!("Invalid {name} constraint in the schema"))
    };
    let violates = |name: &str| Err(format!("Number {value} violates the {name} constraint in {}", show(schema)));
    if bound("multipleOf")?.is_some_and(|of| number % of != 0.0) {
        return violates("multipleOf");
    }
    if bound("minimum")?.is_some_and(|least| number < least) {
        return violates("minimum");
    }
    if bound("maximum")?.is_some_and(|most| number > most) {
        return violates("maximum");
    }
    if bound("exclusiveMinimum")?.is_some_and(|least| number <= least) {
        return violates("exclusiveMinimum");
    }
    if bound("exclusiveMaximum")?.is_some_and(|most| number >= most) {
        return violates("exclusiveMaximum");
    }
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.is_empty()
        && !allowed.iter().any(|one| one.as_f64() == Some(number))
    {
        return violates("enum");
    }
    if let Some(constant) = schema.get("const")
        && text(constant)?.trim().parse() != Ok(number)
    {
        return violates("const");
    }
    let is_integer = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().any(|one| one.as_str() == Some("integer")),
        other => other.and_then(Value::as_str) == Some("integer"),
    };
    let text = if is_integer { integer(value.trim()) } else { decimal(value) };
    let text = text.ok_or_else(|| format!("NumberFormatException: For input string: \"{value}\""))?;
    serde_json::from_str(&text).map_err(|_| format!("NumberFormatException: For input string: \"{value}\""))
}

/// What Java's `BigInteger` reads, as JSON.
fn integer(text: &str) -> Option<String> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", text.get(1..)?),
        b'+' => ("", text.get(1..)?),
        _ => ("", text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    Some(if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") })
}

/// What MI makes of a number: as many decimals as there are characters behind the point; without a point, as many as the
/// text is long (`45` becomes `45.00`, which is the same number).
fn decimal(text: &str) -> Option<String> {
    let number: BigDecimal = text.parse().ok()?;
    let point = text.find('.').map_or(0, |at| at + 1);
    let scale = i64::try_from(text.len() - point).ok()?;
    // An exponent far below zero would need more decimals than there are, which Java refuses too.
    if number.fractional_digit_count() > scale.saturating_add(400) {
        return None;
    }
    let scaled = number.with_scale_round(scale, RoundingMode::HalfUp);
    if scaled != number {
        return None;
    }
    decimal_to_string(&scaled.to_plain_string())
}
