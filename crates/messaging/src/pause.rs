//! Waiting for no longer than a task is this node's.

use std::time::Duration;

use mi_coordination::Gate;
use tokio::time::sleep;

/// Waits, but not longer than the gate is open.
pub(crate) async fn pause(length: Duration, gate: &Gate) {
    let mut standing = gate.standing();
    let closed = async {
        while gate.is_open() {
            if standing.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = sleep(length) => {}
        () = closed => {}
    }
}
