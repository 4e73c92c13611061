//! Values of flows as scripts get and give them.

use std::sync::Arc;

use mi_payload::XmlFragment;
use mi_payload::value::Value as Held;
use mi_script::Value;

/// A value from a script: its kind says how text is meant.
///
/// Whole numbers are `Integer` or `Long`, the others `Double`. `text` becomes XML when it is well-formed XML, as MI does it.
pub(crate) fn from_script(kind: &str, value: &Value) -> Option<Held> {
    Some(match value {
        Value::Undefined | Value::Null | Value::Object => return None,
        Value::Boolean(value) => Held::Boolean(*value),
        Value::Integer(number) => Held::Integer(*number),
        Value::Number(number) => whole(*number).map_or(Held::Double(*number), Held::Long),
        Value::Text(text) => match kind {
            "json" => match serde_json::from_str(text) {
                Ok(value) => Held::json(value),
                Err(_) => Held::from(text.as_str()),
            },
            "xml" => xml(text).unwrap_or_else(|| Held::from(text.as_str())),
            "text" if text.trim_start().starts_with('<') => xml(text).unwrap_or_else(|| Held::from(text.as_str())),
            _ => Held::from(text.as_str()),
        },
    })
}

fn xml(text: &str) -> Option<Held> {
    XmlFragment::parse(text.trim_start()).ok().map(|fragment| Held::Xml(Arc::new(fragment)))
}

/// The whole number that a double exactly is.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// A value for a script: text and JSON are marked by a first letter; XML goes through `fragment`, which answers a number.
pub(super) fn to_script(value: &Held, fragment: impl FnOnce(&XmlFragment) -> i32) -> Value {
    match value {
        Held::Boolean(value) => Value::Boolean(*value),
        Held::Integer(number) => Value::Integer(*number),
        Held::Short(number) => Value::Integer((*number).into()),
        Held::Long(number) => Value::Number(*number as f64),
        Held::Float(number) => Value::Number((*number).into()),
        Held::Double(number) => Value::Number(*number),
        Held::Json(json) => Value::Text(format!("j{json}")),
        Held::Xml(xml) => Value::Text(format!("x{}", fragment(xml))),
        Held::Map(_) => Value::Text(format!("j{}", as_json(value))),
        other => Value::Text(format!("s{}", other.string_value())),
    }
}

fn as_json(value: &Held) -> serde_json::Value {
    match value {
        Held::Map(map) => map.iter().map(|(name, value)| (name.to_string(), as_json(value))).collect(),
        Held::Json(json) => (**json).clone(),
        Held::Boolean(value) => (*value).into(),
        Held::Integer(number) => (*number).into(),
        Held::Long(number) => (*number).into(),
        other => other.string_value().into(),
    }
}
