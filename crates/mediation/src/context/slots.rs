//! Slots of a concurrency limit that a message holds (spec: EIP mediators 10): each is given back once, at the latest
//! when the message and all its copies are gone, however their flows end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many slots of a limit are free.
#[derive(Debug, Default)]
pub struct Free(AtomicU64);

impl Free {
    /// A limit of so many.
    pub fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(limit)))
    }

    /// Takes a slot, if one is free.
    pub fn take(self: &Arc<Self>) -> Option<Slot> {
        let taken = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| free.checked_sub(1));
        taken.ok().map(|_| Slot(Arc::new(Held { free: Arc::clone(self), given_back: AtomicBool::new(false) })))
    }
}

/// A slot, shared by the copies of the message that took it.
#[derive(Debug, Clone)]
pub struct Slot(Arc<Held>);

#[derive(Debug)]
struct Held {
    free: Arc<Free>,
    given_back: AtomicBool,
}

impl Held {
    fn give_back(&self) {
        if !self.given_back.swap(true, Ordering::AcqRel) {
            self.free.0.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// The slots that a message holds.
#[derive(Debug, Clone, Default)]
pub struct Slots(Vec<Slot>);

impl Slots {
    /// Holds one more.
    pub fn hold(&mut self, slot: Slot) {
        self.0.push(slot);
    }

    /// Gives all of them back, those of copies too.
    pub fn give_back(&mut self) {
        for slot in self.0.drain(..) {
            slot.0.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_given_back_once() {
        let free = Free::new(1);
        let mut slots = Slots::default();
        slots.hold(free.take().expect("free"));
        assert!(free.take().is_none());
        let copy = slots.clone();
        slots.give_back();
        drop(copy);
        let slot = free.take().expect("free again");
        assert!(free.take().is_none(), "given back twice");
        drop(slot);
        assert!(free.take().is_some(), "a slot that is dropped is free");
    }
}
