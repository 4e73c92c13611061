//! The text of numbers.

/// `Double.toString`: the shortest digits that give the number back, plain between 10⁻³ and 10⁷, else with `E`.
pub fn double_to_string(value: f64) -> String {
    if value.is_nan() || value.is_infinite() || value == 0.0 {
        return special(value);
    }
    from_scientific(&format!("{value:e}"))
}

/// `Float.toString`: as [`double_to_string`], for 32 bits.
pub fn float_to_string(value: f32) -> String {
    if value.is_nan() || value.is_infinite() || value == 0.0 {
        return special(f64::from(value));
    }
    from_scientific(&format!("{value:e}"))
}

fn special(value: f64) -> String {
    let text = if value.is_nan() {
        "NaN"
    } else if value == 0.0 {
        if value.is_sign_negative() { "-0.0" } else { "0.0" }
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    text.to_owned()
}

/// From Rust's shortest `-1.25e7` to Java's form.
fn from_scientific(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !(-3..7).contains(&exponent) {
        let fraction = if fraction.is_empty() { "0" } else { fraction };
        return format!("{sign}{whole}.{fraction}E{exponent}");
    }
    let digits = format!("{whole}{fraction}");
    let Ok(point) = usize::try_from(exponent + 1) else {
        let zeros = "0".repeat(usize::try_from(-1 - exponent).unwrap_or(0));
        return format!("{sign}0.{zeros}{digits}");
    };
    if point == 0 {
        return format!("{sign}0.{digits}");
    }
    match digits.split_at_checked(point) {
        Some((whole, "")) => format!("{sign}{whole}.0"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits:0<point$}.0"),
    }
}

/// `BigDecimal.toString` of a JSON number: the scale is kept (`1.10`), an exponent is printed as Java does (`1e3` gives
/// `1E+3`), minus zero loses its sign. `None` if the text is not a number.
pub fn decimal_to_string(text: &str) -> Option<String> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let rest = rest.strip_prefix('+').filter(|_| !negative).unwrap_or(rest);
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let unscaled = format!("{whole}{fraction}");
    let digits = match unscaled.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let sign = if negative && digits != "0" { "-" } else { "" };
    let precision = i64::try_from(digits.len()).ok()?;
    let adjusted = precision.checked_sub(1)?.checked_sub(scale)?;
    if scale == 0 {
        return Some(format!("{sign}{digits}"));
    }
    if scale > 0 && adjusted >= -6 {
        // At least one digit stands before the point.
        let width = usize::try_from(scale).ok()? + 1;
        let padded = format!("{}{digits}", "0".repeat(width.saturating_sub(digits.len())));
        let (whole, fraction) = padded.split_at_checked(padded.len() + 1 - width)?;
        return Some(format!("{sign}{whole}.{fraction}"));
    }
    let (first, more) = digits.split_at_checked(1)?;
    let point = if more.is_empty() { "" } else { "." };
    let plus = if adjusted >= 0 { "+" } else { "" };
    let exponent = if adjusted == 0 { String::new() } else { format!("E{plus}{adjusted}") };
    Some(format!("{sign}{first}{point}{more}{exponent}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn doubles() {
        for (value, text) in [
            (2.0, "2.0"),
            (2.5, "2.5"),
            (1.0e7, "1.0E7"),
            (9_999_999.0, "9999999.0"),
            (12_345_678.5, "1.23456785E7"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-0.0, "-0.0"),
            (-1234.5, "-1234.5"),
            (100.0, "100.0"),
            (0.25, "0.25"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (1.5e300, "1.5E300"),
        ] {
            assert_eq!(double_to_string(value), text);
        }
        assert_eq!(float_to_string(1.1), "1.1");
        assert_eq!(float_to_string(1.0e10), "1.0E10");
    }

    #[test]
    fn decimals() {
        for (text, expected) in [
            ("1.10", "1.10"),
            ("1e3", "1E+3"),
            ("1.50", "1.50"),
            ("1E5", "1E+5"),
            ("0.00000001", "1E-8"),
            ("0.000001", "0.000001"),
            ("0.0000012", "0.0000012"),
            ("0.00000012", "1.2E-7"),
            ("-0", "0"),
            ("-0.0", "0.0"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("1.23e2", "123"),
            ("1.5e-3", "0.0015"),
            ("12e1", "1.2E+2"),
            ("0e3", "0E+3"),
        ] {
            assert_eq!(decimal_to_string(text).as_deref(), Some(expected), "{text}");
        }
        // Longer than the widths that formatting can pad to.
        let long = format!("0.{}", "1".repeat(70_000));
        assert_eq!(decimal_to_string(&long), Some(long));
        for text in ["", "-", "1x", "1e", ".", "1.2.3", "0x1"] {
            assert_eq!(decimal_to_string(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn texts_of_numbers_are_read_back(double in any::<f64>(), float in any::<f32>()) {
            let (double_text, float_text) = (double_to_string(double), float_to_string(float));
            prop_assert!(double.is_nan() || double_text.parse() == Ok(double), "{double_text}");
            prop_assert!(float.is_nan() || float_text.parse() == Ok(float), "{float_text}");
        }

        #[test]
        fn decimals_keep_their_value(whole in any::<i64>(), fraction in "[0-9]{0,6}", exponent in -20..20_i32) {
            let text = if fraction.is_empty() { format!("{whole}e{exponent}") } else { format!("{whole}.{fraction}E{exponent}") };
            let shown = decimal_to_string(&text).expect("a number");
            prop_assert_eq!(shown.parse::<f64>(), text.parse::<f64>());
            prop_assert_eq!(decimal_to_string(&shown), Some(shown));
        }
    }
}
