//! The scheduled tasks of a node: from deployed artifacts to the scheduler, in the cluster when there is one.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use mi_mediation::Configuration;
use mi_scheduling::{Fire, Job, JobResult, ScheduleError, TaskScheduler};

use crate::kept_state::KeptState;
use crate::task::TaskArtifact;

/// Where the registry keeps the state of a task (spec: tasks 0.2).
const STATE: KeptState = KeptState { folder: "org.apache.synapse.startup", property: "TASK_STATE" };

/// Keeps the scheduler in step with the tasks that are deployed. Clones are the same.
#[derive(Clone)]
pub struct ScheduledTasks {
    inner: Arc<Inner>,
}

struct Inner {
    scheduler: TaskScheduler,
    live: Arc<ArcSwap<Configuration>>,
    known: Mutex<BTreeMap<Arc<str>, Arc<TaskArtifact>>>,
}

impl ScheduledTasks {
    /// Tasks of this node, which read the configuration that is live at each fire.
    pub fn new(scheduler: TaskScheduler, live: Arc<ArcSwap<Configuration>>) -> Self {
        Self { inner: Arc::new(Inner { scheduler, live, known: Mutex::default() }) }
    }

    /// Schedules the tasks that are new or changed and removes those that are gone.
    pub fn follow(&self, artifacts: impl IntoIterator<Item = Arc<TaskArtifact>>) {
        let named = artifacts.into_iter().map(|task| (task.definition.name.clone(), task));
        let now: BTreeMap<Arc<str>, Arc<TaskArtifact>> = named.collect();
        let before = std::mem::replace(&mut *self.inner.known(), now.clone());
        for name in before.keys().filter(|name| !now.contains_key(*name)) {
            self.inner.scheduler.remove(name);
        }
        for (name, task) in now {
            if before.get(&name).is_some_and(|known| Arc::ptr_eq(known, &task)) {
                continue;
            }
            let mut definition = task.definition.clone();
            definition.paused = self.inner.is_kept_inactive(&name);
            let job = Arc::new(Injection { task, live: self.inner.live.clone() });
            self.inner.scheduler.schedule(definition, job);
        }
    }

    /// The task of a name.
    pub fn find(&self, name: &str) -> Option<Arc<TaskArtifact>> {
        self.inner.known().get(name).cloned()
    }

    /// Lets a paused task run again, wherever in the cluster it belongs.
    ///
    /// # Errors
    /// As [`TaskScheduler::activate`].
    pub async fn activate(&self, name: &str) -> Result<(), ScheduleError> {
        self.inner.scheduler.activate(name).await?;
        STATE.write(&self.inner.live.load(), name, "ACTIVE");
        Ok(())
    }

    /// Pauses a task, wherever in the cluster it runs.
    ///
    /// # Errors
    /// As [`TaskScheduler::deactivate`].
    pub async fn deactivate(&self, name: &str) -> Result<(), ScheduleError> {
        self.inner.scheduler.deactivate(name).await?;
        STATE.write(&self.inner.live.load(), name, "INACTIVE");
        Ok(())
    }

    /// Executes a task once more, now.
    ///
    /// # Errors
    /// As [`TaskScheduler::trigger`].
    pub fn trigger(&self, name: &str) -> Result<(), ScheduleError> {
        self.inner.scheduler.trigger(name)
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<TaskArtifact>>> {
        // Nothing that can panic runs under the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_kept_inactive(&self, name: &str) -> bool {
        STATE.read(&self.live.load(), name).as_deref() == Some("INACTIVE")
    }
}

/// What a task does.
struct Injection {
    task: Arc<TaskArtifact>,
    live: Arc<ArcSwap<Configuration>>,
}

impl Job for Injection {
    fn run(&self, fire: Fire) -> Pin<Box<dyn Future<Output = JobResult> + Send + '_>> {
        Box::pin(async move {
            let configuration = self.live.load_full();
            Ok(self.task.injector.inject(&fire.task, configuration).await?)
        })
    }
}
