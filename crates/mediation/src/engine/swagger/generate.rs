//! An OpenAPI 3 document from an API's resources.

use http::Method;
use serde_json::{Map, Value, json};

use crate::api::{Api, Resource};

const ALL: [&str; 7] = ["get", "post", "put", "delete", "patch", "head", "options"];

/// The document; `addresses` are where the listeners can be reached.
pub(super) fn document(api: &Api, addresses: &[String]) -> Value {
    let name = &api.origin.name;
    let version = api.version.as_ref();
    let in_url =
        version.filter(|version| version.in_url).map(|version| format!("/{}", version.text)).unwrap_or_default();
    let servers = addresses.iter().map(|address| json!({"url": format!("{address}{}{in_url}", api.context)}));
    let mut paths = Map::new();
    for resource in &api.resources {
        let pattern = resource.binding.pattern().map_or("/*", |pattern| pattern);
        let (path, query) = pattern.split_once('?').unwrap_or((pattern, ""));
        let path = path.split("{?").next().unwrap_or(path);
        let operations = paths.entry(path).or_insert_with(|| json!({}));
        for method in methods(resource) {
            operations[&method] = operation(&method, pattern, path, query);
        }
    }
    json!({
        "openapi": "3.0.1",
        "info": {
            "title": &**name,
            "description": format!("API Definition of {name}"),
            "version": version.map_or("1.0.0", |version| &version.text),
        },
        "servers": servers.collect::<Vec<_>>(),
        "paths": paths,
    })
}

fn methods(resource: &Resource) -> Vec<String> {
    if resource.methods.is_empty() {
        return ALL.map(str::to_owned).into();
    }
    resource.methods.iter().map(Method::as_str).map(str::to_lowercase).collect()
}

fn operation(method: &str, pattern: &str, path: &str, query: &str) -> Value {
    let parameter =
        |name: &str, place: &str| json!({"name": name, "in": place, "required": true, "schema": {"type": "string"}});
    let mut parameters: Vec<_> = variables(path).into_iter().map(|name| parameter(name, "path")).collect();
    // `?name={variable}` and `{?name,other}`.
    let named = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.0));
    parameters.extend(named.map(|name| parameter(name, "query")));
    let form = pattern.split("{?").nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
    parameters.extend(form.split(',').filter(|name| !name.is_empty()).map(|name| parameter(name, "query")));
    let mut operation = json!({"responses": {"default": {"description": "Default response"}}});
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if matches!(method, "post" | "put" | "patch") {
        let schema = json!({"type": "object", "properties": {"payload": {"type": "object"}}});
        operation["requestBody"] = json!({
            "description": "Sample Payload",
            "content": {"application/json": {"schema": schema}},
            "required": false,
        });
    }
    operation
}

/// The names in `{…}`, without the operators of templates.
fn variables(path: &str) -> Vec<&str> {
    let parts = path.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0));
    parts.map(|name| name.trim_start_matches(['+', '#', '.', '/', ';']).trim_end_matches('*')).collect()
}
