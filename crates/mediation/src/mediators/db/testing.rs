//! A data source for the unit tests: it keeps what it is asked, and answers with one row.

use std::sync::{Arc, Mutex, PoisonError};

use crate::database::{
    Answered, Database, DatabaseError, DatabaseTransaction, Databases, InlinePool, SqlParameter, SqlRow,
};
use crate::environment::{Environment, NoResources};

/// What happened: `query SQL [parameters]`, `update …`, `begin`, `commit`, `rollback`; a `t` before what was done in a
/// transaction.
pub(crate) type Journal = Arc<Mutex<Vec<String>>>;

#[derive(Debug)]
struct Fake(Journal);

impl Fake {
    fn note(&self, what: String) {
        note(&self.0, what);
    }
}

fn note(journal: &Journal, what: String) {
    journal.lock().unwrap_or_else(PoisonError::into_inner).push(what);
}

fn described(sql: &str, parameters: &[SqlParameter]) -> String {
    let parameters: Vec<_> =
        parameters.iter().map(|parameter| format!("{}:{}", parameter.kind, parameter.text)).collect();
    format!("{sql} [{}]", parameters.join(", "))
}

fn row(sql: &str) -> Result<Option<SqlRow>, DatabaseError> {
    match sql {
        "fails" => Err(DatabaseError::Sql("syntax error".to_owned())),
        "none" => Ok(None),
        _ => Ok(Some(SqlRow(vec![("NAME".to_owned(), Some("Ann".to_owned())), ("CITY".to_owned(), None)]))),
    }
}

impl Database for Fake {
    fn name(&self) -> &str {
        "jdbc/Fake"
    }

    fn first_row<'a>(&'a self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, Option<SqlRow>> {
        self.note(format!("query {}", described(sql, &parameters)));
        Box::pin(async move { row(sql) })
    }

    fn update<'a>(&'a self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, u64> {
        self.note(format!("update {}", described(sql, &parameters)));
        Box::pin(async move { row(sql).map(|_| 3) })
    }

    fn begin(&self) -> Answered<'_, Box<dyn DatabaseTransaction>> {
        self.note("begin".to_owned());
        Box::pin(async { Ok(Box::new(FakeTransaction(self.0.clone())) as Box<dyn DatabaseTransaction>) })
    }
}

struct FakeTransaction(Journal);

impl DatabaseTransaction for FakeTransaction {
    fn first_row<'a>(&'a mut self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, Option<SqlRow>> {
        note(&self.0, format!("t query {}", described(sql, &parameters)));
        Box::pin(async move { row(sql) })
    }

    fn update<'a>(&'a mut self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, u64> {
        note(&self.0, format!("t update {}", described(sql, &parameters)));
        Box::pin(async move { row(sql).map(|_| 3) })
    }

    fn commit(self: Box<Self>) -> Answered<'static, ()> {
        note(&self.0, "commit".to_owned());
        Box::pin(async { Ok(()) })
    }

    fn rollback(self: Box<Self>) -> Answered<'static, ()> {
        note(&self.0, "rollback".to_owned());
        Box::pin(async { Ok(()) })
    }
}

struct FakeDatabases(Arc<dyn Database>);

impl Databases for FakeDatabases {
    fn named(&self, name: &str) -> Option<Arc<dyn Database>> {
        (name == "jdbc/Fake").then(|| self.0.clone())
    }

    fn pool(&self, definition: &InlinePool) -> Result<Arc<dyn Database>, String> {
        if definition.url.starts_with("jdbc:h2") { Err("use another".to_owned()) } else { Ok(self.0.clone()) }
    }
}

/// An environment with the data source `jdbc/Fake`, and its journal.
pub(crate) fn environment() -> (Arc<Environment>, Journal) {
    let journal = Journal::default();
    let mut environment = Environment::new(Box::new(crate::testing::Loop), Box::new(NoResources));
    environment.databases = Box::new(FakeDatabases(Arc::new(Fake(journal.clone()))));
    (Arc::new(environment), journal)
}

/// What the journal has.
pub(crate) fn journal(journal: &Journal) -> Vec<String> {
    journal.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
