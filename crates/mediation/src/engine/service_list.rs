//! What the listener answers without mediation: the list of services, the favourite icon (spec: services 1.11).

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};

use crate::configuration::Configuration;
use crate::context::{HttpRequest, Response};

/// The answer to a request that asks for one of these.
pub fn answer(configuration: &Configuration, request: &HttpRequest) -> Option<Response> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return None;
    }
    if &*request.target == "/favicon.ico" {
        return Some(Response::empty(StatusCode::NOT_FOUND));
    }
    let settings = &configuration.settings;
    let rest = request.target.strip_prefix('/')?.strip_prefix(settings.service_path.as_str())?;
    if !matches!(rest, "" | "/") {
        return None;
    }
    if settings.block_service_list {
        return Some(Response::empty(StatusCode::FORBIDDEN));
    }
    let names = configuration.proxies.keys().chain(configuration.data_services.keys());
    let mut names: Vec<_> = names.map(|name| format!("<li>{name}</li>")).collect();
    names.sort();
    let mut response = Response::empty(StatusCode::OK);
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=UTF-8"));
    let page =
        format!("<html><head><title>Deployed services</title></head><body><ul>{}</ul></body></html>", names.concat());
    response.body = page.into_bytes().into();
    Some(response)
}
