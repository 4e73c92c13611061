//! Built-ins: `value?name` and `value?name(arguments)`. The table of names is with the syntax.

mod collate;
mod date;
mod number;
mod other;
mod pattern;
mod sequence;
mod text;

use crate::error::RenderError;
use crate::render::Renderer;
use crate::render::{missing, wrong_type};
use crate::syntax::{Builtin, Expr, ExprKind, Group};
use crate::value::{DateKind, Value};

type Evaluated = Result<Option<Value>, RenderError>;

/// A built-in at work: on what, with which arguments.
struct Call<'e> {
    whole: &'e Expr,
    target: &'e Expr,
    name: &'static str,
    arguments: &'e [Expr],
}

impl Call<'_> {
    fn argument(&self, index: usize) -> Option<&Expr> {
        self.arguments.get(index)
    }

    fn text(&self, renderer: &mut Renderer<'_>, index: usize) -> Result<String, RenderError> {
        match self.argument(index) {
            Some(argument) => renderer.text(argument),
            None => Ok(String::new()),
        }
    }

    fn optional_text(&self, renderer: &mut Renderer<'_>, index: usize) -> Result<Option<String>, RenderError> {
        self.argument(index).map(|argument| renderer.text(argument)).transpose()
    }

    fn number(&self, renderer: &mut Renderer<'_>, index: usize) -> Result<Option<i64>, RenderError> {
        match self.argument(index) {
            Some(argument) => renderer.number(argument).map(|number| Some(number.index())),
            None => Ok(None),
        }
    }
}

/// Evaluates a built-in.
pub(crate) fn evaluate(
    renderer: &mut Renderer<'_>,
    whole: &Expr,
    target: &Expr,
    builtin: &'static Builtin,
    arguments: Option<&[Expr]>,
) -> Evaluated {
    let call = Call { whole, target, name: builtin.name, arguments: arguments.unwrap_or(&[]) };
    match builtin.group {
        Group::Existence => existence(renderer, &call),
        Group::Loop => loop_variable(renderer, &call),
        Group::Lazy => lazy(renderer, &call),
        Group::Text => {
            let text = renderer.text(target)?;
            text::evaluate(renderer, &call, &text).map(Some)
        }
        Group::Pattern => pattern::evaluate(renderer, &call).map(Some),
        Group::Escape => other::escape(renderer, &call).map(Some),
        Group::Number => {
            let number = renderer.number(target)?;
            number::evaluate(&call, &number).map(Some)
        }
        Group::Date => date::evaluate(renderer, &call).map(Some),
        Group::Sequence => sequence::evaluate(renderer, &call),
        Group::Hash => {
            let value = renderer.required(target)?;
            other::hash(renderer, &call, &value).map(Some)
        }
        Group::Node => {
            let value = renderer.required(target)?;
            other::node(&call, &value)
        }
        Group::Any => {
            let value = renderer.required(target)?;
            other::any(renderer, &call, &value)
        }
        Group::Is => {
            let value = renderer.required(target)?;
            Ok(Some(Value::Boolean(is(call.name, &value))))
        }
    }
}

fn existence(renderer: &mut Renderer<'_>, call: &Call<'_>) -> Evaluated {
    let value = renderer.lenient(call.target)?;
    Ok(Some(match call.name {
        "exists" => Value::Boolean(value.is_some()),
        "has_content" => Value::Boolean(value.is_some_and(|value| !value.is_empty())),
        "if_exists" => value.unwrap_or(Value::Nothing),
        _ => {
            if value.is_some() {
                return Ok(value);
            }
            for argument in call.arguments {
                if let Some(value) = renderer.evaluate(argument)? {
                    return Ok(Some(value));
                }
            }
            return Ok(None);
        }
    }))
}

fn loop_variable(renderer: &mut Renderer<'_>, call: &Call<'_>) -> Evaluated {
    let position = match &call.target.kind {
        ExprKind::Variable(name) => renderer.position_of(name),
        _ => None,
    };
    let Some((index, has_next)) = position else {
        return Err(RenderError::failed(format!("?{} works on a loop variable only", call.name)).blame(call.target));
    };
    let number = |value: u64| Value::from(i64::try_from(value).unwrap_or(i64::MAX));
    let even = index % 2 == 1;
    Ok(Some(match call.name {
        "index" => number(index),
        "counter" => number(index.saturating_add(1)),
        "has_next" => Value::Boolean(has_next),
        "is_first" => Value::Boolean(index == 0),
        "is_last" => Value::Boolean(!has_next),
        "is_even_item" => Value::Boolean(even),
        "is_odd_item" => Value::Boolean(!even),
        "item_parity" => Value::from(if even { "even" } else { "odd" }),
        "item_parity_cap" => Value::from(if even { "Even" } else { "Odd" }),
        _ => {
            let count = call.arguments.len().max(1) as u64;
            let chosen = usize::try_from(index % count).ok().and_then(|at| call.argument(at));
            return chosen.map_or(Ok(None), |chosen| renderer.evaluate(chosen));
        }
    }))
}

fn lazy(renderer: &mut Renderer<'_>, call: &Call<'_>) -> Evaluated {
    if call.name == "then" {
        let chosen = usize::from(!renderer.truth(call.target)?);
        return call.argument(chosen).map_or(Ok(None), |chosen| renderer.evaluate(chosen));
    }
    let value = renderer.required(call.target)?;
    let mut pairs = call.arguments.chunks_exact(2);
    for pair in pairs.by_ref() {
        if let [case, result] = pair {
            let candidate = renderer.required(case)?;
            if renderer.equal(&value, &candidate).map_err(|error| error.blame(case))? {
                return renderer.evaluate(result);
            }
        }
    }
    match pairs.remainder() {
        [default] => renderer.evaluate(default),
        _ => Err(RenderError::failed("No case of ?switch fits, and it has no default").blame(call.target)),
    }
}

fn is(name: &str, value: &Value) -> bool {
    let is_date = |kinds: &[DateKind]| matches!(value, Value::Date(date) if kinds.contains(&date.kind));
    match name {
        "is_boolean" => matches!(value, Value::Boolean(_)),
        "is_number" => matches!(value, Value::Number(_)),
        "is_string" => matches!(value, Value::String(_) | Value::Node(_) | Value::Matches(_) | Value::Nothing),
        "is_date" | "is_date_like" => matches!(value, Value::Date(_)),
        "is_date_only" => is_date(&[DateKind::Date]),
        "is_time" => is_date(&[DateKind::Time]),
        "is_datetime" => is_date(&[DateKind::DateTime]),
        "is_unknown_date_like" => is_date(&[DateKind::Unknown]),
        "is_hash" => matches!(value, Value::Hash(_) | Value::Node(_) | Value::Nodes(_) | Value::Nothing),
        "is_hash_ex" => matches!(value, Value::Hash(_) | Value::Nothing),
        "is_sequence" | "is_indexable" => value.is_sequence(),
        "is_collection" => matches!(value, Value::Matches(_)),
        "is_collection_ex" => false,
        "is_enumerable" => value.is_sequence(),
        "is_node" => matches!(value, Value::Node(_)),
        "is_macro" => matches!(value, Value::Macro(_)),
        "is_directive" => matches!(value, Value::Macro(callable) if !callable.is_function),
        "is_method" => false,
        _ => matches!(value, Value::Markup(..)),
    }
}
