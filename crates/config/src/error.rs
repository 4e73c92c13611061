//! What can be wrong with a configuration file, said for the person who has to change it.

use std::fmt;
use std::path::PathBuf;

use crate::raw::Position;

/// Why the configuration could not be loaded; the server must not start with it (MI exits with code 1).
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not TOML 1.0.
    #[error("{}:{at}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where the parser gave up.
        at: Position,
        /// What it expected.
        message: String,
    },
    /// Values that cannot be used: every one of them is listed, so that one round of editing is enough.
    #[error("{}", join(.0))]
    Invalid(Vec<Problem>),
}

/// One value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was given to [`crate::Settings::load`].
    pub file: PathBuf,
    /// Where the value stands; `None` for a value that comes from a default or a system property.
    pub at: Option<Position>,
    /// What was found, what is expected and what to write instead.
    pub message: String,
}

/// Something that does not stop the server but is probably not what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The file, as it was given to [`crate::Settings::load`].
    pub file: PathBuf,
    /// Where the key or value stands; `None` for a system property or an environment variable.
    pub at: Option<Position>,
    /// What is doubtful and what was done about it.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        located(f, &self.file, self.at, &self.message)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        located(f, &self.file, self.at, &self.message)
    }
}

fn located(f: &mut fmt::Formatter<'_>, file: &std::path::Path, at: Option<Position>, message: &str) -> fmt::Result {
    match at {
        Some(at) => write!(f, "{}:{at}: {message}", file.display()),
        None => write!(f, "{}: {message}", file.display()),
    }
}

fn join(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
