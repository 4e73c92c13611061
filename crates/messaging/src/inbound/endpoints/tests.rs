use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use mi_coordination::Coordinator;
use mi_mediation::engine::HttpInbound;
use mi_mediation::environment::{Environment, Resource, Resources};
use mi_mediation::{ConfigurationBuilder, MediationSettings};

use super::*;
use crate::testing;

/// What happened to ports, and which are taken by somebody else.
#[derive(Clone, Default)]
struct Ports {
    happened: Arc<Mutex<Vec<String>>>,
    taken: Arc<Mutex<Vec<u16>>>,
}

struct Open(Ports, u16);

impl Ports {
    fn say(&self, text: String) {
        self.happened.lock().expect("no panic").push(text);
    }

    fn happened(&self) -> Vec<String> {
        std::mem::take(&mut *self.happened.lock().expect("no panic"))
    }
}

impl Listeners for Ports {
    fn open(&self, settings: &HttpSettings, dispatch: Arc<HttpInbound>) -> Result<Box<dyn OpenPort>, PortError> {
        let port = settings.port;
        if self.taken.lock().expect("no panic").contains(&port) {
            return Err(PortError::Used { port, name: dispatch.name.clone() });
        }
        self.say(format!("{} opens {port}", dispatch.name));
        Ok(Box::new(Open(self.clone(), port)))
    }
}

impl OpenPort for Open {
    fn serve(&self, dispatch: Arc<HttpInbound>) {
        self.0.say(format!("{} serves {}", self.1, dispatch.sequence.as_ref().map_or("main", |name| name.as_str())));
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async { self.0.say(format!("{} closes", self.1)) })
    }
}

/// A registry that keeps properties.
#[derive(Default)]
struct Kept(Mutex<HashMap<String, String>>);

impl Resources for Kept {
    fn read(&self, _key: &str) -> Option<Resource> {
        None
    }

    fn property(&self, key: &str, name: &str) -> Option<String> {
        self.0.lock().expect("no panic").get(&format!("{key}@{name}")).cloned()
    }

    fn write_property(&self, name: &str, value: &str) {
        self.0.lock().expect("no panic").insert(name.to_owned(), value.to_owned());
    }

    fn store(&self, _key: &str, _content: &[u8], _media_type: &str) -> Result<(), String> {
        Ok(())
    }
}

struct World {
    endpoints: InboundEndpoints,
    scheduler: TaskScheduler,
    ports: Ports,
}

impl World {
    fn new() -> Self {
        let ports = Ports::default();
        let environment = Arc::new(Environment::new(Box::new(testing::no_client()), Box::<Kept>::default()));
        let configuration = ConfigurationBuilder::default().build(Arc::new(MediationSettings::default()), environment);
        let live = Arc::new(ArcSwap::from_pointee(configuration));
        let scheduler = TaskScheduler::new(Coordinator::local(), Vec::new());
        let owner = LockOwner { host: "here".to_owned(), ip: "10.0.0.1".to_owned() };
        let endpoints = InboundEndpoints::new(scheduler.clone(), live, Box::new(ports.clone()), owner, 1);
        Self { endpoints, scheduler, ports }
    }

    async fn follow(&self, endpoints: &[&Arc<InboundArtifact>]) -> Vec<String> {
        self.endpoints.follow(endpoints.iter().map(|endpoint| (*endpoint).clone())).await;
        self.ports.happened()
    }
}

fn http(name: &str, port: u16, attributes: &str) -> Arc<InboundArtifact> {
    let port = format!("<parameters><parameter name='inbound.http.port'>{port}</parameter></parameters>");
    let text = format!("<inboundEndpoint name='{name}' protocol='http' {attributes}>{port}</inboundEndpoint>");
    Arc::new(testing::with_definitions(&text, InboundArtifact::parse).expect("well made"))
}

fn file(name: &str, attributes: &str, parameters: &str) -> Arc<InboundArtifact> {
    let text = format!(
        "<inboundEndpoint name='{name}' protocol='file' sequence='s' {attributes}><parameters>\
         <parameter name='interval'>1000</parameter>\
         <parameter name='transport.vfs.FileURI'>file:///absent</parameter>{parameters}</parameters></inboundEndpoint>"
    );
    Arc::new(testing::with_definitions(&text, InboundArtifact::parse).expect("well made"))
}

#[tokio::test]
async fn ports_follow_what_is_deployed() {
    let world = World::new();
    let first = http("I", 8001, "");
    assert_eq!(world.follow(&[&first]).await, ["I opens 8001"]);
    assert_eq!(world.follow(&[&first]).await, [""; 0]);
    let second = http("I", 8001, "sequence='s'");
    assert_eq!(world.follow(&[&second]).await, ["8001 serves s"], "the port stays open");
    assert_eq!(world.follow(&[&http("I", 8002, "")]).await, ["8001 closes", "I opens 8002"]);
    assert!(world.endpoints.is_active("I").await.expect("known"));
    assert_eq!(world.follow(&[]).await, ["8002 closes"]);
    assert!(matches!(world.endpoints.is_active("I").await, Err(InboundError::NotFound)));
}

#[tokio::test]
async fn a_suspended_endpoint_begins_when_it_is_told_and_remembers_that() {
    let world = World::new();
    assert_eq!(world.follow(&[&http("I", 8001, "suspend='true'")]).await, [""; 0]);
    assert!(!world.endpoints.is_active("I").await.expect("known"));
    world.endpoints.activate("I").await.expect("free");
    assert_eq!(world.ports.happened(), ["I opens 8001"]);
    assert_eq!(world.follow(&[&http("I", 8001, "suspend='true'")]).await, ["8001 serves main"]);
    world.endpoints.deactivate("I").await.expect("open");
    assert_eq!(world.ports.happened(), ["8001 closes"]);
    assert_eq!(world.follow(&[&http("I", 8001, "")]).await, [""; 0], "it was deactivated");
    world.follow(&[]).await;
    assert_eq!(world.follow(&[&http("I", 8001, "")]).await, ["I opens 8001"], "undeployed, it is forgotten");
}

#[tokio::test]
async fn a_port_that_is_taken_leaves_its_endpoint_inactive() {
    let world = World::new();
    world.ports.taken.lock().expect("no panic").push(8001);
    assert_eq!(
        world.follow(&[&http("I", 8001, ""), &http("J", 8002, ""), &http("K", 8002, "")]).await,
        ["J opens 8002"]
    );
    assert!(!world.endpoints.is_active("I").await.expect("known"));
    let error = world.endpoints.activate("I").await.expect_err("taken").to_string();
    assert_eq!(error, "Port 8001 used by inbound endpoint I is already used by another application.");
    let error = world.endpoints.activate("K").await.expect_err("taken").to_string();
    assert!(error.contains("Another endpoint named : J is currently using this port: 8002"), "{error}");
    world.ports.taken.lock().expect("no panic").clear();
    world.endpoints.activate("I").await.expect("free now");
}

#[tokio::test]
async fn a_file_endpoint_is_a_task_of_mis_name() {
    let world = World::new();
    const TASK: &str = "F-FILE--SYNAPSE_INBOUND_ENDPOINT";
    world.follow(&[&file("F", "suspend='true'", "")]).await;
    assert!(!world.endpoints.is_active("F").await.expect("known"));
    world.endpoints.activate("F").await.expect("local");
    assert!(world.endpoints.is_active("F").await.expect("known"));
    let status = world.scheduler.status(TASK).expect("scheduled");
    assert_eq!(status.trigger, Trigger::Interval { every: Duration::from_secs(1), count: None });
    world.follow(&[&http("F", 8001, "")]).await;
    assert!(world.scheduler.status(TASK).is_none());
    world.follow(&[&file("F", "", "<parameter name='coordination'>false</parameter>")]).await;
    assert_eq!(world.ports.happened(), [""; 0]);
    assert!(world.scheduler.status(TASK).is_some());
    world.follow(&[]).await;
    assert!(world.scheduler.status(TASK).is_none());
}
