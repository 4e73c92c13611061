//! `/tasks`

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use mi_deployer::{Artifact, Kind, Named};
use mi_scheduling::{ScheduleError, Trigger};
use serde_json::{Map, Value, json};

use super::{Parameters, payload, text};
use crate::answer::Answer;
use crate::api::Served;
use crate::audit;
use crate::definition;
use crate::security::Caller;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("taskName") else {
        let found = served.inventory.of(Kind::Task, query.get("searchKey").map(String::as_str));
        return Answer::list(found.iter().map(|named| json!({"name": &*named.name})).collect());
    };
    match served.inventory.find(Kind::Task, name).and_then(|named| single(&named)) {
        Some(found) => Answer::ok(found),
        None => Answer::missing(format!("Specified task {name} not found")),
    }
}

pub(crate) async fn post(
    State(served): State<Arc<Served>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer {
    match payload(&body) {
        Ok(payload) => change(&served, &caller, &payload).await,
        Err(answer) => answer,
    }
}

async fn change(served: &Served, caller: &Caller, payload: &Value) -> Answer {
    let name = text(payload, "name").unwrap_or_default();
    if served.tasks.find(name).is_none() {
        return Answer::bad(format!("Specified task ('{name}') not found"));
    }
    let (result, word, action) = match text(payload, "status").unwrap_or_default() {
        "active" => (served.tasks.activate(name).await, "activated", "enabled"),
        "inactive" => (served.tasks.deactivate(name).await, "deactivated", "disabled"),
        "trigger" => (served.tasks.trigger(name), "triggered", "triggered"),
        _ => return Answer::bad("Provided state is not valid"),
    };
    match result {
        Ok(()) => {
            audit::log(&caller.name, action, "task", &json!({"name": name}));
            // MI says `message` here and `Message` for the other artifacts; both, for either reader.
            let text = format!("{name} : is {word}");
            Answer::ok(json!({"Message": text, "message": text}))
        }
        Err(error @ ScheduleError::NotFound(_)) => Answer::bad(error.to_string()),
        Err(error) => Answer::error(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn single(named: &Named) -> Option<Value> {
    let Artifact::Task(task) = &named.artifact else { return None };
    let document = definition::read(&named.definition)?;
    let root = definition::root(&document)?;
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
    put("name", json!(&*named.name));
    put("taskGroup", json!(task.definition.group.as_deref().unwrap_or("synapse.simple.quartz")));
    let class = root.attribute("class").unwrap_or("org.apache.synapse.startup.tasks.MessageInjector");
    put("implementation", json!(class));
    match &task.definition.trigger {
        Trigger::Cron(expression) => {
            put("triggerType", json!("cron"));
            put("cronExpression", json!(expression));
            // The command line client reads this name.
            put("triggerCron", json!(expression));
        }
        Trigger::Interval { every, count } => {
            put("triggerType", json!("simple"));
            put("triggerCount", json!(count.map_or_else(|| "-1".to_owned(), |count| count.to_string())));
            put("triggerInterval", json!(every.as_millis().to_string()));
        }
        Trigger::Never(_) => {
            put("triggerType", json!("simple"));
            put("triggerCount", json!("0"));
            put("triggerInterval", json!("0"));
        }
    }
    let properties = root.children().filter(|child| child.local() == "property").filter_map(|child| {
        let content = child.children().next().map(|inner| inner.to_xml());
        let value = child.attribute("value").map(str::to_owned).or(content).unwrap_or_default();
        Some((child.attribute("name")?.to_owned(), json!(value)))
    });
    let properties: Map<String, Value> = properties.collect();
    put("properties", Value::Object(properties));
    put("configuration", json!(&*named.definition));
    Some(Value::Object(shown))
}
