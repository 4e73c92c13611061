//! `/proxy-services`

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use mi_deployer::{Artifact, Kind, Named};
use mi_mediation::proxy::ProxyService;
use serde_json::{Value, json};

use super::{Parameters, able, aspects, is_switch, payload, status, switch, text};
use crate::answer::Answer;
use crate::api::Served;
use crate::audit;
use crate::definition;
use crate::security::Caller;

const SERVICE_LOG: &str = "org.apache.synapse.core.axis2.ProxyService";

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("proxyServiceName") else {
        let found = served.inventory.of(Kind::Proxy, query.get("searchKey").map(String::as_str));
        return Answer::list(found.iter().map(|named| item(&served, named)).collect());
    };
    match served.inventory.find(Kind::Proxy, name).and_then(|named| single(&served, &named)) {
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
            switch(&served.inventory, &caller, Kind::Proxy, "proxy service", &payload)
        }
        Ok(payload) => change(&served, &caller, &payload).unwrap_or_else(|answer| answer),
        Err(answer) => answer,
    }
}

fn change(served: &Served, caller: &Caller, payload: &Value) -> Result<Answer, Answer> {
    let name = text(payload, "name").unwrap_or_default();
    let named = served.inventory.find(Kind::Proxy, name);
    let named = named.ok_or_else(|| Answer::missing("Proxy service could not be found"))?;
    let on = status(payload)?;
    let word = if on { "started" } else { "stopped" };
    if let Some(proxy) = proxy(&named) {
        proxy.set_running(on);
        let verb = if on { "Started" } else { "Stopped" };
        tracing::info!(target: SERVICE_LOG, "{{proxy:{name}}} {verb} the proxy service : {name}");
    }
    audit::log(&caller.name, able(on), "proxy_service", &json!({"proxyName": name}));
    Ok(Answer::changed(format!("Proxy service {name} {word} successfully")))
}

fn proxy(named: &Named) -> Option<&Arc<ProxyService>> {
    match &named.artifact {
        Artifact::Proxy(proxy) => Some(proxy),
        _ => None,
    }
}

fn item(served: &Served, named: &Named) -> Value {
    let url = format!("{}/{}/{}", served.http, served.service_path, named.name);
    json!({"name": &*named.name, "wsdl1_1": format!("{url}?wsdl"), "wsdl2_0": format!("{url}?wsdl2")})
}

fn single(served: &Served, named: &Named) -> Option<Value> {
    let proxy = proxy(named)?;
    let document = definition::read(&named.definition)?;
    let (tracing, stats) = aspects(&served.inventory, named, definition::root(&document));
    let bases = [(proxy.http, &served.http), (proxy.https, &served.https)];
    let reachable = bases.into_iter().filter(|(open, base)| *open && !base.is_empty());
    let eprs: Vec<_> = reachable.map(|(_, base)| format!("{base}/{}/{}", served.service_path, named.name)).collect();
    let mut shown = item(served, named);
    shown["tracing"] = json!(tracing);
    shown["stats"] = json!(stats);
    shown["eprs"] = json!(eprs);
    shown["isRunning"] = json!(proxy.is_running());
    shown["configuration"] = json!(&*named.definition);
    Some(shown)
}
