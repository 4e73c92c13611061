//! The function library of XPath 1.0 §4, and Jaxen's `lower-case`, `upper-case` and `ends-with`.

use std::borrow::Cow;

use super::EvalError;
use super::ast::Expr;
use super::evaluate::Evaluator;
use super::node::NodeRef;
use super::value::{NodeSet, Value};
use crate::chars;

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    EndsWith,
    False,
    Floor,
    Id,
    Lang,
    Last,
    LocalName,
    LowerCase,
    Name,
    NamespaceUri,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    String,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Translate,
    True,
    UpperCase,
}

impl Function {
    pub(super) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "boolean" => Self::Boolean,
            "ceiling" => Self::Ceiling,
            "concat" => Self::Concat,
            "contains" => Self::Contains,
            "count" => Self::Count,
            "ends-with" => Self::EndsWith,
            "false" => Self::False,
            "floor" => Self::Floor,
            "id" => Self::Id,
            "lang" => Self::Lang,
            "last" => Self::Last,
            "local-name" => Self::LocalName,
            "lower-case" => Self::LowerCase,
            "name" => Self::Name,
            "namespace-uri" => Self::NamespaceUri,
            "normalize-space" => Self::NormalizeSpace,
            "not" => Self::Not,
            "number" => Self::Number,
            "position" => Self::Position,
            "round" => Self::Round,
            "starts-with" => Self::StartsWith,
            "string" => Self::String,
            "string-length" => Self::StringLength,
            "substring" => Self::Substring,
            "substring-after" => Self::SubstringAfter,
            "substring-before" => Self::SubstringBefore,
            "sum" => Self::Sum,
            "translate" => Self::Translate,
            "true" => Self::True,
            "upper-case" => Self::UpperCase,
            _ => return None,
        })
    }

    /// Whether the function takes this many arguments.
    pub(super) fn accepts(self, count: usize) -> bool {
        match self {
            Self::False | Self::Last | Self::Position | Self::True => count == 0,
            Self::LocalName
            | Self::Name
            | Self::NamespaceUri
            | Self::NormalizeSpace
            | Self::Number
            | Self::String
            | Self::StringLength => count <= 1,
            Self::Boolean
            | Self::Ceiling
            | Self::Count
            | Self::Floor
            | Self::Id
            | Self::Lang
            | Self::LowerCase
            | Self::Not
            | Self::Round
            | Self::Sum
            | Self::UpperCase => count == 1,
            Self::Contains | Self::EndsWith | Self::StartsWith | Self::SubstringAfter | Self::SubstringBefore => {
                count == 2
            }
            Self::Substring => count == 2 || count == 3,
            Self::Translate => count == 3,
            Self::Concat => count >= 2,
        }
    }

    pub(super) fn gives_number(self) -> bool {
        matches!(
            self,
            Self::Ceiling
                | Self::Count
                | Self::Floor
                | Self::Last
                | Self::Number
                | Self::Position
                | Self::Round
                | Self::StringLength
                | Self::Sum
        )
    }
}

impl<'a> Evaluator<'a, '_> {
    pub(super) fn call(&self, function: Function, arguments: &[Expr]) -> Result<Value<'a>, EvalError> {
        match (function, arguments) {
            (Function::True, []) => Ok(true.into()),
            (Function::False, []) => Ok(false.into()),
            (Function::Position, []) => Ok((self.position as f64).into()),
            (Function::Last, []) => Ok((self.size as f64).into()),
            (Function::Boolean, [argument]) => Ok(self.boolean(argument)?.into()),
            (Function::Not, [argument]) => Ok((!self.boolean(argument)?).into()),
            (Function::Count, [Expr::Path(path)]) => Ok((self.count(path)? as f64).into()),
            (Function::Count, [argument]) => Ok((self.value(argument)?.into_nodes()?.len() as f64).into()),
            (Function::Sum, [argument]) => {
                let nodes = self.value(argument)?.into_nodes()?;
                Ok(nodes.iter().map(|node| super::string_to_number(&node.string_value())).sum::<f64>().into())
            }
            (Function::Id, [argument]) => {
                // Without a DTD no attribute is an ID.
                self.value(argument)?;
                Ok(Value::NodeSet(NodeSet::empty()))
            }
            (Function::Number, []) => Ok(super::string_to_number(&self.node.string_value()).into()),
            (Function::Number, [argument]) => Ok(self.number(argument)?.into()),
            (Function::Floor, [argument]) => Ok(self.number(argument)?.floor().into()),
            (Function::Ceiling, [argument]) => Ok(self.number(argument)?.ceil().into()),
            (Function::Round, [argument]) => Ok(round(self.number(argument)?).into()),
            (Function::Lang, [argument]) => {
                let wanted = self.string(argument)?;
                Ok(self.node.language().is_some_and(|language| speaks(language, &wanted)).into())
            }
            (Function::LocalName, _) => Ok(self.node_of(arguments)?.map_or("", local_name).into()),
            (Function::NamespaceUri, _) => Ok(self.node_of(arguments)?.map_or("", namespace_uri).into()),
            (Function::Name, _) => {
                let name = self.node_of(arguments)?.and_then(|node| node.name());
                Ok(name.map(|name| name.to_string()).unwrap_or_default().into())
            }
            (Function::String, [argument]) => Ok(self.value(argument)?.into_string().into()),
            (Function::String, _) => Ok(self.node.string_value().into()),
            (Function::StringLength, _) => Ok((self.text_of(arguments)?.chars().count() as f64).into()),
            (Function::NormalizeSpace, _) => Ok(normalize_space(&self.text_of(arguments)?).into()),
            (Function::LowerCase, [argument]) => Ok(self.string(argument)?.to_lowercase().into()),
            (Function::UpperCase, [argument]) => Ok(self.string(argument)?.to_uppercase().into()),
            (Function::Contains, [text, part]) => Ok(self.string(text)?.contains(&*self.string(part)?).into()),
            (Function::StartsWith, [text, part]) => Ok(self.string(text)?.starts_with(&*self.string(part)?).into()),
            (Function::EndsWith, [text, part]) => Ok(self.string(text)?.ends_with(&*self.string(part)?).into()),
            (Function::SubstringBefore, [text, part]) => {
                let (text, part) = (self.string(text)?, self.string(part)?);
                Ok(text.split_once(&*part).map_or("", |(before, _)| before).to_owned().into())
            }
            (Function::SubstringAfter, [text, part]) => {
                let (text, part) = (self.string(text)?, self.string(part)?);
                Ok(text.split_once(&*part).map_or("", |(_, after)| after).to_owned().into())
            }
            (Function::Substring, [text, start]) => {
                Ok(substring(&self.string(text)?, self.number(start)?, f64::INFINITY).into())
            }
            (Function::Substring, [text, start, length]) => {
                Ok(substring(&self.string(text)?, self.number(start)?, self.number(length)?).into())
            }
            (Function::Translate, [text, from, to]) => {
                Ok(translate(&self.string(text)?, &self.string(from)?, &self.string(to)?).into())
            }
            (Function::Concat, parts) => {
                let mut joined = String::new();
                for part in parts {
                    joined.push_str(&self.string(part)?);
                }
                Ok(joined.into())
            }
            // The parser lets no other number of arguments through.
            (function, _) => Err(EvalError::Arguments(format!("{function:?}"))),
        }
    }

    /// The first node of the argument, or the context node without one.
    fn node_of(&self, arguments: &[Expr]) -> Result<Option<NodeRef<'a>>, EvalError> {
        match arguments.first() {
            None => Ok(Some(self.node)),
            Some(Expr::Path(path)) => self.first(path),
            Some(argument) => Ok(self.value(argument)?.into_nodes()?.first()),
        }
    }

    /// The string of the argument, or of the context node without one.
    fn text_of<'s>(&self, arguments: &'s [Expr]) -> Result<Cow<'s, str>, EvalError>
    where
        'a: 's,
    {
        match arguments.first() {
            None => Ok(self.node.string_value()),
            Some(argument) => self.string(argument),
        }
    }
}

fn local_name(node: NodeRef<'_>) -> &str {
    node.name().map_or("", |name| name.local)
}

fn namespace_uri(node: NodeRef<'_>) -> &str {
    node.name().map_or("", |name| name.namespace)
}

/// Halves go towards positive infinity.
fn round(number: f64) -> f64 {
    let floor = number.floor();
    if number - floor >= 0.5 { floor + 1.0 } else { floor }
}

/// The characters at positions (from 1) that are at least the rounded start and less than start plus length, rounded.
fn substring(text: &str, start: f64, length: f64) -> String {
    let first = round(start);
    let end = first + round(length);
    let inside = |position: f64| position >= first && position < end;
    text.chars().zip(1_u32..).filter(|(_, position)| inside(f64::from(*position))).map(|(c, _)| c).collect()
}

fn normalize_space(text: &str) -> String {
    let mut words = text.split(chars::is_space).filter(|word| !word.is_empty());
    let mut normalized = words.next().unwrap_or("").to_owned();
    for word in words {
        normalized.push(' ');
        normalized.push_str(word);
    }
    normalized
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let replacement = |c: char| match from.chars().position(|known| known == c) {
        None => Some(c),
        Some(at) => to.chars().nth(at),
    };
    text.chars().filter_map(replacement).collect()
}

/// Whether a language is the wanted one or a variety of it, without regard to case.
fn speaks(language: &str, wanted: &str) -> bool {
    match language.split_at_checked(wanted.len()) {
        Some((begin, rest)) => begin.eq_ignore_ascii_case(wanted) && (rest.is_empty() || rest.starts_with('-')),
        None => false,
    }
}
