//! The router of the management API.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwap;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::{any, delete, get};
use axum::{Router, middleware};
use mi_config::settings::Management as Settings;
use mi_mediation::Configuration;
use mi_messaging::ScheduledTasks;
use mi_messaging::inbound::InboundEndpoints;
use mi_messaging::processor::MessageProcessors;
use mi_scheduling::TaskScheduler;
use serde_json::json;
use tokio::sync::mpsc;

use crate::answer::Answer;
use crate::inventory::Inventory;
use crate::resources::{
    apis, applications, cluster, configs, connectors, data_services, endpoints, inbound_endpoints, local_entries,
    logging, logs, message_processors, message_stores, proxy_services, sequences, server, tasks, templates, users,
};
use crate::security::{self, Tokens};

/// The largest application that is taken, in bytes.
const LARGEST: usize = 256 << 20;

/// The context of the API.
pub(crate) const CONTEXT: &str = "/management";

/// How the server is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Stop; gracefully or at once.
    Shutdown {
        /// Let requests and tasks end.
        graceful: bool,
    },
    /// Stop and start again.
    Restart {
        /// Let requests and tasks end.
        graceful: bool,
    },
}

/// Places that the API shows or changes.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// The home folder.
    pub home: PathBuf,
    /// The folder of log files.
    pub logs: PathBuf,
    /// `log4j2.properties`.
    pub levels: PathBuf,
    /// The folder of composite applications.
    pub applications: PathBuf,
    /// The folder of artifacts, `synapse-configs/default`.
    pub artifacts: PathBuf,
}

/// What the API works on.
pub struct Management {
    /// Its settings.
    pub settings: Settings,
    /// The version that it tells.
    pub version: String,
    /// Where listeners can be reached: `http://localhost:8290`, without a slash at the end.
    pub http: String,
    /// The same for HTTPS.
    pub https: String,
    /// The path of services, `services`.
    pub service_path: String,
    /// What is deployed.
    pub inventory: Arc<Inventory>,
    /// The configuration that is live.
    pub live: Arc<ArcSwap<Configuration>>,
    /// The scheduler of tasks and processors.
    pub scheduler: TaskScheduler,
    /// Scheduled tasks.
    pub tasks: ScheduledTasks,
    /// Message processors.
    pub processors: MessageProcessors,
    /// Inbound endpoints.
    pub inbounds: InboundEndpoints,
    /// Where things are.
    pub paths: Paths,
    /// Whether correlation logs are written.
    pub correlation_logs: Arc<AtomicBool>,
    /// Takes the wish to stop.
    pub stop: mpsc::Sender<Stop>,
}

/// A [`Management`] that is served, with what it keeps for itself.
pub(crate) struct Served {
    management: Management,
    pub(crate) tokens: Tokens,
}

impl Deref for Served {
    type Target = Management;

    fn deref(&self) -> &Management {
        &self.management
    }
}

/// The management API, for the internal listeners that serve it.
pub fn api(management: Management) -> Router {
    let tokens = Tokens::new(&management.settings);
    let served = Arc::new(Served { management, tokens });
    let resources = Router::new()
        .route("/", get(active))
        .route("/login", get(security::login))
        .route("/logout", get(security::logout))
        .route("/apis", get(apis::get).post(apis::post))
        .route("/applications", get(applications::get).post(applications::post).layer(DefaultBodyLimit::max(LARGEST)))
        .route("/applications/{name}", delete(applications::delete))
        .route("/cluster", get(cluster::get))
        .route("/configs", get(configs::get).put(configs::put))
        .route("/connectors", get(connectors::get).post(connectors::post))
        .route("/data-services", get(data_services::get))
        .route("/data-sources", get(nothing))
        .route("/endpoints", get(endpoints::get).post(endpoints::post))
        .route("/inbound-endpoints", get(inbound_endpoints::get).post(inbound_endpoints::post))
        .route("/local-entries", get(local_entries::get))
        .route("/logging", get(logging::get).patch(logging::patch))
        .route("/logs", get(logs::get))
        .route("/message-processors", get(message_processors::get).post(message_processors::post))
        .route("/message-stores", get(message_stores::get))
        .route("/proxy-services", get(proxy_services::get).post(proxy_services::post))
        .route("/roles", any(users::refused))
        .route("/roles/{*rest}", any(users::refused))
        .route("/sequences", get(sequences::get).post(sequences::post))
        .route("/server", get(server::get).patch(server::patch))
        .route("/tasks", get(tasks::get).post(tasks::post))
        .route("/templates", get(templates::get).post(templates::post))
        .route("/users", any(users::refused))
        .route("/users/{*rest}", any(users::refused))
        .method_not_allowed_fallback(async || Answer::not_found())
        .with_state(served.clone());
    Router::new()
        .nest(CONTEXT, resources)
        .fallback(async || Answer::not_found())
        .layer(middleware::from_fn_with_state(served, security::guard))
}

async fn active(State(served): State<Arc<Served>>) -> Answer {
    Answer::ok(json!({"WSO2 Micro Integrator": served.version, "ManagementApi": "Active"}))
}

/// Resources of kinds that this server has none of.
async fn nothing() -> Answer {
    Answer::list(Vec::new())
}

#[cfg(test)]
pub(crate) mod tests;
