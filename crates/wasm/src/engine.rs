//! The engine that all components share, and its clock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;

use wasmtime::{Config, Engine};

/// How long a component runs before it gives way to other work of its thread.
const SLICE: Duration = Duration::from_millis(2);

static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();
static CLOCK: OnceLock<Option<Thread>> = OnceLock::new();
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// The engine; the error says why this machine has none.
pub(crate) fn engine() -> Result<&'static Engine, &'static str> {
    let made = ENGINE.get_or_init(|| {
        let mut config = Config::new();
        config.epoch_interruption(true).wasm_component_model(true);
        Engine::new(&config).map_err(|error| error.to_string())
    });
    made.as_ref().map_err(String::as_str)
}

/// Counts a call while it lives; the clock runs while there are any.
pub(crate) struct Running;

impl Running {
    pub(crate) fn begin(engine: &Engine) -> Self {
        let clock = CLOCK.get_or_init(|| {
            let engine = engine.clone();
            let started = std::thread::Builder::new().name("wasm-clock".to_owned()).spawn(move || tick(&engine));
            started.ok().map(|handle| handle.thread().clone())
        });
        if RUNNING.fetch_add(1, Ordering::AcqRel) == 0
            && let Some(clock) = clock
        {
            clock.unpark();
        }
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::AcqRel);
    }
}

fn tick(engine: &Engine) {
    loop {
        if RUNNING.load(Ordering::Acquire) == 0 {
            std::thread::park();
        } else {
            std::thread::sleep(SLICE);
            engine.increment_epoch();
        }
    }
}
