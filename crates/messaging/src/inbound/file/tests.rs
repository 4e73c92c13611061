//! Looks for files in real folders.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use mi_coordination::{Coordinator, Gate};
use mi_mediation::{Configuration, MessageContext};
use mi_payload::Payload;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::Injector;
use crate::files::{LockOwner, Looker};
use crate::inbound::{InboundArtifact, InboundKind};
use crate::testing;

const ARTIFACTS: [&str; 6] = [
    "<messageStore name='m'/>",
    "<sequence name='keep'><store messageStore='m'/></sequence>",
    "<sequence name='fail'><store messageStore='m'/><throwError type='T' errorMessage='no'/></sequence>",
    "<sequence name='handle'><log/></sequence>",
    "<sequence name='throw'><throwError type='T' errorMessage='again'/></sequence>",
    "<sequence name='text'><store messageStore='m'/></sequence>",
];

struct World {
    folder: TempDir,
    looker: Looker<Injector>,
    gate: Gate,
    live: Arc<ArcSwap<Configuration>>,
}

impl World {
    /// An endpoint for the folder `in` whose messages run through `sequence`. `@` in a parameter is the folder of all.
    fn new(attributes: &str, parameters: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().display().to_string();
        fs::create_dir(folder.path().join("in")).expect("made");
        let mut all = vec![("interval", "1000"), ("transport.vfs.ContentType", "text/plain")];
        all.push(("transport.vfs.FileURI", "file://@/in"));
        all.extend(parameters);
        let all: String = all
            .iter()
            .map(|(name, value)| format!("<parameter name='{name}'>{}</parameter>", value.replace('@', &root)))
            .collect();
        let text = format!(
            "<inboundEndpoint name='I' protocol='file' {attributes}><parameters>{all}</parameters></inboundEndpoint>"
        );
        let artifact = Arc::new(testing::with_definitions(&text, InboundArtifact::parse).expect("well made"));
        let InboundKind::File(file) = &artifact.kind else { panic!("it is file") };
        let (environment, _) = testing::environment();
        let live = Arc::new(ArcSwap::from_pointee(testing::configuration(&environment, &ARTIFACTS)));
        let injector = Injector {
            origin: Injector::origin("I"),
            live: live.clone(),
            sequence: artifact.sequence.clone().expect("a sequence"),
            on_error: artifact.on_error.clone(),
            content_type: file.files.content_type.clone(),
            tells_folder: file.files.location.with_folders,
            beside: Arc::new(Semaphore::new(1)),
            sequential: file.sequential,
        };
        let owner = LockOwner { host: "here".to_owned(), ip: "10.0.0.1".to_owned() };
        let looker = Looker::new(file.files.clone(), injector, owner);
        Self { folder, looker, gate: Coordinator::local().register("I", false), live }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn put(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, content).expect("written");
    }

    /// All files, as paths below the folder.
    fn files(&self) -> Vec<String> {
        fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).expect("readable") {
                let path = entry.expect("an entry").path();
                match path.is_dir() {
                    true => walk(root, &path, found),
                    false => found.push(path.strip_prefix(root).expect("below").display().to_string()),
                }
            }
        }
        let mut found = Vec::new();
        walk(self.folder.path(), self.folder.path(), &mut found);
        found.sort();
        found
    }

    async fn look(&self) {
        self.looker.look(&self.gate).await;
    }

    /// The messages that came into the store since the last call.
    async fn messages(&self) -> Vec<MessageContext> {
        let store = self.live.load().message_stores["m"].clone();
        let mut consumer = store.backing.consumer();
        let mut messages = Vec::new();
        while let Some(message) = consumer.receive().await.expect("memory") {
            consumer.acknowledge().await.expect("memory");
            messages.push(message);
        }
        messages
    }

    async fn names(&self) -> Vec<String> {
        let messages = self.messages().await;
        messages.iter().map(|message| message.header_text("FILE_NAME").expect("a header").into_owned()).collect()
    }
}

fn text(message: &MessageContext) -> String {
    match &message.payload {
        Payload::Text(text) => text.as_str().to_owned(),
        other => panic!("no text: {other:?}"),
    }
}

#[tokio::test]
async fn a_file_becomes_a_message_that_says_where_it_comes_from_and_is_deleted() {
    let world = World::new("sequence='keep'", &[("transport.vfs.ActionAfterProcess", "NONE")]);
    world.put("in/a b.csv", "1,2");
    world.look().await;
    let messages = world.messages().await;
    assert_eq!((messages.len(), text(&messages[0]).as_str()), (1, "1,2"));
    let header = |name: &str| messages[0].header_text(name).map(|text| text.into_owned()).unwrap_or_default();
    assert_eq!(header("FILE_NAME"), "a b.csv");
    assert_eq!(header("FILE_PATH"), world.path("in/a b.csv").display().to_string());
    assert_eq!(header("FILE_URI"), format!("file://{}/in/a%20b.csv", world.folder.path().display()));
    assert_eq!(header("FILE_LENGTH"), "3");
    assert!(header("LAST_MODIFIED").parse::<i64>().expect("a number") > 0);
    assert_eq!(messages[0].header_text("RELATIVE_PATH"), None);
    assert!(world.files().is_empty(), "NONE deletes, as in MI: {:?}", world.files());
}

#[tokio::test]
async fn only_names_that_match_as_a_whole_and_no_locks_and_marks() {
    let world = World::new("sequence='keep'", &[("transport.vfs.FileNamePattern", ".*\\.csv")]);
    for name in ["a.csv", "b.csv.txt", "c.lock", "d.fail", "sub/e.csv"] {
        world.put(&format!("in/{name}"), "x");
    }
    world.look().await;
    assert_eq!(world.names().await, ["a.csv"]);
    assert_eq!(world.files(), ["in/b.csv.txt", "in/c.lock", "in/d.fail", "in/sub/e.csv"]);
}

#[tokio::test]
async fn what_was_processed_and_what_failed_go_their_ways() {
    let moves = [
        ("transport.vfs.ActionAfterProcess", "MOVE"),
        ("transport.vfs.MoveAfterProcess", "file://@/done"),
        ("transport.vfs.ActionAfterFailure", "MOVE"),
        ("transport.vfs.MoveAfterFailure", "file://@/failed"),
        ("transport.vfs.CreateFolder", "true"),
    ];
    for (attributes, at) in [
        ("sequence='keep'", "done/a"),
        ("sequence='fail'", "failed/a"),
        ("sequence='fail' onError='handle'", "done/a"),
        ("sequence='fail' onError='throw'", "failed/a"),
        // Nobody has read it: it stays.
        ("sequence='absent'", "in/a"),
    ] {
        let world = World::new(attributes, &moves);
        world.put("in/a", "x");
        world.look().await;
        assert_eq!(world.files(), [at], "{attributes}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_built_is_a_failure() {
    let world = World::new(
        "sequence='keep'",
        &[
            ("transport.vfs.ContentType", "application/xml"),
            ("transport.vfs.ActionAfterFailure", "MOVE"),
            ("transport.vfs.MoveAfterFailure", "file://@/failed"),
            ("transport.vfs.CreateFolder", "true"),
        ],
    );
    world.put("in/a.xml", "<a>");
    world.put("in/b.xml", "<b/>");
    world.look().await;
    assert_eq!(world.names().await, ["b.xml"]);
    assert_eq!(world.files(), ["failed/a.xml"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_moved_is_not_read_again() {
    let world = World::new(
        "sequence='keep'",
        &[("transport.vfs.ActionAfterProcess", "MOVE"), ("transport.vfs.MoveAfterProcess", "file://@/done")],
    );
    world.put("in/a", "x");
    world.look().await;
    assert_eq!(world.names().await, ["a"]);
    assert_eq!(world.files(), ["in/a", "in/a.fail"]);
    world.look().await;
    assert_eq!(world.names().await, [""; 0]);
    fs::create_dir(world.path("done")).expect("made");
    world.look().await;
    assert_eq!(world.files(), ["done/a"]);
    assert_eq!(world.names().await, [""; 0]);
    world.put("in/a", "another");
    world.look().await;
    assert_eq!(world.names().await, ["a"], "the mark is gone with the file");
}

#[tokio::test]
async fn folders_below_are_looked_into_when_the_location_says_so() {
    let world = World::new(
        "sequence='keep'",
        &[
            ("transport.vfs.FileURI", "file://@/in/*"),
            ("transport.vfs.ActionAfterProcess", "MOVE"),
            ("transport.vfs.MoveAfterProcess", "file://@/done/*"),
            ("transport.vfs.MoveTimestampFormat", "'at-'"),
        ],
    );
    world.put("in/a", "x");
    world.put("in/one/two/b", "x");
    world.look().await;
    assert_eq!(world.files(), ["done/at-a", "done/one/two/at-b"]);
    let messages = world.messages().await;
    let ways: Vec<_> = messages.iter().map(|message| message.header_text("RELATIVE_PATH").expect("a header")).collect();
    assert_eq!(ways, ["", "/one/two"]);
}

#[tokio::test]
async fn files_are_taken_in_order_and_not_more_than_wanted() {
    let world = World::new(
        "sequence='keep'",
        &[
            ("transport.vfs.FileSortAttribute", "Size"),
            ("transport.vfs.FileSortAscending", "false"),
            ("transport.vfs.FileProcessCount", "2"),
            ("transport.vfs.FileSizeLimit", "4"),
        ],
    );
    for (name, content) in [("a", "1"), ("b", "333"), ("c", "22"), ("d", "55555")] {
        world.put(&format!("in/{name}"), content);
    }
    world.look().await;
    // The one that is too large is looked at, and counts.
    assert_eq!(world.names().await, ["b"]);
    world.look().await;
    assert_eq!(world.names().await, ["c"]);
    assert_eq!(world.files(), ["in/a", "in/d"]);
}

#[tokio::test]
async fn files_that_just_changed_wait() {
    let world = World::new("sequence='keep'", &[("transport.vfs.waitTimeBeforeRead", "60000")]);
    world.put("in/old", "x");
    world.put("in/new", "x");
    let file = fs::File::options().write(true).open(world.path("in/old")).expect("there");
    file.set_modified(SystemTime::now() - Duration::from_secs(61)).expect("set");
    world.look().await;
    assert_eq!(world.names().await, ["old"]);
}

#[tokio::test]
async fn locked_files_are_somebody_elses() {
    let world = World::new("sequence='keep'", &[]);
    world.put("in/a", "x");
    world.put("in/a.lock", "1:there:10.0.0.2:1");
    world.put("in/b", "x");
    world.look().await;
    assert_eq!(world.names().await, ["b"]);
    assert_eq!(world.files(), ["in/a", "in/a.lock"]);
    let world = World::new("sequence='keep'", &[("transport.vfs.Locking", "disable")]);
    world.put("in/a", "x");
    world.put("in/a.lock", "1:there:10.0.0.2:1");
    world.look().await;
    assert_eq!(world.names().await, ["a"]);
}

#[tokio::test]
async fn one_file_can_be_the_place() {
    let world = World::new("sequence='keep'", &[("transport.vfs.FileURI", "file://@/in/only")]);
    world.look().await;
    world.put("in/only", "x");
    world.put("in/other", "x");
    world.look().await;
    assert_eq!(world.names().await, ["only"]);
    assert_eq!(world.files(), ["in/other"]);
}

#[tokio::test]
async fn beside_the_poller_a_file_counts_as_processed_at_once() {
    let world = World::new("sequence='fail'", &[("sequential", "false")]);
    world.put("in/a", "x");
    world.put("in/b", "x");
    world.look().await;
    assert!(world.files().is_empty(), "{:?}", world.files());
    let mut names = BTreeSet::new();
    while names.len() < 2 {
        names.extend(world.names().await);
        tokio::task::yield_now().await;
    }
}
