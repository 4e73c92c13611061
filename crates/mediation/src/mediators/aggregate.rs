//! `aggregate`: joins the messages that a splitter made into one (spec: EIP mediators part 7).

mod collect;
mod complete;
mod json;
mod xml;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mi_expression::{Expression, Selection, ValueExpression};
use mi_payload::value::Value;

use super::MediatorType;
use crate::context::{Groups, MessageContext};
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Mediation, Mediator, MediatorList, Nature, Reference};
use complete::OnComplete;

/// Syntax of `aggregate`.
pub const SYNTAX: Syntax = Syntax {
    element: "aggregate",
    summary: "Collects the messages that `iterate` or `clone` made, and goes on with one message made of them.",
    attributes: &[attribute("id", AttributeKind::Text, "The id of the splitter.")],
    children: &[
        child(
            "correlateOn",
            Occurs::Optional,
            &[required("expression", AttributeKind::Expression, "Messages for which it holds belong together.")],
            Content::Nothing,
            "Collects messages that come from no splitter.",
        ),
        child(
            "completeCondition",
            Occurs::Optional,
            &[attribute("timeout", AttributeKind::Integer, "Seconds after the first message when the group ends.")],
            Content::Children(&[child(
                "messageCount",
                Occurs::Optional,
                &[
                    defaulted("min", AttributeKind::Value, "-1", "The group ends when there are this many."),
                    defaulted("max", AttributeKind::Value, "-1", "No more than this many are collected."),
                ],
                Content::Nothing,
                "How many messages there have to be.",
            )]),
            "When the group ends; in any case when all messages of the split are there.",
        ),
        child(
            "onComplete",
            Occurs::Once,
            &[
                attribute("expression", AttributeKind::Expression, "What is taken from each message."),
                attribute("sequence", AttributeKind::Key("sequence"), "A named sequence instead of mediators."),
                attribute(
                    "enclosingElementProperty",
                    AttributeKind::Text,
                    "Property with an element to put around all.",
                ),
                attribute("aggregateElementType", AttributeKind::Words(&["root", "child"]), "How JSON is joined."),
            ],
            Content::Mediators,
            "Runs on the message that was made.",
        ),
    ],
    example: "<aggregate id=\"orders\">\n    <completeCondition timeout=\"10\"/>\n    <onComplete expression=\"json-eval($)\"><respond/></onComplete>\n</aggregate>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| Ok(Box::new(Aggregate::parse(element, definitions)?)),
};

/// Every aggregate has a number, by which splits keep its groups; so does every group.
static NEXT: AtomicU64 = AtomicU64::new(0);

fn next_number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

struct Aggregate {
    number: u64,
    id: Option<Arc<str>>,
    correlate_on: Option<Correlation>,
    timeout: Option<Duration>,
    min: Option<ValueExpression>,
    max: Option<ValueExpression>,
    complete: Arc<OnComplete>,
}

/// One group for all messages for which the expression holds; its value does not matter.
struct Correlation {
    expression: Expression,
    groups: Arc<Groups>,
}

impl Aggregate {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let correlate_on = match element.child("correlateOn") {
            None => None,
            Some(child) => {
                let message = "Unable to load the corelate XPATH expression";
                let text = child.required("expression", message)?;
                let expression = child
                    .compile(text, "expression", "")
                    .map_err(|error| child.attribute_error("expression", message).hint(error.to_string()))?;
                Some(Correlation { expression, groups: Arc::default() })
            }
        };
        let condition = element.child("completeCondition");
        let seconds = condition.map(|condition| condition.integer("timeout")).transpose()?.flatten();
        let count = condition.and_then(|condition| condition.child("messageCount"));
        let bound = |name: &str| Ok::<_, DeployError>(count.map(|count| count.value(name)).transpose()?.flatten());
        Ok(Self {
            number: next_number(),
            id: element.non_empty("id").map(Into::into),
            correlate_on,
            timeout: seconds
                .and_then(|seconds| u64::try_from(seconds).ok())
                .filter(|&seconds| seconds > 0)
                .map(Duration::from_secs),
            min: bound("min")?,
            max: bound("max")?,
            complete: Arc::new(OnComplete::parse(element.child("onComplete"), definitions)?),
        })
    }

    /// Whether a message belongs to the group of the correlation expression.
    fn correlates(&self, correlation: &Correlation, context: &MessageContext) -> Result<bool, Fault> {
        let expression = &correlation.expression;
        let empty = match expression.evaluate_nodes(context)? {
            Selection::Value(Value::Boolean(false)) => return Ok(false),
            Selection::Value(_) => false,
            Selection::Nodes(nodes) => nodes.is_empty(),
            Selection::Json(values) => values.is_empty(),
        };
        if empty {
            return Err(Fault::new(format!("Failed to evaluate correlate expression: {expression}")));
        }
        if self.min.is_none() && self.max.is_none() && self.timeout.is_none() {
            return Err(Fault::new("An aggregate with correlateOn needs the messageCounts min and max"));
        }
        Ok(true)
    }
}

/// A bound on the number of messages; `None` when it is off.
pub(super) fn bound(expression: Option<&ValueExpression>, context: &MessageContext) -> Result<Option<usize>, Fault> {
    let Some(expression) = expression else { return Ok(None) };
    let text = expression.evaluate(context)?.unwrap_or_default();
    let whole = text.trim().split('.').next().unwrap_or_default();
    let number: i64 = whole.parse().map_err(|_| Fault::new(format!("For input string: \"{text}\"")))?;
    Ok(usize::try_from(number).ok().filter(|&number| number > 0))
}

impl Mediator for Aggregate {
    fn name(&self) -> &'static str {
        "aggregate"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn children(&self) -> Vec<&MediatorList> {
        self.complete.mediators().into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        self.complete.reference().into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
