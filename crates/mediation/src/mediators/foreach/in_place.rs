//! The first generation: each item takes the place of the payload (spec: EIP mediators part 4).

use std::sync::Arc;

use mi_expression::{Expression, ExpressionKind, Selection};
use mi_payload::value::Value;
use mi_payload::{Envelope, Payload, XmlFragment};
use mi_xml::NodeId;
use serde_json::Value as Json;

use super::LOGGER;
use crate::context::MessageContext;
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature, Reference};
use crate::sequence::{Sequence, SequenceRef};

/// `foreach expression="…"`.
pub(super) struct ForEach {
    expression: Expression,
    counter: Arc<str>,
    original: Arc<str>,
    sequence: SequenceRef,
    continue_on_failure: bool,
}

/// What became of an item.
enum Item {
    Done(Flow),
    Failed,
}

impl ForEach {
    pub(super) fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let message =
            "XPath/JSONPath expression is required for an ForEach Mediator under the \"expression\" attribute";
        element.required("expression", message)?;
        let invalid = "Unable to build the ForEach Mediator. Invalid XPath/JSONPath ";
        let expression = element.expression("expression", invalid)?.ok_or_else(|| element.error(message))?;
        let sequence = SequenceRef::attribute_or_child(element, "sequence", "sequence", definitions)?;
        let sequence = sequence.ok_or_else(|| {
            element
                .error("Couldn't find sequence information")
                .hint("a sequence attribute or a sequence element is required")
        })?;
        if sequence.inline_mediators().is_some_and(sends) {
            return Err(element.error("Sequence cannot contain Call, Send or CallOut mediators"));
        }
        let prefix = element.non_empty("id").map(|id| format!("{id}_")).unwrap_or_default();
        Ok(Self {
            expression,
            counter: format!("{prefix}FOREACH_COUNTER").into(),
            original: format!("{prefix}FOREACH_ORIGINAL_MESSAGE").into(),
            sequence,
            continue_on_failure: element
                .attribute("continueLoopOnFailure")
                .is_some_and(|text| text.eq_ignore_ascii_case("true")),
        })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        context.build().await?;
        let sequence = match &self.sequence {
            SequenceRef::Named(name) => {
                let found = context.configuration.sequence(name);
                let found = found.ok_or_else(|| Fault::new(format!("Couldn't find the sequence named : {name}")))?;
                if sends(&found.mediators) {
                    let message = "ForEach: Referred sequence cannot contain Call, Send or CallOut mediators";
                    return Err(Fault::new(message));
                }
                found
            }
            other => other.resolve(context)?,
        };
        if self.expression.kind() == ExpressionKind::JsonPath {
            self.run_json(context, &sequence).await?;
        } else {
            self.run_xml(context, &sequence).await?;
        }
        Ok(Flow::Continue)
    }

    fn count(&self, context: &mut MessageContext, count: usize) {
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        context.properties.set(self.counter.clone(), Value::Integer(count));
    }

    fn begin(&self, context: &mut MessageContext) -> Result<(), Fault> {
        let envelope = context.payload.envelope(&context.configuration.settings.json)?;
        let original = XmlFragment::copy_of(&envelope.document, envelope.element);
        context.properties.set(self.original.clone(), Value::Xml(Arc::new(original)));
        self.count(context, 0);
        Ok(())
    }

    /// Runs the sequence on the item that is the payload now.
    async fn item(&self, context: &mut MessageContext, sequence: &Sequence) -> Result<Item, Fault> {
        let (frames, templates) = (context.frames.len(), context.templates.len());
        let flow = if sequence.mediators.runs_at_once(context) {
            sequence.run(context)
        } else {
            sequence.run_async(context).await
        };
        // What the item has become is put back into the payload, so it has to be read.
        let flow = match flow {
            Ok(flow) => context.build().await.map(|()| flow),
            Err(fault) => Err(fault),
        };
        match flow {
            Ok(flow) => Ok(Item::Done(flow)),
            Err(fault) if self.continue_on_failure => {
                tracing::warn!(
                    target: LOGGER,
                    "{}Error occurred while mediating the sequence for the foreach mediator, {fault}. Continuing with the \
                     remaining.",
                    context.log_prefix()
                );
                context.frames.truncate(frames);
                context.templates.truncate(templates);
                Ok(Item::Failed)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn run_json(&self, context: &mut MessageContext, sequence: &Sequence) -> Result<(), Fault> {
        let configuration = context.configuration.clone();
        let settings = &configuration.settings.json;
        let target = self.expression.json_target(context)?;
        let path = target.map(|target| target.path).ok_or_else(|| Fault::new("Couldn't find the JSONPath"))?;
        let mut root = context.payload.json_view(settings)?.cloned().unwrap_or(Json::Null);
        let found = path.find(&root).map_err(|reason| Fault::new(reason.to_string()))?.into_json();
        let Json::Array(items) = found else {
            let message = "JSON element expressed by the path";
            return Err(Fault::new(format!("{message} {} is not a valid JSON array", self.expression)));
        };
        if items.is_empty() {
            tracing::info!(
                target: LOGGER,
                "{}No elements found for the JSONPath : {}", context.log_prefix(), self.expression
            );
            return Ok(());
        }
        self.begin(context)?;
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            context.payload = Payload::json_value(item);
            let Item::Done(flow) = self.item(context, sequence).await? else { continue };
            results.push(context.payload.json_view(settings)?.cloned().unwrap_or(Json::Null));
            self.count(context, results.len());
            // Items that are not reached any more are lost, as in MI.
            if flow == Flow::Stop && !self.continue_on_failure {
                break;
            }
        }
        if path.is_root() {
            root = Json::Array(results);
        } else {
            path.set(&mut root, &Json::Array(results)).map_err(|reason| {
                Fault::new("Error updating the json stream after foreach transformation").detail(reason.to_string())
            })?;
        }
        context.payload = Payload::json_value(root);
        Ok(())
    }

    async fn run_xml(&self, context: &mut MessageContext, sequence: &Sequence) -> Result<(), Fault> {
        let configuration = context.configuration.clone();
        let settings = &configuration.settings.json;
        let matches: Vec<NodeId> = match self.expression.evaluate_nodes(context)? {
            Selection::Nodes(nodes) => {
                let own = &context.payload.envelope(settings)?.document;
                let own = nodes.iter().filter(|node| node.attribute.is_none() && std::ptr::eq(node.document, own));
                own.map(|node| node.node).collect()
            }
            Selection::Json(_) | Selection::Value(_) => Vec::new(),
        };
        let Some(&first) = matches.first() else { return Ok(()) };
        self.begin(context)?;
        let mut whole = context.payload.envelope(settings)?.clone();
        let merge = whole.document.parent(first);
        let merge = merge.ok_or_else(|| Fault::new("Error detecting parent element to merge"))?;
        let items: Vec<_> = matches.iter().map(|&node| XmlFragment::copy_of(&whole.document, node)).collect();
        for node in matches {
            whole.document.detach(node);
        }
        for (index, item) in items.iter().enumerate() {
            let mut envelope = Envelope::empty(whole.version);
            envelope.synthetic = whole.synthetic;
            let copy = envelope.document.import(item.document(), item.node());
            envelope.document.append_child(envelope.body, copy);
            context.payload = Payload::xml(envelope);
            let done = self.item(context, sequence).await?;
            let after = context.payload.envelope(settings)?;
            if let Some(result) = after.payload() {
                let copy = whole.document.import(&after.document, result);
                whole.document.append_child(merge, copy);
            }
            self.count(context, index + 1);
            if matches!(done, Item::Done(Flow::Stop)) && !self.continue_on_failure {
                break;
            }
        }
        context.payload = Payload::xml(whole);
        Ok(())
    }
}

/// Whether one of the mediators sends the message away; only they themselves are looked at, not what is in them.
fn sends(mediators: &MediatorList) -> bool {
    mediators.steps().iter().any(|step| matches!(step.mediator.name(), "call" | "send" | "callout"))
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
        self.sequence.inline_mediators().into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        self.sequence.reference().into_iter().collect()
    }
}
