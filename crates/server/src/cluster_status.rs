//! `cluster status`: who is in the cluster and which node runs which task, read from the coordination database.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mi_config::Settings;
use mi_coordination::store::{ClusterStatus, SqlStore, StoreOptions};

use crate::cli::RunOptions;
use crate::{coordination, run};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prints the status of the cluster that the settings name.
pub fn print(options: &RunOptions) -> ExitCode {
    match run::settings(options).and_then(|settings| status(&settings)) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("micro-integrator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn status(settings: &Settings) -> Result<String, String> {
    let Some(database) = settings.coordination_datasource() else {
        return Ok("There is no cluster: no datasource WSO2_COORDINATION_DB is configured.\n".to_owned());
    };
    let cluster = &settings.cluster;
    let store = StoreOptions {
        group: cluster.group.as_str().into(),
        node: Arc::from("cluster-status"),
        expiry: cluster.heartbeat_interval * cluster.heartbeat_max_retry,
        connections: 2,
    };
    let store = SqlStore::new(coordination::address(database)?, store).map_err(|error| error.to_string())?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        match tokio::time::timeout(PATIENCE, store.status()).await {
            Ok(status) => status.map(|status| text(&status)).map_err(|error| error.to_string()),
            Err(_) => Err(format!("the database did not answer within {} s", PATIENCE.as_secs())),
        }
    })
}

fn text(status: &ClusterStatus) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let leader = status.leader.as_deref().unwrap_or("-");
    let _ = writeln!(out, "group {}, leader {leader}, epoch {}", status.group, status.epoch);
    let _ = writeln!(out, "\n{:<40} {:>14} {:>16}", "NODE", "HEARTBEAT", "LEASE");
    for member in &status.members {
        let lease = if member.remaining > 0 { format!("{} ms left", member.remaining) } else { "expired".to_owned() };
        let _ = writeln!(out, "{:<40} {:>9} ms ago {:>16}", member.node, member.age, lease);
    }
    let _ = writeln!(out, "\n{:<40} {:<12} {:<40} {:>8} {:>24}", "TASK", "STATE", "OWNER", "FIRES", "LAST FIRE");
    for task in &status.tasks {
        let owner = task.owner.as_deref().unwrap_or("-");
        let last = task.last_fire.and_then(chrono::DateTime::from_timestamp_millis);
        let last = last.map_or_else(|| "-".to_owned(), |time| time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
        let state = format!("{:?}", task.state).to_uppercase();
        let _ = writeln!(out, "{:<40} {state:<12} {owner:<40} {:>8} {last:>24}", task.task, task.fired);
    }
    out
}
