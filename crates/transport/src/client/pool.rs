//! Idle connections to back ends, kept by the thread that used them.
//!
//! A connection belongs to the runtime that opened it, and the server's workers are threads with a runtime each: so the
//! pools are thread-local, need no lock, and nothing about them crosses a thread.

use std::borrow::{Borrow, BorrowMut};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

use super::destination::{Destination, Slot};
use crate::h1::wire::Wire;

/// How often idle connections are looked at while there are any.
const SWEEP: Duration = Duration::from_secs(1);
/// After this long without use, the kernel is asked whether the peer has closed. Before, the runtime's knowledge will do:
/// it is at most one turn of its loop old, and back ends do not close what they have just used without saying so.
const RECENT: Duration = Duration::from_secs(1);

/// A connection that can carry one request after another.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) wire: Wire,
    /// Counts the connection among the open ones of its destination.
    pub(crate) slot: Slot,
    pub(crate) born: Instant,
    /// The runtime whose events it gets.
    pub(crate) runtime: Id,
}

impl Borrow<Wire> for Connection {
    fn borrow(&self) -> &Wire {
        &self.wire
    }
}

impl BorrowMut<Wire> for Connection {
    fn borrow_mut(&mut self) -> &mut Wire {
        &mut self.wire
    }
}

/// Where a connection came from and where it goes back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PoolKey {
    /// Clients share no connections: they may have different certificates.
    pub(crate) client: u64,
    pub(crate) destination: Arc<Destination>,
}

impl Hash for PoolKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Worked out when the destination was made.
        state.write_u64(self.destination.hash_code() ^ self.client);
    }
}

/// Takes hashes as they are: [`PoolKey`]'s come from a keyed hash function already.
#[derive(Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Something for each destination.
pub(crate) type PerDestination<T> = HashMap<PoolKey, T, BuildHasherDefault<AsIs>>;

/// How long connections are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeping {
    pub(crate) idle: Duration,
    pub(crate) lifespan: Option<Duration>,
    /// Idle connections that a destination keeps on one thread.
    pub(crate) per_destination: usize,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
    until: Instant,
}

#[derive(Default)]
struct Pools {
    idle: PerDestination<Vec<Idle>>,
    /// The runtime that a sweeper runs on.
    sweeper: Option<Id>,
}

thread_local! {
    static POOLS: RefCell<Pools> = RefCell::default();
}

/// An idle connection, the one used last first: what is not needed gets old and goes away.
pub(crate) fn take(key: &PoolKey) -> Option<Connection> {
    let runtime = Handle::try_current().ok()?.id();
    let now = Instant::now();
    loop {
        // Connections are dropped outside: dropping one may run code that comes back here.
        let mut idle = POOLS.with_borrow_mut(|pools| pools.idle.get_mut(key)?.pop())?;
        if idle.connection.runtime == runtime && idle.is_usable(now) {
            return Some(idle.connection);
        }
    }
}

/// Keeps a connection for its next request, if it is on the thread of its runtime.
///
/// `announced` is how long the back end says that it will keep it (`Keep-Alive: timeout=…`).
pub(crate) fn put(key: PoolKey, connection: Connection, keeping: Keeping, announced: Option<Duration>) {
    let Ok(runtime) = Handle::try_current() else { return };
    let id = runtime.id();
    if id != connection.runtime || !connection.wire.buf.is_empty() {
        return;
    }
    let now = Instant::now();
    let mut until = now + keeping.idle.min(announced.unwrap_or(Duration::MAX));
    if let Some(lifespan) = keeping.lifespan {
        until = until.min(connection.born + lifespan);
    }
    let surplus = POOLS.with_borrow_mut(|pools| {
        let idle = pools.idle.entry(key).or_default();
        let surplus = (idle.len() >= keeping.per_destination && !idle.is_empty()).then(|| idle.swap_remove(0));
        idle.push(Idle { connection, since: now, until });
        if pools.sweeper != Some(id) {
            pools.sweeper = Some(id);
            runtime.spawn(sweeper(id));
        }
        surplus
    });
    drop(surplus);
}

/// Drops all idle connections of this thread that belong to `client`.
pub(crate) fn clear(client: u64) {
    let dropped = POOLS.with_borrow_mut(|pools| {
        let keys: Vec<PoolKey> = pools.idle.keys().filter(|key| key.client == client).cloned().collect();
        keys.iter().filter_map(|key| pools.idle.remove(key)).collect::<Vec<_>>()
    });
    drop(dropped);
}

/// Idle connections of `client` on this thread.
pub(crate) fn count(client: u64) -> usize {
    POOLS.with_borrow(|pools| {
        pools.idle.iter().filter(|(key, _)| key.client == client).map(|(_, idle)| idle.len()).sum()
    })
}

/// Drops what has expired or was closed by its peer; ends when nothing is left.
async fn sweeper(runtime: Id) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let now = Instant::now();
        let (dropped, empty) = POOLS.with_borrow_mut(|pools| {
            let mut dropped = Vec::new();
            for idle in pools.idle.values_mut() {
                // Those of another runtime cannot be used any more: this thread runs this one now.
                dropped.extend(idle.extract_if(.., |idle| idle.connection.runtime != runtime || !idle.is_alive(now)));
            }
            pools.idle.retain(|_, idle| !idle.is_empty());
            let empty = pools.idle.is_empty();
            if empty {
                pools.sweeper = None;
            }
            (dropped, empty)
        });
        drop(dropped);
        if empty {
            return;
        }
    }
}

impl Idle {
    fn is_usable(&mut self, now: Instant) -> bool {
        self.is_alive(now) && (now.duration_since(self.since) < RECENT || !self.kernel_has_news())
    }

    /// Not expired, and nothing has come: whatever comes from an idle back end is an end or nonsense.
    fn is_alive(&mut self, now: Instant) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        now < self.until && self.connection.wire.poll_news(&mut nobody).is_pending()
    }

    fn kernel_has_news(&self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        let socket = socket2::SockRef::from(self.connection.wire.io().tcp());
        !matches!(socket.peek(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }
}
