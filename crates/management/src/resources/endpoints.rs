//! `/endpoints`

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use mi_deployer::{Artifact, Kind, Named};
use mi_mediation::endpoint::Endpoint;
use mi_mediation::endpoint::state::Status;
use serde_json::{Map, Value, json};

use super::{Parameters, able, is_switch, payload, status, switch, text};
use crate::answer::Answer;
use crate::api::Served;
use crate::audit;
use crate::definition::{self, Part};
use crate::inventory::Aspect;
use crate::security::Caller;

/// The elements that say what kind of endpoint one is.
const KINDS: [&str; 7] = ["http", "address", "wsdl", "loadbalance", "failover", "default", "recipientlist"];

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("endpointName") else {
        let found = served.inventory.of(Kind::Endpoint, query.get("searchKey").map(String::as_str));
        return Answer::list(found.iter().filter_map(item).collect());
    };
    match served.inventory.find(Kind::Endpoint, name).and_then(|named| single(&served, &named)) {
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
        Ok(payload) if is_switch(&payload) => switch(&served.inventory, &caller, Kind::Endpoint, "endpoint", &payload),
        Ok(payload) => change(&served, &caller, &payload).unwrap_or_else(|answer| answer),
        Err(answer) => answer,
    }
}

fn change(served: &Served, caller: &Caller, payload: &Value) -> Result<Answer, Answer> {
    let name = text(payload, "name").unwrap_or_default();
    let named = served.inventory.find(Kind::Endpoint, name);
    let named = named.ok_or_else(|| Answer::missing("Endpoint does not exist"))?;
    let on = status(payload)?;
    if let Some(endpoint) = endpoint(&named) {
        turn(endpoint, on);
    }
    audit::log(&caller.name, able(on), "endpoint", &json!({"endpointName": name}));
    Ok(Answer::changed(format!("{name} is switched {}", if on { "On" } else { "Off" })))
}

/// Switches a leaf, or all leaves of a group.
fn turn(endpoint: &Endpoint, on: bool) {
    if let Some(leaf) = endpoint.leaf() {
        leaf.switch(on);
    }
    for child in endpoint.children() {
        turn(child, on);
    }
}

fn endpoint(named: &Named) -> Option<&Arc<Endpoint>> {
    match &named.artifact {
        Artifact::Endpoint(endpoint) => Some(endpoint),
        _ => None,
    }
}

/// Whether it is not switched off; a group is on while one of its children is.
fn is_active(endpoint: &Endpoint) -> bool {
    match endpoint.leaf() {
        Some(leaf) => leaf.status() != Status::Off,
        None => endpoint.children().is_empty() || endpoint.children().iter().any(|child| is_active(child)),
    }
}

fn kind(root: Part<'_>) -> (&'static str, Part<'_>) {
    let found = root.children().find_map(|child| Some((*KINDS.iter().find(|kind| **kind == child.local())?, child)));
    match found {
        Some(found) => found,
        None if root.attribute("template").is_some() => ("template", root),
        None => ("indirect", root),
    }
}

fn item(named: &Named) -> Option<Value> {
    let document = definition::read(&named.definition)?;
    let (kind, _) = kind(definition::root(&document)?);
    Some(json!({"name": &*named.name, "type": kind, "isActive": is_active(endpoint(named)?)}))
}

fn single(served: &Served, named: &Named) -> Option<Value> {
    let document = definition::read(&named.definition)?;
    let root = definition::root(&document)?;
    let (kind, element) = kind(root);
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
    put("name", json!(&*named.name));
    let attribute = |name: &str| element.attribute(name).unwrap_or_default();
    match kind {
        "http" => {
            put("type", json!("HTTP Endpoint"));
            put("method", json!(attribute("method").to_uppercase()));
            put("uriTemplate", json!(attribute("uri-template")));
            put("advanced", advanced(element));
        }
        "address" => {
            put("type", json!("Address Endpoint"));
            put("address", json!(attribute("uri")));
            put("advanced", advanced(element));
        }
        "wsdl" => {
            put("type", json!("WSDL Endpoint"));
            put("wsdlUri", json!(attribute("uri")));
            put("serviceName", json!(attribute("service")));
            put("portName", json!(attribute("port")));
            put("advanced", advanced(element));
        }
        "loadbalance" => {
            put("type", json!("Load Balance Endpoint"));
            let algorithm = element.attribute("algorithm");
            put("algorithm", json!(algorithm.unwrap_or("org.apache.synapse.endpoints.algorithms.RoundRobin")));
            put("buildMessage", json!(attribute("buildMessage") == "true"));
            put("isFailover", json!(attribute("failover") != "false"));
            put("children", children(element));
        }
        "failover" => {
            put("type", json!("Failover Endpoint"));
            put("buildMessage", json!(attribute("buildMessage") == "true"));
            put("children", children(element));
        }
        "recipientlist" => {
            put("type", json!("Recipient List Endpoint"));
            put("poolSize", json!(attribute("maxCache").parse::<i64>().unwrap_or(20)));
            put("children", children(element));
        }
        "template" => {
            put("type", json!("Template Endpoint"));
            put("template", json!(attribute("template")));
            put("uri", json!(attribute("uri")));
            put("parameters", parameters(element));
        }
        "default" => {
            put("type", json!("Default Endpoint"));
            put("advanced", advanced(element));
        }
        _ => put("type", json!("Indirect Endpoint")),
    }
    put("errorHandler", json!(root.attribute("onError")));
    put("isActive", json!(is_active(endpoint(named)?)));
    put("tracing", json!(able(served.inventory.is_on(named, Aspect::Tracing, element.attribute("trace")))));
    put("configuration", json!(&*named.definition));
    Some(Value::Object(shown))
}

/// How the endpoint is suspended. `reties` is spelled as in MI.
fn advanced(element: Part<'_>) -> Value {
    let text = |of: &str, name: &str| element.child(of).and_then(|child| child.text_of(name));
    let codes = |of: &str| -> Vec<String> {
        let text = text(of, "errorCodes").unwrap_or_default();
        text.split(',').map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()).collect()
    };
    let number = |text: Option<String>, default: i64| text.and_then(|text| text.parse().ok()).unwrap_or(default);
    json!({
        "suspendState": {
            "errorCodes": codes("suspendOnFailure"),
            "maxDuration": number(text("suspendOnFailure", "maximumDuration"), i64::MAX),
            "initialDuration": number(text("suspendOnFailure", "initialDuration"), -1),
        },
        "timeoutState": {
            "errorCodes": codes("markForSuspension"),
            "reties": number(text("markForSuspension", "retriesBeforeSuspension"), 0),
        },
    })
}

fn children(element: Part<'_>) -> Value {
    let inner = element.children().filter(|child| matches!(child.local(), "endpoint" | "member"));
    inner.map(|child| child.attribute("name").or(child.attribute("key")).map(str::to_owned)).collect()
}

fn parameters(element: Part<'_>) -> Value {
    let inner = element.children().filter(|child| child.local() == "parameter");
    let pairs = inner.filter_map(|child| {
        Some((child.attribute("name")?.to_owned(), json!(child.attribute("value").unwrap_or_default())))
    });
    Value::Object(pairs.collect())
}
