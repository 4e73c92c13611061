//! Entry points: where a message comes in, and what its sender gets when nobody answers (spec: services 1.10, 2.4, 2.5,
//! 3.3, 3.4, 5.8).

mod api;
mod data_service;
mod inbound;
mod main_sequence;
mod proxy;
mod receive;
mod scatter;
pub mod service_list;
mod swagger;
mod wsdl;

use http::StatusCode;
use mi_payload::Payload;
use mi_payload::value::Value;

use std::sync::Arc;

use crate::context::{FaultHandler, Frame, MessageContext, Reply, Response};
use crate::endpoint::{Endpoint, Sent};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, MediatorList};
use crate::proxy::ProxyService;
use crate::sequence::{Sequence, SequenceRef};

pub use inbound::{HttpInbound, inject_polled};
pub(crate) use proxy::response_flow;
pub(crate) use receive::receive_for;
pub use receive::{Incoming, receive, receive_inbound};
pub(crate) use scatter::{Continuation, scatter, sent_response};

/// The logger of what MI writes to its service log.
const SERVICE_LOG: &str = "SERVICE_LOGGER";

/// Runs a flow from its first sequence, faults included, and answers what its sender must hear in any case.
pub(crate) async fn run_flow(context: &mut MessageContext, sequence: Option<&SequenceRef>) -> Option<Flow> {
    let result = match sequence {
        Some(sequence) => sequence.run(context).await,
        None => Ok(Flow::Continue),
    };
    settle(context, result).await
}

/// Handles the fault of a flow, if it ended with one.
pub(crate) async fn settle(context: &mut MessageContext, result: Mediation) -> Option<Flow> {
    match result {
        Ok(flow) => Some(flow),
        Err(fault) => {
            handle_fault(context, fault).await;
            None
        }
    }
}

/// Puts the handler at the bottom of the stack: nobody is asked after it.
pub(crate) fn push_handler(context: &mut MessageContext, handler: FaultHandler) {
    let frame = Frame { list: MediatorList::default(), index: 0, handler: Some(handler), templates: 0 };
    // An empty stack has room.
    let _ = context.frames.push(frame);
}

/// Runs the innermost fault handler; when that faults itself, the next one, and so on. The interrupted flow does not go
/// on. Without a handler whoever waits for an answer gets a SOAP fault.
pub(crate) async fn handle_fault(context: &mut MessageContext, fault: Fault) {
    if let Err(fault) = handle(context, fault).await {
        unhandled(context, &fault);
    }
}

/// The same, but the fault that no handler is left for is given back.
async fn handle(context: &mut MessageContext, fault: Fault) -> Result<(), Fault> {
    context.slots.give_back();
    let mut fault = fault;
    loop {
        describe(context, &fault);
        let Some(handler) = context.frames.take_handler() else {
            tracing::warn!(
                target: SERVICE_LOG,
                "Exception encountered but no fault handler found - message dropped : {fault}"
            );
            return Err(fault);
        };
        match run_handler(context, &handler).await {
            Ok(_) => {
                after_handler(context);
                return Ok(());
            }
            Err(next) => fault = next,
        }
    }
}

async fn run_handler(context: &mut MessageContext, handler: &FaultHandler) -> Mediation {
    let sequence = match handler {
        FaultHandler::Inline(sequence) => sequence.clone(),
        FaultHandler::Named(name) => {
            context.configuration.sequence(name).unwrap_or_else(|| context.configuration.fault.clone())
        }
    };
    let name = sequence.name.as_ref().map_or("AnonymousSequence", |name| name.as_str());
    tracing::warn!(target: SERVICE_LOG, "Executing fault sequence mediator : {name}");
    sequence.run_async(context).await
}

/// The error properties that the handler sees (core mediators 3.2 step 1).
fn describe(context: &mut MessageContext, fault: &Fault) {
    if fault.resets_payload() {
        context.payload = Payload::empty();
    }
    for (name, value) in fault.properties() {
        context.properties.set(*name, value.clone());
    }
    let described = fault.sets_code();
    if described {
        if let Some(detail) = fault.detail_text() {
            context.properties.set("ERROR_DETAIL", Value::from(detail));
        } else if fault.code().is_some() && context.properties.get("ERROR_DETAIL").is_none() {
            context.properties.set("ERROR_DETAIL", Value::from(fault.message()));
        }
    } else if context.properties.get("ERROR_CODE").is_none() {
        context.properties.set("ERROR_CODE", Value::Integer(0));
        context.properties.set("ERROR_MESSAGE", Value::from(fault.first_line()));
        context.properties.set("ERROR_DETAIL", Value::from(fault.detail_text().unwrap_or(fault.message())));
        context.properties.set("ERROR_EXCEPTION", Value::Opaque("org.apache.synapse.SynapseException".into()));
    }
    let text = |name: &str| context.properties.text(name).unwrap_or_default().into_owned();
    tracing::warn!(
        target: SERVICE_LOG,
        "ERROR_CODE : {} ERROR_MESSAGE : {}", text("ERROR_CODE"), text("ERROR_MESSAGE")
    );
}

/// A handler that answers nobody after a back end was asked leaves MI's client waiting for its own time limit; it gets
/// 500 instead, unless other copies of the message may still answer.
fn after_handler(context: &mut MessageContext) {
    let alone = !matches!(context.reply, Reply::Shared { .. });
    if alone && context.dispatched && context.reply.is_open() {
        let _ = context.reply.answer(Response::empty(StatusCode::INTERNAL_SERVER_ERROR));
    }
}

/// No handler is left: a SOAP fault with status 500.
fn unhandled(context: &mut MessageContext, fault: &Fault) {
    use mi_payload::SoapVersion;
    use mi_payload::soap::{Envelope, FaultParts};
    let version = context.client_soap.unwrap_or(SoapVersion::V11);
    let mut envelope = Envelope::empty(version);
    let parts =
        FaultParts { code: "Server".to_owned(), reason: fault.first_line().to_owned(), ..FaultParts::default() };
    envelope.set_fault(&parts, None);
    let formatted = mi_payload::format(
        &Payload::xml(envelope),
        mi_payload::Format::Soap,
        mi_payload::FormatOptions::default(),
        &context.configuration.settings.json,
    );
    let mut response = Response::empty(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(formatted) = formatted {
        let content_type = format!("{}; charset=UTF-8", version.media_type());
        if let Ok(value) = http::HeaderValue::from_str(&content_type) {
            response.headers.insert(http::header::CONTENT_TYPE, value);
        }
        response.body = formatted.bytes.into();
    }
    let _ = context.reply.answer(response);
}

/// Tells the client "accepted" and lets the message go on without it: to the endpoint, and with the answer through the
/// rest of its flow.
pub(crate) fn accept_and_detach(context: &mut MessageContext, endpoint: Arc<Endpoint>) {
    let _ = context.reply.answer(acknowledgement());
    let husk = MessageContext::new(context.configuration.clone(), context.origin.clone());
    let mut message = std::mem::replace(context, husk);
    context.reply = std::mem::replace(&mut message.reply, Reply::Nobody);
    crate::environment::spawn(async move {
        let sent = endpoint.send(&mut message).await;
        let result = match sent {
            Ok(Sent::Answered | Sent::Written) => resume(&mut message).await,
            Ok(Sent::NothingComes) => Ok(Flow::Stop),
            Ok(Sent::Copies(recipients)) => {
                scatter(recipients, &Continuation::Resume);
                Ok(Flow::Stop)
            }
            Err(fault) => Err(fault),
        };
        settle(&mut message, result).await;
    });
}

/// `loopback`: the message runs through the response flow of its entry point, with the fault handlers of that.
pub(crate) async fn respond_through_out_sequence(context: &mut MessageContext) {
    begin_response(context);
    response_flow(context).await;
}

/// A response runs in a flow of its own: nothing of the request's is left but the fault handler of the API resource or
/// proxy that took it.
fn begin_response(context: &mut MessageContext) {
    context.frames.clear();
    context.templates.clear();
    push_handler(context, FaultHandler::Inline(context.configuration.fault.clone()));
    if let Some(handler) = context.entry_handler.clone() {
        push_handler(context, handler);
    }
}

/// The flow that a splitter's copy goes on with: what stands after the splitter in the lists that it stood in.
pub(crate) async fn resume(context: &mut MessageContext) -> Mediation {
    while let Some(frame) = context.frames.pop() {
        let (list, next) = (frame.list.clone(), frame.index + 1);
        context.templates.truncate(frame.templates);
        context.frames.push(frame)?;
        if list.run_from(next, context).await? == Flow::Stop {
            return Ok(Flow::Stop);
        }
        context.frames.pop();
    }
    Ok(Flow::Continue)
}

/// Injects a message that came by no listener into `main`. A response to it runs through `main` too.
pub async fn inject_main(context: &mut MessageContext) {
    main_sequence::mediate(context).await;
}

/// Injects a message that came by no listener into a sequence; `fault` handles what goes wrong.
pub async fn inject_sequence(context: &mut MessageContext, sequence: Arc<Sequence>) {
    push_handler(context, FaultHandler::Inline(context.configuration.fault.clone()));
    run_flow(context, Some(&SequenceRef::Inline(sequence))).await;
}

/// Runs a sequence on a message with which something went wrong, outside of any flow: the sequence finds the error
/// properties, and nobody handles its own faults.
///
/// # Errors
/// The fault of the sequence.
pub async fn run_fault_sequence(context: &mut MessageContext, fault: &Fault, sequence: &Sequence) -> Mediation {
    context.frames.clear();
    describe(context, fault);
    sequence.run_async(context).await
}

/// Injects a message that came by no listener into a proxy service.
pub async fn inject_proxy(context: &mut MessageContext, service: &ProxyService) {
    proxy::mediate(context, service, 0).await;
}

impl MessageContext {
    /// The answer when nobody gives one: 202, or with `NIO-ACK-Requested` what `HTTP_SC` and the headers say.
    fn acknowledgement(&mut self) -> Response {
        if !self.axis2_is_true("NIO-ACK-Requested") {
            return acknowledgement();
        }
        self.payload = Payload::empty();
        self.axis2.set("NO_ENTITY_BODY", Value::Boolean(true));
        self.make_response().unwrap_or_else(|_| acknowledgement())
    }
}

/// The answer for a sender whom nobody answered: 202 without a body (5.8).
pub(crate) fn acknowledgement() -> Response {
    Response::empty(StatusCode::ACCEPTED)
}
