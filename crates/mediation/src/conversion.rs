//! Java types of property and variable values (spec: core mediators 4.3).

use std::sync::Arc;

use mi_payload::XmlFragment;
use mi_payload::value::Value;

/// The types that artifacts can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataType {
    /// Text.
    String,
    /// `true`/`yes`/`1`, else false.
    Boolean,
    /// 32 bits.
    Integer,
    /// 16 bits.
    Short,
    /// 64 bits.
    Long,
    /// 32 bits, binary floating point.
    Float,
    /// 64 bits, binary floating point.
    Double,
    /// An XML element.
    Om,
    /// A JSON value.
    Json,
    /// A word that names no type; found out at run time where MI finds it out then.
    Unknown,
}

impl DataType {
    /// The type of a word, upper case only.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "STRING" => Self::String,
            "BOOLEAN" => Self::Boolean,
            "INTEGER" => Self::Integer,
            "SHORT" => Self::Short,
            "LONG" => Self::Long,
            "FLOAT" => Self::Float,
            "DOUBLE" => Self::Double,
            "OM" | "XML" => Self::Om,
            "JSON" => Self::Json,
            _ => return None,
        })
    }
}

/// Text that does not have the wanted type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConversionFault {
    /// Not of this type, or no such type.
    #[error(
        "Unknown type : {0:?} for the property mediator or the property value cannot be converted into the specified type."
    )]
    Type(DataType),
    /// Not XML.
    #[error("Unable to convert a string to OM Node as the string is malformed , String : {0}")]
    Xml(String),
}

/// Converts `text`. `from_expression` tolerates fractions for whole numbers: XPath prints them as `5.0`. `None` is MI's
/// null: JSON that nobody can read.
///
/// # Errors
/// When the text does not have the type.
pub fn convert(text: &str, kind: DataType, from_expression: bool) -> Result<Option<Value>, ConversionFault> {
    let fault = || ConversionFault::Type(kind);
    let whole = |text: &str| -> Option<i64> {
        match text.trim().parse::<i64>() {
            Ok(number) => Some(number),
            Err(_) if from_expression && text.contains('.') => {
                let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite())?;
                Some(number.trunc() as i64)
            }
            Err(_) => None,
        }
    };
    Ok(Some(match kind {
        DataType::String => Value::from(text),
        DataType::Boolean => {
            Value::Boolean(text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("yes") || text == "1")
        }
        DataType::Integer => Value::Integer(whole(text).and_then(|n| i32::try_from(n).ok()).ok_or_else(fault)?),
        DataType::Short => Value::Short(whole(text).and_then(|n| i16::try_from(n).ok()).ok_or_else(fault)?),
        DataType::Long => Value::Long(text.trim().parse().map_err(|_| fault())?),
        DataType::Float => Value::Float(text.trim().parse().map_err(|_| fault())?),
        DataType::Double => Value::Double(text.trim().parse().map_err(|_| fault())?),
        DataType::Om => {
            let fragment = XmlFragment::parse(text).map_err(|_| ConversionFault::Xml(text.to_owned()))?;
            Value::Xml(Arc::new(fragment))
        }
        DataType::Json => return Ok(json(text).map(Value::json)),
        DataType::Unknown => return Err(fault()),
    }))
}

/// Lenient JSON; text that is none is tried again in quotes.
fn json(text: &str) -> Option<serde_json::Value> {
    if text.is_empty() {
        return Some(serde_json::Value::Null);
    }
    let parsed =
        mi_payload::json::parse_lenient(text).or_else(|_| mi_payload::json::parse_lenient(&format!("\"{text}\"")));
    if parsed.is_err() {
        tracing::error!(
            target: "org.apache.synapse.mediators.builtin.PropertyMediator", "Malformed JSON payload : {text}"
        );
    }
    parsed.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, kind: DataType, from_expression: bool) -> Option<String> {
        convert(text, kind, from_expression).ok()?.map(|value| value.string_value().into_owned())
    }

    #[test]
    fn converts_as_java_does() {
        assert_eq!(text("5.0", DataType::Integer, true).as_deref(), Some("5"));
        assert_eq!(text("5.0", DataType::Integer, false), None);
        assert_eq!(text("5.0", DataType::Long, true), None);
        assert_eq!(text("99999999999", DataType::Integer, true), None);
        assert_eq!(text("YES", DataType::Boolean, false).as_deref(), Some("true"));
        assert_eq!(text("<a/>", DataType::Om, false).as_deref(), Some("<a />"));
        assert_eq!(text("{a:1}", DataType::Json, false).as_deref(), Some("{\"a\":1}"));
        assert_eq!(text("two words", DataType::Json, false).as_deref(), Some("\"two words\""));
        assert!(matches!(convert("<a>", DataType::Om, false), Err(ConversionFault::Xml(_))));
    }
}
