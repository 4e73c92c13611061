//! What is deployed now, for those who ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use mi_deployer::application::Summary;
use mi_deployer::{Kind, Named};

/// The artifacts and applications of the live deployment. It is replaced as a whole.
#[derive(Debug, Default)]
pub struct Inventory {
    deployed: ArcSwap<Deployed>,
    /// What the API switched, by artifact: kept until the server stops.
    switched: Mutex<HashMap<Switch, bool>>,
}

/// An artifact's kind and name, and what is switched.
type Switch = (Kind, Arc<str>, Aspect);

#[derive(Debug, Default)]
pub(crate) struct Deployed {
    pub(crate) artifacts: Vec<Named>,
    pub(crate) applications: Vec<(String, Arc<Summary>)>,
    pub(crate) faulty: Vec<String>,
}

/// What can be switched on and off for an artifact beside its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Aspect {
    Tracing,
    Statistics,
}

impl Aspect {
    /// The attribute of the artifact, and the member of the API's payload for tracing.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Tracing => "trace",
            Self::Statistics => "statistics",
        }
    }

    /// The word in messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Tracing => "tracing",
            Self::Statistics => "statistics",
        }
    }
}

impl Inventory {
    /// Takes over a deployment: its artifacts in load order, its live applications by file name, and the names of files
    /// whose applications are faulty.
    pub fn set(&self, artifacts: Vec<Named>, applications: Vec<(String, Arc<Summary>)>, faulty: Vec<String>) {
        self.deployed.store(Arc::new(Deployed { artifacts, applications, faulty }));
    }

    pub(crate) fn now(&self) -> Arc<Deployed> {
        self.deployed.load_full()
    }

    /// The artifacts of a kind whose names contain a text, whatever its case; sorted by name.
    pub(crate) fn of(&self, kind: Kind, search: Option<&str>) -> Vec<Named> {
        let wanted = search.unwrap_or_default().to_lowercase();
        let deployed = self.now();
        let of_kind = deployed.artifacts.iter().filter(|named| named.kind == kind);
        let mut found: Vec<_> = of_kind.filter(|named| named.name.to_lowercase().contains(&wanted)).cloned().collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// The artifact of a kind and name.
    pub(crate) fn find(&self, kind: Kind, name: &str) -> Option<Named> {
        self.now().artifacts.iter().find(|named| named.kind == kind && *named.name == *name).cloned()
    }

    /// Whether an aspect of an artifact is on: as the API switched it, else as the artifact says.
    pub(crate) fn is_on(&self, named: &Named, aspect: Aspect, written: Option<&str>) -> bool {
        let switched = self.switched.lock().unwrap_or_else(PoisonError::into_inner);
        let known = switched.get(&(named.kind, named.name.clone(), aspect)).copied();
        known.unwrap_or(matches!(written, Some("enable" | "true")))
    }

    /// Switches an aspect of an artifact.
    pub(crate) fn switch(&self, named: &Named, aspect: Aspect, on: bool) {
        let mut switched = self.switched.lock().unwrap_or_else(PoisonError::into_inner);
        switched.insert((named.kind, named.name.clone(), aspect), on);
    }
}
