//! The least that a proxy can be: every request goes to one back end, every answer back. It is what the transport is
//! measured with (see `docs/benchmarks.md`), without mediation in between.
//!
//! `cargo run --release -p mi-transport --example reverse_proxy -- 127.0.0.1:9301 127.0.0.1:9099 [workers]`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use mi_transport::headers::HeaderPolicy;
use mi_transport::{
    Client, ClientConfig, ClientRequest, Destination, Handler, ListenerConfig, Request, Response, Server, Target,
    client::Scheme,
};

struct Proxy {
    client: Client,
    destination: Arc<Destination>,
    target: Target,
    policy: HeaderPolicy,
}

impl Handler for Proxy {
    async fn handle(&self, request: Request) -> Response {
        let head_only = request.method == Method::HEAD;
        let mut forward = ClientRequest::new(Arc::clone(&self.destination), request.method, self.target.clone());
        forward.headers = request.headers;
        self.policy.to_back_end(&mut forward.headers);
        forward.body = request.body;
        match self.client.send(forward).await {
            Ok(answer) => {
                let mut response = Response::new(answer.status);
                response.headers = answer.headers;
                self.policy.to_client(&mut response.headers, head_only);
                response.reason = answer.reason;
                response.body = answer.body;
                response
            }
            Err(error) => {
                eprintln!("{error}");
                Response::new(StatusCode::BAD_GATEWAY)
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen: SocketAddr = arguments.next().unwrap_or_else(|| "127.0.0.1:9301".to_owned()).parse()?;
    let back_end: SocketAddr = arguments.next().unwrap_or_else(|| "127.0.0.1:9099".to_owned()).parse()?;
    let workers = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let target = Target::new("/echo").ok_or("not a target")?;
    let proxy = Proxy {
        client: Client::new(ClientConfig::default()),
        destination: Destination::new(Scheme::Http, &back_end.ip().to_string(), Some(back_end.port()))?,
        target,
        policy: HeaderPolicy::default(),
    };
    let server = Server::start("worker", workers)?;
    let listener = server.listen(ListenerConfig::new("http", listen), Arc::new(proxy))?;
    println!("listening on {}", listener.local_addr());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::signal::ctrl_c())?;
    let cut = runtime.block_on(server.drain(Duration::from_secs(5)));
    println!("{cut} connections cut off");
    Ok(())
}
