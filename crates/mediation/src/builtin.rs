//! The sequences `main` and `fault` that exist when nobody deployed them (spec: services 3.2).

use std::sync::Arc;

use mi_xml::{Document, ParseOptions};

use crate::definition::{Definitions, Element, SYNAPSE_NAMESPACE};
use crate::environment::Environment;
use crate::mediator::MediatorList;
use crate::names::Name;
use crate::sequence::Sequence;
use crate::settings::MediationSettings;

/// Logs what nobody took and answers it with 404.
pub(crate) fn main_sequence(settings: &Arc<MediationSettings>, environment: &Arc<Environment>) -> Sequence {
    let body = r#"<log level="custom"><property name="main sequence executed for call to non-existent" expression="get-property('To')"/></log>
        <property name="NO_ENTITY_BODY" scope="axis2" value="true" type="BOOLEAN"/>
        <property name="HTTP_SC" scope="axis2" value="404"/>
        <respond/>"#;
    sequence("main", body, settings, environment)
}

/// Logs the fault and drops the message.
pub(crate) fn fault_sequence(settings: &Arc<MediationSettings>, environment: &Arc<Environment>) -> Sequence {
    let body = r#"<log level="full"><property name="MESSAGE" value="Executing default 'fault' sequence"/>
        <property name="ERROR_CODE" expression="get-property('ERROR_CODE')"/>
        <property name="ERROR_MESSAGE" expression="get-property('ERROR_MESSAGE')"/></log>
        <drop/>"#;
    sequence("fault", body, settings, environment)
}

fn sequence(name: &str, body: &str, settings: &Arc<MediationSettings>, environment: &Arc<Environment>) -> Sequence {
    let text = format!("<sequence xmlns='{SYNAPSE_NAMESPACE}'>{body}</sequence>");
    let definitions = Definitions::new(environment, settings);
    let parsed = Document::parse(text.as_bytes(), &ParseOptions::default()).ok().and_then(|document| {
        let root = document.root_element()?;
        Sequence::inline(Element::new(&document, root, "built in"), &definitions).ok()
    });
    // The texts above are constants that a test parses; should one be refused (access control may forbid `log`), an
    // empty sequence still lets every flow end.
    let mut sequence = parsed.unwrap_or_else(|| Sequence::of(MediatorList::default()));
    sequence.name = Some(Name::new(name));
    sequence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn both_are_well_made() {
        let environment = testing::environment();
        let settings = Arc::new(MediationSettings::default());
        assert_eq!(main_sequence(&settings, &environment).mediators.steps().len(), 4);
        assert_eq!(fault_sequence(&settings, &environment).mediators.steps().len(), 2);
    }
}
