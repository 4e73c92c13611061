//! What `iterate` and `clone` share: targets, and how copies are sent to them (spec: EIP mediators part 2).

use std::sync::Arc;

use mi_expression::Expression;
use mi_payload::value::Value;

use super::send::send_to;
use crate::context::{MessageContext, To};
use crate::definition::syntax::{AttributeKind, ChildSyntax, Content, Occurs, attribute, child};
use crate::definition::{Definitions, DeployError, Element};
use crate::endpoint::{Endpoint, EndpointKind};
use crate::engine;
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, MediatorList, Reference, ReferenceKind};
use crate::names::Name;
use crate::sequence::Sequence;

/// Syntax of `target`.
pub(super) const TARGET: ChildSyntax = child(
    "target",
    Occurs::Any,
    &[
        attribute("to", AttributeKind::Text, "To address of the copies."),
        attribute("soapAction", AttributeKind::Text, "`SOAPAction` of the copies."),
        attribute("sequence", AttributeKind::Key("sequence"), "A named sequence that runs on each copy."),
        attribute("endpoint", AttributeKind::Key("endpoint"), "A named endpoint that each copy is sent to."),
    ],
    Content::Children(&[
        child("sequence", Occurs::Optional, &[], Content::Mediators, "Runs on each copy. Wins over all else."),
        child("endpoint", Occurs::Optional, &[], Content::Endpoint, "Each copy is sent to it."),
    ]),
    "What becomes of the copies.",
);

/// What becomes of a copy.
#[derive(Debug)]
pub(super) struct Target {
    to: Option<String>,
    soap_action: Option<String>,
    destination: Option<Destination>,
}

#[derive(Debug)]
enum Destination {
    Inline(Arc<Sequence>),
    Sequence(Name),
    InlineEndpoint(Arc<Endpoint>),
    Endpoint(Name),
}

impl Target {
    pub(super) fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let destination = if let Some(sequence) = element.child("sequence") {
            Some(Destination::Inline(Arc::new(Sequence::inline(sequence, definitions)?)))
        } else if let Some(name) = element.non_empty("sequence") {
            Some(Destination::Sequence(Name::new(name)))
        } else if let Some(endpoint) = element.child("endpoint") {
            Some(Destination::InlineEndpoint(Arc::new(Endpoint::parse(endpoint, definitions)?)))
        } else {
            element.non_empty("endpoint").map(|name| Destination::Endpoint(Name::new(name)))
        };
        Ok(Self {
            to: element.non_empty("to").map(str::to_owned),
            soap_action: element.non_empty("soapAction").map(str::to_owned),
            destination,
        })
    }

    /// Runs it on a copy. What stands after the splitter runs for the copy only if a call was answered in between.
    pub(super) async fn run(&self, copy: &mut MessageContext) -> Mediation {
        if let Some(to) = &self.to {
            copy.addressing.to = To::Address(to.clone());
        }
        if let Some(action) = &self.soap_action {
            copy.addressing.soap_action = Some(action.clone());
        }
        let sequence = match &self.destination {
            None => return Ok(Flow::Stop),
            Some(Destination::Inline(sequence)) => sequence.clone(),
            Some(Destination::Sequence(name)) => copy
                .configuration
                .sequence(name)
                .ok_or_else(|| Fault::new(format!("Couldn't find the sequence named : {name}")))?,
            Some(Destination::InlineEndpoint(endpoint)) => return send(endpoint, copy).await,
            Some(Destination::Endpoint(name)) => {
                let endpoint = copy.configuration.endpoint(name);
                let missing = || Fault::new(format!("Couldn't find the endpoint named : {name}"));
                return send(&endpoint.ok_or_else(missing)?, copy).await;
            }
        };
        let flow =
            if sequence.mediators.runs_at_once(copy) { sequence.run(copy)? } else { sequence.run_async(copy).await? };
        if flow == Flow::Continue && copy.called { engine::resume(copy).await } else { Ok(flow) }
    }

    /// Runs it on a copy in a task of its own.
    pub(super) fn spawn(self: &Arc<Self>, mut copy: MessageContext) {
        let target = self.clone();
        tokio::spawn(async move {
            let result = target.run(&mut copy).await;
            engine::settle(&mut copy, result).await;
        });
    }

    /// Runs it on a copy to its end and says whether that went well. A fault is handled by the copy's own handlers.
    pub(super) async fn run_here(&self, mut copy: MessageContext) -> bool {
        match self.run(&mut copy).await {
            Ok(_) => true,
            Err(fault) => {
                tracing::warn!(
                    target: "org.apache.synapse.mediators.eip.Target",
                    "{}Executing fault handler due to exception encountered", copy.log_prefix()
                );
                copy.properties.set("ERROR_ON_TARGET_EXECUTION", Value::Boolean(true));
                engine::handle_fault(&mut copy, fault).await;
                false
            }
        }
    }

    pub(super) fn mediators(&self) -> Option<&MediatorList> {
        match &self.destination {
            Some(Destination::Inline(sequence)) => Some(&sequence.mediators),
            _ => None,
        }
    }

    pub(super) fn reference(&self) -> Option<Reference> {
        let (kind, name) = match &self.destination {
            Some(Destination::Sequence(name)) => (ReferenceKind::Sequence, name),
            Some(Destination::Endpoint(name)) => (ReferenceKind::Endpoint, name),
            Some(Destination::InlineEndpoint(endpoint)) => match &endpoint.kind {
                EndpointKind::Indirect(name) => (ReferenceKind::Endpoint, name),
                _ => return None,
            },
            Some(Destination::Inline(_)) | None => return None,
        };
        Some(Reference { kind, name: name.as_str().to_owned() })
    }
}

async fn send(endpoint: &Arc<Endpoint>, copy: &mut MessageContext) -> Mediation {
    send_to(endpoint, None, copy).await?;
    Ok(Flow::Stop)
}

/// The expression itself, or the one that a template's parameter holds for it: `$func:name` stands for its nodes.
pub(super) fn behind_parameter(context: &MessageContext, expression: &Expression) -> Expression {
    let name = expression.text().trim().strip_prefix("$func:");
    let call = context.templates.last();
    let held = name.zip(call).and_then(|(name, call)| call.parameters.get(name));
    match held {
        Some(Value::Expression(held)) => held.as_any().downcast_ref::<Expression>().unwrap_or(expression).clone(),
        _ => expression.clone(),
    }
}

/// What a splitter does with its parent: it ends without an automatic answer, unless the parent goes on.
pub(super) fn leave_parent(context: &MessageContext, continue_parent: bool) -> Flow {
    if continue_parent {
        return Flow::Continue;
    }
    context.operation().lock().set("RESPONSE_WRITTEN", Value::from("SKIP"));
    Flow::Stop
}
