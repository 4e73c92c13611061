//! A compiled component, and a call of it.

use std::time::{Duration, Instant};

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Store, StoreLimitsBuilder, UpdateDeadline};

use crate::engine::{Running, engine};
use crate::state::{Mediator, MediatorPre, Message, State};

/// What a call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long it may take; default 10 s.
    pub time: Duration,
    /// How much memory it may have, in bytes; default 64 MiB.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(10), memory: 64 << 20 }
    }
}

/// Why a component is none, or what became of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WasmError {
    /// The bytes are no component for mediators.
    #[error("{0}")]
    Component(String),
    /// The component says that it failed.
    #[error("{0}")]
    Failed(String),
    /// It ran too long.
    #[error("it was stopped after {0:?}")]
    Time(Duration),
    /// It broke: a panic, memory that it may not have.
    #[error("{0}")]
    Broken(String),
}

/// See [`WasmError::Time`].
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the time limit has passed")]
struct TimeIsOver;

/// A component, compiled and linked.
pub struct Component<M: Message> {
    ready: MediatorPre<State<M>>,
}

impl<M: Message> std::fmt::Debug for Component<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Component")
    }
}

impl<M: Message> Component<M> {
    /// Compiles a component.
    ///
    /// # Errors
    /// [`WasmError::Component`] for bytes that are none, and for components that import or export something else.
    pub fn compile(bytes: &[u8]) -> Result<Self, WasmError> {
        let engine = engine().map_err(|reason| WasmError::Component(reason.to_owned()))?;
        let wrong = |error: wasmtime::Error| WasmError::Component(format!("{error:#}"));
        let component = wasmtime::component::Component::new(engine, bytes).map_err(wrong)?;
        let mut linker: Linker<State<M>> = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(wrong)?;
        Mediator::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state).map_err(wrong)?;
        let ready = linker.instantiate_pre(&component).and_then(MediatorPre::new).map_err(wrong)?;
        Ok(Self { ready })
    }

    /// Works on a message and gives it back, with what became of the call: `true` lets the flow go on.
    pub async fn mediate(
        &self,
        message: M,
        arguments: &[(String, String)],
        limits: Limits,
    ) -> (M, Result<bool, WasmError>) {
        let engine = self.ready.engine();
        let of_memory = StoreLimitsBuilder::new().memory_size(limits.memory).build();
        let mut store = Store::new(engine, State::new(message, of_memory));
        store.limiter(|state| &mut state.limits);
        let begun = Instant::now();
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            if begun.elapsed() > limits.time { Err(TimeIsOver.into()) } else { Ok(UpdateDeadline::Yield(1)) }
        });
        let running = Running::begin(engine);
        let result = self.call(&mut store, arguments).await;
        drop(running);
        let result = match result {
            Ok(Ok(goes_on)) => Ok(goes_on),
            Ok(Err(reason)) => Err(WasmError::Failed(reason)),
            Err(error) if error.downcast_ref::<TimeIsOver>().is_some() => Err(WasmError::Time(limits.time)),
            Err(error) => Err(WasmError::Broken(format!("{error:#}"))),
        };
        (store.into_data().message, result)
    }

    async fn call(
        &self,
        store: &mut Store<State<M>>,
        arguments: &[(String, String)],
    ) -> Result<Result<bool, String>, wasmtime::Error> {
        let instance = self.ready.instantiate_async(&mut *store).await?;
        instance.call_mediate(store, arguments).await
    }
}
