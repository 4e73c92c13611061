//! Where a message is in its flow: the lists that it has entered, and who handles a fault in each.
//!
//! The call stack of mediation runs the flow. These frames say the same as data, for the two things that a call stack
//! cannot do: find the innermost fault handler after the fault has unwound the calls, and let the copies that a splitter
//! made go on with the rest of the flow (spec: EIP mediators 2.5).

use std::sync::Arc;

use crate::fault::Fault;
use crate::mediator::MediatorList;
use crate::names::Name;
use crate::sequence::Sequence;

/// Lists nested deeper than this are taken for a sequence that calls itself without end.
pub const MAX_DEPTH: usize = 256;

/// Who handles a fault.
#[derive(Debug, Clone)]
pub enum FaultHandler {
    /// A named sequence, looked up when the fault happens.
    Named(Name),
    /// An inline sequence.
    Inline(Arc<Sequence>),
}

/// A list that the message has entered and not left.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The list.
    pub list: MediatorList,
    /// The step that runs.
    pub index: usize,
    /// Who handles a fault inside it.
    pub handler: Option<FaultHandler>,
    /// How many template calls were open when it was entered.
    pub templates: usize,
}

/// The frames of a message, innermost last.
#[derive(Debug, Clone, Default)]
pub struct Frames(Vec<Frame>);

impl Frames {
    /// Enters a list.
    ///
    /// # Errors
    /// When the lists are nested too deeply: a sequence that calls itself.
    pub fn push(&mut self, frame: Frame) -> Result<(), Fault> {
        if self.0.len() >= MAX_DEPTH {
            return Err(Fault::new(format!(
                "Sequences are nested more than {MAX_DEPTH} deep: one of them calls itself, directly or through others"
            )));
        }
        self.0.push(frame);
        Ok(())
    }

    /// Leaves the innermost list.
    pub fn pop(&mut self) -> Option<Frame> {
        self.0.pop()
    }

    /// Notes the step that runs in the innermost list.
    pub fn at_step(&mut self, index: usize) {
        if let Some(frame) = self.0.last_mut() {
            frame.index = index;
        }
    }

    /// Takes the innermost fault handler, leaving every list up to and including the one that it belongs to.
    pub fn take_handler(&mut self) -> Option<FaultHandler> {
        while let Some(frame) = self.0.pop() {
            if let Some(handler) = frame.handler {
                return Some(handler);
            }
        }
        None
    }

    /// The same fault handlers without the lists: for a copy of the message that comes back to its splitter by itself.
    #[must_use]
    pub fn handlers_only(&self) -> Self {
        let handlers = self.0.iter().filter(|frame| frame.handler.is_some()).cloned();
        Self(handlers.map(|frame| Frame { list: MediatorList::default(), index: 0, ..frame }).collect())
    }

    /// Leaves all lists.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How many lists are open.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no list is open.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Leaves lists until `length` are left.
    pub fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }
}
