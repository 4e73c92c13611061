//! XPath 1.0 with Synapse's variables and functions (spec, 3.2 to 3.6).
//!
//! `variables` and `functions` are the environment, `result` turns values into Synapse's strings. `second` is XPath 2.0,
//! for what 1.0 cannot do and the configuration allows.

mod functions;
mod get_property;
mod result;
#[cfg(feature = "xpath2")]
mod second;
#[cfg(not(feature = "xpath2"))]
#[path = "second_missing.rs"]
mod second;
mod variables;

use std::borrow::Cow;
use std::sync::LazyLock;

use mi_payload::{NodeItem, Value, XmlFragment};
use mi_xml::xpath::{EvalError, NodePart, NodeRef, Value as XPathValue, XPath};
use mi_xml::{Document, NodeId};

use crate::expression::{SelectedNode, Selection};
use crate::fault::{CompileError, ExpressionFault};
use crate::message::{Envelope, Message};
use crate::namespaces::Namespaces;
use second::Second;
use variables::MessageEnvironment;

/// A compiled XPath.
#[derive(Debug)]
pub(crate) struct SynapseXPath {
    text: String,
    /// `None` when it is no XPath 1.0.
    first: Option<XPath>,
    /// There when the configuration allows it and it is XPath 2.0.
    second: Option<Second>,
    namespaces: Namespaces,
    style: result::Style,
}

/// What stands in for the envelope of a message that has none.
static EMPTY: LazyLock<(Document, NodeId, NodeId)> = LazyLock::new(|| {
    let mut document = Document::new();
    let namespace = "http://schemas.xmlsoap.org/soap/envelope/";
    let envelope = document.create_element("soapenv", namespace, "Envelope");
    document.append_child(document.root(), envelope);
    let body = document.create_element("soapenv", namespace, "Body");
    document.append_child(envelope, body);
    (document, envelope, body)
});

impl SynapseXPath {
    pub(crate) fn compile(text: &str, namespaces: &Namespaces) -> Result<Self, CompileError> {
        let allowed = namespaces.allows_xpath2();
        let (first, second) = match (XPath::compile(text, namespaces.pairs()), allowed) {
            (Ok(first), false) => (Some(first), None),
            (Ok(first), true) => (Some(first), Second::compile(text, namespaces).ok()),
            (Err(error), allowed) => {
                let second = Second::compile(text, namespaces);
                let message = match second {
                    Ok(second) if allowed => return Ok(Self::new(text, None, Some(second), namespaces)),
                    Ok(_) => format!(
                        "{}; it is XPath 2.0, which synapse.enable_xpath_dom_failover of [mediation] switches on",
                        error.message
                    ),
                    Err(second) if allowed => format!("{}, nor is it XPath 2.0: {second},", error.message),
                    Err(_) => error.message,
                };
                return Err(CompileError { expression: text.to_owned(), column: error.column, message });
            }
        };
        Ok(Self::new(text, first, second, namespaces))
    }

    fn new(text: &str, first: Option<XPath>, second: Option<Second>, namespaces: &Namespaces) -> Self {
        let style = result::Style::of(text);
        first.iter().for_each(functions::prepare);
        Self { text: text.to_owned(), first, second, namespaces: namespaces.clone(), style }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What XPath 2.0 gives where 1.0 cannot: it does not compile, or asks for what is not there.
    fn second(
        &self,
        error: Option<&EvalError>,
        env: &MessageEnvironment<'_, '_>,
    ) -> Option<Result<second::Outcome, ExpressionFault>> {
        if !matches!(error, None | Some(EvalError::UnknownFunction(_) | EvalError::UnknownVariable(_))) {
            return None;
        }
        let outcome = self.second.as_ref()?.evaluate(env);
        Some(outcome.map_err(|reason| self.fault(reason)))
    }

    pub(crate) fn string<'m>(&self, message: &'m dyn Message) -> Result<Option<Cow<'m, str>>, ExpressionFault> {
        Ok(result::string(self.value(message)?, self.style))
    }

    pub(crate) fn boolean(&self, message: &dyn Message) -> Result<bool, ExpressionFault> {
        let (envelope, root) = context(message)?;
        let env = MessageEnvironment { message, envelope, namespaces: &self.namespaces };
        let node = NodeRef::new(envelope.document, envelope.envelope);
        let Some(first) = &self.first else {
            return self.second(None, &env).unwrap_or_else(|| Err(self.only_here())).map(|outcome| outcome.truth);
        };
        first.evaluate_boolean(node, root, &env).or_else(|error| match self.second(Some(&error), &env) {
            Some(outcome) => outcome.map(|outcome| outcome.truth),
            None => Err(self.fault(error.to_string())),
        })
    }

    pub(crate) fn select<'m>(&self, message: &'m dyn Message) -> Result<Selection<'m>, ExpressionFault> {
        Ok(match self.value(message)? {
            XPathValue::NodeSet(nodes) => Selection::Nodes(nodes.iter().map(selected).collect()),
            XPathValue::Null => Selection::Nodes(Vec::new()),
            XPathValue::Boolean(value) => Selection::Value(Value::Boolean(value)),
            XPathValue::Number(number) => Selection::Value(Value::Double(number)),
            XPathValue::String(text) | XPathValue::Foreign { text, .. } => Selection::Value(Value::string(text)),
        })
    }

    /// The string on one element, which is also the context node (`xpath(…, 'variable')` of Synapse expressions).
    pub(crate) fn string_on(&self, fragment: &XmlFragment, message: &dyn Message) -> Result<String, ExpressionFault> {
        let value = self.value_on(fragment, message)?;
        Ok(result::string(value, self.style).unwrap_or_default().into_owned())
    }

    /// The nodes on the message or on one element, as a value. `None` if the result is not a node-set.
    pub(crate) fn nodes(
        &self,
        fragment: Option<&XmlFragment>,
        message: &dyn Message,
    ) -> Result<Option<Value>, ExpressionFault> {
        let value = match fragment {
            Some(fragment) => self.value_on(fragment, message)?,
            None => self.value(message)?,
        };
        let XPathValue::NodeSet(nodes) = value else { return Ok(None) };
        Ok(Some(Value::Nodes(nodes.iter().map(item).collect())))
    }

    fn value<'m>(&self, message: &'m dyn Message) -> Result<XPathValue<'m>, ExpressionFault> {
        let (envelope, root) = context(message)?;
        let env = MessageEnvironment { message, envelope, namespaces: &self.namespaces };
        let node = NodeRef::new(envelope.document, envelope.envelope);
        let text = |outcome: second::Outcome| XPathValue::from(outcome.text);
        let Some(first) = &self.first else {
            return self.second(None, &env).unwrap_or_else(|| Err(self.only_here())).map(text);
        };
        let value = match root {
            Some(root) => first.evaluate_below(node, root, &env),
            None => first.evaluate(node, &env),
        };
        value.or_else(|error| match self.second(Some(&error), &env) {
            Some(outcome) => outcome.map(text),
            None => Err(self.fault(error.to_string())),
        })
    }

    fn value_on<'m>(
        &self,
        fragment: &'m XmlFragment,
        message: &'m dyn Message,
    ) -> Result<XPathValue<'m>, ExpressionFault> {
        let (envelope, _) = context(message)?;
        let env = MessageEnvironment { message, envelope, namespaces: &self.namespaces };
        let node = NodeRef::new(fragment.document(), fragment.node());
        let first = self.first.as_ref().ok_or_else(|| self.only_here())?;
        first.evaluate(node, &env).map_err(|error| self.fault(error.to_string()))
    }

    fn only_here(&self) -> ExpressionFault {
        self.fault("XPath 2.0 is evaluated on messages only".to_owned())
    }

    fn fault(&self, reason: String) -> ExpressionFault {
        ExpressionFault::XPath { expression: self.text().to_owned(), reason }
    }
}

/// The envelope, and the node that is the root of everything if that is not the document node (spec, 3.3).
fn context<'m>(message: &'m dyn Message) -> Result<(Envelope<'m>, Option<NodeId>), ExpressionFault> {
    let envelope = message.envelope()?.unwrap_or_else(|| {
        let (document, envelope, body) = &*EMPTY;
        Envelope { document, envelope: *envelope, header: None, body: *body, synthetic: true }
    });
    Ok((envelope, envelope.synthetic.then_some(envelope.envelope)))
}

fn selected(node: NodeRef<'_>) -> SelectedNode<'_> {
    let attribute = match node.part {
        NodePart::Attribute(attribute) => Some(attribute),
        NodePart::Whole | NodePart::Namespace(_) => None,
    };
    SelectedNode { document: node.document, node: node.node, attribute }
}

/// A node as an item of a list: an element is copied, of anything else the text is taken.
fn item(node: NodeRef<'_>) -> NodeItem {
    if node.is_element() {
        NodeItem::Element(XmlFragment::copy_of(node.document, node.node).into())
    } else {
        NodeItem::Text(node.string_value().into())
    }
}

#[cfg(test)]
mod tests;
