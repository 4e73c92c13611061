//! Numbers: whole ones, decimals without loss, and the doubles of JSON. Arithmetic is decimal, as FreeMarker's is.

use std::cmp::Ordering;
use std::str::FromStr;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};
use mi_payload::java::double_to_string;

use crate::error::RenderError;

/// Digits that a quotient has after the point at least, and a product at most.
const SCALE: i64 = 12;
/// Digits that a number may have.
const MAX_DIGITS: i64 = 1000;

/// A number.
#[derive(Debug, Clone)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// A decimal.
    Decimal(BigDecimal),
    /// A double: what JSON's numbers are.
    Double(f64),
}

impl Number {
    /// The number that a text is, read as Java's `BigDecimal` does; `None` when it is none or has too many digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "NaN" => return Some(Self::Double(f64::NAN)),
            "INF" | "Infinity" => return Some(Self::Double(f64::INFINITY)),
            "-INF" | "-Infinity" => return Some(Self::Double(f64::NEG_INFINITY)),
            _ => {}
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
        if !plain || text.len() > 400 {
            return None;
        }
        if !text.starts_with('+')
            && let Ok(whole) = text.parse()
        {
            return Some(Self::Int(whole));
        }
        let exponent = text.split_once(['e', 'E']).map_or(Some(0), |(_, exponent)| exponent.parse::<i64>().ok())?;
        if exponent.abs() > 400 || text.trim_start_matches(['+', '-']).starts_with(['e', 'E']) {
            return None;
        }
        BigDecimal::from_str(text).ok().map(Self::Decimal)
    }

    pub(crate) fn decimal(&self) -> Result<BigDecimal, RenderError> {
        match self {
            Self::Int(whole) => Ok(BigDecimal::from(*whole)),
            Self::Decimal(decimal) => Ok(decimal.clone()),
            Self::Double(double) if double.is_finite() => BigDecimal::from_str(&format!("{double:e}"))
                .map_err(|_| RenderError::failed("It's impossible to convert this number to decimal")),
            Self::Double(double) => {
                Err(RenderError::failed(format!("It's impossible to calculate with {}", double_to_string(*double))))
            }
        }
    }

    fn of(decimal: BigDecimal) -> Result<Self, RenderError> {
        let (_, scale) = decimal.as_bigint_and_exponent();
        if scale.abs() > MAX_DIGITS || i64::try_from(decimal.digits()).unwrap_or(i64::MAX) > MAX_DIGITS {
            return Err(RenderError::limit(&format!("{MAX_DIGITS} digits in a number")));
        }
        Ok(Self::Decimal(decimal))
    }

    pub(crate) fn add(&self, other: &Self) -> Result<Self, RenderError> {
        if let (Self::Int(left), Self::Int(right)) = (self, other)
            && let Some(sum) = left.checked_add(*right)
        {
            return Ok(Self::Int(sum));
        }
        Self::of(self.decimal()? + other.decimal()?)
    }

    pub(crate) fn subtract(&self, other: &Self) -> Result<Self, RenderError> {
        if let (Self::Int(left), Self::Int(right)) = (self, other)
            && let Some(rest) = left.checked_sub(*right)
        {
            return Ok(Self::Int(rest));
        }
        Self::of(self.decimal()? - other.decimal()?)
    }

    pub(crate) fn multiply(&self, other: &Self) -> Result<Self, RenderError> {
        if let (Self::Int(left), Self::Int(right)) = (self, other)
            && let Some(product) = left.checked_mul(*right)
        {
            return Ok(Self::Int(product));
        }
        let product = self.decimal()? * other.decimal()?;
        let (_, scale) = product.as_bigint_and_exponent();
        Self::of(if scale > SCALE { product.with_scale_round(SCALE, RoundingMode::HalfUp) } else { product })
    }

    pub(crate) fn divide(&self, other: &Self) -> Result<Self, RenderError> {
        let (left, left_scale) = self.decimal()?.into_bigint_and_exponent();
        let (right, right_scale) = other.decimal()?.into_bigint_and_exponent();
        if right.is_zero() {
            return Err(RenderError::failed("Arithmetic operation failed: Division by zero"));
        }
        let scale = left_scale.max(right_scale).max(SCALE);
        let power = |exponent: i64| BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(0).min(4000));
        let shift = scale + right_scale - left_scale;
        let (left, right) = (left * power(shift), right * power(-shift));
        let negative = (left.sign() == Sign::Minus) != (right.sign() == Sign::Minus);
        let (left, right) = (left.magnitude(), right.magnitude());
        // Half up: away from zero.
        let quotient = BigInt::from((left * 2u32 + right) / (right * 2u32));
        Self::of(BigDecimal::new(if negative { -quotient } else { quotient }, scale))
    }

    /// The remainder of the two as whole numbers.
    pub(crate) fn remainder(&self, other: &Self) -> Result<Self, RenderError> {
        let rest = self.long().checked_rem(other.long());
        // The only other case, the least number by -1, leaves nothing.
        match rest {
            None if other.long() == 0 => Err(RenderError::failed("Arithmetic operation failed: / by zero")),
            rest => Ok(Self::Int(rest.unwrap_or(0))),
        }
    }

    pub(crate) fn compare(&self, other: &Self) -> Result<Ordering, RenderError> {
        if let (Self::Int(left), Self::Int(right)) = (self, other) {
            return Ok(left.cmp(right));
        }
        if let (Self::Double(left), Self::Double(right)) = (self, other)
            && let Some(order) = left.partial_cmp(right)
        {
            return Ok(order);
        }
        Ok(self.decimal()?.cmp(&other.decimal()?))
    }

    pub(crate) fn negate(&self) -> Result<Self, RenderError> {
        match self {
            Self::Double(double) => Ok(Self::Double(-double)),
            other => Self::Int(0).subtract(other),
        }
    }

    pub(crate) fn is_negative(&self) -> bool {
        match self {
            Self::Int(whole) => *whole < 0,
            Self::Decimal(decimal) => decimal.sign() == Sign::Minus,
            Self::Double(double) => *double < 0.0,
        }
    }

    /// As a Java `long`: without what is after the point; a double is held within bounds, a decimal wraps around.
    pub(crate) fn long(&self) -> i64 {
        match self {
            Self::Int(whole) => *whole,
            Self::Decimal(decimal) => {
                let whole = decimal.with_scale_round(0, RoundingMode::Down).into_bigint_and_exponent().0;
                let low = whole.magnitude().iter_u64_digits().next().unwrap_or(0);
                let low = low.cast_signed();
                if whole.sign() == Sign::Minus { low.wrapping_neg() } else { low }
            }
            #[expect(clippy::cast_possible_truncation, reason = "Java's narrowing of a double is the same")]
            Self::Double(double) => *double as i64,
        }
    }

    /// As an index.
    pub(crate) fn index(&self) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "Java's narrowing to int")]
        let int = self.long() as i32;
        i64::from(int)
    }

    pub(crate) fn double(&self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "Java's widening of a long is the same")]
            Self::Int(whole) => *whole as f64,
            Self::Decimal(decimal) => decimal.to_f64().unwrap_or(f64::NAN),
            Self::Double(double) => *double,
        }
    }

    /// Rounded to a whole number: half up, as `?round` does, or towards one side.
    pub(crate) fn rounded(&self, mode: RoundingMode) -> Result<Self, RenderError> {
        match self {
            Self::Int(whole) => Ok(Self::Int(*whole)),
            other => {
                let decimal = match mode {
                    // Half up means towards positive infinity here.
                    RoundingMode::HalfUp => {
                        (other.decimal()? + BigDecimal::new(5.into(), 1)).with_scale_round(0, RoundingMode::Floor)
                    }
                    mode => other.decimal()?.with_scale_round(0, mode),
                };
                Ok(decimal.to_i64().map_or(Self::Decimal(decimal), Self::Int))
            }
        }
    }

    /// The number as it is written in a template.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Int(whole) => whole.to_string(),
            Self::Decimal(decimal) => decimal.to_plain_string(),
            Self::Double(double) => double_to_string(*double),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).expect("a number")
    }

    #[test]
    fn arithmetic_is_decimal() {
        for (left, operator, right, expected) in [
            ("0.1", '+', "0.2", "0.3"),
            ("1", '/', "3", "0.333333333333"),
            ("2", '/', "3", "0.666666666667"),
            ("-2", '/', "3", "-0.666666666667"),
            ("9223372036854775807", '+', "1", "9223372036854775808"),
            ("7.9", '%', "4.2", "3"),
            ("-7", '%', "4", "-3"),
        ] {
            let (left, right) = (number(left), number(right));
            let result = match operator {
                '+' => left.add(&right),
                '/' => left.divide(&right),
                _ => left.remainder(&right),
            };
            assert_eq!(result.expect("a number").plain(), expected);
        }
        assert!(number("1").divide(&number("0")).is_err());
        assert!(number("1").remainder(&number("0.5")).is_err());
    }

    #[test]
    fn texts_that_are_no_numbers_here() {
        for text in ["", " 1", "1 ", "e5", "1e999999999", "0x1", "--1", &"9".repeat(500)] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }
}
