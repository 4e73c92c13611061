//! The node, as the rest of the server sees it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::driver::Driver;
use crate::gate::{Gate, Shared};
use crate::options::ClusterOptions;
use crate::protocol::{Close, Epoch, Event, NodeName, Request, TaskName};
use crate::store::{Address, ClusterStatus, SqlStore, Store, StoreError, StoreOptions, TaskStatus};

/// Hands out gates. Clones are the same node.
#[derive(Clone)]
pub struct Coordinator {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    gates: Mutex<HashMap<TaskName, Gate>>,
    cluster: Option<ClusterSide>,
}

struct ClusterSide {
    store: Arc<SqlStore>,
    events: mpsc::UnboundedSender<Event>,
    view: watch::Receiver<View>,
    drain: watch::Sender<Duration>,
    timeout: Duration,
}

/// What this node knows of its cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Whether the node is a member.
    pub joined: bool,
    /// The leader, as far as known.
    pub leader: Option<NodeName>,
    /// The own leadership, if the node leads.
    pub leading: Option<Epoch>,
    /// The other nodes.
    pub others: BTreeSet<NodeName>,
    /// Whether the database does not answer and the lease has ended: coordinated tasks are paused.
    pub unresponsive: bool,
    /// Whether the node has left for good.
    pub left: bool,
}

impl Coordinator {
    /// A node without a cluster: every gate is open unless its task is paused.
    pub fn local() -> Self {
        let inner = Inner { shared: Arc::new(Shared::local()), gates: Mutex::default(), cluster: None };
        Self { inner: Arc::new(inner) }
    }

    /// A node of a cluster. It joins in the background, for as long as it takes the database to answer; until then its
    /// gates are closed. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError`] when the address cannot be used at all.
    pub fn start(address: Address, options: ClusterOptions) -> Result<Self, StoreError> {
        let timing = options.timing();
        let store = Arc::new(SqlStore::new(
            address,
            StoreOptions {
                group: options.group.clone(),
                node: options.node.clone(),
                expiry: timing.expiry,
                connections: options.connections,
            },
        )?);
        let (events, received) = mpsc::unbounded_channel();
        let (view, seen) = watch::channel(View::default());
        let (drain, draining) = watch::channel(Duration::ZERO);
        let claims: Arc<dyn Store> = store.clone();
        let shared = Shared::clustered(claims, events.clone(), options.claim_slots, timing.timeout);
        let side = ClusterSide { store: store.clone(), events, view: seen, drain, timeout: timing.timeout };
        let inner = Inner { shared: Arc::new(shared), gates: Mutex::default(), cluster: Some(side) };
        let coordinator = Self { inner: Arc::new(inner) };
        Driver::spawn(&coordinator.inner, store, options, received, view, draining);
        Ok(coordinator)
    }

    /// Whether there is a cluster.
    pub fn is_clustered(&self) -> bool {
        self.inner.cluster.is_some()
    }

    /// Makes a task known and returns its gate; a task that is known already keeps its gate and its state.
    pub fn register(&self, task: impl Into<TaskName>, paused: bool) -> Gate {
        let task = task.into();
        let (gate, new) = {
            let mut gates = self.inner.gates();
            let new = !gates.contains_key(&task);
            let gate =
                gates.entry(task.clone()).or_insert_with(|| Gate::new(task.clone(), self.inner.shared.clone())).clone();
            (gate, new)
        };
        match &self.inner.cluster {
            Some(cluster) => {
                let _ = cluster.events.send(Event::Deploy { task, paused });
            }
            None if new && !paused => gate.open(None, 0, false, None),
            None if new => gate.close(Close::Paused),
            None => {}
        }
        gate
    }

    /// Forgets a task that is undeployed: it is deleted from the cluster's table too.
    pub fn unregister(&self, task: &str) {
        let Some(gate) = self.inner.gates().remove(task) else { return };
        match &self.inner.cluster {
            Some(cluster) => {
                gate.close(Close::Deleted);
                let _ = cluster.events.send(Event::Undeploy { task: gate.task().clone() });
            }
            None => gate.close(Close::Deleted),
        }
    }

    /// Pauses a task, wherever it runs. On this node it is paused at once, on another one in that node's next round.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer: then nothing has changed.
    pub async fn deactivate(&self, task: &str) -> Result<(), StoreError> {
        let task = TaskName::from(task);
        match &self.inner.cluster {
            Some(cluster) => {
                let _ = cluster.events.send(Event::Deactivate { task: task.clone() });
                let asked = cluster.ask(Request::Deactivate { task: task.clone() }).await;
                if asked.is_err() {
                    let _ = cluster.events.send(Event::Activate { task });
                }
                asked
            }
            None => {
                if let Some(gate) = self.inner.gate(&task) {
                    gate.close(Close::Paused);
                }
                Ok(())
            }
        }
    }

    /// Lets a paused task run again, wherever it belongs.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer: then nothing has changed.
    pub async fn activate(&self, task: &str) -> Result<(), StoreError> {
        let task = TaskName::from(task);
        match &self.inner.cluster {
            Some(cluster) => {
                cluster.ask(Request::Activate { task: task.clone() }).await?;
                let _ = cluster.events.send(Event::Activate { task });
                Ok(())
            }
            None => {
                if let Some(gate) = self.inner.gate(&task).filter(|gate| !gate.is_open()) {
                    gate.open(None, 0, true, None);
                }
                Ok(())
            }
        }
    }

    /// What this node knows of its cluster; `None` without one.
    pub fn view(&self) -> Option<View> {
        self.inner.cluster.as_ref().map(|cluster| cluster.view.borrow().clone())
    }

    /// [`Coordinator::view`], and each change of it; `None` without a cluster.
    pub fn watch(&self) -> Option<watch::Receiver<View>> {
        self.inner.cluster.as_ref().map(|cluster| cluster.view.clone())
    }

    /// How long the lease still holds; `None` without a cluster.
    pub fn lease_remaining(&self) -> Option<Duration> {
        self.inner.shared.lease_remaining()
    }

    /// The state of the cluster as the database tells it; `None` without a cluster.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn cluster_status(&self) -> Result<Option<ClusterStatus>, StoreError> {
        match &self.inner.cluster {
            Some(cluster) => tokio::time::timeout(cluster.timeout, cluster.store.status())
                .await
                .unwrap_or(Err(StoreError::Timeout(cluster.timeout)))
                .map(Some),
            None => Ok(None),
        }
    }

    /// The row of one task in the cluster's table; `None` without a cluster and for a task that is not in it.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn task_status(&self, task: &str) -> Result<Option<TaskStatus>, StoreError> {
        match &self.inner.cluster {
            Some(cluster) => tokio::time::timeout(cluster.timeout, cluster.store.task_status(task))
                .await
                .unwrap_or(Err(StoreError::Timeout(cluster.timeout))),
            None => Ok(None),
        }
    }

    /// Hands everything over and leaves: closes the gates, waits for running fires (no longer than `patience`), gives the
    /// tasks back and deletes the own rows. Without an answer of the database it gives up after a few attempts. Without a
    /// cluster it closes the gates and waits for running fires.
    pub async fn leave(&self, patience: Duration) {
        match &self.inner.cluster {
            Some(cluster) => {
                cluster.drain.send_replace(patience);
                let mut view = cluster.view.clone();
                let _ = cluster.events.send(Event::Stop);
                let bound = patience + cluster.timeout * 5;
                let _ = tokio::time::timeout(bound, view.wait_for(|view| view.left)).await;
            }
            None => {
                self.inner.gates().values().for_each(|gate| gate.close(Close::Leaving));
                let _ = tokio::time::timeout(patience, self.inner.shared.drained()).await;
            }
        }
    }
}

impl Inner {
    pub(crate) fn gate(&self, task: &str) -> Option<Gate> {
        self.gates().get(task).cloned()
    }

    fn gates(&self) -> MutexGuard<'_, HashMap<TaskName, Gate>> {
        // Nothing that can panic runs under the lock.
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClusterSide {
    async fn ask(&self, request: Request) -> Result<(), StoreError> {
        tokio::time::timeout(self.timeout, self.store.run(request))
            .await
            .unwrap_or(Err(StoreError::Timeout(self.timeout)))
            .map(drop)
    }
}
