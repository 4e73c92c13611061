//! `variable`: a typed value beside the properties (spec: core mediators 5.4).

use std::sync::Arc;

use mi_expression::{Expression, ExpressionKind};
use mi_payload::value::Value;

use super::MediatorType;
use crate::context::MessageContext;
use crate::conversion::{DataType, convert};
use crate::definition::syntax::{AttributeKind, Syntax, attribute, defaulted, required};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, Mediator, Nature};

pub(super) const TYPES: &[&str] = &["STRING", "BOOLEAN", "INTEGER", "LONG", "DOUBLE", "JSON", "XML"];

/// Syntax of `variable`.
pub const SYNTAX: Syntax = Syntax {
    element: "variable",
    summary: "Sets or removes a variable, which expressions read as `${vars.name}`.",
    attributes: &[
        required("name", AttributeKind::Text, "Name of the variable."),
        attribute("value", AttributeKind::Text, "The value. Wins over `expression`."),
        attribute("expression", AttributeKind::Expression, "Gives the value."),
        attribute("type", AttributeKind::Words(TYPES), "The type that the value must have; without it, its own."),
        defaulted("action", AttributeKind::Words(&["set", "remove"]), "set", "`remove` removes it."),
    ],
    children: &[],
    example: "<variable name=\"age\" type=\"INTEGER\" expression=\"${payload.person.age}\"/>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(Variable::parse(element)?)) };

struct Variable {
    name: Arc<str>,
    action: Action,
}

enum Action {
    Remove,
    Fixed(Value),
    Evaluate(Expression, Option<Arc<str>>),
}

impl Variable {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let name = element
            .required("name", "The 'name' attribute is required for the configuration of a variable mediator")?
            .into();
        if element.attribute("action") == Some("remove") {
            return Ok(Self { name, action: Action::Remove });
        }
        let kind = element.attribute("type");
        if let Some(text) = element.attribute("value") {
            let known = TYPES.contains(&kind.unwrap_or("STRING"));
            let type_ = DataType::of_name(kind.unwrap_or("STRING")).filter(|_| known);
            let value = type_.and_then(|type_| convert(text, type_, false).ok().flatten()).ok_or_else(|| {
                let kind = kind.unwrap_or("STRING");
                let message = format!("Unknown type : {kind} for the variable mediator or the variable value cannot be converted into the specified type.");
                element.attribute_error("value", message)
            })?;
            return Ok(Self { name, action: Action::Fixed(value) });
        }
        match element.expression("expression", "Invalid expression for attribute 'expression' : ")? {
            Some(expression) => Ok(Self { name, action: Action::Evaluate(expression, kind.map(Into::into)) }),
            None => Err(element
                .error("'value' or 'expression' attributes is required for a variable mediator when action is SET")),
        }
    }
}

/// The value of `expression` as `kind`; `None` leaves the variable as it was.
pub(super) fn evaluate(
    expression: &Expression,
    kind: Option<&str>,
    context: &MessageContext,
) -> Result<Option<Value>, Fault> {
    let mismatch = || {
        let kind = kind.unwrap_or_default();
        Fault::new(format!("Expression '{expression}' result does not match the expected data type '{kind}'"))
    };
    match kind {
        Some("STRING") => Ok(expression.evaluate_string(context)?.map(Value::string)),
        Some("XML") => {
            let Some(text) = expression.evaluate_string(context)? else { return Ok(None) };
            convert(&text, DataType::Om, true).map_err(|error| Fault::new(error.to_string()))
        }
        None => Ok(expression.evaluate_object(context)?),
        Some(word) if !TYPES.contains(&word) => Err(Fault::new(format!(
            "No enum constant org.apache.synapse.config.xml.XMLConfigConstants.VARIABLE_DATA_TYPES.{word}"
        ))),
        Some(word) => match expression.evaluate_object(context)? {
            Some(value) => typed(value, word).ok_or_else(mismatch).map(Some),
            // XPath and json-eval have no typed value: with a type that is a fault, without one nothing is set.
            None if expression.kind() == ExpressionKind::Synapse => Err(mismatch()),
            None => Err(mismatch()),
        },
    }
}

fn typed(value: Value, word: &str) -> Option<Value> {
    if let Value::Json(json) = &value {
        return match (word, &**json) {
            ("INTEGER", serde_json::Value::Number(number)) => Some(Value::Integer(truncated(number)? as i32)),
            ("LONG", serde_json::Value::Number(number)) => Some(Value::Long(truncated(number)?)),
            ("DOUBLE", serde_json::Value::Number(number)) => number.as_f64().map(Value::Double),
            ("BOOLEAN", serde_json::Value::Bool(value)) => Some(Value::Boolean(*value)),
            ("JSON", serde_json::Value::Object(_) | serde_json::Value::Array(_)) => Some(value),
            ("JSON", serde_json::Value::String(text)) => Some(Value::from(text.as_str())),
            ("JSON", other) => Some(Value::from(other.to_string())),
            _ => None,
        };
    }
    let fits = matches!(
        (word, &value),
        ("INTEGER", Value::Integer(_))
            | ("LONG", Value::Long(_))
            | ("DOUBLE", Value::Double(_))
            | ("BOOLEAN", Value::Boolean(_))
    );
    fits.then_some(value)
}

fn truncated(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| number.as_f64().map(|number| number.trunc() as i64))
}

impl Mediator for Variable {
    fn name(&self) -> &'static str {
        "variable"
    }

    fn nature(&self) -> Nature {
        Nature::aware(matches!(&self.action, Action::Evaluate(expression, _) if expression.is_content_aware()))
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        match &self.action {
            Action::Remove => {
                context.variables.remove(self.name.clone());
            }
            Action::Fixed(value) => context.variables.set(self.name.clone(), value.clone()),
            Action::Evaluate(expression, kind) => {
                if let Some(value) = evaluate(expression, kind.as_deref(), context)? {
                    context.variables.set(self.name.clone(), value);
                }
            }
        }
        Ok(Flow::Continue)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    async fn variable(attributes: &str) -> Result<Option<String>, String> {
        let body = br#"{"a":"5","n":7,"f":1.9,"o":{"k":1},"t":true}"#;
        let mut context = testing::context_with("application/json", body);
        let run = testing::run(&format!("<variable name='v' {attributes}/>"), &mut context).await;
        run.map_err(|fault| fault.message().to_owned())?;
        Ok(context.variables.text("v").map(std::borrow::Cow::into_owned))
    }

    #[tokio::test]
    async fn types_of_results() {
        for (attributes, expected) in [
            ("expression='json-eval($.a)'", None),
            ("expression='json-eval($.a)' type='STRING'", Some("5")),
            ("expression='${payload.n}' type='INTEGER'", Some("7")),
            ("expression='${payload.f}' type='INTEGER'", Some("1")),
            ("expression='${payload.t}' type='BOOLEAN'", Some("true")),
            ("expression='${payload.o}' type='JSON'", Some("{\"k\":1}")),
            ("expression='${payload.o.k}'", Some("1")),
            ("value='x'", Some("x")),
        ] {
            assert_eq!(variable(attributes).await, Ok(expected.map(str::to_owned)), "{attributes}");
        }
    }

    #[tokio::test]
    async fn a_result_of_another_type_is_a_fault() {
        let fault = variable("expression='${payload.a}' type='INTEGER'").await;
        let message = "Expression '${payload.a}' result does not match the expected data type 'INTEGER'";
        assert_eq!(fault, Err(message.to_owned()));
        assert!(variable("expression='${payload.zz}' type='BOOLEAN'").await.is_err());
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        assert!(testing::parse("<variable value='1'/>").is_err());
        assert!(testing::parse("<variable name='a'/>").is_err());
        assert!(testing::parse("<variable name='a' value='x' type='INTEGER'/>").is_err());
        assert!(testing::parse("<variable name='a' value='1' type='FLOAT'/>").is_err());
    }
}
