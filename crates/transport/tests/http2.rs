//! HTTP/2 on both sides, where both want it.

mod support;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode, Version};
use mi_payload::{Body, BodyError};
use mi_transport::client::Scheme;
use mi_transport::tls::{ClientTls, ClientTlsConfig, KeyStore, ServerTls, ServerTlsConfig, StoreType, Trust};
use mi_transport::{
    Client, ClientConfig, ClientErrorKind, ClientRequest, Destination, Handler, Limits, Listener, ListenerConfig,
    OnBodyError, Request, Response, Server,
};
use support::{LONG, Parts, get, text};
use tokio::sync::{Notify, Semaphore, mpsc};

struct Pair {
    server: Server,
    listener: Listener,
    client: Client,
    destination: Arc<Destination>,
}

fn pair(server_http2: bool, client_http2: bool, limits: Limits, handler: impl Handler) -> Pair {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../keystore/tests/keystores/server.p12");
    let identity = KeyStore::open(&path, StoreType::Pkcs12, "storepw").unwrap().identity(None, "").unwrap();
    let trust = Trust::Certificates(vec![identity.chain[0].clone()]);
    let server = Server::start("http2", 1).unwrap();
    let tls = ServerTls::new(ServerTlsConfig { http2: server_http2, ..ServerTlsConfig::new(identity) }).unwrap();
    let any = ListenerConfig::new("https", "127.0.0.1:0".parse().unwrap());
    let listener = server.listen(ListenerConfig { tls: Some(tls), limits, ..any }, Arc::new(handler)).unwrap();
    let tls = ClientTlsConfig { trust, http2: client_http2, ..ClientTlsConfig::default() };
    let client = Client::new(ClientConfig { tls: Some(ClientTls::new(tls).unwrap()), ..ClientConfig::default() });
    let port = listener.local_addr().port();
    let destination = client.destination(Scheme::Https, "localhost", Some(port), None).unwrap();
    Pair { server, listener, client, destination }
}

async fn echo(request: Request) -> Response {
    let mut response = Response { body: request.body, ..Response::new(StatusCode::OK) };
    let told = format!("{:?} {} {} {:?}", request.version, request.method, request.target, request.headers["host"]);
    response.headers.insert("told", told.parse().unwrap());
    response.headers.insert("connection", "close".parse().unwrap());
    response
}

#[tokio::test]
async fn it_is_spoken_if_both_offer_it() {
    for (server_http2, client_http2, version) in
        [(true, true, Version::HTTP_2), (true, false, Version::HTTP_11), (false, true, Version::HTTP_11)]
    {
        let pair = pair(server_http2, client_http2, Limits::default(), echo);
        for length in [0, 10, 300_000] {
            let body = vec![b'x'; length];
            let mut request = ClientRequest { method: Method::PUT, ..get(&pair.destination, "/a?b=c") };
            request.headers.insert("connection", "keep-alive".parse().unwrap());
            request.body = Body::from(body.clone());
            let response = pair.client.send(request).await.unwrap();
            assert_eq!((response.version, response.status), (version, StatusCode::OK));
            let host = pair.destination.host_header();
            assert_eq!(response.headers["told"], format!("{version:?} PUT /a?b=c {host:?}"));
            assert_eq!(response.headers["server"], "WSO2-PassThrough-HTTP");
            assert!(response.body.collect(u64::MAX).await.unwrap() == body);
        }
        assert_eq!((pair.listener.connections(), pair.destination.connections()), (1, 1));
    }
}

#[tokio::test]
async fn requests_share_a_connection() {
    let (begun, mut beginnings) = mpsc::unbounded_channel();
    let go = Arc::new(Semaphore::new(0));
    let wait = Arc::clone(&go);
    let handler = move |request: Request| {
        let (begun, wait) = (begun.clone(), Arc::clone(&wait));
        async move {
            if request.target.path() != "/first" {
                begun.send(()).unwrap();
                wait.acquire().await.unwrap().forget();
            }
            text(request.target.to_string())
        }
    };
    let pair = pair(true, true, Limits::default(), handler);
    pair.client.send(get(&pair.destination, "/first")).await.unwrap();
    let requests = (0..10).map(|_| pair.client.send(get(&pair.destination, "/")));
    let answers = futures_util::future::join_all(requests);
    let all_begun = async {
        for _ in 0..10 {
            beginnings.recv().await.unwrap();
        }
        go.add_permits(10);
    };
    let (answers, ()) = tokio::time::timeout(LONG, async { tokio::join!(answers, all_begun) }).await.unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == StatusCode::OK)));
    assert_eq!(pair.listener.connections(), 1);
    // Without users the connection ends.
    drop(answers);
    pair.client.close_idle();
    let gone = async {
        while pair.listener.connections() + pair.destination.connections() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, gone).await.unwrap();
}

#[tokio::test]
async fn closing_lets_requests_finish() {
    let (begun, mut beginnings) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let handler = move |_: Request| {
        let (begun, wait) = (begun.clone(), Arc::clone(&wait));
        async move {
            begun.send(()).unwrap();
            wait.notified().await;
            text("done")
        }
    };
    let pair = pair(true, true, Limits::default(), handler);
    let asking = async {
        let response = pair.client.send(get(&pair.destination, "/")).await.unwrap();
        assert_eq!(response.body.collect(100).await.unwrap(), "done");
    };
    let closing = async {
        beginnings.recv().await.unwrap();
        let closing = pair.server.drain(LONG);
        let release = async { go.notify_one() };
        assert_eq!(tokio::join!(closing, release).0, 0);
    };
    tokio::time::timeout(LONG, async { tokio::join!(asking, closing) }).await.unwrap();
    assert_eq!(pair.listener.connections(), 0);
    let error = pair.client.send(get(&pair.destination, "/")).await.unwrap_err();
    assert!(matches!(error.kind, ClientErrorKind::ConnectFailed(_) | ClientErrorKind::Closed), "{error}");
}

#[tokio::test]
async fn sizes_are_limited() {
    let limits = Limits { max_body: Some(1000), ..Limits::default() };
    let pair = pair(true, true, limits, async |request: Request| match request.body.collect(u64::MAX).await {
        Ok(_) => text("fine"),
        Err(_) => text("hidden"),
    });
    let parts = (0..3).map(|_| Ok(Bytes::from_static(&[b'x'; 500])));
    for (body, status) in [
        (Body::from(vec![b'x'; 1000]), StatusCode::OK),
        (Body::from(vec![b'x'; 1001]), StatusCode::PAYLOAD_TOO_LARGE),
        (Parts::body(parts), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let request = ClientRequest { method: Method::POST, body, ..get(&pair.destination, "/") };
        assert_eq!(pair.client.send(request).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn a_body_that_fails_ends_properly_or_breaks_off_as_wished() {
    let pair = pair(true, true, Limits::default(), async |request: Request| Response {
        body: Parts::body([Ok(Bytes::from_static(b"abc")), Err(BodyError::Closed)]),
        on_body_error: if request.target.path() == "/abort" { OnBodyError::Abort } else { OnBodyError::Terminate },
        ..Response::new(StatusCode::OK)
    });
    let response = pair.client.send(get(&pair.destination, "/")).await.unwrap();
    assert_eq!(response.body.collect(100).await.unwrap(), "abc");
    // The reset may overtake what was sent before it.
    match pair.client.send(get(&pair.destination, "/abort")).await {
        Ok(response) => assert_eq!(response.body.collect(100).await, Err(BodyError::Closed)),
        Err(error) => assert!(matches!(error.kind, ClientErrorKind::Closed), "{error}"),
    }
    let mut request = get(&pair.destination, "/");
    request.method = Method::POST;
    request.body = Parts::body([Ok(Bytes::from_static(b"abc")), Err(BodyError::TimedOut)]);
    // The server may have answered before it noticed.
    if let Err(error) = pair.client.send(request).await {
        assert!(matches!(error.kind, ClientErrorKind::RequestBody(BodyError::TimedOut)), "{error}");
        assert_eq!(error.state_code(), 0);
    }
}
