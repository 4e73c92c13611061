//! Requests for proxy services (spec: services 2.4 and 2.5).

use std::sync::Arc;

use super::{Continuation, handle_fault, push_handler, run_flow, scatter, settle};
use crate::configuration::Configuration;
use crate::context::{FaultHandler, MessageContext, Reply, RestPostfix};
use crate::endpoint::Sent;
use crate::mediator::Flow;
use crate::proxy::ProxyService;

/// The proxy that `/services` + `rest` addresses, and where in the request's target the rest of its path begins. Some are
/// for requests that an `inbound` endpoint took only.
pub(super) fn find(
    configuration: &Configuration,
    rest: &str,
    secure: bool,
    inbound: bool,
) -> Option<(Arc<ProxyService>, usize)> {
    let path = rest.strip_prefix('/')?;
    let end = path.find(['/', '?']).unwrap_or(path.len());
    let service = by_name(configuration, path, end)?;
    let reachable = if secure { service.0.https } else { service.0.http };
    let usable = reachable && service.0.is_running() && (inbound || !service.0.inbound_only);
    let start = 2 + configuration.settings.service_path.len() + service.1;
    usable.then(|| (service.0.clone(), start))
}

/// A service's name may be followed by the name of one of its endpoints (`Name.SOAP11Endpoint`).
fn by_name<'c>(configuration: &'c Configuration, path: &str, end: usize) -> Option<(&'c Arc<ProxyService>, usize)> {
    let name = &path[..end];
    if let Some(service) = configuration.proxies.get(name) {
        return Some((service, end));
    }
    let short = name.rsplit_once('.').map(|(short, _)| short)?;
    configuration.proxies.get(short).map(|service| (service, end))
}

/// Mediates a request for `service`.
pub(crate) async fn mediate(context: &mut MessageContext, service: &ProxyService, postfix_start: usize) {
    let global = FaultHandler::Inline(context.configuration.fault.clone());
    context.entry_handler.clone_from(&service.fault_handler);
    push_handler(context, service.fault_handler.clone().unwrap_or(global));
    let rest = context.request.as_ref().and_then(|request| request.target.get(postfix_start..));
    if rest.is_some_and(|rest| !rest.is_empty()) {
        context.rest_postfix = RestPostfix::OfRequest(postfix_start);
    }
    context.out_sequence.clone_from(&service.out_sequence);
    if run_flow(context, service.in_sequence.as_ref()).await != Some(Flow::Continue) {
        return;
    }
    // After a call the target endpoint is not visited again.
    let Some(endpoint) = service.endpoint.as_ref().filter(|_| !context.dispatched) else { return };
    match endpoint.send(context).await {
        Ok(Sent::Answered) => response_flow(context).await,
        Ok(Sent::NothingComes | Sent::Written) => {}
        Ok(Sent::Copies(recipients)) => scatter(recipients, &Continuation::Response(None)),
        Err(fault) => handle_fault(context, fault).await,
    }
}

/// Mediates the response to a `send`: the out-sequence, or straight back to the client.
pub(crate) async fn response_flow(context: &mut MessageContext) {
    context.is_response = true;
    let out = context.out_sequence.clone();
    let result = match &out {
        Some(sequence) => sequence.run(context).await,
        None => context.respond().await.map(|()| Flow::Stop),
    };
    settle(context, result).await;
    // An out-sequence that answers nobody leaves MI's client waiting; it gets what the flow made of the response. Of the
    // copies of a message one that says nothing is no answer: an aggregate may yet answer for all.
    if !matches!(context.reply, Reply::Shared { .. })
        && context.reply.is_open()
        && let Err(fault) = context.respond().await
    {
        handle_fault(context, fault).await;
    }
}
