//! `xquery`: a query over the message, whose first result takes the place of a part of it (spec: EIP mediators 13).

mod variable;

use std::sync::Arc;

use mi_expression::{Expression, Selection, ValueExpression};
use mi_payload::java;
use mi_xml::{Document, NodeId};
use mi_xquery::{Atomic, External, Limits, Outcome, Query};

use super::MediatorType;
use super::rooted;
use crate::compiled::{Compiled, Reader};
use crate::configuration::Configuration;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, Occurs, PROPERTY_CHILD, Syntax, attribute, child, required};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};
use variable::{TYPES, Variable};

/// Syntax of `xquery`.
pub const SYNTAX: Syntax = Syntax {
    element: "xquery",
    summary: "Runs a query; the first item of its result takes the place of the first child of the body, or of the \
              target. docs/decisions/xquery.md says which part of XQuery there is.",
    attributes: &[
        required("key", AttributeKind::Value, "The local entry or registry resource that holds the query."),
        attribute("target", AttributeKind::Expression, "What is replaced; without it the first child of the body."),
    ],
    children: &[
        child(
            "variable",
            Occurs::Any,
            &[
                required("name", AttributeKind::Text, "The name of the query's external variable."),
                attribute("type", AttributeKind::Words(TYPES), "Its type; a variable without type is ignored."),
                attribute("value", AttributeKind::Text, "Its value, the same for all messages."),
                attribute("expression", AttributeKind::Expression, "What gives its value; its first node counts."),
                attribute(
                    "key",
                    AttributeKind::Key("local entry"),
                    "What it is taken from. Without value, expression and key it is the first child of the body.",
                ),
            ],
            Content::Nothing,
            "A value for the query.",
        ),
        child(
            "dataSource",
            Occurs::Optional,
            &[],
            Content::Children(&[PROPERTY_CHILD]),
            "Options of the JVM's query processor; they have no effect.",
        ),
    ],
    example: "<xquery key=\"quote-query\">\n    <variable name=\"payload\" type=\"ELEMENT\"/>\n    <variable name=\"code\" type=\"STRING\" \
              expression=\"//symbol/text()\"/>\n</xquery>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(XQuery::parse(element)?)) };

const LOGGER: &str = "org.apache.synapse.mediators.xquery.XQueryMediator";

struct XQuery {
    key: ValueExpression,
    target: Option<Expression>,
    variables: Vec<Variable>,
    queries: Compiled<Query>,
}

impl XQuery {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        element.required("key", "The 'key' attribute is required for the XQuery mediator")?;
        let mut variables = Vec::new();
        for variable in element.children_named("variable") {
            variables.extend(Variable::parse(variable)?);
        }
        Ok(Self {
            key: element.required_value("key")?,
            target: element.expression("target", "Invalid XPath specified for the target attribute : ")?,
            variables,
            queries: Compiled::default(),
        })
    }

    fn query(&self, configuration: &Configuration, key: &str) -> Result<Arc<Query>, String> {
        self.queries.get(configuration, key, |reader| compile(configuration, reader, key))
    }

    fn perform(&self, context: &mut MessageContext) -> Result<(), String> {
        let configuration = context.configuration.clone();
        let key = self.key.evaluate(context).map_err(|error| error.to_string())?.unwrap_or_default().into_owned();
        let query = self.query(&configuration, &key)?;
        let mut values: Vec<(String, External)> = Vec::new();
        for variable in &self.variables {
            if let Some(value) = variable.value(context)? {
                values.push((variable.name.clone(), value));
            }
        }
        let found = query.run(&values, &Limits::default());
        let found = found.map_err(|error| format!("Error during the querying {error}"))?;
        // Only the first item counts.
        match found.into_iter().next() {
            Some(outcome) => self.put(context, outcome),
            None => Ok(()),
        }
    }

    fn put(&self, context: &mut MessageContext, outcome: Outcome) -> Result<(), String> {
        let configuration = context.configuration.clone();
        let place = self.place(context)?;
        let envelope = context.payload.envelope_mut(&configuration.settings.json).map_err(|error| error.to_string())?;
        let document = &mut envelope.document;
        match (outcome, place) {
            (Outcome::Tree(tree), place) => {
                let Some(root) = tree.root_element() else { return Ok(()) };
                match place {
                    Some(node) => rooted::replace(document, node, &tree, root),
                    None => {
                        let copy = document.import(&tree, root);
                        document.append_child(envelope.body, copy);
                    }
                }
            }
            // In an empty body there is no place for a value; other nodes than elements go nowhere.
            (Outcome::Atomic(value), Some(node)) => document.set_text(node, &text_of(&value)),
            (Outcome::Atomic(_), None) | (Outcome::Text(_), _) => return Ok(()),
        }
        context.has_entity();
        Ok(())
    }

    /// What is replaced; `None` for an empty body.
    fn place(&self, context: &MessageContext) -> Result<Option<NodeId>, String> {
        let envelope = context.payload.envelope(&context.configuration.settings.json);
        let envelope = envelope.map_err(|error| error.to_string())?;
        let Some(target) = &self.target else { return Ok(envelope.payload()) };
        let own: &Document = &envelope.document;
        let found = match target.evaluate_nodes(context).map_err(|error| error.to_string())? {
            Selection::Nodes(nodes) => nodes
                .into_iter()
                .find(|node| node.attribute.is_none() && std::ptr::eq(node.document, own) && own.is_element(node.node)),
            Selection::Json(_) | Selection::Value(_) => None,
        };
        let failed = || format!("The evaluation of the XPath expression {target} did not result in an OMNode : null");
        found.map(|node| Some(node.node)).ok_or_else(failed)
    }
}

/// A value as Java prints it.
fn text_of(value: &Atomic) -> String {
    match value {
        Atomic::Double(number) => java::double_to_string(*number),
        Atomic::Float(number) => java::float_to_string(*number),
        other => other.to_text(),
    }
}

/// The query's text: of XML the text of its root element.
fn compile(configuration: &Configuration, reader: &Reader<'_>, key: &str) -> Result<Query, String> {
    let content = reader.read(key).ok_or_else(|| format!("No object found for the key '{key}'"))?;
    let text = match configuration.entry(key) {
        Some(mi_payload::value::Value::Xml(fragment)) => fragment.document().direct_text(fragment.node()).into_owned(),
        _ => String::from_utf8_lossy(&content).into_owned(),
    };
    Query::compile(&text).map_err(|error| format!("Error during the query compilation of {key}: {error}"))
}

impl Mediator for XQuery {
    fn name(&self) -> &'static str {
        "xquery"
    }

    fn nature(&self) -> Nature {
        Nature::CONTENT_AWARE
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        if let Err(reason) = self.perform(context) {
            let message = "Unable to execute the query ";
            tracing::error!(target: LOGGER, "{}{message}: {reason}", context.log_prefix());
            return Err(Fault::new(message).detail(reason));
        }
        // From here on the message is XML.
        let configuration = context.configuration.clone();
        context.payload.envelope_mut(&configuration.settings.json)?;
        Ok(Flow::Continue)
    }

    fn prepare(&self, configuration: &Configuration) -> Result<(), String> {
        match self.key.literal() {
            Some(key) if configuration.entry(key).is_some() => self.query(configuration, key).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn references(&self) -> Vec<Reference> {
        let own = self.key.literal().map(str::to_owned);
        let of_variables = self.variables.iter().filter_map(Variable::key).map(str::to_owned);
        own.into_iter().chain(of_variables).map(|name| Reference { kind: ReferenceKind::Entry, name }).collect()
    }
}

#[cfg(test)]
mod tests;
