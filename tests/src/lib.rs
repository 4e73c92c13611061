//! The harness of the end-to-end tests: servers in homes of their own, on free ports, and small back ends.
//!
//! Begin at [`Server`]. `bin/test.sh` builds the binary before the tests run; the harness takes the one beside the test
//! binary.

mod backend;
mod server;

use std::time::{Duration, Instant};

pub use backend::{Backend, Received, answer};
pub use server::{Builder, Server, binary};

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A client that keeps its connections.
pub fn client() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .max_redirects(0)
        .build();
    config.into()
}

/// Asks until `done` says so, for `patience` at most; says whether it did.
pub fn eventually(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + patience;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
