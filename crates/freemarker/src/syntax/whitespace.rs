//! What FreeMarker removes of the white-space around tags: lines that hold nothing but tags leave nothing behind, and
//! `#t`, `#lt`, `#rt` and `#nt` say more.

use super::cursor::Cursor;
use super::piece::{Piece, PieceKind, Tag};

/// Removes it from the texts among `pieces`.
pub(super) fn strip(pieces: &mut Vec<Piece>, cursor: &Cursor<'_>) {
    // A template that is nothing but text is that text.
    if pieces.len() < 2 {
        return;
    }
    let lines: Vec<(u32, u32)> = pieces
        .iter()
        .map(|piece| (cursor.line_of(piece.from), cursor.line_of(piece.to.saturating_sub(1).max(piece.from))))
        .collect();
    let partners = partners(pieces);
    let row = Row { pieces, lines: &lines, partners: &partners };
    let stripped: Vec<Option<String>> = (0..pieces.len()).map(|index| row.stripped(index)).collect();
    for (piece, text) in pieces.iter_mut().zip(stripped) {
        if let Some(text) = text {
            piece.kind = PieceKind::Text(text);
        }
    }
    let ignored: Vec<bool> = (0..pieces.len()).map(|index| is_ignored(pieces, index)).collect();
    let mut ignored = ignored.into_iter();
    pieces.retain(|_| !ignored.next().unwrap_or(false));
}

struct Row<'a> {
    pieces: &'a [Piece],
    lines: &'a [(u32, u32)],
    partners: &'a [usize],
}

impl Row<'_> {
    /// The text of the piece at `index` without what is removed; `None` when it is no text.
    fn stripped(&self, index: usize) -> Option<String> {
        let PieceKind::Text(text) = &self.pieces.get(index)?.kind else { return None };
        let mut text = text.as_str().to_owned();
        let left = self.left_trim(index, &mut text);
        let right = self.right_trim(index, &mut text);
        if index == 0 {
            return Some(text);
        }
        let trailing = if left { 0 } else { self.trailing(index, &text) };
        let opening = if right { 0 } else { self.opening(index, &text) };
        let end = text.len().saturating_sub(trailing).max(opening);
        Some(text.get(opening..end).unwrap_or("").to_owned())
    }

    fn begins_line(&self, index: usize) -> bool {
        index == 0 || self.lines.get(index).zip(self.lines.get(index - 1)).is_some_and(|(own, before)| own.0 > before.1)
    }

    /// The pieces after `index` that begin on the line where it ends; of a macro only its beginning.
    fn after(&self, index: usize) -> impl Iterator<Item = usize> {
        let line = self.lines.get(index).map_or(0, |lines| lines.1);
        let behind = |other: usize| self.partners.get(other).map(|&partner| partner.max(other) + 1);
        std::iter::successors(Some(index + 1), move |&other| behind(other))
            .take_while(move |&other| self.lines.get(other).is_some_and(|own| own.0 == line))
    }

    /// The pieces before `index`, backwards, that end on the line where it begins; of a macro only its end.
    fn before(&self, index: usize) -> impl Iterator<Item = usize> {
        let line = self.lines.get(index).map_or(0, |lines| lines.0);
        let ahead = |other: usize| self.partners.get(other).and_then(|&partner| partner.min(other).checked_sub(1));
        std::iter::successors(index.checked_sub(1), move |&other| ahead(other))
            .take_while(move |&other| self.lines.get(other).is_some_and(|own| own.1 == line))
    }

    /// Whether white-space beside the piece means something.
    fn heeds(&self, index: usize, opening: bool) -> bool {
        let Some(piece) = self.pieces.get(index) else { return false };
        match &piece.kind {
            PieceKind::Output(_) | PieceKind::NumberOutput(..) => true,
            PieceKind::Raw(text) | PieceKind::Text(text) => {
                if matches!(piece.kind, PieceKind::Text(_)) && is_ignored(self.pieces, index) {
                    return false;
                }
                let means = |c: &char| matches!(c, '\n' | '\r') || !c.is_whitespace();
                let found = if opening { text.chars().rev().find(means) } else { text.chars().find(means) };
                !matches!(found, Some('\n' | '\r'))
            }
            _ => false,
        }
    }

    fn trim_tag(&self, index: usize) -> Option<(bool, bool)> {
        match self.pieces.get(index)?.kind {
            PieceKind::Start(Tag::Trim { left, right }) => Some((left, right)),
            _ => None,
        }
    }

    /// `#t` and `#lt` after the text: its last line loses its indentation. Whether one of the tags decides.
    fn left_trim(&self, index: usize, text: &mut String) -> bool {
        let mut decided = false;
        for (left, right) in self.after(index).filter_map(|other| self.trim_tag(other)) {
            decided |= left || !right;
            let start = text.rfind(['\n', '\r']).map_or(0, |at| at + 1);
            if left && (start > 0 || self.begins_line(index)) {
                let kept = text.get(start..).unwrap_or("").trim_start().to_owned();
                text.truncate(start);
                text.push_str(&kept);
            }
        }
        decided
    }

    /// `#t` and `#rt` before the text: the rest of its first line loses its trailing blanks and the line break.
    fn right_trim(&self, index: usize, text: &mut String) -> bool {
        let mut decided = false;
        for (left, right) in self.before(index).filter_map(|other| self.trim_tag(other)) {
            decided |= right || !left;
            if !right {
                continue;
            }
            let Some(end) = first_line_end(text) else { return false };
            let (opening, trailing) = text.split_at(end);
            let kept = opening.trim_end();
            let drops_rest = !kept.is_empty()
                && trailing.trim().is_empty()
                && !self.after(index).any(|other| self.heeds(other, true));
            *text = if drops_rest { kept.to_owned() } else { format!("{kept}{trailing}") };
        }
        decided
    }

    /// How many bytes of the beginning go: the rest of a line of tags.
    fn opening(&self, index: usize, text: &str) -> usize {
        let end = match first_line_end(text) {
            Some(end) => end,
            None if self.begins_line(index) => 0,
            None => return 0,
        };
        if !text.get(..end).unwrap_or("").trim().is_empty() || self.before(index).any(|other| self.heeds(other, true)) {
            return 0;
        }
        end
    }

    /// How many bytes of the end go: the indentation of a line of tags.
    fn trailing(&self, index: usize, text: &str) -> usize {
        let start = match text.rfind(['\n', '\r']) {
            Some(at) => at + 1,
            None if self.begins_line(index) => 0,
            None => return 0,
        };
        if !text.get(start..).unwrap_or("").trim().is_empty() || self.after(index).any(|other| self.heeds(other, false))
        {
            return 0;
        }
        text.len() - start
    }
}

/// For each piece its own place; for the tags of a macro, function or captured text the place of the other.
fn partners(pieces: &[Piece]) -> Vec<usize> {
    let mut partners: Vec<usize> = (0..pieces.len()).collect();
    let mut open = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        match &piece.kind {
            PieceKind::Start(Tag::Macro(_) | Tag::Capture(..)) => open.push(index),
            PieceKind::End("macro" | "function" | "assign" | "local" | "global") => {
                if let Some(start) = open.pop() {
                    for (place, partner) in [(start, index), (index, start)] {
                        if let Some(slot) = partners.get_mut(place) {
                            *slot = partner;
                        }
                    }
                }
            }
            _ => {}
        }
    }
    partners
}

/// Where the line after the first begins.
fn first_line_end(text: &str) -> Option<usize> {
    let at = text.find(['\n', '\r'])?;
    Some(if text.get(at..).is_some_and(|rest| rest.starts_with("\r\n")) { at + 2 } else { at + 1 })
}

/// White-space between two tags that write nothing.
fn is_ignored(pieces: &[Piece], index: usize) -> bool {
    let Some(PieceKind::Text(text)) = pieces.get(index).map(|piece| &piece.kind) else { return false };
    if text.is_empty() {
        return true;
    }
    if !text.trim().is_empty() {
        return false;
    }
    let before = index.checked_sub(1).and_then(|before| pieces.get(before)).is_none_or(|piece| match &piece.kind {
        PieceKind::Comment | PieceKind::Start(Tag::Assign(..) | Tag::Setting(..)) => true,
        PieceKind::End(name) => matches!(*name, "macro" | "function"),
        _ => false,
    });
    before
        && pieces.get(index + 1).is_none_or(|piece| {
            matches!(
                &piece.kind,
                PieceKind::Comment | PieceKind::Start(Tag::Assign(..) | Tag::Setting(..) | Tag::Macro(_))
            )
        })
}
