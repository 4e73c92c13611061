//! Atomic values, their text, and casts between them.

use std::str::FromStr;

use bigdecimal::{BigDecimal, ToPrimitive, Zero};

use crate::RunError;
use crate::ast::AtomicType;

/// A value without structure.
#[derive(Clone, Debug, PartialEq)]
pub enum Atomic {
    /// `xs:string`
    String(String),
    /// `xs:untypedAtomic`: what nodes hold.
    Untyped(String),
    /// `xs:boolean`
    Boolean(bool),
    /// `xs:integer` and its narrower types, 64 bits.
    Integer(i64),
    /// `xs:decimal`
    Decimal(BigDecimal),
    /// `xs:double`
    Double(f64),
    /// `xs:float`
    Float(f32),
}

impl Atomic {
    /// The text, as `fn:string` gives it.
    pub fn to_text(&self) -> String {
        match self {
            Self::String(text) | Self::Untyped(text) => text.clone(),
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Decimal(value) => {
                let text = value.normalized().to_plain_string();
                if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
            }
            Self::Double(value) => floating(*value, value.to_string(), format!("{value:E}")),
            Self::Float(value) => floating(f64::from(*value), value.to_string(), format!("{value:E}")),
        }
    }

    /// The type's name.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "xs:string",
            Self::Untyped(_) => "xs:untypedAtomic",
            Self::Boolean(_) => "xs:boolean",
            Self::Integer(_) => "xs:integer",
            Self::Decimal(_) => "xs:decimal",
            Self::Double(_) => "xs:double",
            Self::Float(_) => "xs:float",
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Integer(_) | Self::Decimal(_) | Self::Double(_) | Self::Float(_))
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::String(_) | Self::Untyped(_))
    }

    /// As a double, without failing.
    pub(crate) fn to_double(&self) -> f64 {
        match self {
            Self::String(text) | Self::Untyped(text) => double(text).unwrap_or(f64::NAN),
            Self::Boolean(value) => f64::from(u8::from(*value)),
            // Numbers of that size lose digits, as they should.
            Self::Integer(value) => *value as f64,
            Self::Decimal(value) => value.to_f64().unwrap_or(f64::NAN),
            Self::Double(value) => *value,
            Self::Float(value) => f64::from(*value),
        }
    }

    pub(crate) fn to_decimal(&self) -> Option<BigDecimal> {
        match self {
            Self::Integer(value) => Some(BigDecimal::from(*value)),
            Self::Decimal(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// The value in another type.
    pub(crate) fn cast(&self, kind: AtomicType) -> Result<Self, RunError> {
        let fail = || RunError(format!("'{}' is not a value of {}", self.to_text(), name(kind)));
        let text = self.to_text();
        let trimmed = text.trim();
        Ok(match kind {
            AtomicType::AnyAtomic => self.clone(),
            AtomicType::String => Self::String(text),
            AtomicType::Untyped => Self::Untyped(text),
            AtomicType::Boolean => match self {
                Self::String(_) | Self::Untyped(_) => match trimmed {
                    "true" | "1" => Self::Boolean(true),
                    "false" | "0" => Self::Boolean(false),
                    _ => return Err(fail()),
                },
                Self::Boolean(value) => Self::Boolean(*value),
                other => {
                    let number = other.to_double();
                    Self::Boolean(number != 0.0 && !number.is_nan())
                }
            },
            AtomicType::Double => Self::Double(match self {
                Self::String(_) | Self::Untyped(_) => double(trimmed).ok_or_else(fail)?,
                other => other.to_double(),
            }),
            // Narrowing is what the type asks for.
            AtomicType::Float => Self::Float(match self {
                Self::String(_) | Self::Untyped(_) => double(trimmed).ok_or_else(fail)? as f32,
                other => other.to_double() as f32,
            }),
            AtomicType::Decimal => Self::Decimal(match self {
                Self::String(_) | Self::Untyped(_) => decimal(trimmed).ok_or_else(fail)?,
                Self::Boolean(value) => BigDecimal::from(u8::from(*value)),
                Self::Integer(value) => BigDecimal::from(*value),
                Self::Decimal(value) => value.clone(),
                other => BigDecimal::try_from(other.to_double()).map_err(|_| fail())?,
            }),
            AtomicType::Integer { least, greatest } => {
                let value = match self {
                    Self::String(_) | Self::Untyped(_) => {
                        trimmed.strip_prefix('+').unwrap_or(trimmed).parse().map_err(|_| fail())?
                    }
                    Self::Boolean(value) => i64::from(*value),
                    Self::Integer(value) => *value,
                    Self::Decimal(value) => value.with_scale(0).to_i64().ok_or_else(fail)?,
                    other => {
                        let number = other.to_double().trunc();
                        if !(-9.2e18..=9.2e18).contains(&number) {
                            return Err(fail());
                        }
                        // Exact after the check.
                        number as i64
                    }
                };
                if !(least..=greatest).contains(&value) {
                    return Err(fail());
                }
                Self::Integer(value)
            }
        })
    }

    /// The effective boolean value of a single value.
    pub(crate) fn truth(&self) -> bool {
        match self {
            Self::String(text) | Self::Untyped(text) => !text.is_empty(),
            Self::Boolean(value) => *value,
            Self::Integer(value) => *value != 0,
            Self::Decimal(value) => !value.is_zero(),
            Self::Double(value) => *value != 0.0 && !value.is_nan(),
            Self::Float(value) => *value != 0.0 && !value.is_nan(),
        }
    }
}

/// Of numbers of usual size plain digits, of others with an exponent.
fn floating(value: f64, plain: String, scientific: String) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "INF" } else { "-INF" }.to_owned();
    }
    if value == 0.0 || (1e-6..1e6).contains(&value.abs()) {
        return plain;
    }
    // The mantissa always has a point.
    match scientific.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => scientific,
    }
}

fn double(text: &str) -> Option<f64> {
    match text.trim() {
        "INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        text if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-')) => {
            text.parse().ok()
        }
        _ => None,
    }
}

/// How long a decimal number may be.
const MAX_DIGITS: usize = 1_000;

pub(crate) fn decimal(text: &str) -> Option<BigDecimal> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-'));
    if plain && text.len() <= MAX_DIGITS { BigDecimal::from_str(text).ok() } else { None }
}

pub(crate) fn name(kind: AtomicType) -> &'static str {
    match kind {
        AtomicType::AnyAtomic => "xs:anyAtomicType",
        AtomicType::Untyped => "xs:untypedAtomic",
        AtomicType::String => "xs:string",
        AtomicType::Boolean => "xs:boolean",
        AtomicType::Decimal => "xs:decimal",
        AtomicType::Integer { .. } => "an integer type of its range",
        AtomicType::Double => "xs:double",
        AtomicType::Float => "xs:float",
    }
}
