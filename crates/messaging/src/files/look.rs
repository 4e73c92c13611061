//! A look for files.

use std::collections::BTreeSet;
use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use mi_coordination::Gate;
use mi_mediation::mediator::BoxFuture;

use super::after::{self, Found, Outcome};
use super::lock::{Lock, LockOwner};
use super::loggers::POLLER;
use super::message::uri;
use super::settings::{FileSettings, Order};
use crate::pause::pause;

/// Folders below folders are looked into to this depth.
const DEEPEST: usize = 64;

/// Who takes files.
pub(crate) trait Taker: Send + Sync {
    /// The most bytes that a file may have.
    fn limit(&self) -> u64;

    /// Takes a file. `None` when it is to stay where it is.
    fn take<'a>(&'a self, file: &'a Found, content: Bytes) -> BoxFuture<'a, Option<Outcome>>;
}

/// See the module's documentation.
pub(crate) struct Looker<T> {
    pub(crate) settings: Arc<FileSettings>,
    pub(crate) taker: T,
    owner: LockOwner,
    /// Files that failed and could not be moved, as long as this looker lives.
    failed: Mutex<BTreeSet<PathBuf>>,
    /// The location was not there at the last look.
    missing: AtomicBool,
}

/// What a folder holds.
struct Entries {
    files: Vec<Found>,
    folders: Vec<(PathBuf, String)>,
}

impl<T: Taker> Looker<T> {
    /// A looker on this machine.
    pub(crate) fn new(settings: Arc<FileSettings>, taker: T, owner: LockOwner) -> Self {
        Self { settings, taker, owner, failed: Mutex::default(), missing: AtomicBool::new(false) }
    }

    /// Looks once.
    pub(crate) async fn look(&self, gate: &Gate) {
        let root = self.settings.location.path();
        let path = root.clone();
        let found = blocking(move || fs::metadata(&path).and_then(|metadata| found(&path, &metadata, ""))).await;
        let missing = self.missing.swap(found.is_err(), Ordering::Relaxed);
        match found {
            // Said once: it may take its time to come.
            Err(_) if missing => {}
            Err(error) => {
                let reason = match error.kind() {
                    io::ErrorKind::NotFound => "The file does not exists!".to_owned(),
                    io::ErrorKind::PermissionDenied => "The file can not be read!".to_owned(),
                    _ => error.to_string(),
                };
                tracing::warn!(
                    target: POLLER, "Unable to access or read file or directory : {}. Reason: {reason}", uri(&root)
                );
            }
            Ok(Some(file)) => {
                self.file(file).await;
            }
            Ok(None) => self.folder(gate, root, String::new(), 0).await,
        }
    }

    fn folder<'a>(
        &'a self,
        gate: &'a Gate,
        folder: PathBuf,
        below: String,
        depth: usize,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let settings = &*self.settings;
            let (path, way) = (folder.clone(), below.clone());
            let entries = match blocking(move || entries(&path, &way)).await {
                Ok(entries) => entries,
                Err(error) => {
                    tracing::warn!(
                        target: POLLER, "Unable to access or read file or directory : {}. Reason: {error}", uri(&folder)
                    );
                    return;
                }
            };
            let mut taken = 0;
            for file in in_order(entries.files, settings) {
                if !gate.is_open() {
                    return;
                }
                if !settings.wants(&file.name) || !has_rested(&file, settings, now()) {
                    continue;
                }
                taken += usize::from(self.file(file).await);
                match settings.pause {
                    Some(length) => pause(length, gate).await,
                    None if settings.most.is_some_and(|most| taken >= most) => return,
                    None => {}
                }
            }
            if settings.location.with_folders && depth < DEEPEST {
                for (path, way) in entries.folders {
                    self.folder(gate, path, way, depth + 1).await;
                }
            }
        })
    }

    /// Handles a file; false when somebody else has it, or it was handled before and only waits to be moved.
    async fn file(&self, file: Found) -> bool {
        let settings = &self.settings;
        let path = file.path.clone();
        if blocking(move || after::is_marked(&path)).await {
            self.finish_again(file).await;
            return false;
        }
        let mut lock = None;
        if settings.locking {
            let (path, owner, stale) = (file.path.clone(), self.owner.clone(), settings.stale.clone());
            let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
            lock = blocking(move || Lock::acquire_existing(&path, &owner, stale.as_ref(), now(), random.cast_signed()))
                .await;
            if lock.is_none() {
                return false;
            }
        }
        if let Some(outcome) = self.handle(&file).await {
            self.finish(file, outcome).await;
        }
        if let Some(lock) = lock {
            blocking(move || lock.release()).await;
        }
        true
    }

    /// Reads and injects a file. `None` when it is to stay where it is.
    async fn handle(&self, file: &Found) -> Option<Outcome> {
        if self.settings.size_limit.is_some_and(|limit| file.size > limit) {
            tracing::debug!(target: POLLER, "Ignoring file: {} size: {}", file.name, file.size);
            return None;
        }
        let most = self.taker.limit();
        let path = file.path.clone();
        let read = blocking(move || {
            if fs::metadata(&path)?.len() > most {
                return Err(io::Error::other(format!("it has more than {most} bytes, which no message may have")));
            }
            fs::read(&path)
        });
        match read.await {
            Ok(content) => self.taker.take(file, Bytes::from(content)).await,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::warn!(
                    target: POLLER,
                    "Error processing File URI : {}. This can be due to file moved from another process.", uri(&file.path)
                );
                None
            }
            // MI calls this a failure, and may delete a file that nobody has read.
            Err(error) => {
                tracing::error!(target: POLLER, "Error reading file content or attributes : {}: {error}", uri(&file.path));
                None
            }
        }
    }

    async fn finish(&self, file: Found, outcome: Outcome) {
        let Err(error) = self.finished(file.clone(), outcome).await else { return };
        tracing::error!(target: POLLER, "File object '{}' could not be moved or deleted: {error}", uri(&file.path));
        if outcome == Outcome::Failed {
            self.failed().insert(file.path.clone());
        }
        let path = file.path;
        let marked = blocking(move || after::mark(&path, now())).await;
        if let Err(error) = marked {
            tracing::error!(
                target: POLLER,
                "Could not create the failure record in {}, so its files may be processed again: {error}",
                uri(&self.settings.location.path())
            );
        }
    }

    /// Tries once more to move a file that was handled.
    async fn finish_again(&self, file: Found) {
        let failed = self.failed().contains(&file.path);
        let outcome = if failed { Outcome::Failed } else { Outcome::Processed };
        let path = file.path.clone();
        if let Err(error) = self.finished(file, outcome).await {
            tracing::error!(
                target: POLLER, "File object '{}' could not be moved, will remain in \"fail\" state: {error}", uri(&path)
            );
            return;
        }
        self.failed().remove(&path);
        let folder = self.settings.location.path();
        if let Err(error) = blocking(move || after::unmark(&path)).await {
            tracing::error!(target: POLLER, "A failure record in {} cannot be deleted: {error}", uri(&folder));
        }
    }

    async fn finished(&self, file: Found, outcome: Outcome) -> io::Result<()> {
        let settings = self.settings.clone();
        blocking(move || after::finish(&settings, &file, outcome, now())).await
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
        // Nothing that can panic runs under the lock.
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs what waits for a disk where nobody else waits.
pub(crate) async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(act).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is being shut down, and whoever waits with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    millis(SystemTime::now())
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What is known of a file; `None` for a folder.
fn found(path: &Path, metadata: &fs::Metadata, below: &str) -> io::Result<Option<Found>> {
    if !metadata.is_file() {
        return Ok(None);
    }
    Ok(Some(Found {
        path: path.to_owned(),
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        size: metadata.len(),
        modified: metadata.modified().map(millis)?,
        below: below.to_owned(),
    }))
}

/// What a folder holds, locks and marks left out.
fn entries(folder: &Path, below: &str) -> io::Result<Entries> {
    let mut entries = Entries { files: Vec::new(), folders: Vec::new() };
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // What went away meanwhile is somebody else's.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if metadata.is_dir() {
            entries.folders.push((path, format!("{below}/{name}")));
        } else if !name.ends_with(".lock")
            && !name.ends_with(".fail")
            && let Some(file) = found(&path, &metadata, below)?
        {
            entries.files.push(file);
        }
    }
    entries.folders.sort();
    Ok(entries)
}

fn in_order(mut files: Vec<Found>, settings: &FileSettings) -> Vec<Found> {
    match settings.order {
        Order::Name => files.sort_by(|a, b| a.path.cmp(&b.path)),
        Order::Size => files.sort_by_key(|file| file.size),
        Order::Modified => files.sort_by_key(|file| file.modified),
    }
    if settings.descending {
        files.reverse();
    }
    files
}

/// Whether the last change of a file is as long ago as it is to be.
fn has_rested(file: &Found, settings: &FileSettings, now: i64) -> bool {
    let age = u128::try_from(now.saturating_sub(file.modified)).unwrap_or_default();
    let (least, most) = settings.age;
    settings.rest.is_none_or(|rest| age > rest.as_millis())
        && least.is_none_or(|least| age >= least.as_millis())
        && most.is_none_or(|most| age <= most.as_millis())
}
