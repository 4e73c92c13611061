//! `file` endpoints (spec: tasks 4.5): each fire of the task looks for files and injects them into the sequence.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use mi_mediation::context::{Origin, OriginKind};
use mi_mediation::mediator::BoxFuture;
use mi_mediation::names::Name;
use mi_mediation::sequence::Sequence;
use mi_mediation::{Configuration, MessageContext, engine};
use mi_scheduling::{Fire, Job, JobResult, TaskScheduler};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::loggers::{INJECTOR, POLLER};
use crate::files::{self, Found, Looker, Outcome, Taker, uri};
use crate::pause::pause;

/// The shortest period of a task; endpoints with a shorter interval look several times at each fire.
pub(super) const PERIOD: Duration = Duration::from_secs(1);

/// What the task of an endpoint does.
pub(super) struct FilePoller {
    pub(super) looker: Looker<Injector>,
    pub(super) scheduler: TaskScheduler,
}

impl Job for FilePoller {
    fn run(&self, fire: Fire) -> Pin<Box<dyn Future<Output = JobResult> + Send + '_>> {
        Box::pin(async move {
            let Some(gate) = self.scheduler.gate(&fire.task) else { return Ok(()) };
            let interval = self.looker.settings.interval;
            let late = u128::try_from(gate.now().saturating_sub(fire.slot)).unwrap_or_default();
            if !fire.extra && late >= interval.max(PERIOD).as_millis() {
                // A look took longer than the interval. The slots that it outlasted are not caught up.
                return Ok(());
            }
            let began = Instant::now();
            loop {
                let look = Instant::now();
                self.looker.look(&gate).await;
                if interval >= PERIOD || !gate.is_open() {
                    return Ok(());
                }
                pause(interval.saturating_sub(look.elapsed()), &gate).await;
                // A look without any pause at all must let others run.
                tokio::task::yield_now().await;
                if began.elapsed() >= PERIOD || !gate.is_open() {
                    return Ok(());
                }
            }
        })
    }
}

/// Injects files into a sequence.
#[derive(Clone)]
pub(super) struct Injector {
    /// The endpoint, as messages name where they come from.
    pub(super) origin: Arc<Origin>,
    /// The configuration that is live.
    pub(super) live: Arc<ArcSwap<Configuration>>,
    /// `sequence`
    pub(super) sequence: Name,
    /// `onError`
    pub(super) on_error: Option<Name>,
    /// `transport.vfs.ContentType`
    pub(super) content_type: Option<String>,
    /// The way to the folder is a header too.
    pub(super) tells_folder: bool,
    /// Messages that may be mediated beside the pollers, those of all endpoints.
    pub(super) beside: Arc<Semaphore>,
    /// The poller waits for the mediation.
    pub(super) sequential: bool,
}

impl Taker for Injector {
    fn limit(&self) -> u64 {
        self.live.load().settings.build_limit
    }

    fn take<'a>(&'a self, file: &'a Found, content: Bytes) -> BoxFuture<'a, Option<Outcome>> {
        Box::pin(self.inject(file, content))
    }
}

impl Injector {
    /// The origin of an endpoint's messages.
    pub(super) fn origin(name: &str) -> Arc<Origin> {
        Arc::new(Origin::new(OriginKind::Inbound, name))
    }

    /// Injects a file. `None` when it is to stay where it is.
    async fn inject(&self, file: &Found, content: Bytes) -> Option<Outcome> {
        let configuration = self.live.load_full();
        let Some(sequence) = configuration.sequence(&self.sequence) else {
            // MI takes the file away all the same.
            tracing::error!(target: INJECTOR, "Sequence: {} not found", self.sequence);
            return None;
        };
        let mut context = MessageContext::new(configuration, self.origin.clone());
        files::describe(&mut context, file, self.content_type.as_deref());
        if self.tells_folder {
            context.set_header("RELATIVE_PATH", &file.below);
        }
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
}

#[cfg(test)]
mod tests;
