//! Date patterns: `java.text.SimpleDateFormat` and `java.time.format.DateTimeFormatter`, English locale.
//!
//! Both are letters that repeat; they differ in a few letters, and only the second has optional parts.

use chrono::{DateTime, Local, TimeZone, Utc};

use super::date_format;
use super::date_parse::{self, DateParseError, Moment};

/// A text that is not a date pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DatePatternError {
    /// A letter without meaning.
    #[error("Unknown pattern letter: {0}")]
    UnknownLetter(char),
    /// A quote that is not closed.
    #[error("Pattern ends with an incomplete string literal")]
    OpenQuote,
    /// A bracket without its other half.
    #[error("Pattern has unbalanced brackets")]
    Brackets,
    /// A letter that repeats too often.
    #[error("Too many pattern letters: {0}")]
    TooMany(char),
}

/// A pattern asks for something that the value does not have (the hour of a date, the zone of a local time).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("Unsupported field for pattern letter: {0}")]
pub struct UnsupportedField(pub char);

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Literal(String),
    Field { letter: char, count: usize },
    Optional(Vec<Piece>),
}

/// A compiled `SimpleDateFormat`.
#[derive(Clone, Debug)]
pub struct SimpleDateFormat(Vec<Piece>);

/// A compiled `DateTimeFormatter`.
#[derive(Clone, Debug)]
pub struct DateTimeFormatter(Vec<Piece>);

const SIMPLE_LETTERS: &str = "GyYMLwWDdFEuaHkKhmsSzZX";
const FORMATTER_LETTERS: &str = "GuyDMLdQqYwEecaBhKkHmsSAnNVzOXxZ";

impl SimpleDateFormat {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// See [`DatePatternError`].
    pub fn parse(pattern: &str) -> Result<Self, DatePatternError> {
        pieces(pattern, SIMPLE_LETTERS, false).map(Self)
    }

    /// Formats milliseconds since 1970 in the server's time zone.
    pub fn format_millis(&self, millis: i64) -> String {
        let local = at_millis(millis);
        self.format(&Moment::zoned(local.naive_local(), *local.offset())).unwrap_or_default()
    }

    /// Formats a moment.
    ///
    /// # Errors
    /// The pattern asks for more than is known of it; of a complete moment, never.
    pub fn format(&self, moment: &Moment) -> Result<String, UnsupportedField> {
        date_format::format(&self.0, moment, true)
    }
}

impl DateTimeFormatter {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// See [`DatePatternError`].
    pub fn parse(pattern: &str) -> Result<Self, DatePatternError> {
        pieces(pattern, FORMATTER_LETTERS, true).map(Self)
    }

    /// Formats milliseconds since 1970 in the server's time zone.
    ///
    /// # Errors
    /// None with the letters that are known today; the signature is that of [`Self::format`].
    pub fn format_millis(&self, millis: i64) -> Result<String, UnsupportedField> {
        let local = at_millis(millis);
        self.format(&Moment::zoned(local.naive_local(), *local.offset()))
    }

    /// Formats what is known of a moment.
    ///
    /// # Errors
    /// The pattern asks for more.
    pub fn format(&self, moment: &Moment) -> Result<String, UnsupportedField> {
        date_format::format(&self.0, moment, false)
    }

    /// Reads a text: its date, time and offset as far as the pattern has them.
    ///
    /// # Errors
    /// The text does not have the pattern's form, or names a date or time that does not exist.
    pub fn read(&self, text: &str) -> Result<Moment, DateParseError> {
        date_parse::read(&self.0, text)
    }
}

fn at_millis(millis: i64) -> DateTime<chrono::FixedOffset> {
    // Beyond the year 262,000 there is no calendar; the epoch stands in.
    let utc = DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default();
    let local = Local.from_utc_datetime(&utc.naive_utc());
    local.fixed_offset()
}

fn pieces(pattern: &str, letters: &str, optional: bool) -> Result<Vec<Piece>, DatePatternError> {
    // The innermost open bracket is last.
    let mut open: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let piece = match c {
            '\'' => Piece::Literal(quoted(&mut chars)?),
            '[' if optional => {
                open.push(Vec::new());
                continue;
            }
            ']' if optional => {
                let inner = open.pop().filter(|_| !open.is_empty()).ok_or(DatePatternError::Brackets)?;
                Piece::Optional(inner)
            }
            '{' | '}' | '#' if optional => return Err(DatePatternError::UnknownLetter(c)),
            c if c.is_ascii_alphabetic() => {
                if !letters.contains(c) {
                    return Err(DatePatternError::UnknownLetter(c));
                }
                let mut count = 1;
                while chars.next_if_eq(&c).is_some() {
                    count += 1;
                }
                if count > 19 || (optional && !fits(c, count)) {
                    return Err(DatePatternError::TooMany(c));
                }
                Piece::Field { letter: c, count }
            }
            c => Piece::Literal(c.to_string()),
        };
        if let Some(list) = open.last_mut() {
            list.push(piece);
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(pieces), true) => Ok(pieces),
        _ => Err(DatePatternError::Brackets),
    }
}

/// How often a letter may repeat in a `DateTimeFormatter`.
fn fits(letter: char, count: usize) -> bool {
    match letter {
        'd' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' | 'w' => count <= 2,
        'D' => count <= 3,
        'a' => count == 1,
        'S' => count <= 9,
        'M' | 'L' | 'E' | 'e' | 'c' | 'G' | 'Q' | 'q' | 'X' | 'x' | 'Z' | 'B' => count <= 5,
        'O' => count == 1 || count == 4,
        'V' => count == 2,
        'z' => count <= 4,
        _ => true,
    }
}

/// The text up to the closing quote; two quotes in a row are one, inside and outside.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, DatePatternError> {
    if chars.next_if_eq(&'\'').is_some() {
        return Ok("'".to_owned());
    }
    let mut text = String::new();
    loop {
        match chars.next() {
            None => return Err(DatePatternError::OpenQuote),
            Some('\'') if chars.next_if_eq(&'\'').is_some() => text.push('\''),
            Some('\'') => return Ok(text),
            Some(c) => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use proptest::prelude::*;

    fn moment() -> Moment {
        let local = NaiveDate::from_ymd_opt(2025, 1, 31).and_then(|date| date.and_hms_milli_opt(15, 4, 5, 78));
        Moment::zoned(local.expect("a date"), chrono::FixedOffset::east_opt(5 * 3600 + 1800).expect("an offset"))
    }

    #[test]
    fn formatter_patterns() {
        for (pattern, expected) in [
            ("yyyy-MM-dd'T'HH:mm:ss.SSS", "2025-01-31T15:04:05.078"),
            ("yy/M/d h:mm a", "25/1/31 3:04 PM"),
            ("EEE, EEEE dd MMM MMMM uuuu", "Fri, Friday 31 Jan January 2025"),
            ("D k K S SSSSSS n", "31 15 3 0 078000 78000000"),
            ("XXX xx X Z ZZZZ ZZZZZ O", "+05:30 +0530 +0530 +0530 GMT+05:30 +05:30 GMT+5:30"),
            ("'o''clock' ''", "o'clock '"),
            ("Q QQQ G e w", "1 Q1 AD 6 5"),
            ("HH[:mm[:ss]]", "15:04:05"),
            ("A", "54245078"),
        ] {
            let formatter = DateTimeFormatter::parse(pattern).expect(pattern);
            assert_eq!(formatter.format(&moment()).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn simple_patterns() {
        let pieces = |pattern| SimpleDateFormat::parse(pattern).expect(pattern).0;
        for (pattern, expected) in [
            ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2025-01-31T15:04:05.078+05:30"),
            ("MM/dd/yyyy hh:mm:ss", "01/31/2025 03:04:05"),
            ("EEE MMM d S u Z", "Fri Jan 31 78 5 +0530"),
            ("M/d/yy, h:mm a", "1/31/25, 3:04 PM"),
            ("y yyy", "2025 2025"),
        ] {
            assert_eq!(date_format::format(&pieces(pattern), &moment(), true).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        assert_eq!(SimpleDateFormat::parse("yyyy-QQ").err(), Some(DatePatternError::UnknownLetter('Q')));
        assert_eq!(DateTimeFormatter::parse("yyyy-bb").err(), Some(DatePatternError::UnknownLetter('b')));
        assert_eq!(DateTimeFormatter::parse("'abc").err(), Some(DatePatternError::OpenQuote));
        assert_eq!(DateTimeFormatter::parse("[yyyy").err(), Some(DatePatternError::Brackets));
        assert_eq!(DateTimeFormatter::parse("yyyy]").err(), Some(DatePatternError::Brackets));
        assert_eq!(DateTimeFormatter::parse("ddd").err(), Some(DatePatternError::TooMany('d')));
    }

    #[test]
    fn reading_and_writing_again() {
        for (from, to, text, expected) in [
            ("yyyy-MM-dd HH:mm", "dd.MM.yyyy", "2025-01-31 23:59", "31.01.2025"),
            ("dd MMM yyyy", "yyyy/MM/dd", "05 Feb 2024", "2024/02/05"),
            ("HH:mm:ss", "h:mm a", "13:05:00", "1:05 PM"),
            ("h:mm a", "HH:mm", "12:05 AM", "00:05"),
            ("yyyyMMdd", "D", "20241231", "366"),
            ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "HH:mm:ss.SSS", "2025-01-31T15:04:05.078+05:30", "15:04:05.078"),
            ("d/M/yy", "uuuu-MM-dd", "1/2/25", "2025-02-01"),
            ("yyyy-MM-dd[ HH:mm]", "yyyy", "2025-01-31", "2025"),
            ("EEEE, MMMM d, yyyy", "EEE", "Friday, January 31, 2025", "Fri"),
        ] {
            let moment = DateTimeFormatter::parse(from).expect(from).read(text).expect(text);
            let formatter = DateTimeFormatter::parse(to).expect(to);
            assert_eq!(formatter.format(&moment).as_deref(), Ok(expected), "{from} {text}");
        }
        let date = DateTimeFormatter::parse("yyyy-MM-dd").expect("a pattern");
        let moment = date.read("2025-01-31").expect("a date");
        let time = DateTimeFormatter::parse("HH").expect("a pattern");
        assert_eq!(time.format(&moment), Err(UnsupportedField('H')));
        for text in ["2025-02-30", "2025-1-01", "2025-01-01x", "", "2025-13-01"] {
            assert!(date.read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(millis in -60_000_000_000_000_i64..250_000_000_000_000) {
            let formatter = DateTimeFormatter::parse("yyyy-MM-dd'T'HH:mm:ss.SSSXXX").expect("a pattern");
            let text = formatter.format_millis(millis).expect("complete");
            let read = formatter.read(&text).expect("its own text");
            prop_assert_eq!(formatter.format(&read), Ok(text));
        }

        #[test]
        fn any_text_is_a_pattern_or_not(pattern in "[a-zA-Z'\\[\\] :.-]{0,16}", text in "[0-9A-Z: .+-]{0,16}") {
            if let Ok(simple) = SimpleDateFormat::parse(&pattern) {
                let _ = simple.format_millis(0);
            }
            if let Ok(formatter) = DateTimeFormatter::parse(&pattern) {
                let _ = formatter.read(&text);
                let _ = formatter.format_millis(0);
            }
        }
    }
}
