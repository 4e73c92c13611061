//! Text written for other languages.

use std::fmt::Write as _;

use crate::syntax::OutputFormat;

fn each(text: &str, replaced: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match replaced(character) {
            Some(replacement) => out.push_str(replacement),
            None => out.push(character),
        }
    }
    out
}

/// For XML, and so for `?xml`.
pub(crate) fn xml(text: &str) -> String {
    markup(text, "&apos;")
}

/// For HTML and XHTML.
pub(crate) fn html(text: &str) -> String {
    markup(text, "&#39;")
}

fn markup(text: &str, apostrophe: &'static str) -> String {
    each(text, |character| match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some(apostrophe),
        _ => None,
    })
}

/// For RTF.
pub(crate) fn rtf(text: &str) -> String {
    each(text, |character| match character {
        '\\' => Some("\\\\"),
        '{' => Some("\\{"),
        '}' => Some("\\}"),
        _ => None,
    })
}

/// For an output format.
pub(crate) fn for_format(text: &str, format: OutputFormat) -> String {
    match format {
        OutputFormat::Xml => xml(text),
        OutputFormat::Html | OutputFormat::Xhtml => html(text),
        OutputFormat::Rtf => rtf(text),
        _ => text.to_owned(),
    }
}

/// For a string literal of JavaScript or, when `json`, of JSON. What could end a script or comment around it is escaped
/// too.
pub(crate) fn script(text: &str, json: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = [None, None];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        let hexadecimal = |out: &mut String| {
            let code = u32::from(character);
            // Writing to a String cannot fail.
            let _ = if !json && code < 0x100 { write!(out, "\\x{code:02X}") } else { write!(out, "\\u{code:04X}") };
        };
        let ends_section = match before {
            [_, None] => true,
            [None, Some(']' | '-')] => true,
            [Some(first), Some(second @ (']' | '-'))] => first == second,
            _ => false,
        };
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{c}' => out.push_str("\\f"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' => out.extend(['\\', character]),
            '\'' if !json => out.push_str("\\'"),
            '/' if matches!(before[1], None | Some('<')) => out.push_str("\\/"),
            '>' if ends_section && json => hexadecimal(&mut out),
            '>' if ends_section => out.push_str("\\>"),
            '<' if matches!(next, None | Some('!' | '?')) => hexadecimal(&mut out),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => hexadecimal(&mut out),
            other => out.push(other),
        }
        before = [before[1], Some(character)];
    }
    out
}

/// For a string literal of Java.
pub(crate) fn java(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out
}

/// For a URL, in UTF-8; of a path the slashes stay.
pub(crate) fn url(text: &str, path: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        let safe = byte.is_ascii_alphanumeric() || b"_-.!~'()*".contains(&byte) || path && byte == b'/';
        if safe {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
