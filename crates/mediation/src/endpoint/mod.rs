//! Endpoints: where messages are sent (spec: services part 4).
//!
//! Begin at [`Endpoint`]. A leaf ([`leaf`]) has an address, time limits and a state ([`state`], a state machine without
//! I/O); everything else leads to leaves, a group ([`group`]) to several. [`request`] turns a message into a request,
//! [`answer`] an answer into the message.

mod address;
mod answer;
mod authentication;
pub mod expand;
mod failover;
mod group;
mod http;
mod leaf;
mod load_balance;
mod local;
mod member;
mod oauth;
mod parse;
mod postfix;
mod ready;
mod recipient_list;
pub(crate) mod request;
pub mod rotation;
pub mod session;
pub mod state;
mod template;
pub mod ws_addressing;
pub(crate) mod wsdl;

use std::sync::Arc;

use mi_expression::ValueExpression;

use crate::context::{FaultHandler, Frame, MessageContext};
use crate::fault::{Fault, codes};
use crate::mediator::{BoxFuture, MediatorList};
use crate::mediators::property::SetProperty;
use crate::names::Name;

pub use address::AddressEndpoint;
pub use authentication::Authentication;
pub use failover::Failover;
pub use http::HttpEndpoint;
pub use leaf::{Leaf, TimeoutAction};
pub use load_balance::LoadBalance;
pub use member::MemberEndpoint;
pub use oauth::OAuth;
pub use recipient_list::{Recipient, RecipientList};
pub use template::{EndpointTemplate, TemplateUse};
pub use wsdl::WsdlEndpoint;

/// An endpoint.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name; inline ones have none.
    pub name: Option<Name>,
    /// What kind it is.
    pub kind: EndpointKind,
    /// The sequence that handles faults of sending to it.
    pub on_error: Option<Name>,
    /// Properties that are set before each send.
    pub properties: Vec<SetProperty>,
}

/// Kinds of endpoints.
#[derive(Debug)]
pub enum EndpointKind {
    /// `<http>`
    Http(HttpEndpoint),
    /// `<address>`
    Address(AddressEndpoint),
    /// `<wsdl>`
    Wsdl(WsdlEndpoint),
    /// `<default>`: wherever the To address says.
    Default(Leaf),
    /// `key="…"`
    Indirect(Name),
    /// `key-expression="…"`
    Dynamic(ValueExpression),
    /// `template="…"`
    Template(TemplateUse),
    /// `<failover>`
    Failover(Failover),
    /// `<loadbalance>`, with or without `<session>`.
    LoadBalance(LoadBalance),
    /// `<recipientlist>`
    RecipientList(RecipientList),
    /// `<member>` of a group.
    Member(MemberEndpoint),
}

/// What became of a send.
#[derive(Debug)]
pub enum Sent {
    /// The message is the answer now.
    Answered,
    /// Nobody will answer: one way, or an answer that is to be discarded.
    NothingComes,
    /// It is in a file, which answers nothing; the message is as it was.
    Written,
    /// Copies of the message stand ready for several endpoints; whoever sends lets them go and takes their answers.
    Copies(Vec<Recipient>),
}

/// Endpoints that lead to one another more than this many times lead nowhere.
const MAX_INDIRECTIONS: usize = 32;

impl Endpoint {
    /// The name for messages about it.
    pub fn display_name(&self) -> &str {
        self.name.as_ref().map_or("AnonymousEndpoint", Name::as_str)
    }

    /// Whether sending needs the body built (a format other than `rest`, addressing headers, credentials from it).
    pub fn is_content_aware(&self) -> bool {
        let authentication = match &self.kind {
            EndpointKind::Http(http) => http.authentication.as_ref(),
            _ => None,
        };
        authentication.is_some_and(Authentication::is_content_aware)
            || self.leaf().is_some_and(|leaf| leaf.format.builds() || leaf.addressing.is_some())
    }

    /// The leaf, if it is one.
    pub fn leaf(&self) -> Option<&Leaf> {
        match &self.kind {
            EndpointKind::Http(http) => Some(&http.leaf),
            EndpointKind::Address(address) => Some(&address.leaf),
            EndpointKind::Wsdl(wsdl) => Some(&wsdl.leaf),
            EndpointKind::Default(leaf) => Some(leaf),
            EndpointKind::Member(member) => Some(&member.leaf),
            EndpointKind::Indirect(_)
            | EndpointKind::Dynamic(_)
            | EndpointKind::Template(_)
            | EndpointKind::Failover(_)
            | EndpointKind::LoadBalance(_)
            | EndpointKind::RecipientList(_) => None,
        }
    }

    /// An endpoint that stands for the one of this name.
    pub(crate) fn named(name: &str) -> Self {
        Self::nameless(EndpointKind::Indirect(Name::new(name)))
    }

    /// An endpoint at a fixed address, with the defaults of the rest.
    pub(crate) fn at(url: &str) -> Self {
        let leaf = Leaf::new("AnonymousEndpoint", Default::default(), None, TimeoutAction::None, Default::default());
        Self::nameless(EndpointKind::Address(AddressEndpoint { uri: expand::AddressTemplate::parse(url), leaf }))
    }

    fn nameless(kind: EndpointKind) -> Self {
        Self { name: None, kind, on_error: None, properties: Vec::new() }
    }

    /// The names of the endpoints that it leads to, as far as they are known without a message.
    pub fn names(&self) -> Vec<&Name> {
        match &self.kind {
            EndpointKind::Indirect(name) => vec![name],
            _ => self.children().iter().flat_map(|child| child.names()).collect(),
        }
    }

    /// The children of a group that are known without a message.
    pub fn children(&self) -> &[Arc<Self>] {
        match &self.kind {
            EndpointKind::Failover(group) => &group.children,
            EndpointKind::LoadBalance(group) => &group.children,
            EndpointKind::RecipientList(group) => group.children(),
            _ => &[],
        }
    }

    /// Sends the message and makes the answer of it.
    ///
    /// # Errors
    /// The fault of whatever went wrong, with MI's code. The endpoint's own `onError` is the innermost handler then.
    pub fn send<'a>(self: &'a Arc<Self>, context: &'a mut MessageContext) -> BoxFuture<'a, Result<Sent, Fault>> {
        Box::pin(async move {
            let mut endpoint = self.clone();
            let depth = context.frames.len();
            for _ in 0..MAX_INDIRECTIONS {
                if let Some(name) = &endpoint.on_error {
                    let handler = Some(FaultHandler::Named(name.clone()));
                    let templates = context.templates.len();
                    context.frames.push(Frame { list: MediatorList::default(), index: 0, handler, templates })?;
                }
                if endpoint.is_content_aware() {
                    context.build().await?;
                }
                for property in &endpoint.properties {
                    property.apply(context)?;
                }
                endpoint = match endpoint.next(context)? {
                    Some(next) => next,
                    None => {
                        let sent = endpoint.deliver(context).await?;
                        context.frames.truncate(depth);
                        return Ok(sent);
                    }
                };
            }
            let name = self.display_name();
            Err(Fault::with_code(codes::ENDPOINT_NOT_FOUND, format!("Endpoint {name} refers to itself")))
        })
    }

    /// Sends through a leaf or a group.
    async fn deliver(self: &Arc<Self>, context: &mut MessageContext) -> Result<Sent, Fault> {
        match &self.kind {
            EndpointKind::Failover(_) | EndpointKind::LoadBalance(_) if context.properties.is_true("OUT_ONLY") => {
                group::send_one_way(self, context).await
            }
            EndpointKind::Failover(group) => group.send(self, context).await,
            EndpointKind::LoadBalance(group) => group.send(self, context).await,
            EndpointKind::RecipientList(group) => group.send(self, context).await,
            _ => leaf::send(self, context).await,
        }
    }

    /// The endpoint that this one stands for; `None` when it sends itself.
    fn next(&self, context: &MessageContext) -> Result<Option<Arc<Self>>, Fault> {
        let not_found = |key: &str| {
            Fault::with_code(codes::ENDPOINT_NOT_FOUND, format!("Couldn't find the endpoint with the key : {key}"))
        };
        match &self.kind {
            EndpointKind::Indirect(name) => {
                context.configuration.endpoint(name).map(Some).ok_or_else(|| not_found(name.as_str()))
            }
            EndpointKind::Dynamic(expression) => {
                let key = expression.evaluate(context)?.unwrap_or_default();
                context.configuration.find_endpoint(&key).map(Some).ok_or_else(|| not_found(&key))
            }
            EndpointKind::Template(template) => template.instance(&context.configuration).map(Some),
            _ => Ok(None),
        }
    }
}
