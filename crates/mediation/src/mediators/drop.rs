//! `drop`: the message ends here (spec: core mediators 5.14).

use super::MediatorType;
use crate::context::{MessageContext, To};
use crate::definition::syntax::Syntax;
use crate::mediator::{Flow, Mediation, Mediator, Nature};

/// Syntax of `drop`.
pub const SYNTAX: Syntax = Syntax {
    element: "drop",
    summary: "Ends the flow of the message. A client that waits and was not answered gets 202 without a body.",
    attributes: &[],
    children: &[],
    example: "<drop/>",
};

pub(super) const TYPE: MediatorType = MediatorType { syntax: &SYNTAX, parse: |_, _| Ok(Box::new(Drop)) };

struct Drop;

impl Mediator for Drop {
    fn name(&self) -> &'static str {
        "drop"
    }

    fn ends_flow(&self) -> bool {
        true
    }

    fn nature(&self) -> Nature {
        Nature::PLAIN
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        context.addressing.to = To::Nowhere;
        Ok(Flow::Stop)
    }
}

#[cfg(test)]
mod tests {
    use crate::mediator::Flow;
    use crate::testing;

    #[tokio::test]
    async fn nothing_after_it_runs() {
        let mut context = testing::context();
        let flow = testing::run("<drop/><property name='after' value='1'/>", &mut context).await.expect("no fault");
        assert_eq!(flow, Flow::Stop);
        assert!(context.properties.get("after").is_none());
        assert_eq!(context.to_address(), None);
    }
}
