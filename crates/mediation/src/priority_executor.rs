//! Priority executors: flows that wait in queues, those of a higher priority for a shorter time (spec: EIP mediators part
//! 22).

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::definition::{DeployError, Element};
use crate::mediator::BoxFuture;

/// Flows that run at a time when the artifact does not say.
const CORE: i64 = 20;
/// The same while the queues are full.
const MAX: i64 = 100;

/// A flow that waits.
type Work = BoxFuture<'static, ()>;

/// An executor. Clones are the same one.
#[derive(Clone)]
pub struct PriorityExecutor {
    /// Its name.
    pub name: Arc<str>,
    state: Arc<Mutex<State>>,
}

struct State {
    queues: Vec<Queue>,
    /// Which queue is being served, and how many flows it may still give before the next one.
    serving: (usize, i64),
    running: usize,
    core: usize,
    max: usize,
}

struct Queue {
    priority: i64,
    /// The most flows that wait; `None` for no bound.
    size: Option<usize>,
    waiting: VecDeque<Work>,
}

/// The queue is full, and so are the threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted;

impl fmt::Debug for PriorityExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PriorityExecutor").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PriorityExecutor {
    /// Reads `<priorityExecutor name="…">`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "The 'name' attribute is required for a priority executor")?;
        let list = element.child("queues").ok_or_else(|| element.error("Queues configuration is mandatory"))?;
        let fixed = list.attribute("isFixedSize") != Some("false");
        let mut queues = Vec::new();
        for child in list.children_named("queue") {
            let priority = child.integer("priority")?.ok_or_else(|| child.error("Priority must be specified"))?;
            let size = child.integer("size")?;
            if fixed && size.is_none() {
                return Err(child.error("Queues should have a size"));
            }
            let size = size.filter(|_| fixed).map(|size| usize::try_from(size).unwrap_or(0));
            queues.push(Queue { priority, size, waiting: VecDeque::new() });
        }
        if queues.is_empty() {
            return Err(list.error("Queues configuration is mandatory").hint("<queues> needs a <queue>"));
        }
        // The highest priority is served first.
        queues.sort_by_key(|queue| std::cmp::Reverse(queue.priority));
        let threads = element.child("threads");
        let number = |name: &str, default: i64| -> Result<usize, DeployError> {
            let number = threads.map(|threads| threads.integer(name)).transpose()?.flatten().unwrap_or(default);
            Ok(usize::try_from(number).unwrap_or(1).max(1))
        };
        let (core, max) = (number("core", CORE)?, number("max", MAX)?);
        let serving = (0, queues.first().map_or(1, |queue| queue.priority));
        let state = State { queues, serving, running: 0, core, max: max.max(core) };
        Ok(Self { name: name.into(), state: Arc::new(Mutex::new(state)) })
    }

    /// Runs a flow now or when it is its turn. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`Exhausted`] when there is no room for it.
    pub fn submit(&self, priority: i64, work: Work) -> Result<(), Exhausted> {
        let mut state = self.state.lock();
        if state.running < state.core {
            state.running += 1;
            drop(state);
            self.run(work);
            return Ok(());
        }
        if let Some(queue) = state.queue_for(priority).filter(|queue| queue.has_room()) {
            queue.waiting.push_back(work);
            return Ok(());
        }
        if state.running < state.max {
            state.running += 1;
            drop(state);
            self.run(work);
            return Ok(());
        }
        Err(Exhausted)
    }

    fn run(&self, first: Work) {
        let state = self.state.clone();
        tokio::spawn(async move {
            let slot = Slot(state);
            let mut next = Some(first);
            while let Some(work) = next {
                work.await;
                next = slot.0.lock().next();
            }
        });
    }
}

/// One of the flows that may run at a time; given back even when a flow panics.
struct Slot(Arc<Mutex<State>>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
    }
}

impl Queue {
    fn has_room(&self) -> bool {
        self.size.is_none_or(|size| self.waiting.len() < size)
    }
}

impl State {
    /// The queue of a priority; without one the queue of the lowest.
    fn queue_for(&mut self, priority: i64) -> Option<&mut Queue> {
        let at = self.queues.iter().position(|queue| queue.priority == priority);
        let at = at.unwrap_or(self.queues.len().saturating_sub(1));
        self.queues.get_mut(at)
    }

    /// The flow whose turn it is: from each queue as many as its priority says, then from the next one that has any.
    fn next(&mut self) -> Option<Work> {
        for _ in 0..=self.queues.len() {
            let (at, left) = self.serving;
            if left > 0
                && let Some(work) = self.queues.get_mut(at).and_then(|queue| queue.waiting.pop_front())
            {
                self.serving = (at, left - 1);
                return Some(work);
            }
            let next = (at + 1) % self.queues.len().max(1);
            self.serving = (next, self.queues.get(next).map_or(1, |queue| queue.priority.max(1)));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use tokio::sync::oneshot;

    fn executor(text: &str) -> PriorityExecutor {
        testing::with_definitions(text, |element, _| PriorityExecutor::parse(element)).expect("well made")
    }

    fn write(journal: &Arc<Mutex<Vec<i64>>>, number: i64) -> Work {
        let journal = journal.clone();
        Box::pin(async move { journal.lock().push(number) })
    }

    #[tokio::test]
    async fn a_queue_gives_as_many_as_its_priority_says() {
        let executor = executor(
            "<priorityExecutor name='e'><queues><queue size='9' priority='1'/><queue size='9' priority='2'/></queues>\
             <threads core='1' max='1'/></priorityExecutor>",
        );
        let journal = Arc::default();
        let (open, gate) = oneshot::channel::<()>();
        executor.submit(1, Box::pin(async move { drop(gate.await) })).expect("room");
        for _ in 0..3 {
            executor.submit(1, write(&journal, 1)).expect("room");
            executor.submit(2, write(&journal, 2)).expect("room");
        }
        let (done, last) = oneshot::channel::<()>();
        executor.submit(1, Box::pin(async move { done.send(()).expect("it is awaited") })).expect("room");
        open.send(()).expect("it waits");
        last.await.expect("all ran");
        assert_eq!(*journal.lock(), [2, 2, 1, 2, 1, 1]);
    }

    #[tokio::test]
    async fn what_has_no_room_is_refused() {
        let executor = executor(
            "<priorityExecutor name='e'><queues><queue size='1' priority='1'/></queues><threads core='1' max='2'/>\
             </priorityExecutor>",
        );
        let forever = || Box::pin(std::future::pending());
        for _ in 0..3 {
            // One runs, one waits, and one more runs because the queue is full.
            assert_eq!(executor.submit(1, forever()), Ok(()));
        }
        assert_eq!(executor.submit(1, forever()), Err(Exhausted));
    }

    #[test]
    fn what_is_missing_is_said_in_the_words_of_mi() {
        for (text, said) in [
            ("<priorityExecutor name='e'/>", "Queues configuration is mandatory"),
            (
                "<priorityExecutor name='e'><queues><queue size='1'/></queues></priorityExecutor>",
                "Priority must be specified",
            ),
            (
                "<priorityExecutor name='e'><queues><queue priority='1'/></queues></priorityExecutor>",
                "Queues should have a size",
            ),
        ] {
            let error = testing::with_definitions(text, |element, _| PriorityExecutor::parse(element));
            assert!(error.expect_err("wrong").to_string().contains(said));
        }
    }
}
