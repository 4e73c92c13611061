//! `conf/deployment.toml` as typed settings (and the Java properties files beside it).
//!
//! Guarantees: a value of the wrong type, a broken reference or a TOML error stops the load with file, line and column;
//! an unknown key never does, it becomes a [`Warning`] that names the nearest known key. Numbers and booleans may be
//! written as strings. Secrets are masked in everything that this crate prints.
//!
//! Begin reading at [`Settings::load`]; the keys themselves, with type, default and meaning, are the table in [`keys`].
//! This crate knows nothing of who uses the settings.

mod effective;
mod error;
pub mod keys;
pub mod logging;
mod parse;
pub mod properties;
mod raw;
mod reference;
mod resolve;
pub mod settings;
mod system;

pub use effective::mask_url;
pub use error::{ConfigError, Problem, Warning};
pub use raw::{Entry, Origin, Position, Raw, Scalar};
pub use reference::reference_markdown;
pub use settings::Settings;
pub use system::SystemProperties;
