//! `enqueue`: the flow goes on in a priority executor (spec: EIP mediators part 22).

use std::sync::Arc;

use mi_payload::value::Value;

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Syntax, defaulted, required};
use crate::definition::{DeployError, Element};
use crate::engine;
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};
use crate::names::Name;

/// Syntax of `enqueue`.
pub const SYNTAX: Syntax = Syntax {
    element: "enqueue",
    summary: "Lets a sequence go on with the message in a priority executor. Put nothing after it.",
    attributes: &[
        required("sequence", AttributeKind::Key("sequence"), "The sequence."),
        required("executor", AttributeKind::Text, "Name of the priority executor."),
        defaulted("priority", AttributeKind::Integer, "0", "The priority; it chooses the queue."),
    ],
    children: &[],
    example: "<enqueue sequence=\"process\" executor=\"orders\" priority=\"10\"/>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(Enqueue::parse(element)?)) };

struct Enqueue {
    sequence: Name,
    executor: Arc<str>,
    priority: i64,
}

impl Enqueue {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let sequence = element.required("sequence", "sequence is a required attribue")?;
        let executor = element.required("executor", "Queue is a required attribue")?;
        let priority = element.integer("priority")?.unwrap_or(0);
        Ok(Self { sequence: Name::new(sequence), executor: executor.into(), priority })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let missing = || Fault::new(format!("Sequence cannot be found : {}", self.sequence));
        let sequence = context.configuration.sequence(&self.sequence).ok_or_else(missing)?;
        context.build().await?;
        let id = context.message_id().clone();
        let mut copy = context.try_copy()?;
        copy.set_message_id(&id);
        context.operation().lock().set("RESPONSE_WRITTEN", Value::from("SKIP"));
        let flow: BoxFuture<'static, ()> = Box::pin(async move {
            let result = sequence.run_async(&mut copy).await;
            engine::settle(&mut copy, result).await;
        });
        let Some(executor) = context.configuration.priority_executors.get(&self.executor) else {
            tracing::warn!(
                target: "org.apache.synapse.mediators.builtin.EnqueueMediator",
                "Cannot find executor {}. Using existing thread for mediation", self.executor
            );
            flow.await;
            return Ok(Flow::Continue);
        };
        executor.submit(self.priority, flow).map_err(|_| {
            let (executor, priority) = (&self.executor, self.priority);
            Fault::new(format!(
                "Unable to process message in priority executor {executor} with priority {priority}. Thread pool exhausted."
            ))
        })?;
        Ok(Flow::Continue)
    }
}

impl Mediator for Enqueue {
    fn name(&self) -> &'static str {
        "enqueue"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference { kind: ReferenceKind::Sequence, name: self.sequence.as_str().to_owned() }]
    }
}

#[cfg(test)]
mod tests {
    use crate::context::Reply;
    use crate::testing;

    const EXECUTOR: &str =
        "<priorityExecutor name='e'><queues><queue size='9' priority='1'/></queues></priorityExecutor>";
    const SEQUENCE: &str =
        "<sequence name='s'><property name='HTTP_SC' value='201' scope='axis2'/><respond/></sequence>";

    #[tokio::test]
    async fn the_sequence_answers_from_the_executor_or_in_place() {
        for artifacts in [&[SEQUENCE, EXECUTOR][..], &[SEQUENCE]] {
            let context = testing::context_of_artifacts(artifacts);
            let mut context = testing::with_body(context, "application/json", b"{}");
            context.reply = Reply::Single(None);
            let flow = "<enqueue sequence='s' executor='e' priority='1'/>";
            testing::run(flow, &mut context).await.expect("no fault");
            let (status, _, body) = testing::answer(context).await;
            assert_eq!((status, body.as_str()), (201, "{}"));
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_said_in_the_words_of_mi() {
        let mut context = testing::context();
        let fault = testing::run("<enqueue sequence='x' executor='e'/>", &mut context).await.expect_err("no sequence");
        assert_eq!(fault.message(), "Sequence cannot be found : x");
        let error = testing::parse("<enqueue executor='e'/>").expect_err("no sequence").to_string();
        assert!(error.contains("sequence is a required attribue"), "{error}");
    }
}
