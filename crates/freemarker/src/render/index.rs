//! Looking into values: members, items, characters, slices.

use super::Renderer;
use super::evaluate::{missing, wrong_type};
use crate::error::{ErrorKind, RenderError};
use crate::node;
use crate::syntax::Expr;
use crate::value::{Range, Value};

type Evaluated = Result<Option<Value>, RenderError>;

impl Renderer<'_> {
    /// `target.name`.
    pub(super) fn member(&mut self, target: &Expr, name: &str) -> Evaluated {
        // A variable that is a hash need not be copied for a look into it.
        let value = self.required(target)?;
        self.member_of(&value, name).map_err(|error| error.blame(target))
    }

    fn member_of(&self, value: &Value, name: &str) -> Evaluated {
        match value {
            Value::Hash(members) => Ok(members.get(name).cloned().and_then(Value::shown)),
            Value::Node(node) => node.get(name, self.prefixes()),
            Value::Nodes(nodes) => node::get_in_list(nodes, name, self.prefixes()),
            Value::Nothing => Ok(None),
            other => Err(wrong_type("hash", other)),
        }
    }

    /// `target[index]`.
    pub(super) fn indexed(&mut self, target: &Expr, index: &Expr) -> Evaluated {
        let value = self.required(target)?;
        match self.required(index)? {
            Value::Number(number) => self.at(&value, number.index()).map_err(|error| error.blame(target)),
            Value::Range(range) => self.slice(&value, range).map(Some).map_err(|error| error.blame(index)),
            key => match key.scalar().map_err(|error| error.blame(index))? {
                Some(key) => self.member_of(&value, &key).map_err(|error| error.blame(target)),
                None => Err(wrong_type("number, string or range", &key).blame(index)),
            },
        }
    }

    fn at(&mut self, value: &Value, index: i64) -> Evaluated {
        if value.is_sequence() && !matches!(value, Value::Nothing) {
            return Ok(u64::try_from(index).ok().and_then(|index| value.item(index)));
        }
        let text = self.text_of(value).map_err(|_| wrong_type("sequence or string", value))?;
        let character = usize::try_from(index).ok().and_then(|at| text.chars().nth(at));
        match character {
            Some(character) => Ok(Some(Value::from(character.to_string()))),
            None => Err(RenderError::failed(format!(
                "The index {index} is outside of the string, whose length is {}",
                text.chars().count()
            ))),
        }
    }

    fn slice(&mut self, value: &Value, range: Range) -> Result<Value, RenderError> {
        let is_text = !value.is_sequence() || matches!(value, Value::Nothing);
        let text: Vec<char> = if is_text {
            self.text_of(value).map_err(|_| wrong_type("sequence or string", value))?.chars().collect()
        } else {
            Vec::new()
        };
        let size = match value.length() {
            Some(Some(length)) if !is_text => i64::try_from(length).unwrap_or(i64::MAX),
            Some(None) if !is_text => return Err(RenderError::failed("A range without end has no slices")),
            _ => i64::try_from(text.len()).unwrap_or(i64::MAX),
        };
        let (first, count) = bounds(range, size, is_text)?;
        self.step(count)?;
        let places = (0..count).filter_map(|at| first.checked_add(i64::try_from(at).ok()?.checked_mul(range.step)?));
        if is_text {
            let characters = places.filter_map(|at| usize::try_from(at).ok().and_then(|at| text.get(at)));
            let slice: String = characters.collect();
            return self.made(slice);
        }
        let items = places.map(|at| u64::try_from(at).ok().and_then(|at| value.item(at)));
        Ok(Value::List(items.collect()))
    }

    /// A value that a key must select.
    pub(crate) fn member_required(&self, value: &Value, name: &str, blamed: &Expr) -> Result<Value, RenderError> {
        self.member_of(value, name)?.ok_or_else(|| missing(blamed))
    }
}

/// Where a slice begins and how long it is, of something of this size.
fn bounds(range: Range, size: i64, is_text: bool) -> Result<(i64, u64), RenderError> {
    let outside = |index: i64| {
        let message = format!("The range index {index} is outside of what is sliced, whose size is {size}");
        Err(RenderError { kind: ErrorKind::WrongType, ..RenderError::failed(message) })
    };
    let length = match range.length {
        Some(0) => return Ok((0, 0)),
        Some(length) => i64::try_from(length).unwrap_or(i64::MAX),
        None => i64::MAX,
    };
    let first = range.from;
    // One may begin right behind the end, as long as nothing is asked for there.
    let may_begin_at_end = range.adapts;
    if first < 0 || first > size || first == size && !may_begin_at_end {
        return outside(first);
    }
    if range.step < 0 {
        let last = first - (length - 1);
        if is_text && length > 1 && !(range.exclusive && length == 1) {
            // An old way to say that nothing is meant.
            if last == first - 1 && !range.adapts && !range.exclusive {
                return Ok((0, 0));
            }
            return Err(RenderError::failed("Decreasing ranges aren't allowed for slicing strings"));
        }
        if first == size {
            return outside(first);
        }
        if last < 0 {
            return if range.adapts { Ok((first, first.unsigned_abs() + 1)) } else { outside(last) };
        }
        return Ok((first, length.unsigned_abs()));
    }
    let left = size - first;
    if length > left {
        return if range.adapts { Ok((first, left.unsigned_abs())) } else { outside(first.saturating_add(length) - 1) };
    }
    Ok((first, length.unsigned_abs()))
}
