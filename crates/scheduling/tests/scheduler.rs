//! Tasks that fire, alone and in a cluster.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mi_coordination::store::Address;
use mi_coordination::{ClusterOptions, Coordinator};
use mi_scheduling::{Fire, Job, JobResult, ScheduleError, TaskDefinition, TaskScheduler, TaskState, Trigger};
use tokio::sync::{Notify, mpsc};

const PATIENCE: Duration = Duration::from_secs(20);

/// Tells of each execution, and takes as long as the test wants.
struct Recorder {
    fires: mpsc::UnboundedSender<(String, Fire)>,
    node: String,
    hold: Option<Arc<Notify>>,
    busy: AtomicBool,
}

impl Job for Recorder {
    fn run(&self, fire: Fire) -> Pin<Box<dyn Future<Output = JobResult> + Send + '_>> {
        Box::pin(async move {
            assert!(!self.busy.swap(true, Ordering::SeqCst), "two executions at once");
            self.fires.send((self.node.clone(), fire)).map_err(|_| "the test is over")?;
            if let Some(hold) = &self.hold {
                hold.notified().await;
            }
            self.busy.store(false, Ordering::SeqCst);
            Err("as it must be logged".into())
        })
    }
}

type Fires = mpsc::UnboundedReceiver<(String, Fire)>;

fn recorder(hold: Option<Arc<Notify>>) -> (Arc<Recorder>, Fires) {
    let (fires, received) = mpsc::unbounded_channel();
    (Arc::new(Recorder { fires, node: String::new(), hold, busy: AtomicBool::new(false) }), received)
}

fn every_second(count: Option<u64>) -> Trigger {
    Trigger::Interval { every: Duration::from_secs(1), count }
}

async fn next(fires: &mut Fires) -> (String, Fire) {
    tokio::time::timeout(PATIENCE, fires.recv()).await.expect("fires in time").expect("the job lives")
}

fn alone() -> TaskScheduler {
    TaskScheduler::new(Coordinator::local(), vec!["this-server".to_owned()])
}

async fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_interval_fires_at_once_and_on_its_grid() {
    let scheduler = alone();
    let (job, mut fires) = recorder(None);
    scheduler.schedule(TaskDefinition::new("T", every_second(None)), job);
    tokio::task::yield_now().await;
    assert!(fires.try_recv().is_err(), "nothing fires before the server has started");
    let begun = Instant::now();
    scheduler.begin();
    let (_, first) = next(&mut fires).await;
    assert!(begun.elapsed() < Duration::from_millis(900));
    let (_, second) = next(&mut fires).await;
    let (_, third) = next(&mut fires).await;
    assert_eq!((second.slot - first.slot, third.slot - second.slot), (1000, 1000));
    let status = scheduler.status("T").expect("scheduled");
    assert_eq!((status.state, status.last_fire, status.fired_here), (TaskState::Active, Some(third.slot), 3));
    until(|| scheduler.status("T").is_some_and(|status| status.next_fire == Some(third.slot + 1000))).await;
    assert!(scheduler.remove("T"));
    assert!(!scheduler.remove("T"));
    assert!(fires.recv().await.is_none(), "the runner has ended");
}

#[tokio::test]
async fn a_count_is_kept() {
    let scheduler = alone();
    scheduler.begin();
    let (job, mut fires) = recorder(None);
    scheduler.schedule(TaskDefinition::new("T", every_second(Some(2))), job);
    next(&mut fires).await;
    next(&mut fires).await;
    until(|| scheduler.status("T").is_some_and(|status| status.state == TaskState::Completed)).await;
    assert!(fires.try_recv().is_err());
}

#[tokio::test]
async fn pausing_resuming_and_triggering() {
    let scheduler = alone();
    scheduler.begin();
    let (job, mut fires) = recorder(None);
    scheduler.schedule(TaskDefinition { paused: true, ..TaskDefinition::new("T", every_second(None)) }, job);
    assert!(matches!(scheduler.trigger("T"), Err(ScheduleError::NotActive(_))));
    assert!(matches!(scheduler.trigger("U"), Err(ScheduleError::NotFound(_))));
    scheduler.activate("T").await.expect("no database");
    let (_, first) = next(&mut fires).await;
    scheduler.trigger("T").expect("active");
    let (_, extra) = next(&mut fires).await;
    assert!(extra.extra);
    assert!(scheduler.is_active("T").await.expect("no database"));
    scheduler.deactivate("T").await.expect("no database");
    assert_eq!(scheduler.status("T").map(|status| status.state), Some(TaskState::Paused));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(fires.try_recv().is_err());
    scheduler.activate("T").await.expect("no database");
    let (_, resumed) = next(&mut fires).await;
    assert_eq!((resumed.slot - first.slot) % 1000, 0, "the grid is kept");
}

#[tokio::test]
async fn executions_do_not_overlap_and_late_slots_are_caught_up() {
    let scheduler = alone();
    scheduler.begin();
    let hold = Arc::new(Notify::new());
    let (job, mut fires) = recorder(Some(hold.clone()));
    scheduler.schedule(TaskDefinition::new("T", every_second(None)), job);
    let (_, first) = next(&mut fires).await;
    tokio::time::sleep(Duration::from_millis(2200)).await;
    assert!(fires.try_recv().is_err());
    for step in 1..=2 {
        hold.notify_one();
        let (_, late) = next(&mut fires).await;
        assert_eq!(late.slot - first.slot, step * 1000);
    }
    // A replaced task's execution ends before the new one's begins.
    let (job, mut others) = recorder(None);
    scheduler.schedule(TaskDefinition::new("T", every_second(None)), job);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(others.try_recv().is_err());
    hold.notify_one();
    next(&mut others).await;
}

#[tokio::test]
async fn pinned_and_faulty_tasks() {
    let scheduler = alone();
    scheduler.begin();
    let (job, mut fires) = recorder(None);
    let pinned = |servers: &str| TaskDefinition {
        pinned_servers: TaskDefinition::pinned(servers),
        ..TaskDefinition::new("P", every_second(None))
    };
    scheduler.schedule(pinned("other, another"), job.clone());
    assert_eq!(scheduler.status("P").map(|status| status.state), Some(TaskState::PinnedElsewhere));
    scheduler.schedule(pinned("other,this-server"), job.clone());
    next(&mut fires).await;
    for trigger in
        [Trigger::Cron("* * * * * *".to_owned()), Trigger::Cron("0 0 0 1 1 ? 2020".to_owned()), Trigger::Never("")]
    {
        scheduler.schedule(TaskDefinition::new("F", trigger), job.clone());
        assert!(matches!(scheduler.status("F").map(|status| status.state), Some(TaskState::Invalid(_))));
    }
    scheduler.schedule(TaskDefinition::new("F", Trigger::Cron("* * * * * ?".to_owned())), job);
    assert_eq!(scheduler.statuses().len(), 2);
}

/// A node of a cluster on SQLite that records its fires.
fn clustered(jdbc: &str, node: &str, fires: &mpsc::UnboundedSender<(String, Fire)>, trigger: Trigger) -> TaskScheduler {
    let options = ClusterOptions {
        heartbeat_interval: Duration::from_millis(500),
        resolving_period: Duration::from_millis(500),
        ..ClusterOptions::new(node)
    };
    let address = Address::parse(jdbc, None, None).expect("a supported URL");
    let scheduler = TaskScheduler::new(Coordinator::start(address, options).expect("an address"), Vec::new());
    let job = Recorder { fires: fires.clone(), node: node.to_owned(), hold: None, busy: AtomicBool::new(false) };
    scheduler.schedule(TaskDefinition::new("T", trigger), Arc::new(job));
    scheduler.begin();
    scheduler
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_fires_each_slot_once_and_a_count_in_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let jdbc = format!("jdbc:sqlite:{}", folder.path().join("cluster.db").display());
    let (sender, mut fires) = mpsc::unbounded_channel();
    let a = clustered(&jdbc, "a", &sender, every_second(Some(5)));
    let (first_node, first) = next(&mut fires).await;
    assert_eq!(first_node, "a");
    let b = clustered(&jdbc, "b", &sender, every_second(Some(5)));
    let mut slots = HashSet::from([first.slot]);
    let (_, second) = next(&mut fires).await;
    slots.insert(second.slot);
    a.stop(Duration::from_secs(1)).await;
    for _ in 2..5 {
        let (_, fire) = next(&mut fires).await;
        assert!(slots.insert(fire.slot), "slot {} fired twice", fire.slot);
        assert_eq!((fire.slot - first.slot) % 1000, 0, "the grid is the cluster's");
    }
    until(|| b.status("T").is_some_and(|status| status.state == TaskState::Completed)).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(fires.try_recv().is_err(), "five fires in all");
    b.stop(Duration::ZERO).await;
}
