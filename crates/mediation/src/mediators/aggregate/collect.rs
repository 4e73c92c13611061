//! Collecting messages until their group is complete.

use std::sync::Arc;
use std::time::Duration;

use super::complete::OnComplete;
use super::{Aggregate, bound, next_number};
use crate::context::{Group, Groups, MessageContext, Split};
use crate::engine;
use crate::mediator::{Flow, Mediation};

const LOGGER: &str = "org.apache.synapse.mediators.eip.aggregator.AggregateMediator";

/// When a group ends.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    min: Option<usize>,
    max: Option<usize>,
}

/// Where a message belongs.
struct Place {
    groups: Arc<Groups>,
    /// The split that it comes from.
    split: Option<Split>,
}

/// What became of a message.
enum Arrival {
    /// Its group had been completed without it.
    TooLate,
    /// Others are still missing.
    Waiting,
    /// It was the last one.
    Completes(Vec<MessageContext>),
}

impl Bounds {
    fn is_complete(self, group: &Group) -> bool {
        let count = group.messages.len();
        [group.total, self.min, self.max].into_iter().flatten().any(|bound| count >= bound)
    }
}

impl Aggregate {
    pub(super) async fn run(&self, context: &mut MessageContext) -> Mediation {
        context.build().await?;
        let Some(place) = self.place(context)? else { return Ok(Flow::Continue) };
        let bounds = Bounds { min: bound(self.min.as_ref(), context)?, max: bound(self.max.as_ref(), context)? };
        let total = context.split_total(self.id.as_deref());
        // The message leaves the flow that brought it here; whoever waits for an answer waits on in its place.
        let mut husk = MessageContext::new(context.configuration.clone(), context.origin.clone());
        let reply = context.reply.share();
        husk.reply = std::mem::replace(&mut context.reply, reply);
        let mut message = std::mem::replace(context, husk);
        let splits = message.splits.take();
        let arrival = place.groups.with(self.number, |slot| {
            if slot.is_none() && place.split.as_ref().is_some_and(Split::is_completed) {
                return Arrival::TooLate;
            }
            let group = slot.get_or_insert_with(|| Group { total, serial: next_number(), ..Group::default() });
            if let (None, Some(timeout)) = (&group.timer, self.timeout) {
                let held = (splits.clone(), place.split.clone());
                let expiry = Expiry {
                    number: self.number,
                    serial: group.serial,
                    groups: place.groups.clone(),
                    complete: self.complete.clone(),
                };
                // The timer keeps the split alive: it can complete the group when all other copies are gone.
                let timer = tokio::spawn(async move {
                    expiry.after(timeout, held.1.as_ref()).await;
                    drop(held);
                });
                group.timer = Some(timer.abort_handle());
            }
            if bounds.max.is_none_or(|max| group.messages.len() < max) {
                group.messages.push(message);
            }
            if !bounds.is_complete(group) {
                return Arrival::Waiting;
            }
            let Some(group) = slot.take() else { return Arrival::Waiting };
            if let Some(split) = &place.split {
                split.complete();
            }
            if let Some(timer) = group.timer {
                timer.abort();
            }
            Arrival::Completes(group.messages)
        });
        let Arrival::Completes(mut messages) = arrival else { return Ok(Flow::Stop) };
        for message in &mut messages {
            message.splits = splits.clone();
        }
        self.complete_with(messages, context).await
    }

    /// Runs `onComplete`. The flow goes on with the message that came last, or, after a call in `onComplete`, with the
    /// one that was made.
    async fn complete_with(&self, mut messages: Vec<MessageContext>, context: &mut MessageContext) -> Mediation {
        let joined = self.complete.join(&messages);
        let made = joined.and_then(|payload| {
            let copy = payload.try_clone()?;
            let frames = messages.last().map(|last| last.frames.clone()).unwrap_or_default();
            let made = messages.first_mut().map(|first| first.copy_around(payload));
            Ok(made.map(|made| (made, copy, frames)))
        });
        let Some(mut last) = messages.pop() else { return Ok(Flow::Stop) };
        let (mut result, copy, frames) = match made {
            Ok(Some(made)) => made,
            Ok(None) => return Ok(Flow::Stop),
            Err(fault) => {
                *context = last;
                return Err(fault);
            }
        };
        drop(messages);
        last.payload = copy;
        result.frames = frames;
        result.called = false;
        match self.complete.run(&mut result).await {
            Err(fault) => {
                *context = result;
                Err(fault)
            }
            Ok(Flow::Stop) => Ok(Flow::Stop),
            Ok(Flow::Continue) => {
                if result.called {
                    *context = result;
                } else {
                    last.reply = std::mem::replace(&mut context.reply, crate::context::Reply::Nobody);
                    *context = last;
                }
                Ok(Flow::Continue)
            }
        }
    }

    /// The groups in which the message belongs; `None` when it is none to be collected.
    fn place(&self, context: &MessageContext) -> Result<Option<Place>, crate::Fault> {
        if let Some(correlation) = &self.correlate_on {
            let correlates = self.correlates(correlation, context)?;
            return Ok(correlates.then(|| Place { groups: correlation.groups.clone(), split: None }));
        }
        let split = context.correlated_split(self.id.as_deref());
        Ok(split.map(|split| Place { groups: split.groups.clone(), split: Some(split.clone()) }))
    }
}

/// Ends a group when its time is over.
struct Expiry {
    number: u64,
    serial: u64,
    groups: Arc<Groups>,
    complete: Arc<OnComplete>,
}

impl Expiry {
    async fn after(self, timeout: Duration, split: Option<&Split>) {
        tokio::time::sleep(timeout).await;
        let serial = self.serial;
        let group = self.groups.with(self.number, |slot| slot.take_if(|group| group.serial == serial));
        let Some(Group { mut messages, .. }) = group else { return };
        if let Some(split) = split {
            split.complete();
        }
        let joined = self.complete.join(&messages);
        let Some(first) = messages.first_mut() else {
            tracing::warn!(target: LOGGER, "An aggregation of messages timed out with no aggregated messages");
            return;
        };
        tracing::warn!(target: LOGGER, "{}Aggregate mediator timeout occurred.", first.log_prefix());
        let payload = match joined {
            Ok(payload) => payload,
            Err(fault) => return engine::handle_fault(first, fault).await,
        };
        let mut result = first.copy_around(payload);
        drop(messages);
        result.called = false;
        let flow = match self.complete.run(&mut result).await {
            // What stands after the aggregate runs only behind a call.
            Ok(Flow::Continue) if result.called => engine::resume(&mut result).await,
            other => other,
        };
        engine::settle(&mut result, flow).await;
    }
}
