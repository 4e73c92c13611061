//! Taking back what a script did to a message, when it has to be run again elsewhere.
//!
//! Each part of a message is kept before the first change of it, and only while the script runs in place.

use std::sync::Arc;

use http::{HeaderMap, Method};
use mi_payload::Payload;

use crate::context::ContentTypes;
use crate::context::{Addressing, MessageContext, Properties, RestPostfix, StatusProperty};

/// What is kept of a message.
#[derive(Debug, Default)]
pub(super) struct Undo {
    payload: Option<Payload>,
    rest: Option<Box<Rest>>,
}

/// All that scripts can change beside the payload.
#[derive(Debug)]
struct Rest {
    properties: Properties,
    variables: Properties,
    axis2: Properties,
    operation: Option<Properties>,
    headers: HeaderMap,
    content_types: ContentTypes,
    method: Option<Method>,
    status: StatusProperty,
    rest_postfix: RestPostfix,
    addressing: Addressing,
    is_response: bool,
    dispatched: bool,
    message_id: Arc<str>,
}

impl Undo {
    /// Keeps all but the payload.
    pub(super) fn keep_rest(&mut self, context: &MessageContext) {
        if self.rest.is_some() {
            return;
        }
        self.rest = Some(Box::new(Rest {
            properties: context.properties.clone(),
            variables: context.variables.clone(),
            axis2: context.axis2.clone(),
            operation: context.operation.get().map(|properties| properties.lock().clone()),
            headers: context.headers.clone(),
            content_types: context.content_types.clone(),
            method: context.method.clone(),
            status: context.status.clone(),
            rest_postfix: context.rest_postfix.clone(),
            addressing: context.addressing.clone(),
            is_response: context.is_response,
            dispatched: context.dispatched,
            message_id: context.message_id().clone(),
        }));
    }

    /// Keeps a copy of the payload, which is about to be edited.
    pub(super) fn keep_payload(&mut self, payload: &Payload) {
        if self.payload.is_none() {
            self.payload = payload.try_clone().ok();
        }
    }

    /// Keeps a payload that has been replaced.
    pub(super) fn keep_replaced(&mut self, payload: Payload) {
        self.payload.get_or_insert(payload);
    }

    /// Gives everything back.
    pub(super) fn apply(self, context: &mut MessageContext) {
        if let Some(payload) = self.payload {
            context.payload = payload;
        }
        let Some(rest) = self.rest else { return };
        context.properties = rest.properties;
        context.variables = rest.variables;
        context.axis2 = rest.axis2;
        if let Some(properties) = context.operation.get() {
            *properties.lock() = rest.operation.unwrap_or_default();
        }
        context.headers = rest.headers;
        context.content_types = rest.content_types;
        context.method = rest.method;
        context.status = rest.status;
        context.rest_postfix = rest.rest_postfix;
        context.addressing = rest.addressing;
        context.is_response = rest.is_response;
        context.dispatched = rest.dispatched;
        context.set_message_id(&rest.message_id);
    }
}
