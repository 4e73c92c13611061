//! `/message-stores`

use std::sync::Arc;

use axum::extract::{Query, State};
use mi_deployer::{Artifact, Kind, Named};
use mi_mediation::message_store::MessageStore;
use serde_json::{Map, Value, json};

use super::{Parameters, container, file_name};
use crate::answer::Answer;
use crate::api::Served;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("name") else {
        let mut items = Vec::new();
        for named in served.inventory.of(Kind::MessageStore, query.get("searchKey").map(String::as_str)) {
            if let Some(store) = store(&named) {
                items.push(json!({"name": &*named.name, "type": store.kind, "size": size(store).await}));
            }
        }
        return Answer::list(items);
    };
    let named = served.inventory.find(Kind::MessageStore, name);
    let Some((named, store)) = named.as_ref().and_then(|named| Some((named, store(named)?))) else {
        return Answer::missing(format!("Specified message store ('{name}') not found"));
    };
    let properties: Map<String, Value> = store.parameters.iter().map(masked).collect();
    Answer::ok(json!({
        "name": &*named.name,
        "type": store.kind,
        "container": container(named),
        "file": file_name(named),
        "properties": properties,
        "size": size(store).await,
        "configuration": &*named.definition,
    }))
}

fn store(named: &Named) -> Option<&Arc<MessageStore>> {
    match &named.artifact {
        Artifact::MessageStore(store) => Some(store),
        _ => None,
    }
}

/// How many messages there are; -1 when nobody can tell.
async fn size(store: &MessageStore) -> i64 {
    store.backing.size().await.ok().flatten().and_then(|size| i64::try_from(size).ok()).unwrap_or(-1)
}

fn masked((name, value): &(String, String)) -> (String, Value) {
    let hidden = name.to_lowercase().contains("password");
    (name.clone(), json!(if hidden { "*****" } else { value.as_str() }))
}
