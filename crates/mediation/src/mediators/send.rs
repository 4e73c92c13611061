//! `send`: to an endpoint, the response to the response flow; without an endpoint and on a response, back to the client
//! (spec: core mediators 5.17).

use std::sync::Arc;

use http::StatusCode;

use super::MediatorType;
use crate::context::{MessageContext, Response};
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted};
use crate::definition::{Definitions, DeployError, Element};
use crate::endpoint::{Endpoint, EndpointKind, Leaf, Sent, TimeoutAction};
use crate::engine::{self, Continuation};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};
use crate::names::Name;
use crate::sequence::SequenceRef;

/// Syntax of `send`.
pub const SYNTAX: Syntax = Syntax {
    element: "send",
    summary: "Sends the message to an endpoint and ends the flow; the response runs through `receive` or the \
              out-sequence. Without an endpoint a request goes to its To address and a response back to the client.",
    attributes: &[
        attribute("receive", AttributeKind::Value, "Sequence that gets the response instead of the out-sequence."),
        defaulted("buildmessage", AttributeKind::Boolean, "false", "Build the body first."),
    ],
    children: &[child("endpoint", Occurs::Optional, &[], Content::Endpoint, "Where it goes.")],
    example: "<send>\n    <endpoint key=\"StockEp\"/>\n</send>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Send::parse(element, definitions)?)) };

struct Send {
    endpoint: Option<Arc<Endpoint>>,
    receive: Option<SequenceRef>,
    build: bool,
    implicit: Arc<Endpoint>,
}

impl Send {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        Ok(Self {
            endpoint: endpoint(element, definitions)?,
            receive: SequenceRef::parse(element, "receive")?,
            build: element.is_true("buildmessage"),
            implicit: Arc::new(to_address()),
        })
    }

    async fn dispatch(&self, context: &mut MessageContext) -> Result<(), Fault> {
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint,
            // A response without an endpoint goes back to the client.
            None if context.is_response => return context.respond().await,
            None => &self.implicit,
        };
        // Where the message goes, its own header may say.
        if self.build || self.endpoint.is_none() {
            context.build().await?;
        }
        send_to(endpoint, self.receive.as_ref(), context).await
    }
}

/// Sends to `endpoint`; the response, if there is one, runs through `receive` or the out-sequence.
pub(super) async fn send_to(
    endpoint: &Arc<Endpoint>,
    receive: Option<&SequenceRef>,
    context: &mut MessageContext,
) -> Result<(), Fault> {
    let accepted = context.axis2_is_true("FORCE_SC_ACCEPTED");
    if accepted {
        let _ = context.reply.answer(Response::empty(StatusCode::ACCEPTED));
    }
    match endpoint.send(context).await? {
        Sent::NothingComes | Sent::Written => Ok(()),
        Sent::Answered => {
            engine::sent_response(context, receive).await;
            Ok(())
        }
        Sent::Copies(recipients) => {
            engine::scatter(recipients, &Continuation::Response(receive.cloned()));
            Ok(())
        }
    }
}

/// The endpoint of a `send` or `call`: `<endpoint key=…>` or inline.
pub(super) fn endpoint(
    element: Element<'_>,
    definitions: &Definitions<'_>,
) -> Result<Option<Arc<Endpoint>>, DeployError> {
    let child = element.child("endpoint");
    Ok(child.map(|child| Endpoint::parse(child, definitions)).transpose()?.map(Arc::new))
}

/// The endpoint that stands for "wherever the To address says".
pub(super) fn to_address() -> Endpoint {
    let rules =
        crate::endpoint::state::Rules { suspend_codes: vec![-1], timeout_codes: vec![-1], ..Default::default() };
    let leaf = Leaf::new("Default", Default::default(), None, TimeoutAction::None, rules);
    Endpoint { name: None, kind: EndpointKind::Default(leaf), on_error: None, properties: Vec::new() }
}

/// The endpoints that are named by fixed keys.
pub(super) fn endpoint_reference(endpoint: Option<&Endpoint>) -> Vec<Reference> {
    let names = endpoint.map(Endpoint::names).unwrap_or_default();
    let reference = |name: &Name| Reference { kind: ReferenceKind::Endpoint, name: name.as_str().to_owned() };
    names.into_iter().map(reference).collect()
}

impl Mediator for Send {
    fn name(&self) -> &'static str {
        "send"
    }

    fn ends_flow(&self) -> bool {
        true
    }

    fn nature(&self) -> Nature {
        Nature::WAITS
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            self.dispatch(context).await?;
            Ok(Flow::Stop)
        })
    }

    fn references(&self) -> Vec<Reference> {
        let mut references = endpoint_reference(self.endpoint.as_deref());
        references.extend(self.receive.as_ref().and_then(SequenceRef::reference));
        references
    }
}

#[cfg(test)]
mod tests {
    use crate::context::Reply;
    use crate::testing;

    #[tokio::test]
    async fn the_response_goes_back_when_there_is_no_out_sequence() {
        let mut context = testing::context_with("text/plain", b"ping");
        context.reply = Reply::Single(None);
        let flow = "<send><endpoint><address uri='http://echo/'/></endpoint></send><property name='after' value='1'/>";
        testing::run(flow, &mut context).await.expect("no fault");
        assert!(context.properties.get("after").is_none());
        let (status, _, body) = testing::answer(context).await;
        assert_eq!((status, body.as_str()), (200, "ping"));
    }

    #[tokio::test]
    async fn the_response_goes_to_the_receiving_sequence() {
        let mut context =
            testing::context_of_sequences(&[("r", "<property name='HTTP_SC' value='201' scope='axis2'/><send/>")]);
        context.reply = Reply::Single(None);
        let flow = "<send receive='r'><endpoint><address uri='http://echo/'/></endpoint></send>";
        testing::run(flow, &mut context).await.expect("no fault");
        assert_eq!(testing::answer(context).await.0, 201);
    }

    #[tokio::test]
    async fn a_request_path_is_no_address() {
        let mut context = testing::context();
        let fault = testing::run("<send/>", &mut context).await.expect_err("no transport");
        assert!(fault.message().contains("nfer transport"), "{fault}");
    }
}
