//! The HTTP access log that `conf/access-log.properties` asks for (spec: services 5.13).

use std::path::PathBuf;

use mi_config::logging::AccessLog as Wanted;
use mi_transport::access_log::{AccessLog, AccessLogConfig};

use crate::home::Home;

/// Opens the log, if it is wanted.
///
/// # Errors
/// When the pattern is none or the file cannot be made.
pub fn open(home: &Home) -> Result<Option<AccessLog>, String> {
    let file = home.conf("access-log.properties");
    let entries = match mi_config::properties::read(&file) {
        Ok(entries) => entries,
        Err(_) => return Ok(None),
    };
    let wanted = Wanted::from_properties(&entries);
    if !wanted.enabled {
        return Ok(None);
    }
    let pattern = wanted.pattern.parse().map_err(|error| format!("{}: access_log_pattern: {error}", file.display()))?;
    let directory = wanted.directory.map_or_else(|| home.logs(), PathBuf::from);
    let shown = directory.display().to_string();
    let config = AccessLogConfig {
        pattern,
        directory,
        prefix: wanted.prefix,
        suffix: wanted.suffix,
        date_format: wanted.rotatable.then_some(wanted.file_date_format),
    };
    AccessLog::open(config).map(Some).map_err(|error| format!("Cannot write the access log in {shown}: {error}"))
}
