//! `/cluster`: the members and the coordinated tasks. MI has no such resource.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::api::Served;

pub(crate) async fn get(State(served): State<Arc<Served>>) -> Answer {
    let coordinator = served.scheduler.coordinator();
    let status = match coordinator.cluster_status().await {
        Ok(Some(status)) => status,
        Ok(None) => return Answer::ok(json!({"clustered": false, "tasks": local(&served)})),
        Err(error) => return Answer::error(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    };
    let members = status.members.iter().map(|member| {
        json!({
            "node": &*member.node,
            "lastHeartbeatMillisAgo": member.age,
            "leaseRemainingMillis": member.remaining.max(0),
            "isLeader": status.leader.as_deref() == Some(&*member.node),
        })
    });
    let tasks = status.tasks.iter().map(|task| {
        // When it fires next, its owner knows.
        let next = served.scheduler.status(&task.task).and_then(|here| here.next_fire);
        json!({
            "name": &*task.task,
            "owner": task.owner.as_deref(),
            "state": format!("{:?}", task.state).to_uppercase(),
            "lastFire": task.last_fire,
            "nextFire": next,
            "fires": task.fired,
        })
    });
    Answer::ok(json!({
        "clustered": true,
        "group": &*status.group,
        "leader": status.leader.as_deref(),
        "epoch": status.epoch,
        "leaseRemainingMillis": coordinator.lease_remaining().map(|left| left.as_millis() as u64),
        "members": members.collect::<Vec<_>>(),
        "tasks": tasks.collect::<Vec<_>>(),
    }))
}

fn local(served: &Served) -> Vec<Value> {
    let statuses = served.scheduler.statuses().into_iter();
    let shown = statuses.map(|task| {
        json!({
            "name": &*task.name,
            "state": format!("{:?}", task.state).to_uppercase(),
            "lastFire": task.last_fire,
            "nextFire": task.next_fire,
            "fires": task.fired_here,
        })
    });
    shown.collect()
}
