//! A CAR file or a connector as its entries: a zip archive in memory, with limits.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

/// How many entries an archive may have.
const MAX_ENTRIES: usize = 20_000;

/// How many bytes its entries may have together, unpacked: a small archive can hold endless zeros.
const MAX_BYTES: u64 = 512 << 20;

fn open(path: &Path) -> Result<BufReader<File>, String> {
    Ok(BufReader::new(File::open(path).map_err(|error| format!("The file cannot be read: {error}"))?))
}

fn is_xml(name: &str) -> bool {
    name.ends_with(".xml")
}

/// The entries of an archive by their path, without folders and without `META-INF`.
#[derive(Debug, Default)]
pub struct Archive {
    entries: BTreeMap<String, Vec<u8>>,
}

impl Archive {
    /// Reads all of `path`.
    ///
    /// # Errors
    /// When it is no zip archive, is damaged, or is too large.
    pub fn read(path: &Path) -> Result<Self, String> {
        Self::of(open(path)?, |_| true)
    }

    /// Reads the zip of a connector at `path`: its XML files. What else is in it is Java.
    ///
    /// # Errors
    /// As [`Archive::read`].
    pub fn of_library(path: &Path) -> Result<Self, String> {
        Self::of(open(path)?, is_xml)
    }

    /// The same when the zip is an entry of another archive.
    ///
    /// # Errors
    /// As [`Archive::read`].
    pub fn of_library_in(bytes: &[u8]) -> Result<Self, String> {
        Self::of(Cursor::new(bytes), is_xml)
    }

    fn of(content: impl Read + Seek, wanted: fn(&str) -> bool) -> Result<Self, String> {
        let broken = |error: zip::result::ZipError| format!("The file is not a zip archive: {error}");
        let mut zip = zip::ZipArchive::new(content).map_err(broken)?;
        if zip.len() > MAX_ENTRIES {
            return Err(format!("The archive has {} entries; {MAX_ENTRIES} are allowed", zip.len()));
        }
        let mut archive = Self::default();
        let mut left = MAX_BYTES;
        for index in 0..zip.len() {
            let mut entry = zip.by_index(index).map_err(broken)?;
            let name = entry.name().map_err(broken)?.replace('\\', "/");
            if entry.is_dir() || name.starts_with("META-INF/") || !wanted(&name) {
                continue;
            }
            if name.starts_with('/') || name.split('/').any(|part| part == "..") {
                return Err(format!("The entry '{name}' would lie outside of the archive"));
            }
            let mut bytes = Vec::new();
            let read = entry.by_ref().take(left + 1).read_to_end(&mut bytes);
            read.map_err(|error| format!("The entry '{name}' is damaged: {error}"))?;
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| format!("The archive holds more than {MAX_BYTES} bytes"))?;
            archive.entries.insert(name, bytes);
        }
        Ok(archive)
    }

    /// The bytes of an entry.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.entries.get(name).map(Vec::as_slice)
    }

    /// The entries below a folder: their paths within it, and their bytes.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.entries.iter().filter_map(move |(name, bytes)| {
            let rest = name.strip_prefix(folder)?.strip_prefix('/')?;
            Some((rest, bytes.as_slice()))
        })
    }

    /// The names of the folders at the top.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let mut last = "";
        self.entries.keys().filter_map(move |name| {
            let (folder, _) = name.split_once('/')?;
            (folder != std::mem::replace(&mut last, folder)).then_some(folder)
        })
    }
}
