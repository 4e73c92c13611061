//! Endpoints that send: readiness, time limits, what failures do to the state (spec: services 4.6 and 4.7).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use mi_expression::Expression;
use mi_payload::value::Value;
use mi_payload::{Body, Charset, Packaging, Payload};
use parking_lot::Mutex;

use super::state::{Machine, Rules, Status, Transition};
use super::ws_addressing::AddressingVersion;
use super::{Authentication, Endpoint, EndpointKind, Sent, answer, local, request};
use crate::context::{MessageContext, Response, To};
use crate::fault::{Fault, codes};
use crate::outgoing::SendError;

const LOGGER: &str = "org.apache.synapse.endpoints.EndpointContext";

/// The wire format that an endpoint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndpointFormat {
    /// As the message came.
    #[default]
    AsIs,
    /// A SOAP 1.1 envelope.
    Soap11,
    /// A SOAP 1.2 envelope.
    Soap12,
    /// The payload alone, as XML.
    Pox,
    /// GET with the payload as query.
    Get,
    /// The REST flag only.
    Rest,
}

impl EndpointFormat {
    /// Whether the message must be built for it.
    pub fn builds(self) -> bool {
        !matches!(self, Self::AsIs | Self::Rest)
    }
}

/// What happens when no answer comes in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeoutAction {
    /// Nothing is configured: the fault handler runs, where MI would leave the client waiting for ever.
    #[default]
    None,
    /// The fault handler runs.
    Fault,
    /// The message ends here, without a fault handler.
    Discard,
}

/// What all endpoints that send have in common.
#[derive(Debug)]
pub struct Leaf {
    /// The word for its kind in messages about it.
    pub label: &'static str,
    /// The wire format.
    pub format: EndpointFormat,
    /// `optimize`: how envelopes travel; `None` leaves it to the message.
    pub packaging: Option<Packaging>,
    /// `encoding`: the character set of the request.
    pub charset: Option<Charset>,
    /// `enableAddressing`
    pub addressing: Option<AddressingVersion>,
    /// `timeout/duration`: milliseconds, or an expression that gives them.
    pub duration: Option<TimeLimit>,
    /// `timeout/responseAction`
    pub action: TimeoutAction,
    /// When it is suspended.
    pub rules: Rules,
    state: State,
}

/// A time limit.
#[derive(Debug)]
pub enum TimeLimit {
    /// Fixed.
    Fixed(Duration),
    /// Worked out for each message; capped by the global limit.
    Dynamic(Expression),
}

/// The state machine, with a mark beside it that says "active": then nobody needs the lock.
#[derive(Debug)]
struct State {
    active: AtomicBool,
    machine: Mutex<Machine>,
}

impl Leaf {
    /// A leaf with these rules.
    pub fn new(
        label: &'static str,
        format: EndpointFormat,
        duration: Option<TimeLimit>,
        action: TimeoutAction,
        rules: Rules,
    ) -> Self {
        let state = State { active: AtomicBool::new(true), machine: Mutex::new(Machine::new(&rules)) };
        Self { label, format, packaging: None, charset: None, addressing: None, duration, action, rules, state }
    }

    /// Its state.
    pub fn status(&self) -> Status {
        self.state.machine.lock().status()
    }

    /// Whether a message may be sent now.
    pub fn is_ready(&self) -> bool {
        self.state.active.load(Ordering::Acquire) || self.state.machine.lock().is_ready(Instant::now())
    }

    /// Switches it on or off by hand.
    pub fn switch(&self, on: bool) {
        let mut machine = self.state.machine.lock();
        machine.switch(on, &self.rules);
        self.state.active.store(on, Ordering::Release);
    }

    fn succeeded(&self, name: &str) {
        if self.state.active.load(Ordering::Acquire) {
            return;
        }
        let mut machine = self.state.machine.lock();
        let before = machine.succeed(&self.rules);
        self.state.active.store(machine.status() == Status::Active, Ordering::Release);
        drop(machine);
        if let Some(before) = before {
            tracing::info!(
                target: LOGGER,
                "Endpoint : {name} currently {} will now be marked active since it processed its last message",
                before.label()
            );
        }
    }

    fn failed(&self, code: i32, name: &str, address: &str) {
        let mut machine = self.state.machine.lock();
        let transition = machine.fail(code, Instant::now(), &self.rules);
        self.state.active.store(machine.status() == Status::Active, Ordering::Release);
        drop(machine);
        log_transition(transition, name, address);
    }

    fn time_limit(&self, context: &MessageContext) -> Result<Duration, Fault> {
        let global = context.configuration.settings.global_timeout;
        match &self.duration {
            None => Ok(global),
            Some(TimeLimit::Fixed(duration)) => Ok(*duration),
            Some(TimeLimit::Dynamic(expression)) => {
                let text = expression.evaluate_string(context)?.unwrap_or_default();
                Ok(text.trim().parse().map_or(global, |millis: f64| Duration::from_millis(millis as u64).min(global)))
            }
        }
    }
}

fn log_transition(transition: Transition, name: &str, address: &str) {
    match transition {
        Transition::Unchanged => {}
        Transition::Marked { retries_left, delay } => tracing::warn!(
            target: LOGGER,
            "Endpoint : {name} with address {address} is marked as TIMEOUT and will be retried : {} more time/s after : {}ms until its marked SUSPENDED for failure",
            retries_left + 1, delay.as_millis()
        ),
        Transition::Suspended { duration, last, after_retries } => {
            if after_retries {
                tracing::info!(
                    target: LOGGER,
                    "Endpoint : {name} with address {address} has been marked for SUSPENSION, but no further retries remain. Thus it will be SUSPENDED."
                );
            }
            tracing::warn!(target: LOGGER, "Endpoint : {name} with address {address} will be marked SUSPENDED as it failed");
            let last = last.map_or_else(
                || format!("current suspend duration is : {}ms", duration.as_millis()),
                |last| {
                    let (last, now) = (last.as_millis(), duration.as_millis());
                    format!("last suspend duration was : {last}ms and current suspend duration is : {now}ms")
                },
            );
            let next = chrono::Local::now() + chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX);
            tracing::warn!(
                target: LOGGER,
                "Suspending endpoint : {name} with address {address} - {last} - Next retry after : {}",
                next.format("%a %b %d %H:%M:%S %Z %Y")
            );
        }
    }
}

/// Sends the message to the leaf `endpoint`.
pub(super) async fn send(endpoint: &Endpoint, context: &mut MessageContext) -> Result<Sent, Fault> {
    let Some(leaf) = endpoint.leaf() else { return Ok(Sent::NothingComes) };
    let name = endpoint.display_name();
    if !leaf.is_ready() {
        let status = leaf.status().label();
        let comma = if leaf.label == "HTTP" { "," } else { " ," };
        return Err(Fault::with_code(
            codes::ENDPOINT_NOT_READY,
            format!("Currently{comma} {} endpoint : [ Name : {name} ] [ State : {status} ]", leaf.label),
        ));
    }
    if let EndpointKind::Wsdl(wsdl) = &endpoint.kind {
        // What few messages need is boxed here and below: it must not make the future of all larger.
        Box::pin(wsdl.locate(name, context)).await?;
    }
    let url = match context.axis2.text("TransportURL") {
        Some(url) => url.into_owned(),
        None => address(endpoint, context)?,
    };
    let limit = leaf.time_limit(context)?;
    let one_way = context.properties.is_true("OUT_ONLY");
    let (forced_method, authentication) = match &endpoint.kind {
        EndpointKind::Http(http) => (http.method.clone(), http.authentication.as_ref()),
        _ => (None, None),
    };
    if authentication.is_some_and(Authentication::may_repeat) {
        context.hold().await?;
    }
    let is_file = url.starts_with(request::FILES);
    let held = if is_file { context.hold().await? } else { None };
    let prepared = request::prepare(context, leaf, forced_method, url, limit)?;
    let rest = prepared.rest;
    let address = prepared.outgoing.url.clone();
    if let Some(held) = held {
        // The flow goes on with the message as it was.
        context.payload = Payload::Unread(Body::Full(held));
    }
    if is_file {
        // That it could not be written is heard at once, one way or not.
        return match context.configuration.environment.files.write(prepared.outgoing).await {
            Ok(()) => {
                leaf.succeeded(name);
                Ok(Sent::Written)
            }
            Err(error) => fail(leaf, name, &address, context, &error, limit),
        };
    }
    if one_way {
        let mut outgoing = prepared.outgoing;
        if let Some(authentication) = authentication {
            Box::pin(authentication.authorize(name, context, &mut outgoing)).await?;
        }
        send_one_way(endpoint, context, outgoing);
        return Ok(Sent::NothingComes);
    }
    context.dispatched = true;
    let exchanged = match authentication {
        None => local::exchange(&context.configuration, prepared.outgoing).await,
        Some(authentication) => Box::pin(authentication.exchange(name, context, prepared.outgoing)).await?,
    };
    match exchanged {
        Ok(received) => {
            leaf.succeeded(name);
            answer::become_answer(context, received, rest);
            if context.properties.is_true("FORCE_ERROR_ON_SOAP_FAULT") {
                context.build().await?;
                if context.payload.is_fault() {
                    leaf.failed(codes::SOAP_FAULT, name, &address);
                    return Err(Fault::with_code(codes::SOAP_FAULT, "The response is a SOAP fault"));
                }
            }
            Ok(Sent::Answered)
        }
        Err(error) => fail(leaf, name, &address, context, &error, limit),
    }
}

fn fail(
    leaf: &Leaf,
    name: &str,
    address: &str,
    context: &mut MessageContext,
    error: &SendError,
    limit: Duration,
) -> Result<Sent, Fault> {
    let code = error.code();
    if error.timed_out {
        log_expiry(name, address, context, limit);
    }
    leaf.failed(code, name, address);
    if leaf.action == TimeoutAction::Discard {
        tracing::warn!(
            target: "org.apache.synapse.endpoints.AbstractEndpoint",
            "Ignoring fault handlers since the timeout action is set to DISCARD"
        );
        // MI leaves the client waiting for its own time limit.
        let _ = context.reply.answer(Response::empty(StatusCode::GATEWAY_TIMEOUT));
        return Ok(Sent::NothingComes);
    }
    let fault = Fault::with_code(code, error.message.clone()).detail(error.detail.clone());
    let fault = fault.property("SENDING_FAULT", Value::Boolean(true));
    let fault = fault.property("BASE_ERROR_CODE", Value::Integer(error.base_code));
    let fault = fault.property("PROTOCOL_STATE_ON_FAILURE", Value::Integer(error.state));
    // The handler sees an empty payload then; a group that tries another child still has the request's.
    Err(if error.timed_out { fault.without_payload() } else { fault })
}

fn log_expiry(name: &str, address: &str, context: &MessageContext, limit: Duration) {
    let by = if limit == context.configuration.settings.global_timeout { "GLOBAL_TIMEOUT" } else { "ENDPOINT_TIMEOUT" };
    tracing::warn!(
        target: "org.apache.synapse.core.axis2.TimeoutHandler",
        "Expiring message ID : {}; dropping message after {by} of : {} seconds for Endpoint [{name}], URI : {address}, Received through {} Correlation ID : {}",
        context.message_id(),
        limit.as_secs(),
        received_through(context),
        context.correlation_id().map_or("", |id| id)
    );
}

fn received_through(context: &MessageContext) -> String {
    use crate::context::OriginKind;
    let kind = match context.origin.kind {
        OriginKind::Api => "API",
        OriginKind::Proxy => "Proxy Service",
        OriginKind::Inbound => "Inbound Endpoint",
        OriginKind::Task | OriginKind::Main => return String::new(),
    };
    format!("{kind} : {}", context.origin.name)
}

/// Sends and lets go: nobody waits, a failure is only logged.
fn send_one_way(endpoint: &Endpoint, context: &MessageContext, outgoing: crate::outgoing::Outgoing) {
    let configuration = context.configuration.clone();
    let (name, address) = (endpoint.display_name().to_owned(), outgoing.url.clone());
    crate::environment::spawn(async move {
        match local::exchange(&configuration, outgoing).await {
            // Reading the answer to its end leaves the connection fit for the next message.
            Ok(answer) => drop(answer.body.collect(1 << 20).await),
            Err(error) => tracing::warn!(
                target: "org.apache.synapse.core.axis2.Axis2Sender",
                "One-way message to endpoint {name} ({address}) was not delivered: {error}: {}", error.detail
            ),
        }
    });
}

/// Where the message goes.
fn address(endpoint: &Endpoint, context: &mut MessageContext) -> Result<String, Fault> {
    Ok(match &endpoint.kind {
        EndpointKind::Http(http) => {
            let url = http.template.expand(context);
            context.endpoint_address = Some(url.clone());
            match http.method {
                Some(_) => url.to_string(),
                None => request::with_postfix(context, http.leaf.format, &url),
            }
        }
        EndpointKind::Address(address) => {
            let url = address.uri.expand(context);
            context.endpoint_address = Some(url.clone());
            request::with_postfix(context, address.leaf.format, &url)
        }
        EndpointKind::Wsdl(wsdl) => {
            request::with_postfix(context, wsdl.leaf.format, wsdl.address().unwrap_or_default())
        }
        EndpointKind::Member(member) => match member.address(context) {
            Some(url) => match context.addressing.to {
                To::Address(_) | To::Anonymous => request::to_address(context, &url),
                _ => url,
            },
            None => {
                let message =
                    format!("Currently , Address endpoint : [ Name : {} ] has no port for the transport", member.host);
                return Err(Fault::with_code(codes::ENDPOINT_NOT_READY, message));
            }
        },
        _ => match context.to_address() {
            Some(to) if to != crate::context::ANONYMOUS && !to.is_empty() => request::to_address(context, to),
            _ => {
                let message =
                    format!("Currently , Default endpoint : [ Name : {} ] has no address", endpoint.display_name());
                return Err(Fault::with_code(codes::ENDPOINT_NOT_READY, message));
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use crate::configuration::Configuration;
    use crate::environment::{Environment, FileSender, NoResources};
    use crate::mediator::BoxFuture;
    use crate::outgoing::{Outgoing, SendError};
    use crate::testing;

    /// Keeps what is written, as URL and content; what is for `full` fails.
    #[derive(Clone, Default)]
    struct Files(Arc<Mutex<Vec<(String, String)>>>);

    impl FileSender for Files {
        fn write(&self, request: Outgoing) -> BoxFuture<'static, Result<(), SendError>> {
            let kept = self.0.clone();
            Box::pin(async move {
                if request.url.ends_with("full") {
                    let message = "Error while writing the file".to_owned();
                    return Err(SendError {
                        base_code: 101_503,
                        state: 0,
                        message,
                        detail: String::new(),
                        timed_out: false,
                    });
                }
                let content = request.body.collect(1 << 20).await.expect("readable");
                kept.lock().expect("no panic").push((request.url, String::from_utf8_lossy(&content).into_owned()));
                Ok(())
            })
        }
    }

    #[tokio::test]
    async fn what_is_written_into_a_file_stays_the_message() {
        let files = Files::default();
        let mut environment = Environment::new(Box::new(testing::Loop), Box::new(NoResources));
        environment.files = Box::new(files.clone());
        let environment = Arc::new(environment);
        for one_way in ["true", "false"] {
            let mut context = testing::context_with("text/plain", b"x");
            context.configuration = Arc::new(Configuration::empty(Default::default(), environment.clone()));
            context.method = Some(http::Method::GET);
            let flow = format!(
                "<property name='OUT_ONLY' value='{one_way}'/><call><endpoint><address uri='vfs:file:///out'/></endpoint>\
                 </call><property name='after' value='yes'/>"
            );
            testing::run_in(&environment, &flow, &mut context).await.expect("written");
            assert_eq!(context.properties.text("after").as_deref(), Some("yes"), "the flow goes on");
            context.build().await.expect("text");
            assert_eq!(testing::body(&context), "x");
            let written = files.0.lock().expect("no panic").pop().expect("one");
            assert_eq!(written, ("vfs:file:///out".to_owned(), "x".to_owned()), "whatever the method of the request");
        }
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_a_fault_one_way_too() {
        let mut environment = Environment::new(Box::new(testing::Loop), Box::new(NoResources));
        environment.files = Box::new(Files::default());
        let environment = Arc::new(environment);
        let mut context = testing::context_with("text/plain", b"x");
        context.configuration = Arc::new(Configuration::empty(Default::default(), environment.clone()));
        let flow = "<property name='OUT_ONLY' value='true'/><call><endpoint><address uri='vfs:file:///full'/></endpoint></call>";
        let fault = testing::run_in(&environment, flow, &mut context).await.expect_err("full");
        assert_eq!(fault.code(), Some(101_503));
    }
}
