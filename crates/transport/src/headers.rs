//! Which header fields go from one hop to the next: MI's removal list (spec 5.3), as functions over header maps.

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HOST, SERVER, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
/// What MI puts in the place of the client's `User-Agent`.
pub const DEFAULT_USER_AGENT: &str = "Synapse-PT-HttpComponents-NIO";

/// What the configuration lets through (`transport.http.preserve_*`).
#[derive(Debug, Clone)]
pub struct HeaderPolicy {
    /// Fields that are kept although the list removes them (`http.headers.preserve`).
    pub preserve: Vec<HeaderName>,
    /// Keep the client's `User-Agent` (`http.user.agent.preserve`; false).
    pub preserve_user_agent: bool,
    /// Keep the back end's `Server` (`http.server.preserve`; true).
    pub preserve_server: bool,
    /// `User-Agent` towards back ends when the client's is not kept; `None` sends none.
    pub user_agent: Option<HeaderValue>,
}

impl Default for HeaderPolicy {
    fn default() -> Self {
        Self {
            preserve: vec![http::header::CONTENT_TYPE],
            preserve_user_agent: false,
            preserve_server: true,
            user_agent: Some(HeaderValue::from_static(DEFAULT_USER_AGENT)),
        }
    }
}

impl HeaderPolicy {
    fn drop(&self, headers: &mut HeaderMap, name: &HeaderName) {
        if !self.preserve.contains(name) {
            headers.remove(name);
        }
    }

    fn drop_common(&self, headers: &mut HeaderMap) {
        for name in [&TRANSFER_ENCODING, &CONTENT_LENGTH, &CONNECTION, &KEEP_ALIVE, &DATE] {
            self.drop(headers, name);
        }
    }

    /// Leaves what goes on to a back end. `Host` goes too (the client puts the destination's there) unless preserved,
    /// and `User-Agent` becomes ours.
    pub fn to_back_end(&self, headers: &mut HeaderMap) {
        self.drop_common(headers);
        self.drop(headers, &HOST);
        if !self.preserve_user_agent && !self.preserve.contains(&USER_AGENT) {
            match &self.user_agent {
                Some(ours) => drop(headers.insert(USER_AGENT, ours.clone())),
                None => drop(headers.remove(USER_AGENT)),
            }
        }
    }

    /// Leaves what goes back to the client. `Date` and framing are set anew by the server; the answer to a HEAD
    /// (`head_only`) keeps the length that the back end told.
    pub fn to_client(&self, headers: &mut HeaderMap, head_only: bool) {
        let length = headers.get(CONTENT_LENGTH).filter(|_| head_only).cloned();
        self.drop_common(headers);
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, length);
        }
        if !self.preserve_server {
            self.drop(headers, &SERVER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(names: &[&'static str]) -> HeaderMap {
        names.iter().map(|name| (HeaderName::from_static(name), HeaderValue::from_static("x"))).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    const ALL: [&str; 11] = [
        "transfer-encoding",
        "content-length",
        "connection",
        "keep-alive",
        "date",
        "server",
        "host",
        "user-agent",
        "authorization",
        "expect",
        "content-type",
    ];

    #[test]
    fn towards_the_back_end() {
        let mut map = headers(&ALL);
        HeaderPolicy::default().to_back_end(&mut map);
        assert_eq!(names(&map), ["authorization", "content-type", "expect", "server", "user-agent"]);
        assert_eq!(map[USER_AGENT], DEFAULT_USER_AGENT);
    }

    #[test]
    fn towards_the_client() {
        let mut map = headers(&ALL);
        HeaderPolicy::default().to_client(&mut map, false);
        assert_eq!(names(&map), ["authorization", "content-type", "expect", "host", "server", "user-agent"]);
        let mut map = headers(&["content-length", "transfer-encoding"]);
        HeaderPolicy::default().to_client(&mut map, true);
        assert_eq!(names(&map), ["content-length"]);
    }

    #[test]
    fn preserved_fields_stay() {
        let policy = HeaderPolicy {
            preserve: vec![HOST, DATE],
            preserve_user_agent: true,
            preserve_server: false,
            ..HeaderPolicy::default()
        };
        let mut map = headers(&ALL);
        policy.to_back_end(&mut map);
        assert_eq!(names(&map), ["authorization", "content-type", "date", "expect", "host", "server", "user-agent"]);
        assert_eq!(map[USER_AGENT], "x");
        let mut map = headers(&ALL);
        policy.to_client(&mut map, false);
        assert!(!map.contains_key(SERVER) && map.contains_key(DATE));
    }
}
