//! From bytes to text: which encoding, and whether the bytes are in it.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{Flaw, ParseError, ParseErrorKind, ParseOptions};

/// The input as text, without a byte order mark; borrowed if it was UTF-8.
pub(super) fn decode<'a>(input: &'a [u8], options: &ParseOptions) -> Result<Cow<'a, str>, ParseError> {
    let limit = options.max_bytes.min(u32::MAX as usize);
    let too_long = || {
        let message = format!("the document is longer than {limit} bytes");
        Flaw::new(0, ParseErrorKind::Limit, message).at("")
    };
    if input.len() > limit {
        return Err(too_long());
    }
    let (encoding, skip) = match Encoding::for_bom(input) {
        Some(found) => found,
        None => (options.encoding.map_or_else(|| declared(input), Ok)?, 0),
    };
    let bytes = input.get(skip..).unwrap_or_default();
    if encoding == UTF_8 {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => {
                let good = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
                let flaw = Flaw::new(good.len(), ParseErrorKind::Encoding, "invalid UTF-8");
                Err(flaw.at(&good))
            }
        };
    }
    let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) else {
        let message = format!("bytes that are not valid {}", encoding.name());
        return Err(Flaw::new(0, ParseErrorKind::Encoding, message).at(""));
    };
    if text.len() > limit { Err(too_long()) } else { Ok(text) }
}

/// The encoding that the document itself announces, without a byte order mark.
fn declared(input: &[u8]) -> Result<&'static Encoding, ParseError> {
    match input {
        [0, b'<', ..] => return Ok(UTF_16BE),
        [b'<', 0, ..] => return Ok(UTF_16LE),
        _ => {}
    }
    let Some(label) = declared_label(input) else { return Ok(UTF_8) };
    let Some(encoding) = Encoding::for_label(label) else {
        let message = format!("unknown encoding {}", String::from_utf8_lossy(label));
        return Err(Flaw::new(0, ParseErrorKind::Encoding, message).at(""));
    };
    // The declaration was readable as ASCII, so the text cannot be UTF-16 whatever it claims.
    Ok(if encoding == UTF_16BE || encoding == UTF_16LE { UTF_8 } else { encoding })
}

fn declared_label(input: &[u8]) -> Option<&[u8]> {
    // `<?xml-stylesheet` and the like are processing instructions, and say nothing of the encoding.
    let rest = input.strip_prefix(b"<?xml").filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))?;
    let declaration = rest.get(..memchr::memmem::find(rest, b"?>")?)?;
    let after = declaration.get(memchr::memmem::find(declaration, b"encoding")? + "encoding".len()..)?;
    let after = after.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, value) = after.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    value.get(..memchr::memchr(quote, value)?)
}
