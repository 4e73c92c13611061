//! `local://` addresses: a proxy service of this server, without a socket (spec: services 4.2, 2.4).

use std::sync::Arc;

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};

use super::request::{KEEP_ALIVE, LOCAL};
use crate::configuration::Configuration;
use crate::context::HttpRequest;
use crate::engine::{Incoming, receive_for};
use crate::fault::codes;
use crate::mediator::BoxFuture;
use crate::outgoing::{Answer, Outgoing, SendError};

/// Services that send to one another more than this many times, each waiting for the next, lead nowhere.
const MAX_DEPTH: usize = 32;

tokio::task_local! {
    /// How many services wait for one another in this task.
    static DEPTH: usize;
}

/// Sends a request to where its URL says: over the network, or to a proxy service of this server.
pub(super) fn exchange(
    configuration: &Arc<Configuration>,
    request: Outgoing,
) -> BoxFuture<'static, Result<Answer, SendError>> {
    if !request.url.starts_with(LOCAL) {
        return configuration.environment.http.send(request);
    }
    let configuration = configuration.clone();
    Box::pin(async move {
        let depth = DEPTH.try_with(|depth| *depth).unwrap_or(0);
        if depth >= MAX_DEPTH {
            return Err(failure(format!("more than {MAX_DEPTH} services wait for one another")));
        }
        DEPTH.scope(depth + 1, deliver(configuration, request)).await
    })
}

async fn deliver(configuration: Arc<Configuration>, request: Outgoing) -> Result<Answer, SendError> {
    let path = request.url[LOCAL.len()..].trim_start_matches('/');
    // `services` and `axis2services` are the same here: there are no other services than proxies.
    let path = ["services/", "axis2services/"].iter().find_map(|prefix| path.strip_prefix(prefix)).unwrap_or(path);
    let end = path.find(['/', '?', '#']).unwrap_or(path.len());
    let name = &path[..end];
    let service = configuration.proxies.get(name).filter(|service| service.is_running()).cloned();
    let service = service.ok_or_else(|| failure(format!("there is no proxy service {name} that runs")))?;
    let root = format!("/{}/", configuration.settings.service_path);
    let postfix_start = root.len() + end;
    let incoming = Incoming {
        request: HttpRequest {
            method: request.method,
            target: (root + path).into(),
            secure: false,
            peer: None,
            local: None,
            listener: "local".into(),
            host: None,
        },
        headers: request.headers,
        body: request.body,
        correlation_id: None,
    };
    let flow = receive_for(configuration.clone(), service, incoming, postfix_start);
    let limit = request.timeout.unwrap_or(configuration.settings.global_timeout);
    let mut response = *tokio::time::timeout(limit, flow).await.map_err(|_| SendError {
        base_code: codes::TIMED_OUT,
        state: 0,
        message: "Send timeout".to_owned(),
        detail: "The service did not answer within the endpoint's time limit".to_owned(),
        timed_out: true,
    })?;
    // No transport stands between to leave out what belongs to the last hop.
    for name in [TRANSFER_ENCODING, CONTENT_LENGTH, CONNECTION, KEEP_ALIVE, DATE] {
        response.headers.remove(name);
    }
    Ok(Answer {
        status: response.status,
        reason: response.reason,
        headers: response.headers,
        body: response.body,
        tunnel: response.tunnel,
    })
}

fn failure(detail: String) -> SendError {
    SendError {
        base_code: codes::CONNECT_FAILED,
        state: 0,
        message: "Error connecting to the back end".to_owned(),
        detail,
        timed_out: false,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const ECHO: &str = "<proxy name='Echo' transports='local'><target><inSequence>\
        <property name='HTTP_SC' value='201' scope='axis2'/><respond/></inSequence></target></proxy>";
    const CHAIN: &str = "<proxy name='Chain'><target><endpoint><address uri='local://services/Echo'/></endpoint>\
        </target></proxy>";
    const CIRCLE: &str = "<proxy name='Circle'><target><endpoint><address uri='local://services/Circle'/></endpoint>\
        <faultSequence><property name='HTTP_SC' value='508' scope='axis2'/><respond/></faultSequence></target></proxy>";

    #[tokio::test]
    async fn a_service_answers_without_a_socket() {
        for uri in ["local://services/Chain", "local:///services/Echo", "local://axis2services/Echo"] {
            let context = testing::context_of_artifacts(&[ECHO, CHAIN]);
            let mut context = testing::with_body(context, "application/json", br#"{"a":1}"#);
            context.properties.set("mine", "yes".into());
            let flow = format!("<call><endpoint><address uri='{uri}'/></endpoint></call>");
            testing::run(&flow, &mut context).await.expect("an answer");
            assert!(matches!(context.status, crate::context::StatusProperty::OfAnswer(201)), "{uri}");
            context.build().await.expect("JSON");
            assert_eq!(testing::body(&context), r#"{"a":1}"#);
        }
    }

    #[tokio::test]
    async fn a_missing_service_is_a_failure_to_connect() {
        let mut context = testing::context_with("text/plain", b"x");
        let flow = "<call><endpoint><address uri='local://services/None'/></endpoint></call>";
        let fault = testing::run(flow, &mut context).await.expect_err("no service");
        assert_eq!(fault.code(), Some(101_503));
    }

    #[tokio::test]
    async fn services_that_go_round_in_circles_come_to_an_end() {
        let context = testing::context_of_artifacts(&[CIRCLE]);
        let mut context = testing::with_body(context, "text/plain", b"x");
        let flow = "<call><endpoint><address uri='local://services/Circle'/></endpoint></call>";
        testing::run(flow, &mut context).await.expect("an answer");
        assert!(matches!(context.status, crate::context::StatusProperty::OfAnswer(508)));
    }
}
