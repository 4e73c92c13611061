//! The words and signs of JavaScript, as far as one must know them to find XML literals and the ends of statements.

use crate::error::ScriptError;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or keyword.
    Word,
    /// A number.
    Number,
    /// A text in quotes, or a template with all that is in it.
    Text,
    /// A regular expression with its flags.
    Regex,
    /// One sign.
    Punctuation,
}

/// A token, by its place in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// There is a line end between the token before and this one.
    pub(crate) after_newline: bool,
}

/// Reads one token after the other.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    pub(crate) source: &'a str,
    pub(crate) at: usize,
    previous: Option<Token>,
    depth: u8,
}

/// How deep templates may be within each other.
const DEPTH: u8 = 32;

/// All tokens of `source`.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, ScriptError> {
    let mut lexer = Lexer::new(source, 0);
    let mut all = Vec::new();
    while let Some(token) = lexer.next()? {
        all.push(token);
    }
    Ok(all)
}

/// Whether after this keyword a value begins, not an operator.
pub(crate) fn expects_operand(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "return",
        "typeof",
        "case",
        "in",
        "of",
        "delete",
        "void",
        "throw",
        "new",
        "else",
        "do",
        "instanceof",
        "yield",
        "await",
    ];
    WORDS.contains(&word)
}

/// Whether `text` can be the name of a variable.
pub fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(begins_name) && characters.all(continues_name)
}

pub(crate) fn begins_name(character: char) -> bool {
    character.is_alphabetic() || matches!(character, '_' | '$')
}

pub(crate) fn continues_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a str, at: usize) -> Self {
        Self { source, at, previous: None, depth: 0 }
    }

    /// What is left, from byte `at` on.
    pub(crate) fn rest(&self, at: usize) -> &'a str {
        self.source.get(at..).unwrap_or_default()
    }

    fn error(&self, message: &str, at: usize) -> ScriptError {
        let line = self.source.get(..at).unwrap_or_default().matches('\n').count();
        ScriptError::Syntax { message: message.to_owned(), line: u32::try_from(line).unwrap_or(u32::MAX - 1) + 1 }
    }

    /// Whether at this place a value must begin: what stands before cannot be its left side.
    pub(crate) fn wants_operand(&self) -> bool {
        let Some(previous) = self.previous else { return true };
        let text = self.source.get(previous.start..previous.end).unwrap_or_default();
        match previous.kind {
            Kind::Word => expects_operand(text),
            Kind::Punctuation => !matches!(text, ")" | "]" | "}"),
            Kind::Number | Kind::Text | Kind::Regex => false,
        }
    }

    /// Goes on at `at`, as if a value had been read up to there.
    pub(crate) fn after_value(&mut self, at: usize) {
        self.at = at;
        self.previous = Some(Token { kind: Kind::Text, start: at, end: at, after_newline: false });
    }

    /// Skips blanks and comments; answers whether a line end was among them.
    pub(crate) fn skip_blanks(&mut self) -> Result<bool, ScriptError> {
        let mut newline = false;
        loop {
            let rest = self.rest(self.at);
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let length = rest.find("*/").ok_or_else(|| self.error("unterminated comment", self.at))? + 2;
                newline |= rest.get(..length).is_some_and(|text| text.contains('\n'));
                self.at += length;
            } else if let Some(blank) = rest.chars().next().filter(|c| c.is_whitespace() || *c == '\u{FEFF}') {
                newline |= matches!(blank, '\n' | '\r' | '\u{2028}' | '\u{2029}');
                self.at += blank.len_utf8();
            } else {
                return Ok(newline);
            }
        }
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Option<Token>, ScriptError> {
        let after_newline = self.skip_blanks()?;
        let start = self.at;
        let Some(first) = self.rest(start).chars().next() else { return Ok(None) };
        let (kind, end) = match first {
            '"' | '\'' => (Kind::Text, self.quoted(start, first)?),
            '`' => (Kind::Text, self.template(start)?),
            '/' if self.wants_operand() => (Kind::Regex, self.regex(start)?),
            '0'..='9' => (Kind::Number, self.number(start)),
            _ if begins_name(first) => (Kind::Word, self.while_name(start)),
            _ => (Kind::Punctuation, start + first.len_utf8()),
        };
        let token = Token { kind, start, end, after_newline };
        self.at = end;
        self.previous = Some(token);
        Ok(Some(token))
    }

    fn while_name(&self, start: usize) -> usize {
        let rest = self.rest(start);
        start + rest.find(|c| !continues_name(c)).unwrap_or(rest.len())
    }

    fn number(&self, start: usize) -> usize {
        let rest = self.rest(start);
        // A dot belongs to it only with a digit behind: `1..x` is E4X, `1.x` is none.
        let dot = |at: usize| rest.get(at + 1..).is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
        let end = rest.char_indices().find(|&(at, c)| !(continues_name(c) || c == '.' && dot(at)));
        start + end.map_or(rest.len(), |(at, _)| at)
    }

    fn quoted(&self, start: usize, quote: char) -> Result<usize, ScriptError> {
        let mut characters = self.rest(start).char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => drop(characters.next()),
                '\n' => break,
                c if c == quote => return Ok(start + at + 1),
                _ => {}
            }
        }
        Err(self.error("unterminated string literal", start))
    }

    fn template(&self, start: usize) -> Result<usize, ScriptError> {
        let mut at = start + 1;
        loop {
            let rest = self.rest(at);
            match rest.chars().next() {
                None => return Err(self.error("unterminated template literal", start)),
                Some('`') => return Ok(at + 1),
                Some('\\') => at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
                Some('$') if rest.starts_with("${") => at = self.closing_brace(at + 2)? + 1,
                Some(other) => at += other.len_utf8(),
            }
        }
    }

    /// The place of the `}` that closes what has been opened before `start`.
    fn closing_brace(&self, start: usize) -> Result<usize, ScriptError> {
        if self.depth == DEPTH {
            return Err(self.error("templates are nested too deeply", start));
        }
        let mut inner = Self { source: self.source, at: start, previous: None, depth: self.depth + 1 };
        let mut depth = 0_usize;
        while let Some(token) = inner.next()? {
            match self.source.as_bytes().get(token.start) {
                Some(b'{') if token.kind == Kind::Punctuation => depth += 1,
                Some(b'}') if token.kind == Kind::Punctuation => match depth.checked_sub(1) {
                    None => return Ok(token.start),
                    Some(less) => depth = less,
                },
                _ => {}
            }
        }
        Err(self.error("a brace is not closed", start))
    }

    fn regex(&self, start: usize) -> Result<usize, ScriptError> {
        let mut in_class = false;
        let mut characters = self.rest(start).char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => drop(characters.next()),
                '\n' => break,
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => return Ok(self.while_name(start + at + 1)),
                _ => {}
            }
        }
        Err(self.error("unterminated regular expression", start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).expect("well formed").iter().map(|token| &source[token.start..token.end]).collect()
    }

    #[test]
    fn takes_text_apart() {
        assert_eq!(texts("a = b / c / 2.5; // x"), ["a", "=", "b", "/", "c", "/", "2.5", ";"]);
        assert_eq!(texts("x(/[/]\\//g.test('a\\'b'))"), ["x", "(", "/[/]\\//g", ".", "test", "(", "'a\\'b'", ")", ")"]);
        assert_eq!(texts("`a${ {b: `}`} }c` /* y */ z"), ["`a${ {b: `}`} }c`", "z"]);
        assert_eq!(texts("p..x"), ["p", ".", ".", "x"]);
    }

    #[test]
    fn says_what_is_not_closed() {
        for source in ["'a", "`a", "/*", "x = /a", "`${a`"] {
            assert!(matches!(tokens(source), Err(ScriptError::Syntax { .. })), "{source}");
        }
    }
}
