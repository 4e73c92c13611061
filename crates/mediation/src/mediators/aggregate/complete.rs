//! `onComplete`: one message of many, and what runs on it.

use std::sync::Arc;

use mi_expression::{Expression, ExpressionKind};
use mi_payload::value::Value;
use mi_payload::{Payload, XmlFragment};

use super::{json, xml};
use crate::context::MessageContext;
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, MediatorList, Reference};
use crate::mediators::split::behind_parameter;
use crate::sequence::SequenceRef;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct OnComplete {
    expression: Option<Expression>,
    sequence: What,
    enclosing: Option<Arc<str>>,
    element_type: json::ElementType,
}

/// What runs on the message that was made.
#[derive(Debug)]
enum What {
    /// There is no `onComplete`.
    Missing,
    /// There is an empty one: nothing runs, and nothing after it.
    Nothing,
    Sequence(SequenceRef),
}

impl OnComplete {
    pub(super) fn parse(element: Option<Element<'_>>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let Some(element) = element else {
            let element_type = json::ElementType::Root;
            return Ok(Self { expression: None, sequence: What::Missing, enclosing: None, element_type });
        };
        let message = "Unable to load the aggregating XPATH";
        let expression = element.non_empty("expression").map(|text| {
            element
                .compile(text, "expression", "")
                .map_err(|error| element.attribute_error("expression", message).hint(error.to_string()))
        });
        let sequence = match element.non_empty("sequence") {
            Some(name) => What::Sequence(SequenceRef::Named(crate::names::Name::new(name))),
            None if element.children().next().is_none() => What::Nothing,
            None => {
                let sequence = crate::sequence::Sequence::inline(element, definitions)?;
                What::Sequence(SequenceRef::Inline(Arc::new(sequence)))
            }
        };
        Ok(Self {
            expression: expression.transpose()?,
            sequence,
            enclosing: element.non_empty("enclosingElementProperty").map(Into::into),
            element_type: json::ElementType::of(element.attribute("aggregateElementType")),
        })
    }

    /// The payload that is made of these messages.
    pub(super) fn join(&self, messages: &[MessageContext]) -> Result<Payload, Fault> {
        let enclosing = self.enclosing_element(messages)?;
        let held = messages.first().zip(self.expression.as_ref());
        let expression = held.map(|(first, expression)| behind_parameter(first, expression));
        match &expression {
            Some(expression) if expression.kind() != ExpressionKind::XPath => {
                json::join(messages, expression, self.element_type, enclosing.as_deref())
            }
            expression => xml::join(messages, expression.as_ref(), enclosing.as_deref()),
        }
    }

    fn enclosing_element(&self, messages: &[MessageContext]) -> Result<Option<Arc<XmlFragment>>, Fault> {
        let (Some(name), Some(first)) = (&self.enclosing, messages.first()) else { return Ok(None) };
        match first.properties.get(name) {
            Some(Value::Xml(fragment)) => Ok(Some(fragment.clone())),
            Some(_) => {
                Err(Fault::new(format!("Enclosing Element defined in the property: {name} is not an OMElement ")))
            }
            None => Err(Fault::new(format!("Enclosing Element property: {name} not found "))),
        }
    }

    /// Runs on the message that was made.
    pub(super) async fn run(&self, result: &mut MessageContext) -> Mediation {
        let missing = || Fault::new("Unable to find the sequence for the mediation of the aggregated message");
        match &self.sequence {
            What::Missing => Err(missing()),
            What::Nothing => Ok(Flow::Stop),
            What::Sequence(SequenceRef::Named(name)) if result.configuration.sequence(name).is_none() => Err(missing()),
            What::Sequence(sequence) => sequence.run(result).await,
        }
    }

    pub(super) fn mediators(&self) -> Option<&MediatorList> {
        match &self.sequence {
            What::Sequence(sequence) => sequence.inline_mediators(),
            What::Missing | What::Nothing => None,
        }
    }

    pub(super) fn reference(&self) -> Option<Reference> {
        match &self.sequence {
            What::Sequence(sequence) => sequence.reference(),
            What::Missing | What::Nothing => None,
        }
    }
}
