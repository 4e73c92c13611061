//! Builders: from the bytes of a message to its payload, by content type (spec 1.4).

use std::borrow::Cow;

use bytes::Bytes;
use mi_xml::{ParseError, ParseOptions};

use crate::content_type::{Format, FormatTable, media_type, parameter};
use crate::multipart;
use crate::payload::{NotJson, Payload};
use crate::related::{self, Attachment};
use crate::soap::{Envelope, EnvelopeError, SoapVersion};

/// Why a body cannot be built.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BuildError {
    /// Malformed XML, or XML beyond a limit.
    #[error("{0}")]
    Xml(#[from] ParseError),
    /// XML where a SOAP envelope was announced.
    #[error("{0}")]
    Envelope(EnvelopeError),
    /// Text that does not even begin like JSON.
    #[error("{0}")]
    Json(#[from] NotJson),
    /// Malformed JSON, with validation of every JSON message switched on.
    #[error("malformed JSON: {0}")]
    MalformedJson(String),
    /// A multipart body without boundary, or cut short.
    #[error("malformed multipart body: {0}")]
    Multipart(String),
    /// A character set that nobody knows.
    #[error("unknown character set {0:?}")]
    Charset(String),
}

impl BuildError {
    /// Whether a parser gave up: MI then sets error code 601000, otherwise 0 (core mediators, 3.3).
    pub fn is_parse_error(&self) -> bool {
        !matches!(self, Self::Json(_))
    }
}

impl From<EnvelopeError> for BuildError {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::Xml(error) => Self::Xml(error),
            other => Self::Envelope(other),
        }
    }
}

/// What a builder must know beside the bytes.
#[derive(Debug, Clone, Default)]
pub struct BuildContext<'a> {
    /// The whole `Content-Type` value.
    pub content_type: &'a str,
    /// The message counts as REST (POX): `text/xml` without an action is then plain XML.
    pub rest: bool,
    /// There is a SOAPAction.
    pub has_action: bool,
    /// The method is GET or DELETE, for which a body that is no JSON is no error.
    pub tolerant_json: bool,
    /// The query of the request URL, whose parameters a form body gets too.
    pub query: Option<&'a str>,
    /// `force.json.message.validation`
    pub validate_json: bool,
}

/// What a body holds.
#[derive(Debug, Default)]
pub struct Built {
    /// The payload.
    pub payload: Payload,
    /// What came beside it in a `multipart/related` body.
    pub attachments: Vec<Attachment>,
}

impl From<Payload> for Built {
    fn from(payload: Payload) -> Self {
        Self { payload, attachments: Vec::new() }
    }
}

/// Builds what `bytes` hold.
///
/// # Errors
/// When they are not what the content type says, or go beyond a limit.
pub fn build(
    bytes: Bytes,
    context: &BuildContext<'_>,
    formats: &FormatTable,
    limits: &ParseOptions,
) -> Result<Built, BuildError> {
    match formats.lookup(media_type(context.content_type)) {
        Some(Format::MultipartRelated) => related::build(&bytes, context, limits),
        _ => payload(bytes, context, formats, limits).map(Built::from),
    }
}

fn payload(
    bytes: Bytes,
    context: &BuildContext<'_>,
    formats: &FormatTable,
    limits: &ParseOptions,
) -> Result<Payload, BuildError> {
    let media = media_type(context.content_type);
    let format = formats.lookup(media);
    match format {
        Some(Format::Json) => json(bytes, context),
        Some(Format::Xml) => xml(bytes, context, limits),
        Some(Format::Soap) if media.eq_ignore_ascii_case("text/xml") && context.rest && !context.has_action => {
            text_xml(bytes, context, limits)
        }
        Some(Format::Soap | Format::MultipartRelated) => soap(bytes, context, limits),
        Some(Format::Text) => Ok(Payload::text(decode(&bytes, context.content_type)?.into_owned())),
        Some(Format::Binary) => Ok(Payload::binary(bytes)),
        Some(Format::Form) => Ok(form(&decode(&bytes, context.content_type)?, context.query)),
        Some(Format::MultipartForm) => multipart::build_form(&bytes, context.content_type),
        None if context.rest => xml(bytes, context, limits),
        None => soap(bytes, context, limits),
    }
}

fn json(bytes: Bytes, context: &BuildContext<'_>) -> Result<Payload, BuildError> {
    if bytes.iter().all(|&byte| byte == b' ') {
        return Ok(Payload::empty());
    }
    let bytes = match decode(&bytes, context.content_type)? {
        Cow::Owned(text) => Bytes::from(text),
        Cow::Borrowed(_) => bytes,
    };
    match Payload::set_json(bytes) {
        Ok(Payload::Json(json)) if context.validate_json => match json.value() {
            Ok(_) => Ok(Payload::Json(json)),
            Err(error) => Err(BuildError::MalformedJson(error.to_string())),
        },
        Ok(payload) => Ok(payload),
        Err(_) if context.tolerant_json => Ok(Payload::empty()),
        Err(error) => Err(error.into()),
    }
}

fn xml(bytes: Bytes, context: &BuildContext<'_>, limits: &ParseOptions) -> Result<Payload, BuildError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Payload::empty());
    }
    let limits = &options(context, limits)?;
    plain_xml(bytes, limits)
}

fn plain_xml(bytes: Bytes, limits: &ParseOptions) -> Result<Payload, BuildError> {
    let (envelope, payload) = Envelope::around(&bytes, SoapVersion::V11, limits)?;
    Ok(Payload::xml_as_read(envelope, payload, bytes))
}

/// `text/xml` on a REST message is plain XML, unless what came is an envelope after all.
fn text_xml(bytes: Bytes, context: &BuildContext<'_>, limits: &ParseOptions) -> Result<Payload, BuildError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Payload::empty());
    }
    let limits = &options(context, limits)?;
    // Most often the name of an envelope's element is nowhere in it. (UTF-16 writes it with zeros.)
    if memchr::memmem::find(&bytes, b"Envelope").is_none() && memchr::memchr(0, &bytes).is_none() {
        return plain_xml(bytes, limits);
    }
    match Envelope::parse(&bytes, limits) {
        Ok((envelope, element)) => Ok(Payload::xml_as_read(envelope, element, bytes)),
        Err(EnvelopeError::Xml(error)) => Err(error.into()),
        Err(_) => plain_xml(bytes, limits),
    }
}

fn soap(bytes: Bytes, context: &BuildContext<'_>, limits: &ParseOptions) -> Result<Payload, BuildError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Payload::empty());
    }
    let limits = &options(context, limits)?;
    let (envelope, element) = Envelope::parse(&bytes, limits)?;
    Ok(Payload::xml_as_read(envelope, element, bytes))
}

/// `<xformValues>` with one child a parameter, body first, then the query's.
fn form(text: &str, query: Option<&str>) -> Payload {
    let mut envelope = Envelope::empty(SoapVersion::V12);
    let document = &mut envelope.document;
    let values = document.create_element("", "", "xformValues");
    for pair in text.split('&').chain(query.unwrap_or_default().split('&')) {
        let pair = pair.trim_matches(['\r', '\n']);
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = form_element_name(&form_decode(name));
        if name.is_empty() {
            continue;
        }
        let element = document.create_element("", "", &name);
        let value = form_decode(value);
        if !value.is_empty() {
            let node = document.create_text(&value);
            document.append_child(element, node);
        }
        document.append_child(values, element);
    }
    document.append_child(envelope.body, values);
    Payload::xml(envelope)
}

fn form_element_name(name: &str) -> String {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return format!("_JsonReader_PD_{name}");
    }
    match name.strip_prefix('$') {
        Some(rest) => format!("_JsonReader_PS_{rest}"),
        None => name.to_owned(),
    }
}

/// Decodes `application/x-www-form-urlencoded` text: `+` is a blank, `%XX` a byte of UTF-8.
pub fn form_decode(text: &str) -> String {
    let blanks = text.replace('+', " ");
    percent_encoding::percent_decode_str(&blanks).decode_utf8_lossy().into_owned()
}

/// The text of `bytes` in the character set that the content type names, UTF-8 without one.
pub fn decode<'a>(bytes: &'a [u8], content_type: &str) -> Result<Cow<'a, str>, BuildError> {
    let charset = parameter(content_type, "charset").unwrap_or("UTF-8");
    let encoding =
        encoding_rs::Encoding::for_label(charset.as_bytes()).ok_or_else(|| BuildError::Charset(charset.to_owned()))?;
    Ok(encoding.decode(bytes).0)
}

/// The parser's options with the character set that the transport names, whose word wins (RFC 7303 section 3).
fn options(context: &BuildContext<'_>, limits: &ParseOptions) -> Result<ParseOptions, BuildError> {
    let mut options = limits.clone();
    if let Some(charset) = parameter(context.content_type, "charset") {
        let encoding = encoding_rs::Encoding::for_label(charset.as_bytes());
        options.encoding = Some(encoding.ok_or_else(|| BuildError::Charset(charset.to_owned()))?);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::JsonSettings;

    fn built(content_type: &str, bytes: &'static [u8], rest: bool) -> Result<Payload, BuildError> {
        let context = BuildContext { content_type, rest, ..BuildContext::default() };
        build(Bytes::from_static(bytes), &context, &FormatTable::default(), &ParseOptions::default())
            .map(|built| built.payload)
    }

    fn body_of(payload: &Payload) -> String {
        let envelope = payload.envelope(&JsonSettings::default()).expect("a view");
        envelope.payload().map(|node| envelope.document.to_xml(node)).unwrap_or_default()
    }

    #[test]
    fn builds_by_content_type() {
        assert!(built("application/json; charset=utf-8", b"{\"a\":1}", true).expect("json").is_json());
        assert_eq!(
            body_of(&built("application/xml", b"<?xml version='1.0'?><a>1</a>", true).expect("xml")),
            "<a>1</a>"
        );
        assert_eq!(body_of(&built("text/xml", b"<a>1</a>", true).expect("pox")), "<a>1</a>");
        assert!(matches!(built("text/xml", b"<a>1</a>", false), Err(BuildError::Envelope(_))));
        assert!(matches!(built("text/plain", b"hi", true), Ok(Payload::Text(_))));
        assert!(matches!(built("application/octet-stream", b"\x00", true), Ok(Payload::Binary(_))));
        assert!(built("application/x-unknown", b"<a/>", true).is_ok());
    }

    #[test]
    fn tells_parse_errors_from_text_that_is_no_json() {
        assert!(built("application/xml", b"<a><b></a>", true).expect_err("malformed").is_parse_error());
        assert!(!built("application/json", b"abc", true).expect_err("no JSON").is_parse_error());
        assert!(built("application/json", b"   ", true).expect("empty").is_empty());
    }

    #[test]
    fn reads_forms() {
        let payload = built("application/x-www-form-urlencoded", b"a=1+2&b=%C3%A9&1x=&$y=z", true).expect("a form");
        let xml = body_of(&payload).replace(" />", "/>");
        assert_eq!(
            xml,
            "<xformValues><a>1 2</a><b>é</b><_JsonReader_PD_1x/><_JsonReader_PS_y>z</_JsonReader_PS_y></xformValues>"
        );
    }

    #[test]
    fn honours_the_character_set_of_the_transport() {
        let payload = built("text/plain; charset=ISO-8859-1", b"\xe9", true).expect("latin-1");
        assert!(matches!(&payload, Payload::Text(text) if text.as_str() == "é"));
        let xml = built("application/xml; charset=ISO-8859-1", b"<a>\xe9</a>", true).expect("latin-1 xml");
        assert_eq!(body_of(&xml), "<a>é</a>");
        assert!(matches!(built("text/plain; charset=nope", b"", true), Err(BuildError::Charset(_))));
    }
}
