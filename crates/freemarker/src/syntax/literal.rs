//! Reading literals: numbers, strings with what is interpolated in them, sequences, hashes; and special variables.

use std::sync::Arc;

use super::ast::{ExprKind, StringPart};
use super::expression::ExpressionParser;
use super::names;
use crate::error::{Position, SyntaxError};
use crate::number::Number;

impl ExpressionParser<'_, '_> {
    pub(super) fn list(&mut self) -> Result<ExprKind, SyntaxError> {
        self.cursor.take("[");
        let outer = std::mem::replace(&mut self.parentheses, 1);
        let mut items = Vec::new();
        loop {
            self.blanks()?;
            if self.cursor.take("]") {
                self.parentheses = outer;
                return Ok(ExprKind::List(items));
            }
            if !items.is_empty() {
                self.cursor.take(",");
            }
            items.push(self.expression()?);
        }
    }

    pub(super) fn hash(&mut self) -> Result<ExprKind, SyntaxError> {
        self.cursor.take("{");
        let outer = std::mem::replace(&mut self.parentheses, 1);
        let mut entries = Vec::new();
        loop {
            self.blanks()?;
            if self.cursor.take("}") {
                self.parentheses = outer;
                return Ok(ExprKind::Hash(entries));
            }
            if !entries.is_empty() {
                self.expect(",")?;
            }
            let key = self.expression()?;
            self.blanks()?;
            if !self.cursor.take(":") {
                self.expect(",")?;
            }
            entries.push((key, self.expression()?));
        }
    }

    pub(super) fn number(&mut self) -> Result<ExprKind, SyntaxError> {
        let rest = self.cursor.rest();
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(rest);
        let mut length = whole;
        if let Some(after) = rest.get(whole..).and_then(|after| after.strip_prefix('.')) {
            let fraction = digits(after);
            if fraction > 0 {
                length += 1 + fraction;
            }
        }
        let text = rest.get(..length).unwrap_or("");
        let number = Number::parse(text).ok_or_else(|| self.cursor.error(format!("The number {text} is too long")))?;
        self.cursor.go_to(self.cursor.offset() + length);
        Ok(ExprKind::Number(number))
    }

    pub(super) fn special(&mut self) -> Result<ExprKind, SyntaxError> {
        let at = self.cursor.position();
        self.cursor.take(".");
        let name = self.cursor.name().unwrap_or_default();
        names::special(&name)
            .map(ExprKind::Special)
            .ok_or_else(|| SyntaxError::new(at, format!("The special variable .{name} is not supported")))
    }

    pub(super) fn raw_string(&mut self) -> Result<ExprKind, SyntaxError> {
        self.cursor.take("r");
        let at = self.cursor.position();
        let quote = self.cursor.next().unwrap_or('"');
        let text = self.cursor.rest().split(quote).next().unwrap_or("");
        let text: Arc<str> = text.into();
        self.cursor.go_to(self.cursor.offset() + text.len());
        if self.cursor.next() != Some(quote) {
            return Err(SyntaxError::new(at, "This string is not closed"));
        }
        Ok(ExprKind::String(text))
    }

    pub(super) fn string(&mut self, at: Position) -> Result<ExprKind, SyntaxError> {
        let quote = self.cursor.next().unwrap_or('"');
        let mut parts = Vec::new();
        let mut text = String::new();
        loop {
            if self.cursor.looks_at("${") || self.cursor.looks_at("#{") {
                self.cursor.go_to(self.cursor.offset() + 2);
                let mut inner =
                    ExpressionParser { depth: self.depth, ..ExpressionParser::in_interpolation(self.cursor) };
                let value = inner.expression()?;
                self.expect("}")?;
                if !text.is_empty() {
                    parts.push(StringPart::Text(std::mem::take(&mut text)));
                }
                parts.push(StringPart::Value(value));
                continue;
            }
            match self.cursor.next() {
                None => return Err(SyntaxError::new(at, "This string is not closed")),
                Some(end) if end == quote => break,
                Some('\\') => text.push(self.escape()?),
                Some(other) => text.push(other),
            }
        }
        if parts.is_empty() {
            return Ok(ExprKind::String(text.into()));
        }
        if !text.is_empty() {
            parts.push(StringPart::Text(text));
        }
        Ok(ExprKind::Interpolated(parts))
    }

    /// What follows a backslash in a string.
    fn escape(&mut self) -> Result<char, SyntaxError> {
        Ok(match self.cursor.next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('f') => '\u{c}',
            Some('b') => '\u{8}',
            Some('g') => '>',
            Some('l') => '<',
            Some('a') => '&',
            Some('x') => {
                let rest = self.cursor.rest();
                let length = rest.bytes().take(4).take_while(u8::is_ascii_hexdigit).count();
                let code = rest.get(..length).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                self.cursor.go_to(self.cursor.offset() + length);
                code.and_then(char::from_u32)
                    .ok_or_else(|| self.cursor.error("\\x needs the hexadecimal code of a character"))?
            }
            Some(other @ ('"' | '\'' | '\\' | '{' | '=')) => other,
            Some(other) => return Err(self.cursor.error(format!("There is no escape \\{other} in strings"))),
            None => return Err(self.cursor.error("This string is not closed")),
        })
    }
}
