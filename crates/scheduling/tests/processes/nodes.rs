//! The processes of a test, and what they say.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use mi_testkit::signal;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::recorder::Recorder;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Joined,
    Open,
    Fire,
    Left,
}

/// What any node said, with the node's number and the time of its arrival.
type Line = (usize, Said, Instant);

/// Processes that share a task and the table that it writes. When they are dropped the table is judged.
pub(crate) struct Nodes {
    jdbc: String,
    folder: TempDir,
    children: Vec<Option<Child>>,
    sender: Sender<Line>,
    received: Receiver<Line>,
    said_fires: i64,
    last_owner: usize,
}

impl Nodes {
    /// None yet, of a cluster with this database.
    pub(crate) fn new(jdbc: &str) -> Self {
        let (sender, received) = channel();
        let folder = TempDir::new().expect("a folder");
        Self { jdbc: jdbc.to_owned(), folder, children: Vec::new(), sender, received, said_fires: 0, last_owner: 0 }
    }

    /// Two members.
    pub(crate) fn two(jdbc: &str) -> Self {
        let mut nodes = Self::new(jdbc);
        nodes.start("node-0");
        nodes.start("node-1");
        nodes
    }

    /// Starts a process; returns its number once it is a member.
    pub(crate) fn start(&mut self, name: &str) -> usize {
        let jdbc = self.jdbc.clone();
        self.start_at(name, &jdbc, &[])
    }

    /// As [`Nodes::start`], with another way to the database and more environment.
    pub(crate) fn start_at(&mut self, name: &str, jdbc: &str, environment: &[(&str, &str)]) -> usize {
        let number = self.spawn(name, jdbc, environment);
        self.until(|who, said| who == number && said == Said::Joined);
        number
    }

    /// Starts a process that need not become a member.
    pub(crate) fn start_duplicate(&mut self, name: &str) -> usize {
        let jdbc = self.jdbc.clone();
        self.spawn(name, &jdbc, &[])
    }

    fn spawn(&mut self, name: &str, jdbc: &str, environment: &[(&str, &str)]) -> usize {
        let number = self.children.len();
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args(["--exact", "node::node", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("NODE_NAME", name).env("NODE_JDBC", jdbc).env("NODE_RECORDER", self.folder.path().join("fires"));
        command.envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The test harness says "test node::node ... " first, on the same line.
                let said = match line.rsplit("... ").next().unwrap_or_default() {
                    "JOINED" => Said::Joined,
                    "OPEN" => Said::Open,
                    "LEFT" => Said::Left,
                    other if other.starts_with("FIRE ") => Said::Fire,
                    _ => continue,
                };
                let _ = sender.send((number, said, Instant::now()));
            }
        });
        self.children.push(Some(child));
        number
    }

    /// Reads what nodes say until something is said.
    pub(crate) fn until(&mut self, mut wanted: impl FnMut(usize, Said) -> bool) -> Instant {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (who, said, when) = self.received.recv_timeout(left).expect("said in time");
            self.note(who, said);
            if wanted(who, said) {
                return when;
            }
        }
    }

    fn note(&mut self, who: usize, said: Said) {
        if said == Said::Fire {
            self.said_fires += 1;
            self.last_owner = who;
        }
    }

    /// Reads what nodes have said so far.
    pub(crate) fn catch_up(&mut self) {
        while let Ok((who, said, _)) = self.received.try_recv() {
            self.note(who, said);
        }
    }

    /// Waits for the next fire; returns the number of its node.
    pub(crate) fn next_fire(&mut self) -> usize {
        self.until(|_, said| said == Said::Fire);
        self.last_owner
    }

    /// Waits for a fire of another node than this; returns how long it took since a moment until that one owned the task.
    pub(crate) fn taken_over(&mut self, from: usize, since: Instant) -> Duration {
        let open = self.until(|who, said| who != from && said == Said::Open);
        self.until(|who, said| who != from && said == Said::Fire);
        open.saturating_duration_since(since)
    }

    /// The node that fired last.
    pub(crate) fn last_owner(&self) -> usize {
        self.last_owner
    }

    /// Sends a signal to a process.
    pub(crate) fn signal(&self, number: usize, name: &str) {
        let child = self.children.get(number).and_then(Option::as_ref).expect("running");
        signal(child.id(), name).expect("a running process");
    }

    /// Waits for a process to end.
    pub(crate) fn ended(&mut self, number: usize) {
        if let Some(mut child) = self.children.get_mut(number).and_then(Option::take) {
            let _ = child.wait();
        }
    }

    /// Kills a process; returns when.
    pub(crate) fn kill(&mut self, number: usize) -> Instant {
        let killed = Instant::now();
        self.signal(number, "KILL");
        self.ended(number);
        killed
    }

    /// Reads the table: no slot is in it twice, and no fire is missing that a node has said.
    fn judge(&mut self) {
        self.catch_up();
        let file = self.folder.path().join("fires");
        let runtime = Runtime::new().expect("a runtime");
        let (fires, twice) = runtime.block_on(async { Recorder::open(&file).await.read().await });
        assert!(twice.is_empty(), "slots that fired twice: {twice:?}");
        assert!(fires >= self.said_fires && fires > 0, "{fires} recorded, {} said", self.said_fires);
        println!("{fires} fires recorded, none twice");
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for child in self.children.iter_mut().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if !std::thread::panicking() {
            self.judge();
        }
    }
}
