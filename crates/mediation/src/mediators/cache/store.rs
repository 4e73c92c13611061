//! The responses of one cache: each for a time, the least recently used goes when there are too many or they are too
//! large.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use mi_payload::{Envelope, Payload};
use parking_lot::Mutex;

use crate::context::ContentTypes;

/// What a request is known by.
pub(crate) type Key = [u8; 32];

/// Entries that a cache has at most when it does not say how many.
const ENTRIES: usize = 1000;

/// Bytes that the responses of a cache may take together.
const BYTES: usize = 64 << 20;

/// A response.
#[derive(Debug)]
pub(crate) struct Stored {
    pub body: StoredBody,
    pub status: Option<u16>,
    pub reason: Option<String>,
    pub headers: HeaderMap,
    pub content_types: ContentTypes,
    pub rest: bool,
    /// When it was stored, or what its `Date` says: milliseconds since 1970.
    pub born: u64,
    /// Bytes that it takes, roughly.
    pub size: usize,
}

/// The payload of a response.
#[derive(Debug)]
pub(crate) enum StoredBody {
    Empty,
    Json(Bytes),
    Text(String),
    Binary(Bytes),
    Xml(Box<Envelope>),
}

impl StoredBody {
    /// A copy of a payload and its size; `None` when it has not been built.
    pub fn of(payload: &Payload) -> Option<(Self, usize)> {
        Some(match payload {
            Payload::Unread(_) => return None,
            Payload::Empty(_) => (Self::Empty, 0),
            Payload::Json(json) => (Self::Json(json.text().clone()), json.text().len()),
            Payload::Text(text) => (Self::Text(text.as_str().to_owned()), text.as_str().len()),
            Payload::Binary(binary) => (Self::Binary(binary.bytes().clone()), binary.bytes().len()),
            Payload::Xml(xml) => {
                let envelope = xml.envelope();
                let size = envelope.document.to_xml(envelope.element).len();
                (Self::Xml(Box::new(envelope.clone())), size)
            }
        })
    }

    pub fn payload(&self) -> Payload {
        match self {
            Self::Empty => Payload::empty(),
            Self::Json(text) => Payload::json(text.clone()),
            Self::Text(text) => Payload::text(text.clone()),
            Self::Binary(bytes) => Payload::binary(bytes.clone()),
            Self::Xml(envelope) => Payload::xml((**envelope).clone()),
        }
    }
}

/// The entries. Times are milliseconds since 1970.
#[derive(Debug)]
pub(crate) struct Store {
    most: usize,
    /// How long an entry lives, from the miss that made it.
    lifetime: u64,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<Key, Entry>,
    /// The keys in the order of their last use.
    by_use: BTreeMap<u64, Key>,
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    /// Without a response: its request is on its way.
    stored: Option<Arc<Stored>>,
    ends: u64,
    used: u64,
}

impl Store {
    pub fn new(most: Option<usize>, lifetime: u64) -> Self {
        Self { most: most.unwrap_or(ENTRIES), lifetime, entries: Mutex::default() }
    }

    /// The response for a request. When there is none, an entry for it is begun.
    pub fn find(&self, key: Key, now: u64) -> Option<Arc<Stored>> {
        let entries = &mut *self.entries.lock();
        if let Some(entry) = entries.by_key.get_mut(&key).filter(|entry| now < entry.ends) {
            entries.uses += 1;
            entries.by_use.remove(&entry.used);
            entry.used = entries.uses;
            entries.by_use.insert(entry.used, key);
            return entry.stored.clone();
        }
        entries.remove(&key);
        entries.begin(key, now.saturating_add(self.lifetime));
        entries.shrink(self.most);
        None
    }

    /// Puts a response into the entry of its request, or takes it out. An entry that has ended meanwhile stays away.
    pub fn put(&self, key: &Key, stored: Option<Arc<Stored>>, now: u64) {
        let entries = &mut *self.entries.lock();
        let Some(entry) = entries.by_key.get_mut(key).filter(|entry| now < entry.ends) else { return };
        entries.bytes += stored.as_ref().map_or(0, |stored| stored.size);
        let before = std::mem::replace(&mut entry.stored, stored);
        entries.bytes -= before.map_or(0, |before| before.size);
        entries.shrink(self.most);
    }

    /// The response for a request, without counting as a use.
    pub fn peek(&self, key: &Key, now: u64) -> Option<Arc<Stored>> {
        let entries = self.entries.lock();
        entries.by_key.get(key).filter(|entry| now < entry.ends)?.stored.clone()
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.lock().by_key.len()
    }
}

impl Entries {
    fn begin(&mut self, key: Key, ends: u64) {
        self.uses += 1;
        self.by_use.insert(self.uses, key);
        self.by_key.insert(key, Entry { stored: None, ends, used: self.uses });
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.by_key.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.stored.map_or(0, |stored| stored.size);
        }
    }

    fn shrink(&mut self, most: usize) {
        while self.by_key.len() > most || self.bytes > BYTES {
            let Some((_, key)) = self.by_use.pop_first() else { return };
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(size: usize) -> Option<Arc<Stored>> {
        Some(Arc::new(Stored {
            body: StoredBody::Empty,
            status: None,
            reason: None,
            headers: HeaderMap::new(),
            content_types: ContentTypes::default(),
            rest: true,
            born: 0,
            size,
        }))
    }

    #[test]
    fn an_entry_lives_from_its_miss_on() {
        let store = Store::new(None, 100);
        assert!(store.find([1; 32], 0).is_none());
        assert!(store.find([1; 32], 10).is_none(), "no response yet");
        store.put(&[1; 32], stored(1), 50);
        assert!(store.find([1; 32], 99).is_some());
        assert!(store.find([1; 32], 100).is_none(), "ended");
        store.put(&[1; 32], None, 150);
        store.put(&[2; 32], stored(1), 150);
        assert!(store.peek(&[2; 32], 150).is_none(), "nobody asked for it");
        assert_eq!(store.len(), 1);
    }

    #[test]
    fn the_least_recently_used_goes() {
        let store = Store::new(Some(2), 1000);
        for key in [1, 2] {
            store.find([key; 32], 0);
            store.put(&[key; 32], stored(1), 0);
        }
        store.find([1; 32], 1);
        store.find([3; 32], 2);
        assert!(store.peek(&[1; 32], 3).is_some());
        assert!(store.peek(&[2; 32], 3).is_none());
        // A response that is larger than all of them may be takes the others with it, and itself.
        store.put(&[3; 32], stored(BYTES + 1), 3);
        assert_eq!(store.len(), 0);
        assert_eq!(store.entries.lock().bytes, 0);
    }
}
