//! Requests over HTTP: from the wire to API, proxy or `main`, and the answer back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, HeaderMap, HeaderValue, IF_NONE_MATCH, TRANSFER_ENCODING,
};
use http::{Method, StatusCode};
use mi_payload::content_type::media_type;
use mi_payload::value::Value;
use mi_payload::{Body, Payload, SoapVersion};

use super::{api, main_sequence, proxy, service_list, swagger, wsdl};
use crate::api::dispatch::RequestView;
use crate::configuration::Configuration;
use crate::context::{HttpRequest, MessageContext, Origin, OriginKind, Reply, Response};
use crate::proxy::ProxyService;

/// A request as the transport delivers it.
#[derive(Debug)]
pub struct Incoming {
    /// The request line and who sent it.
    pub request: HttpRequest,
    /// The headers.
    pub headers: HeaderMap,
    /// The unread body.
    pub body: Body,
}

/// Mediates a request and gives the answer. A client that goes away does not end the flow: it runs to its end without
/// one (5.10).
pub async fn receive(configuration: Arc<Configuration>, incoming: Incoming) -> Response {
    let known = incoming.headers.get(IF_NONE_MATCH).cloned();
    let response = UntilDone(Some(Box::pin(mediate(configuration, incoming)))).await;
    match known {
        Some(known) => not_modified(response, &known),
        None => response,
    }
}

/// The same for a request of this server to one of its own services, whatever transports that has.
pub(crate) async fn receive_for(
    configuration: Arc<Configuration>,
    service: Arc<ProxyService>,
    incoming: Incoming,
    postfix_start: usize,
) -> Response {
    UntilDone(Some(Box::pin(async move {
        let Incoming { request, headers, body } = incoming;
        let mut context = context(&configuration, service.origin.clone(), request, headers, body);
        proxy::mediate(&mut context, &service, postfix_start).await;
        finish(context).await
    })))
    .await
}

/// A client that knows the answer already is told so, whatever the method and status (5.7: `HTTP_ETAG`).
fn not_modified(mut response: Response, known: &HeaderValue) -> Response {
    let tag = response.headers.get(ETAG).map(HeaderValue::as_bytes);
    if tag.is_some_and(|tag| known.as_bytes().split(|&byte| byte == b',').any(|one| one.trim_ascii() == tag)) {
        response.status = StatusCode::NOT_MODIFIED;
        response.reason = None;
        response.body = Body::Empty;
        response.headers.remove(CONTENT_TYPE);
    }
    response
}

async fn mediate(configuration: Arc<Configuration>, incoming: Incoming) -> Response {
    let Incoming { request, headers, body } = incoming;
    let target = request.target.as_str();
    if let Some(response) = service_list::answer(&configuration, &request) {
        return response;
    }
    if let Some(response) = swagger::answer(&configuration, &request) {
        return response;
    }
    let settings = &configuration.settings;
    let service = target.strip_prefix('/').and_then(|rest| rest.strip_prefix(settings.service_path.as_str()));
    if let Some(found) = service.and_then(|rest| proxy::find(&configuration, rest, request.secure)) {
        let (service, postfix_start) = found;
        if wsdl::is_asked_for(&service, &request) {
            // Boxed: what only this way needs must not make every request's future larger.
            return Box::pin(wsdl::answer(configuration, service, request)).await;
        }
        let mut context = context(&configuration, service.origin.clone(), request, headers, body);
        proxy::mediate(&mut context, &service, postfix_start).await;
        return finish(context).await;
    }
    let view = RequestView {
        target,
        method: &request.method,
        headers: &headers,
        secure: request.secure,
        listener: &request.listener,
        has_body: has_body(&headers, &body),
    };
    if let Some((found, sub_path_start)) = configuration.apis.find(&view) {
        let found = found.clone();
        let mut context = context(&configuration, found.origin.clone(), request, headers, body);
        api::mediate(&mut context, &found, sub_path_start).await;
        return finish(context).await;
    }
    let origin = Arc::new(Origin::new(OriginKind::Main, "main"));
    let mut context = context(&configuration, origin, request, headers, body);
    main_sequence::mediate(&mut context).await;
    finish(context).await
}

/// The answer that the flow gave, or that copies of the message still give; 202 when there is none.
async fn finish(mut context: MessageContext) -> Response {
    let limit = context.configuration.settings.socket_timeout;
    let reply = std::mem::replace(&mut context.reply, Reply::Nobody);
    let shared = matches!(reply, Reply::Shared { .. });
    let unanswered = context.acknowledgement();
    // What an aggregate has collected of its copies would live as long as the message does, and could still answer.
    drop(context);
    let answer = if shared {
        // Copies of the message are still on their way; as long as a client waits for any answer, so do they.
        tokio::time::timeout(limit, reply.wait())
            .await
            .unwrap_or_else(|_| Some(Response::empty(StatusCode::GATEWAY_TIMEOUT)))
    } else {
        reply.wait().await
    };
    answer.unwrap_or(unanswered)
}

fn has_body(headers: &HeaderMap, body: &Body) -> bool {
    !body.is_empty() || headers.contains_key(TRANSFER_ENCODING) || headers.contains_key(CONTENT_LENGTH)
}

/// The message that a request brings.
fn context(
    configuration: &Arc<Configuration>,
    origin: Arc<Origin>,
    request: HttpRequest,
    headers: HeaderMap,
    body: Body,
) -> MessageContext {
    let mut context = MessageContext::new(configuration.clone(), origin);
    let text = |name: http::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let content_type = text(CONTENT_TYPE);
    let media = content_type.map(media_type).unwrap_or_default();
    let soap_action = headers.get("soapaction").and_then(|value| value.to_str().ok());
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
        Some(content_type) => {
            context.content_types.message_type = Some(media.into());
            context.content_types.content_type = Some(content_type.into());
        }
        None if !no_body => {
            context.content_types.message_type = Some("application/octet-stream".into());
            context.content_types.content_type = Some("application/octet-stream".into());
        }
        None => {}
    }
    if no_body {
        context.axis2.set("NO_ENTITY_BODY", Value::Boolean(true));
    } else {
        context.payload = Payload::Unread(body);
    }
    if let Some(id) = headers.get(&configuration.settings.correlation_header).and_then(|value| value.to_str().ok()) {
        context.set_correlation_id(id);
    }
    let mut request = request;
    request.host = text(HOST).map(str::to_owned);
    context.request = Some(Arc::new(request));
    context.headers = headers;
    context.reply = Reply::Single(None);
    context
}

/// A future that goes on in the background when whoever polls it lets go before it is done.
struct UntilDone<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

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
