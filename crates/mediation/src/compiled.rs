//! What mediators compile from local entries and registry resources: stylesheets, schemas, queries. Compiled when the
//! configuration is made or when first asked for, and again when something that it was made of has changed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mi_payload::XmlFragment;
use mi_payload::value::Value;

use crate::configuration::Configuration;

/// How many different keys one mediator remembers; a message can choose keys, so there is an end to it.
const MAX_KNOWN: usize = 1_000;

/// What one mediator has compiled, by key. Looking something up takes no lock.
pub(crate) struct Compiled<T> {
    known: ArcSwap<HashMap<Box<str>, Arc<Built<T>>>>,
}

struct Built<T> {
    /// All that it was made of.
    origins: Vec<(Box<str>, Origin)>,
    artifact: Arc<T>,
}

/// Where the content of a key came from. Equal origins mean equal content.
#[derive(Clone)]
enum Origin {
    Absent,
    /// Holding an entry's content keeps its address from being given to another one.
    Xml(Arc<XmlFragment>),
    Text(Arc<str>),
    Resource(u64),
}

impl Origin {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) => true,
            (Self::Xml(one), Self::Xml(other)) => Arc::ptr_eq(one, other),
            (Self::Text(one), Self::Text(other)) => Arc::ptr_eq(one, other),
            (Self::Resource(one), Self::Resource(other)) => one == other,
            _ => false,
        }
    }
}

/// Reads what keys stand for and notes where it came from.
pub(crate) struct Reader<'c> {
    configuration: &'c Configuration,
    origins: RefCell<Vec<(Box<str>, Origin)>>,
}

impl Reader<'_> {
    /// The content of a key as it would stand in a file.
    pub(crate) fn read(&self, key: &str) -> Option<Vec<u8>> {
        let (origin, content) = read(self.configuration, key);
        self.origins.borrow_mut().push((key.into(), origin));
        content
    }
}

impl<T> Default for Compiled<T> {
    fn default() -> Self {
        Self { known: ArcSwap::default() }
    }
}

impl<T> Compiled<T> {
    /// What `key` stands for, compiled now unless that has been done from the same content.
    ///
    /// # Errors
    /// What `compile` says; that is not remembered.
    pub(crate) fn get<E>(
        &self,
        configuration: &Configuration,
        key: &str,
        compile: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        if let Some(built) = self.known.load().get(key)
            && built.origins.iter().all(|(key, origin)| origin.same(&origin_of(configuration, key)))
        {
            return Ok(built.artifact.clone());
        }
        let reader = Reader { configuration, origins: RefCell::default() };
        let artifact = Arc::new(compile(&reader)?);
        let built = Arc::new(Built { origins: reader.origins.into_inner(), artifact: artifact.clone() });
        self.known.rcu(|known| {
            let mut next = if known.len() < MAX_KNOWN { HashMap::clone(known) } else { HashMap::new() };
            next.insert(key.into(), built.clone());
            next
        });
        Ok(artifact)
    }

    /// Compiles without looking at what is known, and without keeping the result.
    ///
    /// # Errors
    /// What `compile` says.
    pub(crate) fn anew<E>(
        configuration: &Configuration,
        compile: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        compile(&Reader { configuration, origins: RefCell::default() }).map(Arc::new)
    }
}

fn origin_of(configuration: &Configuration, key: &str) -> Origin {
    match configuration.local_entries.find(key).map(|entry| &entry.value) {
        Some(Value::Xml(fragment)) => Origin::Xml(fragment.clone()),
        Some(Value::String(text)) => Origin::Text(text.clone()),
        Some(_) => Origin::Absent,
        None => match configuration.environment.resources.read(key) {
            Some(resource) => Origin::Resource(resource.version),
            None => Origin::Absent,
        },
    }
}

fn read(configuration: &Configuration, key: &str) -> (Origin, Option<Vec<u8>>) {
    if let Some(entry) = configuration.local_entries.find(key) {
        return (origin_of(configuration, key), Some(entry.text().into_bytes()));
    }
    match configuration.environment.resources.read(key) {
        Some(resource) => (Origin::Resource(resource.version), Some(resource.content.to_vec())),
        None => (Origin::Absent, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn compile(reader: &Reader<'_>, key: &str) -> Result<String, String> {
        let content = reader.read(key).ok_or("nothing there")?;
        Ok(String::from_utf8_lossy(&content).into_owned())
    }

    #[test]
    fn compiled_once_until_what_it_was_made_of_changes() {
        let compiled = Compiled::default();
        let first = testing::configuration(&["<localEntry key='k'><a/></localEntry>"]);
        let made = compiled.get(&first, "k", |reader| compile(reader, "k")).expect("there");
        let again = compiled.get(&first, "k", |_| Err::<String, _>("compiled twice".to_owned())).expect("known");
        assert!(Arc::ptr_eq(&made, &again));
        let second = testing::configuration(&["<localEntry key='k'><b/></localEntry>"]);
        let changed = compiled.get(&second, "k", |reader| compile(reader, "k")).expect("there");
        assert_ne!(*made, *changed);
    }

    #[test]
    fn what_is_missing_is_looked_for_again() {
        let compiled = Compiled::default();
        let none = testing::configuration(&[]);
        assert!(compiled.get(&none, "k", |reader| compile(reader, "k")).is_err());
        let some = testing::configuration(&["<localEntry key='k'>text</localEntry>"]);
        assert_eq!(*compiled.get(&some, "k", |reader| compile(reader, "k")).expect("there"), "text");
    }
}
