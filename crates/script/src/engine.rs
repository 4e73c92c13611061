//! One engine: a QuickJS runtime that runs one script.
//!
//! A runtime of its own takes 100 KiB and a tenth of a millisecond, with the prelude of the mediators 370 KiB and 1.7 ms,
//! once. It keeps scripts from seeing each other and makes the memory limit that of one script.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::function::Rest;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Exception, Function, Object, Persistent, Runtime};

use crate::e4x;
use crate::error::ScriptError;
use crate::host::{Host, Value};
use crate::script::{Language, Script};

/// What a script may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The time that one run may take. Default 10 s.
    pub time: Duration,
    /// The memory of the script's engine, in bytes; the engine itself needs some 500 KiB of it. Default 64 MiB.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(10), memory: 64 << 20 }
    }
}

/// What the engine's error says when it has no memory left.
const OUT_OF_MEMORY: &str = "out of memory";

/// The native stack that scripts may use, in bytes: threads have 2 MiB.
const STACK: usize = 512 << 10;

/// The deadline of the run, and whether it has passed.
struct Clock {
    deadline: Cell<Instant>,
    passed: Cell<bool>,
}

impl Clock {
    fn start(&self, time: Duration) {
        self.passed.set(false);
        let now = Instant::now();
        self.deadline.set(now.checked_add(time).unwrap_or(now));
    }

    fn is_over(&self) -> bool {
        if Instant::now() >= self.deadline.get() {
            self.passed.set(true);
        }
        self.passed.get()
    }
}

pub(crate) struct Engine<H> {
    // Before the context, because what is dropped first is freed first.
    start: Persistent<Function<'static>>,
    program: Persistent<Function<'static>>,
    clean: Persistent<Function<'static>>,
    context: Context,
    clock: Rc<Clock>,
    host: Rc<RefCell<Option<H>>>,
    memory: usize,
}

/// Deletes the globals that a script has made: its own are the only ones that can be enumerated.
const CLEAN: &str = "(function(){for(const k of Object.keys(globalThis))delete globalThis[k]})";

impl<H: Host> Engine<H> {
    pub(crate) fn new(script: &Script, memory: usize) -> Result<Self, ScriptError> {
        let runtime = Runtime::new().map_err(engine_error)?;
        runtime.set_memory_limit(memory);
        runtime.set_max_stack_size(STACK);
        let clock = Rc::new(Clock { deadline: Cell::new(Instant::now()), passed: Cell::new(false) });
        let timer = clock.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || timer.is_over())));
        let context = Context::full(&runtime).map_err(engine_error)?;
        let host = Rc::new(RefCell::new(None));
        clock.start(Limits::default().time);
        let functions = context.with(|ctx| prepare(&ctx, script, &host).catch(&ctx).map_err(|error| caught(&error)));
        let (start, program, clean) = functions?;
        Ok(Self { context, clock, host, start, program, clean, memory })
    }

    /// Runs the script. An engine whose script went over a limit must not be used again.
    pub(crate) fn run(&self, host: H, time: Duration) -> (Option<H>, Result<Value, ScriptError>) {
        self.host.replace(Some(host));
        self.clock.start(time);
        let result = catch_unwind(AssertUnwindSafe(|| self.context.with(|ctx| self.run_in(&ctx))))
            .unwrap_or_else(|_| Err(ScriptError::Engine("the host panicked".to_owned())));
        let result = match result {
            Err(_) if self.clock.passed.get() => Err(ScriptError::TimeLimit(time)),
            Err(ScriptError::Thrown(text)) if text.contains(OUT_OF_MEMORY) => {
                Err(ScriptError::MemoryLimit(self.memory))
            }
            other => other,
        };
        (self.host.take(), result)
    }

    fn run_in<'js>(&self, ctx: &Ctx<'js>) -> Result<Value, ScriptError> {
        let start = self.start.clone().restore(ctx).map_err(engine_error)?;
        let program = self.program.clone().restore(ctx).map_err(engine_error)?;
        let value = start.call((program,)).catch(ctx).map_err(|error| caught(&error));
        while ctx.execute_pending_job() {
            if self.clock.is_over() {
                return Err(ScriptError::Engine(String::new()));
            }
        }
        let clean = self.clean.clone().restore(ctx).map_err(engine_error)?;
        clean.call::<_, ()>(()).catch(ctx).map_err(|error| caught(&error))?;
        value
    }
}

type Functions = (Persistent<Function<'static>>, Persistent<Function<'static>>, Persistent<Function<'static>>);

fn prepare<H: Host>(ctx: &Ctx<'_>, script: &Script, host: &Rc<RefCell<Option<H>>>) -> rquickjs::Result<Functions> {
    define(ctx, "__host", Function::new(ctx.clone(), bridge(host.clone()))?)?;
    if script.language == Language::E4x {
        define(ctx, "__parseXml", Function::new(ctx.clone(), parse_xml)?)?;
        evaluate::<rquickjs::Value<'_>>(ctx, "e4x.js", e4x::RUNTIME)?;
    }
    let start: Function<'_> = evaluate(ctx, "prelude.js", script.prelude)?;
    let program: Function<'_> = evaluate(ctx, &script.name, &script.program)?;
    let clean: Function<'_> = ctx.eval(CLEAN)?;
    clean.call::<_, ()>(())?;
    Ok((Persistent::save(ctx, start), Persistent::save(ctx, program), Persistent::save(ctx, clean)))
}

/// A global that cannot be enumerated.
fn define<'js>(ctx: &Ctx<'js>, name: &str, value: Function<'js>) -> rquickjs::Result<()> {
    ctx.globals().prop(name, rquickjs::object::Property::from(value).configurable().writable())
}

fn bridge<H: Host>(
    host: Rc<RefCell<Option<H>>>,
) -> impl for<'js> Fn(Ctx<'js>, rquickjs::String<'js>, Rest<Value>) -> rquickjs::Result<Value> {
    move |ctx, operation, arguments| {
        let operation = operation.to_string()?;
        let result = match host.borrow_mut().as_mut() {
            Some(host) => host.call(&operation, &arguments.0),
            None => Err(format!("{operation} is only there while a message is mediated")),
        };
        result.map_err(|message| Exception::throw_message(&ctx, &message))
    }
}

fn parse_xml(ctx: Ctx<'_>, text: String) -> rquickjs::Result<String> {
    e4x::parse(&text).map_err(|message| Exception::throw_syntax(&ctx, &message))
}

fn evaluate<'js, V: rquickjs::FromJs<'js>>(ctx: &Ctx<'js>, name: &str, source: &str) -> rquickjs::Result<V> {
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    ctx.eval_with_options(source, options)
}

/// Whether `source` compiles as a script.
pub(crate) fn check(source: &str) -> Result<(), ScriptError> {
    let runtime = Runtime::new().map_err(engine_error)?;
    runtime.set_memory_limit(Limits::default().memory);
    runtime.set_max_stack_size(STACK);
    let context = Context::full(&runtime).map_err(engine_error)?;
    context.with(|ctx| {
        // All of it is compiled before any of it is run, and the first statement ends the run.
        let result = evaluate::<rquickjs::Value<'_>>(&ctx, "script", &format!("throw 0;{source}")).catch(&ctx);
        match result {
            Err(CaughtError::Exception(error)) => {
                Err(ScriptError::Syntax { message: message(&error), line: line(&error) })
            }
            _ => Ok(()),
        }
    })
}

fn engine_error(error: rquickjs::Error) -> ScriptError {
    ScriptError::Engine(error.to_string())
}

fn message(error: &Exception<'_>) -> String {
    let object: &Object<'_> = error.as_object();
    let name: String = object.get("name").unwrap_or_else(|_| "Error".to_owned());
    format!("{name}: {}", error.message().unwrap_or_default())
}

/// The line where an error is, from its stack (`at f (file:LINE:COLUMN)`).
fn line(error: &Exception<'_>) -> u32 {
    let stack = error.stack().unwrap_or_default();
    let first = stack.lines().next().unwrap_or_default().trim_end_matches([')', '\n']);
    first.rsplit(':').nth(1).and_then(|line| line.parse().ok()).unwrap_or(1)
}

fn caught(error: &CaughtError<'_>) -> ScriptError {
    match error {
        CaughtError::Exception(exception) => {
            let text = message(exception);
            let stack = exception.stack().unwrap_or_default();
            let place = stack.lines().map(str::trim).find(|line| !line.contains("prelude.js") && line.contains(':'));
            ScriptError::Thrown(match place {
                Some(place) => format!("{text} {place}"),
                None => text,
            })
        }
        // Without memory for an error, the engine throws `null`.
        CaughtError::Value(value) if value.is_null() => ScriptError::Thrown(OUT_OF_MEMORY.to_owned()),
        CaughtError::Value(value) => {
            let text = value.as_string().and_then(|text| text.to_string().ok());
            ScriptError::Thrown(text.unwrap_or_else(|| format!("{value:?}")))
        }
        CaughtError::Error(error) => engine_error(rquickjs::Error::new_from_js_message("", "", error.to_string())),
    }
}
