//! What a mediator makes of resources by key (a compiled script, a schema), kept until one of them changes.

use std::sync::Arc;

use arc_swap::ArcSwap;
use mi_payload::value::Value;

use crate::context::MessageContext;

/// How many are kept, for keys that are expressions.
const KEPT: usize = 16;

/// See the module's documentation. Reading takes no lock.
pub(crate) struct Kept<T> {
    all: ArcSwap<Vec<Arc<Made<T>>>>,
}

struct Made<T> {
    of: Vec<Source>,
    value: Arc<T>,
}

/// A key with the version of what it stood for.
#[derive(Debug, Clone, PartialEq)]
struct Source {
    key: String,
    version: Version,
}

#[derive(Debug, Clone, PartialEq)]
enum Version {
    Missing,
    Text(Arc<str>),
    /// The text of an XML entry, which is what there is to compare.
    Xml(String),
    Resource(u64),
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { all: ArcSwap::default() }
    }
}

impl<T> Kept<T> {
    /// What `make` made of the resources behind `keys`: now, or when they were last asked for. A resource that is not there
    /// is `None`. Failures are not kept.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn get<E>(
        &self,
        context: &MessageContext,
        keys: Vec<String>,
        make: impl FnOnce(&[Option<Value>]) -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let source = |key: String| Source { version: version(context, &key), key };
        let of: Vec<Source> = keys.into_iter().map(source).collect();
        if let Some(known) = self.all.load().iter().find(|known| known.of == of) {
            return Ok(known.value.clone());
        }
        let values: Vec<_> = of.iter().map(|source| context.configuration.entry(&source.key)).collect();
        let value = Arc::new(make(&values)?);
        let new = Arc::new(Made { of, value: value.clone() });
        self.all.rcu(|all| {
            let other = |known: &&Arc<Made<T>>| !known.of.iter().map(|of| &of.key).eq(new.of.iter().map(|of| &of.key));
            let mut all: Vec<_> = all.iter().filter(other).cloned().collect();
            if all.len() >= KEPT {
                all.remove(0);
            }
            all.push(new.clone());
            all
        });
        Ok(value)
    }
}

fn version(context: &MessageContext, key: &str) -> Version {
    if let Some(entry) = context.configuration.local_entries.find(key) {
        return match &entry.value {
            Value::String(text) => Version::Text(text.clone()),
            _ => Version::Xml(entry.text()),
        };
    }
    let resource = context.configuration.environment.resources.read(key);
    resource.map_or(Version::Missing, |resource| Version::Resource(resource.version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn is_made_again_only_when_something_changed() {
        let kept: Kept<String> = Kept::default();
        let made = |entry: &str| {
            let context = testing::context_of_artifacts(&[entry]);
            kept.get(&context, vec!["k".to_owned(), "none".to_owned()], |values| {
                Ok::<_, ()>(values.iter().map(|value| format!("{}", value.is_some())).collect())
            })
        };
        let first = made("<localEntry key='k'>a</localEntry>").expect("made");
        assert_eq!(*first, "truefalse");
        assert!(Arc::ptr_eq(&first, &made("<localEntry key='k'>a</localEntry>").expect("made")));
        assert!(!Arc::ptr_eq(&first, &made("<localEntry key='k'>b</localEntry>").expect("made")));
        assert!(!Arc::ptr_eq(&first, &made("<localEntry key='k'><a/></localEntry>").expect("made")));
    }

    #[test]
    fn failures_are_not_kept() {
        let kept: Kept<u8> = Kept::default();
        let context = testing::context();
        assert_eq!(kept.get(&context, vec!["k".to_owned()], |_| Err("no")), Err("no"));
        assert_eq!(kept.get(&context, vec!["k".to_owned()], |_| Ok::<_, &str>(1)), Ok(Arc::new(1)));
    }
}
