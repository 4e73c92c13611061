//! What is known of a task on this node.

use std::sync::Arc;

use crate::trigger::Trigger;

/// A task's state on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// It is scheduled here.
    Active,
    /// Another node has it, or none yet, or the lease has ended.
    Standby,
    /// It was paused here.
    Paused,
    /// It has fired as often as it was to.
    Completed,
    /// Other servers are named in its `pinnedServers`.
    PinnedElsewhere,
    /// It can never fire, and why.
    Invalid(String),
}

/// A task as this node sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// The name.
    pub name: Arc<str>,
    /// The group.
    pub group: Option<String>,
    /// The trigger.
    pub trigger: Trigger,
    /// Whether the cluster coordinates it (it is not pinned, and there is a cluster).
    pub coordinated: bool,
    /// The state.
    pub state: TaskState,
    /// The slot of the last fire on this node, milliseconds since 1970.
    pub last_fire: Option<i64>,
    /// The slot of the next fire while it is scheduled here.
    pub next_fire: Option<i64>,
    /// How often it fired on this node.
    pub fired_here: u64,
}
