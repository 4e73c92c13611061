//! Whether a filter's condition holds.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::PathFault;
use super::ast::{Comparison, Operand, SubPath, Test};
use super::evaluate::Walk;
use super::number;

impl Test {
    pub(super) fn holds(&self, item: &Value, root: &Value) -> Result<bool, PathFault> {
        match self {
            Self::Or(tests) => {
                for test in tests {
                    if test.holds(item, root)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::And(tests) => {
                for test in tests {
                    if !test.holds(item, root)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Not(test) => Ok(!test.holds(item, root)?),
            Self::Exists(operand) => Ok(operand.value(item, root)?.is_some()),
            Self::Compare(left, comparison, right) => {
                let left_value = left.value(item, root)?;
                if let Operand::Regex(regex) = right {
                    let text = left_value.as_deref().and_then(text_of);
                    return Ok(*comparison == Comparison::Matches && text.is_some_and(|text| regex.matches(&text)));
                }
                let right_value = right.value(item, root)?;
                Ok(compare(left_value.as_deref(), *comparison, right_value.as_deref()))
            }
        }
    }
}

impl Operand {
    /// The value, or `None` if a definite path leads nowhere.
    pub(super) fn value<'v>(&'v self, item: &'v Value, root: &'v Value) -> Result<Option<Cow<'v, Value>>, PathFault> {
        match self {
            Self::Literal(value) => Ok(Some(Cow::Borrowed(value))),
            Self::Regex(regex) => Ok(Some(Cow::Owned(Value::String(regex.pattern().to_owned())))),
            Self::Current(path) => path.value(item, root),
            Self::Root(path) => path.value(root, root),
        }
    }
}

impl SubPath {
    fn value<'v>(&self, on: &'v Value, root: &'v Value) -> Result<Option<Cow<'v, Value>>, PathFault> {
        let mut values = Vec::new();
        match Walk::new(root).run(&self.steps, on, &mut |value, _, _| values.push(value)) {
            Ok(()) => {}
            Err(PathFault::NotFound(_)) => return Ok(None),
            Err(fault) => return Err(fault),
        }
        if self.definite {
            return Ok(values.into_iter().next());
        }
        Ok(Some(Cow::Owned(Value::Array(values.into_iter().map(Cow::into_owned).collect()))))
    }
}

fn compare(left: Option<&Value>, comparison: Comparison, right: Option<&Value>) -> bool {
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => !equal(left, right),
        Comparison::SameTypeEqual => same_type(left, right) && equal(left, right),
        Comparison::SameTypeNotEqual => !(same_type(left, right) && equal(left, right)),
        Comparison::Less => order(left, right).is_some_and(Ordering::is_lt),
        Comparison::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
        Comparison::Greater => order(left, right).is_some_and(Ordering::is_gt),
        Comparison::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
        // The right side of `=~` is a regular expression, which has been dealt with.
        Comparison::Matches => false,
        Comparison::In => list(right).is_some_and(|list| contains(list, left)),
        Comparison::NotIn => !list(right).is_some_and(|list| contains(list, left)),
        Comparison::SubsetOf => {
            both(left, right).is_some_and(|(left, right)| left.iter().all(|item| contains(right, Some(item))))
        }
        Comparison::AnyOf => {
            both(left, right).is_some_and(|(left, right)| left.iter().any(|item| contains(right, Some(item))))
        }
        Comparison::NoneOf => {
            both(left, right).is_some_and(|(left, right)| !left.iter().any(|item| contains(right, Some(item))))
        }
        Comparison::AllOf => {
            both(left, right).is_some_and(|(left, right)| right.iter().all(|item| contains(left, Some(item))))
        }
        Comparison::Contains => match (left, right) {
            (Some(Value::String(text)), Some(Value::String(part))) => text.contains(part.as_str()),
            (Some(Value::Array(items)), right) => contains(items, right),
            _ => false,
        },
        Comparison::Size => match (size(left), right.and_then(Value::as_i64)) {
            (Some(size), Some(expected)) => i64::try_from(size) == Ok(expected),
            _ => false,
        },
        Comparison::Empty => match (size(left), right) {
            (Some(size), Some(Value::Bool(expected))) => (size == 0) == *expected,
            _ => false,
        },
    }
}

fn list(value: Option<&Value>) -> Option<&[Value]> {
    value.and_then(Value::as_array).map(Vec::as_slice)
}

fn both<'v>(left: Option<&'v Value>, right: Option<&'v Value>) -> Option<(&'v [Value], &'v [Value])> {
    list(left).zip(list(right))
}

fn contains(items: &[Value], wanted: Option<&Value>) -> bool {
    items.iter().any(|item| equal(wanted, Some(item)))
}

fn size(value: Option<&Value>) -> Option<usize> {
    match value? {
        Value::String(text) => Some(text.encode_utf16().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        _ => None,
    }
}

/// Numbers and strings are compared as what stands on the left. What is missing equals nothing.
fn equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return false };
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => number::compare(left, right) == Some(Ordering::Equal),
        (Value::Number(left), Value::String(right)) => {
            let right = serde_json::from_str::<serde_json::Number>(right.trim());
            right.is_ok_and(|right| number::compare(left, &right) == Some(Ordering::Equal))
        }
        (Value::String(left), Value::Number(right)) => *left == number::plain(right),
        (left, right) => left == right,
    }
}

fn same_type(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => std::mem::discriminant(left) == std::mem::discriminant(right),
        _ => false,
    }
}

fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::Number(left), Value::Number(right)) => number::compare(left, right),
        (Value::String(left), Value::String(right)) => Some(left.encode_utf16().cmp(right.encode_utf16())),
        _ => None,
    }
}

/// The text that a regular expression looks at.
fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number::plain(number))),
        Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
        _ => None,
    }
}
