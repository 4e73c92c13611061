//! The file transport of proxy services (spec: tasks 5.1): every node looks for the files of its services by itself, and
//! lock files keep nodes apart.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use mi_coordination::{Coordinator, Gate};
use mi_mediation::context::{Reply, Response};
use mi_mediation::environment::FileSender as _;
use mi_mediation::http::{HeaderName, HeaderValue, Method};
use mi_mediation::mediator::BoxFuture;
use mi_mediation::outgoing::Outgoing;
use mi_mediation::proxy::ProxyService;
use mi_mediation::{Configuration, MessageContext, engine};
use tokio::task::JoinHandle;

use crate::files::{self, FileSettings, FileWriter, Found, LockOwner, Looker, Outcome, Taker, uri};
use crate::pause::pause;

const LISTENER: &str = "org.apache.synapse.transport.vfs.VFSTransportListener";
/// The header that names the file of an answer.
const REPLY_FILE_NAME: HeaderName = HeaderName::from_static("transport.vfs.replyfilename");

/// Keeps what looks for files in step with the proxy services that are deployed. Clones are the same.
#[derive(Clone)]
pub struct VfsListeners {
    inner: Arc<Inner>,
}

struct Inner {
    live: Arc<ArcSwap<Configuration>>,
    owner: LockOwner,
    /// Gates that nobody else closes: they end the lookers of services that are gone, and all of them at the end.
    gates: Coordinator,
    known: Mutex<BTreeMap<Arc<str>, Known>>,
}

struct Known {
    service: Arc<ProxyService>,
    /// `None` for a service that cannot be polled.
    looking: Option<JoinHandle<()>>,
}

impl VfsListeners {
    /// Listeners on this machine, which `owner` names in lock files. Messages run through what is live.
    pub fn new(live: Arc<ArcSwap<Configuration>>, owner: LockOwner) -> Self {
        let gates = Coordinator::local();
        Self { inner: Arc::new(Inner { live, owner, gates, known: Mutex::default() }) }
    }

    /// Looks for the files of services that are new or changed, and no more for those of services that are gone. Must be
    /// called inside a tokio runtime.
    pub fn follow<'a>(&self, services: impl IntoIterator<Item = &'a Arc<ProxyService>>) {
        let now: BTreeMap<_, _> = services
            .into_iter()
            .filter(|service| is_polled(service))
            .map(|service| (service.origin.name.clone(), service.clone()))
            .collect();
        let mut known = self.inner.known();
        known.retain(|name, old| {
            let stays = now.contains_key(name);
            if !stays && old.looking.is_some() {
                self.inner.gates.unregister(name);
            }
            stays
        });
        for (name, service) in now {
            let before = match known.remove(&name) {
                Some(old) if Arc::ptr_eq(&old.service, &service) => {
                    known.insert(name, old);
                    continue;
                }
                Some(old) => old.looking,
                None => None,
            };
            if before.is_some() {
                self.inner.gates.unregister(&name);
            }
            let looking = self.inner.begin(&service, before);
            known.insert(name, Known { service, looking });
        }
    }

    /// Ends all looking; files that are being handled are, within the limit.
    pub async fn stop(&self, patience: Duration) {
        self.inner.gates.leave(patience).await;
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Known>> {
        // Nothing that can panic runs under the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to look, when `before` has ended.
    fn begin(&self, service: &Arc<ProxyService>, before: Option<JoinHandle<()>>) -> Option<JoinHandle<()>> {
        let name = &service.origin.name;
        let (settings, warnings) = match FileSettings::of_proxy(name, &|name| service.parameter(name)) {
            Ok(read) => read,
            Err(wrong) => {
                tracing::warn!(target: LISTENER, "The service {name} is not polled for files: {}", wrong.message);
                return None;
            }
        };
        for wrong in warnings {
            tracing::warn!(target: LISTENER, "{} of the service {name}: {}", wrong.parameter, wrong.message);
        }
        let taker = ProxyTaker {
            service: name.clone(),
            live: self.live.clone(),
            content_type: settings.content_type.clone(),
            reply: service.parameter("transport.vfs.ReplyFileURI").map(str::to_owned),
            reply_name: service.parameter("transport.vfs.ReplyFileName").and_then(|name| name.parse().ok()),
            writer: FileWriter::new(self.owner.clone()),
        };
        let looker = Looker::new(Arc::new(settings), taker, self.owner.clone());
        let gate = self.gates.register(name.clone(), false);
        let service = service.clone();
        Some(tokio::spawn(async move {
            if let Some(before) = before {
                // That it panicked is no reason not to go on.
                let _ = before.await;
            }
            look(&looker, &service, &gate).await;
        }))
    }
}

/// Looks again and again; the pause begins when a look has ended.
async fn look(looker: &Looker<ProxyTaker>, service: &ProxyService, gate: &Gate) {
    while gate.is_open() {
        if service.is_running()
            && let Some(pass) = gate.enter()
        {
            looker.look(gate).await;
            drop(pass);
        }
        // A service without any pause at all must let others run.
        tokio::task::yield_now().await;
        pause(looker.settings.interval, gate).await;
    }
}

/// Whether a service is for files: it says so, or it is for all transports and says where they are.
fn is_polled(service: &ProxyService) -> bool {
    let all = service.transports.is_empty() || service.transports.iter().any(|name| name == "all");
    service.transports.iter().any(|name| name == "vfs") || all && service.parameter("transport.vfs.FileURI").is_some()
}

/// Gives files to a proxy service.
struct ProxyTaker {
    service: Arc<str>,
    live: Arc<ArcSwap<Configuration>>,
    content_type: Option<String>,
    /// `transport.vfs.ReplyFileURI`: where answers go.
    reply: Option<String>,
    /// `transport.vfs.ReplyFileName`
    reply_name: Option<HeaderValue>,
    writer: FileWriter,
}

impl Taker for ProxyTaker {
    fn limit(&self) -> u64 {
        self.live.load().settings.build_limit
    }

    fn take<'a>(&'a self, file: &'a Found, content: Bytes) -> BoxFuture<'a, Option<Outcome>> {
        Box::pin(self.mediate(file, content))
    }
}

impl ProxyTaker {
    /// Faults are the service's own: a file has failed when it cannot be built, or when the mediation says so by the
    /// transport header `ERROR_CODE`.
    async fn mediate(&self, file: &Found, content: Bytes) -> Option<Outcome> {
        let configuration = self.live.load_full();
        let service = configuration.proxies.get(&self.service).filter(|service| service.is_running()).cloned()?;
        let mut context = MessageContext::new(configuration, service.origin.clone());
        files::describe(&mut context, file, self.content_type.as_deref());
        context.axis2.set("TRANSPORT_IN_NAME", "vfs".into());
        if let Err(fault) = context.build_from(content) {
            let reason = fault.detail_text().unwrap_or(fault.message());
            tracing::error!(target: LISTENER, "Error processing File URI : {}: {reason}", uri(&file.path));
            return Some(Outcome::Failed);
        }
        if self.reply.is_some() {
            context.reply = Reply::Single(None);
        }
        // In a task of its own: a message that panics must not end the looking.
        let flow = tokio::spawn(async move {
            engine::inject_proxy(&mut context, &service).await;
            context
        });
        let mut context = match flow.await {
            Ok(context) => context,
            Err(error) => {
                tracing::error!(target: LISTENER, "Error processing File URI : {}: {error}", uri(&file.path));
                return Some(Outcome::Failed);
            }
        };
        let failed = context.header_text("ERROR_CODE").is_some();
        let reply = std::mem::replace(&mut context.reply, Reply::Nobody);
        drop(context);
        if let (Some(address), Some(response)) = (&self.reply, reply.wait().await) {
            self.answer(address, *response).await;
        }
        Some(if failed { Outcome::Failed } else { Outcome::Processed })
    }

    /// Writes an answer into a file.
    async fn answer(&self, address: &str, mut response: Response) {
        if let Some(name) = &self.reply_name {
            response.headers.entry(REPLY_FILE_NAME).or_insert_with(|| name.clone());
        }
        // The answer's time is that of its writing, not that of the file that it answers.
        response.headers.remove("last_modified");
        let request = Outgoing {
            method: Method::POST,
            url: address.to_owned(),
            headers: response.headers,
            body: response.body,
            content_length: false,
            http10: false,
            absolute_form: false,
            close: false,
            timeout: None,
            upgrade: None,
        };
        if let Err(error) = self.writer.write(request).await {
            tracing::error!(
                target: LISTENER, "The answer of the service {} could not be written: {}", self.service, error.detail
            );
        }
    }
}

#[cfg(test)]
mod tests;
