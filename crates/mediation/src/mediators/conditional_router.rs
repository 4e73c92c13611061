//! `conditionalRouter`: routes whose conditions are tried in order (spec: core mediators 5.10).

use std::sync::Arc;

use super::MediatorType;
use super::split::{TARGET, Target};
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, child, defaulted};
use crate::definition::{Definitions, DeployError, Element};
use crate::engine;
use crate::evaluator::Evaluator;
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature, Reference};
use crate::url_fragments::UrlFragments;

/// Syntax of `conditionalRouter`.
pub const SYNTAX: Syntax = Syntax {
    element: "conditionalRouter",
    summary: "Runs the targets of the routes whose conditions hold, in order, until one of them says that it is the last.",
    attributes: &[defaulted(
        "continueAfter",
        AttributeKind::Boolean,
        "false",
        "Whether the mediators behind the router run afterwards.",
    )],
    children: &[child(
        "conditionalRoute",
        Occurs::Any,
        &[
            defaulted("breakRoute", AttributeKind::Boolean, "true", "Whether no route after this one is tried."),
            defaulted("asynchronous", AttributeKind::Boolean, "false", "Whether the target runs on a copy, beside."),
        ],
        Content::Children(&[
            child("condition", Occurs::Once, &[], Content::Xml, "The condition: and, or, not, match, equal."),
            TARGET,
        ]),
        "A route.",
    )],
    example: "<conditionalRouter>\n    <conditionalRoute>\n        <condition><match source=\"tier\" regex=\"gold.*\"/></condition>\n        \
              <target sequence=\"goldSequence\"/>\n    </conditionalRoute>\n</conditionalRouter>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| Ok(Box::new(ConditionalRouter::parse(element, definitions)?)),
};

struct ConditionalRouter {
    routes: Vec<Route>,
    continue_after: bool,
}

struct Route {
    condition: Evaluator,
    target: Arc<Target>,
    last: bool,
    asynchronous: bool,
}

impl ConditionalRouter {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let routes = element.children_named("conditionalRoute").map(|route| Route::parse(route, definitions));
        Ok(Self {
            continue_after: boolean(element, "continueAfter", "conditionalRouter")?.unwrap_or(false),
            routes: routes.collect::<Result<_, _>>()?,
        })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let no_url = || Fault::new("The message has no To address, which conditions of a conditionalRouter need");
        let to = context.to_address().ok_or_else(no_url)?;
        let url = UrlFragments::parse(to).ok_or_else(|| Fault::new(format!("Malformed input URI: {to}")))?;
        for route in &self.routes {
            if !route.condition.holds(context, &url)? {
                continue;
            }
            if route.asynchronous {
                context.build().await?;
                route.target.spawn(context.try_copy()?);
            } else if let Err(fault) = route.target.run(context).await {
                // The router goes on whatever became of a target.
                engine::handle_fault(context, fault).await;
            }
            if route.last {
                break;
            }
        }
        Ok(if self.continue_after { Flow::Continue } else { Flow::Stop })
    }
}

impl Route {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let condition = element
            .child("condition")
            .ok_or_else(|| element.error("Couldn't find the condition of the conditional router"))?;
        let inner = condition
            .children()
            .next()
            .ok_or_else(|| condition.error("Couldn't build the condition of the conditional router"))?;
        let target =
            element.child("target").ok_or_else(|| element.error("A conditionalRoute needs a target to route to"))?;
        Ok(Self {
            condition: Evaluator::parse(inner)?,
            target: Arc::new(Target::parse(target, definitions)?),
            last: boolean(element, "breakRoute", "conditionalRoute element")?.unwrap_or(true),
            asynchronous: boolean(element, "asynchronous", "conditionalRoute element")?.unwrap_or(false),
        })
    }
}

fn boolean(element: Element<'_>, name: &str, of: &str) -> Result<Option<bool>, DeployError> {
    match element.attribute(name) {
        None => Ok(None),
        Some("true" | "yes" | "1") => Ok(Some(true)),
        Some("false" | "no" | "0") => Ok(Some(false)),
        Some(other) => {
            let rest = format!("must be either 'true' or 'false', the value found is : {other}");
            Err(element.attribute_error(name, format!("{name} attribute value of the {of} {rest}")))
        }
    }
}

impl Mediator for ConditionalRouter {
    fn name(&self) -> &'static str {
        "conditionalRouter"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn children(&self) -> Vec<&MediatorList> {
        self.routes.iter().filter_map(|route| route.target.mediators()).collect()
    }

    fn references(&self) -> Vec<Reference> {
        self.routes.iter().filter_map(|route| route.target.reference()).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    fn route(attributes: &str, condition: &str, name: &str) -> String {
        format!(
            "<conditionalRoute {attributes}><condition>{condition}</condition><target><sequence>\
             <property name='{name}' value='ran'/></sequence></target></conditionalRoute>"
        )
    }

    async fn ran(router: &str, routes: &[String]) -> String {
        let mut context = testing::context();
        let flow = format!(
            "<conditionalRouter {router}>{}</conditionalRouter><property name='after' value='ran'/>",
            routes.concat()
        );
        testing::run(&flow, &mut context).await.expect("no fault");
        let names = ["a", "b", "after"].into_iter().filter(|name| context.properties.text(name).is_some());
        names.collect::<Vec<_>>().join(" ")
    }

    const HOLDS: &str = "<match type='url' source='path' regex='/orders/.*'/>";
    const FAILS: &str = "<equal source='x-none' value='1'/>";

    #[tokio::test]
    async fn routes_run_in_order_until_one_is_the_last() {
        let both = [route("", HOLDS, "a"), route("", HOLDS, "b")];
        assert_eq!(ran("", &both).await, "a");
        let going_on = [route("breakRoute='false'", HOLDS, "a"), route("", HOLDS, "b")];
        assert_eq!(ran("continueAfter='true'", &going_on).await, "a b after");
        let second = [route("", FAILS, "a"), route("", HOLDS, "b")];
        assert_eq!(ran("continueAfter='yes'", &second).await, "b after");
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for (router, expected) in [
            (
                "<conditionalRouter continueAfter='maybe'/>",
                "must be either 'true' or 'false', the value found is : maybe",
            ),
            (
                "<conditionalRouter><conditionalRoute><target/></conditionalRoute></conditionalRouter>",
                "Couldn't find the condition of the conditional router",
            ),
            (
                "<conditionalRouter><conditionalRoute><condition/><target/></conditionalRoute></conditionalRouter>",
                "Couldn't build the condition of the conditional router",
            ),
        ] {
            let error = testing::parse(router).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
