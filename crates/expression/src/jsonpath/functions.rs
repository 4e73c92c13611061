//! The functions that may end a path.

use serde_json::{Number, Value};

use super::PathFault;
use super::ast::{Function, Operand};

pub(super) fn call(function: &Function, value: &Value, root: &Value) -> Result<Value, PathFault> {
    match function {
        Function::Min => aggregate(value, |numbers| numbers.iter().copied().fold(f64::INFINITY, f64::min)),
        Function::Max => aggregate(value, |numbers| numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        Function::Sum => aggregate(value, |numbers| numbers.iter().sum()),
        Function::Avg => aggregate(value, mean),
        Function::StdDev => aggregate(value, |numbers| {
            let mean = mean(numbers);
            let squares = numbers.iter().map(|number| number * number).sum::<f64>() / numbers.len() as f64;
            (squares - mean * mean).sqrt()
        }),
        Function::Length => Ok(match value {
            Value::Array(items) => Value::from(items.len()),
            Value::Object(members) => Value::from(members.len()),
            _ => Value::Null,
        }),
        Function::Keys => Ok(match value {
            Value::Object(members) => Value::Array(members.keys().cloned().map(Value::String).collect()),
            _ => Value::Null,
        }),
        Function::First => item(value, 0),
        Function::Last => item(value, -1),
        Function::Index(index) => item(value, *index),
        Function::Concat(arguments) => {
            let mut text = String::new();
            if let Value::Array(items) = value {
                items.iter().filter_map(Value::as_str).for_each(|item| text.push_str(item));
            }
            for argument in arguments {
                match argument_value(argument, value, root)? {
                    Value::String(part) => text.push_str(&part),
                    Value::Array(items) => items.iter().for_each(|item| text.push_str(&bare(item))),
                    other => text.push_str(&bare(&other)),
                }
            }
            Ok(Value::String(text))
        }
        Function::Append(arguments) => {
            let mut items = value.as_array().cloned().unwrap_or_default();
            for argument in arguments {
                items.push(argument_value(argument, value, root)?);
            }
            Ok(Value::Array(items))
        }
    }
}

fn argument_value(argument: &Operand, value: &Value, root: &Value) -> Result<Value, PathFault> {
    Ok(argument.value(value, root)?.map(std::borrow::Cow::into_owned).unwrap_or_default())
}

fn bare(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// A number made of the numbers in an array; what is no number is passed over.
fn aggregate(value: &Value, make: impl Fn(&[f64]) -> f64) -> Result<Value, PathFault> {
    let numbers: Vec<f64> = value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    if numbers.is_empty() {
        let message = "Aggregation function attempted to calculate value using empty array";
        return Err(PathFault::Invalid(message.to_owned()));
    }
    Ok(Number::from_f64(make(&numbers)).map_or(Value::Null, Value::Number))
}

fn item(value: &Value, index: i64) -> Result<Value, PathFault> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let effective = usize::try_from(if index < 0 { length + index } else { index });
    let found = effective.ok().and_then(|index| items.get(index));
    found.cloned().ok_or_else(|| PathFault::Invalid("Target index exceeds the size of the array".to_owned()))
}
