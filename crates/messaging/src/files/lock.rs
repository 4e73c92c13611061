//! Lock files: `NAME.lock` beside a file says that somebody handles it, another server of MI included.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::loggers::LOCKS;
use super::settings::StaleLock;

/// What a lock says of who made it. Neither part may have a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockOwner {
    /// The machine's name.
    pub host: String,
    /// Its address.
    pub ip: String,
}

/// A lock that this server holds.
#[derive(Debug)]
pub(super) struct Lock(PathBuf);

/// `NAME` + `suffix` beside a file.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

impl Lock {
    /// Locks a file; `None` when somebody else has it. A stale lock is broken, and the file can be had at the next look.
    /// `now` is in milliseconds since 1970, `random` tells this lock from all others.
    pub(super) fn acquire(
        file: &Path,
        owner: &LockOwner,
        stale: Option<&StaleLock>,
        now: i64,
        random: i64,
    ) -> Option<Self> {
        let path = beside(file, ".lock");
        let text = format!("{random}:{}:{}:{now}", owner.host, owner.ip);
        match write(&path, &text) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if let Some(stale) = stale {
                    break_stale(&path, owner, stale, now);
                }
                return None;
            }
            Err(error) => {
                tracing::error!(
                    target: LOCKS, "Cannot get the lock for the file : {} before processing: {error}", file.display()
                );
                return None;
            }
        }
        let lock = Self(path);
        // A folder that several machines share may let two of them make the file; one of them reads the other's text.
        let mine = fs::read(&lock.0).is_ok_and(|read| read == text.as_bytes());
        mine.then_some(lock)
    }

    /// The same for a file that must be there: whoever handled it before may have taken it away with its lock.
    pub(super) fn acquire_existing(
        file: &Path,
        owner: &LockOwner,
        stale: Option<&StaleLock>,
        now: i64,
        random: i64,
    ) -> Option<Self> {
        let lock = Self::acquire(file, owner, stale, now, random)?;
        if file.exists() {
            return Some(lock);
        }
        lock.release();
        None
    }

    /// Gives the file free.
    pub(super) fn release(self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(
                target: LOCKS, "Couldn't release the lock for the file : {} after processing: {error}", self.0.display()
            );
        }
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes()).inspect_err(|_| {
        // Half a lock would keep everybody off for ever.
        let _ = fs::remove_file(path);
    })
}

fn break_stale(path: &Path, owner: &LockOwner, stale: &StaleLock, now: i64) {
    let Ok(text) = fs::read_to_string(path) else { return };
    let parts: Vec<&str> = text.trim().split(':').collect();
    let [_, host, ip, made] = parts[..] else { return };
    if stale.own_only && (host, ip) != (&*owner.host, &*owner.ip) {
        return;
    }
    let age = made.parse::<i64>().map_or(0, |made| now.saturating_sub(made));
    if u128::try_from(age).unwrap_or_default() >= stale.age.as_millis()
        && let Err(error) = fs::remove_file(path)
    {
        tracing::warn!(target: LOCKS, "Unable to delete the lock file {} during auto release cycle. {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn owner() -> LockOwner {
        LockOwner { host: "here".to_owned(), ip: "10.0.0.1".to_owned() }
    }

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.csv");
        fs::write(&file, "a").expect("written");
        (folder, file)
    }

    #[test]
    fn one_at_a_time() {
        let (_folder, file) = file();
        let lock = Lock::acquire(&file, &owner(), None, 7, -3).expect("free");
        assert_eq!(fs::read_to_string(beside(&file, ".lock")).expect("there"), "-3:here:10.0.0.1:7");
        assert!(Lock::acquire(&file, &owner(), None, 8, 4).is_none());
        lock.release();
        assert!(Lock::acquire(&file, &owner(), None, 8, 4).is_some());
    }

    #[test]
    fn a_file_that_is_gone_leaves_no_lock() {
        let (_folder, file) = file();
        fs::remove_file(&file).expect("there");
        assert!(Lock::acquire_existing(&file, &owner(), None, 7, 1).is_none());
        assert!(!beside(&file, ".lock").exists());
    }

    #[test]
    fn stale_locks_are_broken_for_the_next_look() {
        let (_folder, file) = file();
        let held = |text: &str| fs::write(beside(&file, ".lock"), text).expect("written");
        let stale = |own_only| StaleLock { age: Duration::from_millis(100), own_only };
        let breaks = |text: &str, own_only| {
            held(text);
            assert!(Lock::acquire(&file, &owner(), Some(&stale(own_only)), 1000, 1).is_none());
            !beside(&file, ".lock").exists()
        };
        assert!(breaks("1:here:10.0.0.1:900", true));
        assert!(!breaks("1:here:10.0.0.1:901", true), "it is too young");
        assert!(!breaks("1:there:10.0.0.2:1", true), "it is another machine's");
        assert!(breaks("1:there:10.0.0.2:1", false));
        assert!(!breaks("no lock of ours", false));
    }
}
