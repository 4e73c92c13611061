//! One task's life on this node: wait for the gate, fire slot after slot, stop when the gate closes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mi_coordination::{Claim, Close, Gate, Opening, Standing};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::{error, info};

use crate::definition::{Fire, Job, TaskDefinition};
use crate::loggers;
use crate::plan::Plan;

/// The longest sleep: a cluster's time may be corrected, and a wait is measured on the node's own clock.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What the runner lets others see.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) last: Option<i64>,
    pub(crate) next: Option<i64>,
    pub(crate) fired: u64,
}

pub(crate) struct Runner {
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) job: Arc<dyn Job>,
    pub(crate) plan: Plan,
    pub(crate) gate: Gate,
    pub(crate) seen: Arc<Mutex<Seen>>,
    /// Requests for an extra execution.
    pub(crate) extra: mpsc::UnboundedReceiver<()>,
    /// Whether the scheduler has begun; before that nothing fires.
    pub(crate) begun: watch::Receiver<bool>,
    /// Closed when the task is removed or replaced.
    pub(crate) retired: watch::Receiver<()>,
    /// How many fires there have been, by all nodes as far as known.
    pub(crate) fired: u64,
}

/// What ended a wait.
enum Woken {
    Time,
    Extra,
    Changed,
    Retired,
}

impl Runner {
    pub(crate) async fn run(mut self) {
        if self.begun.wait_for(|begun| *begun).await.is_err() {
            return;
        }
        let mut standing = self.gate.standing();
        let mut was_open = false;
        loop {
            let now_standing = standing.borrow_and_update().clone();
            match now_standing {
                Standing::Open(opening) => {
                    was_open = true;
                    if !self.fire_while_open(&opening, &mut standing).await {
                        break;
                    }
                }
                Standing::Closed(reason) => {
                    if was_open && reason == Some(Close::Paused) {
                        info!(target: loggers::TASK_MANAGER, "Task paused: [ESB_TASK][{}]", self.definition.name);
                    }
                    was_open = false;
                    tokio::select! {
                        changed = standing.changed() => if changed.is_err() { break },
                        _ = self.retired.changed() => break,
                    }
                }
            }
        }
        self.see().next = None;
    }

    /// Fires until the standing changes. False when the task is retired.
    async fn fire_while_open(&mut self, opening: &Opening, standing: &mut watch::Receiver<Standing>) -> bool {
        let name = self.definition.name.clone();
        if opening.resumed {
            info!(target: loggers::TASK_MANAGER, "Task resumed: [ESB_TASK][{name}]");
        } else {
            info!(target: loggers::TASK_MANAGER, "Task scheduled: [ESB_TASK][{name}].");
        }
        self.fired = self.fired.max(opening.fired);
        let last = self.see().last.max(opening.last_slot);
        self.plan.begin(self.gate.now(), last);
        loop {
            if self.is_exhausted() {
                self.gate.completed();
                return self.until_changed(standing).await;
            }
            self.see().next = self.plan.next();
            match self.wait(standing).await {
                Woken::Time => {
                    if let Some(slot) = self.plan.due(self.gate.now()) {
                        self.fire(slot, standing).await;
                    }
                }
                Woken::Extra => self.fire_extra().await,
                Woken::Changed => break,
                Woken::Retired => return false,
            }
        }
        self.see().next = None;
        true
    }

    fn is_exhausted(&self) -> bool {
        self.definition.trigger.count().is_some_and(|count| self.fired >= count)
    }

    async fn wait(&mut self, standing: &mut watch::Receiver<Standing>) -> Woken {
        let pause = match self.plan.next() {
            Some(slot) => {
                let millis = u64::try_from(slot.saturating_sub(self.gate.now())).unwrap_or(0);
                Duration::from_millis(millis).min(LONGEST_SLEEP)
            }
            // A cron expression without a further match: only an extra execution is left.
            None => LONGEST_SLEEP,
        };
        tokio::select! {
            biased;
            _ = self.retired.changed() => Woken::Retired,
            // The scheduler is gone when nobody can ask for anything any more.
            changed = standing.changed() => if changed.is_ok() { Woken::Changed } else { Woken::Retired },
            Some(()) = self.extra.recv() => Woken::Extra,
            () = sleep(pause) => Woken::Time,
        }
    }

    /// After the last fire: waits until the gate tells what comes next.
    async fn until_changed(&mut self, standing: &mut watch::Receiver<Standing>) -> bool {
        self.see().next = None;
        tokio::select! {
            changed = standing.changed() => changed.is_ok(),
            _ = self.retired.changed() => false,
        }
    }

    async fn fire(&mut self, slot: i64, standing: &watch::Receiver<Standing>) {
        let Some(pass) = self.gate.enter() else {
            self.until_lease(standing).await;
            return;
        };
        match self.gate.claim(slot, self.definition.trigger.count()).await {
            Claim::Granted => {
                self.fired += 1;
                self.execute(slot, false).await;
            }
            // It was fired before, or may have been: never a second time.
            Claim::Taken | Claim::Unavailable | Claim::Closed => {}
            Claim::Exhausted => self.fired = self.definition.trigger.count().unwrap_or(self.fired),
        }
        drop(pass);
        self.plan.fired(slot);
    }

    async fn fire_extra(&mut self) {
        if let Some(pass) = self.gate.enter() {
            self.execute(self.gate.now(), true).await;
            drop(pass);
        }
    }

    /// The lease has ended although the task is still this node's: waits for either to change.
    async fn until_lease(&mut self, standing: &watch::Receiver<Standing>) {
        let mut standing = standing.clone();
        tokio::select! {
            () = self.gate.lease() => {}
            _ = standing.changed() => {}
            _ = self.retired.changed() => {}
        }
    }

    async fn execute(&mut self, slot: i64, extra: bool) {
        {
            let mut seen = self.see();
            if !extra {
                seen.last = Some(slot);
            }
            seen.fired += 1;
        }
        let fire = Fire { task: self.definition.name.clone(), slot, extra };
        if let Err(error) = self.job.run(fire).await {
            error!(target: loggers::JOB, "Error in executing task: {error}");
        }
    }

    fn see(&self) -> MutexGuard<'_, Seen> {
        // Nothing that can panic runs under the lock.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
