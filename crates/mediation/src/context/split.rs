//! What ties the copies of one split together, so that an aggregate can join them (spec: EIP mediators 2.2 and part 7).
//!
//! The groups of an aggregate belong to the split whose copies they collect, not to the mediator: when the last message
//! that could complete a group is gone, the group goes with it. A message that has been collected therefore leaves its
//! splits behind ([`Splits::take`]); it gets them back from the message that completes the group.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mi_payload::value::Value;
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::MessageContext;

const CORRELATION: &str = "aggregateCorelation";
const SEQUENCE: &str = "messageSequence";
const HOLDER: &str = "EIP_SHARED_DATA_HOLDER";

/// The splits that a message comes from, by the id of the splitter (`""` without one).
#[derive(Debug, Clone, Default)]
pub struct Splits(Vec<(Arc<str>, Split)>);

/// A split.
#[derive(Debug, Clone)]
pub struct Split {
    correlation: Arc<str>,
    /// What aggregates have collected of it.
    pub groups: Arc<Groups>,
    completed: Arc<AtomicBool>,
}

/// Groups of messages, by the aggregate that collects them.
#[derive(Debug, Default)]
pub struct Groups(Mutex<Vec<(u64, Group)>>);

/// Messages that an aggregate has collected.
#[derive(Debug, Default)]
pub struct Group {
    /// In the order in which they came.
    pub messages: Vec<MessageContext>,
    /// How many there are altogether, if the first one knew.
    pub total: Option<usize>,
    /// Tells it from the groups that the same aggregate had before.
    pub serial: u64,
    /// Ends the group when its time is over.
    pub timer: Option<AbortHandle>,
}

impl Groups {
    /// Works on the group of an aggregate; `None` before there is one.
    pub fn with<T>(&self, aggregate: u64, work: impl FnOnce(&mut Option<Group>) -> T) -> T {
        let mut groups = self.0.lock();
        let at = groups.iter().position(|(owner, _)| *owner == aggregate);
        let mut group = at.map(|at| groups.swap_remove(at).1);
        let result = work(&mut group);
        if let Some(group) = group {
            groups.push((aggregate, group));
        }
        result
    }
}

impl Split {
    fn of(correlation: Arc<str>, groups: Arc<Groups>) -> Self {
        Self { correlation, groups, completed: Arc::default() }
    }

    /// Whether an aggregate has joined its copies: those that come later are too late.
    pub fn is_completed(&self) -> bool {
        self.completed.load(Ordering::Acquire)
    }

    /// Notes that an aggregate has joined its copies.
    pub fn complete(&self) {
        self.completed.store(true, Ordering::Release);
    }
}

impl Splits {
    /// The split by the splitter of this id.
    pub fn get(&self, id: &str) -> Option<&Split> {
        self.0.iter().find(|(known, _)| &**known == id).map(|(_, split)| split)
    }

    fn set(&mut self, id: &str, split: Split) {
        match self.0.iter_mut().find(|(known, _)| &**known == id) {
            Some((_, slot)) => *slot = split,
            None => self.0.push((id.into(), split)),
        }
    }

    /// Takes them away, leaving none.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

/// A split that has begun: marks the copies.
#[derive(Debug, Clone)]
pub struct Splitting {
    id: Option<Arc<str>>,
    parent: Arc<str>,
    total: usize,
}

/// `name`, or `name.id` for a splitter or aggregate with an id.
fn with_id(name: &str, id: Option<&str>) -> Arc<str> {
    match id {
        Some(id) => format!("{name}.{id}").into(),
        None => name.into(),
    }
}

impl MessageContext {
    /// Begins a split of this message into `total` copies.
    pub fn split(&mut self, id: Option<&Arc<str>>, total: usize) -> Splitting {
        let parent = self.message_id().clone();
        // Without an id a nested split keeps the outer one's correlation, and so its groups.
        let inherited = self.properties.text(CORRELATION).map_or_else(|| parent.clone(), |text| text.as_ref().into());
        let open = |splits: &Splits, id: &str, correlation: Arc<str>| {
            let known = splits.get(id).filter(|split| split.correlation == correlation);
            Split::of(correlation, known.map_or_else(Arc::default, |split| split.groups.clone()))
        };
        match id {
            Some(id) => {
                let split = open(&self.splits, id, parent.clone());
                self.splits.set(id, split);
                if self.splits.get("").is_none_or(|split| split.correlation != inherited) {
                    let plain = open(&self.splits, "", inherited);
                    self.splits.set("", plain);
                }
            }
            None => {
                let split = open(&self.splits, "", inherited);
                self.splits.set("", split);
            }
        }
        let holder = Value::Opaque("org.apache.synapse.mediators.eip.SharedDataHolder".into());
        self.properties.set(with_id(HOLDER, id.map(|id| &**id)), holder);
        Splitting { id: id.cloned(), parent, total }
    }

    /// The correlation that an aggregate with this id goes by; `None` for a message that was never split for it.
    pub fn correlated_split(&self, id: Option<&str>) -> Option<&Split> {
        self.properties.get(&with_id(CORRELATION, id))?;
        self.splits.get(id.unwrap_or_default())
    }

    /// How many copies the split for this aggregate made.
    pub fn split_total(&self, id: Option<&str>) -> Option<usize> {
        let sequence = self.properties.text(&with_id(SEQUENCE, id))?;
        sequence.rsplit_once('/')?.1.parse().ok()
    }
}

impl Splitting {
    /// Marks a copy with its place, from 0.
    pub fn mark(&self, copy: &mut MessageContext, index: usize) {
        let id = self.id.as_deref();
        if copy.properties.get(CORRELATION).is_none() {
            copy.properties.set(CORRELATION, Value::String(self.parent.clone()));
        }
        if id.is_some() {
            copy.properties.set(with_id(CORRELATION, id), Value::String(self.parent.clone()));
        }
        copy.properties.set(with_id(SEQUENCE, id), Value::from(format!("{index}/{}", self.total)));
        copy.called = false;
    }
}
