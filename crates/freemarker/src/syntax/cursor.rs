//! The text of a template and the place that is being read.

use crate::error::{Position, SyntaxError};

/// Columns after a tab are counted to the next multiple of this.
const TAB: u32 = 8;

/// A place in a text.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    lines: std::rc::Rc<[usize]>,
    /// Added to each position: where a string literal that is read by itself stands in its template.
    origin: Option<Position>,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes
            .iter()
            .enumerate()
            .filter(|&(at, &byte)| byte == b'\n' || byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { text, at: 0, lines, origin: None }
    }

    /// A text that stands elsewhere: all its positions are `origin`.
    pub fn inside(text: &'t str, origin: Position) -> Self {
        Self { origin: Some(origin), ..Self::new(text) }
    }

    pub fn offset(&self) -> usize {
        self.at
    }

    pub fn go_to(&mut self, offset: usize) {
        self.at = offset.min(self.text.len());
    }

    pub fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub fn between(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or("")
    }

    pub fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    pub fn looks_at(&self, what: &str) -> bool {
        self.rest().starts_with(what)
    }

    pub fn take(&mut self, what: &str) -> bool {
        let found = self.looks_at(what);
        if found {
            self.at += what.len();
        }
        found
    }

    /// Skips blanks and comments.
    pub fn skip_blanks(&mut self) -> Result<(), SyntaxError> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']).len();
            let opened = self.at;
            if !(self.take("<#--") || self.take("[#--")) {
                return Ok(());
            }
            let end = self
                .rest()
                .find("--")
                .filter(|end| self.rest().get(end + 2..).is_some_and(|after| after.starts_with(['>', ']'])));
            match end {
                Some(end) => self.at += end + 3,
                None => return Err(SyntaxError::new(self.position_of(opened), "This comment is not closed")),
            }
        }
    }

    /// A name: letters, digits, `_`, `$`, `@`, and `\-`, `\.`, `\:` taken literally.
    pub fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            let mut rest = self.rest().chars();
            match rest.next() {
                Some(c) if c.is_alphabetic() || matches!(c, '_' | '$' | '@') => name.push(c),
                Some(c) if c.is_numeric() && !name.is_empty() => name.push(c),
                Some('\\') => match rest.next() {
                    Some(c @ ('-' | '.' | ':' | '#')) => {
                        name.push(c);
                        self.at += 1;
                    }
                    _ => break,
                },
                _ => break,
            }
            self.next();
        }
        (!name.is_empty()).then_some(name)
    }

    /// The name that begins here, without taking it.
    pub fn peek_name(&self) -> Option<String> {
        self.clone().name()
    }

    pub fn position(&self) -> Position {
        self.position_of(self.at)
    }

    pub fn line_of(&self, offset: usize) -> u32 {
        u32::try_from(self.lines.partition_point(|&start| start <= offset)).unwrap_or(u32::MAX)
    }

    pub fn position_of(&self, offset: usize) -> Position {
        if let Some(origin) = self.origin {
            return origin;
        }
        let line = self.line_of(offset);
        let start = self.lines.get(line as usize - 1).copied().unwrap_or(0);
        let column = self.between(start, offset).chars().fold(1, |column: u32, character| match character {
            '\t' => column + TAB - (column - 1) % TAB,
            _ => column + 1,
        });
        Position { line, column }
    }

    pub fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.position(), message)
    }

    /// What stands here, for an error message.
    pub fn found(&self) -> String {
        let rest = self.rest();
        match rest.char_indices().nth(20) {
            _ if rest.is_empty() => "the end of the template".to_owned(),
            Some((end, _)) => format!("\"{}…\"", rest.get(..end).unwrap_or("").escape_debug()),
            None => format!("\"{}\"", rest.escape_debug()),
        }
    }
}
