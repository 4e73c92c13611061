//! What a database does differently.

use sqlx::query::Query;

use crate::value::SqlValue;

/// A database: how its statements are written, how values are bound, how columns become text.
pub(crate) trait Driver: sqlx::Database {
    /// The statement as the database wants it; `sql` has JDBC's `?`.
    fn statement(sql: &str) -> String;

    /// Binds the next parameter.
    fn bind<'q>(query: Query<'q, Self, Self::Arguments>, value: SqlValue) -> Query<'q, Self, Self::Arguments>;

    /// A column's value as text; `None` for NULL and for types without a text form.
    fn text(row: &Self::Row, index: usize) -> Option<String>;

    /// A column's value with its type; the inner error names a type that cannot be read.
    fn value(row: &Self::Row, index: usize) -> Result<SqlValue, String>;

    /// A column's value as bytes.
    fn bytes(row: &Self::Row, index: usize) -> Option<Vec<u8>>;

    /// How many rows a statement changed.
    fn changed(result: &Self::QueryResult) -> u64;

    /// The key that the database made for the row that was inserted last, and what its column is called. `None` for a
    /// database that gives generated keys as rows.
    fn generated_key(result: &Self::QueryResult) -> Option<(&'static str, i64)>;
}

/// Binds a value, NULL with the type of its kind; the arms are the same for each database. A decimal is bound as text:
/// a database that has decimals binds them before it comes to this.
macro_rules! bind_value {
    ($query:expr, $value:expr) => {{
        use $crate::value::{SqlType, SqlValue};
        match $value {
            SqlValue::Text(value) => $query.bind(value),
            SqlValue::Decimal(value) => $query.bind(value.to_plain_string()),
            SqlValue::Bit(value) => $query.bind(value),
            SqlValue::Small(value) => $query.bind(value),
            SqlValue::Integer(value) => $query.bind(value),
            SqlValue::Big(value) => $query.bind(value),
            SqlValue::Real(value) => $query.bind(value),
            SqlValue::Double(value) => $query.bind(value),
            SqlValue::Date(value) => $query.bind(value),
            SqlValue::Time(value) => $query.bind(value),
            SqlValue::Timestamp(value) => $query.bind(value),
            SqlValue::Bytes(value) => $query.bind(value),
            SqlValue::Null(of) => match of {
                SqlType::Text => $query.bind(None::<String>),
                SqlType::Decimal => $query.bind(None::<f64>),
                SqlType::Bit => $query.bind(None::<bool>),
                SqlType::Small => $query.bind(None::<i16>),
                SqlType::Integer => $query.bind(None::<i32>),
                SqlType::Big => $query.bind(None::<i64>),
                SqlType::Real => $query.bind(None::<f32>),
                SqlType::Double => $query.bind(None::<f64>),
                SqlType::Date => $query.bind(None::<chrono::NaiveDate>),
                SqlType::Time => $query.bind(None::<chrono::NaiveTime>),
                SqlType::Timestamp => $query.bind(None::<chrono::NaiveDateTime>),
                SqlType::Bytes => $query.bind(None::<Vec<u8>>),
            },
        }
    }};
}
pub(crate) use bind_value;
