//! `GET /API?swagger.json` and `?swagger.yaml`: the OpenAPI document of an API, published or generated (spec: services
//! 1.11). The path is the name of the API, not its context.

mod generate;
mod yaml;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde_json::Value;

use crate::api::Api;
use crate::configuration::Configuration;
use crate::context::{HttpRequest, Response};

/// The two forms of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Yaml,
}

/// The answer to a request for the document of an API; `None` for every other request.
pub(super) fn answer(configuration: &Configuration, request: &HttpRequest) -> Option<Response> {
    let (path, query) = request.target.split_once('?')?;
    let query = query.strip_prefix("swagger.")?;
    let form = match query.split('&').next() {
        Some("json") => Form::Json,
        Some("yaml") => Form::Yaml,
        _ => return None,
    };
    if !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return None;
    }
    let name = path.strip_prefix('/')?.split('/').next()?;
    let api = configuration.apis.iter().find(|api| *api.origin.name == *name)?;
    let text = match published(configuration, api) {
        Some(text) => in_form(text, form, name),
        None => {
            let document = generate::document(api, &configuration.settings.service_addresses);
            match form {
                Form::Json => document.to_string(),
                Form::Yaml => yaml::write(&document),
            }
        }
    };
    let mut response = Response::empty(StatusCode::OK);
    let content_type = match form {
        Form::Json => "application/json",
        Form::Yaml => "application/x-yaml",
    };
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.body = text.into_bytes().into();
    Some(response)
}

/// The document that the registry has for an API.
fn published(configuration: &Configuration, api: &Api) -> Option<String> {
    let name = &api.origin.name;
    let default = || format!("conf:integrator/applicationdata/{name}/swagger.json");
    let key = api.swagger.clone().unwrap_or_else(default);
    // `publishSwagger` is a path of the registry, or a key.
    let key = match key.strip_prefix("/_system/").and_then(|rest| rest.split_once('/')) {
        Some(("governance", rest)) => format!("gov:{rest}"),
        Some(("config", rest)) => format!("conf:{rest}"),
        _ => key,
    };
    let resource = configuration.environment.resources.read(&key)?;
    Some(String::from_utf8_lossy(&resource.content).into_owned())
}

/// A published document in the form that was asked for. What is neither JSON nor YAML stays as it is.
fn in_form(text: String, form: Form, api: &str) -> String {
    let json = serde_json::from_str::<Value>(&text);
    match (form, json) {
        (Form::Json, Ok(_)) | (Form::Yaml, Err(_)) => text,
        (Form::Yaml, Ok(document)) => yaml::write(&document),
        (Form::Json, Err(_)) => match yaml::read(&text) {
            Ok(document) if document.is_object() => format!("{document:#}"),
            Ok(_) => text,
            Err(error) => {
                tracing::warn!(
                    "The swagger document of API {api} is neither JSON nor YAML and is given as it is: {error}"
                );
                text
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn ask(target: &str, method: Method) -> Option<(String, String)> {
        let api = "<api name='Orders' context='/orders'><resource methods='POST GET' uri-template='/{id}/lines?from={from}'>\
                   <inSequence><respond/></inSequence></resource><resource url-mapping='/all/*'/></api>";
        let context = testing::context_of_artifacts(&[api]);
        let request = context.request.as_deref().cloned().expect("a request");
        let request = HttpRequest { method, target: target.into(), ..request };
        let Response { headers, body, .. } = answer(&context.configuration, &request)?;
        let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?.to_owned();
        let mi_payload::Body::Full(bytes) = body else { return None };
        Some((content_type, String::from_utf8(bytes.to_vec()).ok()?))
    }

    #[test]
    fn a_document_is_generated_from_the_resources() {
        let (content_type, text) = ask("/Orders?swagger.json", Method::GET).expect("a document");
        assert_eq!(content_type, "application/json");
        let document: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(document["openapi"], "3.0.1");
        assert_eq!(document["info"]["title"], "Orders");
        assert_eq!(document["info"]["description"], "API Definition of Orders");
        assert_eq!(document["info"]["version"], "1.0.0");
        let get = &document["paths"]["/{id}/lines"]["get"];
        assert_eq!(get["parameters"][0]["in"], "path");
        assert_eq!((&get["parameters"][1]["name"], &get["parameters"][1]["in"]), (&"from".into(), &"query".into()));
        assert_eq!(get["responses"]["default"]["description"], "Default response");
        assert!(get["requestBody"].is_null() && document["paths"]["/{id}/lines"]["post"]["requestBody"].is_object());
        assert!(document["paths"]["/all/*"]["get"].is_object());
    }

    #[test]
    fn a_published_document_is_given_in_both_forms() {
        let in_form = |text: &str, form| in_form(text.to_owned(), form, "Orders");
        let (json, yaml) = ("{\n  \"openapi\": \"3.0.1\"\n}", "openapi: 3.0.1\n");
        assert_eq!(in_form(json, Form::Json), json);
        assert_eq!(in_form(json, Form::Yaml), yaml);
        assert_eq!(in_form(yaml, Form::Json), json);
        assert_eq!(in_form(yaml, Form::Yaml), yaml);
        for neither in ["a: [", "text"] {
            assert_eq!(in_form(neither, Form::Json), neither);
        }
    }

    #[test]
    fn yaml_too_and_nothing_for_other_requests() {
        let (content_type, text) = ask("/Orders?swagger.yaml", Method::HEAD).expect("a document");
        assert_eq!(content_type, "application/x-yaml");
        assert!(text.starts_with("openapi: 3.0.1\ninfo:\n  title: Orders\n"), "{text}");
        for (target, method) in [
            ("/Orders?swagger.json", Method::POST),
            ("/orders?swagger.json", Method::GET),
            ("/Orders?a=b&swagger.json", Method::GET),
            ("/Orders", Method::GET),
        ] {
            assert_eq!(ask(target, method), None, "{target}");
        }
    }
}
