//! Date formats: a style, ISO 8601 or XML Schema, or a `SimpleDateFormat` pattern.

use chrono::{DateTime, FixedOffset, Local, NaiveDateTime, Offset as _, TimeZone, Utc};
use chrono_tz::Tz;
use mi_payload::java::{Moment, SimpleDateFormat};

use super::iso::Iso;
use super::read;
use crate::error::RenderError;
use crate::value::DateKind;

/// A time zone.
#[derive(Debug, Clone)]
pub(crate) enum Zone {
    /// The server's.
    Server,
    /// A fixed distance from UTC.
    Fixed(FixedOffset),
    /// One with a name.
    Named(Tz),
}

impl Zone {
    /// `UTC`, `GMT+02:00`, `Europe/Zurich` and the like.
    pub fn parse(name: &str) -> Result<Self, RenderError> {
        let unknown = || RenderError::failed(format!("Unrecognized time zone: {name}"));
        if matches!(name, "UTC" | "GMT" | "Z") {
            return Ok(Self::Fixed(Utc.fix()));
        }
        if matches!(name, "JVM default" | "default") {
            return Ok(Self::Server);
        }
        if let Some(offset) = name.strip_prefix("GMT").or_else(|| name.strip_prefix("UTC")) {
            let negative = offset.starts_with('-');
            let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
            let value: i32 = digits.parse().map_err(|_| unknown())?;
            let (hours, minutes) = if digits.len() > 2 { (value / 100, value % 100) } else { (value, 0) };
            let seconds =
                hours.checked_mul(3600).and_then(|hours| hours.checked_add(minutes * 60)).ok_or_else(unknown)?;
            let seconds = if negative { -seconds } else { seconds };
            return FixedOffset::east_opt(seconds).map(Self::Fixed).ok_or_else(unknown);
        }
        name.parse().map(Self::Named).map_err(|_| unknown())
    }

    /// A point in time as it is there.
    pub fn at(&self, millis: i64) -> (NaiveDateTime, FixedOffset) {
        // Beyond the year 262,000 there is no calendar; the epoch stands in.
        let utc = DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default().naive_utc();
        let offset = match self {
            Self::Server => Local.offset_from_utc_datetime(&utc).fix(),
            Self::Fixed(offset) => *offset,
            Self::Named(zone) => zone.offset_from_utc_datetime(&utc).fix(),
        };
        (utc.checked_add_offset(offset).unwrap_or(utc), offset)
    }

    /// The point in time of a local time; one that does not exist is taken with the offset before the gap.
    pub fn millis(&self, local: NaiveDateTime) -> i64 {
        let offset = match self {
            Self::Server => Local.offset_from_local_datetime(&local).earliest().map(|offset| offset.fix()),
            Self::Fixed(offset) => Some(*offset),
            Self::Named(zone) => zone.offset_from_local_datetime(&local).earliest().map(|offset| offset.fix()),
        };
        let offset = offset.unwrap_or_else(|| self.at(local.and_utc().timestamp_millis() - 7_200_000).1);
        local.and_utc().timestamp_millis() - i64::from(offset.local_minus_utc()) * 1000
    }
}

/// A compiled format.
pub(crate) enum DateFormat {
    Iso(Iso),
    Pattern(String, SimpleDateFormat),
}

impl DateFormat {
    /// Compiles a format for what is meant of a date.
    pub fn parse(format: &str, kind: DateKind) -> Result<Self, RenderError> {
        if let Some(iso) = Iso::parse(format) {
            return iso.map(Self::Iso).map_err(RenderError::failed);
        }
        let pattern = match style(format, kind) {
            Some(pattern) => pattern,
            None => format.to_owned(),
        };
        match SimpleDateFormat::parse(&pattern) {
            Ok(compiled) => Ok(Self::Pattern(pattern, compiled)),
            Err(error) => Err(RenderError::failed(format!("Malformed date format \"{format}\": {error}"))),
        }
    }

    pub fn format(&self, millis: i64, kind: DateKind, zone: &Zone) -> Result<String, RenderError> {
        match self {
            Self::Iso(iso) => iso.format(millis, kind, zone),
            Self::Pattern(_, pattern) => {
                let (local, offset) = zone.at(millis);
                pattern.format(&Moment::zoned(local, offset)).map_err(|error| RenderError::failed(error.to_string()))
            }
        }
    }

    pub fn read(&self, text: &str, kind: DateKind, zone: &Zone, now: i64) -> Result<i64, RenderError> {
        let (read, form) = match self {
            Self::Iso(iso) => (iso.read(text, kind, zone), "ISO 8601"),
            Self::Pattern(pattern, _) => (read::read(pattern, text, zone, now), pattern.as_str()),
        };
        read.ok_or_else(|| {
            RenderError::failed(format!("The string \"{text}\" doesn't match the expected date/time format, {form}"))
        })
    }
}

/// The pattern of a style like `short` or `medium_long`.
fn style(format: &str, kind: DateKind) -> Option<String> {
    let (first, second) = match format {
        "" => ("medium", "medium"),
        one => one.split_once('_').unwrap_or((one, one)),
    };
    let date = match first {
        "short" => "M/d/yy",
        "medium" => "MMM d, y",
        "long" => "MMMM d, y",
        "full" => "EEEE, MMMM d, y",
        _ => return None,
    };
    let time = |style: &str| match style {
        "short" => Some("h:mm a"),
        "medium" => Some("h:mm:ss a"),
        "long" => Some("h:mm:ss a z"),
        "full" => Some("h:mm:ss a zzzz"),
        _ => None,
    };
    Some(match kind {
        DateKind::Date => date.to_owned(),
        DateKind::Time => time(first)?.to_owned(),
        DateKind::DateTime | DateKind::Unknown => {
            let joint = if matches!(first, "long" | "full") { " 'at' " } else { ", " };
            format!("{date}{joint}{}", time(second)?)
        }
    })
}
