//! Of two artifacts with one name the first counts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mi_mediation::DeployError;
use mi_xml::Position;

use super::{Deployer, Event, reading, same};
use crate::artifact::{Artifact, Named};
use crate::folder::Content;
use crate::kind::Kind;

impl Deployer {
    /// All artifacts in load order; of two with one name the first stays. Definitions of `synapse.xml` come first, those of
    /// applications last, except for an application's `main` and `fault`, which take the place of the server's.
    pub(super) fn without_clashes(&mut self, events: &mut Vec<Event>) -> Vec<(PathBuf, Named)> {
        let mut all: Vec<(PathBuf, u8, Named)> = Vec::new();
        for (path, known) in &self.files {
            let ranked = known.artifacts.iter().map(|named| (path.clone(), rank(known.content, named), named.clone()));
            all.extend(ranked);
        }
        all.sort_by(|a, b| (a.2.kind, a.1, &a.0).cmp(&(b.2.kind, b.1, &b.0)));
        let mut taken: HashMap<(Kind, Arc<str>), PathBuf> = HashMap::new();
        let mut contexts: HashMap<String, Arc<str>> = HashMap::new();
        let mut kept = Vec::new();
        for (path, _, named) in all {
            let key = (named.kind, named.name.clone());
            if let Some(other) = taken.get(&key) {
                // Applications bring the connectors that they need; they may be there already.
                let shared = matches!(named.kind, Kind::Library | Kind::Import) && named.container().is_some();
                if shared {
                    let other = self.shown(other);
                    self.pass_over(&path, &named, &other, events);
                    continue;
                }
                let text = clash(&named);
                let other = self.shown(other);
                self.report(&path, &named, DeployError::new(text).hint(format!("it is defined in {other}")), events);
                continue;
            }
            if let Artifact::Api(api) = &named.artifact {
                let version = api.version.as_ref().filter(|version| version.in_url);
                let context =
                    version.map_or_else(|| api.context.to_string(), |v| format!("{}/{}", api.context, v.text));
                let context = format!("{context}|{:?}|{:?}|{:?}", api.host, api.port, api.binds_to);
                if let Some(other) = contexts.get(&context) {
                    let text = format!("URL context: {} is already registered with the API: {other}", api.context);
                    self.report(&path, &named, DeployError::new(text), events);
                    continue;
                }
                contexts.insert(context, named.name.clone());
            }
            taken.insert(key, path.clone());
            kept.push((path, named));
        }
        let entries = entries_of_libraries(&kept, &taken);
        kept.extend(entries);
        kept
    }

    /// Leaves out the library of an application that is there already, with its import.
    fn pass_over(&mut self, path: &Path, named: &Named, other: &str, events: &mut Vec<Event>) {
        take_back(path, named, events);
        if named.kind != Kind::Library {
            return;
        }
        let file = named.file.split('!').nth(1).and_then(|entry| entry.rsplit('/').next()).unwrap_or(&named.file);
        let message = format!("Synapse Library {file} already found in {other}. Ignoring CAPP's artifact");
        let Some(known) = self.files.get_mut(path) else { return };
        if !known.warnings.contains(&message) {
            known.warnings.push(message.clone());
            events.push(Event::Warning { message });
        }
    }

    /// Reports a clash, once: it would be found again at every refresh.
    fn report(&mut self, path: &Path, named: &Named, error: DeployError, events: &mut Vec<Event>) {
        let error = error.at(&self.shown(path), Some(Position { line: named.line, column: 1 }));
        let Some(known) = self.files.get_mut(path) else { return };
        let text = error.to_string();
        if known.warnings.contains(&text) {
            return;
        }
        known.warnings.push(text);
        take_back(path, named, events);
        events.push(Event::Failed { kind: Some(named.kind), file: path.to_owned(), error, kept: false });
    }
}

/// Where an artifact of a file stands among those of its kind.
pub(super) fn rank(content: Content, named: &Named) -> u8 {
    match content {
        Content::Application if named.kind == Kind::Sequence && matches!(&*named.name, "main" | "fault") => 0,
        Content::Definitions => 1,
        Content::One(_) | Content::Library => 2,
        Content::Application => 3,
    }
}

/// The local entries of the libraries that are enabled; those that are defined elsewhere are `taken`.
fn entries_of_libraries(
    artifacts: &[(PathBuf, Named)],
    taken: &HashMap<(Kind, Arc<str>), PathBuf>,
) -> Vec<(PathBuf, Named)> {
    let imports = reading::imports_of(artifacts.iter().map(|(_, named)| named));
    let mut entries = Vec::new();
    for (path, named) in artifacts {
        if let Artifact::Library(library) = &named.artifact
            && imports.enables(&library.package, &library.name)
        {
            let own = library.entries.iter().filter(|entry| !taken.contains_key(&(entry.kind, entry.name.clone())));
            entries.extend(own.map(|entry| (path.clone(), entry.clone())));
        }
    }
    entries
}

/// Does not say that an artifact was deployed.
fn take_back(path: &Path, named: &Named, events: &mut Vec<Event>) {
    events.retain(|event| match event {
        Event::Deployed { named: other, file } | Event::Updated { named: other, file } => {
            !(file == path && same(other, named))
        }
        _ => true,
    });
}

/// What is said of an artifact whose name another one has.
fn clash(named: &Named) -> String {
    let name = &named.name;
    match named.kind {
        Kind::DataService => {
            format!("Data Service name is already exists. Please choose different name for '{name}' data service.")
        }
        kind => format!("{} named : {name} already exists.", kind.word()),
    }
}
