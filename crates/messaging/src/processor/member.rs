//! A member of a processor: what happens at each fire of its task (spec: tasks 3.3 to 3.6).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use mi_coordination::Gate;
use mi_mediation::endpoint::Endpoint;
use mi_mediation::environment;
use mi_mediation::message_store::{Consumer, MessageStore, StoreError};
use mi_mediation::{Configuration, MessageContext, engine};
use mi_scheduling::{Fire, Job, JobResult};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::artifact::{Pace, ProcessorArtifact, ProcessorKind};
use super::forwarding::{self, Outcome};
use super::loggers::{FAILOVER, FORWARDING, PROCESSOR, SAMPLING};
use crate::pause::pause;

/// What a member asks of those who run it.
pub(super) trait Control: Send + Sync {
    /// The gate of a task, once it is scheduled.
    fn gate(&self, task: &str) -> Option<Gate>;

    /// Deactivates a processor: all its members, on all nodes.
    fn deactivate<'a>(&'a self, processor: &'a ProcessorArtifact) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

/// See the module's documentation.
pub(super) struct Member {
    pub(super) processor: Arc<ProcessorArtifact>,
    pub(super) live: Arc<ArcSwap<Configuration>>,
    pub(super) control: Arc<dyn Control>,
    pub(super) taking: Mutex<Option<Taking>>,
}

/// A consumer, and the store that it belongs to.
pub(super) struct Taking {
    store: Arc<MessageStore>,
    consumer: Box<dyn Consumer>,
    /// The endpoint that the first message named, for those after it.
    target: Option<Arc<str>>,
}

/// Where a message is to be delivered.
enum Destination {
    Endpoint(Arc<Endpoint>),
    Store(Arc<str>),
}

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It has left the store.
    Done,
    /// There was none.
    Empty,
    /// It stays, and so does everything behind it, until the next fire at least.
    Stay,
}

impl Job for Member {
    fn run(&self, fire: Fire) -> Pin<Box<dyn Future<Output = JobResult> + Send + '_>> {
        Box::pin(async move {
            let Some(gate) = self.control.gate(&fire.task) else { return Ok(()) };
            self.fire(&gate).await;
            Ok(())
        })
    }
}

impl Member {
    async fn fire(&self, gate: &Gate) {
        let began = Instant::now();
        let mut taking = self.taking.lock().await;
        while gate.is_open() {
            let configuration = self.live.load_full();
            let Some(taking) = self.open(&mut taking, &configuration) else { return };
            if self.step(taking, &configuration, gate).await != Step::Done {
                return;
            }
            let length = match self.processor.pace {
                Pace::One => return,
                Pace::Second(length) if began.elapsed() + length < Duration::from_secs(1) => length,
                Pace::Second(_) => return,
                Pace::Drain(length) => length,
            };
            pause(length, gate).await;
        }
    }

    /// The consumer of the store that is deployed now.
    fn open<'a>(&self, taking: &'a mut Option<Taking>, configuration: &Configuration) -> Option<&'a mut Taking> {
        let Some(store) = configuration.message_stores.get(&self.processor.store) else {
            tracing::error!(
                target: PROCESSOR,
                "[{}] Failed to initialise message consumer; message store unavailable.", self.processor.name
            );
            *taking = None;
            return None;
        };
        if taking.as_ref().is_none_or(|taking| !Arc::ptr_eq(&taking.store, store)) {
            // What the old consumer has in hand must be back in the store before the new one looks.
            let target = taking.take().and_then(|old| old.target);
            *taking = Some(Taking { store: store.clone(), consumer: store.backing.consumer(), target });
        }
        taking.as_mut()
    }

    async fn step(&self, taking: &mut Taking, configuration: &Arc<Configuration>, gate: &Gate) -> Step {
        let mut message = match self.receive(taking, gate).await {
            Ok(Some(message)) => message,
            Ok(None) => return Step::Empty,
            Err(()) => return Step::Stay,
        };
        message.configuration = configuration.clone();
        match self.processor.kind {
            ProcessorKind::Forwarding => self.forward(taking, message, gate).await,
            ProcessorKind::Sampling => self.sample(taking, message).await,
            ProcessorKind::Failover => self.fail_over(taking, message, gate).await,
        }
    }

    /// The message at the head. While the store cannot be reached this tries again, as often as it may.
    async fn receive(&self, taking: &mut Taking, gate: &Gate) -> Result<Option<MessageContext>, ()> {
        let attempts = &self.processor.attempts;
        let mut failures = 0;
        loop {
            let error = match taking.consumer.receive().await {
                Ok(message) => return Ok(message),
                Err(error) => error,
            };
            tracing::error!(target: PROCESSOR, "[{}] {error}", self.processor.name);
            if matches!(error, StoreError::Message(_)) {
                // What cannot be read is not thrown away, and nothing behind it can be reached.
                self.deactivate().await;
                return Err(());
            }
            failures += 1;
            if attempts.store_most.is_some_and(|most| failures >= most) {
                self.deactivate().await;
                return Err(());
            }
            pause(attempts.store_pause, gate).await;
            if !gate.is_open() {
                return Err(());
            }
        }
    }

    async fn forward(&self, taking: &mut Taking, mut message: MessageContext, gate: &Gate) -> Step {
        let Some(endpoint) = self.target(taking, &mut message).await else { return Step::Stay };
        self.until_delivered(taking, message, gate, &Destination::Endpoint(endpoint)).await
    }

    /// The endpoint that messages go to; without one the processor stops.
    async fn target(&self, taking: &mut Taking, message: &mut MessageContext) -> Option<Arc<Endpoint>> {
        let name = match self.processor.target.clone().or_else(|| taking.target.clone()) {
            Some(name) => name,
            None => {
                let Some(name) = message.properties.text("target.endpoint").map(|name| Arc::from(&*name)) else {
                    tracing::error!(
                        target: FORWARDING,
                        "Neither targetEndpoint defined in the MessageProcessor configuration nor Property \
                         target.endpoint is found in the message context, hence deactivating the MessageProcessor"
                    );
                    self.deactivate().await;
                    return None;
                };
                taking.target.insert(name).clone()
            }
        };
        let found = message.configuration.find_endpoint(&name);
        if found.is_none() {
            tracing::error!(
                target: FORWARDING, "Endpoint does not exists. Deactivating the message processor [{name}]"
            );
            self.deactivate().await;
        }
        found
    }

    /// Tries until the message is delivered, the attempts are used up, or the processor must stop.
    async fn until_delivered(
        &self,
        taking: &mut Taking,
        message: MessageContext,
        gate: &Gate,
        destination: &Destination,
    ) -> Step {
        let attempts = &self.processor.attempts;
        let mut failures = 0;
        loop {
            let Ok(mut copy) = message.try_detached_copy() else { return Step::Stay };
            copy.set_message_id(message.message_id());
            match self.attempt(destination, copy).await {
                Outcome::Delivered => return self.acknowledge(taking).await,
                Outcome::Abandoned => return Step::Stay,
                Outcome::NoReplySequence => {
                    self.deactivate().await;
                    return Step::Stay;
                }
                Outcome::Failed => failures += 1,
            }
            // Deactivated, undeployed or on its way to another node: the message stays.
            if !gate.is_open() {
                return Step::Stay;
            }
            if attempts.most.is_some_and(|most| failures >= most) {
                return self.give_up(taking, message, failures, gate).await;
            }
            pause(attempts.pause, gate).await;
            if !gate.is_open() {
                return Step::Stay;
            }
        }
    }

    async fn attempt(&self, destination: &Destination, mut message: MessageContext) -> Outcome {
        let target = match destination {
            Destination::Endpoint(endpoint) => return forwarding::attempt(&self.processor, endpoint, message).await,
            Destination::Store(target) => target,
        };
        if store(target, &mut message).await {
            return Outcome::Delivered;
        }
        tracing::error!(
            target: FAILOVER,
            "Message store messageSender of message processor [{}] failed to send message to the target message store",
            self.processor.name
        );
        Outcome::Failed
    }

    async fn give_up(&self, taking: &mut Taking, mut message: MessageContext, failures: u32, gate: &Gate) -> Step {
        let (name, attempts) = (&self.processor.name, &self.processor.attempts);
        if attempts.drop {
            tracing::warn!(
                target: FORWARDING,
                "Message processor [{name}] failed to forward message {failures} times. Drop message and continue."
            );
            let step = self.acknowledge(taking).await;
            pause(attempts.pause, gate).await;
            return step;
        }
        if let Some(fail_store) =
            attempts.fail_store.as_deref().filter(|_| self.processor.kind == ProcessorKind::Forwarding)
        {
            if store(fail_store, &mut message).await {
                tracing::info!(
                    target: FORWARDING,
                    "Message processor [{name}] failed to forward message {failures} times. Moved failed message to \
                     fail-messages-store and continue"
                );
                return self.acknowledge(taking).await;
            }
            self.deactivate().await;
            return Step::Stay;
        }
        self.deactivate().await;
        if self.processor.parameter("message.processor.deactivate.sequence").is_some() {
            match forwarding::sequence(&self.processor, "message.processor.deactivate.sequence", &message) {
                Some(sequence) => engine::inject_sequence(&mut message, sequence).await,
                None => tracing::warn!(
                    target: FORWARDING,
                    "Failed to send the message through the deactivate sequence. Sequence name does not Exist."
                ),
            }
        }
        Step::Stay
    }

    /// Takes as many messages as may run side by side, and lets them.
    async fn sample(&self, taking: &mut Taking, first: MessageContext) -> Step {
        let concurrency = match self.processor.parameter("concurrency").map(str::parse::<u32>) {
            None => 1,
            Some(Ok(number)) if number > 0 => number,
            Some(_) => {
                tracing::error!(target: SAMPLING, "Invalid value for concurrency switching back to default value");
                1
            }
        };
        let configuration = first.configuration.clone();
        let mut next = Some(first);
        for _ in 0..concurrency {
            let Some(mut message) = next.take() else { break };
            message.configuration = configuration.clone();
            let Some(sequence) = forwarding::sequence(&self.processor, "sequence", &message) else {
                // MI takes the message away all the same and says nothing.
                tracing::error!(
                    target: SAMPLING,
                    "[{}] The sequence {} does not exist; the messages stay in the store",
                    self.processor.name, self.processor.parameter("sequence").unwrap_or("null")
                );
                return Step::Stay;
            };
            if self.acknowledge(taking).await != Step::Done {
                return Step::Stay;
            }
            environment::spawn(async move { engine::inject_sequence(&mut message, sequence).await });
            next = taking.consumer.receive().await.ok().flatten();
        }
        Step::Done
    }

    /// Moves the message to the store that a parameter names.
    async fn fail_over(&self, taking: &mut Taking, message: MessageContext, gate: &Gate) -> Step {
        let Some(target) = self.processor.parameter("message.target.store.name") else {
            tracing::warn!(
                target: FAILOVER,
                "Property message.target.store.name not found in the message context , Hence removing the message "
            );
            return self.acknowledge(taking).await;
        };
        self.until_delivered(taking, message, gate, &Destination::Store(target.into())).await
    }

    async fn acknowledge(&self, taking: &mut Taking) -> Step {
        match taking.consumer.acknowledge().await {
            Ok(()) => Step::Done,
            Err(error) => {
                tracing::error!(target: PROCESSOR, "[{}] {error}", self.processor.name);
                Step::Stay
            }
        }
    }

    async fn deactivate(&self) {
        self.control.deactivate(&self.processor).await;
    }
}

/// Puts a copy of a message into a store.
async fn store(name: &str, message: &mut MessageContext) -> bool {
    let found = message.configuration.message_stores.get(name).cloned();
    let (Some(store), Ok(copy)) = (found, message.try_detached_copy()) else { return false };
    store.backing.put(copy).await.is_ok()
}
