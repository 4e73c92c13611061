//! Steps of connector templates that cannot be run: `class` mediators, for which there is no JVM, and what cannot be read.

use crate::context::MessageContext;
use crate::fault::Fault;
use crate::mediator::{Mediation, Mediator, Nature};

/// What to do when an operation is Java.
pub(super) const INSTEAD: &str = "there is no JVM here; write it as a WebAssembly component for `wasm`, in JavaScript for `script`, or call the service itself";

/// Faults with this message. The library deploys all the same: its other operations run.
pub(super) struct Refused(String);

impl Refused {
    /// A step that faults with this message.
    pub(super) fn with(message: String) -> Self {
        Self(message)
    }

    /// A `class` mediator of a library's template.
    pub(super) fn class(class: &str) -> Self {
        Self(format!("The connector operation needs the Java class {class}: {INSTEAD}"))
    }
}

impl Mediator for Refused {
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
