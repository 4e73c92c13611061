//! What MI's own coordination tests check (spec: coordination part 4, last paragraph), on each kind of database: members
//! and their log lines, tasks that run once in the cluster and move, a task with a count, a pinned task, a message
//! processor, deactivation through any node.

use std::time::Duration;

use mi_e2e::{Backend, Builder, Server, answer, eventually};
use mi_testkit::{MariaDb, Postgres};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(40);

fn task(name: &str, attributes: &str, trigger: &str) -> String {
    format!(
        "<task xmlns='http://ws.apache.org/ns/synapse' name='{name}' {attributes} \
         class='org.apache.synapse.startup.tasks.MessageInjector'><trigger {trigger}/>\
         <property name='injectTo' value='sequence'/><property name='sequenceName' value='note'/>\
         <property name='message'><a xmlns=''/></property></task>"
    )
}

const NOTE: &str = "<sequence xmlns='http://ws.apache.org/ns/synapse' name='note'><log level='custom'>\
    <property name='fired' expression='get-property(\"task.name\")'/></log></sequence>";
const STORE: &str = "<messageStore xmlns='http://ws.apache.org/ns/synapse' name='S'/>";
const PROCESSOR: &str = "<messageProcessor xmlns='http://ws.apache.org/ns/synapse' name='P' messageStore='S' \
    targetEndpoint='E' class='org.apache.synapse.message.processor.impl.forwarder.ScheduledMessageForwardingProcessor'>\
    <parameter name='interval'>1000</parameter></messageProcessor>";
const PUT: &str = "<api xmlns='http://ws.apache.org/ns/synapse' name='put' context='/put'><resource methods='POST'>\
    <inSequence><property name='OUT_ONLY' value='true'/><store messageStore='S'/>\
    <property name='HTTP_SC' value='202' scope='axis2'/><respond/></inSequence></resource></api>";

struct Cluster {
    jdbc: String,
    back_end: Backend,
    nodes: Vec<Server>,
}

impl Cluster {
    fn new(jdbc: String) -> Self {
        let back_end = Backend::start(|_| answer(202, "text/plain", b""));
        Self { jdbc, back_end, nodes: Vec::new() }
    }

    /// Starts a node and waits until it is a member; the first one is called `n0`.
    fn start(&mut self) -> usize {
        let number = self.nodes.len();
        let endpoint = format!(
            "<endpoint xmlns='http://ws.apache.org/ns/synapse' name='E'><address uri='http://127.0.0.1:{}/'/></endpoint>",
            self.back_end.port()
        );
        let node = Builder::new()
            .hostname(&format!("host-{number}"))
            .artifact("tasks/tick.xml", &task("tick", "", "interval='1'"))
            .artifact("tasks/tock.xml", &task("tock", "", "interval='1'"))
            .artifact("tasks/thrice.xml", &task("thrice", "", "interval='1' count='3'"))
            .artifact("tasks/pinned.xml", &task("pinned", "pinnedServers='host-0'", "interval='1'"))
            .artifact("sequences/note.xml", NOTE)
            .artifact("endpoints/e.xml", &endpoint)
            .artifact("message-stores/s.xml", STORE)
            .artifact("message-processors/p.xml", PROCESSOR)
            .artifact("api/put.xml", PUT)
            .toml(&format!(
                "[cluster_config]\nnode_id = \"n{number}\"\n[task_handling]\nresolving_period = 1\n\
                 [[datasource]]\nid = \"WSO2_COORDINATION_DB\"\nurl = \"{}\"\n",
                self.jdbc
            ))
            .property("heartBeatInterval=1000")
            .start();
        node.expect_log(&format!("Successfully joined the cluster with id [n{number}]"));
        self.nodes.push(node);
        number
    }

    /// Stops a node in good order.
    fn stop(&mut self, number: usize) {
        self.nodes[number].signal("TERM");
        assert_eq!(self.nodes[number].wait().code(), Some(0), "{}", self.nodes[number].log());
    }

    fn fires_on(&self, number: usize, task: &str) -> usize {
        self.nodes[number].log().matches(&format!("fired = {task}\n")).count()
    }

    fn fires(&self, task: &str) -> usize {
        (0..self.nodes.len()).map(|number| self.fires_on(number, task)).sum()
    }

    /// The row of a task, as a running node tells it.
    fn row(&self, task: &str) -> Option<Value> {
        let node = self.nodes.iter().find(|node| node.is_running()).expect("a node runs");
        let (_, status) = node.management("GET", "/cluster", "");
        status["tasks"].as_array()?.iter().find(|row| row["name"] == task).cloned()
    }

    fn owner(&self, task: &str) -> Option<usize> {
        self.row(task)?["owner"].as_str()?.strip_prefix('n')?.parse().ok()
    }

    /// Waits for something about the cluster.
    fn until(&self, what: &str, done: impl FnMut() -> bool) {
        let logs = || self.nodes.iter().map(Server::log).collect::<Vec<_>>().join("\n----\n");
        assert!(eventually(PATIENCE, done), "not in time: {what}\n{}", logs());
    }

    /// Waits until a task has fired once more; returns on which node.
    fn next_fire(&self, task: &str) -> usize {
        let before: Vec<_> = (0..self.nodes.len()).map(|number| self.fires_on(number, task)).collect();
        let fired = || (0..before.len()).find(|&number| self.fires_on(number, task) > before[number]);
        self.until(&format!("{task} fires"), || fired().is_some());
        fired().expect("it fired")
    }

    /// Puts a message into the store of a node.
    fn put(&self, number: usize, text: &str) {
        assert_eq!(self.nodes[number].request("POST", "/put", "text/plain", text).status, 202);
    }

    fn delivered(&self, text: &str) -> usize {
        self.back_end.received().iter().filter(|received| received.body == text.as_bytes()).count()
    }

    /// Sets the state of an artifact through one node.
    fn set(&self, number: usize, path: &str, name: &str, status: &str) {
        let body = json!({"name": name, "status": status}).to_string();
        let (code, answer) = self.nodes[number].management("POST", path, &body);
        assert_eq!(code, 200, "{answer}");
    }

    fn check_members(&self) {
        self.nodes[0].expect_log("Member added [n1]");
        assert!(!self.nodes[1].log().contains("Member added"), "only the older node sees the newer one come");
        self.nodes[1].expect_log("Connected with node [n0]");
        for node in &self.nodes {
            assert!(!node.log().contains(" ERROR "), "{}", node.log());
        }
    }

    fn check_tasks(&self) {
        let owner = self.next_fire("tick");
        assert_eq!(self.next_fire("tick"), owner);
        assert_eq!(self.next_fire("tock"), owner, "the default resolver puts all tasks on one node");
        self.nodes[owner].expect_log("Task scheduled: [ESB_TASK][tick].");
        assert!(!self.nodes[1 - owner].log().contains("Task scheduled: [ESB_TASK][tick]."));
    }

    fn check_pinned(&self) {
        self.nodes[1].expect_log("Server name not in pinned servers list. Not starting Task : pinned");
        assert_eq!(self.next_fire("pinned"), 0);
        assert_eq!(self.fires_on(1, "pinned"), 0);
        assert_eq!(self.row("pinned"), None, "a pinned task is not in the table");
    }

    fn check_count(&self) {
        self.until("thrice is completed", || self.row("thrice").is_some_and(|row| row["state"] == "COMPLETED"));
        assert_eq!(self.fires("thrice"), 3);
    }

    fn check_deactivation(&self) {
        let owner = self.next_fire("tick");
        let other = 1 - owner;
        self.set(other, "/tasks", "tick", "inactive");
        self.until("tick is paused", || self.row("tick").is_some_and(|row| row["state"] == "PAUSED"));
        let before = self.fires("tick");
        for _ in 0..3 {
            self.next_fire("tock");
        }
        assert_eq!(self.fires("tick"), before, "it fires although it was deactivated");
        self.set(owner, "/tasks", "tick", "active");
        self.next_fire("tick");

        let owner = self.owner("MSMP_P_0").expect("the processor runs somewhere");
        self.put(owner, "one");
        self.until("one is delivered", || self.delivered("one") == 1);
        let status =
            |number: usize| self.nodes[number].management("GET", "/message-processors?name=P", "").1["status"].clone();
        self.set(1 - owner, "/message-processors", "P", "inactive");
        self.until("P is inactive everywhere", || (0..2).all(|number| status(number) == "inactive"));
        self.until("P is paused", || self.row("MSMP_P_0").is_some_and(|row| row["state"] == "PAUSED"));
        self.put(owner, "two");
        for _ in 0..2 {
            self.next_fire("tock");
        }
        assert_eq!(self.delivered("two"), 0, "a deactivated processor delivers nothing");
        self.set(owner, "/message-processors", "P", "active");
        self.until("two is delivered", || self.delivered("two") == 1);
        self.until("P is active everywhere", || (0..2).all(|number| status(number) == "active"));
    }

    /// Stops the node that has the tasks; what must become of them.
    fn check_takeover(&mut self) {
        let owner = self.next_fire("tick");
        let other = 1 - owner;
        self.stop(owner);
        self.nodes[other].expect_log(&format!("Member removed [n{owner}]"));
        assert_ne!(self.next_fire("tick"), owner);
        assert_ne!(self.next_fire("tock"), owner);
        let row = self.row("thrice").expect("it stays in the table when its node leaves");
        assert_eq!((&row["state"], self.fires("thrice")), (&json!("COMPLETED"), 3));
        self.until("the processor has moved", || self.owner("MSMP_P_0").is_some_and(|now| now != owner));
        let survivor = self.owner("MSMP_P_0").expect("moved");
        self.put(survivor, "three");
        self.until("three is delivered", || self.delivered("three") == 1);
    }

    /// The third node is left alone: it becomes coordinator, and restarts cleanly.
    fn check_third(&mut self, third: usize) {
        for number in 0..third {
            if self.nodes[number].is_running() {
                self.stop(number);
            }
        }
        self.nodes[third].expect_log(&format!("Elected current node (nodeID: n{third}) as the coordinator"));
        assert_eq!(self.next_fire("tick"), third);
        self.stop(third);
        self.nodes[third].run();
        assert_eq!(self.next_fire("tick"), third);
        assert!(!self.nodes[third].log().contains(" ERROR "), "{}", self.nodes[third].log());
        assert_eq!(self.fires("thrice"), 3);
    }
}

fn everything(jdbc: String) {
    let mut cluster = Cluster::new(jdbc);
    cluster.start();
    cluster.start();
    cluster.check_members();
    cluster.check_tasks();
    cluster.check_pinned();
    cluster.check_count();
    cluster.check_deactivation();
    let third = cluster.start();
    cluster.check_takeover();
    cluster.check_third(third);
}

#[test]
fn on_postgresql() {
    let database = Postgres::start().expect("PostgreSQL is installed: bin/test.sh installs it");
    everything(database.jdbc());
}

#[test]
fn on_mariadb() {
    let database = MariaDb::start().expect("MariaDB is installed: bin/test.sh installs it");
    everything(database.jdbc());
}

#[test]
fn on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    everything(format!("jdbc:sqlite:{}", folder.path().join("cluster.db").display()));
}
