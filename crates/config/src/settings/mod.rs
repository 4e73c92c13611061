//! The typed settings and how a file becomes them.

mod cluster;
mod datasource;
mod http;
mod management;
mod mediation;
mod read;
mod server;

use std::collections::BTreeMap;
use std::path::Path;

pub use cluster::{Cluster, FireGuard, TaskHandling, TaskResolver};
pub use datasource::Datasource;
pub use http::{Http, HttpListener, HttpSender, Proxy, VerifyClient};
pub use management::{Management, User};
pub use mediation::Mediation;
pub use server::{Ports, Server, Store};

use crate::error::{ConfigError, Problem, Warning};
use crate::keys::{self, Key};
use crate::parse::parse;
use crate::raw::{Entry, Origin, Raw, Scalar, pattern};
use crate::resolve::resolve;
use crate::system::SystemProperties;
use read::Reader;

/// The effective configuration of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[server]`.
    pub server: Server,
    /// All ports with the offset added (spec 1.7).
    pub ports: Ports,
    /// `[transport.http]`.
    pub http: Http,
    /// `[keystore.primary]`.
    pub keystore: Store,
    /// `[truststore]`.
    pub truststore: Store,
    /// `[mediation]` and `[synapse_properties]`.
    pub mediation: Mediation,
    /// `[[datasource]]` rows in the order of the file.
    pub datasources: Vec<Datasource>,
    /// `[cluster_config]` and the heartbeat's properties.
    pub cluster: Cluster,
    /// `[task_handling]`.
    pub task_handling: TaskHandling,
    /// The first row of `[[task_resolver]]`; MI reads no other.
    pub task_resolver: TaskResolver,
    /// `[management_api]`, `[[internal_apis.users]]` and the probes.
    pub management: Management,
    /// `[system.parameter]`: system properties to set before the start.
    pub system_parameters: BTreeMap<String, String>,
    /// Everything, flattened, with defaults and references resolved: for areas without a typed part.
    pub raw: Raw,
}

impl Settings {
    /// Loads a `deployment.toml`. A file that does not exist is an empty one (MI only logs it).
    ///
    /// # Errors
    /// [`ConfigError`] when the file cannot be read, is not TOML, or has values that cannot be used; all such values
    /// are listed.
    pub fn load(path: &Path, system: &SystemProperties) -> Result<(Self, Vec<Warning>), ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text, system),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let (settings, mut warnings) = Self::parse(path, "", system)?;
                let message = "deployment.toml not found, the defaults are used".to_owned();
                warnings.insert(0, Warning { file: path.to_owned(), at: None, message });
                Ok((settings, warnings))
            }
            Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        }
    }

    /// As [`Settings::load`], for a text; the path is only for messages.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn parse(path: &Path, text: &str, system: &SystemProperties) -> Result<(Self, Vec<Warning>), ConfigError> {
        let mut raw = parse(path, text)?;
        let mut checks = Checks { path, warnings: Vec::new(), problems: Vec::new() };
        checks.unknown_keys(&raw);
        override_from_system(&mut raw, system);
        fill_defaults(&mut raw);
        for (key, message) in resolve(&mut raw, system) {
            checks.problem(&raw, &key, message);
        }
        checks.types(&raw);
        if !checks.problems.is_empty() {
            return Err(ConfigError::Invalid(checks.problems));
        }
        let settings = Self::read(raw, system, &mut checks);
        checks.warnings.sort_by_key(|warning| warning.at);
        if checks.problems.is_empty() {
            Ok((settings, checks.warnings))
        } else {
            Err(ConfigError::Invalid(checks.problems))
        }
    }

    fn read(raw: Raw, system: &SystemProperties, checks: &mut Checks<'_>) -> Self {
        let reader = Reader::new(&raw);
        let server = server::server(&reader);
        let ports = server::ports(&reader, server.offset, |key, message| checks.problem(&raw, key, message));
        Self {
            http: http::http(&reader),
            keystore: server::keystore(&reader, "keystore.primary"),
            truststore: server::truststore(&reader),
            mediation: mediation::mediation(&reader),
            datasources: datasource::datasources(&reader, |key, message| checks.problem(&raw, key, message)),
            cluster: cluster::cluster(&reader, system, |message| checks.warn(None, message)),
            task_handling: cluster::task_handling(&reader, |key, message| {
                checks.warn(raw.get(key).and_then(|entry| entry.origin.value()), message);
            }),
            task_resolver: cluster::task_resolver(&reader),
            management: management::management(&reader),
            system_parameters: raw.below("system.parameter"),
            server,
            ports,
            raw,
        }
    }

    /// The data source of this id.
    pub fn datasource(&self, id: &str) -> Option<&Datasource> {
        self.datasources.iter().find(|source| source.id == id)
    }

    /// The coordination database; without it the node is a cluster of one.
    pub fn coordination_datasource(&self) -> Option<&Datasource> {
        self.datasource("WSO2_COORDINATION_DB")
    }
}

struct Checks<'a> {
    path: &'a Path,
    warnings: Vec<Warning>,
    problems: Vec<Problem>,
}

impl Checks<'_> {
    fn warn(&mut self, at: Option<crate::raw::Position>, message: String) {
        self.warnings.push(Warning { file: self.path.to_owned(), at, message });
    }

    fn problem(&mut self, raw: &Raw, key: &str, message: String) {
        let at = raw.get(key).and_then(|entry| entry.origin.value());
        self.problems.push(Problem { file: self.path.to_owned(), at, message });
    }

    fn unknown_keys(&mut self, raw: &Raw) {
        for (key, entry) in raw.iter() {
            let pattern = pattern(key);
            if keys::find(&pattern).is_some() {
                continue;
            }
            let written = keys::written(&pattern);
            let message = match keys::nearest(&pattern) {
                Some(near) => format!("unknown key {written} is ignored; did you mean {}?", keys::written(near.key)),
                None => format!("unknown key {written} is ignored"),
            };
            self.warn(entry.origin.key(), message);
        }
    }

    fn types(&mut self, raw: &Raw) {
        for (key, entry) in raw.iter() {
            let Some(known) = keys::find(&pattern(key)) else { continue };
            if known.kind.accepts(&entry.value) {
                continue;
            }
            self.problem(raw, key, wrong_type(known, entry));
        }
    }
}

fn wrong_type(known: &Key, entry: &Entry) -> String {
    let found = match &entry.value {
        Scalar::Text(text) if !entry.secret => format!("string {text:?}"),
        Scalar::Text(_) => "a secret string".to_owned(),
        Scalar::List(_) => "an array".to_owned(),
        other => format!("{} {}", other.type_name(), other.text()),
    };
    let written = keys::written(known.key);
    let mut message = format!("{written}: found {found}, expected {}", known.kind.expectation());
    if let Some(meant) = known.kind.suggestion(&entry.value) {
        message.push_str(&format!("; did you mean {meant}?"));
    } else if let Some(default) = known.default.filter(|default| !default.contains("$ref{")) {
        message.push_str(&format!(" (the default is {default})"));
    }
    message
}

/// `-DportOffset` replaces `server.offset` (spec 1.3).
fn override_from_system(raw: &mut Raw, system: &SystemProperties) {
    if let Some(offset) = system.get("portOffset") {
        let entry = Entry { value: Scalar::Text(offset.to_owned()), origin: Origin::System, secret: false };
        raw.entries.insert("server.offset".to_owned(), entry);
    }
}

fn fill_defaults(raw: &mut Raw) {
    for known in keys::all() {
        if let Some(default) = known.default {
            raw.entries.entry(known.key.to_owned()).or_insert_with(|| Entry {
                value: Scalar::Text(default.to_owned()),
                origin: Origin::Default,
                secret: false,
            });
        }
    }
}

#[cfg(test)]
mod tests;
