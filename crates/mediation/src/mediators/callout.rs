//! `callout`: a blocking call of a service with a part of the message, whose answer takes the place of a part of it
//! (spec: core mediators 5.19).

use std::sync::Arc;

use mi_expression::{Expression, Selection};
use mi_payload::value::Value;
use mi_payload::{Payload, XmlFragment};
use mi_xml::NodeId;

use super::MediatorType;
use super::call::blocking_call;
use super::send::{endpoint, endpoint_reference, to_address};
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, AttributeSyntax, Content, Occurs, Syntax, attribute, child, defaulted};
use crate::definition::{Definitions, DeployError, Element};
use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature, Reference};

/// Syntax of `callout`.
pub const SYNTAX: Syntax = Syntax {
    element: "callout",
    summary: "Calls a service with a part of the message and waits; the answer takes the place of a part of the message.",
    attributes: &[
        attribute("serviceURL", AttributeKind::Text, "Where the service is; wins over the endpoint."),
        attribute("endpointKey", AttributeKind::Key("endpoint"), "The endpoint; without any, the To address."),
        attribute("action", AttributeKind::Text, "The SOAP action."),
        defaulted("initAxis2ClientOptions", AttributeKind::Boolean, "true", "Of the JVM's client; it has no effect."),
        attribute("useServerConfig", AttributeKind::Boolean, "Of the JVM's client; it has no effect."),
    ],
    children: &[
        child("endpoint", Occurs::Optional, &[], Content::Endpoint, "The endpoint."),
        child("configuration", Occurs::Optional, &[], Content::Nothing, "Of the JVM's client; it has no effect."),
        child("source", Occurs::Optional, PLACE, Content::Nothing, "What is sent; without it, the whole message."),
        child(
            "target",
            Occurs::Optional,
            PLACE,
            Content::Nothing,
            "Where the answer goes; without it, it is the message.",
        ),
    ],
    example: "<callout serviceURL=\"http://stocks/quote\" action=\"urn:getQuote\">\n    <source xpath=\"$body/*[1]\"/>\n    \
              <target xpath=\"$body/*[1]\"/>\n</callout>",
};

const PLACE: &[AttributeSyntax] = &[
    attribute("type", AttributeKind::Words(&["envelope"]), "The whole message (for `source`)."),
    attribute("xpath", AttributeKind::Expression, "A node of the message."),
    attribute("key", AttributeKind::Text, "A property (for `source` also a local entry) with XML."),
];

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Callout::parse(element, definitions)?)) };

struct Callout {
    endpoint: Arc<Endpoint>,
    action: Option<String>,
    source: Place,
    target: Place,
}

enum Place {
    Envelope,
    Path(Expression),
    Key(Arc<str>),
}

impl Callout {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        if !matches!(element.attribute("initAxis2ClientOptions"), None | Some("true" | "false")) {
            let message = "The 'initAxis2ClientOptions' attribute only accepts a boolean value.";
            return Err(element.attribute_error("initAxis2ClientOptions", message));
        }
        if let Some(security) = element.child("enableSec") {
            let error = security.error("WS-Security is not in this server");
            return Err(error.hint("let a gateway before the service sign and encrypt"));
        }
        let endpoint = match (element.non_empty("serviceURL"), element.non_empty("endpointKey")) {
            (Some(url), _) => Arc::new(Endpoint::at(url)),
            (None, Some(key)) => Arc::new(Endpoint::named(key)),
            (None, None) => endpoint(element, definitions)?.unwrap_or_else(|| Arc::new(to_address())),
        };
        Ok(Self {
            endpoint,
            action: element.non_empty("action").map(str::to_owned),
            source: Place::parse(element.child("source"), "source")?,
            target: Place::parse(element.child("target"), "target")?,
        })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        context.build().await?;
        let mut call = context.try_detached_copy()?;
        if let Some(action) = &self.action {
            call.addressing.soap_action = Some(action.clone());
            call.addressing.action = Some(action.clone());
        }
        if !call.payload.is_json() {
            self.source.choose(context, &mut call)?;
        }
        blocking_call(&self.endpoint, &mut call).await?;
        context.status = call.status.clone();
        self.target.take(context, call)?;
        context.has_entity();
        Ok(Flow::Continue)
    }
}

impl Place {
    fn parse(element: Option<Element<'_>>, word: &str) -> Result<Self, DeployError> {
        let Some(element) = element else { return Ok(Self::Envelope) };
        if element.attribute("type") == Some("envelope") {
            return Ok(Self::Envelope);
        }
        let message = if word == "source" { "Invalid source XPath : " } else { "Invalid target XPath : " };
        if let Some(expression) = element.expression("xpath", message)? {
            return Ok(Self::Path(expression));
        }
        match element.non_empty("key") {
            Some(key) => Ok(Self::Key(key.into())),
            None => Err(element.error(format!("A 'xpath' or 'key' attribute is required for the Callout '{word}'"))),
        }
    }

    /// Makes what is to be sent the body of `call`.
    fn choose(&self, context: &MessageContext, call: &mut MessageContext) -> Result<(), Fault> {
        let fragment = match self {
            Self::Envelope => return Ok(()),
            Self::Path(expression) => match node(expression, context)? {
                Some((document, node)) if document.is_element(node) => XmlFragment::copy_of(document, node),
                _ => {
                    let text = expression.text();
                    let message =
                        format!("The evaluation of the XPath expression : {text} did not result in an OMElement");
                    return Err(Fault::new(message));
                }
            },
            Self::Key(key) => match context.properties.get(key).cloned().or_else(|| context.configuration.entry(key)) {
                Some(Value::Xml(fragment)) => XmlFragment::copy_of(fragment.document(), fragment.node()),
                _ => return Err(Fault::new(format!("The property : {key} is not an OMElement"))),
            },
        };
        let settings = &context.configuration.settings.json;
        let mut envelope = context.payload.envelope(settings)?.with_empty_body();
        let copy = envelope.document.import(fragment.document(), fragment.node());
        envelope.document.append_child(envelope.body, copy);
        call.payload = Payload::xml(envelope);
        call.has_entity();
        Ok(())
    }

    /// Puts the answer where it belongs.
    fn take(&self, context: &mut MessageContext, mut answer: MessageContext) -> Result<(), Fault> {
        let configuration = context.configuration.clone();
        let settings = &configuration.settings.json;
        if answer.payload.is_json() || matches!(self, Self::Envelope) {
            context.payload = std::mem::take(&mut answer.payload);
            context.content_types = answer.content_types;
            return Ok(());
        }
        let envelope = answer.payload.envelope(settings)?;
        let Some(first) = envelope.payload() else { return Ok(()) };
        let fragment = XmlFragment::copy_of(&envelope.document, first);
        match self {
            Self::Envelope => {}
            Self::Key(key) => context.properties.set(key.clone(), Value::Xml(Arc::new(fragment))),
            Self::Path(expression) => {
                let own = &context.payload.envelope(settings)?.document;
                let place = node(expression, context)?.filter(|(document, _)| std::ptr::eq(*document, own));
                let Some(place) = place.map(|(_, place)| place) else {
                    let text = expression.text();
                    let message = format!("Evaluation of target XPath expression : {text} did not yeild an OMNode");
                    return Err(Fault::new(message));
                };
                let document = &mut context.payload.envelope_mut(settings)?.document;
                let copy = document.import(fragment.document(), fragment.node());
                document.insert_before(place, copy);
                document.detach(place);
            }
        }
        Ok(())
    }
}

/// The first node of an expression.
fn node<'m>(
    expression: &Expression,
    context: &'m MessageContext,
) -> Result<Option<(&'m mi_xml::Document, NodeId)>, Fault> {
    Ok(match expression.evaluate_nodes(context)? {
        Selection::Nodes(nodes) => {
            nodes.into_iter().find(|node| node.attribute.is_none()).map(|node| (node.document, node.node))
        }
        Selection::Json(_) | Selection::Value(_) => None,
    })
}

impl Mediator for Callout {
    fn name(&self) -> &'static str {
        "callout"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
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
    use crate::testing;

    const BODY: &[u8] = b"<order><a>1</a><b>2</b></order>";

    #[tokio::test]
    async fn a_part_goes_out_and_its_answer_comes_in() {
        let mut context = testing::context_with("application/xml", BODY);
        let flow =
            "<callout serviceURL='http://echo/x' action='urn:a'><source xpath='//b'/><target xpath='//a'/></callout>";
        testing::run(flow, &mut context).await.expect("no fault");
        assert_eq!(testing::body(&context), "<order><b>2</b><b>2</b></order>");
    }

    #[tokio::test]
    async fn the_answer_may_become_a_property_or_the_message() {
        let mut context = testing::context_with("application/xml", BODY);
        let flow = "<callout serviceURL='http://echo/x'><source xpath='//b'/><target key='answer'/></callout>\
                    <callout serviceURL='http://echo/x'><source key='answer'/></callout>";
        testing::run(flow, &mut context).await.expect("no fault");
        assert_eq!(context.properties.text("answer").as_deref(), Some("2"));
        assert_eq!(testing::body(&context), "<b>2</b>");
    }

    #[tokio::test]
    async fn what_is_not_there_is_a_fault() {
        for (places, expected) in [
            ("<source xpath='//z'/>", "The evaluation of the XPath expression : //z did not result in an OMElement"),
            ("<source key='z'/>", "The property : z is not an OMElement"),
            ("<target xpath='//z'/>", "Evaluation of target XPath expression : //z did not yeild an OMNode"),
        ] {
            let mut context = testing::context_with("application/xml", BODY);
            let flow = format!("<callout serviceURL='http://echo/x'>{places}</callout>");
            let fault = testing::run(&flow, &mut context).await.expect_err("a fault");
            assert_eq!(fault.message(), expected);
        }
    }

    #[tokio::test]
    async fn an_error_status_is_a_fault() {
        let mut context = testing::context_with("application/xml", BODY);
        let fault = testing::run("<callout serviceURL='http://status/503'/>", &mut context).await.expect_err("a fault");
        assert_eq!(fault.code(), Some(401_002));
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for (callout, expected) in [
            ("<callout><source/></callout>", "A 'xpath' or 'key' attribute is required for the Callout 'source'"),
            ("<callout><target xpath='//'/></callout>", "Invalid target XPath : //"),
            (
                "<callout initAxis2ClientOptions='maybe'/>",
                "The 'initAxis2ClientOptions' attribute only accepts a boolean value.",
            ),
        ] {
            let error = testing::parse(callout).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
