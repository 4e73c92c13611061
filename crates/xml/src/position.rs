//! Lines and columns, kept for artifacts so that an error can point at its cause.

use crate::document::{Document, NodeId};

/// A place in the text of a document.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// Where elements and attributes were read; zero where unknown.
#[derive(Clone, Default)]
pub(crate) struct Positions {
    nodes: Vec<Position>,
    attributes: Vec<Position>,
}

impl Positions {
    pub(crate) fn set_node(&mut self, index: usize, position: Position) {
        set(&mut self.nodes, index, position);
    }

    pub(crate) fn set_attribute(&mut self, index: usize, position: Position) {
        set(&mut self.attributes, index, position);
    }
}

fn set(list: &mut Vec<Position>, index: usize, position: Position) {
    if list.len() <= index {
        list.resize(index + 1, Position::default());
    }
    if let Some(slot) = list.get_mut(index) {
        *slot = position;
    }
}

/// Turns growing byte offsets into positions, reading the text once.
pub(crate) struct LineCursor<'a> {
    text: &'a str,
    offset: usize,
    position: Position,
}

impl<'a> LineCursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, offset: 0, position: Position { line: 1, column: 1 } }
    }

    /// The position of the byte at `offset`; asking for an earlier offset than before starts over.
    pub(crate) fn at(&mut self, offset: usize) -> Position {
        if offset < self.offset {
            *self = Self::new(self.text);
        }
        let end = self.text.floor_char_boundary(offset);
        for c in self.text.get(self.offset..end).unwrap_or("").chars() {
            if c == '\n' {
                self.position.line = self.position.line.saturating_add(1);
                self.position.column = 1;
            } else {
                self.position.column = self.position.column.saturating_add(1);
            }
        }
        self.offset = end;
        self.position
    }
}

impl Document {
    /// Where the element's `<` stood, if the document was read with [`crate::ParseOptions::positions`].
    pub fn position(&self, id: NodeId) -> Option<Position> {
        known(&self.positions.as_ref()?.nodes, id.index())
    }

    /// Where the name of the attribute without namespace `local` stood.
    pub fn attribute_position(&self, id: NodeId, local: &str) -> Option<Position> {
        let attribute = self.attributes(id).find(|a| a.name.namespace.is_empty() && a.name.local == local)?;
        known(&self.positions.as_ref()?.attributes, attribute.id.0 as usize)
    }
}

fn known(list: &[Position], index: usize) -> Option<Position> {
    list.get(index).copied().filter(|position| position.line > 0)
}
