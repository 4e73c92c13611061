//! Requests for data services, and their answers (spec: runtime 8.2 and 8.3).

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use mi_payload::content_type::media_type;
use mi_payload::payload::ViewError;
use mi_payload::{Format, FormatOptions, Payload, SoapVersion, XmlFragment};
use mi_xml::{Document, NodeId};

use super::acknowledgement;
use crate::configuration::Configuration;
use crate::context::{MessageContext, Origin, OriginKind, Response};
use crate::data_service::{DataAnswer, DataRequest, DataService};

mod fault;
mod json;

use fault::RequestFault;

const LOG: &str = "org.wso2.micro.integrator.dataservices.core.DBInOutMessageReceiver";

/// The data service that a request is for.
pub(super) struct Found {
    service: Arc<dyn DataService>,
    /// Where in the target the path below the service begins.
    path_start: usize,
}

impl Found {
    pub(super) fn origin(&self) -> Origin {
        Origin::new(OriginKind::Proxy, self.service.name())
    }
}

/// The data service that `/services` + `rest` addresses. Its name may be followed by that of an endpoint
/// (`Name.SOAP11Endpoint`).
pub(super) fn find(configuration: &Configuration, rest: &str, secure: bool) -> Option<Found> {
    if configuration.data_services.is_empty() {
        return None;
    }
    let path = rest.strip_prefix('/')?;
    let end = path.find(['/', '?']).unwrap_or(path.len());
    let name = path.get(..end)?;
    let services = &configuration.data_services;
    let service = services.get(name).or_else(|| services.get(name.rsplit_once('.')?.0))?;
    let path_start = 2 + configuration.settings.service_path.len() + end;
    service.is_reachable(secure).then(|| Found { service: service.clone(), path_start })
}

/// What of a service a request is for.
struct Asked {
    name: String,
    /// Values in the path.
    values: Vec<(String, String)>,
}

/// The answer to a request.
pub(super) async fn answer(mut context: MessageContext, found: &Found) -> Response {
    let Some(request) = context.request.clone() else { return Response::empty(StatusCode::BAD_REQUEST) };
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let service = &*found.service;
    if request.method == Method::GET && query.eq_ignore_ascii_case("wsdl") {
        let scheme = if request.secure { "https" } else { "http" };
        let local = || request.local.map(|local| local.to_string()).unwrap_or_default();
        let host = request.host.clone().unwrap_or_else(local);
        let base = request.target.get(..found.path_start).unwrap_or_default();
        let text = service.wsdl(&format!("{scheme}://{host}{base}"));
        return full(StatusCode::OK, "text/xml; charset=UTF-8", text.into_bytes());
    }
    let json = accepts_json(&context);
    let style = Style { soap: context.client_soap, json, text_xml: is_text_xml(&context) };
    if let Err(fault) = context.build().await {
        return RequestFault::plain(fault.message()).answer(style);
    }
    let below = path.get(found.path_start..).unwrap_or_default().trim_start_matches('/');
    let input = match input(&context) {
        Ok(input) => input,
        Err(error) => return RequestFault::plain(&error.to_string()).answer(style),
    };
    let input = input.as_ref().map(|(document, element)| (&**document, *element));
    let action = context.addressing.soap_action.as_deref();
    let Some(asked) = asked(service, &request.method, below, action, input) else {
        let action = action.filter(|action| !action.is_empty()).unwrap_or("null");
        let message = format!(
            "The endpoint reference (EPR) for the Operation not found is {path} and the WSA Action = {action}. If this \
             EPR was previously reachable, please contact the server administrator."
        );
        return RequestFault::plain(&message).answer(style);
    };
    let mut parameters = asked.values;
    parameters.extend(query_parameters(query));
    // Of what a client puts into the URL alone MI makes a message that has all parameters.
    let missing_is_null = input.is_none() && matches!(request.method, Method::GET | Method::DELETE);
    let request = DataRequest { name: &asked.name, input, parameters, missing_is_null, json };
    match service.call(request).await {
        Ok(DataAnswer::Nothing) => acknowledgement(),
        Ok(DataAnswer::Json(text)) => full(StatusCode::OK, "application/json; charset=UTF-8", text.into_bytes()),
        Ok(DataAnswer::Xml(element)) => style.xml(StatusCode::OK, &element),
        Err(fault) => {
            tracing::error!(target: LOG, "{{service:{}}} Error in in-out message receiver {fault}", service.name());
            RequestFault::of(fault).answer(style)
        }
    }
}

/// The request that is meant: by its path, else by its action, else by the name of the element in the body.
fn asked(
    service: &dyn DataService,
    method: &Method,
    below: &str,
    action: Option<&str>,
    input: Option<(&Document, NodeId)>,
) -> Option<Asked> {
    if let Some((name, values)) = service.resource(method.as_str(), below) {
        let values = values.into_iter().map(|(name, value)| (name, decoded(&value)));
        return Some(Asked { name: name.to_owned(), values: values.collect() });
    }
    let known = |name: &str| service.has(name).then(|| Asked { name: name.to_owned(), values: Vec::new() });
    if !below.is_empty() {
        return known(&decoded(below.trim_end_matches('/')));
    }
    let action = action.map(|action| action.strip_prefix("urn:").unwrap_or(action));
    action.and_then(known).or_else(|| known(input.map(|(document, element)| document.local_name(element))?))
}

fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// The element that the body is, if there is one.
fn input(context: &MessageContext) -> Result<Option<(Cow<'_, Document>, NodeId)>, ViewError> {
    let settings = &context.configuration.settings.json;
    if context.payload.is_empty() {
        return Ok(None);
    }
    if context.payload.is_json() {
        let value = context.payload.json_view(settings)?;
        return Ok(value.map(json::element).map(|(document, element)| (Cow::Owned(document), element)));
    }
    let envelope = context.payload.envelope(settings)?;
    Ok(envelope.payload().map(|element| (Cow::Borrowed(&envelope.document), element)))
}

fn query_parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (mi_payload::build::form_decode(name), mi_payload::build::form_decode(value)))
}

fn accepts_json(context: &MessageContext) -> bool {
    let accept = context.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // What follows the first parameter is not looked at, as in MI.
    let accept = accept.split(';').next().unwrap_or_default();
    accept.split(',').any(|media| media.trim() == "application/json")
}

fn is_text_xml(context: &MessageContext) -> bool {
    let content_type = context.content_types.content_type.as_deref().map(media_type);
    content_type.is_some_and(|media| media.eq_ignore_ascii_case("text/xml"))
}

/// How a client wants to be answered.
#[derive(Debug, Clone, Copy)]
struct Style {
    soap: Option<SoapVersion>,
    json: bool,
    /// It sent `text/xml`.
    text_xml: bool,
}

impl Style {
    fn xml(self, status: StatusCode, element: &XmlFragment) -> Response {
        let Some(version) = self.soap else {
            let media = if self.text_xml { "text/xml" } else { "application/xml" };
            return full(status, &format!("{media}; charset=UTF-8"), element.to_xml().into_bytes());
        };
        let mut envelope = mi_payload::soap::Envelope::empty(version);
        let copy = envelope.document.import(element.document(), element.node());
        envelope.document.append_child(envelope.body, copy);
        self.envelope(status, envelope)
    }

    fn envelope(self, status: StatusCode, envelope: mi_payload::soap::Envelope) -> Response {
        let content_type = format!("{}; charset=UTF-8", envelope.version.media_type());
        let options = FormatOptions::default();
        let payload = Payload::xml(envelope);
        let settings = mi_payload::json::JsonSettings::default();
        match mi_payload::format(&payload, Format::Soap, options, &settings) {
            Ok(formatted) => full(status, &content_type, formatted.bytes.to_vec()),
            Err(_) => Response::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

fn full(status: StatusCode, content_type: &str, body: Vec<u8>) -> Response {
    let mut response = Response::empty(status);
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers.insert(CONTENT_TYPE, value);
    }
    response.body = body.into();
    response
}
