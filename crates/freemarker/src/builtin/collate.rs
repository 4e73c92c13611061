//! The order in which texts are sorted: that of Java's collator for English, where case and white-space count last.

use std::cmp::Ordering;

/// Signs, in their order; they come before digits, and those before letters.
const SIGNS: &str = "_,;:!?/.`^'\"()[]{}@$*\\&#%+<=>|~";

/// Compares two texts.
pub(super) fn compare(first: &str, second: &str) -> Ordering {
    let primary = |text: &str| text.chars().filter_map(weight).collect::<Vec<_>>();
    primary(first)
        .cmp(&primary(second))
        // A small letter comes before its capital.
        .then_with(|| first.chars().map(accent).cmp(second.chars().map(accent)))
        .then_with(|| first.chars().map(|c| c.is_uppercase()).cmp(second.chars().map(|c| c.is_uppercase())))
        .then_with(|| first.cmp(second))
}

/// What a character counts at first; white-space and hyphens count nothing.
fn weight(character: char) -> Option<u32> {
    if character.is_whitespace() || character.is_control() || matches!(character, '-' | '\u{2010}'..='\u{2015}') {
        return None;
    }
    let base = base(character);
    if let Some(place) = SIGNS.chars().position(|sign| sign == base) {
        return u32::try_from(place).ok();
    }
    let class = if base.is_alphabetic() { 2 << 24 } else { 1 << 24 };
    Some(class + u32::from(base.to_lowercase().next().unwrap_or(base)))
}

fn accent(character: char) -> u32 {
    let base = base(character);
    if base == character || base.is_ascii_alphabetic() && character.is_ascii() { 0 } else { u32::from(character) }
}

/// A letter without its accent, of the Latin letters that are common.
fn base(character: char) -> char {
    match character {
        'à'..='å' => 'a',
        'À'..='Å' => 'A',
        'ç' => 'c',
        'Ç' => 'C',
        'è'..='ë' => 'e',
        'È'..='Ë' => 'E',
        'ì'..='ï' => 'i',
        'Ì'..='Ï' => 'I',
        'ñ' => 'n',
        'Ñ' => 'N',
        'ò'..='ö' | 'ø' => 'o',
        'Ò'..='Ö' | 'Ø' => 'O',
        'ù'..='ü' => 'u',
        'Ù'..='Ü' => 'U',
        'ý' | 'ÿ' => 'y',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_comes_last() {
        let mut words = vec!["B", "a", "A", "b", "é", "e", "z", "10", "_x", "ab", "a b"];
        words.sort_by(|a, b| compare(a, b));
        assert_eq!(words, ["_x", "10", "a", "A", "ab", "a b", "b", "B", "e", "é", "z"]);
    }
}
