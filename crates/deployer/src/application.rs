//! A composite application (CAR file): what is in it, and what of that is for this server (spec: runtime 3.2 and 3.3).
//!
//! It deploys as a whole or not at all.

use std::path::Path;
use std::sync::Arc;

use mi_mediation::{Definitions, DeployError, Element, Imports};
use mi_payload::java::JavaRegex;
use mi_xml::Document;

use crate::archive::Archive;
use crate::artifact::{self, Artifact, Named};
use crate::kind::Kind;
use crate::library::Library;
use crate::load;

/// The type of connector libraries.
const LIBRARY: &str = "synapse/lib";
/// The type of a list of configuration values.
const CONFIGS: &str = "config/property";

/// An application, read and well made.
#[derive(Debug, Default)]
pub struct Application {
    /// What it is called and what is in it.
    pub summary: Summary,
    /// Its mediation artifacts, in the order in which they are listed.
    pub artifacts: Vec<Named>,
    /// Its registry resources.
    pub resources: Vec<Resource>,
    /// The configuration values that it asks to be injected.
    pub configs: Vec<String>,
    /// What is in it that this server does not run.
    pub passed_over: Vec<String>,
}

/// What an application is called and what is in it, for those who look at it from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Name and type of each artifact that is for this server; the type is what stands after the slash: `api`.
    pub artifacts: Vec<(String, String)>,
}

impl Summary {
    /// `NAME_VERSION`.
    pub fn id(&self) -> String {
        format!("{}_{}", self.name, self.version)
    }
}

/// A registry resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its key, such as `gov:mi-resources/a.json`.
    pub key: String,
    /// Its content.
    pub content: Vec<u8>,
    /// Its media type.
    pub media_type: String,
}

/// One artifact as a descriptor names it.
struct Part {
    name: String,
    version: String,
    role: String,
}

impl Application {
    /// Reads the CAR file at `path`; `shown` is how messages name it, `roles` are the server's.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(
        path: &Path,
        shown: &str,
        roles: &[String],
        definitions: &Definitions<'_>,
    ) -> Result<Self, Vec<DeployError>> {
        let failed = |message: String| vec![DeployError::new(message).at(shown, None)];
        let archive = Archive::read(path).map_err(failed)?;
        let descriptor = if archive.get("metadata.xml").is_some() { "metadata.xml" } else { "artifacts.xml" };
        let Some(bytes) = archive.get(descriptor) else {
            let error = DeployError::new("The application has no artifacts.xml").at(shown, None);
            return Err(vec![error.hint("is it a CAR file, with artifacts.xml at the top?")]);
        };
        let file = format!("{shown}!{descriptor}");
        let document = load::parse(bytes, &file).map_err(|error| vec![error])?;
        let (summary, parts) = listed(&document, &file).map_err(|error| vec![error])?;
        let mut reader = Reader { archive: &archive, shown, definitions, application: Self::default(), errors: vec![] };
        reader.application.summary = summary;
        let parts: Vec<_> = parts.iter().filter(|part| is_for(&part.role, roles)).collect();
        // The others may use operations of the libraries.
        for part in &parts {
            reader.part(part, Pass::Libraries);
        }
        for part in &parts {
            reader.part(part, Pass::Others);
        }
        if reader.errors.is_empty() { Ok(reader.application) } else { Err(reader.errors) }
    }
}

/// What it is called, and the dependencies of the `carbon/application` artifact.
fn listed(document: &Document, file: &str) -> Result<(Summary, Vec<Part>), DeployError> {
    let nothing = || DeployError::new("There is no artifact of type carbon/application").at(file, None);
    let root = Element::new(document, document.root_element().ok_or_else(nothing)?, file);
    let found = root.children().find(|child| child.attribute("type") == Some("carbon/application"));
    let application = found.ok_or_else(nothing)?;
    let text = |element: Element<'_>, name: &str| element.attribute(name).unwrap_or_default().to_owned();
    let summary =
        Summary { name: text(application, "name"), version: text(application, "version"), artifacts: Vec::new() };
    let parts = named(application, "dependency").map(|dependency| Part {
        name: text(dependency, "artifact"),
        version: text(dependency, "version"),
        role: text(dependency, "serverRole"),
    });
    Ok((summary, parts.collect()))
}

/// The children of this name; descriptors are in no namespace.
fn named<'a>(element: Element<'a>, local: &'static str) -> impl Iterator<Item = Element<'a>> {
    element.children().filter(move |child| child.local() == local)
}

/// A role is a regular expression over the server's roles; none is for all.
fn is_for(role: &str, roles: &[String]) -> bool {
    if role.is_empty() {
        return true;
    }
    let pattern = JavaRegex::new(role);
    roles.iter().any(|known| match &pattern {
        Ok(pattern) => pattern.matches(known),
        Err(_) => known == role,
    })
}

struct Reader<'a> {
    archive: &'a Archive,
    shown: &'a str,
    definitions: &'a Definitions<'a>,
    application: Application,
    errors: Vec<DeployError>,
}

/// What of an application is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// The connector libraries, and the names of configuration values.
    Libraries,
    /// Everything else, and what is wrong with the parts themselves.
    Others,
}

impl Reader<'_> {
    fn part(&mut self, part: &Part, pass: Pass) {
        if let Err(error) = self.read(part, pass) {
            self.errors.push(error);
        }
    }

    fn read(&mut self, part: &Part, pass: Pass) -> Result<(), DeployError> {
        let folder = format!("{}_{}", part.name, part.version);
        let shown = format!("{}!{folder}/artifact.xml", self.shown);
        let Some(bytes) = self.archive.get(&format!("{folder}/artifact.xml")) else {
            if pass == Pass::Libraries {
                return Ok(());
            }
            let error = DeployError::new(format!("Some dependencies were not satisfied: there is no {folder}"));
            let folders: Vec<_> = self.archive.folders().collect();
            let error = error.at(&format!("{}!artifacts.xml", self.shown), None);
            return Err(error.hint(format!("the application has {}", folders.join(", "))));
        };
        let document = match load::parse(bytes, &shown) {
            Err(_) if pass == Pass::Libraries => return Ok(()),
            document => document?,
        };
        let Some(root) = document.root_element() else { return Ok(()) };
        let element = Element::new(&document, root, &shown);
        let of_type = element.attribute("type").unwrap_or_default();
        match (pass, of_type) {
            (Pass::Libraries, LIBRARY) => return self.library(&folder, element),
            (Pass::Libraries, CONFIGS) => {
                // The artifacts may name them; one that is set nowhere is said when the application is installed.
                for name in self.config_names(&folder, element).unwrap_or_default() {
                    self.definitions.environment.declare_config(&name);
                }
                return Ok(());
            }
            (Pass::Libraries, _) => return Ok(()),
            (Pass::Others, _) => {}
        }
        let last = of_type.rsplit('/').next().unwrap_or_default();
        self.application.summary.artifacts.push((part.name.clone(), last.to_owned()));
        let kind = match of_type {
            "registry/resource" => return self.resources(&folder, element),
            CONFIGS => {
                let names = self.config_names(&folder, element)?;
                self.application.configs.extend(names);
                return Ok(());
            }
            LIBRARY | "synapse/metadata" | "swagger" | "carbon/application" => return Ok(()),
            // What is in the jar is for the connector's classes, and those are named when the connector is read.
            "lib/connector/dependency" => return Ok(()),
            "synapse/local-entry" => Kind::LocalEntry,
            "synapse/endpoint" => Kind::Endpoint,
            "synapse/sequence" => Kind::Sequence,
            "synapse/message-store" => Kind::MessageStore,
            "synapse/template" | "synapse/sequenceTemplate" | "synapse/endpointTemplate" => Kind::Template,
            "synapse/proxy-service" => Kind::Proxy,
            "synapse/task" => Kind::Task,
            "synapse/event-source" => Kind::EventSource,
            "synapse/message-processors" => Kind::MessageProcessor,
            "synapse/api" => Kind::Api,
            "synapse/inbound-endpoint" => Kind::InboundEndpoint,
            "service/dataservice" => Kind::DataService,
            other => {
                self.application.passed_over.push(format!("{} ({other})", part.name));
                return Ok(());
            }
        };
        let (file, bytes) = self.file(&folder, element)?;
        let document = load::parse(bytes, &file)?;
        let Some(root) = document.root_element() else { return Ok(()) };
        let element =
            Element::new(&document, root, &file).allowing_xpath2(self.definitions.settings.xpath_dom_failover);
        if let Some(error) = load::not_an_artifact(kind, element) {
            return Err(error);
        }
        let named = artifact::read(kind, element, self.definitions, &load::fetch)
            .map_err(|error| error.at(&file, element.position()))?;
        self.application.artifacts.push(named);
        Ok(())
    }

    /// A connector library, which is imported and enabled by itself.
    fn library(&mut self, folder: &str, element: Element<'_>) -> Result<(), DeployError> {
        let (file, bytes) = self.file(folder, element)?;
        let archive = Archive::of_library_in(bytes).map_err(|reason| DeployError::new(reason).at(&file, None))?;
        let named = Library::read(&archive, &file, self.definitions)?;
        let Artifact::Library(library) = &named.artifact else { return Ok(()) };
        let import = library.import();
        self.definitions.bring(&Imports::new([import.clone()], library.classes()));
        let enabled = Named {
            kind: Kind::Import,
            name: named.name.clone(),
            definition: import.to_xml().into(),
            artifact: Artifact::Import(Arc::new(import)),
            file: named.file.clone(),
            line: named.line,
        };
        self.application.artifacts.extend([named, enabled]);
        Ok(())
    }

    /// The one file of an artifact: how messages name it, and its bytes.
    fn file(&self, folder: &str, element: Element<'_>) -> Result<(String, &[u8]), DeployError> {
        let mut files = named(element, "file").map(|file| file.text().trim().to_owned());
        let (Some(file), None) = (files.next(), files.next()) else {
            return Err(element.error("Synapse artifacts must have exactly one <file>"));
        };
        let path = format!("{folder}/{file}");
        match self.archive.get(&path) {
            Some(bytes) => Ok((format!("{}!{path}", self.shown), bytes)),
            None => Err(element.error(format!("The file {path} is not in the application"))),
        }
    }

    fn config_names(&self, folder: &str, element: Element<'_>) -> Result<Vec<String>, DeployError> {
        let (_, bytes) = self.file(folder, element)?;
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        // A line is `name:type`; the value comes from outside.
        Ok(lines.map(|line| line.split([':', '=']).next().unwrap_or(line).trim().to_owned()).collect())
    }

    fn resources(&mut self, folder: &str, element: Element<'_>) -> Result<(), DeployError> {
        let (file, bytes) = self.file(folder, element)?;
        let document = load::parse(bytes, &file)?;
        let Some(root) = document.root_element() else { return Ok(()) };
        let root = Element::new(&document, root, &file);
        let text = |element: Element<'_>, name: &'static str| {
            named(element, name).next().map(|child| child.text().trim().to_owned())
        };
        for item in root.children() {
            let path = text(item, "path").unwrap_or_default();
            let Some(base) = key_of(&path) else {
                return Err(item.error(format!("'{path}' is not a path of the registry")));
            };
            match item.local() {
                "item" => {
                    let name = text(item, "file").unwrap_or_default();
                    let found = format!("{folder}/resources/{name}");
                    let content = self
                        .archive
                        .get(&found)
                        .ok_or_else(|| item.error(format!("The file {found} is not in the application")))?;
                    self.application.resources.push(Resource {
                        key: format!("{base}/{name}"),
                        content: content.to_vec(),
                        media_type: text(item, "mediaType").unwrap_or_else(|| "text/plain".to_owned()),
                    });
                }
                "collection" => {
                    let directory = text(item, "directory").unwrap_or_default();
                    let found = format!("{folder}/resources/{directory}");
                    let all = self.archive.below(&found).map(|(name, content)| Resource {
                        key: format!("{base}/{name}"),
                        content: content.to_vec(),
                        media_type: "text/plain".to_owned(),
                    });
                    self.application.resources.extend(all);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The key of a path in the registry of the server: `/_system/governance/a` is `gov:a`.
fn key_of(path: &str) -> Option<String> {
    let roots = [("/_system/governance", "gov:"), ("/_system/config", "conf:"), ("/_system/local", "local:")];
    roots.into_iter().find_map(|(root, key)| {
        let rest = path.strip_prefix(root)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{key}{}", rest.trim_matches('/')))
    })
}
