//! The processors of a node, and whether they are active.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use mi_coordination::Gate;
use mi_mediation::Configuration;
use mi_scheduling::{ScheduleError, TaskDefinition, TaskScheduler};

use super::artifact::ProcessorArtifact;
use super::loggers::PROCESSOR;
use super::member::{Control, Member};
use crate::kept_state::KeptState;

/// Where the registry keeps the state of a processor (spec: tasks 0.2).
const STATE: KeptState =
    KeptState { folder: "org.apache.synapse.message.processor", property: "MESSAGE_PROCESSOR_STATE" };

/// Why a processor could not be activated or deactivated.
#[derive(Debug, thiserror::Error)]
pub enum ProcessorError {
    /// There is none of this name.
    #[error("Message processor does not exist")]
    NotFound,
    /// The cluster's database does not answer.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

/// Keeps the scheduler in step with the processors that are deployed. Clones are the same.
#[derive(Clone)]
pub struct MessageProcessors {
    inner: Arc<Inner>,
}

struct Inner {
    scheduler: TaskScheduler,
    live: Arc<ArcSwap<Configuration>>,
    known: Mutex<BTreeMap<Arc<str>, Arc<ProcessorArtifact>>>,
}

impl MessageProcessors {
    /// Processors whose tasks `scheduler` runs; at each fire they read the configuration that is live.
    pub fn new(scheduler: TaskScheduler, live: Arc<ArcSwap<Configuration>>) -> Self {
        Self { inner: Arc::new(Inner { scheduler, live, known: Mutex::default() }) }
    }

    /// Schedules the processors that are new or changed and removes those that are gone.
    pub fn follow(&self, artifacts: impl IntoIterator<Item = Arc<ProcessorArtifact>>) {
        let now: BTreeMap<_, _> = artifacts.into_iter().map(|artifact| (artifact.name.clone(), artifact)).collect();
        let before = std::mem::replace(&mut *self.inner.known(), now.clone());
        for (name, old) in &before {
            match now.get(name) {
                Some(new) if Arc::ptr_eq(old, new) => {}
                Some(new) => {
                    for task in old.tasks().skip(new.members as usize) {
                        self.inner.scheduler.remove(&task);
                    }
                }
                None => {
                    for task in old.tasks() {
                        self.inner.scheduler.remove(&task);
                    }
                    STATE.reset(&self.inner.live.load(), name);
                }
            }
        }
        for (name, processor) in now {
            if before.get(&name).is_none_or(|old| !Arc::ptr_eq(old, &processor)) {
                self.schedule(&processor);
            }
        }
    }

    fn schedule(&self, processor: &Arc<ProcessorArtifact>) {
        let active = match STATE.read(&self.inner.live.load(), &processor.name).as_deref() {
            Some("PAUSED") => false,
            Some("RUNNING") => true,
            _ => processor.active,
        };
        for task in processor.tasks() {
            let mut definition = TaskDefinition::new(task, processor.trigger.clone());
            definition.paused = !active;
            let member = Member {
                processor: processor.clone(),
                live: self.inner.live.clone(),
                control: self.inner.clone(),
                taking: tokio::sync::Mutex::default(),
            };
            self.inner.scheduler.schedule(definition, Arc::new(member));
        }
        tracing::info!(target: PROCESSOR, "Started message processor. [{}].", processor.name);
    }

    /// All processors, by name.
    pub fn list(&self) -> Vec<Arc<ProcessorArtifact>> {
        self.inner.known().values().cloned().collect()
    }

    /// The processor of a name.
    pub fn find(&self, name: &str) -> Option<Arc<ProcessorArtifact>> {
        self.inner.known().get(name).cloned()
    }

    /// Whether a processor is active, on this node or, in a cluster, anywhere.
    ///
    /// # Errors
    /// [`ProcessorError::NotFound`], or the cluster's database does not answer.
    pub async fn is_active(&self, name: &str) -> Result<bool, ProcessorError> {
        let processor = self.find(name).ok_or(ProcessorError::NotFound)?;
        for task in processor.tasks() {
            if self.inner.scheduler.is_active(&task).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets a processor run again, wherever it belongs.
    ///
    /// # Errors
    /// [`ProcessorError::NotFound`], or the cluster's database does not answer.
    pub async fn activate(&self, name: &str) -> Result<(), ProcessorError> {
        let processor = self.find(name).ok_or(ProcessorError::NotFound)?;
        for task in processor.tasks() {
            self.inner.scheduler.activate(&task).await?;
        }
        STATE.write(&self.inner.live.load(), name, "RUNNING");
        tracing::info!(target: PROCESSOR, "Successfully re-activated the message processor [{name}]");
        Ok(())
    }

    /// Pauses a processor, wherever it runs. An attempt that is being made ends; its message stays unless it was delivered.
    ///
    /// # Errors
    /// [`ProcessorError::NotFound`], or the cluster's database does not answer.
    pub async fn deactivate(&self, name: &str) -> Result<(), ProcessorError> {
        let processor = self.find(name).ok_or(ProcessorError::NotFound)?;
        self.inner.pause(&processor).await?;
        Ok(())
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<ProcessorArtifact>>> {
        // Nothing that can panic runs under the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pause(&self, processor: &ProcessorArtifact) -> Result<(), ScheduleError> {
        for task in processor.tasks() {
            self.scheduler.deactivate(&task).await?;
        }
        STATE.write(&self.live.load(), &processor.name, "PAUSED");
        tracing::info!(target: PROCESSOR, "Successfully deactivated the message processor [{}]", processor.name);
        Ok(())
    }
}

impl Control for Inner {
    fn gate(&self, task: &str) -> Option<Gate> {
        self.scheduler.gate(task)
    }

    fn deactivate<'a>(&'a self, processor: &'a ProcessorArtifact) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            if let Err(error) = self.pause(processor).await {
                tracing::error!(
                    target: PROCESSOR, "The message processor [{}] could not be deactivated: {error}", processor.name
                );
            }
        })
    }
}
