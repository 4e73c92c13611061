//! `/inbound-endpoints`

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use mi_deployer::{Kind, Named};
use mi_messaging::inbound::InboundError;
use serde_json::{Value, json};

use super::{Parameters, able, aspects, is_switch, payload, status, switch, text};
use crate::answer::Answer;
use crate::api::Served;
use crate::audit;
use crate::definition::{self, Part};
use crate::security::Caller;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("inboundEndpointName") else {
        let mut items = Vec::new();
        for named in served.inventory.of(Kind::InboundEndpoint, query.get("searchKey").map(String::as_str)) {
            items.extend(item(&named, state(&served, &named.name).await));
        }
        return Answer::list(items);
    };
    let Some(named) = served.inventory.find(Kind::InboundEndpoint, name) else { return Answer::not_found() };
    match single(&served, &named, state(&served, name).await) {
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
        Ok(payload) => change(&served, &caller, &payload).await.unwrap_or_else(|answer| answer),
        Err(answer) => answer,
    }
}

async fn change(served: &Served, caller: &Caller, payload: &Value) -> Result<Answer, Answer> {
    let name = text(payload, "name").unwrap_or_default();
    if served.inventory.find(Kind::InboundEndpoint, name).is_none() {
        return Err(Answer::missing(InboundError::NotFound.to_string()));
    }
    let on = status(payload)?;
    let result = if on { served.inbounds.activate(name).await } else { served.inbounds.deactivate(name).await };
    result.map_err(|error| Answer::error(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    audit::log(&caller.name, able(on), "inbound_endpoint", &json!({"inboundEndpointName": name}));
    Ok(Answer::changed(format!("{name} : is {}", if on { "activated" } else { "deactivated" })))
}

/// `active`, `inactive`, or `unknown` while the cluster's database does not answer.
async fn state(served: &Served, name: &str) -> &'static str {
    match served.inbounds.is_active(name).await {
        Ok(true) => "active",
        Ok(false) | Err(InboundError::NotFound) => "inactive",
        Err(_) => "unknown",
    }
}

fn protocol(root: Part<'_>) -> String {
    root.attribute("protocol").or(root.attribute("class")).unwrap_or_default().to_owned()
}

fn item(named: &Named, status: &str) -> Option<Value> {
    let document = definition::read(&named.definition)?;
    let root = definition::root(&document)?;
    Some(json!({"name": &*named.name, "protocol": protocol(root), "status": status}))
}

fn single(served: &Served, named: &Named, status: &str) -> Option<Value> {
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
        "status": status,
        "stats": stats,
        "tracing": tracing,
        "parameters": parameters,
        "configuration": &*named.definition,
    }))
}
