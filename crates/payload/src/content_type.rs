//! Content types: the media type selects builder and formatter, the parameters say how (spec 1.3 to 1.5).

use crate::java::JavaRegex;

/// The media type of a `Content-Type` value: what stands before the first `;` (or `,`), without blanks around it.
pub fn media_type(content_type: &str) -> &str {
    let bytes = content_type.as_bytes();
    let end = memchr::memchr(b';', bytes).or_else(|| memchr::memchr(b',', bytes)).unwrap_or(bytes.len());
    content_type[..end].trim_ascii()
}

/// The value of a parameter of a `Content-Type` value, quotes removed.
pub fn parameter<'a>(content_type: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = content_type;
    loop {
        let (_, after) = split_unquoted(rest);
        rest = after?;
        let (part, _) = split_unquoted(rest);
        if let Some((key, value)) = part.split_once('=')
            && key.trim().eq_ignore_ascii_case(name)
        {
            return Some(value.trim().trim_matches(['"', '\'']));
        }
    }
}

/// What stands before and after the first `;` that is not between quotes.
fn split_unquoted(text: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    let mut bytes = text.bytes().enumerate();
    let end = bytes.find(|&(_, byte)| {
        quoted ^= byte == b'"';
        byte == b';' && !quoted
    });
    match end {
        Some((at, _)) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

/// How a kind of payload is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON text.
    Json,
    /// Plain old XML: the document element is the payload.
    Xml,
    /// A SOAP envelope of either version.
    Soap,
    /// Text.
    Text,
    /// Bytes that nobody interprets.
    Binary,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    MultipartForm,
    /// `multipart/related`: an envelope with attachments.
    MultipartRelated,
}

impl Format {
    /// The format that MI ships for a media type.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let known = match media_type {
            "application/json" => Self::Json,
            "application/xml" => Self::Xml,
            "text/xml" | "application/soap+xml" => Self::Soap,
            "text/plain" => Self::Text,
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" => Self::MultipartForm,
            "multipart/related" => Self::MultipartRelated,
            "application/octet-stream"
            | "application/binary"
            | "application/pdf"
            | "application/msword"
            | "application/vnd.ms-excel"
            | "application/vnd.ms-powerpoint"
            | "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
            | "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            | "application/vnd.openxmlformats-officedocument.presentationml.presentation" => Self::Binary,
            _ => return None,
        };
        Some(known)
    }

    /// The format of a configured Java class name (`[message_builders]`, `[custom_message_formatters]` …), by the words
    /// that MI's own class names hold.
    pub fn of_class_name(class: &str) -> Option<Self> {
        let simple = class.rsplit('.').next().unwrap_or(class);
        let words: [(&str, Self); 9] = [
            ("BinaryRelay", Self::Binary),
            ("BinaryBuilder", Self::Binary),
            ("BinaryFormatter", Self::Binary),
            ("Json", Self::Json),
            ("JSON", Self::Json),
            ("PlainText", Self::Text),
            ("XFormURLEncoded", Self::Form),
            ("MultipartFormData", Self::MultipartForm),
            ("ApplicationXML", Self::Xml),
        ];
        let known = words.iter().find(|(word, _)| simple.contains(word)).map(|&(_, format)| format);
        known.or_else(|| (simple.contains("SOAP")).then_some(Self::Soap))
    }
}

/// Which format each media type has: MI's defaults with the configuration's additions in front.
#[derive(Debug, Clone, Default)]
pub struct FormatTable {
    exact: Vec<(String, Format)>,
    patterns: Vec<(JavaRegex, Format)>,
}

impl FormatTable {
    /// Adds or replaces the format of `content_type`, which may be a regular expression.
    pub fn insert(&mut self, content_type: &str, format: Format) {
        self.exact.retain(|(known, _)| known != content_type);
        self.exact.push((content_type.to_owned(), format));
        if let Ok(regex) = JavaRegex::new(content_type) {
            self.patterns.push((regex, format));
        }
    }

    /// The format of a media type: as written, then in lower case, then by the configured patterns.
    pub fn lookup(&self, media_type: &str) -> Option<Format> {
        let exact = |name: &str| {
            let configured = self.exact.iter().find(|(known, _)| known == name).map(|&(_, format)| format);
            configured.or_else(|| Format::of_media_type(name))
        };
        exact(media_type).or_else(|| {
            if media_type.bytes().any(|byte| byte.is_ascii_uppercase())
                && let Some(format) = exact(&media_type.to_ascii_lowercase())
            {
                return Some(format);
            }
            let hit = self.patterns.iter().find(|(regex, _)| regex.matches(media_type));
            hit.map(|&(_, format)| format)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_content_types_apart() {
        assert_eq!(media_type("text/xml; charset=UTF-8"), "text/xml");
        assert_eq!(media_type("text/plain , x"), "text/plain");
        assert_eq!(parameter("text/xml; charset=\"UTF-8\"; action=a", "Charset"), Some("UTF-8"));
        assert_eq!(parameter("text/xml", "charset"), None);
        assert_eq!(parameter("form-data; name=\"a;b=c\"; b=d", "b"), Some("d"));
        assert_eq!(parameter("form-data; name=\"open; b=d", "b"), None);
    }

    #[test]
    fn looks_up_case_insensitively_and_by_pattern() {
        let mut table = FormatTable::default();
        assert_eq!(table.lookup("Application/JSON"), Some(Format::Json));
        assert_eq!(table.lookup("application/vnd.x+json"), None);
        table.insert(".*json", Format::Json);
        assert_eq!(table.lookup("application/vnd.x+json"), Some(Format::Json));
        table.insert("application/json", Format::Binary);
        assert_eq!(table.lookup("application/json"), Some(Format::Binary));
    }

    #[test]
    fn maps_class_names() {
        assert_eq!(Format::of_class_name("org.apache.synapse.commons.json.JsonStreamBuilder"), Some(Format::Json));
        assert_eq!(Format::of_class_name("org.apache.axis2.transport.http.SOAPMessageFormatter"), Some(Format::Soap));
        assert_eq!(Format::of_class_name("com.acme.Own"), None);
    }
}
