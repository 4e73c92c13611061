//! What a database does differently.

/// The SQL of one database, where it differs from that of the others. Statements are written with `?` for arguments and
/// `{now}` for the database's time; a further database is a further file with an implementation.
pub trait Dialect: Send + Sync {
    /// The database's own time in milliseconds since 1970, as an expression of type BIGINT, taken when the statement is
    /// executed and not when its transaction began.
    fn now(&self) -> &'static str;

    /// Whether arguments are written `$1`, `$2`, … in place of `?`.
    fn numbered_arguments(&self) -> bool {
        false
    }

    /// The statement that begins a transaction which will write.
    fn begin(&self) -> &'static str;

    /// What is added to a SELECT to lock its rows until the transaction ends; empty where the transaction locks
    /// everything.
    fn lock(&self) -> &'static str;

    /// What stands before `INTO` and after the values in an INSERT that leaves existing rows alone.
    fn insert_if_absent(&self) -> (&'static str, &'static str);

    /// Statements for each new connection.
    fn session(&self) -> &'static [&'static str];

    /// The beginning of a heartbeat as one statement, where the database can do that: a common table expression `done`
    /// with the columns OWN and LED (BIGINT), how many node rows and leader rows were renewed. Arguments: group, node,
    /// session; group, node, group, session, group, node, session.
    fn beat(&self) -> Option<&'static str> {
        None
    }

    /// A condition that is followed by one argument with all names, separated by U+001F, where the database can do that
    /// more cheaply than with an argument for each.
    fn in_joined(&self) -> Option<&'static str> {
        None
    }

    /// An assignment of many tasks to many nodes as one statement, where the database can do that. Arguments: group; tasks
    /// and nodes, as in [`Dialect::in_joined`], in the same order; group.
    fn assign(&self) -> Option<&'static str> {
        None
    }

    /// A statement that notifies the other nodes, where the database can. Argument: group.
    fn notify(&self) -> Option<&'static str> {
        None
    }

    /// The statement that creates a table of [`super::schema`].
    fn create(&self, table: &str) -> &'static str;

    /// The script that creates the tables, under `dbscripts/`.
    fn script(&self) -> &'static str;
}

/// A statement with `?` and `{now}` as this database wants it.
pub(super) fn translate(dialect: &dyn Dialect, text: &str) -> String {
    let text = text.replace("{now}", dialect.now());
    if !dialect.numbered_arguments() {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut number = 0;
    for part in text.split_inclusive('?') {
        match part.strip_suffix('?') {
            Some(before) => {
                number += 1;
                out.push_str(before);
                out.push('$');
                out.push_str(&number.to_string());
            }
            None => out.push_str(part),
        }
    }
    out
}

/// Names in one argument: no name of an artifact or node has this character, XML does not allow it.
pub(super) fn joined<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join("\u{1f}")
}

/// A condition that a column is one of some names, and its arguments.
pub(super) fn one_of<'n>(dialect: &dyn Dialect, names: impl Iterator<Item = &'n str>) -> (String, Vec<String>) {
    let names: Vec<&str> = names.collect();
    match dialect.in_joined() {
        Some(condition) => (condition.to_owned(), vec![joined(names.into_iter())]),
        None => (
            format!("IN ({})", vec!["?"; names.len()].join(", ")),
            names.iter().map(|name| (*name).to_owned()).collect(),
        ),
    }
}
