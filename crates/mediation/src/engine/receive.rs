//! Requests over HTTP: from the wire to API, proxy or `main`, and the answer back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, TRANSFER_ENCODING,
};
use http::{Method, StatusCode};
use mi_payload::content_type::media_type;
use mi_payload::value::Value;
use mi_payload::{Body, Payload, SoapVersion};

use super::inbound::{self, HttpInbound};
use super::{api, data_service, main_sequence, proxy, service_list, swagger, wsdl};
use crate::api::Api;
use crate::api::dispatch::RequestView;
use crate::configuration::Configuration;
use crate::context::{ContentTypes, HttpRequest, MessageContext, Origin, OriginKind, Reply, Response};
use crate::proxy::ProxyService;

/// What requests call the listeners that are no inbound endpoint's.
const MAIN_LISTENER: &str = "default";
const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");

/// A request as the transport delivers it.
#[derive(Debug)]
pub struct Incoming {
    /// The request line and who sent it.
    pub request: HttpRequest,
    /// The headers.
    pub headers: HeaderMap,
    /// The unread body.
    pub body: Body,
    /// A correlation id that was made for the request already, for the case that the client sent none.
    pub correlation_id: Option<Arc<str>>,
}

/// Mediates a request and gives the answer. A client that goes away does not end the flow: it runs to its end without
/// one (5.10).
///
/// The response is boxed because it is large and goes through several hands.
pub async fn receive(configuration: Arc<Configuration>, incoming: Incoming) -> Box<Response> {
    let known = incoming.headers.get(IF_NONE_MATCH).cloned();
    let response = mediate(configuration, incoming).await;
    match known {
        Some(known) => not_modified(response, &known),
        None => response,
    }
}

/// The same for a request on the port of an inbound endpoint.
pub async fn receive_inbound(
    configuration: Arc<Configuration>,
    incoming: Incoming,
    endpoint: Arc<HttpInbound>,
) -> Box<Response> {
    let known = incoming.headers.get(IF_NONE_MATCH).cloned();
    let response = mediate_inbound(configuration, incoming, endpoint).await;
    match known {
        Some(known) => not_modified(response, &known),
        None => response,
    }
}

/// The same for a request of this server to one of its own services, whatever transports that has.
pub(crate) fn receive_for(
    configuration: Arc<Configuration>,
    service: Arc<ProxyService>,
    incoming: Incoming,
    postfix_start: usize,
) -> UntilDone<Box<Response>> {
    let context = context(configuration, service.origin.clone(), incoming);
    flow(Entry::Proxy(service, postfix_start), context)
}

/// A client that knows the answer already is told so, whatever the method and status (5.7: `HTTP_ETAG`).
fn not_modified(mut response: Box<Response>, known: &HeaderValue) -> Box<Response> {
    let tag = response.headers.get(ETAG).map(HeaderValue::as_bytes);
    if tag.is_some_and(|tag| known.as_bytes().split(|&byte| byte == b',').any(|one| one.trim_ascii() == tag)) {
        response.status = StatusCode::NOT_MODIFIED;
        response.reason = None;
        response.body = Body::Empty;
        response.headers.remove(CONTENT_TYPE);
    }
    response
}

/// Where a message enters: what takes it, and where in its target the rest of the path begins.
enum Entry {
    Proxy(Arc<ProxyService>, usize),
    DataService(data_service::Found),
    Api(Arc<Api>, usize),
    /// An inbound endpoint, and whether `main` mediates in the place of its sequence.
    Inbound(Arc<HttpInbound>, bool),
    Main,
}

/// What needs no message is answered at once. All that can be done without waiting is done here, so that the future of
/// the flow holds the message and little else.
fn mediate(configuration: Arc<Configuration>, incoming: Incoming) -> UntilDone<Box<Response>> {
    let request = &incoming.request;
    let answer = service_list::answer(&configuration, request).or_else(|| swagger::answer(&configuration, request));
    if let Some(response) = answer {
        return UntilDone(Some(Box::pin(std::future::ready(Box::new(response)))));
    }
    let entry =
        service(&configuration, request, false).or_else(|| api_of(&configuration, &incoming)).unwrap_or(Entry::Main);
    begin(entry, configuration, incoming)
}

/// The dispatch of an inbound endpoint: APIs that are bound to it, then its sequence; with a filter, what matches it goes
/// to the other APIs and the services, and everything else to `main`.
fn mediate_inbound(
    configuration: Arc<Configuration>,
    mut incoming: Incoming,
    endpoint: Arc<HttpInbound>,
) -> UntilDone<Box<Response>> {
    let bound = api_of(&configuration, &incoming);
    let entry = match (&endpoint.pattern, bound) {
        (_, Some(bound)) => bound,
        (None, None) => Entry::Inbound(endpoint, false),
        (Some(pattern), None) if pattern.matches(&incoming.request.target) => {
            // What is not bound to this endpoint takes the request as if it had come to the main listener.
            incoming.request.listener = Arc::from(MAIN_LISTENER);
            api_of(&configuration, &incoming)
                .or_else(|| service(&configuration, &incoming.request, true))
                .unwrap_or(Entry::Inbound(endpoint, true))
        }
        (Some(_), None) => Entry::Inbound(endpoint, true),
    };
    begin(entry, configuration, incoming)
}

/// The message enters, unless only the description of a service is asked for.
fn begin(entry: Entry, configuration: Arc<Configuration>, incoming: Incoming) -> UntilDone<Box<Response>> {
    let origin = match &entry {
        Entry::Proxy(service, _) if wsdl::is_asked_for(service, &incoming.request) => {
            let (service, request) = (service.clone(), incoming.request);
            let answer = async move { Box::new(wsdl::answer(configuration, service, request).await) };
            return UntilDone(Some(Box::pin(answer)));
        }
        Entry::Proxy(service, _) => service.origin.clone(),
        Entry::DataService(found) => Arc::new(found.origin()),
        Entry::Api(api, _) => api.origin.clone(),
        Entry::Inbound(endpoint, _) => endpoint.origin.clone(),
        Entry::Main => Arc::new(Origin::new(OriginKind::Main, "main")),
    };
    flow(entry, context(configuration, origin, incoming))
}

/// The proxy or data service that a request is for; `inbound` when an inbound endpoint took it.
fn service(configuration: &Configuration, request: &HttpRequest, inbound: bool) -> Option<Entry> {
    let path = &configuration.settings.service_path;
    let rest = request.target.strip_prefix('/')?.strip_prefix(path.as_str())?;
    if let Some((service, start)) = proxy::find(configuration, rest, request.secure, inbound) {
        return Some(Entry::Proxy(service, start));
    }
    data_service::find(configuration, rest, request.secure).map(Entry::DataService)
}

/// The API that takes a request, among those that are bound to the listener that it came to.
fn api_of(configuration: &Configuration, incoming: &Incoming) -> Option<Entry> {
    let Incoming { request, headers, body, .. } = incoming;
    let view = RequestView {
        target: &request.target,
        method: &request.method,
        headers,
        secure: request.secure,
        listener: &request.listener,
        has_body: has_body(headers, body),
    };
    configuration.apis.find(&view).map(|(api, start)| Entry::Api(api.clone(), start))
}

/// The answer that the flow gives, or that copies of the message still give; 202 when there is none.
fn flow(entry: Entry, mut context: MessageContext) -> UntilDone<Box<Response>> {
    UntilDone(Some(Box::pin(async move {
        match &entry {
            Entry::Proxy(service, start) => proxy::mediate(&mut context, service, *start).await,
            // Boxed, because it must not make the future of every flow larger.
            Entry::DataService(found) => return Box::new(Box::pin(data_service::answer(context, found)).await),
            Entry::Api(api, start) => api::mediate(&mut context, api, *start).await,
            Entry::Inbound(endpoint, by_main) => inbound::mediate(&mut context, endpoint, *by_main).await,
            Entry::Main => main_sequence::mediate(&mut context).await,
        }
        let reply = std::mem::replace(&mut context.reply, Reply::Nobody);
        if let Reply::Single(Some(response)) = reply {
            return response;
        }
        let unanswered = Box::new(context.acknowledgement());
        let limit = context.configuration.settings.socket_timeout;
        // What an aggregate has collected of its copies would live as long as the message does, and could still answer.
        drop(context);
        // Copies of the message are still on their way; as long as a client waits for any answer, so do they.
        match tokio::time::timeout(limit, Box::pin(reply.wait())).await {
            Ok(answer) => answer.unwrap_or(unanswered),
            Err(_) => Box::new(Response::empty(StatusCode::GATEWAY_TIMEOUT)),
        }
    })))
}

fn has_body(headers: &HeaderMap, body: &Body) -> bool {
    !body.is_empty() || headers.contains_key(TRANSFER_ENCODING) || headers.contains_key(CONTENT_LENGTH)
}

/// The header fields that say what kind of message a request brings, found in one pass.
#[derive(Default)]
struct Telling<'a> {
    content_type: Option<&'a str>,
    soap_action: Option<&'a str>,
    host: Option<&'a str>,
    correlation: Option<&'a str>,
}

impl<'a> Telling<'a> {
    fn of(headers: &'a HeaderMap, correlation: &HeaderName) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            let place = match name {
                name if *name == CONTENT_TYPE => &mut found.content_type,
                name if *name == HOST => &mut found.host,
                name if *name == SOAP_ACTION => &mut found.soap_action,
                name if name == correlation => &mut found.correlation,
                _ => continue,
            };
            *place = place.or_else(|| value.to_str().ok());
        }
        found
    }
}

/// The message that a request brings.
fn context(configuration: Arc<Configuration>, origin: Arc<Origin>, incoming: Incoming) -> MessageContext {
    let Incoming { mut request, headers, body, correlation_id } = incoming;
    let Telling { content_type, soap_action, host, correlation } =
        Telling::of(&headers, &configuration.settings.correlation_header);
    let mut context = MessageContext::new(configuration, origin);
    let media = content_type.map(media_type).unwrap_or_default();
    let soap = if media.eq_ignore_ascii_case("text/xml") && soap_action.is_some() {
        Some(SoapVersion::V11)
    } else if media.eq_ignore_ascii_case("application/soap+xml") {
        Some(SoapVersion::V12)
    } else if media.eq_ignore_ascii_case("multipart/related") {
        // What stands in its parameters says what the root part is.
        let says = |kind: &str| content_type.is_some_and(|value| value.contains(kind));
        let version = |version: SoapVersion| says(version.media_type()).then_some(version);
        version(SoapVersion::V12).or_else(|| version(SoapVersion::V11))
    } else {
        None
    };
    let bodiless_method = matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS);
    context.rest = soap.is_none() || matches!(request.method, Method::GET | Method::DELETE);
    context.client_soap = soap.filter(|_| !bodiless_method);
    context.addressing.soap_action = match soap_action {
        Some(action) => Some(action.trim_matches('"').to_owned()),
        None => content_type.and_then(|value| mi_payload::content_type::parameter(value, "action")).map(str::to_owned),
    };
    context.method = Some(request.method.clone());
    let no_body = body.is_empty() || bodiless_method;
    match content_type {
        Some(content_type) => context.content_types = ContentTypes::of(content_type),
        None if !no_body => context.content_types = ContentTypes::of("application/octet-stream"),
        None => {}
    }
    if no_body {
        context.axis2.set("NO_ENTITY_BODY", Value::Boolean(true));
    } else {
        context.payload = Payload::Unread(body);
    }
    if let Some(id) = correlation {
        context.set_correlation_id(id);
    } else if let Some(id) = correlation_id {
        context.set_generated_correlation_id(id);
    }
    request.host = host.map(str::to_owned);
    context.request = Some(Arc::new(request));
    context.headers = headers;
    context.reply = Reply::Single(None);
    context
}

/// A future that goes on in the background when whoever polls it lets go before it is done.
pub(crate) struct UntilDone<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> Future for UntilDone<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(future) = &mut self.0 else { return Poll::Pending };
        let ready = std::task::ready!(future.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(ready)
    }
}

impl<T: Send + 'static> Drop for UntilDone<T> {
    fn drop(&mut self) {
        let Some(future) = self.0.take() else { return };
        // At shutdown there may be no runtime left to go on in.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = future.await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flow_goes_on_when_its_client_is_gone() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let mut flow = Box::pin(UntilDone(Some(Box::pin(async move {
            let _ = gone.await;
            let _ = sender.send("done");
        }) as Pin<Box<dyn Future<Output = ()> + Send>>)));
        assert!(futures_util::poll!(&mut flow).is_pending());
        drop(flow);
        assert!(go.send(()).is_ok());
        assert_eq!(receiver.await, Ok("done"));
    }
}
