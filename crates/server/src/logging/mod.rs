//! Logs as MI writes them (spec: runtime 6.3 and 6.4): console, `wso2carbon.log`, `wso2error.log`, and the logs of APIs
//! and services; or JSON lines on request. `correlation.log` has a form of its own.
//!
//! An event's target is the logger's class name. Levels come from `conf/log4j2.properties` and can change at run time.

mod file;
mod levels;
mod line;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use file::LogFile;
pub use levels::Levels;
use line::Record;

use crate::correlation;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `[2026-01-31 17:09:14,768]  INFO {Class} - message`
    Text,
    /// One JSON object a line.
    Json,
}

/// Changes levels while the server runs.
#[derive(Debug, Clone)]
pub struct LogControl(Arc<ArcSwap<Levels>>);

impl LogControl {
    /// Puts other levels in force.
    pub fn set(&self, levels: Levels) {
        self.0.store(Arc::new(levels));
    }
}

/// Begins to log. Without a folder, only to the console.
///
/// # Errors
/// When the folder cannot be made, or something else logs already.
pub fn start(folder: Option<&Path>, format: Format, levels: Levels) -> Result<LogControl, String> {
    let levels = Arc::new(ArcSwap::from_pointee(levels));
    let files = match folder {
        Some(folder) => Some(Files::open(folder).map_err(|error| format!("{}: {error}", folder.display()))?),
        None => None,
    };
    let layer = LogLayer { levels: levels.clone(), format, files };
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())?;
    Ok(LogControl(levels))
}

struct Files {
    all: LogFile,
    errors: LogFile,
    api: LogFile,
    service: LogFile,
    audit: LogFile,
    correlation: LogFile,
}

impl Files {
    fn open(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            all: LogFile::new(folder, "wso2carbon.log"),
            errors: LogFile::new(folder, "wso2error.log"),
            api: LogFile::new(folder, "wso2-mi-api.log"),
            service: LogFile::new(folder, "wso2-mi-service.log"),
            audit: LogFile::new(folder, "audit.log"),
            correlation: LogFile::new(folder, "correlation.log"),
        })
    }
}

struct LogLayer {
    levels: Arc<ArcSwap<Levels>>,
    format: Format,
    files: Option<Files>,
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.levels.load().enables(metadata.target(), *metadata.level())
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let record = Record::of(event);
        if record.target == correlation::LOGGER {
            if let Some(files) = &self.files {
                files.correlation.write(&record.bare_line());
            }
            return;
        }
        // These loggers have files of their own and add nothing to the others.
        if matches!(record.target, "SERVICE_LOGGER" | "API_LOGGER" | "AUDIT_LOG") {
            if let Some(files) = &self.files {
                let file = match record.target {
                    "API_LOGGER" => &files.api,
                    "AUDIT_LOG" => &files.audit,
                    _ => &files.service,
                };
                file.write(&record.line(self.format, record.target, &record.message));
            }
            return;
        }
        let short = record.target.rsplit(['.', ':']).next().unwrap_or(record.target);
        let console = record.line(self.format, short, &record.message);
        // A console that is gone is no reason to stop.
        let _ = std::io::stdout().lock().write_all(console.as_bytes());
        let Some(files) = &self.files else { return };
        let full = record.line(self.format, record.target, &record.message);
        files.all.write(&full);
        if record.is_warning() {
            files.errors.write(&full);
        }
        if let (Some(service), Some(message)) = (&record.service, &record.service_message) {
            let logger = format!("{service}.{}", record.artifact.as_deref().unwrap_or_default());
            let file = if service == "API_LOGGER" { &files.api } else { &files.service };
            file.write(&record.line(self.format, &logger, message));
        }
    }
}
