//! `xsl:number`.

use mi_xml::NodeKind;
use mi_xml::xpath::{Focus, NodePart, NodeRef};

use super::Machine;
use super::frame::Frame;
use crate::error::Failure;
use crate::sheet::{Level, Number};

impl<'a> Machine<'a> {
    pub(super) fn number(&self, number: &'a Number, focus: Focus<'a>, frame: &Frame<'a>) -> Result<String, Failure> {
        let numbers = match &number.value {
            Some(value) => {
                let value = value.evaluate_in(focus, &self.scope(frame, focus))?.to_number().round();
                // What cannot be counted is written as it is.
                if !(1.0..1e15).contains(&value) {
                    return Ok(mi_xml::xpath::number_to_string(value).into_owned());
                }
                // The cast is exact after the check.
                vec![value as u64]
            }
            None => match number.level {
                Level::Single => self.ancestors_counted(number, focus.node, frame, true)?,
                Level::Multiple => self.ancestors_counted(number, focus.node, frame, false)?,
                Level::Any => self.any_counted(number, focus.node, frame)?,
            },
        };
        let format = self.avt(&number.format, focus, frame)?;
        let grouping = match (&number.grouping_separator, &number.grouping_size) {
            (Some(separator), Some(size)) => {
                let size = self.avt(size, focus, frame)?.trim().parse().unwrap_or(0);
                Some((self.avt(separator, focus, frame)?.into_owned(), size))
            }
            _ => None,
        };
        Ok(format_numbers(&numbers, &format, grouping.as_ref().map(|(text, size)| (text.as_str(), *size))))
    }

    fn counts(
        &self,
        number: &'a Number,
        origin: NodeRef<'a>,
        node: NodeRef<'a>,
        frame: &Frame<'a>,
    ) -> Result<bool, Failure> {
        match &number.count {
            Some(pattern) => Ok(pattern.matches(node, &self.scope(frame, Focus::alone(node)))?),
            None => {
                let same_name = match (origin.name(), node.name()) {
                    (Some(a), Some(b)) => a.local == b.local && a.namespace == b.namespace,
                    (None, None) => true,
                    _ => false,
                };
                Ok(origin.kind() == node.kind() && same_name)
            }
        }
    }

    fn begins(&self, number: &'a Number, node: NodeRef<'a>, frame: &Frame<'a>) -> Result<bool, Failure> {
        match &number.from {
            Some(pattern) => Ok(pattern.matches(node, &self.scope(frame, Focus::alone(node)))?),
            None => Ok(false),
        }
    }

    /// The places of the node and its ancestors among their siblings, outermost first, as far as they count.
    fn ancestors_counted(
        &self,
        number: &'a Number,
        origin: NodeRef<'a>,
        frame: &Frame<'a>,
        only_first: bool,
    ) -> Result<Vec<u64>, Failure> {
        let mut places = Vec::new();
        let mut at = Some(origin);
        while let Some(node) = at {
            if node != origin && self.begins(number, node, frame)? {
                break;
            }
            if self.counts(number, origin, node, frame)? {
                places.insert(0, self.place_among_siblings(number, origin, node, frame)?);
                if only_first {
                    break;
                }
            }
            at = parent(node);
        }
        Ok(places)
    }

    fn place_among_siblings(
        &self,
        number: &'a Number,
        origin: NodeRef<'a>,
        node: NodeRef<'a>,
        frame: &Frame<'a>,
    ) -> Result<u64, Failure> {
        let mut place = 1;
        if node.part == NodePart::Whole {
            let mut before = node.document.previous_sibling(node.node);
            while let Some(id) = before {
                place += u64::from(self.counts(number, origin, NodeRef::new(node.document, id), frame)?);
                before = node.document.previous_sibling(id);
            }
        }
        Ok(place)
    }

    /// How many nodes count from the beginning, or the last node that begins a new count, up to the node.
    fn any_counted(&self, number: &'a Number, origin: NodeRef<'a>, frame: &Frame<'a>) -> Result<Vec<u64>, Failure> {
        let document = origin.document;
        let top = document.ancestors(origin.node).last().unwrap_or(origin.node);
        let mut count = 0;
        for id in std::iter::once(top).chain(document.descendants(top)) {
            let node = NodeRef::new(document, id);
            if document.kind(id) != NodeKind::Document && self.begins(number, node, frame)? {
                count = 0;
            }
            count += u64::from(self.counts(number, origin, node, frame)?);
            if id == origin.node {
                break;
            }
        }
        Ok(if count == 0 { Vec::new() } else { vec![count] })
    }
}

fn parent(node: NodeRef<'_>) -> Option<NodeRef<'_>> {
    match node.part {
        NodePart::Whole => node.document.parent(node.node).map(|parent| NodeRef::new(node.document, parent)),
        NodePart::Attribute(_) | NodePart::Namespace(_) => Some(NodeRef::new(node.document, node.node)),
    }
}

/// Formats numbers by XSLT 1.0 §7.7.1.
fn format_numbers(numbers: &[u64], format: &str, grouping: Option<(&str, usize)>) -> String {
    let mut tokens: Vec<String> = Vec::new();
    let mut was_word = None;
    for c in format.chars() {
        let is_word = c.is_alphanumeric();
        if was_word != Some(is_word) {
            tokens.push(String::new());
        }
        was_word = Some(is_word);
        if let Some(token) = tokens.last_mut() {
            token.push(c);
        }
    }
    let is_word = |token: &String| token.starts_with(char::is_alphanumeric);
    let prefix = tokens.first().filter(|token| !is_word(token)).cloned().unwrap_or_default();
    let only_one = tokens.len() == 1;
    let suffix = tokens.last().filter(|token| !is_word(token) && !only_one).cloned().unwrap_or_default();
    let words: Vec<&String> = tokens.iter().filter(|token| is_word(token)).collect();
    let gaps: Vec<&String> = {
        let first_word = tokens.iter().position(is_word).unwrap_or(0);
        tokens.iter().skip(first_word).filter(|token| !is_word(token)).collect()
    };
    let mut out = prefix;
    for (index, number) in numbers.iter().enumerate() {
        if index > 0 {
            // The separator before a number is the one before its word; later ones repeat the last.
            let last = words.len().saturating_sub(2);
            out.push_str(gaps.get((index - 1).min(last)).filter(|_| words.len() > 1).map_or(".", |gap| gap));
        }
        let word = words.get(index).or(words.last()).map_or("1", |word| word.as_str());
        out.push_str(&format_one(*number, word, grouping));
    }
    out.push_str(&suffix);
    out
}

fn format_one(number: u64, word: &str, grouping: Option<(&str, usize)>) -> String {
    match word {
        "a" => letters(number, b'a'),
        "A" => letters(number, b'A'),
        "i" => roman(number).to_lowercase(),
        "I" => roman(number),
        _ => {
            let width = if word.bytes().all(|byte| byte.is_ascii_digit()) { word.len() } else { 1 };
            let digits = format!("{number:0width$}");
            let Some((separator, size)) = grouping.filter(|(_, size)| *size > 0) else { return digits };
            let mut grouped = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place).is_multiple_of(size) {
                    grouped.push_str(separator);
                }
                grouped.push(digit);
            }
            grouped
        }
    }
}

fn letters(mut number: u64, first: u8) -> String {
    let mut reversed = Vec::new();
    while number > 0 {
        number -= 1;
        reversed.push(char::from(first + u8::try_from(number % 26).unwrap_or(0)));
        number /= 26;
    }
    reversed.into_iter().rev().collect()
}

fn roman(number: u64) -> String {
    const DIGITS: [(u64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if number >= 5000 {
        return number.to_string();
    }
    let mut rest = number;
    let mut out = String::new();
    for (value, digit) in DIGITS {
        while rest >= value {
            out.push_str(digit);
            rest -= value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        assert_eq!(format_numbers(&[3], "1", None), "3");
        assert_eq!(format_numbers(&[3], "001.", None), "003.");
        assert_eq!(format_numbers(&[1, 2, 3], "1.1", None), "1.2.3");
        assert_eq!(format_numbers(&[1, 28, 4], "(A-a) ", None), "(A-ab-d) ");
        assert_eq!(format_numbers(&[1994], "I", None), "MCMXCIV");
        assert_eq!(format_numbers(&[1234567], "1", Some((",", 3))), "1,234,567");
    }
}
