//! Peers that misbehave: each failure has its type and MI's code, and leaves nothing behind.

mod support;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use mi_payload::BodyError;
use mi_transport::client::Scheme;
use mi_transport::{
    Client, ClientConfig, ClientError, ClientErrorKind, ClientRequest, Destination, Limits, Request, Response,
};
use support::{BackEnd, LONG, Parts, RawClient, TestServer, client, client_with, get, post};

const SHORT: Duration = Duration::from_millis(100);

/// Descriptors are counted for the whole process, so the tests of this file take turns.
static TURN: Mutex<()> = Mutex::new(());

fn run<T>(test: impl Future<Output = T>) -> T {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(LONG * 3, test).await.expect("done in time") })
}

fn is_closed(kind: &ClientErrorKind) -> bool {
    matches!(kind, ClientErrorKind::Closed)
}

/// Bytes that are more than any socket buffers hold.
fn large() -> mi_payload::Body {
    Parts::body((0..10_000).map(|_| Ok(Bytes::from_static(&[b'x'; 10_000]))))
}

#[test]
fn refused_and_unknown() {
    run(async {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let nobody = Destination::new(Scheme::Http, "127.0.0.1", Some(port)).unwrap();
        let error = client().send(get(&nobody, "/")).await.unwrap_err();
        assert!(matches!(error.kind, ClientErrorKind::ConnectFailed(_)), "{error}");
        assert_eq!((error.code(), error.base_code(), error.state_code()), (101_503, 101_503, 0));
        let unknown = Destination::new(Scheme::Http, "no-such-host.invalid", None).unwrap();
        let error = client().send(get(&unknown, "/")).await.unwrap_err();
        assert!(matches!(error.kind, ClientErrorKind::UnknownHost(_)), "{error}");
        assert_eq!((error.code(), error.message()), (101_503, "Error connecting to the back end"));
        assert_eq!(unknown.connections() + nobody.connections(), 0);
    });
}

#[test]
fn connecting_takes_too_long() {
    run(async {
        // A listener that accepts nothing and whose queue is full lets further connections hang.
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let port = socket.local_addr().unwrap().as_socket().unwrap().port();
        let destination = Destination::new(Scheme::Http, "127.0.0.1", Some(port)).unwrap();
        let client =
            Client::new(ClientConfig { connect_timeout: SHORT, socket_timeout: SHORT, ..ClientConfig::default() });
        let mut held = Vec::new();
        loop {
            held.push(std::net::TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), SHORT));
            if held.last().is_some_and(Result::is_err) {
                break;
            }
        }
        let error = client.send(get(&destination, "/")).await.unwrap_err();
        assert!(matches!(error.kind, ClientErrorKind::ConnectTimeout), "{error}");
        assert_eq!(error.code(), 101_508);
    });
}

/// Sends to a back end with the given script: what comes of it.
async fn against(
    script: impl Fn(RawClient) + Send + Sync + 'static,
    request: impl FnOnce(&Arc<Destination>) -> ClientRequest,
) -> Result<Result<Bytes, BodyError>, ClientError> {
    let back_end = BackEnd::start(move |peer, _| script(peer));
    let destination = back_end.destination();
    let client = client_with(SHORT * 3);
    let response = client.send(request(&destination)).await;
    let result = match response {
        Ok(response) => Ok(response.body.collect(u64::MAX).await),
        Err(error) => Err(error),
    };
    client.close_idle();
    assert_eq!(destination.connections(), 0, "a connection is left over");
    result
}

fn code(result: &Result<Result<Bytes, BodyError>, ClientError>) -> u32 {
    result.as_ref().expect_err("no response").code()
}

#[test]
fn the_back_end_closes_or_resets_before_it_answers() {
    run(async {
        let get = |to: &Arc<Destination>| get(to, "/");
        // Having read the request.
        let closed = against(|mut peer| drop(peer.try_head()), get).await;
        assert_eq!(code(&closed), 101_508);
        assert!(is_closed(&closed.unwrap_err().kind));
        let reset = against(
            |mut peer| {
                peer.try_head();
                peer.reset();
            },
            get,
        )
        .await;
        assert_eq!(code(&reset), 101_503);
        let error = reset.unwrap_err();
        assert_eq!((error.base_code(), error.state.name()), (101_500, "REQUEST_DONE"));
        // Within the head of the answer.
        for begin in ["H", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Le"] {
            let closed = against(
                move |mut peer| {
                    peer.try_head();
                    peer.send(begin);
                },
                get,
            )
            .await;
            assert_eq!(code(&closed), 101_508, "{begin:?}");
        }
        // At once: the request may or may not have gone out.
        let closed = against(drop, get).await;
        assert!(matches!(code(&closed), 101_501..=101_503 | 101_506..=101_508), "{closed:?}");
    });
}

#[test]
fn the_back_end_closes_while_the_request_is_sent() {
    run(async {
        let closed = against(|mut peer| drop(peer.try_head()), |to| post(to, large())).await;
        let error = closed.unwrap_err();
        assert!(matches!(error.kind, ClientErrorKind::Closed | ClientErrorKind::Io(_)), "{error}");
        assert_eq!(error.state_code(), 2);
        let stuck = against(
            |mut peer| {
                peer.try_head();
                // Reads no more, and keeps the connection until it ends.
                std::thread::sleep(SHORT * 8);
            },
            |to| post(to, large()),
        )
        .await;
        let error = stuck.unwrap_err();
        assert!(matches!(error.kind, ClientErrorKind::TimedOut), "{error}");
        assert_eq!((error.code(), error.state_code()), (101_506, 2));
    });
}

#[test]
fn the_back_end_is_silent() {
    run(async {
        for begin in ["", "HTTP/1.1 200 OK\r\n"] {
            let silent = against(
                move |mut peer| {
                    peer.try_head();
                    peer.send(begin).drain();
                },
                |to| get(to, "/"),
            )
            .await;
            assert_eq!(code(&silent), 101_507, "{begin:?}");
        }
        for begin in ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "HTTP/1.1 200 OK\r\n\r\nabc"] {
            let silent = against(
                move |mut peer| {
                    peer.try_head();
                    peer.send(begin).drain();
                },
                |to| get(to, "/"),
            )
            .await;
            assert_eq!(silent.unwrap(), Err(BodyError::TimedOut), "{begin:?}");
        }
    });
}

#[test]
fn the_back_end_answers_nonsense() {
    run(async {
        for nonsense in [
            "SSH-2.0-OpenSSH_9\r\n\r\n",
            "220 smtp ready\r\n",
            "<html>",
            "HTTP/1.1 abc\r\n\r\n",
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "\0\0\0",
        ] {
            let answer = against(
                move |mut peer| {
                    peer.try_head();
                    peer.send(nonsense).drain();
                },
                |to| get(to, "/"),
            )
            .await;
            assert_eq!(code(&answer), 101_506 + 3, "{nonsense:?}");
            assert!(matches!(answer.unwrap_err().kind, ClientErrorKind::Protocol(_)));
        }
    });
}

#[test]
fn the_back_end_breaks_its_body_off() {
    run(async {
        for (answer, error) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", BodyError::Closed),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", BodyError::Closed),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", BodyError::Closed),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", BodyError::Closed),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", BodyError::Closed),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", BodyError::Closed),
        ] {
            let broken = against(
                move |mut peer| {
                    peer.try_head();
                    peer.send(answer);
                },
                |to| get(to, "/"),
            )
            .await;
            assert_eq!(broken.unwrap(), Err(error), "{answer:?}");
        }
        let reset = against(
            |mut peer| {
                peer.try_head();
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
                peer.reset();
            },
            |to| get(to, "/"),
        )
        .await;
        // A reset may overtake what was sent before it.
        assert!(matches!(reset, Ok(Err(BodyError::Closed)) | Err(_)), "{reset:?}");
    });
}

#[test]
fn the_request_itself_breaks_off() {
    run(async {
        let parts = || Parts::body([Ok(Bytes::from_static(b"abc")), Err(BodyError::Closed)]);
        let broken = against(|mut peer| drop(peer.drain()), |to| post(to, parts())).await;
        let error = broken.unwrap_err();
        assert!(matches!(error.kind, ClientErrorKind::RequestBody(BodyError::Closed)), "{error}");
        let short = against(
            |mut peer| drop(peer.drain()),
            |to| {
                let mut request = post(to, Parts::body([Ok(Bytes::from_static(b"abc"))]));
                request.options.framing = mi_transport::Framing::Declared(10);
                request
            },
        )
        .await;
        assert!(matches!(short.unwrap_err().kind, ClientErrorKind::RequestTooShort));
    });
}

/// Passes requests on to a back end, bodies streaming both ways.
fn proxy(client: Client, to: Arc<Destination>) -> impl mi_transport::Handler {
    move |request: Request| {
        let mut forward = get(&to, "/back");
        (forward.method, forward.body) = (request.method, request.body);
        let client = client.clone();
        async move {
            match client.send(forward).await {
                Ok(answer) => Response { body: answer.body, ..Response::new(answer.status) },
                Err(error) => {
                    let mut response = support::text(error.code().to_string());
                    response.status = StatusCode::BAD_GATEWAY;
                    response
                }
            }
        }
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Whatever either side does, descriptors and tasks come back to where they were.
#[test]
fn nothing_leaks() {
    run(async {
        let served = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&served);
        let back_end = BackEnd::start(move |mut peer, number| {
            counter.fetch_add(1, Ordering::SeqCst);
            // Errors are the point here: the other side may be gone at any moment.
            match number % 7 {
                0 => drop(peer.try_head()),
                1 => {
                    peer.try_head();
                    peer.reset();
                }
                2 => {
                    peer.try_head();
                    let _ = peer.stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
                }
                3 => {
                    peer.try_head();
                    let _ = peer.stream.write_all(b"nonsense\r\n\r\n");
                }
                4 => {
                    peer.try_head();
                    let _ = peer.stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
                    peer.reset();
                }
                5 => drop(peer),
                _ => {
                    peer.try_head();
                    let _ =
                        peer.stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
                }
            }
        });
        let destination = back_end.destination();
        let client = client_with(Duration::from_secs(5));
        let handler = proxy(client.clone(), Arc::clone(&destination));
        let server = TestServer::start(Limits { linger: SHORT, ..Limits::default() }, handler);
        let address = server.listener.local_addr();
        let tasks = || server.server.runtimes().map(|runtime| runtime.metrics().num_alive_tasks()).sum::<usize>();
        let (descriptors_before, tasks_before) = (descriptors(), tasks());
        let clients = move || {
            for number in 0..10_000 {
                let mut peer = RawClient::connect(address);
                let _ = match number % 5 {
                    0 => peer.stream.write_all(b"GET / HT"),
                    1 => peer.stream.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"),
                    2 => {
                        peer.stream.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
                    }
                    3 => {
                        let sent = peer.stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
                        peer.drain_some();
                        sent
                    }
                    _ => peer.stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
                };
                if number % 3 == 0 {
                    peer.reset();
                }
            }
        };
        tokio::task::spawn_blocking(clients).await.unwrap();
        assert!(served.load(Ordering::SeqCst) > 100);
        let settled = async {
            while server.listener.connections() > 0
                || destination.connections() > 0
                || tasks() > tasks_before
                || descriptors() > descriptors_before
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let settled = tokio::time::timeout(LONG, settled).await;
        let (open, outgoing) = (server.listener.connections(), destination.connections());
        assert!(
            settled.is_ok(),
            "{open} {outgoing} {} of {tasks_before} {} of {descriptors_before}",
            tasks(),
            descriptors()
        );
        // And it still works.
        let mut peer = RawClient::connect(address);
        peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert!(peer.head().status() >= 200);
    });
}

#[test]
fn a_truncated_answer_reaches_the_client_well_formed() {
    run(async {
        let back_end = BackEnd::start(|mut peer, _| {
            peer.try_head();
            peer.send("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nabc");
        });
        let server = TestServer::start(Limits::default(), proxy(client(), back_end.destination()));
        let mut peer = server.connect();
        let response = peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").response();
        assert_eq!((response.status(), response.text()), (201, "abc"));
        assert!(peer.is_closed());
    });
}

#[test]
fn a_client_that_leaves_takes_the_back_end_connection_with_it() {
    run(async {
        let (told, mut ended) = tokio::sync::mpsc::unbounded_channel();
        let back_end = BackEnd::start(move |mut peer, _| {
            peer.try_head();
            let _ = peer.stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            // Sends until nobody takes it any more.
            while peer.stream.write_all(&[b'x'; 10_000]).is_ok() {}
            told.send(()).unwrap();
        });
        let destination = back_end.destination();
        let server = TestServer::start(Limits::default(), proxy(client(), Arc::clone(&destination)));
        let mut peer = server.connect();
        assert_eq!(peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").head().status(), 200);
        peer.reset();
        ended.recv().await.unwrap();
        // The socket is closed an instant before it is counted as closed.
        while destination.connections() > 0 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_large_body_goes_through_in_little_memory() {
    run(async {
        let total: usize = 256 << 20;
        let back_end = BackEnd::start(move |mut peer, _| {
            peer.try_head();
            let block = vec![b'y'; 1 << 20];
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n"));
            for _ in 0..total >> 20 {
                peer.send(&block);
            }
        });
        let server = TestServer::start(Limits::default(), proxy(client(), back_end.destination()));
        let before = resident();
        let mut peer = server.connect();
        peer.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let (mut seen, mut space, mut most) = (0, vec![0; 1 << 16], 0);
        loop {
            let count = std::io::Read::read(&mut peer.stream, &mut space).unwrap();
            if count == 0 {
                break;
            }
            seen += count;
            most = most.max(if seen % 64 == 0 { resident() } else { 0 });
        }
        assert!(seen > total, "{seen}");
        assert!(most < before + (32 << 20), "{before} then {most}");
    });
}

fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn a_request_has_a_limit_of_its_own() {
    run(async {
        // Signs of life do not put it off, as they do with the socket timeout.
        let living = against(
            |mut peer| {
                peer.try_head();
                while !peer.is_closed_within(SHORT / 10) {
                    peer.try_send("HTTP/1.1 100 Continue\r\n\r\n");
                }
            },
            |to| {
                let mut request = get(to, "/");
                request.options.limit = Some(SHORT * 6);
                request
            },
        )
        .await;
        let error = living.unwrap_err();
        assert!(matches!(error.kind, ClientErrorKind::Expired), "{error}");
        assert_eq!((error.base_code(), error.state_code()), (101_504, 3));
    });
}
