//! From the text of a template to its pieces.

use std::sync::Arc;

use super::ast::{Assigned, Expr, ExprKind, LoopNames, Operator, Target};
use super::cursor::Cursor;
use super::expression::ExpressionParser;
use super::names::{self, DIRECTIVES, REFUSED_DIRECTIVES, nearest, snake_case};
use super::piece::{CallTag, MacroTag, Piece, PieceKind, Tag};
use crate::error::SyntaxError;

/// The pieces of what is left of a template.
pub(super) fn pieces(cursor: &mut Cursor<'_>) -> Result<Vec<Piece>, SyntaxError> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut text_from = cursor.offset();
    while !cursor.is_at_end() {
        let from = cursor.offset();
        let Some(kind) = piece(cursor)? else {
            text.extend(cursor.next());
            continue;
        };
        if !text.is_empty() {
            pieces.push(Piece { from: text_from, to: from, kind: PieceKind::Text(std::mem::take(&mut text)) });
        }
        pieces.push(Piece { from, to: cursor.offset(), kind });
        text_from = cursor.offset();
    }
    if !text.is_empty() {
        pieces.push(Piece { from: text_from, to: cursor.offset(), kind: PieceKind::Text(text) });
    }
    Ok(pieces)
}

/// What is no text and begins here.
fn piece(cursor: &mut Cursor<'_>) -> Result<Option<PieceKind>, SyntaxError> {
    let rest = cursor.rest();
    if rest.starts_with("${") {
        cursor.take("${");
        let mut parser = ExpressionParser::in_interpolation(cursor);
        let value = parser.expression()?;
        parser.expect("}")?;
        return Ok(Some(PieceKind::Output(value)));
    }
    if rest.starts_with("#{") {
        return number_output(cursor).map(Some);
    }
    if rest.starts_with("<#--") {
        let at = cursor.position();
        let end = rest.find("-->").ok_or_else(|| SyntaxError::new(at, "This comment is not closed"))?;
        cursor.go_to(cursor.offset() + end + 3);
        return Ok(Some(PieceKind::Comment));
    }
    let letter = |prefix: &str| {
        rest.strip_prefix(prefix).is_some_and(|after| after.starts_with(|c: char| c.is_alphabetic() || c == '_'))
    };
    if letter("</#") {
        return end_tag(cursor).map(Some);
    }
    if letter("<#") {
        return start_tag(cursor).map(Some);
    }
    if rest.starts_with("</@") {
        cursor.take("</@");
        let end = cursor.rest().find('>').ok_or_else(|| cursor.error("This tag is not closed"))?;
        let name = cursor.rest().get(..end).unwrap_or("").trim().to_owned();
        cursor.go_to(cursor.offset() + end + 1);
        return Ok(Some(PieceKind::CallEnd(name)));
    }
    if rest.starts_with("<@") {
        cursor.take("<@");
        return call_tag(cursor).map(|tag| Some(PieceKind::Call(tag)));
    }
    Ok(None)
}

/// `#{expression}` or `#{expression; m1M3}`.
fn number_output(cursor: &mut Cursor<'_>) -> Result<PieceKind, SyntaxError> {
    cursor.take("#{");
    let mut parser = ExpressionParser::in_interpolation(cursor);
    let value = parser.expression()?;
    let (mut least, mut most) = (0, 50);
    parser.cursor.skip_blanks()?;
    if parser.cursor.take(";") {
        parser.cursor.skip_blanks()?;
        let format = parser.cursor.name().unwrap_or_default();
        let part = |letter: char| {
            let digits = format.split_once(letter).map(|(_, after)| after)?;
            let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().ok().filter(|&count| count <= 50)
        };
        if part('m').is_none() && part('M').is_none() {
            return Err(parser.cursor.error("A format like m1M3 was expected"));
        }
        least = part('m').unwrap_or(0);
        most = part('M').unwrap_or(least).max(least);
    }
    parser.expect("}")?;
    Ok(PieceKind::NumberOutput(value, least, most))
}

fn directive(cursor: &mut Cursor<'_>) -> Result<&'static str, SyntaxError> {
    let at = cursor.position();
    let written = cursor.name().unwrap_or_default();
    let name = snake_case(&written).replace('_', "");
    if let Some(known) = DIRECTIVES.iter().find(|known| **known == name) {
        return Ok(known);
    }
    if REFUSED_DIRECTIVES.contains(&name.as_str()) {
        return Err(SyntaxError::new(at, format!("The directive #{written} of FreeMarker is not supported")));
    }
    let error = SyntaxError::new(at, format!("Unknown directive: #{written}"));
    Err(match nearest(&name, DIRECTIVES.iter().copied()) {
        Some(known) => error.hint(format!("did you mean #{known}?")),
        None => error,
    })
}

fn end_tag(cursor: &mut Cursor<'_>) -> Result<PieceKind, SyntaxError> {
    cursor.take("</#");
    let name = directive(cursor)?;
    cursor.skip_blanks()?;
    if !cursor.take(">") {
        return Err(cursor.error(format!("\">\" was expected, not {}", cursor.found())));
    }
    Ok(PieceKind::End(name))
}

fn start_tag(cursor: &mut Cursor<'_>) -> Result<PieceKind, SyntaxError> {
    let from = cursor.offset();
    cursor.take("<#");
    let name = directive(cursor)?;
    if name == "noparse" {
        close(cursor)?;
        let rest = cursor.rest();
        let end = ["</#noparse>", "</#noParse>"].iter().filter_map(|tag| rest.find(tag)).min();
        let end = end.ok_or_else(|| SyntaxError::new(cursor.position_of(from), "#noparse is not closed"))?;
        let text = rest.get(..end).unwrap_or("").to_owned();
        cursor.go_to(cursor.offset() + end + "</#noparse>".len());
        return Ok(PieceKind::Raw(text));
    }
    let tag = TagParser { parser: ExpressionParser::in_tag(cursor) }.tag(name, from)?;
    close(cursor)?;
    Ok(PieceKind::Start(tag))
}

/// Takes the end of a start tag, `>` or `/>`; whether it was the second.
fn close(cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
    cursor.skip_blanks()?;
    if cursor.take("/>") {
        return Ok(true);
    }
    if cursor.take(">") {
        return Ok(false);
    }
    Err(cursor.error(format!("\">\" was expected, not {}", cursor.found())))
}

struct TagParser<'c, 't> {
    parser: ExpressionParser<'c, 't>,
}

impl TagParser<'_, '_> {
    fn tag(&mut self, name: &'static str, from: usize) -> Result<Tag, SyntaxError> {
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
fn call_tag(cursor: &mut Cursor<'_>) -> Result<CallTag, SyntaxError> {
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
