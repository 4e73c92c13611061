//! The engines of one thread.

use std::time::Duration;

use crate::engine::{Engine, Limits};
use crate::error::ScriptError;
use crate::host::{Host, Value};
use crate::script::Script;

/// How many engines a thread keeps: those that were used last. With the mediators' prelude they take some 50 MB.
const KEPT: usize = 128;

/// Engines by script, for one thread; put it into a `thread_local!`.
pub struct Engines<H> {
    /// The one used last is the last.
    engines: Vec<(u64, Engine<H>)>,
}

impl<H> Default for Engines<H> {
    fn default() -> Self {
        Self { engines: Vec::new() }
    }
}

impl<H: Host> Engines<H> {
    /// Runs `script` for at most `time`, which may be less than what `limits` say, and gives the host back. The host is lost
    /// only if it panicked.
    pub fn run(
        &mut self,
        script: &Script,
        host: H,
        time: Duration,
        limits: &Limits,
    ) -> (Option<H>, Result<Value, ScriptError>) {
        match self.engines.iter().rposition(|(id, _)| *id == script.id) {
            Some(index) if index + 1 == self.engines.len() => {}
            Some(index) => {
                let engine = self.engines.remove(index);
                self.engines.push(engine);
            }
            None => {
                let engine = match Engine::new(script, limits.memory) {
                    Ok(engine) => engine,
                    Err(error) => return (Some(host), Err(error)),
                };
                if self.engines.len() >= KEPT {
                    self.engines.remove(0);
                }
                self.engines.push((script.id, engine));
            }
        }
        let Some((_, engine)) = self.engines.last() else {
            return (Some(host), Err(ScriptError::Engine("it is gone".to_owned())));
        };
        let (host, result) = engine.run(host, time);
        if matches!(result, Err(ScriptError::TimeLimit(_) | ScriptError::MemoryLimit(_) | ScriptError::Engine(_))) {
            // Whatever state it was stopped in is gone with it.
            self.engines.pop();
        }
        (host, result)
    }
}
