//! Triggers and the task runner: message processors and polling inbound endpoints use it as `<task>` does.
//!
//! Guarantees: a task never runs twice at once on a node; each fire asks the task's [`mi_coordination::Gate`] and claims
//! its slot, so that in a cluster one node fires it once; late slots are caught up one by one, and slots more than 60 s late
//! are treated as Quartz treats misfires.
//!
//! Begin reading at [`TaskScheduler`]. When a task fires is decided by [`Plan`], a value without clock; [`Cron`] is
//! Quartz's dialect. This crate knows nothing of XML and of what a task does: that is a [`Job`].

mod cron;
mod definition;
mod loggers;
mod plan;
mod runner;
mod scheduler;
mod status;
mod trigger;

pub use cron::{Cron, CronError};
pub use definition::{Fire, Job, JobResult, TaskDefinition};
pub use plan::Plan;
pub use scheduler::{ScheduleError, TaskScheduler};
pub use status::{TaskState, TaskStatus};
pub use trigger::{Trigger, TriggerError};
