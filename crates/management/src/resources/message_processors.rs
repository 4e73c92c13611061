//! `/message-processors`

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use mi_deployer::{Artifact, Kind, Named};
use mi_messaging::processor::{ProcessorArtifact, ProcessorError};
use serde_json::{Map, Value, json};

use super::{Parameters, able, container, file_name, payload, status, text};
use crate::answer::Answer;
use crate::api::Served;
use crate::audit;
use crate::security::Caller;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("name") else {
        let mut items = Vec::new();
        for named in served.inventory.of(Kind::MessageProcessor, query.get("searchKey").map(String::as_str)) {
            if let Some(processor) = processor(&named) {
                let status = state(&served, &named.name).await;
                items.push(json!({"name": &*named.name, "type": processor.type_name(), "status": status}));
            }
        }
        return Answer::list(items);
    };
    let named = served.inventory.find(Kind::MessageProcessor, name);
    let Some((named, processor)) = named.as_ref().and_then(|named| Some((named, processor(named)?))) else {
        return Answer::missing(format!("Specified message processor ('{name}') not found"));
    };
    let parameters = processor.parameters.iter().map(|(name, value)| (name.clone(), json!(value)));
    Answer::ok(json!({
        "name": &*named.name,
        "type": processor.type_name(),
        "artifactContainer": container(named),
        "fileName": file_name(named),
        "parameters": parameters.collect::<Map<String, Value>>(),
        "messageStore": &*processor.store,
        "status": state(&served, &named.name).await,
        "configuration": &*named.definition,
    }))
}

pub(crate) async fn post(
    State(served): State<Arc<Served>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer {
    match payload(&body) {
        Ok(payload) => change(&served, &caller, &payload).await.unwrap_or_else(|answer| answer),
        Err(answer) => answer,
    }
}

async fn change(served: &Served, caller: &Caller, payload: &Value) -> Result<Answer, Answer> {
    let name = text(payload, "name").unwrap_or_default();
    if served.processors.find(name).is_none() {
        return Err(Answer::missing("Message processor does not exist"));
    }
    let on = status(payload)?;
    let result = if on { served.processors.activate(name).await } else { served.processors.deactivate(name).await };
    result.map_err(|error| match error {
        ProcessorError::NotFound => Answer::missing(error.to_string()),
        ProcessorError::Schedule(error) => Answer::error(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    })?;
    audit::log(&caller.name, able(on), "message_processor", &json!({"messageProcessorName": name}));
    Ok(Answer::changed(format!("{name} : is {}", if on { "activated" } else { "deactivated" })))
}

fn processor(named: &Named) -> Option<&Arc<ProcessorArtifact>> {
    match &named.artifact {
        Artifact::MessageProcessor(processor) => Some(processor),
        _ => None,
    }
}

/// `active`, `inactive`, or `unknown` while the cluster's database does not answer.
async fn state(served: &Served, name: &str) -> &'static str {
    match served.processors.is_active(name).await {
        Ok(true) => "active",
        Ok(false) => "inactive",
        Err(_) => "unknown",
    }
}
