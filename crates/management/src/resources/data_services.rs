//! `/data-services`

use std::sync::Arc;

use axum::extract::{Query, State};
use mi_deployer::{Artifact, Kind, Named};
use mi_mediation::data_service::{DataService, Description, QueryDescription};
use serde_json::{Map, Value, json};

use super::Parameters;
use crate::answer::Answer;
use crate::api::Served;
use crate::definition;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let Some(name) = query.get("dataServiceName") else {
        let found = served.inventory.of(Kind::DataService, query.get("searchKey").map(String::as_str));
        return Answer::list(found.iter().map(|named| item(&served, named)).collect());
    };
    match served.inventory.find(Kind::DataService, name).and_then(|named| single(&served, &named)) {
        Some(found) => Answer::ok(found),
        None => Answer::not_found(),
    }
}

fn service(named: &Named) -> Option<&Arc<dyn DataService>> {
    match &named.artifact {
        Artifact::DataService(service) => Some(service),
        _ => None,
    }
}

fn url(served: &Served, named: &Named) -> String {
    format!("{}/{}/{}", served.http, served.service_path, named.name)
}

fn item(served: &Served, named: &Named) -> Value {
    let url = url(served, named);
    json!({"name": &*named.name, "wsdl1_1": format!("{url}?wsdl"), "wsdl2_0": format!("{url}?wsdl2")})
}

fn single(served: &Served, named: &Named) -> Option<Value> {
    let description = service(named)?.describe();
    let url = url(served, named);
    let queries = description
        .queries
        .iter()
        .map(|query| json!({"id": query.id, "dataSourceId": query.source, "namespace": query.namespace}));
    let sources = description.sources.iter().map(|source| {
        let properties: Map<_, _> =
            source.properties.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({"dataSourceId": source.id, "dataSourceType": source.kind, "dataSourceProperties": properties})
    });
    let (resources, operations) = requests(&description);
    Some(json!({
        "serviceName": &*named.name,
        "serviceDescription": description.text,
        "serviceGroupName": description.group,
        "wsdl1_1": format!("{url}?wsdl"),
        "wsdl2_0": format!("{url}?wsdl2"),
        "queries": queries.collect::<Vec<_>>(),
        "resources": resources,
        "operations": operations,
        "dataSources": sources.collect::<Vec<_>>(),
        "cfg": definition::without_passwords(&named.definition)?,
    }))
}

/// Resources and operations.
fn requests(description: &Description) -> (Vec<Value>, Vec<Value>) {
    let (mut resources, mut operations) = (Vec::new(), Vec::new());
    for request in &description.requests {
        let Some(query) = description.queries.get(request.query) else { continue };
        match &request.resource {
            Some((method, path)) => resources.push(json!({
                "resourcePath": path,
                "resourceMethod": method,
                "resourceQuery": query.id,
                "queryParams": params(query),
            })),
            None => operations.push(json!({
                "operationName": request.name,
                "queryName": query.id,
                "queryParams": params(query),
            })),
        }
    }
    (resources, operations)
}

fn params(query: &QueryDescription) -> Vec<Value> {
    let params = query.params.iter().map(|param| {
        json!({
            "name": param.name,
            "sqlType": param.sql_type,
            "type": "IN",
            "paramType": if param.is_array { "ARRAY" } else { "SCALAR" },
            "ordinals": [param.ordinal],
            "forceDefault": param.force_default,
            "optional": param.optional,
        })
    });
    params.collect()
}
