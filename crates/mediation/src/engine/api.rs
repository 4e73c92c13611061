//! Requests for APIs: handlers, the choice of the resource, its sequences (spec: services 1.4 to 1.10).

use std::sync::Arc;

use http::header::{ALLOW, AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use mi_payload::value::Value;

use super::{handle_fault, push_handler, run_flow};
use crate::api::cors::Answer;
use crate::api::dispatch::{Dispatch, RequestView};
use crate::api::{Api, ApiMatch, Handler, Resource};
use crate::context::{FaultHandler, MessageContext, Response, RestPostfix};
use crate::fault::Fault;
use crate::names::Name;

/// Mediates a request that `api` takes.
pub(super) async fn mediate(context: &mut MessageContext, api: &Arc<Api>, sub_path_start: usize) {
    let global = FaultHandler::Inline(context.configuration.fault.clone());
    push_handler(context, global.clone());
    context.api = Some(Arc::new(api_match(api, sub_path_start)));
    if let Some(response) = refusal_of_handlers(context, api) {
        let _ = context.reply.answer(response);
        return;
    }
    let Some(request) = context.request.clone() else { return };
    let view = RequestView {
        target: &request.target,
        method: &request.method,
        headers: &context.headers,
        secure: request.secure,
        listener: &request.listener,
        has_body: context.payload.is_unread(),
    };
    let sub_path = sub_path(&request.target, sub_path_start);
    match api.dispatch(&view, sub_path, context.configuration.settings.allow_sub_delimiters) {
        Dispatch::Resource { resource, bindings } => {
            let cors = engine_cors(context, api, resource);
            if request.method == Method::OPTIONS && !resource.lists_options() {
                let response = options(context, resource, cors.as_ref());
                let _ = context.reply.answer(response);
                return;
            }
            // Nobody else has it yet.
            if let Some(found) = context.api.as_mut().and_then(Arc::get_mut) {
                found.pattern = resource.binding.pattern().cloned();
                found.cors = cors;
            }
            for (name, value) in bindings {
                context.properties.set(name, Value::from(value));
            }
            context.entry_handler.clone_from(&resource.fault_handler);
            push_handler(context, resource.fault_handler.clone().unwrap_or(global));
            match query_parameters(context, &request.target) {
                Ok(()) => run(context, resource, sub_path_start).await,
                Err(fault) => handle_fault(context, fault).await,
            }
        }
        Dispatch::NotFound => mismatch(context, StatusCode::NOT_FOUND, "_resource_mismatch_handler_").await,
        Dispatch::MethodNotAllowed => {
            mismatch(context, StatusCode::METHOD_NOT_ALLOWED, "_method_not_allowed_handler_").await;
        }
        Dispatch::BadRequest => {
            let _ = context.reply.answer(Response::empty(StatusCode::BAD_REQUEST));
        }
    }
}

async fn run(context: &mut MessageContext, resource: &Resource, sub_path_start: usize) {
    context.rest_postfix = RestPostfix::OfRequest(sub_path_start);
    context.out_sequence.clone_from(&resource.out_sequence);
    run_flow(context, resource.in_sequence.as_ref()).await;
}

fn api_match(api: &Arc<Api>, sub_path_start: usize) -> ApiMatch {
    ApiMatch {
        api: api.clone(),
        context: if api.context.is_empty() { "/".into() } else { api.context.clone() },
        version: api.version.as_ref().map(|version| version.text.clone()),
        version_type: api.version.as_ref().map(crate::api::Version::strategy),
        sub_path_start,
        pattern: None,
        cors: None,
    }
}

/// What is left of the target; the dispatchers see the query too, and an empty path as it is.
fn sub_path(target: &str, start: usize) -> &str {
    match target.get(start..) {
        Some("") | None => "/",
        Some(rest) => rest,
    }
}

/// Sets `query.param.*`. A piece without `=` is glued to the value before it (1.4).
fn query_parameters(context: &mut MessageContext, target: &str) -> Result<(), Fault> {
    let Some((_, query)) = target.split_once('?') else { return Ok(()) };
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for piece in query.split('&').filter(|piece| !piece.is_empty()) {
        match (piece.split_once('='), pairs.last_mut()) {
            (Some((name, value)), _) => pairs.push((name, value.to_owned())),
            (None, Some((_, value))) => {
                value.push('&');
                value.push_str(piece);
            }
            (None, None) => {}
        }
    }
    for (name, value) in pairs {
        let value = decode(&value).ok_or_else(|| undecodable(context))?;
        context.properties.set(Arc::<str>::from(format!("query.param.{name}")), Value::from(value));
    }
    Ok(())
}

fn decode(value: &str) -> Option<String> {
    if !value.contains(['%', '+']) {
        return Some(value.to_owned());
    }
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.as_bytes().get(..2)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        rest = &after[2..];
    }
    Some(mi_payload::build::form_decode(value))
}

fn undecodable(context: &mut MessageContext) -> Fault {
    context.set_axis2_property(&"HTTP_SC".into(), Value::Integer(400));
    Fault::with_code(400, "A query parameter cannot be decoded")
}

async fn mismatch(context: &mut MessageContext, status: StatusCode, handler: &str) {
    let configuration = context.configuration.clone();
    if let Some(sequence) = configuration.sequences.get(&Name::new(handler)) {
        run_flow(context, Some(&crate::sequence::SequenceRef::Inline(sequence.clone()))).await;
        return;
    }
    let _ = context.reply.answer(Response::empty(status));
}

/// The engine's own answer to OPTIONS.
fn options(context: &mut MessageContext, resource: &Resource, cors: Option<&Answer>) -> Response {
    let allow = methods(resource);
    let mut response = Response::empty(StatusCode::OK);
    response.headers = std::mem::take(&mut context.headers);
    for name in ["host", "user-agent", "content-length", "transfer-encoding", "connection", "keep-alive", "expect"] {
        response.headers.remove(name);
    }
    if let Ok(value) = HeaderValue::from_str(&allow) {
        response.headers.insert(ALLOW, value);
    }
    if let Some(cors) = cors {
        cors.write(&mut response.headers);
        if !cors.is_allowed() {
            response.status = StatusCode::FORBIDDEN;
        }
    }
    response
}

fn methods(resource: &Resource) -> String {
    if resource.methods.is_empty() {
        return "GET, POST, PUT, DELETE".to_owned();
    }
    resource.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}

/// CORS headers for the answers of this API; only browsers' requests, which name their origin, and OPTIONS get them.
fn engine_cors(context: &MessageContext, api: &Api, resource: &Resource) -> Option<Answer> {
    let own = api.handlers.iter().find_map(|handler| match handler {
        Handler::Cors(rules) => Some(rules),
        Handler::BasicAuth => None,
    });
    let method = context.request.as_ref().map(|request| &request.method);
    let asked = own.is_some()
        || method == Some(&Method::OPTIONS)
        || context.headers.keys().any(|name| *name == http::header::ORIGIN);
    let rules = own.or(context.configuration.settings.cors.as_ref()).filter(|_| asked)?;
    Some(rules.answer(&context.headers, &methods(resource)))
}

/// The answer of the first handler that does not let the message in.
fn refusal_of_handlers(context: &MessageContext, api: &Api) -> Option<Response> {
    api.handlers.iter().find_map(|handler| match handler {
        Handler::BasicAuth => refusal_of_basic_auth(context),
        Handler::Cors(_) => None,
    })
}

fn refusal_of_basic_auth(context: &MessageContext) -> Option<Response> {
    use base64::Engine as _;
    let Some(value) = context.headers.get(AUTHORIZATION) else {
        let mut response = Response::empty(StatusCode::UNAUTHORIZED);
        response.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"WSO2 EI\""));
        return Some(response);
    };
    // The scheme is not looked at: whatever stands behind the first six characters is the credentials.
    let encoded = value.as_bytes().get(6..).unwrap_or_default();
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim_ascii()).unwrap_or_default();
    let text = String::from_utf8_lossy(&decoded);
    let known = text
        .split_once(':')
        .is_some_and(|(user, password)| context.configuration.settings.users.verify(user, password));
    (!known).then(|| Response::empty(StatusCode::FORBIDDEN))
}
