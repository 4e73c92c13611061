//! The API asked as clients ask it.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use base64::Engine as _;
use http_body_util::BodyExt as _;
use mi_config::settings::Management as ManagementSettings;
use mi_config::{Settings, SystemProperties};
use mi_coordination::Coordinator;
use mi_deployer::{Artifact, Deployer, Deployment};
use mi_mediation::MediationSettings;
use mi_mediation::engine::HttpInbound;
use mi_mediation::environment::{Environment, HttpSender, NoResources};
use mi_mediation::mediator::BoxFuture;
use mi_mediation::outgoing::{Answer as BackEnd, Outgoing, SendError};
use mi_messaging::ScheduledTasks;
use mi_messaging::files::LockOwner;
use mi_messaging::inbound::{HttpSettings, InboundEndpoints, Listeners, OpenPort, PortError};
use mi_messaging::processor::MessageProcessors;
use mi_scheduling::TaskScheduler;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use super::{Management, Paths, Stop};
use crate::inventory::Inventory;

/// The settings that a `deployment.toml` with this text makes.
pub(crate) fn settings(toml: &str) -> ManagementSettings {
    let parsed = Settings::parse(Path::new("deployment.toml"), toml, &SystemProperties::empty());
    let (settings, _) = parsed.expect("valid settings");
    settings.management
}

/// Opens no port.
struct NoPorts;

impl Listeners for NoPorts {
    fn open(&self, _settings: &HttpSettings, _dispatch: Arc<HttpInbound>) -> Result<Box<dyn OpenPort>, PortError> {
        Ok(Box::new(Self))
    }
}

impl OpenPort for NoPorts {
    fn serve(&self, _dispatch: Arc<HttpInbound>) {}

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// Refuses whatever is sent.
struct NoClient;

impl HttpSender for NoClient {
    fn send(&self, _request: Outgoing) -> BoxFuture<'static, Result<BackEnd, SendError>> {
        let (message, detail) = ("Error connecting to the back end".to_owned(), "refused".to_owned());
        Box::pin(async { Err(SendError { base_code: 101_503, state: 0, message, detail, timed_out: false }) })
    }
}

const ARTIFACTS: &[(&str, &str)] = &[
    (
        "api/a.xml",
        "<api name='A' context='/a' trace='enable'><resource methods='GET POST' uri-template='/x/{y}'><inSequence><respond/></inSequence></resource></api>",
    ),
    (
        "endpoints/e.xml",
        "<endpoint name='E'><http method='get' uri-template='http://back/end'><suspendOnFailure><errorCodes>101503, 101504</errorCodes></suspendOnFailure></http></endpoint>",
    ),
    (
        "endpoints/f.xml",
        "<endpoint name='F'><failover><endpoint name='F1'><address uri='http://one'/></endpoint><endpoint key='E'/></failover></endpoint>",
    ),
    (
        "proxy-services/p.xml",
        "<proxy name='P' transports='http'><target><inSequence><respond/></inSequence></target></proxy>",
    ),
    (
        "sequences/s.xml",
        "<sequence name='S'><log/><payloadFactory media-type='json'><format>{}</format><args/></payloadFactory></sequence>",
    ),
    ("templates/t.xml", "<template name='T'><parameter name='p' isMandatory='true'/><sequence/></template>"),
    (
        "tasks/k.xml",
        "<task name='K' class='org.apache.synapse.startup.tasks.MessageInjector'><trigger interval='5' count='2'/><property name='injectTo' value='main'/></task>",
    ),
    ("message-stores/m.xml", "<messageStore name='M'><parameter name='db.password'>secret</parameter></messageStore>"),
    (
        "message-processors/w.xml",
        "<messageProcessor name='W' messageStore='M' targetEndpoint='E' class='org.apache.synapse.message.processor.impl.forwarder.ScheduledMessageForwardingProcessor'><parameter name='interval'>2000</parameter></messageProcessor>",
    ),
    ("local-entries/l.xml", "<localEntry key='L'>text</localEntry>"),
    (
        "inbound-endpoints/i.xml",
        "<inboundEndpoint name='I' protocol='http' sequence='S'><parameters><parameter name='inbound.http.port'>8085</parameter></parameters></inboundEndpoint>",
    ),
];

struct World {
    folder: TempDir,
    router: Router,
    stopping: mpsc::Receiver<Stop>,
}

impl World {
    async fn new(toml: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let root = folder.path().join("synapse-configs/default");
        for (name, text) in ARTIFACTS {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            let end = text.find(' ').expect("attributes");
            let text = format!("{} xmlns='http://ws.apache.org/ns/synapse'{}", &text[..end], &text[end..]);
            std::fs::write(path, text).expect("written");
        }
        let environment = Arc::new(Environment::new(Box::new(NoClient), Box::new(NoResources)));
        let mut deployer = Deployer::new(root, environment, Arc::new(MediationSettings::default()));
        let Deployment { configuration, artifacts, applications, events, .. } =
            deployer.refresh(false).expect("artifacts");
        let failed = events.iter().filter(|event| matches!(event, mi_deployer::Event::Failed { .. }));
        assert_eq!(failed.count(), 0, "{events:?}");
        let live = Arc::new(ArcSwap::new(configuration));
        let scheduler = TaskScheduler::new(Coordinator::local(), Vec::new());
        let tasks = ScheduledTasks::new(scheduler.clone(), live.clone());
        let processors = MessageProcessors::new(scheduler.clone(), live.clone());
        tasks.follow(artifacts.iter().filter_map(|named| match &named.artifact {
            Artifact::Task(task) => Some(task.clone()),
            _ => None,
        }));
        processors.follow(artifacts.iter().filter_map(|named| match &named.artifact {
            Artifact::MessageProcessor(processor) => Some(processor.clone()),
            _ => None,
        }));
        let owner = LockOwner { host: String::new(), ip: String::new() };
        let inbounds = InboundEndpoints::new(scheduler.clone(), live.clone(), Box::new(NoPorts), owner, 1);
        let endpoints = artifacts.iter().filter_map(|named| match &named.artifact {
            Artifact::InboundEndpoint(endpoint) => Some(endpoint.clone()),
            _ => None,
        });
        inbounds.follow(endpoints.collect::<Vec<_>>()).await;
        let inventory = Arc::new(Inventory::default());
        inventory.set(artifacts, applications, vec!["Broken.car".to_owned()]);
        let (stop, stopping) = mpsc::channel(1);
        let router = super::api(Management {
            settings: settings(toml),
            version: "4.4.0".to_owned(),
            http: "http://localhost:8290".to_owned(),
            https: "https://localhost:8253".to_owned(),
            service_path: "services".to_owned(),
            inventory,
            live,
            scheduler,
            tasks,
            processors,
            inbounds,
            paths: Paths {
                logs: folder.path().to_owned(),
                applications: folder.path().join("apps"),
                artifacts: folder.path().join("synapse-configs/default"),
                ..Paths::default()
            },
            correlation_logs: Arc::default(),
            stop,
        });
        Self { folder, router, stopping }
    }

    /// Without security.
    async fn open() -> Self {
        Self::new("[management_api.jwt_token_security_handler]\nenable = false\n").await
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(format!("/management{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.send(request.body(Body::from(body.to_owned())).expect("a request")).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, &[], "").await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask("POST", path, &[], &body.to_string()).await
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn a_token_opens_the_api_until_it_is_given_back() {
    let world = World::new("").await;
    assert_eq!(world.get("").await, (200, json!({"WSO2 Micro Integrator": "4.4.0", "ManagementApi": "Active"})));
    assert_eq!(world.get("/apis").await.0, 401);
    let login = |password: &'static str| {
        let world = &world;
        async move { world.ask("GET", "/login", &[("authorization", &basic("admin", password))], "").await }
    };
    assert_eq!(login("wrong").await.0, 401);
    let (status, body) = login("admin").await;
    let token = format!("Bearer {}", body["AccessToken"].as_str().expect("a token"));
    assert_eq!(status, 200);
    let with_token = [("authorization", token.as_str())];
    assert_eq!(world.ask("GET", "/apis", &with_token, "").await.0, 200);
    assert_eq!(world.ask("GET", "/apis", &[("authorization", "Bearer x")], "").await.0, 401);
    assert_eq!(world.ask("GET", "/logout", &with_token, "").await.0, 200);
    assert_eq!(world.ask("GET", "/apis", &with_token, "").await.0, 401);
    assert_eq!(world.ask("GET", "/logout", &with_token, "").await.0, 500);
}

#[tokio::test]
async fn users_that_are_no_administrators_may_be_kept_from_writing() {
    let world = World::new(
        "[management_api.basic_security_handler]\nenable = true\n[user_access]\nmake_non_admin_users_read_only = true\n\
         [[internal_apis.users]]\nuser.name = 'reader'\nuser.password = 'r'\nuser.is_admin = false\n",
    )
    .await;
    let as_reader = basic("reader", "r");
    let headers = [("authorization", as_reader.as_str())];
    assert_eq!(world.ask("GET", "/apis", &headers, "").await.0, 200);
    let body = json!({"name": "E", "status": "inactive"}).to_string();
    assert_eq!(world.ask("POST", "/endpoints", &headers, &body).await, (403, Value::Null));
    assert_eq!(world.ask("GET", "/users", &headers, "").await.0, 403);
}

#[tokio::test]
async fn browsers_may_call_from_allowed_origins_only() {
    let world = World::new("[management_api.cors]\nenable = true\nallowed_origins = 'http://a, http://b'\n").await;
    assert_eq!(world.ask("OPTIONS", "/apis", &[("origin", "http://b")], "").await.0, 200);
    assert_eq!(world.ask("OPTIONS", "/apis", &[("origin", "http://c")], "").await.0, 403);
    let request = Request::get("/management/apis").header("origin", "http://a").body(Body::empty()).expect("a request");
    let response = world.send(request).await;
    assert_eq!(response.headers().get("access-control-allow-origin").map(|v| v.as_bytes()), Some(&b"http://a"[..]));
    assert!(response.headers().contains_key("www_authenticate"));
}

#[tokio::test]
async fn artifacts_are_listed_and_shown() {
    let world = World::open().await;
    for (path, count) in [
        ("/apis", 1),
        ("/endpoints", 2),
        ("/endpoints?searchKey=f", 1),
        ("/proxy-services", 1),
        ("/sequences", 1),
        ("/templates?type=sequence", 1),
        ("/templates?type=endpoint", 0),
        ("/tasks", 1),
        ("/message-stores", 1),
        ("/message-processors", 1),
        ("/local-entries", 1),
        ("/inbound-endpoints", 1),
        ("/connectors", 0),
        ("/data-sources", 0),
    ] {
        let (status, body) = world.get(path).await;
        assert_eq!((status, &body["count"]), (200, &json!(count)), "{path}");
    }
    let api = world.get("/apis?apiName=A").await.1;
    assert_eq!(api["resources"], json!([{"methods": ["GET", "POST"], "url": "/x/{y}"}]));
    assert_eq!((&api["url"], &api["version"]), (&json!("http://localhost:8290/a"), &json!("N/A")));
    assert_eq!((&api["tracing"], &api["stats"]), (&json!("enabled"), &json!("disabled")));
    let endpoint = world.get("/endpoints?endpointName=E").await.1;
    assert_eq!((&endpoint["method"], &endpoint["type"]), (&json!("GET"), &json!("HTTP Endpoint")));
    assert_eq!(endpoint["advanced"]["suspendState"]["errorCodes"], json!(["101503", "101504"]));
    let sequence = world.get("/sequences?sequenceName=S").await.1;
    assert_eq!(sequence["mediators"], json!(["LogMediator", "PayloadFactoryMediator"]));
    let task = world.get("/tasks?taskName=K").await.1;
    assert_eq!((&task["triggerInterval"], &task["triggerCount"]), (&json!("5000"), &json!("2")));
    let store = world.get("/message-stores?name=M").await.1;
    assert_eq!((&store["properties"]["db.password"], &store["size"]), (&json!("*****"), &json!(0)));
    let processor = world.get("/message-processors?name=W").await.1;
    assert_eq!((&processor["status"], &processor["parameters"]["interval"]), (&json!("active"), &json!("2000")));
    let inbound = world.get("/inbound-endpoints?inboundEndpointName=I").await.1;
    assert_eq!(inbound["parameters"], json!([{"name": "inbound.http.port", "value": "8085"}]));
    let applications = world.get("/applications").await.1;
    assert_eq!((&applications["faultyCount"], &applications["faultyList"][0]["name"]), (&json!(1), &json!("Broken")));
}

#[tokio::test]
async fn what_is_not_there_is_said_as_mi_says_it() {
    let world = World::open().await;
    for path in ["/apis?apiName=x", "/endpoints?endpointName=x", "/proxy-services?proxyServiceName=x", "/nowhere"] {
        assert_eq!(world.get(path).await, (404, Value::Null), "{path}");
    }
    for (path, text) in [
        ("/tasks?taskName=x", "Specified task x not found"),
        ("/message-stores?name=x", "Specified message store ('x') not found"),
        ("/message-processors?name=x", "Specified message processor ('x') not found"),
        ("/local-entries?name=x", "Reference for x could not be resolved"),
    ] {
        assert_eq!(world.get(path).await, (404, json!({"Error": text})), "{path}");
    }
    assert_eq!(world.ask("POST", "/endpoints", &[], "no json").await.0, 400);
    let body = json!({"name": "E", "status": "half"});
    assert_eq!(world.post("/endpoints", body).await, (400, json!({"Error": "Provided state is not valid"})));
}

#[tokio::test]
async fn correlation_logs_are_switched() {
    let world = World::open().await;
    let put = |body: Value| {
        let world = &world;
        async move { world.ask("PUT", "/configs", &[], &body.to_string()).await }
    };
    for enabled in [false, true] {
        let (status, body) = put(json!({"configName": "correlation", "configs": {"enabled": enabled}})).await;
        assert_eq!((status, body), (200, json!({"message": "Successfully Updated Correlation Logs Status"})));
        let shown = json!({"configName": "correlation", "configs": {"enabled": enabled}});
        assert_eq!(world.get("/configs?configName=correlation").await, (200, shown));
    }
    let error = |text: &str| (400, json!({"Error": format!(" Error : {text}")}));
    assert_eq!(world.get("/configs?configName=x").await, error("x configName not found"));
    assert_eq!(world.get("/configs").await, error("Missing Required Query Parameter : configName"));
    assert_eq!(put(json!({"configName": "correlation"})).await, error("Missing Required Field: configs"));
    assert_eq!(put(json!({"configName": "x"})).await, error("x configName not found"));
}

#[tokio::test]
async fn states_can_be_changed() {
    let world = World::open().await;
    for (path, show, member, off, on) in [
        ("/endpoints", "/endpoints?endpointName=E", "isActive", json!(false), json!(true)),
        ("/proxy-services", "/proxy-services?proxyServiceName=P", "isRunning", json!(false), json!(true)),
        ("/message-processors", "/message-processors?name=W", "status", json!("inactive"), json!("active")),
        (
            "/inbound-endpoints",
            "/inbound-endpoints?inboundEndpointName=I",
            "status",
            json!("inactive"),
            json!("active"),
        ),
    ] {
        let name = show.rsplit('=').next().expect("a name");
        let (status, body) = world.post(path, json!({"name": name, "status": "inactive"})).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(world.get(show).await.1[member], off, "{path}");
        world.post(path, json!({"name": name, "status": "active"})).await;
        assert_eq!(world.get(show).await.1[member], on, "{path}");
        assert_eq!(world.post(path, json!({"name": "x", "status": "active"})).await.0, 404, "{path}");
    }
    let (_, body) = world.post("/tasks", json!({"name": "K", "status": "inactive"})).await;
    assert_eq!(body["message"], json!("K : is deactivated"));
    let (status, _) = world.post("/tasks", json!({"name": "K", "status": "trigger"})).await;
    assert_eq!(status, 500, "an inactive task is not triggered");
    let (status, body) = world.post("/apis", json!({"name": "A", "trace": "disable"})).await;
    assert_eq!((status, &body["message"]), (200, &json!("Disabled tracing for ('A')")));
    assert_eq!(world.get("/apis?apiName=A").await.1["tracing"], json!("disabled"));
    let (status, body) = world.post("/sequences", json!({"name": "x", "trace": "enable"})).await;
    assert_eq!((status, &body["Error"]), (400, &json!("Specified sequence ('x') not found")));
}

#[tokio::test]
async fn connectors_are_switched_by_the_files_of_their_imports() {
    let world = World::open().await;
    let body = |name: &str, package: &str| json!({"name": name, "package": package, "status": "disabled"});
    assert_eq!(
        world.post("/connectors", body("mail", "org.example")).await,
        (200, json!({"Message": "Status updated successfully"}))
    );
    let imports = world.folder.path().join("synapse-configs/default/imports");
    let written = std::fs::read_to_string(imports.join("{org.example}mail.xml")).expect("written");
    assert!(written.contains(r#"name="mail" package="org.example" status="disabled""#), "{written}");
    let (status, body_of_error) = world.post("/connectors", json!({"name": "mail"})).await;
    assert_eq!((status, &body_of_error["Error"]), (400, &json!("Missing parameters in payload")));
    for (name, package) in [("../mail", "org.example"), ("mail", "a/b"), ("", "p"), ("mail", "a}b")] {
        assert_eq!(world.post("/connectors", body(name, package)).await.0, 400, "{name} {package}");
    }
    assert_eq!(std::fs::read_dir(imports).expect("a folder").count(), 1);
}

#[tokio::test]
async fn applications_come_and_go_as_files() {
    let world = World::open().await;
    let upload = |name: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\nbytes\r\n--b--\r\n")
    };
    let form = [("content-type", "multipart/form-data; boundary=b")];
    let (status, body) = world.ask("POST", "/applications", &form, &upload("A_1.0.0.car")).await;
    assert_eq!((status, &body["Message"]), (200, &json!("Successfully added Carbon Application A_1.0.0.car")));
    let file = world.folder.path().join("apps/A_1.0.0.car");
    assert_eq!(std::fs::read(&file).expect("a file"), b"bytes");
    for name in ["../A.car", "A.zip"] {
        assert_eq!(world.ask("POST", "/applications", &form, &upload(name)).await.0, 400, "{name}");
    }
    assert_eq!(world.ask("DELETE", "/applications/A_1.0.0", &[], "").await.0, 200);
    assert!(!file.exists());
    assert_eq!(world.ask("DELETE", "/applications/A_1.0.0", &[], "").await.0, 404);
}

#[tokio::test]
async fn log_files_can_be_read_and_nothing_else() {
    let world = World::open().await;
    std::fs::write(world.folder.path().join("wso2carbon.log"), "a line").expect("written");
    let (_, body) = world.get("/logs").await;
    assert_eq!(body["list"], json!([{"FileName": "wso2carbon.log", "Size": "6 B"}]));
    assert_eq!(world.get("/logs?file=wso2carbon.log").await.0, 200);
    for file in ["abc.log", "..%2F..%2Fetc%2Fpasswd", "/etc/passwd"] {
        assert_eq!(world.get(&format!("/logs?file={file}")).await.0, 500, "{file}");
    }
}

#[tokio::test]
async fn the_server_can_be_told_to_stop() {
    let mut world = World::open().await;
    assert_eq!(world.ask("PATCH", "/server", &[], r#"{"status":"explode"}"#).await.0, 400);
    let (_, body) = world.ask("PATCH", "/server", &[], r#"{"status":"restartGracefully"}"#).await;
    assert_eq!(body["Message"], json!("The server will start to restart gracefully."));
    assert_eq!(world.stopping.recv().await, Some(Stop::Restart { graceful: true }));
    assert_eq!(world.get("/cluster").await.1["clustered"], json!(false));
}
