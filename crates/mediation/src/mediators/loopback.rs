//! `loopback`: the request becomes the response (spec: core mediators 5.16).

use super::MediatorType;
use crate::context::{MessageContext, To};
use crate::definition::syntax::Syntax;
use crate::engine;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature};

/// Syntax of `loopback`.
pub const SYNTAX: Syntax = Syntax {
    element: "loopback",
    summary: "Takes the message from the request flow to the response flow: the out-sequence of the API or proxy runs on \
              it, or it goes back to the client when there is none. In a response flow it only ends the flow.",
    attributes: &[],
    children: &[],
    example: "<loopback/>",
};

pub(super) const TYPE: MediatorType = MediatorType { syntax: &SYNTAX, parse: |_, _| Ok(Box::new(Loopback)) };

struct Loopback;

impl Mediator for Loopback {
    fn name(&self) -> &'static str {
        "loopback"
    }

    fn ends_flow(&self) -> bool {
        true
    }

    fn nature(&self) -> Nature {
        Nature::WAITS
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            if !context.is_response {
                context.addressing.to = To::Nowhere;
                engine::respond_through_out_sequence(context).await;
            }
            Ok(Flow::Stop)
        })
    }
}
