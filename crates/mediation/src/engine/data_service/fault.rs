//! Faults of requests for data services, as each kind of client gets them (spec: runtime 8.3).

use http::StatusCode;
use mi_payload::SoapVersion;
use mi_payload::soap::{Envelope, FaultParts};
use mi_xml::{Document, NodeId};
use serde_json::{Map, Value, json};

use super::{Style, full};
use crate::context::Response;
use crate::data_service::{DataServiceFault, Detail, NAMESPACE};

/// The prefix of data services in faults; Axis2 counts its own up.
const PREFIX: &str = "axis2ns1";

/// What went wrong with a request.
pub(super) struct RequestFault {
    /// The code, when it is no one of SOAP's.
    code: Option<&'static str>,
    reason: String,
    /// The elements of the detail.
    detail: Vec<(&'static str, Text)>,
}

/// What stands in an element of the detail.
enum Text {
    Nothing,
    One(String),
    Parts(Vec<(&'static str, String)>),
}

impl RequestFault {
    /// One that the data service had no part in.
    pub(super) fn plain(reason: &str) -> Self {
        Self { code: None, reason: reason.to_owned(), detail: Vec::new() }
    }

    /// One of a data service.
    pub(super) fn of(fault: DataServiceFault) -> Self {
        let detail = fault.details().into_iter().map(|(name, detail)| {
            let text = match detail {
                Detail::Text(None) => Text::Nothing,
                Detail::Text(Some(text)) => Text::One(text),
                Detail::Source(source) => {
                    Text::Parts(source.parts().into_iter().map(|(name, text)| (name, text.to_owned())).collect())
                }
            };
            (name, text)
        });
        Self { code: Some(fault.code.as_str()), reason: fault.to_string(), detail: detail.collect() }
    }

    pub(super) fn answer(&self, style: Style) -> Response {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        if style.json {
            return full(status, "application/json; charset=UTF-8", self.json().to_string().into_bytes());
        }
        let envelope = self.envelope(style.soap.unwrap_or(SoapVersion::V11));
        match style.soap {
            Some(_) => style.envelope(status, envelope),
            None => {
                let fault = envelope.fault().map(|fault| FaultParts::read(&envelope, fault));
                let element = fault.and_then(|parts| parts.detail.first().copied());
                // A client that speaks no SOAP gets what the fault says, without what is around it.
                match element {
                    Some(node) => style.xml(status, &mi_payload::XmlFragment::copy_of(&envelope.document, node)),
                    None => full(status, "text/plain; charset=UTF-8", self.reason.clone().into_bytes()),
                }
            }
        }
    }

    fn code(&self) -> String {
        self.code.map_or_else(|| "Server".to_owned(), |code| format!("{PREFIX}:{code}"))
    }

    fn json(&self) -> Value {
        let mut inner = Map::new();
        for (name, text) in &self.detail {
            let value = match text {
                Text::Nothing => Value::Null,
                Text::One(text) => json!(text),
                Text::Parts(parts) => parts.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect(),
            };
            inner.insert((*name).to_owned(), value);
        }
        let mut fault = json!({"faultcode": self.code(), "faultstring": self.reason});
        if !inner.is_empty() {
            fault["detail"] = json!({"DataServiceFault": inner});
        }
        json!({"Fault": fault})
    }

    fn envelope(&self, version: SoapVersion) -> Envelope {
        let mut details = Document::new();
        let detail = if self.detail.is_empty() { Vec::new() } else { vec![self.element(&mut details)] };
        let parts = FaultParts {
            code: self.code(),
            code_namespace: self.code.map(|_| NAMESPACE.to_owned()),
            reason: self.reason.clone(),
            detail,
            ..FaultParts::default()
        };
        let mut envelope = Envelope::empty(version);
        envelope.set_fault(&parts, Some(&details));
        envelope
    }

    fn element(&self, document: &mut Document) -> NodeId {
        let root = document.create_element(PREFIX, NAMESPACE, "DataServiceFault");
        document.declare_namespace(root, PREFIX, NAMESPACE);
        document.append_child(document.root(), root);
        for (name, text) in &self.detail {
            let element = document.create_element(PREFIX, NAMESPACE, name);
            document.append_child(root, element);
            match text {
                Text::Nothing => {}
                Text::One(text) => document.set_text(element, text),
                Text::Parts(parts) => {
                    for (name, text) in parts {
                        let part = document.create_element(PREFIX, NAMESPACE, name);
                        document.set_text(part, text);
                        document.append_child(element, part);
                    }
                }
            }
        }
        root
    }
}
