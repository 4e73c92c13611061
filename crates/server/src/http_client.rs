//! The transport's client as mediation sees it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use mi_mediation::environment::HttpSender;
use mi_mediation::fault::codes;
use mi_mediation::mediator::BoxFuture;
use mi_mediation::outgoing::{Answer, Outgoing, SendError, Tunnel};
use mi_transport::client::Scheme;
use mi_transport::{Client, ClientError, ClientErrorKind, ClientRequest, Destination, Framing, Target};

use crate::correlation::CorrelationLog;

/// Authorities that a worker remembers before it begins anew; far more than a configuration has endpoints.
const REMEMBERED: usize = 4096;

thread_local! {
    /// Destinations by `scheme://host:port`, so that a request finds its own without taking the URL apart.
    static DESTINATIONS: RefCell<HashMap<String, Arc<Destination>>> = RefCell::default();
}

/// See the module's documentation.
pub struct TransportSender {
    client: Client,
    correlation: Arc<CorrelationLog>,
}

impl TransportSender {
    /// Sends with this client.
    pub fn new(client: Client, correlation: Arc<CorrelationLog>) -> Self {
        Self { client, correlation }
    }
}

impl HttpSender for TransportSender {
    fn send(&self, request: Outgoing) -> BoxFuture<'static, Result<Answer, SendError>> {
        let client = self.client.clone();
        let call = self.correlation.calls(&request.headers, &request.method, &request.url);
        // Before the future is made, which would have to hold the request in both forms.
        let request = client_request(&client, request);
        Box::pin(async move {
            let sent = client.send(request?).await;
            if let Some(call) = call {
                match &sent {
                    Ok(_) => call.answered(),
                    Err(error) => call.failed(format_args!("{} in {}", reason(error), error.state.name())),
                }
            }
            match sent {
                Ok(response) => Ok(Answer {
                    status: response.status,
                    reason: response.reason.map(|reason| String::from_utf8_lossy(&reason).into_owned()),
                    headers: response.headers,
                    body: response.body,
                    tunnel: response.upgraded.map(|upgraded| Tunnel(Box::new(upgraded))),
                }),
                Err(ClientError { kind: ClientErrorKind::Expired, .. }) => Err(timed_out()),
                Err(error) => Err(failed(&error)),
            }
        })
    }
}

fn client_request(client: &Client, request: Outgoing) -> Result<ClientRequest, SendError> {
    let (authority, target) = split(&request.url).ok_or_else(|| malformed(&request.url))?;
    let destination = destination(client, authority)?;
    let target = match target {
        "" => Target::new("/"),
        query if query.starts_with('?') => Target::new(&format!("/{query}")),
        path => Target::new(path),
    };
    let target = target.ok_or_else(|| malformed(&request.url))?;
    let mut out = ClientRequest::new(destination, request.method, target);
    out.headers = request.headers;
    out.body = request.body;
    out.options.framing = if request.content_length { Framing::Length } else { Framing::Chunked };
    out.options.http_10 = request.http10;
    out.options.absolute_form = request.absolute_form;
    out.options.close = request.close;
    out.options.upgrade = request.upgrade;
    out.options.limit = request.timeout;
    Ok(out)
}

/// `scheme://authority` and the rest, without a fragment.
fn split(url: &str) -> Option<(&str, &str)> {
    let colon = url.bytes().position(|byte| byte == b':').filter(|&colon| url[colon..].starts_with("://"))?;
    let start = colon + 3;
    let end = url.bytes().skip(start).position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let (authority, rest) = url.split_at(end.map_or(url.len(), |end| start + end));
    let end = rest.bytes().position(|byte| byte == b'#').unwrap_or(rest.len());
    Some((authority, &rest[..end]))
}

fn destination(client: &Client, authority: &str) -> Result<Arc<Destination>, SendError> {
    let known = DESTINATIONS.with_borrow(|known| known.get(authority).cloned());
    if let Some(known) = known {
        return Ok(known);
    }
    let (scheme, host) = authority.split_once("://").ok_or_else(|| malformed(authority))?;
    let scheme = if scheme.eq_ignore_ascii_case("https") { Scheme::Https } else { Scheme::Http };
    // User information in a URL is not turned into credentials.
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let (host, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && !port.contains(']') => {
            (name, Some(port.parse().map_err(|_| malformed(authority))?))
        }
        _ => (host.trim_end_matches(':'), None),
    };
    let made = client.destination(scheme, host, port, None).map_err(|error| unusable(authority, &error.to_string()))?;
    DESTINATIONS.with_borrow_mut(|known| {
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(authority.to_owned(), made.clone());
    });
    Ok(made)
}

fn malformed(url: &str) -> SendError {
    unusable(url, "it is not a URL with a host")
}

fn unusable(url: &str, why: &str) -> SendError {
    SendError {
        base_code: codes::CONNECT_FAILED,
        state: 0,
        message: "Error connecting to the back end".to_owned(),
        detail: format!("{url}: {why}"),
        timed_out: false,
    }
}

fn timed_out() -> SendError {
    SendError {
        base_code: codes::TIMED_OUT,
        state: 0,
        message: "Send timeout".to_owned(),
        detail: "The back end did not answer within the endpoint's time limit".to_owned(),
        timed_out: true,
    }
}

/// What the correlation log calls a failure.
fn reason(error: &ClientError) -> &'static str {
    match error.kind {
        ClientErrorKind::TimedOut | ClientErrorKind::Expired => "Timeout",
        ClientErrorKind::Protocol(_) => "HTTP Exception",
        _ => "IO Exception",
    }
}

fn failed(error: &ClientError) -> SendError {
    let number = |code: u32| i32::try_from(code).unwrap_or(i32::MAX);
    tracing::warn!(
        target: "org.apache.synapse.transport.passthru.TargetHandler",
        "ERROR_CODE = {}, STATE_DESCRIPTION = {}, TARGET_HOST = {}, INTERNAL_STATE = {}",
        error.base_code(), error.kind, error.destination, error.state.name()
    );
    SendError {
        base_code: number(error.base_code()),
        state: number(error.state_code()),
        message: error.message().to_owned(),
        detail: error.to_string(),
        timed_out: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split_at_the_authority() {
        for (url, authority, rest) in [
            ("http://h/a?b", "http://h", "/a?b"),
            ("https://h:1", "https://h:1", ""),
            ("http://h?x", "http://h", "?x"),
            ("http://h/a#f", "http://h", "/a"),
        ] {
            assert_eq!(split(url), Some((authority, rest)));
        }
        assert_eq!(split("nothing"), None);
    }
}
