//! Sessions of a load-balance endpoint: which child the messages of one client go to (spec: services 4.8).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::header::{COOKIE, HeaderMap, HeaderName, SET_COOKIE};
use mi_payload::Payload;
use mi_xml::{Document, NodeId};
use parking_lot::Mutex;

use crate::context::MessageContext;
use crate::definition::{DeployError, Element, SYNAPSE_NAMESPACE};
use crate::fault::Fault;

const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const AXIS2: &str = "http://ws.apache.org/namespaces/axis2";
/// Names of the cookies that are sessions.
const COOKIES: [&str; 4] = ["JSESSIONID", "PHPSESSID", "phpMyAdmin", "wordpress_test_cookie"];
/// How long a session lives without a message, unless it says so.
const TIMEOUT: Duration = Duration::from_millis(600_000);
/// Beyond this many sessions the one that would end first is forgotten: clients choose their ids.
const MAX_SESSIONS: usize = 50_000;

/// How a message says which session it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// `http`: a cookie that the back end has set.
    Http,
    /// `soap`: the service group that the back end has named.
    Soap,
    /// `simpleClientSession`: the client names itself.
    SimpleClient,
}

/// The sessions of an endpoint.
#[derive(Debug)]
pub struct Sessions {
    /// What they are known by.
    pub kind: SessionKind,
    table: Mutex<Table>,
}

/// Who is bound where. Pure; time is a parameter.
#[derive(Debug)]
struct Table {
    timeout: Duration,
    bound: HashMap<String, Bound>,
}

#[derive(Debug, Clone, Copy)]
struct Bound {
    child: usize,
    until: Instant,
}

impl Sessions {
    /// Reads `<session type="…"><sessionTimeout>…`.
    ///
    /// # Errors
    /// When there is no such type, or the time limit is no number.
    pub fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let name = element.required("type", "The 'type' attribute is required for a session")?.trim();
        let known = [
            ("http", SessionKind::Http),
            ("soap", SessionKind::Soap),
            ("simpleClientSession", SessionKind::SimpleClient),
        ];
        let kind = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind);
        let kind = kind.ok_or_else(|| {
            let error = element.attribute_error("type", format!("Unknown session type '{name}'"));
            error.hint("allowed are http, soap, simpleClientSession")
        })?;
        let timeout = match element.child("sessionTimeout").and_then(|child| Some((child, child.trimmed_text()?))) {
            None => TIMEOUT,
            Some((child, text)) => {
                let millis: i64 = text.parse().map_err(|_| {
                    child.error(format!("Invalid session timeout value : {text}")).hint("milliseconds are expected")
                })?;
                // A negative time limit means the default, as leaving it out does.
                u64::try_from(millis).map_or(TIMEOUT, Duration::from_millis)
            }
        };
        Ok(Self { kind, table: Mutex::new(Table { timeout, bound: HashMap::new() }) })
    }

    /// Whether a client names its session itself, so that the first request begins it.
    pub(super) fn begins_with_request(&self) -> bool {
        self.kind == SessionKind::SimpleClient
    }

    /// The ids of sessions that a request may belong to, the likeliest first.
    pub(super) async fn of_request(&self, context: &mut MessageContext) -> Result<Vec<String>, Fault> {
        if self.kind == SessionKind::Http {
            return Ok(cookies(&context.headers, &COOKIE));
        }
        context.build().await?;
        Ok(match self.kind {
            SessionKind::SimpleClient => header_text(context, &[(SYNAPSE_NAMESPACE, "ClientID")]),
            _ => header_text(context, &[(AXIS2, "ServiceGroupId")]),
        })
    }

    /// The ids of sessions that an answer begins; a client that names itself has begun its session before.
    pub(super) async fn of_answer(&self, context: &mut MessageContext) -> Result<Vec<String>, Fault> {
        match self.kind {
            SessionKind::Http => Ok(cookies(&context.headers, &SET_COOKIE)),
            SessionKind::SimpleClient => Ok(Vec::new()),
            SessionKind::Soap => {
                context.build().await?;
                let path = [(ADDRESSING, "ReplyTo"), (ADDRESSING, "ReferenceParameters"), (AXIS2, "ServiceGroupId")];
                Ok(header_text(context, &path))
            }
        }
    }

    /// The child that one of these sessions is bound to, with the id of that session. It lives on from now.
    pub(super) fn find<'i>(&self, ids: &'i [String]) -> Option<(usize, &'i str)> {
        let (mut table, now) = (self.table.lock(), Instant::now());
        ids.iter().find_map(|id| table.find(id, now).map(|child| (child, id.as_str())))
    }

    /// Binds these sessions to a child.
    pub(super) fn bind(&self, ids: &[String], child: usize) {
        let (mut table, now) = (self.table.lock(), Instant::now());
        ids.iter().for_each(|id| table.bind(id, child, now));
    }

    /// Forgets these sessions.
    pub(super) fn unbind(&self, ids: &[String]) {
        let mut table = self.table.lock();
        for id in ids {
            table.bound.remove(id);
        }
    }
}

impl Table {
    fn find(&mut self, id: &str, now: Instant) -> Option<usize> {
        let bound = self.bound.get_mut(id)?;
        if bound.until <= now {
            self.bound.remove(id);
            return None;
        }
        bound.until = until(now, self.timeout);
        Some(bound.child)
    }

    fn bind(&mut self, id: &str, child: usize, now: Instant) {
        let full = self.bound.len() >= MAX_SESSIONS && !self.bound.contains_key(id);
        // Sessions that have ended are swept out now and then: whenever as many are there as a map grows at.
        if full || self.bound.len() == self.bound.capacity() {
            self.bound.retain(|_, bound| bound.until > now);
        }
        if self.bound.len() >= MAX_SESSIONS
            && full
            && let Some(first) = self.bound.iter().min_by_key(|(_, bound)| bound.until).map(|(id, _)| id.clone())
        {
            self.bound.remove(&first);
        }
        self.bound.insert(id.to_owned(), Bound { child, until: until(now, self.timeout) });
    }
}

/// A time limit beyond what a clock can tell is for ever.
fn until(now: Instant, timeout: Duration) -> Instant {
    now.checked_add(timeout).unwrap_or_else(|| now + Duration::from_secs(u64::from(u32::MAX)))
}

/// The session cookies among those of a header, each as `name=value`.
fn cookies(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).map(str::trim);
    let is_session = |pair: &&str| {
        let name = pair.split_once('=').map_or("", |(name, _)| name);
        COOKIES.iter().any(|known| name.contains(known))
    };
    pairs.filter(is_session).map(str::to_owned).collect()
}

/// The text of the element that `path` leads to from the SOAP header.
fn header_text(context: &MessageContext, path: &[(&str, &str)]) -> Vec<String> {
    let Payload::Xml(xml) = &context.payload else { return Vec::new() };
    let envelope = xml.envelope();
    let document: &Document = &envelope.document;
    let step = |at: Option<NodeId>, (namespace, local): &(&str, &str)| document.child_named(at?, namespace, local);
    let text = path.iter().fold(envelope.header, step).map(|found| document.text_content(found).trim().to_owned());
    text.filter(|text| !text.is_empty()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_session_lives_as_long_as_messages_come() {
        let mut table = Table { timeout: 2 * SECOND, bound: HashMap::new() };
        let start = Instant::now();
        table.bind("a", 1, start);
        assert_eq!(table.find("a", start + SECOND), Some(1));
        assert_eq!(table.find("a", start + 2 * SECOND), Some(1));
        assert_eq!(table.find("a", start + 4 * SECOND), None);
        assert!(table.bound.is_empty());
    }

    #[test]
    fn the_table_does_not_grow_without_bound() {
        let mut table = Table { timeout: SECOND, bound: HashMap::new() };
        let start = Instant::now();
        for number in 0..=MAX_SESSIONS {
            table.bind(&number.to_string(), 0, start + SECOND.mul_f64(number as f64 / 1e9));
        }
        assert_eq!(table.bound.len(), MAX_SESSIONS);
        assert_eq!(table.find("0", start), None);
        table.bind("late", 0, start + 3 * SECOND);
        assert_eq!(table.bound.len(), 1);
    }

    #[test]
    fn cookies_of_sessions_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=b; JSESSIONID=1; PHPSESSID=2".parse().expect("a value"));
        assert_eq!(cookies(&headers, &COOKIE), ["JSESSIONID=1", "PHPSESSID=2"]);
        headers.append(SET_COOKIE, "JSESSIONID=3; Path=/; HttpOnly".parse().expect("a value"));
        assert_eq!(cookies(&headers, &SET_COOKIE), ["JSESSIONID=3"]);
    }
}
