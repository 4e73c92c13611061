//! The file registry as mediation sees it, and files of the home by `file:` keys.

use std::path::{Path, PathBuf};

use mi_mediation::environment::{Resource, Resources};
use mi_registry::FileRegistry;

const LOG: &str = "org.wso2.micro.integrator.registry.MicroIntegratorRegistry";

/// See the module's documentation.
pub struct Registry {
    files: FileRegistry,
    home: PathBuf,
}

impl Registry {
    /// The registry of a server with this home.
    pub fn new(files: FileRegistry, home: &Path) -> Self {
        Self { files, home: home.to_owned() }
    }

    /// A file below the home; keys may come out of messages, so no other file is read.
    fn file(&self, path: &str) -> Option<Resource> {
        let path = self.home.join(path.strip_prefix("//").unwrap_or(path)).canonicalize().ok()?;
        if !path.starts_with(&self.home) {
            tracing::error!(target: LOG, "{} is outside the home, so it is not read", path.display());
            return None;
        }
        let content = std::fs::read(&path).ok()?;
        let modified = std::fs::metadata(&path).and_then(|metadata| metadata.modified()).ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let version = u64::try_from(since.as_nanos()).unwrap_or_default();
        Some(Resource { content: content.into(), media_type: "text/plain".to_owned(), version })
    }
}

impl Resources for Registry {
    fn read(&self, key: &str) -> Option<Resource> {
        if let Some(path) = key.strip_prefix("file:") {
            return self.file(path);
        }
        let found = self.files.read(key)?;
        Some(Resource { content: found.content, media_type: found.media_type, version: found.version })
    }

    fn property(&self, key: &str, name: &str) -> Option<String> {
        self.files.property(key, name)
    }

    fn write_property(&self, name: &str, value: &str) {
        let written = match name.split_once('@') {
            Some((path, property)) => self.files.set_property(path, property, value),
            None => self.files.write(name, value.as_bytes(), "text/plain"),
        };
        if let Err(error) = written {
            tracing::error!(target: LOG, "Cannot write the registry resource {name}: {error}");
        }
    }

    fn store(&self, key: &str, content: &[u8], media_type: &str) -> Result<(), String> {
        self.files.write(key, content, media_type).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_home_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("home").canonicalize().unwrap_or(folder.path().join("home"));
        std::fs::create_dir_all(home.join("conf")).expect("made");
        let home = home.canonicalize().expect("a folder");
        std::fs::write(home.join("conf/a.wsdl"), "inside").expect("written");
        std::fs::write(folder.path().join("b.wsdl"), "outside").expect("written");
        let registry = Registry::new(FileRegistry::new(home.join("registry"), std::time::Duration::ZERO), &home);
        let read = |key: &str| registry.read(key).map(|found| found.content);
        assert_eq!(read("file:conf/a.wsdl").as_deref(), Some(&b"inside"[..]));
        assert_eq!(read(&format!("file://{}/conf/a.wsdl", home.display())).as_deref(), Some(&b"inside"[..]));
        for key in ["file:../b.wsdl", "file:conf/../../b.wsdl", "file:/etc/hostname", "file:conf/none"] {
            assert_eq!(read(key), None, "{key}");
        }
    }
}
