//! `/local-entries`

use std::sync::Arc;

use axum::extract::{Query, State};
use mi_deployer::{Artifact, Kind, Named};
use mi_mediation::local_entry::LocalEntry;
use mi_payload::value::Value as Content;
use serde_json::json;

use super::Parameters;
use crate::answer::Answer;
use crate::api::Served;
use crate::definition;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("name") else {
        let found = served.inventory.of(Kind::LocalEntry, query.get("searchKey").map(String::as_str));
        let entries = found.iter().filter_map(|named| Some((named, entry(named)?)));
        return Answer::list(
            entries.map(|(named, entry)| json!({"name": &*named.name, "type": kind(entry)})).collect(),
        );
    };
    let named = served.inventory.find(Kind::LocalEntry, name);
    let Some((named, entry)) = named.as_ref().and_then(|named| Some((named, entry(named)?))) else {
        return Answer::missing(format!("Reference for {name} could not be resolved"));
    };
    let document = definition::read(&named.definition);
    let description = document.as_ref().and_then(definition::root).and_then(|root| root.text_of("description"));
    Answer::ok(json!({
        "name": &*named.name,
        "type": kind(entry),
        "value": entry.text(),
        "description": description,
    }))
}

fn entry(named: &Named) -> Option<&Arc<LocalEntry>> {
    match &named.artifact {
        Artifact::LocalEntry(entry) => Some(entry),
        _ => None,
    }
}

/// MI's words for where a value comes from.
fn kind(entry: &LocalEntry) -> &'static str {
    match &entry.value {
        _ if entry.source.is_some() => "Source URL",
        Content::Xml(_) => "Inline XML",
        _ => "Inline Text",
    }
}
