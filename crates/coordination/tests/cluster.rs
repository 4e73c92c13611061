//! Nodes in one process on real databases: joining, handing over, crashing, losing the network.

use std::time::{Duration, Instant};

use mi_coordination::store::Address;
use mi_coordination::{Claim, ClusterOptions, Coordinator, Gate, Resolver, Standing};
use mi_testkit::{MariaDb, Postgres, TcpProxy};
use tokio::runtime::Runtime;

const BEAT: Duration = Duration::from_millis(500);
/// A heartbeat older than this has expired.
const EXPIRY: Duration = Duration::from_millis(1500);
/// Everything must have happened by then, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(20);

fn options(node: &str) -> ClusterOptions {
    ClusterOptions { heartbeat_interval: BEAT, resolving_period: BEAT, ..ClusterOptions::new(node) }
}

fn start(jdbc: &str, options: ClusterOptions) -> Coordinator {
    let address = Address::parse(jdbc, None, None).expect("a supported URL");
    Coordinator::start(address, options).expect("a usable address")
}

/// A node on a runtime of its own, which can crash.
struct Process {
    runtime: Option<Runtime>,
    node: Coordinator,
}

impl Process {
    fn start(jdbc: &str, options: ClusterOptions) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let inside = runtime.enter();
        let node = start(jdbc, options);
        drop(inside);
        Self { runtime: Some(runtime), node }
    }

    /// Ends at once, telling nobody.
    fn crash(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn joined(node: &Coordinator) {
    let mut view = node.watch().expect("clustered");
    tokio::time::timeout(PATIENCE, view.wait_for(|view| view.joined)).await.expect("joins in time").expect("runs");
}

async fn opened(gate: &Gate) {
    let mut standing = gate.standing();
    let open = standing.wait_for(|standing| matches!(standing, Standing::Open(_)));
    tokio::time::timeout(PATIENCE, open).await.expect("opens in time").expect("runs");
}

async fn closed(gate: &Gate) {
    let mut standing = gate.standing();
    let closed = standing.wait_for(|standing| matches!(standing, Standing::Closed(_)));
    tokio::time::timeout(PATIENCE, closed).await.expect("closes in time").expect("runs");
}

/// Waits until exactly one of the gates is open; returns which.
async fn one_open(gates: &[Gate]) -> usize {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let open: Vec<usize> = (0..gates.len()).filter(|number| gates[*number].is_open()).collect();
        assert!(open.len() <= 1, "{open:?} are open");
        if let [number] = open[..] {
            return number;
        }
        assert!(Instant::now() < deadline, "no gate opened");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn hands_over_and_survives(jdbc: &str) {
    let a = start(jdbc, options("node-a"));
    joined(&a).await;
    let first = a.register("T", false);
    opened(&first).await;

    let b = Process::start(jdbc, options("node-b"));
    joined(&b.node).await;
    let second = b.node.register("T", false);
    let also = b.node.register("U", false);
    let on_a = a.register("U", false);
    // With the default resolver a second task goes to the node that has the first.
    opened(&on_a).await;
    assert!(!second.is_open() && !also.is_open());

    // Claims: each slot once, later ones only.
    let now = first.now();
    assert_eq!(first.claim(now, None).await, Claim::Granted);
    assert_eq!(first.claim(now, None).await, Claim::Taken);
    assert_eq!(first.claim(now + 1, Some(1)).await, Claim::Exhausted);
    assert_eq!(second.claim(now + 2, None).await, Claim::Closed);

    // Pausing from the node that is not the owner, resuming from the owner.
    b.node.deactivate("T").await.expect("the database answers");
    closed(&first).await;
    a.activate("T").await.expect("the database answers");
    opened(&first).await;

    // Leaving is prompt: long before the heartbeat expires.
    let left = Instant::now();
    a.leave(Duration::from_secs(1)).await;
    assert!(!first.is_open());
    opened(&second).await;
    opened(&also).await;
    println!("{jdbc}: handed over in {:?}", left.elapsed());
    assert!(left.elapsed() < EXPIRY, "{:?}", left.elapsed());
    let Standing::Open(opening) = second.standing().borrow().clone() else { panic!("open") };
    assert_eq!((opening.last_slot, opening.fired), (Some(now), 1));

    // A crash is noticed by expiry.
    let c = start(jdbc, options("node-c"));
    joined(&c).await;
    let third = c.register("T", false);
    assert_eq!(one_open(&[second.clone(), third.clone()]).await, 0);
    let crashed = Instant::now();
    b.crash();
    opened(&third).await;
    println!("{jdbc}: taken over in {:?}", crashed.elapsed());
    let status = c.cluster_status().await.expect("the database answers").expect("clustered");
    assert_eq!(status.members.len(), 1);
    assert_eq!(status.leader.as_deref(), Some("node-c"));

    // A task that has completed stays so.
    third.completed();
    closed(&third).await;
    c.leave(Duration::ZERO).await;
    let d = start(jdbc, options("node-d"));
    joined(&d).await;
    let gate = d.register("T", false);
    let other = d.register("V", false);
    opened(&other).await;
    assert!(!gate.is_open());
    d.unregister("V");
    d.leave(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_hands_over_and_survives() {
    let database = Postgres::start().expect("PostgreSQL");
    hands_over_and_survives(&database.jdbc()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_hands_over_and_survives() {
    let database = MariaDb::start().expect("MariaDB");
    hands_over_and_survives(&database.jdbc()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_hands_over_and_survives() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    hands_over_and_survives(&format!("jdbc:sqlite:{}", folder.path().join("cluster.db").display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_behind_a_cut_network_closes_before_another_opens() {
    let database = Postgres::start().expect("PostgreSQL");
    let proxy = TcpProxy::start(database.port()).await.expect("a port");
    let behind = database.jdbc().replace(&database.port().to_string(), &proxy.port().to_string());
    let a = start(&behind, options("node-a"));
    joined(&a).await;
    let first = a.register("T", false);
    opened(&first).await;
    let b = start(&database.jdbc(), options("node-b"));
    joined(&b).await;
    let second = b.register("T", false);
    proxy.cut();
    let cut = Instant::now();
    loop {
        assert!(!(first.is_open() && second.is_open()));
        if second.is_open() {
            break;
        }
        assert!(cut.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(first.claim(first.now(), None).await, Claim::Closed);
    assert!(a.view().is_some_and(|view| view.unresponsive));
    // What was on its way when the network was cut arrives now, and changes nothing.
    proxy.mend();
    let mut view = a.watch().expect("clustered");
    tokio::time::timeout(PATIENCE, view.wait_for(|view| !view.unresponsive)).await.expect("rejoins").expect("runs");
    assert_eq!(one_open(&[first.clone(), second.clone()]).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_database_is_survived() {
    let mut database = Postgres::start().expect("PostgreSQL");
    let a = start(&database.jdbc(), options("node-a"));
    let gate = a.register("T", false);
    opened(&gate).await;
    database.stop();
    let mut view = a.watch().expect("clustered");
    tokio::time::timeout(PATIENCE, view.wait_for(|view| view.unresponsive)).await.expect("notices").expect("runs");
    assert!(!gate.is_open());
    database.resume().expect("PostgreSQL");
    tokio::time::timeout(PATIENCE, view.wait_for(|view| !view.unresponsive)).await.expect("resumes").expect("runs");
    opened(&gate).await;
    assert_eq!(one_open(&[gate]).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_id_stays_outside() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let jdbc = format!("jdbc:sqlite:{}", folder.path().join("cluster.db").display());
    let a = start(&jdbc, options("same"));
    let gate = a.register("T", false);
    opened(&gate).await;
    let b = Process::start(&jdbc, options("same"));
    let duplicate = b.node.register("T", false);
    let until = Instant::now() + EXPIRY * 2;
    while Instant::now() < until {
        assert!(!duplicate.is_open());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(gate.is_open());
    a.leave(Duration::ZERO).await;
    opened(&duplicate).await;
    b.crash();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn round_robin_waits_for_its_nodes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let jdbc = format!("jdbc:sqlite:{}", folder.path().join("cluster.db").display());
    let with = |node: &str| ClusterOptions { resolver: Resolver::RoundRobin { server_count: 2 }, ..options(node) };
    let a = start(&jdbc, with("node-a"));
    joined(&a).await;
    let on_a = [a.register("T", false), a.register("U", false)];
    tokio::time::sleep(BEAT * 3).await;
    assert!(!on_a[0].is_open() && !on_a[1].is_open());
    let b = start(&jdbc, with("node-b"));
    joined(&b).await;
    let on_b = [b.register("T", false), b.register("U", false)];
    let first = one_open(&[on_a[0].clone(), on_b[0].clone()]).await;
    let second = one_open(&[on_a[1].clone(), on_b[1].clone()]).await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn without_a_cluster_gates_are_open() {
    let node = Coordinator::local();
    let gate = node.register("T", false);
    assert!(gate.is_open());
    assert_eq!(gate.claim(gate.now(), Some(0)).await, Claim::Granted);
    node.deactivate("T").await.expect("no database");
    assert!(!gate.is_open());
    node.activate("T").await.expect("no database");
    let pass = gate.enter().expect("open");
    let begun = Instant::now();
    node.leave(Duration::from_millis(50)).await;
    assert!(begun.elapsed() >= Duration::from_millis(50), "the pass is waited for");
    drop(pass);
    assert!(!gate.is_open());
}
