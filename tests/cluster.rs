//! Two and more nodes, one database: a task runs on one of them, and another takes it over.

use std::time::{Duration, Instant};

use mi_e2e::{Builder, Server, eventually};
use mi_testkit::Postgres;

const TASK: &str = "<task xmlns='http://ws.apache.org/ns/synapse' name='tick' class='org.apache.synapse.startup.tasks.MessageInjector' \
    group='synapse.simple.quartz'><trigger interval='1'/><property name='injectTo' value='sequence'/>\
    <property name='sequenceName' value='note'/><property name='message'><a xmlns=''/></property></task>";
const SEQUENCE: &str = "<sequence xmlns='http://ws.apache.org/ns/synapse' name='note'><log level='custom'>\
    <property name='tick' value='fired'/></log></sequence>";

fn node(name: &str, jdbc: &str) -> Server {
    Builder::new()
        .artifact("tasks/tick.xml", TASK)
        .artifact("sequences/note.xml", SEQUENCE)
        .toml(&format!(
            "[cluster_config]\nnode_id = \"{name}\"\n[[datasource]]\nid = \"WSO2_COORDINATION_DB\"\nurl = \"{jdbc}\"\n"
        ))
        .property("heartBeatInterval=1000")
        .start()
}

fn fires(server: &Server) -> usize {
    server.log().matches("tick = fired").count()
}

#[test]
fn a_task_runs_on_one_node_and_moves_when_that_is_killed() {
    let database = Postgres::start().expect("PostgreSQL is installed: bin/test.sh installs it");
    let nodes = [node("n1", &database.jdbc()), node("n2", &database.jdbc())];
    let firing = |nodes: &[Server]| nodes.iter().position(|node| fires(node) > 0);
    assert!(eventually(Duration::from_secs(30), || firing(&nodes).is_some()), "{}", nodes[0].log());
    let owner = firing(&nodes).expect("one fires");
    let other = 1 - owner;
    nodes[owner].expect_log("Task scheduled: [ESB_TASK][tick].");
    let before = fires(&nodes[owner]);
    assert!(eventually(Duration::from_secs(10), || fires(&nodes[owner]) >= before + 2));
    assert_eq!(fires(&nodes[other]), 0, "both nodes run the task");
    nodes[owner].signal("KILL");
    let killed = Instant::now();
    assert!(eventually(Duration::from_secs(20), || fires(&nodes[other]) > 0), "{}", nodes[other].log());
    println!("crash to next fire: {} ms", killed.elapsed().as_millis());
    nodes[other].expect_log("Task scheduled: [ESB_TASK][tick].");
}

#[test]
fn a_node_that_is_told_to_stop_gives_its_tasks_up_at_once() {
    let database = Postgres::start().expect("PostgreSQL is installed: bin/test.sh installs it");
    let mut nodes = [node("n1", &database.jdbc()), node("n2", &database.jdbc())];
    assert!(eventually(Duration::from_secs(30), || nodes.iter().any(|node| fires(node) > 0)));
    let owner = usize::from(fires(&nodes[0]) == 0);
    let other = 1 - owner;
    nodes[other].expect_log("Successfully joined the cluster");
    nodes[owner].signal("TERM");
    let told = Instant::now();
    assert!(eventually(Duration::from_secs(20), || nodes[other].log().contains("Task scheduled: [ESB_TASK][tick].")));
    println!("SIGTERM to next owner: {} ms", told.elapsed().as_millis());
    assert_eq!(nodes[owner].wait().code(), Some(0));
}

#[test]
fn without_its_database_a_node_still_serves_requests_and_says_once_that_tasks_are_paused() {
    let mut database = Postgres::start().expect("PostgreSQL is installed: bin/test.sh installs it");
    let node = node("n1", &database.jdbc());
    assert!(eventually(Duration::from_secs(30), || fires(&node) > 0), "{}", node.log());
    database.stop();
    node.expect_log("Task temporarily paused: [ESB_TASK][tick]");
    let paused = fires(&node);
    assert_eq!(node.get("/nothing").status, 404, "requests are served");
    database.resume().expect("it starts again");
    assert!(eventually(Duration::from_secs(30), || fires(&node) > paused), "{}", node.log());
    assert_eq!(node.log().matches("Task temporarily paused: [ESB_TASK][tick]").count(), 1);
}
