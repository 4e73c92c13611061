//! One request and the head of its response, on one connection.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use http::StatusCode;

use super::error::{ClientErrorKind, ProtocolState};
use crate::h1::head::{HeadScanner, ResponseHead, parse_response};
use crate::h1::outgoing::{Outgoing, OutgoingError, Progress};
use crate::h1::wire::Wire;

/// A response head larger than this is no response.
const MAX_HEAD: usize = 256 * 1024;

/// What came of an exchange that succeeded.
pub(crate) struct Answer {
    pub(crate) head: ResponseHead,
    /// The request had been written completely when the answer came. If not, the connection cannot be used again.
    pub(crate) request_done: bool,
}

/// What came of one that did not.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ClientErrorKind,
    pub(crate) state: ProtocolState,
    /// The peer had sent nothing at all.
    pub(crate) unanswered: bool,
}

/// Writes the request and reads until the head of the final response, watching for an early one while writing.
pub(crate) async fn exchange(wire: &mut Wire, outgoing: Outgoing) -> Result<Answer, Failure> {
    let mut exchange = Exchange { outgoing, scanner: HeadScanner::default(), write_error: None, answered: false };
    let head = poll_fn(|cx| exchange.poll(cx, wire)).await;
    match head {
        Ok(head) => Ok(Answer { head, request_done: exchange.outgoing.progress() == Progress::Done }),
        Err(kind) => Err(Failure { kind, state: exchange.state(), unanswered: !exchange.answered }),
    }
}

struct Exchange {
    outgoing: Outgoing,
    scanner: HeadScanner,
    /// Why the request could not be written to its end. The answer may have come nevertheless.
    write_error: Option<io::Error>,
    answered: bool,
}

impl Exchange {
    fn state(&self) -> ProtocolState {
        match self.outgoing.progress() {
            Progress::Head => ProtocolState::RequestHead,
            Progress::Body => ProtocolState::RequestBody,
            Progress::Done => ProtocolState::RequestDone,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, wire: &mut Wire) -> Poll<Result<ResponseHead, ClientErrorKind>> {
        if self.outgoing.progress() != Progress::Done && self.write_error.is_none() {
            match self.outgoing.poll(cx, wire) {
                Poll::Ready(Ok(())) | Poll::Pending => {}
                Poll::Ready(Err(OutgoingError::Io(error))) => self.write_error = Some(error),
                Poll::Ready(Err(OutgoingError::Body(error))) => {
                    return Poll::Ready(Err(ClientErrorKind::RequestBody(error)));
                }
                Poll::Ready(Err(OutgoingError::TooShort)) => return Poll::Ready(Err(ClientErrorKind::RequestTooShort)),
            }
        }
        match self.poll_head(cx, wire) {
            // Nothing came to explain why the request was not taken.
            Poll::Pending | Poll::Ready(Err(_)) if self.write_error.is_some() => {
                let error = self.write_error.take().map_or(ClientErrorKind::Closed, broken);
                Poll::Ready(Err(error))
            }
            other => other,
        }
    }

    fn poll_head(&mut self, cx: &mut Context<'_>, wire: &mut Wire) -> Poll<Result<ResponseHead, ClientErrorKind>> {
        loop {
            self.answered |= !wire.buf.is_empty();
            match self.scanner.find_end(&wire.buf, false) {
                Ok(Some(end)) => {
                    let head = parse_response(&wire.buf.split_to(end).freeze());
                    let head = head.map_err(|_| ClientErrorKind::Protocol("malformed response head"))?;
                    if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS {
                        self.scanner = HeadScanner::default();
                        continue;
                    }
                    return Poll::Ready(Ok(head));
                }
                Ok(None) if wire.buf.len() > MAX_HEAD => {
                    return Poll::Ready(Err(ClientErrorKind::Protocol("the response head is too large")));
                }
                Ok(None) => {}
                Err(_) => return Poll::Ready(Err(ClientErrorKind::Protocol("malformed response head"))),
            }
            if !b"HTTP/1.".starts_with(wire.buf.get(..7.min(wire.buf.len())).unwrap_or_default()) {
                return Poll::Ready(Err(ClientErrorKind::Protocol("the answer is not HTTP")));
            }
            match ready!(wire.poll_fill(cx)) {
                Ok(0) => return Poll::Ready(Err(ClientErrorKind::Closed)),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(broken(error))),
            }
        }
    }
}

/// A broken connection, in the client's terms.
fn broken(error: io::Error) -> ClientErrorKind {
    match error.kind() {
        io::ErrorKind::TimedOut => ClientErrorKind::TimedOut,
        // Writing into a connection that the peer has closed in good order.
        io::ErrorKind::BrokenPipe | io::ErrorKind::WriteZero | io::ErrorKind::UnexpectedEof => ClientErrorKind::Closed,
        _ => ClientErrorKind::Io(error),
    }
}
