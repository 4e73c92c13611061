//! From text to tree: [`parse`] finds the header, takes the text apart, drops white-space around tags and builds.

mod ast;
mod build;
mod cursor;
mod display;
mod expression;
mod header;
mod literal;
mod names;
mod piece;
mod scan;
mod tag;
mod whitespace;

pub(crate) use ast::{
    Assigned, Block, Element, ElementKind, Escaping, Expr, ExprKind, Listing, LoopNames, Macro, MacroCall, Operator,
    OutputFormat, RangeKind, Setting, Special, StringPart, Target,
};
pub(crate) use display::symbol;
pub(crate) use header::Header;
pub(crate) use names::{Builtin, Group};

use crate::error::{Position, SyntaxError};
use cursor::Cursor;
use expression::ExpressionParser;

/// A template, read.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    pub header: Header,
    pub body: Block,
    pub macros: Vec<Macro>,
}

/// Reads a template.
pub(crate) fn parse(text: &str) -> Result<Parsed, SyntaxError> {
    let mut cursor = Cursor::new(text);
    let header = header::header(&mut cursor)?;
    let mut pieces = scan::pieces(&mut cursor)?;
    if header.strip_whitespace {
        whitespace::strip(&mut pieces, &cursor);
    }
    let (body, macros) = build::tree(pieces, &cursor, &header)?;
    Ok(Parsed { header, body, macros })
}

/// Reads the expression of a `?eval`, which stands at `at`.
pub(crate) fn parse_expression(text: &str, at: Position) -> Result<Expr, SyntaxError> {
    let mut cursor = Cursor::inside(text, at);
    let expression = ExpressionParser::in_interpolation(&mut cursor).expression()?;
    cursor.skip_blanks()?;
    if !cursor.is_at_end() {
        return Err(cursor.error(format!("Nothing was expected after the expression, not {}", cursor.found())));
    }
    Ok(expression)
}
