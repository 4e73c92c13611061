//! From E4X to JavaScript.

use super::literal;
use crate::error::ScriptError;
use crate::lexer::{Kind, Lexer, Token, begins_name, continues_name};

/// How deep literals and expressions may be within each other.
const DEPTH: usize = 64;

/// Translates a whole script.
pub(crate) fn translate(source: &str) -> Result<String, ScriptError> {
    let mut translator = Translator { lexer: Lexer::new(source, 0), out: String::new(), depth: 0, filters: 0 };
    translator.run(None)?;
    Ok(translator.out)
}

pub(super) struct Translator<'a> {
    lexer: Lexer<'a>,
    out: String,
    depth: usize,
    /// How many filter predicates enclose this place.
    filters: usize,
}

/// A `for each` whose head is being read.
struct ForEach {
    depth: usize,
    after_in: bool,
}

impl<'a> Translator<'a> {
    pub(super) fn at(&self) -> usize {
        self.lexer.at
    }

    pub(super) fn rest(&self) -> &'a str {
        self.lexer.rest(self.lexer.at)
    }

    pub(super) fn skip(&mut self, length: usize) {
        self.lexer.at += length;
    }

    pub(super) fn error(&self, message: &str, at: usize) -> ScriptError {
        let line = self.lexer.source.get(..at).unwrap_or_default().matches('\n').count();
        ScriptError::Syntax { message: message.to_owned(), line: u32::try_from(line).unwrap_or(u32::MAX - 1) + 1 }
    }

    /// The code of an expression in braces; the place is on the brace that opens it.
    pub(super) fn braces(&mut self) -> Result<String, ScriptError> {
        self.nested('}')
    }

    /// The code up to `close`; the place is on the sign that opens it, afterwards behind `close`.
    fn nested(&mut self, close: char) -> Result<String, ScriptError> {
        if self.depth == DEPTH {
            return Err(self.error("XML literals and filters are nested too deeply", self.at()));
        }
        let lexer = Lexer::new(self.lexer.source, self.lexer.at + 1);
        let mut inner = Self { lexer, out: String::new(), depth: self.depth + 1, filters: self.filters };
        inner.run(Some(close))?;
        self.lexer.at = inner.lexer.at;
        Ok(inner.out)
    }

    fn run(&mut self, close: Option<char>) -> Result<(), ScriptError> {
        let begin = self.at();
        let mut depth = 0_usize;
        let mut heads: Vec<ForEach> = Vec::new();
        loop {
            self.blanks()?;
            let rest = self.rest();
            if depth == 0 && close.is_some_and(|close| rest.starts_with(close)) {
                self.skip(1);
                return Ok(());
            }
            if self.lexer.wants_operand() {
                if literal::begins(rest) {
                    let code = literal::read(self)?;
                    self.value(&code);
                    continue;
                }
                if rest.starts_with('@') {
                    self.skip(1);
                    let selector = self.selector("@")?;
                    self.value(&format!("$n[{selector}]"));
                    continue;
                }
            }
            let Some(token) = self.lexer.next()? else {
                return match close {
                    None => Ok(()),
                    Some(close) => Err(self.error(&format!("'{close}' is missing"), begin)),
                };
            };
            let text = self.lexer.source.get(token.start..token.end).unwrap_or_default();
            match text {
                "(" | "[" | "{" if token.kind == Kind::Punctuation => depth += 1,
                ")" | "]" | "}" if token.kind == Kind::Punctuation => {
                    if heads.pop_if(|head| head.depth == depth && head.after_in).is_some() {
                        self.out.push(')');
                    }
                    depth = depth.saturating_sub(1);
                }
                "for" if self.followed_by("each") => {
                    heads.push(ForEach { depth: depth + 1, after_in: false });
                    self.lexer.next()?;
                }
                "in" if token.kind == Kind::Word => {
                    if let Some(head) = heads.last_mut()
                        && head.depth == depth
                        && !head.after_in
                    {
                        head.after_in = true;
                        self.out.push_str("of __e4x.values(");
                        continue;
                    }
                }
                "default" if self.default_namespace()? => continue,
                "." if token.kind == Kind::Punctuation && self.dot(&token)? => continue,
                _ if token.kind == Kind::Word && self.rest().starts_with("::") => {
                    let key = self.qualified(&token, "")?;
                    self.value(&if self.filters > 0 { format!("$n[{key}]") } else { key });
                    continue;
                }
                _ => {}
            }
            self.out.push_str(text);
        }
    }

    fn blanks(&mut self) -> Result<(), ScriptError> {
        let start = self.at();
        self.lexer.skip_blanks()?;
        self.out.push_str(self.lexer.source.get(start..self.lexer.at).unwrap_or_default());
        Ok(())
    }

    fn value(&mut self, code: &str) {
        self.out.push_str(code);
        self.lexer.after_value(self.lexer.at);
    }

    fn followed_by(&self, word: &str) -> bool {
        let mut ahead = self.lexer.clone();
        matches!(ahead.next(), Ok(Some(token)) if self.lexer.source.get(token.start..token.end) == Some(word))
    }

    /// `default xml namespace =`.
    fn default_namespace(&mut self) -> Result<bool, ScriptError> {
        let mut ahead = self.lexer.clone();
        for word in ["xml", "namespace", "="] {
            match ahead.next()? {
                Some(token) if self.lexer.source.get(token.start..token.end) == Some(word) => {}
                _ => return Ok(false),
            }
        }
        self.lexer = ahead;
        self.out.push_str("__e4x.defaultNamespace =");
        Ok(true)
    }

    /// What stands behind a dot, when it is E4X.
    fn dot(&mut self, dot: &Token) -> Result<bool, ScriptError> {
        let rest = self.rest();
        if rest.starts_with("..") {
            // Three dots are JavaScript's.
            self.out.push_str("...");
            self.skip(2);
            return Ok(true);
        }
        if let Some(after) = rest.strip_prefix('.') {
            if self.lexer.source.get(..dot.start).is_none_or(|before| before.trim_end().is_empty()) {
                return Ok(false);
            }
            self.skip(1 + after.len() - after.trim_start().len());
            let attribute = self.rest().starts_with('@');
            self.skip(usize::from(attribute));
            let selector = self.selector(if attribute { "..@" } else { ".." })?;
            self.value(&format!("[{selector}]"));
            return Ok(true);
        }
        let blanks = rest.len() - rest.trim_start().len();
        let after = rest.trim_start();
        if after.starts_with('@') {
            self.skip(blanks + 1);
            if self.rest().starts_with('[') {
                let code = self.nested(']')?;
                self.value(&format!("[\"@\"+({code})]"));
                return Ok(true);
            }
            let selector = self.selector("@")?;
            self.value(&format!("[{selector}]"));
            return Ok(true);
        }
        if after.starts_with('(') {
            self.skip(blanks);
            self.filters += 1;
            let code = self.nested(')')?;
            self.filters -= 1;
            self.value(&format!("[\"#filter\"](function($n){{with(__e4x.scope($n)){{return ({code})}}}})"));
            return Ok(true);
        }
        let name = after.find(|c| !continues_name(c)).unwrap_or(after.len());
        let qualified = after.get(name..).is_some_and(|after| after.starts_with("::"));
        if after.starts_with('*') || name > 0 && qualified {
            self.skip(blanks);
            let selector = self.selector("")?;
            self.value(&format!("[{selector}]"));
            return Ok(true);
        }
        Ok(false)
    }

    /// The key for a name (`*`, `a`, `*::a`, `ns::a`) that is to follow `axis`.
    fn selector(&mut self, axis: &str) -> Result<String, ScriptError> {
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix('*') {
            if !after.starts_with("::") {
                self.skip(1);
                return Ok(format!("\"{axis}*\""));
            }
            self.skip(3);
            return Ok(format!("\"{axis}{{*}}{}\"", self.local()?));
        }
        let start = self.at();
        let name = self.local()?;
        if self.rest().starts_with("::") {
            let token = Token { kind: Kind::Word, start, end: self.at(), after_newline: false };
            return self.qualified(&token, axis);
        }
        Ok(format!("\"{axis}{name}\""))
    }

    /// The key of `prefix::name`, where `prefix` is a variable with a namespace; the place is on the colons.
    fn qualified(&mut self, prefix: &Token, axis: &str) -> Result<String, ScriptError> {
        let variable = self.lexer.source.get(prefix.start..prefix.end).unwrap_or_default();
        self.skip(2);
        let local = self.local()?;
        Ok(format!("\"{axis}{{\"+__e4x.uri({variable})+\"}}{local}\""))
    }

    fn local(&mut self) -> Result<&'a str, ScriptError> {
        let rest = self.rest();
        if rest.starts_with('*') {
            self.skip(1);
            return Ok("*");
        }
        let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
        match rest.get(..length) {
            Some(name) if name.starts_with(begins_name) => {
                self.skip(length);
                Ok(name)
            }
            _ => Err(self.error("the name of an XML element or attribute is expected", self.at())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn translates_what_is_e4x() {
        for (source, expected) in [
            ("a < b", "a < b"),
            ("x = f(...y)", "x = f(...y)"),
            ("m()..*::Code.toString()", "m()[\"..{*}Code\"].toString()"),
            ("x..a", "x[\"..a\"]"),
            ("x.@id", "x[\"@id\"]"),
            ("x.*", "x[\"*\"]"),
            ("x.ns::a", "x[\"{\"+__e4x.uri(ns)+\"}a\"]"),
            ("for each (var a in x.b) f(a)", "for (var a of __e4x.values( x.b)) f(a)"),
            ("default xml namespace = 'u';", "__e4x.defaultNamespace = 'u';"),
            ("x = <a b={c}>{d}'</a>;", "x = XML(\"<a b=\"+__e4x.attribute(c)+\">\"+__e4x.text(d)+\"'</a>\");"),
            ("f(<a>\n<b/></a>)", "f(XML(\"<a>\\n<b/></a>\"\n))"),
            ("<a>{<b>it's</b>}</a>", "XML(\"<a>\"+__e4x.text(XML(\"<b>it's</b>\"))+\"</a>\")"),
        ] {
            assert_eq!(translate(source).as_deref(), Ok(expected), "{source}");
        }
    }

    proptest::proptest! {
        /// Whatever is written, the translator ends without a panic, and leaves plain JavaScript alone.
        #[test]
        fn ends_with_any_text(source in "[a-z<>/{}()\\[\\].:@*=\"'` \n$é-]{0,80}") {
            let _ = translate(&source);
        }

        #[test]
        fn leaves_javascript_alone(names in proptest::collection::vec("[a-w]{1,5}", 1..8)) {
            let source = format!("var x = {};", names.join(" < y ? /a'b/ : z."));
            proptest::prop_assert_eq!(translate(&source), Ok(source.clone()));
        }
    }

    #[test]
    fn says_what_is_not_closed() {
        for source in ["x = <a>", "x = <a b='", "x = <a>{b", "x.(", "x..", "x = <a"] {
            assert!(translate(source).is_err(), "{source}");
        }
        assert!(translate(&"x = <a>{".repeat(500)).is_err());
    }
}
