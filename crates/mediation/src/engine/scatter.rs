//! Copies of one message on their way to several endpoints, each in a flow of its own (spec: services 4.9).

use http::StatusCode;

use super::{begin_response, handle_fault, response_flow, resume, settle};
use crate::context::{MessageContext, Response};
use crate::endpoint::{Recipient, Sent};
use crate::sequence::SequenceRef;

/// What becomes of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Continuation {
    /// It goes on with what stands after the `call`.
    Resume,
    /// It is the response to a `send`, for this sequence or the out-sequence.
    Response(Option<SequenceRef>),
}

/// Sends each copy and goes on with its answer. One that fails has its fault handled; the others do not notice.
pub(crate) fn scatter(recipients: Vec<Recipient>, then: &Continuation) {
    for Recipient { mut context, endpoint } in recipients {
        let then = then.clone();
        crate::environment::spawn(async move {
            match endpoint.send(&mut context).await {
                Ok(Sent::Answered) => go_on(&mut context, &then).await,
                Ok(Sent::Written) if matches!(then, Continuation::Resume) => go_on(&mut context, &then).await,
                Ok(Sent::NothingComes | Sent::Written) => {}
                Ok(Sent::Copies(recipients)) => scatter(recipients, &then),
                Err(fault) => {
                    tracing::warn!(
                        target: "org.apache.synapse.endpoints.RecipientListEndpoint",
                        "{}Child Endpoint {} of Recipient List endpoint encountered an error while sending the message",
                        context.log_prefix(),
                        endpoint.display_name()
                    );
                    handle_fault(&mut context, fault).await;
                }
            }
        });
    }
}

async fn go_on(context: &mut MessageContext, then: &Continuation) {
    match then {
        Continuation::Resume => {
            context.called = true;
            let result = resume(context).await;
            settle(context, result).await;
        }
        Continuation::Response(receive) => sent_response(context, receive.as_ref()).await,
    }
}

/// The response to a `send` runs in a flow of its own, with a fault stack of its own.
pub(crate) async fn sent_response(context: &mut MessageContext, receive: Option<&SequenceRef>) {
    begin_response(context);
    context.is_response = true;
    if let Some(receive) = receive {
        match receive.resolve(context) {
            Ok(sequence) => context.out_sequence = Some(SequenceRef::Inline(sequence)),
            Err(fault) => {
                tracing::warn!(
                    target: "org.apache.synapse.core.axis2.Axis2SynapseEnvironment",
                    "{}Cannot find a Sequence with name: {fault} for injecting the response message",
                    context.log_prefix()
                );
                let _ = context.reply.answer(Response::empty(StatusCode::INTERNAL_SERVER_ERROR));
                return;
            }
        }
    }
    response_flow(context).await;
}
