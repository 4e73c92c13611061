//! The flattened file: dotted keys and scalar values with their places (spec 2.1, step 2).

use std::collections::BTreeMap;
use std::fmt;

/// A place in a text; both numbers begin at 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// The place of a byte offset in a text; an offset past the end or inside a character means the nearest place
    /// before it.
    pub fn of(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = text.get(..end).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value without structure of its own, or a list of such.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A string, or a date in its TOML form.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// An array of scalars.
    List(Vec<Scalar>),
}

impl Scalar {
    /// The value as text, as MI's templates would print it; lists are joined with commas.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Boolean(flag) => flag.to_string(),
            Self::List(items) => items.iter().map(Scalar::text).collect::<Vec<_>>().join(","),
        }
    }

    /// The TOML name of the value's type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Integer(_) => "integer",
            Self::Float(_) => "float",
            Self::Boolean(_) => "boolean",
            Self::List(_) => "array",
        }
    }
}

/// Where an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Written in the file: the places of its key and of its value.
    File {
        /// Where the key stands.
        key: Position,
        /// Where the value stands.
        value: Position,
    },
    /// The default of the key table.
    Default,
    /// A system property or environment variable that overrides the file.
    System,
}

impl Origin {
    /// Where the key stands in the file, if it does.
    pub fn key(self) -> Option<Position> {
        match self {
            Self::File { key, .. } => Some(key),
            Self::Default | Self::System => None,
        }
    }

    /// Where the value stands in the file, if it does.
    pub fn value(self) -> Option<Position> {
        match self {
            Self::File { value, .. } => Some(value),
            Self::Default | Self::System => None,
        }
    }
}

/// One flattened key's value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The value, with references resolved once loading is done.
    pub value: Scalar,
    /// Where it comes from.
    pub origin: Origin,
    /// True when the value came from `$secret{}`; it is never printed.
    pub secret: bool,
}

/// All entries by flattened key: `server.hostname`, `datasource[0].pool_options.maxActive`,
/// `synapse_properties.'a.b'` (segments that TOML would quote are quoted with apostrophes).
#[derive(Debug, Clone, Default)]
pub struct Raw {
    pub(crate) entries: BTreeMap<String, Entry>,
}

impl Raw {
    /// The entry of exactly this flattened key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The value of this key as text.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).map(|entry| entry.value.text())
    }

    /// All entries in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    /// The entries below a table, with the rest of their key unquoted: for `synapse_properties.'a.b' = 1` the table
    /// `synapse_properties` has `a.b`.
    pub fn below(&self, table: &str) -> BTreeMap<String, String> {
        self.entries_below(table).map(|(rest, entry)| (rest, entry.value.text())).collect()
    }

    /// As [`Raw::below`], with the entries themselves.
    pub fn entries_below<'a>(&'a self, table: &str) -> impl Iterator<Item = (String, &'a Entry)> {
        let prefix = format!("{table}.");
        self.entries
            .range(prefix.clone()..)
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(move |(key, entry)| (unquote(key.get(table.len() + 1..).unwrap_or_default()), entry))
    }

    /// How many rows an array of tables has.
    pub fn rows(&self, list: &str) -> usize {
        (0..).take_while(|row| self.has_below(&format!("{list}[{row}]"))).count()
    }

    fn has_below(&self, prefix: &str) -> bool {
        let dotted = format!("{prefix}.");
        self.entries.contains_key(prefix)
            || self.entries.range(dotted.clone()..).next().is_some_and(|(key, _)| key.starts_with(&dotted))
    }
}

/// A key segment as it is kept in a flattened key.
pub(crate) fn segment(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { format!("'{name}'") }
}

fn unquote(key: &str) -> String {
    key.chars().filter(|c| *c != '\'').collect()
}

/// The key with the row numbers of its lists taken out: `datasource[3].id` becomes `datasource[].id`.
pub(crate) fn pattern(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut inside = false;
    for c in key.chars() {
        match c {
            '[' => {
                inside = true;
                out.push(c);
            }
            ']' => {
                inside = false;
                out.push(c);
            }
            _ if inside && c.is_ascii_digit() => {}
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let text = "a\nüb = 1";
        let offset = text.find('=').unwrap_or_default();
        assert_eq!(Position::of(text, offset), Position { line: 2, column: 4 });
        assert_eq!(Position::of(text, 999), Position { line: 2, column: 7 });
    }

    #[test]
    fn patterns_lose_row_numbers() {
        assert_eq!(pattern("a[12].b[0].c"), "a[].b[].c");
    }
}
