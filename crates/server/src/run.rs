//! The life of a server: settings, artifacts, listeners, and the orderly end.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use mi_config::{Settings, SystemProperties};
use mi_coordination::Coordinator;
use mi_deployer::Deployer;
use mi_management::Stop;
use mi_mediation::Configuration;
use mi_mediation::environment::Environment;
use mi_messaging::VfsListeners;
use mi_messaging::files::FileWriter;
use mi_messaging::inbound::InboundEndpoints;
use mi_registry::FileRegistry;
use mi_scheduling::TaskScheduler;
use mi_transport::access_log::AccessLog;
use mi_transport::{Client, ClientConfig, ListenerConfig, Server};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::cli::RunOptions;
use crate::correlation::CorrelationLog;
use crate::databases::{ServerDataServices, ServerDatabases};
use crate::home::Home;
use crate::http_client::TransportSender;
use crate::inbound::{self, InboundPorts};
use crate::listeners::Mediation;
use crate::logging::{self, Format, Levels, LogControl};
use crate::management::{self, Followers, Routed};
use crate::registry::Registry;
use crate::{access_log, coordination, deployment, wiring};

const LISTENER_LOG: &str = "org.apache.synapse.transport.passthru.core.PassThroughListeningIOReactorManager";
const STARTUP_LOG: &str = "org.wso2.micro.integrator.initializer.StartupFinalizer";
const SHUTDOWN_LOG: &str = "org.wso2.micro.integrator.core.internal.MicroIntegratorBaseServiceComponent";
/// The exit code that asks the start script for a new start.
const RESTART: u8 = 121;
/// How long a registry resource is used before it is looked at again.
const REGISTRY_CACHE: Duration = Duration::from_millis(15_000);

/// Runs a server until it is told to stop.
pub fn run(options: &RunOptions) -> ExitCode {
    let began = Instant::now();
    match start(options, began) {
        Ok(Stop::Shutdown { .. }) => ExitCode::SUCCESS,
        Ok(Stop::Restart { .. }) => ExitCode::from(RESTART),
        Err(error) => {
            eprintln!("micro-integrator: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the configuration in effect.
pub fn print_configuration(options: &RunOptions) -> ExitCode {
    let printed = Home::find(options.home.as_deref()).and_then(|home| {
        let (settings, warnings) = load(&home, &system_properties(options))?;
        for warning in warnings {
            eprintln!("warning: {warning}");
        }
        settings.print_effective(&mut std::io::stdout().lock()).map_err(|error| error.to_string())
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("micro-integrator: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The settings that a run with these options would have.
///
/// # Errors
/// When there is no home or the settings cannot be used.
pub fn settings(options: &RunOptions) -> Result<Settings, String> {
    let home = Home::find(options.home.as_deref())?;
    load(&home, &system_properties(options)).map(|(settings, _)| settings)
}

fn system_properties(options: &RunOptions) -> SystemProperties {
    let mut system = SystemProperties::from_process();
    for property in &options.properties {
        system.define(property);
    }
    system
}

fn load(home: &Home, system: &SystemProperties) -> Result<(Settings, Vec<String>), String> {
    let path = system.get("deployment.config.file.path").map_or_else(|| home.conf("deployment.toml"), Into::into);
    let (settings, warnings) = Settings::load(&path, system).map_err(|error| error.to_string())?;
    Ok((settings, warnings.iter().map(ToString::to_string).collect()))
}

fn start(options: &RunOptions, began: Instant) -> Result<Stop, String> {
    let home = Home::find(options.home.as_deref())?;
    let system = system_properties(options);
    let (settings, warnings) = load(&home, &system)?;
    let format = if system.get("log.format") == Some("json") { Format::Json } else { Format::Text };
    let control = logging::start(Some(&home.logs()), format, Levels::read(&home.conf("log4j2.properties")))?;
    for warning in warnings {
        tracing::warn!(target: "org.wso2.config.mapper.ConfigParser", "{warning}");
    }
    let _pid = PidFile::write(&home, system.get("skipStartupExtensions") == Some("true"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("server")
        .enable_all()
        .build()
        .map_err(|error| format!("no threads can be started: {error}"))?;
    let result = runtime.block_on(serve(&home, settings, &system, control, began));
    // What is still running in the background must not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(500));
    result
}

async fn serve(
    home: &Home,
    settings: Settings,
    system: &SystemProperties,
    control: LogControl,
    began: Instant,
) -> Result<Stop, String> {
    let mediation = Arc::new(wiring::mediation(&settings));
    let correlate = system.get("enableCorrelationLogs").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let correlation = Arc::new(CorrelationLog::new(correlate, mediation.correlation_header.clone()));
    let access_log = access_log::open(home)?;
    let environment = environment(home, &settings, system, &correlation, access_log.clone())?;
    let artifacts = home.artifacts(&settings.server.synapse_config);
    let applications = home.applications(&artifacts);
    let (libraries, data_services) = (home.libraries(&artifacts), home.data_services(&artifacts));
    let mut deployer = Deployer::new(artifacts, environment.clone(), mediation.clone())
        .with_applications(applications, settings.server.roles.clone())
        .with_libraries(libraries)
        .with_data_services(data_services);
    let coordinator = coordination::coordinator(&settings)?;
    let deployed = deployment::first(&mut deployer);
    let live = Arc::new(ArcSwap::new(match &deployed {
        Some(deployment) => deployment.configuration.clone(),
        None => Arc::new(Configuration::empty(mediation.clone(), environment.clone())),
    }));
    let scheduler = TaskScheduler::new(coordinator.clone(), server_names(&settings));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let server = Server::start("http", workers).map_err(|error| format!("no threads can be started: {error}"))?;
    let server = Arc::new(server);
    let handler = Arc::new(Mediation::new(live.clone(), correlation.clone()));
    open_listeners(&server, &settings, home.root(), access_log.clone(), &handler)?;
    let internal = internal_listener(&settings).await?;
    let settings = Arc::new(settings);
    let ports = InboundPorts {
        server: server.clone(),
        settings: settings.clone(),
        home: home.root().to_owned(),
        access_log,
        live: live.clone(),
        correlation: correlation.clone(),
    };
    let (owner, beside) = (inbound::lock_owner(&settings), settings.mediation.inbound_threads);
    let inbounds = InboundEndpoints::new(scheduler.clone(), live.clone(), Box::new(ports), owner, beside);
    let listens = switched_on(&settings, "transport.vfs.listener.enable");
    let files = listens.then(|| VfsListeners::new(live.clone(), inbound::lock_owner(&settings)));
    let followers = Followers::new(&scheduler, &live, inbounds.clone(), files.clone());
    if let Some(deployment) = deployed {
        followers.follow(deployment).await;
    }
    let (stop_asked, mut asked_to_stop) = mpsc::channel(1);
    let api = management::api(&settings, home, &followers, &live, &scheduler, &correlation, stop_asked);
    open_management(&server, &settings, home.root(), &api)?;
    tracing::info!(
        target: STARTUP_LOG, "WSO2 Micro Integrator started in {:.2} seconds", began.elapsed().as_secs_f64()
    );
    let mut internal_routes = mi_management::probes(followers.health.clone());
    if settings.management.protocols.iter().any(|protocol| protocol == "http") {
        internal_routes = internal_routes.fallback_service(api);
    }
    tokio::spawn(async move { axum::serve(internal, internal_routes).await });
    if settings.server.hot_deployment {
        tokio::spawn(deployment::watch(deployer, live, followers));
    }
    scheduler.begin();
    tokio::spawn(watch_levels(home.conf("log4j2.properties"), control));
    let asked = wait_for_the_end(&mut asked_to_stop).await?;
    let graceful = match asked {
        Stop::Shutdown { graceful } | Stop::Restart { graceful } => graceful,
    };
    let graceful = graceful && settings.server.graceful_shutdown && system.get("gracefulShutdown") != Some("false");
    let patience = if graceful { settings.server.graceful_shutdown_timeout } else { Duration::ZERO };
    let working = Working { server: &server, scheduler: &scheduler, coordinator: &coordinator, inbounds, files };
    stop(working, graceful, patience).await;
    Ok(asked)
}

/// A switch that is on unless it is set to `false`.
fn switched_on(settings: &Settings, key: &str) -> bool {
    settings.raw.text(key).is_none_or(|text| text.trim() != "false")
}

/// Names by which a pinned task can mean this server.
fn server_names(settings: &Settings) -> Vec<String> {
    vec![settings.server.hostname.clone()]
}

fn environment(
    home: &Home,
    settings: &Settings,
    system: &SystemProperties,
    correlation: &Arc<CorrelationLog>,
    access_log: Option<AccessLog>,
) -> Result<Arc<Environment>, String> {
    let client = Client::new(ClientConfig { access_log, ..wiring::client(settings, home.root())? });
    let registry = Registry::new(FileRegistry::new(home.registry(), REGISTRY_CACHE), home.root());
    let sender = TransportSender::new(client, correlation.clone());
    let mut environment = Environment::new(Box::new(sender), Box::new(registry));
    if switched_on(settings, "transport.vfs.sender.enable") {
        environment.files = Box::new(FileWriter::new(inbound::lock_owner(settings)));
    }
    let databases = Arc::new(ServerDatabases::new(&settings.datasources));
    environment.databases = Box::new(databases.clone());
    environment.data_services = Box::new(ServerDataServices(Some(databases)));
    for (name, value) in settings.system_parameters.iter() {
        environment.set_system_property(name, value);
    }
    for (name, value) in system.iter() {
        environment.set_system_property(name, value);
    }
    let file = system.get("properties.file.path").filter(|path| *path != "default");
    let file = file.map_or_else(|| home.conf("file.properties"), Into::into);
    if let Ok(entries) = mi_config::properties::read(&file) {
        environment.set_file_properties(entries.into_iter().collect());
    }
    Ok(Arc::new(environment))
}

fn open_listeners(
    server: &Server,
    settings: &Settings,
    home: &Path,
    access_log: Option<AccessLog>,
    handler: &Arc<Mediation>,
) -> Result<(), String> {
    let listener = &settings.http.listener;
    let open = |label: &str, address: SocketAddr, tls| {
        tracing::info!(target: LISTENER_LOG, "Starting Pass-through {label} Listener...");
        let config = ListenerConfig {
            tls,
            limits: wiring::limits(settings),
            access_log: access_log.clone(),
            ..ListenerConfig::new("default", address)
        };
        let opened = server.listen(config, handler.clone());
        let opened = opened.map_err(|error| format!("Cannot start the {label} listener on {address}: {error}"))?;
        tracing::info!(target: LISTENER_LOG, "Pass-through {label} Listener started on {}", opened.local_addr());
        Ok::<(), String>(())
    };
    if listener.enabled {
        open("HTTP", wiring::bind_address(listener.bind_address.as_deref(), settings.ports.http)?, None)?;
    }
    if listener.secured_enabled {
        let (tls, made_up) = wiring::server_tls(settings, home)?;
        if made_up {
            tracing::warn!(
                target: LISTENER_LOG,
                "No key store is configured: HTTPS uses a certificate made up at this start, which no client can trust. \
                 Set [keystore.primary] for anything but development."
            );
        }
        let bind = listener.secured_bind_address.as_deref().or(listener.bind_address.as_deref());
        open("HTTPS", wiring::bind_address(bind, settings.ports.https)?, Some(tls))?;
    }
    Ok(())
}

/// The HTTPS port of the management API.
fn open_management(server: &Server, settings: &Settings, home: &Path, api: &axum::Router) -> Result<(), String> {
    if !settings.management.protocols.iter().any(|protocol| protocol == "https") {
        return Ok(());
    }
    let address = wiring::bind_address(None, settings.ports.internal_https)?;
    let (tls, _) = wiring::server_tls(settings, home)?;
    let config = ListenerConfig {
        tls: Some(tls),
        limits: wiring::limits(settings),
        ..ListenerConfig::new("management", address)
    };
    let opened = server.listen(config, Arc::new(Routed(api.clone())));
    let opened = opened.map_err(|error| format!("Cannot start the management listener on {address}: {error}"))?;
    tracing::info!(
        target: LISTENER_LOG,
        "Pass-through EI_INTERNAL_HTTPS_INBOUND_ENDPOINT Listener started on {}", opened.local_addr()
    );
    Ok(())
}

/// The port of the probes, bound here and answered when the server is ready.
async fn internal_listener(settings: &Settings) -> Result<TcpListener, String> {
    let address = wiring::bind_address(None, settings.ports.internal_http)?;
    let listener = TcpListener::bind(address).await;
    let listener =
        listener.map_err(|error| format!("Cannot start the internal HTTP listener on {address}: {error}"))?;
    tracing::info!(
        target: LISTENER_LOG, "Pass-through EI_INTERNAL_HTTP_INBOUND_ENDPOINT Listener started on {address}"
    );
    Ok(listener)
}

async fn watch_levels(path: std::path::PathBuf, control: LogControl) {
    let stamp = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let mut known = stamp(&path);
    let mut ticks = tokio::time::interval(Duration::from_secs(2));
    loop {
        ticks.tick().await;
        let now = stamp(&path);
        if now != known {
            known = now;
            control.set(Levels::read(&path));
        }
    }
}

/// Waits for a signal, or for the management API.
async fn wait_for_the_end(asked: &mut mpsc::Receiver<Stop>) -> Result<Stop, String> {
    let listen = |kind: SignalKind| signal(kind).map_err(|error| format!("signals cannot be received: {error}"));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let by_signal = Stop::Shutdown { graceful: true };
    Ok(tokio::select! {
        _ = terminate.recv() => by_signal,
        _ = interrupt.recv() => by_signal,
        Some(stop) = asked.recv() => stop,
    })
}

/// What does something until the server stops.
struct Working<'a> {
    server: &'a Server,
    scheduler: &'a TaskScheduler,
    coordinator: &'a Coordinator,
    inbounds: InboundEndpoints,
    files: Option<VfsListeners>,
}

/// Stops accepting, lets what runs end, and says so in MI's words (spec: runtime 1.5).
async fn stop(working: Working<'_>, graceful: bool, patience: Duration) {
    let Working { server, scheduler, coordinator, inbounds, files } = working;
    if graceful {
        tracing::info!(target: SHUTDOWN_LOG, "Gracefully shutting down WSO2 Micro Integrator...");
        tracing::info!(target: SHUTDOWN_LOG, "Starting graceful shutdown timer...");
        tracing::info!(target: SHUTDOWN_LOG, "Starting to switch to maintenance mode...");
    }
    if graceful {
        tracing::info!(target: SHUTDOWN_LOG, "Pausing all Inbound Endpoints...");
        tracing::info!(target: SHUTDOWN_LOG, "Found {} inbound endpoints to pause", inbounds.count());
    }
    tracing::info!(target: SHUTDOWN_LOG, "Waiting for request service completion...");
    // Tasks are given up while requests still end: another node can take them over at once.
    let (cut, (), ()) = tokio::join!(
        server.drain(patience),
        async {
            scheduler.stop(patience).await;
            coordinator.leave(patience).await;
        },
        async {
            if let Some(files) = files {
                files.stop(patience).await;
            }
        }
    );
    tracing::info!(target: SHUTDOWN_LOG, "Stopped all transport listeners");
    if graceful {
        tracing::info!(
            target: SHUTDOWN_LOG, "Completed pausing of all inbound endpoints during graceful shutdown."
        );
    }
    if cut == 0 {
        tracing::info!(target: SHUTDOWN_LOG, "All requests have been served.");
    } else {
        tracing::warn!(
            target: SHUTDOWN_LOG, "{cut} requests were cut off after {} seconds", patience.as_secs()
        );
    }
    tracing::info!(target: SHUTDOWN_LOG, "Shutting down the task manager");
    tracing::info!(target: SHUTDOWN_LOG, "Micro Integrator Shutdown complete");
}

/// Names the process for the start script; gone when the server has stopped.
struct PidFile(Option<std::path::PathBuf>);

impl PidFile {
    fn write(home: &Home, skip: bool) -> Self {
        let path = home.pid_file();
        if skip || std::fs::write(&path, std::process::id().to_string()).is_err() {
            return Self(None);
        }
        Self(Some(path))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}
