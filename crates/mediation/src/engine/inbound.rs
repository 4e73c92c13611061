//! What inbound endpoints bring: requests on a port of their own (spec: tasks 4.8), and messages that a poller found (4.3).

use std::sync::Arc;

use mi_payload::java::JavaRegex;

use super::{handle, push_handler, run_flow};
use crate::context::{FaultHandler, MessageContext, Origin, OriginKind, RestPostfix};
use crate::fault::Fault;
use crate::names::Name;
use crate::sequence::{Sequence, SequenceRef};

/// What becomes of requests that an `http` or `https` inbound endpoint takes.
#[derive(Debug)]
pub struct HttpInbound {
    /// Its name, which is that of the listener for APIs that are bound to it.
    pub name: Arc<str>,
    /// The origin of messages that its sequence takes.
    pub origin: Arc<Origin>,
    /// `sequence`; `main` without one.
    pub sequence: Option<Name>,
    /// `onError`; the configuration's `fault` without one.
    pub on_error: Option<Name>,
    /// `dispatch.filter.pattern`: requests whose target it matches as a whole go to APIs and proxies.
    pub pattern: Option<JavaRegex>,
}

impl HttpInbound {
    /// An endpoint without filter.
    pub fn new(name: &str, sequence: Option<&str>, on_error: Option<&str>) -> Self {
        Self {
            name: name.into(),
            origin: Arc::new(Origin::new(OriginKind::Inbound, name)),
            sequence: sequence.map(Name::new),
            on_error: on_error.map(Name::new),
            pattern: None,
        }
    }
}

/// Runs the sequence of an endpoint; `main` when it has none, or when the dispatch says so.
pub(super) async fn mediate(context: &mut MessageContext, endpoint: &HttpInbound, by_main: bool) {
    let configuration = context.configuration.clone();
    let handler = endpoint.on_error.as_ref().and_then(|name| configuration.sequence(name));
    push_handler(context, FaultHandler::Inline(handler.unwrap_or_else(|| configuration.fault.clone())));
    context.rest_postfix = RestPostfix::OfRequest(0);
    let main = SequenceRef::Inline(configuration.main.clone());
    context.out_sequence = Some(main.clone());
    let own = endpoint.sequence.as_ref().filter(|_| !by_main);
    let sequence = own.and_then(|name| configuration.sequence(name)).map(SequenceRef::Inline);
    run_flow(context, Some(&sequence.unwrap_or(main))).await;
}

/// Injects a message that a poller found into a sequence. `on_error` takes the place of the sequence's own handler, for
/// this message, even when there is none.
///
/// # Errors
/// The fault that nobody handled.
pub async fn inject_polled(
    context: &mut MessageContext,
    sequence: &Sequence,
    on_error: Option<&Name>,
) -> Result<(), Fault> {
    let sequence =
        Sequence { name: sequence.name.clone(), mediators: sequence.mediators.clone(), on_error: on_error.cloned() };
    context.out_sequence = Some(SequenceRef::Inline(context.configuration.main.clone()));
    match sequence.run_async(context).await {
        Ok(_) => Ok(()),
        Err(fault) => handle(context, fault).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use mi_payload::value::Value;

    /// Runs `<sequence name='s'>` of these mediators, and gives the outcome and what property `seen` says afterwards.
    async fn polled(sequence: &str, on_error: Option<&str>) -> (Result<(), Fault>, Option<String>) {
        let handler = "<sequence name='h'><property name='seen' value='handled'/></sequence>";
        let thrower = "<sequence name='t'><throwError type='A' errorMessage='again'/></sequence>";
        let mut context = testing::context_of_artifacts(&[sequence, handler, thrower]);
        let sequence = context.configuration.find_sequence("s").expect("deployed");
        let result = inject_polled(&mut context, &sequence, on_error.map(Name::new).as_ref()).await;
        (result, context.properties.get("seen").map(Value::string_value).map(|text| text.into_owned()))
    }

    #[tokio::test]
    async fn a_handled_fault_is_no_fault() {
        let failing = "<sequence name='s'><throwError type='A' errorMessage='no'/></sequence>";
        let (result, seen) = polled(failing, Some("h")).await;
        assert!(result.is_ok());
        assert_eq!(seen.as_deref(), Some("handled"));
    }

    #[tokio::test]
    async fn without_a_handler_or_with_one_that_faults_the_poller_hears_of_it() {
        let failing = "<sequence name='s'><throwError type='A' errorMessage='no'/></sequence>";
        assert!(polled(failing, None).await.0.is_err());
        assert!(polled(failing, Some("absent")).await.0.is_err());
        let (result, _) = polled(failing, Some("t")).await;
        assert_eq!(result.expect_err("it throws again").first_line(), "again");
    }

    #[tokio::test]
    async fn the_handler_of_the_sequence_itself_is_replaced() {
        let failing = "<sequence name='s' onError='h'><throwError type='A' errorMessage='no'/></sequence>";
        assert!(polled(failing, None).await.0.is_err());
    }
}
