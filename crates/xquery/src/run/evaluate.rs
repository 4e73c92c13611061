//! Expressions.

use mi_xml::xpath::{NodeRef, NodeSet};

use super::arithmetic::calculate;
use super::{Evaluated, Focus, Item, Items, Machine, Scope, TOO_DEEP, atomized, compare, single, truth, types};
use crate::ast::{Expr, Name};
use crate::{Atomic, RunError};

/// How long a range may be.
const MAX_RANGE: i64 = 1_000_000;

fn boolean<'a>(value: bool) -> Items<'a> {
    vec![Item::Atomic(Atomic::Boolean(value))]
}

impl<'a> Machine<'a> {
    pub(super) fn eval(&self, expr: &'a Expr, focus: &Focus<'a>, scope: &mut Scope<'a>) -> Evaluated<'a> {
        self.step(1)?;
        self.depth.set(self.depth.get() + 1);
        if self.depth.get() > self.depth_limit {
            return Err(RunError(TOO_DEEP.to_owned()));
        }
        let value = self.value(expr, focus, scope);
        self.depth.set(self.depth.get() - 1);
        value
    }

    /// Counts steps, and items that are made without evaluating anything.
    pub(super) fn step(&self, count: u64) -> Result<(), RunError> {
        self.steps.set(self.steps.get().saturating_add(count));
        if self.steps.get() > self.limits.steps {
            return Err(RunError(format!("more than {} expressions were evaluated", self.limits.steps)));
        }
        Ok(())
    }

    fn value(&self, expr: &'a Expr, focus: &Focus<'a>, scope: &mut Scope<'a>) -> Evaluated<'a> {
        match expr {
            Expr::Literal(value) => Ok(vec![Item::Atomic(value.clone())]),
            Expr::Variable(name) => self.variable(name, scope),
            Expr::ContextItem => Ok(vec![context(focus)?.clone()]),
            Expr::Sequence(all) => {
                let mut items = Vec::new();
                for one in all {
                    items.extend(self.eval(one, focus, scope)?);
                }
                Ok(items)
            }
            Expr::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                let chosen = if self.truth(condition, focus, scope)? { then } else { otherwise };
                self.eval(chosen, focus, scope)
            }
            Expr::Or(all) => {
                for one in all {
                    if self.truth(one, focus, scope)? {
                        return Ok(boolean(true));
                    }
                }
                Ok(boolean(false))
            }
            Expr::And(all) => {
                for one in all {
                    if !self.truth(one, focus, scope)? {
                        return Ok(boolean(false));
                    }
                }
                Ok(boolean(true))
            }
            Expr::General(comparison, sides) => {
                let (left, right) = self.both(sides, focus, scope)?;
                Ok(boolean(compare::general(*comparison, &left, &right)?))
            }
            Expr::Value(comparison, sides) => {
                let (left, right) = self.both(sides, focus, scope)?;
                match (single(&left, "a comparison")?, single(&right, "a comparison")?) {
                    (Some(left), Some(right)) => Ok(boolean(compare::values(*comparison, &left, &right)?)),
                    _ => Ok(Vec::new()),
                }
            }
            Expr::Is(sides) => {
                let (left, right) = self.both(sides, focus, scope)?;
                match (left.as_slice(), right.as_slice()) {
                    ([Item::Node(left)], [Item::Node(right)]) => Ok(boolean(left == right)),
                    ([], _) | (_, []) => Ok(Vec::new()),
                    _ => Err(RunError("is compares single nodes".to_owned())),
                }
            }
            Expr::Range(sides) => self.range(sides, focus, scope),
            Expr::Arithmetic(operator, sides) => {
                let (left, right) = self.both(sides, focus, scope)?;
                match (single(&left, "arithmetic")?, single(&right, "arithmetic")?) {
                    (Some(left), Some(right)) => Ok(vec![Item::Atomic(calculate(*operator, &left, &right)?)]),
                    _ => Ok(Vec::new()),
                }
            }
            Expr::Negate(inner) => match single(&self.eval(inner, focus, scope)?, "arithmetic")? {
                Some(value) => {
                    let zero = Atomic::Integer(0);
                    let value = match value {
                        Atomic::Double(number) => Atomic::Double(-number),
                        Atomic::Float(number) => Atomic::Float(-number),
                        other => calculate(crate::ast::Operator::Subtract, &zero, &other)?,
                    };
                    Ok(vec![Item::Atomic(value)])
                }
                None => Ok(Vec::new()),
            },
            Expr::Concat(all) => {
                let mut text = String::new();
                for one in all {
                    if let Some(value) = single(&self.eval(one, focus, scope)?, "||")? {
                        text.push_str(&value.to_text());
                    }
                }
                Ok(vec![Item::Atomic(Atomic::String(text))])
            }
            Expr::Union(sides) | Expr::Intersect(sides) | Expr::Except(sides) => {
                let (left, right) = self.both(sides, focus, scope)?;
                let (left, right) = (nodes(left)?, nodes(right)?);
                let kept: NodeSet<'a> = match expr {
                    Expr::Union(_) => left.into_iter().chain(right).collect(),
                    Expr::Intersect(_) => left.into_iter().filter(|node| right.contains(node)).collect(),
                    _ => left.into_iter().filter(|node| !right.contains(node)).collect(),
                };
                Ok(kept.iter().map(Item::Node).collect())
            }
            Expr::Cast { value, kind, optional } => match single(&self.eval(value, focus, scope)?, "a cast")? {
                Some(value) => Ok(vec![Item::Atomic(value.cast(*kind)?)]),
                None if *optional => Ok(Vec::new()),
                None => Err(RunError("there is nothing to cast".to_owned())),
            },
            Expr::Castable { value, kind } => {
                let value = self.eval(value, focus, scope)?;
                let castable = match value.as_slice() {
                    [only] => atomized(only).cast(*kind).is_ok(),
                    _ => false,
                };
                Ok(boolean(castable))
            }
            Expr::Root => match context(focus)? {
                Item::Node(node) => Ok(vec![Item::Node(root(*node))]),
                Item::Atomic(_) => Err(RunError("/ needs a node".to_owned())),
            },
            Expr::Path(sides) => self.path(sides, focus, scope),
            Expr::Map(sides) => {
                let left = self.eval(&sides.0, focus, scope)?;
                self.each(left, &sides.1, scope)
            }
            Expr::Step { step, local, reverse, predicates } => {
                let Item::Node(from) = context(focus)? else {
                    return Err(RunError("a path goes from nodes, not from values".to_owned()));
                };
                let passes = |node: &NodeRef<'a>| {
                    local.as_ref().is_none_or(|local| node.name().is_some_and(|name| name.local == local))
                };
                let found: Items<'a> = step.nodes(*from).into_iter().filter(passes).map(Item::Node).collect();
                let mut found = self.filter(found, predicates, scope)?;
                if *reverse {
                    found.reverse();
                }
                Ok(found)
            }
            Expr::Filter { base, predicates } => {
                let items = self.eval(base, focus, scope)?;
                self.filter(items, predicates, scope)
            }
            Expr::Call { function, arguments } => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(self.eval(argument, focus, scope)?);
                }
                super::functions::call(function, values, focus)
            }
            Expr::CallDeclared { name, arguments } => self.call_declared(name, arguments, focus, scope),
            Expr::Flwor(flwor) => self.flwor(flwor, focus, scope),
            Expr::Quantified { every, bindings, condition } => {
                let outer = scope.len();
                let found = self.quantified(*every, bindings, condition, focus, scope);
                scope.truncate(outer);
                Ok(boolean(found?))
            }
            Expr::Element(_)
            | Expr::ComputedElement { .. }
            | Expr::ComputedAttribute { .. }
            | Expr::Text(_)
            | Expr::Comment(_)
            | Expr::Document(_) => self.construct(expr, focus, scope),
        }
    }

    pub(super) fn truth(&self, expr: &'a Expr, focus: &Focus<'a>, scope: &mut Scope<'a>) -> Result<bool, RunError> {
        truth(&self.eval(expr, focus, scope)?)
    }

    fn both(
        &self,
        sides: &'a (Expr, Expr),
        focus: &Focus<'a>,
        scope: &mut Scope<'a>,
    ) -> Result<(Items<'a>, Items<'a>), RunError> {
        Ok((self.eval(&sides.0, focus, scope)?, self.eval(&sides.1, focus, scope)?))
    }

    fn variable(&self, name: &Name, scope: &Scope<'a>) -> Evaluated<'a> {
        let found = scope.iter().rev().chain(self.globals.iter().rev()).find(|(known, _)| known.is(name));
        found
            .map(|(_, value)| value.clone())
            .ok_or_else(|| RunError(format!("the variable ${} is used before it has a value", name.local)))
    }

    fn range(&self, sides: &'a (Expr, Expr), focus: &Focus<'a>, scope: &mut Scope<'a>) -> Evaluated<'a> {
        let (left, right) = self.both(sides, focus, scope)?;
        let bound = |items: &[Item<'a>]| -> Result<Option<i64>, RunError> {
            let whole = crate::ast::AtomicType::Integer { least: i64::MIN, greatest: i64::MAX };
            match single(items, "to")?.map(|value| value.cast(whole)).transpose()? {
                Some(Atomic::Integer(value)) => Ok(Some(value)),
                _ => Ok(None),
            }
        };
        let (Some(first), Some(last)) = (bound(&left)?, bound(&right)?) else { return Ok(Vec::new()) };
        if last.saturating_sub(first) >= MAX_RANGE {
            return Err(RunError(format!("{first} to {last} is too long")));
        }
        self.step(u64::try_from(last.saturating_sub(first)).unwrap_or(0))?;
        Ok((first..=last).map(|value| Item::Atomic(Atomic::Integer(value))).collect())
    }

    /// The right side for each item of the left side.
    fn each(&self, left: Items<'a>, right: &'a Expr, scope: &mut Scope<'a>) -> Evaluated<'a> {
        let size = left.len();
        let mut found = Vec::new();
        for (position, item) in (1..).zip(left) {
            let focus = Focus { item: Some(item), position, size };
            found.extend(self.eval(right, &focus, scope)?);
        }
        Ok(found)
    }

    fn path(&self, sides: &'a (Expr, Expr), focus: &Focus<'a>, scope: &mut Scope<'a>) -> Evaluated<'a> {
        let left = self.eval(&sides.0, focus, scope)?;
        if left.iter().any(|item| matches!(item, Item::Atomic(_))) {
            return Err(RunError("a path goes from nodes, not from values".to_owned()));
        }
        let found = self.each(left, &sides.1, scope)?;
        let values = found.iter().filter(|item| matches!(item, Item::Atomic(_))).count();
        match values {
            0 => Ok(nodes(found)?.into_iter().collect::<NodeSet<'a>>().iter().map(Item::Node).collect()),
            all if all == found.len() => Ok(found),
            _ => Err(RunError("a path gives nodes or values, not both".to_owned())),
        }
    }

    fn filter(&self, mut items: Items<'a>, predicates: &'a [Expr], scope: &mut Scope<'a>) -> Evaluated<'a> {
        for predicate in predicates {
            let size = items.len();
            let mut kept = Vec::new();
            for (position, item) in (1..).zip(items) {
                let focus = Focus { item: Some(item.clone()), position, size };
                let value = self.eval(predicate, &focus, scope)?;
                let passes = match value.as_slice() {
                    [Item::Atomic(number)] if number.is_number() => number.to_double() == position as f64,
                    other => truth(other)?,
                };
                if passes {
                    kept.push(item);
                }
            }
            items = kept;
        }
        Ok(items)
    }

    fn call_declared(
        &self,
        name: &Name,
        arguments: &'a [Expr],
        focus: &Focus<'a>,
        scope: &mut Scope<'a>,
    ) -> Evaluated<'a> {
        let mut all = self.module.functions.iter();
        let found = all.find(|one| one.name.is(name) && one.parameters.len() == arguments.len());
        let Some(function) = found else { return Err(RunError(format!("there is no function {}", name.local))) };
        let mut own: Scope<'a> = Vec::new();
        for ((parameter, kind), argument) in function.parameters.iter().zip(arguments) {
            let value = self.eval(argument, focus, scope)?;
            let value = match kind {
                Some(kind) => types::convert(value, kind, &format!("the parameter ${}", parameter.local))?,
                None => value,
            };
            own.push((parameter, value));
        }
        let nowhere = Focus { item: None, position: 0, size: 0 };
        let result = self.eval(&function.body, &nowhere, &mut own)?;
        match &function.result {
            Some(kind) => types::convert(result, kind, &format!("the result of {}", name.local)),
            None => Ok(result),
        }
    }

    fn quantified(
        &self,
        every: bool,
        bindings: &'a [(Name, Expr)],
        condition: &'a Expr,
        focus: &Focus<'a>,
        scope: &mut Scope<'a>,
    ) -> Result<bool, RunError> {
        let Some(((name, within), rest)) = bindings.split_first() else { return self.truth(condition, focus, scope) };
        for item in self.eval(within, focus, scope)? {
            let outer = scope.len();
            scope.push((name, vec![item]));
            let holds = self.quantified(every, rest, condition, focus, scope)?;
            scope.truncate(outer);
            if holds != every {
                return Ok(!every);
            }
        }
        Ok(every)
    }
}

pub(super) fn context<'f, 'a>(focus: &'f Focus<'a>) -> Result<&'f Item<'a>, RunError> {
    focus.item.as_ref().ok_or_else(|| RunError("there is no context item; begin with a variable".to_owned()))
}

pub(super) fn nodes(items: Items<'_>) -> Result<Vec<NodeRef<'_>>, RunError> {
    items
        .into_iter()
        .map(|item| match item {
            Item::Node(node) => Ok(node),
            Item::Atomic(value) => Err(RunError(format!("a node is needed, not {}", value.type_name()))),
        })
        .collect()
}

pub(super) fn root(node: NodeRef<'_>) -> NodeRef<'_> {
    NodeRef::new(node.document, node.document.ancestors(node.node).last().unwrap_or(node.node))
}
