//! Properties and variables of a message: few, so a list is faster than a map, and it keeps their order.

use std::sync::Arc;

use mi_payload::value::Value;

/// Named values. A name can be marked as removed, which hides a value that would otherwise be computed for it.
#[derive(Debug, Clone, Default)]
pub struct Properties {
    entries: Vec<(Arc<str>, Option<Value>)>,
}

/// What [`Properties::lookup`] finds.
#[derive(Debug, Clone, Copy)]
pub enum Lookup<'a> {
    /// Never set.
    Absent,
    /// Set and removed again.
    Removed,
    /// Set.
    Found(&'a Value),
}

impl Properties {
    /// The value of `name`, if it has one.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self.lookup(name) {
            Lookup::Found(value) => Some(value),
            Lookup::Absent | Lookup::Removed => None,
        }
    }

    /// The value of `name`, or whether it was removed.
    pub fn lookup(&self, name: &str) -> Lookup<'_> {
        match self.entries.iter().find(|(known, _)| &**known == name) {
            Some((_, Some(value))) => Lookup::Found(value),
            Some((_, None)) => Lookup::Removed,
            None => Lookup::Absent,
        }
    }

    /// Sets `name`.
    pub fn set(&mut self, name: impl AsRef<str> + Into<Arc<str>>, value: Value) {
        match self.entries.iter_mut().find(|(known, _)| &**known == name.as_ref()) {
            Some((_, slot)) => *slot = Some(value),
            None => self.entries.push((name.into(), Some(value))),
        }
    }

    /// Removes `name`, for good: a computed value of that name is hidden too.
    pub fn remove(&mut self, name: impl AsRef<str> + Into<Arc<str>>) -> Option<Value> {
        match self.entries.iter_mut().find(|(known, _)| &**known == name.as_ref()) {
            Some((_, slot)) => slot.take(),
            None => {
                self.entries.push((name.into(), None));
                None
            }
        }
    }

    /// Forgets `name` altogether, as if it had never been set or removed.
    pub fn forget(&mut self, name: &str) {
        self.entries.retain(|(known, _)| &**known != name);
    }

    /// The names with their values, in the order in which they were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().filter_map(|(name, value)| value.as_ref().map(|value| (&**name, value)))
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The text of `name`, when it is set and has one.
    pub fn text(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.get(name).map(Value::string_value)
    }

    /// Whether `name` is set to the text or Boolean `true`.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.string_value().eq_ignore_ascii_case("true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_is_not_the_same_as_absent() {
        let mut properties = Properties::default();
        assert!(matches!(properties.lookup("a"), Lookup::Absent));
        properties.remove("a");
        assert!(matches!(properties.lookup("a"), Lookup::Removed));
        properties.set("a", Value::from("1"));
        assert_eq!(properties.text("a").as_deref(), Some("1"));
        properties.forget("a");
        assert!(matches!(properties.lookup("a"), Lookup::Absent));
    }

    #[test]
    fn setting_again_keeps_the_place() {
        let mut properties = Properties::default();
        properties.set("a", Value::from("1"));
        properties.set("b", Value::from("2"));
        properties.set("a", Value::from("3"));
        let all: Vec<_> = properties.iter().map(|(name, value)| format!("{name}={}", value.string_value())).collect();
        assert_eq!(all, ["a=3", "b=2"]);
    }
}
