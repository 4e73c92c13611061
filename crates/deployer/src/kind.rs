//! Kinds of artifacts: their folders, their words in log lines, their order (spec: runtime 3.1 and 3.7).

/// A kind of artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A connector library, which is a zip
    Library,
    /// `<import>`
    Import,
    /// `<localEntry>`
    LocalEntry,
    /// `<endpoint>`
    Endpoint,
    /// `<sequence>`
    Sequence,
    /// `<template>`
    Template,
    /// `<proxy>`
    Proxy,
    /// `<task>`
    Task,
    /// `<eventSource>`
    EventSource,
    /// `<priority-executor>`
    PriorityExecutor,
    /// `<messageStore>`
    MessageStore,
    /// `<messageProcessor>`
    MessageProcessor,
    /// `<api>`
    Api,
    /// `<inboundEndpoint>`
    InboundEndpoint,
    /// `<data>`, a data service
    DataService,
}

impl Kind {
    /// The kinds that are XML files, in the order in which they are loaded.
    pub const ALL: [Self; 14] = [
        Self::Import,
        Self::LocalEntry,
        Self::Endpoint,
        Self::Sequence,
        Self::Template,
        Self::Proxy,
        Self::Task,
        Self::EventSource,
        Self::PriorityExecutor,
        Self::MessageStore,
        Self::MessageProcessor,
        Self::Api,
        Self::InboundEndpoint,
        Self::DataService,
    ];

    /// The folder below `synapse-configs/default`; those of libraries and data services stand beside `synapse-configs`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Library => "synapse-libs",
            Self::Import => "imports",
            Self::LocalEntry => "local-entries",
            Self::Endpoint => "endpoints",
            Self::Sequence => "sequences",
            Self::Template => "templates",
            Self::Proxy => "proxy-services",
            Self::Task => "tasks",
            Self::EventSource => "event-sources",
            Self::PriorityExecutor => "priority-executors",
            Self::MessageStore => "message-stores",
            Self::MessageProcessor => "message-processors",
            Self::Api => "api",
            Self::InboundEndpoint => "inbound-endpoints",
            Self::DataService => "dataservices",
        }
    }

    /// The element of its definitions.
    pub fn element(self) -> &'static str {
        match self {
            Self::Library => "connector",
            Self::Import => "import",
            Self::LocalEntry => "localEntry",
            Self::Endpoint => "endpoint",
            Self::Sequence => "sequence",
            Self::Template => "template",
            Self::Proxy => "proxy",
            Self::Task => "task",
            Self::EventSource => "eventSource",
            Self::PriorityExecutor => "priority-executor",
            Self::MessageStore => "messageStore",
            Self::MessageProcessor => "messageProcessor",
            Self::Api => "api",
            Self::InboundEndpoint => "inboundEndpoint",
            Self::DataService => "data",
        }
    }

    /// The kind that an element of Synapse's namespace defines.
    pub fn of_element(local: &str) -> Option<Self> {
        // Both spellings are in use.
        let local = if local == "priorityExecutor" { "priority-executor" } else { local };
        Self::ALL.into_iter().find(|&kind| kind != Self::DataService && kind.element() == local)
    }

    /// The word for it in log lines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Library => "Synapse Library",
            Self::Import => "Synapse Library Import",
            Self::LocalEntry => "LocalEntry",
            Self::Endpoint => "Endpoint",
            Self::Sequence => "Sequence",
            Self::Template => "Template",
            Self::Proxy => "ProxyService",
            Self::Task => "StartupTask",
            Self::EventSource => "EventSource",
            Self::PriorityExecutor => "PriorityExecutor",
            Self::MessageStore => "Message Store",
            Self::MessageProcessor => "Message Processor",
            Self::Api => "API",
            Self::InboundEndpoint => "Inbound Endpoint",
            Self::DataService => "Data Service",
        }
    }
}
