//! From a directory to the next configuration, again and again.

mod clashes;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mi_mediation::definition::Answer;
use mi_mediation::environment::Environment;
use mi_mediation::mediator::ReferenceKind;
use mi_mediation::names::Name;
use mi_mediation::{Configuration, ConfigurationBuilder, DeployError, Imports, MediationSettings};
use mi_xml::Position;

use crate::application::{Application, Summary};
use crate::artifact::{Artifact, Named};
use crate::folder::{self, Beside, Content, Stamp};
use crate::kind::Kind;
use crate::references;
use reading::Fresh;

/// The roles of a server that says nothing of them (`[server] roles`).
pub const DEFAULT_ROLES: [&str; 3] = ["EnterpriseIntegrator", "EnterpriseServiceBus", "DataServicesServer"];

/// What became of one artifact.
#[derive(Debug, Clone)]
pub enum Event {
    /// It is new.
    Deployed {
        /// The artifact.
        named: Named,
        /// Its file.
        file: PathBuf,
    },
    /// It took the place of an older version.
    Updated {
        /// The artifact.
        named: Named,
        /// Its file.
        file: PathBuf,
    },
    /// It is gone.
    Undeployed {
        /// What kind it was.
        kind: Kind,
        /// What its name was.
        name: Arc<str>,
    },
    /// It is faulty. An older version stays live if there was one.
    Failed {
        /// The folder's kind; `None` for files with several definitions.
        kind: Option<Kind>,
        /// Its file.
        file: PathBuf,
        /// What is wrong.
        error: DeployError,
        /// An older version stays live.
        kept: bool,
    },
    /// A composite application went live, after its artifacts.
    ApplicationDeployed {
        /// `NAME_VERSION`.
        id: Arc<str>,
    },
    /// A composite application is gone, with its artifacts.
    ApplicationUndeployed {
        /// `NAME_VERSION`.
        id: Arc<str>,
    },
    /// It works, but something about it deserves a look.
    Warning {
        /// What, with file and line.
        message: String,
    },
}

/// A new configuration, and how it differs from the one before.
#[derive(Debug)]
pub struct Deployment {
    /// The configuration.
    pub configuration: Arc<Configuration>,
    /// What happened to which artifact, in load order.
    pub events: Vec<Event>,
    /// Everything that is deployed now, in load order.
    pub artifacts: Vec<Named>,
    /// File names of the composite applications that are faulty as they are now.
    pub faulty_applications: Vec<String>,
    /// The composite applications that are live, by file.
    pub applications: Vec<(String, Arc<Summary>)>,
}

/// Watches one artifact folder. Each call of [`Deployer::refresh`] compares it with what was there before.
#[derive(Debug)]
pub struct Deployer {
    root: PathBuf,
    environment: Arc<Environment>,
    settings: Arc<MediationSettings>,
    beside: Beside,
    roles: Vec<String>,
    files: BTreeMap<PathBuf, Known>,
}

#[derive(Debug)]
struct Known {
    content: Content,
    stamp: Stamp,
    artifacts: Vec<Named>,
    /// It failed in this state; told once it is certain that nobody is still writing the file.
    pending: Vec<DeployError>,
    warnings: Vec<String>,
    /// The application that it is.
    application: Option<Arc<Summary>>,
    /// The imports that it brings.
    brought: Imports,
    /// What it asked of the imports.
    answers: Vec<Answer>,
    /// It could not be read as it is now.
    faulty: bool,
}

impl Deployer {
    /// A deployer for `root`: the folder `synapse-configs/default`, or a single file with `<definitions>`.
    pub fn new(root: PathBuf, environment: Arc<Environment>, settings: Arc<MediationSettings>) -> Self {
        let roles = DEFAULT_ROLES.iter().map(|&role| role.to_owned()).collect();
        Self { root, environment, settings, beside: Beside::default(), roles, files: BTreeMap::new() }
    }

    /// Deploys the composite applications of `folder` too: those of their artifacts that are for one of `roles`, or of
    /// [`DEFAULT_ROLES`] when there are none.
    #[must_use]
    pub fn with_applications(mut self, folder: PathBuf, roles: Vec<String>) -> Self {
        self.beside.applications = Some(folder);
        if !roles.is_empty() {
            self.roles = roles;
        }
        self
    }

    /// Deploys the connector libraries of `folder` too.
    #[must_use]
    pub fn with_libraries(mut self, folder: PathBuf) -> Self {
        self.beside.libraries = Some(folder);
        self
    }

    /// Deploys the data services of `folder` too.
    #[must_use]
    pub fn with_data_services(mut self, folder: PathBuf) -> Self {
        self.beside.data_services = Some(folder);
        self
    }

    /// The folder that it watches.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads what has changed since the last call. `None` when nothing has. Files that cannot be read as artifacts are
    /// reported at once when `settle` is false; otherwise only when they look the same at the next call, because
    /// somebody may still be writing them.
    pub fn refresh(&mut self, settle: bool) -> Option<Deployment> {
        let found = folder::scan(&self.root, &self.beside);
        let mut events = Vec::new();
        let mut changed = BTreeSet::new();
        let gone: Vec<_> = self.files.keys().filter(|path| !found.contains_key(*path)).cloned().collect();
        for path in gone {
            if let Some(known) = self.files.remove(&path) {
                let names = known.artifacts.into_iter();
                events.extend(names.map(|named| Event::Undeployed { kind: named.kind, name: named.name }));
                events.extend(known.application.map(|gone| Event::ApplicationUndeployed { id: gone.id().into() }));
                changed.insert(path);
            }
        }
        let mut new = BTreeMap::new();
        for (path, (content, stamp)) in found {
            match self.files.get_mut(&path) {
                Some(known) if known.stamp == stamp => {
                    let kept = !known.artifacts.is_empty();
                    let errors = std::mem::take(&mut known.pending).into_iter();
                    let kind = single(known.content);
                    events.extend(errors.map(|error| Event::Failed { kind, file: path.clone(), error, kept }));
                }
                _ => drop(new.insert(path, (content, stamp))),
            }
        }
        if new.is_empty() && changed.is_empty() && events.is_empty() {
            return None;
        }
        for (path, fresh) in self.read(new) {
            self.take(&path, fresh, settle, &mut events);
            changed.insert(path);
        }
        let artifacts = self.without_clashes(&mut events);
        let artifacts = without_cycles(artifacts, &mut events);
        self.name_missing(&artifacts, &changed, &mut events);
        let configuration = Arc::new(self.configuration(&artifacts));
        self.prepare(&artifacts, &configuration, &mut events);
        Some(Deployment {
            faulty_applications: self.faulty_applications(),
            applications: self.applications(),
            configuration,
            events,
            artifacts: artifacts.into_iter().map(|(_, named)| named).collect(),
        })
    }

    /// Puts what was read of a file in the place of what was known of it.
    fn take(&mut self, path: &Path, fresh: Fresh, settle: bool, events: &mut Vec<Event>) {
        let Fresh { content, stamp, loaded } = fresh;
        let shown = self.shown(path);
        let (before, application_before) =
            self.files.remove(path).map(|known| (known.artifacts, known.application)).unwrap_or_default();
        let failed = !loaded.errors.is_empty();
        // What is faulty now stays live in its older version.
        let mut artifacts = loaded.artifacts;
        if failed {
            for old in &before {
                if !artifacts.iter().any(|new| same(new, old)) {
                    artifacts.push(old.clone());
                }
            }
        }
        for named in &artifacts {
            let replaced = before.iter().find(|old| same(old, named));
            match replaced {
                Some(old) if is_same_object(old, named) => {}
                Some(_) => events.push(Event::Updated { named: named.clone(), file: path.to_owned() }),
                None => events.push(Event::Deployed { named: named.clone(), file: path.to_owned() }),
            }
        }
        for old in &before {
            if !artifacts.iter().any(|new| same(new, old)) {
                events.push(Event::Undeployed { kind: old.kind, name: old.name.clone() });
            }
        }
        for warning in &loaded.warnings {
            let at = warning.position.map(|at| format!("{}:{}: ", at.line, at.column)).unwrap_or_default();
            events.push(Event::Warning { message: format!("{}:{at}{}", warning.file, warning.message) });
        }
        let mut pending = loaded.errors;
        if !settle {
            let kept = !artifacts.is_empty();
            let kind = single(content);
            let errors = std::mem::take(&mut pending).into_iter();
            events.extend(errors.map(|error| Event::Failed { kind, file: path.to_owned(), error, kept }));
        }
        let application = match loaded.application {
            Some(application) => Some(self.install(&shown, application, events)),
            None => application_before,
        };
        let known = Known {
            content,
            stamp,
            artifacts,
            pending,
            warnings: Vec::new(),
            application,
            brought: loaded.brought,
            answers: loaded.answers,
            faulty: failed,
        };
        self.files.insert(path.to_owned(), known);
    }

    fn faulty_applications(&self) -> Vec<String> {
        let faulty = self.files.iter().filter(|(_, known)| known.content == Content::Application && known.faulty);
        faulty.filter_map(|(path, _)| Some(path.file_name()?.to_string_lossy().into_owned())).collect()
    }

    fn applications(&self) -> Vec<(String, Arc<Summary>)> {
        let live = self.files.iter().filter_map(|(path, known)| Some((path, known.application.clone()?)));
        live.filter_map(|(path, summary)| Some((path.file_name()?.to_string_lossy().into_owned(), summary))).collect()
    }

    /// Puts what an application brings beside its artifacts in place.
    fn install(&self, shown: &str, application: Application, events: &mut Vec<Event>) -> Arc<Summary> {
        let mut warn = |message: String| events.push(Event::Warning { message: format!("{shown}: {message}") });
        for resource in &application.resources {
            let stored = self.environment.resources.store(&resource.key, &resource.content, &resource.media_type);
            if let Err(reason) = stored {
                warn(format!("the registry resource {} could not be written: {reason}", resource.key));
            }
        }
        for name in &application.configs {
            if !self.environment.declare_config(name) {
                warn(format!("the configuration value '{name}' is set nowhere"));
            }
        }
        if !application.passed_over.is_empty() {
            warn(format!("this server does not run {}", application.passed_over.join(", ")));
        }
        let summary = Arc::new(application.summary);
        events.push(Event::ApplicationDeployed { id: summary.id().into() });
        summary
    }

    /// How messages name a file: relative to the artifact folder, to that of the applications or libraries, or as
    /// `dataservices/NAME`.
    fn shown(&self, path: &Path) -> String {
        let below = |folder: &Option<PathBuf>| path.strip_prefix(folder.as_deref()?).ok();
        if let Some(name) = below(&self.beside.data_services) {
            return Path::new(Kind::DataService.folder()).join(name).display().to_string();
        }
        let others = below(&self.beside.applications).or_else(|| below(&self.beside.libraries));
        others.or(path.strip_prefix(&self.root).ok()).unwrap_or(path).display().to_string()
    }

    /// Warns of names that nobody defines, for artifacts that changed. It is no error: they may still come, and a key
    /// may be a registry resource.
    fn name_missing(&self, artifacts: &[(PathBuf, Named)], changed: &BTreeSet<PathBuf>, events: &mut Vec<Event>) {
        let names: BTreeSet<(ReferenceKind, &str)> =
            artifacts.iter().filter_map(|(_, named)| Some((reference_kind(named)?, &*named.name))).collect();
        let entries: BTreeSet<&str> = artifacts
            .iter()
            .filter(|(_, named)| named.kind == Kind::LocalEntry)
            .map(|(_, named)| &*named.name)
            .collect();
        for (path, named) in artifacts.iter().filter(|(path, _)| changed.contains(path)) {
            let mut told = BTreeSet::new();
            for used in references::of(&named.artifact) {
                let reference = &used.reference;
                let builtin =
                    reference.kind == ReferenceKind::Sequence && matches!(reference.name.as_str(), "main" | "fault");
                let known = builtin
                    || names.contains(&(reference.kind, reference.name.as_str()))
                    || entries.contains(reference.name.as_str())
                    || self.environment.resources.read(&reference.name).is_some();
                if !known && told.insert(reference.name.clone()) {
                    let line = if used.line > 0 { used.line } else { named.line };
                    events.push(Event::Warning {
                        message: format!(
                            "{}:{line}: {} {} refers to the {} '{}', which is not deployed",
                            self.shown(path),
                            named.kind.word(),
                            named.name,
                            word(reference.kind),
                            reference.name
                        ),
                    });
                }
            }
        }
    }

    /// Has mediators compile what they need of the new configuration. What does not compile is named; the artifact is
    /// deployed all the same, as in MI, because the content may change without it.
    fn prepare(&self, artifacts: &[(PathBuf, Named)], configuration: &Configuration, events: &mut Vec<Event>) {
        for (path, named) in artifacts {
            let mut lists = references::mediators(&named.artifact);
            while let Some(list) = lists.pop() {
                for step in list.steps() {
                    if let Err(reason) = step.mediator.prepare(configuration) {
                        let (shown, line, word) = (self.shown(path), step.line, named.kind.word());
                        let message = format!("{shown}:{line}: {word} {}: {reason}", named.name);
                        events.push(Event::Warning { message });
                    }
                    lists.extend(step.mediator.children());
                }
            }
        }
    }

    fn configuration(&self, artifacts: &[(PathBuf, Named)]) -> Configuration {
        let imports = reading::imports_of(artifacts.iter().map(|(_, named)| named));
        let mut builder = ConfigurationBuilder { imports: imports.clone(), ..ConfigurationBuilder::default() };
        for (_, named) in artifacts {
            let name = Name::new(&named.name);
            match &named.artifact {
                Artifact::Library(library) if imports.enables(&library.package, &library.name) => {
                    for operation in &library.operations {
                        builder.templates.insert(&operation.name, operation.template.clone());
                    }
                }
                Artifact::Library(_) | Artifact::Import(_) => {}
                Artifact::Api(api) => builder.apis.push(api.clone()),
                Artifact::Endpoint(endpoint) => drop(builder.endpoints.insert(&name, endpoint.clone())),
                Artifact::EndpointTemplate(template) => {
                    drop(builder.endpoint_templates.insert(&name, template.clone()));
                }
                Artifact::LocalEntry(entry) => drop(builder.local_entries.insert(&name, entry.clone())),
                Artifact::Proxy(proxy) => drop(builder.proxies.insert(named.name.clone(), proxy.clone())),
                Artifact::Sequence(sequence) => drop(builder.sequences.insert(&name, sequence.clone())),
                Artifact::SequenceTemplate(template) => drop(builder.templates.insert(&name, template.clone())),
                Artifact::MessageStore(store) => {
                    drop(builder.message_stores.insert(named.name.clone(), store.clone()));
                }
                Artifact::DataService(service) => {
                    drop(builder.data_services.insert(named.name.clone(), service.clone()));
                }
                Artifact::PriorityExecutor(executor) => {
                    drop(builder.priority_executors.insert(named.name.clone(), executor.clone()));
                }
                Artifact::Task(_)
                | Artifact::MessageProcessor(_)
                | Artifact::InboundEndpoint(_)
                | Artifact::Definition => {}
            }
        }
        builder.build(self.settings.clone(), self.environment.clone())
    }
}

/// Leaves out sequences that call themselves in any case: a message in them would never come out.
fn without_cycles(artifacts: Vec<(PathBuf, Named)>, events: &mut Vec<Event>) -> Vec<(PathBuf, Named)> {
    let mut calls = BTreeMap::new();
    for (_, named) in &artifacts {
        if let Artifact::Sequence(sequence) = &named.artifact {
            calls.insert(named.name.to_string(), references::unconditional(&sequence.mediators));
        }
    }
    let mut kept = Vec::new();
    for (path, named) in artifacts {
        let cycle = match named.kind {
            Kind::Sequence => references::cycle(&named.name, &calls),
            _ => None,
        };
        let Some(cycle) = cycle else {
            kept.push((path, named));
            continue;
        };
        // One of them left out breaks the circle; the others stay.
        calls.remove(&*named.name);
        let text = format!("Sequence {} calls itself: {}", named.name, cycle.join(" > "));
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let error = DeployError::new(text)
            .at(&format!("sequences/{name}"), Some(Position { line: named.line, column: 1 }))
            .hint("a message in it would never come out; put the call into a branch that ends");
        events.retain(|event| !matches!(event, Event::Deployed { named: other, .. } | Event::Updated { named: other, .. } if same(other, &named)));
        events.push(Event::Failed { kind: Some(Kind::Sequence), file: path, error, kept: false });
    }
    kept
}

fn same(a: &Named, b: &Named) -> bool {
    a.kind == b.kind && a.name == b.name
}

fn is_same_object(a: &Named, b: &Named) -> bool {
    match (&a.artifact, &b.artifact) {
        (Artifact::Library(a), Artifact::Library(b)) => Arc::ptr_eq(a, b),
        (Artifact::Import(a), Artifact::Import(b)) => Arc::ptr_eq(a, b),
        (Artifact::Api(a), Artifact::Api(b)) => Arc::ptr_eq(a, b),
        (Artifact::Endpoint(a), Artifact::Endpoint(b)) => Arc::ptr_eq(a, b),
        (Artifact::EndpointTemplate(a), Artifact::EndpointTemplate(b)) => Arc::ptr_eq(a, b),
        (Artifact::LocalEntry(a), Artifact::LocalEntry(b)) => Arc::ptr_eq(a, b),
        (Artifact::Proxy(a), Artifact::Proxy(b)) => Arc::ptr_eq(a, b),
        (Artifact::Sequence(a), Artifact::Sequence(b)) => Arc::ptr_eq(a, b),
        (Artifact::SequenceTemplate(a), Artifact::SequenceTemplate(b)) => Arc::ptr_eq(a, b),
        (Artifact::Task(a), Artifact::Task(b)) => Arc::ptr_eq(a, b),
        (Artifact::MessageStore(a), Artifact::MessageStore(b)) => Arc::ptr_eq(a, b),
        (Artifact::MessageProcessor(a), Artifact::MessageProcessor(b)) => Arc::ptr_eq(a, b),
        (Artifact::InboundEndpoint(a), Artifact::InboundEndpoint(b)) => Arc::ptr_eq(a, b),
        (Artifact::DataService(a), Artifact::DataService(b)) => Arc::ptr_eq(a, b),
        (Artifact::PriorityExecutor(_), Artifact::PriorityExecutor(_))
        | (Artifact::Definition, Artifact::Definition) => Arc::ptr_eq(&a.definition, &b.definition),
        _ => false,
    }
}

fn single(content: Content) -> Option<Kind> {
    match content {
        Content::One(kind) => Some(kind),
        Content::Library => Some(Kind::Library),
        Content::Definitions | Content::Application => None,
    }
}

fn reference_kind(named: &Named) -> Option<ReferenceKind> {
    Some(match named.kind {
        Kind::Sequence => ReferenceKind::Sequence,
        Kind::Endpoint => ReferenceKind::Endpoint,
        Kind::Template => ReferenceKind::Template,
        Kind::LocalEntry => ReferenceKind::Entry,
        Kind::MessageStore => ReferenceKind::MessageStore,
        Kind::DataService => ReferenceKind::DataService,
        _ => return None,
    })
}

fn word(kind: ReferenceKind) -> &'static str {
    match kind {
        ReferenceKind::Sequence => "sequence",
        ReferenceKind::Endpoint => "endpoint",
        ReferenceKind::Template => "sequence template",
        ReferenceKind::Entry => "local entry or registry resource",
        ReferenceKind::MessageStore => "message store",
        ReferenceKind::DataService => "data service",
    }
}
