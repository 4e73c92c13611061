//! JSON values written as YAML, for people to read.

use serde_json::Value;

/// A value as a YAML document.
pub(in super::super) fn write(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

fn block(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, inner) in members {
                indent(depth, out);
                scalar(name, out);
                out.push(':');
                below(inner, depth + 1, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                indent(depth, out);
                out.push('-');
                below(item, depth + 1, out);
            }
        }
        other => {
            indent(depth, out);
            plain(other, out);
            out.push('\n');
        }
    }
}

/// What follows a name or a dash: on the same line, or as a block of its own.
fn below(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            block(value, depth, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(value, depth, out);
        }
        other => {
            out.push(' ');
            plain(other, out);
            out.push('\n');
        }
    }
}

fn plain(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => scalar(text, out),
        // Numbers, Booleans, null and empty containers are the same in both.
        other => out.push_str(&other.to_string()),
    }
}

/// A text: as it is where YAML cannot take it for anything else, else in JSON's quotes, which YAML reads.
fn scalar(text: &str, out: &mut String) {
    let first_is_letter = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '/');
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '(' | ')');
    let is_word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    let version = text.split('.').count() == 3 && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if version || (first_is_letter && text.chars().all(safe) && !is_word && !text.ends_with(' ')) {
        out.push_str(text);
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use serde_json::json;

    #[test]
    fn nested_values_and_texts_that_need_quotes() {
        let value =
            json!({"a": [1, {"b": "true", "c": []}], "/x/{y}": {"d": "a: b", "e": null, "v": "1.0.0", "f": "1.5"}});
        let expected = "a:\n  - 1\n  -\n    b: \"true\"\n    c: []\n\"/x/{y}\":\n  d: \"a: b\"\n  e: null\n  v: 1.0.0\n  f: \"1.5\"\n";
        assert_eq!(write(&value), expected);
    }
}
