//! What Gson's lenient reader accepts beyond JSON, for `json-eval` and `${…}` (spec 2.3 rule 11): single quotes, bare
//! words, comments, `;` for `,`, `=` for `:`, trailing commas.

use serde_json::{Map, Number, Value};

use super::{JsonError, MAX_DEPTH};

/// Reads `text` leniently.
pub fn parse_lenient(text: &str) -> Result<Value, JsonError> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.skip_blanks();
    if parser.at < text.len() {
        return Err(parser.error("text after the end of the JSON document"));
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.error("JSON nested too deeply"));
        }
        self.skip_blanks();
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(Value::String),
            Some(_) => self.word().map(|word| scalar(&word)),
            None => Err(self.error("unexpected end of JSON")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.bump();
        let mut members = Map::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                Some('}') => {
                    self.bump();
                    return Ok(Value::Object(members));
                }
                Some(',' | ';') if !members.is_empty() => {
                    self.bump();
                    continue;
                }
                None => return Err(self.error("unexpected end of JSON")),
                _ => {}
            }
            let name = match self.peek() {
                Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
                _ => self.word()?,
            };
            self.skip_blanks();
            match self.peek() {
                Some(':') => self.bump(),
                Some('=') => {
                    self.bump();
                    if self.peek() == Some('>') {
                        self.bump();
                    }
                }
                _ => return Err(self.error("expected ':' after a member's name")),
            }
            let value = self.value(depth + 1)?;
            members.insert(name, value);
            self.skip_blanks();
            if !matches!(self.peek(), Some(',' | ';' | '}')) {
                return Err(self.error("expected ',' or '}'"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.bump();
        let mut items = Vec::new();
        let mut after_value = false;
        loop {
            self.skip_blanks();
            match self.peek() {
                Some(']') => {
                    self.bump();
                    return Ok(Value::Array(items));
                }
                Some(',' | ';') => {
                    // Gson reads a value left out between two commas as null.
                    if !after_value {
                        items.push(Value::Null);
                    }
                    self.bump();
                    after_value = false;
                }
                Some(_) if after_value => return Err(self.error("expected ',' or ']'")),
                Some(_) => {
                    items.push(self.value(depth + 1)?);
                    after_value = true;
                }
                None => return Err(self.error("unexpected end of JSON")),
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, JsonError> {
        self.bump();
        let mut out = String::new();
        loop {
            let Some(character) = self.peek() else { return Err(self.error("unterminated string")) };
            self.bump();
            match character {
                end if end == quote => return Ok(out),
                '\\' => {
                    let Some(escape) = self.peek() else { return Err(self.error("unterminated string")) };
                    self.bump();
                    out.push(match escape {
                        'b' => '\u{8}',
                        'f' => '\u{c}',
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'u' => self.unicode()?,
                        '\n' => '\n',
                        other @ ('"' | '\'' | '\\' | '/') => other,
                        _ => return Err(self.error("unknown escape in a string")),
                    });
                }
                other => out.push(other),
            }
        }
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.error("malformed \\u escape"))?;
        self.at += 4;
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn word(&mut self) -> Result<String, JsonError> {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| {
                c.is_whitespace() || matches!(c, '{' | '}' | '[' | ']' | ':' | ',' | ';' | '=' | '#' | '\\' | '/')
            })
            .unwrap_or(rest.len());
        if end == 0 {
            return Err(self.error("expected a JSON value"));
        }
        self.at += end;
        Ok(rest[..end].to_owned())
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let blanks = rest.len() - rest.trim_start().len();
            self.at += blanks;
            let rest = &self.text[self.at..];
            let comment = if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else if rest.starts_with("//") || rest.starts_with('#') {
                rest.find('\n').unwrap_or(rest.len())
            } else {
                0
            };
            if comment == 0 {
                return;
            }
            self.at += comment;
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn error(&self, message: &str) -> JsonError {
        JsonError { message: message.to_owned(), offset: self.at }
    }
}

fn scalar(word: &str) -> Value {
    match word.to_ascii_lowercase().as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => match serde_json::from_str::<Number>(word) {
            Ok(number) => Value::Number(number),
            Err(_) => Value::String(word.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn accepts_what_gson_accepts() {
        for (text, value) in [
            ("{a:1,'b':'x',}", json!({"a": 1, "b": "x"})),
            ("[1,,2]", json!([1, null, 2])),
            ("{a=1;b=>2}", json!({"a": 1, "b": 2})),
            ("/* c */ [TRUE, word] // end", json!([true, "word"])),
            ("word", json!("word")),
            ("\"a\\u0041\"", json!("aA")),
        ] {
            assert_eq!(parse_lenient(text).expect(text), value, "{text}");
        }
    }

    #[test]
    fn refuses_what_nobody_can_read() {
        for text in ["", "{", "[1", "{a}", "[1 2]", "{}{}"] {
            assert!(parse_lenient(text).is_err(), "{text}");
        }
        assert!(parse_lenient(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn never_panics_and_agrees_with_strict_json(text in r#"[\[\]{}:,"'0-9a-e.\\/ #=;é-]{0,24}"#) {
            let lenient = parse_lenient(&text);
            if let Ok(strict) = serde_json::from_str::<Value>(&text) {
                prop_assert_eq!(lenient.expect("strict JSON is lenient JSON"), strict);
            }
        }
    }
}
