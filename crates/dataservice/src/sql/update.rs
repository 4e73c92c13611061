//! `UPDATE` statements, whose assignments may be left out.

use super::Part;
use crate::model::Param;

/// The parts of an `UPDATE` with what stands between `SET` and `WHERE` as assignments. A statement that is written in
/// another way stays as it is, and all its parameters are needed.
pub(super) fn with_assignments(parts: Vec<Part>, params: &[Param]) -> Vec<Part> {
    let mut before = Vec::new();
    let mut assignments: Vec<Vec<Part>> = vec![Vec::new()];
    let mut after = Vec::new();
    let mut place = Place::Before;
    let mut depth = 0_u32;
    for part in parts.iter().cloned() {
        let Part::Text(text) = part else {
            match place {
                Place::Before => before.push(part),
                Place::Set => last(&mut assignments).push(part),
                Place::After => after.push(part),
            }
            continue;
        };
        let mut rest = text.as_str();
        if place == Place::Before {
            let Some(end) = word_end(rest, "SET") else {
                before.push(Part::Text(text));
                continue;
            };
            before.push(Part::Text(rest.get(..end).unwrap_or_default().to_owned()));
            rest = rest.get(end..).unwrap_or_default();
            place = Place::Set;
        }
        if place == Place::Set {
            let end = word_end(rest, "WHERE").map(|end| end - "WHERE".len());
            let (set, behind) = rest.split_at(end.unwrap_or(rest.len()));
            let mut begin = 0;
            for (at, c) in set.char_indices() {
                match c {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    ',' if depth == 0 => {
                        last(&mut assignments).push(Part::Text(set.get(begin..at).unwrap_or_default().to_owned()));
                        assignments.push(Vec::new());
                        begin = at + 1;
                    }
                    _ => {}
                }
            }
            last(&mut assignments).push(Part::Text(set.get(begin..).unwrap_or_default().to_owned()));
            rest = behind;
            if end.is_some() {
                place = Place::After;
            }
        }
        if !rest.is_empty() {
            after.push(Part::Text(rest.to_owned()));
        }
    }
    let optional = |part: &Part| matches!(part, Part::Value(index) if params.get(*index).is_some_and(|p| p.optional));
    if place == Place::Before || !assignments.iter().flatten().any(optional) {
        return parts;
    }
    // Assignments are joined with commas, so what follows them is set off.
    before.push(Part::Assignments(assignments));
    if !after.is_empty() {
        before.push(Part::Text(" ".to_owned()));
    }
    before.extend(after);
    before
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Set,
    After,
}

fn last(assignments: &mut Vec<Vec<Part>>) -> &mut Vec<Part> {
    if assignments.is_empty() {
        assignments.push(Vec::new());
    }
    let end = assignments.len() - 1;
    &mut assignments[end]
}

/// Where a word ends in `text`, outside of quotes.
fn word_end(text: &str, word: &str) -> Option<usize> {
    let mut quoted = None;
    for (at, c) in text.char_indices() {
        match (quoted, c) {
            (None, '\'' | '"') => quoted = Some(c),
            (Some(quote), c) if c == quote => quoted = None,
            (None, _) if text.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word)) => {
                let before = text.get(..at).and_then(|before| before.chars().next_back());
                let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
                let is_part = |c: char| c.is_alphanumeric() || c == '_';
                if !before.is_some_and(is_part) && !after.is_some_and(is_part) {
                    return Some(at + word.len());
                }
            }
            _ => {}
        }
    }
    None
}
