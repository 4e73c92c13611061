//! Declared types: values are converted as for a call of a function.

use super::{Item, Items, atomized};
use crate::RunError;
use crate::ast::{AtomicType, ItemType, SequenceType};
use crate::atomic::{Atomic, name};

pub(crate) fn convert<'a>(items: Items<'a>, kind: &SequenceType, what: &str) -> Result<Items<'a>, RunError> {
    if !kind.allows(items.len()) || kind.item == ItemType::Nothing && !items.is_empty() {
        let allowed = match (kind.may_be_empty, kind.may_be_many) {
            _ if kind.item == ItemType::Nothing => "none",
            (false, false) => "one",
            (true, false) => "at most one",
            (false, true) => "at least one",
            (true, true) => "any number",
        };
        return Err(RunError(format!("{what} takes {allowed}, but there are {} items", items.len())));
    }
    let ItemType::Atomic(wanted) = kind.item else { return Ok(items) };
    items.iter().map(|item| Ok(Item::Atomic(convert_one(&atomized(item), wanted, what)?))).collect()
}

/// Untyped values are cast; numbers are promoted; anything else has to be of the type.
fn convert_one(value: &Atomic, wanted: AtomicType, what: &str) -> Result<Atomic, RunError> {
    use AtomicType::{AnyAtomic, Boolean, Decimal, Double, Float, Integer, String, Untyped};
    let fits = match (value, wanted) {
        (_, AnyAtomic) | (Atomic::Untyped(_), _) => true,
        (Atomic::String(_), String) | (Atomic::Boolean(_), Boolean) => true,
        (Atomic::Integer(_), Integer { .. } | Decimal | Double | Float) => true,
        (Atomic::Decimal(_), Decimal | Double | Float) => true,
        (Atomic::Float(_), Float | Double) | (Atomic::Double(_), Double) => true,
        (_, Untyped) => false,
        _ => false,
    };
    if !fits {
        return Err(RunError(format!("{what} is of the type {}, not of {}", name(wanted), value.type_name())));
    }
    value.cast(wanted)
}
