//! From the bytes of a file to a message, and through the sequence.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use mi_mediation::context::{ContentTypes, Origin, OriginKind};
use mi_mediation::names::Name;
use mi_mediation::sequence::Sequence;
use mi_mediation::{Configuration, MessageContext, engine};
use mi_payload::content_type::{media_type, parameter};
use mi_payload::value::Value;
use tokio::sync::Semaphore;

use super::after::{Found, Outcome};
use crate::inbound::loggers::{INJECTOR, POLLER};

/// What files are handed to.
#[derive(Clone)]
pub(in super::super) struct Handed {
    /// The endpoint, as messages name where they come from.
    pub(in super::super) origin: Arc<Origin>,
    /// The configuration that is live.
    pub(in super::super) live: Arc<ArcSwap<Configuration>>,
    /// `sequence`
    pub(in super::super) sequence: Name,
    /// `onError`
    pub(in super::super) on_error: Option<Name>,
    /// `transport.vfs.ContentType`
    pub(in super::super) content_type: Option<String>,
    /// The way to the folder is a header too.
    pub(in super::super) tells_folder: bool,
    /// Messages that may be mediated beside the pollers, those of all endpoints.
    pub(in super::super) beside: Arc<Semaphore>,
    /// The poller waits for the mediation.
    pub(in super::super) sequential: bool,
}

impl Handed {
    /// The origin of an endpoint's messages.
    pub(in super::super) fn origin(name: &str) -> Arc<Origin> {
        Arc::new(Origin::new(OriginKind::Inbound, name))
    }

    /// Injects a file. `None` when it is to stay where it is.
    pub(super) async fn inject(&self, file: &Found, content: Bytes) -> Option<Outcome> {
        let configuration = self.live.load_full();
        let Some(sequence) = configuration.sequence(&self.sequence) else {
            // MI takes the file away all the same.
            tracing::error!(target: INJECTOR, "Sequence: {} not found", self.sequence);
            return None;
        };
        let mut context = MessageContext::new(configuration, self.origin.clone());
        self.describe(&mut context, file);
        if let Err(fault) = context.build_from(content) {
            tracing::error!(
                target: POLLER, "Error processing File URI : {}: {}", uri(&file.path), fault.detail_text().unwrap_or(fault.message())
            );
            return Some(Outcome::Failed);
        }
        if !self.sequential {
            match self.beside.clone().try_acquire_owned() {
                Ok(permit) => {
                    let handed = self.clone();
                    tokio::spawn(async move {
                        let _permit = permit;
                        // What goes wrong has been logged, and the file is gone by now.
                        let _ = engine::inject_polled(&mut context, &sequence, handed.on_error.as_ref()).await;
                    });
                    return Some(Outcome::Processed);
                }
                Err(_) => tracing::warn!(
                    target: "org.apache.synapse.core.axis2.Axis2SynapseEnvironment",
                    "Inbound worker pool has reached the maximum capacity and will be processing current message sequentially."
                ),
            }
        }
        Some(self.mediate(context, sequence, file).await)
    }

    /// In a task of its own: a message that panics must not end the poller.
    async fn mediate(&self, mut context: MessageContext, sequence: Arc<Sequence>, file: &Found) -> Outcome {
        let on_error = self.on_error.clone();
        let flow = async move { engine::inject_polled(&mut context, &sequence, on_error.as_ref()).await };
        let reason = match tokio::spawn(flow).await {
            Ok(Ok(())) => return Outcome::Processed,
            Ok(Err(fault)) => fault.first_line().to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::error!(target: POLLER, "Error processing File URI : {}: {reason}", uri(&file.path));
        Outcome::Failed
    }

    fn describe(&self, context: &mut MessageContext, file: &Found) {
        context.set_header("FILE_PATH", &file.path.to_string_lossy());
        context.set_header("FILE_NAME", &file.name);
        context.set_header("FILE_URI", &uri(&file.path));
        if self.tells_folder {
            context.set_header("RELATIVE_PATH", &file.below);
        }
        context.set_header("FILE_LENGTH", &file.size.to_string());
        context.set_header("LAST_MODIFIED", &file.modified.to_string());
        let content_type = self.content_type.as_deref().unwrap_or_else(|| by_extension(&file.name));
        context.content_types = ContentTypes::of(content_type);
        if let Some(charset) = parameter(content_type, "charset") {
            context.properties.set("CHARACTER_SET_ENCODING", Value::from(charset));
        }
        let media = media_type(content_type);
        context.rest = !["text/xml", "application/soap+xml"].iter().any(|soap| media.eq_ignore_ascii_case(soap));
    }
}

/// What no content type is given for is taken for SOAP, but for texts.
fn by_extension(name: &str) -> &'static str {
    let is_text = name.rsplit_once('.').is_some_and(|(_, extension)| extension.to_lowercase().ends_with("txt"));
    if is_text { "text/plain" } else { "text/xml" }
}

/// The URI of a file as Commons VFS writes it.
pub(super) fn uri(path: &Path) -> String {
    let text = path.to_string_lossy().replace('%', "%25").replace('#', "%23").replace(' ', "%20");
    format!("file://{text}")
}
