//! A byte stream to a peer: plain or encrypted, with one type for both.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

use crate::tls::ALPN_HTTP2;

/// A connected socket. An enum rather than a trait object: the plain case costs one predictable branch.
#[derive(Debug)]
pub(crate) enum Io {
    Plain(TcpStream),
    Tls(Encrypted),
}

/// An encrypted stream that says goodbye when it is dropped, so that the peer can tell an end from an attack that cuts
/// the connection (`tls_graceful_connection_termination`).
#[derive(Debug)]
pub(crate) struct Encrypted(Box<TlsStream<TcpStream>>);

impl Drop for Encrypted {
    fn drop(&mut self) {
        // If the socket does not take it at once, it goes without.
        let _ = Pin::new(&mut *self.0).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    }
}

impl From<TlsStream<TcpStream>> for Io {
    fn from(stream: TlsStream<TcpStream>) -> Self {
        Self::Tls(Encrypted(Box::new(stream)))
    }
}

impl Io {
    /// The socket beneath.
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(Encrypted(tls)) => tls.get_ref().0,
        }
    }
}

impl Io {
    /// Whether the TLS handshake chose HTTP/2.
    pub(crate) fn is_http2(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(Encrypted(tls)) => tls.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2),
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(Encrypted(tls)) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(Encrypted(tls)) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Self::Tls(Encrypted(tls)) => Pin::new(tls).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(Encrypted(tls)) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(Encrypted(tls)) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
