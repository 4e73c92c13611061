//! A server of a test: its home, its process, its log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::{Answer, eventually};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// The binary under test: the one that was built into the same target folder.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/test");
    let binary = folder.join("micro-integrator");
    assert!(binary.is_file(), "{} is missing: run bin/test.sh, which builds it", binary.display());
    binary
}

/// What a server is to be.
pub struct Builder {
    home: TempDir,
    properties: Vec<String>,
    toml: String,
    hostname: String,
    ports: [u16; 4],
}

/// A running server; killed when dropped.
pub struct Server {
    home: TempDir,
    child: Option<Child>,
    properties: Vec<String>,
    ports: [u16; 4],
    client: ureq::Agent,
}

impl Builder {
    /// A home with free ports and no artifacts.
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let ports = [(); 4].map(|()| mi_testkit::free_port().expect("a free port"));
        for folder in ["conf", "deployment/server/synapse-configs/default", "registry"] {
            fs::create_dir_all(home.path().join(folder)).expect("writable");
        }
        Self { home, properties: Vec::new(), toml: String::new(), hostname: "localhost".to_owned(), ports }
    }

    /// Adds an artifact: its path below `synapse-configs/default`, its text.
    #[must_use]
    pub fn artifact(self, path: &str, text: &str) -> Self {
        write(&artifacts(&self.home).join(path), text);
        self
    }

    /// Adds a file: its path below the home.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        write(&self.home.path().join(path), text);
        self
    }

    /// Adds settings.
    #[must_use]
    pub fn toml(mut self, text: &str) -> Self {
        self.toml.push_str(text);
        self.toml.push('\n');
        self
    }

    /// Gives the server a name.
    #[must_use]
    pub fn hostname(mut self, name: &str) -> Self {
        name.clone_into(&mut self.hostname);
        self
    }

    /// Adds a system property.
    #[must_use]
    pub fn property(mut self, text: &str) -> Self {
        self.properties.push(format!("-D{text}"));
        self
    }

    /// The port on which it will take messages.
    pub fn port(&self) -> u16 {
        self.ports[0]
    }

    /// Starts it and waits until it is ready.
    pub fn start(self) -> Server {
        let [http, https, internal, management] = self.ports;
        let toml = format!(
            "[server]\noffset = 0\nhostname = \"{}\"\n[transport.http.listener]\nport = {http}\nsecured_port = {https}\n\
             [mediation]\ninternal_http_api_port = {internal}\ninternal_https_api_port = {management}\n{}",
            self.hostname, self.toml
        );
        write(&self.home.path().join("conf/deployment.toml"), &toml);
        let mut server = Server {
            home: self.home,
            child: None,
            properties: self.properties,
            ports: self.ports,
            client: crate::client(),
        };
        server.run();
        server
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// Starts the process (again).
    pub fn run(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.home.path().join("console.log"));
        let log = log.expect("writable");
        let child = Command::new(binary())
            .arg("run")
            .arg("--home")
            .arg(self.home.path())
            .args(&self.properties)
            .env_remove("CARBON_HOME")
            .env_remove("CARBON_LOGS")
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a handle"))
            .stdout(log)
            .spawn()
            .expect("the binary runs");
        self.child = Some(child);
        let url = self.healthz_url();
        let ready = eventually(PATIENCE, || self.client.get(&url).call().is_ok_and(|answer| answer.status() == 200));
        assert!(ready, "the server did not become ready:\n{}", self.log());
    }

    fn healthz_url(&self) -> String {
        format!("http://127.0.0.1:{}/healthz", self.ports[2])
    }

    /// What the readiness probe answers: status and body.
    pub fn healthz(&self) -> (u16, String) {
        let mut answer = self.client.get(self.healthz_url()).call().expect("the probe answers");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("text"))
    }

    /// The port on which it takes messages.
    pub fn port(&self) -> u16 {
        self.ports[0]
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map(Child::id).expect("running")
    }

    /// Sends a request and gives the answer, whatever its status.
    pub fn request(&self, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
        let headers = [("Content-Type", content_type)];
        self.send(method, path, if content_type.is_empty() { &[] } else { &headers }, body)
    }

    /// Sends a request with these headers and gives the answer, whatever its status.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let url = format!("http://127.0.0.1:{}{path}", self.ports[0]);
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        let sent = self.client.run(request.body(body.to_owned()).expect("a request"));
        let mut answer = sent.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.log()));
        let headers = answer.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        Answer {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            body: answer.body_mut().read_to_string().unwrap_or_default(),
        }
    }

    /// Sends a GET.
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "", "")
    }

    /// Asks the management API, as its administrator; the path is what follows `/management`.
    pub fn management(&self, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
        let base = format!("http://127.0.0.1:{}/management", self.ports[2]);
        // admin:admin
        let login = self.client.get(format!("{base}/login")).header("Authorization", "Basic YWRtaW46YWRtaW4=").call();
        let token = login.expect("an answer").body_mut().read_to_string().expect("text");
        let token: serde_json::Value = serde_json::from_str(&token).expect("JSON");
        let token = format!("Bearer {}", token["AccessToken"].as_str().expect("a token"));
        let request = ureq::http::Request::builder().method(method).uri(format!("{base}{path}"));
        let request = request.header("Authorization", token).body(body.to_owned()).expect("a request");
        let mut answer = self.client.run(request).expect("an answer");
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
    }

    /// Whether its process has not been waited for.
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Writes an artifact as an editor that means well does: beside, then renamed.
    pub fn deploy(&self, path: &str, text: &str) {
        let path = artifacts(&self.home).join(path);
        let beside = path.with_extension("part");
        write(&beside, text);
        fs::rename(beside, path).expect("writable");
    }

    /// Removes an artifact.
    pub fn undeploy(&self, path: &str) {
        fs::remove_file(artifacts(&self.home).join(path)).expect("there");
    }

    /// All that it has logged to its console.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("console.log")).unwrap_or_default()
    }

    /// Waits for a line with this text.
    pub fn expect_log(&self, text: &str) {
        let there = eventually(PATIENCE, || self.log().contains(text));
        assert!(there, "the log never said {text:?}:\n{}", self.log());
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        mi_testkit::signal(self.pid(), name).expect("a signal");
    }

    /// Waits for the process to end.
    pub fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("running");
        let mut status = None;
        eventually(PATIENCE, || {
            status = child.try_wait().expect("a child");
            status.is_some()
        });
        status.unwrap_or_else(|| {
            let _ = child.kill();
            panic!("the server did not end:\n{}", self.log())
        })
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn artifacts(home: &TempDir) -> PathBuf {
    home.path().join("deployment/server/synapse-configs/default")
}

fn write(path: &Path, text: &str) {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).expect("writable");
    }
    fs::write(path, text).expect("writable");
}
