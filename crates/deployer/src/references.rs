//! References between artifacts: who names whom, what is missing, and sequences that call themselves.

use std::collections::{BTreeMap, BTreeSet};

use mi_mediation::MediatorList;
use mi_mediation::mediator::{Reference, ReferenceKind};
use mi_mediation::sequence::SequenceRef;

use crate::artifact::Artifact;

/// Parameters of message processors that name sequences.
const SEQUENCES_OF_PROCESSORS: [&str; 4] = [
    "sequence",
    "message.processor.reply.sequence",
    "message.processor.fault.sequence",
    "message.processor.deactivate.sequence",
];

/// A reference and the line of the mediator that makes it; 0 when it is an attribute of the artifact itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// What is named.
    pub reference: Reference,
    /// Where.
    pub line: u32,
}

/// All references of an artifact.
pub fn of(artifact: &Artifact) -> Vec<Use> {
    let mut uses = Vec::new();
    match artifact {
        Artifact::Sequence(sequence) => {
            list(&sequence.mediators, &mut uses);
            named(sequence.on_error.as_ref().map(|name| name.as_str()), ReferenceKind::Sequence, &mut uses);
        }
        Artifact::SequenceTemplate(template) => list(&template.sequence.mediators, &mut uses),
        Artifact::Api(api) => {
            for resource in &api.resources {
                flow(resource.in_sequence.as_ref(), &mut uses);
                flow(resource.out_sequence.as_ref(), &mut uses);
            }
        }
        Artifact::Proxy(proxy) => {
            flow(proxy.in_sequence.as_ref(), &mut uses);
            flow(proxy.out_sequence.as_ref(), &mut uses);
            for name in proxy.endpoint.iter().flat_map(|endpoint| endpoint.names()) {
                named(Some(name.as_str()), ReferenceKind::Endpoint, &mut uses);
            }
        }
        Artifact::Endpoint(endpoint) => {
            named(endpoint.on_error.as_ref().map(|name| name.as_str()), ReferenceKind::Sequence, &mut uses);
            for name in endpoint.names() {
                named(Some(name.as_str()), ReferenceKind::Endpoint, &mut uses);
            }
        }
        Artifact::MessageProcessor(processor) => {
            named(Some(&processor.store), ReferenceKind::MessageStore, &mut uses);
            named(processor.target.as_deref(), ReferenceKind::Endpoint, &mut uses);
            for parameter in SEQUENCES_OF_PROCESSORS {
                named(processor.parameter(parameter), ReferenceKind::Sequence, &mut uses);
            }
        }
        Artifact::InboundEndpoint(endpoint) => {
            for name in [&endpoint.sequence, &endpoint.on_error] {
                named(name.as_ref().map(|name| name.as_str()), ReferenceKind::Sequence, &mut uses);
            }
        }
        Artifact::Library(_)
        | Artifact::Import(_)
        | Artifact::EndpointTemplate(_)
        | Artifact::LocalEntry(_)
        | Artifact::Task(_)
        | Artifact::MessageStore(_)
        | Artifact::PriorityExecutor(_)
        | Artifact::DataService(_)
        | Artifact::Definition => {}
    }
    uses
}

/// The lists of mediators of an artifact.
pub fn mediators(artifact: &Artifact) -> Vec<&MediatorList> {
    match artifact {
        Artifact::Sequence(sequence) => vec![&sequence.mediators],
        Artifact::SequenceTemplate(template) => vec![&template.sequence.mediators],
        Artifact::Api(api) => {
            let flows = api.resources.iter().flat_map(|resource| [&resource.in_sequence, &resource.out_sequence]);
            flows.flatten().filter_map(SequenceRef::inline_mediators).collect()
        }
        Artifact::Proxy(proxy) => {
            let flows = [&proxy.in_sequence, &proxy.out_sequence];
            flows.into_iter().flatten().filter_map(SequenceRef::inline_mediators).collect()
        }
        Artifact::Library(_)
        | Artifact::Import(_)
        | Artifact::Endpoint(_)
        | Artifact::EndpointTemplate(_)
        | Artifact::LocalEntry(_)
        | Artifact::Task(_)
        | Artifact::MessageStore(_)
        | Artifact::MessageProcessor(_)
        | Artifact::InboundEndpoint(_)
        | Artifact::PriorityExecutor(_)
        | Artifact::DataService(_)
        | Artifact::Definition => Vec::new(),
    }
}

fn named(name: Option<&str>, kind: ReferenceKind, uses: &mut Vec<Use>) {
    if let Some(name) = name {
        uses.push(Use { reference: Reference { kind, name: name.to_owned() }, line: 0 });
    }
}

fn flow(sequence: Option<&SequenceRef>, uses: &mut Vec<Use>) {
    let Some(sequence) = sequence else { return };
    if let Some(reference) = sequence.reference() {
        uses.push(Use { reference, line: 0 });
    }
    if let Some(mediators) = sequence.inline_mediators() {
        list(mediators, uses);
    }
}

fn list(mediators: &MediatorList, uses: &mut Vec<Use>) {
    for step in mediators.steps() {
        uses.extend(step.mediator.references().into_iter().map(|reference| Use { reference, line: step.line }));
        for inner in step.mediator.children() {
            list(inner, uses);
        }
    }
}

/// The sequences that `mediators` runs in any case: those that stand in the list itself, not in a branch.
pub fn unconditional(mediators: &MediatorList) -> BTreeSet<String> {
    let steps = mediators.steps().iter().filter(|step| step.mediator.name() == "sequence");
    let references = steps.flat_map(|step| step.mediator.references());
    references.filter(|reference| reference.kind == ReferenceKind::Sequence).map(|reference| reference.name).collect()
}

/// A way from `start` back to itself along `calls`, as the names on it.
pub fn cycle(start: &str, calls: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut path = vec![start.to_owned()];
    let mut seen = BTreeSet::new();
    search(start, start, calls, &mut seen, &mut path).then_some(path)
}

fn search(
    at: &str,
    goal: &str,
    calls: &BTreeMap<String, BTreeSet<String>>,
    seen: &mut BTreeSet<String>,
    path: &mut Vec<String>,
) -> bool {
    for next in calls.get(at).into_iter().flatten() {
        path.push(next.clone());
        if next == goal || (seen.insert(next.clone()) && search(next, goal, calls, seen, path)) {
            return true;
        }
        path.pop();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_way_back() {
        let calls = |pairs: &[(&str, &[&str])]| {
            let owned = pairs.iter().map(|(from, to)| {
                ((*from).to_owned(), to.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>())
            });
            owned.collect::<BTreeMap<_, _>>()
        };
        let graph = calls(&[("a", &["x", "b"]), ("b", &["c"]), ("c", &["a"]), ("x", &[])]);
        assert_eq!(cycle("a", &graph).map(|path| path.join(" > ")).as_deref(), Some("a > b > c > a"));
        assert_eq!(cycle("x", &graph), None);
        assert_eq!(cycle("s", &calls(&[("s", &["s"])])), Some(vec!["s".to_owned(), "s".to_owned()]));
    }
}
