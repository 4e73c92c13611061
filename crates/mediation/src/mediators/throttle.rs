//! `throttle`: how often and how many at once may come through (spec: EIP mediators 10). Limits are those of this node.

mod policy;
mod rate;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use mi_expression::ValueExpression;
use mi_payload::XmlFragment;
use mi_payload::value::Value;
use parking_lot::Mutex;

use super::MediatorType;
use crate::context::slots::Free;
use crate::context::{MessageContext, Scope};
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature, Reference, ReferenceKind};
use crate::sequence::SequenceRef;
use policy::{Access, Policy, Rule};
use rate::Window;

/// Syntax of `throttle`.
pub const SYNTAX: Syntax = Syntax {
    element: "throttle",
    summary: "Lets messages through as a policy allows: how many at once, and how often for an address or a domain. \
              Counts are kept on each node.",
    attributes: &[
        required("id", AttributeKind::Text, "Names the group; part of the key of its counters."),
        attribute("onAccept", AttributeKind::Key("sequence"), "Runs when the message may pass. Wins over the child."),
        attribute("onReject", AttributeKind::Key("sequence"), "Runs when it may not. Wins over the child."),
    ],
    children: &[
        child(
            "policy",
            Occurs::Optional,
            &[attribute("key", AttributeKind::Value, "A local entry or registry resource that holds the policy.")],
            Content::Xml,
            "The policy. One without a `MediatorThrottleAssertion` limits nothing.",
        ),
        child("onAccept", Occurs::Optional, &[], Content::Mediators, "Runs when the message may pass."),
        child(
            "onReject",
            Occurs::Optional,
            &[],
            Content::Mediators,
            "Runs when it may not; without it the flow ends without an answer.",
        ),
    ],
    example: "<throttle id=\"A\">\n    <policy key=\"conf:/policy/throttle.xml\"/>\n    <onAccept><sequence key=\"work\"/></onAccept>\n    <onReject><respond/></onReject>\n</throttle>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| Ok(Box::new(Throttle::parse(element, definitions)?)),
};

struct Throttle {
    id: String,
    source: Source,
    on_accept: Option<SequenceRef>,
    on_reject: Option<SequenceRef>,
    started: Instant,
}

enum Source {
    /// A throttle on the response path has no policy.
    None,
    Inline(Arc<Limits>),
    Key(ValueExpression, Mutex<Option<(Version, Arc<Limits>)>>),
}

/// What limits by key were made of.
#[derive(Clone)]
enum Version {
    Entry(Arc<XmlFragment>),
    Resource(String, u64),
}

/// A policy and what it has granted.
struct Limits {
    policy: Policy,
    free: Option<Arc<Free>>,
    /// By group, artifact and rule.
    windows: Mutex<HashMap<String, Window>>,
}

impl Limits {
    fn new(policy: Policy) -> Arc<Self> {
        let free = policy.concurrent.map(Free::new);
        Arc::new(Self { policy, free, windows: Mutex::default() })
    }
}

impl Throttle {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let id = element.required("id", "Idy attribute must have defined ")?;
        let source = match element.child("policy") {
            None => Source::None,
            Some(policy) => match policy.attribute("key") {
                Some(key) if key.trim().is_empty() => {
                    return Err(policy.attribute_error("key", "key attribute should have a value "));
                }
                Some(key) => Source::Key(policy.compile_value(key, "key")?, Mutex::default()),
                None => Source::Inline(Limits::new(Policy::parse(policy, definitions)?)),
            },
        };
        Ok(Self {
            id: id.to_owned(),
            source,
            on_accept: SequenceRef::attribute_or_child(element, "onAccept", "onAccept", definitions)?,
            on_reject: SequenceRef::attribute_or_child(element, "onReject", "onReject", definitions)?,
            started: Instant::now(),
        })
    }

    fn limits(&self, context: &MessageContext) -> Result<Option<Arc<Limits>>, Fault> {
        match &self.source {
            Source::None => Ok(None),
            Source::Inline(limits) => Ok(Some(Arc::clone(limits))),
            Source::Key(key, last) => {
                let key = key.evaluate(context)?.unwrap_or_default();
                by_key(context, &key, last).map(Some)
            }
        }
    }

    /// Whether the message may pass; it holds a slot then, if there are any.
    fn admits(&self, context: &mut MessageContext, now: u64) -> Result<bool, Fault> {
        let Some(limits) = self.limits(context)? else { return Ok(true) };
        let slot = match limits.free.as_ref().map(Free::take) {
            Some(None) => None,
            taken => Some(taken.flatten()),
        };
        let admitted = match slot {
            Some(slot) if self.rate(context, &limits, now) => {
                if let Some(slot) = slot {
                    context.slots.hold(slot);
                }
                true
            }
            // A slot that was taken is given back where it is dropped.
            _ => false,
        };
        if limits.free.is_some() {
            context.properties.set("synapse.concurrency.throttle", Value::Boolean(true));
            context
                .properties
                .set("synapse.concurrency.throttle.key", Value::from(format!("throttle_{}_cac_key", self.id)));
        }
        context.properties.set("synapse.is.concurrent.access.allowed", Value::Boolean(admitted));
        Ok(admitted)
    }

    fn rate(&self, context: &MessageContext, limits: &Limits, now: u64) -> bool {
        let Some(rule) = rule(context, &limits.policy) else { return true };
        match rule.access {
            Access::Allowed => true,
            Access::Denied => {
                tracing::info!(
                    target: "org.apache.synapse.commons.throttle.core.AccessRateController",
                    "You cannot access this service since you have been prohibited permanently."
                );
                false
            }
            Access::Limited(limit) => {
                let artifact = context.property(Scope::Default, "ARTIFACT_NAME");
                let artifact = artifact.as_ref().map(|name| name.string_value()).unwrap_or_default();
                let key = format!("{}{artifact}_{}", self.id, rule.id);
                let granted = limits.windows.lock().entry(key).or_default().grants(&limit, now);
                if !granted {
                    tracing::info!(
                        target: "org.apache.synapse.commons.throttle.core.AccessRateController",
                        "You cannot access this service since you have exceeded the allocated quota."
                    );
                }
                granted
            }
        }
    }

    /// The sequence for a message, and whether it goes on without one; `None` on the way back.
    fn branch(&self, context: &mut MessageContext) -> Result<(Option<&SequenceRef>, Flow), Fault> {
        if context.is_response {
            return Ok((None, Flow::Continue));
        }
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (branch, word, otherwise) = if self.admits(context, now)? {
            (&self.on_accept, "onAccept", Flow::Continue)
        } else {
            (&self.on_reject, "onReject", Flow::Stop)
        };
        if let Some(SequenceRef::Named(name)) = branch
            && context.configuration.sequence(name).is_none()
        {
            return Err(Fault::new(format!("Unable to find {word} sequence with key : {}", name.as_str())));
        }
        Ok((branch.as_ref(), otherwise))
    }

    fn branches(&self) -> impl Iterator<Item = &SequenceRef> {
        self.on_accept.iter().chain(&self.on_reject)
    }
}

/// The rule for whoever sent the message: by domain if one fits, else by address. Without a rule all is allowed.
fn rule<'p>(context: &MessageContext, policy: &'p Policy) -> Option<&'p Rule> {
    let peer = || context.request.as_ref()?.peer.map(|peer| peer.ip().to_string());
    if !policy.domains.is_empty() {
        let domain = context.header_text("X-Forwarded-Host").map(std::borrow::Cow::into_owned).or_else(peer);
        if let Some(rule) = domain.and_then(|domain| policy.of_domain(&domain)) {
            return Some(rule);
        }
    }
    let forwarded = context.header_text("X-Forwarded-For").filter(|addresses| !addresses.is_empty());
    let address = match forwarded {
        Some(addresses) => Some(addresses.split(',').next().unwrap_or("").to_owned()),
        None => peer(),
    };
    policy.of_address(&address?)
}

/// The limits of a policy by key: made when it is first needed and again when it has changed.
fn by_key(
    context: &MessageContext,
    key: &str,
    last: &Mutex<Option<(Version, Arc<Limits>)>>,
) -> Result<Arc<Limits>, Fault> {
    let configuration = &context.configuration;
    let no_element = || Fault::new(format!("Policy returned from key : {key} is not an OMElement"));
    let version = match configuration.local_entries.find(key).map(|entry| &entry.value) {
        Some(Value::Xml(fragment)) => Version::Entry(Arc::clone(fragment)),
        Some(_) => return Err(no_element()),
        None => {
            let resource = configuration.environment.resources.read(key);
            let resource =
                resource.ok_or_else(|| Fault::new(format!("Cannot find throttling policy using key : {key}")))?;
            Version::Resource(key.to_owned(), resource.version)
        }
    };
    if let Some((known, limits)) = &*last.lock() {
        let same = match (known, &version) {
            (Version::Entry(known), Version::Entry(now)) => Arc::ptr_eq(known, now),
            (Version::Resource(key, version), Version::Resource(now, current)) => key == now && version == current,
            _ => false,
        };
        if same {
            return Ok(Arc::clone(limits));
        }
    }
    let fragment = match &version {
        Version::Entry(fragment) => Arc::clone(fragment),
        Version::Resource(..) => match configuration.entry(key) {
            Some(Value::Xml(fragment)) => fragment,
            _ => return Err(no_element()),
        },
    };
    let definitions = Definitions::new(&configuration.environment, &configuration.settings);
    let element = Element::new(fragment.document(), fragment.node(), key);
    let policy =
        Policy::parse(element, &definitions).map_err(|error| Fault::new(error.message()).detail(error.to_string()))?;
    let limits = Limits::new(policy);
    *last.lock() = Some((version, Arc::clone(&limits)));
    Ok(limits)
}

impl Mediator for Throttle {
    fn name(&self) -> &'static str {
        "throttle"
    }

    fn nature(&self) -> Nature {
        self.branches().fold(Nature::PLAIN, |nature, branch| nature.around(branch.nature()))
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        match self.branch(context)? {
            (Some(branch), _) => branch.resolve(context)?.run(context),
            (None, flow) => Ok(flow),
        }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            match self.branch(context)? {
                (Some(branch), _) => branch.run(context).await,
                (None, flow) => Ok(flow),
            }
        })
    }

    fn children(&self) -> Vec<&MediatorList> {
        self.branches().filter_map(SequenceRef::inline_mediators).collect()
    }

    fn references(&self) -> Vec<Reference> {
        let policy = match &self.source {
            Source::Key(ValueExpression::Literal(key), _) => {
                Some(Reference { kind: ReferenceKind::Entry, name: key.to_string() })
            }
            _ => None,
        };
        self.branches().filter_map(SequenceRef::reference).chain(policy).collect()
    }
}

#[cfg(test)]
mod tests;
