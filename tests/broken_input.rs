//! Broken artifacts and broken requests: a clear error each, and the server goes on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use mi_e2e::{Builder, Server, eventually};

fn api(inside: &str) -> String {
    format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='a' context='/a'><resource methods='POST'><inSequence>{inside}\
         <respond/></inSequence></resource></api>"
    )
}

const GOOD: &str = "<api xmlns='http://ws.apache.org/ns/synapse' name='good' context='/good'><resource methods='POST'>\
                    <inSequence><log level='full'/><respond/></inSequence></resource></api>";

/// What the default fault sequence logs of a body that cannot be read.
const UNREADABLE: &str =
    "ERROR_CODE = 601000, ERROR_MESSAGE = Error while building message. Error while building Passthrough stream";

fn goes_on(server: &Server) {
    let answer = server.request("POST", "/good", "application/xml", "<a/>");
    assert_eq!((answer.status, answer.body.as_str()), (200, "<a />"));
}

fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn broken_artifacts_are_reported_with_their_place_and_the_rest_deploys() {
    let deep = format!("{}{}", "<x>".repeat(10_000), "</x>".repeat(10_000));
    let server = Builder::new()
        .artifact("api/good.xml", GOOD)
        .artifact("api/malformed.xml", "<api\n  name='x'>\n</apx>")
        .artifact("api/unknown.xml", &api("\n<lgo/>"))
        .artifact("api/attribute.xml", &api("\n<log level='loud'/>"))
        .artifact("api/expression.xml", &api("\n<filter xpath='//a['><drop/></filter>"))
        .artifact("api/place.xml", "<sequence xmlns='http://ws.apache.org/ns/synapse' name='s'/>")
        .artifact("api/deep.xml", &deep)
        .artifact("api/dtd.xml", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>")
        .artifact(
            "sequences/one.xml",
            "<sequence xmlns='http://ws.apache.org/ns/synapse' name='one'><sequence key='two'/></sequence>",
        )
        .artifact(
            "sequences/two.xml",
            "<sequence xmlns='http://ws.apache.org/ns/synapse' name='two'><sequence key='one'/></sequence>",
        )
        .start();
    for expected in [
        "api/malformed.xml:3:",
        "api/unknown.xml:2:1: Unknown mediator referenced by configuration element : {http://ws.apache.org/ns/synapse}lgo (did you mean 'log'?)",
        "api/attribute.xml:2:",
        "Invalid log level. Level has to be one of the following : simple, headers, full, custom",
        "api/expression.xml:2:",
        "Invalid XPath expression for attribute xpath : //a[",
        "<sequence> belongs into the folder 'sequences'",
        "api/deep.xml:1:",
        "api/dtd.xml:1:",
        "calls itself: one > two > one",
    ] {
        server.expect_log(expected);
    }
    assert!(!server.log().contains("root:"), "an external entity was read");
    goes_on(&server);
}

#[test]
fn broken_messages_run_the_fault_sequence() {
    let server = Builder::new().artifact("api/good.xml", GOOD).start();
    let deep = format!("{}{}", "<x>".repeat(10_000), "</x>".repeat(10_000));
    let broken = [
        ("application/xml", "<a><b></a>"),
        ("application/xml", deep.as_str()),
        ("application/xml", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"),
        ("text/plain; charset=no-such", "x"),
        ("multipart/form-data", "no boundary"),
    ];
    for (before, (content_type, body)) in broken.into_iter().enumerate() {
        let answer = server.request("POST", "/good", content_type, body);
        assert_eq!(answer.status, 202, "{content_type}: the default fault sequence logs and drops");
        let told = || server.log().matches(UNREADABLE).count();
        assert!(eventually(Duration::from_secs(5), || told() == before + 1), "{content_type}: {}", server.log());
    }
    let answer = server.request("POST", "/good", "application/json", "abc");
    assert_eq!(answer.status, 202);
    server.expect_log("ERROR_CODE = 0, ERROR_MESSAGE = Error while building message");
    goes_on(&server);
}

#[test]
fn broken_requests_are_refused() {
    let server = Builder::new().artifact("api/good.xml", GOOD).start();
    let head = raw(&server, format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(100 << 20)).as_bytes());
    assert!(head.starts_with("HTTP/1.1 431"), "{}", &head[..head.len().min(200)]);
    for broken in [
        "GARBAGE\r\n\r\n",
        "POST /good HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /good HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /good HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    ] {
        let answer = raw(&server, broken.as_bytes());
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.to_lowercase().contains("connection: close"),
            "{broken:?}: {answer}"
        );
    }
    assert!(raw(&server, b"BREW / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 501"));
    goes_on(&server);
}
