//! System properties (`-Dname=value`) and the environment, as one value that tests can build.

use std::collections::BTreeMap;

/// The system properties given on the command line and the environment of the process.
#[derive(Debug, Clone, Default)]
pub struct SystemProperties {
    properties: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
}

impl SystemProperties {
    /// Nothing at all: no property and an empty environment.
    pub fn empty() -> Self {
        Self::default()
    }

    /// No property, and the environment of this process. Variables that are not UTF-8 are left out.
    pub fn from_process() -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { properties: BTreeMap::new(), environment }
    }

    /// Sets a property; a later value replaces an earlier one.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.properties.insert(name.into(), value.into());
    }

    /// Sets a property from the text after `-D`: `name=value`, or `name` alone, which means `true` (spec 1.2).
    pub fn define(&mut self, text: &str) {
        let (name, value) = text.split_once('=').unwrap_or((text, "true"));
        self.set(name, value);
    }

    /// Sets an environment variable of this value; the process's own environment stays as it is.
    pub fn set_environment(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.environment.insert(name.into(), value.into());
    }

    /// The property of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    /// The environment variable of this name.
    pub fn environment(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }

    /// The property, else the environment variable of this name: MI's order for the cluster's settings. Empty texts
    /// count as absent.
    pub fn property_or_environment(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|v| !v.is_empty()).or_else(|| self.environment(name).filter(|v| !v.is_empty()))
    }

    /// All properties in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_without_value_is_true() {
        let mut system = SystemProperties::empty();
        system.define("a=b=c");
        system.define("flag");
        assert_eq!(system.get("a"), Some("b=c"));
        assert_eq!(system.get("flag"), Some("true"));
    }

    #[test]
    fn a_property_wins_over_the_environment() {
        let mut system = SystemProperties::empty();
        system.set_environment("nodeId", "env");
        assert_eq!(system.property_or_environment("nodeId"), Some("env"));
        system.set("nodeId", "sys");
        assert_eq!(system.property_or_environment("nodeId"), Some("sys"));
    }
}
