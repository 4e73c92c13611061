//! `switch`: the first case whose pattern fits (spec: core mediators 5.9).

use mi_expression::Expression;
use mi_payload::java::JavaRegex;

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, child, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature};

/// Syntax of `switch`.
pub const SYNTAX: Syntax = Syntax {
    element: "switch",
    summary: "Runs the first case whose pattern matches the whole source, else the default.",
    attributes: &[required("source", AttributeKind::Expression, "The text to look at.")],
    children: &[
        child(
            "case",
            Occurs::Any,
            &[required("regex", AttributeKind::Regex, "What the whole source must match.")],
            Content::Mediators,
            "A case; cases are tried in order and do not fall through.",
        ),
        child("default", Occurs::Optional, &[], Content::Mediators, "Runs when no case matches."),
    ],
    example: "<switch source=\"json-eval($.kind)\">\n    <case regex=\"a|b\"><log/></case>\n    <default><drop/></default>\n</switch>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Switch::parse(element, definitions)?)) };

struct Switch {
    source: Expression,
    cases: Vec<(JavaRegex, MediatorList)>,
    default: Option<MediatorList>,
}

impl Switch {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let source = element.expression("source", "Invalid XPath for attribute 'source' : ")?;
        let source =
            source.ok_or_else(|| element.error("A 'source' XPath attribute is required for a switch mediator"))?;
        let mut cases = Vec::new();
        for case in element.children_named("case") {
            let pattern = case
                .attribute("regex")
                .ok_or_else(|| case.error("The 'regex' attribute is required for a switch case definition"))?;
            let regex = JavaRegex::new(pattern).map_err(|error| {
                let message = format!("Invalid Regular Expression for attribute 'regex' : {pattern}");
                case.attribute_error("regex", message).hint(error.message)
            })?;
            cases.push((regex, definitions.mediators(case)?));
        }
        let default = element.child("default").map(|child| definitions.mediators(child)).transpose()?;
        Ok(Self { source, cases, default })
    }

    fn choose(&self, context: &MessageContext) -> Result<Option<&MediatorList>, Fault> {
        let text = self.source.evaluate_string(context)?;
        match text {
            Some(text) => {
                let case = self.cases.iter().find(|(regex, _)| regex.matches(&text));
                Ok(case.map(|(_, list)| list).or(self.default.as_ref()))
            }
            None => {
                if self.default.is_none() && !self.cases.is_empty() {
                    tracing::warn!(
                        target: "org.apache.synapse.config.xml.SwitchCase",
                        "{}Provided character sequence for switch case condition is 'null'. Switch case will not be executed.",
                        context.log_prefix()
                    );
                }
                Ok(self.default.as_ref())
            }
        }
    }

    fn lists(&self) -> impl Iterator<Item = &MediatorList> {
        self.cases.iter().map(|(_, list)| list).chain(&self.default)
    }
}

impl Mediator for Switch {
    fn name(&self) -> &'static str {
        "switch"
    }

    fn nature(&self) -> Nature {
        let own = Nature::aware(self.source.is_content_aware());
        self.lists().fold(own, |nature, list| nature.around(list.nature()))
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        match self.choose(context)? {
            Some(list) => list.run(context),
            None => Ok(Flow::Continue),
        }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            match self.choose(context)? {
                Some(list) if list.runs_at_once(context) => list.run(context),
                Some(list) => list.run_async(context).await,
                None => Ok(Flow::Continue),
            }
        })
    }

    fn children(&self) -> Vec<&MediatorList> {
        self.lists().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    async fn case(source: &str, content_type: &str, body: &'static [u8]) -> Option<String> {
        let switch = format!(
            "<switch source='{source}'><case regex='a|b'><property name='case' value='1'/></case>\
             <case regex='.*'><property name='case' value='2'/></case><default><property name='case' value='d'/></default></switch>"
        );
        let mut context = testing::context_with(content_type, body);
        testing::run(&switch, &mut context).await.expect("no fault");
        context.properties.text("case").map(std::borrow::Cow::into_owned)
    }

    #[tokio::test]
    async fn the_first_case_that_matches_as_a_whole() {
        assert_eq!(case("//k", "application/xml", b"<r><k>b</k></r>").await.as_deref(), Some("1"));
        assert_eq!(case("//k", "application/xml", b"<r><k>ab</k></r>").await.as_deref(), Some("2"));
        assert_eq!(case("json-eval($.k)", "application/json", b"{\"k\":\"a\"}").await.as_deref(), Some("1"));
        assert_eq!(case("json-eval($.k)", "application/json", b"{}").await.as_deref(), Some("2"));
        assert_eq!(case("$ctx:none", "application/xml", b"<r/>").await.as_deref(), Some("d"));
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for (switch, message) in [
            ("<switch/>", "A 'source' XPath attribute is required for a switch mediator"),
            ("<switch source='//a'><case/></switch>", "The 'regex' attribute is required for a switch case definition"),
        ] {
            assert_eq!(testing::parse(switch).expect_err(switch).message(), message);
        }
    }
}
