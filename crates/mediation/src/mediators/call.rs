//! `call`: to an endpoint and back, the flow goes on with the answer (spec: core mediators 5.18).

pub(super) mod source_target;

use std::sync::Arc;

use http::StatusCode;
use mi_payload::value::Value;

use super::MediatorType;
use super::send::{endpoint, endpoint_reference, to_address};
use crate::context::{MessageContext, StatusProperty};
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted};
use crate::definition::{Definitions, DeployError, Element};
use crate::endpoint::{Endpoint, Sent};
use crate::engine::{self, Continuation};
use crate::fault::{Fault, codes};
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature, Reference};
use source_target::{Source, Target};

/// Syntax of `call`.
pub const SYNTAX: Syntax = Syntax {
    element: "call",
    summary: "Sends the message to an endpoint and waits for the answer, which the flow goes on with. Any HTTP status is \
              an answer; only failures to send and time limits are faults (with `blocking`, error statuses too).",
    attributes: &[
        defaulted(
            "blocking",
            AttributeKind::Boolean,
            "false",
            "Use the blocking client's rules: error statuses are faults.",
        ),
        defaulted("initAxis2ClientOptions", AttributeKind::Boolean, "true", "Accepted; there is no Axis2 client here."),
        attribute("axis2xml", AttributeKind::Text, "Accepted; there is no Axis2 client here."),
        attribute("repository", AttributeKind::Text, "Accepted; there is no Axis2 client here."),
    ],
    children: &[
        child("endpoint", Occurs::Optional, &[], Content::Endpoint, "Where it goes; without it, the To address."),
        child(
            "source",
            Occurs::Optional,
            &[
                defaulted(
                    "type",
                    AttributeKind::Words(&["custom", "property", "inline", "body"]),
                    "custom",
                    "Where the request body comes from.",
                ),
                attribute("contentType", AttributeKind::Text, "Its content type."),
            ],
            Content::Xml,
            "The request body: an expression, the name of a property, or the body itself.",
        ),
        child(
            "target",
            Occurs::Optional,
            &[defaulted(
                "type",
                AttributeKind::Words(&["body", "property", "variable"]),
                "body",
                "Where the answer goes.",
            )],
            Content::Text,
            "Name of the property or variable that gets the answer; the message's own body is put back then.",
        ),
    ],
    example: "<call>\n    <endpoint key=\"OrdersEP\"/>\n</call>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Call::parse(element, definitions)?)) };

struct Call {
    endpoint: Arc<Endpoint>,
    /// Without an endpoint the message's own header may say where it goes.
    implicit: bool,
    blocking: bool,
    source: Option<Source>,
    target: Option<Target>,
}

impl Call {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let own = endpoint(element, definitions)?;
        Ok(Self {
            implicit: own.is_none(),
            endpoint: own.unwrap_or_else(|| Arc::new(to_address())),
            blocking: element.is_true("blocking"),
            source: element.child("source").map(Source::parse).transpose()?,
            target: element.child("target").map(Target::parse).transpose()?,
        })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        if self.blocking || self.implicit {
            context.build().await?;
        }
        let kept = match &self.target {
            Some(_) => {
                context.build().await?;
                Some(Box::new(source_target::Kept::of(context)?))
            }
            None => None,
        };
        if let Some(source) = &self.source {
            context.build().await?;
            source.apply(context)?;
        }
        // One way: a copy goes out, the flow goes on at once with the message as it is.
        if context.properties.is_true("OUT_ONLY") {
            context.build().await?;
            if let Sent::Copies(recipients) = self.endpoint.send(context).await? {
                engine::scatter(recipients, &Continuation::Resume);
            }
            return Ok(Flow::Continue);
        }
        if context.axis2_is_true("FORCE_SC_ACCEPTED") && context.reply.is_open() {
            engine::accept_and_detach(context, self.endpoint.clone());
            return Ok(Flow::Stop);
        }
        if self.blocking {
            Box::pin(blocking_call(&self.endpoint, context)).await?;
        } else {
            match self.endpoint.send(context).await? {
                Sent::Answered | Sent::Written => context.called = true,
                Sent::NothingComes => return Ok(Flow::Stop),
                // Each answer goes through the rest of the flow on its own.
                Sent::Copies(recipients) => {
                    engine::scatter(recipients, &Continuation::Resume);
                    return Ok(Flow::Stop);
                }
            }
        }
        if let (Some(target), Some(kept)) = (&self.target, kept) {
            context.build().await?;
            target.store(context, *kept, self.source.as_ref())?;
        }
        Ok(Flow::Continue)
    }
}

/// Status rules of the blocking client; the request's axis2 properties and headers stay (services 4.12).
pub(super) async fn blocking_call(endpoint: &Arc<Endpoint>, context: &mut MessageContext) -> Result<(), Fault> {
    let (axis2, headers) = (context.axis2.clone(), context.headers.clone());
    let (types, method) = (context.content_types.clone(), context.method.clone());
    context.properties.set("blocking.sender.error", Value::from("true"));
    let sent = endpoint.send(context).await.map_err(|fault| match fault.code() {
        Some(code) if code < 303_000 => {
            Fault::with_code(codes::BLOCKING_SENDER, fault.message()).detail(fault.detail_text().unwrap_or_default())
        }
        _ => fault,
    })?;
    if matches!(sent, Sent::Copies(_)) {
        let message = "A blocking call cannot wait for the answers of a recipient list";
        return Err(Fault::with_code(codes::BLOCKING_SENDER, message).detail("leave 'blocking' out"));
    }
    context.build().await?;
    let StatusProperty::OfAnswer(status) = context.status else { return Ok(()) };
    let listed = |name: &str| {
        let codes = axis2.text(name).unwrap_or_default();
        codes.split([',', ' ', '[', ']']).any(|code| code.trim() == status.to_string())
    };
    let has_body_type = context.headers.contains_key(http::header::CONTENT_TYPE);
    let accepted = (200..300).contains(&status) || (matches!(status, 400 | 500) && has_body_type);
    let accepted = (accepted || listed("NON_ERROR_HTTP_STATUS_CODES") || listed("non.error.http.status.codes"))
        && !(listed("ERROR_HTTP_STATUS_CODES") || listed("error.http.status.codes"));
    if !accepted {
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
        let message = format!("Transport error: {status} Error: {reason}");
        return Err(Fault::with_code(codes::BLOCKING_SENDER, message).detail(""));
    }
    context.axis2 = axis2;
    context.axis2.forget("NO_ENTITY_BODY");
    context.method = method;
    context.status = StatusProperty::Set(Value::from(status.to_string()));
    context.properties.set("blocking.sender.error", Value::from("false"));
    let keep = context.properties.text("BLOCKING_SENDER_PRESERVE_REQ_HEADERS").is_none_or(|text| text != "false");
    if keep {
        let answered = context.headers.remove(http::header::CONTENT_TYPE);
        context.headers = headers;
        if let Some(content_type) = answered {
            context.headers.insert(http::header::CONTENT_TYPE, content_type);
        }
    }
    if context.content_types.message_type.is_none() {
        context.content_types = types;
    }
    Ok(())
}

impl Mediator for Call {
    fn name(&self) -> &'static str {
        "call"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: self.blocking, reads_body: self.blocking, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn references(&self) -> Vec<Reference> {
        endpoint_reference(Some(&self.endpoint))
    }
}

#[cfg(test)]
mod tests {
    use crate::context::Scope;
    use crate::testing;

    const ECHO: &str = "<endpoint><http method='post' uri-template='http://echo/x'/></endpoint>";

    #[tokio::test]
    async fn the_flow_goes_on_with_the_answer() {
        let mut context = testing::context_with("application/json", br#"{"a":1}"#);
        context.properties.set("kept", "yes".into());
        let flow = format!("<call>{ECHO}</call><property name='a' expression='json-eval($.a)'/>");
        testing::run(&flow, &mut context).await.expect("no fault");
        assert_eq!(context.properties.text("a").as_deref(), Some("1"));
        assert_eq!(context.properties.text("kept").as_deref(), Some("yes"));
        assert_eq!(context.to_address(), Some("http://www.w3.org/2005/08/addressing/anonymous"));
        let status = context.property(Scope::Axis2, "HTTP_SC").map(|value| value.string_value().into_owned());
        assert_eq!(status.as_deref(), Some("200"));
    }

    #[tokio::test]
    async fn a_body_that_nobody_reads_is_not_built() {
        let mut context = testing::context_with("application/json", b"not json at all");
        testing::run(&format!("<call>{ECHO}</call>"), &mut context).await.expect("no fault");
        assert!(context.payload.is_unread());
    }

    #[tokio::test]
    async fn error_statuses_are_answers_unless_blocking() {
        let endpoint = "<endpoint><http method='post' uri-template='http://status/503'/></endpoint>";
        let mut context = testing::context_with("text/plain", b"x");
        testing::run(&format!("<call>{endpoint}</call>"), &mut context).await.expect("an answer");
        let mut context = testing::context_with("text/plain", b"x");
        let fault = testing::run(&format!("<call blocking='true'>{endpoint}</call>"), &mut context).await;
        let fault = fault.expect_err("a fault");
        assert_eq!((fault.code(), fault.message()), (Some(401_002), "Transport error: 503 Error: Service Unavailable"));
    }

    #[tokio::test]
    async fn source_and_target_leave_the_message_alone() {
        let mut context = testing::context_with("application/json", br#"{"a":1}"#);
        let flow = format!(
            "<call><source type='inline' contentType='application/json'>{{\"q\":2}}</source>\
             <target type='variable'>v</target>{ECHO}</call>"
        );
        testing::run(&flow, &mut context).await.expect("no fault");
        testing::run(
            "<property name='q' expression='${vars.v.payload.q}'/><property name='a' expression='${payload.a}'/>",
            &mut context,
        )
        .await
        .expect("no fault");
        assert_eq!(context.properties.text("q").as_deref(), Some("2"));
        assert_eq!(context.properties.text("a").as_deref(), Some("1"));
    }

    #[tokio::test]
    async fn failures_carry_base_code_and_state() {
        let endpoint = "<endpoint><address uri='http://refused/'/></endpoint>";
        let mut context = testing::context_with("text/plain", b"x");
        let fault = testing::run(&format!("<call>{endpoint}</call>"), &mut context).await.expect_err("refused");
        assert_eq!((fault.code(), fault.message()), (Some(101_503), "Error connecting to the back end"));
    }
}
