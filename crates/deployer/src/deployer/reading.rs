//! Reading what changed until the imports of connectors are settled: whether an element is an operation of a connector
//! depends on files that may be read after it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mi_mediation::definition::Answer;
use mi_mediation::{Definitions, Imports};

use super::clashes::rank;
use super::{Deployer, same};
use crate::artifact::{Artifact, Named};
use crate::folder::{Content, Stamp};
use crate::kind::Kind;
use crate::load::{self, Loaded};

/// How often files are read again because imports came or went with the others. An application that needs the connector of
/// another one takes two rounds; more are for applications that need each other.
const ROUNDS: usize = 8;

/// A file as it is now.
pub(super) struct Fresh {
    pub(super) content: Content,
    pub(super) stamp: Stamp,
    pub(super) loaded: Loaded,
}

impl Deployer {
    /// Reads these files, and those that look different with the imports that there are then.
    pub(super) fn read(&self, changed: BTreeMap<PathBuf, (Content, Stamp)>) -> BTreeMap<PathBuf, Fresh> {
        let mut fresh = BTreeMap::new();
        // Imports first, so that most of the others are read once.
        let (first, others): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|(_, (content, _))| brings_imports(*content));
        for batch in [first, others] {
            let imports = self.imports(&fresh);
            for (path, (content, stamp)) in batch {
                let loaded = self.read_file(&path, content, &imports);
                fresh.insert(path, Fresh { content, stamp, loaded });
            }
        }
        for _ in 0..ROUNDS {
            let imports = self.imports(&fresh);
            let stale = self.stale(&fresh, &imports);
            if stale.is_empty() {
                break;
            }
            for (path, content, stamp) in stale {
                let loaded = self.read_file(&path, content, &imports);
                fresh.insert(path, Fresh { content, stamp, loaded });
            }
        }
        fresh
    }

    fn read_file(&self, path: &Path, content: Content, imports: &Imports) -> Loaded {
        let definitions = Definitions::new(&self.environment, &self.settings).importing(imports);
        load::file(path, &self.shown(path), content, &self.roles, &definitions)
    }

    /// The imports and libraries of all files.
    fn imports(&self, fresh: &BTreeMap<PathBuf, Fresh>) -> Imports {
        let mut found: Vec<(u8, &Path, &Named)> = Vec::new();
        for (path, known) in &self.files {
            let now = fresh.get(path).map(|now| &now.loaded);
            // What is faulty now stays in its older version.
            let stays = |old: &Named| match now {
                None => true,
                Some(now) => !now.errors.is_empty() && !now.artifacts.iter().any(|new| same(new, old)),
            };
            let old = known.artifacts.iter().filter(|old| stays(old));
            found.extend(old.map(|named| (rank(known.content, named), path.as_path(), named)));
        }
        for (path, now) in fresh {
            let new = now.loaded.artifacts.iter();
            found.extend(new.map(|named| (rank(now.content, named), path.as_path(), named)));
        }
        found.sort_by_key(|(rank, path, _)| (*rank, *path));
        imports_of(found.into_iter().map(|(_, _, named)| named))
    }

    /// The files that have to be read again with these imports.
    fn stale(&self, fresh: &BTreeMap<PathBuf, Fresh>, imports: &Imports) -> Vec<(PathBuf, Content, Stamp)> {
        let known = self.files.iter().filter(|(path, _)| !fresh.contains_key(*path));
        let known = known
            .filter(|(_, known)| differ(&known.answers, &imports.and(&known.brought)))
            .map(|(path, known)| (path.clone(), known.content, known.stamp));
        let fresh = fresh
            .iter()
            .filter(|(_, now)| differ(&now.loaded.answers, &imports.and(&now.loaded.brought)))
            .map(|(path, now)| (path.clone(), now.content, now.stamp));
        known.chain(fresh).collect()
    }
}

/// The imports among artifacts, and what the libraries among them tell. Of two for one library the first counts.
pub(super) fn imports_of<'a>(artifacts: impl Iterator<Item = &'a Named>) -> Imports {
    let mut imports = Vec::new();
    let mut libraries: BTreeMap<Arc<str>, _> = BTreeMap::new();
    for named in artifacts {
        match &named.artifact {
            Artifact::Import(import) => imports.push((**import).clone()),
            Artifact::Library(library) => {
                libraries.entry(named.name.clone()).or_insert(library);
            }
            _ => {}
        }
    }
    Imports::new(imports, libraries.values().flat_map(|library| library.classes()))
}

fn brings_imports(content: Content) -> bool {
    matches!(content, Content::Library | Content::One(Kind::Import))
}

/// Whether a question would be answered in another way now.
fn differ(answers: &[Answer], imports: &Imports) -> bool {
    answers.iter().any(|(tag, answer)| imports.operation(tag) != *answer)
}
