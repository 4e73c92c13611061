//! What a node needs to know to take part.

use std::sync::Arc;
use std::time::Duration;

use crate::protocol::{NodeName, Resolver, Timing};

/// A node's place in a cluster.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The node's id; MI makes a random UUID when none is configured.
    pub node: NodeName,
    /// Clusters that share a database are told apart by it; MI's default is `default`.
    pub group: Arc<str>,
    /// The pause between heartbeats; MI's default is 5 s.
    pub heartbeat_interval: Duration,
    /// A node has left when its heartbeat is older than so many intervals; MI's default is 3.
    pub heartbeat_max_retry: u32,
    /// The pause between resolver rounds; MI's default is 2 s.
    pub resolving_period: Duration,
    /// The leader cleans up in every so-manieth round; MI's default is 5.
    pub resolving_frequency: u32,
    /// Who gets which task.
    pub resolver: Resolver,
    /// Whether each fire claims its slot in the database (`fire_guard = "claim"`, the default) or only checks the lease.
    pub claim_slots: bool,
    /// The most database connections, 2 or more; on PostgreSQL there is one more that listens.
    pub connections: usize,
}

impl ClusterOptions {
    /// MI's defaults for a node.
    pub fn new(node: impl Into<NodeName>) -> Self {
        Self {
            node: node.into(),
            group: Arc::from("default"),
            heartbeat_interval: Duration::from_secs(5),
            heartbeat_max_retry: 3,
            resolving_period: Duration::from_secs(2),
            resolving_frequency: 5,
            resolver: Resolver::ActivePassive,
            claim_slots: true,
            connections: 8,
        }
    }

    /// The protocol's durations.
    pub fn timing(&self) -> Timing {
        Timing::new(self.heartbeat_interval, self.heartbeat_max_retry, self.resolving_period, self.resolving_frequency)
    }
}
