//! The message on its way through a flow.
//!
//! Begin at [`MessageContext`]. [`scopes`] says where each property scope lives, [`computed`] which properties are worked
//! out from the request only when somebody reads them, [`frames`] how the place in the flow is kept, [`reply`] how the
//! answer gets back, [`copy`] what a splitter's copy shares with its parent, [`split`] how such copies find each other again.

mod addressing;
mod body;
pub mod computed;
pub mod copy;
#[cfg(test)]
mod documented;
pub mod frames;
mod message;
pub mod properties;
pub mod reply;
pub mod scopes;
pub mod slots;
pub mod split;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, Method, StatusCode};
use mi_payload::value::Value;
use mi_payload::{Attachment, Payload};
use parking_lot::Mutex;

use crate::api::ApiMatch;
use crate::configuration::Configuration;
use crate::database::Transactions;
use crate::fault::Fault;
use crate::mediator::MediatorList;
use crate::outgoing::Tunnel;
use crate::sequence::SequenceRef;

pub(crate) use addressing::remove_blocks;
pub use frames::{FaultHandler, Frame, Frames};
pub use properties::Properties;
pub use reply::{Reply, Response};
pub use scopes::Scope;
pub use split::{Group, Groups, Split, Splits, Splitting};

/// The address that a message to nobody in particular carries (WS-Addressing).
pub const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";

/// Which artifact received a message: it names itself in front of log lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What kind of artifact.
    pub kind: OriginKind,
    /// Its name (of an API with the version: `Orders:v1`).
    pub name: Arc<str>,
    /// What its log lines begin with: `{api:Orders} `, with the blank, or nothing.
    pub log_prefix: String,
}

/// Kinds of artifacts that receive messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OriginKind {
    /// A REST API.
    Api,
    /// A proxy service.
    Proxy,
    /// An inbound endpoint.
    Inbound,
    /// A scheduled task or a message processor.
    Task,
    /// The `main` sequence.
    Main,
}

impl Origin {
    /// An origin of this kind and name.
    pub fn new(kind: OriginKind, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        let log_prefix = match kind {
            OriginKind::Api => format!("{{api:{name}}} "),
            OriginKind::Proxy => format!("{{proxy:{name}}} "),
            OriginKind::Inbound => format!("{{inboundendpoint:{name}}} "),
            OriginKind::Task | OriginKind::Main => String::new(),
        };
        Self { kind, name, log_prefix }
    }
}

/// The HTTP request that brought a message.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// Its method.
    pub method: Method,
    /// Path and query as they came.
    pub target: Arc<str>,
    /// It came over TLS.
    pub secure: bool,
    /// The client's address.
    pub peer: Option<SocketAddr>,
    /// The listener's own address.
    pub local: Option<SocketAddr>,
    /// Name of the listener that took it: `default` for the main ones, else the inbound endpoint's.
    pub listener: Arc<str>,
    /// The value of the `Host` header.
    pub host: Option<String>,
}

/// Addresses and actions that a message carries beside its properties.
#[derive(Debug, Clone, Default)]
pub struct Addressing {
    /// Where it goes.
    pub to: To,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Where it comes from.
    pub from: Option<String>,
    /// Where faults go.
    pub fault_to: Option<String>,
    /// WS-Addressing action.
    pub action: Option<String>,
    /// `SOAPAction`, without quotes.
    pub soap_action: Option<String>,
    /// The message that it answers.
    pub relates_to: Option<String>,
}

/// The To address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum To {
    /// The target of the HTTP request that brought the message.
    #[default]
    Request,
    /// None.
    Nowhere,
    /// Nobody in particular ([`ANONYMOUS`]): that of an answer.
    Anonymous,
    /// This one.
    Address(String),
}

/// Which representation the message has on the wire (spec: payload, 1.3).
#[derive(Debug, Clone, Default)]
pub struct ContentTypes {
    /// axis2 `messageType`: selects the formatter.
    pub message_type: Option<Arc<str>>,
    /// axis2 `ContentType`: the header's value.
    pub content_type: Option<Arc<str>>,
}

/// axis2 `REST_URL_POSTFIX`: what is appended to the address of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RestPostfix {
    /// There is none, or it was removed.
    #[default]
    None,
    /// The rest of the request's path, from this byte of its target on.
    OfRequest(usize),
    /// This text.
    Text(Arc<str>),
}

/// axis2 `HTTP_SC`, in the type in which MI keeps it.
#[derive(Debug, Clone, Default)]
pub enum StatusProperty {
    /// Not set.
    #[default]
    Unset,
    /// The status of a back end's answer to a non-blocking call or send.
    OfAnswer(u16),
    /// Whatever a mediator has set.
    Set(Value),
}

/// The parameters of a template call.
#[derive(Debug, Clone)]
pub struct TemplateCall {
    /// Name of the template.
    pub template: Arc<str>,
    /// Its parameters that have a value.
    pub parameters: Properties,
}

/// A message, and all that a flow knows about it.
#[derive(Debug)]
pub struct MessageContext {
    /// The configuration that it began with; it keeps this one to its end.
    pub configuration: Arc<Configuration>,
    /// Which artifact received it.
    pub origin: Arc<Origin>,
    /// The HTTP request that brought it.
    pub request: Option<Arc<HttpRequest>>,
    /// The API and resource that were chosen for it.
    pub api: Option<Arc<ApiMatch>>,
    /// What it says.
    pub payload: Payload,
    /// Parts that came beside the envelope (SwA, MTOM).
    pub attachments: Arc<[Attachment]>,
    /// Transport headers: of the request, after a call those of the answer.
    pub headers: HeaderMap,
    /// Default-scope properties.
    pub properties: Properties,
    /// Variables.
    pub variables: Properties,
    /// axis2-scope properties that have no field of their own here.
    pub axis2: Properties,
    /// Operation-scope properties, shared by a message and all its copies; made when first used.
    pub operation: Arc<OnceLock<Mutex<Properties>>>,
    /// axis2 `messageType` and `ContentType`.
    pub content_types: ContentTypes,
    /// axis2 `HTTP_METHOD`.
    pub method: Option<Method>,
    /// axis2 `HTTP_SC`.
    pub status: StatusProperty,
    /// The status of the back end's last answer, whatever `HTTP_SC` was set to since: axis2 `ORIGINAL_STATUS_CODE`.
    pub answered: Option<StatusCode>,
    /// The address of the endpoint that it was last sent to, without the rest of the path: `ENDPOINT_PREFIX`.
    pub endpoint_address: Option<Arc<str>>,
    /// axis2 `REST_URL_POSTFIX`.
    pub rest_postfix: RestPostfix,
    /// Addresses and actions.
    pub addressing: Addressing,
    /// It counts as REST (POX), not SOAP.
    pub rest: bool,
    /// The client spoke SOAP of this version, so answers are converted to it.
    pub client_soap: Option<mi_payload::SoapVersion>,
    /// It is a response (after `send`, `loopback`, `respond`), not a request.
    pub is_response: bool,
    /// A `send` or `call` has been dispatched: no automatic 202 for it any more.
    pub dispatched: bool,
    /// Where responses to a `send` go: the out-sequence of the API resource or proxy.
    pub out_sequence: Option<SequenceRef>,
    /// The fault handler of the API resource or proxy that took the message.
    pub entry_handler: Option<FaultHandler>,
    /// Open template calls, innermost last.
    pub templates: Vec<TemplateCall>,
    /// Where it is in its flow.
    pub frames: Frames,
    /// Who waits for an answer.
    pub reply: Reply,
    /// The splits that it comes from.
    pub splits: Splits,
    /// Slots of concurrency limits that it holds until it is answered.
    pub slots: slots::Slots,
    /// What a cache knows of the request, for its response.
    pub cacheable: Option<crate::mediators::cache::Cacheable>,
    /// The connection that a back end gave away with status 101.
    pub tunnel: Option<Tunnel>,
    /// The transaction that it has open.
    pub transactions: Option<Transactions>,
    /// A `call` that does not block has been answered since it was made: of a splitter's copy, what stands after the
    /// splitter runs then.
    pub called: bool,
    message_id: OnceLock<Arc<str>>,
    correlation_id: OnceLock<Arc<str>>,
}

impl ContentTypes {
    /// Both, from the value of a `Content-Type`; without parameters they are one text.
    pub fn of(content_type: &str) -> Self {
        let content: Arc<str> = content_type.into();
        let media = mi_payload::content_type::media_type(content_type);
        let message = if media.len() == content.len() { content.clone() } else { media.into() };
        Self { message_type: Some(message), content_type: Some(content) }
    }
}

impl MessageContext {
    /// A message without content that nobody sent.
    pub fn new(configuration: Arc<Configuration>, origin: Arc<Origin>) -> Self {
        Self {
            configuration,
            origin,
            request: None,
            api: None,
            payload: Payload::empty(),
            attachments: Arc::default(),
            headers: HeaderMap::new(),
            properties: Properties::default(),
            variables: Properties::default(),
            axis2: Properties::default(),
            operation: Arc::default(),
            content_types: ContentTypes::default(),
            method: None,
            status: StatusProperty::Unset,
            answered: None,
            endpoint_address: None,
            rest_postfix: RestPostfix::None,
            addressing: Addressing::default(),
            rest: false,
            client_soap: None,
            is_response: false,
            dispatched: false,
            out_sequence: None,
            entry_handler: None,
            templates: Vec::new(),
            frames: Frames::default(),
            reply: Reply::Nobody,
            splits: Splits::default(),
            slots: slots::Slots::default(),
            cacheable: None,
            tunnel: None,
            transactions: None,
            called: false,
            message_id: OnceLock::new(),
            correlation_id: OnceLock::new(),
        }
    }

    /// Enters a list of mediators, whose faults `handler` takes.
    ///
    /// # Errors
    /// When lists are nested too deeply.
    pub fn enter(&mut self, list: MediatorList, handler: Option<FaultHandler>) -> Result<(), Fault> {
        self.frames.push(Frame { list, index: 0, handler, templates: self.templates.len() })
    }

    /// Notes which step of the innermost list runs.
    pub fn at_step(&mut self, index: usize) {
        self.frames.at_step(index);
    }

    /// Leaves the innermost list.
    pub fn leave(&mut self) {
        self.frames.pop();
    }

    /// The message's id, `urn:uuid:…`.
    pub fn message_id(&self) -> &Arc<str> {
        self.message_id.get_or_init(|| match self.correlation_id.get() {
            Some(id) if self.generated_correlation_id() => format!("urn:uuid:{id}").into(),
            _ => format!("urn:uuid:{}", uuid::Uuid::new_v4()).into(),
        })
    }

    /// Gives it this id (a message taken from a store keeps its own).
    pub fn set_message_id(&mut self, id: &str) {
        self.message_id = OnceLock::from(Arc::from(id));
    }

    /// The correlation id: what the client sent in the configured header, else one made for this message. Messages that
    /// did not come over HTTP have none.
    pub fn correlation_id(&self) -> Option<&Arc<str>> {
        self.request.as_ref()?;
        Some(self.correlation_id.get_or_init(|| {
            let mut text = uuid::Uuid::encode_buffer();
            Arc::from(&*uuid::Uuid::new_v4().hyphenated().encode_lower(&mut text))
        }))
    }

    /// Takes over the client's correlation id.
    pub fn set_correlation_id(&mut self, id: &str) {
        self.correlation_id = OnceLock::from(Arc::from(id));
        // A message id made from now on must not repeat an id that the client chose.
        self.axis2.set("correlation_id", Value::from(id));
    }

    /// Takes over an id that this server made.
    pub fn set_generated_correlation_id(&mut self, id: Arc<str>) {
        self.correlation_id = OnceLock::from(id);
    }

    fn generated_correlation_id(&self) -> bool {
        self.axis2.get("correlation_id").is_none()
    }

    /// The To address as text, if there is one.
    pub fn to_address(&self) -> Option<&str> {
        match &self.addressing.to {
            To::Request => self.request.as_ref().map(|request| &*request.target),
            To::Nowhere => None,
            To::Anonymous => Some(ANONYMOUS),
            To::Address(address) => Some(address),
        }
    }

    /// Where the message's log lines and those about it begin.
    pub fn log_prefix(&self) -> &str {
        &self.origin.log_prefix
    }

    /// Whether the axis2 property `name` is `true`, as text or Boolean.
    pub fn axis2_is_true(&self, name: &str) -> bool {
        self.axis2.is_true(name)
    }

    /// Removes the mark that suppresses the body (`NO_ENTITY_BODY`): there is a new one.
    pub fn has_entity(&mut self) {
        self.axis2.forget("NO_ENTITY_BODY");
    }

    /// Sets `messageType`, `ContentType` and, where there are transport headers, `Content-Type`.
    pub fn set_message_type(&mut self, content_type: &str) {
        self.content_types = ContentTypes::of(content_type);
        if let Ok(value) = http::HeaderValue::from_str(content_type) {
            self.headers.insert(http::header::CONTENT_TYPE, value);
        }
    }

    /// The operation-scope properties.
    pub fn operation(&self) -> &Mutex<Properties> {
        self.operation.get_or_init(Mutex::default)
    }
}
