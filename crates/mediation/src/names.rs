//! Names of artifacts, interned: a reference resolved at deployment to a number that stays the same for ever.
//!
//! A running configuration keeps its artifacts in tables indexed by that number, so following `<sequence key="x"/>` costs
//! an array access, whatever configuration the message began with, and an artifact that did not change can be taken over
//! into the next configuration as it is.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

#[derive(Default)]
struct Interner {
    ids: HashMap<Arc<str>, u32>,
}

static INTERNER: LazyLock<Mutex<Interner>> = LazyLock::new(Mutex::default);

/// The name of an artifact.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    id: u32,
    text: Arc<str>,
}

impl Name {
    /// Interns `text`. Done at deployment, never for a message.
    pub fn new(text: &str) -> Self {
        let mut interner = INTERNER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((text, &id)) = interner.ids.get_key_value(text) {
            return Self { id, text: text.clone() };
        }
        let id = u32::try_from(interner.ids.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = text.into();
        interner.ids.insert(text.clone(), id);
        Self { id, text }
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same, shared.
    pub fn shared(&self) -> Arc<str> {
        self.text.clone()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.text)
    }
}

/// Artifacts of one kind by name.
#[derive(Debug)]
pub struct Table<T> {
    by_id: Vec<Option<Arc<T>>>,
    by_name: HashMap<Arc<str>, Arc<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { by_id: Vec::new(), by_name: HashMap::new() }
    }
}

impl<T> Table<T> {
    /// Puts `artifact` under `name`; returns the one that was there.
    pub fn insert(&mut self, name: &Name, artifact: Arc<T>) -> Option<Arc<T>> {
        let at = name.id as usize;
        if self.by_id.len() <= at {
            self.by_id.resize_with(at + 1, || None);
        }
        self.by_id[at] = Some(artifact.clone());
        self.by_name.insert(name.text.clone(), artifact)
    }

    /// The artifact of an interned name.
    pub fn get(&self, name: &Name) -> Option<&Arc<T>> {
        self.by_id.get(name.id as usize)?.as_ref()
    }

    /// The artifact of a name that only the message knows.
    pub fn find(&self, name: &str) -> Option<&Arc<T>> {
        self.by_name.get(name)
    }

    /// All artifacts with their names, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<T>)> {
        self.by_name.iter().map(|(name, artifact)| (&**name, artifact))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let (first, other, again) = (Name::new("names-a"), Name::new("names-b"), Name::new("names-a"));
        assert_eq!(first, again);
        assert_ne!(first, other);
    }

    #[test]
    fn tables_answer_by_interned_and_by_spelled_name() {
        let mut table = Table::default();
        let name = Name::new("names-table");
        assert!(table.insert(&name, Arc::new(1)).is_none());
        assert_eq!(table.get(&name).map(|value| **value), Some(1));
        assert_eq!(table.find("names-table").map(|value| **value), Some(1));
        assert_eq!(table.insert(&name, Arc::new(2)).map(|value| *value), Some(1));
        assert!(table.get(&Name::new("names-absent")).is_none());
    }
}
