//! Helpers for the unit tests: artifacts from text, an environment without a network.

use std::sync::{Arc, Mutex, PoisonError};

use mi_mediation::endpoint::Endpoint;
use mi_mediation::environment::{Environment, HttpSender, NoResources};
use mi_mediation::http::StatusCode;
use mi_mediation::mediator::BoxFuture;
use mi_mediation::message_store::MessageStore;
use mi_mediation::names::Name;
use mi_mediation::outgoing::{Answer, Outgoing, SendError};
use mi_mediation::proxy::ProxyService;
use mi_mediation::sequence::Sequence;
use mi_mediation::{Configuration, ConfigurationBuilder, Definitions, Element, MediationSettings};
use mi_payload::Body;
use mi_xml::{Document, ParseOptions};

const NAMESPACE: &str = "http://ws.apache.org/ns/synapse";

/// The URLs that a [`Client`] was asked for.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

/// Answers `http://status/N` with N, and refuses everything else.
struct Client(Asked);

impl HttpSender for Client {
    fn send(&self, request: Outgoing) -> BoxFuture<'static, Result<Answer, SendError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request.url.clone());
        Box::pin(async move {
            let path = request.url.trim_start_matches("http://");
            match path.strip_prefix("status/").and_then(|code| code.parse::<StatusCode>().ok()) {
                Some(status) => {
                    let (headers, body) = (Default::default(), Body::Full("answered".into()));
                    Ok(Answer { status, reason: None, headers, body, tunnel: None })
                }
                None => Err(SendError {
                    base_code: 101_503,
                    state: 0,
                    message: "Error connecting to the back end".to_owned(),
                    detail: "refused".to_owned(),
                    timed_out: false,
                }),
            }
        })
    }
}

/// An environment, and the URLs that its client is asked for.
pub(crate) fn environment() -> (Arc<Environment>, Asked) {
    let asked = Asked::default();
    (Arc::new(Environment::new(Box::new(Client(asked.clone())), Box::new(NoResources))), asked)
}

/// A client that refuses everything but `http://status/N`.
pub(crate) fn no_client() -> impl HttpSender {
    Client(Asked::default())
}

/// Reads an artifact.
pub(crate) fn with_definitions<T>(text: &str, read: impl FnOnce(Element<'_>, &Definitions<'_>) -> T) -> T {
    read_in(&environment().0, text, read)
}

fn read_in<T>(environment: &Arc<Environment>, text: &str, read: impl FnOnce(Element<'_>, &Definitions<'_>) -> T) -> T {
    let end = text.find([' ', '>', '/']).expect("an element");
    let text = format!("{} xmlns='{NAMESPACE}'{}", &text[..end], &text[end..]);
    let document = Document::parse(text.as_bytes(), &ParseOptions::artifact()).expect("well formed");
    let settings = Arc::new(MediationSettings::default());
    let definitions = Definitions::new(environment, &settings);
    read(Element::new(&document, document.root_element().expect("a root"), "test"), &definitions)
}

/// A configuration of sequences, endpoints and stores.
pub(crate) fn configuration(environment: &Arc<Environment>, artifacts: &[&str]) -> Configuration {
    let mut builder = ConfigurationBuilder::default();
    for text in artifacts {
        read_in(environment, text, |element, definitions| {
            let name = Name::new(element.attribute("name").unwrap_or_default());
            match element.local() {
                "sequence" => {
                    let sequence = Sequence::parse(element, definitions).expect("well made");
                    builder.sequences.insert(&name, Arc::new(sequence));
                }
                "endpoint" => {
                    let endpoint = Endpoint::parse(element, definitions).expect("well made");
                    builder.endpoints.insert(&name, Arc::new(endpoint));
                }
                "proxy" => {
                    let proxy = ProxyService::parse(element, definitions).expect("well made");
                    builder.proxies.insert(name.shared(), Arc::new(proxy));
                }
                _ => {
                    let store = MessageStore::parse(element, definitions).expect("well made");
                    builder.message_stores.insert(name.shared(), Arc::new(store));
                }
            }
        });
    }
    builder.build(Arc::new(MediationSettings::default()), environment.clone())
}
