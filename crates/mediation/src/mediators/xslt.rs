//! `xslt`: transforms the message, or a part of it, with a stylesheet (spec: EIP mediators 11). [`fast`] is `fastXSLT`
//! (12), which does the same with fewer options.

pub mod fast;
mod sheets;

use std::sync::Arc;

use mi_expression::{Expression, Selection, ValueExpression};
use mi_payload::value::Value;
use mi_payload::{Envelope, Payload, XmlFragment};
use mi_xml::{Document, NodeId};
use mi_xslt::{Method, Transformed};

use super::MediatorType;
use super::resources::{RESOURCE_CHILD, ResourceMap, shown};
use super::rooted::{self, Part};
use crate::configuration::Configuration;
use crate::context::MessageContext;
use crate::definition::syntax::{
    AttributeKind, AttributeSyntax, Content, Occurs, PROPERTY_CHILD, Syntax, attribute, child, defaulted, required,
};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};
use sheets::Sheets;

const NAME_AND_VALUE: &[AttributeSyntax] =
    &[required("name", AttributeKind::Text, "Its name."), required("value", AttributeKind::Text, "Its value.")];

/// Syntax of `xslt`.
pub const SYNTAX: Syntax = Syntax {
    element: "xslt",
    summary: "Transforms the first child of the body, or another element, with an XSLT 1.0 stylesheet; the result takes \
              its place.",
    attributes: &[
        required("key", AttributeKind::Value, "The local entry or registry resource that holds the stylesheet."),
        attribute("source", AttributeKind::Expression, "The element to transform; without it the first of the body."),
        attribute("target", AttributeKind::Text, "A property that receives the result; the message stays as it is."),
        defaulted("useCache", AttributeKind::Boolean, "true", "`false` compiles the stylesheet for every message."),
    ],
    children: &[
        PROPERTY_CHILD,
        child("feature", Occurs::Any, NAME_AND_VALUE, Content::Nothing, "Of the JVM's factory; it has no effect."),
        child("attribute", Occurs::Any, NAME_AND_VALUE, Content::Nothing, "Of the JVM's factory; it has no effect."),
        RESOURCE_CHILD,
    ],
    example: "<xslt key=\"order-to-invoice\" source=\"//o:Order\" xmlns:o=\"urn:orders\">\n    <property name=\"currency\" \
              expression=\"$ctx:currency\"/>\n</xslt>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(Xslt::parse(element)?)) };

const LOGGER: &str = "org.apache.synapse.mediators.transform.XSLTMediator";

/// Where MI says that it looks when there is no `source`.
const FIRST_OF_BODY: &str = "s11:Body/child::*[position()=1] | s12:Body/child::*[position()=1]";

/// The namespace of the element that wraps text.
const TEXT_NAMESPACE: &str = "http://ws.apache.org/commons/ns/payload";

struct Xslt {
    key: ValueExpression,
    source: Option<Expression>,
    target: Option<Arc<str>>,
    parameters: Vec<(String, Parameter)>,
    resources: ResourceMap,
    sheets: Sheets,
}

enum Parameter {
    Value(String),
    Expression(Expression),
}

/// An element found by `source`.
enum Source {
    /// Of the message.
    Own(NodeId),
    /// Of a property, or read from a text.
    Other(Arc<XmlFragment>),
}

impl Xslt {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        element.required("key", "The 'key' attribute is required for the XSLT mediator")?;
        for feature in element.children_named("feature") {
            if !matches!(feature.attribute("value"), Some("true" | "false")) {
                return Err(feature.attribute_error("value", "The feature must have value true or false"));
            }
        }
        let mut parameters = Vec::new();
        for property in element.children_named("property") {
            let name = property.required("name", "The 'name' attribute is required for a property of the mediator")?;
            let parameter = match property.attribute("value") {
                Some(value) => Parameter::Value(value.to_owned()),
                None => match property.expression("expression", "Invalid XPath expression : ")? {
                    Some(expression) => Parameter::Expression(expression),
                    None => {
                        let message =
                            "Either the 'value' or 'expression' attribute is required for a mediator property";
                        return Err(property.error(message));
                    }
                },
            };
            parameters.push((name.to_owned(), parameter));
        }
        let use_cache = element.attribute("useCache").is_none_or(|text| text.eq_ignore_ascii_case("true"));
        Ok(Self {
            key: element.required_value("key")?,
            source: element.expression("source", "Invalid XPath specified for the source attribute : ")?,
            target: element.non_empty("target").map(Into::into),
            parameters,
            resources: ResourceMap::parse(element)?,
            sheets: Sheets::new(use_cache),
        })
    }

    fn transform(&self, context: &mut MessageContext) -> Result<(), String> {
        let fault = |fault: Fault| fault.message().to_owned();
        let source = self.find_source(context)?;
        let key = self.key.evaluate(context).map_err(|error| error.to_string())?.unwrap_or_default().into_owned();
        let resources = self.resources.evaluate(context).map_err(fault)?;
        let configuration = context.configuration.clone();
        let parameters = self.parameters(context).map_err(fault)?;
        let sheet = self.sheets.get(&configuration, &key, &shown(&self.key), &resources)?;
        let run = |document: &Document, node: NodeId| {
            sheets::run(&sheet, document, node, &parameters, &resources, &configuration)
        };
        let made = match &source {
            Source::Own(node) => {
                let envelope = context.payload.envelope_mut(&configuration.settings.json);
                let document = &mut envelope.map_err(|error| error.to_string())?.document;
                rooted::with_root(document, *node, |document| run(document, document.root()))
            }
            Source::Other(fragment) => {
                let alone = XmlFragment::copy_of(fragment.document(), fragment.node());
                run(alone.document(), alone.document().root())
            }
        };
        let made = made.map_err(|reason| {
            format!("Error performing XSLT transformation using : {} : {reason}", shown(&self.key))
        })?;
        for message in made.messages() {
            tracing::info!(target: LOGGER, "{}{}", context.log_prefix(), message.text);
        }
        match &self.target {
            Some(target) => keep(context, target, made),
            None => self.put(context, &source, made),
        }
    }

    fn find_source(&self, context: &MessageContext) -> Result<Source, String> {
        let envelope = context.payload.envelope(&context.configuration.settings.json);
        let envelope = envelope.map_err(|error| error.to_string())?;
        let Some(expression) = &self.source else {
            return envelope.payload().map(Source::Own).ok_or_else(|| "the body is empty".to_owned());
        };
        let no_node = |result: &str| {
            format!("The evaluation of the XPath expression {expression} did not result in an OMNode : {result}")
        };
        match expression.evaluate_nodes(context).map_err(|error| error.to_string())? {
            Selection::Nodes(nodes) => match nodes.first() {
                Some(node) if node.attribute.is_none() && node.document.is_element(node.node) => {
                    if std::ptr::eq(node.document, &envelope.document) {
                        return Ok(Source::Own(node.node));
                    }
                    Ok(Source::Other(Arc::new(XmlFragment::copy_of(node.document, node.node))))
                }
                Some(node) if node.attribute.is_none() => text_source(&node.document.text_content(node.node)),
                Some(_) => Err(no_node("an attribute")),
                None => Err(no_node("null")),
            },
            Selection::Value(Value::Xml(fragment)) => Ok(Source::Other(fragment)),
            Selection::Value(value) => text_source(&value.string_value()),
            Selection::Json(_) => Err(no_node("JSON")),
        }
    }

    fn parameters(&self, context: &MessageContext) -> Result<Vec<(String, String)>, Fault> {
        let mut given = Vec::new();
        for (name, parameter) in &self.parameters {
            let value = match parameter {
                Parameter::Value(value) => Some(value.clone()),
                Parameter::Expression(expression) => expression.evaluate_string(context)?.map(Into::into),
            };
            if let Some(value) = value {
                given.push((name.clone(), value));
            }
        }
        Ok(given)
    }

    /// Puts the result in the place of the source.
    fn put(&self, context: &mut MessageContext, source: &Source, made: Transformed) -> Result<(), String> {
        let result = tree_of(made)?;
        let Source::Own(node) = source else {
            return Err("the source is not a part of the message, so the result needs a target".to_owned());
        };
        place(context, *node, result)
    }
}

/// Puts a result in the place of an element of the message.
fn place(context: &mut MessageContext, node: NodeId, result: Document) -> Result<(), String> {
    let configuration = context.configuration.clone();
    let envelope = context.payload.envelope_mut(&configuration.settings.json).map_err(|error| error.to_string())?;
    let Some(root) = result.root_element() else { return Err(NO_ELEMENT.to_owned()) };
    match Part::of(envelope, node) {
        Part::Envelope => {
            let synthetic = envelope.synthetic;
            let mut made = Envelope::of_document(result).map_err(|error| error.to_string())?;
            made.synthetic = synthetic;
            context.payload = Payload::xml(made);
        }
        Part::Holder(holder) => rooted::replace_content(&mut envelope.document, holder, &result, root),
        Part::Node(node) => rooted::replace(&mut envelope.document, node, &result, root),
    }
    context.has_entity();
    Ok(())
}

const NO_ELEMENT: &str = "Unable to create an OMElement using XSLT result : it has no root element";

/// The result as a tree; text is wrapped as MI wraps it.
fn tree_of(made: Transformed) -> Result<Document, String> {
    let document = if made.method() == Method::Text {
        let mut builder = mi_xml::TreeBuilder::new();
        builder.start_element("", TEXT_NAMESPACE, "text");
        builder.text(&made.to_text());
        builder.end_element();
        builder.finish()
    } else {
        made.into_tree().map_err(|error| format!("Unable to create an OMElement using XSLT result : {error}"))?
    };
    if document.child_elements(document.root()).nth(1).is_some() {
        return Err("Unable to create an OMElement using XSLT result : it has more than one root element".to_owned());
    }
    if document.root_element().is_none() { Err(NO_ELEMENT.to_owned()) } else { Ok(document) }
}

/// Makes the result the value of a property.
fn keep(context: &mut MessageContext, target: &Arc<str>, made: Transformed) -> Result<(), String> {
    let as_text = match context.properties.get("transform.xslt.result.disableBuild") {
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    };
    let value = if as_text {
        Value::from(made.to_text())
    } else {
        let document = tree_of(made)?;
        let root = document.root_element().ok_or(NO_ELEMENT)?;
        Value::Xml(Arc::new(XmlFragment::new(document, root)))
    };
    context.properties.set(target.clone(), value);
    Ok(())
}

fn text_source(text: &str) -> Result<Source, String> {
    XmlFragment::parse(text).map(|fragment| Source::Other(Arc::new(fragment))).map_err(|error| error.to_string())
}

impl Mediator for Xslt {
    fn name(&self) -> &'static str {
        "xslt"
    }

    fn nature(&self) -> Nature {
        Nature::CONTENT_AWARE
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        let configuration = context.configuration.clone();
        if self.source.is_none() && context.payload.envelope(&configuration.settings.json)?.payload().is_none() {
            tracing::warn!(
                target: LOGGER,
                "{}Found empty soap body, skipping XSLT transformation and continuing the mediation",
                context.log_prefix()
            );
            return Ok(Flow::Continue);
        }
        if let Err(reason) = self.transform(context) {
            let message = format!(
                "Unable to perform XSLT transformation using : {} against source XPath : {} reason : {reason}",
                shown(&self.key),
                self.source.as_ref().map_or(FIRST_OF_BODY, Expression::text)
            );
            tracing::error!(target: LOGGER, "{}{message}", context.log_prefix());
            return Err(Fault::new(message));
        }
        // From here on the message is XML, even if only a property was written.
        context.payload.envelope_mut(&configuration.settings.json)?;
        Ok(Flow::Continue)
    }

    fn prepare(&self, configuration: &Configuration) -> Result<(), String> {
        match (self.key.literal(), self.resources.literal()) {
            (Some(key), Some(resources)) => self.sheets.prepare(configuration, key, &shown(&self.key), &resources),
            _ => Ok(()),
        }
    }

    fn references(&self) -> Vec<Reference> {
        let own = self.key.literal().map(|key| Reference { kind: ReferenceKind::Entry, name: key.to_owned() });
        own.into_iter().chain(self.resources.references()).collect()
    }
}

#[cfg(test)]
mod tests;
