//! Operators between two values.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Renderer;
use super::evaluate::wrong_type;
use crate::error::{ErrorKind, RenderError};
use crate::escape;
use crate::number::Number;
use crate::syntax::{Expr, Operator, symbol};
use crate::value::{DateKind, Value};

impl Renderer<'_> {
    pub(super) fn binary(&mut self, operator: Operator, left: &Expr, right: &Expr) -> Result<Value, RenderError> {
        match operator {
            Operator::Or => return Ok(Value::Boolean(self.truth(left)? || self.truth(right)?)),
            Operator::And => return Ok(Value::Boolean(self.truth(left)? && self.truth(right)?)),
            _ => {}
        }
        let (first, second) = (self.required(left)?, self.required(right)?);
        self.combine(operator, &first, &second, Some((left, right)))
    }

    /// Combines two values.
    pub(super) fn combine(
        &mut self,
        operator: Operator,
        first: &Value,
        second: &Value,
        written: Option<(&Expr, &Expr)>,
    ) -> Result<Value, RenderError> {
        let ordered = match operator {
            Operator::Add => return self.add(first, second, written),
            Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                let (first, second) = numbers(first, second, written)?;
                return Ok(Value::Number(match operator {
                    Operator::Subtract => first.subtract(second)?,
                    Operator::Multiply => first.multiply(second)?,
                    Operator::Divide => first.divide(second)?,
                    _ => first.remainder(second)?,
                }));
            }
            Operator::Equal => return self.equal(first, second).map(Value::Boolean),
            Operator::NotEqual => return self.equal(first, second).map(|equal| Value::Boolean(!equal)),
            _ => compare(first, second, operator)?,
        };
        Ok(Value::Boolean(match operator {
            Operator::Less => ordered == Ordering::Less,
            Operator::LessOrEqual => ordered != Ordering::Greater,
            Operator::Greater => ordered == Ordering::Greater,
            _ => ordered != Ordering::Less,
        }))
    }

    /// `==`.
    pub(crate) fn equal(&mut self, first: &Value, second: &Value) -> Result<bool, RenderError> {
        match (first, second) {
            (Value::Number(first), Value::Number(second)) => Ok(first.compare(second)? == Ordering::Equal),
            (Value::Boolean(first), Value::Boolean(second)) => Ok(first == second),
            (Value::Date(_), Value::Date(_)) => Ok(compare(first, second, Operator::Equal)? == Ordering::Equal),
            _ => match (first.scalar()?, second.scalar()?) {
                (Some(first), Some(second)) => Ok(first == second),
                _ => Err(incomparable(first, second, Operator::Equal)),
            },
        }
    }

    /// `+`: numbers are added, sequences and hashes joined, everything else is text.
    fn add(&mut self, first: &Value, second: &Value, written: Option<(&Expr, &Expr)>) -> Result<Value, RenderError> {
        match (first, second) {
            (Value::Number(first), Value::Number(second)) => return first.add(second).map(Value::Number),
            (Value::String(_), _) | (_, Value::String(_)) => {}
            _ if first.is_sequence() && second.is_sequence() => {
                let mut items = self.items(first)?;
                items.extend(self.items(second)?);
                return Ok(Value::List(items.into()));
            }
            (Value::Hash(first), Value::Hash(second)) => {
                self.step((first.len() + second.len()) as u64)?;
                let mut members = (**first).clone();
                members.extend(second.iter().map(|(name, value)| (Arc::clone(name), value.clone())));
                return Ok(Value::hash(members));
            }
            (Value::Hash(members), Value::Nothing) | (Value::Nothing, Value::Hash(members)) => {
                return Ok(Value::Hash(Arc::clone(members)));
            }
            _ => {}
        }
        let blame = |error: RenderError, left: bool| match written {
            Some((first, _)) if left => error.blame(first),
            Some((_, second)) => error.blame(second),
            None => error,
        };
        let mut text = self.text_of(first).map_err(|error| blame(error, true))?;
        let mut after = self.text_of(second).map_err(|error| blame(error, false))?;
        // Text beside markup becomes markup.
        let format = match (first, second) {
            (Value::Markup(_, format), Value::Markup(..)) => Some(*format),
            (Value::Markup(_, format), _) => {
                after = escape::for_format(&after, format.0);
                Some(*format)
            }
            (_, Value::Markup(_, format)) => {
                text = escape::for_format(&text, format.0);
                Some(*format)
            }
            _ => None,
        };
        text.push_str(&after);
        match (self.made(text)?, format) {
            (Value::String(text), Some(format)) => Ok(Value::Markup(text, format)),
            (text, _) => Ok(text),
        }
    }
}

fn numbers<'v>(
    first: &'v Value,
    second: &'v Value,
    written: Option<(&Expr, &Expr)>,
) -> Result<(&'v Number, &'v Number), RenderError> {
    match (first, second) {
        (Value::Number(first), Value::Number(second)) => Ok((first, second)),
        (Value::Number(_), other) => {
            let error = wrong_type("number", other);
            Err(written.map_or(error.clone(), |(_, right)| error.blame(right)))
        }
        (other, _) => {
            let error = wrong_type("number", other);
            Err(written.map_or(error.clone(), |(left, _)| error.blame(left)))
        }
    }
}

/// The order of two values that have one.
pub(crate) fn compare(first: &Value, second: &Value, operator: Operator) -> Result<Ordering, RenderError> {
    match (first, second) {
        (Value::Number(first), Value::Number(second)) => first.compare(second),
        (Value::Date(first), Value::Date(second)) => {
            if first.kind == DateKind::Unknown || second.kind == DateKind::Unknown {
                return Err(RenderError::failed(
                    "It is not known whether the compared values are dates, times or both",
                ));
            }
            if first.kind != second.kind {
                return Err(RenderError::failed("Can't compare dates of different types: date, time and date-time"));
            }
            Ok(first.millis.cmp(&second.millis))
        }
        _ => Err(incomparable(first, second, operator)),
    }
}

fn incomparable(first: &Value, second: &Value, operator: Operator) -> RenderError {
    let message = format!(
        "Can't compare values of these types with \"{}\": {} and {}",
        symbol(operator),
        first.type_name(),
        second.type_name()
    );
    RenderError { kind: ErrorKind::WrongType, ..RenderError::failed(message) }
}
