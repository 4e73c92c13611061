//! Properties and variables, as scripts read and set them.

use std::sync::Arc;

use mi_script::Value;

use super::encode::{from_script, to_script};
use super::host::{Answer, MessageHost};
use crate::context::Scope;

/// The scopes that scripts have; others are ignored, as in MI.
fn scope(name: &str) -> Option<Scope> {
    match name {
        "default" | "" => Some(Scope::Default),
        "axis2" => Some(Scope::Axis2),
        "transport" => Some(Scope::Transport),
        "operation" => Some(Scope::Operation),
        _ => None,
    }
}

impl MessageHost {
    pub(super) fn property(&mut self, name: &str, scope_name: &str) -> Answer {
        let Some(scope) = scope(scope_name) else { return Ok(Value::Null) };
        let nodes = &mut self.nodes;
        let value = self.context.property(scope, name);
        Ok(value.map_or(Value::Null, |value| to_script(&value, |fragment| nodes.add_copy(fragment))))
    }

    pub(super) fn set_property(&mut self, name: &str, scope_name: &str, kind: &str, value: &Value) -> Answer {
        if let Some(scope) = scope(scope_name) {
            // Only the default scope looks for XML in texts.
            let kind = if kind == "text" && scope != Scope::Default { "plain" } else { kind };
            let value = from_script(kind, value);
            self.changes().set_property(scope, &Arc::from(name), value);
        }
        Ok(Value::Undefined)
    }

    pub(super) fn remove_property(&mut self, name: &str, scope_name: &str) -> Answer {
        if let Some(scope) = scope(scope_name) {
            self.changes().remove_property(scope, &Arc::from(name));
        }
        Ok(Value::Undefined)
    }

    pub(super) fn property_names(&self) -> Value {
        names(self.context.properties.iter().map(|(name, _)| name))
    }

    pub(super) fn variable(&mut self, name: &str) -> Answer {
        let nodes = &mut self.nodes;
        let value = self.context.variables.get(name);
        Ok(value.map_or(Value::Null, |value| to_script(value, |fragment| nodes.add_copy(fragment))))
    }

    pub(super) fn set_variable(&mut self, name: &str, kind: &str, value: &Value) -> Answer {
        if let Some(value) = from_script(kind, value) {
            self.changes().variables.set(name, value);
        }
        Ok(Value::Undefined)
    }

    pub(super) fn remove_variable(&mut self, name: &str) -> Answer {
        self.changes().variables.remove(name);
        Ok(Value::Undefined)
    }

    pub(super) fn variable_names(&self) -> Value {
        names(self.context.variables.iter().map(|(name, _)| name))
    }
}

/// Names as a JSON array.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    serde_json::Value::from(names.collect::<Vec<_>>()).to_string().into()
}
