//! `get-property` (spec, 5.1).

use mi_payload::java;
use mi_xml::xpath::{EvalError, Value};

use super::variables::MessageEnvironment;
use crate::message::{Field, Scope};

/// The short date and time of Java's English locale, for `SYSTEM_DATE` without a pattern.
const SHORT: &str = "M/d/yy, h:mm a";

pub(super) fn get_property<'m>(env: &MessageEnvironment<'m, '_>, arguments: &[&str]) -> Result<Value<'m>, EvalError> {
    let (scope, name, pattern) = match arguments {
        [name] => (Some(Scope::Default), *name, None),
        [scope, name] => match Scope::by_name(scope) {
            Some(scope) => (Some(scope), *name, None),
            // Not a scope: a name with a date pattern.
            None => (Some(Scope::Default), *scope, Some(*name)),
        },
        [scope, name, pattern] => (Scope::by_name(scope), *name, Some(*pattern)),
        _ => return Err(EvalError::Arguments("get-property".to_owned())),
    };
    if name.is_empty() {
        return Ok("".into());
    }
    match name {
        "SYSTEM_TIME" => return Ok(env.message.now_millis().to_string().into()),
        "SYSTEM_DATE" => {
            let text = java::SimpleDateFormat::parse(pattern.unwrap_or(SHORT))
                .map_err(|error| EvalError::Environment(error.to_string()))?
                .format_millis(env.message.now_millis());
            return Ok(text.into());
        }
        _ => {}
    }
    let Some(scope) = scope else { return Ok("".into()) };
    match scope {
        Scope::Default => default_scope(env, name),
        Scope::Func => env.parameter(name),
        Scope::Axis2 | Scope::Transport | Scope::Operation => env.held(env.message.property(scope, name)),
        // What comes from outside the message is empty rather than null.
        Scope::Registry | Scope::System | Scope::Env | Scope::File => match env.message.property(scope, name) {
            Some(held) => env.held(Some(held)),
            None => Ok("".into()),
        },
    }
}

fn default_scope<'m>(env: &MessageEnvironment<'m, '_>, name: &str) -> Result<Value<'m>, EvalError> {
    if let Some(field) = Field::by_name(name) {
        return Ok(env.message.field(field).unwrap_or_default().into());
    }
    match env.message.property(Scope::Default, name) {
        Some(held) => env.held(Some(held)),
        None => env.held(env.message.local_entry(name)),
    }
}
