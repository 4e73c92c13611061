//! Levels of `conf/log4j2.properties` and the settings of `conf/access-log.properties`.

use std::collections::BTreeMap;

/// The levels of a log4j2 properties file: of the root logger, and by logger name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogLevels {
    /// The root logger's level; `None` when the file does not say.
    pub root: Option<String>,
    /// Logger name (a class or package) to level, both as written.
    pub loggers: BTreeMap<String, String>,
}

impl LogLevels {
    /// Reads the levels out of a parsed properties file: `rootLogger.level`, and for each id in `loggers` the pair
    /// `logger.<id>.name`, `logger.<id>.level`. Loggers without a name are left out; without a level they are too.
    pub fn from_properties(properties: &BTreeMap<String, String>) -> Self {
        let text = |key: &str| properties.get(key).map(|value| value.trim().to_owned()).filter(|v| !v.is_empty());
        let ids = text("loggers").unwrap_or_default();
        let loggers = ids
            .split(',')
            .map(str::trim)
            .filter_map(|id| Some((text(&format!("logger.{id}.name"))?, text(&format!("logger.{id}.level"))?)))
            .collect();
        Self { root: text("rootLogger.level"), loggers }
    }
}

/// The access log's settings (spec 6.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLog {
    /// Whether the log is written at all; default false.
    pub enabled: bool,
    /// The pattern of a line, in Apache's notation.
    pub pattern: String,
    /// The folder, if not the server's log folder.
    pub directory: Option<String>,
    /// What the file's name begins with; default `http_access_`.
    pub prefix: String,
    /// What the file's name ends with; default `.log`.
    pub suffix: String,
    /// The date in the file's name, as a Java date pattern; default `yyyy-MM-dd`.
    pub file_date_format: String,
    /// Whether a new file is begun when the date changes; default true.
    pub rotatable: bool,
}

impl AccessLog {
    /// Reads the settings out of a parsed `access-log.properties`; what is absent has its default.
    pub fn from_properties(properties: &BTreeMap<String, String>) -> Self {
        let text = |key: &str| properties.get(key).map(|value| value.trim().to_owned()).filter(|v| !v.is_empty());
        let flag = |key: &str, default: bool| text(key).map_or(default, |value| value.eq_ignore_ascii_case("true"));
        Self {
            enabled: flag("access_log_enable", false),
            pattern: text("access_log_pattern").unwrap_or_else(|| {
                "%{X-Forwarded-For}i %h %l %u %t \"%r\" %s %b \"%{Referer}i\" \"%{User-Agent}i\"".to_owned()
            }),
            directory: text("access_log_directory").or_else(|| text("nhttp.log.directory")),
            prefix: text("access_log_prefix").unwrap_or_else(|| "http_access_".to_owned()),
            suffix: text("access_log_suffix").unwrap_or_else(|| ".log".to_owned()),
            file_date_format: text("access_log_file_date_format").unwrap_or_else(|| "yyyy-MM-dd".to_owned()),
            rotatable: flag("nhttp.is.log.rotatable", true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::parse;

    #[test]
    fn levels_by_logger_name() {
        let levels = LogLevels::from_properties(&parse(
            "loggers = A, B, C\nlogger.A.name = org.example.A\nlogger.A.level=DEBUG\nlogger.B.name = b\nrootLogger.level = INFO",
        ));
        assert_eq!(levels.root.as_deref(), Some("INFO"));
        assert_eq!(levels.loggers, [("org.example.A".to_owned(), "DEBUG".to_owned())].into());
    }

    #[test]
    fn the_access_log_is_off_by_default() {
        let log = AccessLog::from_properties(&BTreeMap::new());
        assert!(!log.enabled);
        assert_eq!(log.prefix, "http_access_");
        let log = AccessLog::from_properties(&parse("access_log_enable=true\naccess_log_directory=/var/log"));
        assert!(log.enabled);
        assert_eq!(log.directory.as_deref(), Some("/var/log"));
    }
}
