//! `makefault` (also written `fault`): a SOAP fault takes the place of the message (spec: core mediators 5.13).

use std::sync::Arc;

use mi_expression::{Expression, Selection};
use mi_payload::soap::FaultParts;
use mi_payload::{Envelope, Payload, SoapVersion, XmlFragment};

use super::MediatorType;
use crate::context::{MessageContext, To};
use crate::definition::syntax::{
    AttributeKind, AttributeSyntax, ChildSyntax, Content, Occurs, Syntax, attribute, child, defaulted,
};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, Mediator, Nature};

const ATTRIBUTES: &[AttributeSyntax] = &[
    defaulted("version", AttributeKind::Words(&["soap11", "soap12", "pox"]), "soap11", "The kind of fault."),
    defaulted("response", AttributeKind::Boolean, "true", "The message becomes a response."),
];

const VALUE_OR_EXPRESSION: &[AttributeSyntax] = &[
    attribute("value", AttributeKind::Text, "The text."),
    attribute("expression", AttributeKind::Expression, "An XPath that gives the text."),
];

const CHILDREN: &[ChildSyntax] = &[
    child("code", Occurs::Optional, VALUE_OR_EXPRESSION, Content::Nothing, "The code, `prefix:Name`; not for pox."),
    child("reason", Occurs::Optional, VALUE_OR_EXPRESSION, Content::Nothing, "What happened; not for pox."),
    child("node", Occurs::Optional, &[], Content::Text, "URI of the node (SOAP 1.2)."),
    child("role", Occurs::Optional, &[], Content::Text, "URI of the role."),
    child("detail", Occurs::Optional, VALUE_OR_EXPRESSION, Content::Xml, "Details: an expression, XML or text."),
];

/// Syntax of `makefault`.
pub const SYNTAX: Syntax = Syntax {
    element: "makefault",
    summary: "Replaces the message by a fault. The flow goes on, usually with `respond`.",
    attributes: ATTRIBUTES,
    children: CHILDREN,
    example: "<makefault version=\"soap11\">\n    <code xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" value=\"s:Server\"/>\n    <reason expression=\"get-property('ERROR_MESSAGE')\"/>\n</makefault>",
};

/// Syntax of `fault`, the name in the documentation.
pub const FAULT_SYNTAX: Syntax = Syntax { element: "fault", ..SYNTAX };

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(MakeFault::parse(element)?)) };

pub(super) const FAULT_TYPE: MediatorType = MediatorType { syntax: &FAULT_SYNTAX, parse: TYPE.parse };

struct MakeFault {
    /// `None` is pox.
    version: Option<SoapVersion>,
    response: bool,
    code: Option<Text>,
    reason: Option<Text>,
    node: Option<String>,
    role: Option<String>,
    detail: Detail,
}

enum Text {
    Fixed(Arc<str>),
    Expression(Expression),
    /// A code in a namespace that is not SOAP's, with its prefix.
    Own {
        code: Arc<str>,
        namespace: Arc<str>,
    },
}

enum Detail {
    None,
    Expression(Expression),
    Xml(Vec<XmlFragment>),
    Text(String),
}

impl MakeFault {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let version = match element.attribute("version") {
            None => Some(version_of_code(element)),
            Some("soap11") => Some(SoapVersion::V11),
            Some("soap12") => Some(SoapVersion::V12),
            Some("pox") => None,
            Some(_) => {
                return Err(element.attribute_error("version", "Invalid SOAP version").hint("soap11, soap12 or pox"));
            }
        };
        let response = match element.attribute("response") {
            None | Some("true") => true,
            Some("false") => false,
            Some(other) => {
                let message = format!("Invalid value '{other}' passed as response. Expected 'true' or 'false'");
                return Err(element.attribute_error("response", message));
            }
        };
        let code = match element.child("code") {
            Some(code) => Some(parse_code(code, version)?),
            None => None,
        };
        let reason = match element.child("reason") {
            Some(reason) => Some(text(reason, "reason")?),
            None => None,
        };
        if version.is_some() && code.is_none() {
            let message = "The fault code is a required attribute for the makefault mediator unless it is a pox fault";
            return Err(element.error(message));
        }
        if version.is_some() && reason.is_none() {
            let message =
                "The fault reason is a required attribute for the makefault mediator unless it is a pox fault";
            return Err(element.error(message));
        }
        let child_text = |name: &str| element.child(name).and_then(Element::trimmed_text);
        Ok(Self {
            version,
            response,
            code,
            reason,
            node: child_text("node"),
            role: child_text("role"),
            detail: detail(element)?,
        })
    }
}

fn text(element: Element<'_>, what: &str) -> Result<Text, DeployError> {
    if let Some(value) = element.attribute("value") {
        return Ok(Text::Fixed(value.into()));
    }
    let message = format!("Invalid fault {what} expression : ");
    match element.expression("expression", &message)? {
        Some(expression) => Ok(Text::Expression(expression)),
        None => Err(element.error(format!("A 'value' or 'expression' attribute must specify the fault {what}"))),
    }
}

/// Without a version it is SOAP 1.1, unless the code is one of SOAP 1.2.
fn version_of_code(element: Element<'_>) -> SoapVersion {
    let code = element.child("code");
    let prefix = code.and_then(|code| code.attribute("value")).and_then(|value| value.split_once(':'));
    let namespace =
        code.zip(prefix).and_then(|(code, (prefix, _))| code.document().lookup_namespace(code.node(), prefix));
    namespace.and_then(SoapVersion::of_namespace).unwrap_or(SoapVersion::V11)
}

fn parse_code(element: Element<'_>, version: Option<SoapVersion>) -> Result<Text, DeployError> {
    let code = text(element, "code")?;
    let (Text::Fixed(value), Some(version)) = (&code, version) else { return Ok(code) };
    let Some((prefix, local)) = value.split_once(':') else {
        return Err(element.attribute_error("value", "A QName is expected for fault code as prefix:name"));
    };
    let uri = element.document().lookup_namespace(element.node(), prefix).unwrap_or_default();
    if uri.is_empty() {
        let message = format!("Invalid namespace prefix '{prefix}' in code attribute");
        return Err(element.attribute_error("value", message));
    }
    let (name, known): (_, &[&str]) = match version {
        SoapVersion::V11 => ("soap11", &["VersionMismatch", "MustUnderstand", "Client", "Server"]),
        SoapVersion::V12 => {
            ("soap12", &["VersionMismatch", "MustUnderstand", "DataEncodingUnknown", "Sender", "Receiver"])
        }
    };
    if SoapVersion::of_namespace(uri).is_none() {
        // A code of the flow's own, which MI refuses although SOAP 1.1 has room for it.
        return Ok(Text::Own { code: value.clone(), namespace: uri.into() });
    }
    if uri != version.namespace() {
        let message = format!(
            "Invalid namespace in fault code for {name} version. Namespace should be corrected as {}.",
            version.namespace()
        );
        return Err(element.attribute_error("value", message));
    }
    if !known.contains(&local) {
        let message = format!(
            "Invalid code value for {name} version. Code value has to be one of the following : {}",
            known.join(", ")
        );
        return Err(element.attribute_error("value", message));
    }
    Ok(Text::Fixed(local.into()))
}

fn detail(element: Element<'_>) -> Result<Detail, DeployError> {
    let Some(detail) = element.child("detail") else { return Ok(Detail::None) };
    let message = "Unable to build the XPath for fault detail from the expression : ";
    if let Some(expression) = detail.expression("expression", message)? {
        return Ok(Detail::Expression(expression));
    }
    let children: Vec<_> = detail.children().map(Element::fragment).collect();
    if !children.is_empty() {
        return Ok(Detail::Xml(children));
    }
    Ok(detail.trimmed_text().map_or(Detail::None, Detail::Text))
}

impl Text {
    fn evaluate(&self, context: &MessageContext) -> Result<String, Fault> {
        match self {
            Self::Fixed(text) | Self::Own { code: text, .. } => Ok(text.to_string()),
            Self::Expression(expression) => Ok(expression.evaluate_string(context)?.unwrap_or_default().into_owned()),
        }
    }
}

impl Detail {
    /// Its nodes, in documents of their own, or its text.
    fn evaluate(&self, context: &MessageContext) -> Result<(Vec<XmlFragment>, Option<String>), Fault> {
        Ok(match self {
            Self::None => (Vec::new(), None),
            Self::Xml(fragments) => (fragments.clone(), None),
            Self::Text(text) => (Vec::new(), Some(text.clone())),
            Self::Expression(expression) => match expression.evaluate_nodes(context)? {
                Selection::Nodes(nodes) if nodes.iter().any(|node| node.document.is_element(node.node)) => {
                    let elements =
                        nodes.iter().filter(|node| node.document.is_element(node.node) && node.attribute.is_none());
                    (elements.map(|node| XmlFragment::copy_of(node.document, node.node)).collect(), None)
                }
                _ => (Vec::new(), expression.evaluate_string(context)?.map(std::borrow::Cow::into_owned)),
            },
        })
    }
}

impl MakeFault {
    fn soap(&self, context: &mut MessageContext, version: SoapVersion) -> Result<(), Fault> {
        let code = self.code.as_ref().map(|text| text.evaluate(context)).transpose()?.unwrap_or_default();
        let code_namespace = match &self.code {
            Some(Text::Own { namespace, .. }) => Some(namespace.to_string()),
            _ => None,
        };
        let code = match code_namespace {
            Some(_) => code,
            None => code.rsplit(':').next().unwrap_or_default().to_owned(),
        };
        let reason = self.reason.as_ref().map(|text| text.evaluate(context)).transpose()?.unwrap_or_default();
        let (nodes, detail_text) = self.detail.evaluate(context)?;
        let mut details = mi_xml::Document::new();
        let detail = nodes.iter().map(|fragment| details.import(fragment.document(), fragment.node())).collect();
        let parts = FaultParts {
            code,
            code_namespace,
            reason,
            node: self.node.clone(),
            role: self.role.clone(),
            detail,
            detail_text,
        };
        let configuration = context.configuration.clone();
        let mut envelope = match context.payload.envelope(&configuration.settings.json) {
            Ok(before) => {
                let mut copy = before.with_empty_body();
                copy.convert(version);
                copy
            }
            Err(_) => Envelope::empty(version),
        };
        envelope.set_fault(&parts, Some(&details));
        context.payload = Payload::xml(envelope);
        Ok(())
    }

    fn pox(&self, context: &mut MessageContext) -> Result<(), Fault> {
        let text = match &self.detail {
            Detail::Text(text) => text.clone(),
            Detail::Expression(expression) => expression.evaluate_string(context)?.unwrap_or_default().into_owned(),
            Detail::None | Detail::Xml(_) => {
                self.reason.as_ref().map(|text| text.evaluate(context)).transpose()?.unwrap_or_default()
            }
        };
        let mut envelope = Envelope::empty(SoapVersion::V11);
        let exception = envelope.document.create_element("", "", "Exception");
        let text = envelope.document.create_text(&text);
        envelope.document.append_child(exception, text);
        envelope.document.append_child(envelope.body, exception);
        context.payload = Payload::xml(envelope);
        context.axis2.set("FAULT_MESSAGE", "TRUE".into());
        Ok(())
    }
}

impl Mediator for MakeFault {
    fn name(&self) -> &'static str {
        "makefault"
    }

    fn nature(&self) -> Nature {
        Nature::CONTENT_AWARE
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        match self.version {
            Some(version) => self.soap(context, version)?,
            None => self.pox(context)?,
        }
        context.has_entity();
        let addressing = &mut context.addressing;
        let to = addressing.fault_to.clone().or_else(|| addressing.reply_to.clone());
        addressing.to = to.map_or(To::Nowhere, To::Address);
        if self.response {
            context.is_response = true;
        }
        Ok(Flow::Continue)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const SOAP11: &str = "xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'";

    #[tokio::test]
    async fn makes_faults_of_each_kind() {
        let mut context = testing::context_with("application/xml", b"<a/>");
        context.properties.set("why", "broken".into());
        let flow = format!(
            "<makefault><code {SOAP11} value='s:Server'/><reason expression='$ctx:why'/><detail>d</detail></makefault>"
        );
        testing::run(&flow, &mut context).await.expect("no fault");
        let xml = testing::envelope(&context);
        assert!(
            xml.contains("<faultcode>soapenv:Server</faultcode><faultstring>broken</faultstring><detail>d</detail>"),
            "{xml}"
        );
        assert!(context.is_response && context.payload.is_fault());
        testing::run("<makefault version='pox'><reason value='r'/></makefault>", &mut context).await.expect("no fault");
        assert!(testing::envelope(&context).contains("<Exception>r</Exception>"));
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for (fault, message) in [
            (
                "<makefault><reason value='r'/></makefault>".to_owned(),
                "The fault code is a required attribute for the makefault mediator unless it is a pox fault",
            ),
            (
                format!("<makefault><code {SOAP11} value='s:Sender'/><reason value='r'/></makefault>"),
                "Invalid code value for soap11 version. Code value has to be one of the following : VersionMismatch, MustUnderstand, Client, Server",
            ),
            (
                "<makefault><code value='Server'/><reason value='r'/></makefault>".to_owned(),
                "A QName is expected for fault code as prefix:name",
            ),
            ("<makefault version='soap13'/>".to_owned(), "Invalid SOAP version"),
        ] {
            assert_eq!(testing::parse(&fault).expect_err(&fault).message(), message);
        }
    }
}
