//! The running configuration: all artifacts, built as a whole and never changed.
//!
//! The deployer builds the next one beside it and swaps it in; a message keeps the one that it began with.

use std::collections::HashMap;
use std::sync::Arc;

use mi_payload::value::Value;

use crate::api::{Api, ApiTable};
use crate::data_service::DataService;
use crate::endpoint::{Endpoint, EndpointTemplate};
use crate::environment::Environment;
use crate::import::Imports;
use crate::local_entry::LocalEntry;
use crate::mediator::MediatorList;
use crate::message_store::MessageStore;
use crate::names::{Name, Table};
use crate::priority_executor::PriorityExecutor;
use crate::proxy::ProxyService;
use crate::sequence::Sequence;
use crate::settings::MediationSettings;
use crate::template::SequenceTemplate;

/// See the module's documentation.
#[derive(Debug)]
pub struct Configuration {
    /// Sequences.
    pub sequences: Table<Sequence>,
    /// Endpoints.
    pub endpoints: Table<Endpoint>,
    /// Sequence templates.
    pub templates: Table<SequenceTemplate>,
    /// Endpoint templates.
    pub endpoint_templates: Table<EndpointTemplate>,
    /// Local entries.
    pub local_entries: Table<LocalEntry>,
    /// APIs, ready for dispatch.
    pub apis: ApiTable,
    /// Proxy services by name.
    pub proxies: HashMap<Arc<str>, Arc<ProxyService>>,
    /// Data services by name.
    pub data_services: HashMap<Arc<str>, Arc<dyn DataService>>,
    /// Message stores by name.
    pub message_stores: HashMap<Arc<str>, Arc<MessageStore>>,
    /// Priority executors by name.
    pub priority_executors: HashMap<Arc<str>, PriorityExecutor>,
    /// The connector libraries that are imported.
    pub imports: Imports,
    /// The settings.
    pub settings: Arc<MediationSettings>,
    /// What the server offers.
    pub environment: Arc<Environment>,
    /// The sequence for requests that nobody else takes.
    pub main: Arc<Sequence>,
    /// The sequence for faults that nobody else takes.
    pub fault: Arc<Sequence>,
}

/// Gathers artifacts for a [`Configuration`].
#[derive(Debug, Default)]
pub struct ConfigurationBuilder {
    /// Sequences.
    pub sequences: Table<Sequence>,
    /// Endpoints.
    pub endpoints: Table<Endpoint>,
    /// Sequence templates.
    pub templates: Table<SequenceTemplate>,
    /// Endpoint templates.
    pub endpoint_templates: Table<EndpointTemplate>,
    /// Local entries.
    pub local_entries: Table<LocalEntry>,
    /// APIs.
    pub apis: Vec<Arc<Api>>,
    /// Proxy services.
    pub proxies: HashMap<Arc<str>, Arc<ProxyService>>,
    /// Data services.
    pub data_services: HashMap<Arc<str>, Arc<dyn DataService>>,
    /// Message stores.
    pub message_stores: HashMap<Arc<str>, Arc<MessageStore>>,
    /// Priority executors.
    pub priority_executors: HashMap<Arc<str>, PriorityExecutor>,
    /// The connector libraries that are imported.
    pub imports: Imports,
}

impl ConfigurationBuilder {
    /// The configuration of what was gathered; `main` and `fault` are made when nobody deployed them.
    pub fn build(self, settings: Arc<MediationSettings>, environment: Arc<Environment>) -> Configuration {
        let main = self.sequences.find("main").cloned();
        let fault = self.sequences.find("fault").cloned();
        Configuration {
            sequences: self.sequences,
            endpoints: self.endpoints,
            templates: self.templates,
            endpoint_templates: self.endpoint_templates,
            local_entries: self.local_entries,
            apis: ApiTable::new(self.apis),
            proxies: self.proxies,
            data_services: self.data_services,
            message_stores: self.message_stores,
            priority_executors: self.priority_executors,
            imports: self.imports,
            main: main.unwrap_or_else(|| Arc::new(crate::builtin::main_sequence(&settings, &environment))),
            fault: fault.unwrap_or_else(|| Arc::new(crate::builtin::fault_sequence(&settings, &environment))),
            settings,
            environment,
        }
    }
}

impl Configuration {
    /// A configuration without artifacts.
    pub fn empty(settings: Arc<MediationSettings>, environment: Arc<Environment>) -> Self {
        ConfigurationBuilder::default().build(settings, environment)
    }

    /// The sequence of an interned name: deployed, or kept in the registry.
    pub fn sequence(&self, name: &Name) -> Option<Arc<Sequence>> {
        self.sequences.get(name).cloned().or_else(|| self.find_sequence(name.as_str()))
    }

    /// The sequence of a name that only a message knows.
    pub fn find_sequence(&self, name: &str) -> Option<Arc<Sequence>> {
        match name {
            "fault" => return Some(self.fault.clone()),
            "main" => return Some(self.main.clone()),
            _ => {}
        }
        if let Some(sequence) = self.sequences.find(name) {
            return Some(sequence.clone());
        }
        crate::by_key::sequence(self, name)
    }

    /// The endpoint of an interned name: deployed, or kept in a local entry or the registry.
    pub fn endpoint(&self, name: &Name) -> Option<Arc<Endpoint>> {
        self.endpoints.get(name).cloned().or_else(|| crate::by_key::endpoint(self, name.as_str()))
    }

    /// The endpoint of a name that only a message knows.
    pub fn find_endpoint(&self, name: &str) -> Option<Arc<Endpoint>> {
        self.endpoints.find(name).cloned().or_else(|| crate::by_key::endpoint(self, name))
    }

    /// The connection of connector operations that a local entry or a resource of the registry describes, as mediators.
    pub fn connection(&self, key: &str) -> Option<MediatorList> {
        match self.local_entries.find(key).and_then(|entry| entry.connection.clone()) {
            Some(connection) => Some(connection),
            None => crate::by_key::connection(self, key).map(|connection| MediatorList::clone(&connection)),
        }
    }

    /// What a key stands for: a local entry, else a resource of the registry (XML when it parses as such, else text).
    pub fn entry(&self, key: &str) -> Option<Value> {
        if let Some(entry) = self.local_entries.find(key) {
            return Some(entry.value.clone());
        }
        crate::by_key::resource(self, key)
    }

    /// The text that a key stands for.
    pub fn entry_text(&self, key: &str) -> Option<String> {
        if let Some(entry) = self.local_entries.find(key) {
            return Some(entry.text());
        }
        let resource = self.environment.resources.read(key)?;
        Some(String::from_utf8_lossy(&resource.content).into_owned())
    }
}
