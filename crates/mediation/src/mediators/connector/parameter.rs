//! What an operation passes to its template: text, an expression, or a structure.

use std::sync::Arc;

use mi_expression::ValueExpression;
use mi_payload::XmlFragment;
use mi_payload::value::Value;
use mi_xml::{Document, NodeId};

use crate::context::MessageContext;
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediators::call_template::{XPathResults, parameter_value};

/// A child element of an operation.
pub(super) struct Parameter {
    pub(super) name: Arc<str>,
    attributes: Vec<(String, ValueExpression)>,
    content: Content,
}

enum Content {
    Nothing,
    Value(ValueExpression),
    Children(Vec<Parameter>),
}

impl Parameter {
    /// Reads `<name attribute="…">…</name>`; text and attributes are text or `{expression}`.
    ///
    /// # Errors
    /// When an expression does not compile.
    pub(super) fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let document = element.document();
        let written = document.attributes(element.node()).filter(|attribute| !attribute.value.is_empty());
        let mut attributes = Vec::new();
        for attribute in written {
            let value = element.compile_value(attribute.value, attribute.name.local)?;
            attributes.push((attribute.name.local.to_owned(), value));
        }
        let children = element.children().map(Self::parse).collect::<Result<Vec<_>, _>>()?;
        let text = element.text();
        let content = if !children.is_empty() {
            Content::Children(children)
        } else if text.is_empty() {
            Content::Nothing
        } else {
            Content::Value(element.compile_value(&text, element.local())?)
        };
        Ok(Self { name: element.local().into(), attributes, content })
    }

    /// Whether it passes nothing, so that the template's default holds.
    pub(super) fn is_empty(&self) -> bool {
        self.attributes.is_empty() && matches!(self.content, Content::Nothing)
    }

    pub(super) fn is_content_aware(&self) -> bool {
        let content = match &self.content {
            Content::Nothing => false,
            Content::Value(value) => value.is_content_aware(),
            Content::Children(children) => children.iter().any(Self::is_content_aware),
        };
        content || self.attributes.iter().any(|(_, value)| value.is_content_aware())
    }

    /// Its value. With attributes or child elements that is an element like it, with every expression evaluated.
    pub(super) fn evaluate(&self, xpath: XPathResults, context: &MessageContext) -> Result<Option<Value>, Fault> {
        match &self.content {
            Content::Nothing if self.attributes.is_empty() => Ok(None),
            Content::Value(value) if self.attributes.is_empty() => parameter_value(value, xpath, context),
            _ => {
                let mut document = Document::new();
                let element = self.build(&mut document, xpath, context)?;
                let root = document.root();
                document.append_child(root, element);
                Ok(Some(Value::Xml(Arc::new(XmlFragment::new(document, element)))))
            }
        }
    }

    fn build(&self, document: &mut Document, xpath: XPathResults, context: &MessageContext) -> Result<NodeId, Fault> {
        let element = document.create_element("", "", &self.name);
        for (name, value) in &self.attributes {
            if let Some(value) = value.evaluate(context)? {
                document.set_attribute(element, "", "", name, &value);
            }
        }
        match &self.content {
            Content::Nothing => {}
            Content::Value(value) => match parameter_value(value, xpath, context)? {
                Some(Value::Xml(fragment)) => {
                    let copy = document.import(fragment.document(), fragment.node());
                    document.append_child(element, copy);
                }
                Some(value) => {
                    let text = document.create_text(&value.string_value());
                    document.append_child(element, text);
                }
                None => {}
            },
            Content::Children(children) => {
                for child in children {
                    let child = child.build(document, xpath, context)?;
                    document.append_child(element, child);
                }
            }
        }
        Ok(element)
    }
}
