//! Walking over a tree: [`Renderer`] holds the variables, settings and output of one rendering.

mod call;
mod evaluate;
mod execute;
mod index;
mod operators;
mod scope;

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::RenderError;
use crate::format::Formats;
use crate::syntax::{Escaping, Parsed};
use crate::value::{Map, Value};
use scope::Frame;

pub(crate) use evaluate::{missing, wrong_type};
pub(crate) use operators::compare;

/// What a rendering may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Directives and expressions that are evaluated, and items of lists that are made. The default is 20 million.
    pub steps: u64,
    /// How deep directives, expressions and calls are nested. The default is 200.
    pub depth: u32,
    /// Bytes of the output and of any text on the way. The default is 32 MiB.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 20_000_000, depth: 200, text: 32 << 20 }
    }
}

/// How a block was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Normal,
    Break,
    Continue,
    Return,
}

/// One rendering.
#[derive(Debug)]
pub(crate) struct Renderer<'t> {
    template: &'t Parsed,
    model: &'t Map,
    limits: Limits,
    pub now: i64,
    pub formats: Formats,
    globals: HashMap<Arc<str>, Value>,
    variables: Map,
    frames: Vec<Frame<'t>>,
    /// The frame whose variables are seen; a macro's nested content runs in that of its caller.
    current: usize,
    out: String,
    steps: u64,
    depth: u32,
    escaping: Escaping,
    returned: Option<Value>,
    /// Messages that `#recover` blocks around this place deal with.
    recovering: Vec<String>,
}

impl<'t> Renderer<'t> {
    pub fn new(template: &'t Parsed, model: &'t Map, now: i64, limits: &Limits) -> Self {
        let mut renderer = Self {
            template,
            model,
            limits: *limits,
            now,
            formats: Formats::new(),
            globals: HashMap::new(),
            variables: Map::new(),
            frames: vec![Frame::default()],
            current: 0,
            out: String::new(),
            steps: 0,
            depth: 0,
            escaping: template.header.escaping,
            returned: None,
            recovering: Vec::new(),
        };
        // Macros can be called before the place of their definition.
        for (index, definition) in template.macros.iter().enumerate() {
            renderer.variables.insert(Arc::clone(&definition.name), Renderer::macro_value(index, definition));
        }
        renderer
    }

    pub fn run(mut self) -> Result<String, RenderError> {
        self.block(&self.template.body)?;
        Ok(self.out)
    }

    /// Prefixes of XML namespaces.
    pub fn prefixes(&self) -> &'t [(Arc<str>, Arc<str>)] {
        &self.template.header.prefixes
    }

    pub fn escaping(&self) -> Escaping {
        self.escaping
    }

    /// Counts steps.
    pub fn step(&mut self, count: u64) -> Result<(), RenderError> {
        self.steps = self.steps.saturating_add(count);
        if self.steps > self.limits.steps {
            Err(RenderError::limit(&format!("{} steps", self.limits.steps)))
        } else {
            Ok(())
        }
    }

    /// Goes one level deeper; the caller comes up again with [`Self::up`].
    fn down(&mut self) -> Result<(), RenderError> {
        self.step(1)?;
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(RenderError::limit(&format!("{} nested directives, expressions and calls", self.limits.depth)));
        }
        Ok(())
    }

    fn up(&mut self) {
        self.depth -= 1;
    }

    /// A text that was made, if it is not too long.
    pub fn made(&mut self, text: String) -> Result<Value, RenderError> {
        self.fits(text.len())?;
        self.step(text.len() as u64 / 64)?;
        Ok(Value::from(text))
    }

    /// Whether a text of so many bytes may be made.
    pub fn fits(&self, length: usize) -> Result<(), RenderError> {
        if length > self.limits.text {
            return Err(RenderError::limit(&format!("{} bytes in a text", self.limits.text)));
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<(), RenderError> {
        self.fits(self.out.len().saturating_add(text.len()))?;
        self.out.push_str(text);
        Ok(())
    }
}
