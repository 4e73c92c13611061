//! Numbers and their text, by XPath 1.0 §4.2 and §4.4: no exponent, ever.

use std::borrow::Cow;

use crate::chars;

/// As `string()` of a number.
pub fn number_to_string(number: f64) -> Cow<'static, str> {
    if number.is_nan() {
        return Cow::Borrowed("NaN");
    }
    if number.is_infinite() {
        return Cow::Borrowed(if number > 0.0 { "Infinity" } else { "-Infinity" });
    }
    // Minus zero has no sign.
    Cow::Owned(if number == 0.0 { "0".to_owned() } else { number.to_string() })
}

/// As `number()` of a string: white space around, a minus sign, digits with or without a point; anything else is not a
/// number.
pub fn string_to_number(text: &str) -> f64 {
    let text = text.trim_matches(chars::is_space);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return f64::NAN;
    }
    text.parse().unwrap_or(f64::NAN)
}
