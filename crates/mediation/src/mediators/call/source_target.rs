//! `source` and `target` of a call: another body for the request, another place for the answer (spec: core mediators
//! 5.18).

use std::sync::Arc;

use http::HeaderMap;
use indexmap::IndexMap;
use mi_expression::{Expression, InlineTemplate, Selection, ValueExpression};
use mi_payload::content_type::media_type;
use mi_payload::value::{NodeItem, Value};
use mi_payload::{Attachment, Envelope, Payload, SoapVersion, XmlFragment};

use crate::context::{ContentTypes, MessageContext, StatusProperty};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;

/// Where the request body comes from.
pub(super) struct Source {
    kind: SourceKind,
    content_type: Option<Arc<str>>,
}

enum SourceKind {
    Body,
    Custom(Expression),
    Property(Arc<str>),
    InlineXml(Arc<XmlFragment>),
    InlineText(InlineTemplate),
}

/// Where the answer goes.
pub(super) enum Target {
    Body,
    Property(Arc<str>),
    Variable(ValueExpression),
}

/// What a call with a target puts back afterwards.
pub(in crate::mediators) struct Kept {
    payload: Payload,
    attachments: Arc<[Attachment]>,
    headers: HeaderMap,
    types: ContentTypes,
}

impl Source {
    pub(super) fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let text = element.trimmed_text();
        let kind = match element.attribute("type").unwrap_or("custom") {
            "body" => SourceKind::Body,
            "property" => SourceKind::Property(
                text.ok_or_else(|| element.error("property name is required for PROPERTY type"))?.into(),
            ),
            "inline" => match (element.first_child_fragment(), text) {
                (Some(fragment), _) => SourceKind::InlineXml(Arc::new(fragment)),
                (None, Some(text)) => SourceKind::InlineText(
                    InlineTemplate::braces(&text, &element.namespaces())
                        .map_err(|error| element.error(format!("Invalid XPath expression: {error}")))?,
                ),
                (None, None) => return Err(element.error("XML element is required for INLINE type")),
            },
            "custom" => {
                let text = text.ok_or_else(|| element.error("Invalid XPath expression: "))?;
                SourceKind::Custom(element.compile(&text, "", "Invalid XPath expression: ")?)
            }
            other => return Err(element.attribute_error("type", format!("Un-expected type : {other}"))),
        };
        Ok(Self { kind, content_type: element.non_empty("contentType").map(Into::into) })
    }

    /// The answer is both stored and kept as the body.
    fn keeps_body(&self) -> bool {
        matches!(self.kind, SourceKind::Body)
    }

    /// Makes it the message's body.
    pub(super) fn apply(&self, context: &mut MessageContext) -> Result<(), Fault> {
        let own = context.content_types.message_type.clone();
        let kind = self.content_type.as_deref().or(own.as_deref()).map(media_type).unwrap_or_default().to_owned();
        if let Some(payload) = self.payload(context, &kind)? {
            context.payload = payload;
            context.has_entity();
        }
        if let Some(content_type) = &self.content_type
            && own.as_deref() != Some(media_type(content_type))
        {
            context.set_message_type(content_type);
        }
        Ok(())
    }

    fn payload(&self, context: &MessageContext, kind: &str) -> Result<Option<Payload>, Fault> {
        let text = match &self.kind {
            SourceKind::Body => return Ok(None),
            SourceKind::InlineXml(fragment) => return Ok(Some(xml(std::slice::from_ref(fragment)))),
            SourceKind::InlineText(template) => template.evaluate(context)?,
            SourceKind::Property(name) => match context.properties.get(name) {
                None => return Err(Fault::new(format!("Source property {name} has no value"))),
                Some(Value::Xml(fragment)) => return Ok(Some(xml(std::slice::from_ref(fragment)))),
                Some(Value::Nodes(items)) => {
                    let elements = items.iter().filter_map(|item| match item {
                        NodeItem::Element(fragment) => Some(fragment.clone()),
                        NodeItem::Text(_) => None,
                    });
                    return Ok(Some(xml(&elements.collect::<Vec<_>>())));
                }
                Some(value) => value.string_value().into_owned(),
            },
            SourceKind::Custom(expression) => {
                if let Selection::Nodes(nodes) = expression.evaluate_nodes(context)?
                    && nodes.iter().any(|node| node.document.is_element(node.node) && node.attribute.is_none())
                {
                    let copies = nodes.iter().map(|node| Arc::new(XmlFragment::copy_of(node.document, node.node)));
                    return Ok(Some(xml(&copies.collect::<Vec<_>>())));
                }
                expression.evaluate_string(context)?.unwrap_or_default().into_owned()
            }
        };
        Ok(Some(match kind {
            "application/json" => Payload::set_json(text).map_err(|error| Fault::new(error.to_string()))?,
            "text/plain" => Payload::text(text),
            _ => match XmlFragment::parse(&text) {
                Ok(fragment) => xml(&[Arc::new(fragment)]),
                Err(_) => Payload::text(text),
            },
        }))
    }
}

fn xml(fragments: &[Arc<XmlFragment>]) -> Payload {
    let mut envelope = Envelope::empty(SoapVersion::V11);
    for fragment in fragments {
        let copy = envelope.document.import(fragment.document(), fragment.node());
        envelope.document.append_child(envelope.body, copy);
    }
    Payload::xml(envelope)
}

impl Kept {
    pub(in crate::mediators) fn of(context: &MessageContext) -> Result<Self, Fault> {
        Ok(Self {
            payload: context.payload.try_clone()?,
            attachments: context.attachments.clone(),
            headers: context.headers.clone(),
            types: context.content_types.clone(),
        })
    }
}

impl Kept {
    /// Gives the message back what it had.
    pub(in crate::mediators) fn put_back(self, context: &mut MessageContext) {
        context.payload = self.payload;
        context.attachments = self.attachments;
        context.headers = self.headers;
        context.content_types = self.types;
        context.has_entity();
    }
}

impl Target {
    pub(super) fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let text = element.trimmed_text();
        match element.attribute("type").unwrap_or("body") {
            "body" => Ok(Self::Body),
            "property" => Ok(Self::Property(
                text.ok_or_else(|| element.error("Property name is required for PROPERTY type"))?.into(),
            )),
            "variable" => {
                let text = text.ok_or_else(|| element.error("Variable name is required for VARIABLE type"))?;
                Ok(Self::Variable(element.compile_value(&text, "")?))
            }
            other => Err(element.attribute_error("type", format!("Un-expected type : {other}"))),
        }
    }

    /// Stores the answer and puts the message's own body back.
    pub(super) fn store(&self, context: &mut MessageContext, kept: Kept, source: Option<&Source>) -> Result<(), Fault> {
        match self {
            Self::Body => return Ok(()),
            Self::Property(name) => {
                let value = answer_value(context, true)?;
                context.properties.set(name.clone(), value);
            }
            Self::Variable(name) => {
                let name: Arc<str> = name.evaluate(context)?.unwrap_or_default().as_ref().into();
                let value = response_map(context, true)?;
                context.variables.set(name, value);
            }
        }
        if !source.is_some_and(Source::keeps_body) && !kept.payload.is_empty() {
            kept.put_back(context);
        }
        Ok(())
    }
}

/// The answer's payload as a value: JSON as text or tree, XML as an element, else text.
fn answer_value(context: &MessageContext, json_as_text: bool) -> Result<Value, Fault> {
    Ok(match &context.payload {
        Payload::Json(json) if json_as_text => Value::from(String::from_utf8_lossy(json.text()).as_ref()),
        Payload::Json(json) => Value::json(json.value()?.clone()),
        Payload::Text(text) => Value::from(text.as_str()),
        payload => {
            let envelope = payload.envelope(&context.configuration.settings.json)?;
            match envelope.payload() {
                Some(element) => {
                    let fragment = Arc::new(XmlFragment::copy_of(&envelope.document, element));
                    if json_as_text {
                        Value::Nodes(vec![NodeItem::Element(fragment)].into())
                    } else {
                        Value::Xml(fragment)
                    }
                }
                None => Value::from(""),
            }
        }
    })
}

/// `{payload, headers, attributes: {statusCode}}`
pub(in crate::mediators) fn response_map(context: &MessageContext, with_payload: bool) -> Result<Value, Fault> {
    let mut headers = serde_json::Map::new();
    for (name, value) in &context.headers {
        headers.insert(name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into());
    }
    let status = match &context.status {
        StatusProperty::OfAnswer(code) => i32::from(*code),
        StatusProperty::Set(value) => value.string_value().parse().unwrap_or_default(),
        StatusProperty::Unset => 0,
    };
    let mut map: IndexMap<Arc<str>, Value> = IndexMap::new();
    if with_payload {
        map.insert("payload".into(), answer_value(context, false)?);
    }
    map.insert("headers".into(), Value::json(serde_json::Value::Object(headers)));
    map.insert("attributes".into(), Value::json(serde_json::json!({ "statusCode": status })));
    Ok(Value::Map(Arc::new(map)))
}
