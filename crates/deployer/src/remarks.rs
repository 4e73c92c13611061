//! What deserves a look about artifacts that are all well made: mediators that never run, artifacts that nobody uses.

use mi_mediation::MediatorList;
use mi_mediation::context::FaultHandler;
use mi_mediation::sequence::SequenceRef;

use crate::artifact::{Artifact, Named};
use crate::kind::Kind;

/// All remarks about these artifacts, `FILE:LINE: text` each.
pub fn about(artifacts: &[Named]) -> Vec<String> {
    let mut remarks = Vec::new();
    for named in artifacts {
        for list in lists(&named.artifact) {
            unreachable(list, named, &mut remarks);
        }
    }
    remarks.extend(artifacts.iter().filter(|named| !is_used(named, artifacts)).map(|named| {
        let (file, line, word, name) = (&named.file, named.line, named.kind.word(), &named.name);
        format!("{file}:{line}: {word} {name} is not used: no other artifact names it")
    }));
    remarks
}

/// The lists of mediators that an artifact itself has.
fn lists(artifact: &Artifact) -> Vec<&MediatorList> {
    match artifact {
        Artifact::Sequence(sequence) => vec![&sequence.mediators],
        Artifact::SequenceTemplate(template) => vec![&template.sequence.mediators],
        Artifact::Api(api) => {
            let parts = api.resources.iter().flat_map(|resource| {
                let flows = [resource.in_sequence.as_ref(), resource.out_sequence.as_ref()];
                flows
                    .into_iter()
                    .flatten()
                    .filter_map(SequenceRef::inline_mediators)
                    .chain(of_handler(&resource.fault_handler))
            });
            parts.collect()
        }
        Artifact::Proxy(proxy) => {
            let flows = [proxy.in_sequence.as_ref(), proxy.out_sequence.as_ref()].into_iter().flatten();
            flows.filter_map(SequenceRef::inline_mediators).chain(of_handler(&proxy.fault_handler)).collect()
        }
        _ => Vec::new(),
    }
}

fn of_handler(handler: &Option<FaultHandler>) -> Option<&MediatorList> {
    match handler {
        Some(FaultHandler::Inline(sequence)) => Some(&sequence.mediators),
        Some(FaultHandler::Named(_)) | None => None,
    }
}

/// Notes the first mediator of each list that stands after one that ends the flow.
fn unreachable(list: &MediatorList, named: &Named, remarks: &mut Vec<String>) {
    let steps = list.steps();
    for (step, next) in steps.iter().zip(steps.iter().skip(1)) {
        if step.mediator.ends_flow() {
            remarks.push(format!(
                "{}:{}: '{}' never runs: '{}' on line {} ends the flow",
                named.file,
                next.line,
                next.mediator.name(),
                step.mediator.name(),
                step.line
            ));
            break;
        }
    }
    for step in steps {
        for inner in step.mediator.children() {
            unreachable(inner, named, remarks);
        }
    }
}

/// Whether it is of a kind that runs by itself, or the definition of another artifact mentions its name. An expression may
/// still make the name of an artifact that nobody mentions.
fn is_used(named: &Named, artifacts: &[Named]) -> bool {
    let by_name =
        matches!(named.kind, Kind::Endpoint | Kind::Sequence | Kind::Template | Kind::MessageStore | Kind::LocalEntry);
    if !by_name || matches!(&*named.name, "main" | "fault") {
        return true;
    }
    let others = artifacts.iter().filter(|other| other.kind != named.kind || other.name != named.name);
    others.into_iter().any(|other| mentions(&other.definition, &named.name))
}

/// Whether `name` stands in `text` as a whole word.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;
    use mi_mediation::environment::{Environment, HttpSender, NoResources};
    use mi_mediation::mediator::BoxFuture;
    use mi_mediation::outgoing::{Answer, Outgoing, SendError};
    use mi_mediation::{Definitions, Element, MediationSettings};
    use std::sync::Arc;

    struct NoClient;

    impl HttpSender for NoClient {
        fn send(&self, _request: Outgoing) -> BoxFuture<'static, Result<Answer, SendError>> {
            Box::pin(std::future::pending())
        }
    }

    fn artifacts(texts: &[&str]) -> Vec<Named> {
        let environment = Arc::new(Environment::new(Box::new(NoClient), Box::new(NoResources)));
        let settings = Arc::new(MediationSettings::default());
        let definitions = Definitions::new(&environment, &settings);
        let read = |text: &&str| {
            let end = text.find(' ').expect("attributes");
            let text = format!("{} xmlns='http://ws.apache.org/ns/synapse'{}", &text[..end], &text[end..]);
            let document = load::parse(text.as_bytes(), "f.xml").expect("well formed");
            let element = Element::new(&document, document.root_element().expect("a root"), "f.xml");
            let kind = Kind::of_element(element.local()).expect("a kind");
            crate::artifact::read(kind, element, &definitions, &load::fetch).expect("well made")
        };
        texts.iter().map(read).collect()
    }

    #[test]
    fn mediators_after_an_end_are_found_wherever_they_stand() {
        let found = about(&artifacts(&[
            "<sequence name='main'>\n<respond/>\n<log/>\n<drop/></sequence>",
            "<api name='a' context='/a'><resource><inSequence><filter source='1' regex='1'><then>\n<drop/>\n<log/></then></filter>\
             <respond/></inSequence><faultSequence>\n<drop/><log/></faultSequence></resource></api>",
        ]));
        assert_eq!(
            found,
            [
                "f.xml:3: 'log' never runs: 'respond' on line 2 ends the flow",
                "f.xml:3: 'log' never runs: 'drop' on line 2 ends the flow",
                "f.xml:4: 'log' never runs: 'drop' on line 4 ends the flow",
            ]
        );
    }

    #[test]
    fn artifacts_that_nobody_names_are_found() {
        let found = about(&artifacts(&[
            "<sequence name='main'><sequence key='used'/><call><endpoint key='E'/></call></sequence>",
            "<sequence name='used'/>",
            "<sequence name='use'/>",
            "<endpoint name='E'><address uri='http://x'/></endpoint>",
            "<endpoint name='F'><address uri='http://x/F.html'/></endpoint>",
        ]));
        assert_eq!(
            found,
            [
                "f.xml:1: Sequence use is not used: no other artifact names it",
                "f.xml:1: Endpoint F is not used: no other artifact names it",
            ]
        );
    }
}
