//! FLWOR: a stream of tuples of variables, clause by clause.

use std::cmp::Ordering;

use super::{Evaluated, Focus, Item, Machine, Scope, compare, single, types};
use crate::ast::{Clause, Flwor, OrderKey};
use crate::{Atomic, RunError};

/// What takes each tuple of variables: they are in scope then.
type Sink<'s, 'a> = &'s mut dyn FnMut(&mut Scope<'a>) -> Result<(), RunError>;

impl<'a> Machine<'a> {
    pub(super) fn flwor(&self, flwor: &'a Flwor, focus: &Focus<'a>, scope: &mut Scope<'a>) -> Evaluated<'a> {
        let outer = scope.len();
        let mut found = Vec::new();
        let done = self.clauses(&flwor.clauses, focus, scope, &mut |scope| {
            found.extend(self.eval(&flwor.result, focus, scope)?);
            Ok(())
        });
        scope.truncate(outer);
        done.map(|()| found)
    }

    /// Runs clauses; where there is an order, what comes before it is collected and sorted first.
    fn clauses(
        &self,
        clauses: &'a [Clause],
        focus: &Focus<'a>,
        scope: &mut Scope<'a>,
        sink: Sink<'_, 'a>,
    ) -> Result<(), RunError> {
        let Some((first, rest)) = clauses.split_first() else { return sink(scope) };
        let outer = scope.len();
        if let Some(at) = clauses.iter().position(|clause| matches!(clause, Clause::Order(_))) {
            let (before, after) = clauses.split_at(at);
            let Some((Clause::Order(keys), after)) = after.split_first() else { return Ok(()) };
            let mut tuples = Vec::new();
            self.clauses(before, focus, scope, &mut |scope| {
                let values = self.keys(keys, focus, scope)?;
                tuples.push((values, scope.split_off(outer)));
                Ok(())
            })?;
            for (_, tuple) in sorted(keys, tuples)? {
                scope.truncate(outer);
                scope.extend(tuple);
                self.clauses(after, focus, scope, sink)?;
            }
            scope.truncate(outer);
            return Ok(());
        }
        match first {
            Clause::For { name, position, within } => {
                for (index, item) in (1..).zip(self.eval(within, focus, scope)?) {
                    self.step(1)?;
                    scope.truncate(outer);
                    scope.push((name, vec![item]));
                    if let Some(position) = position {
                        scope.push((position, vec![Item::Atomic(Atomic::Integer(index))]));
                    }
                    self.clauses(rest, focus, scope, sink)?;
                }
                scope.truncate(outer);
                Ok(())
            }
            Clause::Let { name, kind, value } => {
                let value = self.eval(value, focus, scope)?;
                let value = match kind {
                    Some(kind) => types::convert(value, kind, &format!("the variable ${}", name.local))?,
                    None => value,
                };
                scope.push((name, value));
                self.clauses(rest, focus, scope, sink)
            }
            Clause::Where(condition) => {
                if self.truth(condition, focus, scope)? {
                    self.clauses(rest, focus, scope, sink)?;
                }
                Ok(())
            }
            Clause::Order(_) => Ok(()),
        }
    }

    fn keys(
        &self,
        keys: &'a [OrderKey],
        focus: &Focus<'a>,
        scope: &mut Scope<'a>,
    ) -> Result<Vec<Option<Atomic>>, RunError> {
        keys.iter().map(|key| single(&self.eval(&key.by, focus, scope)?, "order by")).collect()
    }
}

type Keyed<'a> = (Vec<Option<Atomic>>, Scope<'a>);

fn sorted<'a>(keys: &[OrderKey], mut tuples: Vec<Keyed<'a>>) -> Result<Vec<Keyed<'a>>, RunError> {
    let mut failed = None;
    tuples.sort_by(|(left, _), (right, _)| {
        for ((left, right), key) in left.iter().zip(right).zip(keys) {
            let order = key_order(left.as_ref(), right.as_ref(), key).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                Ordering::Equal
            });
            let order = if key.descending { order.reverse() } else { order };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(tuples),
    }
}

fn key_order(left: Option<&Atomic>, right: Option<&Atomic>, key: &OrderKey) -> Result<Ordering, RunError> {
    let nothing_first = if key.empty_greatest { Ordering::Greater } else { Ordering::Less };
    // What is not a number stands next to nothing.
    let rank = |value: Option<&Atomic>| match value {
        None => 0,
        Some(value) if value.is_number() && value.to_double().is_nan() => 1,
        Some(_) => 2,
    };
    match (left, right) {
        (Some(a), Some(b)) if rank(left) == 2 && rank(right) == 2 => {
            Ok(compare::order(a, b)?.unwrap_or(Ordering::Equal))
        }
        _ => {
            let order = rank(left).cmp(&rank(right));
            Ok(if nothing_first == Ordering::Less { order } else { order.reverse() })
        }
    }
}
