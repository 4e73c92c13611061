//! `lint`: artifacts checked without running them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use mi_deployer::folder::Content;
use mi_deployer::{Artifact, DEFAULT_ROLES, Deployer, Event, Kind, Named, remarks};
use mi_mediation::environment::{Environment, HttpSender, NoResources};
use mi_mediation::mediator::BoxFuture;
use mi_mediation::outgoing::{Answer, Outgoing, SendError};
use mi_mediation::{Definitions, Imports, MediationSettings};

use crate::cli::LintOptions;
use crate::databases::ServerDataServices;

/// Nothing is sent while artifacts are checked.
struct NoClient;

impl HttpSender for NoClient {
    fn send(&self, request: Outgoing) -> BoxFuture<'static, Result<Answer, SendError>> {
        let message = format!("nothing is sent to {} while artifacts are checked", request.url);
        Box::pin(std::future::ready(Err(SendError {
            base_code: 0,
            state: 0,
            message: message.clone(),
            detail: message,
            timed_out: false,
        })))
    }
}

/// Checks what the options name; 1 when something is faulty.
pub fn run(options: &LintOptions) -> ExitCode {
    let mut environment = Environment::new(Box::new(NoClient), Box::new(NoResources));
    environment.data_services = Box::new(ServerDataServices(None));
    let environment = Arc::new(environment);
    let settings = Arc::new(MediationSettings::default());
    let mut found = Findings::default();
    // Connectors first: the other files may use their operations.
    let mut paths: Vec<_> = options.paths.iter().collect();
    paths.sort_by_key(|path| content(path) != Content::Library);
    for path in paths {
        if path.is_dir() {
            folder(path, &environment, &settings, &mut found);
        } else {
            file(path, &environment, &settings, &mut found);
        }
    }
    let loose = std::mem::take(&mut found.loose);
    found.remark(&loose);
    println!("{} artifacts, {} errors, {} warnings", found.artifacts, found.errors, found.warnings);
    if found.errors > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

#[derive(Default)]
struct Findings {
    /// Artifacts of files that were named one by one.
    loose: Vec<Named>,
    /// The connectors among them.
    imports: Imports,
    artifacts: usize,
    errors: usize,
    warnings: usize,
}

impl Findings {
    fn remark(&mut self, artifacts: &[Named]) {
        for remark in remarks::about(artifacts) {
            self.warnings += 1;
            println!("warning: {remark}");
        }
    }
}

fn folder(path: &Path, environment: &Arc<Environment>, settings: &Arc<MediationSettings>, found: &mut Findings) {
    // A home, a deployment folder or the folder of artifacts itself.
    let inner = [
        "repository/deployment/server/synapse-configs/default",
        "deployment/server/synapse-configs/default",
        "server/synapse-configs/default",
        "synapse-configs/default",
        "default",
    ];
    let root =
        inner.iter().map(|inner| path.join(inner)).find(|folder| folder.is_dir()).unwrap_or_else(|| path.to_owned());
    let server = root.ancestors().nth(2).map(Path::to_owned);
    let mut deployer = Deployer::new(root, environment.clone(), settings.clone());
    if let Some(server) = server {
        deployer = deployer
            .with_applications(server.join("carbonapps"), DEFAULT_ROLES.map(str::to_owned).into())
            .with_libraries(server.join("synapse-libs"))
            .with_data_services(server.join("dataservices"));
    }
    let Some(deployment) = deployer.refresh(false) else { return };
    found.artifacts += deployment.artifacts.len();
    for event in &deployment.events {
        match event {
            Event::Failed { error, .. } => {
                found.errors += 1;
                println!("error: {error}");
            }
            Event::Warning { message } => {
                found.warnings += 1;
                println!("warning: {message}");
            }
            Event::Deployed { .. }
            | Event::Updated { .. }
            | Event::Undeployed { .. }
            | Event::ApplicationDeployed { .. }
            | Event::ApplicationUndeployed { .. } => {}
        }
    }
    found.remark(&deployment.artifacts);
}

fn file(path: &Path, environment: &Arc<Environment>, settings: &Arc<MediationSettings>, found: &mut Findings) {
    let definitions = Definitions::new(environment, settings).importing(&found.imports);
    let shown = path.display().to_string();
    let content = content(path);
    let roles = DEFAULT_ROLES.map(str::to_owned);
    let loaded = mi_deployer::load::file(path, &shown, content, &roles, &definitions);
    found.artifacts += loaded.artifacts.len();
    for error in &loaded.errors {
        found.errors += 1;
        println!("error: {error}");
    }
    for warning in &loaded.warnings {
        found.warnings += 1;
        let at = warning.position.map(|at| format!("{}:{}:", at.line, at.column)).unwrap_or_default();
        println!("warning: {}:{at} {}", warning.file, warning.message);
    }
    // A connector that is named before the files that use it is as good as imported.
    for named in &loaded.artifacts {
        if let Artifact::Library(library) = &named.artifact {
            found.imports = found.imports.and(&Imports::new([library.import()], library.classes()));
        }
    }
    found.imports = found.imports.and(&loaded.brought);
    found.loose.extend(loaded.artifacts);
}

fn content(path: &Path) -> Content {
    match path.extension().and_then(OsStr::to_str) {
        Some("car") => Content::Application,
        Some("zip") => Content::Library,
        Some("dbs") => Content::One(Kind::DataService),
        _ => kind(path).map_or(Content::Definitions, Content::One),
    }
}

/// The kind that the root element of a file says.
fn kind(path: &Path) -> Option<Kind> {
    let bytes = std::fs::read(path).ok()?;
    let document = mi_deployer::load::parse(&bytes, "").ok()?;
    Kind::of_element(document.local_name(document.root_element()?))
}
