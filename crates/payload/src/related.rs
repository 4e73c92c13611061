//! `multipart/related`: an envelope and its attachments (spec 1.4, 1.5).
//!
//! Reading keeps every part but the root as an [`Attachment`] and puts the base64 text of those that `xop:Include`
//! elements name into the tree, so that expressions see them. Writing goes two ways: SwA sends the envelope and all
//! attachments beside it; MTOM sends those whose base64 text stands in the tree, each with an `xop:Include` in its place.
//! What the text says decides, not where it came from: a text that a mediator copied or moved is still optimised, one
//! that it changed is not.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mi_xml::{NodeId, ParseOptions};

use crate::build::{BuildContext, BuildError, Built};
use crate::content_type::{media_type, parameter};
use crate::format::{FormatOptions, Formatted};
use crate::multipart::{Part, Writer, one_line, parts};
use crate::payload::{PAYLOAD_NAMESPACE, Payload};
use crate::soap::{Envelope, EnvelopeError, SoapVersion};

/// Namespace of `xop:Include`.
pub const XOP: &str = "http://www.w3.org/2004/08/xop/include";

/// The text that `xop:Include` elements bring into the tree is at most this many times the size of the message: an
/// attachment that is named again and again would otherwise make much of little.
const MAX_INLINED: usize = 4;

/// A part of a message beside its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// `Content-ID`, without angle brackets.
    pub id: String,
    /// `Content-Type`.
    pub content_type: String,
    /// The content, its transfer encoding undone.
    pub bytes: Bytes,
}

/// How an envelope and its attachments travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Packaging {
    /// The envelope alone.
    #[default]
    Plain,
    /// MTOM: binary content of the tree as parts of their own, in a XOP package.
    Mtom,
    /// SOAP with attachments.
    Swa,
}

/// The envelope in the root part, or plain XML when the root part says so, and the other parts.
pub(crate) fn build(bytes: &Bytes, context: &BuildContext<'_>, limits: &ParseOptions) -> Result<Built, BuildError> {
    let parts = parts(bytes, context.content_type)?;
    let start = parameter(context.content_type, "start").map(bare);
    let root = start
        .and_then(|start| parts.iter().position(|part| part.header("Content-ID").map(bare) == Some(start)))
        .unwrap_or_default();
    let Some(root_part) = parts.get(root) else { return Err(BuildError::Multipart("there is no part".to_owned())) };
    let mut limits = limits.clone();
    if let Some(charset) = root_part.header("Content-Type").and_then(|kind| parameter(kind, "charset")) {
        let encoding = encoding_rs::Encoding::for_label(charset.as_bytes());
        limits.encoding = Some(encoding.ok_or_else(|| BuildError::Charset(charset.to_owned()))?);
    }
    let content = decoded(bytes, root_part)?;
    let (mut envelope, _) = match Envelope::parse(&content, &limits) {
        Ok(read) => read,
        Err(EnvelopeError::NotAnEnvelope { .. }) => Envelope::around(&content, SoapVersion::V11, &limits)?,
        Err(error) => return Err(error.into()),
    };
    let others = parts.iter().enumerate().filter(|&(index, _)| index != root);
    let attachments = others.map(|(index, part)| attachment(bytes, index, part)).collect::<Result<Vec<_>, _>>()?;
    inline(&mut envelope, &attachments, bytes.len().saturating_mul(MAX_INLINED))?;
    Ok(Built { payload: Payload::xml(envelope), attachments })
}

fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

fn attachment(bytes: &Bytes, index: usize, part: &Part<'_>) -> Result<Attachment, BuildError> {
    Ok(Attachment {
        id: part.header("Content-ID").map_or_else(|| format!("part{index}"), |id| bare(id).to_owned()),
        content_type: part.header("Content-Type").unwrap_or("application/octet-stream").to_owned(),
        bytes: decoded(bytes, part)?,
    })
}

/// The content of a part with its `Content-Transfer-Encoding` undone.
fn decoded(whole: &Bytes, part: &Part<'_>) -> Result<Bytes, BuildError> {
    let coding = part.header("Content-Transfer-Encoding").unwrap_or("binary");
    if coding.eq_ignore_ascii_case("base64") {
        let text: Vec<u8> = part.content.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let bytes = STANDARD.decode(text);
        return bytes.map(Bytes::from).map_err(|error| BuildError::Multipart(format!("a part in base64: {error}")));
    }
    if coding.eq_ignore_ascii_case("quoted-printable") {
        return Ok(quoted_printable(part.content).into());
    }
    Ok(whole.slice_ref(part.content))
}

/// Undoes quoted-printable (RFC 2045 section 6.7); what is malformed stays as it is.
fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let hex = |at: usize| after.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match (first, hex(0), hex(1)) {
            (b'=', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'=', ..) if after.starts_with(b"\r\n") => rest = after.get(2..).unwrap_or_default(),
            (b'=', ..) if after.starts_with(b"\n") => rest = after.get(1..).unwrap_or_default(),
            _ => {
                out.push(first);
                rest = after;
            }
        }
    }
    out
}

/// Puts the base64 text of attachments in place of the `xop:Include` elements that name them.
fn inline(envelope: &mut Envelope, attachments: &[Attachment], budget: usize) -> Result<(), BuildError> {
    let document = &mut envelope.document;
    let includes: Vec<_> =
        document.descendants(envelope.element).filter(|&node| document.is_named(node, XOP, "Include")).collect();
    let mut left = budget;
    for include in includes {
        let Some(href) = document.attribute(include, "", "href").and_then(|href| href.strip_prefix("cid:")) else {
            continue;
        };
        let id = percent_encoding::percent_decode_str(href).decode_utf8_lossy();
        let Some(found) = attachments.iter().find(|attachment| attachment.id == id) else { continue };
        left = left.checked_sub(found.bytes.len()).ok_or_else(|| {
            BuildError::Multipart("its xop:Include elements name far more data than it holds".to_owned())
        })?;
        let text = document.create_text(&STANDARD.encode(&found.bytes));
        document.insert_before(include, text);
        document.detach(include);
    }
    Ok(())
}

/// Characters that an identifier in a URL must not hold.
const CID: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'%').add(b'#');

/// Writes the XOP package or the envelope with attachments; `soap` writes an envelope.
pub(crate) fn write(
    envelope: &Envelope,
    options: FormatOptions<'_>,
    soap: impl Fn(&Envelope, FormatOptions<'_>) -> Bytes,
) -> Formatted {
    const ROOT: &str = "0.root@envelope";
    let soap_type = envelope.version.media_type();
    let (bytes, parts, media) = match options.packaging {
        Packaging::Mtom => {
            let mut package = envelope.clone();
            let parts = extract(&mut package, options.attachments);
            (soap(&package, options), parts, "application/xop+xml")
        }
        Packaging::Swa | Packaging::Plain => (soap(envelope, options), options.attachments.to_vec(), soap_type),
    };
    let contents: Vec<&[u8]> = std::iter::once(&bytes[..]).chain(parts.iter().map(|part| &part.bytes[..])).collect();
    let mut writer = Writer::new(&contents);
    let charset = options.charset.name();
    let root_type = match options.packaging {
        Packaging::Mtom => format!("{media}; charset={charset}; type=\"{soap_type}\""),
        _ => format!("{media}; charset={charset}"),
    };
    let headers = |id: &str, kind: &str, coding: &str| {
        let (id, kind) = (one_line(id), one_line(kind));
        format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {coding}\r\nContent-ID: <{id}>\r\n")
    };
    let root_coding = if options.packaging == Packaging::Mtom { "binary" } else { "8bit" };
    writer.part(&headers(ROOT, &root_type, root_coding), &bytes);
    for part in &parts {
        writer.part(&headers(&part.id, &part.content_type, "binary"), &part.bytes);
    }
    let (bytes, boundary) = writer.finish();
    let mut content_type = format!("multipart/related; boundary=\"{boundary}\"; type=\"{media}\"; start=\"<{ROOT}>\"");
    if options.packaging == Packaging::Mtom {
        content_type.push_str(&format!("; start-info=\"{soap_type}\""));
    }
    Formatted { bytes, content_type: Some(content_type) }
}

/// Takes binary content out of the tree: texts that are an attachment in base64, and the wrapper of binary payloads.
fn extract(envelope: &mut Envelope, attachments: &[Attachment]) -> Vec<Attachment> {
    let known: HashMap<String, &Attachment> = attachments
        .iter()
        .filter(|attachment| !attachment.bytes.is_empty())
        .map(|attachment| (STANDARD.encode(&attachment.bytes), attachment))
        .collect();
    let found = binaries(envelope, &known);
    let document = &mut envelope.document;
    let mut taken: Vec<Attachment> = Vec::new();
    for (text, attachment) in found {
        let href = format!("cid:{}", percent_encoding::utf8_percent_encode(&attachment.id, CID));
        let include = document.create_element("xop", XOP, "Include");
        document.declare_namespace(include, "xop", XOP);
        document.set_attribute(include, "", "", "href", &href);
        document.insert_before(text, include);
        document.detach(text);
        if taken.iter().all(|known| known.id != attachment.id) {
            taken.push(attachment);
        }
    }
    taken
}

/// The text nodes that are binary content, and what they are.
fn binaries(envelope: &Envelope, known: &HashMap<String, &Attachment>) -> Vec<(NodeId, Attachment)> {
    let document = &envelope.document;
    let mut found = Vec::new();
    for node in document.descendants(envelope.element) {
        let Some(text) = document.text(node).filter(|_| !document.is_element(node)) else { continue };
        let Some(parent) = document.parent(node) else { continue };
        // XOP takes an element's whole content, nothing less.
        if document.first_child(parent) != Some(node) || document.next_sibling(node).is_some() {
            continue;
        }
        if let Some(&attachment) = known.get(text.trim()) {
            found.push((node, attachment.clone()));
        } else if document.is_named(parent, PAYLOAD_NAMESPACE, "binary")
            && let Ok(bytes) = STANDARD.decode(text.trim())
        {
            let id = format!("{}.binary@payload", found.len() + 1);
            let content_type = "application/octet-stream".to_owned();
            found.push((node, Attachment { id, content_type, bytes: bytes.into() }));
        }
    }
    found
}

/// The packaging that a received content type has.
pub fn packaging(content_type: &str) -> Packaging {
    if !media_type(content_type).eq_ignore_ascii_case("multipart/related") {
        return Packaging::Plain;
    }
    match parameter(content_type, "type") {
        Some(kind) if kind.eq_ignore_ascii_case("application/xop+xml") => Packaging::Mtom,
        _ => Packaging::Swa,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::format;
    use crate::json::JsonSettings;
    use crate::{Format, FormatTable};

    const MTOM: &str = "--b\r\nContent-ID: <r>\r\nContent-Type: application/xop+xml; charset=UTF-8\r\n\r\n\
        <s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><d>\
        <i:Include xmlns:i='http://www.w3.org/2004/08/xop/include' href='cid:x%40y'/></d></s:Body></s:Envelope>\r\n\
        --b\r\nContent-ID: <x@y>\r\nContent-Type: image/png\r\n\r\nhi\r\n--b--";

    fn related(body: &str, content_type: &str) -> Result<Built, BuildError> {
        let context = BuildContext { content_type, ..Default::default() };
        crate::build(Bytes::from(body.to_owned()), &context, &FormatTable::default(), &ParseOptions::default())
    }

    fn written(built: &Built, packaging: Packaging) -> (String, String) {
        let options = FormatOptions { packaging, attachments: &built.attachments, ..FormatOptions::default() };
        let out = format(&built.payload, Format::MultipartRelated, options, &JsonSettings::default());
        let out = out.expect("writable");
        (String::from_utf8_lossy(&out.bytes).into_owned(), out.content_type.expect("a type of its own"))
    }

    fn body_text(built: &Built) -> String {
        let envelope = built.payload.envelope(&JsonSettings::default()).expect("a view");
        envelope.document.text_content(envelope.body).into_owned()
    }

    #[test]
    fn a_xop_package_is_read_and_written_back() {
        let built = related(MTOM, "multipart/related; boundary=\"b\"; type=\"application/xop+xml\"; start=\"<r>\"")
            .expect("well made");
        assert_eq!(body_text(&built), "aGk=");
        let attachment = built.attachments.first().expect("one");
        assert_eq!((attachment.id.as_str(), attachment.content_type.as_str()), ("x@y", "image/png"));
        let (text, content_type) = written(&built, Packaging::Mtom);
        assert!(text.contains("href=\"cid:x@y\"") && !text.contains("aGk="), "{text}");
        assert!(
            content_type.contains("type=\"application/xop+xml\"") && content_type.contains("start-info=\"text/xml\"")
        );
        let again = related(&text, &content_type).expect("our own");
        assert_eq!((body_text(&again).as_str(), again.attachments), ("aGk=", built.attachments));
    }

    #[test]
    fn an_envelope_with_attachments_keeps_them_in_their_order() {
        let body = "preamble\r\n--b\r\nContent-Type: text/xml; charset=ISO-8859-1\r\n\r\n\
            <s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><d href='cid:1'/></s:Body></s:Envelope>\r\n\
            --b\r\nContent-ID: <1>\r\nContent-Transfer-Encoding: base64\r\n\r\naG\r\nk=\r\n\
            --b\r\nContent-ID: <2>\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r\n--b--";
        let built = related(body, "multipart/related; type=\"text/xml\"; boundary=b").expect("well made");
        let contents: Vec<_> = built.attachments.iter().map(|part| part.bytes.to_vec()).collect();
        assert_eq!(contents, [b"hi".to_vec(), b"a=bc".to_vec()]);
        let (text, content_type) = written(&built, Packaging::Swa);
        assert!(content_type.contains("type=\"text/xml\"") && text.contains("Content-ID: <2>"), "{text}");
        assert_eq!(related(&text, &content_type).expect("our own").attachments, built.attachments);
    }

    #[test]
    fn texts_that_are_no_attachment_stay_in_the_tree_and_binary_payloads_leave_it() {
        let built = Built { payload: Payload::binary(Bytes::from_static(b"\x01")), attachments: Vec::new() };
        let (text, _) = written(&built, Packaging::Mtom);
        assert!(text.contains("cid:1.binary@payload") && text.contains("\r\n\r\n\x01\r\n"), "{text}");
        let mut built = related(MTOM, "multipart/related; boundary=b").expect("well made");
        built.attachments.clear();
        let (text, _) = written(&built, Packaging::Mtom);
        assert!(text.contains("aGk=") && !text.contains("Include"), "{text}");
    }

    #[test]
    fn one_attachment_named_often_does_not_fill_the_memory() {
        let include = "<i:Include xmlns:i='http://www.w3.org/2004/08/xop/include' href='cid:x'/>".repeat(50);
        let body = format!(
            "--b\r\n\r\n<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>{include}</s:Body></s:Envelope>\r\n\
             --b\r\nContent-ID: x\r\n\r\n{}\r\n--b--",
            "y".repeat(10_000)
        );
        assert!(matches!(related(&body, "multipart/related; boundary=b"), Err(BuildError::Multipart(_))));
    }

    #[test]
    fn the_content_type_tells_the_packaging() {
        assert_eq!(packaging("multipart/related; type=\"application/xop+xml\""), Packaging::Mtom);
        assert_eq!(packaging("Multipart/Related; type=\"text/xml\""), Packaging::Swa);
        assert_eq!(packaging("text/xml"), Packaging::Plain);
    }
}
