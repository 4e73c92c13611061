//! Each database executes requests as the model does: random sequences of requests, with late sessions and epochs among
//! them, have equal answers.

mod model;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mi_coordination::protocol::{BeatReply, NodeName, Reply, Request, Session, TaskName, Wanted};
use mi_coordination::store::{Address, SqlStore, Store, StoreOptions};
use mi_testkit::{MariaDb, Postgres};
use model::Model;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

/// Long enough that no heartbeat of a test expires.
const EXPIRY: Duration = Duration::from_secs(3600);

fn session() -> impl Strategy<Value = Session> {
    (0..2, 1..4u64).prop_map(|(process, number)| Session::new(&format!("process-{process}"), number))
}

fn task() -> impl Strategy<Value = TaskName> {
    (0..3).prop_map(|number| TaskName::from(format!("Täsk '{number}'")))
}

fn node_name(number: usize) -> NodeName {
    NodeName::from(format!("node-{number}"))
}

fn request() -> impl Strategy<Value = Request> {
    let node = (0..3usize).prop_map(node_name);
    let wanted = prop_oneof![6 => Just(Wanted::Running), 1 => Just(Wanted::Paused), 1 => Just(Wanted::Completed)];
    prop_oneof![
        2 => (session(), any::<bool>()).prop_map(|(session, anew)| Request::Join { session, anew }),
        2 => session().prop_map(|session| Request::Beat { session }),
        2 => session().prop_map(|session| Request::Elect { session }),
        1 => session().prop_map(|session| Request::Leave { session }),
        1 => Just(Request::Members),
        3 => (session(), 0..4i64, any::<bool>())
            .prop_map(|(session, epoch, orphans)| Request::Survey { session, epoch, orphans }),
        4 => (session(), 0..4i64, prop::collection::btree_map(task(), node, 1..4))
            .prop_map(|(session, epoch, tasks)| Request::Assign { session, epoch, tasks: tasks.into_iter().collect() }),
        1 => (session(), 0..4i64, prop::collection::vec(task(), 0..2), any::<bool>())
            .prop_map(|(session, epoch, tasks, owned)| Request::Remove { session, epoch, tasks, owned }),
        4 => (session(), prop::collection::btree_map(task(), wanted, 0..4))
            .prop_map(|(session, changes)| Request::Sync { session, changes: changes.into_iter().collect() }),
        3 => prop::collection::btree_map(task(), any::<bool>(), 0..4)
            .prop_map(|tasks| Request::Register { tasks: tasks.into_iter().collect() }),
        1 => prop::collection::vec(task(), 0..2).prop_map(|tasks| Request::Withdraw { tasks }),
        1 => task().prop_map(|task| Request::Deactivate { task }),
        1 => task().prop_map(|task| Request::Activate { task }),
        6 => (session(), task(), 0..30i64, prop::option::weighted(0.2, 0..3u64))
            .prop_map(|(session, task, slot, limit)| Request::Claim { session, task, slot, limit }),
    ]
}

/// Answers without what depends on the time of their execution, and on reads that are only hints.
fn comparable(reply: Reply) -> Reply {
    match reply {
        Reply::Joined { .. } => Reply::Joined { now: 0 },
        Reply::Duplicate { .. } => Reply::Duplicate { age: 0 },
        Reply::Beat(beat) => {
            let leader = beat.leader.map(|leader| mi_coordination::protocol::Leader { age: 0, ..leader });
            Reply::Beat(BeatReply { now: 0, leader, member_revision: 0, ..beat })
        }
        // Who has how many tasks is only read when there is something to assign.
        Reply::Surveyed { members, unassigned, load } => {
            let load = if unassigned.is_empty() { Vec::new() } else { load };
            Reply::Surveyed { members, unassigned, load }
        }
        other => other,
    }
}

fn store(jdbc: &str, group: &str, node: usize) -> SqlStore {
    let address = Address::parse(jdbc, None, None).expect("a supported URL");
    let options = StoreOptions { group: Arc::from(group), node: node_name(node), expiry: EXPIRY, connections: 2 };
    SqlStore::new(address, options).expect("an address that the SQL library takes")
}

async fn conforms(jdbc: &str, sequences: usize) {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let sequence = prop::collection::vec((0..3usize, request(), prop::bool::weighted(0.9)), 30..150);
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..sequences {
        let requests = sequence.new_tree(&mut runner).expect("a sequence").current();
        // Tasks are told apart by their name alone, so each sequence begins with an empty table.
        let group = format!("group-{number}");
        let stores: Vec<SqlStore> = (0..3).map(|node| store(jdbc, &group, node)).collect();
        for store in &stores {
            store.prepare().await.expect("tables");
        }
        let mut model = Model::new(i64::try_from(EXPIRY.as_millis()).expect("an hour"));
        let mut done = Vec::new();
        for (mut node, request, right) in requests {
            let mut request = in_group(request, number);
            if right {
                node = make_right(&model, node, &mut request);
            }
            let expected = comparable(model.run(0, &node_name(node), &request));
            let variant: String = format!("{expected:?}").chars().take_while(|c| c.is_alphanumeric()).collect();
            *answers.entry(variant).or_default() += 1;
            let found = stores[node].run(request.clone()).await;
            done.push((node, request));
            match found {
                Ok(found) => assert_eq!(comparable(found), expected, "after {done:#?}"),
                Err(error) => panic!("{error} after {done:#?}"),
            }
        }
    }
    for answer in [
        "Joined",
        "Duplicate",
        "Beat",
        "Elected",
        "NotElected",
        "Surveyed",
        "Rows",
        "Fenced",
        "Granted",
        "Taken",
        "NotOwner",
    ] {
        assert!(answers.get(answer).is_some_and(|count| *count >= 5), "too few {answer}: {answers:?}");
    }
}

/// Puts the newest session and leadership into a request, so that most requests have an effect; returns the node that
/// sends it.
fn make_right(model: &Model, node: usize, request: &mut Request) -> usize {
    let leader = model.leader.as_ref().and_then(|(leader, _)| (0..3).find(|number| node_name(*number) == *leader));
    let owner = |task: &TaskName| {
        let owner = model.tasks.get(task).and_then(|row| row.owner.as_ref());
        (0..3).find(|number| Some(&node_name(*number)) == owner).unwrap_or(node)
    };
    let sender = match request {
        Request::Survey { epoch, .. } | Request::Assign { epoch, .. } | Request::Remove { epoch, .. } => {
            *epoch = model.epoch;
            leader.unwrap_or(node)
        }
        Request::Claim { task, .. } => owner(task),
        Request::Sync { changes, .. } => changes.first().map_or(node, |(task, _)| owner(task)),
        _ => node,
    };
    let current = model.nodes.get(&node_name(sender)).map(|(session, _)| session.clone());
    match request {
        Request::Beat { session }
        | Request::Elect { session }
        | Request::Survey { session, .. }
        | Request::Assign { session, .. }
        | Request::Remove { session, .. }
        | Request::Sync { session, .. }
        | Request::Claim { session, .. } => *session = current.unwrap_or_else(|| session.clone()),
        _ => {}
    }
    sender
}

/// The request with its task names made the sequence's own.
fn in_group(request: Request, number: usize) -> Request {
    let own = |task: &TaskName| TaskName::from(format!("{number} {task}"));
    match request {
        Request::Assign { session, epoch, tasks } => Request::Assign {
            session,
            epoch,
            tasks: tasks.iter().map(|(task, node)| (own(task), node.clone())).collect(),
        },
        Request::Remove { session, epoch, tasks, owned } => {
            Request::Remove { session, epoch, tasks: tasks.iter().map(own).collect(), owned }
        }
        Request::Sync { session, changes } => {
            Request::Sync { session, changes: changes.iter().map(|(task, wanted)| (own(task), *wanted)).collect() }
        }
        Request::Register { tasks } => {
            Request::Register { tasks: tasks.iter().map(|(task, paused)| (own(task), *paused)).collect() }
        }
        Request::Withdraw { tasks } => Request::Withdraw { tasks: tasks.iter().map(own).collect() },
        Request::Deactivate { task } => Request::Deactivate { task: own(&task) },
        Request::Activate { task } => Request::Activate { task: own(&task) },
        Request::Claim { session, task, slot, limit } => Request::Claim { session, task: own(&task), slot, limit },
        other => other,
    }
}

#[tokio::test]
async fn sqlite_executes_requests_as_the_model_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let jdbc = format!("jdbc:sqlite:{}", folder.path().join("cluster.db").display());
    conforms(&jdbc, 150).await;
}

#[tokio::test]
async fn postgresql_executes_requests_as_the_model_does() {
    let database = Postgres::start().expect("PostgreSQL");
    conforms(&database.jdbc(), 150).await;
}

#[tokio::test]
async fn mariadb_executes_requests_as_the_model_does() {
    let database = MariaDb::start().expect("MariaDB");
    conforms(&database.jdbc(), 150).await;
}
