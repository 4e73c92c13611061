//! External variables of a query.

use std::str::FromStr;
use std::sync::Arc;

use mi_expression::{Expression, Selection};
use mi_payload::XmlFragment;
use mi_payload::value::Value;
use mi_xquery::{Atomic, External};

use crate::context::MessageContext;
use crate::definition::{DeployError, Element};

/// The types that a variable can have.
pub(super) const TYPES: &[&str] =
    &["INT", "INTEGER", "BOOLEAN", "BYTE", "DOUBLE", "SHORT", "LONG", "FLOAT", "STRING", "DOCUMENT", "ELEMENT"];

/// A variable with where its value comes from.
pub(super) struct Variable {
    pub(super) name: String,
    kind: Kind,
    origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer { least: i64, greatest: i64 },
    Boolean,
    Double,
    Float,
    Text,
    Node,
}

enum Origin {
    Constant(External),
    /// An entry, or the message, and what is looked for in it.
    Found {
        key: Option<String>,
        expression: Option<Expression>,
    },
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        let range = |least, greatest| Self::Integer { least, greatest };
        Some(match name {
            "INT" => range(i64::from(i32::MIN), i64::from(i32::MAX)),
            "INTEGER" | "LONG" => range(i64::MIN, i64::MAX),
            "SHORT" => range(i64::from(i16::MIN), i64::from(i16::MAX)),
            "BYTE" => range(i64::from(i8::MIN), i64::from(i8::MAX)),
            "BOOLEAN" => Self::Boolean,
            "DOUBLE" => Self::Double,
            "FLOAT" => Self::Float,
            "STRING" => Self::Text,
            "DOCUMENT" | "ELEMENT" => Self::Node,
            _ => return None,
        })
    }

    /// The value that a text stands for.
    fn read(self, text: &str) -> Result<External, String> {
        fn number<T: FromStr>(text: &str) -> Result<T, String> {
            text.trim().parse().map_err(|_| format!("'{text}' is not a number of the variable's type"))
        }
        Ok(External::Atomic(match self {
            Self::Integer { least, greatest } => {
                let value: i64 = number(text)?;
                if !(least..=greatest).contains(&value) {
                    return Err(format!("'{text}' is not a number of the variable's type"));
                }
                Atomic::Integer(value)
            }
            // As Java reads it.
            Self::Boolean => Atomic::Boolean(text.trim().eq_ignore_ascii_case("true")),
            Self::Double => Atomic::Double(number(text)?),
            Self::Float => Atomic::Float(number(text)?),
            Self::Text => Atomic::String(text.to_owned()),
            Self::Node => {
                let fragment = XmlFragment::parse(text).map_err(|error| error.to_string())?;
                return Ok(document(&fragment));
            }
        }))
    }
}

impl Variable {
    /// Reads a variable; `None` for one without type, which MI ignores.
    pub(super) fn parse(element: Element<'_>) -> Result<Option<Self>, DeployError> {
        let name =
            element.required("name", "The 'name' attribute is required for a variable of the XQuery mediator")?;
        let Some(kind) = element.non_empty("type") else { return Ok(None) };
        let Some(kind) = Kind::named(kind.trim()) else {
            let error = element.attribute_error("type", "Unsupported Type");
            return Err(error.hint(format!("it is one of {}", TYPES.join(", "))));
        };
        let origin = match element.attribute("value") {
            Some(value) => {
                let wrong = |reason| {
                    element.attribute_error("value", format!("Invalid value for the variable {name}")).hint(reason)
                };
                Origin::Constant(kind.read(value).map_err(|reason: String| wrong(reason))?)
            }
            None => Origin::Found {
                key: element.non_empty("key").map(str::to_owned),
                expression: element.expression("expression", "Invalid XPath specified for the variable : ")?,
            },
        };
        Ok(Some(Self { name: name.to_owned(), kind, origin }))
    }

    /// The key of the entry that it is taken from.
    pub(super) fn key(&self) -> Option<&str> {
        match &self.origin {
            Origin::Found { key, .. } => key.as_deref(),
            Origin::Constant(_) => None,
        }
    }

    /// Its value for a message; `None` if there is none, and the variable stays unbound.
    ///
    /// # Errors
    /// Why it cannot be found or has another type.
    pub(super) fn value(&self, context: &MessageContext) -> Result<Option<External>, String> {
        let (key, expression) = match &self.origin {
            Origin::Constant(value) => return Ok(Some(value.clone())),
            Origin::Found { key, expression } => (key, expression),
        };
        let entry = match key {
            Some(key) => {
                Some(context.configuration.entry(key).ok_or_else(|| format!("No object found for the key '{key}'"))?)
            }
            None => None,
        };
        match (entry, expression) {
            (Some(entry), None) => self.of_value(&entry).map(Some),
            // The expression is about the entry's content then.
            (Some(Value::Xml(fragment)), Some(expression)) => self.within(context, &fragment, expression),
            (Some(entry), Some(_)) => self.of_value(&entry).map(Some),
            (None, Some(expression)) => self.selected(context, expression),
            (None, None) => {
                let envelope = context.payload.envelope(&context.configuration.settings.json);
                let envelope = envelope.map_err(|error| error.to_string())?;
                let Some(node) = envelope.payload() else { return Ok(None) };
                let fragment = XmlFragment::copy_of(&envelope.document, node);
                self.of_value(&Value::Xml(Arc::new(fragment))).map(Some)
            }
        }
    }

    /// What the expression finds in an entry, as if that were the message.
    fn within(
        &self,
        context: &MessageContext,
        fragment: &XmlFragment,
        expression: &Expression,
    ) -> Result<Option<External>, String> {
        let mut envelope = mi_payload::Envelope::empty(mi_payload::SoapVersion::V11);
        let copy = envelope.document.import(fragment.document(), fragment.node());
        envelope.document.append_child(envelope.body, copy);
        let mut other = MessageContext::new(context.configuration.clone(), context.origin.clone());
        other.payload = mi_payload::Payload::xml(envelope);
        self.selected(&other, expression)
    }

    fn selected(&self, context: &MessageContext, expression: &Expression) -> Result<Option<External>, String> {
        match expression.evaluate_nodes(context).map_err(|error| error.to_string())? {
            Selection::Nodes(nodes) => {
                let Some(first) = nodes.first() else { return Ok(None) };
                let attribute = first.attribute.and_then(|id| first.document.attribute_by_id(id));
                match (attribute, self.kind) {
                    (Some(attribute), _) => self.kind.read(attribute.value).map(Some),
                    (None, Kind::Node) if first.document.is_element(first.node) => {
                        Ok(Some(document(&XmlFragment::copy_of(first.document, first.node))))
                    }
                    // Of an element its own text counts.
                    (None, kind) if first.document.is_element(first.node) => {
                        kind.read(&first.document.direct_text(first.node)).map(Some)
                    }
                    (None, kind) => kind.read(&first.document.text_content(first.node)).map(Some),
                }
            }
            Selection::Value(value) => self.of_value(&value).map(Some),
            Selection::Json(_) => {
                let text = expression.evaluate_string(context).map_err(|error| error.to_string())?;
                self.kind.read(&text.unwrap_or_default()).map(Some)
            }
        }
    }

    fn of_value(&self, value: &Value) -> Result<External, String> {
        match (value, self.kind) {
            (Value::Xml(fragment), Kind::Node) => Ok(document(fragment)),
            (Value::Xml(fragment), kind) => kind.read(&fragment.document().direct_text(fragment.node())),
            (other, kind) => kind.read(&other.string_value()),
        }
    }
}

fn document(fragment: &XmlFragment) -> External {
    let alone = XmlFragment::copy_of(fragment.document(), fragment.node());
    External::Document(Arc::new(alone.document().clone()))
}
