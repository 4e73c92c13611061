//! Requests that neither a proxy nor an API takes: the `main` sequence (spec: services 2.4, 3.2).

use super::{push_handler, run_flow};
use crate::context::{FaultHandler, MessageContext, RestPostfix};
use crate::sequence::SequenceRef;

/// Mediates the request with `main`, unless a property says to skip it.
pub(crate) async fn mediate(context: &mut MessageContext) {
    push_handler(context, FaultHandler::Inline(context.configuration.fault.clone()));
    context.rest_postfix = RestPostfix::OfRequest(0);
    if context.properties.is_true("SKIP_MAIN_SEQUENCE") {
        return;
    }
    let main = SequenceRef::Inline(context.configuration.main.clone());
    context.out_sequence = Some(main.clone());
    run_flow(context, Some(&main)).await;
}
