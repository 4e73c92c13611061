//! An element of an artifact, as parsers see it.

use mi_expression::{Expression, Namespaces, ValueExpression};
use mi_payload::XmlFragment;
use mi_xml::{Document, NodeId, NodeKind, Position};

use super::DeployError;

/// The namespace of all artifacts.
pub const SYNAPSE_NAMESPACE: &str = "http://ws.apache.org/ns/synapse";

/// See the module's documentation. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    document: &'a Document,
    node: NodeId,
    file: &'a str,
    xpath2: bool,
}

impl<'a> Element<'a> {
    /// The element `node` of `document`, which was read from `file`.
    pub fn new(document: &'a Document, node: NodeId, file: &'a str) -> Self {
        Self { document, node, file, xpath2: false }
    }

    /// The same, where expressions may be XPath 2.0 (`synapse.enable_xpath_dom_failover`).
    #[must_use]
    pub fn allowing_xpath2(self, allowed: bool) -> Self {
        Self { xpath2: allowed, ..self }
    }

    /// The document.
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// The node.
    pub fn node(self) -> NodeId {
        self.node
    }

    /// The file that it was read from.
    pub fn file(self) -> &'a str {
        self.file
    }

    /// Its local name.
    pub fn local(self) -> &'a str {
        self.document.local_name(self.node)
    }

    /// Whether it is in the Synapse namespace.
    pub fn is_synapse(self) -> bool {
        self.document.namespace(self.node) == SYNAPSE_NAMESPACE
    }

    /// `{namespace}local`, as Java prints names.
    pub fn qualified_name(self) -> String {
        match self.document.namespace(self.node) {
            "" => self.local().to_owned(),
            namespace => format!("{{{namespace}}}{}", self.local()),
        }
    }

    /// Where it begins.
    pub fn position(self) -> Option<Position> {
        self.document.position(self.node)
    }

    /// The line where it begins, 0 when positions were not kept.
    pub fn line(self) -> u32 {
        self.position().map_or(0, |position| position.line)
    }

    /// An attribute without namespace.
    pub fn attribute(self, name: &str) -> Option<&'a str> {
        self.document.attr(self.node, name)
    }

    /// An attribute that is not blank.
    pub fn non_empty(self, name: &str) -> Option<&'a str> {
        self.attribute(name).filter(|value| !value.trim().is_empty())
    }

    /// Whether an attribute is exactly `true`.
    pub fn is_true(self, name: &str) -> bool {
        self.attribute(name) == Some("true")
    }

    /// Its child elements.
    pub fn children(self) -> impl Iterator<Item = Self> {
        self.document.child_elements(self.node).map(move |node| Self { node, ..self })
    }

    /// Its child elements in the Synapse namespace of one name.
    pub fn children_named(self, local: &str) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.is_synapse() && child.local() == local)
    }

    /// Its first child element in the Synapse namespace of that name.
    pub fn child(self, local: &str) -> Option<Self> {
        self.children_named(local).next()
    }

    /// Its own text, children's left out.
    pub fn text(self) -> String {
        self.document.direct_text(self.node).into_owned()
    }

    /// Its own text, trimmed, unless that is empty.
    pub fn trimmed_text(self) -> Option<String> {
        let text = self.text();
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// Its first child element of any name, as a tree of its own.
    pub fn first_child_fragment(self) -> Option<XmlFragment> {
        let child = self.document.first_child_element(self.node)?;
        Some(XmlFragment::copy_of(self.document, child))
    }

    /// It as a tree of its own.
    pub fn fragment(self) -> XmlFragment {
        XmlFragment::copy_of(self.document, self.node)
    }

    /// It as XML text.
    pub fn to_xml(self) -> String {
        self.document.to_xml(self.node)
    }

    /// Whether there is no element and no text in it.
    pub fn is_empty(self) -> bool {
        !self.document.children(self.node).any(|child| match self.document.kind(child) {
            NodeKind::Element => true,
            NodeKind::Text => self.document.text(child).is_some_and(|text| !text.trim().is_empty()),
            _ => false,
        })
    }

    /// The namespaces that expressions on it see.
    pub fn namespaces(self) -> Namespaces {
        Namespaces::in_scope(self.document, self.node).allowing_xpath2(self.xpath2)
    }

    /// An error about it.
    pub fn error(self, message: impl Into<String>) -> DeployError {
        DeployError::new(message).at(self.file, self.position())
    }

    /// An error about one of its attributes.
    pub fn attribute_error(self, attribute: &str, message: impl Into<String>) -> DeployError {
        let position = self.document.attribute_position(self.node, attribute).or(self.position());
        DeployError::new(message).at(self.file, position)
    }

    /// The attribute `name`.
    ///
    /// # Errors
    /// When it is missing or blank, with `message`.
    pub fn required(self, name: &str, message: &str) -> Result<&'a str, DeployError> {
        self.non_empty(name).ok_or_else(|| self.error(message))
    }

    /// The attribute `name` as a whole number, when it is there.
    ///
    /// # Errors
    /// When it is there and is no number.
    pub fn integer(self, name: &str) -> Result<Option<i64>, DeployError> {
        let Some(text) = self.attribute(name) else { return Ok(None) };
        match text.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => {
                Err(self.attribute_error(name, format!("Invalid value '{text}' for '{name}': a number is expected")))
            }
        }
    }

    /// The attribute `name` as an expression, when it is there. `message` is MI's, followed by the expression's text.
    ///
    /// # Errors
    /// When it does not compile; the compiler's reason and column become the hint.
    pub fn expression(self, name: &str, message: &str) -> Result<Option<Expression>, DeployError> {
        let Some(text) = self.attribute(name) else { return Ok(None) };
        self.compile(text, name, message).map(Some)
    }

    /// `text`, which stands in attribute `name`, as an expression.
    ///
    /// # Errors
    /// As [`Element::expression`].
    pub fn compile(self, text: &str, name: &str, message: &str) -> Result<Expression, DeployError> {
        Expression::compile(text, &self.namespaces())
            .map_err(|error| self.attribute_error(name, format!("{message}{text}")).hint(error.to_string()))
    }

    /// The attribute `name` as a *value* (static text or `{expression}`), when it is there.
    ///
    /// # Errors
    /// When the expression does not compile.
    pub fn value(self, name: &str) -> Result<Option<ValueExpression>, DeployError> {
        let Some(text) = self.attribute(name) else { return Ok(None) };
        self.compile_value(text, name).map(Some)
    }

    /// `text`, which stands in attribute `name`, as a *value*.
    ///
    /// # Errors
    /// When the expression does not compile.
    pub fn compile_value(self, text: &str, name: &str) -> Result<ValueExpression, DeployError> {
        ValueExpression::compile(text, &self.namespaces()).map_err(|error| {
            let message = if text.starts_with("{json-eval(") {
                format!("Can not create SynapseJsonPath from given: {text}")
            } else if text.starts_with("{${") {
                format!("Can not create SynapseExpression from given: {text}")
            } else {
                "Can not create Synapse Xpath from given key".to_owned()
            };
            self.attribute_error(name, message).hint(error.to_string())
        })
    }

    /// The attribute `name` as a *value*.
    ///
    /// # Errors
    /// When it is missing or its expression does not compile.
    pub fn required_value(self, name: &str) -> Result<ValueExpression, DeployError> {
        self.value(name)?
            .ok_or_else(|| self.error(format!("The '{name}' attribute is required for the element '{}'", self.local())))
    }
}
