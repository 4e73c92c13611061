//! `sequence`: a named sequence runs here (spec: core mediators 5.20).

use std::sync::Arc;

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, MEDIATORS, Syntax, attribute};
use crate::definition::{Definitions, DeployError, Element};
use crate::mediator::{BoxFuture, Mediation, Mediator, MediatorList, Nature, Reference};
use crate::sequence::{Sequence, SequenceRef};

/// Syntax of `sequence`.
pub const SYNTAX: Syntax = Syntax {
    element: "sequence",
    summary: "Runs the sequence that `key` names, on the same message. With `name` it is that sequence itself.",
    attributes: &[
        attribute("key", AttributeKind::Value, "Name or registry key of the sequence."),
        attribute("name", AttributeKind::Text, "Name of the sequence that is defined here."),
        attribute("onError", AttributeKind::Key("sequence"), "Sequence that handles faults; only with `name`."),
    ],
    children: &[MEDIATORS],
    example: "<sequence key=\"enrichOrder\"/>",
};

pub(super) const TYPE: MediatorType = MediatorType { syntax: &SYNTAX, parse };

struct SequenceMediator(SequenceRef);

fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Box<dyn Mediator>, DeployError> {
    if element.non_empty("key").is_some() {
        if element.non_empty("onError").is_some() {
            let message = "A sequence mediator with a reference to another sequence can not have 'ErrorHandler'";
            return Err(element.attribute_error("onError", message));
        }
        if let Some(reference) = SequenceRef::parse(element, "key")? {
            return Ok(Box::new(SequenceMediator(reference)));
        }
    }
    if element.non_empty("name").is_none() {
        return Err(element.error(
            "A sequence mediator should be a named sequence or a reference to another sequence \
             (i.e. a name attribute or key attribute is required)",
        ));
    }
    Ok(Box::new(SequenceMediator(SequenceRef::Inline(Arc::new(Sequence::parse(element, definitions)?)))))
}

impl Mediator for SequenceMediator {
    fn name(&self) -> &'static str {
        "sequence"
    }

    fn nature(&self) -> Nature {
        self.0.nature()
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        self.0.resolve(context)?.run(context)
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.0.run(context))
    }

    fn children(&self) -> Vec<&MediatorList> {
        self.0.inline_mediators().into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        self.0.reference().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[tokio::test]
    async fn runs_by_name_and_by_expression() {
        let sequences = [("a", "<property name='ran' value='yes'/>")];
        for key in ["a", "{$ctx:which}"] {
            let mut context = testing::context_of_sequences(&sequences);
            context.properties.set("which", "a".into());
            testing::run(&format!("<sequence key='{key}'/>"), &mut context).await.expect("no fault");
            assert_eq!(context.properties.text("ran").as_deref(), Some("yes"), "{key}");
        }
    }

    #[tokio::test]
    async fn a_missing_sequence_is_a_fault() {
        let mut context = testing::context();
        let fault = testing::run("<sequence key='none'/>", &mut context).await.expect_err("there is none");
        assert_eq!(fault.message(), "Sequence named Value {name ='null', keyValue ='none'} cannot be found");
    }

    #[tokio::test]
    async fn a_sequence_that_calls_itself_ends_with_a_fault() {
        let mut context = testing::context_of_sequences(&[("a", "<sequence key='a'/>")]);
        let fault = testing::run("<sequence key='a'/>", &mut context).await.expect_err("endless");
        assert!(fault.message().contains("one of them calls itself"), "{fault}");
    }

    #[test]
    fn refuses_what_is_neither_reference_nor_definition() {
        assert!(testing::parse("<sequence/>").is_err());
        assert!(testing::parse("<sequence key='a' onError='b'/>").is_err());
    }
}
