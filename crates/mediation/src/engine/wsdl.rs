//! `GET /services/NAME?wsdl`: the WSDL that a proxy service publishes (spec: services 1.11 and 2.3).

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use mi_xml::{Document, ParseOptions, WriteOptions};

use crate::configuration::Configuration;
use crate::context::{HttpRequest, Response};
use crate::proxy::{ProxyService, PublishWsdl};

/// Where the bindings of WSDL 1.1 say their address.
const BINDINGS: [&str; 3] = [
    "http://schemas.xmlsoap.org/wsdl/soap/",
    "http://schemas.xmlsoap.org/wsdl/soap12/",
    "http://schemas.xmlsoap.org/wsdl/http/",
];

/// The answer to a request for the WSDL of `service`, when it has one that can be told without asking others.
pub(super) fn answer(configuration: &Configuration, service: &ProxyService, request: &HttpRequest) -> Option<Response> {
    if request.method != Method::GET {
        return None;
    }
    let (path, query) = request.target.split_once('?')?;
    if !query.eq_ignore_ascii_case("wsdl") {
        return None;
    }
    let text = match service.wsdl.as_ref()? {
        PublishWsdl::Inline(text) => text.clone(),
        PublishWsdl::Key(key) => configuration.entry_text(key)?,
        PublishWsdl::Endpoint(_) | PublishWsdl::Uri(_) => return None,
    };
    let mut response = Response::empty(StatusCode::OK);
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    let kept = service.parameters.iter().any(|(name, value)| name == "modifyUserWSDLPortAddress" && value == "false");
    let text = if kept { text } else { with_addresses(&text, &address(request, path)).unwrap_or(text) };
    response.body = text.into_bytes().into();
    Some(response)
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
