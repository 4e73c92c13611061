//! Which logger writes from which level on.

use std::collections::BTreeMap;
use std::path::Path;

use mi_config::logging::LogLevels;
use mi_config::properties;
use tracing::Level;

/// Levels by logger name; a logger without an entry has that of the longest package that is a prefix of its name.
#[derive(Debug, Clone)]
pub struct Levels {
    root: Threshold,
    loggers: BTreeMap<String, Threshold>,
}

/// `None` is off.
type Threshold = Option<Level>;

impl Default for Levels {
    fn default() -> Self {
        Self { root: Some(Level::INFO), loggers: BTreeMap::new() }
    }
}

impl Levels {
    /// The levels of a `log4j2.properties`; those that ship when there is no such file or it cannot be read.
    pub fn read(path: &Path) -> Self {
        properties::read(path).map(|entries| Self::of(&LogLevels::from_properties(&entries))).unwrap_or_default()
    }

    fn of(file: &LogLevels) -> Self {
        let root = file.root.as_deref().map_or(Some(Level::INFO), threshold);
        let loggers = file.loggers.iter().map(|(name, level)| (name.clone(), threshold(level))).collect();
        Self { root, loggers }
    }

    /// Whether logger `name` writes events of `level`.
    pub fn enables(&self, name: &str, level: Level) -> bool {
        self.threshold(name).is_some_and(|threshold| level <= threshold)
    }

    fn threshold(&self, name: &str) -> Threshold {
        if self.loggers.is_empty() {
            return self.root;
        }
        let mut name = name;
        loop {
            if let Some(threshold) = self.loggers.get(name) {
                return *threshold;
            }
            match name.rfind('.') {
                Some(dot) => name = &name[..dot],
                None => return self.root,
            }
        }
    }
}

fn threshold(word: &str) -> Threshold {
    match word.trim().to_ascii_uppercase().as_str() {
        "OFF" => None,
        "FATAL" | "ERROR" => Some(Level::ERROR),
        "WARN" => Some(Level::WARN),
        "DEBUG" => Some(Level::DEBUG),
        "TRACE" | "ALL" => Some(Level::TRACE),
        _ => Some(Level::INFO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_package_decides() {
        let file = LogLevels {
            root: Some("WARN".to_owned()),
            loggers: [("org.a".to_owned(), "DEBUG".to_owned()), ("org.a.b".to_owned(), "OFF".to_owned())].into(),
        };
        let levels = Levels::of(&file);
        assert!(levels.enables("org.a.C", Level::DEBUG));
        assert!(!levels.enables("org.a.C", Level::TRACE));
        assert!(!levels.enables("org.a.b.C", Level::ERROR));
        assert!(levels.enables("org.x", Level::WARN) && !levels.enables("org.x", Level::INFO));
        assert!(Levels::default().enables("any", Level::INFO));
    }
}
