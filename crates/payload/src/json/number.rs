//! Numbers as Java prints them.

/// `text`, a JSON number, as `java.math.BigDecimal.toString` prints it: the scale is kept (`1.10`), an exponent becomes
/// `E+3` form, tiny numbers get one (`1E-8`), `-0` is `0`.
pub fn big_decimal_text(text: &str) -> String {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.trim_start_matches('+').parse::<i64>().unwrap_or(0)),
        None => (unsigned, 0),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all: String = [integer, fraction].concat();
    let digits = match all.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let scale = fraction.len() as i64 - exponent;
    let sign = if negative && digits != "0" { "-" } else { "" };
    let adjusted = digits.len() as i64 - 1 - scale;
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    if scale > 0 && adjusted >= -6 {
        let scale = scale as usize;
        return if digits.len() > scale {
            let point = digits.len() - scale;
            format!("{sign}{}.{}", &digits[..point], &digits[point..])
        } else {
            format!("{sign}0.{}{digits}", "0".repeat(scale - digits.len()))
        };
    }
    let mantissa = match digits.len() {
        1 => digits.to_owned(),
        _ => format!("{}.{}", &digits[..1], &digits[1..]),
    };
    match adjusted {
        0 => format!("{sign}{mantissa}"),
        positive if positive > 0 => format!("{sign}{mantissa}E+{positive}"),
        negative => format!("{sign}{mantissa}E{negative}"),
    }
}

/// Whether `text` as a whole is a JSON number (`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`).
pub(super) fn is_json_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let integer = digits(rest);
    if integer == 0 || (integer > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = &rest[integer..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let count = digits(exponent);
        if count == 0 {
            return false;
        }
        rest = &exponent[count..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_like_big_decimal() {
        for (text, expected) in [
            ("1.10", "1.10"),
            ("1e3", "1E+3"),
            ("1E5", "1E+5"),
            ("0.00000001", "1E-8"),
            ("0.000001", "0.000001"),
            ("-0", "0"),
            ("-0.0", "0.0"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("1.5e1", "15"),
            ("15e-1", "1.5"),
            ("1.25e2", "125"),
            ("1.25e3", "1.25E+3"),
            ("-12.5e10", "-1.25E+11"),
        ] {
            assert_eq!(big_decimal_text(text), expected, "{text}");
        }
    }

    #[test]
    fn tells_numbers_from_text() {
        for number in ["0", "-0", "1.0", "12", "1e5", "1.5E-3"] {
            assert!(is_json_number(number), "{number}");
        }
        for text in ["", "01", "+1", ".5", "1.", "1e", " 1", "1 ", "0x1", "-", "NaN"] {
            assert!(!is_json_number(text), "{text}");
        }
    }
}
