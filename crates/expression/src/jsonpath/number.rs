//! JSON numbers: their order, and their text as Gson's provider for Jayway gives it.

use std::cmp::Ordering;

use mi_payload::java;
use serde_json::Number;

/// Up to this many characters a number is what its double is.
const SHORT: usize = 15;

/// Exact for integers of 64 bits, else as doubles.
pub(super) fn compare(left: &Number, right: &Number) -> Option<Ordering> {
    let long = left.as_str().len() > SHORT || right.as_str().len() > SHORT;
    if long && let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return Some(left.cmp(&right));
    }
    left.as_f64()?.partial_cmp(&right.as_f64()?)
}

/// What a number is to Java once it has been reached by a property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Classified {
    /// Fits 32 bits.
    Integer(i32),
    /// Fits 64 bits.
    Long(i64),
    /// Has a fraction that a double holds exactly.
    Double(f64),
    /// Everything else, by its text.
    Big(String),
}

/// Integers by their size (`1e3` is one), decimals as double if that is exact.
pub(crate) fn classify(number: &Number) -> Classified {
    if let Some(integer) = number.as_i64() {
        return i32::try_from(integer).map_or(Classified::Long(integer), Classified::Integer);
    }
    let text = number.to_string();
    match plain_integer(&text) {
        Some(digits) => match digits.parse::<i64>() {
            Ok(integer) => i32::try_from(integer).map_or(Classified::Long(integer), Classified::Integer),
            Err(_) => Classified::Big(digits),
        },
        None => match text.parse::<f64>() {
            Ok(double) if double.is_finite() && same_decimal(&java::double_to_string(double), &text) => {
                Classified::Double(double)
            }
            _ => Classified::Big(java::decimal_to_string(&text).unwrap_or(text)),
        },
    }
}

/// The text of a number that was reached by a property (spec, 3.8).
pub(crate) fn normalised(number: &Number) -> String {
    match classify(number) {
        Classified::Integer(integer) => integer.to_string(),
        Classified::Long(integer) => integer.to_string(),
        Classified::Double(double) => java::double_to_string(double),
        Classified::Big(text) => text,
    }
}

/// `BigDecimal.toString`.
pub(super) fn plain(number: &Number) -> String {
    let text = number.to_string();
    java::decimal_to_string(&text).unwrap_or(text)
}

/// The plain digits of a number whose scale is not positive: no fraction is written, or the exponent takes it away.
/// Numbers of absurd length are left alone.
fn plain_integer(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let zeros = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let zeros = usize::try_from(zeros).ok().filter(|zeros| *zeros <= 400)?;
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let digits = format!("{whole}{fraction}{}", "0".repeat(zeros));
    let trimmed = digits.trim_start_matches('0');
    Some(if trimmed.is_empty() { "0".to_owned() } else { format!("{sign}{trimmed}") })
}

/// Whether two decimal texts are the same number.
fn same_decimal(left: &str, right: &str) -> bool {
    reduced(left).is_some_and(|left| Some(left) == reduced(right))
}

/// Sign, significant digits and the power of ten behind them.
fn reduced(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let trimmed = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - trimmed.len()).ok()?;
    let scale = i64::try_from(fraction.len()).ok()?;
    let exponent = exponent.parse::<i64>().ok()?.checked_sub(scale)?.checked_add(zeros)?;
    let significant = trimmed.trim_start_matches('0').to_owned();
    if significant.is_empty() {
        return Some((false, significant, 0));
    }
    Some((negative, significant, exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_behind_a_property() {
        for (text, expected) in [
            ("1", "1"),
            ("1e3", "1000"),
            ("1.50", "1.5"),
            ("12345678.5", "1.23456785E7"),
            ("5000000000", "5000000000"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("0.1234567890123456789012", "0.1234567890123456789012"),
            ("-0", "0"),
            ("2.0", "2.0"),
            ("1.5e1", "15"),
            ("15e-1", "1.5"),
            ("1e400", "1"),
        ] {
            let number: Number = serde_json::from_str(text).expect(text);
            let shown = normalised(&number);
            let shown = if text == "1e400" { shown.trim_end_matches('0').to_owned() } else { shown };
            assert_eq!(shown, expected, "{text}");
        }
    }
}
