//! A script, ready to be run by any engine.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::ScriptError;
use crate::{completion, e4x, engine, lexer};

/// The language that a script is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// JavaScript.
    JavaScript,
    /// JavaScript with XML literals and the operators on XML that Rhino has.
    E4x,
}

/// How a script is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// As a whole, with the variable `mc`; its value is that of its last statement.
    Whole,
    /// As a whole, to define a function of this name, which is its value (or `undefined` if it is not defined).
    Function(String),
}

/// A compiled script. Engines keep what they make of it by its identity, so keep it and share it.
#[derive(Debug)]
pub struct Script {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) prelude: &'static str,
    pub(crate) program: String,
    pub(crate) language: Language,
    entry: Entry,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Script {
    /// Compiles `sources`, which run one after the other in one scope.
    ///
    /// `name` stands in the stack of errors. `prelude` is JavaScript that is run once when an engine is made for the script.
    /// Its value must be a function: it is called for each run with the program, and what it returns is the value of the
    /// run. The program is a function itself; with [`Entry::Whole`] it takes the value for `mc`. The prelude can call
    /// `__host(operation, …)`; globals that it leaves enumerable are deleted after each run.
    ///
    /// # Errors
    /// When a source is not well formed.
    pub fn compile(
        name: &str,
        language: Language,
        sources: &[&str],
        entry: Entry,
        prelude: &'static str,
    ) -> Result<Self, ScriptError> {
        let mut source = String::new();
        for text in sources {
            let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
            let text = match language {
                Language::JavaScript => text.to_owned(),
                Language::E4x => e4x::translate(text)?,
            };
            engine::check(&text)?;
            source.push_str(&text);
            source.push('\n');
        }
        let program = match &entry {
            Entry::Whole if completion::is_never_false(&source) => format!("(function(mc){{{source}}})"),
            // Only `eval` knows what value a sequence of statements has. It compiles at each run.
            Entry::Whole => format!("(function(mc){{return eval({})}})", serde_json::Value::from(source)),
            Entry::Function(function) if lexer::is_identifier(function) => {
                format!("(function(){{{source};return typeof {function}==='function'?{function}:undefined}})")
            }
            Entry::Function(function) => return Err(ScriptError::NoFunction(function.clone())),
        };
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Self { id, name: name.to_owned(), prelude, program, language, entry })
    }

    /// How it is entered.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }
}
