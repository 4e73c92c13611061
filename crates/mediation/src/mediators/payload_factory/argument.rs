//! Arguments of a template: `$1`, `$2`, …

use std::sync::Arc;

use mi_expression::{Expression, ExpressionKind};

use crate::context::MessageContext;
use crate::definition::{DeployError, Element};
use crate::fault::Fault;

/// An argument.
pub(super) struct Argument {
    source: Source,
    /// Only expressions can be literal.
    pub literal: bool,
}

enum Source {
    Fixed(Arc<str>),
    Expression(Expression),
}

/// What an argument is for a message.
pub(super) struct ArgumentValue {
    /// Its text; `None` is null.
    pub text: Option<String>,
    /// It is a fixed text, which MI escapes as XML before anything else.
    pub fixed: bool,
    /// It comes from JSON.
    pub json: bool,
}

impl Argument {
    pub(super) fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        if let Some(value) = element.attribute("value") {
            return Ok(Self { source: Source::Fixed(value.into()), literal: false });
        }
        let Some(text) = element.attribute("expression") else {
            return Err(element.error("Unsupported arg type. value or expression attribute required"));
        };
        if text.trim().is_empty() {
            return Err(element.attribute_error("expression", "Attribute value for xpath cannot be empty"));
        }
        let json = element.attribute("evaluator").is_some_and(|evaluator| evaluator.trim() == "json");
        let message = "Invalid XPath expression for attribute expression : ";
        let refused = text.starts_with("${") || (text.starts_with("json-eval(") && !json);
        if refused {
            let error = element.attribute_error("expression", format!("{message}{text}"));
            return Err(error.hint("write ${…} in the format itself; json-eval needs evaluator=\"json\""));
        }
        let text = if json && !text.starts_with("json-eval(") { format!("json-eval({text})") } else { text.to_owned() };
        let expression = element.compile(&text, "expression", message)?;
        Ok(Self { source: Source::Expression(expression), literal: element.is_true("literal") })
    }

    pub(super) fn value(&self, context: &MessageContext) -> Result<ArgumentValue, Fault> {
        match &self.source {
            Source::Fixed(text) => Ok(ArgumentValue { text: Some(text.to_string()), fixed: true, json: false }),
            Source::Expression(expression) => Ok(ArgumentValue {
                text: expression.evaluate_string(context)?.map(std::borrow::Cow::into_owned),
                fixed: false,
                json: expression.kind() == ExpressionKind::JsonPath,
            }),
        }
    }
}
