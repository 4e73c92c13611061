//! Tokens, with the rules of XPath 1.0 §3.7 that tell a name from an operator.

use super::XPathError;
use crate::chars;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    Number(f64),
    Literal(&'t str),
    Variable {
        prefix: &'t str,
        local: &'t str,
    },
    /// A name test: `*`, `p:*` (local `*`), `name` or `p:name`.
    Name {
        prefix: &'t str,
        local: &'t str,
    },
    /// A name before `(`.
    Function {
        prefix: &'t str,
        local: &'t str,
    },
    /// A name before `::`; the `::` is part of the token.
    Axis(&'t str),
    /// Punctuation and operators, the named ones included.
    Symbol(&'static str),
}

pub(super) struct Lexed<'t> {
    pub(super) token: Token<'t>,
    /// In characters, from 1.
    pub(super) column: usize,
}

/// Longer ones before their beginnings.
const SYMBOLS: [&str; 21] =
    ["::", "..", "//", "!=", "<=", ">=", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=", "<", ">", "*"];

pub(super) fn lex(text: &str) -> Result<Vec<Lexed<'_>>, XPathError> {
    let mut lexer = Lexer { text, rest: text, tokens: Vec::new() };
    loop {
        lexer.rest = lexer.rest.trim_start_matches(chars::is_space);
        if lexer.rest.is_empty() {
            return Ok(lexer.tokens);
        }
        let column = lexer.column();
        let token = lexer.token()?;
        lexer.tokens.push(Lexed { token, column });
    }
}

struct Lexer<'t> {
    text: &'t str,
    rest: &'t str,
    tokens: Vec<Lexed<'t>>,
}

impl<'t> Lexer<'t> {
    fn token(&mut self) -> Result<Token<'t>, XPathError> {
        let first = self.rest.chars().next().unwrap_or(' ');
        let second_is_digit = self.rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if first.is_ascii_digit() || (first == '.' && second_is_digit) {
            return Ok(self.number());
        }
        if matches!(first, '"' | '\'') {
            let (literal, after) = self
                .rest
                .get(1..)
                .and_then(|rest| rest.split_once(first))
                .ok_or_else(|| self.error("the literal does not end"))?;
            self.rest = after;
            return Ok(Token::Literal(literal));
        }
        if first == '$' {
            self.rest = self.rest.get(1..).unwrap_or("").trim_start_matches(chars::is_space);
            let (prefix, local) = self.qname().ok_or_else(|| self.error("a variable name is missing after $"))?;
            return Ok(Token::Variable { prefix, local });
        }
        if chars::is_name_start(first) {
            return self.name();
        }
        let symbol = SYMBOLS.into_iter().find(|symbol| self.rest.starts_with(symbol));
        let Some(symbol) = symbol else { return Err(self.error(format!("{first} has no meaning here"))) };
        self.rest = self.rest.get(symbol.len()..).unwrap_or("");
        if symbol == "*" && !self.operator_expected() {
            return Ok(Token::Name { prefix: "", local: "*" });
        }
        Ok(Token::Symbol(symbol))
    }

    fn number(&mut self) -> Token<'t> {
        let whole = self.take_while(|c| c.is_ascii_digit());
        let start = self.rest;
        let fraction = if self.rest.starts_with('.') {
            self.rest = self.rest.get(1..).unwrap_or("");
            let digits = self.take_while(|c| c.is_ascii_digit());
            start.get(..1 + digits.len()).unwrap_or("")
        } else {
            ""
        };
        Token::Number(super::string_to_number(&format!("{whole}{fraction}")))
    }

    fn name(&mut self) -> Result<Token<'t>, XPathError> {
        if self.operator_expected() {
            let word = self.take_while(chars::is_name_char);
            return match word {
                "and" => Ok(Token::Symbol("and")),
                "or" => Ok(Token::Symbol("or")),
                "div" => Ok(Token::Symbol("div")),
                "mod" => Ok(Token::Symbol("mod")),
                _ => {
                    self.rest = self.text.get(self.offset() - word.len()..).unwrap_or("");
                    Err(self.error(format!("an operator is expected, not {word}")))
                }
            };
        }
        let before = self.rest;
        let (prefix, local) = self.qname().ok_or_else(|| self.error("a name is expected"))?;
        let after = self.rest.trim_start_matches(chars::is_space);
        if prefix.is_empty() && after.starts_with("::") {
            self.rest = after.get(2..).unwrap_or("");
            return Ok(Token::Axis(local));
        }
        if prefix.is_empty() && self.rest.starts_with(":*") {
            self.rest = self.rest.get(2..).unwrap_or("");
            return Ok(Token::Name { prefix: local, local: "*" });
        }
        if self.rest.starts_with(':') {
            self.rest = before;
            return Err(self.error("this is not a name"));
        }
        Ok(if after.starts_with('(') { Token::Function { prefix, local } } else { Token::Name { prefix, local } })
    }

    fn qname(&mut self) -> Option<(&'t str, &'t str)> {
        let first = self.ncname()?;
        let after = self.rest;
        if let Some(rest) = after.strip_prefix(':') {
            self.rest = rest;
            if let Some(local) = self.ncname() {
                return Some((first, local));
            }
            self.rest = after;
        }
        Some(("", first))
    }

    fn ncname(&mut self) -> Option<&'t str> {
        if !self.rest.starts_with(chars::is_name_start) {
            return None;
        }
        Some(self.take_while(chars::is_name_char))
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Whether a name or `*` at this place is an operator: there is a token before it that can end an operand.
    fn operator_expected(&self) -> bool {
        match self.tokens.last().map(|lexed| &lexed.token) {
            None | Some(Token::Axis(_) | Token::Function { .. }) => false,
            Some(Token::Symbol(symbol)) => matches!(*symbol, ")" | "]" | "." | ".."),
            Some(Token::Number(_) | Token::Literal(_) | Token::Variable { .. } | Token::Name { .. }) => true,
        }
    }

    fn offset(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn column(&self) -> usize {
        self.text.get(..self.offset()).map_or(1, |before| before.chars().count() + 1)
    }

    fn error(&self, message: impl Into<String>) -> XPathError {
        XPathError { column: self.column(), message: message.into() }
    }
}
