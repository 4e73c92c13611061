//! From a back end's answer to the message that the flow goes on with (spec: services 4.12, 5.6; payload 1.1).

use std::sync::Arc;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use mi_payload::value::Value;
use mi_payload::{Body, Payload};

use crate::context::{ContentTypes, MessageContext, RestPostfix, StatusProperty};
use crate::outgoing::Answer;

/// Replaces payload, headers and all that belongs to the transport; properties, variables and the place in the flow stay.
pub(super) fn become_answer(context: &mut MessageContext, answer: Answer, rest: bool) {
    let request_type = context.content_types.message_type.take();
    context.headers = answer.headers;
    context.tunnel = answer.tunnel;
    context.axis2.clear();
    context.method = None;
    context.rest_postfix = RestPostfix::None;
    context.answered = Some(answer.status);
    context.attachments = Arc::default();
    context.status = StatusProperty::OfAnswer(answer.status.as_u16());
    context.rest = rest;
    context.addressing.soap_action = None;
    context.addressing.action = None;
    context.becomes_answer();
    let reason = answer.reason.as_deref().or(answer.status.canonical_reason()).unwrap_or_default();
    if answer.reason.is_some() {
        context.axis2.set("HTTP_SC_DESC", Value::from(reason));
    }
    if answer.status.as_u16() >= 400 {
        context.axis2.set("FAULT_MESSAGE", Value::from("TRUE"));
    }
    let no_body = answer.body.is_empty()
        || matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED);
    let content_type = context.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if answer.status == StatusCode::ACCEPTED {
        context.axis2.set("SC_ACCEPTED", Value::Boolean(true));
    }
    if no_body {
        context.axis2.set("NO_ENTITY_BODY", Value::Boolean(true));
        context.payload = Payload::empty();
    } else {
        context.payload = Payload::Unread(answer.body);
    }
    context.content_types = match content_type {
        Some(text) => ContentTypes::of(text),
        None if no_body => {
            let kept = request_type.filter(|kind| &**kind != "application/x-www-form-urlencoded");
            ContentTypes { message_type: kept.clone(), content_type: kept }
        }
        None => ContentTypes::of("application/octet-stream"),
    };
    if let Payload::Unread(Body::Empty) = context.payload {
        context.payload = Payload::empty();
    }
}
