//! The state that somebody gave an artifact while the server ran: it is kept in the registry, as a property of a resource
//! that is the artifact's, and outlasts a restart (spec: tasks 0.2).

use mi_mediation::Configuration;

/// What the registry says of an artifact that nobody has given a state.
const INITIAL: &str = "INITIAL";

/// Where the states of one kind of artifacts are.
pub(crate) struct KeptState {
    /// The last part of the folder in which each artifact has a resource.
    pub(crate) folder: &'static str,
    /// The name of the property.
    pub(crate) property: &'static str,
}

impl KeptState {
    /// The state of an artifact, if it was ever given one.
    pub(crate) fn read(&self, live: &Configuration, name: &str) -> Option<String> {
        live.environment.resources.property(&self.resource(name), self.property)
    }

    /// Keeps a state, unless it is the one that is kept.
    pub(crate) fn write(&self, live: &Configuration, name: &str, state: &str) {
        if self.read(live, name).as_deref().unwrap_or(INITIAL) != state {
            live.environment.resources.write_property(&format!("{}@{}", self.resource(name), self.property), state);
        }
    }

    /// Forgets the state of an artifact that is gone.
    pub(crate) fn reset(&self, live: &Configuration, name: &str) {
        self.write(live, name, INITIAL);
    }

    fn resource(&self, name: &str) -> String {
        format!("gov:/repository/components/{}/{name}", self.folder)
    }
}
