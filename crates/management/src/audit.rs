//! The audit log: who changed what (spec: runtime 5.9).

use serde_json::{Value, json};

/// Writes a change down. `kind` and `action` are MI's words.
pub(crate) fn log(user: &str, action: &str, kind: &str, info: &Value) {
    let line = json!({"performedBy": user, "action": action, "type": kind, "info": info.to_string()});
    tracing::info!(target: "AUDIT_LOG", "{line}");
}
