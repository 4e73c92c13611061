//! One end of a connection: the socket, what was read and not yet used, and the clock that runs while it is silent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncWrite;
use tokio::time::Instant;

use super::read_memory;
use crate::io::Io;
use crate::silence::Silence;
use crate::wire_log::{self, Peer};

/// A connection as the HTTP/1 code sees it.
#[derive(Debug)]
pub(crate) struct Wire {
    io: Io,
    /// Read, not yet used. Holds no memory while the connection waits for its peer.
    pub(crate) buf: BytesMut,
    silence: Silence,
    unflushed: bool,
    peer: Peer,
}

impl Wire {
    pub(crate) fn new(io: Io, peer: Peer, silence_limit: Duration) -> Self {
        Self { io, buf: BytesMut::new(), silence: Silence::new(silence_limit), unflushed: false, peer }
    }

    pub(crate) fn io(&self) -> &Io {
        &self.io
    }

    /// The stream alone, for another protocol to go on with; `None` if something of it was read already.
    pub(crate) fn into_io(self) -> Option<Io> {
        self.buf.is_empty().then_some(self.io)
    }

    /// The stream and what was read of it already.
    pub(crate) fn into_parts(self) -> (Io, BytesMut) {
        (self.io, self.buf)
    }

    /// Changes how long the peer may be silent.
    pub(crate) fn set_silence_limit(&mut self, limit: Duration) {
        self.silence.set_limit(limit);
    }

    /// Sets a time at which waiting ends in any case, as [`io::ErrorKind::TimedOut`]; or takes it away.
    pub(crate) fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.silence.set_deadline(deadline);
    }

    /// Whether that time has passed.
    pub(crate) fn is_overdue(&self) -> bool {
        self.silence.is_overdue()
    }

    /// Reads what is there behind what is buffered; 0 at the end. Silence ends as [`io::ErrorKind::TimedOut`].
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let result = self.poll_read(cx);
        self.watch(cx, result)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let before = self.buf.len();
        let count = ready!(read_memory::poll_read(&mut self.io, &mut self.buf, cx))?;
        wire_log::read(self.peer, self.buf.get(before..).unwrap_or_default());
        Poll::Ready(Ok(count))
    }

    /// Ready when an idle peer has sent or closed something. Does not count as silence.
    pub(crate) fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.poll_read(cx)
    }

    /// Writes a part of `slices`, at least one byte.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.unflushed = true;
        let result = match slices {
            [one] => Pin::new(&mut self.io).poll_write(cx, one),
            several => Pin::new(&mut self.io).poll_write_vectored(cx, several),
        };
        if let Poll::Ready(Ok(count)) = &result {
            wire_log::written(self.peer, slices, *count);
        }
        match self.watch(cx, result) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            other => other,
        }
    }

    /// Hands on what an encryption layer may hold back.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unflushed {
            let result = Pin::new(&mut self.io).poll_flush(cx);
            ready!(self.watch(cx, result))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Tells the peer that nothing more will come.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_shutdown(cx);
        self.watch(cx, result)
    }

    fn watch<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(result) => {
                self.silence.broken();
                Poll::Ready(result)
            }
            Poll::Pending => self.silence.poll_too_long(cx).map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

/// Access to a [`Wire`], owned or shared.
///
/// A connection is owned by its task, and needs no lock. Only while a body that is still on its way is in the hands of
/// the handler do the task and the body share the wire.
pub(crate) trait WireAccess {
    fn with<R>(&mut self, act: impl FnOnce(&mut Wire) -> R) -> R;
}

impl WireAccess for Wire {
    fn with<R>(&mut self, act: impl FnOnce(&mut Wire) -> R) -> R {
        act(self)
    }
}
