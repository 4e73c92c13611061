//! The client against back ends that do as they should, and the pool.

mod support;

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, Version};
use mi_transport::{Client, ClientConfig, ClientErrorKind, ClientRequest, Framing};
use support::{BackEnd, LONG, Parts, client, get, post};

async fn body_of(response: mi_transport::ClientResponse) -> String {
    let bytes = response.body.collect(u64::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn connections_are_used_again() {
    let back_end = BackEnd::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\nok");
    let (client, destination) = (client(), back_end.destination());
    for _ in 0..5 {
        let response = client.send(get(&destination, "/a?b")).await.unwrap();
        assert_eq!(
            (response.status, response.version, response.reason.clone()),
            (StatusCode::OK, Version::HTTP_11, None)
        );
        assert_eq!(response.headers.get_all("x-a").iter().count(), 2);
        assert_eq!(body_of(response).await, "ok");
    }
    assert_eq!((back_end.connections(), destination.connections(), client.idle_connections()), (1, 1, 1));
    // Another client shares nothing with this one.
    body_of(support::client().send(get(&destination, "/")).await.unwrap()).await;
    assert_eq!(back_end.connections(), 2);
    client.close_idle();
    assert_eq!(client.idle_connections(), 0);
}

#[tokio::test]
async fn connections_that_end_are_not_used_again() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=0\r\n\r\nok",
    ] {
        let back_end = BackEnd::answering(answer);
        let (client, destination) = (client(), back_end.destination());
        for _ in 0..2 {
            assert_eq!(body_of(client.send(get(&destination, "/")).await.unwrap()).await, "ok");
        }
        assert_eq!(back_end.connections(), 2, "{answer:?}");
    }
    let back_end = BackEnd::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let destination = back_end.destination();
    let config = ClientConfig { lifespan: Some(Duration::ZERO), ..ClientConfig::default() };
    let client = Client::new(config);
    for _ in 0..2 {
        body_of(client.send(get(&destination, "/")).await.unwrap()).await;
    }
    assert_eq!(back_end.connections(), 2);
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_is_replaced_where_that_is_safe() {
    // Answers one request a connection, then closes without having said so.
    let back_end = BackEnd::start(|mut peer, _| {
        if peer.try_head().is_some() {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let (client, destination) = (client(), back_end.destination());
    for _ in 0..20 {
        assert_eq!(body_of(client.send(get(&destination, "/")).await.unwrap()).await, "ok");
    }
    assert_eq!(back_end.connections(), 20);
}

#[tokio::test]
async fn a_request_that_may_have_been_served_is_repeated_only_if_that_is_harmless() {
    // The second request on a connection is read, and answered by closing.
    let back_end = BackEnd::start(|mut peer, _| {
        if peer.try_head().is_some() {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            peer.try_head();
        }
    });
    let (client, destination) = (client(), back_end.destination());
    let first = client.send(get(&destination, "/")).await.unwrap();
    assert_eq!(body_of(first).await, "ok");
    let error = client.send(post(&destination, Bytes::from_static(b"x"))).await.unwrap_err();
    assert!(matches!(error.kind, ClientErrorKind::Closed | ClientErrorKind::Io(_)), "{error}");
    assert_eq!(error.state_code(), 3);
    assert_eq!(back_end.connections(), 1);
    let first = client.send(get(&destination, "/")).await.unwrap();
    assert_eq!(body_of(first).await, "ok");
    let second = ClientRequest { method: Method::PUT, ..post(&destination, Bytes::from_static(b"x")) };
    assert_eq!(body_of(client.send(second).await.unwrap()).await, "ok");
    assert_eq!(back_end.connections(), 3);
}

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let back_end = BackEnd::answering(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 299 Fine indeed\r\nContent-Length: 0\r\n\r\n",
    );
    let response = client().send(get(&back_end.destination(), "/")).await.unwrap();
    assert_eq!((response.status.as_u16(), response.reason.as_deref()), (299, Some(&b"Fine indeed"[..])));
    assert!(!response.headers.contains_key("link"));
}

#[tokio::test]
async fn answers_without_a_body_leave_the_connection_usable() {
    for (method, answer) in [
        (Method::HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
        (Method::HEAD, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (Method::GET, "HTTP/1.1 204 No Content\r\n\r\n"),
        (Method::GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"),
        (Method::GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ] {
        let back_end = BackEnd::answering(answer);
        let (client, destination) = (client(), back_end.destination());
        for _ in 0..2 {
            let request = ClientRequest { method: method.clone(), ..get(&destination, "/") };
            assert_eq!(body_of(client.send(request).await.unwrap()).await, "");
        }
        assert_eq!(back_end.connections(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn bodies_come_however_they_are_sent() {
    let data: Vec<u8> = (0..300_000u32).map(|n| b'a' + (n % 23) as u8).collect();
    let expected = data.clone();
    let back_end = BackEnd::start(move |mut peer, _| {
        while let Some(head) = peer.try_head() {
            match head.split(' ').nth(1) {
                Some("/length") => {
                    peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", data.len())).send(&data);
                }
                Some("/chunks") => {
                    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                    for part in data.chunks(777) {
                        peer.send(format!("{:x};ext=1\r\n", part.len())).send(part).send("\r\n");
                    }
                    peer.send("0\r\nTrailer: x\r\n\r\n");
                }
                Some("/bytes") => {
                    peer.stream.set_nodelay(true).unwrap();
                    for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                    {
                        peer.send([*byte]);
                    }
                }
                _ => {
                    peer.send("HTTP/1.1 200 OK\r\n\r\n").send(&data);
                    return;
                }
            }
        }
    });
    let (client, destination) = (client(), back_end.destination());
    for target in ["/length", "/chunks", "/bytes", "/close"] {
        let body = body_of(client.send(get(&destination, target)).await.unwrap()).await;
        let expected = if target == "/bytes" { b"abcde" } else { &expected[..] };
        assert!(body.as_bytes() == expected, "{target}");
    }
    assert_eq!(back_end.connections(), 1);
}

/// A back end that answers with the request as it came.
fn mirror() -> BackEnd {
    BackEnd::start(|mut peer, _| {
        let head = peer.try_head().unwrap();
        let body = if head.contains("chunked") { peer.until(b"0\r\n\r\n") } else { peer.exactly(6) };
        peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").send(head).send(body);
    })
}

#[tokio::test]
async fn requests_are_framed_as_wished() {
    let back_end = mirror();
    let (client, destination) = (client(), back_end.destination());
    let parts = || Parts::body([Ok(Bytes::from_static(b"abc")), Ok(Bytes::from_static(b"def"))]);
    let seen = body_of(client.send(post(&destination, parts())).await.unwrap()).await;
    assert!(
        seen.ends_with("Transfer-Encoding: chunked\r\nConnection: Keep-Alive\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"),
        "{seen}"
    );
    for (framing, http_10) in [(Framing::Length, false), (Framing::Declared(6), false), (Framing::Chunked, true)] {
        let mut request = post(&destination, parts());
        request.options.framing = framing;
        request.options.http_10 = http_10;
        let seen = body_of(client.send(request).await.unwrap()).await;
        assert!(
            seen.starts_with(if http_10 { "POST /post HTTP/1.0\r\n" } else { "POST /post HTTP/1.1\r\n" }),
            "{seen}"
        );
        assert!(seen.contains("\r\nContent-Length: 6\r\n") && seen.ends_with("\r\n\r\nabcdef"), "{seen}");
        assert!(!seen.contains("chunked"), "{seen}");
    }
}

#[tokio::test]
async fn an_early_answer_ends_the_request() {
    let back_end = BackEnd::start(|mut peer, _| {
        peer.try_head();
        peer.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig");
        peer.drain();
    });
    let (client, destination) = (client(), back_end.destination());
    let endless = Parts::body((0..100_000).map(|_| Ok(Bytes::from_static(&[b'x'; 10_000]))));
    let response = client.send(post(&destination, endless)).await.unwrap();
    assert_eq!((response.status, response.early), (StatusCode::PAYLOAD_TOO_LARGE, true));
    assert_eq!(body_of(response).await, "big");
    assert_eq!((client.idle_connections(), destination.connections()), (0, 0));
}

#[tokio::test]
async fn connections_to_a_destination_are_limited() {
    let back_end = BackEnd::answering("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nok");
    let client = Client::new(ClientConfig { max_connections: 1, ..ClientConfig::default() });
    let destination = back_end.destination();
    let first = client.send(get(&destination, "/")).await.unwrap();
    let error = client.send(get(&destination, "/")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (101_504, "No available connections to serve the request"));
    drop(first);
    client.send(get(&destination, "/")).await.unwrap();
}

#[tokio::test]
async fn large_answers_are_refused_when_that_is_configured() {
    let back_end = BackEnd::start(|mut peer, _| {
        let head = peer.try_head().unwrap();
        if head.contains("/length") {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n");
        } else {
            peer.send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nabcdefgh\r\n8\r\nabcdefgh\r\n0\r\n\r\n",
            );
        }
        peer.drain();
    });
    let client = Client::new(ClientConfig { max_body: Some(10), ..ClientConfig::default() });
    let destination = back_end.destination();
    let error = client.send(get(&destination, "/length")).await.unwrap_err();
    assert!(matches!(error.kind, ClientErrorKind::TooLarge(10)));
    let response = client.send(get(&destination, "/chunks")).await.unwrap();
    let error = response.body.collect(u64::MAX).await.unwrap_err();
    assert_eq!(error, mi_payload::BodyError::TooLarge { limit: 10 });
}

#[tokio::test]
async fn idle_connections_are_closed_when_their_time_has_come() {
    let (told, mut closed) = tokio::sync::mpsc::unbounded_channel();
    let back_end = BackEnd::start(move |mut peer, _| {
        peer.try_head();
        peer.stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        peer.drain();
        told.send(()).unwrap();
    });
    let client = Client::new(ClientConfig { idle_timeout: Duration::from_millis(10), ..ClientConfig::default() });
    let destination = back_end.destination();
    body_of(client.send(get(&destination, "/")).await.unwrap()).await;
    tokio::time::timeout(LONG, closed.recv()).await.unwrap();
    assert_eq!((client.idle_connections(), destination.connections()), (0, 0));
}

#[test]
fn a_thread_that_runs_another_runtime_does_not_use_the_connections_of_the_last() {
    let back_end = BackEnd::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let (client, destination) = (client(), back_end.destination());
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let body = runtime.block_on(async { body_of(client.send(get(&destination, "/")).await.unwrap()).await });
        assert_eq!(body, "ok");
    }
    assert_eq!(back_end.connections(), 2);
}
