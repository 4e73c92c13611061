//! `header`: transport headers, SOAP header blocks, and the addresses of the message (spec: core mediators 5.5).

use std::sync::Arc;

use mi_expression::Expression;
use mi_payload::XmlFragment;

use super::MediatorType;
use crate::context::{MessageContext, Scope, To};
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, Mediator, Nature};

/// Syntax of `header`.
pub const SYNTAX: Syntax = Syntax {
    element: "header",
    summary: "Sets or removes a transport header, a SOAP header block, or one of the addresses `To`, `From`, `Action`, \
              `FaultTo`, `ReplyTo`, `RelatesTo`.",
    attributes: &[
        attribute(
            "name",
            AttributeKind::Text,
            "Name: plain for transport headers and addresses, `prefix:local` for blocks.",
        ),
        attribute("value", AttributeKind::Text, "The value. Wins over `expression`."),
        attribute("expression", AttributeKind::Expression, "Gives the value."),
        defaulted("scope", AttributeKind::Words(&["default", "transport"]), "default", "`transport` for HTTP headers."),
        defaulted("action", AttributeKind::Words(&["set", "remove"]), "set", "`remove` removes it."),
        attribute("type", AttributeKind::Words(&["OM"]), "The value is XML that becomes the block's content."),
    ],
    children: &[child("*", Occurs::Any, &[], Content::Xml, "SOAP header blocks that are added as they are.")],
    example: "<header name=\"Authorization\" scope=\"transport\" expression=\"$ctx:token\"/>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(Header::parse(element)?)) };

struct Header {
    target: Target,
    action: Action,
}

enum Target {
    Transport(Arc<str>),
    Field(Field),
    Block { prefix: String, namespace: String, local: String },
    Implicit(Vec<XmlFragment>),
}

#[derive(Clone, Copy)]
enum Field {
    To,
    From,
    Action,
    FaultTo,
    ReplyTo,
    RelatesTo,
}

enum Action {
    Remove,
    Set { source: Source, as_xml: bool },
}

enum Source {
    Fixed(Arc<str>),
    Expression(Expression),
}

impl Header {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let transport = match element.attribute("scope") {
            None | Some("default") => false,
            Some("transport") => true,
            Some(scope) => {
                let message = format!(
                    "Only 'transport' or 'default' values are allowed for attribute scope for a header mediator, Unsupported scope {scope}"
                );
                return Err(element.attribute_error("scope", message));
            }
        };
        let implicit: Vec<_> =
            element.children().filter(|child| child.local() != "description").map(Element::fragment).collect();
        let Some(name) = element.non_empty("name") else {
            if implicit.is_empty() {
                return Err(element.error("A valid name attribute is required for the header mediator"));
            }
            let source = Source::Fixed("".into());
            return Ok(Self { target: Target::Implicit(implicit), action: Action::Set { source, as_xml: false } });
        };
        let target = if transport { Target::Transport(name.into()) } else { soap_target(element, name)? };
        let action = if element.attribute("action") == Some("remove") {
            Action::Remove
        } else if let Some(value) = element.attribute("value") {
            Action::Set { source: Source::Fixed(value.into()), as_xml: is_om(element) }
        } else {
            match element.expression("expression", "Invalid XPath/JSONPath expression : ")? {
                Some(expression) => Action::Set { source: Source::Expression(expression), as_xml: is_om(element) },
                None => {
                    let message = "A 'value' or 'expression' attribute is required for a [set] header mediator";
                    return Err(element.error(message));
                }
            }
        };
        Ok(Self { target, action })
    }
}

fn is_om(element: Element<'_>) -> bool {
    element.attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("OM"))
}

fn soap_target(element: Element<'_>, name: &str) -> Result<Target, DeployError> {
    if let Some((prefix, local)) = name.split_once(':') {
        let namespace = element.document().lookup_namespace(element.node(), prefix).filter(|uri| !uri.is_empty());
        let namespace = namespace.ok_or_else(|| {
            element.attribute_error("name", format!("Invalid namespace prefix '{prefix}' in name attribute"))
        })?;
        return Ok(Target::Block {
            prefix: prefix.to_owned(),
            namespace: namespace.to_owned(),
            local: local.to_owned(),
        });
    }
    Ok(Target::Field(match name {
        "To" => Field::To,
        "From" => Field::From,
        "Action" => Field::Action,
        "FaultTo" => Field::FaultTo,
        "ReplyTo" => Field::ReplyTo,
        "RelatesTo" => Field::RelatesTo,
        _ => {
            let message = format!(
                "Invalid SOAP header: {name} specified at the header mediator. All SOAP headers must be namespace qualified."
            );
            return Err(element.attribute_error("name", message).hint("for HTTP headers say scope=\"transport\""));
        }
    }))
}

impl Source {
    fn text(&self, context: &MessageContext) -> Result<Option<String>, Fault> {
        match self {
            Self::Fixed(text) => Ok(Some(text.to_string())),
            Self::Expression(expression) => Ok(expression.evaluate_string(context)?.map(std::borrow::Cow::into_owned)),
        }
    }
}

impl Mediator for Header {
    fn name(&self) -> &'static str {
        "header"
    }

    fn nature(&self) -> Nature {
        let expression = match &self.action {
            Action::Set { source: Source::Expression(expression), .. } => expression.is_content_aware(),
            _ => false,
        };
        Nature::aware(expression || !matches!(self.target, Target::Transport(_)))
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        match &self.action {
            Action::Remove => self.remove(context)?,
            Action::Set { source, as_xml } => {
                let text = source.text(context)?;
                self.set(context, text, *as_xml)?;
            }
        }
        Ok(Flow::Continue)
    }
}

impl Header {
    fn remove(&self, context: &mut MessageContext) -> Result<(), Fault> {
        match &self.target {
            Target::Transport(name) => context.remove_property(Scope::Transport, name),
            Target::Field(field) => set_field(context, *field, None),
            Target::Block { namespace, local, .. } => {
                let configuration = context.configuration.clone();
                let envelope = context.payload.envelope_mut(&configuration.settings.json)?;
                let blocks: Vec<_> = envelope
                    .header
                    .into_iter()
                    .flat_map(|header| envelope.document.child_elements(header))
                    .filter(|&block| envelope.document.is_named(block, namespace, local))
                    .collect();
                for block in blocks {
                    envelope.document.detach(block);
                }
            }
            Target::Implicit(_) => {}
        }
        Ok(())
    }

    fn set(&self, context: &mut MessageContext, text: Option<String>, as_xml: bool) -> Result<(), Fault> {
        let value = text.clone().unwrap_or_default();
        match &self.target {
            Target::Transport(name) => {
                if text.is_none() {
                    warn_null(context, &format!("HTTP header : {name}"));
                }
                context.set_header(name, &value);
            }
            Target::Field(field) => set_field(context, *field, Some(value)),
            Target::Block { prefix, namespace, local } => {
                if text.is_none() {
                    warn_null(context, &format!("SOAP header : {{{namespace}}}{local}"));
                }
                let content = if as_xml {
                    let malformed = |_| {
                        Fault::new(format!(
                            "Unable to convert a string to OM Node as the string is malformed , String : {value}"
                        ))
                    };
                    Some(XmlFragment::parse(&value).map_err(malformed)?)
                } else {
                    None
                };
                let configuration = context.configuration.clone();
                let envelope = context.payload.envelope_mut(&configuration.settings.json)?;
                let header = envelope.header_or_insert();
                let document = &mut envelope.document;
                let block = document.create_element(prefix, namespace, local);
                document.declare_namespace(block, prefix, namespace);
                let child = match &content {
                    Some(fragment) => document.import(fragment.document(), fragment.node()),
                    None => document.create_text(&value),
                };
                document.append_child(block, child);
                document.append_child(header, block);
            }
            Target::Implicit(blocks) => {
                let configuration = context.configuration.clone();
                let envelope = context.payload.envelope_mut(&configuration.settings.json)?;
                let header = envelope.header_or_insert();
                for block in blocks {
                    let copy = envelope.document.import(block.document(), block.node());
                    envelope.document.append_child(header, copy);
                }
            }
        }
        Ok(())
    }
}

fn warn_null(context: &MessageContext, what: &str) {
    tracing::warn!(
        target: "org.apache.synapse.mediators.transform.HeaderMediator",
        "{}Setting {what} to empty as evaluated value is null", context.log_prefix()
    );
}

fn set_field(context: &mut MessageContext, field: Field, value: Option<String>) {
    let addressing = &mut context.addressing;
    match field {
        Field::To => addressing.to = value.map_or(To::Nowhere, To::Address),
        Field::From => addressing.from = value,
        Field::Action => {
            addressing.soap_action.clone_from(&value);
            addressing.action = value;
        }
        Field::FaultTo => addressing.fault_to = value,
        Field::ReplyTo => addressing.reply_to = value,
        Field::RelatesTo => addressing.relates_to = value,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[tokio::test]
    async fn transport_headers_and_addresses() {
        let mut context = testing::context();
        context.properties.set("token", "t".into());
        let flow = "<header name='Authorization' scope='transport' expression='$ctx:token'/>\
                    <header name='To' value='http://b:9000/x'/><header name='X' scope='transport' action='remove'/>";
        testing::run(flow, &mut context).await.expect("no fault");
        assert_eq!(context.header_text("authorization").as_deref(), Some("t"));
        assert_eq!(context.to_address(), Some("http://b:9000/x"));
    }

    #[tokio::test]
    async fn soap_header_blocks_are_appended_and_removed() {
        let mut context = testing::context_with("application/xml", b"<a/>");
        let flow = "<header xmlns:p='urn:p' name='p:h' value='v'/><header xmlns:p='urn:p' name='p:h' value='w'/>";
        testing::run(flow, &mut context).await.expect("no fault");
        let xml = testing::envelope(&context);
        assert!(xml.contains(">v</p:h>") && xml.contains(">w</p:h>"), "{xml}");
        testing::run("<header xmlns:p='urn:p' name='p:h' action='remove'/>", &mut context).await.expect("no fault");
        assert!(!testing::envelope(&context).contains("p:h"));
    }

    #[tokio::test]
    async fn nobody_can_end_a_header_early() {
        let mut context = testing::context();
        context.properties.set("evil", "a\r\nX-Evil: 1".into());
        testing::run("<header name='X-A' scope='transport' expression='$ctx:evil'/>", &mut context).await.expect("ok");
        assert_eq!(context.header_text("x-a").as_deref(), Some("aX-Evil: 1"));
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for (header, message) in [
            ("<header value='1'/>", "A valid name attribute is required for the header mediator"),
            ("<header name='q:h' value='1'/>", "Invalid namespace prefix 'q' in name attribute"),
            (
                "<header name='X-A' value='1'/>",
                "Invalid SOAP header: X-A specified at the header mediator. All SOAP headers must be namespace qualified.",
            ),
            ("<header name='To'/>", "A 'value' or 'expression' attribute is required for a [set] header mediator"),
        ] {
            assert_eq!(testing::parse(header).expect_err(header).message(), message);
        }
    }
}
