//! Starting and stopping: the script, signals, draining.

use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use mi_e2e::{Backend, Builder, binary, client, eventually};

#[test]
fn a_request_in_flight_is_finished_before_the_server_ends() {
    let (release, held) = mpsc::channel::<()>();
    let (ask, asked) = mpsc::channel::<()>();
    let channels = std::sync::Mutex::new((held, ask));
    let backend = Backend::start(move |_| {
        let channels = channels.lock().expect("no panic");
        channels.1.send(()).expect("the test waits");
        channels.0.recv().expect("released");
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ndone".to_vec()
    });
    let api = format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='a' context='/a'><resource methods='GET'><inSequence><call><endpoint>\
         <http method='get' uri-template='http://127.0.0.1:{}/'/></endpoint></call><respond/></inSequence></resource></api>",
        backend.port()
    );
    let mut server = Builder::new().artifact("api/a.xml", &api).start();
    let url = format!("http://127.0.0.1:{}/a", server.port());
    let request = std::thread::spawn(move || client().get(&url).call().expect("an answer").body_mut().read_to_string());
    asked.recv().expect("the back end is asked");
    server.signal("TERM");
    server.expect_log("Waiting for request service completion...");
    let refused =
        eventually(Duration::from_secs(10), || std::net::TcpStream::connect(("127.0.0.1", server.port())).is_err());
    assert!(refused, "the listener still accepts");
    release.send(()).expect("the back end waits");
    assert_eq!(request.join().expect("no panic").expect("a body"), "done");
    assert_eq!(server.wait().code(), Some(0));
    server.expect_log("All requests have been served.");
    assert!(!server.home().join("wso2carbon.pid").exists());
}

#[test]
fn a_wrong_setting_ends_the_start_with_its_place() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(home.path().join("conf")).expect("writable");
    std::fs::write(home.path().join("conf/deployment.toml"), "[server]\noffset = \"many\"\n").expect("writable");
    let output = Command::new(binary()).args(["run", "--home"]).arg(home.path()).output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("deployment.toml:2:10"), "{text}");
}

#[test]
fn lint_says_what_is_wrong_and_ends_with_one() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("api")).expect("writable");
    let api = "<api xmlns='http://ws.apache.org/ns/synapse' name='a' context='a'>\n<resource/></api>";
    std::fs::write(folder.path().join("api/a.xml"), api).expect("writable");
    let output = Command::new(binary()).arg("lint").arg(folder.path()).output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("error: api/a.xml:1:") && text.contains("API context must begin with '/' character"),
        "{text}"
    );
}

#[test]
fn lint_remarks_on_what_never_runs_and_what_nobody_uses() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("sequences")).expect("writable");
    let sequence = "<sequence xmlns='http://ws.apache.org/ns/synapse' name='s'>\n<respond/>\n<log/></sequence>";
    std::fs::write(folder.path().join("sequences/s.xml"), sequence).expect("writable");
    let output = Command::new(binary()).arg("lint").arg(folder.path()).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("warning: sequences/s.xml:3: 'log' never runs: 'respond' on line 2 ends the flow"), "{text}");
    assert!(text.contains("warning: sequences/s.xml:1: Sequence s is not used"), "{text}");
    assert!(text.contains("1 artifacts, 0 errors, 2 warnings"), "{text}");
}

#[test]
fn the_start_script_starts_asks_and_stops_through_a_link() {
    let builder = Builder::new();
    let port = builder.port();
    let mut server = builder.start();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    // A distribution: the script beside the binary.
    let home = server.home().to_owned();
    let bin = home.join("bin");
    std::fs::create_dir_all(&bin).expect("writable");
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../bin/micro-integrator.sh");
    std::fs::copy(sources, bin.join("micro-integrator.sh")).expect("a copy");
    std::os::unix::fs::symlink(binary(), bin.join("micro-integrator")).expect("a link");
    let link = home.join("mi");
    std::os::unix::fs::symlink(bin.join("micro-integrator.sh"), &link).expect("a link");
    let script = |word: &str| {
        let output =
            Command::new("sh").arg(&link).arg(word).env_remove("CARBON_HOME").current_dir("/").output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(script("status").0, Some(3));
    assert_eq!(script("--start").0, Some(0));
    let up = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
    assert!(eventually(Duration::from_secs(20), up));
    let (code, text) = script("status");
    assert!(code == Some(0) && text.contains("is running"), "{text}");
    assert!(script("start").1.contains("Process is already running"));
    assert!(script("version").1.contains("Micro Integrator"));
    assert_eq!(script("restart").0, Some(0));
    assert!(eventually(Duration::from_secs(20), || script("status").0 == Some(0) && up()));
    assert_eq!(script("-stop").0, Some(0));
    assert!(eventually(Duration::from_secs(20), || script("status").0 == Some(3)));
    assert_eq!(script("debug").0, Some(1));
}
