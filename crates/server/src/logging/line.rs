//! One log line.

use std::fmt::Write as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::Format;

/// What an event says.
#[derive(Debug)]
pub(super) struct Record<'e> {
    pub target: &'e str,
    level: &'static str,
    pub message: String,
    /// The service logger that gets the message too, without the artifact's prefix.
    pub service: Option<String>,
    pub service_message: Option<String>,
    pub artifact: Option<String>,
}

impl<'e> Record<'e> {
    pub(super) fn of(event: &Event<'e>) -> Self {
        let metadata = event.metadata();
        let level = match *metadata.level() {
            Level::ERROR => "ERROR",
            Level::WARN => "WARN",
            Level::INFO => "INFO",
            Level::DEBUG => "DEBUG",
            Level::TRACE => "TRACE",
        };
        let target = metadata.target();
        let mut record =
            Self { target, level, message: String::new(), service: None, service_message: None, artifact: None };
        event.record(&mut Fields(&mut record));
        record
    }

    pub(super) fn is_warning(&self) -> bool {
        matches!(self.level, "WARN" | "ERROR" | "FATAL")
    }

    /// The time and the message, with a bar between them.
    pub(super) fn bare_line(&self) -> String {
        format!("{}|{}\n", chrono::Local::now().format("%Y-%m-%d %H:%M:%S,%3f"), self.message)
    }

    pub(super) fn line(&self, format: Format, logger: &str, message: &str) -> String {
        let now = chrono::Local::now();
        match format {
            Format::Text => {
                let time = now.format("%Y-%m-%d %H:%M:%S,%3f");
                format!("[{time}] {:>5} {{{logger}}} - {message}\n", self.level)
            }
            Format::Json => {
                let line = serde_json::json!({
                    "timestamp": now.to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
                    "level": self.level,
                    "logger": logger,
                    "message": message,
                });
                format!("{line}\n")
            }
        }
    }
}

struct Fields<'r, 'e>(&'r mut Record<'e>);

impl Visit for Fields<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.0.message),
            "service" => self.0.service = Some(value.to_owned()),
            "service_message" => self.0.service_message = Some(value.to_owned()),
            "artifact" => self.0.artifact = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "fatal" && value {
            self.0.level = "FATAL";
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0.message, "{value:?}");
        }
    }
}
