//! Running scripts on messages, for the mediators that have them.
//!
//! A script of a few lines takes microseconds, so it is run where the message is, for at most [`IN_PLACE`]. One that needs
//! longer would hold up the other messages of its thread: it is stopped, what it did to the message is undone, and it is
//! run again from its beginning on a thread for slow scripts, for as long as the limits allow. [`Pace`] remembers that, so
//! that the next messages go there at once.

mod address;
mod encode;
mod host;
mod log;
mod om;
mod property;
mod undo;
mod xpath;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mi_payload::Payload;
use mi_script::{Engines, Limits, Script, ScriptError, Value};
use tokio::sync::Semaphore;

use crate::context::MessageContext;
pub(crate) use encode::from_script;
use host::MessageHost;

/// The JavaScript side of `mc` and of the Java classes; see [`Script::compile`].
const PRELUDE: &str = concat!("const __nashorn = false;\n", include_str!("java.js"), include_str!("api.js"));

/// The same for Nashorn, where the payload as XML is the live element.
const NASHORN: &str = concat!("const __nashorn = true;\n", include_str!("java.js"), include_str!("api.js"));

/// The prelude for what artifacts call `language`.
pub(crate) fn prelude(language: &str) -> &'static str {
    if language == "nashornJs" { NASHORN } else { PRELUDE }
}

/// How long a script may hold up the thread that it is run on.
const IN_PLACE: Duration = Duration::from_millis(2);

/// The size of a payload, in bytes, from which on a script is not run in place: the engine looks at the clock between its
/// steps, and parsing JSON is one step.
const LARGE: usize = 64 << 10;

/// How many messages a script that was too slow is handed over for before it is tried in place again.
const PENALTY: u32 = 64;

/// How many scripts run at a time on threads of their own.
static SLOW: Semaphore = Semaphore::const_new(32);

thread_local! {
    static ENGINES: RefCell<Engines<Box<MessageHost>>> = RefCell::default();
}

/// Whether a script is quick, as far as one knows.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU32);

impl Pace {
    /// Whether the next run should go to a thread for slow scripts.
    fn is_slow(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn was_slow(&self) {
        self.0.store(PENALTY, Ordering::Relaxed);
    }
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The value of a whole script; of a function, when no output was asked for.
    pub(crate) value: Value,
    /// What the script gave by `output`: its kind (`null`, `plain`, `text`, `xml`, `json`), and the value.
    pub(crate) output: Option<(String, Value)>,
    /// The function that was to be called is not defined.
    pub(crate) missing_function: bool,
}

/// Runs `script` on the message. `input` is what the prelude gets for `input`.
///
/// # Errors
/// When the script throws or goes over a limit. What it did to the message until then stays.
pub(crate) async fn run(
    context: &mut MessageContext,
    script: &Arc<Script>,
    pace: &Pace,
    input: Option<String>,
) -> Result<Outcome, ScriptError> {
    let limits = context.configuration.settings.script_limits;
    if limits.time > IN_PLACE && !is_large(&context.payload) && !pace.is_slow() {
        let host = MessageHost::new(take(context), input.clone(), true);
        let (mut host, result) = run_here(script, host, IN_PLACE, &limits);
        if !matches!(result, Err(ScriptError::TimeLimit(_))) {
            return finish(context, host, result);
        }
        pace.was_slow();
        if let Some(host) = &mut host {
            host.undo();
        }
        give_back(context, host);
    }
    // The semaphore is never closed.
    let permit = SLOW.acquire().await;
    let host = MessageHost::new(take(context), input, false);
    let script = script.clone();
    let (host, result) = tokio::task::spawn_blocking(move || run_here(&script, host, limits.time, &limits))
        .await
        .unwrap_or_else(|error| (None, Err(ScriptError::Engine(error.to_string()))));
    drop(permit);
    finish(context, host, result)
}

fn is_large(payload: &Payload) -> bool {
    match payload {
        Payload::Json(json) => json.text().len() > LARGE,
        Payload::Text(text) => text.as_str().len() > LARGE,
        Payload::Binary(binary) => binary.bytes().len() > LARGE,
        // A tree takes some four times the room of its text.
        Payload::Xml(xml) => xml.envelope().document.memory_size() > 4 * LARGE,
        Payload::Empty(_) | Payload::Unread(_) => false,
    }
}

type Ran = (Option<Box<MessageHost>>, Result<Value, ScriptError>);

fn run_here(script: &Script, host: Box<MessageHost>, time: Duration, limits: &Limits) -> Ran {
    ENGINES.with(|engines| match engines.try_borrow_mut() {
        Ok(mut engines) => engines.run(script, host, time, limits),
        Err(_) => (Some(host), Err(ScriptError::Engine("a script cannot run within a script".to_owned()))),
    })
}

/// The message, for a script; an empty one takes its place meanwhile.
fn take(context: &mut MessageContext) -> MessageContext {
    let stand_in = MessageContext::new(context.configuration.clone(), context.origin.clone());
    std::mem::replace(context, stand_in)
}

fn give_back(context: &mut MessageContext, host: Option<Box<MessageHost>>) {
    if let Some(host) = host {
        *context = host.into_context();
    }
}

fn finish(
    context: &mut MessageContext,
    mut host: Option<Box<MessageHost>>,
    result: Result<Value, ScriptError>,
) -> Result<Outcome, ScriptError> {
    let (mut output, mut missing_function) = (None, false);
    if let Some(host) = &mut host {
        host.write_log();
        (output, missing_function) = host.take_output();
    }
    give_back(context, host);
    Ok(Outcome { value: result?, output, missing_function })
}
