//! `/templates`

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use mi_deployer::{Artifact, Kind, Named};
use serde_json::{Value, json};

use super::{Parameters, payload, switch};
use crate::answer::Answer;
use crate::api::Served;
use crate::security::Caller;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let found = served.inventory.of(Kind::Template, query.get("searchKey").map(String::as_str));
    let of = |kind: &str| found.iter().filter(|named| kind_of(named) == kind).collect::<Vec<_>>();
    let names = |list: &[&Named]| list.iter().map(|named| json!({"name": &*named.name})).collect::<Vec<_>>();
    let Some(kind) = query.get("type") else {
        let all: Vec<_> = found.iter().filter_map(single).collect();
        // Two more lists, which the command line client still reads.
        return Answer::ok(json!({
            "count": all.len(),
            "list": all,
            "sequenceTemplateList": names(&of("sequence")),
            "endpointTemplateList": names(&of("endpoint")),
        }));
    };
    if !matches!(kind.as_str(), "sequence" | "endpoint") {
        return Answer::bad("Template type is not valid");
    }
    let Some(name) = query.get("name") else { return Answer::list(names(&of(kind))) };
    match served.inventory.find(Kind::Template, name).filter(|named| kind_of(named) == kind) {
        Some(named) => single(&named).map_or_else(Answer::not_found, Answer::ok),
        None => Answer::not_found(),
    }
}

pub(crate) async fn post(
    State(served): State<Arc<Served>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer {
    match payload(&body) {
        Ok(payload) => switch(&served.inventory, &caller, Kind::Template, "sequence template", &payload),
        Err(answer) => answer,
    }
}

fn kind_of(named: &Named) -> &'static str {
    match named.artifact {
        Artifact::EndpointTemplate(_) => "endpoint",
        _ => "sequence",
    }
}

fn single(named: &Named) -> Option<Value> {
    let parameters: Value = match &named.artifact {
        Artifact::EndpointTemplate(template) => json!(template.parameters),
        Artifact::SequenceTemplate(template) => template
            .parameters
            .iter()
            .map(|parameter| {
                json!({
                    "name": &*parameter.name,
                    "mandatory": parameter.mandatory,
                    "defaultValue": parameter.default.as_deref(),
                })
            })
            .collect(),
        _ => return None,
    };
    Some(json!({
        "name": &*named.name,
        "Parameters": parameters,
        "type": kind_of(named),
        "configuration": &*named.definition,
    }))
}
