//! SOAP envelopes: every message has one, real or made around its payload (spec 1.2).

use mi_xml::{Document, NodeId, NodeKind, ParseError, ParseOptions, ReadElement};

/// Namespace of SOAP 1.1 envelopes.
pub const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Namespace of SOAP 1.2 envelopes.
pub const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// The two versions of SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SoapVersion {
    /// SOAP 1.1
    V11,
    /// SOAP 1.2
    V12,
}

impl SoapVersion {
    /// The namespace of its envelopes.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::V11 => SOAP11,
            Self::V12 => SOAP12,
        }
    }

    /// The media type that it travels as.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::V11 => "text/xml",
            Self::V12 => "application/soap+xml",
        }
    }

    /// The version whose envelopes are in `namespace`.
    pub fn of_namespace(namespace: &str) -> Option<Self> {
        match namespace {
            SOAP11 => Some(Self::V11),
            SOAP12 => Some(Self::V12),
            _ => None,
        }
    }
}

/// Why bytes are no SOAP envelope.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EnvelopeError {
    /// Not even well-formed XML.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// XML, but not an envelope.
    #[error("the document element {{{namespace}}}{local} is not a SOAP envelope")]
    NotAnEnvelope {
        /// Namespace of the document element.
        namespace: String,
        /// Local name of the document element.
        local: String,
    },
    /// An envelope without `Body`.
    #[error("the SOAP envelope has no Body")]
    NoBody,
}

/// An envelope as a tree, with its parts at hand.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The tree; its document node has the `Envelope` element as child.
    pub document: Document,
    /// The `Envelope` element.
    pub element: NodeId,
    /// The `Header` element, if there is one.
    pub header: Option<NodeId>,
    /// The `Body` element.
    pub body: NodeId,
    /// Its version.
    pub version: SoapVersion,
    /// Made around a payload that came without one: XPath's `/` is then the `Envelope` itself (spec 3.3).
    pub synthetic: bool,
}

impl Envelope {
    /// An envelope with an empty body.
    pub fn empty(version: SoapVersion) -> Self {
        let mut document = Document::new();
        let namespace = version.namespace();
        let element = document.create_element("soapenv", namespace, "Envelope");
        document.declare_namespace(element, "soapenv", namespace);
        let body = document.create_element("soapenv", namespace, "Body");
        document.append_child(element, body);
        let root = document.root();
        document.append_child(root, element);
        Self { document, element, header: None, body, version, synthetic: true }
    }

    /// An envelope around the document in `bytes`, and what was read: the payload.
    pub fn around(
        bytes: &[u8],
        version: SoapVersion,
        options: &ParseOptions,
    ) -> Result<(Self, ReadElement), ParseError> {
        let mut envelope = Self::empty(version);
        let body = envelope.body;
        let payload = envelope.document.parse_into(body, bytes, options)?;
        Ok((envelope, payload))
    }

    /// The envelope that `bytes` hold, and what was read: its element.
    pub fn parse(bytes: &[u8], options: &ParseOptions) -> Result<(Self, ReadElement), EnvelopeError> {
        let (document, element) = Document::read(bytes, options)?;
        Ok((Self::of_document(document)?, element))
    }

    /// The envelope that is the document element of `document`.
    pub fn of_document(document: Document) -> Result<Self, EnvelopeError> {
        let element = document.root_element().ok_or(EnvelopeError::NoBody)?;
        let namespace = document.namespace(element);
        let version = SoapVersion::of_namespace(namespace).filter(|_| document.local_name(element) == "Envelope");
        let Some(version) = version else {
            return Err(EnvelopeError::NotAnEnvelope {
                namespace: namespace.to_owned(),
                local: document.local_name(element).to_owned(),
            });
        };
        let part = |local: &str| {
            document
                .child_elements(element)
                .find(|&child| document.local_name(child) == local && document.namespace(child) == namespace)
        };
        let header = part("Header");
        let body = part("Body").ok_or(EnvelopeError::NoBody)?;
        Ok(Self { element, header, body, version, synthetic: false, document })
    }

    /// The first child element of the body: the payload.
    pub fn payload(&self) -> Option<NodeId> {
        self.document.child_elements(self.body).next()
    }

    /// The fault element, when the payload is a SOAP fault.
    pub fn fault(&self) -> Option<NodeId> {
        let payload = self.payload()?;
        let is_fault = self.document.local_name(payload) == "Fault"
            && SoapVersion::of_namespace(self.document.namespace(payload)).is_some();
        is_fault.then_some(payload)
    }

    /// The header, made when there is none.
    pub fn header_or_insert(&mut self) -> NodeId {
        if let Some(header) = self.header {
            return header;
        }
        let prefix = self.prefix();
        let header = self.document.create_element(&prefix, self.version.namespace(), "Header");
        self.document.insert_before(self.body, header);
        self.header = Some(header);
        header
    }

    /// Removes everything from the body.
    pub fn clear_body(&mut self) {
        self.document.remove_children(self.body);
    }

    /// An envelope of the same version with the same header blocks and an empty body.
    pub fn with_empty_body(&self) -> Self {
        let mut copy = Self::empty(self.version);
        copy.synthetic = self.synthetic;
        if let Some(header) = self.header
            && self.document.first_child(header).is_some()
        {
            let into = copy.header_or_insert();
            for block in self.document.child_elements(header) {
                let imported = copy.document.import(&self.document, block);
                copy.document.append_child(into, imported);
            }
        }
        copy
    }

    /// The same message in another version; envelope, header, body and fault change their names, all else stays.
    pub fn convert(&mut self, version: SoapVersion) {
        if self.version == version {
            return;
        }
        let mut converted = Self::empty(version);
        converted.synthetic = self.synthetic;
        if let Some(header) = self.header {
            let blocks: Vec<_> = self.document.child_elements(header).collect();
            if !blocks.is_empty() {
                let into = converted.header_or_insert();
                for block in blocks {
                    let copy = converted.document.import(&self.document, block);
                    converted.document.append_child(into, copy);
                }
            }
        }
        match self.fault() {
            Some(fault) => {
                let parts = FaultParts::read(self, fault);
                parts.write(&mut converted, Some(&self.document));
            }
            None => {
                let content: Vec<_> = self.document.children(self.body).collect();
                for node in content {
                    let copy = converted.document.import(&self.document, node);
                    converted.document.append_child(converted.body, copy);
                }
            }
        }
        *self = converted;
    }

    /// Replaces the body by a fault.
    pub fn set_fault(&mut self, fault: &FaultParts, details_from: Option<&Document>) {
        self.clear_body();
        fault.write(self, details_from);
    }

    fn prefix(&self) -> String {
        self.document.name(self.element).map_or_else(|| "soapenv".to_owned(), |name| name.prefix.to_owned())
    }
}

/// What a SOAP fault says, apart from the version's spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultParts {
    /// Local name of the code, in SOAP 1.1 terms or 1.2 terms; it is translated when written.
    pub code: String,
    /// The namespace of a code that is not SOAP's own; `code` then has its prefix in front.
    pub code_namespace: Option<String>,
    /// What happened, for a human.
    pub reason: String,
    /// URI of the node (SOAP 1.2 only).
    pub node: Option<String>,
    /// URI of the role (`faultactor` in SOAP 1.1).
    pub role: Option<String>,
    /// Nodes of the detail, in the document that goes with them.
    pub detail: Vec<NodeId>,
    /// Text of the detail, when there are no nodes.
    pub detail_text: Option<String>,
}

impl FaultParts {
    /// Reads the fault element `fault` of `envelope`.
    pub fn read(envelope: &Envelope, fault: NodeId) -> Self {
        let document = &envelope.document;
        let child = |parent: NodeId, local: &str| {
            document.child_elements(parent).find(|&child| document.local_name(child) == local)
        };
        let text = |node: Option<NodeId>| node.map(|node| document.text_content(node).trim().to_owned());
        let detail = child(fault, "detail").or_else(|| child(fault, "Detail"));
        let code = child(fault, "faultcode").or_else(|| child(fault, "Code").and_then(|code| child(code, "Value")));
        let reason =
            child(fault, "faultstring").or_else(|| child(fault, "Reason").and_then(|text| child(text, "Text")));
        let value = text(code).unwrap_or_default();
        let prefix = value.split_once(':').map_or("", |(prefix, _)| prefix);
        let namespace = code.and_then(|node| document.lookup_namespace(node, prefix));
        let own = namespace.filter(|uri| !uri.is_empty() && SoapVersion::of_namespace(uri).is_none());
        Self {
            code_namespace: own.map(str::to_owned),
            code: match own {
                Some(_) => value.clone(),
                None => value.rsplit(':').next().unwrap_or_default().to_owned(),
            },
            reason: text(reason).unwrap_or_default(),
            node: text(child(fault, "Node")),
            role: text(child(fault, "faultactor").or_else(|| child(fault, "Role"))),
            detail: detail.map(|detail| document.children(detail).collect()).unwrap_or_default(),
            detail_text: None,
        }
    }

    fn write(&self, envelope: &mut Envelope, details_from: Option<&Document>) {
        let namespace = envelope.version.namespace();
        let prefix = envelope.prefix();
        let document = &mut envelope.document;
        let fault = document.create_element(&prefix, namespace, "Fault");
        document.append_child(envelope.body, fault);
        let text = |document: &mut Document, parent: NodeId, text: &str| {
            let node = document.create_text(text);
            document.append_child(parent, node);
        };
        if let (Some(namespace), Some((prefix, _))) = (&self.code_namespace, self.code.split_once(':')) {
            document.declare_namespace(fault, prefix, namespace);
        }
        let code = |translate: fn(&str) -> &str| match self.code_namespace {
            Some(_) => self.code.clone(),
            None => format!("{prefix}:{}", translate(&self.code)),
        };
        let detail_name = match envelope.version {
            SoapVersion::V11 => {
                let mut plain = |local: &str, content: &str| {
                    let element = document.create_element("", "", local);
                    document.append_child(fault, element);
                    text(document, element, content);
                };
                plain("faultcode", &code(soap11_code));
                plain("faultstring", &self.reason);
                if let Some(role) = &self.role {
                    plain("faultactor", role);
                }
                ("", "", "detail")
            }
            SoapVersion::V12 => {
                let mut nested = |outer: &str, inner: Option<&str>, content: &str| {
                    let element = document.create_element(&prefix, namespace, outer);
                    document.append_child(fault, element);
                    let into = match inner {
                        None => element,
                        Some(inner) => {
                            let child = document.create_element(&prefix, namespace, inner);
                            document.append_child(element, child);
                            child
                        }
                    };
                    text(document, into, content);
                    into
                };
                nested("Code", Some("Value"), &code(soap12_code));
                let reason = nested("Reason", Some("Text"), &self.reason);
                if let Some(node) = &self.node {
                    nested("Node", None, node);
                }
                if let Some(role) = &self.role {
                    nested("Role", None, role);
                }
                document.set_attribute(reason, "xml", "http://www.w3.org/XML/1998/namespace", "lang", "en");
                (prefix.as_str(), namespace, "Detail")
            }
        };
        if self.detail.is_empty() && self.detail_text.is_none() {
            return;
        }
        let detail = document.create_element(detail_name.0, detail_name.1, detail_name.2);
        document.append_child(fault, detail);
        if let Some(content) = &self.detail_text {
            text(document, detail, content);
        }
        if let Some(source) = details_from {
            for &node in &self.detail {
                if matches!(source.kind(node), NodeKind::Element | NodeKind::Text) {
                    let copy = document.import(source, node);
                    document.append_child(detail, copy);
                }
            }
        }
    }
}

fn soap11_code(code: &str) -> &str {
    match code {
        "Sender" => "Client",
        "Receiver" => "Server",
        other => other,
    }
}

fn soap12_code(code: &str) -> &str {
    match code {
        "Client" => "Sender",
        "Server" => "Receiver",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_parts_of_an_envelope() {
        let xml = format!(
            "<s:Envelope xmlns:s='{SOAP12}'><s:Header><h xmlns='u'/></s:Header><s:Body><a/></s:Body></s:Envelope>"
        );
        let (envelope, _) = Envelope::parse(xml.as_bytes(), &ParseOptions::default()).expect("an envelope");
        assert_eq!(envelope.version, SoapVersion::V12);
        assert!(envelope.header.is_some() && !envelope.synthetic);
        assert_eq!(envelope.document.local_name(envelope.payload().expect("a payload")), "a");
    }

    #[test]
    fn refuses_what_is_not_an_envelope() {
        let options = ParseOptions::default();
        assert!(matches!(Envelope::parse(b"<a/>", &options), Err(EnvelopeError::NotAnEnvelope { .. })));
        let no_body = format!("<s:Envelope xmlns:s='{SOAP11}'/>");
        assert!(matches!(Envelope::parse(no_body.as_bytes(), &options), Err(EnvelopeError::NoBody)));
    }

    #[test]
    fn converts_a_fault_between_versions() {
        let xml = format!(
            "<s:Envelope xmlns:s='{SOAP11}'><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring>\
             <detail><why>x</why></detail></s:Fault></s:Body></s:Envelope>"
        );
        let (mut envelope, _) = Envelope::parse(xml.as_bytes(), &ParseOptions::default()).expect("an envelope");
        envelope.convert(SoapVersion::V12);
        let fault = envelope.fault().expect("still a fault");
        let parts = FaultParts::read(&envelope, fault);
        assert_eq!((parts.code.as_str(), parts.reason.as_str()), ("Receiver", "no"));
        assert_eq!(parts.detail.len(), 1);
        envelope.convert(SoapVersion::V11);
        let text = envelope.document.to_xml(envelope.body);
        assert!(text.contains("soapenv:Server") && text.contains("<why>x</why>"), "{text}");
    }
}
