//! `/sequences`

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use mi_deployer::{Kind, Named};
use serde_json::{Value, json};

use super::{Parameters, aspects, container, payload, switch};
use crate::answer::Answer;
use crate::api::Served;
use crate::definition;
use crate::security::Caller;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("sequenceName") else {
        let found = served.inventory.of(Kind::Sequence, query.get("searchKey").map(String::as_str));
        return Answer::list(found.iter().filter_map(|named| item(&served, named)).collect());
    };
    match served.inventory.find(Kind::Sequence, name).and_then(|named| single(&served, &named)) {
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
        Ok(payload) => switch(&served.inventory, &caller, Kind::Sequence, "sequence", &payload),
        Err(answer) => answer,
    }
}

fn item(served: &Served, named: &Named) -> Option<Value> {
    let document = definition::read(&named.definition)?;
    let (tracing, stats) = aspects(&served.inventory, named, definition::root(&document));
    Some(json!({"tracing": tracing, "stats": stats, "name": &*named.name, "container": container(named)}))
}

fn single(served: &Served, named: &Named) -> Option<Value> {
    let document = definition::read(&named.definition)?;
    let root = definition::root(&document)?;
    let mediators = root.children().filter(|child| child.local() != "description");
    let mediators: Vec<_> = mediators.map(|child| class_of(child.local())).collect();
    let mut shown = item(served, named)?;
    shown["mediators"] = json!(mediators);
    shown["configuration"] = json!(&*named.definition);
    Some(shown)
}

/// The name of the class that MI runs for an element.
fn class_of(element: &str) -> String {
    let name = match element {
        "makefault" => "fault",
        "foreach" => "forEach",
        "call-template" => "invoke",
        "dblookup" => "dbLookup",
        "dbreport" => "dbReport",
        "rewrite" => "uRLRewrite",
        "store" => "messageStore",
        "xslt" => "xSLT",
        "xquery" => "xQuery",
        other => other,
    };
    let mut letters = name.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}Mediator", letters.as_str())
}
