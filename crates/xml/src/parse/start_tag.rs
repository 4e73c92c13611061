//! The inside of a start tag: its attributes as written.

use super::Flaw;
use crate::chars;

/// An attribute as it stands in the input.
#[derive(Copy, Clone)]
pub(super) struct RawAttribute<'i> {
    pub(super) name: &'i str,
    /// Between the quotes, references and line ends untouched.
    pub(super) value: &'i str,
    /// Where the name begins, in bytes from the beginning of the input.
    pub(super) offset: usize,
}

/// Splits what follows the name in a start tag. Yields errors with offsets in the whole input.
pub(super) struct RawAttributes<'i> {
    rest: &'i str,
    offset: usize,
}

impl<'i> RawAttributes<'i> {
    /// `rest` begins at byte `offset` of the input.
    pub(super) fn new(rest: &'i str, offset: usize) -> Self {
        Self { rest, offset }
    }

    pub(super) fn next(&mut self) -> Result<Option<RawAttribute<'i>>, Flaw> {
        let trimmed = self.rest.trim_start_matches(chars::is_space);
        if trimmed.is_empty() {
            return Ok(None);
        }
        let spaces = self.rest.len() - trimmed.len();
        self.skip(spaces);
        if spaces == 0 {
            return Err(self.flaw("white space is missing before an attribute"));
        }
        let offset = self.offset;
        let name_len = trimmed.bytes().position(|b| matches!(b, b'=' | b' ' | b'\t' | b'\n' | b'\r'));
        let Some(name) = name_len.and_then(|len| trimmed.get(..len)) else {
            return Err(self.flaw(format!("the attribute {trimmed} has no value")));
        };
        self.skip(name.len());
        self.skip_spaces();
        if !self.rest.starts_with('=') {
            return Err(self.flaw(format!("the attribute {name} has no value")));
        }
        self.skip(1);
        self.skip_spaces();
        let quote = match self.rest.as_bytes().first() {
            Some(&quote @ (b'"' | b'\'')) => quote,
            _ => return Err(self.flaw(format!("the value of the attribute {name} is not in quotes"))),
        };
        self.skip(1);
        let end = memchr::memchr(quote, self.rest.as_bytes());
        let Some(value) = end.and_then(|end| self.rest.get(..end)) else {
            return Err(self.flaw(format!("the value of the attribute {name} does not end")));
        };
        if let Some(at) = memchr::memchr(b'<', value.as_bytes()) {
            self.skip(at);
            return Err(self.flaw(format!("the value of the attribute {name} contains <")));
        }
        self.skip(value.len() + 1);
        Ok(Some(RawAttribute { name, value, offset }))
    }

    fn skip_spaces(&mut self) {
        self.skip(self.rest.len() - self.rest.trim_start_matches(chars::is_space).len());
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or("");
        self.offset += bytes;
    }

    fn flaw(&self, message: impl Into<String>) -> Flaw {
        Flaw::syntax(self.offset, message)
    }
}
