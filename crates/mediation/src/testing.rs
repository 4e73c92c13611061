//! Helpers for the unit tests of mediators: contexts, a client side that answers by itself, flows from text.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mi_payload::{Body, Payload};
use mi_xml::{Document, ParseOptions};

use crate::api::Api;
use crate::configuration::{Configuration, ConfigurationBuilder};
use crate::context::{HttpRequest, MessageContext, Origin, OriginKind, Reply};
use crate::definition::{Definitions, DeployError, Element, SYNAPSE_NAMESPACE};
use crate::endpoint::{Endpoint, EndpointTemplate};
use crate::environment::{Environment, HttpSender, NoResources};
use crate::fault::codes;
use crate::import::{Import, Imports};
use crate::local_entry::LocalEntry;
use crate::mediator::{BoxFuture, Mediation, MediatorList};
use crate::message_store::MessageStore;
use crate::names::Name;
use crate::outgoing::{Answer, Outgoing, SendError};
use crate::priority_executor::PriorityExecutor;
use crate::proxy::ProxyService;
use crate::sequence::Sequence;
use crate::settings::MediationSettings;
use crate::template::SequenceTemplate;

/// Answers by the host of the URL: `echo` gives body and content type back, `status/N` answers N, `refused` fails at
/// once and `silent` as if no answer had come in time; `session` sets a cookie; `token` hands out
/// OAuth tokens. What came as `Authorization` goes back as `x-authorization`.
pub(crate) struct Loop;

impl HttpSender for Loop {
    fn send(&self, request: Outgoing) -> BoxFuture<'static, Result<Answer, SendError>> {
        Box::pin(async move {
            let path = request.url.trim_start_matches("http://").to_owned();
            if path.starts_with("refused") {
                return Err(SendError {
                    base_code: codes::CONNECT_FAILED,
                    state: 0,
                    message: "Error connecting to the back end".to_owned(),
                    detail: "refused".to_owned(),
                    timed_out: false,
                });
            }
            if path.starts_with("silent") {
                return Err(SendError {
                    base_code: codes::TIMED_OUT,
                    state: 0,
                    message: "Send timeout".to_owned(),
                    detail: String::new(),
                    timed_out: true,
                });
            }
            let status = path.strip_prefix("status/").and_then(|code| code.parse().ok()).unwrap_or(StatusCode::OK);
            let mut headers = HeaderMap::new();
            if let Some(kind) = request.headers.get(http::header::CONTENT_TYPE) {
                headers.insert(http::header::CONTENT_TYPE, kind.clone());
            }
            if path.starts_with("session") {
                headers.insert(http::header::SET_COOKIE, HeaderValue::from_static("JSESSIONID=s1; Path=/"));
            }
            if path.starts_with("token") {
                headers.insert("content-type", HeaderValue::from_static("application/json"));
                let token = format!("{{\"access_token\":\"t{}\"}}", uuid::Uuid::new_v4());
                return Ok(Answer { status, reason: None, headers, body: Body::Full(token.into()), tunnel: None });
            }
            if let Some(value) = request.headers.get(http::header::AUTHORIZATION) {
                headers.insert("x-authorization", value.clone());
            }
            headers.insert("x-url", HeaderValue::from_str(&request.url).expect("a URL is a header value"));
            Ok(Answer { status, reason: None, headers, body: request.body, tunnel: None })
        })
    }
}

/// An environment whose back ends are described at [`Loop`].
pub(crate) fn environment() -> Arc<Environment> {
    Arc::new(Environment::new(Box::new(Loop), Box::new(NoResources)))
}

/// A configuration of artifacts, each as its XML text. A template with an attribute `library` is one of that library.
pub(crate) fn configuration(artifacts: &[&str]) -> Arc<Configuration> {
    let (environment, settings) = (environment(), Arc::new(MediationSettings::default()));
    let definitions = Definitions::new(&environment, &settings);
    let mut builder = ConfigurationBuilder::default();
    for text in artifacts {
        let document = document(text);
        let element = Element::new(&document, document.root_element().expect("a root"), "test");
        let name = Name::new(element.attribute("name").or(element.attribute("key")).unwrap_or_default());
        match element.local() {
            "sequence" => {
                let sequence = Sequence::parse(element, &definitions).expect("well made");
                builder.sequences.insert(&name, Arc::new(sequence));
            }
            "endpoint" => {
                let endpoint = Endpoint::parse(element, &definitions).expect("well made");
                builder.endpoints.insert(&name, Arc::new(endpoint));
            }
            "proxy" => {
                let proxy = ProxyService::parse(element, &definitions).expect("well made");
                builder.proxies.insert(name.shared(), Arc::new(proxy));
            }
            "priorityExecutor" => {
                let executor = PriorityExecutor::parse(element).expect("well made");
                builder.priority_executors.insert(name.shared(), executor);
            }
            "api" => builder.apis.push(Arc::new(Api::parse(element, &definitions).expect("well made"))),
            "messageStore" => {
                let store = MessageStore::parse(element, &definitions).expect("well made");
                builder.message_stores.insert(name.shared(), Arc::new(store));
            }
            "localEntry" => {
                let entry = LocalEntry::parse(element, &definitions, |_| Err(String::new())).expect("well made");
                builder.local_entries.insert(&name, Arc::new(entry));
            }
            "template" if element.child("endpoint").is_some() => {
                let template = EndpointTemplate::parse(element).expect("well made");
                builder.endpoint_templates.insert(&name, Arc::new(template));
            }
            "import" => {
                let imports = Imports::new([Import::parse(element).expect("well made")], []);
                definitions.bring(&imports);
                builder.imports = definitions.imports();
            }
            "template" => {
                let (template, _) = definitions.of_library(|| SequenceTemplate::parse(element, &definitions));
                let template = template.expect("well made");
                // Of a library: its package and name.
                let name = match element.attribute("library") {
                    Some(library) => Name::new(&format!("{library}.{name}")),
                    None => name,
                };
                builder.templates.insert(&name, Arc::new(template));
            }
            other => panic!("no test artifact: {other}"),
        }
    }
    Arc::new(builder.build(settings, environment))
}

fn document(text: &str) -> Document {
    let text = match text.find("xmlns='http://ws.apache.org") {
        Some(_) => text.to_owned(),
        None => {
            let end = text.find([' ', '>', '/']).expect("an element");
            format!("{} xmlns='{SYNAPSE_NAMESPACE}'{}", &text[..end], &text[end..])
        }
    };
    Document::parse(text.as_bytes(), &ParseOptions::artifact()).expect("well formed")
}

/// A GET of `/orders/1` without any artifact.
pub(crate) fn context() -> MessageContext {
    context_in(configuration(&[]))
}

/// The same with these artifacts deployed.
pub(crate) fn context_of_artifacts(artifacts: &[&str]) -> MessageContext {
    context_in(configuration(artifacts))
}

/// The same with these sequences deployed: `(name, mediators)`.
pub(crate) fn context_of_sequences(sequences: &[(&str, &str)]) -> MessageContext {
    let texts: Vec<_> =
        sequences.iter().map(|(name, body)| format!("<sequence name='{name}'>{body}</sequence>")).collect();
    context_in(configuration(&texts.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn context_in(configuration: Arc<Configuration>) -> MessageContext {
    let mut context = MessageContext::new(configuration, Arc::new(Origin::new(OriginKind::Main, "main")));
    context.request = Some(Arc::new(HttpRequest {
        method: Method::POST,
        target: "/orders/1".into(),
        secure: false,
        peer: None,
        local: None,
        listener: "default".into(),
        host: Some("localhost".to_owned()),
    }));
    context.method = Some(Method::POST);
    context.rest = true;
    context
}

/// A POST of `/orders/1` with this body, unread.
pub(crate) fn context_with(content_type: &str, body: &'static [u8]) -> MessageContext {
    with_body(context(), content_type, body)
}

/// Gives a context an unread body.
pub(crate) fn with_body(mut context: MessageContext, content_type: &str, body: &'static [u8]) -> MessageContext {
    context.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_str(content_type).expect("a value"));
    context.content_types.message_type = Some(content_type.into());
    context.content_types.content_type = Some(content_type.into());
    context.payload = Payload::Unread(Body::Full(Bytes::from_static(body)));
    context
}

/// Reads an element with the parser's helpers at hand.
pub(crate) fn with_definitions<T>(text: &str, read: impl FnOnce(Element<'_>, &Definitions<'_>) -> T) -> T {
    with_definitions_in(&environment(), text, read)
}

/// The same in an environment that outlives the call.
pub(crate) fn with_definitions_in<T>(
    environment: &Arc<Environment>,
    text: &str,
    read: impl FnOnce(Element<'_>, &Definitions<'_>) -> T,
) -> T {
    let settings = Arc::new(MediationSettings::default());
    let definitions = Definitions::new(environment, &settings);
    let document = document(text);
    read(Element::new(&document, document.root_element().expect("a root"), "test"), &definitions)
}

/// Reads an endpoint that is well made.
pub(crate) fn endpoint(text: &str) -> Arc<Endpoint> {
    let parsed = with_definitions(text, Endpoint::parse);
    Arc::new(parsed.expect("well made"))
}

/// Reads mediators.
pub(crate) fn parse(mediators: &str) -> Result<MediatorList, DeployError> {
    parse_in(&environment(), mediators)
}

/// The same in an environment.
pub(crate) fn parse_in(environment: &Arc<Environment>, mediators: &str) -> Result<MediatorList, DeployError> {
    with_definitions_in(environment, &format!("<sequence>{mediators}</sequence>"), |element, definitions| {
        definitions.mediators(element)
    })
}

/// Runs mediators on a context.
pub(crate) async fn run(mediators: &str, context: &mut MessageContext) -> Mediation {
    let list = parse(mediators).expect("well made");
    list.run_async(context).await
}

/// The same in an environment.
pub(crate) async fn run_in(environment: &Arc<Environment>, mediators: &str, context: &mut MessageContext) -> Mediation {
    let list = parse_in(environment, mediators).expect("well made");
    list.run_async(context).await
}

/// The envelope of a built message, as XML.
pub(crate) fn envelope(context: &MessageContext) -> String {
    let envelope = context.payload.envelope(&context.configuration.settings.json).expect("a view");
    envelope.document.to_xml(envelope.element)
}

/// The payload of a built message: JSON and text as they are, XML as the first element.
pub(crate) fn body(context: &MessageContext) -> String {
    match &context.payload {
        Payload::Json(json) => String::from_utf8_lossy(json.text()).into_owned(),
        Payload::Text(text) => text.as_str().to_owned(),
        payload => {
            let envelope = payload.envelope(&context.configuration.settings.json).expect("a view");
            envelope.payload().map(|node| envelope.document.to_xml(node)).unwrap_or_default()
        }
    }
}

/// The answer that a flow gave: status, headers, body.
pub(crate) async fn answer(context: MessageContext) -> (u16, HeaderMap, String) {
    assert!(!matches!(context.reply, Reply::Nobody), "nobody waits for an answer");
    let response = context.reply.wait().await.expect("an answer");
    let body = response.body.collect(1 << 20).await.expect("readable");
    (response.status.as_u16(), response.headers, String::from_utf8_lossy(&body).into_owned())
}
