//! What a task is, independent of where its definition was written.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::trigger::Trigger;

/// A task's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinition {
    /// The name: unique on the node, and in the cluster the same task.
    pub name: Arc<str>,
    /// The group: informative.
    pub group: Option<String>,
    /// When it fires.
    pub trigger: Trigger,
    /// The servers that run it, all of them and outside of the cluster's coordination; empty for a coordinated task.
    pub pinned_servers: Vec<String>,
    /// Whether every node runs it, outside of the cluster's coordination.
    pub local: bool,
    /// Whether it begins paused.
    pub paused: bool,
}

impl TaskDefinition {
    /// A coordinated task that begins active.
    pub fn new(name: impl Into<Arc<str>>, trigger: Trigger) -> Self {
        Self { name: name.into(), group: None, trigger, pinned_servers: Vec::new(), local: false, paused: false }
    }

    /// Splits the attribute `pinnedServers`, on blanks and commas.
    pub fn pinned(attribute: &str) -> Vec<String> {
        attribute.split([' ', ',', '\t', '\n']).filter(|server| !server.is_empty()).map(str::to_owned).collect()
    }
}

/// One execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fire {
    /// The task.
    pub task: Arc<str>,
    /// The scheduled time in milliseconds since 1970, in the cluster's time; the present for an extra execution.
    pub slot: i64,
    /// Whether somebody asked for this execution, rather than the schedule.
    pub extra: bool,
}

/// What a job comes to: an error is logged, and the task goes on.
pub type JobResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// What a task does. The next execution waits for the future to end.
pub trait Job: Send + Sync {
    /// Executes the task once.
    fn run(&self, fire: Fire) -> Pin<Box<dyn Future<Output = JobResult> + Send + '_>>;
}
