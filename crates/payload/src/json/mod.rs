//! JSON: its reader, its settings, and the conversions to and from XML (spec: payload and expressions, part 2).

mod from_xml;
mod lenient;
mod number;
mod reader;
mod settings;
mod to_xml;

pub use from_xml::{ConversionError, xml_to_json, xml_to_json_value};
pub use lenient::parse_lenient;
pub use number::big_decimal_text;
pub use reader::{JsonError, MAX_DEPTH, Reader, Token};
pub use settings::JsonSettings;
pub use to_xml::json_to_xml;

/// Appends `text` as the inside of a JSON string: `"` `\` and control characters escaped, nothing else.
pub fn escape_into(text: &str, out: &mut String) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            0x0c => "\\f",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x00..=0x1f => {
                out.push_str(&text[plain..at]);
                out.push_str(&format!("\\u{byte:04X}"));
                plain = at + 1;
                continue;
            }
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        out.push_str(escape);
        plain = at + 1;
    }
    out.push_str(&text[plain..]);
}

/// `text` as a JSON string, quotes included.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    escape_into(text, &mut out);
    out.push('"');
    out
}
