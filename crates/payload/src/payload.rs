//! The payload of a message in the form in which somebody last needed it.
//!
//! A message arrives [`Payload::Unread`]; the first mediator that looks inside has it built. JSON, text and bytes stay
//! what they are and show an XML view on demand; a mediator that edits the tree turns the payload into XML for good.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use mi_xml::{NodeId, ParseError, ReadElement};

use crate::body::Body;
use crate::json::{ConversionError, JsonError, JsonSettings, json_to_xml, xml_to_json};
use crate::soap::{Envelope, SoapVersion};

/// Namespace of the wrapper elements of text and binary payloads.
pub const PAYLOAD_NAMESPACE: &str = "http://ws.apache.org/commons/ns/payload";

/// Why a view of a payload cannot be given.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ViewError {
    /// The payload has not been read from the wire yet; build it first.
    #[error("the message body has not been built")]
    NotBuilt,
    /// The JSON text is malformed.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The JSON text is malformed for the lenient reader too.
    #[error("{0}")]
    MalformedJson(String),
    /// The XML has no JSON form.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// Text that should be XML is not.
    #[error(transparent)]
    Xml(#[from] ParseError),
}

/// See the module's documentation.
#[derive(Debug)]
pub enum Payload {
    /// Not read from the wire yet.
    Unread(Body),
    /// Built, and there was nothing.
    Empty(EmptyPayload),
    /// An envelope with the payload in its body.
    Xml(Box<XmlPayload>),
    /// JSON text.
    Json(JsonPayload),
    /// Text.
    Text(TextPayload),
    /// Bytes.
    Binary(BinaryPayload),
}

/// No content; the envelope is made when somebody asks for it.
#[derive(Debug, Default)]
pub struct EmptyPayload {
    envelope: OnceLock<Envelope>,
}

/// An envelope, with the JSON form of its payload kept once somebody asked for it.
#[derive(Debug)]
pub struct XmlPayload {
    envelope: Envelope,
    /// Set as long as nobody could have changed the tree.
    verbatim: Option<Verbatim>,
    json: JsonCell,
}

/// An element with the bytes that it was read from, which are the bytes that the writer would write for it.
#[derive(Debug, Clone)]
struct Verbatim {
    element: NodeId,
    bytes: Bytes,
}

/// Bytes beyond this length are not kept beside the tree that was made of them.
const MAX_VERBATIM: usize = 1024 * 1024;

/// JSON text as it came or was set, not validated beyond its beginning (spec 1.4 rule 7).
#[derive(Debug)]
pub struct JsonPayload {
    text: Bytes,
    value: OnceLock<Result<serde_json::Value, String>>,
    envelope: OnceLock<Result<Envelope, JsonError>>,
    /// How often the text was searched instead of being parsed.
    searched: AtomicU8,
}

/// A text is searched this many times at most before it is parsed: to parse it costs about as much as five searches.
const MAX_SEARCHES: u8 = 4;

/// Plain text; as XML it is `<text xmlns="http://ws.apache.org/commons/ns/payload">`.
#[derive(Debug)]
pub struct TextPayload {
    text: String,
    envelope: OnceLock<Envelope>,
    json: JsonCell,
}

/// Bytes; as XML they are the base64 text of a `binary` element in the payload namespace.
#[derive(Debug)]
pub struct BinaryPayload {
    bytes: Bytes,
    envelope: OnceLock<Envelope>,
    json: JsonCell,
}

/// The JSON form of an XML view, converted once.
#[derive(Debug, Default)]
struct JsonCell(OnceLock<Result<serde_json::Value, ConversionError>>);

impl JsonCell {
    fn view(&self, payload: &Payload, settings: &JsonSettings) -> Result<Option<&serde_json::Value>, ViewError> {
        let envelope = payload.envelope(settings)?;
        let Some(element) = envelope.payload() else { return Ok(None) };
        let value = self.0.get_or_init(|| crate::json::xml_to_json_value(&envelope.document, element, settings));
        value.as_ref().map(Some).map_err(|error| error.clone().into())
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::empty()
    }
}

impl Payload {
    /// No content.
    pub fn empty() -> Self {
        Self::Empty(EmptyPayload::default())
    }

    /// An envelope with its content.
    pub fn xml(envelope: Envelope) -> Self {
        Self::Xml(Box::new(XmlPayload { envelope, verbatim: None, json: JsonCell::default() }))
    }

    /// An envelope as it was read from `bytes`: `element` is the payload or the envelope's own element. Where the writer
    /// would write the same bytes again, they are kept until somebody asks for [`Self::envelope_mut`].
    pub fn xml_as_read(envelope: Envelope, element: ReadElement, bytes: Bytes) -> Self {
        let verbatim = element
            .verbatim
            .filter(|range| range.end <= bytes.len() && bytes.len() <= MAX_VERBATIM)
            .map(|range| Verbatim { element: element.id, bytes: bytes.slice(range) });
        Self::Xml(Box::new(XmlPayload { envelope, verbatim, json: JsonCell::default() }))
    }

    /// The bytes that the writer would write for the element, if they are at hand.
    pub(crate) fn verbatim(&self, element: NodeId) -> Option<&Bytes> {
        match self {
            Self::Xml(xml) => xml.verbatim.as_ref().filter(|kept| kept.element == element).map(|kept| &kept.bytes),
            _ => None,
        }
    }

    /// JSON text that is known to begin like JSON; see [`Payload::set_json`] for the checked way.
    pub fn json(text: Bytes) -> Self {
        Self::Json(JsonPayload::new(text))
    }

    /// A JSON value, written compactly.
    pub fn json_value(value: serde_json::Value) -> Self {
        let text = Bytes::from(value.to_string());
        let payload = JsonPayload::new(text);
        let _ = payload.value.set(Ok(value));
        Self::Json(payload)
    }

    /// Text.
    pub fn text(text: String) -> Self {
        Self::Text(TextPayload { text, envelope: OnceLock::new(), json: JsonCell::default() })
    }

    /// Bytes.
    pub fn binary(bytes: Bytes) -> Self {
        Self::Binary(BinaryPayload { bytes, envelope: OnceLock::new(), json: JsonCell::default() })
    }

    /// Whether the body still is on the wire.
    pub fn is_unread(&self) -> bool {
        matches!(self, Self::Unread(_))
    }

    /// Whether it is JSON text (spec 2.1: "has a JSON payload").
    pub fn is_json(&self) -> bool {
        matches!(self, Self::Json(_))
    }

    /// Whether it is built and holds nothing: no content at all or an envelope with an empty body.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Empty(_) => true,
            Self::Xml(xml) => xml.envelope.document.first_child(xml.envelope.body).is_none(),
            Self::Unread(body) => body.is_empty(),
            _ => false,
        }
    }

    /// Whether it is a SOAP fault.
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Xml(xml) if xml.envelope.fault().is_some())
    }

    /// The XML view.
    pub fn envelope(&self, settings: &JsonSettings) -> Result<&Envelope, ViewError> {
        match self {
            Self::Unread(_) => Err(ViewError::NotBuilt),
            Self::Empty(empty) => Ok(empty.envelope.get_or_init(|| Envelope::empty(SoapVersion::V11))),
            Self::Xml(xml) => Ok(&xml.envelope),
            Self::Json(json) => json.envelope(settings).map_err(ViewError::from),
            Self::Text(text) => Ok(text.envelope.get_or_init(|| wrapped("", "text", &text.text))),
            Self::Binary(binary) => Ok(binary.envelope.get_or_init(|| {
                use base64::Engine as _;
                wrapped("ns", "binary", &base64::engine::general_purpose::STANDARD.encode(&binary.bytes))
            })),
        }
    }

    /// The tree for editing: whatever the payload was, it is XML from now on.
    pub fn envelope_mut(&mut self, settings: &JsonSettings) -> Result<&mut Envelope, ViewError> {
        if !matches!(self, Self::Xml(_)) {
            self.envelope(settings)?;
            let envelope = match std::mem::take(self) {
                Self::Empty(empty) => empty.envelope.into_inner(),
                Self::Json(json) => json.envelope.into_inner().and_then(Result::ok),
                Self::Text(text) => text.envelope.into_inner(),
                Self::Binary(binary) => binary.envelope.into_inner(),
                Self::Xml(_) | Self::Unread(_) => None,
            };
            *self = Self::xml(envelope.unwrap_or_else(|| Envelope::empty(SoapVersion::V11)));
        }
        match self {
            Self::Xml(xml) => {
                xml.json = JsonCell::default();
                xml.verbatim = None;
                Ok(&mut xml.envelope)
            }
            _ => Err(ViewError::NotBuilt),
        }
    }

    /// The JSON view, or `None` when there is no content.
    pub fn json_view(&self, settings: &JsonSettings) -> Result<Option<&serde_json::Value>, ViewError> {
        match self {
            Self::Unread(_) => Err(ViewError::NotBuilt),
            Self::Empty(_) => Ok(None),
            Self::Json(json) => json.value().map(Some),
            Self::Xml(xml) => xml.json.view(self, settings),
            Self::Text(text) => text.json.view(self, settings),
            Self::Binary(binary) => binary.json.view(self, settings),
        }
    }

    /// The JSON text: as it came or was set, or converted from XML; `None` when there is no content.
    pub fn json_text(&self, settings: &JsonSettings) -> Result<Option<Cow<'_, str>>, ViewError> {
        match self {
            Self::Unread(_) => Err(ViewError::NotBuilt),
            Self::Empty(_) => Ok(None),
            Self::Json(json) => Ok(Some(String::from_utf8_lossy(&json.text))),
            _ => {
                let envelope = self.envelope(settings)?;
                let Some(payload) = envelope.payload() else { return Ok(None) };
                Ok(Some(Cow::Owned(xml_to_json(&envelope.document, payload, settings, false)?)))
            }
        }
    }

    /// A copy with nothing shared but immutable bytes. An unread body cannot be copied.
    pub fn try_clone(&self) -> Result<Self, ViewError> {
        Ok(match self {
            Self::Unread(_) => return Err(ViewError::NotBuilt),
            Self::Empty(_) => Self::empty(),
            Self::Xml(xml) => {
                let (envelope, verbatim) = (xml.envelope.clone(), xml.verbatim.clone());
                Self::Xml(Box::new(XmlPayload { envelope, verbatim, json: JsonCell::default() }))
            }
            Self::Json(json) => Self::json(json.text.clone()),
            Self::Text(text) => Self::text(text.text.clone()),
            Self::Binary(binary) => Self::binary(binary.bytes.clone()),
        })
    }

    /// Puts JSON text in place of the payload, with MI's check of its beginning only (spec 2.6 of the core mediators,
    /// 1.4 rule 6): empty text installs `{}`.
    pub fn set_json(text: impl Into<Bytes>) -> Result<Self, NotJson> {
        let text: Bytes = text.into();
        if text.len() < 2 && text.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::json(Bytes::from_static(b"{}")));
        }
        sniff(&text)?;
        Ok(Self::json(text))
    }
}

/// The text does not even begin like JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("#getNewJsonPayload. Could not save JSON payload. Invalid input stream found. Payload is not a JSON string.")]
pub struct NotJson;

/// The beginning decides: leading other characters are skipped, `{` and `[` are taken on trust, a scalar must be whole.
fn sniff(text: &[u8]) -> Result<(), NotJson> {
    let start =
        text.iter().position(|byte| matches!(byte, b'{' | b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9'));
    let Some(start) = start else { return Err(NotJson) };
    match text[start] {
        b'{' | b'[' => Ok(()),
        _ if is_scalar(&text[start..]) => Ok(()),
        _ => Err(NotJson),
    }
}

fn is_scalar(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    if matches!(text, "true" | "false" | "null") {
        return true;
    }
    if text.starts_with('"') {
        return text.len() > 1 && text.ends_with('"');
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (integer, fraction) = match digits.split_once('.') {
        Some((integer, fraction)) => (integer, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(integer) && fraction.is_none_or(all_digits)
}

impl XmlPayload {
    /// The envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

impl JsonPayload {
    fn new(text: Bytes) -> Self {
        Self { text, value: OnceLock::new(), envelope: OnceLock::new(), searched: AtomicU8::new(0) }
    }

    /// The text, for somebody who wants a single value of it; `None` once it has been parsed, or searched so often that
    /// it should be.
    pub fn text_to_search(&self) -> Option<&[u8]> {
        let searched = self.searched.load(Ordering::Relaxed);
        if searched >= MAX_SEARCHES || self.value.get().is_some() {
            return None;
        }
        self.searched.store(searched + 1, Ordering::Relaxed);
        Some(&self.text)
    }

    /// The text as it came or was set.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The parsed value; strict JSON first, then what Gson's lenient mode also accepts.
    pub fn value(&self) -> Result<&serde_json::Value, ViewError> {
        let value = self.value.get_or_init(|| {
            serde_json::from_slice(&self.text).or_else(|strict| {
                crate::json::parse_lenient(&String::from_utf8_lossy(&self.text)).map_err(|_| strict.to_string())
            })
        });
        value.as_ref().map_err(|error| ViewError::MalformedJson(error.clone()))
    }

    fn envelope(&self, settings: &JsonSettings) -> Result<&Envelope, JsonError> {
        let view = self.envelope.get_or_init(|| {
            let mut envelope = Envelope::empty(SoapVersion::V11);
            let text = String::from_utf8_lossy(&self.text);
            json_to_xml(&text, &mut envelope.document, envelope.body, settings)?;
            Ok(envelope)
        });
        view.as_ref().map_err(Clone::clone)
    }
}

impl TextPayload {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl BinaryPayload {
    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

fn wrapped(prefix: &str, local: &str, text: &str) -> Envelope {
    let mut envelope = Envelope::empty(SoapVersion::V11);
    let document = &mut envelope.document;
    let element = document.create_element(prefix, PAYLOAD_NAMESPACE, local);
    document.declare_namespace(element, prefix, PAYLOAD_NAMESPACE);
    let node = document.create_text(text);
    document.append_child(element, node);
    document.append_child(envelope.body, element);
    envelope
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_checked_only_at_its_beginning() {
        for good in ["{broken", "[1", "\"x\"", "true", "-1.5", "xx{", "12"] {
            assert!(Payload::set_json(good).is_ok(), "{good}");
        }
        for bad in ["abc", "1e5", "true ", "  ", "tru", "\"x"] {
            assert!(Payload::set_json(bad).is_err(), "{bad}");
        }
        let Ok(Payload::Json(json)) = Payload::set_json("") else { panic!("empty text becomes an object") };
        assert_eq!(&json.text()[..], b"{}");
    }

    #[test]
    fn editing_makes_xml_of_json() {
        let settings = JsonSettings::default();
        let mut payload = Payload::json(Bytes::from_static(br#"{"a":1}"#));
        assert!(payload.is_json());
        let envelope = payload.envelope_mut(&settings).expect("well formed");
        let root = envelope.payload().expect("a payload");
        assert_eq!(envelope.document.local_name(root), "jsonObject");
        assert!(!payload.is_json());
        assert_eq!(payload.json_text(&settings).expect("convertible").as_deref(), Some(r#"{"a":1}"#));
    }

    #[test]
    fn a_view_of_an_edited_tree_is_fresh() {
        let settings = JsonSettings::default();
        let mut payload = Payload::json(Bytes::from_static(br#"{"a":1}"#));
        payload.envelope_mut(&settings).expect("well formed");
        assert_eq!(payload.json_view(&settings).expect("convertible").expect("content")["a"], 1);
        let envelope = payload.envelope_mut(&settings).expect("xml");
        let root = envelope.payload().expect("a payload");
        let child = envelope.document.first_child(root).expect("a child");
        envelope.document.set_text(child, "2");
        assert_eq!(payload.json_view(&settings).expect("convertible").expect("content")["a"], 2);
    }
}
