//! Files that become messages, and messages that become files (spec: tasks 4.5, 5.1 and 5.2): what `file` inbound endpoints
//! and the file transport of proxy services have in common.
//!
//! [`FileSettings`] are the parameters, [`Looker`] looks for files and hands each to a [`Taker`], [`after`] is what becomes
//! of a file that was handled, [`lock`] keeps other servers off it. [`FileWriter`] is the way out.

mod after;
mod locations;
mod lock;
mod look;
mod message;
mod settings;
mod writer;

pub(crate) use after::{Found, Outcome};
pub use locations::{Location, LocationError};
pub use lock::LockOwner;
pub(crate) use look::{Looker, Taker};
pub(crate) use message::{describe, uri};
pub use settings::{Action, FileSettings, Names, Order, StaleLock};
pub use writer::FileWriter;

/// The class names under which MI logs what concerns files.
mod loggers {
    pub(super) const POLLER: &str = "org.wso2.carbon.inbound.endpoint.protocol.file.FilePollingConsumer";
    pub(super) const LOCKS: &str = "org.apache.synapse.commons.vfs.VFSUtils";
}
