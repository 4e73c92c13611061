//! `in` and `out`: mediators for one direction only (spec: core mediators 5.21).

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{MEDIATORS, Syntax};
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature};

/// Syntax of `in`.
pub const IN_SYNTAX: Syntax = Syntax {
    element: "in",
    summary: "Runs its mediators on requests only.",
    attributes: &[],
    children: &[MEDIATORS],
    example: "<in><log/></in>",
};

/// Syntax of `out`.
pub const OUT_SYNTAX: Syntax = Syntax {
    element: "out",
    summary: "Runs its mediators on responses only.",
    attributes: &[],
    children: &[MEDIATORS],
    example: "<out><send/></out>",
};

pub(super) const IN: MediatorType = MediatorType {
    syntax: &IN_SYNTAX,
    parse: |element, definitions| {
        Ok(Box::new(Direction { responses: false, mediators: definitions.mediators(element)? }))
    },
};

pub(super) const OUT: MediatorType = MediatorType {
    syntax: &OUT_SYNTAX,
    parse: |element, definitions| {
        Ok(Box::new(Direction { responses: true, mediators: definitions.mediators(element)? }))
    },
};

struct Direction {
    responses: bool,
    mediators: MediatorList,
}

impl Mediator for Direction {
    fn name(&self) -> &'static str {
        if self.responses { "out" } else { "in" }
    }

    fn nature(&self) -> Nature {
        Nature::PLAIN.around(self.mediators.nature())
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        if context.is_response == self.responses { self.mediators.run(context) } else { Ok(Flow::Continue) }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        if context.is_response == self.responses {
            return self.mediators.run_async(context);
        }
        Box::pin(std::future::ready(Ok(Flow::Continue)))
    }

    fn children(&self) -> Vec<&MediatorList> {
        vec![&self.mediators]
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[tokio::test]
    async fn each_runs_in_its_direction() {
        let flow = "<in><property name='in' value='1'/></in><out><property name='out' value='1'/></out>";
        let mut context = testing::context();
        testing::run(flow, &mut context).await.expect("no fault");
        assert!(context.properties.get("in").is_some() && context.properties.get("out").is_none());
        context.is_response = true;
        testing::run(flow, &mut context).await.expect("no fault");
        assert!(context.properties.get("out").is_some());
    }
}
