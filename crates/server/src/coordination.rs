//! The node's place in the cluster, from the settings.

use mi_config::Settings;
use mi_config::settings::FireGuard;
use mi_coordination::store::Address;
use mi_coordination::{ClusterOptions, Coordinator, Resolver};

const CLUSTER_LOG: &str = "org.wso2.micro.integrator.ntask.core.internal.TasksDSComponent";

/// The node's place in the cluster, or a node on its own when no coordination database is configured.
///
/// # Errors
/// When the coordination settings cannot be used; a database that does not answer is no error, the node joins when it
/// does.
pub fn coordinator(settings: &Settings) -> Result<Coordinator, String> {
    let Some(database) = settings.coordination_datasource() else { return Ok(Coordinator::local()) };
    let address = address(database)?;
    let node = settings.cluster.node_id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let mut options = ClusterOptions::new(node.as_str());
    options.group = settings.cluster.group.as_str().into();
    options.heartbeat_interval = settings.cluster.heartbeat_interval;
    options.heartbeat_max_retry = settings.cluster.heartbeat_max_retry;
    options.resolving_period = settings.task_handling.resolving_period;
    options.resolving_frequency = settings.task_handling.resolving_frequency;
    options.claim_slots = settings.task_handling.fire_guard == FireGuard::Claim;
    let resolver = &settings.task_resolver;
    let (resolver, complaint) = Resolver::new(
        &settings.task_handling.resolver_class,
        resolver.task_server_count.as_deref(),
        resolver.task_nodes.as_deref(),
    )
    .map_err(|error| error.to_string())?;
    if let Some(complaint) = complaint {
        tracing::error!(target: CLUSTER_LOG, "{complaint}");
    }
    options.resolver = resolver;
    if let Some(most) = database.pool_options.get("maxActive").and_then(|text| text.trim().parse::<usize>().ok()) {
        options.connections = options.connections.min(most.max(2));
    }
    Coordinator::start(address, options).map_err(|error| error.to_string())
}

/// The coordination database of the settings.
///
/// # Errors
/// When its URL cannot be used.
pub fn address(database: &mi_config::settings::Datasource) -> Result<Address, String> {
    let parsed = Address::parse(&database.url, database.username.as_deref(), database.password.as_deref());
    parsed.map_err(|error| format!("the datasource {}: {error}", database.id))
}
