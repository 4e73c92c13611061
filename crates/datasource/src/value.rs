//! Parameters of statements: JDBC's types, and values of them (spec: EIP mediators part 16).

use std::str::FromStr;

use bigdecimal::BigDecimal;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

/// A type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlType {
    /// `CHAR`, `VARCHAR`, `LONGVARCHAR`
    Text,
    /// `NUMERIC`, `DECIMAL`
    Decimal,
    /// `BIT`
    Bit,
    /// `TINYINT`, `SMALLINT`
    Small,
    /// `INTEGER`
    Integer,
    /// `BIGINT`
    Big,
    /// `REAL`
    Real,
    /// `FLOAT`, `DOUBLE`
    Double,
    /// `DATE`
    Date,
    /// `TIME`
    Time,
    /// `TIMESTAMP`
    Timestamp,
    /// `BLOB`: not in artifacts.
    Bytes,
}

/// The names of the types that artifacts have.
pub const NAMES: [&str; 16] = [
    "CHAR",
    "VARCHAR",
    "LONGVARCHAR",
    "NUMERIC",
    "DECIMAL",
    "BIT",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "REAL",
    "FLOAT",
    "DOUBLE",
    "DATE",
    "TIME",
    "TIMESTAMP",
];

impl SqlType {
    /// The type of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "CHAR" | "VARCHAR" | "LONGVARCHAR" => Self::Text,
            "NUMERIC" | "DECIMAL" => Self::Decimal,
            "BIT" => Self::Bit,
            "TINYINT" | "SMALLINT" => Self::Small,
            "INTEGER" => Self::Integer,
            "BIGINT" => Self::Big,
            "REAL" => Self::Real,
            "FLOAT" | "DOUBLE" => Self::Double,
            "DATE" => Self::Date,
            "TIME" => Self::Time,
            "TIMESTAMP" => Self::Timestamp,
            _ => return None,
        })
    }
}

/// A value to bind.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// NULL, of a type.
    Null(SqlType),
    /// Text.
    Text(String),
    /// An exact number.
    Decimal(BigDecimal),
    /// A Boolean.
    Bit(bool),
    /// 16 bits.
    Small(i16),
    /// 32 bits.
    Integer(i32),
    /// 64 bits.
    Big(i64),
    /// A number of single precision.
    Real(f32),
    /// A number of double precision.
    Double(f64),
    /// A day.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// Both.
    Timestamp(NaiveDateTime),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A text that is no value of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {of:?}")]
pub struct ValueError {
    /// The text.
    pub text: String,
    /// The type.
    pub of: SqlType,
}

impl SqlValue {
    /// The value that a text stands for; the empty text is NULL.
    ///
    /// # Errors
    /// [`ValueError`] for a text that is none of the type.
    pub fn parse(of: SqlType, text: &str) -> Result<Self, ValueError> {
        if text.is_empty() {
            return Ok(Self::Null(of));
        }
        let error = || ValueError { text: text.to_owned(), of };
        let trimmed = text.trim();
        Ok(match of {
            SqlType::Text | SqlType::Bytes => Self::Text(text.to_owned()),
            SqlType::Decimal => Self::Decimal(number(trimmed).ok_or_else(error)?),
            SqlType::Bit => Self::Bit(trimmed.eq_ignore_ascii_case("true") || trimmed == "1"),
            SqlType::Small => Self::Small(number(trimmed).ok_or_else(error)?),
            SqlType::Integer => Self::Integer(number(trimmed).ok_or_else(error)?),
            SqlType::Big => Self::Big(number(trimmed).ok_or_else(error)?),
            SqlType::Real => Self::Real(number(trimmed).ok_or_else(error)?),
            SqlType::Double => Self::Double(number(trimmed).ok_or_else(error)?),
            SqlType::Date => Self::Date(NaiveDate::parse_from_str(trimmed, "%Y-%m-%d").map_err(|_| error())?),
            SqlType::Time => Self::Time(NaiveTime::parse_from_str(trimmed, "%H:%M:%S").map_err(|_| error())?),
            SqlType::Timestamp => {
                let parsed = NaiveDateTime::parse_from_str(trimmed, "%Y-%m-%d %H:%M:%S%.f");
                Self::Timestamp(parsed.map_err(|_| error())?)
            }
        })
    }
}

impl SqlValue {
    /// About how many bytes it takes in memory.
    pub(crate) fn size(&self) -> usize {
        let beyond = match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        size_of::<Self>() + beyond
    }
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_type() {
        assert!(NAMES.iter().all(|name| SqlType::of_name(name).is_some()));
        assert_eq!(SqlType::of_name("BLOB"), None);
    }

    #[test]
    fn texts_become_values_of_their_type() {
        let parse = SqlValue::parse;
        assert_eq!(parse(SqlType::Integer, " 12 "), Ok(SqlValue::Integer(12)));
        assert_eq!(parse(SqlType::Integer, ""), Ok(SqlValue::Null(SqlType::Integer)));
        assert_eq!(parse(SqlType::Bit, "TRUE"), Ok(SqlValue::Bit(true)));
        assert_eq!(parse(SqlType::Text, " a "), Ok(SqlValue::Text(" a ".to_owned())));
        let time = NaiveDate::from_ymd_opt(2026, 1, 31).and_then(|day| day.and_hms_milli_opt(17, 9, 14, 500));
        assert_eq!(parse(SqlType::Timestamp, "2026-01-31 17:09:14.5").ok(), time.map(SqlValue::Timestamp));
        let error = parse(SqlType::Integer, "twelve").expect_err("no number");
        assert_eq!(error.to_string(), "\"twelve\" is no Integer");
    }
}
