//! What reads the message: payload, variables, headers, parameters, properties, and the paths into them.

use std::borrow::Cow;

use mi_payload::value::element_string;
use mi_payload::{NodeItem, Value, XmlFragment};
use serde_json::Value as Json;

use super::ast::{Node, ParameterKind, Path, Piece, Step, VariableName};
use super::evaluate::{Evaluated, Evaluator, Fail};
use super::value::Val;
use crate::expression::Expression;
use crate::jsonpath::json_eval::read_json;
use crate::jsonpath::{JsonPath, PathFault};
use crate::message::{Held, Scope};

impl<'m> Evaluator<'m, '_> {
    pub(super) fn payload(&self, path: &Path, object: bool) -> Evaluated<'m> {
        if path.steps.is_empty() && self.is_plain_xml() {
            return self.body(object);
        }
        let Some(json) = self.message.json()? else { return Err(Fail::Soft("Payload is empty".to_owned())) };
        self.walk(path, json)
    }

    /// Whether the content type makes `payload` alone mean the XML body.
    fn is_plain_xml(&self) -> bool {
        let content_type = self.message.property(Scope::Axis2, "ContentType").map(Held::into_text);
        content_type.is_some_and(|content_type| content_type.contains("application/xml"))
    }

    fn body(&self, object: bool) -> Evaluated<'m> {
        let Some(envelope) = self.message.envelope()? else { return Err(Fail::Soft("Payload is empty".to_owned())) };
        if object {
            let body = XmlFragment::copy_of(envelope.document, envelope.body);
            return Ok(Val::Nodes([NodeItem::Element(body.into())].into()));
        }
        Ok(Val::Text(element_string(envelope.document, envelope.body).into()))
    }

    pub(super) fn variable(&self, name: &VariableName, path: &Path) -> Evaluated<'m> {
        let VariableName::Plain(name) = name else {
            return Err(self.fault("a variable in brackets needs double quotes"));
        };
        let value = self.message.variable(name).ok_or_else(|| Fail::Soft(format!("Variable {name} is not defined")))?;
        if path.steps.is_empty() {
            return self.whole(value);
        }
        match value {
            Value::Json(json) => self.walk(path, json),
            Value::String(text) => {
                let json = read_json(text).map_err(|error| self.fault(format!("{name} is not JSON: {error}")))?;
                self.walk_owned(path, &json)
            }
            Value::Map(entries) => {
                let (first, rest) = path.steps.split_first().map_or((None, &path.steps[..]), |(f, r)| (Some(f), r));
                let key = first.map(|step| self.key_of(step)).transpose()?.unwrap_or_default();
                let entry = entries
                    .get(key.as_str())
                    .ok_or_else(|| Fail::Soft(format!("{key} is not defined in the variable {name}")))?;
                match entry {
                    entry if rest.is_empty() => self.whole(entry),
                    Value::Json(json) => match &path.fixed_rest {
                        Some(path) => self.find(path, json),
                        None => self.find(&self.compiled(rest)?, json),
                    },
                    _ => Err(not_json(&self.text_of(&path.steps)?)),
                }
            }
            _ => Err(not_json(&self.text_of(&path.steps)?)),
        }
    }

    /// A variable or an entry of one without a path.
    fn whole(&self, value: &'m Value) -> Evaluated<'m> {
        Ok(match value {
            Value::String(text) => Val::Text(Cow::Borrowed(text)),
            Value::Boolean(value) => Val::Boolean(*value),
            Value::Integer(number) => Val::Integer(*number),
            Value::Short(number) => Val::Integer(i32::from(*number)),
            Value::Long(number) => Val::Long(*number),
            Value::Float(number) => Val::Double(f64::from(*number)),
            Value::Double(number) => Val::Double(*number),
            Value::Json(json) if json.is_null() => Val::Null,
            Value::Json(json) => Val::Json(Cow::Borrowed(json)),
            Value::Xml(fragment) => Val::Xml(fragment.clone()),
            Value::Nodes(items) => Val::Nodes(items.clone()),
            Value::Expression(expression) => match expression.as_any().downcast_ref::<Expression>() {
                Some(expression) => expression.evaluate_string(self.message)?.map_or(Val::Null, Val::Text),
                None => Val::Text(Cow::Owned(expression.text().to_owned())),
            },
            Value::Map(_) | Value::Opaque(_) => Val::Null,
        })
    }

    pub(super) fn header(&self, name: &str) -> Evaluated<'m> {
        self.held(self.message.property(Scope::Transport, name), || format!("header {name}"))
    }

    pub(super) fn config(&self, name: &str) -> Evaluated<'m> {
        match self.message.config(name) {
            Some(text) => Ok(Val::reparsed(text)),
            None => Err(missing(&format!("config {name}"))),
        }
    }

    pub(super) fn property(&self, scope: Scope, name: &str) -> Evaluated<'m> {
        self.held(self.message.property(scope, name), || format!("property {name}"))
    }

    pub(super) fn parameter(&self, kind: ParameterKind, name: &str) -> Evaluated<'m> {
        let prefix = match kind {
            ParameterKind::Path => "uri.var.",
            ParameterKind::Query => "query.param.",
            ParameterKind::Function => {
                let value = self.message.template_parameter(name);
                let value = value.ok_or_else(|| missing(&format!("parameter {name}")))?;
                return Ok(match self.whole(value)? {
                    Val::Null => Val::Null,
                    value => Val::reparsed(value.into_text()),
                });
            }
        };
        let held = self.message.property(Scope::Default, &format!("{prefix}{name}"));
        self.held(held, || format!("parameter {name}"))
    }

    fn held(&self, held: Option<Held<'m>>, what: impl Fn() -> String) -> Evaluated<'m> {
        held.map(|held| Val::reparsed(held.into_text())).ok_or_else(|| missing(&what()))
    }

    /// Follows a path into a value of the message.
    pub(super) fn walk(&self, path: &Path, json: &'m Json) -> Evaluated<'m> {
        match &path.fixed {
            Some(fixed) => self.find(fixed, json),
            None => self.find(&self.compiled(&path.steps)?, json),
        }
    }

    /// Follows a path into a value that does not outlive the expression.
    pub(super) fn walk_owned(&self, path: &Path, json: &Json) -> Evaluated<'m> {
        let compiled;
        let path = match &path.fixed {
            Some(fixed) => fixed,
            None => {
                compiled = self.compiled(&path.steps)?;
                &compiled
            }
        };
        Ok(match Val::found(path.find(json).map_err(|fault| self.path_fault(fault))?) {
            Val::Json(value) => Val::Json(Cow::Owned(value.into_owned())),
            Val::JsonNumber(number) => Val::JsonNumber(number),
            // `found` makes nothing else.
            _ => Val::Null,
        })
    }

    fn find(&self, path: &JsonPath, json: &'m Json) -> Evaluated<'m> {
        path.find(json).map(Val::found).map_err(|fault| self.path_fault(fault))
    }

    fn path_fault(&self, fault: PathFault) -> Fail {
        match fault {
            PathFault::NotFound(message) => Fail::Soft(message),
            other => self.fault(other.to_string()),
        }
    }

    fn compiled(&self, steps: &[Step]) -> Result<JsonPath, Fail> {
        let text = format!("${}", self.text_of(steps)?);
        JsonPath::compile(&text).map_err(|error| self.fault(format!("{error}: {text}")))
    }

    /// The steps as text, with what depends on the message put in.
    fn text_of(&self, steps: &[Step]) -> Result<String, Fail> {
        let mut text = String::new();
        for piece in steps.iter().flat_map(|step| &step.pieces) {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Index(node) => text.push_str(&self.index(node)?),
                Piece::Operand(node) => text.push_str(&self.operand(node)?),
            }
        }
        Ok(text)
    }

    fn index(&self, node: &Node) -> Result<String, Fail> {
        let value = self.value(node, false)?;
        match value.as_string() {
            // Java's replacement takes these for a group or an escape.
            Some(key) if key.contains(['$', '\\']) => Err(self.fault(format!("{key} cannot be an index"))),
            Some(key) => Ok(format!("'{}'", key.replace('\'', "\\'"))),
            None if value.is_null() => Err(Fail::Soft("an index is null".to_owned())),
            None => Ok(value.into_text().into_owned()),
        }
    }

    fn operand(&self, node: &Node) -> Result<String, Fail> {
        let value = self.value(node, false)?;
        match value.as_string() {
            Some(text) => Ok(format!("\"{text}\"")),
            None if value.is_null() => Ok("null".to_owned()),
            None => Ok(value.into_text().into_owned()),
        }
    }

    /// The name that the first step into a map means.
    fn key_of(&self, step: &Step) -> Result<String, Fail> {
        let text = self.text_of(std::slice::from_ref(step))?;
        let inner = text
            .strip_prefix('.')
            .or_else(|| text.strip_prefix("['").and_then(|rest| rest.strip_suffix("']")))
            .unwrap_or(&text);
        Ok(inner.to_owned())
    }
}

fn missing(what: &str) -> Fail {
    Fail::Soft(format!("Could not fetch the value of the {what}"))
}

fn not_json(path: &str) -> Fail {
    Fail::Soft(format!("Could not evaluate JSONPath expression: {path} on non-JSON object"))
}
