//! Reading expressions.

use std::sync::Arc;

use super::ast::{Expr, ExprKind, Operator, RangeKind};
use super::cursor::Cursor;
use super::names;
use crate::error::SyntaxError;

/// How deep expressions may be nested.
const MAX_DEPTH: u32 = 64;

/// Reads expressions in a tag, where `>` ends the tag unless it stands in parentheses, or elsewhere.
#[derive(Debug)]
pub(super) struct ExpressionParser<'c, 't> {
    pub cursor: &'c mut Cursor<'t>,
    /// `>` ends the expression outside of parentheses.
    pub(super) in_tag: bool,
    pub(super) parentheses: u32,
    pub(super) depth: u32,
}

type Parsed = Result<Expr, SyntaxError>;

impl<'c, 't> ExpressionParser<'c, 't> {
    pub fn in_tag(cursor: &'c mut Cursor<'t>) -> Self {
        Self { cursor, in_tag: true, parentheses: 0, depth: 0 }
    }

    pub fn in_interpolation(cursor: &'c mut Cursor<'t>) -> Self {
        Self { cursor, in_tag: false, parentheses: 0, depth: 0 }
    }

    /// An expression.
    pub fn expression(&mut self) -> Parsed {
        self.nested(Self::or)
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed) -> Parsed {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.cursor.error(format!("Expressions are nested more than {MAX_DEPTH} deep")));
        }
        let expression = read(self);
        self.depth -= 1;
        expression
    }

    pub(super) fn blanks(&mut self) -> Result<(), SyntaxError> {
        self.cursor.skip_blanks()
    }

    fn left(&mut self, operand: fn(&mut Self) -> Parsed, operator: fn(&mut Self) -> Option<Operator>) -> Parsed {
        let mut left = operand(self)?;
        let mut count = 0;
        loop {
            self.blanks()?;
            let Some(operator) = operator(self) else { return Ok(left) };
            count += 1;
            if count > MAX_DEPTH * 4 {
                return Err(self.cursor.error("There are too many operators in a row"));
            }
            let right = operand(self)?;
            let at = left.at;
            left = Expr { at, kind: ExprKind::Binary(operator, Box::new(left), Box::new(right)) };
        }
    }

    fn or(&mut self) -> Parsed {
        self.left(Self::and, |this| this.take_any(&["||", "|"]).then_some(Operator::Or))
    }

    fn and(&mut self) -> Parsed {
        self.left(Self::equality, |this| (this.take_any(&["&&", "&amp;&amp;", "\\and", "&"])).then_some(Operator::And))
    }

    fn equality(&mut self) -> Parsed {
        self.left(Self::relational, |this| {
            if this.cursor.take("!=") {
                return Some(Operator::NotEqual);
            }
            // A name and `=` after it begin the next parameter of a call, which the caller looks for first.
            this.take_any(&["==", "="]).then_some(Operator::Equal)
        })
    }

    fn relational(&mut self) -> Parsed {
        self.left(Self::range, |this| {
            let free = !this.in_tag || this.parentheses > 0;
            if this.take_any(&["<=", "&lt;="]) || this.take_word("lte") {
                Some(Operator::LessOrEqual)
            } else if this.take_any(&["&gt;="]) || this.take_word("gte") || free && this.cursor.take(">=") {
                Some(Operator::GreaterOrEqual)
            } else if !this.cursor.looks_at("</") && !this.cursor.looks_at("<#") && this.take_any(&["<", "&lt;"])
                || this.take_word("lt")
            {
                Some(Operator::Less)
            } else if this.take_any(&["&gt;"]) || this.take_word("gt") || free && this.cursor.take(">") {
                Some(Operator::Greater)
            } else {
                None
            }
        })
    }

    fn range(&mut self) -> Parsed {
        let from = self.additive()?;
        self.blanks()?;
        let kind = if self.cursor.take("..<") || self.cursor.take("..!") {
            RangeKind::Exclusive
        } else if self.cursor.take("..*") {
            RangeKind::Length
        } else if self.cursor.take("..") {
            RangeKind::Inclusive
        } else {
            return Ok(from);
        };
        self.blanks()?;
        let to = if kind == RangeKind::Inclusive && !self.begins_expression() {
            None
        } else {
            Some(Box::new(self.additive()?))
        };
        let kind = if to.is_none() { RangeKind::Unbounded } else { kind };
        Ok(Expr { at: from.at, kind: ExprKind::Range(kind, Box::new(from), to) })
    }

    fn additive(&mut self) -> Parsed {
        self.left(Self::multiplicative, |this| {
            if this.cursor.looks_at("+=") || this.cursor.looks_at("-=") {
                None
            } else if this.cursor.take("+") {
                Some(Operator::Add)
            } else if this.cursor.take("-") {
                Some(Operator::Subtract)
            } else {
                None
            }
        })
    }

    fn multiplicative(&mut self) -> Parsed {
        self.left(Self::unary, |this| {
            if this.cursor.take("*") {
                Some(Operator::Multiply)
            } else if !this.cursor.looks_at("/>") && this.cursor.take("/") {
                Some(Operator::Divide)
            } else if this.cursor.take("%") {
                Some(Operator::Remainder)
            } else {
                None
            }
        })
    }

    fn unary(&mut self) -> Parsed {
        self.blanks()?;
        let at = self.cursor.position();
        let wrap: fn(Box<Expr>) -> ExprKind = if self.cursor.take("!") {
            ExprKind::Not
        } else if self.cursor.take("-") {
            ExprKind::Negative
        } else if self.cursor.take("+") {
            ExprKind::Positive
        } else {
            return self.primary();
        };
        let inner = self.nested(Self::unary)?;
        Ok(Expr { at, kind: wrap(Box::new(inner)) })
    }

    fn primary(&mut self) -> Parsed {
        let mut expression = self.atom()?;
        let mut count = 0;
        loop {
            count += 1;
            if count > MAX_DEPTH {
                return Err(self.cursor.error(format!("There are more than {MAX_DEPTH} steps in a row")));
            }
            let before = self.cursor.offset();
            self.blanks()?;
            match self.step(expression)? {
                (next, true) => expression = next,
                (done, false) => {
                    self.cursor.go_to(before);
                    return Ok(done);
                }
            }
        }
    }

    /// What may follow a value: `.name`, `[…]`, `(…)`, `?built_in`, `!`, `??`. The second says whether something did.
    fn step(&mut self, before: Expr) -> Result<(Expr, bool), SyntaxError> {
        let at = before.at;
        let made = |kind| Ok((Expr { at, kind }, true));
        if self.cursor.take("??") {
            return made(ExprKind::Exists(Box::new(before)));
        }
        if self.cursor.take("?") {
            return Ok((self.builtin(before)?, true));
        }
        if self.cursor.looks_at("!") && !self.cursor.looks_at("!=") {
            self.cursor.take("!");
            let default = self.default_value()?;
            return made(ExprKind::Default(Box::new(before), default.map(Box::new)));
        }
        if self.cursor.looks_at(".") && !self.cursor.looks_at("..") {
            self.cursor.take(".");
            self.blanks()?;
            let name = if self.cursor.take("**") {
                "**".to_owned()
            } else if self.cursor.take("*") {
                "*".to_owned()
            } else {
                let found = self.cursor.found();
                self.cursor
                    .name()
                    .ok_or_else(|| self.cursor.error(format!("A name must follow the dot, not {found}")))?
            };
            return made(ExprKind::Dot(Box::new(before), name.into()));
        }
        if self.cursor.take("[") {
            let outer = std::mem::replace(&mut self.parentheses, 1);
            let index = self.expression()?;
            self.expect("]")?;
            self.parentheses = outer;
            return made(ExprKind::Index(Box::new(before), Box::new(index)));
        }
        if self.cursor.take("(") {
            let arguments = self.arguments()?;
            return made(ExprKind::Call(Box::new(before), arguments));
        }
        Ok((before, false))
    }

    /// The arguments after `(`, up to and including `)`.
    fn arguments(&mut self) -> Result<Vec<Expr>, SyntaxError> {
        self.parentheses += 1;
        let mut arguments = Vec::new();
        loop {
            self.blanks()?;
            if self.cursor.take(")") {
                self.parentheses -= 1;
                return Ok(arguments);
            }
            if !arguments.is_empty() {
                self.cursor.take(",");
            }
            arguments.push(self.argument()?);
        }
    }

    /// An argument: an expression or `x -> expression`.
    fn argument(&mut self) -> Parsed {
        self.blanks()?;
        let before = self.cursor.offset();
        let at = self.cursor.position();
        if let Some(names) = self.lambda_names()? {
            let body = self.expression()?;
            return Ok(Expr { at, kind: ExprKind::Lambda(names, Box::new(body)) });
        }
        self.cursor.go_to(before);
        self.expression()
    }

    fn lambda_names(&mut self) -> Result<Option<Vec<Arc<str>>>, SyntaxError> {
        let mut names: Vec<Arc<str>> = Vec::new();
        if self.cursor.take("(") {
            loop {
                self.blanks()?;
                if self.cursor.take(")") {
                    break;
                }
                let Some(name) = self.cursor.name() else { return Ok(None) };
                names.push(name.into());
                self.blanks()?;
                self.cursor.take(",");
            }
        } else {
            let Some(name) = self.cursor.name() else { return Ok(None) };
            names.push(name.into());
        }
        self.blanks()?;
        Ok((self.cursor.take("->") || self.cursor.take("-&gt;")).then_some(names))
    }

    fn builtin(&mut self, target: Expr) -> Parsed {
        self.blanks()?;
        let at = self.cursor.position();
        let found = self.cursor.found();
        let name =
            self.cursor.name().ok_or_else(|| SyntaxError::new(at, format!("A built-in must follow ?, not {found}")))?;
        let builtin = names::builtin(&name).map_err(|(message, hint)| SyntaxError { at, message, hint })?;
        let mut arguments = None;
        let formats = matches!(builtin.name, "string" | "date" | "time" | "datetime");
        if self.cursor.take("(") {
            let read = self.arguments()?;
            let (least, most) = (usize::from(builtin.least), usize::from(builtin.most));
            if most == 0 {
                // The result is called: what it is, evaluation says.
                let callee = Expr { at: target.at, kind: ExprKind::Builtin(Box::new(target), builtin, None) };
                return Ok(Expr { at: callee.at, kind: ExprKind::Call(Box::new(callee), read) });
            }
            if read.len() < least.max(1) || read.len() > most {
                return Err(SyntaxError::new(
                    at,
                    format!("?{name} takes {} arguments, not {}", counts(least.max(1), most), read.len()),
                ));
            }
            arguments = Some(read);
        } else if formats && self.cursor.looks_at(".") && !self.cursor.looks_at("..") {
            // A format may be written as if it were a member.
            let before = self.cursor.offset();
            self.cursor.take(".");
            let at = self.cursor.position();
            match self.cursor.name() {
                Some(format) => arguments = Some(vec![Expr { at, kind: ExprKind::String(format.into()) }]),
                None => self.cursor.go_to(before),
            }
        } else if formats && self.cursor.take("[") {
            let outer = std::mem::replace(&mut self.parentheses, 1);
            let format = self.expression()?;
            self.expect("]")?;
            self.parentheses = outer;
            arguments = Some(vec![format]);
        } else if builtin.least > 0 {
            return Err(SyntaxError::new(at, format!("?{name} needs arguments in parentheses")));
        }
        if let Some(lambda) = arguments.iter().flatten().find(|argument| matches!(argument.kind, ExprKind::Lambda(..)))
            && !matches!(builtin.name, "filter" | "map" | "take_while" | "drop_while")
        {
            return Err(SyntaxError::new(lambda.at, format!("?{name} takes no lambda")));
        }
        Ok(Expr { at: target.at, kind: ExprKind::Builtin(Box::new(target), builtin, arguments) })
    }

    /// The value after `!`, if there is one. It reaches as far as an expression can.
    fn default_value(&mut self) -> Result<Option<Expr>, SyntaxError> {
        let before = self.cursor.offset();
        self.blanks()?;
        // In a call, a name with `=` is the next parameter.
        let mut ahead = self.cursor.clone();
        if self.in_tag && ahead.name().is_some() {
            ahead.skip_blanks()?;
            if ahead.looks_at("=") && !ahead.looks_at("==") {
                self.cursor.go_to(before);
                return Ok(None);
            }
        }
        if self.begins_expression() {
            return self.expression().map(Some);
        }
        self.cursor.go_to(before);
        Ok(None)
    }

    /// Whether an expression begins here.
    pub fn begins_expression(&self) -> bool {
        let word = self.cursor.peek_name();
        if matches!(word.as_deref(), Some("in" | "as" | "using" | "lt" | "lte" | "gt" | "gte")) {
            return false;
        }
        match self.cursor.peek() {
            Some('"' | '\'' | '(' | '[' | '{' | '-' | '+') => true,
            Some('!') => !self.cursor.looks_at("!="),
            Some('.') => self.cursor.rest().chars().nth(1).is_some_and(char::is_alphabetic),
            Some(c) => c.is_ascii_digit() || word.is_some(),
            None => false,
        }
    }

    fn atom(&mut self) -> Parsed {
        self.blanks()?;
        let at = self.cursor.position();
        let kind = match self.cursor.peek() {
            Some('(') => {
                self.cursor.take("(");
                self.parentheses += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                self.parentheses -= 1;
                ExprKind::Group(Box::new(inner))
            }
            Some('[') => self.list()?,
            Some('{') => self.hash()?,
            Some('"' | '\'') => self.string(at)?,
            Some('r') if self.cursor.looks_at("r\"") || self.cursor.looks_at("r'") => self.raw_string()?,
            Some('.') => self.special()?,
            Some(c) if c.is_ascii_digit() => self.number()?,
            _ => match self.cursor.name().as_deref() {
                Some("true") => ExprKind::Boolean(true),
                Some("false") => ExprKind::Boolean(false),
                Some(word @ ("in" | "as" | "using" | "lt" | "lte" | "gt" | "gte")) => {
                    return Err(SyntaxError::new(at, format!("An expression was expected, not the word \"{word}\"")));
                }
                Some(name) => ExprKind::Variable(name.into()),
                None => {
                    let found = self.cursor.found();
                    return Err(self.cursor.error(format!("An expression was expected, not {found}")));
                }
            },
        };
        Ok(Expr { at, kind })
    }

    /// Takes `what`, which must come next.
    pub fn expect(&mut self, what: &str) -> Result<(), SyntaxError> {
        self.blanks()?;
        if self.cursor.take(what) {
            return Ok(());
        }
        Err(self.cursor.error(format!("\"{what}\" was expected, not {}", self.cursor.found())))
    }

    fn take_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.cursor.take(word))
    }

    /// Takes a word, if no longer one stands here.
    pub fn take_word(&mut self, word: &str) -> bool {
        if self.cursor.peek_name().as_deref() == Some(word) {
            return self.cursor.take(word);
        }
        false
    }
}

fn counts(least: usize, most: usize) -> String {
    match most {
        _ if least == most => least.to_string(),
        99 => format!("{least} or more"),
        _ => format!("{least} to {most}"),
    }
}
