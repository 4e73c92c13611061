//! The tasks of a node.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mi_coordination::store::StoreError;
use mi_coordination::{Close, Coordinator, Gate, Standing};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::definition::{Job, TaskDefinition};
use crate::loggers;
use crate::plan::Plan;
use crate::runner::{Runner, Seen};
use crate::status::{TaskState, TaskStatus};
use crate::trigger::Trigger;

/// Why something could not be done with a task.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// There is no such task here.
    #[error("Specified task ('{0}') not found")]
    NotFound(String),
    /// An extra execution of a task that does not run here.
    #[error("Cannot trigger the task: {0} as it is not active.")]
    NotActive(String),
    /// The coordination database does not answer.
    #[error(transparent)]
    Coordination(#[from] StoreError),
}

/// Schedules tasks. Clones are the same scheduler.
#[derive(Clone)]
pub struct TaskScheduler {
    inner: Arc<Inner>,
}

struct Inner {
    coordinator: Coordinator,
    /// Gates of tasks that no cluster coordinates: always open, of pinned ones on the servers that are named.
    local: Coordinator,
    server_names: Vec<String>,
    tasks: Mutex<BTreeMap<Arc<str>, Entry>>,
    begun: watch::Sender<bool>,
}

struct Entry {
    definition: Arc<TaskDefinition>,
    kind: Kind,
}

enum Kind {
    Running(Running),
    PinnedElsewhere,
    Invalid(String),
}

struct Running {
    gate: Gate,
    seen: Arc<Mutex<Seen>>,
    extra: mpsc::UnboundedSender<()>,
    /// Dropped, it ends the runner, after the execution that is running.
    retire: watch::Sender<()>,
    runner: JoinHandle<()>,
}

impl TaskScheduler {
    /// A scheduler that fires nothing until [`TaskScheduler::begin`]. A pinned task runs here when one of `server_names` is
    /// in its list: the configured server name, else the host's name.
    pub fn new(coordinator: Coordinator, server_names: Vec<String>) -> Self {
        let inner = Inner {
            coordinator,
            local: Coordinator::local(),
            server_names,
            tasks: Mutex::default(),
            begun: watch::Sender::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The cluster that the tasks belong to.
    pub fn coordinator(&self) -> &Coordinator {
        &self.inner.coordinator
    }

    /// Lets tasks fire: the server has finished its start.
    pub fn begin(&self) {
        self.inner.begun.send_replace(true);
    }

    /// Schedules a task, or replaces the one of this name. A task that can never fire is kept and says so in its status,
    /// as MI does. Must be called inside a tokio runtime.
    pub fn schedule(&self, definition: TaskDefinition, job: Arc<dyn Job>) {
        let definition = Arc::new(definition);
        let name = definition.name.clone();
        let mut tasks = self.inner.tasks();
        let mut before = None;
        if let Some(old) = tasks.remove(&name) {
            // With another trigger it is another task: what was counted for the old one does not count for it.
            if old.definition.trigger != definition.trigger || is_local(&old.definition) != is_local(&definition) {
                self.inner.unregister(&old.definition);
            }
            before = old.kind.retire();
        }
        let kind = self.kind(&definition, job, before);
        tasks.insert(name, Entry { definition, kind });
    }

    fn kind(&self, definition: &Arc<TaskDefinition>, job: Arc<dyn Job>, before: Option<JoinHandle<()>>) -> Kind {
        let name = &definition.name;
        if !definition.pinned_servers.is_empty()
            && !definition.pinned_servers.iter().any(|server| self.inner.server_names.contains(server))
        {
            info!(
                target: loggers::NTASK,
                "Server name not in pinned servers list. Not starting Task : {name}"
            );
            return Kind::PinnedElsewhere;
        }
        if let Trigger::Never(reason) = definition.trigger {
            warn!(target: loggers::NTASK, "The task {name} never fires: {reason}");
            return Kind::Invalid(reason.to_owned());
        }
        let mut plan = match Plan::new(&definition.trigger) {
            Ok(plan) => plan,
            Err(error) => return failed(definition, &error.to_string()),
        };
        let coordinator = self.inner.coordinator_for(definition);
        let gate = coordinator.register(name.clone(), definition.paused);
        plan.begin(gate.now(), None);
        if plan.next().is_none() {
            coordinator.unregister(name);
            return failed(definition, "it never fires");
        }
        if definition.paused {
            info!(target: loggers::TASK_MANAGER, "Task scheduled: [ESB_TASK][{name}] [Paused].");
        }
        let (extra, requests) = mpsc::unbounded_channel();
        let (retire, retired) = watch::channel(());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let runner = Runner {
            definition: definition.clone(),
            job,
            plan,
            gate: gate.clone(),
            seen: seen.clone(),
            extra: requests,
            begun: self.inner.begun.subscribe(),
            retired,
            fired: 0,
        };
        let runner = tokio::spawn(async move {
            if let Some(before) = before {
                // The replaced task's last execution ends first; that it panicked is no reason not to go on.
                let _ = before.await;
            }
            runner.run().await;
        });
        Kind::Running(Running { gate, seen, extra, retire, runner })
    }

    /// Removes a task that is undeployed; a fire that is running ends. False when there is none of this name.
    pub fn remove(&self, name: &str) -> bool {
        let Some(entry) = self.inner.tasks().remove(name) else { return false };
        self.inner.unregister(&entry.definition);
        info!(target: loggers::TASK_MANAGER, "Task deleted: [ESB_TASK][{name}]");
        true
    }

    /// Lets a paused task run again, wherever in the cluster it belongs.
    ///
    /// # Errors
    /// [`ScheduleError::NotFound`], or [`ScheduleError::Coordination`] when the database does not answer.
    pub async fn activate(&self, name: &str) -> Result<(), ScheduleError> {
        let coordinator = self.coordinator_of(name)?;
        info!(target: loggers::NTASK, "Activating the Task: {name}");
        match coordinator.activate(name).await {
            Ok(()) => info!(target: loggers::NTASK, "Task [{name}] is successfully activated."),
            Err(error) => {
                error!(target: loggers::NTASK, "Failed to activate the Task: {name}");
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Pauses a task, wherever in the cluster it runs.
    ///
    /// # Errors
    /// [`ScheduleError::NotFound`], or [`ScheduleError::Coordination`] when the database does not answer.
    pub async fn deactivate(&self, name: &str) -> Result<(), ScheduleError> {
        let coordinator = self.coordinator_of(name)?;
        info!(target: loggers::NTASK, "Deactivating the Task: {name}");
        match coordinator.deactivate(name).await {
            Ok(()) => info!(target: loggers::NTASK, "Task [{name}] is successfully deactivated."),
            Err(error) => {
                error!(target: loggers::NTASK, "Failed to deactivate the Task: {name}");
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Executes a task once more, now (or as soon as the execution that is running has ended).
    ///
    /// # Errors
    /// [`ScheduleError::NotFound`], or [`ScheduleError::NotActive`] when the task does not run on this node.
    pub fn trigger(&self, name: &str) -> Result<(), ScheduleError> {
        let tasks = self.inner.tasks();
        let entry = tasks.get(name).ok_or_else(|| ScheduleError::NotFound(name.to_owned()))?;
        match &entry.kind {
            Kind::Running(Running { gate, extra, .. }) if gate.is_open() && extra.send(()).is_ok() => {
                info!(target: loggers::NTASK, "Triggering the Task: {name}");
                Ok(())
            }
            _ => Err(ScheduleError::NotActive(name.to_owned())),
        }
    }

    /// The gate of a task that may run here: what acts for it while it is being executed asks again before each act.
    pub fn gate(&self, name: &str) -> Option<Gate> {
        match &self.inner.tasks().get(name)?.kind {
            Kind::Running(running) => Some(running.gate.clone()),
            Kind::PinnedElsewhere | Kind::Invalid(_) => None,
        }
    }

    /// Whether the task is to run: on this node, or, in a cluster, on any.
    ///
    /// # Errors
    /// [`ScheduleError::NotFound`], or [`ScheduleError::Coordination`] when the database does not answer.
    pub async fn is_active(&self, name: &str) -> Result<bool, ScheduleError> {
        let status = self.status(name).ok_or_else(|| ScheduleError::NotFound(name.to_owned()))?;
        if !status.coordinated {
            return Ok(status.state == TaskState::Active);
        }
        let row = self.inner.coordinator.task_status(name).await?;
        Ok(row.is_some_and(|row| row.state == mi_coordination::protocol::TaskState::Running))
    }

    /// A task as this node sees it.
    pub fn status(&self, name: &str) -> Option<TaskStatus> {
        self.inner.tasks().get(name).map(|entry| self.inner.status_of(entry))
    }

    /// All tasks as this node sees them, by name.
    pub fn statuses(&self) -> Vec<TaskStatus> {
        self.inner.tasks().values().map(|entry| self.inner.status_of(entry)).collect()
    }

    /// Stops: running fires end, within the limit, and in a cluster the node hands its tasks over and leaves.
    pub async fn stop(&self, patience: std::time::Duration) {
        info!(
            target: loggers::SCHEDULED,
            "Graceful scheduler shutdown initiated. Waiting for tasks to finish..."
        );
        tokio::join!(self.inner.coordinator.leave(patience), self.inner.local.leave(patience));
        self.inner.tasks().clear();
        info!(target: loggers::SCHEDULED, "Scheduler terminated cleanly.");
    }

    fn coordinator_of(&self, name: &str) -> Result<Coordinator, ScheduleError> {
        let tasks = self.inner.tasks();
        let entry = tasks.get(name).ok_or_else(|| ScheduleError::NotFound(name.to_owned()))?;
        Ok(self.inner.coordinator_for(&entry.definition).clone())
    }
}

impl Kind {
    /// Ends the runner, if there is one; its handle ends with its last execution.
    fn retire(self) -> Option<JoinHandle<()>> {
        match self {
            Self::Running(Running { retire, runner, .. }) => {
                drop(retire);
                Some(runner)
            }
            Self::PinnedElsewhere | Self::Invalid(_) => None,
        }
    }
}

impl Inner {
    fn tasks(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Entry>> {
        // Nothing that can panic runs under the lock.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn coordinator_for(&self, definition: &TaskDefinition) -> &Coordinator {
        if is_local(definition) { &self.local } else { &self.coordinator }
    }

    fn unregister(&self, definition: &TaskDefinition) {
        self.coordinator_for(definition).unregister(&definition.name);
    }

    fn status_of(&self, entry: &Entry) -> TaskStatus {
        let definition = &entry.definition;
        let mut status = TaskStatus {
            name: definition.name.clone(),
            group: definition.group.clone(),
            trigger: definition.trigger.clone(),
            coordinated: !is_local(definition) && self.coordinator.is_clustered(),
            state: TaskState::PinnedElsewhere,
            last_fire: None,
            next_fire: None,
            fired_here: 0,
        };
        match &entry.kind {
            Kind::PinnedElsewhere => {}
            Kind::Invalid(reason) => status.state = TaskState::Invalid(reason.clone()),
            Kind::Running(Running { gate, seen, .. }) => {
                status.state = match &*gate.standing().borrow() {
                    Standing::Open(_) if gate.is_open() => TaskState::Active,
                    Standing::Closed(Some(Close::Paused)) => TaskState::Paused,
                    Standing::Closed(Some(Close::Completed)) => TaskState::Completed,
                    _ => TaskState::Standby,
                };
                let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                (status.last_fire, status.next_fire, status.fired_here) = (seen.last, seen.next, seen.fired);
            }
        }
        status
    }
}

/// Whether the cluster has no say in where the task runs.
fn is_local(definition: &TaskDefinition) -> bool {
    definition.local || !definition.pinned_servers.is_empty()
}

fn failed(definition: &TaskDefinition, reason: &str) -> Kind {
    let group = definition.group.as_deref().unwrap_or("null");
    let expression = match &definition.trigger {
        Trigger::Cron(text) => text.as_str(),
        Trigger::Interval { .. } | Trigger::Never(_) => "",
    };
    error!(
        target: loggers::NTASK,
        "Scheduling task [[NTask::-1234::{}]::{group}] FAILED. Error: CronExpression '{expression}' is invalid. ({reason})",
        definition.name
    );
    Kind::Invalid(reason.to_owned())
}
