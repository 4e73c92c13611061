//! Log files that begin anew each day and when they have become large, the last twenty being kept.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{Local, NaiveDate};

/// Size at which a file is rolled (bytes).
const MAX_SIZE: u64 = 10 << 20;
/// How many rolled files are kept.
const KEPT: usize = 20;

/// One log file; opened when the first line comes.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    state: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: File,
    size: u64,
    day: NaiveDate,
}

impl LogFile {
    pub(super) fn new(folder: &Path, name: &str) -> Self {
        Self { path: folder.join(name), state: Mutex::new(None) }
    }

    /// Writes a line. A disk that is full or gone loses lines, not messages.
    pub(super) fn write(&self, line: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let today = Local::now().date_naive();
        if state.as_ref().is_some_and(|open| open.size >= MAX_SIZE || open.day != today) {
            *state = None;
            self.roll(today);
        }
        if state.is_none() {
            *state = self.open(today);
        }
        if let Some(open) = state.as_mut()
            && open.file.write_all(line.as_bytes()).is_ok()
        {
            open.size += line.len() as u64;
        }
    }

    fn open(&self, day: NaiveDate) -> Option<Open> {
        let file = OpenOptions::new().create(true).append(true).open(&self.path).ok()?;
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        Some(Open { file, size, day })
    }

    /// Renames the file to `name-2026-01-31.N.log` and removes the oldest ones.
    fn roll(&self, today: NaiveDate) {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = |number: usize| self.path.with_file_name(format!("{stem}-{today}.{number}.log"));
        let free = (1..).map(name).find(|path| !path.exists());
        if let Some(free) = free {
            let _ = std::fs::rename(&self.path, free);
        }
        let Some(folder) = self.path.parent() else { return };
        let prefix = format!("{stem}-");
        let mut rolled: Vec<_> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        rolled.sort();
        let surplus = rolled.len().saturating_sub(KEPT);
        for (_, path) in rolled.into_iter().take(surplus) {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_rolled_and_old_ones_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = LogFile::new(folder.path(), "a.log");
        let line = "x".repeat(usize::try_from(MAX_SIZE).expect("small") / 2);
        for _ in 0..(KEPT + 3) * 2 {
            log.write(&line);
        }
        let count = std::fs::read_dir(folder.path()).expect("readable").count();
        assert_eq!(count, KEPT + 1);
    }
}
