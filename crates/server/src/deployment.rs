//! Deploys at the start and whenever a file changes, and says so in MI's words.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use mi_deployer::{Artifact, Deployer, Deployment, Event, Kind, Named};
use mi_mediation::Configuration;

use crate::management::Followers;

/// How often the artifact folder is looked at. MI takes 15 s; half a second is what somebody who edits expects, and
/// looking at 1,000 files takes a millisecond or two.
const INTERVAL: Duration = Duration::from_millis(500);

/// The logger of what concerns composite applications.
const CAPP_LOG: &str = "org.wso2.micro.integrator.initializer.deployment.application.deployer.CappDeployer";

/// Writes a line under the class name of the deployer for a kind of artifacts.
macro_rules! at_deployer {
    ($kind:expr, $level:ident, $($text:tt)+) => {
        match $kind {
            Kind::Api => tracing::$level!(target: "org.apache.synapse.deployers.APIDeployer", $($text)+),
            Kind::Endpoint => tracing::$level!(target: "org.apache.synapse.deployers.EndpointDeployer", $($text)+),
            Kind::Sequence => tracing::$level!(target: "org.apache.synapse.deployers.SequenceDeployer", $($text)+),
            Kind::Proxy => tracing::$level!(target: "org.apache.synapse.deployers.ProxyServiceDeployer", $($text)+),
            Kind::LocalEntry => tracing::$level!(target: "org.apache.synapse.deployers.LocalEntryDeployer", $($text)+),
            Kind::Template => tracing::$level!(target: "org.apache.synapse.deployers.TemplateDeployer", $($text)+),
            Kind::Task => tracing::$level!(target: "org.apache.synapse.deployers.TaskDeployer", $($text)+),
            Kind::MessageStore => tracing::$level!(target: "org.apache.synapse.deployers.MessageStoreDeployer", $($text)+),
            Kind::MessageProcessor => {
                tracing::$level!(target: "org.apache.synapse.deployers.MessageProcessorDeployer", $($text)+)
            }
            Kind::InboundEndpoint => {
                tracing::$level!(target: "org.apache.synapse.deployers.InboundEndpointDeployer", $($text)+)
            }
            Kind::Library => {
                tracing::$level!(target: "org.apache.synapse.deployers.LibraryArtifactDeployer", $($text)+)
            }
            Kind::DataService => {
                tracing::$level!(target: "org.wso2.micro.integrator.dataservices.core.DBDeployer", $($text)+)
            }
            Kind::Import => tracing::$level!(target: "org.apache.synapse.deployers.ImportDeployer", $($text)+),
            Kind::EventSource | Kind::PriorityExecutor => {
                tracing::$level!(target: "org.apache.synapse.deployers.SynapseArtifactDeployer", $($text)+)
            }
        }
    };
}

/// Deploys what is there at the start.
pub fn first(deployer: &mut Deployer) -> Option<Deployment> {
    let deployment = deployer.refresh(false)?;
    for event in &deployment.events {
        match event {
            Event::Deployed { named, .. } | Event::Updated { named, .. } => say_initialized(named),
            other => say(other),
        }
    }
    warn_of_what_does_not_run(&deployment);
    Some(deployment)
}

/// Looks for changes until the server stops. A pass that takes longer than the interval delays only the next pass.
pub async fn watch(mut deployer: Deployer, live: Arc<ArcSwap<Configuration>>, followers: Followers) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Reading and parsing files takes its time: not on a thread that others wait for.
        let pass = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let deployment = deployer.refresh(true);
            (deployer, deployment, began.elapsed())
        });
        let Ok((back, deployment, took)) = pass.await else {
            tracing::error!(target: "org.apache.axis2.deployment.DeploymentEngine", "Hot deployment has stopped");
            return;
        };
        deployer = back;
        let Some(deployment) = deployment else { continue };
        for event in &deployment.events {
            say(event);
        }
        warn_of_what_does_not_run(&deployment);
        live.store(deployment.configuration.clone());
        let count = followers.follow(deployment).await;
        tracing::debug!(
            target: "org.apache.axis2.deployment.DeploymentEngine",
            "{count} artifacts are live after {} ms", took.as_millis()
        );
    }
}

fn say_initialized(named: &Named) {
    let name = &named.name;
    match &named.artifact {
        Artifact::Api(_) => {
            tracing::info!(target: "org.apache.synapse.api.API", "{{api:{name}}} Initializing API: {name}")
        }
        Artifact::Proxy(_) => {
            const LOGGER: &str = "org.apache.synapse.core.axis2.ProxyService";
            tracing::info!(target: LOGGER, "{{proxy:{name}}} Building Axis service for Proxy service : {name}");
            tracing::info!(target: LOGGER, "{{proxy:{name}}} Adding service {name} to the Axis2 configuration");
            tracing::info!(
                target: LOGGER, "{{proxy:{name}}} Successfully created the Axis2 service for Proxy service : {name}"
            );
        }
        Artifact::DataService(_) => tracing::info!(
            target: "org.apache.axis2.deployment.DeploymentEngine",
            "Deploying Web service: {name} - {}", named.file
        ),
        _ => {}
    }
}

fn say(event: &Event) {
    match event {
        Event::Deployed { named, file } => {
            say_initialized(named);
            let (word, name) = (words(named), &named.name);
            at_deployer!(named.kind, info, "{word} named '{name}' has been deployed from file : {}", file.display());
        }
        Event::Updated { named, file } => {
            let (word, name) = (words(named), &named.name);
            at_deployer!(named.kind, info, "{word}: {name} has been updated from the file: {}", file.display());
        }
        Event::Undeployed { kind, name } => {
            let word = kind.word();
            at_deployer!(*kind, info, "{word} named '{name}' has been undeployed");
        }
        Event::ApplicationDeployed { id } => {
            tracing::info!(target: CAPP_LOG, "Successfully Deployed Carbon Application : {id}{{super-tenant}}");
        }
        Event::ApplicationUndeployed { id } => {
            tracing::info!(target: CAPP_LOG, "Successfully undeployed Carbon Application : {id}{{super-tenant}}");
        }
        Event::Failed { kind: None, file, error, kept } if file.extension().is_some_and(|suffix| suffix == "car") => {
            let name = file.file_name().unwrap_or_default().display();
            let kept = if *kept { " The version before it stays live." } else { "" };
            tracing::error!(target: CAPP_LOG, "Error occurred while deploying the Carbon application: {name}. {error}.{kept}");
        }
        Event::Failed { kind, file, error, kept } => {
            let word = kind.map_or("Synapse", Kind::word);
            let kept = if *kept { " The version before it stays live." } else { "" };
            tracing::error!(
                target: "org.apache.synapse.config.SynapseConfigUtils",
                "{word} configuration: {error}.{kept}"
            );
            tracing::warn!(
                target: "org.apache.synapse.config.SynapseConfigUtils",
                "{word} configuration cannot be built from : {} - Continue in fail-safe mode", file.display()
            );
        }
        Event::Warning { message } => {
            tracing::warn!(target: "org.apache.synapse.config.SynapseConfigUtils", "{message}");
        }
    }
}

fn words(named: &Named) -> &'static str {
    match named.artifact {
        Artifact::EndpointTemplate(_) => "Endpoint Template",
        _ => named.kind.word(),
    }
}

/// Kinds that this version reads but does not run; whoever deploys one must know.
fn warn_of_what_does_not_run(deployment: &Deployment) {
    for event in &deployment.events {
        let (Event::Deployed { named, .. } | Event::Updated { named, .. }) = event else { continue };
        if matches!(named.artifact, Artifact::Definition) {
            tracing::warn!(
                target: "org.apache.synapse.config.SynapseConfigUtils",
                "{} {} is read, but this version of the server does not run it", named.kind.word(), named.name
            );
        }
    }
}
