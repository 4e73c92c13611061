//! TOML text to flattened entries.

use std::path::Path;

use toml_edit::{Document, Item, TableLike, Value};

use crate::error::ConfigError;
use crate::raw::{Entry, Origin, Position, Raw, Scalar, segment};

/// Parses and flattens a text; the path is only for messages.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Raw, ConfigError> {
    let document = Document::parse(text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        at: Position::of(text, error.span().map_or(0, |span| span.start)),
        message: error.message().trim().replace('\n', ", "),
    })?;
    let mut flattener = Flattener { text, raw: Raw::default() };
    flattener.table("", document.as_table());
    Ok(flattener.raw)
}

struct Flattener<'a> {
    text: &'a str,
    raw: Raw,
}

impl Flattener<'_> {
    fn table(&mut self, prefix: &str, table: &dyn TableLike) {
        for (name, item) in table.iter() {
            let path = if prefix.is_empty() { segment(name) } else { format!("{prefix}.{}", segment(name)) };
            let key = table
                .get_key_value(name)
                .and_then(|(key, _)| key.span())
                .or_else(|| item.span())
                .map_or(0, |span| span.start);
            self.item(&path, key, item);
        }
    }

    fn item(&mut self, path: &str, key: usize, item: &Item) {
        match item {
            Item::None => {}
            Item::Table(table) => self.table(path, table),
            Item::Value(value) => self.value(path, key, value),
            Item::ArrayOfTables(rows) => {
                for (row, table) in rows.iter().enumerate() {
                    self.table(&format!("{path}[{row}]"), table);
                }
            }
        }
    }

    fn value(&mut self, path: &str, key: usize, value: &Value) {
        match value {
            Value::InlineTable(table) => self.table(path, table),
            Value::Array(items) if items.iter().any(Value::is_inline_table) => {
                for (row, item) in items.iter().enumerate() {
                    self.value(&format!("{path}[{row}]"), key, item);
                }
            }
            _ => {
                let at = value.span().map_or(key, |span| span.start);
                let origin = Origin::File { key: Position::of(self.text, key), value: Position::of(self.text, at) };
                let entry = Entry { value: scalar(value), origin, secret: false };
                self.raw.entries.insert(path.to_owned(), entry);
            }
        }
    }
}

fn scalar(value: &Value) -> Scalar {
    match value {
        Value::String(text) => Scalar::Text(text.value().clone()),
        Value::Integer(number) => Scalar::Integer(*number.value()),
        Value::Float(number) => Scalar::Float(*number.value()),
        Value::Boolean(flag) => Scalar::Boolean(*flag.value()),
        Value::Datetime(date) => Scalar::Text(date.value().to_string()),
        Value::Array(items) => Scalar::List(items.iter().map(scalar).collect()),
        Value::InlineTable(table) => Scalar::Text(table.to_string().trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(text: &str) -> Vec<String> {
        let raw = parse(Path::new("t.toml"), text).expect("the test's text is TOML");
        raw.iter().map(|(key, entry)| format!("{key}={}", entry.value.text())).collect()
    }

    #[test]
    fn flattens_tables_lists_and_quoted_keys() {
        assert_eq!(
            keys("[a.b]\nc=1\nd.e='x'\n[[l]]\nid=true\n[[l]]\nid=2.5\n[p]\n'q.r'=[1,\"2\"]\n[m]\nrows=[{a=1},{a=2}]"),
            ["a.b.c=1", "a.b.d.e=x", "l[0].id=true", "l[1].id=2.5", "m.rows[0].a=1", "m.rows[1].a=2", "p.'q.r'=1,2"]
        );
    }

    #[test]
    fn keeps_the_places_of_keys_and_values() {
        let raw = parse(Path::new("t.toml"), "[server]\nhostname =  \"x\"\n").expect("TOML");
        let origin = raw.get("server.hostname").expect("present").origin;
        assert_eq!(origin.key(), Some(Position { line: 2, column: 1 }));
        assert_eq!(origin.value(), Some(Position { line: 2, column: 13 }));
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        let error = parse(Path::new("t.toml"), "[server]\nhostname = \n").expect_err("no value");
        assert!(error.to_string().starts_with("t.toml:2:"), "{error}");
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,200}") {
            let _ = parse(Path::new("t.toml"), &text);
        }

        #[test]
        fn never_panics_on_toml_like_text(text in r#"([\[\]a-c.'"={},0-9\n ]){0,80}"#) {
            let _ = parse(Path::new("t.toml"), &text);
        }
    }
}
