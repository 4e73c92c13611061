//! `/apis`

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use mi_deployer::{Artifact, Kind, Named};
use mi_mediation::api::Api;
use serde_json::{Value, json};

use super::{Parameters, able, aspects, payload, switch};
use crate::answer::Answer;
use crate::api::Served;
use crate::definition::{self, Part};
use crate::inventory::Aspect;
use crate::security::Caller;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("apiName") else {
        let found = served.inventory.of(Kind::Api, query.get("searchKey").map(String::as_str));
        return Answer::list(found.iter().filter_map(|named| item(&served, named)).collect());
    };
    match served.inventory.find(Kind::Api, name).and_then(|named| single(&served, &named)) {
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
        Ok(payload) => switch(&served.inventory, &caller, Kind::Api, "API", &payload),
        Err(answer) => answer,
    }
}

fn api(named: &Named) -> Option<&Arc<Api>> {
    match &named.artifact {
        Artifact::Api(api) => Some(api),
        _ => None,
    }
}

/// The URLs of an API, the first one in the list.
fn urls(served: &Served, api: &Api) -> Vec<String> {
    let version = api.version.as_ref().filter(|version| version.in_url);
    let path = version.map_or_else(|| api.context.to_string(), |version| format!("{}/{}", api.context, version.text));
    [&served.http, &served.https]
        .into_iter()
        .filter(|base| !base.is_empty())
        .map(|base| format!("{base}{path}"))
        .collect()
}

fn item(served: &Served, named: &Named) -> Option<Value> {
    let urls = urls(served, api(named)?);
    let document = definition::read(&named.definition)?;
    let trace = definition::root(&document).and_then(|root| root.attribute("trace"));
    let tracing = able(served.inventory.is_on(named, Aspect::Tracing, trace));
    Some(json!({"tracing": tracing, "name": &*named.name, "url": urls.first(), "urlList": urls}))
}

fn single(served: &Served, named: &Named) -> Option<Value> {
    let api = api(named)?;
    let document = definition::read(&named.definition)?;
    let root = definition::root(&document)?;
    let (tracing, stats) = aspects(&served.inventory, named, Some(root));
    let urls = urls(served, api);
    let resources: Vec<_> = root.children().filter(|child| child.local() == "resource").map(resource).collect();
    Some(json!({
        "tracing": tracing,
        "stats": stats,
        "name": &*named.name,
        "url": urls.first(),
        "urlList": urls,
        "version": api.version.as_ref().map_or("N/A", |version| &version.text),
        "context": &*api.context,
        "host": api.host.as_deref().unwrap_or_default(),
        "port": api.port.map_or(-1, i32::from),
        "resources": resources,
        "configuration": &*named.definition,
    }))
}

fn resource(element: Part<'_>) -> Value {
    let methods: Vec<_> = element.attribute("methods").unwrap_or_default().split_whitespace().collect();
    let url = element.attribute("uri-template").or(element.attribute("url-mapping")).unwrap_or("N/A");
    json!({"methods": methods, "url": url})
}
