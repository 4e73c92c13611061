//! The server as its clients see it.

mod support;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use mi_payload::BodyError;
use mi_transport::access_log::{AccessLog, AccessLogConfig};
use mi_transport::{Client, ClientConfig, Framing, Limits, Request, Response};
use support::{LONG, Parts, TestServer, describe, text};
use tokio::sync::{Notify, mpsc};

const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(LONG, future).await.expect("done in time") })
}

#[test]
fn connections_are_kept_and_pipelined_requests_answered_in_order() {
    let server = TestServer::start(Limits::default(), describe);
    let mut client = server.connect();
    client.send("\r\nPOST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: h\r\n\r\nPOST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n");
    assert_eq!(client.response().text(), "POST /1 abc");
    assert_eq!(client.response().text(), "GET /2 ");
    assert_eq!(client.response().text(), "POST /3 def");
    let response = client.send(GET).response();
    assert_eq!(response.field("server"), Some("WSO2-PassThrough-HTTP"));
    assert!(response.field("date").is_some_and(|date| date.ends_with("GMT")));
    assert_eq!(server.listener.connections(), 1);
}

#[test]
fn a_request_in_single_bytes_is_understood() {
    let server = TestServer::start(Limits::default(), describe);
    let mut client = server.connect();
    client.stream.set_nodelay(true).unwrap();
    for byte in b"POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" {
        client.send([*byte]);
    }
    assert_eq!(client.response().text(), "POST /1 abc");
}

#[test]
fn the_handler_can_send_the_body_back_while_it_arrives() {
    let server = TestServer::start(Limits::default(), async |request: Request| Response {
        body: request.body,
        ..Response::new(StatusCode::OK)
    });
    let data: Vec<u8> = (0..8_000_000u32).map(|n| (n % 251) as u8).collect();
    let mut client = server.connect();
    let mut writer = client.stream.try_clone().unwrap();
    let sent = data.clone();
    let writing = std::thread::spawn(move || {
        writer
            .write_all(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", sent.len()).as_bytes())
            .unwrap();
        writer.write_all(&sent).unwrap();
    });
    let response = client.response();
    writing.join().unwrap();
    assert!(response.body == data);
    assert_eq!(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").response().status(), 200);
}

#[test]
fn continue_is_said_before_anyone_asks_for_the_body() {
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let server = TestServer::start(Limits::default(), move |request: Request| {
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            describe(request).await
        }
    });
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_eq!(client.head().status(), 100);
    go.notify_one();
    assert_eq!(client.send("abc").response().text(), "POST / abc");
    let refused = client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\nContent-Length: 3\r\n\r\n").response();
    assert_eq!(refused.status(), 417);
}

#[test]
fn http_1_0_is_answered_in_its_own_way() {
    let stream = async |_: Request| Response {
        body: Parts::body([Ok(Bytes::from_static(b"ab")), Ok(Bytes::from_static(b"c"))]),
        ..Response::new(StatusCode::OK)
    };
    let server = TestServer::start(Limits::default(), stream);
    let mut client = server.connect();
    let response = client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").response();
    assert_eq!(
        (response.text(), response.field("transfer-encoding"), response.field("content-length")),
        ("abc", None, None)
    );
    let server = TestServer::start(Limits::default(), describe);
    let mut client = server.connect();
    let response = client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").response();
    assert_eq!(response.field("connection"), Some("keep-alive"));
    assert_eq!(client.send("GET / HTTP/1.0\r\n\r\n").response().field("connection"), Some("close"));
    assert!(client.is_closed());
}

#[test]
fn head_and_bodiless_statuses_have_no_body() {
    let server = TestServer::start(Limits::default(), async |request: Request| {
        let status = request.target.path().trim_start_matches('/').parse().unwrap();
        let mut response = text("body");
        response.status = StatusCode::from_u16(status).unwrap();
        response.headers.insert("content-length", http::HeaderValue::from_static("77"));
        response
    });
    let mut client = server.connect();
    for status in [204, 304] {
        let response = client.send(format!("GET /{status} HTTP/1.1\r\nHost: h\r\n\r\n")).head();
        assert_eq!((response.status(), response.field("content-length")), (status, None));
    }
    assert_eq!(client.send("HEAD /200 HTTP/1.1\r\nHost: h\r\n\r\n").head().field("content-length"), Some("77"));
    assert_eq!(client.send("GET /200 HTTP/1.1\r\nHost: h\r\n\r\n").response().text(), "body");
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let server = TestServer::start(Limits::default(), describe);
    for request in [
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\u{b}chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\nHost: h\n\n",
        "GET / HTTP/1.1\r\nHost: h\nX: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\r\n\r\n",
    ] {
        let mut client = server.connect();
        let response = client.send(request).response();
        assert!(response.head.starts_with("HTTP/1.1 400 Bad request\r\n"), "{request:?}: {response:?}");
        assert_eq!(response.field("connection"), Some("close"));
        assert!(client.is_closed(), "{request:?}");
    }
    for (request, status) in [
        ("BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ] {
        let mut client = server.connect();
        assert_eq!(client.send(request).response().status(), status);
        assert!(client.is_closed());
    }
}

#[test]
fn sizes_are_limited() {
    let limits = Limits { max_body: Some(1000), max_head: 2000, ..Limits::default() };
    let server = TestServer::start(limits, describe);
    let mut client = server.connect();
    let response = client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n").response();
    assert!(response.head.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{response:?}");
    assert!(client.is_closed());
    let mut client = server.connect();
    let chunk = format!("200\r\n{}\r\n", "x".repeat(0x200));
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(&chunk).send(&chunk).send("0\r\n\r\n");
    assert_eq!(client.response().status(), 413);
    assert!(client.is_closed());
    let mut client = server.connect();
    let response = client.send(format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(3000))).response();
    assert_eq!(response.status(), 431);
    assert_eq!(server.connect().send(GET).response().status(), 200);
}

#[test]
fn an_upload_that_nobody_reads_is_read_before_the_answer() {
    let server = TestServer::start(Limits::default(), async |_: Request| Response::new(StatusCode::NOT_FOUND));
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n").send(vec![b'x'; 5_000_000]);
    assert_eq!(client.response().status(), 404);
    assert_eq!(client.send(GET).response().status(), 404);
    // Where a body does not belong, the connection ends with the response.
    client.send("DELETE / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
    assert_eq!(client.response().field("connection"), Some("close"));
    assert!(client.is_closed());
}

#[test]
fn a_body_that_nobody_reads_yet_is_not_taken_from_the_client() {
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let server = TestServer::start(Limits::default(), move |request: Request| {
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            text(request.body.collect(u64::MAX).await.unwrap().len().to_string())
        }
    });
    let mut client = server.connect();
    let total = 64 << 20;
    client.send(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {total}\r\n\r\n"));
    client.stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let block = vec![b'x'; 1 << 16];
    let mut sent = 0;
    while let Ok(count) = client.stream.write(&block[..block.len().min(total - sent)]) {
        sent += count;
        assert!(sent < total, "all of it was taken");
    }
    go.notify_one();
    client.stream.set_write_timeout(Some(LONG)).unwrap();
    client.send(vec![b'x'; total - sent]);
    assert_eq!(client.response().text(), total.to_string());
}

#[test]
fn a_client_that_goes_away_is_noticed_by_who_reads_its_body() {
    let (seen, mut results) = mpsc::unbounded_channel();
    let server = TestServer::start(Limits::default(), move |request: Request| {
        let seen = seen.clone();
        async move {
            seen.send(request.body.collect(u64::MAX).await).unwrap();
            text("late")
        }
    });
    let begin = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc";
    let mut client = server.connect();
    client.send(begin).finish_sending();
    assert_eq!(block_on(results.recv()), Some(Err(BodyError::Closed)));
    // It may have closed its half only: then it gets the answer, and then the end.
    assert_eq!(client.response().text(), "late");
    assert!(client.is_closed());
    let mut client = server.connect();
    client.send(begin);
    client.reset();
    assert_eq!(block_on(results.recv()), Some(Err(BodyError::Closed)));
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(client.head().status(), 100);
    client.send("3\r\nabc\r\nxyz\r\n");
    assert!(matches!(block_on(results.recv()), Some(Err(BodyError::Malformed(_)))));
    assert_eq!(client.response().field("connection"), Some("close"));
}

#[test]
fn silent_clients_are_closed_without_an_answer() {
    let limits = Limits { socket_timeout: Duration::from_millis(150), ..Limits::default() };
    let server = TestServer::start(limits, describe);
    for begin in ["", "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"] {
        let mut client = server.connect();
        client.send(begin);
        assert!(client.is_closed(), "{begin:?}");
    }
    let limits = Limits { head_timeout: Duration::from_millis(100), ..Limits::default() };
    let server = TestServer::start(limits, describe);
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n");
    // Busy, but never done.
    while client.stream.write_all(b"X: y\r\n").is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_body_that_fails_ends_properly_or_breaks_off_as_wished() {
    let server = TestServer::start(Limits::default(), async |request: Request| {
        let body = Parts::body([Ok(Bytes::from_static(b"abc")), Err(BodyError::Closed)]);
        let mut response = Response { body, ..Response::new(StatusCode::OK) };
        match request.target.path() {
            "/abort" => response.on_body_error = mi_transport::OnBodyError::Abort,
            "/short" => response.framing = Framing::Declared(10),
            _ => {}
        }
        response
    });
    let mut client = server.connect();
    assert_eq!(client.send(GET).response().text(), "abc");
    assert!(client.is_closed());
    for target in ["/abort", "/short"] {
        let mut client = server.connect();
        client.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
        let read = String::from_utf8(client.drain()).unwrap();
        assert!(!read.ends_with("0\r\n\r\n"), "{read:?}");
    }
}

#[test]
fn a_panic_ends_one_connection_only() {
    let server = TestServer::start(Limits::default(), async |request: Request| {
        assert!(request.target.path() != "/panic", "asked for");
        text("fine")
    });
    let mut client = server.connect();
    assert!(client.send("GET /panic HTTP/1.1\r\nHost: h\r\n\r\n").is_closed());
    let mut other = server.connect();
    assert_eq!(other.send(GET).response().text(), "fine");
    assert_eq!(server.listener.connections(), 1);
}

#[test]
fn connections_are_limited() {
    let server = TestServer::start(Limits { max_connections: Some(1), ..Limits::default() }, describe);
    let mut first = server.connect();
    assert_eq!(first.send(GET).response().status(), 200);
    assert!(server.connect().is_closed());
    assert_eq!(first.send(GET).response().status(), 200);
}

#[test]
fn closing_finishes_what_is_under_way_and_drops_what_is_idle() {
    let (begun, mut beginnings) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let server = TestServer::start(Limits::default(), move |request: Request| {
        let (begun, wait) = (begun.clone(), Arc::clone(&wait));
        async move {
            begun.send(()).unwrap();
            match request.target.path() {
                "/hang" => std::future::pending().await,
                _ => wait.notified().await,
            }
            text("done")
        }
    });
    let (mut idle, mut busy) = (server.connect(), server.connect());
    busy.send(GET);
    block_on(async {
        beginnings.recv().await.unwrap();
        let closing = server.listener.close(LONG);
        let client = async {
            // The listener is closing when the idle connection is gone.
            tokio::task::spawn_blocking(move || assert!(idle.is_closed())).await.unwrap();
            go.notify_one();
        };
        assert_eq!(tokio::join!(closing, client).0, 0);
    });
    let response = busy.response();
    assert_eq!((response.text(), response.field("connection")), ("done", Some("close")));
    assert!(busy.is_closed());
    assert!(std::net::TcpStream::connect(server.listener.local_addr()).is_err());
}

#[test]
fn closing_has_an_end() {
    let server = TestServer::start(Limits::default(), async |_: Request| std::future::pending().await);
    let mut client = server.connect();
    client.send(GET);
    while server.listener.connections() == 0 {
        std::thread::yield_now();
    }
    // Whether the request has begun by now or not, the connection ends.
    let cut = block_on(server.server.drain(Duration::from_millis(50)));
    assert!(cut <= 1);
    assert_eq!(server.listener.connections(), 0);
    assert!(client.is_closed());
}

#[test]
fn a_port_is_not_shared_with_another_listener() {
    for workers in [1, 3] {
        let server = mi_transport::Server::start("test", workers).unwrap();
        let handler = Arc::new(describe);
        let any = mi_transport::ListenerConfig::new("http", "127.0.0.1:0".parse().unwrap());
        let listener = server.listen(any, Arc::clone(&handler)).unwrap();
        let same = mi_transport::ListenerConfig::new("again", listener.local_addr());
        assert_eq!(server.listen(same, handler).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        assert_eq!(support::RawClient::connect(listener.local_addr()).send(GET).response().status(), 200);
    }
}

#[test]
fn a_body_of_unknown_length_is_collected_when_its_length_must_be_told() {
    let server = TestServer::start(Limits { max_buffered: 5, ..Limits::default() }, async |request: Request| {
        Response { body: request.body, framing: Framing::Length, ..Response::new(StatusCode::OK) }
    });
    let mut client = server.connect();
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        .send("2\r\ncd\r\n0\r\n\r\n");
    let response = client.response();
    assert_eq!((response.text(), response.field("content-length")), ("abcd", Some("4")));
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab").send("cdefghi\r\n0\r\n\r\n");
    assert_eq!(client.response().status(), 502);
    assert!(client.is_closed());
}

#[test]
fn requests_and_responses_are_logged_on_both_sides() {
    let directory = tempfile::tempdir().unwrap();
    let config = AccessLogConfig { date_format: None, ..AccessLogConfig::new(directory.path()) };
    let log = Some(AccessLog::open(config).unwrap());
    let back_end = support::BackEnd::answering("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
    let destination = back_end.destination();
    let client = Client::new(ClientConfig { access_log: log.clone(), ..ClientConfig::default() });
    let handler = move |request: Request| {
        let (client, request) = (client.clone(), support::post(&destination, request.body));
        async move {
            let answer = client.send(request).await.unwrap();
            Response { body: answer.body, ..Response::new(answer.status) }
        }
    };
    let server = mi_transport::Server::start("test", 1).unwrap();
    let any = mi_transport::ListenerConfig::new("http", "127.0.0.1:0".parse().unwrap());
    let listener = server.listen(mi_transport::ListenerConfig { access_log: log, ..any }, Arc::new(handler)).unwrap();
    let mut peer = support::RawClient::connect(listener.local_addr());
    let asked = "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nReferer: there\r\nConnection: close\r\n\r\nab";
    assert_eq!(peer.send(asked).response().text(), "ok");
    assert!(peer.is_closed());
    block_on(server.drain(LONG));
    // The last owners of the log are gone with the server, and then everything is on the disk.
    drop((listener, server));
    let text = std::fs::read_to_string(directory.path().join("http_access_.log")).unwrap();
    let ends: Vec<&str> = text.lines().filter_map(|line| line.split_once("] ").map(|(_, end)| end)).collect();
    let expected = [
        "\"PUT /a HTTP/1.1\" - - \"there\" \"-\"",
        "\"POST /post HTTP/1.1\" - - \"-\" \"-\"",
        "\"- - \" 201 2 \"-\" \"-\"",
        "\"- - \" 201 2 \"-\" \"-\"",
    ];
    assert_eq!(ends, expected, "{text}");
}

/// Passes upgrades on to a back end.
fn upgrading(back_end: &support::BackEnd) -> TestServer {
    let (client, destination) = (support::client(), back_end.destination());
    TestServer::start(Limits::default(), move |request: Request| {
        let (client, mut forward) = (client.clone(), support::get(&destination, "/socket"));
        forward.options.upgrade = request.headers.get("upgrade").cloned();
        async move {
            match client.send(forward).await {
                Ok(answer) => Response {
                    headers: answer.headers,
                    upgrade: answer.upgraded,
                    body: answer.body,
                    ..Response::new(answer.status)
                },
                Err(error) => text(error.to_string()),
            }
        }
    })
}

const UPGRADE: &str = "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst ";

#[test]
fn an_upgraded_connection_is_passed_through() {
    let back_end = support::BackEnd::start(|mut peer, _| {
        let head = peer.try_head().unwrap();
        assert!(head.contains("\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"), "{head}");
        peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello ");
        let seen = peer.until(b"!");
        peer.send(seen);
    });
    let server = upgrading(&back_end);
    let mut client = server.connect();
    // What comes before the answer belongs to the new protocol, too.
    let response = client.send(UPGRADE).head();
    assert_eq!((response.status(), response.field("connection")), (101, Some("Upgrade")));
    assert_eq!(response.field("upgrade"), Some("echo"));
    assert_eq!(client.exactly(6), b"hello ");
    client.send("second!");
    assert_eq!(client.exactly(13), b"first second!");
    assert!(client.is_closed());
}

#[test]
fn an_upgraded_connection_ends_with_its_listener() {
    let back_end = support::BackEnd::start(|mut peer, _| {
        peer.try_head();
        peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n").drain();
    });
    let server = upgrading(&back_end);
    let mut client = server.connect();
    assert_eq!(client.send(UPGRADE).head().status(), 101);
    assert_eq!(block_on(server.server.drain(LONG)), 0);
    assert!(client.is_closed());
}

#[test]
fn an_upgrade_that_nobody_asked_for_or_takes_is_an_error() {
    let back_end = support::BackEnd::answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n");
    let server = upgrading(&back_end);
    assert!(server.connect().send(GET).response().text().contains("an upgrade that was not asked for"));
    let handler = async |_: Request| Response::new(StatusCode::SWITCHING_PROTOCOLS);
    let server = TestServer::start(Limits::default(), handler);
    assert_eq!(server.connect().send(GET).response().status(), 502);
}

/// A body that says when it is asked for, and ends when it is told to.
struct Gate {
    asked: Option<mpsc::UnboundedSender<()>>,
    open: mpsc::UnboundedReceiver<()>,
}

impl http_body::Body for Gate {
    type Data = bytes::Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, BodyError>>> {
        if let Some(asked) = self.asked.take() {
            asked.send(()).unwrap();
        }
        self.open.poll_recv(cx).map(|_| None)
    }
}

#[test]
fn a_connection_whose_response_is_being_written_at_the_time_of_closing_ends_with_it() {
    let (asked, mut asking) = mpsc::unbounded_channel();
    let (open, gate) = mpsc::unbounded_channel();
    let gate = std::sync::Mutex::new(Some(Gate { asked: Some(asked), open: gate }));
    let server = TestServer::start(Limits::default(), move |_: Request| {
        let body = mi_payload::Body::Stream(Box::pin(gate.lock().unwrap().take().unwrap()));
        async { Response { body, ..Response::new(StatusCode::OK) } }
    });
    let mut client = server.connect();
    client.send(GET);
    block_on(async {
        asking.recv().await.unwrap();
        let mut head = client;
        let closing = server.listener.close(LONG * 10);
        let client = tokio::task::spawn_blocking(move || {
            // The head promised that the connection would be kept.
            assert_eq!(head.head().field("connection"), None);
            open.send(()).unwrap();
            assert_eq!(head.exactly(5), b"0\r\n\r\n");
            assert!(head.is_closed());
        });
        let (cut, client) = tokio::join!(closing, client);
        client.unwrap();
        assert_eq!(cut, 0);
    });
}
