use std::fs;
use std::path::PathBuf;

use mi_mediation::environment::Environment;
use mi_mediation::environment::NoResources;
use mi_mediation::message_store::MessageStore;
use tempfile::TempDir;

use super::*;
use crate::testing;

/// A server with the proxy service `P` for files of the folder `in`, whose in-sequence is `mediators`.
struct World {
    folder: TempDir,
    listeners: VfsListeners,
    live: Arc<ArcSwap<Configuration>>,
    service: Arc<ProxyService>,
}

impl World {
    fn new(parameters: &[(&str, &str)], mediators: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("in")).expect("made");
        let root = folder.path().display().to_string();
        let owner = LockOwner { host: "here".to_owned(), ip: "10.0.0.1".to_owned() };
        let mut environment = Environment::new(Box::new(testing::no_client()), Box::new(NoResources));
        environment.files = Box::new(FileWriter::new(owner.clone()));
        let mut all = vec![("transport.PollInterval", "5ms"), ("transport.vfs.ContentType", "text/plain")];
        all.extend([("transport.vfs.FileURI", "file://@/in"), ("transport.vfs.FileNamePattern", ".*")]);
        all.extend(parameters);
        // Of two with one name the first counts.
        all.reverse();
        let all: String = all
            .iter()
            .map(|(name, value)| format!("<parameter name='{name}'>{}</parameter>", value.replace('@', &root)))
            .collect();
        let mediators = mediators.replace('@', &root);
        let proxy = format!(
            "<proxy name='P' transports='vfs'>{all}<target><inSequence>{mediators}</inSequence></target></proxy>"
        );
        let configuration = testing::configuration(&Arc::new(environment), &["<messageStore name='m'/>", &proxy]);
        let service = configuration.proxies["P"].clone();
        let live = Arc::new(ArcSwap::from_pointee(configuration));
        Self { folder, listeners: VfsListeners::new(live.clone(), owner), live, service }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn put(&self, path: &str, content: &str) {
        fs::create_dir_all(self.path(path).parent().expect("a folder")).expect("made");
        fs::write(self.path(path), content).expect("written");
    }

    /// Waits until the store holds so many messages.
    async fn until(&self, size: u64) {
        let store: Arc<MessageStore> = self.live.load().message_stores["m"].clone();
        while store.backing.size().await != Ok(Some(size)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn until_gone(&self, path: &str) {
        while self.path(path).exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn a_service_takes_files_until_it_is_gone() {
    let world = World::new(&[], "<store messageStore='m'/>");
    world.put("in/a", "one");
    world.listeners.follow([&world.service]);
    world.until(1).await;
    world.until_gone("in/a").await;
    world.service.set_running(false);
    world.put("in/b", "two");
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(world.path("in/b").exists(), "a stopped service takes nothing");
    world.service.set_running(true);
    world.until(2).await;
    world.listeners.follow([]);
    world.listeners.stop(Duration::from_secs(1)).await;
    world.put("in/c", "three");
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(world.path("in/c").exists());
}

#[tokio::test]
async fn a_transport_header_says_that_a_file_failed_and_faults_do_not() {
    let moves = [
        ("transport.vfs.ActionAfterProcess", "MOVE"),
        ("transport.vfs.MoveAfterProcess", "file://@/done"),
        ("transport.vfs.ActionAfterFailure", "MOVE"),
        ("transport.vfs.MoveAfterFailure", "file://@/failed"),
        ("transport.vfs.CreateFolder", "true"),
    ];
    for (mediators, at) in [
        ("<property name='ERROR_CODE' value='1' scope='transport'/>", "failed/a"),
        ("<throwError type='T' errorMessage='no'/>", "done/a"),
    ] {
        let world = World::new(&moves, mediators);
        world.put("in/a", "one");
        world.listeners.follow([&world.service]);
        world.until_gone("in/a").await;
        world.listeners.stop(Duration::from_secs(1)).await;
        assert!(world.path(at).exists(), "{mediators}");
    }
}

#[tokio::test]
async fn an_answer_goes_into_a_file() {
    let reply = [("transport.vfs.ReplyFileURI", "file://@/out"), ("transport.vfs.ReplyFileName", "answer.txt")];
    let world = World::new(&reply, "<respond/>");
    fs::create_dir(world.path("out")).expect("made");
    world.put("in/a", "one");
    world.listeners.follow([&world.service]);
    world.until_gone("in/a").await;
    world.listeners.stop(Duration::from_secs(1)).await;
    assert_eq!(fs::read_to_string(world.path("out/answer.txt")).expect("written"), "one");
}

#[tokio::test]
async fn a_message_goes_into_a_file_whatever_its_method() {
    let send = "<property name='transport.vfs.ReplyFileName' value='b.txt' scope='transport'/>\
                <property name='HTTP_METHOD' value='GET' scope='axis2'/><property name='OUT_ONLY' value='true'/>\
                <send><endpoint><address uri='vfs:file://@/out'/></endpoint></send>";
    let world = World::new(&[], send);
    fs::create_dir(world.path("out")).expect("made");
    world.put("in/a", "one");
    world.listeners.follow([&world.service]);
    world.until_gone("in/a").await;
    assert_eq!(fs::read_to_string(world.path("out/b.txt")).expect("written"), "one");
}

#[tokio::test]
async fn without_a_pattern_a_folder_gives_nothing_and_none_keeps_files() {
    let world = World::new(&[("transport.vfs.FileNamePattern", "")], "<store messageStore='m'/>");
    world.put("in/a", "one");
    world.listeners.follow([&world.service]);
    tokio::time::sleep(Duration::from_millis(20)).await;
    world.listeners.stop(Duration::from_secs(1)).await;
    assert!(world.path("in/a").exists());
    let world = World::new(&[("transport.vfs.ActionAfterProcess", "NONE")], "<store messageStore='m'/>");
    world.put("in/a", "one");
    world.listeners.follow([&world.service]);
    world.until(2).await;
    assert!(world.path("in/a").exists());
}

#[test]
fn only_services_that_are_for_files_are_polled() {
    let proxy = |attributes: &str, parameters: &str| {
        let (environment, _) = testing::environment();
        let text = format!("<proxy name='P' {attributes}>{parameters}<target><inSequence/></target></proxy>");
        testing::configuration(&environment, &[&text]).proxies["P"].clone()
    };
    let location = "<parameter name='transport.vfs.FileURI'>file:///in</parameter>";
    assert!(is_polled(&proxy("transports='http vfs'", "")));
    assert!(is_polled(&proxy("", location)));
    assert!(!is_polled(&proxy("", "")));
    assert!(!is_polled(&proxy("transports='http'", location)));
}
