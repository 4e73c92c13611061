//! One artifact, read from its XML.

use std::sync::Arc;

use mi_mediation::api::Api;
use mi_mediation::data_service::DataService;
use mi_mediation::definition::Element;
use mi_mediation::endpoint::{Endpoint, EndpointTemplate};
use mi_mediation::local_entry::LocalEntry;
use mi_mediation::message_store::MessageStore;
use mi_mediation::priority_executor::PriorityExecutor;
use mi_mediation::proxy::ProxyService;
use mi_mediation::sequence::Sequence;
use mi_mediation::template::SequenceTemplate;
use mi_mediation::{Definitions, DeployError, Import};
use mi_messaging::TaskArtifact;
use mi_messaging::inbound::InboundArtifact;
use mi_messaging::processor::ProcessorArtifact;

use crate::kind::Kind;
use crate::library::Library;

/// An artifact that is ready to run, or the definition of one that others run (tasks, stores, …).
#[derive(Debug, Clone)]
pub enum Artifact {
    /// A connector library.
    Library(Arc<Library>),
    /// An import of a connector library.
    Import(Arc<Import>),
    /// An API.
    Api(Arc<Api>),
    /// An endpoint.
    Endpoint(Arc<Endpoint>),
    /// An endpoint template.
    EndpointTemplate(Arc<EndpointTemplate>),
    /// A local entry.
    LocalEntry(Arc<LocalEntry>),
    /// A proxy service.
    Proxy(Arc<ProxyService>),
    /// A sequence.
    Sequence(Arc<Sequence>),
    /// A sequence template.
    SequenceTemplate(Arc<SequenceTemplate>),
    /// A scheduled task.
    Task(Arc<TaskArtifact>),
    /// A message store.
    MessageStore(Arc<MessageStore>),
    /// A message processor.
    MessageProcessor(Arc<ProcessorArtifact>),
    /// An inbound endpoint.
    InboundEndpoint(Arc<InboundArtifact>),
    /// A priority executor.
    PriorityExecutor(PriorityExecutor),
    /// A data service.
    DataService(Arc<dyn DataService>),
    /// A definition that nobody runs yet.
    Definition,
}

/// An artifact with its kind, name and place.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its kind.
    pub kind: Kind,
    /// Its name or key; of an API its registry key (`Orders:v1`), of a library and its import
    /// `{package}name`.
    pub name: Arc<str>,
    /// The artifact.
    pub artifact: Artifact,
    /// The file that it comes from, as messages name it; of an application's artifact `App.car!folder/file`.
    pub file: Arc<str>,
    /// The line where its definition begins, for messages.
    pub line: u32,
    /// Its definition as XML.
    pub definition: Arc<str>,
}

impl Named {
    /// An artifact that `element` defines.
    pub fn of(kind: Kind, name: Arc<str>, artifact: Artifact, element: Element<'_>) -> Self {
        let (file, line, definition) = (element.file().into(), element.line(), element.to_xml().into());
        Self { kind, name, artifact, file, line, definition }
    }

    /// The application that it belongs to: the name of its file, without `.car`.
    pub fn container(&self) -> Option<&str> {
        Some(self.file.split_once(".car!")?.0)
    }
}

/// Reads the artifact that `element` defines. `load` fetches the content of a local entry's `src`.
///
/// # Errors
/// What is wrong with it.
pub fn read(
    kind: Kind,
    element: Element<'_>,
    definitions: &Definitions<'_>,
    load: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Named, DeployError> {
    let attribute = if kind == Kind::LocalEntry { "key" } else { "name" };
    let name = element.attribute(attribute).unwrap_or_default();
    let artifact = match kind {
        Kind::Api => {
            let api = Arc::new(Api::parse(element, definitions)?);
            return Ok(Named::of(kind, api.origin.name.clone(), Artifact::Api(api), element));
        }
        Kind::Import => {
            let import = Arc::new(Import::parse(element)?);
            return Ok(Named::of(kind, import.key().into(), Artifact::Import(import), element));
        }
        Kind::Endpoint => Artifact::Endpoint(Arc::new(Endpoint::parse(element, definitions)?)),
        Kind::LocalEntry => Artifact::LocalEntry(Arc::new(LocalEntry::parse(element, definitions, load)?)),
        Kind::Proxy => Artifact::Proxy(Arc::new(ProxyService::parse(element, definitions)?)),
        Kind::Sequence => Artifact::Sequence(Arc::new(Sequence::parse(element, definitions)?)),
        Kind::Template if element.child("endpoint").is_some() => {
            Artifact::EndpointTemplate(Arc::new(EndpointTemplate::parse(element)?))
        }
        Kind::Template => Artifact::SequenceTemplate(Arc::new(SequenceTemplate::parse(element, definitions)?)),
        Kind::Task => Artifact::Task(Arc::new(TaskArtifact::parse(element, definitions)?)),
        Kind::MessageStore => Artifact::MessageStore(Arc::new(MessageStore::parse(element, definitions)?)),
        Kind::MessageProcessor => Artifact::MessageProcessor(Arc::new(ProcessorArtifact::parse(element, definitions)?)),
        Kind::InboundEndpoint => Artifact::InboundEndpoint(Arc::new(InboundArtifact::parse(element, definitions)?)),
        Kind::DataService => Artifact::DataService(definitions.environment.data_services.read(element, definitions)?),
        Kind::PriorityExecutor => Artifact::PriorityExecutor(PriorityExecutor::parse(element)?),
        Kind::Library | Kind::EventSource => Artifact::Definition,
    };
    if name.trim().is_empty() {
        let word = kind.word();
        return Err(element.error(format!("The '{attribute}' attribute is required for a {word} definition")));
    }
    Ok(Named::of(kind, name.into(), artifact, element))
}
