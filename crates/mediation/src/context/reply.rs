//! The answer that whoever sent the message waits for. The first answer counts; copies of a message share one.

use http::{HeaderMap, StatusCode};
use mi_payload::Body;
use tokio::sync::mpsc;

/// An answer, ready for the wire.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// A reason phrase other than the status's own.
    pub reason: Option<String>,
    /// All headers but those of framing.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// Send a `Content-Length` rather than chunks (`DISABLE_CHUNKING`).
    pub content_length: bool,
    /// Close the connection afterwards (`NO_KEEPALIVE`).
    pub close: bool,
    /// With status 101: the connection to the back end, to be joined with the client's.
    pub tunnel: Option<crate::outgoing::Tunnel>,
    /// The message as it was, for askers in this process (a `local` call, an inbound endpoint); only made for them.
    pub message: Option<Box<crate::context::MessageContext>>,
}

impl Response {
    /// An answer without headers and body.
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            reason: None,
            headers: HeaderMap::new(),
            body: Body::Empty,
            content_length: false,
            close: false,
            tunnel: None,
            message: None,
        }
    }
}

/// Where an answer goes.
#[derive(Debug)]
pub enum Reply {
    /// Nobody waits (tasks, one-way injections).
    Nobody,
    /// One flow, and the answer once it is there. No lock, no allocation: the common case.
    Single(Option<Box<Response>>),
    /// Several copies of a message, the first of which to answer does. The channel holds one answer and closes when the
    /// last copy that could have answered is gone.
    Shared {
        /// Takes the answer.
        sender: mpsc::Sender<Box<Response>>,
        /// Gives it, to the message that was copied first.
        receiver: Option<mpsc::Receiver<Box<Response>>>,
    },
}

/// Somebody has answered before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlreadyAnswered;

impl Reply {
    /// Answers.
    ///
    /// # Errors
    /// When there was an answer before; this one is dropped.
    pub fn answer(&mut self, response: Response) -> Result<(), AlreadyAnswered> {
        match self {
            Self::Nobody => Ok(()),
            Self::Single(slot) if slot.is_some() => Err(AlreadyAnswered),
            Self::Single(slot) => {
                *slot = Some(Box::new(response));
                Ok(())
            }
            Self::Shared { sender, .. } => sender.try_send(Box::new(response)).map_err(|_| AlreadyAnswered),
        }
    }

    /// Whether somebody waits for an answer that nobody has given yet.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Nobody => false,
            Self::Single(slot) => slot.is_none(),
            Self::Shared { sender, .. } => sender.capacity() > 0 && !sender.is_closed(),
        }
    }

    /// The same reply for a copy of the message.
    #[must_use]
    pub fn share(&mut self) -> Self {
        match self {
            Self::Nobody => Self::Nobody,
            Self::Shared { sender, .. } => Self::Shared { sender: sender.clone(), receiver: None },
            Self::Single(slot) => {
                let (sender, receiver) = mpsc::channel(1);
                if let Some(response) = slot.take() {
                    // The channel is new and empty: this cannot fail.
                    let _ = sender.try_send(response);
                }
                *self = Self::Shared { sender: sender.clone(), receiver: Some(receiver) };
                Self::Shared { sender, receiver: None }
            }
        }
    }

    /// The answer, once there is one; `None` when nobody is left who could give it.
    pub async fn wait(self) -> Option<Box<Response>> {
        match self {
            Self::Nobody => None,
            Self::Single(slot) => slot,
            Self::Shared { sender, receiver } => {
                drop(sender);
                receiver?.recv().await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_answer_counts_whoever_gives_it() {
        let mut reply = Reply::Single(None);
        let mut copy = reply.share();
        assert!(copy.answer(Response::empty(StatusCode::OK)).is_ok());
        assert_eq!(reply.answer(Response::empty(StatusCode::CREATED)), Err(AlreadyAnswered));
        assert!(!reply.is_open());
        assert_eq!(reply.wait().await.map(|response| response.status), Some(StatusCode::OK));
        assert_eq!(copy.answer(Response::empty(StatusCode::OK)), Err(AlreadyAnswered));
    }

    #[tokio::test]
    async fn waiting_ends_when_nobody_is_left_to_answer() {
        let mut reply = Reply::Single(None);
        let copy = reply.share();
        let waiting = tokio::spawn(reply.wait());
        drop(copy);
        assert!(waiting.await.expect("no panic").is_none());
    }

    #[test]
    fn an_answer_given_before_sharing_is_kept() {
        let mut reply = Reply::Single(None);
        assert!(reply.answer(Response::empty(StatusCode::OK)).is_ok());
        let mut copy = reply.share();
        assert_eq!(copy.answer(Response::empty(StatusCode::OK)), Err(AlreadyAnswered));
    }
}
