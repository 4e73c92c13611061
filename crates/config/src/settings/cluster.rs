//! `[cluster_config]`, `[task_handling]`, `[[task_resolver]]` and the heartbeat's properties.

use std::time::Duration;

use super::read::Reader;
use crate::system::SystemProperties;

/// Who this node is and how it shows that it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The node's id from the property `nodeId`, else the variable `nodeId`, else `cluster_config.node_id`; `None`
    /// when all are absent: a random UUID is to be made.
    pub node_id: Option<String>,
    /// Clusters that share a database are told apart by it; `default` unless `localGroupId` says otherwise.
    pub group: String,
    /// The pause between heartbeats; 5 s unless `heartBeatInterval` (milliseconds) says otherwise.
    pub heartbeat_interval: Duration,
    /// A node has left when its heartbeat is older than this many intervals; 3 unless `heartbeatMaxRetry` says
    /// otherwise.
    pub heartbeat_max_retry: u32,
}

/// `[task_handling]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskHandling {
    /// The pause between resolver rounds; 2 s by default.
    pub resolving_period: Duration,
    /// The leader cleans the task table every so many rounds; 5 by default.
    pub resolving_frequency: u32,
    /// The resolver's class; the last segment decides.
    pub resolver_class: String,
    /// What makes sure that a slot is fired once.
    pub fire_guard: FireGuard,
    /// Whether the activation of message processors is kept in the database.
    pub persist_message_processor_state: bool,
}

/// What makes sure that a slot of a coordinated task is fired once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FireGuard {
    /// Each fire claims its slot with one conditional statement.
    Claim,
    /// Each fire only checks the node's lease.
    Lease,
}

/// The first row of `[[task_resolver]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskResolver {
    /// The nodes that the round robin waits for, as written.
    pub task_server_count: Option<String>,
    /// The nodes that may run tasks, as written.
    pub task_nodes: Option<String>,
}

pub(super) fn cluster(reader: &Reader<'_>, system: &SystemProperties, mut warn: impl FnMut(String)) -> Cluster {
    let mut number = |name: &str, default: u32| match system.property_or_environment(name) {
        None => default,
        Some(text) => text.trim().parse().ok().filter(|n| *n >= 1).unwrap_or_else(|| {
            warn(format!("{name} is {text:?}, expected a whole number, 1 or more; {default} is used"));
            default
        }),
    };
    Cluster {
        heartbeat_interval: Duration::from_millis(number("heartBeatInterval", 5000).into()),
        heartbeat_max_retry: number("heartbeatMaxRetry", 3),
        node_id: system
            .property_or_environment("nodeId")
            .map(str::to_owned)
            .or_else(|| reader.maybe_text("cluster_config.node_id")),
        group: system.property_or_environment("localGroupId").unwrap_or("default").to_owned(),
    }
}

pub(super) fn task_handling(reader: &Reader<'_>, mut warn: impl FnMut(&str, String)) -> TaskHandling {
    let mut at_least_one = |key: &str, default: u32| {
        reader.maybe_number::<u32>(key).filter(|n| *n >= 1).unwrap_or_else(|| {
            let found = reader.text(key);
            warn(key, format!("{key} is {found}, expected a whole number, 1 or more; the default {default} is used"));
            default
        })
    };
    TaskHandling {
        resolving_period: Duration::from_secs(at_least_one("task_handling.resolving_period", 2).into()),
        resolving_frequency: at_least_one("task_handling.resolving_frequency", 5),
        resolver_class: reader.text("task_handling.resolver_class"),
        fire_guard: if reader.text("task_handling.fire_guard").eq_ignore_ascii_case("lease") {
            FireGuard::Lease
        } else {
            FireGuard::Claim
        },
        persist_message_processor_state: reader.flag("task_handling.persist_message_processor_state"),
    }
}

pub(super) fn task_resolver(reader: &Reader<'_>) -> TaskResolver {
    TaskResolver {
        task_server_count: reader.maybe_text("task_resolver[0].task_server_count"),
        task_nodes: reader.maybe_text("task_resolver[0].task_nodes"),
    }
}
