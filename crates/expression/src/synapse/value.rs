//! The values of Synapse expressions and their classes (spec, 4.3).

use std::borrow::Cow;
use std::sync::Arc;

use mi_payload::{NodeItem, Value, XmlFragment, java};
use serde_json::{Number, Value as Json};

use crate::jsonpath::number::{Classified, classify};
use crate::jsonpath::{Found, Reached};

/// A value while an expression is evaluated.
#[derive(Clone, Debug)]
pub(super) enum Val<'m> {
    Null,
    /// A Java string; a literal keeps its quotes.
    Text(Cow<'m, str>),
    Integer(i32),
    Long(i64),
    Double(f64),
    Boolean(bool),
    /// JSON. A number in it has its source text and counts as every class at once.
    Json(Cow<'m, Json>),
    /// A JSON number that was reached by a property, so that its class is known.
    JsonNumber(Classified),
    Xml(Arc<XmlFragment>),
    Nodes(Arc<[NodeItem]>),
}

impl<'m> Val<'m> {
    /// What a JSONPath found.
    pub(super) fn found(found: Found<'m>) -> Self {
        match found {
            Found::One(value, Reached::Property) => match &*value {
                Json::Number(number) => Self::JsonNumber(classify(number)),
                Json::Null => Self::Null,
                _ => Self::Json(value),
            },
            Found::One(value, _) if value.is_null() => Self::Null,
            Found::One(value, _) => Self::Json(value),
            many @ Found::Many(_) => Self::Json(Cow::Owned(many.into_json())),
        }
    }

    /// A text from outside the payload: a number if it looks like one to Java.
    pub(super) fn reparsed(text: Cow<'m, str>) -> Self {
        if let Some(long) = parse_integer(&text) {
            return i32::try_from(long).map_or(Self::Long(long), Self::Integer);
        }
        match parse_double(&text) {
            Some(double) => Self::Double(double),
            None => Self::Text(text),
        }
    }

    /// The string form (spec, 4.5).
    pub(super) fn into_text(self) -> Cow<'m, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Text(Cow::Borrowed(text)) => Cow::Borrowed(unquoted(text)),
            Self::Text(Cow::Owned(text)) => {
                let bare = unquoted(&text);
                if bare.len() == text.len() { Cow::Owned(text) } else { Cow::Owned(bare.to_owned()) }
            }
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Long(number) => Cow::Owned(number.to_string()),
            Self::Double(number) => Cow::Owned(java::double_to_string(number)),
            Self::Boolean(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Self::Json(Cow::Borrowed(Json::String(text))) => Cow::Borrowed(text),
            Self::Json(Cow::Owned(Json::String(text))) => Cow::Owned(text),
            Self::Json(value) => Cow::Owned(value.to_string()),
            Self::JsonNumber(number) => Cow::Owned(classified_text(&number)),
            Self::Xml(fragment) => Cow::Owned(fragment.to_xml()),
            Self::Nodes(items) => Cow::Owned(Value::Nodes(items).string_value().into_owned()),
        }
    }

    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(unquoted(text)),
            Self::Json(value) => match &**value {
                Json::String(text) => Cow::Borrowed(text),
                other => Cow::Owned(other.to_string()),
            },
            other => Cow::Owned(other.clone().into_text().into_owned()),
        }
    }

    /// The value as a variable holds it.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::from(""),
            Self::Text(text) => Value::string(text),
            Self::Integer(number) => Value::Integer(number),
            Self::Long(number) => Value::Long(number),
            Self::Double(number) => Value::Double(number),
            Self::Boolean(value) => Value::Boolean(value),
            Self::Json(value) => Value::json(value.into_owned()),
            Self::JsonNumber(number) => Value::json(number_json(&number)),
            Self::Xml(fragment) => Value::Xml(fragment),
            Self::Nodes(items) => Value::Nodes(items),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A string: Java's or JSON's.
    pub(super) fn as_string(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(unquoted(text)),
            Self::Json(value) => value.as_str(),
            _ => None,
        }
    }

    pub(super) fn as_boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            Self::Json(value) => value.as_bool(),
            _ => None,
        }
    }

    /// The number, if the value counts as an Integer.
    pub(super) fn as_integer(&self) -> Option<i32> {
        match self {
            Self::Integer(number) | Self::JsonNumber(Classified::Integer(number)) => Some(*number),
            Self::Json(value) => value.as_number().map(lazy_integer),
            _ => None,
        }
    }

    /// The number, if the value counts as a Long (an Integer does not).
    pub(super) fn as_long(&self) -> Option<i64> {
        match self {
            Self::Long(number) | Self::JsonNumber(Classified::Long(number)) => Some(*number),
            Self::Json(value) => value.as_number().map(|number| i64::from(lazy_integer(number))),
            _ => None,
        }
    }

    /// The number, if the value counts as a Double.
    pub(super) fn as_double(&self) -> Option<f64> {
        match self {
            Self::Double(number) | Self::JsonNumber(Classified::Double(number)) => Some(*number),
            Self::Json(value) => value.as_number().and_then(Number::as_f64),
            _ => None,
        }
    }

    /// The number as Integer or Double, each from its text where it could be both.
    pub(super) fn as_plain_number(&self) -> Option<PlainNumber> {
        if let Self::Json(value) = self {
            let number = value.as_number()?;
            let integer = number.as_i64().and_then(|number| i32::try_from(number).ok());
            return integer.map(PlainNumber::Integer).or_else(|| number.as_f64().map(PlainNumber::Double));
        }
        let integer = self.as_integer().map(PlainNumber::Integer);
        integer.or_else(|| self.as_double().map(PlainNumber::Double))
    }
}

/// A number of one of the two classes that most functions take.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) enum PlainNumber {
    Integer(i32),
    Double(f64),
}

impl PlainNumber {
    pub(super) fn as_f64(self) -> f64 {
        match self {
            Self::Integer(number) => f64::from(number),
            Self::Double(number) => number,
        }
    }
}

/// Gson's `LazilyParsedNumber.intValue`: truncated, and wrapped where it does not fit.
fn lazy_integer(number: &Number) -> i32 {
    match number.as_i64() {
        // The low 32 bits, as Java's narrowing takes them.
        Some(long) => long as i32,
        // Rust's cast saturates where Java's BigDecimal wraps; numbers beyond 64 bits have no sensible int anyway.
        None => number.as_f64().map_or(0, |double| double as i64 as i32),
    }
}

fn classified_text(number: &Classified) -> String {
    match number {
        Classified::Integer(number) => number.to_string(),
        Classified::Long(number) => number.to_string(),
        Classified::Double(number) => java::double_to_string(*number),
        Classified::Big(text) => text.clone(),
    }
}

fn number_json(number: &Classified) -> Json {
    match number {
        Classified::Integer(number) => Json::from(*number),
        Classified::Long(number) => Json::from(*number),
        other => {
            let text = classified_text(other);
            text.parse::<Number>().map_or(Json::String(text), Json::Number)
        }
    }
}

/// Without one pair of enclosing quotes of one kind.
pub(super) fn unquoted(text: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(text)
}

/// `Long.parseLong`.
fn parse_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// `Double.parseDouble`, but for hexadecimal numbers: blanks around, `d` or `f` at the end, `NaN`, `Infinity`.
pub(super) fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c| c <= ' ');
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    match bare {
        "NaN" => return Some(f64::NAN),
        "Infinity" => return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }),
        _ => {}
    }
    let number = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let plausible = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !number.bytes().all(plausible) || !number.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    number.parse().ok()
}
