//! What is written with `&`, and the characters that XML does not allow.

use super::{Flaw, ParseErrorKind};
use crate::chars;

/// What one look at the whole input tells, so that no text needs to be looked at for it again.
#[derive(Copy, Clone)]
pub(super) struct Traits {
    /// There is a carriage return, so line ends have to be normalised.
    pub(super) carriage_returns: bool,
    /// There is a `]]>` somewhere, so texts have to be searched for it.
    pub(super) section_ends: bool,
}

/// Refuses characters that XML does not allow anywhere, and notes what the text may contain.
pub(super) fn look_over(input: &str) -> Result<Traits, Flaw> {
    let bytes = input.as_bytes();
    // Branchless over all bytes, so that the compiler can use wide registers.
    let (mut controls, mut returns, mut high) = (false, false, false);
    for &byte in bytes {
        controls |= byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r';
        returns |= byte == b'\r';
        high |= byte == 0xEF;
    }
    if (controls || high)
        && let Some((at, c)) = input.char_indices().find(|(_, c)| !chars::is_char(*c))
    {
        return Err(Flaw::syntax(at, format!("the character U+{:04X} is not allowed", u32::from(c))));
    }
    Ok(Traits { carriage_returns: returns, section_ends: memchr::memmem::find(bytes, b"]]>").is_some() })
}

/// What a reference stands for: a character by its number or one of the five predefined entities.
pub(super) fn resolve(name: &str, offset: usize) -> Result<char, Flaw> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok(),
            None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok(),
            _ => None,
        };
        return code
            .and_then(char::from_u32)
            .filter(|&c| chars::is_char(c))
            .ok_or_else(|| Flaw::syntax(offset, format!("&{name}; is not a character")));
    }
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        name if chars::is_ncname(name) => {
            Err(Flaw::new(offset, ParseErrorKind::Entity, format!("the entity {name} is not defined")))
        }
        _ => Err(Flaw::syntax(offset, "& begins no reference")),
    }
}

/// Appends an attribute value: references resolved, each line end and other white space a blank. Says whether there was
/// nothing of that.
pub(super) fn push_value(value: &str, offset: usize, out: &mut String) -> Result<bool, Flaw> {
    let special = |b: u8| matches!(b, b'&' | b'\t' | b'\n' | b'\r');
    let mut rest = value;
    while let Some(at) = rest.bytes().position(special) {
        let (clean, from) = rest.split_at(at);
        out.push_str(clean);
        rest = if from.starts_with('&') {
            let end = memchr::memchr(b';', from.as_bytes());
            let Some(name) = end.and_then(|end| from.get(1..end)) else {
                return Err(Flaw::syntax(offset, "a reference does not end"));
            };
            out.push(resolve(name, offset)?);
            from.get(name.len() + 2..).unwrap_or("")
        } else {
            // A line end is one blank, however many characters it has.
            out.push(' ');
            from.strip_prefix("\r\n").or_else(|| from.get(1..)).unwrap_or("")
        };
    }
    out.push_str(rest);
    Ok(rest.len() == value.len())
}

/// Appends text with line ends normalised to line feeds.
pub(super) fn push_lines(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\r', rest.as_bytes()) {
        let (clean, from) = rest.split_at(at);
        out.push_str(clean);
        out.push('\n');
        rest = from.strip_prefix("\r\n").or_else(|| from.get(1..)).unwrap_or("");
    }
    out.push_str(rest);
}
