//! `store`: a copy of the message goes into a message store (spec: EIP mediators part 17).

use mi_expression::ValueExpression;
use mi_payload::value::Value;

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Syntax, attribute, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};
use crate::message_store::MessageStore;
use crate::sequence::SequenceRef;

/// Syntax of `store`.
pub const SYNTAX: Syntax = Syntax {
    element: "store",
    summary: "Puts a copy of the message into a message store; the flow goes on with the message. Nobody is answered by \
              this: a flow that only stores sets FORCE_SC_ACCEPTED or responds.",
    attributes: &[
        required("messageStore", AttributeKind::Value, "Name of the message store."),
        attribute("sequence", AttributeKind::Key("sequence"), "Sequence that runs first, on the same message."),
    ],
    children: &[],
    example: "<store messageStore=\"OrdersStore\"/>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Store::parse(element, definitions)?)) };

struct Store {
    store: ValueExpression,
    first: Option<SequenceRef>,
}

impl Store {
    fn parse(element: Element<'_>, _definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        if element.non_empty("messageStore").is_none() {
            return Err(element.error("Message Store mediator must have a Message store defined"));
        }
        Ok(Self { store: element.required_value("messageStore")?, first: SequenceRef::parse(element, "sequence")? })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let name = self.store.evaluate(context)?.unwrap_or_default();
        let Some(store) = context.configuration.message_stores.get(&*name).cloned() else {
            return Err(Fault::new("Message Store does not exist."));
        };
        // A sequence that is not there is passed over, and what it answers does not count.
        if let Some(sequence) = self.first.as_ref().and_then(|first| first.resolve(context).ok()) {
            sequence.run_async(context).await?;
        }
        context.build().await?;
        let id = context.message_id().clone();
        let mut result = put(&store, context, &id).await;
        if let (Err(error), Some(name)) = (&result, store.failover()) {
            tracing::warn!(
                target: "org.apache.synapse.mediators.store.MessageStoreMediator",
                "{}Failed to store message [{id}] in store [{}]: {error}. It goes to the failover store [{name}].",
                context.log_prefix(), store.name
            );
            result = match context.configuration.message_stores.get(name).cloned() {
                Some(failover) => put(&failover, context, &id).await.map_err(|_| format!("failover store [{name}]")),
                None => Err(format!("failover store [{name}]")),
            };
        }
        if let Err(what) = result {
            let message = format!("Failed to store message [{id}] in {what}.");
            context.properties.set("HTTP_SC", Value::Integer(500));
            context.properties.set("ERROR_DETAIL", Value::from("Failed to store message."));
            context.properties.set("ERROR_MESSAGE", Value::from(message.as_str()));
            return Err(Fault::new(message).detail("Failed to store message."));
        }
        context.operation().lock().set("RESPONSE_WRITTEN", Value::from("SKIP"));
        Ok(Flow::Continue)
    }
}

/// Puts a copy into a store; the error says which store, after it has told the log why.
async fn put(store: &MessageStore, context: &mut MessageContext, id: &str) -> Result<(), String> {
    let copy = context.try_detached_copy().map_err(|error| error.to_string());
    let stored = match copy {
        Ok(mut copy) => {
            copy.set_message_id(id);
            store.backing.put(copy).await.map_err(|error| error.to_string())
        }
        Err(error) => Err(error),
    };
    stored.map_err(|error| {
        tracing::error!(
            target: "org.apache.synapse.mediators.store.MessageStoreMediator",
            "Error while storing message : {id} in store [{}]: {error}", store.name
        );
        format!("store [{}]", store.name)
    })
}

impl Mediator for Store {
    fn name(&self) -> &'static str {
        "store"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn references(&self) -> Vec<Reference> {
        let name = self.store.literal().map(str::to_owned);
        let store = name.map(|name| Reference { kind: ReferenceKind::MessageStore, name });
        store.into_iter().chain(self.first.as_ref().and_then(SequenceRef::reference)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::mediator::Flow;
    use crate::testing;

    #[tokio::test]
    async fn a_copy_is_kept_and_the_flow_goes_on() {
        let artifacts =
            ["<messageStore name='s'/>", "<sequence name='first'><property name='p' value='1'/></sequence>"];
        let mut context = testing::context_of_artifacts(&artifacts);
        context = testing::with_body(context, "application/json", br#"{"a":1}"#);
        let flow = "<property name='store' value='s'/>\
            <store messageStore='{get-property(\"store\")}' sequence='first'/><property name='p' value='2'/>";
        assert_eq!(testing::run(flow, &mut context).await.expect("no fault"), Flow::Continue);
        assert_eq!(context.operation().lock().text("RESPONSE_WRITTEN").as_deref(), Some("SKIP"));
        let store = context.configuration.message_stores["s"].clone();
        let mut consumer = store.backing.consumer();
        let kept = consumer.receive().await.expect("memory").expect("a message");
        assert_eq!(kept.message_id(), context.message_id());
        assert_eq!(kept.properties.text("p").as_deref(), Some("1"));
        assert!(kept.payload.is_json());
    }

    #[tokio::test]
    async fn an_unknown_store_is_a_fault() {
        let mut context = testing::context();
        let fault = testing::run("<store messageStore='nowhere'/>", &mut context).await.expect_err("no store");
        assert_eq!(fault.message(), "Message Store does not exist.");
        let error = testing::parse("<store messagestore='s'/>").expect_err("MI wants the capital letter");
        assert!(error.to_string().contains("must have a Message store defined"), "{error}");
    }
}
