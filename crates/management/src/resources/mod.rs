//! The resources of the management API, one file each (spec: runtime 5.4 to 5.7).

pub(crate) mod apis;
pub(crate) mod applications;
pub(crate) mod cluster;
pub(crate) mod configs;
pub(crate) mod connectors;
pub(crate) mod data_services;
pub(crate) mod endpoints;
pub(crate) mod inbound_endpoints;
pub(crate) mod local_entries;
pub(crate) mod logging;
pub(crate) mod logs;
pub(crate) mod message_processors;
pub(crate) mod message_stores;
pub(crate) mod proxy_services;
pub(crate) mod sequences;
pub(crate) mod server;
pub(crate) mod tasks;
pub(crate) mod templates;
pub(crate) mod users;

use std::collections::HashMap;

use axum::body::Bytes;
use mi_deployer::{Kind, Named};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::audit;
use crate::definition::Part;
use crate::inventory::{Aspect, Inventory};
use crate::security::Caller;

/// The query parameters of a request.
pub(crate) type Parameters = HashMap<String, String>;

/// The members of a request's body; the error is the answer.
pub(crate) fn payload(body: &Bytes) -> Result<Value, Answer> {
    match serde_json::from_slice::<Value>(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(Answer::bad("The payload is no JSON object")),
    }
}

/// A text of the body.
pub(crate) fn text<'a>(payload: &'a Value, name: &str) -> Option<&'a str> {
    payload.get(name)?.as_str()
}

/// `active` or `inactive` of the body.
pub(crate) fn status(payload: &Value) -> Result<bool, Answer> {
    match text(payload, "status").map(str::to_lowercase).as_deref() {
        Some("active") => Ok(true),
        Some("inactive") => Ok(false),
        _ => Err(Answer::bad("Provided state is not valid")),
    }
}

/// `enabled` or `disabled`.
pub(crate) fn able(on: bool) -> &'static str {
    if on { "enabled" } else { "disabled" }
}

/// Tracing and statistics of an artifact, whose attributes `element` has.
pub(crate) fn aspects(inventory: &Inventory, named: &Named, element: Option<Part<'_>>) -> (&'static str, &'static str) {
    let is_on = |aspect: Aspect| {
        able(inventory.is_on(named, aspect, element.and_then(|element| element.attribute(aspect.attribute()))))
    };
    (is_on(Aspect::Tracing), is_on(Aspect::Statistics))
}

/// The artifact container of MI: the application that an artifact came with.
pub(crate) fn container(named: &Named) -> String {
    match named.container() {
        Some(application) => format!("[ Deployed From Artifact Container: {application} ] "),
        None => "[ Deployed From Artifact Container: null ] ".to_owned(),
    }
}

/// The name of an artifact's file, without its folder.
pub(crate) fn file_name(named: &Named) -> &str {
    named.file.rsplit('/').next().unwrap_or_default()
}

/// Whether a body asks for tracing or statistics rather than for a state.
pub(crate) fn is_switch(payload: &Value) -> bool {
    ["trace", "statistics"].iter().any(|name| payload.get(*name).is_some())
}

/// Switches tracing or statistics of an artifact; `word` is what messages call its kind.
pub(crate) fn switch(inventory: &Inventory, caller: &Caller, kind: Kind, word: &str, payload: &Value) -> Answer {
    let Some(name) = text(payload, "name") else {
        return Answer::bad("Invalid payload. Required parameter is missing.");
    };
    let Some(named) = inventory.find(kind, name) else {
        return Answer::bad(format!("Specified {word} ('{name}') not found"));
    };
    let asked = [Aspect::Tracing, Aspect::Statistics].into_iter();
    let Some((aspect, state)) = asked.filter_map(|aspect| Some((aspect, text(payload, aspect.attribute())?))).next()
    else {
        return Answer::bad("Unsupported operation");
    };
    let on = match state.to_lowercase().as_str() {
        "enable" => true,
        "disable" => false,
        _ => return Answer::bad(format!("Invalid value for state {}", aspect.attribute())),
    };
    inventory.switch(&named, aspect, on);
    let kind = format!("{}_{}", word.replace(' ', "_"), aspect.attribute());
    audit::log(&caller.name, able(on), &kind, &json!({"name": name}));
    let verb = if on { "Enabled" } else { "Disabled" };
    Answer::message(format!("{verb} {} for ('{name}')", aspect.word()))
}
