//! The scripts under `dbscripts/` are those that the code would execute.

use std::path::Path;

use mi_coordination::store::Database;
use mi_coordination::store::schema::script;

#[test]
fn scripts_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dbscripts");
    for (database, file) in [
        (Database::Postgres, "postgresql/postgresql_cluster.sql"),
        (Database::MySql, "mysql/mysql_cluster.sql"),
        (Database::Sqlite, "sqlite/sqlite_cluster.sql"),
    ] {
        let path = folder.join(file);
        let expected = script(database);
        if std::env::var_os("UPDATE_SCRIPTS").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, &expected).expect("a writable script");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, expected, "run this test with UPDATE_SCRIPTS=1 and commit {file}");
    }
}
