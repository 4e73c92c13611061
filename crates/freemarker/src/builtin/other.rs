//! Built-ins of any value, of hashes and nodes, and those that escape.

use std::sync::Arc;

use super::Call;
use super::{Evaluated, wrong_type};
use crate::error::RenderError;
use crate::escape as write;
use crate::format;
use crate::render::Renderer;
use crate::syntax::{self, OutputFormat};
use crate::value::{Format, Value};

/// `?c`, `?string`, `?size`, `?eval`, `?eval_json`, `?long`.
pub(super) fn any(renderer: &mut Renderer<'_>, call: &Call<'_>, value: &Value) -> Evaluated {
    let blame = |error: RenderError| error.blame(call.target);
    Ok(Some(match (call.name, value) {
        ("c", Value::Number(number)) => Value::from(format::computer(number)),
        ("c", Value::Boolean(value)) => Value::from(value.to_string()),
        ("c", Value::Matches(matches)) => Value::from(matches.whole.to_string()),
        ("c", other) => return Err(blame(wrong_type("number or boolean", other))),
        ("string", _) => return string(renderer, call, value).map(Some),
        ("size", Value::Hash(members)) => Value::from(members.len()),
        ("size", other) => match other.length() {
            Some(Some(length)) => Value::from(i64::try_from(length).unwrap_or(i64::MAX)),
            Some(None) => Value::from(i64::from(i32::MAX)),
            None => return Err(blame(wrong_type("extended-hash or sequence or extended collection", other))),
        },
        ("long", Value::Number(number)) => Value::from(number.long()),
        ("long", Value::Date(date)) => Value::from(date.millis),
        ("long", other) => return Err(blame(wrong_type("number or date", other))),
        ("eval_json", _) => {
            let text = renderer.text_of(value).map_err(blame)?;
            renderer.step(text.len() as u64)?;
            let json: serde_json::Value = serde_json::from_str(&text)
                .map_err(|error| RenderError::failed(format!("Failed to \"?eval_json\" string: {error}")))?;
            return Ok(Value::of_json_text(&json).shown());
        }
        _ => {
            let text = renderer.text_of(value).map_err(blame)?;
            renderer.step(text.len() as u64)?;
            let expression = syntax::parse_expression(&text, call.target.at).map_err(|error| {
                RenderError::failed(format!("Failed to \"?eval\" string: {}", error.message)).blame(call.whole)
            })?;
            return renderer.evaluate(&expression);
        }
    }))
}

fn string(renderer: &mut Renderer<'_>, call: &Call<'_>, value: &Value) -> Result<Value, RenderError> {
    let first = call.optional_text(renderer, 0)?;
    let second = call.optional_text(renderer, 1)?;
    let text = match (value, first, second) {
        (Value::Boolean(value), Some(yes), Some(no)) => Ok(if *value { yes } else { no }),
        (Value::Matches(matches), Some(yes), Some(no)) => Ok(if matches.whole { yes } else { no }),
        (Value::Boolean(value), None, None) => {
            Ok(renderer.formats.boolean(*value).unwrap_or_else(|_| value.to_string()))
        }
        (_, Some(_), Some(_)) => Err(RenderError::failed("Only booleans take two arguments of ?string")),
        (Value::Number(number), Some(format), None) => renderer.formats.number_as(number, &format),
        (Value::Date(date), Some(format), None) => renderer.formats.date_as(*date, &format),
        (Value::String(_) | Value::Node(_), None, None) => renderer.text_of(value),
        (other, Some(_), None) => Err(wrong_type("number or date", other)),
        (other, ..) => renderer.text_of(other),
    };
    renderer.made(text.map_err(|error| error.blame(call.target))?)
}

/// `?keys` and `?values`.
pub(super) fn hash(renderer: &mut Renderer<'_>, call: &Call<'_>, value: &Value) -> Result<Value, RenderError> {
    let members = match value {
        Value::Hash(members) => members,
        Value::Nothing => return Ok(Value::list(Vec::new())),
        other => return Err(wrong_type("extended hash", other).blame(call.target)),
    };
    renderer.step(members.len() as u64)?;
    Ok(Value::list(match call.name {
        "keys" => members.keys().map(|name| Value::String(Arc::clone(name))).collect(),
        _ => return Ok(Value::List(members.values().cloned().map(Value::shown).collect())),
    }))
}

/// Built-ins of XML nodes.
pub(super) fn node(call: &Call<'_>, value: &Value) -> Evaluated {
    let Value::Node(node) = value else { return Err(wrong_type("node", value).blame(call.target)) };
    let list = |nodes: Vec<crate::node::Node>| Some(Value::list(nodes.into_iter().map(Value::Node).collect()));
    Ok(match call.name {
        "node_name" => Some(Value::from(node.name())),
        "node_namespace" => node.namespace().map(Value::from),
        "node_type" => Some(Value::from(node.type_name())),
        "parent" => node.parent().map(Value::Node),
        "root" => Some(Value::Node(node.root())),
        "children" => list(node.children()),
        "previous_sibling" => node.sibling(false, false).map(Value::Node),
        "next_sibling" => node.sibling(true, false).map(Value::Node),
        _ => {
            let names: Vec<&syntax::Expr> = call.arguments.iter().collect();
            let ancestors = node.ancestors();
            match names.first().map(|name| &name.kind) {
                Some(syntax::ExprKind::String(name)) => {
                    list(ancestors.into_iter().filter(|ancestor| ancestor.name() == &**name).collect())
                }
                _ => list(ancestors),
            }
        }
    })
}

/// Built-ins that write a text for some language.
pub(super) fn escape(renderer: &mut Renderer<'_>, call: &Call<'_>) -> Result<Value, RenderError> {
    if matches!(call.name, "esc" | "no_esc" | "markup_string") {
        return markup(renderer, call);
    }
    let text = renderer.text(call.target)?;
    if let Some(charset) = call.optional_text(renderer, 0)?
        && !charset.eq_ignore_ascii_case("UTF-8")
    {
        return Err(
            RenderError::failed(format!("The charset {charset} is not supported, only UTF-8 is")).blame(call.whole)
        );
    }
    renderer.made(match call.name {
        "xml" => write::xml(&text),
        "html" | "web_safe" | "xhtml" => write::html(&text),
        "rtf" => write::rtf(&text),
        "js_string" => write::script(&text, false),
        "json_string" => write::script(&text, true),
        "j_string" => write::java(&text),
        name => write::url(&text, name == "url_path"),
    })
}

fn markup(renderer: &mut Renderer<'_>, call: &Call<'_>) -> Result<Value, RenderError> {
    let value = renderer.required(call.target)?;
    if let Value::Markup(text, _) = &value {
        return Ok(if call.name == "markup_string" { Value::String(Arc::clone(text)) } else { value });
    }
    let format = renderer.escaping().format;
    if call.name == "markup_string" {
        return Err(wrong_type("markup output", &value).blame(call.target));
    }
    if !format.is_markup() || format == OutputFormat::Undefined {
        let message = format!("?{} can't be used here, where the output format is {}", call.name, format.name());
        return Err(RenderError::failed(message).blame(call.whole));
    }
    let text = renderer.text_of(&value).map_err(|error| error.blame(call.target))?;
    let text = if call.name == "esc" { write::for_format(&text, format) } else { text };
    Ok(Value::Markup(text.into(), Format(format)))
}
