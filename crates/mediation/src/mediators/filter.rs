//! `filter`: one of two branches (spec: core mediators 5.8).

use mi_expression::Expression;
use mi_payload::java::JavaRegex;

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, MEDIATORS, Occurs, Syntax, attribute, child};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature, Reference, ReferenceKind};
use crate::names::Name;

/// Syntax of `filter`.
pub const SYNTAX: Syntax = Syntax {
    element: "filter",
    summary: "Runs `then` when a condition holds, else `else`. Without a `then` element its own children are the \
              mediators that run when it holds.",
    attributes: &[
        attribute("xpath", AttributeKind::Expression, "The condition. Wins over `source` and `regex`."),
        attribute("source", AttributeKind::Expression, "A text that `regex` must match as a whole."),
        attribute("regex", AttributeKind::Regex, "What `source` must match."),
    ],
    children: &[
        child(
            "then",
            Occurs::Optional,
            &[attribute("sequence", AttributeKind::Key("sequence"), "A named sequence instead of mediators.")],
            Content::Mediators,
            "Runs when the condition holds.",
        ),
        child(
            "else",
            Occurs::Optional,
            &[attribute("sequence", AttributeKind::Key("sequence"), "A named sequence instead of mediators.")],
            Content::Mediators,
            "Runs when it does not.",
        ),
        MEDIATORS,
    ],
    example: "<filter xpath=\"${payload.total > 100}\">\n    <then><sequence key=\"big\"/></then>\n    <else><log/></else>\n</filter>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Filter::parse(element, definitions)?)) };

struct Filter {
    condition: Condition,
    then: Option<Branch>,
    otherwise: Option<Branch>,
}

enum Condition {
    Holds(Expression),
    Matches(Expression, Box<JavaRegex>),
}

enum Branch {
    Inline(MediatorList),
    Named { name: Name, word: &'static str },
}

impl Filter {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let condition = Condition::parse(element)?;
        let then = element.child("then");
        let otherwise = match (then, element.child("else")) {
            (Some(_), Some(branch)) => Some(Branch::parse(branch, "else", definitions)?),
            _ => None,
        };
        let then = match then {
            Some(branch) => Branch::parse(branch, "then", definitions)?,
            None => Branch::Inline(definitions.mediators(element)?),
        };
        Ok(Self { condition, then: Some(then), otherwise })
    }

    fn branch(&self, context: &MessageContext) -> Result<Option<&Branch>, Fault> {
        Ok(if self.condition.holds(context)? { self.then.as_ref() } else { self.otherwise.as_ref() })
    }

    fn branches(&self) -> impl Iterator<Item = &Branch> {
        self.then.iter().chain(&self.otherwise)
    }
}

impl Condition {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        if let Some(text) = element.attribute("xpath") {
            if text.trim().is_empty() {
                return Err(element.attribute_error("xpath", "Invalid attribute value specified for xpath"));
            }
            let condition = element.compile(text, "xpath", "Invalid XPath expression for attribute xpath : ")?;
            return Ok(Self::Holds(condition));
        }
        let (Some(source), Some(regex)) = (element.attribute("source"), element.attribute("regex")) else {
            return Err(element.error("An xpath or (source, regex) attributes are required for a filter"));
        };
        if source.trim().is_empty() || regex.trim().is_empty() {
            return Err(element.error("Invalid attribute values for source and/or regex specified"));
        }
        let source = element.compile(source, "source", "Invalid XPath expression for attribute source : ")?;
        let regex = JavaRegex::new(regex).map_err(|error| {
            element
                .attribute_error("regex", format!("Invalid Regular Expression for attribute regex : {regex}"))
                .hint(error.message)
        })?;
        Ok(Self::Matches(source, Box::new(regex)))
    }

    fn holds(&self, context: &MessageContext) -> Result<bool, Fault> {
        match self {
            Self::Holds(expression) => Ok(expression.evaluate_boolean(context)?),
            Self::Matches(source, regex) => {
                Ok(source.evaluate_string(context)?.is_some_and(|text| regex.matches(&text)))
            }
        }
    }

    fn is_content_aware(&self) -> bool {
        match self {
            Self::Holds(expression) | Self::Matches(expression, _) => expression.is_content_aware(),
        }
    }
}

impl Branch {
    fn parse(element: Element<'_>, word: &'static str, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        match element.non_empty("sequence") {
            Some(name) => Ok(Self::Named { name: Name::new(name), word }),
            None => Ok(Self::Inline(definitions.mediators(element)?)),
        }
    }

    fn nature(&self) -> Nature {
        match self {
            Self::Inline(list) => list.nature(),
            Self::Named { .. } => Nature { content_aware: false, reads_body: true, waits: true },
        }
    }
}

impl Mediator for Filter {
    fn name(&self) -> &'static str {
        "filter"
    }

    fn nature(&self) -> Nature {
        let own = Nature::aware(self.condition.is_content_aware());
        self.branches().fold(own, |nature, branch| nature.around(branch.nature()))
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        match self.branch(context)? {
            Some(Branch::Inline(list)) => list.run(context),
            Some(Branch::Named { name, word }) => named(context, name, word)?.run(context),
            None => Ok(Flow::Continue),
        }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            match self.branch(context)? {
                Some(Branch::Inline(list)) if list.runs_at_once(context) => list.run(context),
                Some(Branch::Inline(list)) => list.run_async(context).await,
                Some(Branch::Named { name, word }) => named(context, name, word)?.run_async(context).await,
                None => Ok(Flow::Continue),
            }
        })
    }

    fn children(&self) -> Vec<&MediatorList> {
        let inline = self.branches().filter_map(|branch| match branch {
            Branch::Inline(list) => Some(list),
            Branch::Named { .. } => None,
        });
        inline.collect()
    }

    fn references(&self) -> Vec<Reference> {
        let named = self.branches().filter_map(|branch| match branch {
            Branch::Inline(_) => None,
            Branch::Named { name, .. } => {
                Some(Reference { kind: ReferenceKind::Sequence, name: name.as_str().to_owned() })
            }
        });
        named.collect()
    }
}

fn named(
    context: &MessageContext,
    name: &Name,
    word: &str,
) -> Result<std::sync::Arc<crate::sequence::Sequence>, Fault> {
    let found = context.configuration.sequence(name);
    found.ok_or_else(|| Fault::new(format!("Couldn't find the referred {word} sequence with key : {name}")))
}

#[cfg(test)]
mod tests {
    use crate::mediator::Flow;
    use crate::testing;

    const BRANCHES: &str =
        "<then><property name='branch' value='then'/></then><else><property name='branch' value='else'/></else>";

    async fn branch(filter: &str, content_type: &str, body: &'static [u8]) -> Option<String> {
        let mut context = testing::context_with(content_type, body);
        context.properties.set("f", "false".into());
        testing::run(filter, &mut context).await.expect("no fault");
        context.properties.text("branch").map(std::borrow::Cow::into_owned)
    }

    #[tokio::test]
    async fn conditions_over_xml_and_json() {
        for (condition, content_type, body, expected) in [
            ("xpath='//a'", "application/xml", &b"<r><a/></r>"[..], "then"),
            ("xpath='//b'", "application/xml", b"<r><a/></r>", "else"),
            ("xpath='json-eval($.f)'", "application/json", b"{\"f\":\"TRUE\"}", "then"),
            ("xpath='json-eval($.g)'", "application/json", b"{\"f\":\"TRUE\"}", "else"),
            ("xpath='${payload.n &gt; 1}'", "application/json", b"{\"n\":2}", "then"),
            ("source='//s' regex='I.M'", "application/xml", b"<r><s>IBM</s></r>", "then"),
            ("source='//s' regex='I'", "application/xml", b"<r><s>IBM</s></r>", "else"),
            // The text `false` of a property is a text that is not empty.
            ("xpath=\"get-property('f')\"", "application/xml", b"<r/>", "then"),
        ] {
            let filter = format!("<filter {condition}>{BRANCHES}</filter>");
            assert_eq!(branch(&filter, content_type, body).await.as_deref(), Some(expected), "{condition}");
        }
    }

    #[tokio::test]
    async fn children_without_then_are_the_branch() {
        let filter = "<filter xpath='true()'><property name='branch' value='own'/></filter>";
        assert_eq!(branch(filter, "application/xml", b"<r/>").await.as_deref(), Some("own"));
        assert_eq!(branch("<filter xpath='false()'><drop/></filter>", "application/xml", b"<r/>").await, None);
    }

    #[tokio::test]
    async fn the_branch_decides_whether_the_flow_goes_on() {
        let mut context = testing::context();
        let flow = testing::run("<filter xpath='true()'><drop/></filter>", &mut context).await.expect("no fault");
        assert_eq!(flow, Flow::Stop);
    }

    #[tokio::test]
    async fn a_missing_branch_sequence_is_a_fault() {
        let mut context = testing::context();
        let filter = "<filter xpath='true()'><then sequence='none'/></filter>";
        let fault = testing::run(filter, &mut context).await.expect_err("there is none");
        assert_eq!(fault.message(), "Couldn't find the referred then sequence with key : none");
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for (filter, message) in [
            ("<filter/>", "An xpath or (source, regex) attributes are required for a filter"),
            ("<filter xpath=''/>", "Invalid attribute value specified for xpath"),
            ("<filter xpath='//['/>", "Invalid XPath expression for attribute xpath : //["),
            ("<filter source='a' regex='('/>", "Invalid Regular Expression for attribute regex : ("),
        ] {
            assert_eq!(testing::parse(filter).expect_err(filter).message(), message);
        }
    }
}
