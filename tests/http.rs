//! Messages over HTTP: pass-through, transformation, what back ends and clients see.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use mi_e2e::{Backend, Builder, answer, eventually};

fn pass_through(port: u16) -> String {
    format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='Pass' context='/pass'><resource methods='POST GET' url-mapping='/*'>\
         <inSequence><property name='REST_URL_POSTFIX' scope='axis2' action='remove'/>\
         <call><endpoint><address uri='http://127.0.0.1:{port}/x'/></endpoint></call><respond/></inSequence></resource></api>"
    )
}

#[test]
fn headers_and_body_pass_through() {
    let backend = Backend::echo();
    let server = Builder::new().artifact("api/Pass.xml", &pass_through(backend.port())).start();
    let answer = server.request("POST", "/pass/a", "application/x-own", "not looked at: <{\u{0}");
    assert_eq!((answer.status, answer.body.as_str()), (200, "not looked at: <{\u{0}"));
    assert_eq!(answer.header("content-type"), Some("application/x-own"));
    let received = backend.received();
    let request = received.first().expect("one request");
    assert_eq!(request.line, "POST /x HTTP/1.1");
    assert_eq!(request.header("user-agent"), Some("Synapse-PT-HttpComponents-NIO"));
    assert_eq!(request.header("transfer-encoding"), Some("chunked"));
    assert!(request.header("activityid").is_some_and(|id| id.len() == 36), "a correlation id goes along");
}

#[test]
fn the_access_log_has_both_sides_of_a_request() {
    let backend = Backend::echo();
    let settings =
        "access_log_enable=true\naccess_log_pattern=%r %s %b\naccess_log_prefix=seen_\nnhttp.is.log.rotatable=false";
    let server = Builder::new()
        .file("conf/access-log.properties", settings)
        .artifact("api/Pass.xml", &pass_through(backend.port()))
        .start();
    assert_eq!(server.request("POST", "/pass/a?b=c", "text/plain", "12345").status, 200);
    let lines = || {
        let text = std::fs::read_to_string(server.home().join("logs/seen_.log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(eventually(Duration::from_secs(10), || lines().len() >= 4), "{:?}\n{}", lines(), server.log());
    let lines = lines();
    assert_eq!(lines.first().map(String::as_str), Some("POST /pass/a?b=c HTTP/1.1 - -"));
    assert_eq!(lines.get(1).map(String::as_str), Some("POST /x HTTP/1.1 - -"));
    assert!(lines[2..].iter().all(|line| line == "- -  200 5"), "{lines:?}");
}

#[test]
fn a_large_body_passes_with_flat_memory() {
    const SIZE: usize = 256 << 20;
    let backend = Backend::start(|request| {
        let length = request.body.len().to_string();
        mi_e2e_answer(&length)
    });
    let server = Builder::new().artifact("api/Pass.xml", &pass_through(backend.port())).start();
    server.request("POST", "/pass/warm", "text/plain", "x");
    let before = server.resident_kib();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
    write!(
        stream,
        "POST /pass/big HTTP/1.1\r\nHost: h\r\nContent-Type: a/b\r\nContent-Length: {SIZE}\r\nConnection: close\r\n\r\n"
    )
    .expect("writable");
    let block = vec![b'x'; 1 << 20];
    let mut most = before;
    for _ in 0..SIZE / block.len() {
        stream.write_all(&block).expect("writable");
        most = most.max(server.resident_kib());
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(&SIZE.to_string()), "{answer}");
    assert!(most < before + 16 * 1024, "memory grew from {before} KiB to {most} KiB");
}

fn mi_e2e_answer(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn unmatched_paths_and_methods() {
    let api = "<api xmlns='http://ws.apache.org/ns/synapse' name='T' context='/t'><resource methods='GET' uri-template='/{id}'>\
               <inSequence><payloadFactory media-type='text'><format>id ${params.pathParams.id}</format></payloadFactory>\
               <respond/></inSequence></resource></api>";
    let server = Builder::new().artifact("api/T.xml", api).start();
    assert_eq!(server.get("/t/7").body, "id 7");
    assert_eq!(server.get("/t/7/8").status, 404);
    let refused = server.request("POST", "/t/7", "text/plain", "x");
    assert_eq!((refused.status, refused.header("allow")), (405, None));
    let nothing = server.get("/nothing/here");
    assert_eq!((nothing.status, nothing.body.as_str()), (404, ""));
    server.expect_log("main sequence executed for call to non-existent = /nothing/here");
    assert_eq!(server.get("/services").status, 403);
    assert_eq!(server.get("/services/Unknown").status, 404);
}

#[test]
fn a_back_end_that_refuses_runs_the_fault_sequence() {
    let port = mi_testkit::free_port().expect("a free port");
    let api = format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='F' context='/f'><resource methods='POST'><inSequence>\
         <call><endpoint><address uri='http://127.0.0.1:{port}/'/></endpoint></call><respond/></inSequence>\
         <faultSequence><payloadFactory media-type='json'><format>{{\"code\":${{props.synapse.ERROR_CODE}},\
         \"message\":\"${{props.synapse.ERROR_MESSAGE}}\"}}</format></payloadFactory>\
         <property name='HTTP_SC' value='502' scope='axis2'/><respond/></faultSequence></resource></api>"
    );
    let server = Builder::new().artifact("api/F.xml", &api).start();
    let first = server.request("POST", "/f", "text/plain", "x");
    assert_eq!(first.status, 502);
    assert_eq!(first.body, r#"{"code":101503,"message":"Error connecting to the back end"}"#);
    // The endpoint is suspended now, for thirty seconds as MI has it.
    let second = server.request("POST", "/f", "text/plain", "x");
    assert!(second.body.contains("303001") && second.body.contains("SUSPENDED"), "{}", second.body);
}

#[test]
fn a_proxy_service_sends_to_its_endpoint() {
    let backend = Backend::echo();
    let proxy = format!(
        "<proxy xmlns='http://ws.apache.org/ns/synapse' name='P' transports='http'><target><endpoint>\
         <address uri='http://127.0.0.1:{}/y'/></endpoint><outSequence><send/></outSequence></target></proxy>",
        backend.port()
    );
    let server = Builder::new().artifact("proxy-services/P.xml", &proxy).start();
    let answer = server.request("POST", "/services/P", "application/xml", "<a/>");
    assert_eq!((answer.status, answer.body.as_str()), (200, "<a/>"));
}

#[test]
fn a_proxy_publishes_the_wsdl_of_its_back_end_of_a_file_and_of_a_url() {
    const WSDL: &str = "<w:definitions xmlns:w='http://schemas.xmlsoap.org/wsdl/'><w:service name='S'><w:port name='P'>\
        <s:address xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/' location='http://inside/'/></w:port></w:service></w:definitions>";
    let back_end = Backend::start(|request| match request.line.contains("?wsdl") {
        true => answer(200, "text/xml", WSDL.as_bytes()),
        false => answer(404, "text/plain", b""),
    });
    let url = format!("http://127.0.0.1:{}/stock", back_end.port());
    let proxy = |name: &str, publish: &str| {
        format!(
            "<proxy xmlns='http://ws.apache.org/ns/synapse' name='{name}'><target><inSequence><respond/></inSequence></target>\
             <publishWSDL {publish}/></proxy>"
        )
    };
    let endpoint =
        format!("<endpoint xmlns='http://ws.apache.org/ns/synapse' name='E'><address uri='{url}'/></endpoint>");
    let server = Builder::new()
        .artifact("endpoints/e.xml", &endpoint)
        .artifact("proxy-services/a.xml", &proxy("A", "endpoint='E'"))
        .artifact("proxy-services/b.xml", &proxy("B", "uri='file:conf/b.wsdl'"))
        .artifact("proxy-services/c.xml", &proxy("C", &format!("uri='{url}?wsdl'")))
        .artifact("proxy-services/d.xml", &proxy("D", &format!("uri='{url}/none'")))
        .file("conf/b.wsdl", WSDL)
        .start();
    for name in ["A", "B", "C"] {
        let got = server.get(&format!("/services/{name}?wsdl"));
        assert_eq!((got.status, got.header("content-type")), (200, Some("text/xml")), "{name}");
        assert!(got.body.contains(&format!(":{}/services/{name}\"", server.port())), "{}", got.body);
    }
    assert_eq!(server.get("/services/D?wsdl").status, 500);
    server.expect_log("The WSDL of the proxy service D cannot be read: the answer is 404");
}

#[test]
fn xpath_2_is_tried_where_the_configuration_says_so() {
    let api = "<api xmlns='http://ws.apache.org/ns/synapse' name='X' context='/x'><resource methods='POST'><inSequence>\
               <payloadFactory media-type='text'><format>$1</format><args>\
               <arg expression=\"string-join(for $i in //i return concat($i, '!'), ' ')\"/></args></payloadFactory><respond/>\
               </inSequence></resource></api>";
    let switched_on =
        Builder::new().artifact("api/X.xml", api).toml("synapse.enable_xpath_dom_failover = true\n").start();
    let answer = switched_on.request("POST", "/x", "application/xml", "<a><i>1</i><i>2</i></a>");
    assert_eq!(answer.body, "1! 2!");

    let off = Builder::new().artifact("api/X.xml", api).start();
    off.expect_log("which synapse.enable_xpath_dom_failover of [mediation] switches on");
    assert_eq!(off.request("POST", "/x", "application/xml", "<a/>").status, 404);
}
