//! Built-ins of sequences.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Call;
use super::{Evaluated, collate, missing, wrong_type};
use crate::error::RenderError;
use crate::render::{Renderer, compare};
use crate::syntax::{ExprKind, Operator};
use crate::value::{Range, Value};

/// Evaluates one of them.
pub(super) fn evaluate(renderer: &mut Renderer<'_>, call: &Call<'_>) -> Evaluated {
    let value = renderer.required(call.target)?;
    let Some(length) = value.length() else {
        return Err(wrong_type("sequence or collection", &value).blame(call.target));
    };
    let result = match call.name {
        "first" => return Ok(value.item(0)),
        "last" => {
            return match length {
                Some(length) => Ok(length.checked_sub(1).and_then(|last| value.item(last))),
                None => Err(RenderError::failed("A range without end has no last item").blame(call.target)),
            };
        }
        "take_while" => take_while(renderer, call, &value),
        "min" | "max" => return extreme(renderer, call, &value),
        _ => {
            let items = renderer.items(&value).map_err(|error| error.blame(call.target))?;
            whole(renderer, call, items)
        }
    };
    result.map(Some)
}

fn whole(renderer: &mut Renderer<'_>, call: &Call<'_>, items: Vec<Option<Value>>) -> Result<Value, RenderError> {
    match call.name {
        "reverse" => Ok(Value::List(items.into_iter().rev().collect())),
        "sequence" => Ok(Value::List(items.into())),
        "join" => join(renderer, call, items),
        "chunk" => chunk(renderer, call, items),
        "sort" => sort(renderer, call, items, &[]),
        "sort_by" => {
            let path = match renderer.required(argument(call)?)? {
                Value::List(names) => {
                    let mut path = Vec::with_capacity(names.len());
                    for name in names.iter().flatten() {
                        path.push(renderer.text_of(name)?);
                    }
                    path
                }
                name => vec![renderer.text_of(&name)?],
            };
            sort(renderer, call, items, &path)
        }
        "map" => {
            let mut mapped = Vec::with_capacity(items.len());
            for item in items {
                let lambda = argument(call)?;
                let value = renderer.apply(lambda, item)?;
                mapped.push(Some(value.ok_or_else(|| missing(lambda))?));
            }
            Ok(Value::List(mapped.into()))
        }
        "filter" => {
            let mut kept = Vec::new();
            for item in items {
                if holds(renderer, call, item.clone())? {
                    kept.push(item);
                }
            }
            Ok(Value::List(kept.into()))
        }
        "drop_while" => {
            let mut from = 0;
            for item in &items {
                if !holds(renderer, call, item.clone())? {
                    break;
                }
                from += 1;
            }
            Ok(Value::List(items.into_iter().skip(from).collect()))
        }
        "seq_contains" => find(renderer, call, &items, false).map(|found| Value::Boolean(found.is_some())),
        name => {
            let found = find(renderer, call, &items, name == "seq_last_index_of")?;
            Ok(Value::from(found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)))
        }
    }
}

fn argument<'e>(call: &Call<'e>) -> Result<&'e crate::syntax::Expr, RenderError> {
    call.arguments.first().ok_or_else(|| RenderError::failed(format!("?{} needs an argument", call.name)))
}

fn holds(renderer: &mut Renderer<'_>, call: &Call<'_>, item: Option<Value>) -> Result<bool, RenderError> {
    let lambda = argument(call)?;
    match renderer.apply(lambda, item)? {
        Some(Value::Boolean(value)) => Ok(value),
        Some(other) => {
            let body = match &lambda.kind {
                ExprKind::Lambda(_, body) => body,
                _ => lambda,
            };
            Err(wrong_type("boolean", &other).blame(body))
        }
        None => Err(missing(lambda)),
    }
}

fn take_while(renderer: &mut Renderer<'_>, call: &Call<'_>, value: &Value) -> Result<Value, RenderError> {
    let mut taken = Vec::new();
    let mut index = 0;
    let length = value.length().flatten();
    while length.is_none_or(|length| index < length) {
        renderer.step(1)?;
        let item = value.item(index);
        if !holds(renderer, call, item.clone())? {
            break;
        }
        taken.push(item);
        index += 1;
    }
    Ok(Value::List(taken.into()))
}

fn find(
    renderer: &mut Renderer<'_>,
    call: &Call<'_>,
    items: &[Option<Value>],
    last: bool,
) -> Result<Option<usize>, RenderError> {
    let wanted = renderer.required(argument(call)?)?;
    let from = call.number(renderer, 1)?;
    let mut same = |item: &Option<Value>| match item {
        // Values of different types are different here, where == would fail.
        Some(item) if comparable(item, &wanted) => renderer.equal(item, &wanted),
        _ => Ok(false),
    };
    let start = from.and_then(|from| usize::try_from(from).ok());
    if last {
        let end = match (from, start) {
            (Some(_), None) => return Ok(None),
            (_, Some(start)) => start.saturating_add(1).min(items.len()),
            _ => items.len(),
        };
        for (index, item) in items.iter().enumerate().take(end).rev() {
            if same(item)? {
                return Ok(Some(index));
            }
        }
    } else {
        for (index, item) in items.iter().enumerate().skip(start.unwrap_or(0)) {
            if same(item)? {
                return Ok(Some(index));
            }
        }
    }
    Ok(None)
}

fn comparable(first: &Value, second: &Value) -> bool {
    let scalar = |value: &Value| matches!(value.scalar(), Ok(Some(_)));
    match (first, second) {
        (Value::Number(_), Value::Number(_)) | (Value::Boolean(_), Value::Boolean(_)) => true,
        (Value::Date(first), Value::Date(second)) => first.kind == second.kind,
        _ => scalar(first) && scalar(second),
    }
}

fn join(renderer: &mut Renderer<'_>, call: &Call<'_>, items: Vec<Option<Value>>) -> Result<Value, RenderError> {
    let separator = call.text(renderer, 0)?;
    let if_empty = call.optional_text(renderer, 1)?;
    let end = call.optional_text(renderer, 2)?.unwrap_or_default();
    let mut out = String::new();
    let mut any = false;
    for (index, item) in items.into_iter().enumerate() {
        let Some(item) = item else { continue };
        if any {
            out.push_str(&separator);
        }
        any = true;
        let text = renderer.text_of(&item).map_err(|error| {
            RenderError::failed(format!("?join failed at index {index}: {}", error.message)).blame(call.whole)
        })?;
        renderer.fits(out.len() + text.len())?;
        out.push_str(&text);
    }
    if any {
        out.push_str(&end);
    } else if let Some(if_empty) = if_empty {
        out = if_empty;
    }
    renderer.made(out)
}

fn chunk(renderer: &mut Renderer<'_>, call: &Call<'_>, items: Vec<Option<Value>>) -> Result<Value, RenderError> {
    let size = call.number(renderer, 0)?.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let size =
        size.ok_or_else(|| RenderError::failed("The argument of ?chunk must be at least 1").blame(call.whole))?;
    let filling = match call.argument(1) {
        Some(filling) => Some(renderer.required(filling)?),
        None => None,
    };
    let mut chunks = Vec::new();
    for chunk in items.chunks(size) {
        let mut chunk = chunk.to_vec();
        if let Some(filling) = &filling {
            renderer.step((size - chunk.len()) as u64)?;
            chunk.resize(size, Some(filling.clone()));
        }
        chunks.push(Value::List(chunk.into()));
    }
    Ok(Value::list(chunks))
}

fn sort(
    renderer: &mut Renderer<'_>,
    call: &Call<'_>,
    items: Vec<Option<Value>>,
    path: &[String],
) -> Result<Value, RenderError> {
    renderer.step(items.len() as u64 * 16)?;
    let mut keyed: Vec<(Key, Value)> = Vec::with_capacity(items.len());
    for item in items {
        let item = item.ok_or_else(|| {
            RenderError::failed(format!("?{} failed: an item is missing", call.name)).blame(call.target)
        })?;
        let mut key = item.clone();
        for name in path {
            key = renderer.member_required(&key, name, call.whole).map_err(|error| error.blame(call.whole))?;
        }
        keyed.push((Key::of(&key).map_err(|error| error.blame(call.whole))?, item));
    }
    let mixed = keyed.windows(2).any(|pair| match pair {
        [(first, _), (second, _)] => std::mem::discriminant(first) != std::mem::discriminant(second),
        _ => false,
    });
    if mixed {
        return Err(
            RenderError::failed(format!("?{} failed: the values have different types", call.name)).blame(call.target)
        );
    }
    keyed.sort_by(|(first, _), (second, _)| first.order(second));
    Ok(Value::list(keyed.into_iter().map(|(_, item)| item).collect()))
}

/// What is compared when a sequence is sorted.
enum Key {
    Text(Arc<str>),
    Number(crate::number::Number),
    Boolean(bool),
    Date(i64),
}

impl Key {
    fn of(value: &Value) -> Result<Self, RenderError> {
        Ok(match value {
            Value::Number(number) => Self::Number(number.clone()),
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Date(date) => Self::Date(date.millis),
            other => match other.scalar()? {
                Some(text) => Self::Text(text.into()),
                None => return Err(wrong_type("string, number, boolean or date", other)),
            },
        })
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(first), Self::Text(second)) => collate::compare(first, second),
            (Self::Number(first), Self::Number(second)) => first.compare(second).unwrap_or(Ordering::Equal),
            (Self::Boolean(first), Self::Boolean(second)) => first.cmp(second),
            (Self::Date(first), Self::Date(second)) => first.cmp(second),
            _ => Ordering::Equal,
        }
    }
}

fn extreme(renderer: &mut Renderer<'_>, call: &Call<'_>, value: &Value) -> Evaluated {
    if let Value::Range(Range { length: None, .. }) = value {
        return Err(RenderError::failed(format!("A range without end has no ?{}", call.name)).blame(call.target));
    }
    let (wanted, operator) =
        if call.name == "max" { (Ordering::Greater, Operator::Greater) } else { (Ordering::Less, Operator::Less) };
    let mut best: Option<Value> = None;
    for item in renderer.items(value)?.into_iter().flatten() {
        let better = match &best {
            Some(best) => compare(&item, best, operator).map_err(|error| error.blame(call.target))? == wanted,
            None => true,
        };
        if better {
            best = Some(item);
        }
    }
    Ok(best)
}
