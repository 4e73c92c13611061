//! `json-eval(…)`: where the JSON comes from, and the string that a result becomes (spec, 3.8).

use std::borrow::Cow;

use mi_payload::json::{JsonError, parse_lenient};
use serde_json::Value;

use super::number;
use super::{Found, JsonPath, PathFault, Reached};
use crate::expression::Selection;
use crate::fault::{CompileError, ExpressionFault};
use crate::message::{Held, Message, Scope};
use crate::namespaces::Namespaces;
use crate::template::InlineTemplate;

/// A compiled `json-eval(…)`.
#[derive(Debug)]
pub(crate) struct JsonEval {
    text: String,
    source: Source,
    path: PathText,
}

#[derive(Debug)]
enum Source {
    Payload,
    Property(Scope, String),
}

#[derive(Debug)]
enum PathText {
    Fixed(JsonPath),
    /// With `{…}` parts that are only known when a message is there.
    Dynamic(InlineTemplate),
}

/// What kept a path from having a value.
enum Failure {
    Missing(PathFault),
    Fault(ExpressionFault),
}

impl JsonEval {
    /// Compiles the attribute's text, which begins with `json-eval(`. The last character is dropped unseen.
    pub(crate) fn compile(text: &str, namespaces: &Namespaces) -> Result<Self, CompileError> {
        const PREFIX: &str = "json-eval(";
        let inner = text.strip_prefix(PREFIX).unwrap_or(text);
        let inner = inner.char_indices().next_back().and_then(|(last, _)| inner.get(..last)).unwrap_or("");
        let (source, path) = split_source(inner);
        let path = path.strip_suffix('.').unwrap_or(&path);
        let template = InlineTemplate::braces(path, namespaces)?;
        let path = match template.literal() {
            None => PathText::Dynamic(template),
            Some(_) => PathText::Fixed(JsonPath::compile(path).map_err(|error| CompileError {
                expression: text.to_owned(),
                column: PREFIX.len() + error.column,
                message: error.message,
            })?),
        };
        Ok(Self { text: text.to_owned(), source, path })
    }

    /// The result as text. What is missing in the payload is `""`, what is missing in a property is a fault.
    pub(crate) fn string<'m>(&self, message: &'m dyn Message) -> Result<Cow<'m, str>, ExpressionFault> {
        let path = self.path(message)?;
        if path.is_root()
            && let Source::Payload = self.source
        {
            return match message.json_text()? {
                Some(text) => Ok(text),
                None => Ok(self.empty_payload()),
            };
        }
        match self.find(&path, message) {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Ok(self.empty_payload()),
            Err(Failure::Fault(fault)) => Err(fault),
            Err(Failure::Missing(fault)) => match self.source {
                Source::Payload => {
                    tracing::debug!(target: "SynapseJsonPath", "{}: {fault}", self.text);
                    Ok(Cow::Borrowed(""))
                }
                Source::Property(..) => Err(self.fault(fault.to_string())),
            },
        }
    }

    /// The items that the path selects: of an array its items, of JSON null none.
    pub(crate) fn select<'m>(&self, message: &'m dyn Message) -> Result<Selection<'m>, ExpressionFault> {
        let path = self.path(message)?;
        let values = match &self.source {
            Source::Payload => match message.json()? {
                Some(json) => items(path.find(json).map_err(|fault| self.fault(fault.to_string()))?),
                None => Vec::new(),
            },
            Source::Property(scope, name) => {
                let json = self.property(message, *scope, name)?;
                let found = path.find(&json).map_err(|fault| self.fault(fault.to_string()))?;
                items(found).into_iter().map(|value| Cow::Owned(value.into_owned())).collect()
            }
        };
        Ok(Selection::Json(values))
    }

    /// The path for this message.
    pub(crate) fn path(&self, message: &dyn Message) -> Result<Cow<'_, JsonPath>, ExpressionFault> {
        match &self.path {
            PathText::Fixed(path) => Ok(Cow::Borrowed(path)),
            PathText::Dynamic(template) => {
                let text = template.evaluate(message)?;
                let path = JsonPath::compile(&text).map_err(|error| self.fault(error.to_string()))?;
                Ok(Cow::Owned(path))
            }
        }
    }

    /// The property that the path is for; `None` for the payload.
    pub(crate) fn property_source(&self) -> Option<(Scope, &str)> {
        match &self.source {
            Source::Payload => None,
            Source::Property(scope, name) => Some((*scope, name)),
        }
    }

    fn find<'m>(&self, path: &JsonPath, message: &'m dyn Message) -> Result<Option<Cow<'m, str>>, Failure> {
        let fault = |fault: ExpressionFault| Failure::Fault(fault);
        let missing = |fault| match fault {
            PathFault::NotFound(_) => Failure::Missing(fault),
            other => Failure::Fault(self.fault(other.to_string())),
        };
        match &self.source {
            Source::Payload => {
                // Asked in this order: a text is only searched so many times.
                if path.is_plain()
                    && let Some(found) = message.unparsed_json().and_then(|text| path.find_in_text(text))
                {
                    return Ok(Some(rendered(found)));
                }
                let json = message.json().map_err(|error| fault(error.into()))?;
                json.map(|json| path.find(json).map(rendered).map_err(missing)).transpose()
            }
            Source::Property(scope, name) => {
                let json = self.property(message, *scope, name).map_err(fault)?;
                let text = path.find(&json).map(rendered).map_err(missing)?;
                Ok(Some(Cow::Owned(text.into_owned())))
            }
        }
    }

    fn property(&self, message: &dyn Message, scope: Scope, name: &str) -> Result<Value, ExpressionFault> {
        let text = message.property(scope, name).map(Held::into_text).unwrap_or_default();
        read_json(&text).map_err(|error| self.fault(error.to_string()))
    }

    fn empty_payload(&self) -> Cow<'static, str> {
        tracing::warn!(target: "SynapseJsonPath", "Json Payload is empty.");
        Cow::Borrowed("")
    }

    fn fault(&self, message: String) -> ExpressionFault {
        ExpressionFault::JsonPath { expression: self.text.clone(), message }
    }
}

/// Reads JSON as Gson does: strictly first, which is faster, then leniently.
pub(crate) fn read_json(text: &str) -> Result<Value, JsonError> {
    serde_json::from_str(text).or_else(|_| parse_lenient(text))
}

/// Splits `$ctx:name.rest` into the property and `$.rest`.
fn split_source(text: &str) -> (Source, Cow<'_, str>) {
    for (prefix, scope) in [("$ctx:", Scope::Default), ("$trp:", Scope::Transport), ("$axis2:", Scope::Axis2)] {
        if let Some(rest) = text.strip_prefix(prefix) {
            let outside = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            let (name, path) = rest.split_at(rest.find(outside).unwrap_or(rest.len()));
            return (Source::Property(scope, name.to_owned()), Cow::Owned(format!("${path}")));
        }
    }
    (Source::Payload, Cow::Borrowed(text))
}

fn items(found: Found<'_>) -> Vec<Cow<'_, Value>> {
    match found {
        Found::Many(values) => values,
        Found::One(Cow::Borrowed(Value::Array(items)), _) => items.iter().map(Cow::Borrowed).collect(),
        Found::One(Cow::Owned(Value::Array(items)), _) => items.into_iter().map(Cow::Owned).collect(),
        Found::One(value, _) if value.is_null() => Vec::new(),
        Found::One(value, _) => vec![value],
    }
}

/// The text of a result (spec, 3.8).
pub(crate) fn rendered(found: Found<'_>) -> Cow<'_, str> {
    match found {
        Found::One(Cow::Borrowed(Value::String(text)), _) => Cow::Borrowed(text),
        Found::One(value, reached) => Cow::Owned(one(&value, reached)),
        Found::Many(values) => {
            let mut text = String::from("[");
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&value.to_string());
            }
            text.push(']');
            Cow::Owned(text)
        }
    }
}

fn one(value: &Value, reached: Reached) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if reached == Reached::Property => number::normalised(number),
        // Gson's own classes have fields of these names, and Synapse prints what it finds there.
        Value::Object(members) => match members.get("members").or_else(|| members.get("elements")) {
            Some(inner) => inner.to_string(),
            None => value.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
#[path = "json_eval_tests.rs"]
mod tests;
