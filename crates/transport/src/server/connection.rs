//! One connection's life: requests in, responses out, one at a time, until either side has enough.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::{Buf, Bytes};
use http::header::EXPECT;
use http::{HeaderMap, Method, StatusCode, Version};
use mi_payload::Body;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::limits::Limits;
use super::request_body::{RequestBody, SharedIncoming};
use super::respond::{self, About, Responder};
use super::response::{Asked, Refusal};
use crate::access_log::AccessLog;
use crate::h1::decode::{Decoded, Decoder};
use crate::h1::framing::{BodyLength, FramingError, has_token, keeps_alive, request_body};
use crate::h1::head::{HeadError, HeadScanner, RequestHead, parse_request};
use crate::h1::incoming::Incoming;
use crate::h1::wire::Wire;
use crate::message::{ConnectionInfo, Handler, Request};
use crate::upgrade::{Upgraded, tunnel};

/// What all connections of a listener share.
pub(crate) struct Shared<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) limits: Limits,
    pub(crate) access_log: Option<AccessLog>,
    /// Set when the listener is being closed: no connection outlives its present request.
    draining: AtomicBool,
    /// Wakes those who wait for that.
    drained: Notify,
}

impl<H> Shared<H> {
    pub(crate) fn new(handler: Arc<H>, limits: Limits, access_log: Option<AccessLog>) -> Self {
        let (draining, drained) = (AtomicBool::new(false), Notify::new());
        Self { handler, limits, access_log, draining, drained }
    }

    /// Begins the end of all connections.
    pub(crate) fn close(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.drained.notify_waiters();
    }

    fn is_closing(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Waits for [`Shared::close`].
    pub(crate) async fn closing(&self) {
        let mut told = pin!(self.drained.notified());
        // From here on a notification is noticed; one that came before has left its mark.
        told.as_mut().enable();
        if !self.draining.load(Ordering::SeqCst) {
            told.await;
        }
    }
}

/// What the listener knows of a connection.
#[derive(Debug)]
pub(crate) struct Activity {
    /// No request has begun: the connection can be dropped without loss.
    idle: AtomicBool,
}

impl Default for Activity {
    fn default() -> Self {
        Self { idle: AtomicBool::new(true) }
    }
}

impl Activity {
    pub(crate) fn is_idle(&self) -> bool {
        self.idle.load(Ordering::Relaxed)
    }

    /// From here on the connection must not be dropped.
    pub(crate) fn begin(&self) {
        self.set_idle(false);
    }

    fn set_idle(&self, idle: bool) {
        self.idle.store(idle, Ordering::Relaxed);
    }
}

/// Why no further request is read.
enum Ended {
    /// The connection is over; nothing is to be said.
    Silently,
    /// The request is refused.
    Refused(Refusal),
}

impl From<HeadError> for Ended {
    fn from(error: HeadError) -> Self {
        Self::Refused(match error {
            HeadError::Malformed => Refusal::MALFORMED,
            HeadError::TooLarge => Refusal::with(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
            HeadError::UnknownMethod => Refusal::with(StatusCode::NOT_IMPLEMENTED),
        })
    }
}

impl From<FramingError> for Ended {
    fn from(error: FramingError) -> Self {
        Self::Refused(match error {
            FramingError::Ambiguous => Refusal::MALFORMED,
            FramingError::UnsupportedCoding => Refusal::with(StatusCode::NOT_IMPLEMENTED),
        })
    }
}

/// Serves a connection until it ends. What few requests need is boxed: every connection has the memory of this future.
pub(crate) async fn serve<H: Handler>(
    mut wire: Wire,
    info: Arc<ConnectionInfo>,
    shared: Arc<Shared<H>>,
    activity: Arc<Activity>,
) {
    let responder = Responder { limits: &shared.limits, log: shared.access_log.as_ref(), connection: &info };
    loop {
        activity.set_idle(wire.buf.is_empty());
        let head = match read_head(&mut wire, &shared.limits, &activity).await {
            Ok(head) => head,
            Err(ended) => return Box::pin(refuse(wire, ended, &responder)).await,
        };
        match exchange(wire, head, &info, &shared, &responder).await {
            // The listener may have been closed after the head of this response went out.
            Ok(Some(next)) if shared.is_closing() && next.buf.is_empty() => return,
            Ok(Some(next)) => wire = next,
            Ok(None) => return,
            Err((wire, ended)) => return Box::pin(refuse(wire, ended, &responder)).await,
        }
    }
}

async fn refuse(wire: Wire, ended: Ended, responder: &Responder<'_>) {
    if let Ended::Refused(refusal) = ended {
        responder.refuse(wire, refusal).await;
    }
}

/// Waits for a request and reads its head.
async fn read_head(wire: &mut Wire, limits: &Limits, activity: &Activity) -> Result<Bytes, Ended> {
    let mut scanner = HeadScanner::default();
    let mut skipped = 0;
    let mut begun: Option<Instant> = None;
    loop {
        match scanner.find_end(&wire.buf, true)? {
            // Empty lines before a request are ignored (RFC 9112 2.2), within reason.
            Some(2) if skipped < 4 => {
                wire.buf.advance(2);
                scanner = HeadScanner::default();
                skipped += 1;
                continue;
            }
            Some(end) if end > limits.max_head => return Err(HeadError::TooLarge.into()),
            Some(end) => return Ok(wire.buf.split_to(end).freeze()),
            None if wire.buf.len() > limits.max_head => return Err(HeadError::TooLarge.into()),
            None => {}
        }
        if !wire.buf.is_empty() && begun.get_or_insert_with(Instant::now).elapsed() > limits.head_timeout {
            return Err(Ended::Silently);
        }
        match poll_fn(|cx| wire.poll_fill(cx)).await {
            Ok(0) if wire.buf.is_empty() => return Err(Ended::Silently),
            Ok(0) => return Err(HeadError::Malformed.into()),
            Ok(_) => activity.begin(),
            Err(_) => return Err(Ended::Silently),
        }
    }
}

/// What a request's head says beyond what mediation sees.
struct Plan {
    asked: Asked,
    length: BodyLength,
    expects_continue: bool,
}

fn plan(head: &RequestHead, limits: &Limits) -> Result<Plan, Ended> {
    let length = request_body(&head.headers, head.version, head.seen)?;
    if let (BodyLength::Exact(length), Some(limit)) = (length, limits.max_body)
        && length > limit
    {
        return Err(Ended::Refused(Refusal::TOO_LARGE));
    }
    if head.seen.hosts > 1 || (head.seen.hosts == 0 && head.version != Version::HTTP_10) {
        return Err(HeadError::Malformed.into());
    }
    let expects_continue = head.seen.expect && head.version != Version::HTTP_10 && expects_continue(&head.headers)?;
    let has_body = head.seen.length || head.seen.coding;
    // MI closes after a body where none belongs (spec 5.2): what follows might have been meant as something else.
    let odd_body = has_body && matches!(head.method, Method::GET | Method::HEAD | Method::DELETE);
    let keep_alive = limits.keep_alive && !odd_body && keeps_alive(&head.headers, head.version, head.seen);
    let asked = Asked { head_only: head.method == Method::HEAD, version: head.version, keep_alive };
    Ok(Plan { asked, length, expects_continue })
}

fn expects_continue(headers: &HeaderMap) -> Result<bool, Ended> {
    match headers.get(EXPECT) {
        None => Ok(false),
        Some(value) if has_token(value, "100-continue") => Ok(true),
        Some(_) => Err(Ended::Refused(Refusal::with(StatusCode::EXPECTATION_FAILED))),
    }
}

/// One request and its response. Gives the wire back if another request may follow.
async fn exchange<H: Handler>(
    mut wire: Wire,
    head: Bytes,
    info: &Arc<ConnectionInfo>,
    shared: &Shared<H>,
    responder: &Responder<'_>,
) -> Result<Option<Wire>, (Wire, Ended)> {
    let limits = &shared.limits;
    let head = match parse_request(&head) {
        Ok(head) => head,
        Err(error) => return Err((wire, error.into())),
    };
    let mut plan = match plan(&head, limits) {
        Ok(plan) => plan,
        Err(ended) => return Err((wire, ended)),
    };
    let mut decoder = Decoder::new(plan.length);
    // A small body has usually come with its head: then it is whole, and nothing needs to be shared or streamed.
    let ready = match decoder.decode(&mut wire.buf) {
        Ok(Decoded::Data(data)) => Some(data),
        Ok(Decoded::NeedMore | Decoded::End) => None,
        Err(_) => return Err((wire, FramingError::Ambiguous.into())),
    };
    if let (Some(data), Some(limit)) = (&ready, limits.max_body)
        && data.len() as u64 > limit
    {
        return Err((wire, Ended::Refused(Refusal::TOO_LARGE)));
    }
    responder.log_request(&head);
    let about = About { method: head.method.clone(), target: head.target.clone() };
    let request = |body| Request {
        method: head.method,
        target: head.target,
        authority: head.authority,
        version: head.version,
        headers: head.headers,
        body,
        connection: Arc::clone(info),
    };
    if decoder.is_done() {
        let body = match (plan.length, ready) {
            (BodyLength::None, _) => Body::Empty,
            (_, data) => Body::Full(data.unwrap_or_default()),
        };
        let mut response = shared.handler.handle(request(body)).await;
        plan.asked.keep_alive &= !shared.is_closing();
        if response.status == StatusCode::SWITCHING_PROTOCOLS {
            let Some(back_end) = response.upgrade.take() else {
                return Err((wire, Ended::Refused(Refusal::with(StatusCode::BAD_GATEWAY))));
            };
            if responder.write(&mut wire, &mut response, plan.asked, &about).await.is_ok() {
                Box::pin(pass_on(wire, back_end, shared)).await;
            }
            return Ok(None);
        }
        let kept = responder.write(&mut wire, &mut response, plan.asked, &about).await;
        return Ok(responder.finish(wire, kept).await);
    }
    if plan.expects_continue && ready.is_none() && respond::write_continue(&mut wire).await.is_err() {
        return Ok(None);
    }
    let incoming: SharedIncoming = Arc::new(Mutex::new(Incoming::new(wire, decoder, ready, limits.max_body)));
    let body = Body::Stream(Box::pin(RequestBody(Arc::clone(&incoming))));
    let response = shared.handler.handle(request(body)).await;
    plan.asked.keep_alive &= !shared.is_closing();
    Ok(Box::pin(responder.respond_streaming(incoming, response, plan.asked, &about)).await)
}

/// From a 101 on, until either side has enough or the listener is closed.
async fn pass_on<H>(wire: Wire, back_end: Upgraded, shared: &Shared<H>) {
    tokio::select! {
        ended = tunnel(Upgraded::new(wire, None), back_end) => {
            if let Err(error) = ended {
                tracing::debug!(%error, "an upgraded connection failed");
            }
        }
        () = shared.closing() => {}
    }
}
