//! Text to [`Cron`].

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::{Cron, Days, Set};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const YEARS: RangeInclusive<u32> = 1970..=2099;

/// Why a text is no cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Not six or seven fields.
    #[error("{0} fields found, expected 6 or 7: second minute hour day-of-month month day-of-week [year]")]
    Fields(usize),
    /// Both day fields say something.
    #[error("Support for specifying both a day-of-week AND a day-of-month parameter is not implemented.")]
    BothDays,
    /// `?` in both day fields.
    #[error("'?' can only be specified for Day-of-Month -OR- Day-of-Week.")]
    NoDay,
    /// A field is wrong.
    #[error("{field}: {text:?} is not {expected}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// The part of it that is wrong.
        text: String,
        /// What may stand there.
        expected: String,
    },
}

impl Cron {
    /// Parses an expression: six or seven fields, names in any case.
    ///
    /// # Errors
    /// [`CronError`] says which field is wrong and what may stand there.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let upper = text.to_ascii_uppercase();
        let fields: Vec<&str> = upper.split_whitespace().collect();
        let (second, minute, hour, day, month, week, year) = match *fields.as_slice() {
            [second, minute, hour, day, month, week] => (second, minute, hour, day, month, week, "*"),
            [second, minute, hour, day, month, week, year] => (second, minute, hour, day, month, week, year),
            _ => return Err(CronError::Fields(fields.len())),
        };
        let days = match (day, week) {
            ("?", "?") => return Err(CronError::NoDay),
            (day, "?") => days_of_month(day)?,
            ("?", week) => days_of_week(week)?,
            _ => return Err(CronError::BothDays),
        };
        Ok(Self {
            seconds: set(&Field::new("second", 0..=59, &[]), second)?,
            minutes: set(&Field::new("minute", 0..=59, &[]), minute)?,
            hours: set(&Field::new("hour", 0..=23, &[]), hour)?,
            days,
            months: set(&Field::new("month", 1..=12, &MONTHS), month)?,
            years: years(year)?,
        })
    }
}

struct Field {
    name: &'static str,
    range: RangeInclusive<u32>,
    names: &'static [&'static str],
}

impl Field {
    fn new(name: &'static str, range: RangeInclusive<u32>, names: &'static [&'static str]) -> Self {
        Self { name, range, names }
    }

    fn wrong(&self, text: &str, expected: impl Into<String>) -> CronError {
        CronError::Field { field: self.name, text: text.to_owned(), expected: expected.into() }
    }

    fn number(&self, text: &str) -> Result<u32, CronError> {
        let named = self.names.iter().position(|name| *name == text).and_then(|place| u32::try_from(place + 1).ok());
        let number = named.or_else(|| digits(text));
        number.filter(|number| self.range.contains(number)).ok_or_else(|| {
            let names = match (self.names.first(), self.names.last()) {
                (Some(first), Some(last)) => format!(" or {first} to {last}"),
                _ => String::new(),
            };
            self.wrong(text, format!("a number from {} to {}{names}", self.range.start(), self.range.end()))
        })
    }

    /// The numbers of one part of a list: `*`, `a`, `a-b`, each with or without `/step`. A range whose end is before its
    /// start goes round.
    fn numbers(&self, part: &str) -> Result<Vec<u32>, CronError> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (part, None),
        };
        let (start, end) = match range.split_once('-') {
            _ if range == "*" || (range.is_empty() && step.is_some()) => (*self.range.start(), *self.range.end()),
            Some((start, end)) => (self.number(start)?, self.number(end)?),
            None if step.is_some() => (self.number(range)?, *self.range.end()),
            None => {
                let number = self.number(range)?;
                (number, number)
            }
        };
        let span = self.range.end() - self.range.start() + 1;
        let last = if end < start {
            if self.range == YEARS {
                return Err(self.wrong(range, "a range with its end after its start"));
            }
            end + span
        } else {
            end
        };
        let first = *self.range.start();
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX);
        Ok((start..=last).step_by(step).map(|number| (number - first) % span + first).collect())
    }

    fn step(&self, text: &str) -> Result<u32, CronError> {
        // Quartz allows a step up to the greatest value of the field.
        let most = if self.range == YEARS { YEARS.end() - YEARS.start() } else { *self.range.end() };
        digits(text)
            .filter(|step| (1..=most).contains(step))
            .ok_or_else(|| self.wrong(text, format!("a step from 1 to {most}")))
    }
}

/// A number without sign.
fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn set(field: &Field, text: &str) -> Result<Set, CronError> {
    let mut set = Set::default();
    for part in text.split(',') {
        field.numbers(part)?.into_iter().for_each(|number| set.insert(number));
    }
    Ok(set)
}

fn days_of_month(text: &str) -> Result<Days, CronError> {
    let field = Field::new("day-of-month", 1..=31, &[]);
    let alone = |text: &str| field.wrong(text, "alone: L and W cannot be combined with other days");
    if text.contains(['L', 'W']) && text.contains([',', '/']) {
        return Err(alone(text));
    }
    if let Some(rest) = text.strip_prefix('L') {
        let (rest, weekday) = rest.strip_suffix('W').map_or((rest, false), |rest| (rest, true));
        let days = match rest.strip_prefix('-') {
            Some(days) => {
                digits(days).filter(|days| (0..=30).contains(days)).ok_or_else(|| field.wrong(text, "L-0 to L-30"))?
            }
            None if rest.is_empty() => 0,
            None => return Err(field.wrong(text, "L, LW, or L-n")),
        };
        return Ok(Days::BeforeLast { days, weekday });
    }
    if let Some(day) = text.strip_suffix('W') {
        return field.number(day).map(Days::NearestWeekday);
    }
    set(&field, text).map(Days::OfMonth)
}

fn days_of_week(text: &str) -> Result<Days, CronError> {
    let field = Field::new("day-of-week", 1..=7, &DAYS);
    if text.contains(',') && text.contains(['L', '#']) {
        return Err(field.wrong(text, "alone: L and # cannot be combined with other days"));
    }
    if text == "L" {
        return field.number("7").map(|day| {
            let mut set = Set::default();
            set.insert(day);
            Days::OfWeek(set)
        });
    }
    if let Some((day, number)) = text.split_once('#') {
        let number = digits(number)
            .filter(|number| (1..=5).contains(number))
            .ok_or_else(|| field.wrong(number, "a number from 1 to 5 after #"))?;
        return Ok(Days::Nth { day: field.number(day)?, number });
    }
    if let Some(day) = text.strip_suffix('L') {
        return field.number(day).map(Days::LastOfWeek);
    }
    set(&field, text).map(Days::OfWeek)
}

fn years(text: &str) -> Result<BTreeSet<u16>, CronError> {
    if text == "*" {
        return Ok(BTreeSet::new());
    }
    let field = Field::new("year", YEARS, &[]);
    let mut years = BTreeSet::new();
    for part in text.split(',') {
        years.extend(field.numbers(part)?.into_iter().filter_map(|year| u16::try_from(year).ok()));
    }
    Ok(years)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_the_dialect() {
        for text in [
            "0 */5 * * * ?",
            "0 0 9 ? * MON-FRI",
            "0 0 22-2 * * ?",
            "0 0 9 ? * fri-mon",
            "0 0 9 L * ?",
            "0 0 9 L-3 * ?",
            "0 0 9 LW * ?",
            "0 0 9 15W * ?",
            "0 0 9 ? * 6L",
            "0 0 9 ? * FRIL",
            "0 0 9 ? * L",
            "0 0 9 ? * 6#3",
            "5/10 /15 * * jan,MAR-nov/2 ?",
            "0 0 12 1,15 * ? 2027-2030/2",
            "0 0 12 1 * ? 2027",
        ] {
            assert!(Cron::parse(text).is_ok(), "{text}: {:?}", Cron::parse(text));
        }
    }

    #[test]
    fn refuses_what_quartz_refuses() {
        for (text, reason) in [
            ("* * * * * *", "both a day-of-week AND a day-of-month"),
            ("0 0 9 ? * ?", "can only be specified"),
            ("*/5 * * * *", "5 fields found"),
            ("0 0 0 * * ? * *", "8 fields found"),
            ("60 * * * * ?", "second: \"60\" is not a number from 0 to 59"),
            ("0/70 * * * * ?", "a step from 1 to 59"),
            ("0/0 * * * * ?", "a step from 1 to 59"),
            ("0 0 0 1,L * ?", "alone"),
            ("0 0 0 1,15W * ?", "alone"),
            ("0 0 0 ? * 6#6", "from 1 to 5"),
            ("0 0 0 ? * MON,6L", "alone"),
            ("0 0 0 ? * 8", "a number from 1 to 7 or SUN to SAT"),
            ("0 0 0 1 13 ?", "a number from 1 to 12 or JAN to DEC"),
            ("0 0 0 1 1 ? 1969", "a number from 1970 to 2099"),
            ("0 0 0 1 1 ? 2030-2020", "end after its start"),
            ("0 0 +1 * * ?", "a number from 0 to 23"),
            ("", "0 fields found"),
        ] {
            match Cron::parse(text) {
                Ok(_) => panic!("{text} was accepted"),
                Err(error) => assert!(error.to_string().contains(reason), "{text}: {error}"),
            }
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r"[0-9*?/,LW#A-Z -]{0,40}") {
            let _ = Cron::parse(&text);
        }
    }
}
