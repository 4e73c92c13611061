//! `<member>` of a group: another host for the message's own To address (spec: services 4.8).

use std::time::Duration;

use super::state::Rules;
use super::{Endpoint, EndpointKind, Leaf, TimeoutAction};
use crate::context::MessageContext;
use crate::definition::{Definitions, DeployError, Element};

/// A member.
#[derive(Debug)]
pub struct MemberEndpoint {
    /// Its host.
    pub host: String,
    /// Where it takes messages that came over plain HTTP.
    pub http_port: Option<u16>,
    /// Where it takes messages that came over HTTPS.
    pub https_port: Option<u16>,
    /// Its state.
    pub leaf: Leaf,
}

impl MemberEndpoint {
    /// Reads `<member hostName="…" httpPort="…" httpsPort="…"/>`, as a child endpoint.
    ///
    /// # Errors
    /// When the host is missing or a port is no port.
    pub(super) fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Endpoint, DeployError> {
        let host = element.required("hostName", "The 'hostName' attribute is required for a member")?;
        let host = definitions.resolve(element, host.trim())?;
        let port = |name: &str| match element.non_empty(name) {
            None => Ok(None),
            Some(text) => definitions.resolve(element, text.trim())?.parse::<u16>().map(Some).map_err(|_| {
                let message = format!("Invalid value '{text}' for '{name}': a port number is expected");
                element.attribute_error(name, message)
            }),
        };
        // MI looks once a second whether a member that failed is there again.
        let rules = Rules { initial: Duration::from_secs(1), ..Rules::default() };
        let leaf = Leaf::new("Address", Default::default(), None, TimeoutAction::None, rules);
        let member = Self { host, http_port: port("httpPort")?, https_port: port("httpsPort")?, leaf };
        Ok(Endpoint { name: None, kind: EndpointKind::Member(member), on_error: None, properties: Vec::new() })
    }

    /// The To address with this member's host and port, when it has one for the transport that the message came over.
    pub(super) fn address(&self, context: &MessageContext) -> Option<String> {
        let secure = context.request.as_ref().is_some_and(|request| request.secure);
        let (scheme, port) = if secure { ("https", self.https_port?) } else { ("http", self.http_port?) };
        let to = context.to_address().unwrap_or_default();
        let path = match to.split_once("://") {
            // Of a whole URL only the path goes on, without its query.
            Some((_, rest)) => {
                let path = rest.find('/').map_or("", |slash| &rest[slash..]);
                path.split(['?', '#']).next().unwrap_or_default()
            }
            None => to,
        };
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        Some(format!("{scheme}://{}:{port}{slash}{path}", self.host))
    }
}
