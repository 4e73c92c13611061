//! `throwError`: a fault with a code and message of the flow's own (spec: core mediators 5.12).

use std::sync::Arc;

use mi_expression::ValueExpression;
use mi_payload::value::Value;

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Syntax, defaulted};
use crate::fault::Fault;
use crate::mediator::{Mediation, Mediator, Nature};

/// Syntax of `throwError`.
pub const SYNTAX: Syntax = Syntax {
    element: "throwError",
    summary: "Ends the flow with a fault: `type` becomes `ERROR_CODE`, `errorMessage` becomes `ERROR_MESSAGE`.",
    attributes: &[
        defaulted("type", AttributeKind::Text, "ANY", "The error code, a text."),
        defaulted("errorMessage", AttributeKind::Value, "Error occurred in the mediation flow", "The message."),
    ],
    children: &[],
    example: "<throwError type=\"BAD_ORDER\" errorMessage=\"{${vars.reason}}\"/>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, _| {
        let message = match element.value("errorMessage")? {
            Some(message) => message,
            None => ValueExpression::Literal("Error occurred in the mediation flow".into()),
        };
        Ok(Box::new(ThrowError { kind: element.attribute("type").unwrap_or("ANY").into(), message }))
    },
};

struct ThrowError {
    kind: Arc<str>,
    message: ValueExpression,
}

impl Mediator for ThrowError {
    fn name(&self) -> &'static str {
        "throwError"
    }

    fn ends_flow(&self) -> bool {
        true
    }

    fn nature(&self) -> Nature {
        Nature::CONTENT_AWARE
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        let message = self.message.evaluate(context)?.map(std::borrow::Cow::into_owned);
        context.properties.set("ERROR_CODE", Value::String(self.kind.clone()));
        if let Some(message) = &message {
            context.properties.set("ERROR_MESSAGE", Value::from(message.as_str()));
        }
        Err(Fault::already_described(message.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[tokio::test]
    async fn sets_code_and_message() {
        let mut context = testing::context();
        context.variables.set("m", "why".into());
        let fault = testing::run("<throwError type='E1' errorMessage='{${vars.m}}'/>", &mut context).await;
        assert_eq!(fault.expect_err("a fault").message(), "why");
        assert_eq!(context.properties.text("ERROR_CODE").as_deref(), Some("E1"));
        assert_eq!(context.properties.text("ERROR_MESSAGE").as_deref(), Some("why"));
    }

    #[tokio::test]
    async fn braces_are_needed_for_an_expression() {
        let mut context = testing::context();
        let fault = testing::run("<throwError errorMessage='${vars.m}'/>", &mut context).await.expect_err("a fault");
        assert_eq!(fault.message(), "${vars.m}");
    }
}
