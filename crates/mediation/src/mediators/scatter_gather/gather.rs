//! Running the branches and gathering what comes of them.

use std::sync::Arc;

use mi_expression::{Expression, ExpressionKind, Selection};
use mi_payload::value::Value;
use mi_payload::{Envelope, Payload, XmlFragment};
use mi_xml::{Document, NodeId};
use serde_json::Value as Json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Aggregation, ResultFormat, ScatterGather, Target};
use crate::context::MessageContext;
use crate::engine;
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation};
use crate::mediators::aggregate::bound;
use crate::sequence::Sequence;

const LOGGER: &str = "org.apache.synapse.mediators.v2.ScatterGather";

/// The copies that have been gathered, in the order in which they ended.
struct Gathered {
    messages: Vec<MessageContext>,
    total: usize,
    min: Option<usize>,
    max: Option<usize>,
    /// When gathering ends; the time begins with the first copy.
    deadline: Option<Instant>,
}

impl ScatterGather {
    pub(super) async fn run(&self, context: &mut MessageContext) -> Mediation {
        context.build().await?;
        let mut gathered = Gathered {
            messages: Vec::new(),
            total: self.branches.len(),
            min: bound(self.aggregation.min.as_ref(), context)?,
            max: bound(self.aggregation.max.as_ref(), context)?,
            deadline: None,
        };
        let mut running = JoinSet::new();
        for branch in &self.branches {
            let mut copy = context.try_copy()?;
            // The copy comes back here by itself, and nothing inside may take it further.
            copy.frames = copy.frames.handlers_only();
            copy.properties.set("SCATTER_MESSAGES", Value::Boolean(true));
            let branch = branch.clone();
            if self.parallel {
                running.spawn(async move { run(&branch, copy).await });
            } else if let Some(copy) = run(&branch, copy).await {
                gathered.add(copy, &self.aggregation)?;
            }
        }
        let result = self.gather(&mut running, &mut gathered).await;
        // Those that are too late run to their ends all the same.
        running.detach_all();
        result?;
        let timed = self.aggregation.timeout.is_some();
        if gathered.messages.is_empty() || !(gathered.is_complete() || timed) {
            tracing::warn!(
                target: LOGGER,
                "{}{} of {} messages were gathered; the flow ends at the scatter-gather", context.log_prefix(),
                gathered.messages.len(), gathered.total
            );
            return Ok(Flow::Stop);
        }
        self.store(context, gathered.messages)?;
        Ok(Flow::Continue)
    }

    async fn gather(
        &self,
        running: &mut JoinSet<Option<MessageContext>>,
        gathered: &mut Gathered,
    ) -> Result<(), Fault> {
        while !gathered.is_complete() {
            let next = match gathered.deadline {
                None => running.join_next().await,
                Some(deadline) => match tokio::time::timeout_at(deadline, running.join_next()).await {
                    Ok(next) => next,
                    Err(_) => {
                        tracing::warn!(target: LOGGER, "Scatter Gather mediator timeout occurred.");
                        return Ok(());
                    }
                },
            };
            match next {
                Some(Ok(Some(copy))) => gathered.add(copy, &self.aggregation)?,
                Some(_) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn store(&self, context: &mut MessageContext, mut messages: Vec<MessageContext>) -> Result<(), Fault> {
        let expression = &self.aggregation.expression;
        match (&self.target, &self.format) {
            (Target::Variable(name), ResultFormat::Json) => {
                let values = messages.iter().map(|message| {
                    json_value(message, expression)?.ok_or_else(|| {
                        let message = "did not return a valid JSON element";
                        Fault::new(format!("Aggregation expression {expression} {message}"))
                    })
                });
                let values = Json::Array(values.collect::<Result<_, Fault>>()?);
                context.variables.set(name.clone(), Value::json(values));
            }
            (Target::Variable(name), ResultFormat::Xml(element)) => {
                let (document, root) = enclosed(element, &messages, expression)?;
                context.variables.set(name.clone(), Value::Xml(Arc::new(XmlFragment::new(document, root))));
            }
            (Target::Body, format) => {
                let (payload, content_type) = match format {
                    ResultFormat::Json => {
                        let values = messages.iter().map(|message| match json_value(message, expression)? {
                            Some(json) => Ok(json),
                            None => Ok(Json::from(expression.evaluate_string(message)?.unwrap_or_default().as_ref())),
                        });
                        let values = Json::Array(values.collect::<Result<_, Fault>>()?);
                        (Payload::json_value(values), "application/json")
                    }
                    ResultFormat::Xml(element) => {
                        let (document, root) = enclosed(element, &messages, expression)?;
                        let settings = &context.configuration.settings.json;
                        let mut envelope = Envelope::empty(context.payload.envelope(settings)?.version);
                        let copy = envelope.document.import(&document, root);
                        envelope.document.append_child(envelope.body, copy);
                        (Payload::xml(envelope), "application/xml")
                    }
                };
                // The flow goes on with the copy that was gathered last, in the place of this message.
                if let Some(mut last) = messages.pop() {
                    last.frames = std::mem::take(&mut context.frames);
                    last.templates = std::mem::take(&mut context.templates);
                    last.splits = context.splits.take();
                    last.reply = std::mem::replace(&mut context.reply, crate::context::Reply::Nobody);
                    last.called = context.called;
                    *context = last;
                }
                context.properties.forget("SCATTER_MESSAGES");
                context.payload = payload;
                context.set_message_type(content_type);
                context.has_entity();
            }
        }
        Ok(())
    }
}

impl Gathered {
    fn add(&mut self, message: MessageContext, aggregation: &Aggregation) -> Result<(), Fault> {
        if let Some(condition) = &aggregation.condition
            && condition.evaluate_string(&message)?.as_deref() != Some("true")
        {
            return Ok(());
        }
        if self.deadline.is_none() {
            self.deadline = aggregation.timeout.map(|timeout| Instant::now() + timeout);
        }
        if !self.is_complete() {
            self.messages.push(message);
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        let count = self.messages.len();
        [Some(self.total), self.min, self.max].into_iter().flatten().any(|bound| count >= bound)
    }
}

/// Runs a branch; the copy again, unless it ended otherwise.
async fn run(branch: &Sequence, mut copy: MessageContext) -> Option<MessageContext> {
    let result =
        if branch.mediators.runs_at_once(&copy) { branch.run(&mut copy) } else { branch.run_async(&mut copy).await };
    let result = match result {
        Ok(Flow::Continue) => copy.build().await.map(|()| Flow::Continue),
        other => other,
    };
    match engine::settle(&mut copy, result).await {
        Some(Flow::Continue) => Some(copy),
        Some(Flow::Stop) | None => None,
    }
}

/// The value of a copy as JSON, if it is JSON.
fn json_value(message: &MessageContext, expression: &Expression) -> Result<Option<Json>, Fault> {
    if expression.kind() != ExpressionKind::Synapse {
        return Ok(None);
    }
    Ok(match expression.evaluate_object(message)? {
        Some(Value::Json(json)) => Some(Arc::unwrap_or_clone(json)),
        _ => None,
    })
}

/// The values of the copies as children of an element.
fn enclosed(name: &str, messages: &[MessageContext], expression: &Expression) -> Result<(Document, NodeId), Fault> {
    let mut document = Document::new();
    let root = document.create_element("", "", name);
    document.append_child(document.root(), root);
    let mut append = |from: &Document, node: NodeId| {
        let copy = document.import(from, node);
        document.append_child(root, copy);
    };
    for message in messages {
        match expression.evaluate_nodes(message)? {
            Selection::Nodes(nodes) if nodes.iter().all(|node| node.document.is_element(node.node)) => {
                nodes.iter().for_each(|node| append(node.document, node.node));
            }
            Selection::Value(Value::Xml(fragment)) => append(fragment.document(), fragment.node()),
            _ => {
                let text = expression.evaluate_string(message)?.unwrap_or_default();
                let parsed = XmlFragment::parse(&text);
                let parsed = parsed.map_err(|error| {
                    Fault::new(format!("Error reading XML element: {text}")).detail(error.to_string())
                })?;
                append(parsed.document(), parsed.node());
            }
        }
    }
    Ok((document, root))
}
