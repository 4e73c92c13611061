//! What mediation needs from the outside, as seams: it opens no socket and reads no file itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError, RwLock};

use crate::data_service::{DataServices, NoDataServices};
use crate::database::{Databases, NoDatabases};
use crate::fault::codes;
use crate::mediator::BoxFuture;
use crate::message_store::memory::{MemoryQueue, WeakQueue};
use crate::outgoing::{Answer, Outgoing, SendError};

/// Sends a message to a back end over HTTP.
pub trait HttpSender: Send + Sync {
    /// Sends `request` and waits for the head of the answer.
    fn send(&self, request: Outgoing) -> BoxFuture<'static, Result<Answer, SendError>>;
}

/// Writes messages into files: the addresses that begin with `vfs:`.
pub trait FileSender: Send + Sync {
    /// Writes the body of `request` to where its URL and headers say.
    fn write(&self, request: Outgoing) -> BoxFuture<'static, Result<(), SendError>>;
}

/// Writes no files.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl FileSender for NoFiles {
    fn write(&self, _request: Outgoing) -> BoxFuture<'static, Result<(), SendError>> {
        Box::pin(std::future::ready(Err(SendError {
            base_code: codes::CALL,
            state: 0,
            message: "Files cannot be written".to_owned(),
            detail: "the sender of the file transport is switched off".to_owned(),
            timed_out: false,
        })))
    }
}

/// A resource of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its bytes.
    pub content: bytes::Bytes,
    /// Its media type, `text/plain` when it has none.
    pub media_type: String,
    /// Changes with its content; equal versions mean equal content.
    pub version: u64,
}

/// The registry: `conf:`, `gov:`, `local:` and `resources:` keys.
pub trait Resources: Send + Sync {
    /// The resource behind a key.
    fn read(&self, key: &str) -> Option<Resource>;

    /// A property of the resource behind a key.
    fn property(&self, key: &str, name: &str) -> Option<String>;

    /// Writes what the `property` mediator sets in scope `registry`: `path` or `path@property`.
    fn write_property(&self, name: &str, value: &str);

    /// Stores a whole resource, as applications bring them.
    ///
    /// # Errors
    /// Why it cannot be stored.
    fn store(&self, key: &str, content: &[u8], media_type: &str) -> Result<(), String>;
}

/// A registry without resources.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoResources;

impl Resources for NoResources {
    fn read(&self, _key: &str) -> Option<Resource> {
        None
    }

    fn property(&self, _key: &str, _name: &str) -> Option<String> {
        None
    }

    fn write_property(&self, _name: &str, _value: &str) {}

    fn store(&self, _key: &str, _content: &[u8], _media_type: &str) -> Result<(), String> {
        Ok(())
    }
}

/// What the server offers to flows. It outlives configurations.
pub struct Environment {
    /// The HTTP client side.
    pub http: Box<dyn HttpSender>,
    /// The way to files.
    pub files: Box<dyn FileSender>,
    /// The registry.
    pub resources: Box<dyn Resources>,
    /// The data sources.
    pub databases: Box<dyn Databases>,
    /// Reads data services.
    pub data_services: Box<dyn DataServices>,
    /// Secrets by alias (`wso2:vault-lookup`, `wso2-vault`).
    pub secrets: HashMap<String, String>,
    system: RwLock<HashMap<String, String>>,
    file: RwLock<HashMap<String, String>>,
    configs: RwLock<HashMap<String, String>>,
    memory_queues: Mutex<HashMap<String, WeakQueue>>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

impl Environment {
    /// An environment with this client and registry, no data sources, no data services and no way to files.
    pub fn new(http: Box<dyn HttpSender>, resources: Box<dyn Resources>) -> Self {
        Self {
            http,
            files: Box::new(NoFiles),
            resources,
            databases: Box::new(NoDatabases),
            data_services: Box::new(NoDataServices),
            secrets: HashMap::new(),
            system: RwLock::default(),
            file: RwLock::default(),
            configs: RwLock::default(),
            memory_queues: Mutex::default(),
        }
    }

    /// A system property (`-Dname=value`, or set by a flow).
    pub fn system_property(&self, name: &str) -> Option<String> {
        read(&self.system, name)
    }

    /// Sets a system property.
    pub fn set_system_property(&self, name: &str, value: &str) {
        write(&self.system, name, value);
    }

    /// An entry of `file.properties`.
    pub fn file_property(&self, name: &str) -> Option<String> {
        read(&self.file, name)
    }

    /// Replaces the entries of `file.properties`.
    pub fn set_file_properties(&self, entries: HashMap<String, String>) {
        *self.file.write().unwrap_or_else(PoisonError::into_inner) = entries;
    }

    /// An injected configuration value (`configs.name`).
    pub fn config(&self, name: &str) -> Option<String> {
        read(&self.configs, name)
    }

    /// The messages of the in-memory store of this name: the same queue while any version of the store is deployed.
    pub fn memory_queue(&self, store: &str) -> MemoryQueue {
        let mut queues = self.memory_queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|_, queue| queue.upgrade().is_some());
        if let Some(queue) = queues.get(store).and_then(WeakQueue::upgrade) {
            return queue;
        }
        let queue = MemoryQueue::default();
        queues.insert(store.to_owned(), queue.downgrade());
        queue
    }

    /// Declares an injected configuration value. Its value comes from the environment, then from system properties, then
    /// from `file.properties`; returns whether one of them has it.
    pub fn declare_config(&self, name: &str) -> bool {
        let value =
            std::env::var(name).ok().or_else(|| self.system_property(name)).or_else(|| self.file_property(name));
        if let Some(value) = &value {
            write(&self.configs, name, value);
        }
        value.is_some()
    }
}

fn read(map: &RwLock<HashMap<String, String>>, name: &str) -> Option<String> {
    map.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
}

fn write(map: &RwLock<HashMap<String, String>>, name: &str, value: &str) {
    map.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.to_owned());
}

/// Runs flows beside the one that starts them (splitters, one-way sends). It is tokio's own; the name is for readers.
pub fn spawn(flow: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(flow));
}
