//! Whether an endpoint takes messages now: what groups ask of their children (spec: services 4.7 to 4.9).

use std::sync::Arc;

use super::{Endpoint, EndpointKind};
use crate::context::MessageContext;

/// The endpoints that a question came through, innermost first: one that leads back to itself is never ready.
struct Trail<'a> {
    endpoint: &'a Endpoint,
    from: Option<&'a Self>,
}

impl Endpoint {
    /// Whether a message may be sent to it now: its state, or that of the endpoints that it stands for. An endpoint
    /// that is missing is not ready.
    pub fn is_ready(&self, context: &MessageContext) -> bool {
        is_ready(self, context, None)
    }

    /// The endpoint that this one stands for, as far as it can be told; itself when it is a leaf or a group.
    pub(super) fn stands_for(self: &Arc<Self>, context: &MessageContext) -> Option<Arc<Self>> {
        let mut endpoint = self.clone();
        for _ in 0..super::MAX_INDIRECTIONS {
            match endpoint.next(context) {
                Ok(Some(next)) => endpoint = next,
                Ok(None) => return Some(endpoint),
                Err(_) => return None,
            }
        }
        None
    }
}

fn is_ready(endpoint: &Endpoint, context: &MessageContext, from: Option<&Trail<'_>>) -> bool {
    let seen = std::iter::successors(from, |trail| trail.from);
    if seen.map(|trail| trail.endpoint).any(|seen| std::ptr::eq(seen, endpoint)) {
        return false;
    }
    let trail = Trail { endpoint, from };
    let any = |children: &[Arc<Endpoint>]| children.iter().any(|child| is_ready(child, context, Some(&trail)));
    match &endpoint.kind {
        EndpointKind::Failover(group) => any(&group.children),
        EndpointKind::LoadBalance(group) => any(&group.children),
        EndpointKind::RecipientList(group) => group.is_dynamic() || any(group.children()),
        _ => match endpoint.leaf() {
            Some(leaf) => leaf.is_ready(),
            None => match endpoint.next(context) {
                Ok(Some(next)) => is_ready(&next, context, Some(&trail)),
                Ok(None) | Err(_) => false,
            },
        },
    }
}
