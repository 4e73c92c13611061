//! Steps of connector templates that cannot be run: `class` mediators, for which there is no JVM.

use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Mediation, Mediator, Nature};
use crate::context::MessageContext;

/// Faults with this message. The library deploys all the same: its other operations run.
pub(super) struct Fails(pub(super) String);

/// Reads a `class` mediator of a library's template.
///
/// # Errors
/// When it names no class.
pub(in crate::mediators) fn parse(
    element: Element<'_>,
    _definitions: &Definitions<'_>,
) -> Result<Box<dyn Mediator>, DeployError> {
    let class = element.required("name", "The name of the actual mediator class is a required attribute")?;
    Ok(Box::new(Fails(format!("The connector operation needs the Java class {class}, and there is no JVM here"))))
}

impl Mediator for Fails {
    fn name(&self) -> &'static str {
        "class"
    }

    fn nature(&self) -> Nature {
        Nature::PLAIN
    }

    fn mediate(&self, _context: &mut MessageContext) -> Mediation {
        Err(Fault::new(self.0.clone()))
    }
}
