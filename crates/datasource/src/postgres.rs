//! PostgreSQL.

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use sqlx::postgres::{PgQueryResult, PgRow, PgValueRef};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _, TypeInfo as _, ValueRef as _};

use crate::driver::{Driver, bind_value};
use crate::placeholders;
use crate::value::{SqlType, SqlValue};

impl Driver for Postgres {
    fn statement(sql: &str) -> String {
        placeholders::numbered(sql)
    }

    fn bind<'q>(query: Query<'q, Self, Self::Arguments>, value: SqlValue) -> Query<'q, Self, Self::Arguments> {
        match value {
            SqlValue::Decimal(value) => query.bind(value),
            SqlValue::Null(SqlType::Decimal) => query.bind(None::<BigDecimal>),
            value => bind_value!(query, value),
        }
    }

    fn text(row: &PgRow, index: usize) -> Option<String> {
        let raw = row.try_get_raw(index).ok().filter(|raw| !raw.is_null())?;
        let name = raw.type_info().name().to_owned();
        Some(match name.as_str() {
            "BOOL" => if row.try_get::<bool, _>(index).ok()? { "t" } else { "f" }.to_owned(),
            "INT2" => row.try_get::<i16, _>(index).ok()?.to_string(),
            "INT4" => row.try_get::<i32, _>(index).ok()?.to_string(),
            "INT8" => row.try_get::<i64, _>(index).ok()?.to_string(),
            "FLOAT4" => row.try_get::<f32, _>(index).ok()?.to_string(),
            "FLOAT8" => row.try_get::<f64, _>(index).ok()?.to_string(),
            "NUMERIC" => {
                let number = row.try_get::<BigDecimal, _>(index).ok()?;
                with_its_scale(number, content(&raw)?).to_plain_string()
            }
            "DATE" => row.try_get::<NaiveDate, _>(index).ok()?.to_string(),
            "TIME" => row.try_get::<NaiveTime, _>(index).ok()?.to_string(),
            "TIMESTAMP" => row.try_get::<NaiveDateTime, _>(index).ok()?.to_string(),
            "TIMESTAMPTZ" => {
                let time = row.try_get::<DateTime<Utc>, _>(index).ok()?;
                format!("{}+00", time.naive_utc())
            }
            "BYTEA" => {
                let bytes = row.try_get::<Vec<u8>, _>(index).ok()?;
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("\\x{digits}")
            }
            "UUID" => uuid::Uuid::from_slice(content(&raw)?).ok()?.to_string(),
            // The binary form is a version and then the text.
            "JSONB" => text_of(content(&raw)?.get(1..)?)?,
            // TEXT and its like, JSON, XML, enumerations: the binary form is the text.
            _ => text_of(content(&raw)?)?,
        })
    }

    fn value(row: &PgRow, index: usize) -> Result<SqlValue, String> {
        let raw = row.try_get_raw(index).map_err(|error| error.to_string())?;
        if raw.is_null() {
            return Ok(SqlValue::Null(SqlType::Text));
        }
        let name = raw.type_info().name().to_owned();
        let read = match name.as_str() {
            "BOOL" => row.try_get(index).ok().map(SqlValue::Bit),
            "INT2" => row.try_get(index).ok().map(SqlValue::Small),
            "INT4" => row.try_get(index).ok().map(SqlValue::Integer),
            "INT8" => row.try_get(index).ok().map(SqlValue::Big),
            "FLOAT8" => row.try_get(index).ok().map(SqlValue::Double),
            "DATE" => row.try_get(index).ok().map(SqlValue::Date),
            "TIME" => row.try_get(index).ok().map(SqlValue::Time),
            "TIMESTAMP" => row.try_get(index).ok().map(SqlValue::Timestamp),
            "TIMESTAMPTZ" => {
                row.try_get::<DateTime<Utc>, _>(index).ok().map(|time| SqlValue::Timestamp(time.naive_utc()))
            }
            "BYTEA" => row.try_get(index).ok().map(SqlValue::Bytes),
            // Their binary forms are no text.
            "TIMETZ" | "INTERVAL" | "MONEY" | "INET" | "CIDR" | "MACADDR" | "BIT" | "VARBIT" => None,
            name if name.ends_with("[]") || name.ends_with("RANGE") => None,
            _ => Self::text(row, index).map(SqlValue::Text),
        };
        read.ok_or(name)
    }

    fn bytes(row: &PgRow, index: usize) -> Option<Vec<u8>> {
        row.try_get(index).ok()
    }

    fn changed(result: &PgQueryResult) -> u64 {
        result.rows_affected()
    }

    fn generated_key(_result: &PgQueryResult) -> Option<(&'static str, i64)> {
        None
    }
}

fn content<'r>(raw: &PgValueRef<'r>) -> Option<&'r [u8]> {
    raw.as_bytes().ok()
}

/// A number with as many decimals as the database shows, which stand in the fourth 16 bits of its binary form.
fn with_its_scale(number: BigDecimal, binary: &[u8]) -> BigDecimal {
    match binary {
        [_, _, _, _, _, _, high, low, ..] => number.with_scale(i64::from(u16::from_be_bytes([*high, *low]))),
        _ => number,
    }
}

fn text_of(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}
