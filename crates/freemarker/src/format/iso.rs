//! ISO 8601 and XML Schema dates.

use chrono::{Datelike, FixedOffset, NaiveDate, NaiveTime, Timelike};

use super::date::Zone;
use crate::error::RenderError;
use crate::value::DateKind;

/// How exact the time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accuracy {
    Hours,
    Minutes,
    Seconds,
    /// Milliseconds without zeros at the end.
    Milliseconds,
    /// Always three digits.
    ForcedMilliseconds,
    /// Milliseconds where there are any.
    Needed,
}

/// Whether the distance from UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShowZone {
    /// Where there is a time; XML Schema: always, except that dates have none of their own.
    Usual,
    Always,
    Never,
}

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Iso {
    pub xml_schema: bool,
    pub accuracy: Accuracy,
    pub zone: ShowZone,
    pub utc: bool,
}

impl Iso {
    /// `iso`, `xs` and their options; `None` when it is neither.
    pub fn parse(format: &str) -> Option<Result<Self, String>> {
        let mut words = format.split([' ', '_']).filter(|word| !word.is_empty());
        let xml_schema = match words.next()? {
            "iso" => false,
            "xs" => true,
            _ => return None,
        };
        let mut iso = Self { xml_schema, accuracy: Accuracy::Needed, zone: ShowZone::Usual, utc: false };
        for word in words {
            match word {
                "h" if !xml_schema => iso.accuracy = Accuracy::Hours,
                "m" if !xml_schema => iso.accuracy = Accuracy::Minutes,
                "s" if !xml_schema => iso.accuracy = Accuracy::Seconds,
                "ms" => iso.accuracy = Accuracy::ForcedMilliseconds,
                "nz" => iso.zone = ShowZone::Never,
                "fz" => iso.zone = ShowZone::Always,
                "u" => iso.utc = true,
                _ => return Some(Err(format!("\"{word}\" is no option of the date format {format}"))),
            }
        }
        Some(Ok(iso))
    }

    pub fn format(&self, millis: i64, kind: DateKind, zone: &Zone) -> Result<String, RenderError> {
        let zone = if self.utc { &Zone::Fixed(FixedOffset::east_opt(0).unwrap_or(zone.at(millis).1)) } else { zone };
        let (local, offset) = zone.at(millis);
        let (date, time) = match kind {
            DateKind::Date => (true, false),
            DateKind::Time => (false, true),
            DateKind::DateTime => (true, true),
            DateKind::Unknown => {
                return Err(RenderError::failed(
                    "The value of the following has unknown date type, but ISO 8601 needs to know if it is a date, a time \
                     or both; use ?date, ?time or ?datetime",
                ));
            }
        };
        let mut out = String::new();
        if date {
            out.push_str(&format!("{:04}-{:02}-{:02}", local.year(), local.month(), local.day()));
        }
        if date && time {
            out.push('T');
        }
        if time {
            self.time(local.time(), &mut out);
        }
        let shows = match self.zone {
            ShowZone::Always => true,
            ShowZone::Never => false,
            ShowZone::Usual => time || self.xml_schema,
        };
        if shows && (time || self.xml_schema) {
            let seconds = offset.local_minus_utc();
            let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs() / 60);
            if seconds == 0 {
                out.push('Z');
            } else {
                out.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
            }
        }
        Ok(out)
    }

    fn time(&self, time: NaiveTime, out: &mut String) {
        out.push_str(&format!("{:02}", time.hour()));
        if self.accuracy == Accuracy::Hours {
            return;
        }
        out.push_str(&format!(":{:02}", time.minute()));
        if self.accuracy == Accuracy::Minutes {
            return;
        }
        out.push_str(&format!(":{:02}", time.second()));
        let millis = format!("{:03}", time.nanosecond() / 1_000_000 % 1000);
        let digits = match self.accuracy {
            Accuracy::ForcedMilliseconds => millis.as_str(),
            Accuracy::Milliseconds | Accuracy::Needed => millis.trim_end_matches('0'),
            _ => "",
        };
        if !digits.is_empty() {
            out.push('.');
            out.push_str(digits);
        }
    }

    /// The point in time of a text, in the extended or the basic form.
    pub fn read(&self, text: &str, kind: DateKind, zone: &Zone) -> Option<i64> {
        let text = text.trim();
        let (date, time) = match kind {
            DateKind::Date => (text, None),
            DateKind::Time => ("1970-01-01", Some(text)),
            _ => text.split_once('T').map(|(date, time)| (date, Some(time)))?,
        };
        let (date, mut offset) = match kind {
            // An XML Schema date may have a zone.
            DateKind::Date => split_zone(date, 8)?,
            _ => (date, None),
        };
        let digits: String = date.chars().filter(|c| *c != '-').collect();
        if digits.len() < 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (year, rest) = digits.split_at_checked(digits.len() - 4)?;
        let (month, day) = rest.split_at_checked(2)?;
        let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
        let time = match time {
            None => NaiveTime::MIN,
            Some(text) => {
                let (time, own) = split_zone(text, 2)?;
                offset = own;
                read_time(time)?
            }
        };
        let local = date.and_time(time);
        Some(match offset {
            Some(seconds) => local.and_utc().timestamp_millis() - i64::from(seconds) * 1000,
            None => zone.millis(local),
        })
    }
}

/// The text without its zone, and the zone's distance from UTC in seconds. A `-` before `least` bytes belongs to a date.
fn split_zone(text: &str, least: usize) -> Option<(&str, Option<i32>)> {
    if let Some(before) = text.strip_suffix('Z') {
        return Some((before, Some(0)));
    }
    let Some(at) = text.rfind(['+', '-']).filter(|&at| at >= least && (at >= 10 || least < 8)) else {
        return Some((text, None));
    };
    let (before, zone) = text.split_at_checked(at)?;
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let seconds = hours.parse::<i32>().ok()? * 3600
        + if minutes.is_empty() { 0 } else { minutes.parse::<i32>().ok()?.checked_mul(60)? };
    Some((before, Some(if zone.starts_with('-') { -seconds } else { seconds })))
}

fn read_time(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits: String = clock.chars().filter(|c| *c != ':').collect();
    let part = |from: usize| match digits.get(from..from + 2) {
        Some(part) => part.parse::<u32>().ok(),
        None => (digits.len() <= from).then_some(0),
    };
    let nanos = if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").get(..9)?.parse().ok()? };
    NaiveTime::from_hms_nano_opt(part(0)?, part(2)?, part(4)?, nanos)
}
