//! The time limits on a peer that says nothing, or not what is waited for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Ends a silence. It costs nothing while data flows: the timer is not moved at each read or write, but looks, when it
/// fires, whether the present silence is old enough.
#[derive(Debug)]
pub(crate) struct Silence {
    limit: Duration,
    since: Option<Instant>,
    /// When it is too late whatever the peer has said meanwhile.
    deadline: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    /// Nothing has begun yet.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, since: None, deadline: None, timer: None }
    }

    /// Changes the limit, and counts anew.
    pub(crate) fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
        self.broken();
    }

    /// Sets a deadline beside the limit, or takes it away.
    pub(crate) fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Whether the deadline has passed.
    pub(crate) fn is_overdue(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Ready when the silence that began at the first call after [`Silence::broken`] has lasted for the limit, or when
    /// the deadline has passed.
    pub(crate) fn poll_too_long(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due = *self.since.get_or_insert_with(Instant::now) + self.limit;
        let due = self.deadline.map_or(due, |deadline| deadline.min(due));
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }

    /// There is a sign of life.
    pub(crate) fn broken(&mut self) {
        self.since = None;
    }
}
