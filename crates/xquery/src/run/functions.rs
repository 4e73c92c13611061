//! The function library.

use bigdecimal::{BigDecimal, RoundingMode};
use fancy_regex::Regex;
use mi_xml::chars::is_space;

use super::evaluate::{context, root};
use super::{Evaluated, Focus, Item, Items, atomized, compare, single, truth};
use crate::ast::{AtomicType, Comparison, Operator};
use crate::run::arithmetic::calculate;
use crate::{Atomic, RunError};

/// Names with the least and greatest number of arguments.
const FUNCTIONS: &[(&str, usize, usize)] = &[
    ("abs", 1, 1),
    ("avg", 1, 1),
    ("boolean", 1, 1),
    ("ceiling", 1, 1),
    ("concat", 2, usize::MAX),
    ("contains", 2, 2),
    ("count", 1, 1),
    ("data", 1, 1),
    ("distinct-values", 1, 1),
    ("empty", 1, 1),
    ("ends-with", 2, 2),
    ("exactly-one", 1, 1),
    ("exists", 1, 1),
    ("false", 0, 0),
    ("floor", 1, 1),
    ("head", 1, 1),
    ("index-of", 2, 2),
    ("insert-before", 3, 3),
    ("last", 0, 0),
    ("local-name", 0, 1),
    ("lower-case", 1, 1),
    ("matches", 2, 2),
    ("max", 1, 1),
    ("min", 1, 1),
    ("name", 0, 1),
    ("namespace-uri", 0, 1),
    ("normalize-space", 0, 1),
    ("not", 1, 1),
    ("number", 0, 1),
    ("one-or-more", 1, 1),
    ("position", 0, 0),
    ("remove", 2, 2),
    ("replace", 3, 3),
    ("reverse", 1, 1),
    ("root", 0, 1),
    ("round", 1, 1),
    ("starts-with", 2, 2),
    ("string", 0, 1),
    ("string-join", 1, 2),
    ("string-length", 0, 1),
    ("subsequence", 2, 3),
    ("substring", 2, 3),
    ("substring-after", 2, 2),
    ("substring-before", 2, 2),
    ("sum", 1, 2),
    ("tail", 1, 1),
    ("tokenize", 2, 2),
    ("translate", 3, 3),
    ("true", 0, 0),
    ("upper-case", 1, 1),
    ("zero-or-one", 1, 1),
];

/// Whether a function takes so many arguments; `None` if there is no such function.
pub(crate) fn accepts(name: &str, count: usize) -> Option<bool> {
    let (_, least, greatest) = FUNCTIONS.iter().find(|(known, ..)| *known == name)?;
    Some((*least..=*greatest).contains(&count))
}

fn text<'a>(value: impl Into<String>) -> Items<'a> {
    vec![Item::Atomic(Atomic::String(value.into()))]
}

fn boolean<'a>(value: bool) -> Items<'a> {
    vec![Item::Atomic(Atomic::Boolean(value))]
}

fn integer<'a>(value: usize) -> Items<'a> {
    vec![Item::Atomic(Atomic::Integer(i64::try_from(value).unwrap_or(i64::MAX)))]
}

/// Arguments, taken one after the other.
struct Arguments<'a>(std::vec::IntoIter<Items<'a>>);

impl<'a> Arguments<'a> {
    fn next(&mut self) -> Items<'a> {
        self.0.next().unwrap_or_default()
    }

    /// The text of an argument, `""` if it is empty.
    fn text(&mut self) -> Result<String, RunError> {
        Ok(single(&self.next(), "an argument")?.map(|value| value.to_text()).unwrap_or_default())
    }

    fn number(&mut self) -> Result<f64, RunError> {
        Ok(single(&self.next(), "an argument")?.map_or(f64::NAN, |value| value.to_double()))
    }

    /// The argument, or the context item if there is none.
    fn or_context(&mut self, focus: &Focus<'a>) -> Evaluated<'a> {
        match self.0.next() {
            Some(items) => Ok(items),
            None => Ok(vec![context(focus)?.clone()]),
        }
    }
}

pub(crate) fn call<'a>(name: &str, arguments: Vec<Items<'a>>, focus: &Focus<'a>) -> Evaluated<'a> {
    let count = arguments.len();
    let mut arguments = Arguments(arguments.into_iter());
    Ok(match name {
        "true" => boolean(true),
        "false" => boolean(false),
        "not" => boolean(!truth(&arguments.next())?),
        "boolean" => boolean(truth(&arguments.next())?),
        "exists" => boolean(!arguments.next().is_empty()),
        "empty" => boolean(arguments.next().is_empty()),
        "count" => integer(arguments.next().len()),
        "position" | "last" => {
            context(focus)?;
            integer(if name == "last" { focus.size } else { focus.position })
        }
        "data" => arguments.next().iter().map(|item| Item::Atomic(atomized(item))).collect(),
        "string" => {
            let items = arguments.or_context(focus)?;
            text(single(&items, "string")?.map(|value| value.to_text()).unwrap_or_default())
        }
        "number" => {
            let items = arguments.or_context(focus)?;
            let number = single(&items, "number")?.map_or(f64::NAN, |value| value.to_double());
            vec![Item::Atomic(Atomic::Double(number))]
        }
        "name" | "local-name" | "namespace-uri" => named(name, &arguments.or_context(focus)?)?,
        "root" => match arguments.or_context(focus)?.as_slice() {
            [Item::Node(node)] => vec![Item::Node(root(*node))],
            [] => Vec::new(),
            _ => return Err(RunError("root needs a node".to_owned())),
        },
        "string-length" => {
            let items = arguments.or_context(focus)?;
            integer(single(&items, name)?.map_or(0, |value| value.to_text().chars().count()))
        }
        "normalize-space" => {
            let items = arguments.or_context(focus)?;
            let value = single(&items, name)?.map(|value| value.to_text()).unwrap_or_default();
            text(value.split(is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
        }
        "concat" => {
            let mut all = String::new();
            for _ in 0..count {
                all.push_str(&arguments.text()?);
            }
            text(all)
        }
        "string-join" => {
            let items = arguments.next();
            let separator = arguments.text()?;
            let texts: Vec<String> = items.iter().map(|item| atomized(item).to_text()).collect();
            text(texts.join(&separator))
        }
        "contains" | "starts-with" | "ends-with" => {
            let (whole, part) = (arguments.text()?, arguments.text()?);
            boolean(match name {
                "contains" => whole.contains(&part),
                "starts-with" => whole.starts_with(&part),
                _ => whole.ends_with(&part),
            })
        }
        "substring-before" | "substring-after" => {
            let (whole, part) = (arguments.text()?, arguments.text()?);
            let found = if name == "substring-before" {
                whole.split_once(&part).map(|(before, _)| before)
            } else {
                whole.split_once(&part).map(|(_, after)| after)
            };
            text(found.unwrap_or(""))
        }
        "substring" => {
            let (whole, start) = (arguments.text()?, arguments.number()?.round());
            let end = if count == 3 { start + arguments.number()?.round() } else { f64::INFINITY };
            let inside = |index: &usize| {
                let place = *index as f64 + 1.0;
                place >= start && place < end
            };
            text(whole.chars().enumerate().filter(|(index, _)| inside(index)).map(|(_, c)| c).collect::<String>())
        }
        "upper-case" => text(arguments.text()?.to_uppercase()),
        "lower-case" => text(arguments.text()?.to_lowercase()),
        "translate" => {
            let (whole, from, to) = (arguments.text()?, arguments.text()?, arguments.text()?);
            let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
            let replaced = whole.chars().filter_map(|c| match from.iter().position(|known| *known == c) {
                Some(index) => to.get(index).copied(),
                None => Some(c),
            });
            text(replaced.collect::<String>())
        }
        "matches" | "replace" | "tokenize" => by_pattern(name, &mut arguments)?,
        "abs" | "floor" | "ceiling" | "round" => match single(&arguments.next(), name)? {
            Some(value) => vec![Item::Atomic(rounded(name, &value)?)],
            None => Vec::new(),
        },
        "sum" | "avg" => summed(name, count, &mut arguments)?,
        "min" | "max" => extreme(name, &arguments.next())?,
        "distinct-values" => {
            let mut found: Vec<Atomic> = Vec::new();
            for value in arguments.next().iter().map(atomized) {
                // Values that cannot be compared differ.
                let known =
                    found.iter().any(|known| compare::values(Comparison::Equal, known, &value).unwrap_or(false));
                if !known {
                    found.push(value);
                }
            }
            found.into_iter().map(Item::Atomic).collect()
        }
        "index-of" => {
            let items = arguments.next();
            let Some(wanted) = single(&arguments.next(), name)? else { return Ok(Vec::new()) };
            let is_it = |item: &Item<'_>| compare::values(Comparison::Equal, &atomized(item), &wanted).unwrap_or(false);
            items.iter().enumerate().filter(|(_, item)| is_it(item)).flat_map(|(index, _)| integer(index + 1)).collect()
        }
        "reverse" => {
            let mut items = arguments.next();
            items.reverse();
            items
        }
        "head" => arguments.next().into_iter().take(1).collect(),
        "tail" => arguments.next().into_iter().skip(1).collect(),
        "subsequence" => {
            let (items, start) = (arguments.next(), arguments.number()?.round());
            let end = if count == 3 { start + arguments.number()?.round() } else { f64::INFINITY };
            let inside = |index: usize| index as f64 + 1.0 >= start && (index as f64) + 1.0 < end;
            items.into_iter().enumerate().filter(|(index, _)| inside(*index)).map(|(_, item)| item).collect()
        }
        "insert-before" => {
            let (mut items, at, new) = (arguments.next(), arguments.number()?, arguments.next());
            // Beyond either end is at that end; the cast saturates.
            let at = ((at - 1.0).max(0.0) as usize).min(items.len());
            items.splice(at..at, new);
            items
        }
        "remove" => {
            let (items, at) = (arguments.next(), arguments.number()?);
            items.into_iter().enumerate().filter(|(index, _)| *index as f64 + 1.0 != at).map(|(_, item)| item).collect()
        }
        "exactly-one" | "one-or-more" | "zero-or-one" => {
            let items = arguments.next();
            let fits = match name {
                "exactly-one" => items.len() == 1,
                "one-or-more" => !items.is_empty(),
                _ => items.len() <= 1,
            };
            if !fits {
                return Err(RunError(format!("{name} got {} items", items.len())));
            }
            items
        }
        other => return Err(RunError(format!("there is no function {other}"))),
    })
}

fn named<'a>(function: &str, items: &[Item<'a>]) -> Evaluated<'a> {
    let name = match items {
        [] => None,
        [Item::Node(node)] => node.name(),
        _ => return Err(RunError(format!("{function} needs a node"))),
    };
    Ok(text(match (name, function) {
        (None, _) => String::new(),
        (Some(name), "name") => name.to_string(),
        (Some(name), "local-name") => name.local.to_owned(),
        (Some(name), _) => name.namespace.to_owned(),
    }))
}

fn by_pattern<'a>(name: &str, arguments: &mut Arguments<'a>) -> Evaluated<'a> {
    let (whole, pattern) = (arguments.text()?, arguments.text()?);
    let regex = Regex::new(&pattern).map_err(|error| RunError(format!("'{pattern}' is not a pattern: {error}")))?;
    let failed = |error: fancy_regex::Error| RunError(format!("{name}: {error}"));
    Ok(match name {
        "matches" => boolean(regex.is_match(&whole).map_err(failed)?),
        "replace" => {
            let by = arguments.text()?;
            // `$1` has to end where its digits end.
            let mut template = String::new();
            let mut rest = by.chars().peekable();
            while let Some(c) = rest.next() {
                match c {
                    '$' => {
                        template.push_str("${");
                        while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                            template.push(digit);
                        }
                        template.push('}');
                    }
                    '\\' => match rest.next() {
                        Some('$') => template.push_str("$$"),
                        Some(other) => template.push(other),
                        None => {}
                    },
                    c => template.push(c),
                }
            }
            text(regex.try_replacen(&whole, 0, template.as_str()).map_err(failed)?.into_owned())
        }
        _ => {
            if whole.is_empty() {
                return Ok(Vec::new());
            }
            let mut parts = Vec::new();
            for part in regex.split(&whole) {
                parts.push(Item::Atomic(Atomic::String(part.map_err(failed)?.to_owned())));
            }
            parts
        }
    })
}

fn rounded(name: &str, value: &Atomic) -> Result<Atomic, RunError> {
    let value = if matches!(value, Atomic::Untyped(_)) { value.cast(AtomicType::Double)? } else { value.clone() };
    let float = |number: f64| match name {
        "abs" => number.abs(),
        "floor" => number.floor(),
        "ceiling" => number.ceil(),
        // Halves go up.
        _ => (number + 0.5).floor(),
    };
    Ok(match value {
        Atomic::Integer(number) if name == "abs" => {
            Atomic::Integer(number.checked_abs().ok_or_else(|| RunError("the integer is too large".to_owned()))?)
        }
        Atomic::Integer(_) => value,
        Atomic::Decimal(number) => Atomic::Decimal(match name {
            "abs" => number.abs(),
            "floor" => number.with_scale_round(0, RoundingMode::Floor),
            "ceiling" => number.with_scale_round(0, RoundingMode::Ceiling),
            _ => (number + BigDecimal::new(5.into(), 1)).with_scale_round(0, RoundingMode::Floor),
        }),
        Atomic::Double(number) => Atomic::Double(float(number)),
        // Back to the type that it came from.
        Atomic::Float(number) => Atomic::Float(float(f64::from(number)) as f32),
        other => return Err(RunError(format!("{name} needs a number, not {}", other.type_name()))),
    })
}

fn summed<'a>(name: &str, count: usize, arguments: &mut Arguments<'a>) -> Evaluated<'a> {
    let items = arguments.next();
    if items.is_empty() {
        return Ok(match (name, count) {
            ("avg", _) => Vec::new(),
            (_, 2) => arguments.next(),
            _ => vec![Item::Atomic(Atomic::Integer(0))],
        });
    }
    let mut sum = Atomic::Integer(0);
    for item in &items {
        sum = calculate(Operator::Add, &sum, &atomized(item))?;
    }
    if name == "avg" {
        let size = Atomic::Integer(i64::try_from(items.len()).unwrap_or(i64::MAX));
        sum = calculate(Operator::Divide, &sum, &size)?;
    }
    Ok(vec![Item::Atomic(sum)])
}

fn extreme<'a>(name: &str, items: &[Item<'a>]) -> Evaluated<'a> {
    let mut best: Option<Atomic> = None;
    for item in items {
        let value = atomized(item);
        let value = if matches!(value, Atomic::Untyped(_)) { value.cast(AtomicType::Double)? } else { value };
        if value.is_number() && value.to_double().is_nan() {
            return Ok(vec![Item::Atomic(value)]);
        }
        let comparison = if name == "max" { Comparison::Greater } else { Comparison::Less };
        let better = match &best {
            Some(best) => compare::values(comparison, &value, best)?,
            None => true,
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best.map(Item::Atomic).into_iter().collect())
}
