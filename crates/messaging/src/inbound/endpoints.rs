//! The inbound endpoints of a node, and whether they are active.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use mi_mediation::Configuration;
use mi_scheduling::{ScheduleError, TaskDefinition, TaskScheduler, Trigger};
use tokio::sync::Semaphore;

use super::artifact::{FileEndpoint, InboundArtifact, InboundKind};
use super::file::{FilePoller, Injector, PERIOD};
use super::http::{HttpSettings, Listeners, OpenPort, PortError};
use super::loggers::{ENDPOINT, FILE, MANAGER, PROCESSOR};
use crate::files::{LockOwner, Looker};
use crate::kept_state::KeptState;

/// Where the registry keeps the state of an endpoint (spec: tasks 0.2).
const STATE: KeptState = KeptState { folder: "org.apache.synapse.inbound", property: "INBOUND_ENDPOINT_STATE" };
/// What MI calls the tasks of `file` endpoints.
const FILE_TYPE: &str = "FILE--SYNAPSE_INBOUND_ENDPOINT";

/// Why an endpoint could not be activated or deactivated.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    /// There is none of this name.
    #[error("Inbound endpoint could not be found")]
    NotFound,
    /// The cluster's database does not answer.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Its port cannot be opened.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Keeps ports and the scheduler in step with the endpoints that are deployed. Clones are the same.
#[derive(Clone)]
pub struct InboundEndpoints {
    inner: Arc<Inner>,
}

struct Inner {
    scheduler: TaskScheduler,
    live: Arc<ArcSwap<Configuration>>,
    listeners: Box<dyn Listeners>,
    owner: LockOwner,
    beside: Arc<Semaphore>,
    known: Mutex<BTreeMap<Arc<str>, Arc<InboundArtifact>>>,
    /// The ports that are open, by endpoint. Held while one is opened or closed, so that nobody does both at once.
    open: tokio::sync::Mutex<BTreeMap<Arc<str>, Port>>,
}

struct Port {
    artifact: Arc<InboundArtifact>,
    port: Box<dyn OpenPort>,
}

impl InboundEndpoints {
    /// Endpoints whose pollers `scheduler` runs and whose ports `listeners` opens; for each message they read the
    /// configuration that is live. `owner` is this machine, for lock files; `beside` is how many messages of pollers that
    /// do not wait may be mediated at once.
    pub fn new(
        scheduler: TaskScheduler,
        live: Arc<ArcSwap<Configuration>>,
        listeners: Box<dyn Listeners>,
        owner: LockOwner,
        beside: usize,
    ) -> Self {
        let beside = Arc::new(Semaphore::new(beside.clamp(1, Semaphore::MAX_PERMITS)));
        let (known, open) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { inner: Arc::new(Inner { scheduler, live, listeners, owner, beside, known, open }) }
    }

    /// Starts the endpoints that are new or changed and removes those that are gone. A port that stays the same stays
    /// open. Why one cannot be opened is logged; such an endpoint is inactive.
    pub async fn follow(&self, artifacts: impl IntoIterator<Item = Arc<InboundArtifact>>) {
        let now: BTreeMap<_, _> = artifacts.into_iter().map(|artifact| (artifact.name.clone(), artifact)).collect();
        let before = std::mem::replace(&mut *self.inner.known(), now.clone());
        for (name, old) in &before {
            let new = now.get(name);
            if new.is_some_and(|new| Arc::ptr_eq(old, new)) {
                continue;
            }
            if new.is_none() {
                tracing::info!(target: ENDPOINT, "Destroying Inbound Endpoint: {name}");
                STATE.reset(&self.inner.live.load(), name);
            }
            if let InboundKind::File(_) = old.kind
                && !new.is_some_and(|new| matches!(new.kind, InboundKind::File(_)))
            {
                self.inner.scheduler.remove(&task(name));
            }
            if !new.is_some_and(|new| keeps_port(old, new)) {
                self.inner.close(name).await;
            }
        }
        for (name, endpoint) in now {
            if before.get(&name).is_none_or(|old| !Arc::ptr_eq(old, &endpoint)) {
                self.inner.start(&endpoint).await;
            }
        }
    }

    /// Whether an endpoint is active: its port is open, or its task is to run, on this node or, in a cluster, anywhere.
    ///
    /// # Errors
    /// [`InboundError::NotFound`], or the cluster's database does not answer.
    pub async fn is_active(&self, name: &str) -> Result<bool, InboundError> {
        Ok(match &self.find(name)?.kind {
            InboundKind::Http(_) => self.inner.open.lock().await.contains_key(name),
            InboundKind::File(_) => self.inner.scheduler.is_active(&task(name)).await?,
        })
    }

    /// Opens its port, or lets its task run again wherever it belongs. The state outlasts a restart.
    ///
    /// # Errors
    /// [`InboundError`]
    pub async fn activate(&self, name: &str) -> Result<(), InboundError> {
        let endpoint = self.find(name)?;
        tracing::info!(target: ENDPOINT, "Activating the Inbound Endpoint: {name}");
        let result = match &endpoint.kind {
            InboundKind::Http(settings) => self.inner.open(&endpoint, settings).await.map_err(InboundError::from),
            InboundKind::File(_) => self.inner.scheduler.activate(&task(name)).await.map_err(InboundError::from),
        };
        if let Err(error) = result {
            tracing::error!(target: ENDPOINT, "Failed to activate the Inbound Endpoint: {name}");
            return Err(error);
        }
        STATE.write(&self.inner.live.load(), name, "ACTIVE");
        tracing::info!(target: ENDPOINT, "Inbound Endpoint [{name}] is successfully activated.");
        Ok(())
    }

    /// Closes its port, or pauses its task wherever it runs. The state outlasts a restart.
    ///
    /// # Errors
    /// [`InboundError`]
    pub async fn deactivate(&self, name: &str) -> Result<(), InboundError> {
        let endpoint = self.find(name)?;
        tracing::info!(target: ENDPOINT, "Deactivating the Inbound Endpoint: {name}");
        match &endpoint.kind {
            InboundKind::Http(_) => self.inner.close(name).await,
            InboundKind::File(_) => {
                if let Err(error) = self.inner.scheduler.deactivate(&task(name)).await {
                    tracing::error!(target: ENDPOINT, "Failed to deactivate the Inbound Endpoint: {name}");
                    return Err(error.into());
                }
            }
        }
        STATE.write(&self.inner.live.load(), name, "INACTIVE");
        tracing::info!(target: ENDPOINT, "Inbound Endpoint [{name}] is successfully deactivated.");
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.inner.known().len()
    }

    fn find(&self, name: &str) -> Result<Arc<InboundArtifact>, InboundError> {
        self.inner.known().get(name).cloned().ok_or(InboundError::NotFound)
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<InboundArtifact>>> {
        // Nothing that can panic runs under the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start(&self, endpoint: &Arc<InboundArtifact>) {
        let name = &endpoint.name;
        tracing::info!(target: ENDPOINT, "Initializing Inbound Endpoint: {name}");
        let suspended = match STATE.read(&self.live.load(), name).as_deref() {
            Some("INACTIVE") => true,
            Some("ACTIVE") => false,
            _ => endpoint.suspended,
        };
        match &endpoint.kind {
            InboundKind::File(settings) => self.schedule(endpoint, settings, suspended),
            InboundKind::Http(_) if suspended => {
                self.close(name).await;
                tracing::info!(target: ENDPOINT, "Inbound endpoint [{name}] is currently suspended.");
            }
            InboundKind::Http(settings) => {
                if let Err(error) = self.open(endpoint, settings).await {
                    tracing::error!(target: MANAGER, "{error}");
                }
            }
        }
    }

    fn schedule(&self, endpoint: &InboundArtifact, file: &FileEndpoint, suspended: bool) {
        let (name, settings) = (&endpoint.name, &file.files);
        let ending = if suspended { " but will remain in suspended mode..." } else { "..." };
        tracing::info!(target: FILE, "Inbound file listener [{name}] is initializing{ending}");
        // A file endpoint without a sequence is refused.
        let Some(sequence) = endpoint.sequence.clone() else { return };
        let injector = Injector {
            origin: Injector::origin(name),
            live: self.live.clone(),
            sequence,
            on_error: endpoint.on_error.clone(),
            content_type: settings.content_type.clone(),
            tells_folder: settings.location.with_folders,
            beside: self.beside.clone(),
            sequential: file.sequential,
        };
        let looker = Looker::new(settings.clone(), injector, self.owner.clone());
        let poller = FilePoller { looker, scheduler: self.scheduler.clone() };
        tracing::info!(
            target: PROCESSOR,
            "Starting the inbound endpoint [{name}]{}, with coordination {}. Interval : {}. Type : {FILE_TYPE}",
            if suspended { " in suspended mode" } else { "" }, file.coordinated, settings.interval.as_millis()
        );
        let trigger = Trigger::Interval { every: settings.interval.max(PERIOD), count: None };
        let definition = TaskDefinition {
            group: Some(FILE_TYPE.to_owned()),
            local: !file.coordinated,
            paused: suspended,
            ..TaskDefinition::new(task(name), trigger)
        };
        self.scheduler.schedule(definition, Arc::new(poller));
    }

    /// Opens the port of an endpoint, or has the open one serve it as it is now.
    async fn open(&self, endpoint: &Arc<InboundArtifact>, settings: &HttpSettings) -> Result<(), PortError> {
        let (name, dispatch) = (&endpoint.name, settings.dispatch(endpoint));
        let mut open = self.open.lock().await;
        if let Some(port) = open.get_mut(name) {
            port.port.serve(dispatch);
            port.artifact = endpoint.clone();
            return Ok(());
        }
        if let Some(other) = open.values().find(|other| port_of(&other.artifact) == Some(settings.port)) {
            let reason = format!(
                "Another endpoint named : {} is currently using this port: {}",
                other.artifact.name, settings.port
            );
            return Err(PortError::Other { port: settings.port, name: name.clone(), reason });
        }
        let port = self.listeners.open(settings, dispatch)?;
        open.insert(name.clone(), Port { artifact: endpoint.clone(), port });
        Ok(())
    }

    async fn close(&self, name: &str) {
        let mut open = self.open.lock().await;
        if let Some(port) = open.remove(name) {
            port.port.close().await;
        }
    }
}

/// The name of the task of a `file` endpoint, which is the same in MI.
fn task(name: &str) -> String {
    format!("{name}-{FILE_TYPE}")
}

fn port_of(endpoint: &InboundArtifact) -> Option<u16> {
    match &endpoint.kind {
        InboundKind::Http(settings) => Some(settings.port),
        InboundKind::File(_) => None,
    }
}

/// Whether the port of an endpoint can serve another version of it as it is.
fn keeps_port(old: &InboundArtifact, new: &InboundArtifact) -> bool {
    match (&old.kind, &new.kind) {
        (InboundKind::Http(old), InboundKind::Http(new)) => old.port == new.port && old.tls == new.tls,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
