//! The gate: what scheduler, message processors and inbound endpoints ask before each act of a coordinated task.
//!
//! A gate is open while the node owns the task, the task is to run, and the node's lease holds. Asking costs two atomic
//! loads and a look at the clock. Without a cluster a gate is open unless its task is paused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, mpsc, watch};

use crate::protocol::{Close, Event, Reply, Request, Session, TaskName};
use crate::store::Store;

/// Whether a task is to run on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is not, and why, if it ever was.
    Closed(Option<Close>),
    /// It is.
    Open(Opening),
}

/// With what a task begins to run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The last slot that any node claimed, in milliseconds since 1970.
    pub last_slot: Option<i64>,
    /// How many slots have been claimed by all nodes.
    pub fired: u64,
    /// Whether the task was paused here before, rather than new.
    pub resumed: bool,
    session: Option<Session>,
}

/// The answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The slot is the caller's: fire.
    Granted,
    /// The slot, or a later one, was claimed before.
    Taken,
    /// As many slots as were allowed have been claimed: the task has completed.
    Exhausted,
    /// The task is not this node's to run now.
    Closed,
    /// The database does not answer: do not fire.
    Unavailable,
}

/// What all gates of a node share.
pub(crate) struct Shared {
    started: Instant,
    /// The end of the lease, microseconds after the start; 0 for none.
    lease: AtomicU64,
    /// The database's time minus the node's own, milliseconds.
    offset: AtomicI64,
    /// Fires that are running.
    running: AtomicUsize,
    idle: Notify,
    renewed: Notify,
    cluster: Option<Cluster>,
}

struct Cluster {
    store: Arc<dyn Store>,
    events: mpsc::UnboundedSender<Event>,
    claim_slots: bool,
    timeout: Duration,
}

impl Shared {
    pub(crate) fn local() -> Self {
        Self::new(None)
    }

    pub(crate) fn clustered(
        store: Arc<dyn Store>,
        events: mpsc::UnboundedSender<Event>,
        claim_slots: bool,
        timeout: Duration,
    ) -> Self {
        Self::new(Some(Cluster { store, events, claim_slots, timeout }))
    }

    fn new(cluster: Option<Cluster>) -> Self {
        Self {
            started: Instant::now(),
            lease: AtomicU64::new(0),
            offset: AtomicI64::new(0),
            running: AtomicUsize::new(0),
            idle: Notify::new(),
            renewed: Notify::new(),
            cluster,
        }
    }

    /// The node's own clock.
    pub(crate) fn mono(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn set_lease(&self, until: Duration, database: i64, read: Duration) {
        let read = i64::try_from(read.as_millis()).unwrap_or(i64::MAX);
        self.offset.store(database.saturating_sub(read), Ordering::Relaxed);
        self.lease.store(u64::try_from(until.as_micros()).unwrap_or(u64::MAX), Ordering::Release);
        self.renewed.notify_waiters();
    }

    /// How long the lease still holds; zero when it does not, `None` without a cluster.
    pub(crate) fn lease_remaining(&self) -> Option<Duration> {
        self.cluster.as_ref()?;
        Some(Duration::from_micros(self.lease.load(Ordering::Acquire)).saturating_sub(self.mono()))
    }

    fn has_lease(&self) -> bool {
        self.cluster.is_none() || self.mono() < Duration::from_micros(self.lease.load(Ordering::Acquire))
    }

    /// The cluster's time, which is the database's, in milliseconds since 1970; this machine's without a cluster.
    fn now(&self) -> i64 {
        if self.cluster.is_none() {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            return i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        }
        let own = i64::try_from(self.mono().as_millis()).unwrap_or(i64::MAX);
        self.offset.load(Ordering::Relaxed).saturating_add(own)
    }

    /// Waits until no fire is running.
    pub(crate) async fn drained(&self) {
        loop {
            let idle = self.idle.notified();
            if self.running.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }
}

/// The right to run one named task, asked for again at each act. Clones ask for the same task.
#[derive(Clone)]
pub struct Gate {
    task: TaskName,
    shared: Arc<Shared>,
    open: Arc<AtomicBool>,
    standing: Arc<watch::Sender<Standing>>,
}

/// A fire that is running: the node does not leave before it is dropped (or the wait for it is over).
pub struct Pass {
    shared: Arc<Shared>,
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.shared.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.idle.notify_waiters();
        }
    }
}

impl Gate {
    pub(crate) fn new(task: TaskName, shared: Arc<Shared>) -> Self {
        let standing = Arc::new(watch::Sender::new(Standing::Closed(None)));
        Self { task, shared, open: Arc::new(AtomicBool::new(false)), standing }
    }

    pub(crate) fn open(&self, last_slot: Option<i64>, fired: u64, resumed: bool, session: Option<Session>) {
        self.open.store(true, Ordering::Release);
        self.standing.send_replace(Standing::Open(Opening { last_slot, fired, resumed, session }));
    }

    pub(crate) fn close(&self, reason: Close) {
        self.open.store(false, Ordering::Release);
        self.standing.send_replace(Standing::Closed(Some(reason)));
    }

    /// The task's name.
    pub fn task(&self) -> &TaskName {
        &self.task
    }

    /// Whether the node may act on the task at this moment.
    pub fn is_open(&self) -> bool {
        // The lease first: whoever begins a new lease has closed what is lost before, so a new lease is never seen
        // together with an old flag.
        self.shared.has_lease() && self.open.load(Ordering::Acquire)
    }

    /// Like [`Gate::is_open`], and marks that a fire is running until the pass is dropped.
    pub fn enter(&self) -> Option<Pass> {
        self.shared.running.fetch_add(1, Ordering::AcqRel);
        let pass = Pass { shared: self.shared.clone() };
        self.is_open().then_some(pass)
    }

    /// Waits until the lease holds: while the standing is open and the gate is not, that is what is missing.
    pub async fn lease(&self) {
        loop {
            let renewed = self.shared.renewed.notified();
            if self.shared.has_lease() {
                return;
            }
            renewed.await;
        }
    }

    /// The standing, and each change of it. The lease is not part of it: it may have ended while the standing is open.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// The cluster's time in milliseconds since 1970: the database's, so that it is the same on every node, or this
    /// machine's without a cluster.
    pub fn now(&self) -> i64 {
        self.shared.now()
    }

    /// Claims a slot (the scheduled time of a fire, in [`Gate::now`]'s milliseconds). Of all claims of a task, by any
    /// node, each granted one is later than those before it, and no more than `limit` are granted. Without a cluster, and
    /// with `fire_guard = "lease"`, an open gate grants every claim.
    pub async fn claim(&self, slot: i64, limit: Option<u64>) -> Claim {
        if !self.is_open() {
            return Claim::Closed;
        }
        let Some(cluster) = self.shared.cluster.as_ref().filter(|cluster| cluster.claim_slots) else {
            return Claim::Granted;
        };
        let session = match &*self.standing.borrow() {
            Standing::Open(Opening { session: Some(session), .. }) => session.clone(),
            _ => return Claim::Closed,
        };
        let request = Request::Claim { session, task: self.task.clone(), slot, limit };
        match tokio::time::timeout(cluster.timeout, cluster.store.run(request)).await {
            Ok(Ok(Reply::Granted)) => Claim::Granted,
            Ok(Ok(Reply::Taken)) => Claim::Taken,
            Ok(Ok(Reply::Exhausted)) => Claim::Exhausted,
            Ok(Ok(_)) => {
                let _ = cluster.events.send(Event::Suspect);
                Claim::Closed
            }
            Ok(Err(_)) | Err(_) => Claim::Unavailable,
        }
    }

    /// Says that the task has fired as often as it was to: it will run nowhere any more.
    pub fn completed(&self) {
        match &self.shared.cluster {
            Some(cluster) => {
                // After the node has left there is nobody to tell.
                let _ = cluster.events.send(Event::Completed { task: self.task.clone() });
            }
            None => self.close(Close::Completed),
        }
    }
}
