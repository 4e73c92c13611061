//! JSONPath in Jayway's dialect (spec, 3.8).
//!
//! [`JsonPath`] is the engine: compiled, evaluated on a JSON value, and able to change one. `json_eval` is the attribute
//! form `json-eval(…)` with its sources and its rules for strings.

mod ast;
mod edit;
mod evaluate;
mod filter;
mod filter_parser;
mod functions;
pub(crate) mod json_eval;
mod lookup;
pub(crate) mod number;
mod parser;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use ast::Step;
use evaluate::Walk;

/// A compiled path.
#[derive(Clone)]
pub struct JsonPath {
    text: Box<str>,
    steps: Vec<Step>,
    definite: bool,
}

/// Why a text is not a path.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message} at column {column}")]
pub struct JsonPathError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong, for people.
    pub message: String,
}

/// Why a path has no result.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PathFault {
    /// A definite path leads nowhere.
    #[error("{0}")]
    NotFound(String),
    /// A path does not fit the value: a filter on a number, a sum of nothing.
    #[error("{0}")]
    Invalid(String),
    /// There was nothing to change; Jayway has no words for it.
    #[error("Runtime error occurred while mediating the message")]
    NothingMatched,
}

/// The last step that led to a value; numbers are written differently behind a property.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Reached {
    /// By the name of a property.
    Property,
    /// By an index.
    Index,
    /// By a function, or not at all (`$`).
    Otherwise,
}

/// What a path found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'v> {
    /// A definite path leads to one value.
    One(Cow<'v, Value>, Reached),
    /// An indefinite path leads to a list, perhaps an empty one.
    Many(Vec<Cow<'v, Value>>),
}

impl Found<'_> {
    /// The value, a list as an array.
    pub fn into_json(self) -> Value {
        match self {
            Self::One(value, _) => value.into_owned(),
            Self::Many(values) => Value::Array(values.into_iter().map(Cow::into_owned).collect()),
        }
    }
}

/// A step from a value to one of its members.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Segment {
    /// The name of a property.
    Key(String),
    /// The index of an item.
    Index(usize),
}

impl JsonPath {
    /// Compiles a path. One that does not begin with `$` gets `$.` before it.
    ///
    /// ```
    /// use mi_expression::JsonPath;
    ///
    /// let path = JsonPath::compile("$.orders[?(@.price > 100)].symbol")?;
    /// let value = serde_json::json!({"orders": [{"symbol": "A", "price": 90}, {"symbol": "B", "price": 110}]});
    /// assert_eq!(path.find(&value)?.into_json(), serde_json::json!(["B"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The text does not follow Jayway's grammar.
    pub fn compile(text: &str) -> Result<Self, JsonPathError> {
        let steps = parser::parse(text)?;
        let definite = ast::is_definite(&steps);
        Ok(Self { text: text.into(), steps, definite })
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the path leads to at most one value.
    pub fn is_definite(&self) -> bool {
        self.definite
    }

    /// Whether the path is nothing but `$`.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The path without its last step, and the property that the last step names; `None` if it names none.
    pub fn split_last_key(&self) -> Option<(Self, &str)> {
        let (Step::Property(names), before) = self.steps.split_last()? else { return None };
        let [key] = names.as_slice() else { return None };
        let parent = Self {
            text: ast::Shown(before).to_string().into(),
            steps: before.to_vec(),
            definite: ast::is_definite(before),
        };
        Some((parent, key))
    }

    /// Evaluates the path on a value.
    ///
    /// # Errors
    /// A definite path leads nowhere, or the path does not fit the value.
    pub fn find<'v>(&self, root: &'v Value) -> Result<Found<'v>, PathFault> {
        self.find_with(root, root)
    }

    /// As [`Self::find`], but `$` within filters is another value.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_with<'v>(&self, value: &'v Value, root: &'v Value) -> Result<Found<'v>, PathFault> {
        let mut values = Vec::new();
        let mut reached = Reached::Otherwise;
        let mut walk = Walk::new(root);
        walk.run(&self.steps, value, &mut |value, by, _| {
            reached = by;
            values.push(value);
        })?;
        if !self.definite {
            return Ok(Found::Many(values));
        }
        let Some(value) = values.into_iter().next() else { return Err(self.nothing()) };
        Ok(Found::One(value, reached))
    }

    fn nothing(&self) -> PathFault {
        PathFault::NotFound(format!("No results for path: {}", ast::Shown(&self.steps)))
    }
}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonPath({})", ast::Shown(&self.steps))
    }
}

#[cfg(test)]
mod tests;
