//! TLS on both sides, and proxies. The key stores in `crates/keystore/tests/keystores` were made with keytool and openssl for these tests.

mod support;

use std::path::Path;
use std::sync::Arc;

use mi_payload::Body;
use mi_transport::client::{Proxy, ProxyRules, Scheme};
use mi_transport::tls::{
    ClientTls, ClientTlsConfig, HostnameVerifier, Identity, KeyStore, ServerTls, ServerTlsConfig, StoreType, Trust,
    VerifyClient, development_identity,
};
use mi_transport::{
    Client, ClientConfig, ClientError, ClientErrorKind, Limits, Listener, ListenerConfig, Request, Server,
};
use support::{BackEnd, describe, get, text};

fn store(name: &str, kind: StoreType) -> KeyStore {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../keystore/tests/keystores").join(name);
    KeyStore::open(&path, kind, "storepw").unwrap()
}

fn server_identity() -> Identity {
    store("server.jks", StoreType::Jks).identity(Some("server"), "keypw12").unwrap()
}

fn trusting(names: &[&Identity]) -> ClientTlsConfig {
    let certificates = names.iter().map(|identity| identity.chain[0].clone()).collect();
    ClientTlsConfig { trust: Trust::Certificates(certificates), ..ClientTlsConfig::default() }
}

fn serve(config: ServerTlsConfig) -> (Server, Listener) {
    let server = Server::start("tls", 1).unwrap();
    let tls = Some(ServerTls::new(config).unwrap());
    let config = ListenerConfig { tls, ..ListenerConfig::new("https", "127.0.0.1:0".parse().unwrap()) };
    let handler = async |request: Request| {
        let told = request.connection.tls.clone().unwrap_or_default();
        let (name, certificates) = (told.server_name.unwrap_or_default(), told.peer_certificates.len());
        let length = request.body.collect(u64::MAX).await.unwrap().len();
        text(format!("{name} {certificates} {} {length}", told.protocol.unwrap_or_default()))
    };
    let listener = server.listen(config, Arc::new(handler)).unwrap();
    (server, listener)
}

async fn ask(listener: &Listener, host: &str, tls: ClientTlsConfig) -> Result<String, ClientError> {
    let client = Client::new(ClientConfig { tls: Some(ClientTls::new(tls).unwrap()), ..ClientConfig::default() });
    let port = listener.local_addr().port();
    let destination = client.destination(Scheme::Https, host, Some(port), None).unwrap();
    let mut answer = String::new();
    for length in [0, 300_000] {
        let mut request = get(&destination, "/");
        request.method = http::Method::PUT;
        request.body = Body::from(vec![b'x'; length]);
        let response = client.send(request).await?;
        answer = String::from_utf8(response.body.collect(u64::MAX).await.unwrap().to_vec()).unwrap();
    }
    assert_eq!(destination.connections(), 1, "the connection is used again");
    Ok(answer)
}

fn is_tls(error: &ClientError) -> bool {
    error.code() == 101_503 && matches!(error.kind, ClientErrorKind::Tls(_))
}

#[tokio::test]
async fn requests_and_bodies_go_through() {
    let identity = server_identity();
    let (_server, listener) = serve(ServerTlsConfig::new(identity.clone()));
    assert_eq!(ask(&listener, "localhost", trusting(&[&identity])).await.unwrap(), "localhost 0 TLSv1.3 300000");
}

#[tokio::test]
async fn protocols_are_those_configured() {
    let identity = server_identity();
    let protocols = ["TLSv1", "TLSv1.1", "TLSv1.2"].map(str::to_owned).to_vec();
    let (_server, listener) = serve(ServerTlsConfig { protocols, ..ServerTlsConfig::new(identity.clone()) });
    assert_eq!(ask(&listener, "127.0.0.1", trusting(&[&identity])).await.unwrap(), " 0 TLSv1.2 300000");
    let only_13 = ClientTlsConfig { protocols: vec!["TLSv1.3".to_owned()], ..trusting(&[&identity]) };
    assert!(is_tls(&ask(&listener, "127.0.0.1", only_13).await.unwrap_err()));
}

#[tokio::test]
async fn back_ends_are_verified() {
    let (identity, other) = (server_identity(), development_identity(&[]).unwrap());
    let (_server, listener) = serve(ServerTlsConfig::new(identity.clone()));
    assert!(is_tls(&ask(&listener, "localhost", trusting(&[&other])).await.unwrap_err()));
    let system = ClientTls::new(ClientTlsConfig::default());
    if system.is_ok() {
        assert!(is_tls(&ask(&listener, "localhost", ClientTlsConfig::default()).await.unwrap_err()));
    }
    let anyone = ClientTlsConfig { trust: Trust::Anyone, ..ClientTlsConfig::default() };
    assert!(ask(&listener, "localhost", anyone).await.is_ok());
    let from_store = Trust::Certificates(store("trust.jks", StoreType::Jks).trusted());
    let from_store = ClientTlsConfig { trust: from_store, ..ClientTlsConfig::default() };
    assert!(ask(&listener, "localhost", from_store).await.is_ok());
}

#[tokio::test]
async fn names_are_verified_as_configured() {
    let second = store("server.jks", StoreType::Jks).identity(Some("second"), "keypw12").unwrap();
    let (_server, listener) = serve(ServerTlsConfig::new(second.clone()));
    for (names, allowed) in [
        (HostnameVerifier::Default, false),
        (HostnameVerifier::DefaultAndLocalhost, true),
        (HostnameVerifier::AllowAll, true),
    ] {
        let config = ClientTlsConfig { hostname_verifier: names, ..trusting(&[&second]) };
        let result = ask(&listener, "localhost", config).await;
        assert_eq!(result.is_ok(), allowed, "{names:?}: {result:?}");
    }
}

#[tokio::test]
async fn clients_are_verified_as_configured() {
    let (identity, known, unknown) =
        (server_identity(), development_identity(&[]).unwrap(), development_identity(&[]).unwrap());
    for (verify_client, without, with_unknown) in
        [(VerifyClient::None, true, true), (VerifyClient::Optional, true, false), (VerifyClient::Require, false, false)]
    {
        let config = ServerTlsConfig {
            verify_client,
            trusted: vec![known.chain[0].clone()],
            ..ServerTlsConfig::new(identity.clone())
        };
        let (_server, listener) = serve(config);
        let shows = |shown: Option<&Identity>| ClientTlsConfig { identity: shown.cloned(), ..trusting(&[&identity]) };
        let certificates = usize::from(verify_client != VerifyClient::None);
        let answer = ask(&listener, "localhost", shows(Some(&known))).await.unwrap();
        assert_eq!(answer, format!("localhost {certificates} TLSv1.3 300000"));
        assert_eq!(ask_anew(&listener, shows(None)).await, without, "{verify_client:?}");
        assert_eq!(ask_anew(&listener, shows(Some(&unknown))).await, with_unknown, "{verify_client:?}");
    }
    let nobody = ServerTlsConfig { verify_client: VerifyClient::Require, ..ServerTlsConfig::new(identity) };
    assert!(ServerTls::new(nobody).is_err());
}

/// Whether a request is answered.
async fn ask_anew(listener: &Listener, tls: ClientTlsConfig) -> bool {
    let client = Client::new(ClientConfig { tls: Some(ClientTls::new(tls).unwrap()), ..ClientConfig::default() });
    let port = listener.local_addr().port();
    let destination = client.destination(Scheme::Https, "localhost", Some(port), None).unwrap();
    client.send(get(&destination, "/")).await.is_ok()
}

#[tokio::test]
async fn plain_text_to_a_tls_listener_and_the_other_way_round_fail() {
    let (_server, listener) = serve(ServerTlsConfig::new(server_identity()));
    let mut plain = support::RawClient::connect(listener.local_addr());
    // An alert, not an HTTP answer.
    assert!(!plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").drain().starts_with(b"HTTP"));
    let back_end = BackEnd::answering("HTTP/1.1 200 OK\r\n\r\n");
    let client = Client::new(ClientConfig {
        tls: Some(ClientTls::new(trusting(&[&server_identity()])).unwrap()),
        connect_timeout: std::time::Duration::from_millis(300),
        ..ClientConfig::default()
    });
    let destination = client.destination(Scheme::Https, "127.0.0.1", Some(back_end.address.port()), None).unwrap();
    // The back end waits for the end of a head that never comes.
    let error = client.send(get(&destination, "/")).await.unwrap_err();
    assert!(matches!(error.kind, ClientErrorKind::ConnectTimeout | ClientErrorKind::Tls(_)), "{error}");
}

/// A proxy that opens tunnels to anywhere if the password is right.
fn tunnelling_proxy() -> BackEnd {
    BackEnd::start(|mut peer, _| {
        let head = peer.try_head().unwrap();
        if !head.contains("Proxy-Authorization: Basic dTpw\r\n") {
            peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        let to = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap();
        let target = std::net::TcpStream::connect(to).unwrap();
        peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
        let (mut from_peer, mut to_target) = (peer.stream.try_clone().unwrap(), target.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from_peer, &mut to_target));
        let (mut from_target, mut to_peer) = (target, peer.stream);
        let _ = std::io::copy(&mut from_target, &mut to_peer);
    })
}

#[tokio::test]
async fn proxies_tunnel_tls_and_forward_plain_requests() {
    let identity = server_identity();
    let (_server, listener) = serve(ServerTlsConfig::new(identity.clone()));
    let proxy = tunnelling_proxy();
    let with = |credentials| {
        let proxy = Some(Arc::new(Proxy::new("127.0.0.1", proxy.address.port(), credentials)));
        Client::new(ClientConfig {
            tls: Some(ClientTls::new(trusting(&[&identity])).unwrap()),
            proxies: ProxyRules { http: proxy.clone(), https: proxy, ..ProxyRules::default() },
            ..ClientConfig::default()
        })
    };
    let client = with(Some(("u", "p")));
    let port = Some(listener.local_addr().port());
    let destination = client.destination(Scheme::Https, "localhost", port, None).unwrap();
    for _ in 0..2 {
        let response = client.send(get(&destination, "/")).await.unwrap();
        assert_eq!(response.body.collect(u64::MAX).await.unwrap(), "localhost 0 TLSv1.3 0");
    }
    assert_eq!(proxy.connections(), 1);
    let client = with(None);
    let destination = client.destination(Scheme::Https, "localhost", port, None).unwrap();
    let error = client.send(get(&destination, "/")).await.unwrap_err();
    assert!(matches!(error.kind, ClientErrorKind::ProxyRefused(Some(407))), "{error}");
    assert_eq!(error.code(), 101_503);

    let forwarding = BackEnd::start(|mut peer, _| {
        let head = peer.try_head().unwrap();
        peer.send(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{head}"));
    });
    let proxy = Some(Arc::new(Proxy::new("127.0.0.1", forwarding.address.port(), Some(("u", "p")))));
    let proxies = ProxyRules { http: proxy, ..ProxyRules::default() };
    let client = Client::new(ClientConfig { proxies, ..ClientConfig::default() });
    let destination = client.destination(Scheme::Http, "back.example", Some(81), None).unwrap();
    let response = client.send(get(&destination, "/a")).await.unwrap();
    let seen = String::from_utf8(response.body.collect(u64::MAX).await.unwrap().to_vec()).unwrap();
    assert!(
        seen.starts_with(
            "GET http://back.example:81/a HTTP/1.1\r\nHost: back.example:81\r\nProxy-Authorization: Basic dTpw\r\n"
        ),
        "{seen}"
    );
}

#[tokio::test]
async fn a_handshake_that_is_never_finished_ends() {
    let limits = Limits { socket_timeout: std::time::Duration::from_millis(100), ..Limits::default() };
    let server = Server::start("tls", 1).unwrap();
    let tls = Some(ServerTls::new(ServerTlsConfig::new(server_identity())).unwrap());
    let config = ListenerConfig { tls, limits, ..ListenerConfig::new("https", "127.0.0.1:0".parse().unwrap()) };
    let listener = server.listen(config, Arc::new(describe)).unwrap();
    let mut silent = support::RawClient::connect(listener.local_addr());
    assert!(tokio::task::spawn_blocking(move || silent.is_closed()).await.unwrap());
}

#[tokio::test]
async fn an_encrypted_connection_ends_with_a_goodbye() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let identity = server_identity();
    let (server, listener) = serve(ServerTlsConfig::new(identity.clone()));
    let mut roots = tokio_rustls::rustls::RootCertStore::empty();
    roots.add(identity.chain[0].clone()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = tokio_rustls::rustls::ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config.with_no_client_auth()));
    let tcp = tokio::net::TcpStream::connect(listener.local_addr()).await.unwrap();
    let mut stream = connector.connect("localhost".try_into().unwrap(), tcp).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 1000];
    assert!(stream.read(&mut answer).await.unwrap() > 0);
    // The connection is idle now, and dropped.
    server.drain(support::LONG).await;
    // Without the goodbye this were an error.
    assert_eq!(stream.read(&mut answer).await.unwrap(), 0);
}
