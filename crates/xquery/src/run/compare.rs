//! Comparisons.

use std::cmp::Ordering;

use super::{Item, atomized};
use crate::ast::{AtomicType, Comparison};
use crate::{Atomic, RunError};

/// Whether some pair of items compares so.
pub(crate) fn general(comparison: Comparison, left: &[Item<'_>], right: &[Item<'_>]) -> Result<bool, RunError> {
    let right: Vec<Atomic> = right.iter().map(atomized).collect();
    for left in left.iter().map(atomized) {
        for right in &right {
            let (left, right) = untyped_as(&left, right)?;
            if values(comparison, &left, &right)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What is untyped takes the type of the other side; numbers compare as doubles then.
fn untyped_as(left: &Atomic, right: &Atomic) -> Result<(Atomic, Atomic), RunError> {
    let as_other = |value: &Atomic, other: &Atomic| match other {
        _ if !matches!(value, Atomic::Untyped(_)) => Ok(value.clone()),
        Atomic::Untyped(_) | Atomic::String(_) => value.cast(AtomicType::String),
        Atomic::Boolean(_) => value.cast(AtomicType::Boolean),
        _ => value.cast(AtomicType::Double),
    };
    Ok((as_other(left, right)?, as_other(right, left)?))
}

/// Whether two values compare so. An untyped value is a string.
pub(crate) fn values(comparison: Comparison, left: &Atomic, right: &Atomic) -> Result<bool, RunError> {
    let Some(order) = order(left, right)? else { return Ok(comparison == Comparison::NotEqual) };
    Ok(match comparison {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    })
}

/// The order of two values; `None` if one of them is not a number.
pub(crate) fn order(left: &Atomic, right: &Atomic) -> Result<Option<Ordering>, RunError> {
    match (left, right) {
        (Atomic::Boolean(left), Atomic::Boolean(right)) => Ok(Some(left.cmp(right))),
        (Atomic::Integer(left), Atomic::Integer(right)) => Ok(Some(left.cmp(right))),
        (left, right) if left.is_text() && right.is_text() => Ok(Some(left.to_text().cmp(&right.to_text()))),
        (left, right) if left.is_number() && right.is_number() => {
            if let (Some(left), Some(right)) = (left.to_decimal(), right.to_decimal()) {
                return Ok(Some(left.cmp(&right)));
            }
            Ok(left.to_double().partial_cmp(&right.to_double()))
        }
        _ => Err(RunError(format!("{} and {} cannot be compared", left.type_name(), right.type_name()))),
    }
}
