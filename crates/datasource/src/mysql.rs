//! MySQL and MariaDB.

use bigdecimal::BigDecimal;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use sqlx::mysql::{MySqlQueryResult, MySqlRow};
use sqlx::query::Query;
use sqlx::{MySql, Row as _, TypeInfo as _, ValueRef as _};

use crate::driver::{Driver, bind_value};
use crate::value::{SqlType, SqlValue};

impl Driver for MySql {
    fn statement(sql: &str) -> String {
        sql.to_owned()
    }

    fn bind<'q>(query: Query<'q, Self, Self::Arguments>, value: SqlValue) -> Query<'q, Self, Self::Arguments> {
        match value {
            SqlValue::Decimal(value) => query.bind(value),
            SqlValue::Null(SqlType::Decimal) => query.bind(None::<BigDecimal>),
            value => bind_value!(query, value),
        }
    }

    fn text(row: &MySqlRow, index: usize) -> Option<String> {
        let raw = row.try_get_raw(index).ok().filter(|raw| !raw.is_null())?;
        let name = raw.type_info().name().to_owned();
        Some(match name.as_str() {
            "BOOLEAN" => i32::from(row.try_get::<bool, _>(index).ok()?).to_string(),
            "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => row.try_get::<i64, _>(index).ok()?.to_string(),
            "FLOAT" => row.try_get::<f32, _>(index).ok()?.to_string(),
            "DOUBLE" => row.try_get::<f64, _>(index).ok()?.to_string(),
            "DECIMAL" => row.try_get::<BigDecimal, _>(index).ok()?.to_plain_string(),
            "DATE" => row.try_get::<NaiveDate, _>(index).ok()?.to_string(),
            "TIME" => row.try_get::<NaiveTime, _>(index).ok()?.to_string(),
            "DATETIME" => row.try_get::<NaiveDateTime, _>(index).ok()?.to_string(),
            "TIMESTAMP" => row.try_get::<chrono::DateTime<chrono::Utc>, _>(index).ok()?.naive_utc().to_string(),
            name if name.ends_with("UNSIGNED") || name == "BIT" || name == "YEAR" => {
                row.try_get::<u64, _>(index).ok()?.to_string()
            }
            // CHAR, VARCHAR, TEXT, ENUM, JSON, and blobs that hold text.
            _ => String::from_utf8(row.try_get_unchecked::<Vec<u8>, _>(index).ok()?).ok()?,
        })
    }

    fn value(row: &MySqlRow, index: usize) -> Result<SqlValue, String> {
        let raw = row.try_get_raw(index).map_err(|error| error.to_string())?;
        if raw.is_null() {
            return Ok(SqlValue::Null(SqlType::Text));
        }
        let name = raw.type_info().name().to_owned();
        let read = match name.as_str() {
            "BOOLEAN" => row.try_get(index).ok().map(SqlValue::Bit),
            "DOUBLE" => row.try_get(index).ok().map(SqlValue::Double),
            "DATE" => row.try_get(index).ok().map(SqlValue::Date),
            "TIME" => row.try_get(index).ok().map(SqlValue::Time),
            "DATETIME" => row.try_get(index).ok().map(SqlValue::Timestamp),
            "TIMESTAMP" => row
                .try_get::<chrono::DateTime<chrono::Utc>, _>(index)
                .ok()
                .map(|time| SqlValue::Timestamp(time.naive_utc())),
            "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
                Self::bytes(row, index).map(SqlValue::Bytes)
            }
            "GEOMETRY" => None,
            _ => Self::text(row, index).map(SqlValue::Text),
        };
        read.ok_or(name)
    }

    fn bytes(row: &MySqlRow, index: usize) -> Option<Vec<u8>> {
        row.try_get_unchecked(index).ok()
    }

    fn changed(result: &MySqlQueryResult) -> u64 {
        result.rows_affected()
    }

    fn generated_key(result: &MySqlQueryResult) -> Option<(&'static str, i64)> {
        Some(("GENERATED_KEY", i64::try_from(result.last_insert_id()).ok()?))
    }
}
