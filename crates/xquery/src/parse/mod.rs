//! From text to the compiled form, without tokens: what a character means depends on where it stands.

mod constructor;
mod expression;
mod path;
mod prolog;
mod types;

use mi_xml::chars::{is_name_char, is_name_start};

use crate::QueryError;
use crate::ast::{Module, Name};

pub(crate) const XS: &str = "http://www.w3.org/2001/XMLSchema";
pub(crate) const FN: &str = "http://www.w3.org/2005/xpath-functions";
const LOCAL: &str = "http://www.w3.org/2005/xquery-local-functions";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// How deep expressions may be nested.
const MAX_DEPTH: usize = 100;

type Parsed<T> = Result<T, QueryError>;

/// The stack for parsing: fifteen levels of operators, times the depth of the query.
const STACK: usize = 32 << 20;

/// Parses on a thread of its own, because the stack of whoever compiles a query may be short.
pub(crate) fn module(text: &str) -> Parsed<Module> {
    let failed = |message: String| Err(QueryError { line: 1, column: 1, message });
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("xquery-compile".to_owned()).stack_size(STACK);
        match thread.spawn_scoped(scope, || parse(text)).map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(parsed)) => parsed,
            Ok(Err(_)) => failed("the query cannot be read".to_owned()),
            Err(error) => failed(format!("no thread to read the query: {error}")),
        }
    })
}

fn parse(text: &str) -> Parsed<Module> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        namespaces: [("xs", XS), ("fn", FN), ("local", LOCAL), ("xsi", XSI), ("xml", mi_xml::XML_NAMESPACE)]
            .map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned()))
            .to_vec(),
        default_function: FN.to_owned(),
        keep_boundary_space: false,
        variables: Vec::new(),
        calls: Vec::new(),
    };
    parser.module()
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    /// Prefixes in scope, innermost last; `""` is the default namespace of elements.
    namespaces: Vec<(String, String)>,
    default_function: String,
    keep_boundary_space: bool,
    /// Variables in scope.
    variables: Vec<Name>,
    /// Calls of declared functions, to be checked when all are known: name, number of arguments, place.
    calls: Vec<(Name, usize, usize)>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn next_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        self.error_at(self.at, message)
    }

    fn error_at<T>(&self, at: usize, message: impl Into<String>) -> Parsed<T> {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Err(QueryError { line, column, message: message.into() })
    }

    /// Skips white space and comments.
    fn space(&mut self) -> Parsed<()> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            self.at += blank;
            if !self.rest().starts_with("(:") {
                return Ok(());
            }
            let start = self.at;
            let mut open = 0_usize;
            loop {
                let rest = self.rest();
                if rest.starts_with("(:") {
                    open += 1;
                    self.at += 2;
                } else if rest.starts_with(":)") {
                    open -= 1;
                    self.at += 2;
                    if open == 0 {
                        break;
                    }
                } else {
                    match rest.chars().next() {
                        Some(c) => self.at += c.len_utf8(),
                        None => return self.error_at(start, "the comment does not end"),
                    }
                }
            }
        }
    }

    /// Takes `symbol`, after white space, if it comes next.
    fn take(&mut self, symbol: &str) -> Parsed<bool> {
        self.space()?;
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        Ok(found)
    }

    fn looks_at(&mut self, symbol: &str) -> Parsed<bool> {
        self.space()?;
        Ok(self.rest().starts_with(symbol))
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.take(symbol)? { Ok(()) } else { self.error(format!("{symbol} is expected{}", self.instead())) }
    }

    /// What stands here, for messages.
    fn instead(&self) -> String {
        let word: String = self.rest().chars().take_while(|c| !c.is_whitespace()).take(20).collect();
        if word.is_empty() { ", but the query ends".to_owned() } else { format!(", not '{word}'") }
    }

    /// Whether these words come next, each whole and with white space between.
    fn sees(&mut self, words: &[&str]) -> Parsed<bool> {
        let start = self.at;
        let mut found = true;
        for word in words {
            self.space()?;
            let rest = self.rest();
            let ends = |rest: &str| {
                !rest.chars().next().is_some_and(|c| is_name_char(c) || c == ':' && !rest.starts_with(":="))
            };
            // A mark like `$` or `(` ends a word by itself.
            let is_word = word.starts_with(is_name_start);
            if rest.strip_prefix(word).is_some_and(|rest| !is_word || ends(rest)) {
                self.at += word.len();
            } else {
                found = false;
                break;
            }
        }
        self.at = start;
        Ok(found)
    }

    fn take_words(&mut self, words: &[&str]) -> Parsed<bool> {
        if !self.sees(words)? {
            return Ok(false);
        }
        for word in words {
            self.take(word)?;
        }
        Ok(true)
    }

    /// A name without colon.
    fn ncname(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        if !rest.starts_with(is_name_start) {
            return None;
        }
        let end = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end)
    }

    /// `prefix:local` or `local`, as written.
    fn qname(&mut self) -> Parsed<(&'t str, &'t str)> {
        self.space()?;
        let Some(first) = self.ncname() else { return self.error(format!("a name is expected{}", self.instead())) };
        let before = self.at;
        let colon = self.rest().starts_with(':') && !self.rest().starts_with("::") && !self.rest().starts_with(":=");
        if colon {
            self.at += 1;
            if let Some(local) = self.ncname() {
                return Ok((first, local));
            }
            self.at = before;
        }
        Ok(("", first))
    }

    fn namespace_of(&self, prefix: &str) -> Option<&str> {
        self.namespaces.iter().rev().find(|(known, _)| known == prefix).map(|(_, uri)| uri.as_str())
    }

    /// The name with its namespace; `default` is for names without prefix.
    fn resolve(&self, at: usize, prefix: &str, local: &str, default: &str) -> Parsed<Name> {
        let namespace = if prefix.is_empty() {
            default.to_owned()
        } else {
            match self.namespace_of(prefix) {
                Some(uri) => uri.to_owned(),
                None => return self.error_at(at, format!("the prefix {prefix} is not declared")),
            }
        };
        Ok(Name { prefix: prefix.to_owned(), namespace, local: local.to_owned() })
    }

    fn default_element(&self) -> String {
        self.namespace_of("").unwrap_or("").to_owned()
    }

    /// `$name`
    fn variable_name(&mut self) -> Parsed<Name> {
        self.expect("$")?;
        let at = self.at;
        let (prefix, local) = self.qname()?;
        self.resolve(at, prefix, local, "")
    }

    /// A string literal.
    fn string(&mut self) -> Parsed<Option<String>> {
        self.space()?;
        let Some(quote) = self.next_char().filter(|c| matches!(c, '"' | '\'')) else { return Ok(None) };
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else { return self.error_at(start, "the string does not end") };
            if c == quote {
                self.at += 1;
                if !self.rest().starts_with(quote) {
                    return Ok(Some(value));
                }
                value.push(quote);
                self.at += 1;
            } else if c == '&' {
                value.push(self.reference()?);
            } else {
                value.push(c);
                self.at += c.len_utf8();
            }
        }
    }

    /// `&amp;` and its like.
    fn reference(&mut self) -> Parsed<char> {
        let rest = self.rest();
        let Some((name, _)) = rest.get(1..).and_then(|rest| rest.split_once(';')) else {
            return self.error("& has to be written as &amp;");
        };
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let found = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            name => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
                (Some(digits), _) => number(digits, 16),
                (None, Some(digits)) => number(digits, 10),
                (None, None) => None,
            },
        };
        match found.filter(|c| mi_xml::chars::is_char(*c)) {
            Some(c) => {
                self.at += name.len() + 2;
                Ok(c)
            }
            None => self.error("& has to be written as &amp;"),
        }
    }

    /// Runs a rule one level deeper.
    fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return self.error("the query is nested too deeply");
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }
}
