//! The names of a document, each kept once.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::document::{QName, Span, same_text};
use crate::{XML_NAMESPACE, XMLNS_NAMESPACE};

/// An interned (prefix, namespace, local name).
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct NameId(pub(crate) u32);

impl NameId {
    /// For nodes without a name; what it resolves to is never asked.
    pub(crate) const NONE: Self = Self(0);
    /// 28 bits of a node's head hold a name.
    const LIMIT: u32 = 1 << 28;
}

/// An interned namespace.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct NamespaceId(pub(crate) u32);

impl NamespaceId {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const XML: Self = Self(1);
    pub(crate) const XMLNS: Self = Self(2);
    const FIXED: u32 = 3;
}

#[derive(Copy, Clone, Debug)]
pub(crate) struct Name {
    /// The name as written, prefix and colon included.
    qualified: Span,
    prefix_len: u32,
    pub(crate) namespace: NamespaceId,
}

/// Interns names and namespaces. Lookups hash with a seed of the process, so that input cannot choose collisions.
#[derive(Clone)]
pub(crate) struct Names {
    text: String,
    entries: Vec<Name>,
    table: HashTable<u32>,
    namespaces: Vec<Span>,
    namespace_table: HashTable<u32>,
    hasher: RandomState,
}

/// How often a name occurs in the table: more than once if it was written with different prefixes.
pub(crate) enum Found {
    Nowhere,
    Once(NameId),
    /// More than once, or the table is too long to look.
    Often,
}

/// Up to this many names a look through the table costs less than comparing text node by node.
const WORTH_A_LOOK: usize = 64;

/// Up to this many namespaces a linear search is the faster one.
const FEW: usize = 8;

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            text: String::new(),
            entries: Vec::new(),
            table: HashTable::new(),
            namespaces: Vec::new(),
            namespace_table: HashTable::new(),
            hasher: RandomState::default(),
        }
    }

    pub(crate) fn memory_size(&self) -> usize {
        self.text.capacity()
            + self.entries.capacity() * size_of::<Name>()
            + self.table.capacity() * size_of::<u32>()
            + self.namespaces.capacity() * size_of::<Span>()
    }

    pub(crate) fn get(&self, id: NameId) -> Option<&Name> {
        self.entries.get(id.0 as usize)
    }

    /// The name as written: `prefix:local` or `local`.
    pub(crate) fn qualified(&self, id: NameId) -> &str {
        self.get(id).map_or("", |name| name.qualified.of(&self.text))
    }

    pub(crate) fn local(&self, id: NameId) -> &str {
        self.get(id).map_or("", |name| self.split(name).1)
    }

    pub(crate) fn namespace_of(&self, id: NameId) -> NamespaceId {
        self.get(id).map_or(NamespaceId::NONE, |name| name.namespace)
    }

    pub(crate) fn prefix(&self, id: NameId) -> &str {
        self.get(id).filter(|name| name.prefix_len > 0).map_or("", |name| self.split(name).0)
    }

    pub(crate) fn qname(&self, id: NameId) -> QName<'_> {
        self.get(id).map_or(QName { prefix: "", namespace: "", local: "" }, |name| self.qname_of(name))
    }

    fn qname_of(&self, name: &Name) -> QName<'_> {
        let (prefix, local) = self.split(name);
        QName { prefix, namespace: self.namespace(name.namespace), local }
    }

    fn split(&self, name: &Name) -> (&str, &str) {
        let qualified = name.qualified.of(&self.text);
        if name.prefix_len == 0 {
            return ("", qualified);
        }
        let prefix_len = name.prefix_len as usize;
        (qualified.get(..prefix_len).unwrap_or(""), qualified.get(prefix_len + 1..).unwrap_or(""))
    }

    pub(crate) fn namespace(&self, id: NamespaceId) -> &str {
        match id {
            NamespaceId::NONE => "",
            NamespaceId::XML => XML_NAMESPACE,
            NamespaceId::XMLNS => XMLNS_NAMESPACE,
            NamespaceId(n) => {
                self.namespaces.get((n - NamespaceId::FIXED) as usize).map_or("", |span| span.of(&self.text))
            }
        }
    }

    /// Interns a name written as `qualified`, whose first `prefix_len` bytes are the prefix.
    pub(crate) fn intern(&mut self, qualified: &str, prefix_len: usize, namespace: NamespaceId) -> NameId {
        let unchecked = || Ok::<(), std::convert::Infallible>(());
        let Ok(name) = self.intern_checked(qualified, prefix_len, namespace, unchecked);
        name
    }

    /// As [`Self::intern`], but a name that is not known yet has to pass the check.
    pub(crate) fn intern_checked<E>(
        &mut self,
        qualified: &str,
        prefix_len: usize,
        namespace: NamespaceId,
        check: impl FnOnce() -> Result<(), E>,
    ) -> Result<NameId, E> {
        let hash = self.hash(qualified, namespace);
        let (text, entries) = (&self.text, &self.entries);
        let known = self.table.find(hash, |&index| {
            entries
                .get(index as usize)
                .is_some_and(|name| name.namespace == namespace && name.qualified.of(text) == qualified)
        });
        if let Some(&index) = known {
            return Ok(NameId(index));
        }
        check()?;
        let index = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        if index >= NameId::LIMIT {
            return Ok(NameId::NONE);
        }
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(qualified);
        let qualified = Span { start, len: u32::try_from(qualified.len()).unwrap_or(0) };
        self.entries.push(Name { qualified, prefix_len: u32::try_from(prefix_len).unwrap_or(0), namespace });
        let (text, entries, hasher) = (&self.text, &self.entries, &self.hasher);
        self.table.insert_unique(hash, index, |&index| {
            entries.get(index as usize).map_or(0, |name| hash_of(hasher, name.qualified.of(text), name.namespace))
        });
        Ok(NameId(index))
    }

    /// Interns a name given in its parts.
    pub(crate) fn intern_parts(&mut self, prefix: &str, namespace: &str, local: &str) -> NameId {
        let namespace = self.intern_namespace(namespace);
        if prefix.is_empty() {
            return self.intern(local, 0, namespace);
        }
        self.intern(&format!("{prefix}:{local}"), prefix.len(), namespace)
    }

    pub(crate) fn intern_namespace(&mut self, namespace: &str) -> NamespaceId {
        match namespace {
            "" => return NamespaceId::NONE,
            XML_NAMESPACE => return NamespaceId::XML,
            XMLNS_NAMESPACE => return NamespaceId::XMLNS,
            _ => {}
        }
        if let Some(id) = self.find_namespace(namespace) {
            return id;
        }
        let index = u32::try_from(self.namespaces.len()).unwrap_or(u32::MAX - NamespaceId::FIXED);
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(namespace);
        self.namespaces.push(Span { start, len: u32::try_from(namespace.len()).unwrap_or(0) });
        if self.namespaces.len() > FEW {
            self.index_namespaces();
        }
        NamespaceId(index + NamespaceId::FIXED)
    }

    fn find_namespace(&self, namespace: &str) -> Option<NamespaceId> {
        let found = if self.namespaces.len() <= FEW {
            self.namespaces.iter().position(|span| span.of(&self.text) == namespace)?
        } else {
            let hash = hash_of(&self.hasher, namespace, NamespaceId::NONE);
            let same =
                |&index: &u32| self.namespaces.get(index as usize).is_some_and(|span| span.of(&self.text) == namespace);
            *self.namespace_table.find(hash, same)? as usize
        };
        Some(NamespaceId(u32::try_from(found).ok()? + NamespaceId::FIXED))
    }

    fn index_namespaces(&mut self) {
        let (text, namespaces, hasher) = (&self.text, &self.namespaces, &self.hasher);
        let hash = |&index: &u32| {
            namespaces.get(index as usize).map_or(0, |span| hash_of(hasher, span.of(text), NamespaceId::NONE))
        };
        for index in (0..).take(namespaces.len()).skip(self.namespace_table.len()) {
            self.namespace_table.insert_unique(hash(&index), index, hash);
        }
    }

    fn hash(&self, qualified: &str, namespace: NamespaceId) -> u64 {
        hash_of(&self.hasher, qualified, namespace)
    }
}

fn hash_of(hasher: &RandomState, text: &str, namespace: NamespaceId) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(text.as_bytes());
    hasher.write_u32(namespace.0);
    hasher.finish()
}

impl Names {
    /// Which entries have this namespace and local name, whatever their prefix.
    pub(crate) fn find(&self, namespace: &str, local: &str) -> Found {
        if self.entries.len() > WORTH_A_LOOK {
            return Found::Often;
        }
        let mut found = Found::Nowhere;
        for (id, name) in (0..).map(NameId).zip(&self.entries) {
            let same = self.split(name).1 == local && same_text(self.namespace(name.namespace), namespace);
            found = match found {
                found if !same => found,
                Found::Nowhere => Found::Once(id),
                Found::Once(_) | Found::Often => return Found::Often,
            };
        }
        found
    }
}
