//! Connections that stop speaking HTTP: WebSocket and whatever else begins with a 101.
//!
//! The transport does not look into what follows. A handler that gets [`Upgraded`] from a back end puts it into its
//! response, and the two connections become one.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::client::Slot;
use crate::h1::wire::Wire;
use crate::io::Io;

/// Silence is normal after an upgrade, so a peer that has vanished is found out by asking its kernel this often.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// A connection after its 101.
#[derive(Debug)]
pub struct Upgraded {
    io: Io,
    /// Came together with the 101.
    buffered: BytesMut,
    /// Counts the connection among those of its destination.
    _slot: Option<Slot>,
}

impl Upgraded {
    pub(crate) fn new(wire: Wire, slot: Option<Slot>) -> Self {
        let (io, buffered) = wire.into_parts();
        // Without it a vanished peer is noticed later, which is no reason to fail now.
        let _ = SockRef::from(io.tcp()).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE));
        Self { io, buffered, _slot: slot }
    }
}

/// Passes bytes both ways until both sides have ended or one has failed.
pub(crate) async fn tunnel(mut client: Upgraded, mut back_end: Upgraded) -> io::Result<()> {
    tokio::io::copy_bidirectional(&mut client, &mut back_end).await.map(drop)
}

impl AsyncRead for Upgraded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.buffered.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let count = self.buffered.len().min(buf.remaining());
        buf.put_slice(self.buffered.get(..count).unwrap_or_default());
        self.buffered.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
