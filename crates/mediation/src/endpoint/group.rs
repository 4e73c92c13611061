//! What failover and load balance have in common: their children, and one message that is tried on several of them
//! (spec: services 4.8, 4.9).

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use mi_payload::{Body, Payload};

use super::member::MemberEndpoint;
use super::{Endpoint, EndpointKind, Sent};
use crate::context::{Frame, MessageContext};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::{Fault, codes};
use crate::mediator::MediatorList;

const LOGGER: &str = "org.apache.synapse.endpoints.AbstractEndpoint";
/// Error properties of an earlier try, which the next child's answer must not carry.
const ERROR_PROPERTIES: [&str; 4] = ["ERROR_CODE", "ERROR_MESSAGE", "ERROR_DETAIL", "ERROR_EXCEPTION"];

/// Reads the children of a group: endpoints, or members.
///
/// # Errors
/// When there are none or both kinds, when two have the same key, or when one of them is wrong.
pub(super) fn children(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Vec<Arc<Endpoint>>, DeployError> {
    let mut keys = HashSet::new();
    let mut children = Vec::new();
    for child in element.children_named("endpoint") {
        if let Some(key) = child.non_empty("key").filter(|key| !keys.insert(*key)) {
            let message = format!("Same endpoint definition cannot be used with in the siblings : {key}");
            return Err(child
                .attribute_error("key", message)
                .hint("a child endpoint may be named only once in a group"));
        }
        children.push(Arc::new(Endpoint::parse(child, definitions)?));
    }
    for member in element.children_named("member") {
        if !keys.is_empty() || children.iter().any(|child| !matches!(child.kind, EndpointKind::Member(_))) {
            return Err(member
                .error(format!("{} cannot have both member & endpoint child elements", element.local()))
                .hint("write either <endpoint> or <member> elements"));
        }
        children.push(Arc::new(MemberEndpoint::parse(member, definitions)?));
    }
    if children.is_empty() {
        let message = format!("A {} endpoint must have child elements", element.local());
        return Err(element.error(message).hint("expected <endpoint> elements"));
    }
    Ok(children)
}

/// One message on its way through the children of a group.
///
/// A child is tried again for the same message only as often as its `retriesBeforeSuspension` says. MI goes on as long
/// as the child is ready, which is for ever where suspension is switched off. `maximum.failover.retries` limits both.
pub(super) struct Attempts<'g> {
    group: &'g Endpoint,
    label: &'static str,
    children: &'g [Arc<Endpoint>],
    tries: Vec<u32>,
    depth: usize,
    kept: Kept,
    last: Option<Fault>,
}

/// What is needed to send the message once more.
enum Kept {
    /// Nothing: the payload is built, and sending leaves it as it is.
    Payload,
    /// The bytes of a body that nobody has looked into.
    Bytes(Bytes),
    /// All of the message: an answer may turn out to be a failure after the message has become it.
    Message(Box<MessageContext>),
    /// There will be no second try, so that a stream can stay one.
    Once,
}

impl<'g> Attempts<'g> {
    /// Prepares a message for the children of `group`. With `again` it can be sent more than once, for which its body
    /// is held in memory.
    pub async fn begin(
        (group, label): (&'g Endpoint, &'static str),
        children: &'g [Arc<Endpoint>],
        context: &mut MessageContext,
        again: bool,
    ) -> Result<Self, Fault> {
        let templates = context.templates.len();
        context.frames.push(Frame { list: MediatorList::default(), index: 0, handler: None, templates })?;
        let several = children.len() > 1 || children.iter().any(|child| extra_tries(child, context) > 0);
        let kept = if !again || !several {
            Kept::Once
        } else if context.properties.is_true("FORCE_ERROR_ON_SOAP_FAULT") {
            context.build().await?;
            Kept::Message(Box::new(context.try_detached_copy()?))
        } else if let Some(bytes) = context.hold().await? {
            Kept::Bytes(bytes)
        } else {
            Kept::Payload
        };
        let depth = context.frames.len();
        Ok(Self { group, label, children, tries: vec![0; children.len()], depth, kept, last: None })
    }

    /// Whether the child at `index` may be tried (once more).
    pub fn may_try(&self, index: usize, context: &MessageContext) -> bool {
        let (Some(child), Some(&tries)) = (self.children.get(index), self.tries.get(index)) else { return false };
        let retries = i64::from(self.tries.iter().fold(0_u32, |sum, &tries| sum.saturating_add(tries))) - 1;
        let limit = context.configuration.settings.maximum_failover_retries;
        if limit >= 0 && retries >= limit {
            return false;
        }
        (tries == 0 || tries <= extra_tries(child, context)) && child.is_ready(context)
    }

    /// Sends the message to the child at `index`; `None` when that failed and another child may be tried.
    pub async fn send(&mut self, index: usize, context: &mut MessageContext) -> Result<Option<Sent>, Fault> {
        let (Some(child), Some(tries)) = (self.children.get(index), self.tries.get_mut(index)) else {
            return Ok(None);
        };
        *tries += 1;
        for name in ERROR_PROPERTIES {
            context.properties.forget(name);
        }
        match child.send(context).await {
            Ok(sent) => Ok(Some(sent)),
            Err(fault) => {
                // The child's own handler is not asked: the group is what handles its faults.
                context.frames.truncate(self.depth);
                self.kept.restore(context)?;
                self.failed(child, context, fault)
            }
        }
    }

    fn failed(&mut self, child: &Arc<Endpoint>, context: &MessageContext, fault: Fault) -> Result<Option<Sent>, Fault> {
        tracing::warn!(
            target: LOGGER,
            "{} Detect a Failure in a child endpoint : Endpoint [{}]: {fault}", self.title(), child.display_name()
        );
        if matches!(self.kept, Kept::Once) {
            return Err(fault);
        }
        let target = child.stands_for(context);
        let allowed = match (target.as_ref().and_then(|target| target.leaf()), fault.code()) {
            (Some(leaf), Some(code)) => leaf.rules.tries_elsewhere(code),
            _ => true,
        };
        if !allowed {
            tracing::warn!(
                target: LOGGER,
                "{} - one of the child endpoints encounterd a non-retry error, not sending message to another endpoint",
                self.title()
            );
            return Err(fault);
        }
        self.last = Some(fault);
        Ok(None)
    }

    /// No child is left: the fault of the last one, or that none was ready.
    pub fn give_up(self) -> Fault {
        let message = format!("{} - no ready child endpoints", self.title());
        tracing::warn!(target: LOGGER, "{message}");
        self.last.unwrap_or_else(|| Fault::with_code(codes::NO_READY_CHILD, message))
    }

    fn title(&self) -> String {
        format!("{} endpoint : {}", self.label, self.group.display_name())
    }
}

/// How often a child may be tried again for one message.
fn extra_tries(child: &Arc<Endpoint>, context: &MessageContext) -> u32 {
    child.stands_for(context).and_then(|target| target.leaf().map(|leaf| leaf.rules.retries)).unwrap_or(0)
}

/// Sends a copy and lets go. The copy waits for its answer, which nobody gets: else no failure could send it elsewhere.
pub(super) async fn send_one_way(group: &Arc<Endpoint>, context: &mut MessageContext) -> Result<Sent, Fault> {
    context.build().await?;
    let mut copy = context.try_detached_copy()?;
    copy.properties.forget("OUT_ONLY");
    let group = group.clone();
    crate::environment::spawn(async move {
        match group.send(&mut copy).await {
            // Reading the answer to its end leaves the connection fit for the next message.
            Ok(Sent::Answered) => drop(copy.hold().await),
            Ok(_) => {}
            Err(fault) => tracing::warn!(
                target: LOGGER,
                "One-way message to endpoint {} was not delivered: {fault}", group.display_name()
            ),
        }
    });
    Ok(Sent::NothingComes)
}

impl Kept {
    fn restore(&self, context: &mut MessageContext) -> Result<(), Fault> {
        match self {
            Self::Payload | Self::Once => {}
            Self::Bytes(bytes) => {
                // A child with a format of its own has built it.
                if context.payload.is_unread() {
                    context.payload = Payload::Unread(Body::Full(bytes.clone()));
                }
            }
            Self::Message(message) => {
                context.payload = message.payload.try_clone()?;
                context.headers.clone_from(&message.headers);
                context.axis2 = message.axis2.clone();
                context.method.clone_from(&message.method);
                context.status = message.status.clone();
                context.rest_postfix = message.rest_postfix.clone();
                context.addressing = message.addressing.clone();
                context.content_types = message.content_types.clone();
                context.rest = message.rest;
            }
        }
        Ok(())
    }
}
