//! Paths behind a root or a call: steps, indices, filters (spec, 4.2).

use super::ast::{Function, Node, Path, Piece, Step};
use super::lexer::Token;
use super::parser::{Parsed, Parser, RESERVED};
use super::value::unquoted;
use crate::jsonpath::JsonPath;

impl Parser<'_, '_> {
    pub(super) fn path(&mut self) -> Parsed<Path> {
        let mut steps = Vec::new();
        while let Some(step) = self.step()? {
            steps.push(step);
        }
        let fixed_text = |steps: &[Step]| steps.iter().map(Step::fixed).collect::<Option<String>>();
        let compile = |text: String| JsonPath::compile(&format!("${text}")).ok();
        // A path that does not compile is reported when it is evaluated, as Synapse does.
        let fixed = fixed_text(&steps).and_then(compile);
        let rest = steps.get(1..).unwrap_or_default();
        let fixed_rest = if rest.is_empty() { None } else { fixed_text(rest).and_then(compile) };
        Ok(Path { steps, fixed, fixed_rest })
    }

    fn step(&mut self) -> Parsed<Option<Step>> {
        let text = |text: String| Ok(Some(Step { pieces: vec![Piece::Text(text)] }));
        if self.take("..") {
            if self.take("*") {
                return text("..*".to_owned());
            }
            return match self.peek() {
                Some(Token::Word(word)) if !is_keyword(word) => {
                    self.at += 1;
                    text(format!("..{word}"))
                }
                _ => Err(self.syntax("a plain name is expected after ..")),
            };
        }
        let dotted = self.take(".");
        if self.at_symbol("[") {
            return self.index().map(Some);
        }
        if !dotted {
            return Ok(None);
        }
        if self.take("*") {
            return text(".*".to_owned());
        }
        if let Some(Token::PathCall(call)) = self.peek() {
            self.at += 1;
            return text(format!(".{call}"));
        }
        let name = self.name()?;
        text(format!(".{name}"))
    }

    fn index(&mut self) -> Parsed<Step> {
        self.expect("[")?;
        let mut pieces = vec![Piece::Text("[".to_owned())];
        if self.at_symbol("?") || (self.at_symbol("(") && self.is_filter()) {
            self.take("?");
            pieces.push(Piece::Text("?".to_owned()));
            self.filter(&mut pieces)?;
        } else if self.take("*") {
            pieces.push(Piece::Text("*".to_owned()));
        } else {
            if !self.at_symbol(":") {
                self.bound(&mut pieces)?;
            }
            let mut separator = None;
            while let Some(symbol) = [",", ":"].into_iter().find(|symbol| self.at_symbol(symbol)) {
                if separator.is_some_and(|separator| separator != symbol) {
                    return Err(self.syntax("] is expected"));
                }
                separator = Some(symbol);
                self.at += 1;
                pieces.push(Piece::Text(symbol.to_owned()));
                if symbol == "," || !(self.at_symbol("]") || self.at_symbol(":")) {
                    self.bound(&mut pieces)?;
                }
            }
        }
        self.expect("]")?;
        pieces.push(Piece::Text("]".to_owned()));
        Ok(Step { pieces: merged(pieces) })
    }

    fn bound(&mut self, pieces: &mut Vec<Piece>) -> Parsed<()> {
        if self.take("-") {
            pieces.push(Piece::Text("-".to_owned()));
        }
        pieces.push(match self.expression()? {
            Node::Integer(index) => Piece::Text(index.to_string()),
            // What Synapse's replacement stumbles over stays for the evaluation to report.
            Node::Text(text) if !unquoted(&text).contains(['$', '\\']) => {
                Piece::Text(format!("'{}'", unquoted(&text).replace('\'', "\\'")))
            }
            node => Piece::Index(node),
        });
        Ok(())
    }

    /// Whether the parenthesis at hand closes right before the bracket does.
    fn is_filter(&self) -> bool {
        let mut depth = 0_usize;
        for (at, lexed) in self.tokens.iter().enumerate().skip(self.at) {
            match lexed.token {
                Token::Symbol("(") => depth += 1,
                Token::Symbol(")") => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return matches!(self.tokens.get(at + 1).map(|next| next.token), Some(Token::Symbol("]")));
                    }
                }
                _ => {}
            }
        }
        false
    }

    /// `( … )`: raw tokens for the JSONPath engine, with parts that are evaluated first.
    fn filter(&mut self, pieces: &mut Vec<Piece>) -> Parsed<()> {
        self.expect("(")?;
        pieces.push(Piece::Text("(".to_owned()));
        let (mut open, mut after_dot, mut in_regex, mut before) = (1_usize, false, false, "");
        // Flags follow a regular expression at once.
        let mut closed_regex = false;
        loop {
            let Some(token) = self.peek() else { return Err(self.syntax(") is expected")) };
            if !after_dot
                && !in_regex
                && let Some(node) = self.reference()?
            {
                pieces.push(Piece::Operand(node));
                continue;
            }
            self.at += 1;
            let text = match token {
                Token::Number(text) | Token::PathCall(text) | Token::Text(text) => text.to_owned(),
                Token::Word("null") => return Err(self.back("null is not allowed in a filter")),
                Token::Word(word) if after_dot || in_regex || closed_regex => word.to_owned(),
                Token::Word(word) => format!(" {word} "),
                Token::Symbol(symbol @ ("[" | "]" | "%")) => {
                    return Err(self.back(&format!("{symbol} is not allowed in a filter")));
                }
                Token::Symbol(symbol) => {
                    match symbol {
                        "(" => open += 1,
                        ")" => open -= 1,
                        "/" if in_regex => in_regex = false,
                        "/" => in_regex = before == "=~",
                        _ => {}
                    }
                    before = symbol;
                    let joined = in_regex || matches!(symbol, "." | "@" | "(" | ")" | "/" | "!" | "*");
                    if joined { symbol.to_owned() } else { format!(" {symbol} ") }
                }
            };
            closed_regex = token == Token::Symbol("/") && !in_regex;
            after_dot = matches!(token, Token::Symbol("." | ".."));
            pieces.push(Piece::Text(text));
            if open == 0 {
                return Ok(());
            }
        }
    }
}

impl Step {
    /// The text of a step that does not depend on the message.
    fn fixed(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// Neighbouring texts as one.
fn merged(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut merged: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (merged.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (_, piece) => merged.push(piece),
        }
    }
    merged
}

fn is_keyword(word: &str) -> bool {
    const ROOTS: [&str; 13] = [
        "vars",
        "payload",
        "headers",
        "configs",
        "params",
        "props",
        "properties",
        "queryParams",
        "pathParams",
        "functionParams",
        "axis2",
        "synapse",
        "property",
    ];
    RESERVED.contains(&word) || ROOTS.contains(&word) || Function::by_name(word).is_some()
}
