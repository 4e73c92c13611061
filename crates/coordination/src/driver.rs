//! The shell around the state machine: clock, database, gates, log.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, error, info, warn};

use crate::coordinator::{Inner, View};
use crate::gate::Shared;
use crate::loggers;
use crate::notes;
use crate::options::ClusterOptions;
use crate::protocol::{Action, Event, Mono, Node, Note, Request, RequestId};
use crate::store::{SqlStore, Store, StoreError};

/// The longest pause between attempts to prepare the tables, and between looks at the state machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came of a request, and why it failed if it did.
type Answer = (Event, Option<StoreError>);

pub(crate) struct Driver {
    /// The driver ends when nobody holds the coordinator any more.
    inner: Weak<Inner>,
    shared: Arc<Shared>,
    store: Arc<SqlStore>,
    options: ClusterOptions,
    node: Node,
    view: watch::Sender<View>,
    patience: watch::Receiver<Duration>,
    answers: mpsc::UnboundedSender<Answer>,
    notified: Arc<Notify>,
    listening: Option<JoinHandle<()>>,
    /// Whether the last request failed: said once, until one succeeds.
    failing: bool,
}

impl Driver {
    pub(crate) fn spawn(
        inner: &Arc<Inner>,
        store: Arc<SqlStore>,
        options: ClusterOptions,
        events: mpsc::UnboundedReceiver<Event>,
        view: watch::Sender<View>,
        patience: watch::Receiver<Duration>,
    ) {
        let incarnation = uuid::Uuid::new_v4().to_string();
        let mut timing = options.timing();
        if store.notifications().is_none() {
            // Nobody tells this node of work that was handed over: it looks a little before the resolving period is over,
            // so that it has found it by then.
            timing.beat = timing.beat * 9 / 10;
        }
        let node = Node::new(options.node.clone(), &incarnation, timing, options.resolver.clone());
        let (answers, answered) = mpsc::unbounded_channel();
        let driver = Self {
            inner: Arc::downgrade(inner),
            shared: inner.shared.clone(),
            store,
            options,
            node,
            view,
            patience,
            answers,
            notified: Arc::new(Notify::new()),
            listening: None,
            failing: false,
        };
        tokio::spawn(driver.run(events, answered));
    }

    async fn run(mut self, mut events: mpsc::UnboundedReceiver<Event>, mut answered: mpsc::UnboundedReceiver<Answer>) {
        info!(target: loggers::TASKS, "Initializing task coordination.");
        let mut early = Vec::new();
        if !self.prepare(&mut events, &mut early).await {
            self.view.send_modify(|view| view.left = true);
            return;
        }
        self.listen();
        for event in early {
            self.step(event);
        }
        self.step(Event::Tick);
        while !self.node.is_gone() && self.inner.strong_count() > 0 {
            let now = self.shared.mono();
            let wake = Instant::now() + self.node.wake(now).saturating_sub(now).min(PATIENCE);
            // Answers go first: a heartbeat that was answered is worth more than anything that came meanwhile.
            let event = tokio::select! {
                biased;
                Some((event, error)) = answered.recv() => {
                    if let Some(error) = error {
                        self.failed(&error);
                    }
                    event
                }
                event = events.recv() => match event {
                    Some(event) => event,
                    None => break,
                },
                () = self.notified.notified() => Event::Notified,
                () = sleep_until(wake) => Event::Tick,
            };
            self.step(event);
        }
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
    }

    /// Creates missing tables, for as long as it takes. Events that come meanwhile are kept. False when the node is to
    /// leave before it joined.
    async fn prepare(&mut self, events: &mut mpsc::UnboundedReceiver<Event>, early: &mut Vec<Event>) -> bool {
        let mut pause = Duration::from_millis(200);
        loop {
            let limit = self.options.timing().timeout.max(PATIENCE);
            match timeout(limit, self.store.prepare()).await.unwrap_or(Err(StoreError::Timeout(limit))) {
                Ok(()) => {
                    self.failing = false;
                    return true;
                }
                Err(error) => self.failed(&error),
            }
            let until = Instant::now() + pause;
            pause = (pause * 2).min(PATIENCE);
            loop {
                tokio::select! {
                    () = sleep_until(until) => break,
                    event = events.recv() => match event {
                        None | Some(Event::Stop) => return false,
                        Some(event) => early.push(event),
                    },
                }
            }
        }
    }

    fn step(&mut self, event: Event) {
        if matches!(event, Event::Answer { .. }) && std::mem::take(&mut self.failing) {
            info!(target: loggers::STRATEGY, "The coordination database answers again.");
            // The connection that listens may be dead without knowing it.
            self.listen();
        }
        let mut actions = Vec::new();
        self.node.handle(self.shared.mono(), event, &mut actions);
        for action in actions {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        let gate = |task: &str| self.inner.upgrade().and_then(|inner| inner.gate(task));
        match action {
            Action::Send { id, request, timeout } => self.send(id, request, timeout),
            Action::Lease { until, database, read } => self.shared.set_lease(until, database, read),
            Action::Open { row, resumed, session } => {
                if let Some(gate) = gate(&row.task) {
                    gate.open(row.last_slot, row.fired, resumed, Some(session));
                }
            }
            Action::Close { task, reason } => {
                if let Some(gate) = gate(&task) {
                    gate.close(reason);
                }
            }
            Action::Drain => {
                let (shared, answers, patience) = (self.shared.clone(), self.answers.clone(), *self.patience.borrow());
                tokio::spawn(async move {
                    let _ = timeout(patience, shared.drained()).await;
                    let _ = answers.send((Event::Drained, None));
                });
            }
            Action::Gone => self.view.send_modify(|view| view.left = true),
            Action::Note(note) => self.note(&note),
        }
    }

    fn send(&self, id: RequestId, request: Request, limit: Mono) {
        debug!(target: loggers::STRATEGY, ?request, "sent");
        let (store, answers) = (self.store.clone(), self.answers.clone());
        tokio::spawn(async move {
            let answer = match timeout(limit, store.run(request)).await.unwrap_or(Err(StoreError::Timeout(limit))) {
                Ok(reply) => (Event::Answer { id, reply }, None),
                Err(error) => {
                    store.forget_connections();
                    (Event::Failed { id }, Some(error))
                }
            };
            let _ = answers.send(answer);
        });
    }

    /// Says a failure once, until a request succeeds again.
    fn failed(&mut self, error: &StoreError) {
        if !std::mem::replace(&mut self.failing, true) {
            match error {
                StoreError::Schema { .. } => error!(target: loggers::STRATEGY, "{error}"),
                _ => warn!(
                    target: loggers::STRATEGY,
                    "The coordination database fails, it is tried again and again: {error}"
                ),
            }
        }
    }

    fn note(&mut self, note: &Note) {
        let open: Vec<_> = match note {
            Note::LeaseEnded => self.node.open_tasks().cloned().collect(),
            _ => Vec::new(),
        };
        notes::log(note, &self.options, &open);
        self.view.send_modify(|view| notes::apply(note, view));
    }

    /// Begins, or begins again, to listen for notifications, where the database has them.
    fn listen(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
        let Some(notifications) = self.store.notifications() else { return };
        let notified = self.notified.clone();
        self.listening = Some(tokio::spawn(async move {
            loop {
                if let Ok(mut listening) = notifications.listen().await {
                    while listening.next().await.is_ok() {
                        notified.notify_one();
                    }
                }
                // Heartbeats find everything a little later.
                sleep(Duration::from_secs(1)).await;
            }
        }));
    }
}
