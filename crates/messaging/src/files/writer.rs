//! The way out: `vfs:file:///…` addresses (spec: tasks 5.2).

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use mi_mediation::environment::FileSender;
use mi_mediation::http::HeaderMap;
use mi_mediation::mediator::BoxFuture;
use mi_mediation::outgoing::{Outgoing, SendError};
use mi_payload::java::SimpleDateFormat;
use percent_encoding::percent_decode_str;

use super::lock::{Lock, LockOwner};
use super::look::{blocking, now};
use super::{Location, uri};

/// The name of a file whose message does not say another.
const DEFAULT_NAME: &str = "response.xml";
/// The most bytes of a message, which is in memory while it is written.
const MOST: u64 = 512 << 20;
/// The base code of what goes wrong (that of a connection that cannot be made).
const FAILED: i32 = 101_503;

/// Writes messages into files of this machine.
#[derive(Debug, Clone)]
pub struct FileWriter {
    owner: Arc<LockOwner>,
}

/// What the address of a file says.
#[derive(Debug)]
struct Target {
    path: PathBuf,
    append: bool,
    create_folder: bool,
    locking: bool,
    update_modified: bool,
    attempts: u32,
    pause: Duration,
    name: Option<String>,
}

impl FileWriter {
    /// A writer on this machine.
    pub fn new(owner: LockOwner) -> Self {
        Self { owner: Arc::new(owner) }
    }

    async fn write(self, request: Outgoing) -> Result<(), String> {
        let target = Target::read(&request.url, &request.headers, now())?;
        let content = request.body.collect(MOST).await.map_err(|error| error.to_string())?;
        let name = request.headers.get("transport.vfs.replyfilename").map(|value| value.as_bytes());
        let name = name.map(|name| String::from_utf8_lossy(name).into_owned()).or(target.name.clone());
        let name = name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let modified = request.headers.get("last_modified").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let modified = modified.filter(|_| target.update_modified);
        let target = Arc::new(target);
        let mut attempt = 1;
        loop {
            let (target, owner, name, content) = (target.clone(), self.owner.clone(), name.clone(), content.clone());
            let written = blocking({
                let target = target.clone();
                move || target.write(&owner, &name, &content, modified)
            });
            let error = match written.await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // Only what another attempt may change is tried again: that somebody else writes the file.
            if error.kind() != io::ErrorKind::WouldBlock || attempt >= target.attempts {
                return Err(format!("{}: {error}", uri(&target.path)));
            }
            attempt += 1;
            tokio::time::sleep(target.pause).await;
        }
    }
}

impl FileSender for FileWriter {
    fn write(&self, request: Outgoing) -> BoxFuture<'static, Result<(), SendError>> {
        let writer = self.clone();
        Box::pin(async move {
            writer.write(request).await.map_err(|detail| SendError {
                base_code: FAILED,
                state: 0,
                message: "Error while writing the file".to_owned(),
                detail,
                timed_out: false,
            })
        })
    }
}

impl Target {
    /// Reads an address and its options.
    fn read(url: &str, headers: &HeaderMap, now: i64) -> Result<Self, String> {
        let location = Location::parse(url).map_err(|error| error.to_string())?;
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let option = |name: &str| -> Option<String> {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.rev().find(|(known, _)| known.strip_prefix("transport.vfs.") == Some(name))?;
            Some(percent_decode_str(found.1).decode_utf8_lossy().into_owned())
        };
        let flag =
            |name: &str, default: bool| option(name).map_or(default, |text| text.trim().eq_ignore_ascii_case("true"));
        let folder = match option("SubFolderTimestampFormat") {
            None => String::new(),
            Some(text) => SimpleDateFormat::parse(&text).map_err(|error| error.to_string())?.format_millis(now),
        };
        let header = headers.get("transport.vfs.createfolder").is_some_and(|value| value.as_bytes() == b"true");
        let number =
            |name: &str, default: u64| option(name).and_then(|text| text.trim().parse().ok()).unwrap_or(default);
        Ok(Self {
            path: location.path_with(&folder),
            append: flag("Append", false),
            create_folder: header || flag("CreateFolder", false),
            locking: !option("Locking").is_some_and(|text| text.eq_ignore_ascii_case("disable")),
            update_modified: flag("UpdateLastModified", true),
            attempts: u32::try_from(number("MaxRetryCount", 3)).unwrap_or(u32::MAX),
            pause: Duration::from_secs(number("ReconnectTimeout", 30)),
            name: option("ReplyFileName"),
        })
    }

    /// Writes the content; `WouldBlock` while somebody else has the file.
    fn write(&self, owner: &LockOwner, name: &str, content: &Bytes, modified: Option<u64>) -> io::Result<()> {
        if self.create_folder {
            std::fs::create_dir_all(&self.path)?;
        }
        let path = if self.path.is_dir() { inside(&self.path, name)? } else { self.path.clone() };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut lock = None;
        if self.locking {
            let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
            lock = Lock::acquire(&path, owner, None, now(), random.cast_signed());
            if lock.is_none() {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "somebody else has its lock"));
            }
        }
        let written = put(&path, content, self.append, modified);
        if let Some(lock) = lock {
            lock.release();
        }
        written
    }
}

fn put(path: &Path, content: &[u8], append: bool, modified: Option<u64>) -> io::Result<()> {
    let mut options = File::options();
    let mut file = options.create(true).write(!append).append(append).truncate(!append).open(path)?;
    file.write_all(content)?;
    if let Some(time) = modified.and_then(|millis| UNIX_EPOCH.checked_add(Duration::from_millis(millis))) {
        file.set_modified(time)?;
    }
    Ok(())
}

/// A file in a folder. A name comes out of a message: it must not lead out of the folder.
fn inside(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let leads_inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !leads_inside {
        return Err(io::Error::other(format!("the file name {name:?} leads out of the folder")));
    }
    Ok(folder.join(name))
}

#[cfg(test)]
mod tests {
    use mi_mediation::http::Method;
    use mi_payload::Body;
    use std::fs;

    use super::*;

    async fn write(url: &str, headers: &[(&'static str, &str)], content: &'static str) -> Result<(), String> {
        let owner = LockOwner { host: "here".to_owned(), ip: "10.0.0.1".to_owned() };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a value"));
        }
        let request = Outgoing {
            method: Method::POST,
            url: url.to_owned(),
            headers: map,
            body: Body::from(content.as_bytes().to_vec()),
            content_length: false,
            http10: false,
            absolute_form: false,
            close: false,
            timeout: None,
            upgrade: None,
        };
        FileWriter::new(owner).write(request).await
    }

    #[tokio::test]
    async fn a_folder_takes_files_by_their_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap_or_default();
        let url = format!("vfs:file://{}", folder.path().display());
        write(&url, &[], "one").await.expect("written");
        write(&url, &[("transport.vfs.replyfilename", "b.csv"), ("last_modified", "1000")], "two")
            .await
            .expect("written");
        write(&url, &[], "three").await.expect("replaced");
        assert_eq!((at("response.xml").as_str(), at("b.csv").as_str()), ("three", "two"));
        let modified = fs::metadata(folder.path().join("b.csv")).and_then(|found| found.modified()).expect("there");
        assert_eq!(modified, UNIX_EPOCH + Duration::from_secs(1));
        assert!(!folder.path().join("b.csv.lock").exists());
    }

    #[tokio::test]
    async fn a_file_is_appended_to_and_its_folders_are_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("vfs:file://{}/sub/all.log?transport.vfs.Append=true", folder.path().display());
        write(&url, &[], "one,").await.expect("written");
        write(&url, &[], "two").await.expect("appended");
        assert_eq!(fs::read_to_string(folder.path().join("sub/all.log")).expect("there"), "one,two");
        let url = format!("vfs:file://{}/new?transport.vfs.CreateFolder=true", folder.path().display());
        write(&url, &[], "three").await.expect("written");
        assert_eq!(fs::read_to_string(folder.path().join("new/response.xml")).expect("there"), "three");
    }

    #[tokio::test]
    async fn a_name_does_not_lead_out_of_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("in")).expect("made");
        let url = format!("vfs:file://{}/in", folder.path().display());
        for name in ["../out", "/tmp/out", "a/../../out", ""] {
            let error = write(&url, &[("transport.vfs.replyfilename", name)], "x").await.expect_err(name);
            assert!(error.contains("leads out of the folder"), "{error}");
        }
        assert!(!folder.path().join("out").exists());
    }

    #[tokio::test]
    async fn a_file_that_is_locked_fails_after_as_many_attempts_as_wanted() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a");
        fs::write(folder.path().join("a.lock"), "1:there:10.0.0.2:1").expect("written");
        let url = format!("vfs:file://{}?transport.vfs.ReconnectTimeout=0", file.display());
        assert!(write(&url, &[], "x").await.expect_err("locked").contains("somebody else"));
        assert!(!file.exists());
        write(&format!("{url}&transport.vfs.Locking=disable"), &[], "x").await.expect("no lock is asked for");
    }
}
