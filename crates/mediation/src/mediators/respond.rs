//! `respond`: the message goes back to the client (spec: core mediators 5.15).

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::Syntax;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature};

/// Syntax of `respond`.
pub const SYNTAX: Syntax = Syntax {
    element: "respond",
    summary: "Sends the message back to the client and ends the flow. Only the first answer of a request counts.",
    attributes: &[],
    children: &[],
    example: "<respond/>",
};

pub(super) const TYPE: MediatorType = MediatorType { syntax: &SYNTAX, parse: |_, _| Ok(Box::new(Respond)) };

struct Respond;

impl Mediator for Respond {
    fn name(&self) -> &'static str {
        "respond"
    }

    fn ends_flow(&self) -> bool {
        true
    }

    fn nature(&self) -> Nature {
        Nature::WAITS
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            context.respond().await?;
            Ok(Flow::Stop)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::context::Reply;
    use crate::testing;

    #[tokio::test]
    async fn the_first_answer_counts() {
        let mut context = testing::context_with("text/plain", b"hi");
        context.reply = Reply::Single(None);
        testing::run("<respond/>", &mut context).await.expect("no fault");
        testing::run("<property name='HTTP_SC' value='500' scope='axis2'/><respond/>", &mut context).await.expect("ok");
        let (status, headers, body) = testing::answer(context).await;
        assert_eq!((status, body.as_str()), (200, "hi"));
        assert_eq!(headers.get("content-type").map(|v| v.as_bytes()), Some(&b"text/plain"[..]));
    }

    #[tokio::test]
    async fn a_built_body_names_its_character_set() {
        let mut context = testing::context_with("application/json", b"{}");
        context.reply = Reply::Single(None);
        context.build().await.expect("well formed");
        testing::run("<respond/>", &mut context).await.expect("no fault");
        let (_, headers, _) = testing::answer(context).await;
        assert_eq!(headers.get("content-type").map(|v| v.as_bytes()), Some(&b"application/json; charset=UTF-8"[..]));
    }
}
