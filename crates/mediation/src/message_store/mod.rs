//! Message stores (spec: tasks, inbound endpoints and stores, part 2): flows put messages in, message processors take
//! them out.
//!
//! Begin at [`MessageStore`]. [`memory`] is the store that keeps messages as they are, in the server's memory.

mod artifact;
pub mod memory;

use std::fmt;

use crate::context::MessageContext;
use crate::mediator::BoxFuture;

pub use artifact::MessageStore;

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Whatever keeps the messages cannot be reached now; it may be later.
    #[error("the message store cannot be reached: {0}")]
    Unreachable(String),
    /// This message cannot be kept, or what is kept cannot be read.
    #[error("{0}")]
    Message(String),
}

/// Where the messages of a store are.
pub trait Backing: fmt::Debug + Send + Sync {
    /// Puts a message at the end. Its body has been built.
    fn put(&self, message: MessageContext) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Somebody who takes messages out.
    fn consumer(&self) -> Box<dyn Consumer>;

    /// How many messages there are; `None` where nobody can count them.
    fn size(&self) -> BoxFuture<'_, Result<Option<u64>, StoreError>>;
}

/// Takes messages out, one at a time. A message that is received stays the store's until it is acknowledged; dropped
/// before that, a consumer leaves it to the next one.
pub trait Consumer: Send {
    /// The message that has been received and not acknowledged, else the next one; `None` when there is none. It is a copy:
    /// what becomes of it does not change what the store keeps.
    fn receive(&mut self) -> BoxFuture<'_, Result<Option<MessageContext>, StoreError>>;

    /// Removes the message that has been received.
    fn acknowledge(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;
}
