//! `resource` children of `xslt` and `validate`: which entry stands for a location that a stylesheet or schema names.

use mi_expression::ValueExpression;

use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, ChildSyntax, Content, Occurs, child, required};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Reference, ReferenceKind};

/// Syntax of `resource`.
pub(crate) const RESOURCE_CHILD: ChildSyntax = child(
    "resource",
    Occurs::Any,
    &[
        required("location", AttributeKind::Value, "The location, as it is written there."),
        required("key", AttributeKind::Value, "The local entry or registry resource that it stands for."),
    ],
    Content::Nothing,
    "What an imported or included location stands for.",
);

/// Pairs of location and key.
pub(crate) struct ResourceMap(Vec<(ValueExpression, ValueExpression)>);

impl ResourceMap {
    pub(crate) fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let mut pairs = Vec::new();
        for resource in element.children_named("resource") {
            let read = |name: &str| {
                resource.required(name, &format!("The '{name}' attribute is required for a resource definition"))?;
                resource.required_value(name)
            };
            pairs.push((read("location")?, read("key")?));
        }
        Ok(Self(pairs))
    }

    /// The pairs, if they are the same for every message.
    pub(crate) fn literal(&self) -> Option<Vec<(String, String)>> {
        let pairs = self.0.iter().map(|(location, key)| Some((location.literal()?.into(), key.literal()?.into())));
        pairs.collect()
    }

    /// The pairs for a message.
    ///
    /// # Errors
    /// When an expression fails.
    pub(crate) fn evaluate(&self, context: &MessageContext) -> Result<Vec<(String, String)>, Fault> {
        let text = |value: &ValueExpression| -> Result<String, Fault> {
            Ok(value.evaluate(context)?.unwrap_or_default().into_owned())
        };
        self.0.iter().map(|(location, key)| Ok((text(location)?, text(key)?))).collect()
    }

    pub(crate) fn references(&self) -> impl Iterator<Item = Reference> + '_ {
        let keys = self.0.iter().filter_map(|(_, key)| key.literal());
        keys.map(|key| Reference { kind: ReferenceKind::Entry, name: key.to_owned() })
    }
}

/// How MI prints a value in messages.
pub(crate) fn shown(value: &ValueExpression) -> String {
    match value {
        ValueExpression::Literal(text) | ValueExpression::Escaped { text, .. } => {
            format!("Value {{name ='null', keyValue ='{text}'}}")
        }
        ValueExpression::Dynamic(expression) => format!("Value {{name ='null', expression ={expression}}}"),
    }
}
