//! Inbound endpoints: ports of their own, and files that one node of a cluster takes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mi_e2e::{Answer, Backend, Builder, Server, binary, eventually};

const NAMESPACE: &str = "xmlns='http://ws.apache.org/ns/synapse'";
const PATIENCE: Duration = Duration::from_secs(30);

fn http(port: u16, attributes: &str, parameters: &str) -> String {
    format!(
        "<inboundEndpoint {NAMESPACE} name='In' protocol='http' {attributes}><parameters>\
         <parameter name='inbound.http.port'>{port}</parameter>{parameters}</parameters></inboundEndpoint>"
    )
}

/// A sequence that answers with a word.
fn answering(name: &str, word: &str) -> String {
    format!(
        "<sequence {NAMESPACE} name='{name}'><payloadFactory media-type='json'><format>{{\"by\":\"{word}\"}}</format><args/>\
         </payloadFactory><respond/></sequence>"
    )
}

fn api(name: &str, attributes: &str) -> String {
    format!(
        "<api {NAMESPACE} name='{name}' context='/{name}' {attributes}><resource methods='GET'><inSequence>\
         <payloadFactory media-type='json'><format>{{\"by\":\"{name}\"}}</format><args/></payloadFactory><respond/>\
         </inSequence></resource></api>"
    )
}

/// Asks on another port than the server's.
fn get(port: u16, path: &str) -> Option<Answer> {
    let mut answer = mi_e2e::client().get(format!("http://127.0.0.1:{port}{path}")).call().ok()?;
    let status = answer.status().as_u16();
    Some(Answer { status, headers: Vec::new(), body: answer.body_mut().read_to_string().unwrap_or_default() })
}

/// Who answered, as the answers here say.
fn by(port: u16, path: &str) -> String {
    let answer = get(port, path).expect("the port is open");
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    body["by"].as_str().map_or_else(|| answer.status.to_string(), str::to_owned)
}

fn free_port() -> u16 {
    mi_testkit::free_port().expect("a free port")
}

#[test]
fn requests_on_a_port_of_its_own() {
    let port = free_port();
    let server = Builder::new()
        .artifact("inbound-endpoints/in.xml", &http(port, "sequence='own' onError='failed'", ""))
        .artifact("sequences/own.xml", &answering("own", "own"))
        .artifact("sequences/main.xml", &answering("main", "main"))
        .artifact("sequences/failed.xml", &answering("failed", "failed"))
        .artifact("api/bound.xml", &api("bound", "binds-to='In'"))
        .artifact("api/other.xml", &api("other", ""))
        .artifact(
            "proxy-services/p.xml",
            &format!(
                "<proxy {NAMESPACE} name='P' transports='http'><parameter name='inbound.only'>true</parameter><target>\
                 <inSequence><sequence key='failed'/></inSequence></target></proxy>"
            ),
        )
        .start();
    let ask = |path: &str| by(port, path);
    assert_eq!((ask("/x").as_str(), ask("/bound").as_str(), ask("/other").as_str()), ("own", "bound", "own"));
    assert_eq!(server.get("/bound").body, "{\"by\":\"main\"}", "it is bound to the inbound endpoint alone");

    let pattern = "<parameter name='dispatch.filter.pattern'>/(other|services|there).*</parameter>";
    server.deploy("inbound-endpoints/in.xml", &http(port, "sequence='own'", pattern));
    let changed = eventually(PATIENCE, || ask("/x") == "main");
    assert!(changed, "what does not match goes to main:\n{}", server.log());
    for (path, who) in [("/bound", "bound"), ("/other", "other"), ("/there", "main"), ("/services/P", "failed")] {
        assert_eq!(ask(path), who, "{path}");
    }
    assert_ne!(server.get("/services/P").body, "{\"by\":\"failed\"}", "it is for inbound endpoints only");

    server.deploy(
        "sequences/own.xml",
        &format!("<sequence {NAMESPACE} name='own'><throwError type='T' errorMessage='no'/></sequence>"),
    );
    server.deploy("inbound-endpoints/in.xml", &http(port, "sequence='own' onError='failed'", ""));
    assert!(eventually(PATIENCE, || ask("/x") == "failed"), "{}", server.log());

    server.undeploy("inbound-endpoints/in.xml");
    assert!(eventually(PATIENCE, || get(port, "/x").is_none()), "the port is closed");
    server.expect_log("Inbound Endpoint named 'In' has been undeployed");
}

#[test]
fn a_port_is_closed_and_opened_by_the_management_api_and_its_state_is_kept() {
    let port = free_port();
    let mut server = Builder::new()
        .artifact("inbound-endpoints/in.xml", &http(port, "sequence='own' suspend='true'", ""))
        .artifact("sequences/own.xml", &answering("own", "own"))
        .start();
    let state = |server: &Server| {
        let (_, list) = server.management("GET", "/inbound-endpoints", "");
        list["list"][0]["status"].as_str().expect("a status").to_owned()
    };
    assert_eq!((state(&server).as_str(), get(port, "/").is_none()), ("inactive", true));
    let change = |server: &Server, status: &str| {
        let body = format!("{{\"name\":\"In\",\"status\":\"{status}\"}}");
        server.management("POST", "/inbound-endpoints", &body)
    };
    let (status, body) = change(&server, "active");
    assert_eq!((status, body["Message"].as_str()), (200, Some("In : is activated")));
    assert_eq!((state(&server).as_str(), by(port, "/").as_str()), ("active", "own"));
    server.signal("TERM");
    server.wait();
    server.run();
    assert_eq!(state(&server), "active", "the state outlasts a restart and wins over suspend");
    let (_, body) = change(&server, "inactive");
    assert_eq!(body["Message"].as_str(), Some("In : is deactivated"));
    assert!(get(port, "/").is_none());
}

#[test]
fn a_port_that_is_taken_is_said_and_can_be_had_later() {
    let holder = std::net::TcpListener::bind("0.0.0.0:0").expect("a free port");
    let port = holder.local_addr().expect("an address").port();
    let server = Builder::new()
        .artifact("inbound-endpoints/in.xml", &http(port, "sequence='own'", ""))
        .artifact("sequences/own.xml", &answering("own", "own"))
        .start();
    server.expect_log(&format!("Port {port} used by inbound endpoint In is already used by another application."));
    let activate = "{\"name\":\"In\",\"status\":\"active\"}";
    assert_eq!(server.management("POST", "/inbound-endpoints", activate).0, 500);
    drop(holder);
    assert_eq!(server.management("POST", "/inbound-endpoints", activate).0, 200);
    assert_eq!(by(port, "/"), "own");
}

#[test]
fn what_does_not_run_is_refused_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("in.xml");
    fs::write(&path, format!("<inboundEndpoint {NAMESPACE} name='In'\n  protocol='rabbitmq' sequence='s'/>"))
        .expect("written");
    let output = Command::new(binary()).arg("lint").arg(&path).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("in.xml:2:3: The protocol rabbitmq of the Inbound Endpoint In does not run here yet"),
        "{text}"
    );
    assert!(text.contains("file, http and https"), "{text}");
}

/// An endpoint that logs each file's name and content and moves it.
fn file(folder: &Path, attributes: &str, parameters: &str) -> String {
    let folder = folder.display();
    format!(
        "<inboundEndpoint {NAMESPACE} name='Files' protocol='file' sequence='note' {attributes}><parameters>\
         <parameter name='interval'>1000</parameter>\
         <parameter name='transport.vfs.FileURI'>file://{folder}/in</parameter>\
         <parameter name='transport.vfs.ContentType'>text/plain</parameter>\
         <parameter name='transport.vfs.FileNamePattern'>.*\\.csv</parameter>\
         <parameter name='transport.vfs.ActionAfterProcess'>MOVE</parameter>\
         <parameter name='transport.vfs.MoveAfterProcess'>file://{folder}/done</parameter>\
         <parameter name='transport.vfs.ActionAfterFailure'>MOVE</parameter>\
         <parameter name='transport.vfs.MoveAfterFailure'>file://{folder}/failed</parameter>\
         <parameter name='transport.vfs.CreateFolder'>true</parameter>{parameters}</parameters></inboundEndpoint>"
    )
}

fn noting() -> String {
    format!(
        "<sequence {NAMESPACE} name='note'><log level='custom'><property name='file' \
         expression=\"concat($trp:FILE_NAME, ' says ', //text())\"/></log>\
         <filter source='$trp:FILE_NAME' regex='bad.*'><then><throwError type='T' errorMessage='no'/></then></filter></sequence>"
    )
}

/// Puts a file in as those do who know that somebody watches.
fn put(folder: &Path, name: &str, content: &str) {
    fs::create_dir_all(folder.join("in")).expect("made");
    fs::write(folder.join("in").join(format!("{name}.part")), content).expect("written");
    fs::rename(folder.join("in").join(format!("{name}.part")), folder.join("in").join(name)).expect("renamed");
}

#[test]
fn files_are_injected_and_moved() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Builder::new()
        .artifact("inbound-endpoints/files.xml", &file(folder.path(), "", ""))
        .artifact("sequences/note.xml", &noting())
        .start();
    put(folder.path(), "a.csv", "one");
    put(folder.path(), "bad.csv", "two");
    put(folder.path(), "left.txt", "three");
    let there = |path: &str| folder.path().join(path).exists();
    assert!(eventually(PATIENCE, || there("done/a.csv") && there("failed/bad.csv")), "{}", server.log());
    server.expect_log("file = a.csv says one");
    server.expect_log("{inboundendpoint:Files}");
    assert!(there("in/left.txt") && !there("in/a.csv") && !there("in/a.csv.lock"));

    let change = |status: &str| {
        let body = format!("{{\"name\":\"Files\",\"status\":\"{status}\"}}");
        assert_eq!(server.management("POST", "/inbound-endpoints", &body).0, 200);
    };
    change("inactive");
    put(folder.path(), "b.csv", "four");
    let marker = "<task xmlns='http://ws.apache.org/ns/synapse' name='tick'><trigger interval='1' count='3'/>\
                  <property name='injectTo' value='sequence'/><property name='sequenceName' value='tick'/>\
                  <property name='message'><a xmlns=''/></property></task>";
    server.deploy(
        "sequences/tick.xml",
        &format!(
            "<sequence {NAMESPACE} name='tick'><log level='custom'><property name='t' value='tick'/></log></sequence>"
        ),
    );
    server.deploy("tasks/tick.xml", marker);
    let ticked = eventually(PATIENCE, || server.log().matches("t = tick").count() == 3);
    assert!(ticked && there("in/b.csv"), "an inactive endpoint takes nothing:\n{}", server.log());
    change("active");
    assert!(eventually(PATIENCE, || there("done/b.csv")), "{}", server.log());

    // A changed endpoint goes on with what it says now.
    let pattern = "<parameter name='transport.vfs.FileNamePattern'>.*\\.txt</parameter>";
    server.deploy("inbound-endpoints/files.xml", &file(folder.path(), "", pattern));
    assert!(eventually(PATIENCE, || there("done/left.txt")), "{}", server.log());
}

/// A node with an endpoint that all nodes have, and one of its own folder that no cluster coordinates.
fn node(name: &str, jdbc: &str, folder: &Path) -> Server {
    let local = "<parameter name='coordination'>false</parameter>";
    let own = file(&folder.join(name), "", local).replace("name='Files'", "name='Own'");
    fs::create_dir_all(folder.join(name).join("in")).expect("made");
    Builder::new()
        .artifact("inbound-endpoints/files.xml", &file(folder, "", ""))
        .artifact("inbound-endpoints/own.xml", &own)
        .artifact("sequences/note.xml", &noting())
        .toml(&format!(
            "[cluster_config]\nnode_id = \"{name}\"\n[[datasource]]\nid = \"WSO2_COORDINATION_DB\"\nurl = \"{jdbc}\"\n"
        ))
        .property("heartBeatInterval=1000")
        .start()
}

#[test]
fn in_a_cluster_each_file_is_processed_once_and_another_node_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let jdbc = format!("jdbc:sqlite:{}", folder.path().join("cluster.db").display());
    let nodes = [node("n1", &jdbc, folder.path()), node("n2", &jdbc, folder.path())];
    let done = |names: &[String]| names.iter().all(|name| folder.path().join("done").join(name).exists());
    let says = |node: usize, name: &str| nodes[node].log().matches(&format!("file = {name} says")).count();
    let names: Vec<String> = (0..20).map(|n| format!("first{n}.csv")).collect();
    names.iter().for_each(|name| put(folder.path(), name, "x"));
    assert!(eventually(PATIENCE, || done(&names)), "{}", nodes[0].log());
    let owner = usize::from(says(0, &names[0]) == 0);
    let other = 1 - owner;
    for name in &names {
        assert_eq!((says(owner, name), says(other, name)), (1, 0), "{name}");
    }
    nodes[owner].expect_log("Task scheduled: [ESB_TASK][Files-FILE--SYNAPSE_INBOUND_ENDPOINT].");
    let (_, list) = nodes[other].management("GET", "/inbound-endpoints", "");
    assert_eq!(list["list"][0]["status"], "active", "it is, somewhere");

    for name in ["n1", "n2"] {
        put(&folder.path().join(name), "own.csv", "x");
        let done = folder.path().join(name).join("done/own.csv");
        assert!(eventually(PATIENCE, || done.exists()), "both nodes look where no cluster coordinates");
    }

    nodes[owner].signal("KILL");
    let names: Vec<String> = (0..5).map(|n| format!("second{n}.csv")).collect();
    names.iter().for_each(|name| put(folder.path(), name, "x"));
    assert!(eventually(PATIENCE, || done(&names)), "{}", nodes[other].log());
    for name in &names {
        assert_eq!(says(other, name), 1, "{name}");
    }
}

#[test]
fn a_proxy_service_takes_files_and_writes_what_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().display();
    let backend = Backend::start(|request| {
        let body = String::from_utf8_lossy(&request.body).to_uppercase();
        mi_e2e::answer(200, "text/plain", body.as_bytes())
    });
    let proxy = format!(
        "<proxy {NAMESPACE} name='Files' transports='vfs'>\
         <parameter name='transport.PollInterval'>100ms</parameter>\
         <parameter name='transport.vfs.FileURI'>file://{root}/in</parameter>\
         <parameter name='transport.vfs.FileNamePattern'>.*\\.txt</parameter>\
         <parameter name='transport.vfs.ContentType'>text/plain</parameter>\
         <parameter name='transport.vfs.ActionAfterProcess'>DELETE</parameter>\
         <target><inSequence><property name='name' expression='$trp:FILE_NAME'/></inSequence>\
         <endpoint><address uri='http://127.0.0.1:{}/'/></endpoint>\
         <outSequence><property name='transport.vfs.ReplyFileName' expression=\"get-property('name')\" scope='transport'/>\
         <property name='OUT_ONLY' value='true'/>\
         <send><endpoint><address uri='vfs:file://{root}/out?transport.vfs.CreateFolder=true'/></endpoint></send>\
         </outSequence></target></proxy>",
        backend.port()
    );
    let server = Builder::new().artifact("proxy-services/files.xml", &proxy).start();
    put(folder.path(), "a.txt", "one");
    put(folder.path(), "b.csv", "two");
    let out = || fs::read_to_string(folder.path().join("out/a.txt")).unwrap_or_default();
    assert!(eventually(PATIENCE, || out() == "ONE"), "{}", server.log());
    assert!(eventually(PATIENCE, || !folder.path().join("in/a.txt").exists()), "{}", server.log());
    assert!(folder.path().join("in/b.csv").exists());
    assert_eq!(backend.received().len(), 1);
}
