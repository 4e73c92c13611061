//! Proxy services (spec: services part 2).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::context::{FaultHandler, Origin, OriginKind};
use crate::definition::{Definitions, DeployError, Element};
use crate::endpoint::Endpoint;
use crate::names::Name;
use crate::sequence::{Sequence, SequenceRef};

/// A proxy service.
#[derive(Debug)]
pub struct ProxyService {
    /// Its name, for itself and in its URL.
    pub origin: Arc<Origin>,
    /// Reachable over plain HTTP.
    pub http: bool,
    /// Reachable over HTTPS.
    pub https: bool,
    /// Names of all its transports.
    pub transports: Vec<String>,
    /// What mediates requests.
    pub in_sequence: Option<SequenceRef>,
    /// What mediates responses.
    pub out_sequence: Option<SequenceRef>,
    /// What handles faults; the global `fault` without one.
    pub fault_handler: Option<FaultHandler>,
    /// Where requests go after the in-sequence.
    pub endpoint: Option<Arc<Endpoint>>,
    /// `inbound.only`: not reachable over the listeners.
    pub inbound_only: bool,
    /// Its parameters.
    pub parameters: Vec<(String, String)>,
    /// Where its WSDL comes from.
    pub wsdl: Option<PublishWsdl>,
    running: AtomicBool,
}

/// `<publishWSDL>`
#[derive(Debug, Clone)]
pub enum PublishWsdl {
    /// Of the back end: its address with `?wsdl`.
    Endpoint(Name),
    /// A local entry or registry resource.
    Key(String),
    /// A URL or a file.
    Uri(String),
    /// The document itself.
    Inline(String),
}

impl ProxyService {
    /// Reads a proxy service.
    ///
    /// # Errors
    /// What is wrong with it or a mediator in it.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "The 'name' attribute is required for a Proxy service definition")?;
        let target = element.child("target").ok_or_else(|| element.error("Target is required for a proxy service"))?;
        let in_sequence = SequenceRef::attribute_or_child(target, "inSequence", "inSequence", definitions)?;
        let endpoint = match target.non_empty("endpoint") {
            Some(key) => Some(Arc::new(Endpoint::named(key))),
            None => {
                target.child("endpoint").map(|child| Endpoint::parse(child, definitions)).transpose()?.map(Arc::new)
            }
        };
        if in_sequence.is_none() && endpoint.is_none() {
            return Err(
                target.error("Target of the proxy service must declare either an inSequence or endpoint or both")
            );
        }
        let fault_handler = match target.non_empty("faultSequence") {
            Some(name) => Some(FaultHandler::Named(Name::new(name))),
            None => match target.child("faultSequence") {
                Some(child) => Some(FaultHandler::Inline(Arc::new(Sequence::inline(child, definitions)?))),
                None => None,
            },
        };
        let transports = transports(element);
        let all = transports.is_empty() || transports.iter().any(|name| name == "all");
        let parameters = parameters(element, definitions)?;
        let parameter =
            |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        Ok(Self {
            origin: Arc::new(Origin::new(OriginKind::Proxy, name)),
            http: all || transports.iter().any(|name| name == "http"),
            https: all || transports.iter().any(|name| name == "https"),
            transports,
            in_sequence,
            out_sequence: SequenceRef::attribute_or_child(target, "outSequence", "outSequence", definitions)?,
            fault_handler,
            endpoint,
            inbound_only: parameter("inbound.only") == Some("true"),
            wsdl: publish_wsdl(element),
            running: AtomicBool::new(element.attribute("startOnLoad") != Some("false")),
            parameters,
        })
    }

    /// Whether it takes requests.
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Lets it take requests, or none; until it is deployed anew.
    pub fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Relaxed);
    }

    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn transports(element: Element<'_>) -> Vec<String> {
    let words = element.attribute("transports").unwrap_or_default().split([',', ' ', '\n', '\t']);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn parameters(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Vec<(String, String)>, DeployError> {
    let mut parameters = Vec::new();
    for child in element.children_named("parameter") {
        let name = child.required("name", "A parameter needs a name")?;
        let text = match child.first_child_fragment() {
            Some(fragment) => fragment.to_xml(),
            None => definitions.resolve(child, child.text().trim())?,
        };
        parameters.push((name.to_owned(), text));
    }
    Ok(parameters)
}

fn publish_wsdl(element: Element<'_>) -> Option<PublishWsdl> {
    let publish = element.child("publishWSDL")?;
    if let Some(endpoint) = publish.non_empty("endpoint") {
        return Some(PublishWsdl::Endpoint(Name::new(endpoint)));
    }
    if let Some(key) = publish.non_empty("key") {
        return Some(PublishWsdl::Key(key.to_owned()));
    }
    if let Some(uri) = publish.non_empty("uri") {
        return Some(PublishWsdl::Uri(uri.to_owned()));
    }
    let inline = publish.children().find(|child| child.local() != "resource")?;
    Some(PublishWsdl::Inline(inline.to_xml()))
}
