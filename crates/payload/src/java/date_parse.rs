//! Reading dates by a compiled `DateTimeFormatter` pattern.

use chrono::{Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};

use super::date::Piece;
use super::date_format::{DAYS, MONTHS};

/// What a text said of a point in time.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Moment {
    /// The date, if known.
    pub date: Option<NaiveDate>,
    /// The time of day, if known.
    pub time: Option<NaiveTime>,
    /// The offset from UTC, if known.
    pub offset: Option<FixedOffset>,
}

impl Moment {
    /// A complete moment.
    pub fn zoned(local: NaiveDateTime, offset: FixedOffset) -> Self {
        Self { date: Some(local.date()), time: Some(local.time()), offset: Some(offset) }
    }
}

/// A text that does not have the form of its pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("Text '{text}' could not be parsed at index {index}")]
pub struct DateParseError {
    /// The text.
    pub text: String,
    /// Where reading stopped, in bytes.
    pub index: usize,
}

/// The fields read so far.
#[derive(Copy, Clone, Default)]
struct Fields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    weekday: Option<usize>,
    hour: Option<i64>,
    half_hour: Option<i64>,
    afternoon: Option<bool>,
    minute: Option<i64>,
    second: Option<i64>,
    nano: Option<i64>,
    offset: Option<i32>,
}

pub(super) fn read(pieces: &[Piece], text: &str) -> Result<Moment, DateParseError> {
    let error = |index: usize| DateParseError { text: text.to_owned(), index };
    let mut fields = Fields::default();
    let rest = walk(pieces, text, &mut fields).map_err(|rest| error(text.len() - rest.len()))?;
    if !rest.is_empty() {
        return Err(error(text.len() - rest.len()));
    }
    fields.moment().ok_or_else(|| error(0))
}

/// Reads the pieces one after the other. The error is what was left when one of them did not fit.
fn walk<'t>(pieces: &[Piece], text: &'t str, fields: &mut Fields) -> Result<&'t str, &'t str> {
    let mut rest = text;
    for (at, piece) in pieces.iter().enumerate() {
        rest = match piece {
            Piece::Literal(literal) => rest.strip_prefix(literal.as_str()).ok_or(rest)?,
            Piece::Optional(inner) => {
                let mut attempt = *fields;
                match walk(inner, rest, &mut attempt) {
                    Ok(after) => {
                        *fields = attempt;
                        after
                    }
                    Err(_) => rest,
                }
            }
            Piece::Field { letter, count } => {
                // Digits that follow at once belong to the next field.
                let adjacent = matches!(pieces.get(at + 1), Some(Piece::Field { .. }));
                field(*letter, *count, adjacent, rest, fields).ok_or(rest)?
            }
        };
    }
    Ok(rest)
}

fn field<'t>(letter: char, count: usize, adjacent: bool, text: &'t str, fields: &mut Fields) -> Option<&'t str> {
    let widest = if adjacent || count == 2 { count } else { 19 };
    let mut number = |slot: fn(&mut Fields) -> &mut Option<i64>| {
        let (value, rest) = digits(text, count, widest)?;
        *slot(fields) = Some(value);
        Some(rest)
    };
    match letter {
        'y' | 'u' => {
            let widest = if count == 2 || adjacent { count } else { 9 };
            let (value, rest) = digits(text, count, widest)?;
            fields.year = Some(if count == 2 { 2000 + value } else { value });
            Some(rest)
        }
        'M' | 'L' if count >= 3 => {
            let (month, rest) = named(text, &MONTHS, count)?;
            fields.month = i64::try_from(month + 1).ok();
            Some(rest)
        }
        'M' | 'L' => number(|fields| &mut fields.month),
        'd' => number(|fields| &mut fields.day),
        'D' => number(|fields| &mut fields.day_of_year),
        'E' => {
            let (day, rest) = named(text, &DAYS, count)?;
            fields.weekday = Some(day);
            Some(rest)
        }
        'H' | 'k' => {
            let rest = number(|fields| &mut fields.hour)?;
            if letter == 'k' && fields.hour == Some(24) {
                fields.hour = Some(0);
            }
            Some(rest)
        }
        'h' | 'K' => {
            let rest = number(|fields| &mut fields.half_hour)?;
            if letter == 'h' && fields.half_hour == Some(12) {
                fields.half_hour = Some(0);
            }
            Some(rest)
        }
        'm' => number(|fields| &mut fields.minute),
        's' => number(|fields| &mut fields.second),
        'S' => {
            let (value, rest) = digits(text, count, count)?;
            let scale = u32::try_from(9_usize.checked_sub(count)?).ok()?;
            fields.nano = Some(value * 10_i64.checked_pow(scale)?);
            Some(rest)
        }
        'n' => number(|fields| &mut fields.nano),
        'a' => {
            let (half, rest) = text.split_at_checked(2)?;
            fields.afternoon = Some(match half.to_ascii_uppercase().as_str() {
                "AM" => false,
                "PM" => true,
                _ => return None,
            });
            Some(rest)
        }
        'X' | 'x' | 'Z' | 'O' | 'z' | 'V' => {
            let (offset, rest) = offset(text)?;
            fields.offset = Some(offset);
            Some(rest)
        }
        'G' => text.strip_prefix("AD"),
        _ => None,
    }
}

/// Between `least` and `most` digits.
fn digits(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length < least {
        return None;
    }
    let (digits, rest) = text.split_at_checked(length)?;
    Some((digits.parse().ok()?, rest))
}

/// A name, or its first three letters.
fn named<'t>(text: &'t str, names: &[&str], count: usize) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let name = if count >= 4 { *name } else { name.get(..3)? };
        let (beginning, rest) = text.split_at_checked(name.len())?;
        (beginning == name).then_some((index, rest))
    })
}

fn offset(text: &str) -> Option<(i32, &str)> {
    for zulu in ["Z", "UTC", "GMT"] {
        if let Some(rest) = text.strip_prefix(zulu) {
            return if rest.starts_with(['+', '-']) { offset(rest) } else { Some((0, rest)) };
        }
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits(text.get(1..)?, 2, 2)?;
    let (minutes, rest) = match rest.strip_prefix(':') {
        Some(after) => digits(after, 2, 2)?,
        None => digits(rest, 2, 2).unwrap_or((0, rest)),
    };
    Some((sign * i32::try_from(hours * 3600 + minutes * 60).ok()?, rest))
}

impl Fields {
    /// Puts the fields together; `None` if they contradict the calendar.
    fn moment(&self) -> Option<Moment> {
        let small = |value: i64| u32::try_from(value).ok();
        let date = match (self.year, self.month, self.day, self.day_of_year) {
            (Some(year), Some(month), Some(day), _) => {
                Some(NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, small(month)?, small(day)?)?)
            }
            (Some(year), _, _, Some(day)) => Some(NaiveDate::from_yo_opt(i32::try_from(year).ok()?, small(day)?)?),
            _ => None,
        };
        if let (Some(date), Some(weekday)) = (date, self.weekday)
            && date.weekday().num_days_from_monday() as usize != weekday
        {
            return None;
        }
        let hour = match (self.hour, self.half_hour, self.afternoon) {
            (Some(hour), _, _) => Some(hour),
            (None, Some(hour), Some(afternoon)) => Some(hour + if afternoon { 12 } else { 0 }),
            _ => None,
        };
        let time = match hour {
            Some(hour) => Some(NaiveTime::from_hms_nano_opt(
                small(hour)?,
                small(self.minute.unwrap_or(0))?,
                small(self.second.unwrap_or(0))?,
                small(self.nano.unwrap_or(0))?,
            )?),
            None => None,
        };
        let offset = match self.offset {
            Some(seconds) => Some(FixedOffset::east_opt(seconds)?),
            None => None,
        };
        Some(Moment { date, time, offset })
    }
}
