//! A hundred nodes and ten thousand tasks on one PostgreSQL. Run by hand: `cargo test --release --test scale -- --ignored`.

use std::time::{Duration, Instant};

use mi_coordination::store::Address;
use mi_coordination::{ClusterOptions, Coordinator, Gate, Resolver};
use mi_testkit::Postgres;

const NODES: usize = 100;
const TASKS: usize = 10_000;

fn statements(database: &Postgres) -> f64 {
    database.sql("SELECT SUM(calls) FROM pg_stat_statements").expect("statistics").trim().parse().expect("a number")
}

async fn measure(nodes: usize, tasks: usize) -> (Duration, f64) {
    let database = Postgres::start_with(&["shared_preload_libraries=pg_stat_statements"]).expect("PostgreSQL");
    database.sql("CREATE EXTENSION pg_stat_statements").expect("the extension");
    let mut members: Vec<Coordinator> = Vec::new();
    for number in 0..nodes {
        let options = ClusterOptions {
            heartbeat_interval: Duration::from_secs(1),
            resolving_period: Duration::from_secs(1),
            resolver: Resolver::RoundRobin { server_count: nodes },
            connections: 2,
            ..ClusterOptions::new(format!("node-{number:03}"))
        };
        let address = Address::parse(&database.jdbc(), None, None).expect("a supported URL");
        members.push(Coordinator::start(address, options).expect("a usable address"));
    }
    for member in &members {
        let mut view = member.watch().expect("clustered");
        view.wait_for(|view| view.joined).await.expect("runs");
    }
    let begun = Instant::now();
    let gates: Vec<Vec<Gate>> = members
        .iter()
        .map(|member| (0..tasks).map(|task| member.register(format!("task-{task:05}"), false)).collect())
        .collect();
    let running = "SELECT COUNT(*) FROM COORDINATED_TASK_TABLE WHERE TASK_STATE = 'RUNNING'";
    while database.sql(running).expect("the table").trim() != tasks.to_string() {
        assert!(begun.elapsed() < Duration::from_secs(120), "not all tasks are assigned");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let assigned = begun.elapsed();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let open = |task: usize| gates.iter().filter(|of_node| of_node[task].is_open()).count();
    assert!((0..tasks).all(|task| open(task) == 1));
    let (before, from) = (statements(&database), Instant::now());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let rate = (statements(&database) - before) / from.elapsed().as_secs_f64() / nodes as f64;
    println!("{nodes} nodes, {tasks} tasks: assigned in {assigned:?}, {rate:.2} statements a second a node at rest");
    (assigned, rate)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a benchmark"]
async fn hundred_nodes_and_ten_thousand_tasks() {
    let (assigned, rate) = measure(NODES, TASKS).await;
    assert!(assigned < Duration::from_secs(10), "{assigned:?}");
    assert!(rate <= 1.1, "{rate}");
}

/// The same at a size that runs with the other tests: what a node costs at rest does not grow with the tasks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_at_rest_sends_one_statement_a_heartbeat() {
    let (_, rate) = measure(3, 300).await;
    assert!(rate <= 1.2, "{rate}");
}
