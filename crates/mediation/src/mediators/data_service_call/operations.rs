//! `<operations>`: the request to a data service, as the flow writes it.

use mi_expression::Expression;
use mi_xml::{Document, NodeId};

use crate::context::MessageContext;
use crate::data_service::{NAMESPACE, REQUEST_BOX};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;

/// The prefix of what is written.
const PREFIX: &str = "axis2ns";

const NO_OPERATION: &str = "The 'operation' element is missing in the configuration.";

/// What is asked for.
pub(super) enum Operations {
    /// One operation.
    Single(Operation),
    /// One operation, several times.
    Batch(Vec<Operation>),
    /// Several ones, in one transaction.
    Box(Vec<Self>),
}

/// An operation and its parameters.
pub(super) struct Operation {
    name: String,
    params: Vec<(String, ParamValue)>,
}

enum ParamValue {
    Fixed(String),
    Expression(Expression),
}

impl Operations {
    pub(super) fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let missing = "The 'type' attribute in 'operations' element  is missing in the configuration.";
        match element.required("type", missing)? {
            "single" => {
                let mut inner = Operation::parse_all(element)?.into_iter();
                match (inner.next(), inner.next()) {
                    (Some(only), None) => Ok(Self::Single(only)),
                    (Some(_), Some(_)) => {
                        let message = "The 'single operation' should contain one operation in the configuration.";
                        Err(element.error(message))
                    }
                    (None, _) => Err(element.error(NO_OPERATION)),
                }
            }
            "batch" => {
                let inner = Operation::parse_all(element)?;
                if inner.is_empty() { Err(element.error(NO_OPERATION)) } else { Ok(Self::Batch(inner)) }
            }
            "request-box" => {
                let inner: Result<Vec<_>, _> = element.children().map(Self::in_box).collect();
                inner.map(Self::Box)
            }
            other => {
                let error = element.attribute_error("type", format!("The type '{other}' of operations is not known"));
                Err(error.hint("it is single, batch or request-box"))
            }
        }
    }

    fn in_box(element: Element<'_>) -> Result<Self, DeployError> {
        match element.local() {
            "operation" => Operation::parse(element).map(Self::Single),
            "operations" if element.attribute("type") != Some("request-box") => Self::parse(element),
            "operations" => Err(element.error("A request box cannot stand in a request box")),
            _ => Err(element.error(NO_OPERATION)),
        }
    }

    pub(super) fn is_content_aware(&self) -> bool {
        match self {
            Self::Single(operation) => operation.is_content_aware(),
            Self::Batch(inner) => inner.iter().any(Operation::is_content_aware),
            Self::Box(inner) => inner.iter().any(Self::is_content_aware),
        }
    }

    /// The request for a message.
    pub(super) fn request(&self, context: &MessageContext) -> Result<(Document, NodeId), Fault> {
        let mut document = Document::new();
        let node = self.write(&mut document, context)?;
        document.declare_namespace(node, PREFIX, NAMESPACE);
        document.append_child(document.root(), node);
        Ok((document, node))
    }

    fn write(&self, document: &mut Document, context: &MessageContext) -> Result<NodeId, Fault> {
        match self {
            Self::Single(operation) => operation.write(document, context),
            Self::Batch(inner) => {
                let name = inner.first().map_or("", |first| &first.name);
                let around = document.create_element(PREFIX, NAMESPACE, &format!("{name}_batch_req"));
                for operation in inner {
                    let row = operation.write(document, context)?;
                    document.append_child(around, row);
                }
                Ok(around)
            }
            Self::Box(inner) => {
                let around = document.create_element(PREFIX, NAMESPACE, REQUEST_BOX);
                for operations in inner {
                    let one = operations.write(document, context)?;
                    document.append_child(around, one);
                }
                Ok(around)
            }
        }
    }
}

impl Operation {
    fn parse_all(element: Element<'_>) -> Result<Vec<Self>, DeployError> {
        let inner = element.children().map(|child| match child.local() {
            "operation" => Self::parse(child),
            _ => Err(child.error(NO_OPERATION)),
        });
        inner.collect()
    }

    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "An operation needs a name")?.to_owned();
        let mut params = Vec::new();
        for param in element.children_named("param") {
            let name = param.required("name", "A param needs a name")?.to_owned();
            params.push((name, ParamValue::parse(param)?));
        }
        Ok(Self { name, params })
    }

    fn is_content_aware(&self) -> bool {
        self.params.iter().any(|(_, value)| match value {
            ParamValue::Fixed(_) => false,
            ParamValue::Expression(expression) => expression.is_content_aware(),
        })
    }

    fn write(&self, document: &mut Document, context: &MessageContext) -> Result<NodeId, Fault> {
        let element = document.create_element(PREFIX, NAMESPACE, &self.name);
        for (name, value) in &self.params {
            let param = document.create_element(PREFIX, NAMESPACE, name);
            match value {
                ParamValue::Fixed(text) => document.set_text(param, text),
                ParamValue::Expression(expression) => {
                    document.set_text(param, &expression.evaluate_string(context)?.unwrap_or_default());
                }
            }
            document.append_child(element, param);
        }
        Ok(element)
    }
}

impl ParamValue {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        if let Some(text) = element.attribute("value") {
            return Ok(Self::Fixed(text.to_owned()));
        }
        let Some(text) = element.attribute("expression") else { return Ok(Self::Fixed(String::new())) };
        let is_json = element.attribute("evaluator") == Some("json");
        let wrapped = is_json && !text.starts_with("json-eval(") && !text.starts_with("${");
        let text = if wrapped { format!("json-eval({text})") } else { text.to_owned() };
        let message = "Invalid XPath expression for attribute expression : ";
        element.compile(&text, "expression", message).map(Self::Expression)
    }
}
