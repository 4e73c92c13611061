//! `java.text.DecimalFormat` for the locale en_US.

use super::digits::{Digits, Rounding};
use crate::number::Number;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct DecimalFormat {
    positive: (String, String),
    negative: (String, String),
    least_whole: usize,
    most_whole: usize,
    least_fraction: usize,
    most_fraction: usize,
    grouping: usize,
    /// Powers of ten: 2 for percent, 3 for per mille.
    shift: i64,
    least_exponent: Option<usize>,
    rounding: Rounding,
    group_separator: char,
    decimal_separator: char,
}

impl DecimalFormat {
    /// Compiles a pattern, with FreeMarker's `;;` options behind it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        let (pattern, options) = pattern.split_once(";;").unwrap_or((pattern, ""));
        let mut format = Self::parse_plain(pattern)?;
        for option in options.split([' ', ',']).filter(|option| !option.is_empty()) {
            format.option(option)?;
        }
        Ok(format)
    }

    fn option(&mut self, option: &str) -> Result<(), String> {
        let (name, value) =
            option.split_once('=').ok_or_else(|| format!("\"{option}\" is no option of a number format"))?;
        let value = value.trim_matches(['\'', '"']);
        let character = || value.chars().next().ok_or_else(|| format!("The option {name} needs a character"));
        match name {
            "roundingMode" | "rnd" => {
                self.rounding = match value {
                    "halfEven" => Rounding::HalfEven,
                    "halfUp" => Rounding::HalfUp,
                    "halfDown" => Rounding::HalfDown,
                    "up" => Rounding::Up,
                    "down" => Rounding::Down,
                    "floor" => Rounding::Floor,
                    "ceiling" => Rounding::Ceiling,
                    _ => return Err(format!("There is no rounding mode {value}")),
                }
            }
            "groupingSeparator" | "grp" => self.group_separator = character()?,
            "decimalSeparator" | "dec" => self.decimal_separator = character()?,
            _ => return Err(format!("The option {name} of number formats is not supported")),
        }
        Ok(())
    }

    fn parse_plain(pattern: &str) -> Result<Self, String> {
        let mut format = Self {
            positive: Default::default(),
            negative: Default::default(),
            least_whole: 0,
            most_whole: usize::MAX,
            least_fraction: 0,
            most_fraction: 0,
            grouping: 0,
            shift: 0,
            least_exponent: None,
            rounding: Rounding::HalfEven,
            group_separator: ',',
            decimal_separator: '.',
        };
        let characters: Vec<char> = pattern.chars().collect();
        let at = affix(&characters, 0, &mut format.positive.0, &mut format.shift)?;
        let at = format.number(&characters, at, pattern)?;
        let at = affix(&characters, at, &mut format.positive.1, &mut format.shift)?;
        format.negative = (format!("-{}", format.positive.0), format.positive.1.clone());
        match characters.get(at) {
            None => {}
            Some(';') => {
                // Only what stands around the digits counts of the second part.
                let (mut before, mut after, mut shift) = (String::new(), String::new(), 0);
                let at = affix(&characters, at + 1, &mut before, &mut shift)?;
                let digits = characters.iter().skip(at).take_while(|c| "#0,.E".contains(**c)).count();
                affix(&characters, at + digits, &mut after, &mut shift)?;
                if (&before, &after) != (&format.positive.0, &format.positive.1) {
                    format.negative = (before, after);
                }
            }
            Some(other) => return Err(format!("Malformed number format \"{pattern}\": '{other}'")),
        }
        Ok(format)
    }

    fn number(&mut self, characters: &[char], from: usize, pattern: &str) -> Result<usize, String> {
        let malformed = || format!("Malformed number format \"{pattern}\"");
        let (mut hashes, mut zeros, mut since_comma, mut comma) = (0, 0, 0, false);
        let mut at = from;
        let mut fraction = false;
        while let Some(&character) = characters.get(at) {
            match character {
                '#' if fraction => self.most_fraction += 1,
                '0' if fraction && self.most_fraction > self.least_fraction => return Err(malformed()),
                '0' if fraction => {
                    self.least_fraction += 1;
                    self.most_fraction += 1;
                }
                '#' if zeros > 0 => return Err(malformed()),
                '#' => {
                    hashes += 1;
                    since_comma += 1;
                }
                '0' => {
                    zeros += 1;
                    since_comma += 1;
                }
                ',' if !fraction => {
                    comma = true;
                    since_comma = 0;
                }
                '.' if !fraction => fraction = true,
                'E' => {
                    let digits = characters.iter().skip(at + 1).take_while(|c| **c == '0').count();
                    if digits == 0 {
                        return Err(malformed());
                    }
                    self.least_exponent = Some(digits);
                    at += digits;
                    at += 1;
                    break;
                }
                _ => break,
            }
            at += 1;
        }
        if comma && since_comma == 0 || self.most_fraction > 340 || hashes + zeros > 340 {
            return Err(malformed());
        }
        self.grouping = if comma { since_comma } else { 0 };
        self.least_whole = zeros;
        if self.least_exponent.is_some() {
            self.most_whole = hashes + zeros;
        }
        // A pattern without any zero still writes the zero of "0", but not that of "0.5".
        if zeros == 0 && self.most_fraction == 0 && hashes > 0 && self.least_exponent.is_none() {
            self.least_whole = 0;
        }
        Ok(at)
    }

    /// Formats a number.
    pub fn format(&self, number: &Number) -> String {
        if let Number::Double(double) = number {
            if double.is_nan() {
                return "NaN".to_owned();
            }
            if double.is_infinite() {
                let (before, after) = if *double < 0.0 { &self.negative } else { &self.positive };
                return format!("{before}∞{after}");
            }
        }
        let mut digits = Digits::of(number);
        digits.point += self.shift;
        let negative = number.is_negative()
            || matches!(number, Number::Double(double) if *double == 0.0 && double.is_sign_negative());
        let body = match self.least_exponent {
            Some(least) => self.scientific(&mut digits, negative, least),
            None => {
                digits.round(i64::try_from(self.most_fraction).unwrap_or(0), self.rounding, negative);
                self.plain(&digits)
            }
        };
        let (before, after) = if negative { &self.negative } else { &self.positive };
        format!("{before}{body}{after}")
    }

    fn plain(&self, digits: &Digits) -> String {
        let (mut whole, mut fraction) = digits.parts();
        while whole.len() < self.least_whole {
            whole.insert(0, '0');
        }
        while fraction.len() < self.least_fraction {
            fraction.push('0');
        }
        if whole.is_empty() && fraction.is_empty() {
            whole.push('0');
        }
        let mut out = String::new();
        for (index, digit) in whole.chars().enumerate() {
            let left = whole.len() - index;
            if self.grouping > 0 && index > 0 && left % self.grouping == 0 {
                out.push(self.group_separator);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push(self.decimal_separator);
            out.push_str(&fraction);
        }
        out
    }

    fn scientific(&self, digits: &mut Digits, negative: bool, least: usize) -> String {
        let whole = i64::try_from(if self.most_whole > self.least_whole && self.most_whole > 1 {
            1
        } else {
            self.least_whole.max(1)
        })
        .unwrap_or(1);
        let mut exponent = if digits.digits.is_empty() { 0 } else { digits.point - whole };
        if self.most_whole > self.least_whole && self.most_whole > 1 {
            let group = i64::try_from(self.most_whole).unwrap_or(1);
            exponent = (digits.point - 1).div_euclid(group) * group;
        }
        digits.point -= exponent;
        digits.round(i64::try_from(self.most_fraction).unwrap_or(0), self.rounding, negative);
        let sign = if exponent < 0 { "-" } else { "" };
        format!("{}E{sign}{:0>least$}", self.plain(digits), exponent.unsigned_abs())
    }
}

/// Takes what stands before or behind the digits.
fn affix(characters: &[char], from: usize, out: &mut String, shift: &mut i64) -> Result<usize, String> {
    let (mut at, mut quoted) = (from, false);
    while let Some(&character) = characters.get(at) {
        match character {
            '\'' if characters.get(at + 1) == Some(&'\'') => {
                out.push('\'');
                at += 1;
            }
            '\'' => quoted = !quoted,
            other if quoted => out.push(other),
            '#' | '0' | ',' | '.' | ';' => break,
            '%' => {
                *shift = 2;
                out.push('%');
            }
            '\u{2030}' => {
                *shift = 3;
                out.push('\u{2030}');
            }
            '\u{a4}' => out.push('$'),
            other => out.push(other),
        }
        at += 1;
    }
    if quoted { Err("A quote in the number format is not closed".to_owned()) } else { Ok(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_java_formats() {
        for (pattern, number, expected) in [
            ("#,##0.###", Number::Double(1000.0), "1,000"),
            ("#,##0.###", Number::Double(1_234_567.891_5), "1,234,567.891"),
            ("#,##0.###", Number::Double(0.0025), "0.003"),
            ("#,##0.###", Number::Double(-0.0001), "-0"),
            ("0.################", Number::Double(1.1), "1.1"),
            ("0.00", Number::Int(5), "5.00"),
            ("#.##", Number::Double(0.5), ".5"),
            ("#.##", Number::Int(0), "0"),
            ("000", Number::Int(-7), "-007"),
            ("#,##0%", Number::Double(0.256), "26%"),
            ("\u{a4}#,##0.00", Number::Double(1234.5), "$1,234.50"),
            ("0.0;(0.0)", Number::Double(-2.25), "(2.2)"),
            ("'#'0", Number::Int(3), "#3"),
            ("0.###E0", Number::Double(12345.0), "1.234E4"),
            ("0;; roundingMode=halfUp", Number::Double(2.5), "3"),
        ] {
            assert_eq!(
                DecimalFormat::parse(pattern).expect("well made").format(&number),
                expected,
                "{pattern} {number:?}"
            );
        }
        for pattern in ["0#", "0.#0", "#,", "'x0"] {
            assert!(DecimalFormat::parse(pattern).is_err(), "{pattern}");
        }
    }
}
