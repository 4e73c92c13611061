//! The node: this test's own executable, started with other arguments.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mi_coordination::store::Address;
use mi_coordination::{ClusterOptions, Coordinator};
use mi_scheduling::{Fire, Job, JobResult, TaskDefinition, TaskScheduler, Trigger};

use crate::recorder::Recorder;

/// Records each fire and then says it.
struct RecorderTask {
    recorder: Recorder,
    node: String,
}

impl Job for RecorderTask {
    fn run(&self, fire: Fire) -> Pin<Box<dyn Future<Output = JobResult> + Send + '_>> {
        Box::pin(async move {
            self.recorder.record(fire.slot, &self.node).await;
            println!("FIRE {}", fire.slot);
            Ok(())
        })
    }
}

/// Runs until SIGTERM. Not a test, and never run as one: without its environment it does nothing.
#[test]
#[ignore = "the nodes of the other tests"]
fn node() {
    let variable = |name| std::env::var(name).ok();
    let (Some(name), Some(jdbc), Some(file)) =
        (variable("NODE_NAME"), variable("NODE_JDBC"), variable("NODE_RECORDER").map(PathBuf::from))
    else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let options = ClusterOptions {
            heartbeat_interval: Duration::from_secs(1),
            resolving_period: Duration::from_secs(1),
            ..ClusterOptions::new(name.clone())
        };
        let address = Address::parse(&jdbc, None, None).expect("a supported URL");
        let task = RecorderTask { recorder: Recorder::open(&file).await, node: name };
        let coordinator = Coordinator::start(address, options).expect("an address");
        let mut view = coordinator.watch().expect("clustered");
        let scheduler = TaskScheduler::new(coordinator.clone(), Vec::new());
        let trigger = Trigger::Interval { every: Duration::from_secs(1), count: None };
        scheduler.schedule(TaskDefinition::new("T", trigger), Arc::new(task));
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
