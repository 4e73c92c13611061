//! Tables that MI's script made, with MI's own statements going on beside this product's.

use std::time::Duration;

use mi_coordination::store::Address;
use mi_coordination::{ClusterOptions, Coordinator, Gate, Standing};
use mi_testkit::Postgres;

const PATIENCE: Duration = Duration::from_secs(20);

/// The shape of MI's tables: names, columns and keys, without what this product adds.
const TABLES: &str = "
CREATE TABLE LEADER_STATUS_TABLE (GROUP_ID VARCHAR(512) NOT NULL, NODE_ID VARCHAR(512) NOT NULL,
    LAST_HEARTBEAT BIGINT NOT NULL, PRIMARY KEY (GROUP_ID));
CREATE TABLE CLUSTER_NODE_STATUS_TABLE (GROUP_ID VARCHAR(512) NOT NULL, NODE_ID VARCHAR(512) NOT NULL,
    IS_NEW_NODE INT NOT NULL, LAST_HEARTBEAT BIGINT NOT NULL, PRIMARY KEY (GROUP_ID, NODE_ID));
CREATE TABLE COORDINATED_TASK_TABLE (TASK_NAME VARCHAR(512) NOT NULL, DESTINED_NODE_ID VARCHAR(512),
    TASK_STATE VARCHAR(32), PRIMARY KEY (TASK_NAME));
INSERT INTO COORDINATED_TASK_TABLE (TASK_NAME, DESTINED_NODE_ID, TASK_STATE) VALUES ('old', NULL, 'NONE');
";

const NOW: &str = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint";

async fn opened(gate: &Gate) {
    let mut standing = gate.standing();
    let open = standing.wait_for(|standing| matches!(standing, Standing::Open(_)));
    tokio::time::timeout(PATIENCE, open).await.expect("opens in time").expect("runs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_beside_one_of_mi() {
    let database = Postgres::start().expect("PostgreSQL");
    let sql = |text: &str| database.sql(text).expect("a statement that works");
    sql(TABLES);
    // A node of MI leads; its heartbeats come every second from here on, until it is stopped.
    sql(&format!(
        "INSERT INTO CLUSTER_NODE_STATUS_TABLE (GROUP_ID, NODE_ID, IS_NEW_NODE, LAST_HEARTBEAT) \
         VALUES ('default', 'mi', 0, {NOW}); \
         INSERT INTO LEADER_STATUS_TABLE (GROUP_ID, NODE_ID, LAST_HEARTBEAT) VALUES ('default', 'mi', {NOW})"
    ));
    let options = ClusterOptions {
        heartbeat_interval: Duration::from_secs(1),
        resolving_period: Duration::from_millis(500),
        ..ClusterOptions::new("native")
    };
    let address = Address::parse(&database.jdbc(), None, None).expect("a supported URL");
    let node = Coordinator::start(address, options).expect("an address");
    let old = node.register("old", false);
    let mut view = node.watch().expect("clustered");
    tokio::time::timeout(PATIENCE, view.wait_for(|view| view.leader.is_some())).await.expect("in time").expect("runs");
    assert_eq!(node.view().and_then(|view| view.leader).as_deref(), Some("mi"));
    let beat = format!(
        "UPDATE CLUSTER_NODE_STATUS_TABLE SET LAST_HEARTBEAT = {NOW} WHERE GROUP_ID = 'default' AND NODE_ID = 'mi'; \
         UPDATE LEADER_STATUS_TABLE SET LAST_HEARTBEAT = {NOW} WHERE GROUP_ID = 'default' AND NODE_ID = 'mi'"
    );
    for _ in 0..8 {
        sql(&beat);
        assert!(!old.is_open(), "only MI's leader assigns");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // MI assigns one task to the native node and has one itself.
    sql("UPDATE COORDINATED_TASK_TABLE SET DESTINED_NODE_ID = 'native' WHERE TASK_NAME = 'old'");
    sql(
        "INSERT INTO COORDINATED_TASK_TABLE (TASK_NAME, DESTINED_NODE_ID, TASK_STATE) VALUES ('of-mi', 'mi', 'RUNNING')",
    );
    let of_mi = node.register("of-mi", false);
    sql(&beat);
    opened(&old).await;
    assert!(!of_mi.is_open());
    assert_eq!(
        sql("SELECT TASK_STATE FROM COORDINATED_TASK_TABLE WHERE TASK_NAME = 'old'").trim(),
        "RUNNING",
        "MI sees the state that it knows"
    );
    // MI is stopped: its rows expire, the native node leads and takes the task over.
    opened(&of_mi).await;
    assert!(old.is_open());
    let status = node.cluster_status().await.expect("the database answers").expect("clustered");
    assert_eq!(status.leader.as_deref(), Some("native"));
    assert_eq!(status.members.len(), 1);
    assert!(status.epoch > 0);
    // MI joins again, with its own statement.
    sql(&format!(
        "INSERT INTO CLUSTER_NODE_STATUS_TABLE (GROUP_ID, NODE_ID, IS_NEW_NODE, LAST_HEARTBEAT) \
         VALUES ('default', 'mi', 1, {NOW})"
    ));
    node.leave(Duration::ZERO).await;
    assert_eq!(sql("SELECT COUNT(*) FROM LEADER_STATUS_TABLE").trim(), "0", "MI may be elected");
}
