//! Expressions as FreeMarker prints them when it blames one.

use std::fmt;

use super::ast::{Expr, ExprKind, Operator, RangeKind, StringPart};
use super::names::special_name;

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(number) => write!(f, "{}", number.plain()),
            ExprKind::String(text) => quoted(text, f),
            ExprKind::Interpolated(parts) => {
                f.write_str("\"")?;
                for part in parts {
                    match part {
                        StringPart::Text(text) => escaped(text, f)?,
                        StringPart::Value(value) => write!(f, "${{{value}}}")?,
                    }
                }
                f.write_str("\"")
            }
            ExprKind::Boolean(value) => write!(f, "{value}"),
            ExprKind::Variable(name) => name_in(name, f),
            ExprKind::Special(special) => write!(f, ".{}", special_name(*special)),
            ExprKind::Dot(target, name) => {
                write!(f, "{target}.")?;
                name_in(name, f)
            }
            ExprKind::Index(target, index) => write!(f, "{target}[{index}]"),
            ExprKind::Call(callee, arguments) => {
                write!(f, "{callee}(")?;
                list(arguments, f)?;
                f.write_str(")")
            }
            ExprKind::Default(value, None) => write!(f, "{value}!"),
            ExprKind::Default(value, Some(default)) => write!(f, "{value}!{default}"),
            ExprKind::Exists(value) => write!(f, "{value}??"),
            ExprKind::Builtin(target, builtin, arguments) => {
                write!(f, "{target}?{}", builtin.name)?;
                if let Some(arguments) = arguments {
                    f.write_str("(")?;
                    list(arguments, f)?;
                    f.write_str(")")?;
                }
                Ok(())
            }
            ExprKind::Not(value) => write!(f, "!{value}"),
            ExprKind::Negative(value) => write!(f, "-{value}"),
            ExprKind::Positive(value) => write!(f, "+{value}"),
            ExprKind::Binary(operator, left, right) => write!(f, "{left} {} {right}", symbol(*operator)),
            ExprKind::Range(kind, from, to) => {
                let dots = match kind {
                    RangeKind::Inclusive | RangeKind::Unbounded => "..",
                    RangeKind::Exclusive => "..<",
                    RangeKind::Length => "..*",
                };
                write!(f, "{from}{dots}")?;
                to.as_ref().map_or(Ok(()), |to| write!(f, "{to}"))
            }
            ExprKind::List(items) => {
                f.write_str("[")?;
                list(items, f)?;
                f.write_str("]")
            }
            ExprKind::Hash(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
            ExprKind::Group(inner) => write!(f, "({inner})"),
            ExprKind::Lambda(names, body) => match names.as_slice() {
                [name] => write!(f, "{name} -> {body}"),
                names => write!(f, "({}) -> {body}", names.join(", ")),
            },
        }
    }
}

fn list(items: &[Expr], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    items.iter().enumerate().try_for_each(|(index, item)| write!(f, "{}{item}", if index > 0 { ", " } else { "" }))
}

fn name_in(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    name.chars().try_for_each(|character| match character {
        '-' | '.' | ':' | '#' => write!(f, "\\{character}"),
        other => write!(f, "{other}"),
    })
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    escaped(text, f)?;
    f.write_str("\"")
}

fn escaped(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    text.chars().try_for_each(|character| match character {
        '"' => f.write_str("\\\""),
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        other => write!(f, "{other}"),
    })
}

/// An operator as it is printed.
pub(crate) const fn symbol(operator: Operator) -> &'static str {
    match operator {
        Operator::Or => "||",
        Operator::And => "&&",
        Operator::Equal => "==",
        Operator::NotEqual => "!=",
        Operator::Less => "lt",
        Operator::LessOrEqual => "lte",
        Operator::Greater => "gt",
        Operator::GreaterOrEqual => "gte",
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Remainder => "%",
    }
}
