//! SQLite.

use sqlx::query::Query;
use sqlx::sqlite::{SqliteQueryResult, SqliteRow};
use sqlx::{Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use crate::driver::{Driver, bind_value};
use crate::value::SqlValue;

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

    fn bytes(row: &SqliteRow, index: usize) -> Option<Vec<u8>> {
        row.try_get_unchecked(index).ok()
    }

    fn changed(result: &SqliteQueryResult) -> u64 {
        result.rows_affected()
    }
}
