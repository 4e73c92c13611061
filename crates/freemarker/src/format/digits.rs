//! Decimal digits, and rounding them as Java does.

use std::cmp::Ordering;
use std::str::FromStr;

use bigdecimal::BigDecimal;

use crate::number::Number;

/// How digits are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    HalfEven,
    HalfUp,
    HalfDown,
    Up,
    Down,
    Floor,
    Ceiling,
}

/// A number as digits and the place of its point.
pub(super) struct Digits {
    pub digits: Vec<u8>,
    pub point: i64,
    /// How the exact value compares with the digits.
    beyond: Ordering,
}

impl Digits {
    pub fn of(number: &Number) -> Self {
        let (text, beyond) = match number {
            Number::Int(whole) => (whole.unsigned_abs().to_string(), Ordering::Equal),
            Number::Decimal(decimal) => (decimal.abs().to_plain_string(), Ordering::Equal),
            Number::Double(double) => {
                let shortest = format!("{}", double.abs());
                let exact = BigDecimal::try_from(double.abs()).ok();
                let beyond =
                    exact.zip(BigDecimal::from_str(&shortest).ok()).map_or(Ordering::Equal, |(a, b)| a.cmp(&b));
                (shortest, beyond)
            }
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|byte| byte.wrapping_sub(b'0')).collect();
        let zeros = all.iter().take_while(|digit| **digit == 0).count();
        let point = i64::try_from(whole.len()).unwrap_or(0) - i64::try_from(zeros).unwrap_or(0);
        let mut digits = Self { digits: all.get(zeros..).unwrap_or(&[]).to_vec(), point, beyond };
        digits.trim();
        digits
    }

    fn trim(&mut self) {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.point = 0;
        }
    }

    /// Leaves so many digits after the point.
    pub fn round(&mut self, fraction: i64, rounding: Rounding, negative: bool) {
        let keep = self.point + fraction;
        if keep >= i64::try_from(self.digits.len()).unwrap_or(i64::MAX) || self.digits.is_empty() {
            return;
        }
        let Ok(kept) = usize::try_from(keep) else {
            // Even the first digit is beyond what is kept.
            let up = match rounding {
                Rounding::Up => true,
                Rounding::Floor => negative,
                Rounding::Ceiling => !negative,
                _ => false,
            };
            self.digits = if up { vec![1] } else { Vec::new() };
            self.point = if up { 1 - fraction } else { 0 };
            return;
        };
        let next = self.digits.get(kept).copied().unwrap_or(0);
        let half = if next != 5 {
            next.cmp(&5)
        } else if self.digits.len() > kept + 1 {
            Ordering::Greater
        } else {
            self.beyond
        };
        let odd = kept.checked_sub(1).and_then(|last| self.digits.get(last)).is_some_and(|digit| digit % 2 == 1);
        let up = match rounding {
            Rounding::HalfEven => half == Ordering::Greater || half == Ordering::Equal && odd,
            Rounding::HalfUp => half != Ordering::Less,
            Rounding::HalfDown => half == Ordering::Greater,
            Rounding::Up => true,
            Rounding::Down => false,
            Rounding::Floor => negative,
            Rounding::Ceiling => !negative,
        };
        self.digits.truncate(kept);
        if up {
            let mut carried = true;
            for digit in self.digits.iter_mut().rev() {
                if *digit < 9 {
                    *digit += 1;
                    carried = false;
                    break;
                }
                *digit = 0;
            }
            if carried {
                self.digits.insert(0, 1);
                self.point += 1;
            }
        }
        self.trim();
    }

    /// The digits before and after the point, without zeros that need not be.
    pub fn parts(&self) -> (String, String) {
        let digit = |digit: &u8| char::from(b'0' + digit);
        let text: String = self.digits.iter().map(digit).collect();
        match usize::try_from(self.point) {
            Ok(0) | Err(_) if text.is_empty() => (String::new(), String::new()),
            Err(_) => {
                let zeros = usize::try_from(-self.point).unwrap_or(0);
                (String::new(), format!("{}{text}", "0".repeat(zeros)))
            }
            Ok(point) if point >= text.len() => (format!("{text:0<point$}"), String::new()),
            Ok(point) => {
                let (whole, fraction) = text.split_at(point);
                (whole.to_owned(), fraction.to_owned())
            }
        }
    }
}
