//! `<wsdl>` endpoints: the address is that of a port in a WSDL document (spec: services 4.10).

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use mi_payload::Body;
use mi_xml::{Document, NodeId};

use super::{Leaf, local};
use crate::configuration::Configuration;
use crate::context::MessageContext;
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::{Fault, codes};
use crate::outgoing::Outgoing;

const WSDL11: &str = "http://schemas.xmlsoap.org/wsdl/";
const WSDL20: &str = "http://www.w3.org/ns/wsdl";
const NOT_SUPPORTED: &str = "WSDL 2.0 Endpoints are currently not supported";

/// A WSDL endpoint. The document is read for the first message, not at deployment, when the back end may not be there
/// yet; one that could not be read is tried again.
#[derive(Debug)]
pub struct WsdlEndpoint {
    /// Where the document is: a URL, or a key of the registry. An inline document has none.
    pub uri: Option<String>,
    /// The name of the service.
    pub service: String,
    /// The name of its port.
    pub port: String,
    /// Time limits, suspension, format.
    pub leaf: Leaf,
    address: OnceLock<String>,
}

impl WsdlEndpoint {
    /// Reads `<wsdl>`.
    ///
    /// # Errors
    /// When service, port or document are missing, or an inline document has no such port.
    pub fn parse(element: Element<'_>, leaf: Leaf, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let value = |name: &str| {
            let text = element.required(name, &format!("The '{name}' attribute is required for a WSDL endpoint"))?;
            definitions.resolve(element, text.trim())
        };
        let (service, port) = (value("service")?, value("port")?);
        let address = OnceLock::new();
        let uri = match element.non_empty("uri") {
            Some(uri) => Some(definitions.resolve(element, uri.trim())?),
            None => {
                let inline = element.children().find(|child| ["definitions", "description"].contains(&child.local()));
                let missing =
                    || element.error("A WSDL endpoint needs a document").hint("'uri' or <definitions> is expected");
                let inline = inline.ok_or_else(missing)?;
                let found = port_address(inline.document(), inline.node(), &service, &port);
                let _ = address.set(found.map_err(|reason| inline.error(reason))?);
                None
            }
        };
        Ok(Self { uri, service, port, leaf, address })
    }

    /// The address of the port, once the document has been read.
    pub fn address(&self) -> Option<&str> {
        self.address.get().map(String::as_str)
    }

    /// Reads the document, unless that has been done.
    pub(super) async fn locate(&self, name: &str, context: &mut MessageContext) -> Result<(), Fault> {
        if self.address.get().is_some() {
            return Ok(());
        }
        let uri = self.uri.as_deref().unwrap_or_default();
        let found = match read(uri, context).await {
            Ok(document) => match document.root_element() {
                Some(root) => port_address(&document, root, &self.service, &self.port),
                None => Err("it is empty".to_owned()),
            },
            Err(reason) => Err(reason),
        };
        let address = found.map_err(|reason| {
            let message = format!("Currently , WSDL endpoint : [ Name : {name} ] cannot use {uri}: {reason}");
            Fault::with_code(codes::WSDL_NOT_READY, message)
        })?;
        // Another message may have been faster; both read the same document.
        let _ = self.address.set(address);
        Ok(())
    }
}

async fn read(uri: &str, context: &mut MessageContext) -> Result<Document, String> {
    let configuration = context.configuration.clone();
    let content = fetch(uri, &configuration).await?;
    Document::parse(&content, &configuration.settings.parse_options).map_err(|error| error.to_string())
}

/// The bytes behind a URL, or behind a key of the registry.
pub(crate) async fn fetch(uri: &str, configuration: &Arc<Configuration>) -> Result<Bytes, String> {
    let settings = &configuration.settings;
    if !uri.starts_with("http://") && !uri.starts_with("https://") {
        let resource = configuration.environment.resources.read(uri);
        return Ok(resource.ok_or("there is no such resource")?.content);
    }
    let request = Outgoing {
        method: Method::GET,
        url: uri.to_owned(),
        headers: HeaderMap::new(),
        body: Body::Empty,
        content_length: false,
        http10: false,
        absolute_form: false,
        close: false,
        timeout: Some(settings.global_timeout),
        upgrade: None,
    };
    let answer = local::exchange(configuration, request).await;
    let answer = answer.map_err(|error| format!("{error}: {}", error.detail))?;
    if answer.status != StatusCode::OK {
        return Err(format!("the answer is {}", answer.status));
    }
    answer.body.collect(settings.build_limit).await.map_err(|error| error.to_string())
}

/// The address of a port of a service.
fn port_address(document: &Document, root: NodeId, service: &str, port: &str) -> Result<String, String> {
    if document.namespace(root) == WSDL20 {
        return Err(NOT_SUPPORTED.to_owned());
    }
    if !document.is_named(root, WSDL11, "definitions") {
        return Err("it is no WSDL 1.1 document".to_owned());
    }
    let named = |parent: NodeId, local: &str, name: &str| {
        let mut children = document.child_elements(parent);
        children.find(|&child| document.is_named(child, WSDL11, local) && document.attr(child, "name") == Some(name))
    };
    let found = named(root, "service", service).ok_or_else(|| format!("it has no service {service}"))?;
    let found = named(found, "port", port).ok_or_else(|| format!("its service {service} has no port {port}"))?;
    let mut children = document.child_elements(found).filter(|&child| document.local_name(child) == "address");
    let location = children.find_map(|child| document.attr(child, "location"));
    location.map(|location| location.trim().to_owned()).ok_or_else(|| format!("its port {port} has no address"))
}

#[cfg(test)]
mod tests {
    use crate::endpoint::Endpoint;
    use crate::testing;

    const DOCUMENT: &str = "<d:definitions xmlns:d='http://schemas.xmlsoap.org/wsdl/'><d:service name='S'><d:port \
        name='P'><a:address xmlns:a='http://schemas.xmlsoap.org/wsdl/soap/' location='http://echo/s'/></d:port>\
        </d:service></d:definitions>";

    #[tokio::test]
    async fn the_port_says_where_it_goes() {
        let text = format!("<endpoint><wsdl service='S' port='P'>{DOCUMENT}</wsdl></endpoint>");
        let mut context = testing::context_with("text/plain", b"x");
        testing::endpoint(&text).send(&mut context).await.expect("an answer");
        assert_eq!(context.headers["x-url"], "http://echo/s");
    }

    #[tokio::test]
    async fn a_document_that_cannot_be_read_is_a_fault_of_its_own() {
        for uri in ["http://refused/s?wsdl", "http://status/404", "http://echo/empty", "conf:none"] {
            let text = format!("<endpoint name='w'><wsdl uri='{uri}' service='S' port='P'/></endpoint>");
            let mut context = testing::context_with("text/plain", b"x");
            let fault = testing::endpoint(&text).send(&mut context).await.expect_err("no document");
            assert_eq!(fault.code(), Some(303_002), "{fault}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let version2 = "<description xmlns='http://www.w3.org/ns/wsdl'/>";
        for (wsdl, message) in [
            ("<wsdl port='P' uri='http://h'/>".to_owned(), "'service' attribute is required"),
            ("<wsdl service='S' uri='http://h'/>".to_owned(), "'port' attribute is required"),
            ("<wsdl service='S' port='P'/>".to_owned(), "needs a document"),
            (format!("<wsdl service='S' port='X'>{DOCUMENT}</wsdl>"), "has no port X"),
            (format!("<wsdl service='X' port='P'>{DOCUMENT}</wsdl>"), "no service X"),
            (format!("<wsdl service='S' port='P'>{version2}</wsdl>"), "WSDL 2.0 Endpoints"),
        ] {
            let text = format!("<endpoint>{wsdl}</endpoint>");
            let error = testing::with_definitions(&text, Endpoint::parse).expect_err("not well made");
            assert!(error.message().contains(message), "{error}");
        }
    }
}
