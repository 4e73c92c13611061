//! The in-memory store: all of a message survives but a restart of the server (spec: tasks 2.2).

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::{Backing, Consumer, StoreError};
use crate::configuration::Configuration;
use crate::context::MessageContext;
use crate::mediator::BoxFuture;

/// Messages in the order in which they came. Clones are the same queue.
#[derive(Debug, Clone, Default)]
pub struct MemoryQueue(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<MessageContext>,
    /// Messages that a consumer has and has not acknowledged.
    in_hand: usize,
    /// What kept messages point to instead of the configuration that they came through, which may be replaced while they
    /// wait.
    husk: Option<Arc<Configuration>>,
}

/// A queue that is there as long as somebody else has it.
#[derive(Debug, Clone)]
pub struct WeakQueue(Weak<Mutex<Inner>>);

impl WeakQueue {
    /// The queue, if it is still there.
    pub fn upgrade(&self) -> Option<MemoryQueue> {
        self.0.upgrade().map(MemoryQueue)
    }
}

impl MemoryQueue {
    /// Points to the queue without keeping it.
    pub fn downgrade(&self) -> WeakQueue {
        WeakQueue(Arc::downgrade(&self.0))
    }
}

impl Backing for MemoryQueue {
    fn put(&self, mut message: MessageContext) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut inner = self.0.lock();
            let husk = inner.husk.get_or_insert_with(|| {
                let live = &message.configuration;
                Arc::new(Configuration::empty(live.settings.clone(), live.environment.clone()))
            });
            message.configuration = husk.clone();
            inner.waiting.push_back(message);
            Ok(())
        })
    }

    fn consumer(&self) -> Box<dyn Consumer> {
        Box::new(MemoryConsumer { queue: self.clone(), hand: None })
    }

    fn size(&self) -> BoxFuture<'_, Result<Option<u64>, StoreError>> {
        let inner = self.0.lock();
        let size = inner.waiting.len() + inner.in_hand;
        Box::pin(async move { Ok(u64::try_from(size).ok()) })
    }
}

struct MemoryConsumer {
    queue: MemoryQueue,
    hand: Option<MessageContext>,
}

impl MemoryConsumer {
    fn take(&mut self) -> Result<Option<MessageContext>, StoreError> {
        if self.hand.is_none() {
            let mut inner = self.queue.0.lock();
            self.hand = inner.waiting.pop_front();
            inner.in_hand += usize::from(self.hand.is_some());
        }
        let Some(message) = &self.hand else { return Ok(None) };
        let mut copy = message.try_detached_copy().map_err(|error| StoreError::Message(error.to_string()))?;
        copy.set_message_id(message.message_id());
        Ok(Some(copy))
    }
}

impl Consumer for MemoryConsumer {
    fn receive(&mut self) -> BoxFuture<'_, Result<Option<MessageContext>, StoreError>> {
        let taken = self.take();
        Box::pin(async move { taken })
    }

    fn acknowledge(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        if self.hand.take().is_some() {
            self.queue.0.lock().in_hand -= 1;
        }
        Box::pin(async { Ok(()) })
    }
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        if let Some(message) = self.hand.take() {
            let mut inner = self.queue.0.lock();
            inner.in_hand -= 1;
            inner.waiting.push_front(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    async fn put(queue: &MemoryQueue, name: &str) {
        let mut message = testing::context();
        message.properties.set("name", name.into());
        queue.put(message).await.expect("memory");
    }

    async fn next(consumer: &mut Box<dyn Consumer>) -> Option<String> {
        let message = consumer.receive().await.expect("memory")?;
        message.properties.text("name").map(std::borrow::Cow::into_owned)
    }

    #[tokio::test]
    async fn a_message_stays_until_it_is_acknowledged() {
        let queue = MemoryQueue::default();
        put(&queue, "a").await;
        put(&queue, "b").await;
        let mut consumer = queue.consumer();
        assert_eq!(next(&mut consumer).await.as_deref(), Some("a"));
        assert_eq!(next(&mut consumer).await.as_deref(), Some("a"));
        assert_eq!(queue.size().await, Ok(Some(2)));
        consumer.acknowledge().await.expect("memory");
        assert_eq!(queue.size().await, Ok(Some(1)));
        assert_eq!(next(&mut consumer).await.as_deref(), Some("b"));
        drop(consumer);
        assert_eq!(next(&mut queue.consumer()).await.as_deref(), Some("b"));
    }

    #[tokio::test]
    async fn two_consumers_never_have_the_same_message() {
        let queue = MemoryQueue::default();
        put(&queue, "a").await;
        put(&queue, "b").await;
        let (mut one, mut other) = (queue.consumer(), queue.consumer());
        assert_eq!(next(&mut one).await.as_deref(), Some("a"));
        assert_eq!(next(&mut other).await.as_deref(), Some("b"));
        one.acknowledge().await.expect("memory");
        assert_eq!(next(&mut one).await, None);
        assert_eq!(queue.size().await, Ok(Some(1)));
    }

    #[tokio::test]
    async fn a_kept_message_keeps_its_id_and_not_its_configuration() {
        let queue = MemoryQueue::default();
        let message = testing::context_of_sequences(&[("s", "")]);
        let (id, configuration) = (message.message_id().clone(), Arc::downgrade(&message.configuration));
        queue.put(message).await.expect("memory");
        assert!(configuration.upgrade().is_none(), "the configuration can be replaced");
        let received = queue.consumer().receive().await.expect("memory").expect("a message");
        assert_eq!(*received.message_id(), id);
    }
}
