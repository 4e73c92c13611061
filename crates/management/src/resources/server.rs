//! `/server`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use serde_json::json;

use super::{payload, text};
use crate::answer::Answer;
use crate::api::{Served, Stop};

pub(crate) async fn get(State(served): State<Arc<Served>>) -> Answer {
    // There is no Java here; clients expect the members.
    Answer::ok(json!({
        "productName": "WSO2 Micro Integrator",
        "productVersion": served.version,
        "carbonHome": served.paths.home.display().to_string(),
        "javaHome": "",
        "javaVersion": "",
        "javaVendor": "",
        "osName": std::env::consts::OS,
        "osVersion": std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
    }))
}

pub(crate) async fn patch(State(served): State<Arc<Served>>, body: Bytes) -> Answer {
    let payload = match payload(&body) {
        Ok(payload) => payload,
        Err(answer) => return answer,
    };
    let (stop, what) = match text(&payload, "status").unwrap_or_default() {
        "shutdown" => (Stop::Shutdown { graceful: false }, "shutdown."),
        "shutdownGracefully" => (Stop::Shutdown { graceful: true }, "shutdown gracefully."),
        "restart" => (Stop::Restart { graceful: false }, "restart."),
        "restartGracefully" => (Stop::Restart { graceful: true }, "restart gracefully."),
        _ => return Answer::bad("Provided state is not valid"),
    };
    // Whoever asked first has decided.
    let _ = served.stop.try_send(stop);
    Answer::changed(format!("The server will start to {what}"))
}
