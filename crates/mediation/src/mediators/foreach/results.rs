//! Where the results of a `foreach` over a collection go.

use std::sync::Arc;

use mi_expression::jsonpath::JsonPath;
use mi_expression::{Expression, Selection};
use mi_payload::value::{NodeItem, Value};
use mi_payload::{Envelope, Payload, SoapVersion, XmlFragment};
use mi_xml::{Document, NodeId};
use serde_json::Value as Json;

use crate::context::MessageContext;
use crate::definition::{DeployError, Element};
use crate::fault::Fault;

/// The payloads of the items, in their order.
pub(super) struct Results(pub(super) Vec<Payload>);

/// See the module's documentation.
pub(super) enum Target {
    /// A part of the payload.
    Payload(JsonPath),
    /// A part of a variable.
    Variable { name: Arc<str>, path: JsonPath },
    /// The elements that an XPath selects, in the payload or in a variable.
    Nodes { xpath: Expression, variable: Option<Arc<str>> },
    /// A variable that gets an array.
    Array(Arc<str>),
    /// A variable that gets an element of this name with the results in it.
    Enclosed { name: Arc<str>, element: String },
    /// Nowhere that could be written to.
    Unknown(String),
}

impl Target {
    pub(super) fn parse(element: Element<'_>, collection: &Expression) -> Result<Self, DeployError> {
        if element.attribute("update-original") != Some("false") {
            return Self::original(element, collection);
        }
        let (Some(name), Some(kind)) = (element.non_empty("target-variable"), element.non_empty("result-content-type"))
        else {
            return Err(element.error(
                "The 'result-content-type' and 'target-variable' attributes are required when the 'update-original' \
                 attribute is 'false'",
            ));
        };
        match kind {
            "JSON" => Ok(Self::Array(name.into())),
            "XML" => {
                let message = "The 'result-enclosing-element' attribute is required for the configuration of a Foreach \
                               mediator when the 'result-content-type' is 'XML'";
                let root = element.required("result-enclosing-element", message)?;
                Ok(Self::Enclosed { name: name.into(), element: root.trim().to_owned() })
            }
            _ => {
                let message = "The 'result-content-type' attribute should be either 'JSON' or 'XML'";
                Err(element.attribute_error("result-content-type", message))
            }
        }
    }

    /// The place that the collection came from.
    fn original(element: Element<'_>, collection: &Expression) -> Result<Self, DeployError> {
        let text = collection.text();
        let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(text).trim();
        let path = |rest: &str| JsonPath::compile(&format!("${rest}")).ok();
        let unknown = || Self::Unknown(text.to_owned());
        if let Some(arguments) = inner.strip_prefix("xpath(").and_then(|rest| rest.strip_suffix(')')) {
            let Some((xpath, rest)) = quoted(arguments) else { return Ok(unknown()) };
            let variable = rest.trim().strip_prefix(',').and_then(quoted).map(|(name, _)| name.into());
            let invalid = "Unable to build the Foreach Mediator. Invalid expression ";
            return Ok(Self::Nodes { xpath: element.compile(xpath, "collection", invalid)?, variable });
        }
        if let Some(rest) = inner.strip_prefix("payload") {
            return Ok(path(rest).map_or_else(unknown, Self::Payload));
        }
        let Some(rest) = inner.strip_prefix("vars.").or_else(|| inner.strip_prefix("variables.")) else {
            return Ok(unknown());
        };
        let (name, rest) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
        Ok(path(rest).map_or_else(unknown, |path| Self::Variable { name: name.into(), path }))
    }

    pub(super) fn store(&self, context: &mut MessageContext, results: Results) -> Result<(), Fault> {
        let configuration = context.configuration.clone();
        let settings = &configuration.settings.json;
        match self {
            Self::Payload(path) => {
                let mut root = context.payload.json_view(settings)?.cloned().unwrap_or(Json::Null);
                put(path, &mut root, results.json())?;
                context.payload = Payload::json_value(root);
            }
            Self::Variable { name, path } => match context.variables.get(name) {
                Some(Value::Xml(_) | Value::Nodes(_)) => {
                    let elements = results.elements(context)?.into_iter().map(NodeItem::Element).collect::<Vec<_>>();
                    context.variables.set(name.clone(), Value::Nodes(elements.into()));
                }
                Some(Value::Json(json)) => {
                    let mut root = (**json).clone();
                    put(path, &mut root, results.json())?;
                    context.variables.set(name.clone(), Value::json(root));
                }
                _ => context.variables.set(name.clone(), Value::json(results.json())),
            },
            Self::Nodes { xpath, variable: None } => {
                let elements = results.elements(context)?;
                let matches = own_nodes(context, xpath)?;
                let envelope = context.payload.envelope_mut(settings)?;
                replace(&mut envelope.document, &matches, &elements);
            }
            Self::Nodes { xpath, variable: Some(name) } => {
                let elements = results.elements(context)?;
                let Some(Value::Xml(fragment)) = context.variables.get(name).cloned() else {
                    return Err(Fault::new(format!("The variable {name} holds no XML")));
                };
                let mut scratch = context.copy_around(around(&fragment));
                let matches = own_nodes(&scratch, xpath)?;
                let envelope = scratch.payload.envelope_mut(settings)?;
                replace(&mut envelope.document, &matches, &elements);
                if let Some(root) = envelope.payload() {
                    let root = XmlFragment::copy_of(&envelope.document, root);
                    context.variables.set(name.clone(), Value::Xml(Arc::new(root)));
                }
            }
            Self::Array(name) => context.variables.set(name.clone(), Value::json(results.json())),
            Self::Enclosed { name, element } => {
                let mut document = Document::new();
                let root = document.create_element("", "", element);
                document.append_child(document.root(), root);
                for result in results.elements(context)? {
                    let copy = document.import(result.document(), result.node());
                    document.append_child(root, copy);
                }
                context.variables.set(name.clone(), Value::Xml(Arc::new(XmlFragment::new(document, root))));
            }
            Self::Unknown(text) => {
                return Err(Fault::new(format!("The results of the foreach cannot be put where {text} came from")));
            }
        }
        Ok(())
    }
}

impl Results {
    /// The results as an array; what is no JSON is `null`.
    fn json(&self) -> Json {
        let value = |payload: &Payload| match payload {
            Payload::Json(json) => json.value().cloned().unwrap_or(Json::Null),
            _ => Json::Null,
        };
        Json::Array(self.0.iter().map(value).collect())
    }

    /// The first element of each body.
    fn elements(&self, context: &MessageContext) -> Result<Vec<Arc<XmlFragment>>, Fault> {
        let mut elements = Vec::with_capacity(self.0.len());
        for payload in &self.0 {
            let envelope = payload.envelope(&context.configuration.settings.json)?;
            if let Some(node) = envelope.payload() {
                elements.push(Arc::new(XmlFragment::copy_of(&envelope.document, node)));
            }
        }
        Ok(elements)
    }
}

fn put(path: &JsonPath, root: &mut Json, results: Json) -> Result<(), Fault> {
    if path.is_root() {
        *root = results;
        return Ok(());
    }
    path.set(root, &results).map(|_| ()).map_err(|reason| Fault::new(reason.to_string()))
}

/// The text between quotes at the beginning, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.get(1..)?.split_once(quote)
}

fn around(fragment: &XmlFragment) -> Payload {
    let mut envelope = Envelope::empty(SoapVersion::V11);
    let copy = envelope.document.import(fragment.document(), fragment.node());
    envelope.document.append_child(envelope.body, copy);
    Payload::xml(envelope)
}

fn own_nodes(context: &MessageContext, xpath: &Expression) -> Result<Vec<NodeId>, Fault> {
    let own = &context.payload.envelope(&context.configuration.settings.json)?.document;
    Ok(match xpath.evaluate_nodes(context)? {
        Selection::Nodes(nodes) => {
            let own = nodes.iter().filter(|node| node.attribute.is_none() && std::ptr::eq(node.document, own));
            own.map(|node| node.node).collect()
        }
        Selection::Json(_) | Selection::Value(_) => Vec::new(),
    })
}

/// Takes the matches out and appends the results to the parent of the first one.
fn replace(document: &mut Document, matches: &[NodeId], results: &[Arc<XmlFragment>]) {
    let parent = matches.first().and_then(|&first| document.parent(first));
    for &node in matches {
        document.detach(node);
    }
    let Some(parent) = parent else { return };
    for result in results {
        let copy = document.import(result.document(), result.node());
        document.append_child(parent, copy);
    }
}
