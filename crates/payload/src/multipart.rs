//! Multipart bodies: their parts, and `multipart/form-data` as the `mediate` element (spec 1.4).

use base64::Engine as _;
use bytes::Bytes;

use crate::build::BuildError;
use crate::content_type::parameter;
use crate::format::Formatted;
use crate::payload::Payload;
use crate::soap::{Envelope, SoapVersion};

/// A body with more parts is refused.
const MAX_PARTS: usize = 1000;
/// So is a part whose headers are longer, in bytes.
const MAX_HEADERS: usize = 16 << 10;

/// One part of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    headers: Vec<(&'a str, &'a str)>,
    /// The content between the blank line and the next boundary.
    pub content: &'a [u8],
}

impl<'a> Part<'a> {
    /// The value of a header of the part.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, value)| value)
    }
}

/// Splits `bytes` at the boundary that the content type names.
pub fn parts<'a>(bytes: &'a [u8], content_type: &str) -> Result<Vec<Part<'a>>, BuildError> {
    let fault = |why: &str| BuildError::Multipart(why.to_owned());
    let boundary = parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty());
    let delimiter = Delimiter::new(boundary.ok_or_else(|| fault("the content type names no boundary"))?);
    let (_, mut rest) = delimiter.split(bytes).ok_or_else(|| fault("no boundary found"))?;
    let mut found = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(found);
        }
        let start = line_end(rest).ok_or_else(|| fault("cut short after a boundary"))?;
        let (content, after) = delimiter
            .split(rest.get(start..).unwrap_or_default())
            .ok_or_else(|| fault("the closing boundary is missing"))?;
        if found.len() == MAX_PARTS {
            return Err(BuildError::Multipart(format!("it has more than {MAX_PARTS} parts")));
        }
        found.push(part(content)?);
        rest = after;
    }
}

/// `--boundary` at the beginning of a line.
struct Delimiter<'n>(memchr::memmem::Finder<'n>);

impl Delimiter<'_> {
    fn new(boundary: &str) -> Self {
        Self(memchr::memmem::Finder::new(format!("--{boundary}").as_bytes()).into_owned())
    }

    /// What stands before the first delimiter and what after it.
    fn split<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let places = self.0.find_iter(bytes);
        let mut split = places.filter_map(|at| Some((bytes.get(..at)?, bytes.get(at + self.0.needle().len()..)?)));
        split.find(|(before, after)| {
            let begins_line = before.last().is_none_or(|&byte| byte == b'\n');
            // Another boundary may begin as this one does.
            begins_line && (after.starts_with(b"--") || after.first().is_none_or(u8::is_ascii_whitespace))
        })
    }
}

fn line_end(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes).map(|at| at + 1)
}

fn part(bytes: &[u8]) -> Result<Part<'_>, BuildError> {
    let mut headers = Vec::new();
    let mut rest = bytes;
    loop {
        let end = line_end(rest)
            .ok_or_else(|| BuildError::Multipart("a part has no blank line after its headers".to_owned()))?;
        let (line, after) = rest.split_at(end);
        rest = after;
        let line = std::str::from_utf8(line).unwrap_or_default().trim();
        if line.is_empty() {
            break;
        }
        if bytes.len() - rest.len() > MAX_HEADERS {
            return Err(BuildError::Multipart(format!("the headers of a part are longer than {MAX_HEADERS} bytes")));
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim(), value.trim()));
        }
    }
    let content = rest.strip_suffix(b"\n").unwrap_or(rest);
    Ok(Part { headers, content: content.strip_suffix(b"\r").unwrap_or(content) })
}

/// `<mediate>` with one child a part, named by the field; files as base64 with `filename` and `content-type`.
pub(crate) fn build_form(bytes: &[u8], content_type: &str) -> Result<Payload, BuildError> {
    let mut envelope = Envelope::empty(SoapVersion::V12);
    let document = &mut envelope.document;
    let root = document.create_element("", "", "mediate");
    for part in parts(bytes, content_type)? {
        let disposition = part.header("Content-Disposition").unwrap_or_default();
        let Some(name) = parameter(disposition, "name").filter(|name| !name.is_empty()) else { continue };
        let element = document.create_element("", "", name);
        let text = match parameter(disposition, "filename") {
            Some(file) => {
                document.set_attribute(element, "", "", "filename", file);
                let kind = part.header("Content-Type").unwrap_or("text/plain");
                document.set_attribute(element, "", "", "content-type", kind);
                base64::engine::general_purpose::STANDARD.encode(part.content)
            }
            None => String::from_utf8_lossy(part.content).into_owned(),
        };
        let text = document.create_text(&text);
        document.append_child(element, text);
        document.append_child(root, element);
    }
    document.append_child(envelope.body, root);
    Ok(Payload::xml(envelope))
}

/// Writes a multipart body with a boundary that stands in none of its contents.
pub(crate) struct Writer {
    boundary: String,
    out: Vec<u8>,
}

impl Writer {
    /// Begins a body of parts with these contents.
    pub(crate) fn new(contents: &[&[u8]]) -> Self {
        let names = (0_u64..).map(|number| format!("MIMEBoundary_mi_{number:04}"));
        let is_free = |name: &String| {
            let finder = memchr::memmem::Finder::new(name.as_bytes());
            contents.iter().all(|content| finder.find(content).is_none())
        };
        let boundary = names.into_iter().find(is_free).unwrap_or_default();
        Self { boundary, out: Vec::with_capacity(contents.iter().map(|content| content.len() + 256).sum()) }
    }

    /// Adds a part; each header ends with a line break.
    pub(crate) fn part(&mut self, headers: &str, content: &[u8]) {
        self.out.extend_from_slice(format!("--{}\r\n{headers}\r\n", self.boundary).as_bytes());
        self.out.extend_from_slice(content);
        self.out.extend_from_slice(b"\r\n");
    }

    /// The body, and the boundary that the content type must name.
    pub(crate) fn finish(mut self) -> (Bytes, String) {
        self.out.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (self.out.into(), self.boundary)
    }
}

/// `text` without what would end a header line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// A value between quotes in `Content-Disposition`, escaped as browsers do.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Writes `multipart/form-data`: one part a child element of the payload; children with a `filename` become files again.
pub(crate) fn format_form(envelope: &Envelope) -> Formatted {
    let document = &envelope.document;
    let children = envelope.payload().into_iter().flat_map(|root| document.child_elements(root));
    let parts: Vec<_> = children
        .map(|child| {
            let text = document.text_content(child);
            let mut headers =
                format!("Content-Disposition: form-data; name=\"{}\"", quoted(document.local_name(child)));
            let Some(file) = document.attribute(child, "", "filename") else {
                return (format!("{headers}\r\n"), text.into_owned().into_bytes());
            };
            let kind = document.attribute(child, "", "content-type").unwrap_or("text/plain");
            headers.push_str(&format!("; filename=\"{}\"\r\nContent-Type: {}\r\n", quoted(file), one_line(kind)));
            let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim());
            (headers, bytes.unwrap_or_else(|_| text.into_owned().into_bytes()))
        })
        .collect();
    let contents: Vec<_> = parts.iter().map(|(_, content)| content.as_slice()).collect();
    let mut writer = Writer::new(&contents);
    for (headers, content) in &parts {
        writer.part(headers, content);
    }
    let (bytes, boundary) = writer.finish();
    Formatted { bytes, content_type: Some(format!("multipart/form-data; boundary={boundary}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::JsonSettings;
    use proptest::prelude::*;

    const FORM: &[u8] =
        b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; \
        name=\"f\"; filename=\"x.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n\x01\x02\r\n--b--\r\n";

    #[test]
    fn reads_and_writes_form_data() {
        let payload = build_form(FORM, "multipart/form-data; boundary=b").expect("a form");
        let envelope = payload.envelope(&JsonSettings::default()).expect("a view");
        let xml = envelope.document.to_xml(envelope.payload().expect("content"));
        let expected =
            "<mediate><a>1</a><f filename=\"x.bin\" content-type=\"application/octet-stream\">AQI=</f></mediate>";
        assert_eq!(xml, expected);
        let written = format_form(envelope);
        let back = build_form(&written.bytes, &written.content_type.expect("a type of its own")).expect("a form");
        let again = back.envelope(&JsonSettings::default()).expect("a view");
        assert_eq!(again.document.to_xml(again.payload().expect("content")), expected);
    }

    #[test]
    fn boundaries_are_lines_and_contents_may_look_like_them() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"a;b\"\r\n\r\nx --b y\r\n--bb\r\n--b--\r\n";
        let found = parts(body, "multipart/form-data; boundary=b").expect("well made");
        let part = found.first().expect("one");
        assert_eq!((found.len(), part.content), (1, &b"x --b y\r\n--bb"[..]));
        assert_eq!(parameter(part.header("content-disposition").expect("there"), "name"), Some("a;b"));
        let mut writer = Writer::new(&[b"--MIMEBoundary_mi_0000--"]);
        writer.part("", b"--MIMEBoundary_mi_0000--");
        let (bytes, boundary) = writer.finish();
        assert_eq!(parts(&bytes, &format!("a/b; boundary={boundary}")).expect("our own").len(), 1);
    }

    #[test]
    fn file_names_do_not_end_headers() {
        let mut envelope = Envelope::empty(SoapVersion::V11);
        let document = &mut envelope.document;
        let root = document.create_element("", "", "mediate");
        let file = document.create_element("", "", "f");
        document.set_attribute(file, "", "", "filename", "a\"\r\nX: y");
        document.set_attribute(file, "", "", "content-type", "a/b\r\nX: y");
        document.append_child(root, file);
        document.append_child(envelope.body, root);
        let text = String::from_utf8_lossy(&format_form(&envelope).bytes).into_owned();
        assert!(text.contains("filename=\"a%22%0D%0AX: y\"") && !text.contains("\nX: y"), "{text}");
    }

    #[test]
    fn a_body_of_too_many_parts_or_too_long_headers_is_refused() {
        let many = "--b\r\n\r\n\r\n".repeat(MAX_PARTS + 1) + "--b--";
        let long = format!("--b\r\n{}\r\n\r\n--b--", "X: y\r\n".repeat(MAX_HEADERS));
        for body in [many, long] {
            assert!(matches!(parts(body.as_bytes(), "a/b; boundary=b"), Err(BuildError::Multipart(_))));
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (bytes, content_type) in [
            (&b"x"[..], "multipart/form-data"),
            (b"x", "multipart/form-data; boundary=b"),
            (b"--b\r\n", "m; boundary=b"),
        ] {
            assert!(matches!(build_form(bytes, content_type), Err(BuildError::Multipart(_))));
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(prop_oneof![Just(b'-'), Just(b'b'), Just(b'\r'), Just(b'\n'), any::<u8>()], 0..64)) {
            let _ = parts(&bytes, "multipart/form-data; boundary=b");
        }
    }
}
