//! SQLite.

use sqlx::query::Query;
use sqlx::sqlite::{SqliteQueryResult, SqliteRow};
use sqlx::{Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use crate::driver::{Driver, bind_value};
use crate::value::{SqlType, SqlValue};

impl Driver for Sqlite {
    fn statement(sql: &str) -> String {
        sql.to_owned()
    }

    fn bind<'q>(query: Query<'q, Self, Self::Arguments>, value: SqlValue) -> Query<'q, Self, Self::Arguments> {
        match value {
            // A number as text would not compare with numbers.
            SqlValue::Decimal(value) => match value.to_plain_string().parse::<f64>() {
                Ok(number) => query.bind(number),
                Err(_) => query.bind(value.to_plain_string()),
            },
            value => bind_value!(query, value),
        }
    }

    fn text(row: &SqliteRow, index: usize) -> Option<String> {
        let raw = row.try_get_raw(index).ok().filter(|raw| !raw.is_null())?;
        // What a value is, not what its column was declared as.
        let name = raw.type_info().name().to_owned();
        Some(match name.as_str() {
            "INTEGER" => row.try_get_unchecked::<i64, _>(index).ok()?.to_string(),
            "REAL" => row.try_get_unchecked::<f64, _>(index).ok()?.to_string(),
            _ => String::from_utf8(row.try_get_unchecked::<Vec<u8>, _>(index).ok()?).ok()?,
        })
    }

    fn value(row: &SqliteRow, index: usize) -> Result<SqlValue, String> {
        let raw = row.try_get_raw(index).map_err(|error| error.to_string())?;
        if raw.is_null() {
            return Ok(SqlValue::Null(SqlType::Text));
        }
        let name = raw.type_info().name().to_owned();
        let read = match name.as_str() {
            "INTEGER" => row.try_get_unchecked(index).ok().map(SqlValue::Big),
            "REAL" => row.try_get_unchecked(index).ok().map(SqlValue::Double),
            "BLOB" => Self::bytes(row, index).map(SqlValue::Bytes),
            _ => Self::text(row, index).map(SqlValue::Text),
        };
        read.ok_or(name)
    }

    fn bytes(row: &SqliteRow, index: usize) -> Option<Vec<u8>> {
        row.try_get_unchecked(index).ok()
    }

    fn changed(result: &SqliteQueryResult) -> u64 {
        result.rows_affected()
    }

    fn generated_key(result: &SqliteQueryResult) -> Option<(&'static str, i64)> {
        Some(("last_insert_rowid()", result.last_insert_rowid()))
    }
}
