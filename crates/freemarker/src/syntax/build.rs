//! From pieces to the tree.

use std::sync::Arc;

use super::ast::{Block, Element, ElementKind, Escaping, Expr, Listing, Macro, MacroCall};
use super::cursor::Cursor;
use super::header::Header;
use super::piece::{MacroTag, Piece, PieceKind, Tag};
use crate::error::{Position, SyntaxError};

/// How deep directives may be nested.
const MAX_DEPTH: u32 = 64;

/// Builds the tree of `pieces`.
pub(super) fn tree(
    pieces: Vec<Piece>,
    cursor: &Cursor<'_>,
    header: &Header,
) -> Result<(Block, Vec<Macro>), SyntaxError> {
    let mut builder = Builder {
        pieces: pieces.into_iter().peekable(),
        cursor,
        macros: Vec::new(),
        escapes: Vec::new(),
        escaping: header.escaping,
        strips_text: header.strip_text,
        inside: Inside::default(),
        depth: 0,
    };
    let body = builder.block()?;
    match builder.pieces.next() {
        None => Ok((body, builder.macros)),
        Some(piece) => Err(SyntaxError::new(cursor.position_of(piece.from), unexpected(&piece.kind))),
    }
}

fn unexpected(kind: &PieceKind) -> String {
    match kind {
        PieceKind::End(name) => format!("</#{name}> closes nothing"),
        PieceKind::CallEnd(name) => format!("</@{name}> closes nothing"),
        PieceKind::Start(tag) => format!("#{} cannot stand here", tag.name()),
        _ => "This cannot stand here".to_owned(),
    }
}

/// What directives an element stands in.
#[derive(Debug, Clone, Copy, Default)]
struct Inside {
    a_loop: bool,
    a_switch: bool,
    a_macro: bool,
    a_function: bool,
    /// A `#list` that has no loop variable of its own.
    a_list: bool,
}

struct Builder<'a, 'c> {
    pieces: std::iter::Peekable<std::vec::IntoIter<Piece>>,
    cursor: &'a Cursor<'c>,
    macros: Vec<Macro>,
    /// The `#escape`s around this place, the innermost first.
    escapes: Vec<Arc<(Arc<str>, Expr)>>,
    escaping: Escaping,
    strips_text: bool,
    inside: Inside,
    depth: u32,
}

impl Builder<'_, '_> {
    /// Elements up to a tag that ends or divides the directive around them.
    fn block(&mut self) -> Result<Block, SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let at = self.pieces.peek().map_or(0, |piece| piece.from);
            let message = format!("Directives are nested more than {MAX_DEPTH} deep");
            return Err(SyntaxError::new(self.cursor.position_of(at), message));
        }
        let mut block = Vec::new();
        while let Some(piece) = self.pieces.next_if(|piece| !divides(&piece.kind)) {
            let at = self.cursor.position_of(piece.from);
            if let Some(kind) = self.element(piece.kind, at, &mut block)? {
                block.push(Element { at, kind });
            }
        }
        self.depth -= 1;
        Ok(block)
    }

    fn element(
        &mut self,
        kind: PieceKind,
        at: Position,
        block: &mut Block,
    ) -> Result<Option<ElementKind>, SyntaxError> {
        Ok(Some(match kind {
            PieceKind::Text(_) | PieceKind::Raw(_) if self.strips_text && !self.inside.a_macro => return Ok(None),
            PieceKind::Text(text) | PieceKind::Raw(text) => ElementKind::Text(text),
            PieceKind::Output(value) => ElementKind::Output(value, self.escapes.clone(), self.escaping),
            PieceKind::NumberOutput(value, least, most) => ElementKind::NumberOutput(value, least, most),
            PieceKind::Start(tag) => return self.directive(tag, at, block),
            PieceKind::Call(tag) => {
                let body = if tag.closed {
                    None
                } else {
                    let name = tag.callee.to_string();
                    let body = self.block()?;
                    match self.pieces.next().map(|piece| piece.kind) {
                        Some(PieceKind::CallEnd(end)) if end.is_empty() || end == name => Some(body),
                        _ => return Err(SyntaxError::new(at, format!("<@{name}> is not closed"))),
                    }
                };
                let (callee, named, positional) = (tag.callee, tag.named, tag.positional);
                ElementKind::Call(Box::new(MacroCall { callee, named, positional, loop_names: tag.loop_names, body }))
            }
            PieceKind::Comment | PieceKind::End(_) | PieceKind::CallEnd(_) => return Ok(None),
        }))
    }

    fn directive(&mut self, tag: Tag, at: Position, block: &mut Block) -> Result<Option<ElementKind>, SyntaxError> {
        let name = tag.name();
        let wrong = |message: &str| Err(SyntaxError::new(at, message));
        Ok(Some(match tag {
            Tag::If(condition) => self.conditional(condition, at)?,
            Tag::List(source, names) => {
                let outer = self.inside;
                self.inside = Inside { a_loop: names.is_some() || outer.a_loop, a_list: true, ..outer };
                let body = self.block()?;
                self.inside = outer;
                let otherwise =
                    if self.take(|tag| matches!(tag, Tag::Else)).is_some() { Some(self.block()?) } else { None };
                self.close_list(at)?;
                ElementKind::List(Box::new(Listing { source, names, body, otherwise }))
            }
            Tag::Items(names) => {
                if !self.inside.a_list {
                    return wrong("#items can only stand in a #list");
                }
                let outer = self.inside;
                self.inside = Inside { a_loop: true, a_list: true, ..outer };
                let body = self.block()?;
                self.inside = outer;
                self.close("items", at)?;
                ElementKind::Items(names, body)
            }
            Tag::Sep => {
                if !self.inside.a_list {
                    return wrong("#sep can only stand in a #list or #items");
                }
                let body = self.block()?;
                self.pieces.next_if(|piece| matches!(piece.kind, PieceKind::End("sep")));
                ElementKind::Sep(body)
            }
            Tag::Switch(value) => self.switch(value, at)?,
            Tag::Assign(target, values) => ElementKind::Assign(target, values),
            Tag::Capture(target, variable) => {
                let body = self.block()?;
                self.close(name, at)?;
                ElementKind::Capture(target, variable, body, self.escaping)
            }
            Tag::Macro(head) => self.define(head, at)?,
            Tag::Nested(_) | Tag::Return(_) if !self.inside.a_macro => {
                return wrong("This can only stand in a #macro or #function");
            }
            Tag::Nested(values) => ElementKind::Nested(values),
            Tag::Return(Some(_)) if !self.inside.a_function => return wrong("A macro returns no value"),
            Tag::Return(None) if self.inside.a_function => return wrong("A function must return a value"),
            Tag::Return(value) => ElementKind::Return(value),
            Tag::Break if self.inside.a_loop || self.inside.a_switch => ElementKind::Break,
            Tag::Continue if self.inside.a_loop => ElementKind::Continue,
            Tag::Break | Tag::Continue => return wrong("This can only stand in a loop"),
            Tag::Compress => {
                let body = self.block()?;
                self.close("compress", at)?;
                ElementKind::Compress(body)
            }
            Tag::Attempt => {
                let attempted = self.block()?;
                if self.take(|tag| matches!(tag, Tag::Recover)).is_none() {
                    return wrong("#attempt needs a #recover");
                }
                let recovery = self.block()?;
                match self.pieces.next().map(|piece| piece.kind) {
                    Some(PieceKind::End("attempt" | "recover")) => ElementKind::Attempt(attempted, recovery),
                    _ => return wrong("#attempt is not closed"),
                }
            }
            Tag::Setting(setting, value) => ElementKind::Setting(setting, value),
            Tag::Stop(message) => ElementKind::Stop(message),
            Tag::Escape(variable, value) => {
                self.escapes.insert(0, Arc::new((variable, value)));
                block.extend(self.block()?);
                self.escapes.remove(0);
                self.close("escape", at)?;
                return Ok(None);
            }
            Tag::NoEscape => {
                if self.escapes.is_empty() {
                    return wrong("#noescape can only stand in an #escape");
                }
                let hidden = self.escapes.remove(0);
                block.extend(self.block()?);
                self.escapes.insert(0, hidden);
                self.close("noescape", at)?;
                return Ok(None);
            }
            Tag::AutoEsc(automatic) => {
                self.within(Escaping { automatic, ..self.escaping }, name, at, block)?;
                return Ok(None);
            }
            Tag::OutputFormat(format) => {
                self.within(Escaping { format, automatic: format.is_markup() }, name, at, block)?;
                return Ok(None);
            }
            Tag::Trim { .. } | Tag::Flush => return Ok(None),
            Tag::Else | Tag::ElseIf(_) | Tag::Case(_) | Tag::Default | Tag::Recover => {
                return Err(SyntaxError::new(at, format!("#{name} cannot stand here")));
            }
        }))
    }

    /// The elements of a directive that only changes how they are written.
    fn within(&mut self, escaping: Escaping, name: &str, at: Position, block: &mut Block) -> Result<(), SyntaxError> {
        let outer = std::mem::replace(&mut self.escaping, escaping);
        block.extend(self.block()?);
        self.escaping = outer;
        self.close(name, at)
    }

    fn conditional(&mut self, condition: Expr, at: Position) -> Result<ElementKind, SyntaxError> {
        let mut branches = vec![(Some(condition), self.block()?)];
        loop {
            match self.take(|tag| matches!(tag, Tag::ElseIf(_) | Tag::Else)) {
                Some(Tag::ElseIf(condition)) => branches.push((Some(condition), self.block()?)),
                Some(_) => {
                    branches.push((None, self.block()?));
                    self.close("if", at)?;
                    return Ok(ElementKind::If(branches));
                }
                None => {
                    self.close("if", at)?;
                    return Ok(ElementKind::If(branches));
                }
            }
        }
    }

    fn switch(&mut self, value: Expr, at: Position) -> Result<ElementKind, SyntaxError> {
        let outer = self.inside;
        self.inside.a_switch = true;
        let before = self.block()?;
        if let Some(element) =
            before.iter().find(|element| !matches!(&element.kind, ElementKind::Text(text) if text.trim().is_empty()))
        {
            return Err(SyntaxError::new(element.at, "Nothing can stand before the first #case"));
        }
        let mut cases = Vec::new();
        loop {
            match self.take(|tag| matches!(tag, Tag::Case(_) | Tag::Default)) {
                Some(Tag::Case(value)) => cases.push((Some(value), self.block()?)),
                Some(_) if cases.iter().any(|(value, _)| value.is_none()) => {
                    return Err(SyntaxError::new(at, "A #switch has one #default at most"));
                }
                Some(_) => cases.push((None, self.block()?)),
                None => break,
            }
            self.pieces.next_if(|piece| matches!(piece.kind, PieceKind::End("case" | "default")));
        }
        self.inside = outer;
        self.close("switch", at)?;
        Ok(ElementKind::Switch(value, cases))
    }

    fn define(&mut self, head: MacroTag, at: Position) -> Result<ElementKind, SyntaxError> {
        if self.inside.a_macro {
            return Err(SyntaxError::new(at, "A macro cannot be defined in another"));
        }
        let outer = std::mem::take(&mut self.inside);
        self.inside = Inside { a_macro: true, a_function: head.is_function, ..Inside::default() };
        let body = self.block()?;
        self.inside = outer;
        self.close(if head.is_function { "function" } else { "macro" }, at)?;
        let MacroTag { name, is_function, parameters, rest } = head;
        self.macros.push(Macro { at, name, is_function, parameters, rest, body });
        Ok(ElementKind::Define(self.macros.len() - 1))
    }

    /// Takes the next piece if it is such a tag.
    fn take(&mut self, wanted: fn(&Tag) -> bool) -> Option<Tag> {
        let piece = self.pieces.next_if(|piece| matches!(&piece.kind, PieceKind::Start(tag) if wanted(tag)))?;
        match piece.kind {
            PieceKind::Start(tag) => Some(tag),
            _ => None,
        }
    }

    fn close_list(&mut self, at: Position) -> Result<(), SyntaxError> {
        if matches!(self.pieces.peek().map(|piece| &piece.kind), Some(PieceKind::End("foreach"))) {
            return self.close("foreach", at);
        }
        self.close("list", at)
    }

    fn close(&mut self, name: &str, at: Position) -> Result<(), SyntaxError> {
        match self.pieces.next() {
            Some(Piece { kind: PieceKind::End(end), .. }) if end == name => Ok(()),
            Some(other) => {
                let message = format!("</#{name}> was expected for the #{name} in {at}; {}", unexpected(&other.kind));
                Err(SyntaxError::new(self.cursor.position_of(other.from), message))
            }
            None => Err(SyntaxError::new(at, format!("#{name} is not closed"))),
        }
    }
}

/// Whether a tag ends or divides the directive around it.
fn divides(kind: &PieceKind) -> bool {
    matches!(
        kind,
        PieceKind::End(_)
            | PieceKind::CallEnd(_)
            | PieceKind::Start(Tag::Else | Tag::ElseIf(_) | Tag::Case(_) | Tag::Default | Tag::Recover)
    )
}
