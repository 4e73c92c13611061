//! Executing directives.

use std::sync::Arc;

use super::evaluate::wrong_type;
use super::scope::Loop;
use super::{Flow, Renderer};
use crate::error::{ErrorKind, RenderError};
use crate::escape;
use crate::format::DecimalFormat;
use crate::syntax::{Assigned, Block, Element, ElementKind, Escaping, Expr, Listing, LoopNames, Target};
use crate::value::{Format, Value};

type Executed = Result<Flow, RenderError>;

impl<'t> Renderer<'t> {
    /// Executes elements until one leaves the block.
    pub(super) fn block(&mut self, block: &'t Block) -> Executed {
        for element in block {
            match self.element(element)? {
                Flow::Normal => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Normal)
    }

    fn element(&mut self, element: &'t Element) -> Executed {
        self.down()?;
        let flow = match &element.kind {
            ElementKind::Text(text) => self.write(text).map(|()| Flow::Normal),
            ElementKind::Output(value, escapes, escaping) => {
                self.output(value, escapes, *escaping).map(|()| Flow::Normal)
            }
            ElementKind::If(branches) => self.conditional(branches),
            ElementKind::List(listing) => self.list(listing),
            other => self.other(other),
        };
        self.up();
        flow.map_err(|mut error| {
            if error.at.is_none() {
                error.at = Some(element.at);
            }
            error
        })
    }

    fn other(&mut self, kind: &'t ElementKind) -> Executed {
        match kind {
            ElementKind::Items(names, body) => return self.items_of_list(names, body),
            ElementKind::Sep(body) => {
                let around = self.loops().iter().rev().find_map(|around| around.position);
                if around.is_some_and(|(_, has_next)| has_next) {
                    return self.block(body);
                }
            }
            ElementKind::Switch(value, cases) => return self.switch(value, cases),
            ElementKind::Assign(target, values) => {
                for (name, value) in values {
                    self.assign_one(*target, name, value)?;
                }
            }
            ElementKind::Capture(target, name, body, escaping) => {
                let text = self.captured(body)?;
                let value = if escaping.format.is_markup() {
                    Value::Markup(text.into(), Format(escaping.format))
                } else {
                    Value::from(text)
                };
                self.assign(*target, name, value);
            }
            ElementKind::Define(index) => {
                if let Some(definition) = self.template.macros.get(*index) {
                    let value = Self::macro_value(*index, definition);
                    self.assign(Target::Namespace, &definition.name, value);
                }
            }
            ElementKind::Call(call) => self.call_macro(call)?,
            ElementKind::Nested(values) => self.nested(values)?,
            ElementKind::Return(value) => {
                self.returned = match value {
                    Some(value) => self.evaluate(value)?,
                    None => None,
                };
                return Ok(Flow::Return);
            }
            ElementKind::Break => return Ok(Flow::Break),
            ElementKind::Continue => return Ok(Flow::Continue),
            ElementKind::Compress(body) => {
                let from = self.out.len();
                let flow = self.block(body)?;
                let compressed = compress(self.out.get(from..).unwrap_or(""));
                self.out.truncate(from);
                self.write(&compressed)?;
                return Ok(flow);
            }
            ElementKind::Attempt(attempted, recovery) => return self.attempt(attempted, recovery),
            ElementKind::Setting(setting, value) => {
                let value = self.setting_value(value)?;
                self.formats.set(*setting, &value)?;
            }
            ElementKind::NumberOutput(value, least, most) => {
                let number = self.number(value)?;
                let pattern = format!("0.{}{}", "0".repeat(*least), "#".repeat(most - least));
                let format = DecimalFormat::parse(pattern.trim_end_matches('.')).map_err(RenderError::failed)?;
                self.write(&format.format(&number))?;
            }
            ElementKind::Stop(message) => {
                let message = match message {
                    Some(message) => self.text(message)?,
                    None => "[No error description was available.]".to_owned(),
                };
                return Err(RenderError { kind: ErrorKind::Stopped, message, blamed: None, at: None });
            }
            _ => {}
        }
        Ok(Flow::Normal)
    }

    fn setting_value(&mut self, value: &Expr) -> Result<String, RenderError> {
        match self.required(value)? {
            Value::Boolean(value) => Ok(value.to_string()),
            other => self.text_of(&other).map_err(|error| error.blame(value)),
        }
    }

    fn output(
        &mut self,
        expression: &Expr,
        escapes: &[Arc<(Arc<str>, Expr)>],
        escaping: Escaping,
    ) -> Result<(), RenderError> {
        self.escaping = escaping;
        let mut value = match escapes.first() {
            None => self.required(expression)?,
            Some(_) => {
                let mut value = self.evaluate(expression)?;
                for (at, escape) in escapes.iter().enumerate() {
                    let (name, escaped) = &**escape;
                    self.bind(Loop::binding(name, value));
                    value = match self.evaluate(escaped) {
                        // The name in the escape stands for what is written in its place.
                        Err(error) if at == 0 && error.blamed.as_deref() == Some(&**name) => {
                            return Err(super::evaluate::missing(expression));
                        }
                        other => other?,
                    };
                    self.unbind();
                }
                value.ok_or_else(|| super::evaluate::missing(expression))?
            }
        };
        if let Value::Markup(text, format) = &value {
            if format.0 == escaping.format || !escaping.format.is_markup() {
                let text = Arc::clone(text);
                return self.write(&text);
            }
            return Err(RenderError::failed(format!(
                "The value is in the output format {}, and here is {}",
                format.0.name(),
                escaping.format.name()
            ))
            .blame(expression));
        }
        if !escaping.automatic || !escaping.format.is_markup() {
            if let Value::String(text) = &mut value {
                let text = Arc::clone(text);
                return self.write(&text);
            }
            let text = self.text_of(&value).map_err(|error| error.blame(expression))?;
            return self.write(&text);
        }
        let text = self.text_of(&value).map_err(|error| error.blame(expression))?;
        self.write(&escape::for_format(&text, escaping.format))
    }

    fn conditional(&mut self, branches: &'t [(Option<Expr>, Block)]) -> Executed {
        for (condition, body) in branches {
            let holds = match condition {
                Some(condition) => self.truth(condition)?,
                None => true,
            };
            if holds {
                return self.block(body);
            }
        }
        Ok(Flow::Normal)
    }

    fn list(&mut self, listing: &'t Listing) -> Executed {
        let source = self.evaluate(&listing.source)?.ok_or_else(|| super::evaluate::missing(&listing.source))?;
        let listed = match &listing.names {
            Some(names) => self.each(&source, names, &listing.body, &listing.source)?,
            None => {
                let is_empty = match &source {
                    Value::Hash(members) => members.is_empty(),
                    other => match other.length() {
                        Some(length) => length == Some(0),
                        None => return Err(wrong_type("sequence or collection", other).blame(&listing.source)),
                    },
                };
                if is_empty {
                    None
                } else {
                    self.bind(Loop { source: Some(source), ..Loop::default() });
                    let flow = self.block(&listing.body)?;
                    self.unbind();
                    Some(flow)
                }
            }
        };
        match (listed, &listing.otherwise) {
            (Some(Flow::Return), _) => Ok(Flow::Return),
            (Some(Flow::Break | Flow::Continue), _) if listing.names.is_none() => Ok(Flow::Normal),
            (None, Some(otherwise)) => self.block(otherwise),
            _ => Ok(Flow::Normal),
        }
    }

    fn items_of_list(&mut self, names: &'t LoopNames, body: &'t Block) -> Executed {
        let source = self.frame().loops.iter_mut().rev().find_map(|around| around.source.take());
        let Some(source) = source else {
            return Err(RenderError::failed("#items can be reached once in its #list only"));
        };
        let at = Expr { at: crate::error::Position::default(), kind: crate::syntax::ExprKind::Boolean(false) };
        match self.each(&source, names, body, &at)? {
            Some(Flow::Return) => Ok(Flow::Return),
            _ => Ok(Flow::Normal),
        }
    }

    /// Runs the body for each item; `None` when there is none.
    fn each(
        &mut self,
        source: &Value,
        names: &LoopNames,
        body: &'t Block,
        blamed: &Expr,
    ) -> Result<Option<Flow>, RenderError> {
        let members = match source {
            Value::Hash(members) => Some(members),
            _ => None,
        };
        if names.second.is_some() && members.is_none() && !matches!(source, Value::Nothing) {
            return Err(RenderError::failed("A sequence is listed with one loop variable"));
        }
        if names.second.is_none() && members.is_some() {
            return Err(RenderError::failed("A hash is listed with two loop variables: #list h as key, value"));
        }
        let length = match (members, source.length()) {
            (Some(members), _) => Some(members.len() as u64),
            (None, Some(length)) => length,
            (None, None) => return Err(wrong_type("sequence or collection", source).blame(blamed)),
        };
        if length == Some(0) {
            return Ok(None);
        }
        let mut index = 0;
        loop {
            self.step(1)?;
            let has_next = length.is_none_or(|length| index + 1 < length);
            let mut around = Loop { position: Some((index, has_next)), ..Loop::default() };
            match (members, &names.second) {
                (Some(members), Some(second)) => {
                    let entry = usize::try_from(index).ok().and_then(|at| members.get_index(at));
                    let (key, value) = entry.map_or((None, None), |(key, value)| {
                        (Some(Value::String(Arc::clone(key))), value.clone().shown())
                    });
                    around.names.push((Arc::clone(&names.first), key));
                    around.names.push((Arc::clone(second), value));
                }
                _ => around.names.push((Arc::clone(&names.first), source.item(index))),
            }
            self.bind(around);
            let flow = self.block(body)?;
            self.unbind();
            match flow {
                Flow::Return | Flow::Break => return Ok(Some(flow)),
                Flow::Normal | Flow::Continue if has_next => index += 1,
                Flow::Normal | Flow::Continue => return Ok(Some(Flow::Normal)),
            }
        }
    }

    fn switch(&mut self, value: &Expr, cases: &'t [(Option<Expr>, Block)]) -> Executed {
        let value = self.required(value)?;
        let mut from = None;
        for (index, (case, _)) in cases.iter().enumerate() {
            if let Some(case) = case {
                let candidate = self.required(case)?;
                if self.equal(&value, &candidate).map_err(|error| error.blame(case))? {
                    from = Some(index);
                    break;
                }
            }
        }
        let from = from.or_else(|| cases.iter().position(|(case, _)| case.is_none()));
        // Without a #break the following cases run too.
        for (_, body) in from.into_iter().flat_map(|from| cases.iter().skip(from)) {
            match self.block(body)? {
                Flow::Normal => {}
                // A #continue ends no more than the switch, as in FreeMarker.
                Flow::Break | Flow::Continue => return Ok(Flow::Normal),
                Flow::Return => return Ok(Flow::Return),
            }
        }
        Ok(Flow::Normal)
    }

    fn assign_one(&mut self, target: Target, name: &Arc<str>, value: &Assigned) -> Result<(), RenderError> {
        let value = match value {
            Assigned::Value(value) => self.required(value)?,
            Assigned::Changed(operator, by) => {
                let before = self.assigned(target, name).ok_or_else(|| {
                    let kind = crate::syntax::ExprKind::Variable(Arc::clone(name));
                    super::evaluate::missing(&Expr { at: by.at, kind })
                })?;
                let by = self.required(by)?;
                self.combine(*operator, &before, &by, None)?
            }
        };
        self.assign(target, name, value);
        Ok(())
    }

    /// What a block writes.
    fn captured(&mut self, body: &'t Block) -> Result<String, RenderError> {
        let from = self.out.len();
        self.block(body)?;
        Ok(self.out.split_off(from))
    }

    fn attempt(&mut self, attempted: &'t Block, recovery: &'t Block) -> Executed {
        let (written, depth, current, frames) = (self.out.len(), self.depth, self.current, self.frames.len());
        let (loops, escaping, recovering) = (self.loops().len(), self.escaping, self.recovering.len());
        match self.block(attempted) {
            Err(error) if error.kind != ErrorKind::Limit => {
                self.out.truncate(written);
                self.depth = depth;
                self.frames.truncate(frames);
                self.current = current;
                self.frame().loops.truncate(loops);
                self.escaping = escaping;
                self.recovering.truncate(recovering);
                self.recovering.push(error.message);
                let flow = self.block(recovery)?;
                self.recovering.pop();
                Ok(flow)
            }
            other => other,
        }
    }
}

/// White-space in a row becomes one character, a line break where there was one.
fn compress(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<char> = None;
    for character in text.chars() {
        if character.is_whitespace() {
            let is_break = matches!(character, '\n' | '\r');
            pending = Some(if is_break || pending == Some('\n') { '\n' } else { ' ' });
        } else {
            if let Some(blank) = pending.take().filter(|_| !out.is_empty()) {
                out.push(blank);
            }
            out.push(character);
        }
    }
    out
}
