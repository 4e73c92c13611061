//! What becomes of a file after it was handled: moved or deleted.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::lock::beside;
use super::settings::{Action, FileSettings};

/// A file that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its name.
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// When it was changed last, in milliseconds since 1970.
    pub(crate) modified: i64,
    /// The way from the endpoint's folder to its own: empty, or `/sub/folder`.
    pub(crate) below: String,
}

/// How the handling of a file ended, for those that something is to be done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was taken.
    Processed,
    /// It could not be.
    Failed,
}

/// Does what the endpoint says, at a time in milliseconds since 1970.
///
/// # Errors
/// When the file could not be moved or deleted: it is where it was.
pub(super) fn finish(settings: &FileSettings, file: &Found, outcome: Outcome, now: i64) -> io::Result<()> {
    let action = match outcome {
        Outcome::Processed => &settings.after_process,
        Outcome::Failed => &settings.after_failure,
    };
    let target = match action {
        Action::Keep => return Ok(()),
        Action::Delete => return fs::remove_file(&file.path),
        Action::Move(target) => target,
    };
    let mut appended = settings.folder_timestamp.as_ref().map_or_else(String::new, |format| format.format_millis(now));
    if target.with_folders {
        appended.push_str(&file.below);
    }
    let folder = target.path_with(&appended);
    if settings.create_folder || target.with_folders {
        fs::create_dir_all(&folder)?;
    }
    let prefix = settings.move_timestamp.as_ref().map_or_else(String::new, |format| format.format_millis(now));
    // The name as the file system has it, which may be no text.
    let mut name = std::ffi::OsString::from(prefix);
    name.push(file.path.file_name().unwrap_or_default());
    relocate(&file.path, &folder.join(name), settings.update_modified)
}

/// Moves a file, onto another file system too; one that is there is replaced.
fn relocate(from: &Path, to: &Path, update_modified: bool) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        result => return result,
    }
    // Whoever watches the folder sees the whole file or none.
    let part = beside(to, ".part");
    let copied = fs::copy(from, &part).and_then(|_| {
        if !update_modified {
            File::options().write(true).open(&part)?.set_modified(fs::metadata(from)?.modified()?)?;
        }
        fs::rename(&part, to)
    });
    if let Err(error) = copied {
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    fs::remove_file(from)
}

/// Whether a file was handled but could be neither moved nor deleted.
pub(super) fn is_marked(file: &Path) -> bool {
    beside(file, ".fail").exists()
}

/// Marks such a file: only the move is tried again.
pub(super) fn mark(file: &Path, now: i64) -> io::Result<()> {
    fs::write(beside(file, ".fail"), now.to_string())
}

/// Takes the mark away.
pub(super) fn unmark(file: &Path) -> io::Result<()> {
    fs::remove_file(beside(file, ".fail"))
}
