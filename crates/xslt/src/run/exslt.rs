//! Functions of EXSLT (common, math, sets, strings, dates and times), and `nodeset` as Xalan and others name it.

use chrono::Local;
use mi_xml::TreeBuilder;
use mi_xml::xpath::{EvalError, NodeRef, NodeSet, Value, string_to_number};

use super::environment::Scope;

type Called<'a> = Result<Option<Value<'a>>, EvalError>;

const COMMON: &str = "http://exslt.org/common";
const MATH: &str = "http://exslt.org/math";
const SETS: &str = "http://exslt.org/sets";
const STRINGS: &str = "http://exslt.org/strings";
const DATES: &str = "http://exslt.org/dates-and-times";

/// What a repetition may grow to.
const MAX_PADDING: usize = 1 << 20;

/// Other processors' names for `node-set`.
const NODESET_OF_OTHERS: [&str; 3] =
    ["http://xml.apache.org/xalan", "http://xml.apache.org/xslt", "urn:schemas-microsoft-com:xslt"];

pub(super) fn is_known(namespace: &str, local: &str) -> bool {
    match namespace {
        COMMON => matches!(local, "node-set" | "object-type"),
        MATH => matches!(local, "abs" | "highest" | "lowest" | "max" | "min" | "power" | "sqrt"),
        SETS => matches!(local, "difference" | "distinct" | "has-same-node" | "intersection" | "leading" | "trailing"),
        STRINGS => matches!(local, "concat" | "padding" | "replace" | "split" | "tokenize"),
        DATES => matches!(local, "date" | "date-time" | "time" | "year" | "month-in-year" | "day-in-month"),
        other => NODESET_OF_OTHERS.contains(&other) && matches!(local, "node-set" | "nodeset"),
    }
}

pub(super) fn call<'a>(
    scope: &Scope<'_, 'a>,
    namespace: &str,
    local: &str,
    arguments: Vec<Value<'a>>,
    _context: NodeRef<'a>,
) -> Called<'a> {
    if !is_known(namespace, local) {
        return Ok(None);
    }
    let result = match namespace {
        MATH => math(local, arguments),
        SETS => sets(local, arguments),
        STRINGS => strings(scope, local, arguments),
        DATES => dates(local, &arguments),
        _ => common(scope, local, arguments),
    };
    result?.map(Some).ok_or_else(|| EvalError::Arguments(local.to_owned()))
}

fn common<'a>(scope: &Scope<'_, 'a>, local: &str, arguments: Vec<Value<'a>>) -> Called<'a> {
    let [argument] = take::<1>(arguments)?;
    Ok(Some(match (local, argument) {
        ("object-type", value) => Value::from(match value {
            Value::NodeSet(_) => "node-set",
            Value::String(_) | Value::Null => "string",
            Value::Number(_) => "number",
            Value::Boolean(_) => "boolean",
            Value::Foreign { .. } => "RTF",
        }),
        (_, Value::NodeSet(nodes)) => Value::NodeSet(nodes),
        // A fragment of text alone becomes a document that holds the text.
        (_, value) => {
            let mut builder = TreeBuilder::new();
            builder.text(&value.into_string());
            scope.machine.keep(builder.finish())
        }
    }))
}

fn math<'a>(local: &str, arguments: Vec<Value<'a>>) -> Called<'a> {
    if local == "power" {
        let [base, exponent] = take::<2>(arguments)?;
        return Ok(Some(Value::Number(base.to_number().powf(exponent.to_number()))));
    }
    let [argument] = take::<1>(arguments)?;
    if matches!(local, "abs" | "sqrt") {
        let number = argument.to_number();
        return Ok(Some(Value::Number(if local == "abs" { number.abs() } else { number.sqrt() })));
    }
    let nodes = argument.into_nodes()?;
    let numbers: Vec<f64> = nodes.iter().map(|node| string_to_number(&node.string_value())).collect();
    let pick = if matches!(local, "max" | "highest") { f64::max } else { f64::min };
    let extreme = if numbers.iter().any(|number| number.is_nan()) {
        f64::NAN
    } else {
        numbers.iter().copied().reduce(pick).unwrap_or(f64::NAN)
    };
    Ok(Some(match local {
        "max" | "min" => Value::Number(extreme),
        _ => Value::NodeSet(
            nodes.iter().zip(numbers).filter(|(_, number)| *number == extreme).map(|(node, _)| node).collect(),
        ),
    }))
}

fn sets<'a>(local: &str, arguments: Vec<Value<'a>>) -> Called<'a> {
    if local == "distinct" {
        let [argument] = take::<1>(arguments)?;
        let mut seen = std::collections::HashSet::new();
        let nodes = argument.into_nodes()?;
        let distinct = nodes.iter().filter(|node| seen.insert(node.string_value().into_owned()));
        return Ok(Some(Value::NodeSet(distinct.collect())));
    }
    let [left, right] = take::<2>(arguments)?;
    let (left, right) = (left.into_nodes()?, right.into_nodes()?);
    let in_right = |node: NodeRef<'a>| right.iter().any(|other| other == node);
    let position = right.first().and_then(|first| left.iter().position(|node| node == first));
    Ok(Some(match local {
        "difference" => Value::NodeSet(left.iter().filter(|node| !in_right(*node)).collect()),
        "intersection" => Value::NodeSet(left.iter().filter(|node| in_right(*node)).collect()),
        "has-same-node" => Value::Boolean(left.iter().any(in_right)),
        "leading" | "trailing" if right.is_empty() => Value::NodeSet(left),
        "leading" => Value::NodeSet(left.iter().take(position.unwrap_or(0)).collect()),
        _ => {
            let from = position.map_or(left.len(), |position| position + 1);
            Value::NodeSet(left.iter().skip(from).collect())
        }
    }))
}

fn strings<'a>(scope: &Scope<'_, 'a>, local: &str, arguments: Vec<Value<'a>>) -> Called<'a> {
    match local {
        "concat" => {
            let [nodes] = take::<1>(arguments)?;
            let joined: String = nodes.into_nodes()?.iter().map(|node| node.string_value().into_owned()).collect();
            Ok(Some(Value::from(joined)))
        }
        "replace" => {
            let [text, from, to] = take::<3>(arguments)?;
            let (text, from) = (text.into_string(), from.into_string());
            let replaced = if from.is_empty() { text.into_owned() } else { text.replace(&*from, &to.into_string()) };
            Ok(Some(Value::from(replaced)))
        }
        "padding" => {
            let mut arguments = arguments.into_iter();
            let length = arguments.next().unwrap_or(Value::Null).to_number();
            let unit = arguments.next().map_or_else(|| " ".into(), Value::into_string);
            // A negative length, or none, is none; the cast saturates.
            let length = (length.max(0.0) as usize).min(MAX_PADDING);
            let text: String =
                if unit.is_empty() { String::new() } else { unit.chars().cycle().take(length).collect() };
            Ok(Some(Value::from(text)))
        }
        _ => {
            let mut arguments = arguments.into_iter();
            let text = arguments.next().map_or_else(|| "".into(), Value::into_string);
            let separators = arguments.next().map(Value::into_string);
            let mut builder = TreeBuilder::new();
            for token in tokens(local, &text, separators.as_deref()) {
                builder.start_element("", "", "token");
                builder.text(token);
                builder.end_element();
            }
            let Value::NodeSet(root) = scope.machine.keep(builder.finish()) else { return Ok(None) };
            let tokens = root.iter().flat_map(|root| {
                root.document.children(root.node).map(move |child| NodeRef::new(root.document, child))
            });
            Ok(Some(Value::NodeSet(NodeSet::list(tokens))))
        }
    }
}

/// The parts of a text: `split` at a string, `tokenize` at any of some characters.
fn tokens<'t>(local: &str, text: &'t str, separators: Option<&str>) -> Vec<&'t str> {
    let parts: Vec<&str> = match (local, separators) {
        ("split", separator) => text.split(separator.filter(|one| !one.is_empty()).unwrap_or(" ")).collect(),
        (_, Some("")) => text.char_indices().filter_map(|(at, c)| text.get(at..at + c.len_utf8())).collect(),
        (_, Some(separators)) => text.split(|c| separators.contains(c)).collect(),
        (_, None) => text.split(mi_xml::chars::is_space).collect(),
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

/// Of the time given as `2026-03-14T12:00:00+01:00`, or of now.
fn dates<'a>(local: &str, arguments: &[Value<'a>]) -> Called<'a> {
    let text = match arguments {
        [] => Local::now().format("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        [given] => given.clone().into_string().into_owned(),
        _ => return Ok(None),
    };
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let part = |index: usize| date.split('-').nth(index).map_or(f64::NAN, string_to_number);
    Ok(Some(match local {
        "date" => Value::from(date.to_owned()),
        "time" => Value::from(time.to_owned()),
        "year" => Value::Number(part(0)),
        "month-in-year" => Value::Number(part(1)),
        "day-in-month" => Value::Number(string_to_number(date.split('-').nth(2).unwrap_or("").get(..2).unwrap_or(""))),
        _ => Value::from(text),
    }))
}

/// The arguments, if there are just as many.
fn take<const N: usize>(arguments: Vec<Value<'_>>) -> Result<[Value<'_>; N], EvalError> {
    arguments.try_into().map_err(|_| EvalError::Arguments("an extension function".to_owned()))
}
