//! The values of templates.

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::error::RenderError;
use crate::node::Node;
use crate::number::Number;
use crate::syntax::OutputFormat;

/// Named values, in order.
pub type Map = IndexMap<Arc<str>, Value>;

/// A value. Cheap to clone. What is missing is no value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text.
    String(Arc<str>),
    /// A number.
    Number(Number),
    /// A truth value.
    Boolean(bool),
    /// A point in time.
    Date(Date),
    /// Text that is written in an output format already.
    Markup(Arc<str>, Format),
    /// A list; `None` is a JSON null.
    List(Arc<[Option<Value>]>),
    /// Whole numbers in a row.
    Range(Range),
    /// Named values.
    Hash(Arc<Map>),
    /// An XML node.
    Node(Node),
    /// No XML node, or several.
    Nodes(Arc<[Node]>),
    /// A macro or function of the template, by its place.
    Macro(Macro),
    /// What `?matches` found.
    Matches(Arc<Matches>),
    /// What `x!` gives: empty as text, list and hash.
    Nothing,
    /// A member of a hash that is there but missing to whoever looks at it: JSON's null.
    Null,
}

/// An output format; see [`Value::Markup`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format(pub(crate) OutputFormat);

/// A macro or function; see [`Value::Macro`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Macro {
    pub(crate) index: usize,
    pub(crate) is_function: bool,
}

/// What of a point in time is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateKind {
    /// The day.
    Date,
    /// The time of day.
    Time,
    /// Both.
    DateTime,
    /// It is not known which.
    Unknown,
}

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// Milliseconds since 1970, UTC.
    pub millis: i64,
    /// What of it is meant.
    pub kind: DateKind,
}

/// Whole numbers from one on, up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub(crate) from: i64,
    pub(crate) step: i64,
    /// How many; `None` when it does not end.
    pub(crate) length: Option<u64>,
    /// Slices with it end where their source does.
    pub(crate) adapts: bool,
    /// It was written with an end that its source must reach.
    pub(crate) exclusive: bool,
}

/// What `?matches` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matches {
    /// The whole text matches.
    pub(crate) whole: bool,
    /// The groups of the match of the whole text, the text itself first.
    pub(crate) groups: Vec<Option<Arc<str>>>,
    /// Each match in the text.
    pub(crate) found: Vec<Arc<Matches>>,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Number(Number::Int(i64::try_from(value).unwrap_or(i64::MAX)))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(Number::Int(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(Number::Double(value))
    }
}

/// JSON as Gson reads it into maps and lists: every number is a double.
impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        Self::of_json(json, &|number| Number::Double(number.as_f64().unwrap_or(f64::NAN)))
    }
}

impl Value {
    fn of_json(json: &serde_json::Value, number: &dyn Fn(&serde_json::Number) -> Number) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Boolean(*value),
            serde_json::Value::Number(found) => Self::Number(number(found)),
            serde_json::Value::String(text) => Self::from(text.as_str()),
            serde_json::Value::Array(items) => {
                Self::List(items.iter().map(|item| (!item.is_null()).then(|| Self::of_json(item, number))).collect())
            }
            serde_json::Value::Object(members) => Self::Hash(Arc::new(
                members
                    .iter()
                    .map(|(name, member)| (Arc::from(name.as_str()), Self::of_json(member, number)))
                    .collect(),
            )),
        }
    }

    /// JSON as `?eval_json` reads it: numbers as they are written.
    pub(crate) fn of_json_text(json: &serde_json::Value) -> Self {
        Self::of_json(json, &|number| {
            Number::parse(&number.to_string()).unwrap_or(Number::Double(number.as_f64().unwrap_or(f64::NAN)))
        })
    }

    /// A hash.
    pub fn hash(members: Map) -> Self {
        Self::Hash(Arc::new(members))
    }

    /// The value, unless it is missing to whoever looks at it.
    pub(crate) fn shown(self) -> Option<Self> {
        if matches!(self, Self::Null) { None } else { Some(self) }
    }

    pub(crate) fn list(items: Vec<Self>) -> Self {
        Self::List(items.into_iter().map(Some).collect())
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of what is text by nature: strings, nodes, matches.
    pub(crate) fn scalar(&self) -> Result<Option<Cow<'_, str>>, RenderError> {
        Ok(match self {
            Self::String(text) => Some(Cow::Borrowed(text)),
            Self::Node(node) => Some(node.text()?),
            Self::Matches(matches) => matches.groups.first().and_then(Option::as_deref).map(Cow::Borrowed),
            Self::Nothing => Some(Cow::Borrowed("")),
            _ => None,
        })
    }

    /// How many items it has as a sequence; `None` when it is none, `Some(None)` when it does not end.
    pub(crate) fn length(&self) -> Option<Option<u64>> {
        let counted = |length: usize| Some(Some(length as u64));
        match self {
            Self::List(items) => counted(items.len()),
            Self::Range(range) => Some(range.length),
            Self::Node(_) => counted(1),
            Self::Nodes(nodes) => counted(nodes.len()),
            Self::Matches(matches) => counted(matches.found.len()),
            Self::Nothing => counted(0),
            _ => None,
        }
    }

    /// An item of a sequence.
    pub(crate) fn item(&self, index: u64) -> Option<Self> {
        let at = usize::try_from(index).ok()?;
        match self {
            Self::List(items) => items.get(at)?.clone(),
            Self::Range(range) => {
                if range.length.is_some_and(|length| index >= length) {
                    return None;
                }
                let offset = i64::try_from(index).ok()?.checked_mul(range.step)?;
                Some(Self::from(range.from.checked_add(offset)?))
            }
            Self::Node(node) => (at == 0).then(|| Self::Node(node.clone())),
            Self::Nodes(nodes) => nodes.get(at).cloned().map(Self::Node),
            Self::Matches(matches) => matches.found.get(at).cloned().map(Self::Matches),
            _ => None,
        }
    }

    pub(crate) fn is_sequence(&self) -> bool {
        self.length().is_some()
    }

    /// What it is, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::Number(_) => "number",
            Self::Boolean(_) => "boolean",
            Self::Date(_) => "date/time/datetime",
            Self::Markup(..) => "markup output",
            Self::List(_) => "sequence",
            Self::Range(_) => "range",
            Self::Hash(_) => "extended hash",
            Self::Node(_) => "XML node",
            Self::Nodes(_) => "XML query result",
            Self::Macro(callable) if callable.is_function => "function",
            Self::Macro(_) => "macro",
            Self::Matches(_) => "result of ?matches",
            Self::Nothing | Self::Null => "empty value",
        }
    }

    /// Whether it has no content, as `?has_content` asks.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::String(text) | Self::Markup(text, _) => text.is_empty(),
            Self::Hash(members) => members.is_empty(),
            other => other.length() == Some(Some(0)),
        }
    }
}
