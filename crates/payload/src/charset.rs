//! The character set that a body is written in (spec 1.5: axis2 `CHARACTER_SET_ENCODING`, UTF-8 without one).

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// A character set. UTF-8 by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The table of the web platform, which takes these two for windows-1252, is not what Java means by them.
    Ascii,
    Latin1,
    Table(&'static Encoding),
}

/// What stands for a character that the character set lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// A character reference of XML.
    Reference,
    /// An escape of JSON.
    JsonEscape,
    /// A question mark, as Java has it.
    QuestionMark,
}

impl Default for Charset {
    fn default() -> Self {
        Self(Kind::Table(UTF_8))
    }
}

impl Charset {
    /// The character set with this label (`UTF-8`, `ISO-8859-1`, `windows-1252` …); `None` when nobody knows it.
    pub fn of_label(label: &str) -> Option<Self> {
        let label = label.trim();
        let kind = match Encoding::for_label(label.as_bytes())? {
            table if table == WINDOWS_1252 && label.to_ascii_lowercase().contains("ascii") => Kind::Ascii,
            table if table == WINDOWS_1252 && !label.contains("1252") => Kind::Latin1,
            other => Kind::Table(other),
        };
        Some(Self(kind))
    }

    /// Its name, as content types and XML declarations have it.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Ascii => "US-ASCII",
            Kind::Latin1 => "ISO-8859-1",
            Kind::Table(encoding) => encoding.name(),
        }
    }

    /// Whether it is UTF-8, in which all text is held: nothing is to be done then.
    pub fn is_utf8(self) -> bool {
        self.0 == Kind::Table(UTF_8)
    }

    /// `text`, which is UTF-8, in this character set.
    pub(crate) fn encode(self, text: Bytes, missing: Missing) -> Bytes {
        let wide = matches!(self.0, Kind::Table(encoding) if !encoding.is_ascii_compatible());
        if self.is_utf8() || !wide && text.is_ascii() {
            return text;
        }
        let text = String::from_utf8_lossy(&text);
        let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
        match self.0 {
            Kind::Table(table) if table == UTF_16LE => return units().flat_map(u16::to_le_bytes).collect(),
            Kind::Table(table) if table == UTF_16BE => return units().flat_map(u16::to_be_bytes).collect(),
            _ => {}
        }
        let mut out = Vec::with_capacity(text.len());
        for character in text.chars() {
            if !self.push(character, &mut out) {
                replace(character, missing, &mut out);
            }
        }
        Bytes::from(out)
    }

    /// Adds a character; says whether it could.
    fn push(self, character: char, out: &mut Vec<u8>) -> bool {
        let within = match self.0 {
            Kind::Ascii => u8::try_from(character).ok().filter(u8::is_ascii),
            Kind::Latin1 => u8::try_from(character).ok(),
            Kind::Table(encoding) => {
                let mut buffer = [0; 4];
                let (encoded, _, lacks) = encoding.encode(character.encode_utf8(&mut buffer));
                if !lacks {
                    out.extend_from_slice(&encoded);
                }
                return !lacks;
            }
        };
        out.extend(within);
        within.is_some()
    }
}

fn replace(character: char, missing: Missing, out: &mut Vec<u8>) {
    match missing {
        Missing::Reference => out.extend_from_slice(format!("&#{};", u32::from(character)).as_bytes()),
        Missing::JsonEscape => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
        Missing::QuestionMark => out.push(b'?'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_written_in_the_character_set_and_what_it_lacks_is_replaced() {
        let latin = Charset::of_label("iso-8859-1").expect("known");
        let encode = |missing| latin.encode(Bytes::from("é\u{20ac}"), missing).to_vec();
        assert_eq!(encode(Missing::Reference), b"\xe9&#8364;");
        assert_eq!(encode(Missing::JsonEscape), b"\xe9\\u20ac");
        assert_eq!(encode(Missing::QuestionMark), b"\xe9?");
        let windows = Charset::of_label("windows-1252").expect("known");
        assert_eq!(&windows.encode(Bytes::from("\u{20ac}"), Missing::Reference)[..], b"\x80");
        let ascii = Charset::of_label("US-ASCII").expect("known");
        assert_eq!((ascii.name(), &ascii.encode(Bytes::from("é"), Missing::QuestionMark)[..]), ("US-ASCII", &b"?"[..]));
        let wide = Charset::of_label("utf-16be").expect("known");
        assert_eq!(&wide.encode(Bytes::from("a"), Missing::Reference)[..], b"\xfe\xff\0a");
        assert!(Charset::of_label("nope").is_none() && Charset::default().is_utf8());
    }
}
