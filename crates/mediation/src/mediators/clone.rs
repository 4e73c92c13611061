//! `clone`: copies of the message go to several targets (spec: EIP mediators part 6).

use std::sync::Arc;

use mi_expression::ValueExpression;
use mi_payload::value::Value;

use super::MediatorType;
use super::split::{TARGET, Target, leave_parent};
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Syntax, attribute, defaulted};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Mediation, Mediator, MediatorList, Nature, Reference};

/// Syntax of `clone`.
pub const SYNTAX: Syntax = Syntax {
    element: "clone",
    summary: "Makes a copy of the message for each target, or several for one target.",
    attributes: &[
        attribute("id", AttributeKind::Text, "Names the split, for the aggregate that joins the copies."),
        defaulted("continueParent", AttributeKind::Boolean, "false", "Go on with the message itself too."),
        defaulted("sequential", AttributeKind::Boolean, "false", "One copy after another instead of all at once."),
        attribute("iterations", AttributeKind::Value, "How many copies go to the only target."),
    ],
    children: &[TARGET],
    example: "<clone id=\"both\">\n    <target sequence=\"first\"/>\n    <target>\n        <sequence><log/></sequence>\n    </target>\n</clone>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Clone::parse(element, definitions)?)) };

struct Clone {
    id: Option<Arc<str>>,
    continue_parent: bool,
    sequential: bool,
    iterations: Option<ValueExpression>,
    targets: Vec<Arc<Target>>,
}

impl Clone {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let targets = element.children_named("target").map(|target| Target::parse(target, definitions).map(Arc::new));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        let iterations = element.value("iterations")?;
        if iterations.is_some() && targets.len() != 1 {
            let message = "When iterations attribute is defined only one target is allowed.";
            return Err(element.attribute_error("iterations", message));
        }
        let truth = |text: &str| ["true", "yes", "1"].iter().any(|word| text.eq_ignore_ascii_case(word));
        Ok(Self {
            id: element.non_empty("id").map(Into::into),
            continue_parent: element.attribute("continueParent").is_some_and(truth),
            sequential: element.is_true("sequential"),
            iterations,
            targets,
        })
    }

    fn copies(&self, context: &MessageContext) -> Result<usize, Fault> {
        let Some(iterations) = &self.iterations else { return Ok(self.targets.len()) };
        let text = iterations.evaluate(context)?.unwrap_or_default();
        let number: i64 =
            text.trim().parse().map_err(|_| Fault::new("Error while parsing iterations number in clone mediator"))?;
        Ok(usize::try_from(number).unwrap_or(0))
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        context.build().await?;
        let total = self.copies(context)?;
        let split = context.split(self.id.as_ref(), total);
        for index in 0..total {
            let Some(target) = self.targets.get(index).or(self.targets.last()) else { break };
            if self.iterations.is_some() {
                let iteration = i32::try_from(index + 1).unwrap_or(i32::MAX);
                context.properties.set("CLONED_ITERATION_INDEX", Value::Integer(iteration));
            }
            let mut copy = context.try_copy()?;
            split.mark(&mut copy, index);
            if !self.sequential {
                target.spawn(copy);
            } else if !target.run_here(copy).await && context.properties.is_true("STOP_TARGET_EXECUTION_ON_FAILURE") {
                break;
            }
        }
        Ok(leave_parent(context, self.continue_parent))
    }
}

impl Mediator for Clone {
    fn name(&self) -> &'static str {
        "clone"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn children(&self) -> Vec<&MediatorList> {
        self.targets.iter().filter_map(|target| target.mediators()).collect()
    }

    fn references(&self) -> Vec<Reference> {
        self.targets.iter().filter_map(|target| target.reference()).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::context::Reply;
    use crate::mediator::Flow;
    use crate::testing;

    #[tokio::test]
    async fn the_first_answer_counts() {
        let mut context = testing::context_with("application/json", br#"{"a":1}"#);
        context.reply = Reply::Single(None);
        let flow = "<clone sequential='true'>\
            <target><sequence><property name='HTTP_SC' value='201' scope='axis2'/><respond/></sequence></target>\
            <target><sequence><respond/></sequence></target></clone><property name='after' value='1'/>";
        assert_eq!(testing::run(flow, &mut context).await.expect("no fault"), Flow::Stop);
        assert!(context.properties.get("after").is_none());
        assert_eq!(testing::answer(context).await.0, 201);
    }

    #[tokio::test]
    async fn the_parent_goes_on_and_keeps_its_own_properties() {
        let mut context = testing::context_with("application/json", br#"{"a":1}"#);
        let flow = "<clone continueParent='yes' sequential='true'>\
            <target><sequence><property name='inside' value='1'/></sequence></target><target sequence='none'/></clone>";
        assert_eq!(testing::run(flow, &mut context).await.expect("no fault"), Flow::Continue);
        assert!(context.properties.get("inside").is_none());
    }

    #[tokio::test]
    async fn after_a_call_the_copies_go_on_behind_the_splitter() {
        let mut context = testing::context_with("application/json", br#"{"a":1}"#);
        context.reply = Reply::Single(None);
        let flow = "<clone iterations='2'><target><sequence><call><endpoint><address uri='http://echo/'/></endpoint></call>\
            </sequence></target></clone><filter source=\"get-property('CLONED_ITERATION_INDEX')\" regex='2'><then><respond/></then></filter>";
        testing::run(flow, &mut context).await.expect("no fault");
        let (status, _, body) = testing::answer(context).await;
        assert_eq!((status, body.as_str()), (200, r#"{"a":1}"#));
    }

    #[test]
    fn iterations_want_one_target() {
        let error = testing::parse("<clone iterations='2'/>").expect_err("no target");
        assert_eq!(error.message(), "When iterations attribute is defined only one target is allowed.");
    }
}
