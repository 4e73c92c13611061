//! The memory that sockets are read into, shared by all connections of a thread.
//!
//! It is not known how much there is to read before it is read. A buffer for each connection would lie idle nearly always,
//! so all read into one large block: what is small is copied out into memory of exactly its size, what is large keeps its
//! part of the block, uncopied. A block is used again from its start when nothing in it is alive any more; on
//! pass-through that is almost always the case. When many receivers are slow, blocks are held for long; then there is
//! a limit on them, beyond which reads are small and everything is copied.

use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use crate::io::Io;

/// The size of a block, and so of the largest read. Twice as large, a block would hold two messages of 100 kB, and could
/// not be used again before both were gone.
const BLOCK: usize = 128 * 1024;
/// A read is offered at least this much of a block.
const SPACE: usize = 96 * 1024;
/// Blocks that a thread holds at most: 16 MiB. A hundred connections with bodies of 100 kB fit in, however slow.
const MAX_BLOCKS: usize = 128;
/// Blocks that a thread keeps when it could do with fewer.
const KEPT_BLOCKS: usize = 8;
/// The size of a read when all blocks are held, and of the largest read that is copied out of a block: something small
/// that is kept for long must not hold a whole block.
const SMALL: usize = 16 * 1024;

thread_local! {
    static MEMORY: RefCell<ReadMemory> = RefCell::new(ReadMemory::default());
}

#[derive(Default)]
struct ReadMemory {
    blocks: Vec<BytesMut>,
    /// The one in use.
    current: usize,
    /// For small reads; always copied out of, so never held.
    small: BytesMut,
}

/// Reads what `io` has behind what is in `into`; 0 at the end.
pub(super) fn poll_read(io: &mut Io, into: &mut BytesMut, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    MEMORY.with_borrow_mut(|memory| {
        let space = memory.space();
        let count = ready!(pin!(io.read_buf(space)).poll(cx))?;
        if count > SMALL && into.is_empty() {
            *into = space.split();
        } else {
            into.extend_from_slice(space);
            space.clear();
        }
        Poll::Ready(Ok(count))
    })
}

impl ReadMemory {
    /// Empty memory to read into.
    fn space(&mut self) -> &mut BytesMut {
        if !self.blocks.get_mut(self.current).is_some_and(has_space) && !self.find_block() {
            self.small.reserve(SMALL);
            return &mut self.small;
        }
        // It has just been found, so there is one.
        self.blocks.get_mut(self.current).unwrap_or(&mut self.small)
    }

    /// Makes a block with space the current one; false if all are held and no more may be made.
    ///
    /// Always the first with space: so the same few are used again and again, and stay in the processor's cache.
    fn find_block(&mut self) -> bool {
        if let Some(free) = self.blocks.iter_mut().position(has_space) {
            self.current = free;
            self.let_go();
            return true;
        }
        let may_grow = self.blocks.len() < MAX_BLOCKS;
        if may_grow {
            self.current = self.blocks.len();
            self.blocks.push(BytesMut::with_capacity(BLOCK));
        }
        may_grow
    }

    /// Drops a block that is not needed any more.
    fn let_go(&mut self) {
        let last = self.blocks.len().saturating_sub(1);
        if last >= KEPT_BLOCKS
            && last > self.current
            && self.blocks.last_mut().is_some_and(|one| one.try_reclaim(BLOCK))
        {
            self.blocks.pop();
        }
    }
}

fn has_space(block: &mut BytesMut) -> bool {
    block.capacity() >= SPACE || block.try_reclaim(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills half of the space offered and keeps it.
    fn hold(memory: &mut ReadMemory) -> BytesMut {
        let space = memory.space();
        space.resize(space.capacity() / 2, 0);
        space.split()
    }

    #[test]
    fn one_block_serves_those_who_do_not_hold_it() {
        let mut memory = ReadMemory::default();
        for _ in 0..1000 {
            drop(hold(&mut memory));
        }
        assert_eq!(memory.blocks.len(), 1);
    }

    #[test]
    fn held_blocks_are_limited_and_come_back() {
        let mut memory = ReadMemory::default();
        let held: Vec<BytesMut> = (0..MAX_BLOCKS * 4).map(|_| hold(&mut memory)).collect();
        assert_eq!(memory.blocks.len(), MAX_BLOCKS);
        assert!(memory.space().capacity() < SPACE);
        drop(held);
        for _ in 0..MAX_BLOCKS * 2 {
            let _first = hold(&mut memory);
            let _second = hold(&mut memory);
            let _third = hold(&mut memory);
        }
        assert_eq!(memory.blocks.len(), KEPT_BLOCKS);
    }
}
