//! The XML path of `enrich`.

use std::sync::Arc;

use mi_expression::{Expression, SelectedNode, Selection};
use mi_payload::value::{NodeItem, Value};
use mi_payload::{Envelope, Payload, XmlFragment};
use mi_xml::{AttributeId, Document, NodeId};

use super::{Action, Enrich, Source, Target, error};
use crate::context::{MessageContext, Scope};
use crate::fault::Fault;

/// A place in the message's own tree.
#[derive(Clone, Copy)]
enum Place {
    Element(NodeId),
    Text(NodeId),
    Attribute(AttributeId),
}

impl Enrich {
    pub(super) fn enrich_xml(&self, context: &mut MessageContext) -> Result<(), Fault> {
        let Some(source) = self.xml_source(context)? else { return Ok(()) };
        match &self.target {
            Target::Custom(expression) => self.to_nodes(context, expression, &source),
            Target::Body => self.to_payload(context, &source),
            Target::Envelope => to_envelope(context, &source),
            Target::Property(name) => {
                let existing = (self.action == Action::Child).then(|| context.properties.get(name)).flatten();
                let value = match existing.and_then(element_of) {
                    Some(parent) => Value::Xml(Arc::new(with_children(&parent, &source))),
                    None => Value::Nodes(source.into()),
                };
                context.properties.set(name.clone(), value);
                Ok(())
            }
            Target::Key(_) => Err(Fault::new("Failed to get the source for Enriching : ")),
        }
    }

    /// `None` when there is nothing to do; why has been logged.
    fn xml_source(&self, context: &mut MessageContext) -> Result<Option<Vec<NodeItem>>, Fault> {
        Ok(match &self.source {
            Source::Custom(expression) => self.selected(context, expression)?,
            Source::Body => {
                let configuration = context.configuration.clone();
                let settings = &configuration.settings.json;
                let envelope = context.payload.envelope(settings)?;
                let Some(node) = envelope.payload() else { return Ok(Some(Vec::new())) };
                let item = element(&envelope.document, node);
                if !self.clone {
                    context.payload.envelope_mut(settings)?.document.detach(node);
                }
                Some(vec![item])
            }
            Source::Envelope => {
                let envelope = context.payload.envelope(&context.configuration.settings.json)?;
                Some(vec![element(&envelope.document, envelope.element)])
            }
            Source::Property(name) => match context.properties.get(name) {
                Some(Value::Xml(fragment)) => Some(vec![NodeItem::Element(fragment.clone())]),
                Some(Value::Nodes(items)) => Some(items.to_vec()),
                Some(value @ (Value::String(_) | Value::Json(_))) => {
                    Some(vec![NodeItem::Text(value.string_value().as_ref().into())])
                }
                _ => {
                    error(context, "Invalid source property type.");
                    None
                }
            },
            Source::InlineXml(fragment) => Some(vec![NodeItem::Element(fragment.clone())]),
            Source::InlineText(template) => Some(vec![NodeItem::Text(template.evaluate(context)?.into())]),
            Source::InlineKey(key) => Some(match context.configuration.entry(key) {
                Some(Value::Xml(fragment)) => vec![NodeItem::Element(fragment)],
                Some(value) => vec![NodeItem::Text(value.string_value().trim().into())],
                None => Vec::new(),
            }),
            // Removing is not implemented for XML: there is nothing to insert.
            Source::Paths(_) => Some(Vec::new()),
            Source::Key => return Err(Fault::new("Failed to get the source for Enriching : ")),
        })
    }

    fn selected(&self, context: &mut MessageContext, expression: &Expression) -> Result<Option<Vec<NodeItem>>, Fault> {
        let mut own = Vec::new();
        let items: Vec<NodeItem> = match expression.evaluate_nodes(context)? {
            Selection::Nodes(nodes) => {
                let document = own_document(context)?;
                own.extend(nodes.iter().filter(|node| std::ptr::eq(node.document, document)).filter_map(place));
                nodes.iter().map(item).collect()
            }
            Selection::Value(Value::String(text)) if text.is_empty() => Vec::new(),
            Selection::Value(value) => vec![NodeItem::Text(value.string_value().as_ref().into())],
            Selection::Json(_) => {
                let text = expression.evaluate_string(context)?.unwrap_or_default();
                vec![NodeItem::Text(text.as_ref().into())]
            }
        };
        if items.is_empty() {
            error(context, "Specified node by xpath cannot be found.");
            return Ok(Some(items));
        }
        if !self.clone && !own.is_empty() {
            let configuration = context.configuration.clone();
            let document = &mut context.payload.envelope_mut(&configuration.settings.json)?.document;
            for place in own {
                if let Place::Element(node) | Place::Text(node) = place {
                    document.detach(node);
                }
            }
        }
        Ok(Some(items))
    }

    fn to_nodes(
        &self,
        context: &mut MessageContext,
        expression: &Expression,
        source: &[NodeItem],
    ) -> Result<(), Fault> {
        if source.is_empty() {
            error(context, "Cannot Enrich message from an empty source.");
            return Ok(());
        }
        if let Some((scope, name)) = written_property(expression.text()) {
            let value = match source {
                [NodeItem::Element(fragment)] => Value::Xml(fragment.clone()),
                [NodeItem::Text(text)] => Value::String(text.clone()),
                items => Value::Nodes(items.into()),
            };
            context.set_property(scope, &name.into(), Some(value));
            return Ok(());
        }
        let found = match expression.evaluate_nodes(context)? {
            Selection::Nodes(nodes) => {
                let document = own_document(context)?;
                nodes.iter().find(|node| std::ptr::eq(node.document, document)).and_then(place)
            }
            Selection::Json(_) | Selection::Value(_) => None,
        };
        let place = found.ok_or_else(|| Fault::new("Invalid Target object to be enrich."))?;
        let configuration = context.configuration.clone();
        let document = &mut context.payload.envelope_mut(&configuration.settings.json)?.document;
        self.put(document, place, source);
        Ok(())
    }

    fn to_payload(&self, context: &mut MessageContext, source: &[NodeItem]) -> Result<(), Fault> {
        context.has_entity();
        if let [NodeItem::Text(text)] = source {
            let is_json = text.trim_start().starts_with(['{', '[']);
            let json = is_json.then(|| serde_json::from_str(text).ok()).flatten();
            if let Some(json) = json {
                context.payload = Payload::json_value(json);
                return Ok(());
            }
        }
        let configuration = context.configuration.clone();
        let envelope = context.payload.envelope_mut(&configuration.settings.json)?;
        let first = envelope.payload();
        let body = envelope.body;
        match first {
            Some(first) => self.put(&mut envelope.document, Place::Element(first), source),
            None if source.iter().all(|item| matches!(item, NodeItem::Element(_))) => {
                append(&mut envelope.document, body, source);
            }
            None => error(context, "Cannot enrich an empty body with text."),
        }
        Ok(())
    }

    fn put(&self, document: &mut Document, place: Place, source: &[NodeItem]) {
        let node = match place {
            Place::Element(node) => node,
            Place::Text(node) => {
                document.set_text(node, &joined(source));
                return;
            }
            Place::Attribute(id) => {
                document.set_attribute_value(id, &joined(source));
                return;
            }
        };
        match self.action {
            Action::Replace => {
                let mut inserted = false;
                for item in source {
                    match item {
                        NodeItem::Element(fragment) => {
                            let copy = document.import(fragment.document(), fragment.node());
                            document.insert_before(node, copy);
                            inserted = true;
                        }
                        NodeItem::Text(text) => document.set_text(node, text),
                    }
                }
                if inserted {
                    document.detach(node);
                }
            }
            Action::Child => append(document, node, source),
            Action::Sibling => {
                let mut after = node;
                for item in source {
                    if let NodeItem::Element(fragment) = item {
                        let copy = document.import(fragment.document(), fragment.node());
                        document.insert_after(after, copy);
                        after = copy;
                    }
                }
            }
            Action::Remove => {}
        }
    }
}

fn own_document(context: &MessageContext) -> Result<&Document, Fault> {
    Ok(&context.payload.envelope(&context.configuration.settings.json)?.document)
}

fn element(document: &Document, node: NodeId) -> NodeItem {
    NodeItem::Element(Arc::new(XmlFragment::copy_of(document, node)))
}

fn item(node: &SelectedNode<'_>) -> NodeItem {
    match node.attribute.and_then(|id| node.document.attribute_by_id(id)) {
        Some(attribute) => NodeItem::Text(attribute.value.into()),
        None if node.document.is_element(node.node) => element(node.document, node.node),
        None => NodeItem::Text(node.document.text_content(node.node).as_ref().into()),
    }
}

fn place(node: &SelectedNode<'_>) -> Option<Place> {
    match node.attribute {
        Some(attribute) => Some(Place::Attribute(attribute)),
        None if node.document.is_element(node.node) => Some(Place::Element(node.node)),
        None => node.document.text(node.node).map(|_| Place::Text(node.node)),
    }
}

fn joined(source: &[NodeItem]) -> String {
    let texts = source.iter().map(|item| match item {
        NodeItem::Element(fragment) => fragment.string_value(),
        NodeItem::Text(text) => text.to_string(),
    });
    texts.collect()
}

fn append(document: &mut Document, parent: NodeId, source: &[NodeItem]) {
    for item in source {
        let child = match item {
            NodeItem::Element(fragment) => document.import(fragment.document(), fragment.node()),
            NodeItem::Text(text) => document.create_text(text),
        };
        document.append_child(parent, child);
    }
}

fn element_of(value: &Value) -> Option<XmlFragment> {
    match value {
        Value::Xml(fragment) => Some(XmlFragment::copy_of(fragment.document(), fragment.node())),
        Value::Nodes(items) => match &**items {
            [NodeItem::Element(fragment)] => Some(XmlFragment::copy_of(fragment.document(), fragment.node())),
            _ => None,
        },
        Value::String(text) => XmlFragment::parse(text).ok(),
        _ => None,
    }
}

fn with_children(parent: &XmlFragment, source: &[NodeItem]) -> XmlFragment {
    let (mut document, node) = (parent.document().clone(), parent.node());
    append(&mut document, node, source);
    XmlFragment::new(document, node)
}

/// `get-property('name')` and `get-property('scope', 'name')` as a place to write to.
fn written_property(text: &str) -> Option<(Scope, &str)> {
    let inner = text.trim().strip_prefix("get-property(")?.strip_suffix(')')?;
    let (scope, name) = match inner.split_once(',') {
        Some((scope, name)) => (scope.trim().trim_matches(['\'', '"']), name),
        None => ("default", inner),
    };
    let name = name.trim().trim_matches(['\'', '"']);
    let scope = match scope {
        "default" => Scope::Default,
        "axis2" => Scope::Axis2,
        "operation" => Scope::Operation,
        _ => return None,
    };
    (!name.is_empty() && !name.contains(['\'', '"'])).then_some((scope, name))
}

/// An envelope takes the place of the message's own.
fn to_envelope(context: &mut MessageContext, source: &[NodeItem]) -> Result<(), Fault> {
    let refuse = || Fault::new("A SOAPEnvelope is expected");
    let Some(NodeItem::Element(fragment)) = source.first() else { return Err(refuse()) };
    let synthetic = context.payload.envelope(&context.configuration.settings.json).is_ok_and(|own| own.synthetic);
    let copy = XmlFragment::copy_of(fragment.document(), fragment.node());
    let mut envelope = Envelope::of_document(copy.document().clone()).map_err(|_| refuse())?;
    envelope.synthetic = synthetic;
    context.payload = Payload::xml(envelope);
    context.has_entity();
    Ok(())
}
