//! Evaluating expressions.

use std::sync::Arc;

use super::Renderer;
use super::scope::Loop;
use crate::builtin;
use crate::error::{ErrorKind, RenderError};
use crate::number::Number;
use crate::syntax::{Expr, ExprKind, RangeKind, Special, StringPart};
use crate::value::{Date, DateKind, Map, Range, Value};

type Evaluated = Result<Option<Value>, RenderError>;

impl Renderer<'_> {
    /// What an expression gives; `None` when that is missing.
    pub(crate) fn evaluate(&mut self, expression: &Expr) -> Evaluated {
        self.down()?;
        let value = match &expression.kind {
            ExprKind::Variable(name) => Ok(self.variable(name)),
            ExprKind::String(text) => Ok(Some(Value::String(Arc::clone(text)))),
            ExprKind::Number(number) => Ok(Some(Value::Number(number.clone()))),
            ExprKind::Boolean(value) => Ok(Some(Value::Boolean(*value))),
            ExprKind::Dot(target, name) => self.member(target, name),
            ExprKind::Index(target, index) => self.indexed(target, index),
            ExprKind::Builtin(target, builtin, arguments) => {
                builtin::evaluate(self, expression, target, builtin, arguments.as_deref())
            }
            ExprKind::Default(value, default) => self.default(value, default.as_deref()),
            ExprKind::Exists(value) => self.lenient(value).map(|value| Some(Value::Boolean(value.is_some()))),
            ExprKind::Group(inner) => self.evaluate(inner),
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right).map(Some),
            ExprKind::Call(callee, arguments) => self.call_function(callee, arguments),
            other => self.evaluate_other(other),
        };
        self.up();
        value.map_err(|error| if error.kind == ErrorKind::WrongType { error.blame(expression) } else { error })
    }

    fn evaluate_other(&mut self, kind: &ExprKind) -> Evaluated {
        Ok(Some(match kind {
            ExprKind::Interpolated(parts) => self.interpolated(parts)?,
            ExprKind::Special(special) => return self.special(*special),
            ExprKind::Not(inner) => Value::Boolean(!self.truth(inner)?),
            ExprKind::Negative(inner) => Value::Number(self.number(inner)?.negate()?),
            ExprKind::Positive(inner) => Value::Number(self.number(inner)?),
            ExprKind::Range(kind, from, to) => self.range(*kind, from, to.as_deref())?,
            ExprKind::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(Some(self.required(item)?));
                }
                Value::List(list.into())
            }
            ExprKind::Hash(entries) => {
                let mut members = Map::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = self.text(key)?;
                    let value = self.required(value)?;
                    members.insert(key.into(), value);
                }
                Value::hash(members)
            }
            _ => return Err(RenderError::failed("A lambda can only be an argument of a built-in that takes one")),
        }))
    }

    /// The value, which must not be missing.
    pub(crate) fn required(&mut self, expression: &Expr) -> Result<Value, RenderError> {
        self.evaluate(expression)?.ok_or_else(|| missing(expression))
    }

    /// The value; inside parentheses anything may be missing on the way to it.
    pub(crate) fn lenient(&mut self, expression: &Expr) -> Evaluated {
        if !matches!(expression.kind, ExprKind::Group(_)) {
            return self.evaluate(expression);
        }
        let (depth, loops) = (self.depth, self.loops().len());
        match self.evaluate(expression) {
            Err(error) if error.kind == ErrorKind::Missing => {
                self.depth = depth;
                self.frame().loops.truncate(loops);
                Ok(None)
            }
            other => other,
        }
    }

    fn default(&mut self, value: &Expr, default: Option<&Expr>) -> Evaluated {
        match (self.lenient(value)?, default) {
            (Some(value), _) => Ok(Some(value)),
            (None, Some(default)) => self.evaluate(default),
            (None, None) => Ok(Some(Value::Nothing)),
        }
    }

    /// The text of a value.
    pub(crate) fn text_of(&mut self, value: &Value) -> Result<String, RenderError> {
        match value {
            Value::Number(number) => self.formats.number(number),
            Value::Boolean(value) => self.formats.boolean(*value),
            Value::Date(date) => self.formats.date(*date),
            Value::Markup(text, _) => Ok(text.to_string()),
            other => match other.scalar()? {
                Some(text) => Ok(text.into_owned()),
                None => Err(wrong_type(
                    "string or something automatically convertible to string (number, date or boolean)",
                    other,
                )),
            },
        }
    }

    /// The text of an expression.
    pub(crate) fn text(&mut self, expression: &Expr) -> Result<String, RenderError> {
        let value = self.required(expression)?;
        if let Value::String(text) = &value {
            return Ok(text.to_string());
        }
        self.text_of(&value).map_err(|error| error.blame(expression))
    }

    pub(crate) fn number(&mut self, expression: &Expr) -> Result<Number, RenderError> {
        match self.required(expression)? {
            Value::Number(number) => Ok(number),
            other => Err(wrong_type("number", &other).blame(expression)),
        }
    }

    pub(crate) fn truth(&mut self, expression: &Expr) -> Result<bool, RenderError> {
        match self.required(expression)? {
            Value::Boolean(value) => Ok(value),
            Value::Matches(matches) => Ok(matches.whole),
            other => Err(wrong_type("boolean", &other).blame(expression)),
        }
    }

    /// Evaluates a lambda, or calls a function, for `value`.
    pub(crate) fn apply(&mut self, callable: &Expr, value: Option<Value>) -> Evaluated {
        match &callable.kind {
            ExprKind::Lambda(names, body) => {
                let Some(name) = names.first().filter(|_| names.len() == 1) else {
                    return Err(RenderError::failed("The lambda needs one parameter").blame(callable));
                };
                self.bind(Loop::binding(name, value));
                let result = self.evaluate(body);
                self.unbind();
                result
            }
            _ => match self.required(callable)? {
                Value::Macro(function) if function.is_function => self.run_function(function.index, vec![value]),
                other => Err(wrong_type("function or lambda", &other).blame(callable)),
            },
        }
    }

    fn interpolated(&mut self, parts: &[StringPart]) -> Result<Value, RenderError> {
        let mut text = String::new();
        for part in parts {
            match part {
                StringPart::Text(literal) => text.push_str(literal),
                StringPart::Value(value) => {
                    let value = self.text(value)?;
                    self.fits(text.len() + value.len())?;
                    text.push_str(&value);
                }
            }
        }
        self.made(text)
    }

    fn range(&mut self, kind: RangeKind, from: &Expr, to: Option<&Expr>) -> Result<Value, RenderError> {
        let from = self.number(from)?.index();
        let Some(to) = to else {
            return Ok(Value::Range(Range { from, step: 1, length: None, adapts: true, exclusive: false }));
        };
        let to = self.number(to)?.index();
        let (length, step) = match kind {
            RangeKind::Length => (to.unsigned_abs(), if to < 0 { -1 } else { 1 }),
            RangeKind::Exclusive => (from.abs_diff(to), if to < from { -1 } else { 1 }),
            _ => (from.abs_diff(to) + 1, if to < from { -1 } else { 1 }),
        };
        let adapts = kind == RangeKind::Length;
        Ok(Value::Range(Range { from, step, length: Some(length), adapts, exclusive: kind == RangeKind::Exclusive }))
    }

    fn special(&mut self, special: Special) -> Evaluated {
        Ok(Some(match special {
            Special::Now => Value::Date(Date { millis: self.now, kind: DateKind::DateTime }),
            Special::DataModel => self.data_model(),
            Special::Globals | Special::Vars => self.all_globals(),
            Special::Locals => return Ok(self.locals()),
            Special::Namespace => self.namespace(),
            Special::Lang => Value::from("en"),
            Special::Locale => Value::from(self.formats.locale.as_str()),
            Special::TemplateName => Value::from("synapse-template"),
            Special::Version => Value::from("2.3.30"),
            Special::Error => match self.recovering.last() {
                Some(message) => Value::from(message.as_str()),
                None => return Err(RenderError::failed("This is not available outside of a #recover block")),
            },
            Special::OutputFormat => Value::from(self.escaping.format.name()),
            Special::AutoEsc => Value::Boolean(self.escaping.automatic),
        }))
    }

    /// The items of a sequence.
    pub(crate) fn items(&mut self, value: &Value) -> Result<Vec<Option<Value>>, RenderError> {
        let length = match value.length() {
            Some(Some(length)) => length,
            Some(None) => {
                return Err(RenderError::failed("The range does not end, so it cannot be gone through as a whole"));
            }
            None => return Err(wrong_type("sequence or collection", value)),
        };
        // Items are kept, which costs more than a look at them.
        self.step(length.saturating_mul(4))?;
        Ok((0..length).map(|index| value.item(index)).collect())
    }
}

/// Something is missing.
pub(crate) fn missing(expression: &Expr) -> RenderError {
    let message = format!("The following has evaluated to null or missing: {expression}");
    let error = RenderError { kind: ErrorKind::Missing, message, blamed: None, at: None };
    error.blame(expression)
}

/// A value of another type was needed.
pub(crate) fn wrong_type(expected: &str, found: &Value) -> RenderError {
    let message = format!("Expected a {expected}, but this has evaluated to a {}", found.type_name());
    RenderError { kind: ErrorKind::WrongType, ..RenderError::failed(message) }
}
