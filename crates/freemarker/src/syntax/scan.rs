//! From the text of a template to its pieces.

use super::cursor::Cursor;
use super::expression::ExpressionParser;
use super::names::{DIRECTIVES, REFUSED_DIRECTIVES, nearest, snake_case};
use super::piece::{Piece, PieceKind};
use super::tag::{TagParser, call_tag};
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
pub(super) fn close(cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
    cursor.skip_blanks()?;
    if cursor.take("/>") {
        return Ok(true);
    }
    if cursor.take(">") {
        return Ok(false);
    }
    Err(cursor.error(format!("\">\" was expected, not {}", cursor.found())))
}
