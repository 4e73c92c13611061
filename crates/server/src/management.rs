//! The management API and the probes, connected to the server.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body as ApiBody;
use mi_config::Settings;
use mi_deployer::{Artifact, Deployment};
use mi_management::{Health, Inventory, Management, Paths, Stop};
use mi_mediation::Configuration;
use mi_messaging::inbound::InboundEndpoints;
use mi_messaging::processor::MessageProcessors;
use mi_messaging::{ScheduledTasks, VfsListeners};
use mi_payload::Body;
use mi_scheduling::TaskScheduler;
use mi_transport::{Framing, Handler, Request, Response};
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use crate::cli::MI_VERSION;
use crate::correlation::CorrelationLog;
use crate::home::Home;

/// The largest request body that the API reads, in bytes.
const LARGEST: u64 = 257 << 20;

/// All that follows deployments beside the configuration itself.
pub struct Followers {
    /// What is deployed.
    pub inventory: Arc<Inventory>,
    /// What the readiness probe tells.
    pub health: Arc<Health>,
    /// Scheduled tasks.
    pub tasks: ScheduledTasks,
    /// Message processors.
    pub processors: MessageProcessors,
    /// Inbound endpoints.
    pub inbounds: InboundEndpoints,
    /// The file transport of proxy services, unless it is switched off.
    pub files: Option<VfsListeners>,
}

impl Followers {
    /// Of a server that has deployed nothing yet.
    pub fn new(
        scheduler: &TaskScheduler,
        live: &Arc<ArcSwap<Configuration>>,
        inbounds: InboundEndpoints,
        files: Option<VfsListeners>,
    ) -> Self {
        Self {
            inventory: Arc::default(),
            health: Arc::new(Health::new(MI_VERSION)),
            tasks: ScheduledTasks::new(scheduler.clone(), live.clone()),
            processors: MessageProcessors::new(scheduler.clone(), live.clone()),
            inbounds,
            files,
        }
    }

    /// Follows a deployment, whose configuration is live by now; it returns the number of artifacts.
    pub async fn follow(&self, deployment: Deployment) -> usize {
        let Deployment { artifacts, applications, faulty_applications, .. } = deployment;
        let count = artifacts.len();
        self.tasks.follow(artifacts.iter().filter_map(|named| match &named.artifact {
            Artifact::Task(task) => Some(task.clone()),
            _ => None,
        }));
        self.processors.follow(artifacts.iter().filter_map(|named| match &named.artifact {
            Artifact::MessageProcessor(processor) => Some(processor.clone()),
            _ => None,
        }));
        let inbounds = artifacts.iter().filter_map(|named| match &named.artifact {
            Artifact::InboundEndpoint(endpoint) => Some(endpoint.clone()),
            _ => None,
        });
        self.inbounds.follow(inbounds.collect::<Vec<_>>()).await;
        if let Some(files) = &self.files {
            files.follow(artifacts.iter().filter_map(|named| match &named.artifact {
                Artifact::Proxy(service) => Some(service),
                _ => None,
            }));
        }
        self.health.set_faulty_applications(faulty_applications.clone());
        self.inventory.set(artifacts, applications, faulty_applications);
        count
    }
}

/// The management API of this server; the wish to stop comes through `stop`.
pub fn api(
    settings: &Settings,
    home: &Home,
    followers: &Followers,
    live: &Arc<ArcSwap<Configuration>>,
    scheduler: &TaskScheduler,
    correlation: &CorrelationLog,
    stop: mpsc::Sender<Stop>,
) -> Router {
    let (host, listener) = (&settings.server.hostname, &settings.http.listener);
    let base = |scheme: &str, enabled: bool, port: u16| {
        if enabled { format!("{scheme}://{host}:{port}") } else { String::new() }
    };
    let artifacts = home.artifacts(&settings.server.synapse_config);
    mi_management::api(Management {
        settings: settings.management.clone(),
        version: MI_VERSION.to_owned(),
        http: base("http", listener.enabled, settings.ports.http),
        https: base("https", listener.secured_enabled, settings.ports.https),
        service_path: settings.server.service_path.clone(),
        inventory: followers.inventory.clone(),
        live: live.clone(),
        scheduler: scheduler.clone(),
        tasks: followers.tasks.clone(),
        processors: followers.processors.clone(),
        inbounds: followers.inbounds.clone(),
        paths: Paths {
            home: home.root().to_owned(),
            logs: home.logs(),
            levels: home.conf("log4j2.properties"),
            applications: home.applications(&artifacts),
            artifacts,
        },
        correlation_logs: correlation.switch(),
        stop,
    })
}

/// Gives requests of a listener of the transport to a router.
pub struct Routed(pub Router);

impl Handler for Routed {
    async fn handle(&self, request: Request) -> Response {
        let Ok(body) = request.body.collect(LARGEST).await else {
            return Response::new(http::StatusCode::PAYLOAD_TOO_LARGE);
        };
        let mut asked = http::Request::new(ApiBody::from(body));
        *asked.method_mut() = request.method;
        *asked.headers_mut() = request.headers;
        match request.target.as_str().parse() {
            Ok(uri) => *asked.uri_mut() = uri,
            Err(_) => return Response::new(http::StatusCode::BAD_REQUEST),
        }
        let Ok(answer) = self.0.clone().oneshot(asked).await;
        let (head, body) = answer.into_parts();
        let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
            return Response::new(http::StatusCode::INTERNAL_SERVER_ERROR);
        };
        let mut response = Response::new(head.status);
        response.headers = head.headers;
        response.body = if bytes.is_empty() { Body::Empty } else { Body::Full(bytes) };
        response.framing = Framing::Length;
        response
    }
}
