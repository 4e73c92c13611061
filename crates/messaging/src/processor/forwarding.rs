//! One attempt to deliver one message to an endpoint, and what it comes to (spec: tasks 3.4).

use std::sync::Arc;

use mi_mediation::context::{MessageContext, StatusProperty};
use mi_mediation::endpoint::{Endpoint, Sent};
use mi_mediation::sequence::Sequence;
use mi_mediation::{Fault, engine};

use super::artifact::ProcessorArtifact;
use super::loggers::FORWARDING;

/// Properties of an earlier attempt or of the flow that stored the message.
const LEFT_OVER: [&str; 5] =
    ["RECEIVING_SEQUENCE", "DYNAMIC_URL_VALUE", "LAST_ENDPOINT", "BLOCKING_SENDER_ERROR", "blocking.sender.error"];

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The message is delivered.
    Delivered,
    /// It is not; try again.
    Failed,
    /// The endpoint answered, but nobody is there to take the answer: the processor cannot go on.
    NoReplySequence,
    /// The fault sequence failed itself: this fire ends, without counting the attempt.
    Abandoned,
}

/// Sends `message`, which this changes, and lets the processor's sequences have what comes of it.
pub(super) async fn attempt(
    processor: &ProcessorArtifact,
    endpoint: &Arc<Endpoint>,
    mut message: MessageContext,
) -> Outcome {
    for name in LEFT_OVER {
        message.properties.forget(name);
    }
    // The answer is waited for in any case: its status says whether the message was taken.
    let one_way = message.properties.is_true("OUT_ONLY");
    message.properties.forget("OUT_ONLY");
    let sent = match endpoint.send(&mut message).await {
        Ok(Sent::Answered) => Ok(()),
        // A file has no status and no reply.
        Ok(Sent::Written) => return Outcome::Delivered,
        Ok(Sent::NothingComes) => Err(Fault::new("The endpoint discards the answer")),
        Ok(Sent::Copies(_)) => Err(Fault::new("A recipient list cannot be the target of a message processor")),
        Err(fault) => Err(fault),
    };
    if one_way {
        message.properties.set("OUT_ONLY", "true".into());
    }
    let name = endpoint.display_name();
    if let Err(fault) = sent {
        tracing::error!(
            target: FORWARDING,
            "[ {} ] Error while forwarding message to endpoint {name}. {fault}", processor.name
        );
        return failed(processor, name, message, Some(fault)).await;
    }
    let status = match message.status {
        StatusProperty::OfAnswer(status) => Some(status),
        StatusProperty::Unset | StatusProperty::Set(_) => None,
    };
    let taken = status.is_some_and(|status| {
        (200..300).contains(&status) || processor.attempts.accepted.contains(&status.to_string())
    });
    match (taken, one_way) {
        (true, true) => Outcome::Delivered,
        (true, false) => reply(processor, name, message).await,
        (false, true) => failed(processor, name, message, None).await,
        (false, false) => {
            let code = status.map_or_else(|| "null".to_owned(), |status| status.to_string());
            tracing::info!(
                target: FORWARDING,
                "Message processor [{}] received a response with HTTP_SC: {code} from backend {name}. \
                 Message forwarding failed.",
                processor.name
            );
            let fault = Fault::new(format!("The endpoint {name} answered {code}"));
            failed(processor, name, message, Some(fault)).await
        }
    }
}

/// The answer goes through the reply sequence.
async fn reply(processor: &ProcessorArtifact, endpoint: &str, mut answer: MessageContext) -> Outcome {
    answer.is_response = true;
    let Some(sequence) = sequence(processor, "message.processor.reply.sequence", &answer) else {
        tracing::error!(
            target: FORWARDING,
            "Failed to send the out message. Reply sequence does not Exist. Deactivated the message processor."
        );
        return Outcome::NoReplySequence;
    };
    if let Err(error) = answer.build().await {
        return failed(processor, endpoint, answer, Some(error)).await;
    }
    // MI sends the message again when the sequence ends with `drop`, `respond` or `send`, for ever; here a reply sequence
    // that ran to its end has taken the answer.
    match sequence.run_async(&mut answer).await {
        Ok(_) => Outcome::Delivered,
        Err(fault) => failed(processor, endpoint, answer, Some(fault)).await,
    }
}

/// The attempt failed; with a fault, the fault sequence runs.
async fn failed(
    processor: &ProcessorArtifact,
    endpoint: &str,
    mut message: MessageContext,
    fault: Option<Fault>,
) -> Outcome {
    tracing::error!(
        target: FORWARDING,
        "BlockingMessageSender of message processor [{}] failed to forward message to endpoint {endpoint}",
        processor.name
    );
    let Some(fault) = fault else { return Outcome::Failed };
    if processor.parameter("message.processor.fault.sequence").is_none() {
        return Outcome::Failed;
    }
    let Some(sequence) = sequence(processor, "message.processor.fault.sequence", &message) else {
        tracing::warn!(
            target: FORWARDING,
            "Failed to send the message through the fault sequence. Sequence name does not Exist."
        );
        return Outcome::Failed;
    };
    match engine::run_fault_sequence(&mut message, &fault, &sequence).await {
        Ok(_) => Outcome::Failed,
        Err(fault) => {
            tracing::error!(
                target: FORWARDING,
                "Message processor [{}] failed to send the message to client. {fault}", processor.name
            );
            Outcome::Abandoned
        }
    }
}

/// The sequence that a parameter names.
pub(super) fn sequence(
    processor: &ProcessorArtifact,
    parameter: &str,
    message: &MessageContext,
) -> Option<Arc<Sequence>> {
    message.configuration.find_sequence(processor.parameter(parameter)?)
}
