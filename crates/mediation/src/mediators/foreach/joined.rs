//! The second generation: each item is a message of its own (spec: EIP mediators part 5).

use std::sync::Arc;

use mi_expression::{Expression, ExpressionKind};
use mi_payload::value::{NodeItem, Value};
use mi_payload::{Envelope, Payload, SoapVersion, XmlFragment};
use serde_json::Value as Json;
use tokio::task::JoinSet;

use super::LOGGER;
use super::results::{Results, Target};
use crate::context::MessageContext;
use crate::definition::{Definitions, DeployError, Element};
use crate::engine;
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature};
use crate::sequence::Sequence;

/// `foreach collection="…"`.
pub(super) struct ForEach {
    collection: Expression,
    parallel: bool,
    counter: Option<Arc<str>>,
    /// Where the results go; `None` when nobody waits for them.
    target: Option<Target>,
    sequence: Arc<Sequence>,
}

/// What a collection holds.
enum Items {
    Json(Vec<Json>),
    Xml(Vec<Arc<XmlFragment>>),
}

impl ForEach {
    pub(super) fn parse(element: Element<'_>, text: &str, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let invalid = "Unable to build the Foreach Mediator. Invalid expression ";
        let collection = element.compile(text, "collection", invalid)?;
        let parallel = element.attribute("parallel-execution") != Some("false");
        let counter = element.non_empty("counter-variable");
        if counter.is_some() && parallel {
            let message = "The 'counter-variable' attribute is not allowed when parallel-execution is true";
            return Err(element.attribute_error("counter-variable", message));
        }
        let forgets =
            element.attribute("continue-without-aggregation").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let target = if forgets { None } else { Some(Target::parse(element, &collection)?) };
        let sequence = element.child("sequence").ok_or_else(|| {
            element.error("A 'sequence' element is required for the configuration of a Foreach mediator")
        })?;
        Ok(Self {
            collection,
            parallel,
            counter: counter.map(Into::into),
            target,
            sequence: Arc::new(Sequence::inline(sequence, definitions)?),
        })
    }

    fn items(&self, context: &MessageContext) -> Result<Items, Fault> {
        let value = match self.collection.kind() {
            ExpressionKind::Synapse => self.collection.evaluate_object(context)?,
            ExpressionKind::XPath | ExpressionKind::JsonPath => None,
        };
        match value {
            Some(Value::Json(json)) => match Arc::unwrap_or_clone(json) {
                Json::Array(items) => Ok(Items::Json(items)),
                _ => Err(self.no_array()),
            },
            Some(Value::Xml(fragment)) => Ok(Items::Xml(vec![fragment])),
            Some(Value::Nodes(nodes)) => Ok(Items::Xml(
                nodes
                    .iter()
                    .filter_map(|node| match node {
                        NodeItem::Element(fragment) => Some(fragment.clone()),
                        NodeItem::Text(_) => None,
                    })
                    .collect(),
            )),
            _ => Err(self.no_array()),
        }
    }

    fn no_array(&self) -> Fault {
        Fault::new(format!("Expression {} did not resolve to a valid array", self.collection))
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        context.build().await?;
        let version = context.payload.envelope(&context.configuration.settings.json).map(|envelope| envelope.version);
        let payloads = self.items(context)?.into_payloads(version.unwrap_or(SoapVersion::V11));
        if payloads.is_empty() {
            let prefix = context.log_prefix();
            tracing::info!(target: LOGGER, "{prefix}No elements found for the expression : {}", self.collection);
            return Ok(Flow::Continue);
        }
        let total = payloads.len();
        let mut results: Vec<Option<Payload>> = Vec::new();
        results.resize_with(total, || None);
        let mut running = JoinSet::new();
        for (index, payload) in payloads.into_iter().enumerate() {
            let mut copy = context.copy_around(payload);
            // The copy comes back here by itself, and nothing inside may take it further.
            copy.frames = copy.frames.handlers_only();
            copy.properties.set("SCATTER_MESSAGES", Value::Boolean(true));
            if let Some(counter) = &self.counter {
                let index = i32::try_from(index).unwrap_or(i32::MAX);
                copy.variables.set(counter.clone(), Value::Integer(index));
            }
            let sequence = self.sequence.clone();
            match (self.parallel, &self.target) {
                (true, Some(_)) => {
                    running.spawn(async move { (index, item(&sequence, copy).await) });
                }
                (true, None) => {
                    tokio::spawn(async move { item(&sequence, copy).await });
                }
                (false, _) => {
                    let result = item(&sequence, copy).await;
                    keep(&mut results, index, result);
                }
            }
        }
        let Some(target) = &self.target else { return Ok(Flow::Continue) };
        while let Some(done) = running.join_next().await {
            if let Ok((index, result)) = done {
                keep(&mut results, index, result);
            }
        }
        let collected: Vec<Payload> = results.into_iter().flatten().collect();
        if collected.len() < total {
            // MI waits for ever: an item that faults, drops or responds is never collected, and nothing goes on.
            tracing::warn!(
                target: LOGGER,
                "{}{} of {total} messages did not end normally; the flow ends at the foreach", context.log_prefix(),
                total - collected.len()
            );
            return Ok(Flow::Stop);
        }
        target.store(context, Results(collected))?;
        Ok(Flow::Continue)
    }
}

impl Items {
    fn into_payloads(self, version: SoapVersion) -> Vec<Payload> {
        match self {
            Self::Json(items) => items.into_iter().map(Payload::json_value).collect(),
            Self::Xml(items) => {
                let around = |item: Arc<XmlFragment>| {
                    let mut envelope = Envelope::empty(version);
                    let copy = envelope.document.import(item.document(), item.node());
                    envelope.document.append_child(envelope.body, copy);
                    Payload::xml(envelope)
                };
                items.into_iter().map(around).collect()
            }
        }
    }
}

fn keep(results: &mut [Option<Payload>], index: usize, result: Option<Payload>) {
    if let Some(slot) = results.get_mut(index) {
        *slot = result;
    }
}

/// Runs the sequence on an item; its payload then, unless the item ended otherwise.
async fn item(sequence: &Sequence, mut copy: MessageContext) -> Option<Payload> {
    let result = if sequence.mediators.runs_at_once(&copy) {
        sequence.run(&mut copy)
    } else {
        sequence.run_async(&mut copy).await
    };
    let result = match result {
        Ok(Flow::Continue) => copy.build().await.map(|()| Flow::Continue),
        other => other,
    };
    match engine::settle(&mut copy, result).await {
        Some(Flow::Continue) => Some(copy.payload),
        Some(Flow::Stop) | None => None,
    }
}

impl Mediator for ForEach {
    fn name(&self) -> &'static str {
        "foreach"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn children(&self) -> Vec<&MediatorList> {
        vec![&self.sequence.mediators]
    }
}
