//! A cursor over the input that knows what XML's delimiters are. It finds where things end; what they mean is the
//! builder's.

use super::Flaw;

/// An attribute as it stands in the input.
#[derive(Copy, Clone)]
pub(super) struct RawAttribute<'i> {
    pub(super) name: RawName<'i>,
    /// Between the quotes, references and line ends untouched.
    pub(super) value: &'i str,
    /// Where the name begins, in bytes from the beginning of the input.
    pub(super) offset: usize,
}

/// A name as it stands in the input, not yet known to be one.
#[derive(Copy, Clone)]
pub(super) struct RawName<'i> {
    pub(super) text: &'i str,
    /// The length of what stands before the first colon.
    pub(super) prefix_len: usize,
}

impl<'i> RawName<'i> {
    pub(super) fn prefix(&self) -> &'i str {
        self.text.get(..self.prefix_len).unwrap_or("")
    }
}

/// What comes next in a start tag.
pub(super) enum InTag<'i> {
    Attribute(RawAttribute<'i>),
    /// `>`
    End,
    /// `/>`
    EmptyEnd,
}

pub(super) struct Scanner<'i> {
    input: &'i str,
    pub(super) at: usize,
    /// Whether all tags so far are spelled as the writer spells them.
    pub(super) verbatim: bool,
}

/// Bytes that end a name, and the colon within one.
static NOT_IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let ends = b" \t\r\n/>=<\"':";
    let mut at = 0;
    while at < ends.len() {
        table[ends[at] as usize] = true;
        at += 1;
    }
    table
};

impl<'i> Scanner<'i> {
    pub(super) fn new(input: &'i str) -> Self {
        Self { input, at: 0, verbatim: true }
    }

    pub(super) fn rest(&self) -> &'i [u8] {
        self.input.as_bytes().get(self.at..).unwrap_or_default()
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'i str {
        self.input.get(from..to).unwrap_or("")
    }

    pub(super) fn flaw(&self, message: impl Into<String>) -> Flaw {
        Flaw::syntax(self.at, message)
    }

    /// The text up to the next `<` or `&` (or the end of the input), and that byte. The cursor stays on it.
    pub(super) fn text(&mut self) -> (&'i str, Option<u8>) {
        let start = self.at;
        let rest = self.rest();
        let length = memchr::memchr2(b'<', b'&', rest).unwrap_or(rest.len());
        self.at += length;
        (self.slice(start, self.at), rest.get(length).copied())
    }

    /// What stands between the cursor and `end`; the cursor goes behind it.
    pub(super) fn up_to(&mut self, end: &str) -> Option<&'i str> {
        let start = self.at;
        let length = memchr::memmem::find(self.rest(), end.as_bytes())?;
        self.at += length + end.len();
        Some(self.slice(start, start + length))
    }

    pub(super) fn skip(&mut self, token: &[u8]) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(super) fn name(&mut self) -> RawName<'i> {
        let start = self.at;
        let rest = self.rest();
        let part = |from: usize| {
            let part = rest.get(from..).unwrap_or_default();
            from + part.iter().position(|&byte| NOT_IN_NAME[byte as usize]).unwrap_or(part.len())
        };
        let mut length = part(0);
        let mut prefix_len = 0;
        while rest.get(length) == Some(&b':') {
            if prefix_len == 0 {
                prefix_len = length;
            }
            length = part(length + 1);
        }
        self.at += length;
        RawName { text: self.slice(start, self.at), prefix_len }
    }

    /// The next attribute of a start tag, or its end.
    pub(super) fn in_tag(&mut self) -> Result<InTag<'i>, Flaw> {
        let start = self.at;
        let spaced = self.spaces();
        self.verbatim &= !spaced || self.slice(start, self.at) == " ";
        match self.rest() {
            [b'>', ..] => {
                self.verbatim &= !spaced;
                self.at += 1;
                Ok(InTag::End)
            }
            [b'/', b'>', ..] => {
                self.verbatim &= spaced;
                self.at += 2;
                Ok(InTag::EmptyEnd)
            }
            [] => Err(self.flaw("the input ends within a tag")),
            _ if !spaced => Err(self.flaw("white space is missing before an attribute")),
            _ => self.attribute().map(InTag::Attribute),
        }
    }

    fn attribute(&mut self) -> Result<RawAttribute<'i>, Flaw> {
        let offset = self.at;
        let name = self.name();
        self.verbatim &= !self.spaces();
        if !self.skip(b"=") {
            return Err(self.flaw(format!("the attribute {} has no value", name.text)));
        }
        self.verbatim &= !self.spaces();
        let quote = match self.rest().first() {
            Some(&quote @ (b'"' | b'\'')) => quote,
            _ => return Err(self.flaw(format!("the value of the attribute {} is not in quotes", name.text))),
        };
        self.verbatim &= quote == b'"';
        self.at += 1;
        let start = self.at;
        let rest = self.rest();
        let Some(length) = memchr::memchr2(quote, b'<', rest) else {
            return Err(self.flaw(format!("the value of the attribute {} does not end", name.text)));
        };
        self.at += length;
        if rest.get(length) == Some(&b'<') {
            return Err(self.flaw(format!("the value of the attribute {} contains <", name.text)));
        }
        let value = self.slice(start, self.at);
        self.at += 1;
        Ok(RawAttribute { name, value, offset })
    }

    /// Skips white space; says whether there was some.
    pub(super) fn spaces(&mut self) -> bool {
        let space = |b: &&u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
        let length = self.rest().iter().take_while(space).count();
        self.at += length;
        length > 0
    }
}
