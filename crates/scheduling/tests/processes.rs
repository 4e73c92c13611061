//! Real processes, killed, stopped and cut off, against a real PostgreSQL: no slot fires twice, and after each fault the
//! task fires again soon. Prints the measured times.
//!
//! A node is this test's own executable, started with other arguments.

use std::collections::HashSet;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use mi_coordination::store::Address;
use mi_coordination::{ClusterOptions, Coordinator};
use mi_scheduling::{Fire, Job, JobResult, TaskDefinition, TaskScheduler, Trigger};
use mi_testkit::{MariaDb, Postgres, TcpProxy, signal};

/// With a heartbeat of a second the next owner runs within this time of a crash.
const CRASH_BOUND: Duration = Duration::from_secs(5);

struct Printer;

impl Job for Printer {
    fn run(&self, fire: Fire) -> Pin<Box<dyn Future<Output = JobResult> + Send + '_>> {
        Box::pin(async move {
            println!("FIRE {}", fire.slot);
            Ok(())
        })
    }
}

/// The node: runs until SIGTERM. Not a test, and never run as one: without its environment it does nothing.
#[test]
#[ignore = "the nodes of the other tests"]
fn node() {
    let (Ok(name), Ok(jdbc)) = (std::env::var("NODE_NAME"), std::env::var("NODE_JDBC")) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let options = ClusterOptions {
            heartbeat_interval: Duration::from_secs(1),
            resolving_period: Duration::from_secs(1),
            ..ClusterOptions::new(name)
        };
        let address = Address::parse(&jdbc, None, None).expect("a supported URL");
        let coordinator = Coordinator::start(address, options).expect("an address");
        let mut view = coordinator.watch().expect("clustered");
        let scheduler = TaskScheduler::new(coordinator.clone(), Vec::new());
        let trigger = Trigger::Interval { every: Duration::from_secs(1), count: None };
        scheduler.schedule(TaskDefinition::new("T", trigger), Arc::new(Printer));
        scheduler.begin();
        let gate = coordinator.register("T", false);
        tokio::spawn(async move {
            let mut standing = gate.standing();
            while standing.changed().await.is_ok() {
                if gate.is_open() {
                    println!("OPEN");
                }
            }
        });
        tokio::spawn(async move {
            let _ = view.wait_for(|view| view.joined).await;
            println!("JOINED");
        });
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).expect("a signal handler");
        terminate.recv().await;
        scheduler.stop(Duration::from_secs(5)).await;
        println!("LEFT");
    });
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Joined,
    Open,
    Fire(i64),
    Left,
}

/// What any node said, with the node's number and the time of its arrival.
type Line = (usize, Said, Instant);

struct Nodes {
    children: Vec<Option<Child>>,
    sender: Sender<Line>,
    received: Receiver<Line>,
    slots: HashSet<i64>,
    last_owner: usize,
}

impl Nodes {
    fn new() -> Self {
        let (sender, received) = channel();
        Self { children: Vec::new(), sender, received, slots: HashSet::new(), last_owner: 0 }
    }

    /// Starts a process; returns its number once it is a member (or, with a duplicate's id, at once).
    fn start(&mut self, name: &str, jdbc: &str, environment: &[(&str, &str)], joins: bool) -> usize {
        let number = self.children.len();
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args(["--exact", "node", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("NODE_NAME", name).env("NODE_JDBC", jdbc).envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The test harness says "test node ... " first, on the same line.
                let said = match line.rsplit("... ").next().unwrap_or_default() {
                    "JOINED" => Said::Joined,
                    "OPEN" => Said::Open,
                    "LEFT" => Said::Left,
                    other => match other.strip_prefix("FIRE ").and_then(|slot| slot.parse().ok()) {
                        Some(slot) => Said::Fire(slot),
                        None => continue,
                    },
                };
                let _ = sender.send((number, said, Instant::now()));
            }
        });
        self.children.push(Some(child));
        if joins {
            self.until(|who, said| who == number && said == Said::Joined);
        }
        number
    }

    /// Reads what nodes say until something is said; every fire on the way is checked.
    fn until(&mut self, mut wanted: impl FnMut(usize, Said) -> bool) -> Instant {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (who, said, when) = self.received.recv_timeout(left).expect("said in time");
            self.check(who, said);
            if wanted(who, said) {
                return when;
            }
        }
    }

    fn check(&mut self, who: usize, said: Said) {
        if let Said::Fire(slot) = said {
            assert!(self.slots.insert(slot), "slot {slot} fired twice, by node {who}");
            self.last_owner = who;
        }
    }

    /// Reads what nodes have said so far.
    fn catch_up(&mut self) {
        while let Ok((who, said, _)) = self.received.try_recv() {
            self.check(who, said);
        }
    }

    fn next_fire(&mut self) -> usize {
        self.until(|_, said| matches!(said, Said::Fire(_)));
        self.last_owner
    }

    /// Waits for a fire of another node than this; returns how long it took since a moment.
    fn taken_over(&mut self, from: usize, since: Instant) -> Duration {
        let open = self.until(|who, said| who != from && said == Said::Open);
        self.until(|who, said| who != from && matches!(said, Said::Fire(_)));
        open.saturating_duration_since(since)
    }

    fn pid(&self, number: usize) -> u32 {
        self.children[number].as_ref().expect("running").id()
    }

    fn signal(&self, number: usize, name: &str) {
        signal(self.pid(number), name).expect("a running process");
    }

    /// Waits for a process to end.
    fn ended(&mut self, number: usize) {
        if let Some(mut child) = self.children[number].take() {
            let _ = child.wait();
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for child in self.children.iter_mut().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn rounds(default: usize) -> usize {
    std::env::var("FAILOVER_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: usize| times.get((times.len() * part / 100).min(times.len() - 1)).copied().unwrap_or_default();
    println!("{what}: {} runs, median {:?}, p99 {:?}, most {:?}", times.len(), at(50), at(99), at(100));
}

/// Kills the owner again and again; a fresh process replaces it.
fn crashes(jdbc: &str, what: &str, default_rounds: usize) {
    let mut nodes = Nodes::new();
    nodes.start("node-0", jdbc, &[], true);
    nodes.start("node-1", jdbc, &[], true);
    let mut times = Vec::new();
    for round in 0..rounds(default_rounds) {
        let owner = nodes.next_fire();
        let killed = Instant::now();
        nodes.signal(owner, "KILL");
        nodes.ended(owner);
        times.push(nodes.taken_over(owner, killed));
        nodes.start(&format!("node-{}", round + 2), jdbc, &[], true);
    }
    assert!(times.iter().all(|time| *time < CRASH_BOUND), "{times:?}");
    report(&format!("{what}: kill -9 to next owner"), times);
}

/// Ends the owner with SIGTERM again and again.
fn stops(jdbc: &str, what: &str, bound: Duration, default_rounds: usize) {
    let mut nodes = Nodes::new();
    nodes.start("node-0", jdbc, &[], true);
    nodes.start("node-1", jdbc, &[], true);
    let mut times = Vec::new();
    for round in 0..rounds(default_rounds) {
        let owner = nodes.next_fire();
        let stopped = Instant::now();
        nodes.signal(owner, "TERM");
        times.push(nodes.taken_over(owner, stopped));
        nodes.ended(owner);
        nodes.start(&format!("node-{}", round + 2), jdbc, &[], true);
    }
    assert!(times.iter().all(|time| *time < bound), "{times:?}");
    report(&format!("{what}: SIGTERM to next owner"), times);
}

#[test]
fn postgresql_crashes() {
    let database = Postgres::start().expect("PostgreSQL");
    crashes(&database.jdbc(), "PostgreSQL", 2);
}

#[test]
fn postgresql_stops() {
    let database = Postgres::start().expect("PostgreSQL");
    stops(&database.jdbc(), "PostgreSQL", Duration::from_secs(1), 3);
}

#[test]
fn mariadb_crashes_and_stops() {
    let database = MariaDb::start().expect("MariaDB");
    crashes(&database.jdbc(), "MariaDB", 1);
    stops(&database.jdbc(), "MariaDB", Duration::from_millis(1500), 2);
}

#[test]
fn a_stopped_process_that_goes_on_fires_nothing_late() {
    let database = Postgres::start().expect("PostgreSQL");
    let mut nodes = Nodes::new();
    nodes.start("node-0", &database.jdbc(), &[], true);
    nodes.start("node-1", &database.jdbc(), &[], true);
    for _ in 0..2 {
        let owner = nodes.next_fire();
        nodes.signal(owner, "STOP");
        let stopped = Instant::now();
        let time = nodes.taken_over(owner, stopped);
        assert!(time < CRASH_BOUND, "{time:?}");
        nodes.signal(owner, "CONT");
        // The other node keeps the task; the one that woke up fires nothing and joins again.
        for _ in 0..3 {
            assert_ne!(nodes.next_fire(), owner);
        }
    }
}

#[test]
fn a_node_with_the_id_of_another_waits_outside() {
    let database = Postgres::start().expect("PostgreSQL");
    let mut nodes = Nodes::new();
    let first = nodes.start("same", &database.jdbc(), &[], true);
    nodes.next_fire();
    let second = nodes.start("same", &database.jdbc(), &[], false);
    for _ in 0..5 {
        assert_eq!(nodes.next_fire(), first);
    }
    let killed = Instant::now();
    nodes.signal(first, "KILL");
    nodes.ended(first);
    let time = nodes.taken_over(first, killed);
    assert_eq!(nodes.last_owner, second);
    // The duplicate tries again when the heartbeat that it saw has expired.
    assert!(time < CRASH_BOUND * 2, "{time:?}");
}

#[test]
fn connections_cut_and_the_database_restarted() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut database = Postgres::start().expect("PostgreSQL");
    let proxy = runtime.block_on(TcpProxy::start(database.port())).expect("a port");
    let behind = database.jdbc().replace(&database.port().to_string(), &proxy.port().to_string());
    let mut nodes = Nodes::new();
    let cut_off = nodes.start("node-0", &behind, &[], true);
    assert_eq!(nodes.next_fire(), cut_off);
    let direct = nodes.start("node-1", &database.jdbc(), &[], true);
    proxy.cut();
    let cut = Instant::now();
    let time = nodes.taken_over(cut_off, cut);
    assert!(time < CRASH_BOUND, "{time:?}");
    println!("network cut to next owner: {time:?}");
    proxy.mend();
    for _ in 0..3 {
        assert_eq!(nodes.next_fire(), direct);
    }
    proxy.break_connections();
    nodes.next_fire();
    database.stop();
    std::thread::sleep(Duration::from_secs(4));
    nodes.catch_up();
    database.resume().expect("PostgreSQL");
    let resumed = Instant::now();
    nodes.next_fire();
    println!("database back to next fire: {:?}", resumed.elapsed());
    assert!(resumed.elapsed() < CRASH_BOUND, "{:?}", resumed.elapsed());
}

#[test]
fn clocks_two_hours_apart() {
    let library =
        ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())
            .expect("libfaketime is installed (apt-get install libfaketime)");
    let database = Postgres::start().expect("PostgreSQL");
    let skewed =
        |offset: &'static str| [("LD_PRELOAD", library), ("FAKETIME", offset), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
    let mut nodes = Nodes::new();
    nodes.start("ahead", &database.jdbc(), &skewed("+2h"), true);
    nodes.start("behind", &database.jdbc(), &skewed("-2h"), true);
    nodes.start("right", &database.jdbc(), &[], true);
    for _ in 0..2 {
        let owner = nodes.next_fire();
        // Nobody is thrown out because of its clock: the owner stays the owner.
        for _ in 0..4 {
            assert_eq!(nodes.next_fire(), owner);
        }
        let killed = Instant::now();
        nodes.signal(owner, "KILL");
        nodes.ended(owner);
        let time = nodes.taken_over(owner, killed);
        assert!(time < CRASH_BOUND, "{time:?}");
    }
}
