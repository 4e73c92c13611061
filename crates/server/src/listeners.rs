//! The listeners for messages, connected to mediation.

use std::sync::Arc;

use arc_swap::ArcSwap;
use mi_mediation::Configuration;
use mi_mediation::context::{HttpRequest, Response as Answer};
use mi_mediation::engine::{self, HttpInbound, Incoming};
use mi_transport::{Framing, Handler, Request, Response, Upgraded};

use crate::correlation::{CorrelationLog, Exchange};

/// Gives each request to the configuration that is live when it comes.
pub struct Mediation {
    configuration: Arc<ArcSwap<Configuration>>,
    correlation: Arc<CorrelationLog>,
}

impl Mediation {
    /// Mediates with whatever `configuration` holds.
    pub fn new(configuration: Arc<ArcSwap<Configuration>>, correlation: Arc<CorrelationLog>) -> Self {
        Self { configuration, correlation }
    }
}

impl Handler for Mediation {
    async fn handle(&self, request: Request) -> Response {
        let configuration = self.configuration.load_full();
        let exchange = self.correlation.accepted(&request);
        let incoming = incoming(request, exchange.as_deref());
        let mut response = into_response(*engine::receive(configuration, incoming).await);
        response.sent = exchange.map(Exchange::when_sent);
        response
    }
}

/// The same for the port of an inbound endpoint.
pub struct InboundMediation {
    /// What the endpoint does with requests, as it is now.
    pub dispatch: Arc<ArcSwap<HttpInbound>>,
    /// The configuration that is live.
    pub configuration: Arc<ArcSwap<Configuration>>,
    /// The correlation log.
    pub correlation: Arc<CorrelationLog>,
}

impl Handler for InboundMediation {
    async fn handle(&self, request: Request) -> Response {
        let (configuration, dispatch) = (self.configuration.load_full(), self.dispatch.load_full());
        let exchange = self.correlation.accepted(&request);
        let incoming = incoming(request, exchange.as_deref());
        let mut response = into_response(*engine::receive_inbound(configuration, incoming, dispatch).await);
        response.sent = exchange.map(Exchange::when_sent);
        response
    }
}

/// A request as mediation takes it.
fn incoming(request: Request, exchange: Option<&Exchange>) -> Incoming {
    let connection = &request.connection;
    Incoming {
        request: HttpRequest {
            method: request.method,
            target: request.target.into_shared(),
            secure: connection.tls.is_some(),
            peer: Some(connection.peer),
            local: Some(connection.local),
            listener: Arc::clone(&connection.listener),
            host: None,
        },
        headers: request.headers,
        body: request.body,
        correlation_id: exchange.map(|exchange| exchange.id().clone()),
    }
}

fn into_response(answer: Answer) -> Response {
    let mut response = Response::new(answer.status);
    response.reason = answer.reason.map(bytes::Bytes::from);
    response.headers = answer.headers;
    response.body = answer.body;
    response.framing = if answer.content_length { Framing::Length } else { Framing::Chunked };
    response.close = answer.close;
    response.upgrade = answer.tunnel.and_then(|tunnel| tunnel.0.downcast::<Upgraded>().ok()).map(|upgraded| *upgraded);
    response
}
