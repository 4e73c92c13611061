//! Where variables live: loops and lambdas inside, then the macro's own, the template's, the globals, the message's.

use std::sync::Arc;

use super::Renderer;
use crate::syntax::{Block, Macro, Target};
use crate::value::{Map, Value};

/// The variables of a macro's call, or of the template's top level.
#[derive(Debug, Default)]
pub(super) struct Frame<'t> {
    pub locals: Map,
    pub loops: Vec<Loop>,
    pub nested: Option<Nested<'t>>,
}

/// What `#nested` runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nested<'t> {
    pub body: Option<&'t Block>,
    pub names: &'t [Arc<str>],
    /// The caller's frame.
    pub frame: usize,
}

/// A loop, or something else that binds names for what is inside it.
#[derive(Debug, Default)]
pub(crate) struct Loop {
    pub names: Vec<(Arc<str>, Option<Value>)>,
    /// Of a loop: how many items came before this one, and whether more come.
    pub position: Option<(u64, bool)>,
    /// Of a `#list` without loop variable: what its `#items` goes through.
    pub source: Option<Value>,
}

impl Loop {
    /// Binds one name.
    pub fn binding(name: &Arc<str>, value: Option<Value>) -> Self {
        Self { names: vec![(Arc::clone(name), value)], ..Self::default() }
    }
}

impl<'t> Renderer<'t> {
    pub(super) fn macro_value(index: usize, definition: &Macro) -> Value {
        Value::Macro(crate::value::Macro { index, is_function: definition.is_function })
    }

    pub(super) fn frame(&mut self) -> &mut Frame<'t> {
        // The top level's frame is never left.
        let current = self.current.min(self.frames.len() - 1);
        &mut self.frames[current]
    }

    pub(super) fn loops(&self) -> &[Loop] {
        self.frames.get(self.current).map_or(&[], |frame| &frame.loops)
    }

    /// Binds names for what runs next; the caller takes them away with [`Self::unbind`].
    pub(crate) fn bind(&mut self, names: Loop) {
        self.frame().loops.push(names);
    }

    pub(crate) fn unbind(&mut self) {
        self.frame().loops.pop();
    }

    /// The value of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<Value> {
        for around in self.loops().iter().rev() {
            for (known, value) in &around.names {
                if &**known == name {
                    return value.clone();
                }
                if let (Some((index, has_next)), Some(suffix)) = (around.position, name.strip_prefix(&**known)) {
                    match suffix {
                        "_index" => return i64::try_from(index).ok().map(Value::from),
                        "_has_next" => return Some(Value::Boolean(has_next)),
                        _ => {}
                    }
                }
            }
        }
        let local = self.frames.get(self.current).and_then(|frame| frame.locals.get(name));
        local.or_else(|| self.variables.get(name)).or_else(|| self.global(name)).cloned().and_then(Value::shown)
    }

    pub(super) fn global(&self, name: &str) -> Option<&Value> {
        self.globals.get(name).or_else(|| self.model.get(name))
    }

    pub(super) fn assign(&mut self, target: Target, name: &Arc<str>, value: Value) {
        match target {
            Target::Namespace => {
                self.variables.insert(Arc::clone(name), value);
            }
            Target::Local => {
                self.frame().locals.insert(Arc::clone(name), value);
            }
            Target::Global => {
                self.globals.insert(Arc::clone(name), value);
            }
        }
    }

    /// What an assignment that changes a variable begins with.
    pub(super) fn assigned(&self, target: Target, name: &str) -> Option<Value> {
        match target {
            Target::Namespace => self.variables.get(name).cloned(),
            Target::Local => self.frames.get(self.current).and_then(|frame| frame.locals.get(name)).cloned(),
            Target::Global => self.global(name).cloned(),
        }
    }

    /// The loop whose variable this is.
    pub(crate) fn position_of(&self, name: &str) -> Option<(u64, bool)> {
        let around = self.loops().iter().rev().find(|around| around.names.iter().any(|(known, _)| &**known == name))?;
        around.position
    }

    pub(super) fn all_globals(&self) -> Value {
        let mut all = self.model.clone();
        all.extend(self.globals.iter().map(|(name, value)| (Arc::clone(name), value.clone())));
        Value::hash(all)
    }

    pub(super) fn data_model(&self) -> Value {
        Value::hash(self.model.clone())
    }

    pub(super) fn locals(&self) -> Option<Value> {
        self.frames.get(self.current).map(|frame| Value::hash(frame.locals.clone()))
    }

    pub(super) fn namespace(&self) -> Value {
        Value::hash(self.variables.clone())
    }
}
