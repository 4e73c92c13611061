//! `/configs`: settings that can change while the server runs, of which there is one (spec: runtime 5.7).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::{Query, State};
use serde_json::{Value, json};

use super::{Parameters, payload, text};
use crate::answer::Answer;
use crate::api::Served;

const CORRELATION: &str = "correlation";

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    match query.get("configName").map(String::as_str) {
        Some(CORRELATION) => {
            let enabled = served.correlation_logs.load(Ordering::Relaxed);
            Answer::ok(json!({"configName": CORRELATION, "configs": {"enabled": enabled}}))
        }
        Some(other) => unknown(other),
        None => wrong("Missing Required Query Parameter : configName"),
    }
}

pub(crate) async fn put(State(served): State<Arc<Served>>, body: Bytes) -> Answer {
    let payload = match payload(&body) {
        Ok(payload) => payload,
        Err(answer) => return answer,
    };
    match text(&payload, "configName") {
        Some(CORRELATION) => {}
        Some(other) => return unknown(other),
        None => return wrong("Missing Required Field: configName"),
    }
    let Some(configs) = payload.get("configs") else { return wrong("Missing Required Field: configs") };
    let enabled = match configs.get("enabled") {
        Some(Value::Bool(enabled)) => *enabled,
        // Whatever else it is, MI reads it as Java reads a Boolean's text.
        Some(other) => other.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")),
        None => return wrong("Missing Required Field: enabled"),
    };
    served.correlation_logs.store(enabled, Ordering::Relaxed);
    Answer::message("Successfully Updated Correlation Logs Status".to_owned())
}

fn unknown(name: &str) -> Answer {
    wrong(&format!("{name} configName not found"))
}

fn wrong(what: &str) -> Answer {
    Answer::bad(format!(" Error : {what}"))
}
