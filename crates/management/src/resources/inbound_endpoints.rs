//! `/inbound-endpoints`. Their definitions are shown; this server does not run them yet, so all of them are inactive.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use mi_deployer::{Kind, Named};
use serde_json::{Value, json};

use super::{Parameters, aspects, is_switch, payload, status, switch, text};
use crate::answer::Answer;
use crate::api::Served;
use crate::definition::{self, Part};
use crate::security::Caller;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("inboundEndpointName") else {
        let found = served.inventory.of(Kind::InboundEndpoint, query.get("searchKey").map(String::as_str));
        return Answer::list(found.iter().filter_map(item).collect());
    };
    match served.inventory.find(Kind::InboundEndpoint, name).and_then(|named| single(&served, &named)) {
        Some(found) => Answer::ok(found),
        None => Answer::not_found(),
    }
}

pub(crate) async fn post(
    State(served): State<Arc<Served>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer {
    match payload(&body) {
        Ok(payload) if is_switch(&payload) => {
            switch(&served.inventory, &caller, Kind::InboundEndpoint, "inbound endpoint", &payload)
        }
        Ok(payload) => change(&served, &payload).unwrap_or_else(|answer| answer),
        Err(answer) => answer,
    }
}

fn change(served: &Served, payload: &Value) -> Result<Answer, Answer> {
    let name = text(payload, "name").unwrap_or_default();
    if served.inventory.find(Kind::InboundEndpoint, name).is_none() {
        return Err(Answer::missing("Inbound endpoint could not be found"));
    }
    status(payload)?;
    let message = format!("This version of the server does not run the inbound endpoint {name}");
    Ok(Answer::error(StatusCode::INTERNAL_SERVER_ERROR, message))
}

fn protocol(root: Part<'_>) -> String {
    root.attribute("protocol").or(root.attribute("class")).unwrap_or_default().to_owned()
}

fn item(named: &Named) -> Option<Value> {
    let document = definition::read(&named.definition)?;
    let root = definition::root(&document)?;
    Some(json!({"name": &*named.name, "protocol": protocol(root), "status": "inactive"}))
}

fn single(served: &Served, named: &Named) -> Option<Value> {
    let document = definition::read(&named.definition)?;
    let root = definition::root(&document)?;
    let (tracing, stats) = aspects(&served.inventory, named, Some(root));
    let parameters = root.child("parameters").into_iter().flat_map(Part::children);
    let parameters: Vec<_> = parameters
        .filter_map(|parameter| Some(json!({"name": parameter.attribute("name")?, "value": parameter.text()})))
        .collect();
    Some(json!({
        "name": &*named.name,
        "protocol": protocol(root),
        "sequence": root.attribute("sequence"),
        "error": root.attribute("onError"),
        "status": "inactive",
        "stats": stats,
        "tracing": tracing,
        "parameters": parameters,
        "configuration": &*named.definition,
    }))
}
