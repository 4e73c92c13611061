//! The variables of the spec, 3.4.

use std::borrow::Cow;

use mi_payload::{NodeItem, Unevaluated, Value};
use mi_xml::NodeId;
use mi_xml::xpath::{Environment, EvalError, NodeRef, NodeSet, Value as XPathValue};
use percent_encoding::percent_decode_str;

use super::functions;
use crate::expression::Expression;
use crate::message::{Envelope, Field, Held, Message, Scope};
use crate::namespaces::Namespaces;

/// What an XPath sees of a message.
#[derive(Copy, Clone)]
pub(super) struct MessageEnvironment<'m, 'n> {
    pub(super) message: &'m dyn Message,
    pub(super) envelope: Envelope<'m>,
    pub(super) namespaces: &'n Namespaces,
}

impl<'m> Environment<'m> for MessageEnvironment<'m, '_> {
    fn variable(&self, prefix: &str, local: &str) -> Result<Option<XPathValue<'m>>, EvalError> {
        // A prefix that is bound to a namespace loses its special meaning.
        if self.namespaces.get(prefix).is_some() {
            return Ok(None);
        }
        let message = self.message;
        Ok(Some(match (prefix, local) {
            (_, "body") => self.node(self.envelope.body),
            (_, "header") => self.envelope.header.map_or(XPathValue::Null, |header| self.node(header)),
            (_, "env") => self.node(self.envelope.envelope),
            ("ctx", name) => self.held(message.property(Scope::Default, name))?,
            ("axis2", name) => self.held(message.property(Scope::Axis2, name))?,
            ("trp", name) => self.held(message.property(Scope::Transport, name))?,
            ("operation", name) => self.held(message.property(Scope::Operation, name))?,
            ("var", name) => match message.variable(name) {
                Some(value) => self.value(value)?,
                None => XPathValue::Null,
            },
            ("func", name) => self.parameter(name)?,
            ("url", name) => self.query_parameter(name).into(),
            ("sys", name) => message.property(Scope::System, name).map_or(Cow::Borrowed(""), Held::into_text).into(),
            (map, key) => match message.property(Scope::Default, map) {
                Some(Held::Value(Cow::Borrowed(Value::Map(entries)))) if !map.is_empty() => match entries.get(key) {
                    Some(value) => value.string_value().into(),
                    None => XPathValue::Null,
                },
                _ => return Ok(None),
            },
        }))
    }

    fn function(
        &self,
        _prefix: &str,
        local: &str,
        arguments: Vec<XPathValue<'m>>,
        _context: NodeRef<'m>,
    ) -> Result<Option<XPathValue<'m>>, EvalError> {
        functions::call(self, local, arguments)
    }
}

impl<'m> MessageEnvironment<'m, '_> {
    fn node(&self, node: NodeId) -> XPathValue<'m> {
        NodeRef::new(self.envelope.document, node).into()
    }

    pub(super) fn held(&self, held: Option<Held<'m>>) -> Result<XPathValue<'m>, EvalError> {
        match held {
            None => Ok(XPathValue::Null),
            Some(Held::Text(text)) => Ok(text.into()),
            Some(Held::Value(Cow::Borrowed(value))) => self.value(value),
            // Nodes cannot outlive what holds them; made for this evaluation alone, they count as their text.
            Some(Held::Value(Cow::Owned(value))) => self.owned(&value),
        }
    }

    /// A parameter of the innermost template; an error outside of one.
    pub(super) fn parameter(&self, name: &str) -> Result<XPathValue<'m>, EvalError> {
        match self.message.template_parameter(name) {
            Some(value) => self.value(value),
            None if self.message.in_template() => Ok(XPathValue::Null),
            None => Err(EvalError::Environment(format!("there is no template, hence no parameter {name}"))),
        }
    }

    /// A stored value as XPath sees it. Java numbers other than `Double` are foreign (spec, 3.6).
    fn value(&self, value: &'m Value) -> Result<XPathValue<'m>, EvalError> {
        Ok(match value {
            Value::String(text) => XPathValue::String(Cow::Borrowed(text)),
            Value::Xml(fragment) => NodeRef::new(fragment.document(), fragment.node()).into(),
            Value::Nodes(items) => nodes(items),
            other => return self.owned(other),
        })
    }

    fn owned(&self, value: &Value) -> Result<XPathValue<'m>, EvalError> {
        let text = || Cow::Owned(value.string_value().into_owned());
        Ok(match value {
            Value::String(_) => XPathValue::String(text()),
            Value::Boolean(value) => XPathValue::Boolean(*value),
            Value::Double(number) => XPathValue::Number(*number),
            Value::Integer(_) | Value::Long(_) | Value::Short(_) | Value::Float(_) => {
                XPathValue::Foreign { text: text(), numeric: true }
            }
            Value::Expression(expression) => self.unevaluated(expression.as_ref())?,
            Value::Json(_) | Value::Xml(_) | Value::Nodes(_) | Value::Map(_) | Value::Opaque(_) => {
                XPathValue::Foreign { text: text(), numeric: false }
            }
        })
    }

    /// A template parameter that is evaluated where it is read.
    fn unevaluated(&self, expression: &dyn Unevaluated) -> Result<XPathValue<'m>, EvalError> {
        let Some(expression) = expression.as_any().downcast_ref::<Expression>() else {
            return Ok(expression.text().to_owned().into());
        };
        match expression.evaluate_string(self.message) {
            Ok(Some(text)) => Ok(text.into()),
            Ok(None) => Ok(XPathValue::Null),
            Err(fault) => Err(EvalError::Environment(fault.to_string())),
        }
    }

    /// A query parameter of the To address: names without case, the first hit, percent-decoded, `""` if there is none.
    fn query_parameter(&self, name: &str) -> String {
        let to = self.message.field(Field::To).unwrap_or_default();
        let query = to.split_once('?').map_or("", |(_, query)| query);
        let found = query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            key.eq_ignore_ascii_case(name).then_some(value)
        });
        let spaced = found.unwrap_or("").replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    }
}

/// A list of nodes: a node-set if all are elements, else the texts one after the other.
fn nodes(items: &[NodeItem]) -> XPathValue<'_> {
    let element = |item: &NodeItem| matches!(item, NodeItem::Element(_));
    if items.iter().all(element) {
        let refs = items.iter().filter_map(|item| match item {
            NodeItem::Element(fragment) => Some(NodeRef::new(fragment.document(), fragment.node())),
            NodeItem::Text(_) => None,
        });
        return XPathValue::NodeSet(NodeSet::list(refs));
    }
    let text = items.iter().fold(String::new(), |mut text, item| {
        match item {
            NodeItem::Element(fragment) => text.push_str(&fragment.to_xml()),
            NodeItem::Text(part) => text.push_str(part),
        }
        text
    });
    text.into()
}
