//! Formatters: from a payload to the bytes on the wire, by message type (spec 1.5).

use bytes::Bytes;
use mi_xml::{Document, NodeId, WriteOptions};

use crate::charset::{Charset, Missing};
use crate::content_type::Format;
use crate::json::{JsonSettings, xml_to_json};
use crate::multipart;
use crate::payload::{PAYLOAD_NAMESPACE, Payload, ViewError};
use crate::related::{self, Attachment, Packaging};
use crate::soap::{Envelope, FaultParts};

/// Why a payload cannot be written in the wanted format.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FormatError {
    /// There is nothing that JSON could say.
    #[error("Payload could not be written as JSON.")]
    NoJson,
    /// The payload has no view that the formatter needs.
    #[error(transparent)]
    View(#[from] ViewError),
}

/// Switches of the formatters, from axis2-scope properties.
#[derive(Debug, Clone, Copy, Default)]
pub struct FormatOptions<'a> {
    /// `WRITE_XML_DECLARATION`: `None` means the format's own default (SOAP yes, plain XML no).
    pub xml_declaration: Option<bool>,
    /// `XML_DECLARATION_STANDALONE`: `yes` when true.
    pub standalone: Option<bool>,
    /// `PRESERVE_SPACES`: text of blanks only survives in JSON.
    pub preserve_spaces: bool,
    /// `CHARACTER_SET_ENCODING`.
    pub charset: Charset,
    /// `enableMTOM`, `enableSwA`: how envelopes travel.
    pub packaging: Packaging,
    /// What goes beside the envelope.
    pub attachments: &'a [Attachment],
}

/// What a formatter wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formatted {
    /// The body.
    pub bytes: Bytes,
    /// The content type that it must have, whatever the message says: that of multipart bodies names their boundary.
    pub content_type: Option<String>,
}

impl From<Bytes> for Formatted {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, content_type: None }
    }
}

impl From<String> for Formatted {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

/// Writes `payload`, which must be built, as `format`.
///
/// # Errors
/// When it has no such form.
pub fn format(
    payload: &Payload,
    format: Format,
    options: FormatOptions<'_>,
    settings: &JsonSettings,
) -> Result<Formatted, FormatError> {
    let charset = options.charset;
    match format {
        Format::Json => Ok(charset.encode(json(payload, options, settings)?, Missing::JsonEscape).into()),
        Format::Xml => Ok(plain_xml(payload, payload.envelope(settings)?, options).into()),
        Format::Soap | Format::MultipartRelated => match options.packaging {
            Packaging::Plain => {
                let envelope = payload.envelope(settings)?;
                let verbatim = payload.verbatim(envelope.element);
                let declaration = options.xml_declaration != Some(false);
                Ok(write(&envelope.document, envelope.element, verbatim, declaration, options).into())
            }
            Packaging::Mtom | Packaging::Swa => Ok(related::write(payload.envelope(settings)?, options, soap)),
        },
        Format::Text => Ok(charset.encode(text(payload, settings)?, Missing::QuestionMark).into()),
        Format::Binary => binary(payload, options, settings).map(Formatted::from),
        Format::Form => Ok(form(payload.envelope(settings)?).into()),
        Format::MultipartForm => Ok(multipart::format_form(payload.envelope(settings)?)),
    }
}

fn json(payload: &Payload, options: FormatOptions<'_>, settings: &JsonSettings) -> Result<Bytes, FormatError> {
    if let Payload::Json(json) = payload {
        return Ok(json.text().clone());
    }
    let envelope = payload.envelope(settings)?;
    let Some(element) = envelope.payload() else { return Err(FormatError::NoJson) };
    let text = xml_to_json(&envelope.document, element, settings, options.preserve_spaces).map_err(ViewError::from)?;
    Ok(Bytes::from(text))
}

fn plain_xml(message: &Payload, envelope: &Envelope, options: FormatOptions<'_>) -> Bytes {
    let declaration = options.xml_declaration == Some(true);
    let Some(payload) = envelope.payload() else { return Bytes::new() };
    if let Some(fault) = envelope.fault() {
        // A fault to a client that speaks no SOAP: what it says, without the envelope around it.
        let parts = FaultParts::read(envelope, fault);
        return match parts.detail.iter().find(|&&node| envelope.document.name(node).is_some()) {
            Some(&detail) => write(&envelope.document, detail, None, declaration, options),
            None => options.charset.encode(Bytes::from(parts.reason), Missing::QuestionMark),
        };
    }
    write(&envelope.document, payload, message.verbatim(payload), declaration, options)
}

fn soap(envelope: &Envelope, options: FormatOptions<'_>) -> Bytes {
    write(&envelope.document, envelope.element, None, options.xml_declaration != Some(false), options)
}

/// Writes the node, or takes the bytes that are known to be what would be written.
fn write(
    document: &Document,
    node: NodeId,
    verbatim: Option<&Bytes>,
    declaration: bool,
    options: FormatOptions<'_>,
) -> Bytes {
    if let Some(bytes) = verbatim.filter(|_| !declaration) {
        return options.charset.encode(bytes.clone(), Missing::Reference);
    }
    let mut out = Vec::with_capacity(256 + verbatim.map_or(0, Bytes::len));
    if declaration {
        out.extend_from_slice(format!("<?xml version=\"1.0\" encoding=\"{}\"", options.charset.name()).as_bytes());
        if let Some(standalone) = options.standalone {
            let value: &[u8] = if standalone { b" standalone=\"yes\"" } else { b" standalone=\"no\"" };
            out.extend_from_slice(value);
        }
        out.extend_from_slice(b"?>");
    }
    match verbatim {
        Some(bytes) => out.extend_from_slice(bytes),
        None => document.write(node, &mut out, &WriteOptions::default()),
    }
    options.charset.encode(Bytes::from(out), Missing::Reference)
}

/// The text of the `text` wrapper; of any other element nothing is written.
fn text(payload: &Payload, settings: &JsonSettings) -> Result<Bytes, ViewError> {
    if let Payload::Text(text) = payload {
        return Ok(Bytes::copy_from_slice(text.as_str().as_bytes()));
    }
    let envelope = payload.envelope(settings)?;
    let wrapper = wrapper(envelope, "text");
    Ok(wrapper.map_or_else(Bytes::new, |node| Bytes::from(envelope.document.text_content(node).into_owned())))
}

fn binary(payload: &Payload, options: FormatOptions<'_>, settings: &JsonSettings) -> Result<Bytes, FormatError> {
    use base64::Engine as _;
    if let Payload::Binary(binary) = payload {
        return Ok(binary.bytes().clone());
    }
    let envelope = payload.envelope(settings)?;
    let bytes = wrapper(envelope, "binary").and_then(|node| {
        let text: String = envelope.document.text_content(node).split_ascii_whitespace().collect();
        base64::engine::general_purpose::STANDARD.decode(text).ok()
    });
    Ok(bytes.map_or_else(|| soap(envelope, options), Bytes::from))
}

fn wrapper(envelope: &Envelope, local: &str) -> Option<NodeId> {
    let payload = envelope.payload()?;
    let document = &envelope.document;
    (document.local_name(payload) == local && document.namespace(payload) == PAYLOAD_NAMESPACE).then_some(payload)
}

/// The children of the payload as `name=value` joined by `&`; blanks are `%20`.
pub fn form(envelope: &Envelope) -> String {
    let document = &envelope.document;
    let mut out = String::new();
    for child in envelope.payload().into_iter().flat_map(|root| document.child_elements(root)) {
        if !out.is_empty() {
            out.push('&');
        }
        let name = document.local_name(child);
        match (name.strip_prefix("_JsonReader_PD_"), name.strip_prefix("_JsonReader_PS_")) {
            (Some(rest), _) => out.push_str(rest),
            (_, Some(rest)) => {
                out.push('$');
                out.push_str(rest);
            }
            _ => out.push_str(name),
        }
        out.push('=');
        out.extend(percent_encoding::utf8_percent_encode(&document.text_content(child), FORM_VALUE));
    }
    out
}

const FORM_VALUE: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*');

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::{BuildContext, build};
    use crate::content_type::FormatTable;
    use crate::soap::SoapVersion;
    use mi_xml::ParseOptions;

    fn xml(text: &str) -> Payload {
        let options = ParseOptions::default();
        Payload::xml(Envelope::around(text.as_bytes(), SoapVersion::V11, &options).expect("well formed").0)
    }

    fn written(payload: &Payload, as_format: Format) -> String {
        let formatted = format(payload, as_format, FormatOptions::default(), &JsonSettings::default());
        String::from_utf8_lossy(&formatted.expect("writable").bytes).into_owned()
    }

    #[test]
    fn writes_json_as_it_came_and_xml_converted() {
        let raw = Payload::json(Bytes::from_static(b"{ \"a\" : 1.0 }"));
        assert_eq!(written(&raw, Format::Json), "{ \"a\" : 1.0 }");
        assert_eq!(written(&raw, Format::Xml), "<jsonObject><a>1.0</a></jsonObject>");
        assert_eq!(written(&xml("<a><b>1</b></a>"), Format::Json), r#"{"a":{"b":1}}"#);
        let nothing = format(&Payload::empty(), Format::Json, FormatOptions::default(), &JsonSettings::default());
        assert!(matches!(nothing, Err(FormatError::NoJson)));
    }

    #[test]
    fn writes_text_only_from_the_text_wrapper() {
        assert_eq!(written(&Payload::text("hi".to_owned()), Format::Text), "hi");
        assert_eq!(written(&xml("<a>hi</a>"), Format::Text), "");
        assert_eq!(written(&xml("<text xmlns='http://ws.apache.org/commons/ns/payload'>x</text>"), Format::Text), "x");
    }

    #[test]
    fn writes_envelopes_with_a_declaration_and_plain_xml_without() {
        assert!(
            written(&xml("<a/>"), Format::Soap)
                .starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope")
        );
        assert!(written(&xml("<a/>"), Format::Xml).starts_with("<a"));
        assert_eq!(written(&Payload::empty(), Format::Xml), "");
    }

    #[test]
    fn passes_the_bytes_of_xml_that_nobody_changed_and_that_is_spelled_as_it_would_be() {
        let read = |content_type, text: &str| {
            let context = BuildContext { content_type, rest: true, ..BuildContext::default() };
            let (bytes, limits) = (Bytes::from(text.to_owned()), ParseOptions::default());
            let built = build(bytes.clone(), &context, &FormatTable::default(), &limits).expect("well formed");
            (bytes, built.payload)
        };
        let written = |payload: &Payload, wanted| {
            format(payload, wanted, FormatOptions::default(), &JsonSettings::default()).expect("writable").bytes
        };
        for content_type in ["application/xml", "text/xml"] {
            let (bytes, mut payload) = read(content_type, "<?xml version='1.0'?><a b=\"1\">2</a>\n");
            let passed = written(&payload, Format::Xml);
            assert_eq!(passed, "<a b=\"1\">2</a>");
            assert_eq!(passed.as_ptr(), bytes[21..].as_ptr());
            assert_eq!(written(&payload.try_clone().expect("built"), Format::Xml).as_ptr(), passed.as_ptr());
            let envelope = payload.envelope_mut(&JsonSettings::default()).expect("a tree");
            let element = envelope.payload().expect("a payload");
            envelope.document.set_attribute(element, "", "", "b", "3");
            assert_eq!(written(&payload, Format::Xml), "<a b=\"3\">2</a>");
        }
        let (_, spelled_otherwise) = read("application/xml", "<a b='1'/>");
        assert_eq!(written(&spelled_otherwise, Format::Xml), "<a b=\"1\" />");

        let envelope = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><a xmlns:p=\"p\">\
            <p:b>1</p:b></a></e:Body></e:Envelope>";
        let (_, soap) = read("text/xml", envelope);
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
        assert_eq!(written(&soap, Format::Soap), format!("{declaration}{envelope}"));
        assert_eq!(written(&soap, Format::Xml), "<a xmlns:p=\"p\"><p:b>1</p:b></a>");
    }

    #[test]
    fn writes_forms_from_xml_and_json() {
        assert_eq!(written(&xml("<f><a>1 2</a><b>x&amp;y</b></f>"), Format::Form), "a=1%202&b=x%26y");
        let json = Payload::json(Bytes::from_static(br#"{"a":1,"$b":"c"}"#));
        assert_eq!(written(&json, Format::Form), "a=1&$b=c");
    }

    #[test]
    fn writes_in_the_character_set_that_was_asked_for() {
        let charset = Charset::of_label("ISO-8859-1").expect("known");
        let options = FormatOptions { charset, xml_declaration: Some(true), ..FormatOptions::default() };
        let out =
            format(&xml("<a>\u{e9}\u{20ac}</a>"), Format::Xml, options, &JsonSettings::default()).expect("writable");
        assert_eq!(&out.bytes[..], b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9&#8364;</a>");
    }

    #[test]
    fn writes_bytes_back() {
        let payload = Payload::binary(Bytes::from_static(b"\x00\xff"));
        let formatted = format(&payload, Format::Binary, FormatOptions::default(), &JsonSettings::default());
        assert_eq!(&formatted.expect("writable").bytes[..], b"\x00\xff");
    }
}
