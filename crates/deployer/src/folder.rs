//! What is on disk: artifact files and their stamps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::kind::Kind;

/// Tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    modified: SystemTime,
    length: u64,
}

impl Stamp {
    /// The stamp of a file, if it can be asked for.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        Some(Self { modified: metadata.modified().ok()?, length: metadata.len() })
    }
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// One artifact of this kind.
    One(Kind),
    /// A `<definitions>` element with any number of artifacts.
    Definitions,
    /// A composite application.
    Application,
    /// A connector library.
    Library,
}

/// Folders beside that of the artifacts.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// That of composite applications, `carbonapps`.
    pub applications: Option<PathBuf>,
    /// That of connector libraries, `synapse-libs`.
    pub libraries: Option<PathBuf>,
    /// That of data services, `dataservices`.
    pub data_services: Option<PathBuf>,
}

/// All artifact files below `synapse-configs/default` and in the folders beside it, in no order; when `root` is a file,
/// that one.
pub fn scan(root: &Path, beside: &Beside) -> BTreeMap<PathBuf, (Content, Stamp)> {
    let mut files = BTreeMap::new();
    let mut add = |path: PathBuf, content: Content| {
        if let Some(stamp) = Stamp::of(&path) {
            files.insert(path, (content, stamp));
        }
    };
    let others = [
        (&beside.applications, "car", Content::Application),
        (&beside.libraries, "zip", Content::Library),
        (&beside.data_services, "dbs", Content::One(Kind::DataService)),
    ];
    for (folder, suffix, content) in others {
        let found = folder.as_deref().and_then(|folder| std::fs::read_dir(folder).ok());
        for entry in found.into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == suffix) {
                add(path, content);
            }
        }
    }
    if root.is_file() {
        add(root.to_owned(), Content::Definitions);
        return files;
    }
    add(root.join("synapse.xml"), Content::Definitions);
    for kind in Kind::ALL.into_iter().filter(|&kind| kind != Kind::DataService) {
        let Ok(entries) = std::fs::read_dir(root.join(kind.folder())) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "xml") {
                add(path, Content::One(kind));
            }
        }
    }
    files
}
