//! Real processes, killed, stopped and cut off, against real databases: no slot fires twice, and after each fault the
//! task fires again soon. A recorder task writes each fire to a table, which is judged after each test. Prints the
//! measured times.

mod node;
mod nodes;
mod recorder;

use std::time::{Duration, Instant};

use mi_testkit::{MariaDb, Postgres, TcpProxy};
use nodes::Nodes;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// With a heartbeat of a second the next owner runs within this time of a crash.
const CRASH_BOUND: Duration = Duration::from_secs(5);

/// A database server that can be stopped and started again.
trait Database {
    fn begin() -> Self;
    fn jdbc(&self) -> String;
    fn port(&self) -> u16;
    fn stop(&mut self);
    fn resume(&mut self);
}

impl Database for Postgres {
    fn begin() -> Self {
        Postgres::start().expect("PostgreSQL is installed: bin/test.sh installs it")
    }
    fn jdbc(&self) -> String {
        Postgres::jdbc(self)
    }
    fn port(&self) -> u16 {
        Postgres::port(self)
    }
    fn stop(&mut self) {
        Postgres::stop(self);
    }
    fn resume(&mut self) {
        Postgres::resume(self).expect("PostgreSQL starts again");
    }
}

impl Database for MariaDb {
    fn begin() -> Self {
        MariaDb::start().expect("MariaDB is installed: bin/test.sh installs it")
    }
    fn jdbc(&self) -> String {
        MariaDb::jdbc(self)
    }
    fn port(&self) -> u16 {
        MariaDb::port(self)
    }
    fn stop(&mut self) {
        MariaDb::stop(self);
    }
    fn resume(&mut self) {
        MariaDb::resume(self).expect("MariaDB starts again");
    }
}

/// A file of SQLite in a folder of its own, and its URL.
fn sqlite() -> (TempDir, String) {
    let folder = TempDir::new().expect("a folder");
    let jdbc = format!("jdbc:sqlite:{}", folder.path().join("cluster.db").display());
    (folder, jdbc)
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
    let mut nodes = Nodes::two(jdbc);
    let mut times = Vec::new();
    for round in 0..rounds(default_rounds) {
        let owner = nodes.next_fire();
        let killed = nodes.kill(owner);
        times.push(nodes.taken_over(owner, killed));
        nodes.start(&format!("node-{}", round + 2));
    }
    assert!(times.iter().all(|time| *time < CRASH_BOUND), "{times:?}");
    report(&format!("{what}: kill -9 to next owner"), times);
}

/// Ends the owner with SIGTERM again and again.
fn stops(jdbc: &str, what: &str, bound: Duration, default_rounds: usize) {
    let mut nodes = Nodes::two(jdbc);
    let mut times = Vec::new();
    for round in 0..rounds(default_rounds) {
        let owner = nodes.next_fire();
        let stopped = Instant::now();
        nodes.signal(owner, "TERM");
        times.push(nodes.taken_over(owner, stopped));
        nodes.ended(owner);
        nodes.start(&format!("node-{}", round + 2));
    }
    assert!(times.iter().all(|time| *time < bound), "{times:?}");
    report(&format!("{what}: SIGTERM to next owner"), times);
}

/// A process that is stopped and goes on later fires nothing late.
fn pauses(jdbc: &str, what: &str) {
    let mut nodes = Nodes::two(jdbc);
    let mut times = Vec::new();
    for _ in 0..2 {
        let owner = nodes.next_fire();
        nodes.signal(owner, "STOP");
        times.push(nodes.taken_over(owner, Instant::now()));
        nodes.signal(owner, "CONT");
        // The other node keeps the task; the one that woke up fires nothing and joins again.
        for _ in 0..3 {
            assert_ne!(nodes.next_fire(), owner);
        }
    }
    assert!(times.iter().all(|time| *time < CRASH_BOUND), "{times:?}");
    report(&format!("{what}: SIGSTOP to next owner"), times);
}

/// A node with the id of another waits outside, and takes over when that one has gone.
fn duplicates(jdbc: &str, what: &str) {
    let mut nodes = Nodes::new(jdbc);
    let first = nodes.start("same");
    nodes.next_fire();
    let second = nodes.start_duplicate("same");
    for _ in 0..5 {
        assert_eq!(nodes.next_fire(), first);
    }
    let killed = nodes.kill(first);
    let time = nodes.taken_over(first, killed);
    assert_eq!(nodes.last_owner(), second);
    // The duplicate tries again when the heartbeat that it saw has expired.
    assert!(time < CRASH_BOUND * 2, "{time:?}");
    println!("{what}: kill -9 to the duplicate's first fire: {time:?}");
}

/// The network of one node is cut and mended, connections break, the database restarts.
fn network_and_restarts<D: Database>(what: &str) {
    let runtime = Runtime::new().expect("a runtime");
    let mut database = D::begin();
    let proxy = runtime.block_on(TcpProxy::start(database.port())).expect("a port");
    let behind = database.jdbc().replace(&database.port().to_string(), &proxy.port().to_string());
    let mut nodes = Nodes::new(&database.jdbc());
    let cut_off = nodes.start_at("node-0", &behind, &[]);
    assert_eq!(nodes.next_fire(), cut_off);
    let direct = nodes.start("node-1");
    proxy.cut();
    let cut = Instant::now();
    let time = nodes.taken_over(cut_off, cut);
    assert!(time < CRASH_BOUND, "{time:?}");
    println!("{what}: network cut to next owner: {time:?}");
    proxy.mend();
    for _ in 0..3 {
        assert_eq!(nodes.next_fire(), direct);
    }
    proxy.break_connections();
    nodes.next_fire();
    database.stop();
    // Long enough for every lease to end: nothing may fire meanwhile that is not claimed.
    std::thread::sleep(Duration::from_secs(4));
    nodes.catch_up();
    database.resume();
    let resumed = Instant::now();
    nodes.next_fire();
    println!("{what}: database back to next fire: {:?}", resumed.elapsed());
    assert!(resumed.elapsed() < CRASH_BOUND, "{:?}", resumed.elapsed());
}

/// Clocks that are hours apart throw nobody out and do not delay a takeover.
fn clocks(jdbc: &str, what: &str) {
    let library =
        ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())
            .expect("libfaketime is installed (apt-get install libfaketime)");
    let skewed =
        |offset: &'static str| [("LD_PRELOAD", library), ("FAKETIME", offset), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
    let mut nodes = Nodes::new(jdbc);
    nodes.start_at("ahead", jdbc, &skewed("+2h"));
    nodes.start_at("behind", jdbc, &skewed("-2h"));
    nodes.start("right");
    let mut times = Vec::new();
    for _ in 0..2 {
        let owner = nodes.next_fire();
        for _ in 0..4 {
            assert_eq!(nodes.next_fire(), owner, "thrown out because of its clock");
        }
        let killed = nodes.kill(owner);
        times.push(nodes.taken_over(owner, killed));
    }
    assert!(times.iter().all(|time| *time < CRASH_BOUND), "{times:?}");
    report(&format!("{what}: kill -9 to next owner, clocks hours apart"), times);
}

#[test]
fn postgresql_crashes() {
    crashes(&Postgres::begin().jdbc(), "PostgreSQL", 2);
}

#[test]
fn postgresql_stops() {
    stops(&Postgres::begin().jdbc(), "PostgreSQL", Duration::from_secs(1), 3);
}

#[test]
fn postgresql_pauses() {
    pauses(&Postgres::begin().jdbc(), "PostgreSQL");
}

#[test]
fn postgresql_duplicates() {
    duplicates(&Postgres::begin().jdbc(), "PostgreSQL");
}

#[test]
fn postgresql_network_and_restarts() {
    network_and_restarts::<Postgres>("PostgreSQL");
}

#[test]
fn postgresql_clocks() {
    clocks(&Postgres::begin().jdbc(), "PostgreSQL");
}

#[test]
fn mariadb_crashes_and_stops() {
    let database = MariaDb::begin();
    crashes(&database.jdbc(), "MariaDB", 1);
    stops(&database.jdbc(), "MariaDB", Duration::from_millis(1500), 2);
}

#[test]
fn mariadb_pauses_and_duplicates() {
    let database = MariaDb::begin();
    pauses(&database.jdbc(), "MariaDB");
    duplicates(&database.jdbc(), "MariaDB");
}

#[test]
fn mariadb_network_and_restarts() {
    network_and_restarts::<MariaDb>("MariaDB");
}

#[test]
fn mariadb_clocks() {
    clocks(&MariaDb::begin().jdbc(), "MariaDB");
}

#[test]
fn sqlite_crashes_and_stops() {
    let (_folder, jdbc) = sqlite();
    crashes(&jdbc, "SQLite", 1);
    stops(&jdbc, "SQLite", Duration::from_millis(1500), 2);
}

#[test]
fn sqlite_pauses_and_duplicates() {
    let (_folder, jdbc) = sqlite();
    pauses(&jdbc, "SQLite");
    duplicates(&jdbc, "SQLite");
}
