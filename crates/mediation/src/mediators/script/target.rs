//! Arguments of a function, and where its value goes.

use std::sync::Arc;

use mi_expression::Expression;
use mi_payload::value::Value as Held;
use mi_payload::{Payload, XmlFragment};
use mi_script::Value;
use serde_json::json;

use crate::context::MessageContext;
use crate::conversion::{DataType, convert};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediators::variable;
use crate::scripting::from_script;

/// What takes the value of the function.
pub(super) enum Target {
    Nothing,
    Body,
    Variable(Arc<str>),
}

/// An argument of the function.
pub(super) enum Argument {
    Fixed(Option<Held>),
    Expression(Expression, Option<Arc<str>>),
}

impl Target {
    pub(super) fn parse(element: Element<'_>) -> Result<Option<Self>, DeployError> {
        let Some(word) = element.non_empty("target") else { return Ok(None) };
        Ok(Some(match word.to_ascii_lowercase().as_str() {
            "none" => Self::Nothing,
            "body" => Self::Body,
            "variable" => Self::Variable(
                element
                    .required(
                        "target-variable",
                        "The 'target-variable' attribute is required for the configuration of a Script mediator when the 'target' is 'variable'",
                    )?
                    .into(),
            ),
            _ => {
                let message = format!(
                    "Invalid 'target' attribute value for script mediator : {word}. It should be either 'body', 'variable' or 'none'"
                );
                return Err(element.attribute_error("target", message));
            }
        }))
    }

    /// Puts the value there.
    ///
    /// # Errors
    /// With the reason, when there is no value or it does not fit.
    pub(super) fn take(&self, context: &mut MessageContext, output: Option<(String, Value)>) -> Result<(), String> {
        let word = match self {
            Self::Nothing => return Ok(()),
            Self::Body => "body",
            Self::Variable(_) => "variable",
        };
        // A text stays one, even if it is XML.
        let value = output.and_then(|(kind, value)| from_script(if kind == "text" { "plain" } else { &kind }, &value));
        let value =
            value.ok_or_else(|| format!("Return object is null. Cannot set null object to the target : {word}"))?;
        match (self, value) {
            (Self::Variable(name), value) => context.variables.set(name.clone(), value),
            (_, Held::Xml(fragment)) => set_body(context, &fragment)?,
            (_, value) => {
                context.payload =
                    Payload::set_json(value.string_value().into_owned()).map_err(|error| error.to_string())?;
                context.has_entity();
            }
        }
        Ok(())
    }
}

fn set_body(context: &mut MessageContext, fragment: &XmlFragment) -> Result<(), String> {
    let view = context.payload.envelope(&context.configuration.settings.json).map_err(|error| error.to_string())?;
    let mut envelope = view.with_empty_body();
    let copy = envelope.document.import(fragment.document(), fragment.node());
    envelope.document.append_child(envelope.body, copy);
    context.payload = Payload::xml(envelope);
    context.has_entity();
    Ok(())
}

impl Argument {
    pub(super) fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let kind = element.attribute("type");
        if let Some(text) = element.attribute("value") {
            let type_ = DataType::of_name(kind.unwrap_or("STRING"))
                .filter(|_| variable::TYPES.contains(&kind.unwrap_or("STRING")));
            let value = type_.and_then(|type_| convert(text, type_, false).ok()).ok_or_else(|| {
                let kind = kind.unwrap_or("STRING");
                let message = format!("Unknown type : {kind} for the variable mediator or the variable value cannot be converted into the specified type.");
                element.attribute_error("value", message)
            })?;
            return Ok(Self::Fixed(value));
        }
        match element.expression("expression", "Error setting expression : ")? {
            Some(expression) => Ok(Self::Expression(expression, kind.map(Into::into))),
            None => Ok(Self::Fixed(None)),
        }
    }

    /// The arguments as JSON: pairs of a kind and a value.
    pub(super) fn encode(arguments: &[Self], context: &MessageContext) -> Result<String, Fault> {
        let mut all = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let value = match argument {
                Self::Fixed(value) => value.clone(),
                Self::Expression(expression, kind) => variable::evaluate(expression, kind.as_deref(), context)?,
            };
            all.push(match value {
                None => json!(["plain", null]),
                Some(Held::Boolean(value)) => json!(["plain", value]),
                Some(Held::Integer(number)) => json!(["plain", number]),
                Some(Held::Short(number)) => json!(["plain", number]),
                Some(Held::Long(number)) => json!(["plain", number]),
                Some(Held::Float(number)) => json!(["plain", number]),
                Some(Held::Double(number)) => json!(["plain", number]),
                Some(Held::Json(value)) => json!(["plain", *value]),
                Some(Held::Xml(fragment)) => json!(["xml", fragment.to_xml()]),
                Some(other) => json!(["plain", other.string_value()]),
            });
        }
        Ok(serde_json::Value::from(all).to_string())
    }
}
