//! Keys are read once for each version of their file.
//!
//! A file that changed is read again beside the callers: they use the keys they had until the new ones are there, so that
//! none of them waits for a password-based key derivation, which PKCS#12 files want slow.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::SystemTime;

use crate::cipher::{CipherError, KeyReference, Keys};

/// More than this are not kept: their names may come from messages.
const MOST: usize = 64;

static KEYS: LazyLock<RwLock<HashMap<Owned, Arc<Kept>>>> = LazyLock::new(RwLock::default);

/// A [`KeyReference`] that is kept.
#[derive(Clone, Eq, Hash, PartialEq)]
struct Owned {
    path: String,
    kind: String,
    password: String,
    alias: String,
}

impl Owned {
    fn borrowed(&self) -> KeyReference<'_> {
        KeyReference { path: &self.path, kind: &self.kind, password: &self.password, alias: &self.alias }
    }
}

struct Kept {
    version: Version,
    keys: Arc<Keys>,
    /// Whether somebody is reading the file's next version.
    reading: AtomicBool,
}

/// What tells a file from what it was.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Version {
    modified: Option<SystemTime>,
    length: u64,
}

/// The keys of this reference, as they are now or were a moment ago.
pub(crate) fn keys(reference: KeyReference<'_>) -> Result<Arc<Keys>, CipherError> {
    let name = Owned {
        path: reference.path.to_owned(),
        kind: reference.kind.to_owned(),
        password: reference.password.to_owned(),
        alias: reference.alias.to_owned(),
    };
    let version = version(reference)?;
    let kept = KEYS.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
    let Some(kept) = kept else { return read(&name, version) };
    if kept.version != version && !kept.reading.swap(true, Ordering::AcqRel) {
        let again = move || {
            if read(&name, version).is_err() {
                KEYS.write().unwrap_or_else(PoisonError::into_inner).remove(&name);
            }
        };
        // Without a thread the next caller tries again.
        if std::thread::Builder::new().name("key-store".to_owned()).spawn(again).is_err() {
            kept.reading.store(false, Ordering::Release);
        }
    }
    Ok(kept.keys.clone())
}

fn version(reference: KeyReference<'_>) -> Result<Version, CipherError> {
    let told = std::fs::metadata(reference.path)
        .map_err(|error| CipherError::Store { path: reference.path.to_owned(), reason: error.to_string() })?;
    Ok(Version { modified: told.modified().ok(), length: told.len() })
}

fn read(name: &Owned, version: Version) -> Result<Arc<Keys>, CipherError> {
    let keys = Arc::new(Keys::read(name.borrowed())?);
    let kept = Kept { version, keys: keys.clone(), reading: AtomicBool::new(false) };
    let mut all = KEYS.write().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= MOST && !all.contains_key(name) {
        all.clear();
    }
    all.insert(name.clone(), Arc::new(kept));
    Ok(keys)
}
