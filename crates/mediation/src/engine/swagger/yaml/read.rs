//! YAML 1.2 as JSON values (its core schema).

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use serde_json::{Map, Number, Value};

/// As deep as JSON may be here.
const DEEPEST: usize = 128;
/// How much may come out, aliases written out: a byte of text counts one, a value as much as it takes in memory.
const HEAVIEST: usize = 32 << 20;

/// Why a text cannot be read as JSON values.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum YamlError {
    /// Not YAML.
    #[error(transparent)]
    Syntax(#[from] ScanError),
    /// More than the limits allow.
    #[error("the YAML is deeper than {DEEPEST} levels, or larger than {} MiB with its aliases written out", HEAVIEST >> 20)]
    TooMuch,
    /// A list or a mapping as a key.
    #[error("a key of the YAML is no text, which JSON needs")]
    Key,
    /// Of an anchor that does not come before, or is not complete.
    #[error("an alias of the YAML names no value that comes before it")]
    Alias,
}

/// The first document of a text.
pub(in super::super) fn read(text: &str) -> Result<Value, YamlError> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        match event?.0 {
            Event::Alias(anchor) => {
                let copied = reader.anchors.get(&anchor).ok_or(YamlError::Alias)?.clone();
                reader.weigh(copied.weight)?;
                reader.add(copied)?;
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let is_key = matches!(reader.open.last(), Some(Open { key: None, holds: Holds::Mapping(_), .. }));
                let value = if plain && !is_key { scalar(&text) } else { Value::String(text.into_owned()) };
                let weight = size_of::<Value>() + value.as_str().map_or(0, str::len);
                reader.weigh(weight)?;
                reader.finish(anchor, Weighed { value, weight, depth: 1 })?;
            }
            Event::SequenceStart(anchor, _) => reader.open(anchor, Holds::Sequence(Vec::new()))?,
            Event::MappingStart(anchor, _) => reader.open(anchor, Holds::Mapping(Map::new()))?,
            Event::SequenceEnd | Event::MappingEnd => reader.close()?,
            Event::DocumentEnd => break,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
    Ok(reader.done.unwrap_or_default())
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    anchors: HashMap<usize, Weighed>,
    weight: usize,
    done: Option<Value>,
}

/// A list or a mapping whose end has not come.
struct Open {
    anchor: usize,
    holds: Holds,
    /// The key that waits for its value.
    key: Option<String>,
    weight: usize,
    depth: usize,
}

enum Holds {
    Sequence(Vec<Value>),
    Mapping(Map<String, Value>),
}

#[derive(Clone)]
struct Weighed {
    value: Value,
    weight: usize,
    /// One for a value without others in it.
    depth: usize,
}

impl Reader {
    fn weigh(&mut self, more: usize) -> Result<(), YamlError> {
        self.weight = self.weight.saturating_add(more);
        if self.weight > HEAVIEST { Err(YamlError::TooMuch) } else { Ok(()) }
    }

    fn open(&mut self, anchor: usize, holds: Holds) -> Result<(), YamlError> {
        if self.open.len() >= DEEPEST {
            return Err(YamlError::TooMuch);
        }
        self.weigh(size_of::<Value>())?;
        self.open.push(Open { anchor, holds, key: None, weight: size_of::<Value>(), depth: 1 });
        Ok(())
    }

    fn close(&mut self) -> Result<(), YamlError> {
        let Some(Open { anchor, holds, weight, depth, .. }) = self.open.pop() else { return Ok(()) };
        let value = match holds {
            Holds::Sequence(items) => Value::Array(items),
            Holds::Mapping(members) => Value::Object(members),
        };
        self.finish(anchor, Weighed { value, weight, depth })
    }

    /// A value that is complete: kept for aliases where it has an anchor, and put where it belongs.
    fn finish(&mut self, anchor: usize, value: Weighed) -> Result<(), YamlError> {
        if anchor > 0 {
            self.weigh(value.weight)?;
            self.anchors.insert(anchor, value.clone());
        }
        self.add(value)
    }

    fn add(&mut self, Weighed { value, weight, depth }: Weighed) -> Result<(), YamlError> {
        if self.open.len() + depth > DEEPEST {
            return Err(YamlError::TooMuch);
        }
        let Some(open) = self.open.last_mut() else {
            self.done = Some(value);
            return Ok(());
        };
        open.weight += weight;
        open.depth = open.depth.max(depth + 1);
        match &mut open.holds {
            Holds::Sequence(items) => items.push(value),
            Holds::Mapping(members) => match (open.key.take(), value) {
                (Some(key), value) => drop(members.insert(key, value)),
                (None, Value::String(key)) => open.key = Some(key),
                (None, Value::Array(_) | Value::Object(_)) => return Err(YamlError::Key),
                // Of an alias: scalars that are keys stay texts.
                (None, value) => open.key = Some(value.to_string()),
            },
        }
        Ok(())
    }
}

/// What a text without quotes is.
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| text.into(), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        let digits = text.strip_prefix(prefix).filter(|digits| digits.starts_with(|c: char| c.is_ascii_hexdigit()));
        if let Some(digits) = digits {
            return u64::from_str_radix(digits, radix).ok().map(Number::from);
        }
    }
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("-", digits)) => ("-", digits),
        Some(("+", digits)) => ("", digits),
        _ => ("", text),
    };
    // YAML's `007`, `.5` and `5.` are no numbers of JSON; the rest is, digit by digit.
    let (whole, rest) = digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
    let (fraction, exponent) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (fraction, exponent) = rest.split_at(rest.find(['e', 'E']).unwrap_or(rest.len()));
            (Some(fraction), exponent)
        }
        None => (None, rest),
    };
    if whole.is_empty() && fraction.is_none_or(str::is_empty) {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = fraction.filter(|fraction| !fraction.is_empty()).map(|fraction| format!(".{fraction}"));
    format!("{sign}{whole}{}{exponent}", fraction.unwrap_or_default()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_as_people_write_them() {
        let text = "# comment\nopenapi: 3.0.1\ninfo: {title: Orders, version: \"1.0\"}\npaths:\n  /a/{id}:\n    get:\n      \
                    tags: [a, 'b']\n      description: >\n        two\n        lines\n      responses:\n        200: {description: yes}\n\
                    x: &one\n  - 1\ny: *one\n---\nsecond: true\n";
        let expected = json!({
            "openapi": "3.0.1",
            "info": {"title": "Orders", "version": "1.0"},
            "paths": {"/a/{id}": {"get": {
                "tags": ["a", "b"], "description": "two lines\n", "responses": {"200": {"description": "yes"}},
            }}},
            "x": [1],
            "y": [1],
        });
        assert_eq!(read(text).expect("YAML"), expected);
        assert_eq!(read("").expect("an empty document"), Value::Null);
    }

    #[test]
    fn scalars_of_the_core_schema() {
        for (text, expected) in [
            ("~", "null"),
            ("True", "true"),
            ("yes", "\"yes\""),
            ("12", "12"),
            ("-007", "-7"),
            ("+.5", "0.5"),
            ("5.", "5"),
            ("3.10", "3.10"),
            ("1e3", "1e+3"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("0x", "\"0x\""),
            ("0x+1", "\"0x+1\""),
            (".", "\".\""),
            ("-", "\"-\""),
            (".inf", "\".inf\""),
            ("1.2.3", "\"1.2.3\""),
            ("1 2", "\"1 2\""),
            ("2024-01-01", "\"2024-01-01\""),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ] {
            assert_eq!(scalar(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let value =
            json!({"a": ["true", "1.0", "", " x", "a: b", "# c", "é\n", null, 1.5, {}], "1": {"~": "~", "- a": []}});
        assert_eq!(read(&super::super::write(&value)).expect("YAML"), value);
    }

    #[test]
    fn what_is_no_document_says_so() {
        assert!(matches!(read("a: [1"), Err(YamlError::Syntax(_))));
        assert!(matches!(read("? [1]\n: 2"), Err(YamlError::Key)));
        assert!(read("a: *none").is_err());
        assert!(read("a: &a [*a]").is_err());
    }

    #[test]
    fn depth_and_size_are_bounded() {
        assert!(read(&format!("{}1{}", "[".repeat(DEEPEST - 1), "]".repeat(DEEPEST - 1))).is_ok());
        assert!(matches!(read(&"[".repeat(DEEPEST + 1)), Err(YamlError::TooMuch)));
        assert!(read(&"[".repeat(100_000)).is_err());
        let nested = |levels: usize| {
            let mut text = "l0: &l0 lol\n".to_owned();
            for level in 1..levels {
                let copies = vec![format!("*l{}", level - 1); 10].join(", ");
                text.push_str(&format!("l{level}: &l{level} [{copies}]\n"));
            }
            text
        };
        assert!(read(&nested(3)).is_ok());
        assert!(matches!(read(&nested(12)), Err(YamlError::TooMuch)));
        let deep: String = (1..200).map(|level| format!("l{level}: &l{level} [*l{}]\n", level - 1)).collect();
        assert!(matches!(read(&format!("l0: &l0 x\n{deep}")), Err(YamlError::TooMuch)));
    }
}
