//! Reading dates by a `SimpleDateFormat` pattern, leniently: numbers of any length, values that overflow.

use chrono::{Duration, NaiveDate};

use super::date::Zone;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    afternoon: bool,
    minute: i64,
    second: i64,
    millis: i64,
    /// Seconds from UTC.
    offset: Option<i64>,
}

/// The milliseconds since 1970 of a text; `None` when it does not have the form of the pattern. What follows is ignored,
/// as in Java.
pub(super) fn read(pattern: &str, text: &str, zone: &Zone, now: i64) -> Option<i64> {
    let mut fields = Fields {
        year: 1970,
        month: 1,
        day: 1,
        hour: 0,
        afternoon: false,
        minute: 0,
        second: 0,
        millis: 0,
        offset: None,
    };
    let mut rest = text;
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\'' {
            if letters.next_if_eq(&'\'').is_some() {
                rest = rest.strip_prefix('\'')?;
                continue;
            }
            for literal in letters.by_ref().take_while(|c| *c != '\'') {
                rest = rest.strip_prefix(literal)?;
            }
        } else if letter.is_ascii_alphabetic() {
            let mut count = 1;
            while letters.next_if_eq(&letter).is_some() {
                count += 1;
            }
            // Digits that follow at once belong to the next field.
            let adjacent = letters.peek().is_some_and(char::is_ascii_alphabetic);
            rest = fields.field(letter, count, adjacent, rest.trim_start(), now)?;
        } else if letter == ' ' {
            rest = rest.strip_prefix(' ')?.trim_start_matches(' ');
        } else {
            rest = rest.strip_prefix(letter)?;
        }
    }
    fields.millis(zone)
}

impl Fields {
    fn field<'t>(&mut self, letter: char, count: usize, adjacent: bool, text: &'t str, now: i64) -> Option<&'t str> {
        let number = || {
            let widest = if adjacent { count } else { 12 };
            let negative = text.starts_with('-') && !adjacent;
            let digits = if negative { text.get(1..)? } else { text };
            let length = digits.bytes().take(widest).take_while(u8::is_ascii_digit).count();
            let value: i64 = digits.get(..length)?.parse().ok()?;
            Some((if negative { -value } else { value }, length, digits.get(length..)?))
        };
        let slot = match letter {
            'y' | 'Y' | 'u' if letter != 'u' => {
                let (value, length, rest) = number()?;
                self.year = if count <= 2 && length == 2 { century(value, now) } else { value };
                return Some(rest);
            }
            'M' | 'L' if count >= 3 => {
                let (index, rest) = named(text, &MONTHS)?;
                self.month = i64::try_from(index).ok()? + 1;
                return Some(rest);
            }
            'E' => return named(text, &DAYS).map(|(_, rest)| rest),
            'a' => {
                let (half, rest) = text.split_at_checked(2)?;
                self.afternoon = half.eq_ignore_ascii_case("pm");
                return (self.afternoon || half.eq_ignore_ascii_case("am")).then_some(rest);
            }
            'G' => return text.strip_prefix("AD"),
            'z' | 'Z' | 'X' => {
                let (offset, rest) = offset(text)?;
                self.offset = Some(offset);
                return Some(rest);
            }
            'M' | 'L' => &mut self.month,
            'd' => &mut self.day,
            'D' => {
                self.month = 1;
                &mut self.day
            }
            'H' | 'k' | 'h' | 'K' => &mut self.hour,
            'm' => &mut self.minute,
            's' => &mut self.second,
            'S' => &mut self.millis,
            'u' | 'F' | 'w' | 'W' => return number().map(|(_, _, rest)| rest),
            _ => return None,
        };
        let (value, _, rest) = number()?;
        *slot = match (letter, value) {
            ('h', 12) => 0,
            ('k', 24) => 0,
            _ => value,
        };
        Some(rest)
    }

    fn millis(&self, zone: &Zone) -> Option<i64> {
        let months = self.year.checked_mul(12)?.checked_add(self.month - 1)?;
        let year = i32::try_from(months.div_euclid(12)).ok()?;
        let first = NaiveDate::from_ymd_opt(year, u32::try_from(months.rem_euclid(12)).ok()? + 1, 1)?;
        let hours = self.hour + if self.afternoon { 12 } else { 0 };
        let span = Duration::try_days(self.day - 1)?
            .checked_add(&Duration::try_hours(hours)?)?
            .checked_add(&Duration::try_minutes(self.minute)?)?
            .checked_add(&Duration::try_seconds(self.second)?)?
            .checked_add(&Duration::try_milliseconds(self.millis)?)?;
        let local = first.and_hms_opt(0, 0, 0)?.checked_add_signed(span)?;
        Some(match self.offset {
            Some(seconds) => local.and_utc().timestamp_millis() - seconds * 1000,
            None => zone.millis(local),
        })
    }
}

/// The year of two digits that lies between 80 years ago and 20 years ahead.
fn century(value: i64, now: i64) -> i64 {
    let this = 1970 + now / 31_556_952_000;
    let candidate = this - this % 100 + value;
    if candidate > this + 20 {
        candidate - 100
    } else if candidate <= this - 80 {
        candidate + 100
    } else {
        candidate
    }
}

/// A name or its first three letters, in any case.
fn named<'t>(text: &'t str, names: &[&str]) -> Option<(usize, &'t str)> {
    let begins = |name: &str| text.get(..name.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(name));
    names.iter().enumerate().find_map(|(index, name)| {
        let name = if begins(name) { *name } else { name.get(..3).filter(|short| begins(short))? };
        Some((index, text.get(name.len()..)?))
    })
}

fn offset(text: &str) -> Option<(i64, &str)> {
    for zulu in ["Z", "UTC", "GMT"] {
        if let Some(rest) = text.strip_prefix(zulu) {
            return if rest.starts_with(['+', '-']) { offset(rest) } else { Some((0, rest)) };
        }
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let rest = text.strip_prefix(['+', '-'])?;
    let pair = |text: &str| text.get(..2)?.parse::<i64>().ok();
    let hours = pair(rest)?;
    let after = rest.get(2..)?;
    let after = after.strip_prefix(':').unwrap_or(after);
    match pair(after) {
        Some(minutes) => Some((sign * (hours * 3600 + minutes * 60), after.get(2..)?)),
        None => Some((sign * hours * 3600, after)),
    }
}
