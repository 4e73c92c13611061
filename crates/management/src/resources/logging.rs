//! `/logging`: the levels of the loggers, which stand in `conf/log4j2.properties` (spec: runtime 5.6).

use std::path::Path;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use serde_json::{Value, json};

use super::{Parameters, payload, text};
use crate::answer::Answer;
use crate::api::Served;
use crate::audit;
use crate::security::Caller;

const LEVELS: [&str; 7] = ["OFF", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// A logger as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Logger {
    id: String,
    class: String,
    level: String,
}

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let file = &served.paths.levels;
    let loggers = read(file);
    let Some(name) = query.get("loggerName") else {
        let wanted = query.get("searchKey").map(|key| key.to_lowercase()).unwrap_or_default();
        let root = Logger { id: "rootLogger".to_owned(), class: "rootLogger".to_owned(), level: root_level(file) };
        let all = std::iter::once(&root).chain(&loggers);
        return Answer::list(all.filter(|logger| logger.id.to_lowercase().contains(&wanted)).map(shown).collect());
    };
    match loggers.iter().find(|logger| logger.id == *name) {
        Some(logger) => Answer::ok(shown(logger)),
        None => Answer::bad(format!("Logger name ('{name}') not found")),
    }
}

pub(crate) async fn patch(
    State(served): State<Arc<Served>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer {
    match payload(&body) {
        Ok(payload) => change(&served.paths.levels, &caller, &payload).unwrap_or_else(|answer| answer),
        Err(answer) => answer,
    }
}

fn change(file: &Path, caller: &Caller, payload: &Value) -> Result<Answer, Answer> {
    let (Some(name), Some(level)) = (text(payload, "loggerName"), text(payload, "loggingLevel")) else {
        return Err(Answer::bad("Logger name or log level is missing"));
    };
    let class = text(payload, "loggerClass");
    if !LEVELS.contains(&level) {
        return Err(Answer::bad(format!("Invalid log level {level}")));
    }
    let plain = |text: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '$');
        !text.is_empty() && text.chars().all(known)
    };
    if !plain(name) || !class.is_none_or(plain) {
        return Err(Answer::bad("A logger's name and class have letters, digits, '-', '_', '.' and '$' only"));
    }
    let is_known = read(file).iter().any(|logger| logger.id == name);
    let unwritable = |error: std::io::Error| Answer::bad(format!("The levels cannot be written: {error}"));
    let mut suffix = String::new();
    match class {
        None if name == "rootLogger" => set(file, "rootLogger.level", level).map_err(unwritable)?,
        None if is_known => set(file, &format!("logger.{name}.level"), level).map_err(unwritable)?,
        None => return Err(Answer::bad(format!("Specified logger ('{name}') not found"))),
        Some(_) if is_known => {
            let message = format!("Specified logger name ('{name}') already exists, try updating the level instead");
            return Err(Answer::bad(message));
        }
        Some(class) => {
            add(file, name, class, level).map_err(unwritable)?;
            suffix = format!(" for class {class}");
        }
    }
    let kind = if name == "rootLogger" { "root_log_level" } else { "log_level" };
    audit::log(&caller.name, "updated", kind, &json!({"loggerName": name, "loggingLevel": level}));
    Ok(Answer::message(format!("Successfully added logger for ('{name}') with level {level}{suffix}")))
}

fn shown(logger: &Logger) -> Value {
    json!({"loggerName": logger.id, "componentName": logger.class, "level": logger.level})
}

fn read(file: &Path) -> Vec<Logger> {
    let Ok(properties) = mi_config::properties::read(file) else { return Vec::new() };
    let value = |key: String| properties.get(&key).map(|value| value.trim().to_owned());
    let ids = value("loggers".to_owned()).unwrap_or_default();
    let ids = ids.split(',').map(str::trim).filter(|id| !id.is_empty());
    ids.filter_map(|id| {
        let class = value(format!("logger.{id}.name"))?;
        let level = value(format!("logger.{id}.level")).unwrap_or_else(|| root_level(file));
        Some(Logger { id: id.to_owned(), class, level })
    })
    .collect()
}

fn root_level(file: &Path) -> String {
    let properties = mi_config::properties::read(file).unwrap_or_default();
    properties.get("rootLogger.level").map_or("INFO", |level| level.trim()).to_owned()
}

/// Sets one entry; everything else in the file stays as it is.
fn set(file: &Path, key: &str, value: &str) -> std::io::Result<()> {
    let mut lines: Vec<String> = std::fs::read_to_string(file)?.lines().map(str::to_owned).collect();
    let line = format!("{key} = {value}");
    match lines.iter_mut().find(|line| key_of(line) == Some(key)) {
        Some(old) => *old = line,
        None => lines.push(line),
    }
    std::fs::write(file, lines.join("\n") + "\n")
}

fn key_of(line: &str) -> Option<&str> {
    Some(line.split_once('=')?.0.trim()).filter(|key| !key.starts_with(['#', '!']))
}

/// Adds a logger: to the list, and its own entries at the end.
fn add(file: &Path, id: &str, class: &str, level: &str) -> std::io::Result<()> {
    let properties = mi_config::properties::read(file).map_err(std::io::Error::other)?;
    let known = properties.get("loggers").map(|ids| ids.trim().to_owned()).unwrap_or_default();
    let all = if known.is_empty() { id.to_owned() } else { format!("{known}, {id}") };
    // A list over several lines becomes one line.
    let text = std::fs::read_to_string(file)?;
    let mut lines = Vec::new();
    let mut within = false;
    for line in text.lines() {
        let begins = key_of(line) == Some("loggers");
        if begins {
            lines.push(format!("loggers = {all}"));
        } else if !within {
            lines.push(line.to_owned());
        }
        within = (begins || within) && line.ends_with('\\');
    }
    if !properties.contains_key("loggers") {
        lines.push(format!("loggers = {all}"));
    }
    lines.push(format!("\nlogger.{id}.name = {class}\nlogger.{id}.level = {level}"));
    std::fs::write(file, lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller { name: "admin".into(), is_admin: true }
    }

    fn told(file: &Path, payload: Value) -> String {
        match change(file, &caller(), &payload).unwrap_or_else(|answer| answer) {
            Answer::Json(_, body) => body.to_string(),
            _ => String::new(),
        }
    }

    #[test]
    fn a_logger_is_added_and_then_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("log4j2.properties");
        let before = "# levels\nrootLogger.level = INFO\nloggers = a, \\\n  b\nlogger.a.name = x.A\nlogger.a.level=WARN\n\
                      logger.b.name = x.B\nlogger.b.level = OFF\n";
        std::fs::write(&file, before).expect("written");
        let added = told(&file, json!({"loggerName": "c", "loggerClass": "x.C", "loggingLevel": "DEBUG"}));
        assert_eq!(added, r#"{"message":"Successfully added logger for ('c') with level DEBUG for class x.C"}"#);
        told(&file, json!({"loggerName": "a", "loggingLevel": "ERROR"}));
        told(&file, json!({"loggerName": "rootLogger", "loggingLevel": "WARN"}));
        let levels: Vec<_> = read(&file).into_iter().map(|logger| (logger.id, logger.class, logger.level)).collect();
        let expected = [("a", "x.A", "ERROR"), ("b", "x.B", "OFF"), ("c", "x.C", "DEBUG")];
        assert_eq!(levels, expected.map(|(id, class, level)| (id.to_owned(), class.to_owned(), level.to_owned())));
        assert_eq!(root_level(&file), "WARN");
        assert!(std::fs::read_to_string(&file).expect("a file").starts_with("# levels\n"));
    }

    #[test]
    fn nothing_is_written_for_names_that_could_break_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("log4j2.properties");
        std::fs::write(&file, "rootLogger.level = INFO\n").expect("written");
        for name in ["a\nrootLogger.level", "a=b", ""] {
            let told = told(&file, json!({"loggerName": name, "loggerClass": "x.C", "loggingLevel": "DEBUG"}));
            assert!(told.contains("letters"), "{told}");
        }
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "rootLogger.level = INFO\n");
    }
}
