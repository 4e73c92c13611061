//! Java properties files: `conf/file.properties`, `conf/access-log.properties`, `conf/log4j2.properties`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::ConfigError;

/// Reads a properties file (UTF-8; bytes that are not are read as Latin-1, as Java's own reader does).
///
/// # Errors
/// [`ConfigError::Unreadable`] when the file cannot be read.
pub fn read(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let bytes = std::fs::read(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
    };
    Ok(parse(&text))
}

/// Parses the text of a properties file. Every text is one: what looks broken is a key without value.
///
/// `#` and `!` begin comment lines, a backslash at the end of a line continues it, `=`, `:` or blanks end the key, and
/// `\t \n \r \f \uXXXX` stand for characters. A later key replaces an earlier one.
pub fn parse(text: &str) -> BTreeMap<String, String> {
    logical_lines(text).into_iter().map(|line| key_and_value(&line)).collect()
}

fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current: Option<String> = None;
    for natural in text.lines() {
        let trimmed = natural.trim_start();
        if current.is_none() && (trimmed.is_empty() || trimmed.starts_with(['#', '!'])) {
            continue;
        }
        let backslashes = trimmed.chars().rev().take_while(|c| *c == '\\').count();
        let continues = backslashes % 2 == 1;
        let kept = if continues { trimmed.get(..trimmed.len() - 1).unwrap_or_default() } else { trimmed };
        let line = current.get_or_insert_default();
        line.push_str(kept);
        if !continues {
            lines.extend(current.take());
        }
    }
    lines.extend(current);
    lines
}

fn key_and_value(line: &str) -> (String, String) {
    let mut escaped = false;
    let mut end = line.len();
    for (at, c) in line.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if matches!(c, '=' | ':') || c.is_whitespace() {
            end = at;
            break;
        }
    }
    let (key, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    (unescape(key), unescape(value))
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.clone().take(4).collect();
                let code = if digits.len() == 4 { u32::from_str_radix(&digits, 16).ok() } else { None };
                match code.and_then(char::from_u32) {
                    Some(c) => {
                        out.push(c);
                        chars.nth(3);
                    }
                    None => out.push('u'),
                }
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_java_properties() {
        let map = parse(
            "# comment\n! other\n\n a = 1\nb:2 \nc 3\nlong = one, \\\n   two\nk\\ ey=v\\u00fc\\t!\nempty\npath=C:\\\\x",
        );
        let expected = [
            ("a", "1"),
            ("b", "2 "),
            ("c", "3"),
            ("empty", ""),
            ("k ey", "vü\t!"),
            ("long", "one, two"),
            ("path", "C:\\x"),
        ];
        assert_eq!(map, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn simple_pairs_survive(key in "[a-z.]{1,10}", value in "[a-z0-9=:#]{1,10}") {
            let map = parse(&format!("{key} = {value}\n"));
            let value = value.as_str();
            // A value's own leading separator stays: only one separator is taken.
            prop_assert_eq!(map.get(&key).map(String::as_str), Some(value));
        }
    }
}
