//! Registry resources in files: `config`, `governance` and `local` below one folder (spec: runtime part 4).
//!
//! Begin at [`FileRegistry`]. It reads a resource anew when its file has changed and not otherwise; it guarantees that no
//! key leads outside its folder.

mod key;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

pub use key::{IllegalKey, path_of_key};

/// A resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its bytes.
    pub content: Bytes,
    /// Its media type; `text/plain` when none is recorded.
    pub media_type: String,
    /// Grows with each change that was noticed.
    pub version: u64,
}

/// The registry of one server.
#[derive(Debug)]
pub struct FileRegistry {
    root: PathBuf,
    cachable: Duration,
    cache: RwLock<HashMap<PathBuf, Cached>>,
}

#[derive(Debug, Clone)]
struct Cached {
    resource: Option<Resource>,
    modified: Option<SystemTime>,
    checked: Instant,
}

impl FileRegistry {
    /// A registry in `root`. Resources are looked at again once `cachable` has passed (MI ships 15 s).
    pub fn new(root: PathBuf, cachable: Duration) -> Self {
        Self { root, cachable, cache: RwLock::default() }
    }

    /// The resource behind a key; `None` when there is no such file or the key is illegal.
    pub fn read(&self, key: &str) -> Option<Resource> {
        let path = self.path(key).ok()?;
        let now = Instant::now();
        let known = self.cache.read().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
        if let Some(known) = &known
            && now.duration_since(known.checked) < self.cachable
        {
            return known.resource.clone();
        }
        let modified =
            std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file).and_then(|data| data.modified().ok());
        let resource = match (&known, modified) {
            (Some(known), Some(_)) if known.modified == modified => known.resource.clone(),
            (_, None) => None,
            (_, Some(_)) => std::fs::read(&path).ok().map(|bytes| Resource {
                content: bytes.into(),
                media_type: media_type(&path),
                version: known.as_ref().and_then(|known| known.resource.as_ref()).map_or(1, |old| old.version + 1),
            }),
        };
        let cached = Cached { resource: resource.clone(), modified, checked: now };
        self.cache.write().unwrap_or_else(PoisonError::into_inner).insert(path, cached);
        resource
    }

    /// A property of the resource behind a key, from the file beside it.
    pub fn property(&self, key: &str, name: &str) -> Option<String> {
        let path = self.path(key).ok()?;
        let text = std::fs::read_to_string(beside(&path, ".properties")).ok()?;
        properties(&text).find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }

    /// Writes a resource.
    ///
    /// # Errors
    /// When the key is illegal or the file cannot be written.
    pub fn write(&self, key: &str, content: &[u8], media_type: &str) -> io::Result<()> {
        let path = self.path(key).map_err(io::Error::other)?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
            std::fs::create_dir_all(folder.join(".metadata"))?;
        }
        std::fs::write(&path, content)?;
        std::fs::write(metadata_file(&path), format!("mediaType={media_type}\n"))?;
        self.cache.write().unwrap_or_else(PoisonError::into_inner).remove(&path);
        Ok(())
    }

    /// Sets a property of a resource.
    ///
    /// # Errors
    /// When the key is illegal or the file cannot be written.
    pub fn set_property(&self, key: &str, name: &str, value: &str) -> io::Result<()> {
        let path = self.path(key).map_err(io::Error::other)?;
        let file = beside(&path, ".properties");
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        let mut lines: Vec<String> = properties(&before)
            .filter(|(known, _)| *known != name)
            .map(|(known, value)| format!("{known}={value}"))
            .collect();
        lines.push(format!("{name}={value}"));
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, lines.join("\n") + "\n")
    }

    /// The file behind a key.
    ///
    /// # Errors
    /// When the key leads outside the registry.
    pub fn path(&self, key: &str) -> Result<PathBuf, IllegalKey> {
        Ok(self.root.join(path_of_key(key)?))
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

fn metadata_file(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".meta");
    path.parent().unwrap_or(Path::new("")).join(".metadata").join(name)
}

fn media_type(path: &Path) -> String {
    let text = std::fs::read_to_string(metadata_file(path)).unwrap_or_default();
    let found = properties(&text).find(|(name, _)| *name == "mediaType").map(|(_, value)| value.to_owned());
    found.unwrap_or_else(|| "text/plain".to_owned())
}

/// The entries of a simple properties file.
fn properties(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '!']));
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_writes_and_notices_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = FileRegistry::new(folder.path().to_owned(), Duration::ZERO);
        assert!(registry.read("conf:/a/b.xml").is_none());
        registry.write("conf:/a/b.xml", b"<a/>", "application/xml").expect("writable");
        let first = registry.read("conf:a/b.xml").expect("there now");
        assert_eq!((&first.content[..], first.media_type.as_str()), (&b"<a/>"[..], "application/xml"));
        assert!(folder.path().join("config/a/b.xml").is_file());
        registry.write("conf:/a/b.xml", b"<b/>", "application/xml").expect("writable");
        assert_eq!(&registry.read("conf:/a/b.xml").expect("there").content[..], b"<b/>");
        registry.set_property("conf:/a/b.xml", "p", "1").expect("writable");
        assert_eq!(registry.property("conf:/a/b.xml", "p").as_deref(), Some("1"));
        assert_eq!(registry.property("conf:/a/b.xml", "q"), None);
    }

    #[test]
    fn a_cached_resource_is_not_looked_at_again_too_soon() {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = FileRegistry::new(folder.path().to_owned(), Duration::from_secs(3600));
        registry.write("gov:/x", b"1", "text/plain").expect("writable");
        assert_eq!(&registry.read("gov:/x").expect("there").content[..], b"1");
        std::fs::write(folder.path().join("governance/x"), "2").expect("writable");
        assert_eq!(&registry.read("gov:/x").expect("there").content[..], b"1");
    }
}
