//! The same statements on PostgreSQL, MariaDB and SQLite.

use mi_datasource::{Address, DataSource, PoolOptions, SqlError, SqlType, SqlValue};
use mi_testkit::{MariaDb, Postgres};

fn source(jdbc: &str) -> DataSource {
    let address = Address::parse(jdbc, None, None).expect("supported");
    DataSource::new("test", &address, &PoolOptions { max_active: 3, ..PoolOptions::default() }).expect("usable")
}

fn value(of: SqlType, text: &str) -> SqlValue {
    SqlValue::parse(of, text).expect("a value")
}

async fn all_types(jdbc: &str) {
    let source = source(jdbc);
    source
        .execute(
            "CREATE TABLE things (id INTEGER PRIMARY KEY, name VARCHAR(40), price DECIMAL(10,2), small SMALLINT, \
             big BIGINT, ratio DOUBLE PRECISION, day DATE, noted TIMESTAMP NULL)",
            Vec::new(),
        )
        .await
        .expect("a table");
    let row = |id: &str, name: &str, price: &str| {
        vec![
            value(SqlType::Integer, id),
            value(SqlType::Text, name),
            value(SqlType::Decimal, price),
            value(SqlType::Small, "7"),
            value(SqlType::Big, "9000000000"),
            value(SqlType::Double, "0.5"),
            value(SqlType::Date, "2026-01-31"),
            value(SqlType::Timestamp, "2026-01-31 17:09:14"),
        ]
    };
    let insert = "INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    assert_eq!(source.execute(insert, row("1", "a 'quoted' name", "12.50")).await.expect("inserted"), 1);
    source.execute(insert, row("2", "", "")).await.expect("inserted, with NULLs");
    let find = "SELECT name, price, small AS SMALL, big, ratio, day, noted FROM things WHERE id = ?";
    let found =
        source.first_row(find, vec![value(SqlType::Integer, "1")], None).await.expect("a query").expect("a row");
    assert_eq!(found.get("NAME"), Some(Some("a 'quoted' name")));
    let price: f64 = found.get("2").flatten().expect("the second column").parse().expect("a number");
    assert!((price - 12.5).abs() < 1e-9);
    assert_eq!((found.get("small"), found.get("big")), (Some(Some("7")), Some(Some("9000000000"))));
    assert_eq!((found.get("ratio"), found.get("day")), (Some(Some("0.5")), Some(Some("2026-01-31"))));
    assert_eq!(found.get("noted"), Some(Some("2026-01-31 17:09:14")));
    assert_eq!((found.get("nothing"), found.get("8")), (None, None));
    let nulls =
        source.first_row(find, vec![value(SqlType::Integer, "2")], None).await.expect("a query").expect("a row");
    assert_eq!((nulls.get("name"), nulls.get("price")), (Some(None), Some(None)));
    let none = source.first_row(find, vec![value(SqlType::Integer, "3")], None).await.expect("a query");
    assert_eq!(none, None);
    assert!(matches!(source.execute("INSERT INTO nowhere VALUES (1)", Vec::new()).await, Err(SqlError::Statement(_))));
    let update = source.execute("UPDATE things SET name = ?", vec![value(SqlType::Text, "x")]).await;
    assert_eq!(update.expect("updated"), 2);
}

async fn transactions(jdbc: &str) {
    let source = source(jdbc);
    source.execute("CREATE TABLE accounts (id INTEGER)", Vec::new()).await.expect("a table");
    let count = async || {
        let row = source.first_row("SELECT COUNT(*) FROM accounts", Vec::new(), None).await.expect("a query");
        row.and_then(|row| row.get("1").flatten().map(str::to_owned)).expect("a number")
    };
    let insert = "INSERT INTO accounts VALUES (?)";
    let mut open = source.begin().await.expect("a transaction");
    open.execute(insert, vec![value(SqlType::Integer, "1")]).await.expect("inserted");
    open.rollback().await.expect("rolled back");
    assert_eq!(count().await, "0");
    let mut open = source.begin().await.expect("a transaction");
    open.execute(insert, vec![value(SqlType::Integer, "1")]).await.expect("inserted");
    drop(open);
    assert_eq!(count().await, "0", "dropped, it is rolled back");
    let mut open = source.begin().await.expect("a transaction");
    open.execute(insert, vec![value(SqlType::Integer, "1")]).await.expect("inserted");
    assert!(open.first_row("SELECT id FROM accounts", Vec::new()).await.expect("a query").is_some());
    open.commit().await.expect("kept");
    assert_eq!(count().await, "1");
}

#[tokio::test]
async fn postgresql() {
    let database = Postgres::start().expect("PostgreSQL is installed: bin/test.sh installs it");
    all_types(&database.jdbc()).await;
    transactions(&database.jdbc()).await;
}

#[tokio::test]
async fn postgresql_types_of_its_own() {
    let database = Postgres::start().expect("PostgreSQL is installed: bin/test.sh installs it");
    let source = source(&database.jdbc());
    let sql = "SELECT true AS b, '{\"a\": 1}'::jsonb AS j, '{\"a\":1}'::json AS k, \
               '123e4567-e89b-12d3-a456-426614174000'::uuid AS u, '\\x0aff'::bytea AS y, \
               '2026-01-31 10:00:00+02'::timestamptz AS t, 'x'::char(3) AS c, 12345678901234567890.5::numeric AS n";
    let row = source.first_row(sql, Vec::new(), Some(4)).await.expect("a query").expect("a row");
    for (column, expected) in [
        ("b", "t"),
        ("j", "{\"a\": 1}"),
        ("k", "{\"a\":1}"),
        ("u", "123e4567-e89b-12d3-a456-426614174000"),
        ("y", "\\x0aff"),
        ("t", "2026-01-31 08:00:00+00"),
        ("c", "x  "),
        ("n", "12345678901234567890.5"),
    ] {
        assert_eq!(row.get(column), Some(Some(expected)), "{column}");
    }
    assert_eq!(row.bytes, Some(vec![0x0a, 0xff]));
}

#[tokio::test]
async fn mariadb() {
    let database = MariaDb::start().expect("MariaDB is installed: bin/test.sh installs it");
    all_types(&database.jdbc()).await;
    transactions(&database.jdbc()).await;
}

#[tokio::test]
async fn sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    all_types(&format!("jdbc:sqlite:{}", folder.path().join("a.db").display())).await;
    transactions(&format!("jdbc:sqlite:{}", folder.path().join("b.db").display())).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_unreachable() {
    let address = Address::parse("jdbc:postgresql://127.0.0.1:1/x", Some("u"), Some("secret")).expect("supported");
    let source = DataSource::new("away", &address, &PoolOptions::default()).expect("usable");
    let error = source.execute("SELECT 1", Vec::new()).await.expect_err("nobody there");
    assert!(matches!(error, SqlError::Unreachable(_)) && !error.to_string().contains("secret"), "{error:?}");
}
