//! Writing dates by a compiled pattern.

use chrono::{Datelike, NaiveDate, Timelike, Weekday};

use super::date::{Piece, UnsupportedField};
use super::date_parse::Moment;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// `simple` is the dialect of `SimpleDateFormat`.
pub(super) fn format(pieces: &[Piece], moment: &Moment, simple: bool) -> Result<String, UnsupportedField> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Field { letter, count } => out.push_str(&field(*letter, *count, moment, simple)?),
            Piece::Optional(inner) => out.push_str(&format(inner, moment, simple).unwrap_or_default()),
        }
    }
    Ok(out)
}

fn field(letter: char, count: usize, moment: &Moment, simple: bool) -> Result<String, UnsupportedField> {
    let date = || moment.date.ok_or(UnsupportedField(letter));
    let time = || moment.time.ok_or(UnsupportedField(letter));
    let offset = || moment.offset.map(|offset| offset.local_minus_utc()).ok_or(UnsupportedField(letter));
    let number = |value: i64| pad(value, count);
    Ok(match letter {
        'G' => era(date()?, count).to_owned(),
        'u' if simple => number(i64::from(date()?.weekday().number_from_monday())),
        'y' | 'u' => year(date()?.year(), count),
        'Y' => year(us_week(date()?).0, count),
        'Q' | 'q' => {
            let quarter = date()?.month0() / 3 + 1;
            match count {
                1 | 2 => number(i64::from(quarter)),
                3 => format!("Q{quarter}"),
                _ => format!("{quarter}{} quarter", ordinal_suffix(quarter)),
            }
        }
        'M' | 'L' => {
            let month = date()?.month();
            let name = MONTHS.get(month as usize - 1).copied().unwrap_or("");
            match count {
                1 | 2 => number(i64::from(month)),
                3 => beginning(name, 3),
                5 if !simple => beginning(name, 1),
                _ => name.to_owned(),
            }
        }
        'E' => day_name(date()?.weekday(), count, simple),
        'e' | 'c' if count >= 3 => day_name(date()?.weekday(), count, simple),
        'e' | 'c' => number(i64::from(date()?.weekday().number_from_sunday())),
        'w' => number(i64::from(us_week(date()?).1)),
        'W' => number(i64::from(week_of_month(date()?))),
        'D' => number(i64::from(date()?.ordinal())),
        'd' => number(i64::from(date()?.day())),
        'F' => number(i64::from(date()?.day0() / 7 + 1)),
        'a' => if time()?.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        'B' => day_period(time()?.hour(), time()?.minute()).to_owned(),
        'H' => number(i64::from(time()?.hour())),
        'k' => number(i64::from(if time()?.hour() == 0 { 24 } else { time()?.hour() })),
        'K' => number(i64::from(time()?.hour() % 12)),
        'h' => number(i64::from(time()?.hour12().1)),
        'm' => number(i64::from(time()?.minute())),
        's' => number(i64::from(time()?.second())),
        'S' if simple => number(i64::from(time()?.nanosecond() / 1_000_000)),
        'S' => beginning(&format!("{:09}", time()?.nanosecond() % 1_000_000_000), count),
        'A' => {
            let time = time()?;
            number(i64::from(time.num_seconds_from_midnight()) * 1_000 + i64::from(time.nanosecond() / 1_000_000))
        }
        'n' => number(i64::from(time()?.nanosecond())),
        'N' => {
            let time = time()?;
            number(i64::from(time.num_seconds_from_midnight()) * 1_000_000_000 + i64::from(time.nanosecond()))
        }
        'z' | 'V' => zone_name(offset()?),
        'O' if count == 1 => localized_offset(offset()?, false),
        'O' => localized_offset(offset()?, true),
        'Z' if simple || count <= 3 => iso_offset(offset()?, 2, false),
        'Z' if count == 4 => localized_offset(offset()?, true),
        'Z' => iso_offset(offset()?, 3, true),
        'X' => iso_offset(offset()?, count, true),
        'x' => iso_offset(offset()?, count, false),
        other => return Err(UnsupportedField(other)),
    })
}

fn pad(value: i64, width: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{:0>width$}", value.unsigned_abs())
}

fn year(year: i32, count: usize) -> String {
    if count == 2 { pad(i64::from(year.rem_euclid(100)), 2) } else { pad(i64::from(year), count) }
}

fn era(date: NaiveDate, count: usize) -> &'static str {
    match (date.year() > 0, count) {
        (true, 4) => "Anno Domini",
        (true, 5) => "A",
        (true, _) => "AD",
        (false, 4) => "Before Christ",
        (false, 5) => "B",
        (false, _) => "BC",
    }
}

fn ordinal_suffix(number: u32) -> &'static str {
    match number {
        1 => "st",
        2 => "nd",
        3 => "rd",
        _ => "th",
    }
}

fn day_name(day: Weekday, count: usize, simple: bool) -> String {
    let name = DAYS.get(day.num_days_from_monday() as usize).copied().unwrap_or("");
    match count {
        ..=3 => beginning(name, 3),
        5 if !simple => beginning(name, 1),
        _ => name.to_owned(),
    }
}

fn day_period(hour: u32, minute: u32) -> &'static str {
    match (hour, minute) {
        (0, 0) => "midnight",
        (12, 0) => "noon",
        (6..12, _) => "in the morning",
        (12..18, _) => "in the afternoon",
        (18..21, _) => "in the evening",
        _ => "at night",
    }
}

fn beginning(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

/// The week-based year and its week by American rules: weeks begin on Sunday, and the week of 1 January is the first.
fn us_week(date: NaiveDate) -> (i32, u32) {
    let first_day = NaiveDate::from_ymd_opt(date.year(), 1, 1).unwrap_or(date).weekday().num_days_from_sunday();
    let days_in_year = if date.leap_year() { 366 } else { 365 };
    // What is left of the year's last week belongs to the next one if 1 January lies in it.
    let next_first = (first_day + days_in_year) % 7;
    if date.ordinal0() >= days_in_year - next_first && next_first > 0 {
        return (date.year() + 1, 1);
    }
    (date.year(), (date.ordinal0() + first_day) / 7 + 1)
}

fn week_of_month(date: NaiveDate) -> u32 {
    let first = date.with_day(1).unwrap_or(date).weekday().num_days_from_sunday();
    (date.day0() + first) / 7 + 1
}

fn zone_name(seconds: i32) -> String {
    if seconds == 0 { "UTC".to_owned() } else { localized_offset(seconds, true) }
}

/// `GMT+5:30`, or `GMT+05:30` if it is to be full.
fn localized_offset(seconds: i32, full: bool) -> String {
    if seconds == 0 {
        return "GMT".to_owned();
    }
    let (sign, hours, minutes) = split_offset(seconds);
    match (full, minutes) {
        (true, _) => format!("GMT{sign}{hours:02}:{minutes:02}"),
        (false, 0) => format!("GMT{sign}{hours}"),
        (false, _) => format!("GMT{sign}{hours}:{minutes:02}"),
    }
}

/// An offset as `X` and `x` write it: 1 hours (and minutes if there are any), 2 `+hhmm`, 3 `+hh:mm`.
fn iso_offset(seconds: i32, count: usize, zulu: bool) -> String {
    if seconds == 0 && zulu {
        return "Z".to_owned();
    }
    let (sign, hours, minutes) = split_offset(seconds);
    match count {
        1 if minutes == 0 => format!("{sign}{hours:02}"),
        1 | 2 | 4 => format!("{sign}{hours:02}{minutes:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}"),
    }
}

fn split_offset(seconds: i32) -> (char, u32, u32) {
    let minutes = seconds.unsigned_abs() / 60;
    (if seconds < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}
