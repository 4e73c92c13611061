//! The HTTP access log: a line for each request and one for each response, on the client's side and on the back end's
//! (spec 5.13, 6.5). Off unless an [`AccessLog`] is given to a listener or a client, and then no line is formatted.

mod pattern;
mod writer;

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode, Version};

pub use pattern::{DEFAULT_PATTERN, InvalidPattern, Pattern};
use writer::Writer;

/// What an access log is made from (`access-log.properties`).
#[derive(Debug, Clone)]
pub struct AccessLogConfig {
    /// What a line looks like (`access_log_pattern`).
    pub pattern: Pattern,
    /// Where the files are (`access_log_directory`); made if it does not exist.
    pub directory: PathBuf,
    /// Begin of the files' names (`access_log_prefix`; `http_access_`).
    pub prefix: String,
    /// End of the files' names (`access_log_suffix`; `.log`).
    pub suffix: String,
    /// The part between, in Java's notation (`access_log_file_date_format`; `yyyy-MM-dd`): when it changes, a new file
    /// begins. `None` writes one file without a date (`nhttp.is.log.rotatable=false`).
    pub date_format: Option<String>,
}

impl AccessLogConfig {
    /// MI's pattern and file names, in this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            pattern: Pattern::default(),
            directory: directory.into(),
            prefix: "http_access_".to_owned(),
            suffix: ".log".to_owned(),
            date_format: Some("yyyy-MM-dd".to_owned()),
        }
    }
}

/// An open access log. Clones write to the same file.
#[derive(Debug, Clone)]
pub struct AccessLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pattern: Pattern,
    writer: Writer,
}

/// One request, before its response is known.
pub(crate) struct RequestLine<'a> {
    pub(crate) remote: Option<IpAddr>,
    pub(crate) local: Option<IpAddr>,
    pub(crate) method: &'a Method,
    pub(crate) target: &'a str,
    pub(crate) version: Version,
    pub(crate) headers: &'a HeaderMap,
}

/// One response.
pub(crate) struct ResponseLine<'a> {
    pub(crate) remote: Option<IpAddr>,
    pub(crate) local: Option<IpAddr>,
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    /// Bytes of the body, if known.
    pub(crate) bytes: Option<u64>,
}

/// Either.
pub(crate) enum Line<'a> {
    Request(RequestLine<'a>),
    Response(ResponseLine<'a>),
}

impl AccessLog {
    /// Opens the log and starts its writer, a thread that ends with the last clone of the log.
    ///
    /// # Errors
    /// When the directory or the file cannot be made.
    pub fn open(config: AccessLogConfig) -> io::Result<Self> {
        let pattern = config.pattern.clone();
        Ok(Self(Arc::new(Inner { pattern, writer: Writer::start(config)? })))
    }

    pub(crate) fn write(&self, line: &Line<'_>) {
        self.0.writer.write(self.0.pattern.format(line, chrono::Local::now()));
    }
}
