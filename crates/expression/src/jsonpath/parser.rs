//! Paths as text: dots, brackets, functions. What is within a filter is `filter_parser`'s.

use serde_json::Value;

use super::JsonPathError;
use super::ast::{self, Function, Operand, Step, SubPath};
use super::filter_parser;

/// How many steps a path may have; each hands its values to the next one, which recurses.
const MAX_STEPS: usize = 200;

/// How deep filters and paths may contain each other.
const MAX_DEPTH: usize = 50;

pub(super) fn parse(text: &str) -> Result<Vec<Step>, JsonPathError> {
    let mut scanner = Scanner { text, at: 0, depth: 0 };
    scanner.skip_blanks();
    if scanner.rest().starts_with(['$', '@']) {
        scanner.at += 1;
    } else if !scanner.rest().is_empty() {
        // As if `$.` stood before it.
        let mut steps = Vec::new();
        scanner.after_dot(&mut steps)?;
        scanner.steps(&mut steps, true)?;
        return Ok(steps);
    } else {
        return Err(scanner.error("a path is missing"));
    }
    let mut steps = Vec::new();
    scanner.steps(&mut steps, true)?;
    Ok(steps)
}

/// A place in the text, shared by the two parsers.
pub(super) struct Scanner<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) depth: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(super) fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    pub(super) fn error(&self, message: impl Into<String>) -> JsonPathError {
        let column = self.text.get(..self.at).map_or(1, |before| before.chars().count() + 1);
        JsonPathError { column, message: message.into() }
    }

    pub(super) fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, JsonPathError>,
    ) -> Result<T, JsonPathError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error("the path is nested too deeply"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// A path within a filter or among arguments, behind its `$` or `@`; it ends where it cannot go on.
    pub(super) fn sub_path(&mut self) -> Result<SubPath, JsonPathError> {
        let steps = self.deeper(|scanner| {
            let mut steps = Vec::new();
            scanner.steps(&mut steps, false)?;
            Ok(steps)
        })?;
        let definite = ast::is_definite(&steps);
        Ok(SubPath { steps, definite })
    }

    fn steps(&mut self, steps: &mut Vec<Step>, whole: bool) -> Result<(), JsonPathError> {
        loop {
            if whole {
                self.skip_blanks();
            }
            if steps.len() >= MAX_STEPS {
                return Err(self.error("the path has too many steps"));
            }
            if matches!(steps.last(), Some(Step::Function(_))) && self.rest().starts_with(['.', '[']) {
                return Err(self.error("a function ends a path"));
            }
            if self.take("..") {
                steps.push(Step::Scan);
                if self.rest().starts_with('[') {
                    self.bracket(steps)?;
                } else {
                    self.after_dot(steps)?;
                }
            } else if self.take(".") {
                if self.rest().starts_with('[') {
                    self.bracket(steps)?;
                } else {
                    self.after_dot(steps)?;
                }
            } else if self.rest().starts_with('[') {
                self.bracket(steps)?;
            } else if whole && !self.rest().is_empty() {
                return Err(self.error("a dot or a bracket is expected"));
            } else {
                return Ok(());
            }
        }
    }

    fn after_dot(&mut self, steps: &mut Vec<Step>) -> Result<(), JsonPathError> {
        if self.take("*") {
            steps.push(Step::Wildcard);
            return Ok(());
        }
        let rest = self.rest();
        let ends = |c: char| {
            matches!(c, '.' | '[' | '(' | ')' | ']' | ',' | '=' | '<' | '>' | '!' | '&' | '|' | '~')
                || c.is_whitespace()
        };
        // Only a filter needs to end a name at an operator.
        let inside = |c: char| if self.depth > 0 { ends(c) } else { matches!(c, '.' | '[' | '(') || c.is_whitespace() };
        let end = rest.find(inside).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or("");
        if name.is_empty() {
            return Err(self.error("the name of a property is missing"));
        }
        let begin = self.at;
        self.at += end;
        if self.rest().starts_with('(') {
            self.at += 1;
            steps.push(self.function(name, begin)?);
            return Ok(());
        }
        if self.depth == 0 && self.rest().starts_with(char::is_whitespace) && !self.rest().trim().is_empty() {
            return Err(self.error("a property with a blank needs brackets"));
        }
        steps.push(Step::Property(vec![name.to_owned()]));
        Ok(())
    }

    fn function(&mut self, name: &str, begin: usize) -> Result<Step, JsonPathError> {
        let mut arguments = Vec::new();
        self.skip_blanks();
        while !self.take(")") {
            arguments.push(self.argument()?);
            self.skip_blanks();
            if !self.take(",") && !self.rest().starts_with(')') {
                return Err(self.error("a comma or a closing parenthesis is expected"));
            }
            self.skip_blanks();
        }
        let index = match arguments.as_slice() {
            [Operand::Literal(Value::Number(number))] => number.as_i64(),
            _ => None,
        };
        let function = match (name, index) {
            ("concat", _) => Function::Concat(arguments),
            ("append", _) => Function::Append(arguments),
            ("index", Some(index)) => Function::Index(index),
            ("min", _) => Function::Min,
            ("max", _) => Function::Max,
            ("avg", _) => Function::Avg,
            ("stddev", _) => Function::StdDev,
            ("sum", _) => Function::Sum,
            ("length" | "size", _) => Function::Length,
            ("keys", _) => Function::Keys,
            ("first", _) => Function::First,
            ("last", _) => Function::Last,
            _ => {
                self.at = begin;
                return Err(self.error(format!("there is no function {name}")));
            }
        };
        Ok(Step::Function(function))
    }

    fn argument(&mut self) -> Result<Operand, JsonPathError> {
        self.deeper(filter_parser::operand)
    }

    fn bracket(&mut self, steps: &mut Vec<Step>) -> Result<(), JsonPathError> {
        self.at += 1;
        self.skip_blanks();
        let step = match self.peek() {
            Some('*') => {
                self.at += 1;
                Step::Wildcard
            }
            Some('?') => {
                self.at += 1;
                Step::Filter(Box::new(self.deeper(filter_parser::filter)?))
            }
            Some('\'' | '"') => self.names()?,
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | ':') => self.indices()?,
            _ => return Err(self.error("a name in quotes, an index, * or a filter is expected")),
        };
        self.skip_blanks();
        if !self.take("]") {
            return Err(self.error("] is expected"));
        }
        steps.push(step);
        Ok(())
    }

    fn names(&mut self) -> Result<Step, JsonPathError> {
        let mut names = Vec::new();
        loop {
            names.push(self.quoted()?);
            self.skip_blanks();
            if !self.take(",") {
                return Ok(Step::Property(names));
            }
            self.skip_blanks();
        }
    }

    /// A text in quotes of either kind, with a backslash taking the next character as it is (or as JSON has it).
    pub(super) fn quoted(&mut self) -> Result<String, JsonPathError> {
        let Some(quote @ ('\'' | '"')) = self.peek() else { return Err(self.error("a quote is expected")) };
        let begin = self.at;
        self.at += 1;
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((offset, c)) = chars.next() {
            if c == quote {
                self.at += offset + 1;
                return Ok(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next().map(|(_, c)| c) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('b') => text.push('\u{8}'),
                Some('f') => text.push('\u{c}'),
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                    text.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Some(c) => text.push(c),
                None => break,
            }
        }
        self.at = begin;
        Err(self.error("the quote is not closed"))
    }

    fn indices(&mut self) -> Result<Step, JsonPathError> {
        let rest = self.rest();
        let end = rest.find(']').unwrap_or(rest.len());
        let inside = rest.get(..end).unwrap_or("");
        let number = |text: &str| text.trim().parse::<i64>().ok();
        let step = if inside.contains(':') {
            let bound = |text: Option<&str>| match text.map(str::trim) {
                None | Some("") => Some(None),
                Some(text) => number(text).map(Some),
            };
            let mut bounds = inside.split(':');
            match (bound(bounds.next()), bound(bounds.next())) {
                (Some(from), Some(to)) => Some(Step::Slice(from, to)),
                _ => None,
            }
        } else {
            inside.split(',').map(number).collect::<Option<Vec<_>>>().map(Step::Index)
        };
        let step = step.ok_or_else(|| self.error(format!("{inside} is not an index")))?;
        self.at += end;
        Ok(step)
    }
}
