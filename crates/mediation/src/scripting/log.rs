//! What scripts log.

/// Levels of the logger that scripts have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

const TARGET: &str = "org.apache.synapse.mediators.bsf.ScriptMessageContext";

impl Level {
    pub(super) fn of_name(name: &str) -> Self {
        match name {
            "trace" => Self::Trace,
            "debug" => Self::Debug,
            "warn" => Self::Warn,
            "error" | "fatal" => Self::Error,
            _ => Self::Info,
        }
    }

    pub(super) fn is_enabled(self) -> bool {
        match self {
            Self::Trace => tracing::enabled!(target: TARGET, tracing::Level::TRACE),
            Self::Debug => tracing::enabled!(target: TARGET, tracing::Level::DEBUG),
            Self::Info => tracing::enabled!(target: TARGET, tracing::Level::INFO),
            Self::Warn => tracing::enabled!(target: TARGET, tracing::Level::WARN),
            Self::Error => tracing::enabled!(target: TARGET, tracing::Level::ERROR),
        }
    }

    pub(super) fn write(self, prefix: &str, text: &str) {
        match self {
            Self::Trace => tracing::trace!(target: TARGET, "{prefix}{text}"),
            Self::Debug => tracing::debug!(target: TARGET, "{prefix}{text}"),
            Self::Info => tracing::info!(target: TARGET, "{prefix}{text}"),
            Self::Warn => tracing::warn!(target: TARGET, "{prefix}{text}"),
            Self::Error => tracing::error!(target: TARGET, "{prefix}{text}"),
        }
    }
}
