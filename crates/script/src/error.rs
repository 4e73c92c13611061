//! What can go wrong with a script.

use std::time::Duration;

/// See the variants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It is no JavaScript.
    #[error("{message} (line {line})")]
    Syntax {
        /// What the compiler says.
        message: String,
        /// The line, from 1, within the script.
        line: u32,
    },
    /// It threw something that it did not catch.
    #[error("{0}")]
    Thrown(String),
    /// It has no function of this name.
    #[error("No such function {0}")]
    NoFunction(String),
    /// It ran longer than it may.
    #[error("The script was stopped: it has run for {} ms and may not run longer", .0.as_millis())]
    TimeLimit(Duration),
    /// It needs more memory than it may have; in bytes.
    #[error("The script was stopped: it needs more than {} MiB of memory", .0 >> 20)]
    MemoryLimit(usize),
    /// The engine could not be made, or the host panicked.
    #[error("The script engine failed: {0}")]
    Engine(String),
}
