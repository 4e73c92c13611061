//! WebSocket through an API: the handshake is mediated like a request, then bytes pass both ways.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use mi_e2e::{Builder, Server};

/// Accepts handshakes whose path begins with `/chat` and echoes whatever comes then; refuses others with 403.
fn back_end() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

fn serve(mut stream: TcpStream) {
    let head = read_head(&mut stream).to_ascii_lowercase();
    let asked = head.contains("upgrade: websocket") && head.contains("connection: upgrade");
    let key = head.contains("sec-websocket-key: dghlihnhbxbszq==");
    if !(head.starts_with("get /chat") && asked && key) {
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        return;
    }
    let accepted = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: accepted\r\n\r\nhello";
    let _ = stream.write_all(accepted);
    let mut buffer = [0; 1024];
    while let Ok(count) = stream.read(&mut buffer) {
        if count == 0 || stream.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn server(port: u16) -> Server {
    let api = format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='ws' context='/ws'><resource methods='GET' uri-template='/{{room}}'>\
         <inSequence><property name='REST_URL_POSTFIX' scope='axis2' action='remove'/>\
         <call><endpoint><http method='get' uri-template='ws://127.0.0.1:{port}/{{uri.var.room}}'/></endpoint></call><respond/>\
         </inSequence></resource></api>"
    );
    Builder::new().artifact("api/ws.xml", &api).start()
}

fn handshake(server: &Server, room: &str) -> (TcpStream, String) {
    let mut client = TcpStream::connect(("127.0.0.1", server.port())).expect("it listens");
    client.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let request = format!(
        "GET /ws/{room} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n\r\n"
    );
    client.write_all(request.replace("dGhlIHNhbXBsZQ==", "dghlihnhbxbszq==").as_bytes()).expect("sent");
    let head = read_head(&mut client);
    (client, head)
}

#[test]
fn bytes_pass_both_ways_after_the_handshake() {
    let server = server(back_end());
    let (mut client, head) = handshake(&server, "chat");
    let lower = head.to_ascii_lowercase();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}\n{}", server.log());
    assert!(lower.contains("upgrade: websocket") && lower.contains("connection: upgrade"), "{head}");
    assert!(lower.contains("sec-websocket-accept: accepted"), "{head}");
    let mut first = [0; 5];
    client.read_exact(&mut first).expect("what came with the answer");
    assert_eq!(&first, b"hello");
    for text in ["one", "another one"] {
        client.write_all(text.as_bytes()).expect("open");
        let mut echoed = vec![0; text.len()];
        client.read_exact(&mut echoed).expect("echoed");
        assert_eq!(echoed, text.as_bytes());
    }
    client.shutdown(std::net::Shutdown::Write).expect("open");
    assert_eq!(client.read(&mut [0; 1]).expect("closed in good order"), 0);
}

#[test]
fn a_refused_handshake_is_an_ordinary_answer() {
    let server = server(back_end());
    let (_, head) = handshake(&server, "elsewhere");
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
}
