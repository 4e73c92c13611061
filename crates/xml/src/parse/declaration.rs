//! The XML declaration: version, encoding, standalone, in this order.

use super::Flaw;
use super::scanner::{InTag, Scanner};
use crate::document::Declaration;

/// Reads what stands between `<?xml` and `?>`.
pub(super) fn read(inside: &str) -> Result<Declaration, Flaw> {
    let mut declaration = Declaration::default();
    // A closing bracket makes it look like the inside of a tag.
    let tag = format!("{}>", inside.trim_end());
    let mut scanner = Scanner::new(&tag);
    let mut expected: &[&str] = &["version"];
    loop {
        let attribute = match scanner.in_tag().map_err(|flaw| Flaw::syntax(0, flaw.message))? {
            InTag::Attribute(attribute) => attribute,
            InTag::End if expected != ["version"] => return Ok(declaration),
            InTag::End | InTag::EmptyEnd => return Err(Flaw::syntax(0, "the XML declaration has no version")),
        };
        let name = attribute.name.text;
        if !expected.contains(&name) {
            return Err(Flaw::syntax(0, format!("{name} is not allowed at this place of the XML declaration")));
        }
        expected = match name {
            "version" => &["encoding", "standalone"],
            "encoding" => &["standalone"],
            _ => &[],
        };
        match (name, attribute.value) {
            ("version", version) if is_version(version) => {}
            ("version", other) => return Err(Flaw::syntax(0, format!("there is no XML version {other}"))),
            ("encoding", label) if is_encoding_name(label) => declaration.encoding = Some(label.to_owned()),
            ("encoding", label) => return Err(Flaw::syntax(0, format!("{label} cannot be an encoding"))),
            (_, "yes") => declaration.standalone = Some(true),
            (_, "no") => declaration.standalone = Some(false),
            (_, other) => return Err(Flaw::syntax(0, format!("standalone cannot be {other}"))),
        }
    }
}

/// Any version 1 is read as 1.0, as its fifth edition says.
fn is_version(text: &str) -> bool {
    let minor = text.strip_prefix("1.").unwrap_or("");
    !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit())
}

fn is_encoding_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
