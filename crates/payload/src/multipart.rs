//! Multipart bodies: `multipart/form-data` as the `mediate` element, `multipart/related` as an envelope (spec 1.4).

use base64::Engine as _;
use bytes::Bytes;
use mi_xml::ParseOptions;

use crate::build::{BuildContext, BuildError};
use crate::content_type::parameter;
use crate::payload::Payload;
use crate::soap::{Envelope, EnvelopeError, SoapVersion};

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
    let delimiter = format!("--{}", boundary.ok_or_else(|| fault("the content type names no boundary"))?);
    let finder = memchr::memmem::Finder::new(delimiter.as_bytes());
    let mut at = finder.find(bytes).ok_or_else(|| fault("no boundary found"))? + delimiter.len();
    let mut found = Vec::new();
    loop {
        let rest = &bytes[at..];
        if rest.starts_with(b"--") {
            return Ok(found);
        }
        let start = line_end(rest).ok_or_else(|| fault("cut short after a boundary"))?;
        let rest = &rest[start..];
        let end = finder.find(rest).ok_or_else(|| fault("the closing boundary is missing"))?;
        found.push(part(&rest[..end]).ok_or_else(|| fault("a part has no blank line after its headers"))?);
        at += start + end + delimiter.len();
    }
}

fn line_end(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes).map(|at| at + 1)
}

fn part(bytes: &[u8]) -> Option<Part<'_>> {
    let mut headers = Vec::new();
    let mut at = 0;
    loop {
        let length = line_end(&bytes[at..])?;
        let line = std::str::from_utf8(&bytes[at..at + length]).unwrap_or_default().trim();
        at += length;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim(), value.trim()));
        }
    }
    let content = &bytes[at..];
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    Some(Part { headers, content: content.strip_suffix(b"\r").unwrap_or(content) })
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

/// The root part of a `multipart/related` body: an envelope, or plain XML when the root part says so. `xop:Include`
/// elements are replaced by the base64 text of the part that they name.
pub(crate) fn build_related(
    bytes: &[u8],
    context: &BuildContext<'_>,
    limits: &ParseOptions,
) -> Result<Payload, BuildError> {
    let parts = parts(bytes, context.content_type)?;
    let start = parameter(context.content_type, "start");
    let root = start
        .and_then(|start| parts.iter().find(|part| part.header("Content-ID") == Some(start)))
        .or(parts.first())
        .ok_or_else(|| BuildError::Multipart("there is no part".to_owned()))?;
    let mut envelope = match Envelope::parse(root.content, limits) {
        Ok(envelope) => envelope,
        Err(EnvelopeError::NotAnEnvelope { .. }) => Envelope::around(root.content, SoapVersion::V11, limits)?,
        Err(error) => return Err(error.into()),
    };
    inline_xop(&mut envelope, &parts);
    Ok(Payload::xml(envelope))
}

const XOP: &str = "http://www.w3.org/2004/08/xop/include";

fn inline_xop(envelope: &mut Envelope, parts: &[Part<'_>]) {
    let document = &mut envelope.document;
    let includes: Vec<_> = document
        .descendants(envelope.element)
        .filter(|&node| document.local_name(node) == "Include" && document.namespace(node) == XOP)
        .collect();
    for include in includes {
        let Some(href) = document.attribute(include, "", "href").and_then(|href| href.strip_prefix("cid:")) else {
            continue;
        };
        let id = percent_encoding::percent_decode_str(href).decode_utf8_lossy().into_owned();
        let named =
            |part: &&Part<'_>| part.header("Content-ID").is_some_and(|known| known.trim_matches(['<', '>']) == id);
        let Some(part) = parts.iter().find(named) else { continue };
        let text = document.create_text(&base64::engine::general_purpose::STANDARD.encode(part.content));
        document.insert_before(include, text);
        document.detach(include);
    }
}

/// Writes `multipart/form-data`: one part a child element of the payload; children with a `filename` become files again.
/// Returns the bytes and the boundary that the content type must name.
pub fn format_form(envelope: &Envelope) -> (Bytes, String) {
    let boundary = "MIMEBoundary_mi_form";
    let mut out = Vec::new();
    let document = &envelope.document;
    for child in envelope.payload().into_iter().flat_map(|root| document.child_elements(root)) {
        let name = document.local_name(child);
        let file = document.attribute(child, "", "filename");
        let text = document.text_content(child);
        out.extend_from_slice(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"").as_bytes());
        if let Some(file) = file {
            let kind = document.attribute(child, "", "content-type").unwrap_or("text/plain");
            out.extend_from_slice(format!("; filename=\"{file}\"\r\nContent-Type: {kind}").as_bytes());
        }
        out.extend_from_slice(b"\r\n\r\n");
        let bytes = file.and_then(|_| base64::engine::general_purpose::STANDARD.decode(text.trim()).ok());
        out.extend_from_slice(bytes.as_deref().unwrap_or(text.as_bytes()));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (Bytes::from(out), boundary.to_owned())
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
        let (bytes, boundary) = format_form(envelope);
        let back = build_form(&bytes, &format!("multipart/form-data; boundary={boundary}")).expect("a form");
        let again = back.envelope(&JsonSettings::default()).expect("a view");
        assert_eq!(again.document.to_xml(again.payload().expect("content")), expected);
    }

    #[test]
    fn puts_attachments_back_into_the_envelope() {
        let body = "--b\r\nContent-ID: <r>\r\n\r\n<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><d>\
            <i:Include xmlns:i='http://www.w3.org/2004/08/xop/include' href='cid:x'/></d></s:Body></s:Envelope>\r\n\
            --b\r\nContent-ID: <x>\r\n\r\nhi\r\n--b--";
        let context =
            BuildContext { content_type: "multipart/related; boundary=\"b\"; start=\"<r>\"", ..Default::default() };
        let payload = build_related(body.as_bytes(), &context, &ParseOptions::default()).expect("related");
        let envelope = payload.envelope(&JsonSettings::default()).expect("a view");
        assert_eq!(envelope.document.text_content(envelope.body), "aGk=");
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
