//! The properties that artifacts set and read, one case each: what goes to the back end and to the client when it is set,
//! or what it says when it is read. `docs/reference/properties.md` is the table that these are the proof of.

use std::io::{Read, Write};
use std::net::TcpStream;

use mi_e2e::{Backend, Builder, Received, Server};

/// What must hold of what the back end got and the client.
type Check = Box<dyn Fn(&Received, &Reply) -> bool>;

/// One property: what stands before and after the call, and what must come of it.
struct Case {
    /// Name of the case, which is the path of its resource too.
    name: &'static str,
    /// Mediators before the call.
    before: String,
    /// Mediators between the call and the answer.
    after: String,
    /// What the client sends beside `POST`, in its head and as its body.
    head: &'static str,
    body: &'static str,
    check: Check,
}

/// An answer as it came over the wire.
struct Reply {
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn status(&self) -> &str {
        self.head.get(9..12).unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &'_ &str| line.split_once(':').is_some_and(|(known, _)| known.eq_ignore_ascii_case(name));
        self.head.lines().find(named).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn axis2(name: &str, value: &str) -> String {
    format!("<property name='{name}' value='{value}' scope='axis2'/>")
}

fn typed(name: &str, value: &str, kind: &str) -> String {
    format!("<property name='{name}' value='{value}' scope='axis2' type='{kind}'/>")
}

fn removed(name: &str) -> String {
    format!("<property name='{name}' scope='axis2' action='remove'/>")
}

fn xml(payload: &str) -> String {
    format!("<payloadFactory media-type='xml'><format>{payload}</format><args/></payloadFactory>")
}

const JSON: &str = "Content-Type: application/json\r\n";

/// A case that looks at the request that the back end got.
fn request(name: &'static str, before: String, check: impl Fn(&Received) -> bool + 'static) -> Case {
    let check = Box::new(move |request: &Received, _: &Reply| check(request));
    Case { name, before, after: String::new(), head: JSON, body: r#"{"a":"b"}"#, check }
}

/// A case that looks at what the client got.
fn response(name: &'static str, after: String, check: impl Fn(&Reply) -> bool + 'static) -> Case {
    let check = Box::new(move |_: &Received, reply: &Reply| check(reply));
    Case { name, before: String::new(), after, head: JSON, body: r#"{"a":"b"}"#, check }
}

fn api(cases: &[Case], back_end: u16) -> String {
    let resource = |case: &Case| {
        format!(
            "<resource methods='POST' url-mapping='/{}/*'><inSequence>{}<call><endpoint><address uri='http://127.0.0.1:{back_end}/b'/>\
             </endpoint></call>{}<respond/></inSequence></resource>",
            case.name, case.before, case.after
        )
    };
    let resources: String = cases.iter().map(resource).collect();
    format!("<api xmlns='http://ws.apache.org/ns/synapse' name='P' context='/p'>{resources}</api>")
}

/// Sends a request by hand, so that nothing is tidied up on its way, and reads the answer to its end.
fn exchange(server: &Server, method: &str, path: &str, head: &str, body: &str) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: client.test\r\n{head}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).expect("writable");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let raw = &bytes[end + 4..];
    let reply = Reply { head, body: raw.to_vec() };
    let chunked = reply.header("transfer-encoding").is_some();
    Reply { body: if chunked { unchunked(raw) } else { raw.to_vec() }, ..reply }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).expect("a size");
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
        if size == 0 {
            break;
        }
    }
    body
}

fn json_back_end() -> Backend {
    Backend::start(|_| {
        let body = r#"{"from":"back end"}"#;
        let head = "HTTP/1.1 201 Made\r\nContent-Type: application/json\r\nX-Two: 1\r\nX-Two: 2\r\n";
        format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    })
}

/// Runs the cases and says which do not hold.
fn run(cases: &[Case]) {
    let backend = json_back_end();
    let server = Builder::new().artifact("api/P.xml", &api(cases, backend.port())).start();
    let mut wrong = Vec::new();
    for case in cases {
        let reply = exchange(&server, "POST", &format!("/p/{}/rest?q=1", case.name), case.head, case.body);
        let received = backend.received();
        let request = received.last().unwrap_or_else(|| panic!("{}: nothing came: {}", case.name, server.log()));
        if !(case.check)(request, &reply) {
            wrong.push(format!("{}: {request:?}\n{}\n{}", case.name, reply.head, reply.text()));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n\n"), server.log());
}

#[test]
fn properties_of_the_request_to_the_back_end() {
    let length = |request: &Received| {
        request.header("content-length") == Some("9") && request.header("transfer-encoding").is_none()
    };
    run(&[
        request("HTTP_METHOD", axis2("HTTP_METHOD", "PUT"), |request| request.line.starts_with("PUT ")),
        request("postfix-kept", String::new(), |request| request.line == "POST /b/postfix-kept/rest?q=1 HTTP/1.1"),
        request("REST_URL_POSTFIX", axis2("REST_URL_POSTFIX", "/own"), |request| {
            request.line == "POST /b/own HTTP/1.1"
        }),
        request("postfix-removed", removed("REST_URL_POSTFIX"), |request| request.line == "POST /b HTTP/1.1"),
        Case {
            head: "Content-Type: application/json\r\nX-Own: 1\r\n",
            ..request("TRANSPORT_HEADERS", removed("TRANSPORT_HEADERS"), |request| request.header("x-own").is_none())
        },
        Case {
            head: "Content-Type: application/json\r\nX-Many: 1\r\nX-Many: 2\r\n",
            ..request("many-headers", String::new(), |request| {
                request.headers.iter().filter(|(name, _)| name == "x-many").count() == 2
            })
        },
        Case {
            head: "Content-Type: application/json\r\nX-Many: 1\r\nX-Many: 2\r\n",
            ..request("EXCESS_TRANSPORT_HEADERS", removed("EXCESS_TRANSPORT_HEADERS"), |request| {
                request.headers.iter().filter(|(name, _)| name == "x-many").count() == 1
            })
        },
        request("messageType", axis2("messageType", "application/xml"), |request| {
            request.body == b"<jsonObject><a>b</a></jsonObject>"
                && request.header("content-type").is_some_and(|kind| kind.starts_with("application/xml"))
        }),
        request(
            "CHARACTER_SET_ENCODING",
            xml("<a xmlns=''>\u{e9}\u{20ac}</a>") + &axis2("CHARACTER_SET_ENCODING", "ISO-8859-1"),
            |request| {
                request.body == b"<a xmlns=\"\">\xe9&#8364;</a>"
                    && request.header("content-type").is_some_and(|kind| kind.contains("charset=ISO-8859-1"))
            },
        ),
        Case {
            head: "Content-Type: application/xml; charset=ISO-8859-1\r\n",
            body: "<a>&#233;</a>",
            ..request("charset-of-the-request", "<log/>".to_owned(), |request| request.body == b"<a>\xe9</a>")
        },
        request(
            "WRITE_XML_DECLARATION",
            xml("<a/>") + &axis2("WRITE_XML_DECLARATION", "true") + &axis2("XML_DECLARATION_STANDALONE", "true"),
            |request| request.body.starts_with(b"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><a"),
        ),
        request("without-chunking-switched-off", String::new(), |request| {
            request.header("transfer-encoding") == Some("chunked")
        }),
        request("DISABLE_CHUNKING", axis2("DISABLE_CHUNKING", "true"), length),
        request("FORCE_HTTP_1.0", axis2("FORCE_HTTP_1.0", "true"), move |request| {
            request.line.ends_with(" HTTP/1.0") && length(request)
        }),
        request(
            "COPY_CONTENT_LENGTH_FROM_INCOMING",
            axis2("FORCE_HTTP_CONTENT_LENGTH", "true") + &axis2("COPY_CONTENT_LENGTH_FROM_INCOMING", "true"),
            length,
        ),
        request("POST_TO_URI", axis2("POST_TO_URI", "true"), |request| {
            request.line.starts_with("POST http://127.0.0.1:")
        }),
        request("FULL_URI", axis2("FULL_URI", "true"), |request| request.line.starts_with("POST http://127.0.0.1:")),
        request("NO_KEEPALIVE", axis2("NO_KEEPALIVE", "true"), |request| {
            request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
        }),
        request("REQUEST_HOST_HEADER", axis2("REQUEST_HOST_HEADER", "other.test"), |request| {
            request.header("host") == Some("other.test")
        }),
        Case {
            head: "Content-Type: application/xml\r\n",
            body: "<a><b> </b></a>",
            ..request(
                "PRESERVE_SPACES",
                axis2("messageType", "application/json") + &axis2("PRESERVE_SPACES", "true"),
                |request| request.body == br#"{"a":{"b":" "}}"#,
            )
        },
        // A payload wins over the mark.
        request("NO_ENTITY_BODY", xml("<a/>") + &typed("NO_ENTITY_BODY", "true", "BOOLEAN"), |request| {
            request.body.starts_with(b"<a")
        }),
    ]);
}

#[test]
fn the_address_can_be_another() {
    let backend = json_back_end();
    let other = format!("http://127.0.0.1:{}/other", backend.port());
    let case = request("TransportURL", axis2("TransportURL", &other), |_| true);
    let server = Builder::new().artifact("api/P.xml", &api(&[case], backend.port())).start();
    exchange(&server, "POST", "/p/TransportURL/x", JSON, "{}");
    assert_eq!(backend.received().first().expect("one").line, "POST /other HTTP/1.1");
}

#[test]
fn properties_of_the_answer_to_the_client() {
    let text = |text: &str| format!("<payloadFactory media-type='text'><format>{text}</format></payloadFactory>");
    run(&[
        response("status-of-the-back-end", String::new(), |reply| reply.head.starts_with("HTTP/1.1 201 Made\r\n")),
        response("HTTP_SC", axis2("HTTP_SC", "418"), |reply| reply.status() == "418"),
        response("HTTP_SC_DESC", axis2("HTTP_SC", "404") + &axis2("HTTP_SC_DESC", "Gone fishing"), |reply| {
            reply.head.starts_with("HTTP/1.1 404 Gone fishing\r\n")
        }),
        response("HTTP_SC-no-number", axis2("HTTP_SC", "many"), |reply| reply.status() == "200"),
        response("SC_ACCEPTED", axis2("SC_ACCEPTED", "true") + &axis2("HTTP_SC", "500"), |reply| {
            reply.status() == "202"
        }),
        response(
            "IGNORE_SC_ACCEPTED",
            axis2("SC_ACCEPTED", "true") + &axis2("IGNORE_SC_ACCEPTED", "true") + &axis2("HTTP_SC", "500"),
            |reply| reply.status() == "500",
        ),
        response("ERROR_CODE", typed("ERROR_CODE", "101500", "INTEGER"), |reply| {
            reply.status() == "502"
                && reply.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
        }),
        response("messageType", axis2("messageType", "application/xml"), |reply| {
            reply.text() == "<jsonObject><from>back end</from></jsonObject>"
        }),
        // Not built: the header says what the property says, the bytes are the back end's.
        response("ContentType", axis2("ContentType", "application/x-own"), |reply| {
            reply.header("content-type") == Some("application/x-own") && reply.text() == r#"{"from":"back end"}"#
        }),
        response("charset-appended", text("x"), |reply| {
            reply.header("content-type") == Some("text/plain; charset=UTF-8")
        }),
        response("setCharacterEncoding", text("x") + &axis2("setCharacterEncoding", "false"), |reply| {
            reply.header("content-type") == Some("text/plain")
        }),
        response("CHARACTER_SET_ENCODING", text("\u{e9}") + &axis2("CHARACTER_SET_ENCODING", "ISO-8859-1"), |reply| {
            reply.header("content-type") == Some("text/plain; charset=ISO-8859-1") && reply.body == b"\xe9"
        }),
        response("NO_ENTITY_BODY", typed("NO_ENTITY_BODY", "true", "BOOLEAN"), |reply| reply.body.is_empty()),
        response("chunked", String::new(), |reply| reply.header("transfer-encoding") == Some("chunked")),
        response("DISABLE_CHUNKING", axis2("DISABLE_CHUNKING", "true"), |reply| {
            reply.header("content-length") == Some("19") && reply.header("transfer-encoding").is_none()
        }),
        response("FORCE_HTTP_1.0", axis2("FORCE_HTTP_1.0", "true"), |reply| {
            reply.header("content-length") == Some("19")
        }),
        response("FORCE_HTTP_CONTENT_LENGTH", axis2("FORCE_HTTP_CONTENT_LENGTH", "true"), |reply| {
            reply.header("content-length") == Some("19")
        }),
        response("NO_KEEPALIVE", axis2("NO_KEEPALIVE", "true"), |reply| {
            reply.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
        }),
        response("TRANSPORT_HEADERS", removed("TRANSPORT_HEADERS"), |reply| reply.header("x-two").is_none()),
        response("EXCESS_TRANSPORT_HEADERS", removed("EXCESS_TRANSPORT_HEADERS"), |reply| {
            reply.head.matches("-Two:").count() == 1
        }),
        response("enableMTOM", axis2("enableMTOM", "true"), |reply| {
            let content_type = reply.header("content-type").unwrap_or_default();
            content_type.starts_with("multipart/related") && content_type.contains("application/xop+xml")
        }),
        response("enableSwA", "<log/>".to_owned() + &axis2("enableSwA", "true"), |reply| {
            let content_type = reply.header("content-type").unwrap_or_default();
            content_type.starts_with("multipart/related") && content_type.contains("type=\"text/xml\"")
        }),
        response(
            "FAULTS_AS_HTTP_200",
            removed("HTTP_SC")
                + "<makefault version='soap11'><code xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' value='s:Server'/>\
                   <reason value='no'/></makefault>"
                + &axis2("FAULTS_AS_HTTP_200", "true"),
            |reply| reply.status() == "200",
        ),
    ]);
}

#[test]
fn an_entity_tag_spares_a_client_what_it_knows() {
    let backend = json_back_end();
    let case = response("HTTP_ETAG", typed("HTTP_ETAG", "true", "BOOLEAN"), |_| true);
    let server = Builder::new().artifact("api/P.xml", &api(&[case], backend.port())).start();
    let first = exchange(&server, "POST", "/p/HTTP_ETAG/x", JSON, "{}");
    let tag = first.header("etag").expect("a tag").to_owned();
    assert_eq!((first.status(), first.text().as_str()), ("201", r#"{"from":"back end"}"#));
    let second = exchange(&server, "POST", "/p/HTTP_ETAG/x", &format!("{JSON}If-None-Match: \"x\", {tag}\r\n"), "{}");
    assert_eq!((second.status(), second.text().as_str()), ("304", ""));
}

#[test]
fn flows_that_answer_early_late_or_not_at_all() {
    let backend = json_back_end();
    let call = format!("<call><endpoint><address uri='http://127.0.0.1:{}/b'/></endpoint></call>", backend.port());
    let flows = [
        ("FORCE_SC_ACCEPTED", axis2("FORCE_SC_ACCEPTED", "true") + &call + "<respond/>"),
        ("OUT_ONLY", "<property name='OUT_ONLY' value='true'/>".to_owned() + &call),
        ("RESPONSE", "<property name='RESPONSE' value='true'/><send/>".to_owned()),
        ("nobody", "<log level='custom'/>".to_owned()),
        ("NIO-ACK-Requested", axis2("NIO-ACK-Requested", "true") + &axis2("HTTP_SC", "418")),
        (
            "JSON_STRING",
            removed("NO_ENTITY_BODY")
                + &axis2("messageType", "application/json")
                + &axis2("JSON_STRING", "[1]")
                + "<respond/>",
        ),
    ];
    let resource = |(name, flow): &(&str, String)| {
        format!("<resource methods='GET POST' url-mapping='/{name}'><inSequence>{flow}</inSequence></resource>")
    };
    let resources: String = flows.iter().map(resource).collect();
    let api = format!("<api xmlns='http://ws.apache.org/ns/synapse' name='P' context='/p'>{resources}</api>");
    let server = Builder::new().artifact("api/P.xml", &api).start();
    let status = |name: &str| exchange(&server, "POST", &format!("/p/{name}"), JSON, "{\"a\":1}").status().to_owned();
    assert_eq!(status("FORCE_SC_ACCEPTED"), "202");
    assert_eq!(status("OUT_ONLY"), "202");
    assert!(mi_e2e::eventually(std::time::Duration::from_secs(20), || backend.received().len() == 2), "both went out");
    let echoed = exchange(&server, "POST", "/p/RESPONSE", JSON, "{\"a\":1}");
    assert_eq!((echoed.status(), echoed.text().as_str()), ("200", "{\"a\":1}"));
    assert_eq!(status("nobody"), "202");
    assert_eq!(status("NIO-ACK-Requested"), "418");
    assert_eq!(server.get("/p/JSON_STRING").body, "[1]");
}

#[test]
fn properties_that_the_runtime_sets() {
    let backend = json_back_end();
    let names = [
        ("default", "REST_FULL_REQUEST_PATH", "/p/1.0/x/7?q=a%20b"),
        ("default", "REST_SUB_REQUEST_PATH", "/x/7?q=a%20b"),
        ("default", "REST_METHOD", "GET"),
        ("default", "REST_API_CONTEXT", "/p"),
        ("default", "REST_URL_PREFIX", "http://client.test"),
        ("default", "rest.url.pattern", "/x/{id}"),
        ("default", "SYNAPSE_REST_API", "P:v1.0"),
        ("default", "SYNAPSE_REST_API_VERSION", "1.0"),
        ("default", "uri.var.id", "7"),
        ("default", "query.param.q", "a b"),
        ("default", "TRANSPORT_IN_NAME", "http"),
        ("default", "IsClientDoingREST", "true"),
        ("default", "IsClientDoingSOAP11", "false"),
        ("default", "SERVER_HOST", "localhost"),
        ("default", "SERVER_IP", "127.0.0.1"),
        ("default", "MESSAGE_FORMAT", "pox"),
        ("default", "OperationName", "mediate"),
        ("default", "To", "/p/1.0/x/7?q=a%20b"),
        ("axis2", "HTTP_METHOD", "GET"),
        ("axis2", "REMOTE_ADDR", "127.0.0.1"),
        ("axis2", "REMOTE_HOST", "127.0.0.1"),
        ("axis2", "TransportInURL", "/p/1.0/x/7?q=a%20b"),
        ("axis2", "SERVICE_PREFIX", "http://client.test/"),
        ("axis2", "REST_URL_POSTFIX", "/x/7?q=a%20b"),
        ("axis2", "NO_ENTITY_BODY", "true"),
    ];
    let answered = [
        ("axis2", "HTTP_SC", "201"),
        ("axis2", "HTTP_SC_DESC", "Made"),
        ("axis2", "ORIGINAL_STATUS_CODE", "201"),
        ("axis2", "HTTP_REASON_PHRASE", "HTTP/1.1 201 Made"),
        ("axis2", "messageType", "application/json"),
        ("axis2", "ContentType", "application/json"),
        ("axis2", "CHARACTER_SET_ENCODING", "UTF-8"),
        ("axis2", "EXCESS_TRANSPORT_HEADERS", "{x-two=[2]}"),
        ("default", "FAULT", ""),
    ];
    let logged = |names: &[(&str, &str, &str)]| {
        let one = |(scope, name, _): &(&str, &str, &str)| match *scope {
            "default" => format!("<property name='{name}' expression=\"get-property('{name}')\"/>"),
            scope => format!("<property name='{name}' expression=\"get-property('{scope}', '{name}')\"/>"),
        };
        format!("<log level='custom' separator='; '>{}</log>", names.iter().map(one).collect::<String>())
    };
    let prefix = format!("http://127.0.0.1:{}/b", backend.port());
    let api = format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='P' context='/p' version='1.0' version-type='url'>\
         <resource methods='GET' uri-template='/x/{{id}}'><inSequence>{}<call><endpoint><address uri='{prefix}'/></endpoint></call>{}\
         <log level='custom'><property name='ENDPOINT_PREFIX' expression='$ctx:ENDPOINT_PREFIX'/></log><respond/></inSequence>\
         </resource></api>",
        logged(&names),
        logged(&answered)
    );
    let server = Builder::new().artifact("api/P.xml", &api).start();
    exchange(&server, "GET", "/p/1.0/x/7?q=a%20b", "", "");
    server.expect_log(&format!("ENDPOINT_PREFIX = {prefix}"));
    let log = server.log();
    let missing: Vec<_> = names
        .iter()
        .chain(&answered)
        .filter(|(_, name, value)| !log.contains(&format!("{name} = {value}")))
        .map(|(_, name, value)| format!("{name} = {value}"))
        .collect();
    assert!(missing.is_empty(), "{missing:?} in\n{log}");
}

#[test]
fn attachments_come_in_and_go_out() {
    let backend = Backend::echo();
    let endpoint = |attributes: &str| {
        format!("<endpoint><address uri='http://127.0.0.1:{}/b' {attributes}/></endpoint>", backend.port())
    };
    let flow = |name: &str, flow: &str| {
        format!("<resource methods='POST' url-mapping='/{name}'><inSequence>{flow}</inSequence></resource>")
    };
    let text = "<payloadFactory media-type='json'><format>{\"text\":\"$1\"}</format><args><arg evaluator='xml' \
                expression='//d'/></args></payloadFactory><respond/>";
    let api = [
        flow("read", text),
        flow("mtom", &format!("<log/><call>{}</call><respond/>", endpoint("optimize='mtom'"))),
        flow("swa", &format!("<log/><call>{}</call><respond/>", endpoint("format='soap11' optimize='swa'"))),
        flow("plain", &format!("<log/><call>{}</call><respond/>", endpoint("format='soap11'"))),
        flow("echo", "<respond/>"),
        flow("built", &format!("<log/>{}<respond/>", axis2("enableMTOM", "true"))),
    ]
    .concat();
    let api = format!("<api xmlns='http://ws.apache.org/ns/synapse' name='A' context='/a'>{api}</api>");
    let server = Builder::new().artifact("api/A.xml", &api).start();
    let head = "Content-Type: multipart/related; boundary=b; type=\"application/xop+xml\"; start=\"<r>\"; \
                start-info=\"text/xml\"\r\nSOAPAction: \"urn:a\"\r\n";
    let body = "--b\r\nContent-Type: application/xop+xml; type=\"text/xml\"\r\nContent-ID: <r>\r\n\r\n\
        <s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><d>\
        <x:Include xmlns:x='http://www.w3.org/2004/08/xop/include' href='cid:p'/></d></s:Body></s:Envelope>\r\n\
        --b\r\nContent-Type: image/png\r\nContent-ID: <p>\r\n\r\npicture\r\n--b--\r\n";
    let send = |path: &str| exchange(&server, "POST", &format!("/a/{path}"), head, body);
    let sent = || {
        let received = backend.received();
        let request = received.last().expect("a request").clone();
        (
            request.header("content-type").unwrap_or_default().to_owned(),
            String::from_utf8_lossy(&request.body).into_owned(),
        )
    };
    // A SOAP client gets SOAP, whatever the flow made.
    assert!(send("read").text().contains("<text>cGljdHVyZQ==</text>"));
    assert_eq!(send("echo").text(), body);

    let answer = send("mtom");
    let (content_type, text) = sent();
    assert!(content_type.contains("type=\"application/xop+xml\"") && content_type.contains("start-info=\"text/xml\""));
    assert!(
        text.contains("href=\"cid:p\"") && text.contains("\r\n\r\npicture\r\n") && !text.contains("cGlj"),
        "{text}"
    );
    assert!(answer.text().contains("picture"), "the answer passes through: {}", answer.text());

    send("swa");
    let (content_type, text) = sent();
    assert!(
        content_type.starts_with("multipart/related") && content_type.contains("type=\"text/xml\""),
        "{content_type}"
    );
    assert!(text.contains("cGljdHVyZQ==") && text.contains("\r\n\r\npicture\r\n"), "{text}");

    send("plain");
    let (content_type, text) = sent();
    assert!(content_type.starts_with("text/xml") && text.contains("cGljdHVyZQ=="), "{content_type} {text}");

    let built = send("built");
    assert!(
        built.header("content-type").is_some_and(|kind| kind.contains("xop+xml")) && built.text().contains("picture")
    );
}

/// An API `F` at `/f` with one resource, its flow and its fault sequence.
fn faulty(flow: &str, fault: &str) -> String {
    format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='F' context='/f'><resource methods='POST'>\
         <inSequence>{flow}</inSequence><faultSequence>{fault}<respond/></faultSequence></resource></api>"
    )
}

fn log(names: &[&str]) -> String {
    let one = |name: &&str| format!("<property name='{name}' expression=\"get-property('{name}')\"/>");
    format!("<log level='custom' separator='; '>{}</log>", names.iter().map(one).collect::<String>())
}

#[test]
fn a_fault_handler_sees_what_went_wrong() {
    let port = mi_testkit::free_port().expect("a free port");
    let call = format!("<call><endpoint><address uri='http://127.0.0.1:{port}/'/></endpoint></call>");
    let names = [
        "ERROR_CODE",
        "ERROR_MESSAGE",
        "ERROR_DETAIL",
        "ERROR_EXCEPTION",
        "BASE_ERROR_CODE",
        "PROTOCOL_STATE_ON_FAILURE",
        "SENDING_FAULT",
    ];
    let server = Builder::new().artifact("api/F.xml", &faulty(&call, &log(&names[..3]))).start();
    exchange(&server, "POST", "/f", JSON, "{}");
    server.expect_log("ERROR_CODE = 101503; ERROR_MESSAGE = Error connecting to the back end; ERROR_DETAIL = ");

    let server = Builder::new().artifact("api/F.xml", &faulty(&call, &log(&names[4..]))).start();
    exchange(&server, "POST", "/f", JSON, "{}");
    server.expect_log("BASE_ERROR_CODE = 101503; PROTOCOL_STATE_ON_FAILURE = 0; SENDING_FAULT = true");

    let thrown = "<property name='x' expression='json-eval($.a)'/>";
    let server = Builder::new().artifact("api/F.xml", &faulty(thrown, &log(&names[..4]))).start();
    exchange(&server, "POST", "/f", "Content-Type: application/xml\r\n", "<a");
    server.expect_log("ERROR_CODE = 601000; ERROR_MESSAGE = ");
    server.expect_log("ERROR_EXCEPTION = ");
}

#[test]
fn what_a_back_end_refuses_is_an_answer_or_a_fault() {
    let backend = Backend::start(|request| match request.line.contains("/fault") {
        true => {
            let body = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>\
                        <faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>";
            mi_e2e::answer(500, "text/xml", body.as_bytes())
        }
        false => mi_e2e::answer(404, "text/plain", b"none"),
    });
    let call = |path: &str, attributes: &str, format: &str| {
        let uri = format!("http://127.0.0.1:{}/{path}", backend.port());
        format!("<call {attributes}><endpoint><address uri='{uri}' {format}/></endpoint></call>")
    };
    let answered = |flow: &str| {
        let done = format!("{}{}<respond/>", log(&["blocking.sender.error", "FAULT"]), log(&["FAULT_MESSAGE"]));
        let fault = "<log level='custom'><property name='caught' expression=\"get-property('ERROR_CODE')\"/></log>";
        let server = Builder::new().artifact("api/F.xml", &faulty(&format!("{flow}{done}"), fault)).start();
        let reply = exchange(&server, "POST", "/f", &format!("{JSON}X-Own: 1\r\n"), "{}");
        (reply, server.log())
    };
    let (reply, text) =
        answered(&(call("x", "", "") + "<property name='FAULT_MESSAGE' expression='$axis2:FAULT_MESSAGE'/>"));
    assert_eq!((reply.status(), reply.text().as_str()), ("404", "none"));
    assert!(text.contains("FAULT = TRUE") && text.contains("FAULT_MESSAGE = TRUE"), "{text}");

    let blocking = |properties: &str| answered(&format!("{properties}{}", call("x", "blocking='true'", "")));
    let (_, text) = blocking("");
    assert!(text.contains("caught = "), "an error status is a fault of a blocking call: {text}");
    let (reply, text) = blocking(&axis2("non.error.http.status.codes", "403, 404"));
    assert!(text.contains("blocking.sender.error = null") || text.contains("blocking.sender.error = false"), "{text}");
    assert!(reply.header("x-own").is_some(), "the request's headers stay: {}", reply.head);
    let (reply, _) = blocking(
        &(axis2("non.error.http.status.codes", "404")
            + "<property name='BLOCKING_SENDER_PRESERVE_REQ_HEADERS' value='false'/>"),
    );
    assert!(reply.header("x-own").is_none(), "the answer's headers replace them: {}", reply.head);

    let soap = "<payloadFactory media-type='xml'><format><a/></format><args/></payloadFactory>";
    let forced = "<property name='FORCE_ERROR_ON_SOAP_FAULT' value='true'/>";
    let (_, text) = answered(&format!("{soap}{forced}{}", call("fault", "", "format='soap11'")));
    assert!(text.contains("caught = 500000"), "{text}");
    let (_, text) = answered(&format!("{soap}{}", call("fault", "", "format='soap11'")));
    assert!(text.contains("FAULT = TRUE") && !text.contains("caught"), "{text}");
}

#[test]
fn addresses_of_soap_headers_stay_with_us_unless_asked_for() {
    let backend = Backend::echo();
    let call = format!(
        "<log/><call><endpoint><address uri='http://127.0.0.1:{}/b'/></endpoint></call><respond/>",
        backend.port()
    );
    let flow = |name: &str, before: &str| {
        format!("<resource methods='POST' url-mapping='/{name}'><inSequence>{before}{call}</inSequence></resource>")
    };
    let kept = flow("kept", "<property name='PRESERVE_WS_ADDRESSING' value='true'/>");
    let api = format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='S' context='/s'>{}{kept}</api>",
        flow(
            "dropped",
            &log(&["Action", "MessageID", "RelatesTo", "ReplyTo", "MESSAGE_FORMAT", "IsClientDoingSOAP11"])
        )
    );
    let server = Builder::new().artifact("api/S.xml", &api).start();
    let head = "Content-Type: text/xml\r\nSOAPAction: \"urn:a\"\r\n";
    let body = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:w='http://www.w3.org/2005/08/addressing'>\
        <s:Header><w:Action>urn:a</w:Action><w:MessageID>urn:m</w:MessageID><o xmlns='urn:own'/></s:Header><s:Body><a/></s:Body></s:Envelope>";
    for (path, there) in [("dropped", false), ("kept", true)] {
        exchange(&server, "POST", &format!("/s/{path}"), head, body);
        let received = backend.received();
        let text = String::from_utf8_lossy(&received.last().expect("a request").body).into_owned();
        assert_eq!(text.contains("urn:m"), there, "{path}: {text}");
        assert!(text.contains("urn:own"), "other headers are nobody's business: {text}");
    }
    server.expect_log("MESSAGE_FORMAT = soap11; IsClientDoingSOAP11 = true");
}

#[test]
fn properties_of_mediators_and_of_services() {
    let quoted = "<property name='QUOTE_STRING_IN_PAYLOAD_FACTORY_JSON' value='true'/>";
    let factory = "<payloadFactory media-type='json'><format>{\"v\":$1}</format><args><arg evaluator='json' \
                   expression='$.a'/></args></payloadFactory><respond/>";
    let rollback = axis2("SET_ROLLBACK_ONLY", "true")
        + "<log level='custom'><property name='rollback' expression='$operation:SET_ROLLBACK_ONLY'/></log><respond/>";
    let proxy = |name: &str, flow: &str| {
        format!(
            "<proxy xmlns='http://ws.apache.org/ns/synapse' name='{name}' transports='http'><target><inSequence>{flow}</inSequence>\
             </target></proxy>"
        )
    };
    let names = log(&["proxy.name", "ARTIFACT_NAME", "correlation_id", "IsClientDoingREST"]);
    let server = Builder::new()
        .artifact("proxy-services/q.xml", &proxy("Quoted", &format!("{quoted}{factory}")))
        .artifact("proxy-services/r.xml", &proxy("Rollback", &rollback))
        .artifact("proxy-services/n.xml", &proxy("Named", &format!("{names}<respond/>")))
        .start();
    let reply = exchange(&server, "POST", "/services/Quoted", JSON, "{\"a\":\"x\"}");
    assert_eq!(reply.text(), "{\"v\":\"x\"}");
    exchange(&server, "POST", "/services/Rollback", JSON, "{}");
    server.expect_log("rollback = true");
    exchange(&server, "POST", "/services/Named", &format!("{JSON}activityid: abc\r\n"), "{}");
    server.expect_log("proxy.name = Named; ARTIFACT_NAME = proxyNamed; correlation_id = abc; IsClientDoingREST = true");
}
