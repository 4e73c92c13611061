//! `GET /services/NAME?wsdl`: the WSDL that a proxy service publishes (spec: services 1.11 and 2.3).

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use mi_xml::{Document, ParseOptions, WriteOptions};

use crate::configuration::Configuration;
use crate::context::{HttpRequest, Response};
use crate::endpoint::EndpointKind;
use crate::proxy::{ProxyService, PublishWsdl};

/// Where the bindings of WSDL 1.1 say their address.
const BINDINGS: [&str; 3] = [
    "http://schemas.xmlsoap.org/wsdl/soap/",
    "http://schemas.xmlsoap.org/wsdl/soap12/",
    "http://schemas.xmlsoap.org/wsdl/http/",
];

/// Whether a request asks for the WSDL of a service that publishes one.
pub(super) fn is_asked_for(service: &ProxyService, request: &HttpRequest) -> bool {
    let query = request.target.split_once('?').map(|(_, query)| query);
    service.wsdl.is_some() && request.method == Method::GET && query.is_some_and(|q| q.eq_ignore_ascii_case("wsdl"))
}

/// The answer to such a request. A document that others have is read when somebody asks for it, each time anew.
pub(super) async fn answer(
    configuration: Arc<Configuration>,
    service: Arc<ProxyService>,
    request: HttpRequest,
) -> Response {
    let text = match document(&configuration, &service).await {
        Ok(text) => text,
        Err(reason) => {
            let name = &service.origin.name;
            tracing::error!(
                target: "org.apache.synapse.core.axis2.ProxyService",
                "{{proxy:{name}}} The WSDL of the proxy service {name} cannot be read: {reason}"
            );
            let mut response = Response::empty(StatusCode::INTERNAL_SERVER_ERROR);
            response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            response.body = format!("The WSDL of {name} cannot be read").into_bytes().into();
            return response;
        }
    };
    let mut response = Response::empty(StatusCode::OK);
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    let kept = service.parameter("modifyUserWSDLPortAddress") == Some("false");
    let path = request.target.split('?').next().unwrap_or_default();
    let text = if kept { text } else { with_addresses(&text, &address(&request, path)).unwrap_or(text) };
    response.body = text.into_bytes().into();
    response
}

async fn document(configuration: &Arc<Configuration>, service: &ProxyService) -> Result<String, String> {
    let uri = match &service.wsdl {
        Some(PublishWsdl::Inline(text)) => return Ok(text.clone()),
        Some(PublishWsdl::Key(key)) => return configuration.entry_text(key).ok_or(format!("there is no {key}")),
        Some(PublishWsdl::Uri(uri)) => uri.clone(),
        Some(PublishWsdl::Endpoint(name)) => {
            let endpoint = configuration.endpoint(name).ok_or(format!("there is no endpoint {name}"))?;
            match &endpoint.kind {
                EndpointKind::Address(address) => format!("{}?wsdl", address.uri.text()),
                EndpointKind::Wsdl(wsdl) => {
                    wsdl.uri.clone().ok_or(format!("the endpoint {name} has its document inside itself"))?
                }
                _ => return Err(format!("the endpoint {name} has no WSDL: it is neither <address> nor <wsdl>")),
            }
        }
        None => return Err("it publishes none".to_owned()),
    };
    let bytes = crate::endpoint::wsdl::fetch(&uri, configuration).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The address that the client used.
fn address(request: &HttpRequest, path: &str) -> String {
    let scheme = if request.secure { "https" } else { "http" };
    let local = || request.local.map(|local| local.to_string()).unwrap_or_default();
    format!("{scheme}://{}{path}", request.host.clone().unwrap_or_else(local))
}

/// The document with this address in each port; `None` when it is no XML.
fn with_addresses(text: &str, address: &str) -> Option<String> {
    let mut document = Document::parse(text.as_bytes(), &ParseOptions::default()).ok()?;
    let root = document.root_element()?;
    let ports: Vec<_> = document
        .descendants(root)
        .filter(|&node| document.is_element(node) && document.local_name(node) == "address")
        .filter(|&node| BINDINGS.contains(&document.namespace(node)))
        .collect();
    for port in ports {
        document.set_attribute(port, "", "", "location", address);
    }
    let mut out = Vec::new();
    let options = WriteOptions { declaration: Some("UTF-8"), ..WriteOptions::default() };
    document.write(root, &mut out, &options);
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_get_the_address_of_the_request() {
        let wsdl = "<w:definitions xmlns:w='http://schemas.xmlsoap.org/wsdl/' \
                    xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/'><w:service><w:port><s:address location='http://old'/>\
                    </w:port><address location='kept'/></w:service></w:definitions>";
        let text = with_addresses(wsdl, "http://h:8290/services/A").unwrap();
        assert!(text.contains("location=\"http://h:8290/services/A\""), "{text}");
        assert!(text.contains("location=\"kept\"") && !text.contains("http://old"), "{text}");
        assert_eq!(with_addresses("no XML", "x"), None);
    }
}
