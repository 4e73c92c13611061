//! A strict JSON reader that hands out tokens in document order.
//!
//! It exists beside `serde_json` because the XML view of a JSON message must keep what a `Value` loses: members that
//! occur twice and the exact text of numbers.

use std::borrow::Cow;

/// Objects and arrays nested deeper than this are refused.
pub const MAX_DEPTH: usize = 512;

/// What is wrong with a JSON text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at byte {offset}")]
pub struct JsonError {
    /// What was found or expected.
    pub message: String,
    /// Offset in bytes from the beginning of the text.
    pub offset: usize,
}

/// One token of a JSON text.
#[derive(Debug, Clone, PartialEq)]
pub enum Token<'a> {
    /// `{`
    BeginObject,
    /// `}`
    EndObject,
    /// `[`
    BeginArray,
    /// `]`
    EndArray,
    /// A member's name; its value follows.
    Name(Cow<'a, str>),
    /// A string value.
    String(Cow<'a, str>),
    /// A number, in its source text.
    Number(&'a str),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    FirstNameOrEnd,
    Name,
    FirstValueOrEnd,
    CommaOrEnd,
    Done,
}

/// Reads tokens from a text; see the module's documentation.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    stack: Vec<Container>,
    expect: Expect,
}

impl<'a> Reader<'a> {
    /// Begins to read `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, stack: Vec::new(), expect: Expect::Value }
    }

    /// The next token, or `None` after the end of the document.
    pub fn next_token(&mut self) -> Result<Option<Token<'a>>, JsonError> {
        loop {
            self.skip_blanks();
            let Some(byte) = self.peek() else {
                return if self.expect == Expect::Done { Ok(None) } else { Err(self.error("unexpected end of JSON")) };
            };
            match (self.expect, byte) {
                (Expect::Done, _) => return Err(self.error("text after the end of the JSON document")),
                (Expect::CommaOrEnd, b',') => {
                    self.at += 1;
                    self.expect = match self.stack.last() {
                        Some(Container::Object) => Expect::Name,
                        _ => Expect::Value,
                    };
                }
                (Expect::CommaOrEnd | Expect::FirstNameOrEnd, b'}') => return self.end(Container::Object).map(Some),
                (Expect::CommaOrEnd | Expect::FirstValueOrEnd, b']') => return self.end(Container::Array).map(Some),
                (Expect::CommaOrEnd, _) => return Err(self.error("expected ',' or the end of the object or array")),
                (Expect::Name | Expect::FirstNameOrEnd, b'"') => {
                    let name = self.string()?;
                    self.skip_blanks();
                    if self.peek() != Some(b':') {
                        return Err(self.error("expected ':' after a member's name"));
                    }
                    self.at += 1;
                    self.expect = Expect::Value;
                    return Ok(Some(Token::Name(name)));
                }
                (Expect::Name | Expect::FirstNameOrEnd, _) => return Err(self.error("expected a member's name")),
                (Expect::Value | Expect::FirstValueOrEnd, _) => return self.value(byte).map(Some),
            }
        }
    }

    fn value(&mut self, first: u8) -> Result<Token<'a>, JsonError> {
        match first {
            b'{' => self.begin(Container::Object, Expect::FirstNameOrEnd, Token::BeginObject),
            b'[' => self.begin(Container::Array, Expect::FirstValueOrEnd, Token::BeginArray),
            b'"' => {
                let text = self.string()?;
                Ok(self.scalar(Token::String(text)))
            }
            b't' => self.word("true", Token::Boolean(true)),
            b'f' => self.word("false", Token::Boolean(false)),
            b'n' => self.word("null", Token::Null),
            b'-' | b'0'..=b'9' => {
                let number = self.number()?;
                Ok(self.scalar(Token::Number(number)))
            }
            _ => Err(self.error("expected a JSON value")),
        }
    }

    fn begin(&mut self, container: Container, expect: Expect, token: Token<'a>) -> Result<Token<'a>, JsonError> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(self.error("JSON nested too deeply"));
        }
        self.at += 1;
        self.stack.push(container);
        self.expect = expect;
        Ok(token)
    }

    fn end(&mut self, container: Container) -> Result<Token<'a>, JsonError> {
        if self.stack.last() != Some(&container) {
            return Err(self.error("mismatched closing bracket"));
        }
        self.at += 1;
        self.stack.pop();
        self.after_value();
        Ok(if container == Container::Object { Token::EndObject } else { Token::EndArray })
    }

    fn scalar(&mut self, token: Token<'a>) -> Token<'a> {
        self.after_value();
        token
    }

    fn after_value(&mut self) {
        self.expect = if self.stack.is_empty() { Expect::Done } else { Expect::CommaOrEnd };
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, JsonError> {
        if !self.rest().starts_with(word) {
            return Err(self.error("expected a JSON value"));
        }
        self.at += word.len();
        Ok(self.scalar(token))
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.skip(b"-");
        let integer = self.digits();
        let leading_zero = integer > 1 && self.text.as_bytes().get(self.at - integer) == Some(&b'0');
        if integer == 0 || leading_zero {
            return Err(self.error("malformed number"));
        }
        if self.skip(b".") && self.digits() == 0 {
            return Err(self.error("malformed number"));
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            if self.digits() == 0 {
                return Err(self.error("malformed number"));
            }
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        count
    }

    fn skip(&mut self, any: &[u8]) -> bool {
        let hit = self.peek().is_some_and(|byte| any.contains(&byte));
        self.at += usize::from(hit);
        hit
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let start = self.at;
        let Some(stop) = memchr::memchr2(b'"', b'\\', &self.text.as_bytes()[self.at..]) else {
            return Err(self.error("unterminated string"));
        };
        let plain = &self.text[start..start + stop];
        if plain.bytes().any(|byte| byte < 0x20) {
            return Err(self.error("control character in a string"));
        }
        self.at += stop;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        self.escaped_string(plain.to_owned()).map(Cow::Owned)
    }

    fn escaped_string(&mut self, mut text: String) -> Result<String, JsonError> {
        loop {
            let Some(character) = self.rest().chars().next() else { return Err(self.error("unterminated string")) };
            self.at += character.len_utf8();
            match character {
                '"' => return Ok(text),
                '\\' => {
                    let escape = self.peek().ok_or_else(|| self.error("unterminated string"))?;
                    self.at += 1;
                    text.push(match escape {
                        b'"' => '"',
                        b'\\' => '\\',
                        b'/' => '/',
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        b'u' => self.unicode_escape()?,
                        _ => {
                            self.at -= 1;
                            return Err(self.error("unknown escape in a string"));
                        }
                    });
                }
                control if control < ' ' => return Err(self.error("control character in a string")),
                other => text.push(other),
            }
        }
    }

    /// A lone surrogate has no character of its own: it becomes U+FFFD rather than an error, as Java would carry it on.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let high = self.hex4()?;
        if (0xD800..0xDC00).contains(&high) && self.rest().starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let code = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.error("malformed \\u escape"))?;
        self.at += 4;
        Ok(code)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, message: &str) -> JsonError {
        JsonError { message: message.to_owned(), offset: self.at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(text: &str) -> Result<Vec<Token<'_>>, JsonError> {
        let mut reader = Reader::new(text);
        let mut all = Vec::new();
        while let Some(token) = reader.next_token()? {
            all.push(token);
        }
        Ok(all)
    }

    #[test]
    fn keeps_number_text_and_duplicate_members() {
        let read = tokens(r#"{"a":1.50,"a":-0e+7}"#).expect("well formed");
        assert_eq!(
            read,
            [
                Token::BeginObject,
                Token::Name("a".into()),
                Token::Number("1.50"),
                Token::Name("a".into()),
                Token::Number("-0e+7"),
                Token::EndObject
            ]
        );
    }

    #[test]
    fn decodes_escapes_and_surrogate_pairs() {
        let read = tokens(r#""a\n\u0041\ud83d\ude00\ud800""#).expect("well formed");
        assert_eq!(read, [Token::String("a\nA😀\u{fffd}".into())]);
    }

    #[test]
    fn refuses_what_is_not_json() {
        for text in
            ["", "{", "[1,]", "{\"a\":1,}", "{'a':1}", "01", "1.", "tru", "[1 2]", "{}{}", "\"\n\"", "]", "\"\\x\""]
        {
            assert!(tokens(text).is_err(), "{text:?} was accepted");
        }
        assert!(tokens(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn accepts_what_serde_json_accepts(text in r#"[\[\]{}:,"0-9a-z.\\ eE+-]{0,24}"#) {
            let ours = tokens(&text).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert_eq!(ours, theirs, "{}", text);
        }
    }
}
