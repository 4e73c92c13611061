//! Reading what stands in a tag.

use std::sync::Arc;

use super::ast::{Assigned, Expr, ExprKind, LoopNames, Operator, Target};
use super::cursor::Cursor;
use super::expression::ExpressionParser;
use super::names;
use super::piece::{CallTag, MacroTag, Tag};
use super::scan::close;
use crate::error::SyntaxError;

pub(super) struct TagParser<'c, 't> {
    pub parser: ExpressionParser<'c, 't>,
}

impl TagParser<'_, '_> {
    /// The tag of a directive, whose `<` stands at `from`.
    pub fn tag(&mut self, name: &'static str, from: usize) -> Result<Tag, SyntaxError> {
        Ok(match name {
            "if" => Tag::If(self.parser.expression()?),
            "elseif" => Tag::ElseIf(self.parser.expression()?),
            "else" => Tag::Else,
            "list" => {
                let source = self.parser.expression()?;
                Tag::List(source, if self.word("as")? { Some(self.loop_names()?) } else { None })
            }
            "foreach" => {
                let first = self.name()?;
                if !self.word("in")? {
                    return Err(self.parser.cursor.error("The word \"in\" was expected"));
                }
                Tag::List(self.parser.expression()?, Some(LoopNames { first, second: None }))
            }
            "items" => {
                if !self.word("as")? {
                    return Err(self.parser.cursor.error("The word \"as\" was expected"));
                }
                Tag::Items(self.loop_names()?)
            }
            "sep" => Tag::Sep,
            "switch" => Tag::Switch(self.parser.expression()?),
            "case" => Tag::Case(self.parser.expression()?),
            "default" => Tag::Default,
            "assign" => self.assign(Target::Namespace)?,
            "local" => self.assign(Target::Local)?,
            "global" => self.assign(Target::Global)?,
            "macro" | "function" => Tag::Macro(self.macro_head(name == "function")?),
            "nested" => Tag::Nested(self.expressions()?),
            "return" => Tag::Return(self.optional()?),
            "stop" => Tag::Stop(self.optional()?),
            "break" => Tag::Break,
            "continue" => Tag::Continue,
            "compress" => Tag::Compress,
            "attempt" => Tag::Attempt,
            "recover" => Tag::Recover,
            "setting" => self.setting()?,
            "escape" => {
                let variable = self.name()?;
                if !self.word("as")? {
                    return Err(self.parser.cursor.error("The word \"as\" was expected"));
                }
                Tag::Escape(variable, self.parser.expression()?)
            }
            "noescape" => Tag::NoEscape,
            "autoesc" => Tag::AutoEsc(true),
            "noautoesc" => Tag::AutoEsc(false),
            "outputformat" => {
                let at = self.parser.cursor.position();
                let format = self.parser.expression()?;
                let known = match &format.kind {
                    ExprKind::String(name) => names::output_format(name),
                    _ => None,
                };
                Tag::OutputFormat(
                    known.ok_or_else(|| SyntaxError::new(at, format!("There is no output format {format}")))?,
                )
            }
            "t" => Tag::Trim { left: true, right: true },
            "lt" => Tag::Trim { left: true, right: false },
            "rt" => Tag::Trim { left: false, right: true },
            "nt" => Tag::Trim { left: false, right: false },
            "flush" => Tag::Flush,
            _ => {
                let at = self.parser.cursor.position_of(from);
                return Err(SyntaxError::new(at, format!("#{name} can only stand at the beginning of the template")));
            }
        })
    }

    fn word(&mut self, word: &str) -> Result<bool, SyntaxError> {
        self.parser.cursor.skip_blanks()?;
        Ok(self.parser.take_word(word))
    }

    /// A name, or a string literal that is one.
    fn name(&mut self) -> Result<Arc<str>, SyntaxError> {
        let cursor = &mut self.parser.cursor;
        cursor.skip_blanks()?;
        for quote in ["\"", "'"] {
            if cursor.take(quote) {
                let name = cursor.rest().split(quote).next().unwrap_or("");
                cursor.go_to(cursor.offset() + name.len() + 1);
                return Ok(name.into());
            }
        }
        let found = cursor.found();
        cursor.name().map(Arc::from).ok_or_else(|| cursor.error(format!("A name was expected, not {found}")))
    }

    fn loop_names(&mut self) -> Result<LoopNames, SyntaxError> {
        let first = self.name()?;
        self.parser.cursor.skip_blanks()?;
        let second = if self.parser.cursor.take(",") { Some(self.name()?) } else { None };
        if second.as_ref() == Some(&first) {
            return Err(self.parser.cursor.error("The two loop variables need different names"));
        }
        Ok(LoopNames { first, second })
    }

    fn optional(&mut self) -> Result<Option<Expr>, SyntaxError> {
        self.parser.cursor.skip_blanks()?;
        if self.parser.begins_expression() { self.parser.expression().map(Some) } else { Ok(None) }
    }

    fn expressions(&mut self) -> Result<Vec<Expr>, SyntaxError> {
        let mut all = Vec::new();
        while let Some(expression) = self.optional()? {
            all.push(expression);
            self.parser.cursor.skip_blanks()?;
            self.parser.cursor.take(",");
        }
        Ok(all)
    }

    fn assign(&mut self, target: Target) -> Result<Tag, SyntaxError> {
        let mut assigned = Vec::new();
        loop {
            let name = self.name()?;
            self.parser.cursor.skip_blanks()?;
            let cursor = &mut self.parser.cursor;
            let at = cursor.position();
            let one = || Expr { at, kind: ExprKind::Number(crate::number::Number::Int(1)) };
            let value = if cursor.take("++") {
                Assigned::Changed(Operator::Add, one())
            } else if cursor.take("--") {
                Assigned::Changed(Operator::Subtract, one())
            } else if let Some(operator) = changing(cursor) {
                Assigned::Changed(operator, self.parser.expression()?)
            } else if cursor.take("=") {
                Assigned::Value(self.parser.expression()?)
            } else if assigned.is_empty() && cursor.looks_at(">") {
                return Ok(Tag::Capture(target, name));
            } else {
                return Err(cursor.error(format!("\"=\" was expected, not {}", cursor.found())));
            };
            assigned.push((name, value));
            self.parser.cursor.skip_blanks()?;
            self.parser.cursor.take(",");
            self.parser.cursor.skip_blanks()?;
            if self.parser.cursor.peek_name().as_deref() == Some("in") {
                return Err(self.parser.cursor.error("Namespaces other than the main one are not supported"));
            }
            if matches!(self.parser.cursor.peek(), Some('>' | '/') | None) {
                return Ok(Tag::Assign(target, assigned));
            }
        }
    }

    fn macro_head(&mut self, is_function: bool) -> Result<MacroTag, SyntaxError> {
        let name = self.name()?;
        self.parser.cursor.skip_blanks()?;
        let parentheses = self.parser.cursor.take("(");
        let mut head = MacroTag { name, is_function, parameters: Vec::new(), rest: None };
        loop {
            self.parser.cursor.skip_blanks()?;
            let cursor = &mut self.parser.cursor;
            if cursor.looks_at(")") && parentheses {
                cursor.take(")");
                return Ok(head);
            }
            if !parentheses && (cursor.looks_at(">") || cursor.looks_at("/>")) {
                return Ok(head);
            }
            if head.rest.is_some() {
                return Err(cursor.error("Nothing can stand after the parameter that takes the rest"));
            }
            let name = self.name()?;
            self.parser.cursor.skip_blanks()?;
            if self.parser.cursor.take("...") {
                head.rest = Some(name);
            } else if self.parser.cursor.take("=") {
                let default = self.parser.expression()?;
                head.parameters.push((name, Some(default)));
            } else {
                head.parameters.push((name, None));
            }
            self.parser.cursor.skip_blanks()?;
            self.parser.cursor.take(",");
        }
    }

    fn setting(&mut self) -> Result<Tag, SyntaxError> {
        self.parser.cursor.skip_blanks()?;
        let at = self.parser.cursor.position();
        let name = self.name()?;
        let setting = names::setting(&name)
            .ok_or_else(|| SyntaxError::new(at, format!("The setting {name} is not supported")))?;
        self.parser.expect("=")?;
        Ok(Tag::Setting(setting, self.parser.expression()?))
    }
}

fn changing(cursor: &mut Cursor<'_>) -> Option<Operator> {
    [
        ("+=", Operator::Add),
        ("-=", Operator::Subtract),
        ("*=", Operator::Multiply),
        ("/=", Operator::Divide),
        ("%=", Operator::Remainder),
    ]
    .into_iter()
    .find_map(|(text, operator)| cursor.take(text).then_some(operator))
}

/// What follows `<@`.
pub(super) fn call_tag(cursor: &mut Cursor<'_>) -> Result<CallTag, SyntaxError> {
    let at = cursor.position();
    let found = cursor.found();
    let name =
        cursor.name().ok_or_else(|| SyntaxError::new(at, format!("The name of a macro was expected, not {found}")))?;
    let mut callee = Expr { at, kind: ExprKind::Variable(name.into()) };
    while cursor.looks_at(".") {
        cursor.take(".");
        let name = cursor.name().ok_or_else(|| cursor.error("A name must follow the dot"))?;
        callee = Expr { at, kind: ExprKind::Dot(Box::new(callee), name.into()) };
    }
    let mut tag = CallTag { callee, named: Vec::new(), positional: Vec::new(), loop_names: Vec::new(), closed: false };
    let mut parser = TagParser { parser: ExpressionParser::in_tag(cursor) };
    loop {
        parser.parser.cursor.skip_blanks()?;
        let cursor = &mut *parser.parser.cursor;
        if cursor.looks_at(">") || cursor.looks_at("/>") {
            break;
        }
        if cursor.take(";") {
            loop {
                tag.loop_names.push(parser.name()?);
                parser.parser.cursor.skip_blanks()?;
                if !parser.parser.cursor.take(",") {
                    break;
                }
            }
            continue;
        }
        let mut ahead = cursor.clone();
        let name = ahead.name();
        ahead.skip_blanks()?;
        match name {
            Some(name) if ahead.looks_at("=") && !ahead.looks_at("==") => {
                ahead.take("=");
                cursor.go_to(ahead.offset());
                tag.named.push((name.into(), parser.parser.expression()?));
            }
            _ => tag.positional.push(parser.parser.expression()?),
        }
        if !tag.named.is_empty() && !tag.positional.is_empty() {
            return Err(parser.parser.cursor.error("Parameters are all given by name or all by position"));
        }
        parser.parser.cursor.skip_blanks()?;
        parser.parser.cursor.take(",");
    }
    tag.closed = close(cursor)?;
    Ok(tag)
}
