//! `format-number()`: patterns of Java's `DecimalFormat`, by XSLT 1.0 §12.3. Halves are rounded to the even neighbour,
//! as Java does.

/// The characters of `xsl:decimal-format`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DecimalFormat {
    pub(crate) decimal_separator: char,
    pub(crate) grouping_separator: char,
    pub(crate) infinity: Box<str>,
    pub(crate) minus_sign: char,
    pub(crate) nan: Box<str>,
    pub(crate) percent: char,
    pub(crate) per_mille: char,
    pub(crate) zero_digit: char,
    pub(crate) digit: char,
    pub(crate) pattern_separator: char,
}

impl Default for DecimalFormat {
    fn default() -> Self {
        Self {
            decimal_separator: '.',
            grouping_separator: ',',
            infinity: "Infinity".into(),
            minus_sign: '-',
            nan: "NaN".into(),
            percent: '%',
            per_mille: '\u{2030}',
            zero_digit: '0',
            digit: '#',
            pattern_separator: ';',
        }
    }
}

/// One half of a pattern.
#[derive(Debug, Default, PartialEq)]
struct Half {
    prefix: String,
    suffix: String,
    min_integer: usize,
    min_fraction: usize,
    max_fraction: usize,
    /// Digits in a group, 0 for none.
    group: usize,
    /// 10^scale is what the number is multiplied with.
    scale: usize,
}

/// How many digits behind the point a pattern may ask for.
const MAX_FRACTION: usize = 400;

impl DecimalFormat {
    /// Formats a number.
    ///
    /// # Errors
    /// The pattern is not one.
    pub(crate) fn format(&self, number: f64, pattern: &str) -> Result<String, String> {
        let (positive, negative) = self.halves(pattern)?;
        if number.is_nan() {
            return Ok(self.nan.to_string());
        }
        let is_negative = number.is_sign_negative() && number != 0.0;
        let body = if number.is_infinite() { self.infinity.to_string() } else { self.digits(number.abs(), &positive) };
        Ok(match (is_negative, negative) {
            (false, _) => format!("{}{body}{}", positive.prefix, positive.suffix),
            (true, Some(negative)) => format!("{}{body}{}", negative.prefix, negative.suffix),
            (true, None) => format!("{}{}{body}{}", self.minus_sign, positive.prefix, positive.suffix),
        })
    }

    fn halves(&self, pattern: &str) -> Result<(Half, Option<Half>), String> {
        let wrong = |what: &str| format!("'{pattern}' is not a pattern of format-number: {what}");
        let mut halves = split_unquoted(pattern, self.pattern_separator, self.grouping_separator).into_iter();
        let positive = self.half(&halves.next().unwrap_or_default()).map_err(wrong)?;
        let negative = halves.next().map(|text| self.half(&text)).transpose().map_err(wrong)?;
        if halves.next().is_some() {
            return Err(wrong("it has more than two parts"));
        }
        Ok((positive, negative))
    }

    fn half(&self, text: &str) -> Result<Half, &'static str> {
        let mut half = Half::default();
        let (mut seen_digits, mut ended, mut in_fraction, mut quoted) = (false, false, false, false);
        let (mut since_group, mut zero_seen) = (None::<usize>, false);
        for c in text.chars() {
            let is_digit = c == self.digit || c == self.zero_digit;
            let is_number = is_digit || c == self.decimal_separator || c == self.grouping_separator;
            if c == '\'' && (quoted || !is_number) {
                quoted = !quoted;
                ended |= seen_digits;
            } else if quoted || !is_number {
                ended |= seen_digits;
                if !quoted && c == self.percent {
                    half.scale = 2;
                } else if !quoted && c == self.per_mille {
                    half.scale = 3;
                }
                if seen_digits { half.suffix.push(c) } else { half.prefix.push(c) }
            } else if ended {
                return Err("digits follow its suffix");
            } else {
                seen_digits = true;
                if c == self.decimal_separator {
                    if in_fraction {
                        return Err("it has two decimal separators");
                    }
                    in_fraction = true;
                } else if c == self.grouping_separator {
                    since_group = Some(0);
                } else if in_fraction {
                    half.max_fraction += 1;
                    if c == self.zero_digit {
                        if half.max_fraction > half.min_fraction + 1 {
                            return Err("a 0 follows a # behind the decimal separator");
                        }
                        half.min_fraction += 1;
                    }
                } else {
                    since_group = since_group.map(|count| count + 1);
                    if c == self.zero_digit {
                        half.min_integer += 1;
                        zero_seen = true;
                    } else if zero_seen {
                        return Err("a # follows a 0 before the decimal separator");
                    }
                }
            }
        }
        if !seen_digits {
            return Err("it has no digits");
        }
        if half.max_fraction > MAX_FRACTION {
            return Err("it has too many digits");
        }
        half.group = since_group.unwrap_or(0);
        if half.min_integer == 0 && half.max_fraction == 0 {
            // Java writes a zero for "#".
            half.min_integer = 1;
        }
        Ok(half)
    }

    fn digits(&self, number: f64, half: &Half) -> String {
        let (mut integer, mut fraction) = decimal_digits(number, half.scale);
        round_half_even(&mut integer, &mut fraction, half.max_fraction);
        while fraction.len() > half.min_fraction && fraction.last() == Some(&0) {
            fraction.pop();
        }
        let padding = half.min_integer.saturating_sub(integer.len());
        let digits: Vec<u8> = std::iter::repeat_n(0, padding).chain(integer).collect();
        let mut out = String::new();
        for (place, digit) in digits.iter().enumerate() {
            let left = digits.len() - place;
            if half.group > 0 && place > 0 && left.is_multiple_of(half.group) {
                out.push(self.grouping_separator);
            }
            out.push(self.digit_char(*digit));
        }
        fraction.resize(fraction.len().max(half.min_fraction), 0);
        if !fraction.is_empty() {
            out.push(self.decimal_separator);
            out.extend(fraction.iter().map(|digit| self.digit_char(*digit)));
        }
        out
    }

    fn digit_char(&self, digit: u8) -> char {
        char::from_u32(u32::from(self.zero_digit) + u32::from(digit)).unwrap_or(self.zero_digit)
    }
}

/// The shortest decimal digits that mean the number, times 10^scale: before and behind the point, without leading
/// zeros.
fn decimal_digits(number: f64, scale: usize) -> (Vec<u8>, Vec<u8>) {
    let text = number.to_string();
    let (integer, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digit = |c: char| c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    let mut integer: Vec<u8> = integer.chars().map(digit).collect();
    let mut fraction: std::collections::VecDeque<u8> = fraction.chars().map(digit).collect();
    for _ in 0..scale {
        integer.push(fraction.pop_front().unwrap_or(0));
    }
    let zeros = integer.iter().take_while(|digit| **digit == 0).count();
    integer.drain(..zeros);
    (integer, fraction.into())
}

fn round_half_even(integer: &mut Vec<u8>, fraction: &mut Vec<u8>, keep: usize) {
    if fraction.len() <= keep {
        return;
    }
    let dropped = fraction.split_off(keep);
    let last_odd = fraction.last().or(integer.last()).is_some_and(|digit| digit % 2 == 1);
    let (first, beyond) = (dropped.first().copied().unwrap_or(0), dropped.iter().skip(1).any(|digit| *digit != 0));
    if first > 5 || first == 5 && (beyond || last_odd) {
        for digit in fraction.iter_mut().rev().chain(integer.iter_mut().rev()) {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        integer.insert(0, 1);
    }
}

fn split_unquoted(text: &str, separator: char, grouping: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '\'' && grouping != '\'';
        if c == separator && !quoted {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(number: f64, pattern: &str) -> String {
        DecimalFormat::default().format(number, pattern).unwrap_or_else(|error| error)
    }

    #[test]
    fn patterns() {
        assert_eq!(format(1234.5, "#,##0.00"), "1,234.50");
        assert_eq!(format(0.5, "#.##"), ".5");
        assert_eq!(format(0.5, "0.##"), "0.5");
        assert_eq!(format(0.0, "#"), "0");
        assert_eq!(format(-3.0, "0"), "-3");
        assert_eq!(format(-3.0, "0;(0)"), "(3)");
        assert_eq!(format(0.256, "0.0%"), "25.6%");
        assert_eq!(format(7.0, "000"), "007");
        assert_eq!(format(12.0, "'no.' 0"), "no. 12");
        assert_eq!(format(f64::NAN, "0"), "NaN");
        assert_eq!(format(f64::NEG_INFINITY, "0"), "-Infinity");
        assert_eq!(format(1e15, "#,###"), "1,000,000,000,000,000");
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        assert_eq!(format(0.125, "0.00"), "0.12");
        assert_eq!(format(0.375, "0.00"), "0.38");
        assert_eq!(format(2.5, "0"), "2");
        assert_eq!(format(3.5, "0"), "4");
        assert_eq!(format(999.9951, "0.00"), "1000.00");
    }

    #[test]
    fn what_is_no_pattern() {
        assert_eq!(format(1.0, "abc"), "'abc' is not a pattern of format-number: it has no digits");
        assert!(format(1.0, "0.0.0").contains("two decimal separators"));
        assert!(format(1.0, "0;0;0").contains("more than two parts"));
    }
}
