//! Calling macros and functions.

use std::sync::Arc;

use super::Renderer;
use super::evaluate::wrong_type;
use super::scope::{Frame, Loop, Nested};
use crate::error::{ErrorKind, RenderError};
use crate::syntax::{Expr, Macro, MacroCall};
use crate::value::{Map, Value};

type Named = Vec<(Arc<str>, Option<Value>)>;

impl<'t> Renderer<'t> {
    /// `<@name …>`.
    pub(super) fn call_macro(&mut self, call: &'t MacroCall) -> Result<(), RenderError> {
        let index = match self.required(&call.callee)? {
            Value::Macro(found) if !found.is_function => found.index,
            Value::Macro(_) => {
                return Err(
                    RenderError::failed("A function is called in an expression, not like a macro").blame(&call.callee)
                );
            }
            other => return Err(wrong_type("macro", &other).blame(&call.callee)),
        };
        let Some(definition) = self.template.macros.get(index) else { return Ok(()) };
        let mut locals = Map::new();
        if call.named.is_empty() {
            let mut values = Vec::with_capacity(call.positional.len());
            for argument in &call.positional {
                values.push(self.evaluate(argument)?);
            }
            self.by_position(definition, values, &mut locals)?;
        } else {
            let mut values = Vec::with_capacity(call.named.len());
            for (name, argument) in &call.named {
                values.push((Arc::clone(name), self.evaluate(argument)?));
            }
            by_name(definition, values, &mut locals)?;
        }
        let nested = Nested { body: call.body.as_ref(), names: &call.loop_names, frame: self.current };
        self.run_macro(definition, locals, Some(nested))
    }

    /// `name(…)`.
    pub(super) fn call_function(&mut self, callee: &Expr, arguments: &[Expr]) -> Result<Option<Value>, RenderError> {
        let index = match self.required(callee)? {
            Value::Macro(found) if found.is_function => found.index,
            other => return Err(wrong_type("function", &other).blame(callee)),
        };
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.evaluate(argument)?);
        }
        self.run_function(index, values)
    }

    /// Calls a function with these values.
    pub(super) fn run_function(
        &mut self,
        index: usize,
        values: Vec<Option<Value>>,
    ) -> Result<Option<Value>, RenderError> {
        let Some(definition) = self.template.macros.get(index) else { return Ok(None) };
        let mut locals = Map::new();
        self.by_position(definition, values, &mut locals)?;
        // What a function writes is lost.
        let written = self.out.len();
        let outer = self.returned.take();
        self.run_macro(definition, locals, None)?;
        self.out.truncate(written);
        Ok(std::mem::replace(&mut self.returned, outer))
    }

    fn by_position(
        &mut self,
        definition: &Macro,
        mut values: Vec<Option<Value>>,
        locals: &mut Map,
    ) -> Result<(), RenderError> {
        let count = definition.parameters.len();
        if values.len() > count && definition.rest.is_none() {
            return Err(RenderError::failed(format!(
                "\"{}\" takes {count} parameters at most, but was called with {}",
                definition.name,
                values.len()
            )));
        }
        let rest = values.split_off(count.min(values.len()));
        for ((name, _), value) in definition.parameters.iter().zip(values) {
            if let Some(value) = value {
                locals.insert(Arc::clone(name), value);
            }
        }
        if let Some(name) = &definition.rest {
            locals.insert(Arc::clone(name), Value::List(rest.into()));
        }
        Ok(())
    }

    fn run_macro(&mut self, definition: &'t Macro, locals: Map, nested: Option<Nested<'t>>) -> Result<(), RenderError> {
        self.down()?;
        let caller = self.current;
        self.frames.push(Frame { locals, loops: Vec::new(), nested });
        self.current = self.frames.len() - 1;
        self.defaults(definition)?;
        self.block(&definition.body)?;
        self.frames.pop();
        self.current = caller;
        self.up();
        Ok(())
    }

    /// Gives parameters without a value their defaults, which may use other parameters.
    fn defaults(&mut self, definition: &'t Macro) -> Result<(), RenderError> {
        let mut open: Vec<_> = definition.parameters.iter().enumerate().collect();
        open.retain(|(_, (name, _))| !self.frame().locals.contains_key(name));
        while !open.is_empty() {
            let before = open.len();
            let mut failed = None;
            let mut left = Vec::new();
            for (position, parameter) in open {
                let (name, default) = parameter;
                let Some(default) = default else { return Err(not_given(definition, name, position)) };
                let depth = self.depth;
                match self.required(default) {
                    Ok(value) => {
                        self.frame().locals.insert(Arc::clone(name), value);
                    }
                    // It may need a parameter whose default comes later.
                    Err(error) if error.kind == ErrorKind::Missing => {
                        self.depth = depth;
                        failed = Some(error);
                        left.push((position, parameter));
                    }
                    Err(error) => return Err(error),
                }
            }
            if let Some(error) = failed.filter(|_| left.len() == before) {
                return Err(error);
            }
            open = left;
        }
        Ok(())
    }

    /// `#nested`: what stands inside the call, with the caller's variables.
    pub(super) fn nested(&mut self, values: &[Expr]) -> Result<(), RenderError> {
        let Some(Nested { body: Some(body), names, frame }) = self.frame().nested else { return Ok(()) };
        let mut bound = Loop::default();
        for (index, name) in names.iter().enumerate() {
            let value = match values.get(index) {
                Some(value) => self.evaluate(value)?,
                None => None,
            };
            bound.names.push((Arc::clone(name), value));
        }
        let inner = std::mem::replace(&mut self.current, frame);
        self.bind(bound);
        // Whatever leaves the nested content leaves no more than that.
        self.block(body)?;
        self.unbind();
        self.current = inner;
        Ok(())
    }
}

fn by_name(definition: &Macro, values: Named, locals: &mut Map) -> Result<(), RenderError> {
    let mut rest = Map::new();
    for (name, value) in values {
        let known = definition.parameters.iter().any(|(parameter, _)| *parameter == name);
        if !known && definition.rest.is_none() {
            return Err(RenderError::failed(format!("\"{}\" has no parameter with name \"{name}\"", definition.name)));
        }
        if let Some(value) = value {
            if known { &mut *locals } else { &mut rest }.insert(name, value);
        }
    }
    if let Some(name) = &definition.rest {
        locals.insert(Arc::clone(name), Value::hash(rest));
    }
    Ok(())
}

fn not_given(definition: &Macro, name: &str, position: usize) -> RenderError {
    let message = format!(
        "When calling \"{}\", the required parameter \"{name}\" (parameter #{}) was not given or had no value",
        definition.name,
        position + 1
    );
    RenderError { at: Some(definition.at), ..RenderError::failed(message) }
}
