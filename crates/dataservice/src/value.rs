//! Between text and SQL: parameters become values of their type, columns become text in XML Schema's form.
//!
//! Times are taken as UTC: MI reads them so by default (`dss.timezone`) and writes the zone of the server.

use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use mi_datasource::{SqlType, SqlValue};
use mi_payload::java::double_to_string;

use crate::model::{Param, ParamKind};

/// A text that is no value of its parameter's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unbindable {
    /// No number.
    #[error("For input string: \"{0}\"")]
    Number(String),
    /// No time, date or bytes.
    #[error("{0}")]
    Other(String),
}

/// The value to bind for a text; none is NULL.
pub(crate) fn bind(param: &Param, text: Option<&str>) -> Result<SqlValue, Unbindable> {
    let of = match param.kind {
        ParamKind::Text | ParamKind::QueryString => SqlType::Text,
        ParamKind::Sql(of) => of,
    };
    let Some(text) = text else { return Ok(SqlValue::Null(of)) };
    let number = || Unbindable::Number(text.to_owned());
    let name = &param.name;
    Ok(match of {
        SqlType::Text => SqlValue::Text(text.to_owned()),
        SqlType::Bit => SqlValue::Bit(text.eq_ignore_ascii_case("true")),
        SqlType::Small => SqlValue::Small(text.parse().map_err(|_| number())?),
        SqlType::Integer => SqlValue::Integer(text.parse().map_err(|_| number())?),
        SqlType::Big => SqlValue::Big(text.parse().map_err(|_| number())?),
        SqlType::Decimal => SqlValue::Decimal(BigDecimal::from_str(text).map_err(|_| number())?),
        SqlType::Real => SqlValue::Real(text.trim().parse().map_err(|_| number())?),
        SqlType::Double => SqlValue::Double(text.trim().parse().map_err(|_| number())?),
        // An empty date is none; other types take no empty text.
        SqlType::Date if text.is_empty() => SqlValue::Null(of),
        SqlType::Date => SqlValue::Date(date(text).ok_or_else(|| {
            Unbindable::Other(format!(
                "Incorrect Date format for parameter : {name}. Date should be in the format yyyy-MM-dd"
            ))
        })?),
        SqlType::Time => SqlValue::Time(time(text).ok_or_else(|| {
            Unbindable::Other(format!(
                "Incorrect Time format for parameter : {name}. Time should be in the format hh:mm:ss"
            ))
        })?),
        SqlType::Timestamp => SqlValue::Timestamp(timestamp(text).ok_or_else(|| {
            Unbindable::Other(format!(
                "Incorrect Timestamp format for parameter : {name}. Timestamp should be in one of following formats \
                 yyyy-MM-dd'T'hh:mm:ss.sss'+'hh:mm, yyyy-MM-dd'T'hh:mm:ss.sss'-'hh:mm, yyyy-MM-dd'T'hh:mm:ss.sss'Z', \
                 yyyy-MM-dd hh:mm:ss.SSSSSS or yyyy-MM-dd hh:mm:ss"
            ))
        })?),
        SqlType::Bytes => {
            let compact: String = text.split_whitespace().collect();
            let bytes = STANDARD.decode(compact);
            SqlValue::Bytes(
                bytes.map_err(|error| Unbindable::Other(format!("parameter {name} is no base64: {error}")))?,
            )
        }
    })
}

fn date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let day = text.get(..10).and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok())?;
    let zone = text.get(10..).unwrap_or_default();
    if zone.is_empty() || is_zone(zone) { Some(day) } else { timestamp(text).map(|time| time.date()) }
}

fn time(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    let end = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(end);
    if !zone.is_empty() && !is_zone(zone) {
        return None;
    }
    ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(clock, format).ok())
}

fn is_zone(text: &str) -> bool {
    text == "Z"
        || matches!(text.as_bytes(), [b'+' | b'-', a, b, b':', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()))
}

fn timestamp(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
        return Some(zoned.naive_utc());
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// The text of a column's value; `None` is NULL.
pub(crate) fn text(value: SqlValue) -> Option<String> {
    Some(match value {
        SqlValue::Null(_) => return None,
        SqlValue::Text(text) => text,
        SqlValue::Decimal(number) => number.to_plain_string(),
        SqlValue::Bit(bit) => bit.to_string(),
        SqlValue::Small(number) => number.to_string(),
        SqlValue::Integer(number) => number.to_string(),
        SqlValue::Big(number) => number.to_string(),
        SqlValue::Real(number) => mi_payload::java::float_to_string(number),
        SqlValue::Double(number) => double_to_string(number),
        SqlValue::Date(day) => format!("{day}+00:00"),
        SqlValue::Time(time) => time.format("%H:%M:%S%.3fZ").to_string(),
        SqlValue::Timestamp(time) => time.format("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string(),
        SqlValue::Bytes(bytes) => STANDARD.encode(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(of: SqlType, text: &str) -> Result<SqlValue, Unbindable> {
        let param = Param {
            name: "p".into(),
            kind: ParamKind::Sql(of),
            sql_type: String::new(),
            is_array: false,
            ordinal: 1,
            default: None,
            force_default: false,
            optional: false,
            validators: Vec::new(),
        };
        bind(&param, Some(text))
    }

    #[test]
    fn what_is_bound_comes_back_in_the_form_of_xml_schema() {
        for (of, given, back) in [
            (SqlType::Integer, "-7", "-7"),
            (SqlType::Decimal, "1.50", "1.50"),
            (SqlType::Double, "1e10", "1.0E10"),
            (SqlType::Bit, "TRUE", "true"),
            (SqlType::Bit, "1", "false"),
            (SqlType::Date, "2020-02-29", "2020-02-29+00:00"),
            (SqlType::Date, "2020-02-29+05:30", "2020-02-29+00:00"),
            (SqlType::Date, "2020-02-29T23:00:00Z", "2020-02-29+00:00"),
            (SqlType::Time, "10:20", "10:20:00.000Z"),
            (SqlType::Time, "10:20:30.5+02:00", "10:20:30.500Z"),
            (SqlType::Timestamp, "2020-02-29T10:20:30.123+01:00", "2020-02-29T09:20:30.123+00:00"),
            (SqlType::Timestamp, "2020-02-29 10:20:30", "2020-02-29T10:20:30.000+00:00"),
            (SqlType::Bytes, "aGVs bG8=", "aGVsbG8="),
            (SqlType::Text, "", ""),
        ] {
            let value = bound(of, given).expect(given);
            assert_eq!(text(value).as_deref(), Some(back), "{given}");
        }
        assert_eq!(bound(SqlType::Date, ""), Ok(SqlValue::Null(SqlType::Date)));
    }

    #[test]
    fn what_is_no_value_of_its_type_is_refused() {
        let error = bound(SqlType::Integer, "seven").expect_err("no number");
        assert_eq!(error.to_string(), "For input string: \"seven\"");
        for (of, given) in [
            (SqlType::Integer, ""),
            (SqlType::Date, "29.2.2020"),
            (SqlType::Time, "noon"),
            (SqlType::Timestamp, "2020-02-29"),
            (SqlType::Bytes, "?"),
        ] {
            assert!(bound(of, given).is_err(), "{given}");
        }
    }
}
