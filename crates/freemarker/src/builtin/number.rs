//! Built-ins of numbers.

use bigdecimal::RoundingMode;

use super::Call;
use crate::error::RenderError;
use crate::number::Number;
use crate::value::{Date, DateKind, Value};

/// Evaluates one of them.
pub(super) fn evaluate(call: &Call<'_>, number: &Number) -> Result<Value, RenderError> {
    let date = |kind| Ok(Value::Date(Date { millis: number.long(), kind }));
    #[expect(clippy::cast_possible_truncation, reason = "what Java's narrowing does")]
    let result = match call.name {
        "abs" if number.is_negative() => number.negate()?,
        "abs" => number.clone(),
        "round" => number.rounded(RoundingMode::HalfUp)?,
        "floor" => number.rounded(RoundingMode::Floor)?,
        "ceiling" => number.rounded(RoundingMode::Ceiling)?,
        "int" => Number::Int(number.index()),
        "short" => Number::Int(i64::from(number.long() as i16)),
        "byte" => Number::Int(i64::from(number.long() as i8)),
        "double" => Number::Double(number.double()),
        "float" => Number::Double(f64::from(number.double() as f32)),
        "is_nan" => return Ok(Value::Boolean(number.double().is_nan())),
        "is_infinite" => return Ok(Value::Boolean(number.double().is_infinite())),
        "number_to_date" => return date(DateKind::Date),
        "number_to_time" => return date(DateKind::Time),
        "number_to_datetime" => return date(DateKind::DateTime),
        name => return letters(call, number.index(), name == "upper_abc"),
    };
    Ok(Value::Number(result))
}

/// 1 is `a`, 27 is `aa`.
fn letters(call: &Call<'_>, mut number: i64, upper: bool) -> Result<Value, RenderError> {
    if number < 1 {
        return Err(RenderError::failed(format!("?{} works on numbers from 1 on", call.name)).blame(call.target));
    }
    let first = if upper { b'A' } else { b'a' };
    let mut letters = Vec::new();
    while number > 0 {
        let digit = u8::try_from((number - 1) % 26).unwrap_or(0);
        letters.insert(0, first + digit);
        number = (number - 1) / 26;
    }
    Ok(Value::from(String::from_utf8_lossy(&letters).into_owned()))
}
