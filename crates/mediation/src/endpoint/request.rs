//! From a message to a request: format, method, headers, body (spec: services 4.2, 4.4, 5.3, 5.5; payload 1.5, 1.7).

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    SERVER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use mi_payload::content_type::{media_type, parameter};
use mi_payload::{Body, Charset, Format, FormatOptions, Formatted, Packaging, Payload, SoapVersion};

use super::leaf::{EndpointFormat, Leaf};
use super::postfix;
use super::ws_addressing::AddressingVersion;
use crate::context::{MessageContext, To};
use crate::fault::{Fault, codes};
use crate::outgoing::Outgoing;

/// The user agent that back ends see unless the client's is preserved.
const OWN_USER_AGENT: HeaderValue = HeaderValue::from_static("Synapse-PT-HttpComponents-NIO");
/// Addresses of this server's own services begin so.
pub(super) const LOCAL: &str = "local://";
/// Addresses of files begin so.
pub(super) const FILES: &str = "vfs:";
const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");
pub(super) const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
/// Headers that a back end gets only when they are preserved.
static OF_LAST_HOP: [HeaderName; 6] = [CONTENT_LENGTH, CONNECTION, KEEP_ALIVE, DATE, HOST, EXPECT];

/// A request that is ready to go.
pub(super) struct Prepared {
    /// The request.
    pub outgoing: Outgoing,
    /// The exchange counts as REST: a `text/xml` answer is plain XML.
    pub rest: bool,
}

/// `address` with the rest of the request's path, when the exchange is REST.
pub(super) fn with_postfix(context: &MessageContext, format: EndpointFormat, address: &str) -> String {
    match context.rest_postfix_text() {
        Some(rest) if is_rest(context, format) && !address.starts_with("jms:") => postfix::join(address, rest),
        _ => address.to_owned(),
    }
}

/// The To address as a URL; a path gets no host, so that sending says what is wrong with it.
pub(super) fn to_address(context: &MessageContext, to: &str) -> String {
    match (&context.addressing.to, context.rest_postfix_text()) {
        (To::Address(_) | To::Anonymous, Some(rest)) if is_rest(context, EndpointFormat::AsIs) => {
            postfix::join_plain(to, rest)
        }
        _ => to.to_owned(),
    }
}

/// "Everything but real SOAP posts" (services 4.4).
fn is_rest(context: &MessageContext, format: EndpointFormat) -> bool {
    match format {
        EndpointFormat::Rest => true,
        EndpointFormat::Soap11 | EndpointFormat::Soap12 => false,
        _ => context.rest || context.method.as_ref().is_some_and(|method| *method != Method::POST),
    }
}

/// Makes the request. The message keeps what its fault handler needs should sending fail: headers, and the payload
/// unless that is a stream, which is gone.
pub(super) fn prepare(
    context: &mut MessageContext,
    leaf: &Leaf,
    forced_method: Option<Method>,
    url: String,
    limit: Duration,
) -> Result<Prepared, Fault> {
    // The scheme of a WebSocket is that of its handshake.
    let mut url = url;
    if url.starts_with("ws://") || url.starts_with("wss://") {
        url.replace_range(.."ws".len(), "http");
    }
    if !["http://", "https://", LOCAL, FILES].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Fault::with_code(codes::CALL, format!("Cannot infer transport from the URL {url}"))
            .detail("An endpoint's address begins with http://, https://, local:// or vfs:"));
    }
    let upgrade = upgrade(context);
    let shape = Shape {
        addressing: leaf.addressing,
        charset: leaf.charset,
        packaging: leaf.packaging.unwrap_or_else(|| packaging(context)),
        ..Shape::of(context, leaf.format, if url.starts_with(FILES) { Some(Method::POST) } else { forced_method })
    };
    let mut headers = outgoing_headers(context);
    let body = body(context, &shape, &mut headers, &mut url)?;
    if shape.soap_action_header
        && let Some(action) = context.addressing.soap_action.as_deref().or(context.addressing.action.as_deref())
        && let Ok(value) = HeaderValue::from_str(&format!("\"{action}\""))
    {
        headers.insert(SOAP_ACTION, value);
    }
    let content_length =
        context.axis2_is_true("DISABLE_CHUNKING") || context.axis2_is_true("FORCE_HTTP_CONTENT_LENGTH");
    let http10 = context.axis2_is_true("FORCE_HTTP_1.0");
    let outgoing = Outgoing {
        method: shape.method,
        url,
        headers,
        body,
        content_length: content_length || http10,
        http10,
        absolute_form: context.axis2_is_true("FULL_URI") || context.axis2_is_true("POST_TO_URI"),
        close: context.axis2_is_true("NO_KEEPALIVE"),
        timeout: Some(limit),
        upgrade,
    };
    Ok(Prepared { outgoing, rest: shape.rest })
}

/// The protocol that a client asks for instead of HTTP, if it is one that passes through: WebSocket.
fn upgrade(context: &MessageContext) -> Option<HeaderValue> {
    let asked = context.headers.get(UPGRADE).filter(|_| !context.is_response)?;
    let method = context.request.as_ref().map(|request| &request.method);
    (method == Some(&Method::GET) && asked.as_bytes().eq_ignore_ascii_case(b"websocket")).then(|| asked.clone())
}

/// How the message will look.
struct Shape {
    method: Method,
    rest: bool,
    /// Envelope version to convert to, when the format asks for one.
    soap: Option<SoapVersion>,
    /// Addressing blocks to write, when the message is an envelope.
    addressing: Option<AddressingVersion>,
    /// The endpoint's own character set.
    charset: Option<Charset>,
    /// How an envelope travels.
    packaging: Packaging,
    /// Message type to write, over the message's own.
    message_type: Option<&'static str>,
    soap_action_header: bool,
    /// The payload goes into the query.
    as_query: bool,
}

impl Shape {
    fn of(context: &MessageContext, format: EndpointFormat, forced_method: Option<Method>) -> Self {
        let own = forced_method.or_else(|| context.method.clone()).unwrap_or(Method::POST);
        let mut shape = Self {
            method: own,
            rest: is_rest(context, format),
            soap: None,
            addressing: None,
            charset: None,
            packaging: Packaging::Plain,
            message_type: None,
            soap_action_header: false,
            as_query: false,
        };
        match format {
            EndpointFormat::Soap11 | EndpointFormat::Soap12 => {
                let version = if format == EndpointFormat::Soap11 { SoapVersion::V11 } else { SoapVersion::V12 };
                shape.method = Method::POST;
                shape.rest = false;
                shape.soap = Some(version);
                shape.message_type = Some(version.media_type());
                shape.soap_action_header = version == SoapVersion::V11;
            }
            EndpointFormat::Pox => {
                shape.rest = true;
                shape.message_type = Some("application/xml");
            }
            EndpointFormat::Get => {
                shape.rest = true;
                shape.method = Method::GET;
                shape.as_query = true;
            }
            EndpointFormat::AsIs | EndpointFormat::Rest => {
                let message_type = context.content_types.message_type.as_deref();
                shape.soap_action_header =
                    !shape.rest && matches!(message_type, Some("text/xml" | "multipart/related"));
                let form = context.content_types.message_type.as_deref() == Some("application/x-www-form-urlencoded");
                shape.as_query = shape.method == Method::GET && form;
            }
        }
        shape
    }
}

/// The message's headers without those that belong to its last hop. They are copied one by one: a copy of the map, and
/// looking up in it what must go, costs several times as much.
fn outgoing_headers(context: &MessageContext) -> HeaderMap {
    let settings = &context.configuration.settings;
    let preserved = |name: &HeaderName| settings.preserve_headers.iter().any(|known| *name == known.as_str());
    let keeps_user_agent = settings.preserve_user_agent || preserved(&USER_AGENT);
    let mut headers = HeaderMap::with_capacity(context.headers.len() + 2);
    for (name, value) in &context.headers {
        let goes_on = match name {
            name if *name == TRANSFER_ENCODING => false,
            name if *name == USER_AGENT => keeps_user_agent,
            name if *name == SERVER => settings.preserve_server || preserved(name),
            name if OF_LAST_HOP.contains(name) => preserved(name),
            _ => true,
        };
        if goes_on {
            headers.append(name.clone(), value.clone());
        }
    }
    if !keeps_user_agent {
        headers.insert(USER_AGENT, OWN_USER_AGENT);
    }
    if let Some(host) = context.axis2.text("REQUEST_HOST_HEADER")
        && let Ok(value) = HeaderValue::from_str(&host)
    {
        headers.insert(HOST, value);
    }
    if let Some(id) = context.correlation_id()
        && let Ok(value) = HeaderValue::from_str(id)
    {
        headers.insert(settings.correlation_header.clone(), value);
    }
    headers
}

fn body(context: &mut MessageContext, shape: &Shape, headers: &mut HeaderMap, url: &mut String) -> Result<Body, Fault> {
    if let Payload::Unread(body) = &mut context.payload {
        if matches!(shape.method, Method::GET | Method::HEAD) {
            headers.remove(CONTENT_TYPE);
            return Ok(Body::Empty);
        }
        return Ok(std::mem::take(body));
    }
    if shape.as_query {
        append_query(context, url)?;
        headers.remove(CONTENT_TYPE);
        return Ok(Body::Empty);
    }
    let empty = context.payload.is_empty();
    let without = match shape.method {
        Method::GET | Method::HEAD => true,
        Method::DELETE => empty,
        _ => empty && (context.axis2_is_true("NO_ENTITY_BODY") || shape.soap.is_none()),
    };
    if without {
        if matches!(shape.method, Method::GET | Method::HEAD | Method::DELETE) {
            headers.remove(CONTENT_TYPE);
        }
        return Ok(Body::Empty);
    }
    let written = written(context, shape, headers, url)?;
    Ok(coded(written, headers).into())
}

/// The payload in the format that goes out, and the content type that says so.
fn written(context: &mut MessageContext, shape: &Shape, headers: &mut HeaderMap, url: &str) -> Result<Bytes, Fault> {
    let configuration = context.configuration.clone();
    let settings = &configuration.settings;
    let own = context.content_types.message_type.clone();
    let message_type = match &context.payload {
        // Into a file texts and bytes go as they are, whatever the message type says.
        Payload::Text(_) if url.starts_with(FILES) => Some("text/plain"),
        Payload::Binary(_) if url.starts_with(FILES) => Some("application/octet-stream"),
        _ => shape.message_type.or(own.as_deref()),
    };
    let format = match message_type.and_then(|name| settings.formatters.lookup(name)) {
        Some(Format::Soap) if shape.rest && shape.soap.is_none() && context.rest => Format::Xml,
        Some(format) => format,
        None if shape.rest => Format::Xml,
        None => Format::Soap,
    };
    let converted;
    let addressing = shape.addressing.filter(|_| format == Format::Soap);
    let removes_addressing = format == Format::Soap && context.has_addressing_blocks();
    let payload = if shape.soap.is_some() || removes_addressing || addressing.is_some() {
        // What changes is for this request only: the fault handler sees the message as it was.
        let mut envelope = context.payload.envelope(&settings.json)?.clone();
        if let Some(version) = shape.soap {
            envelope.convert(version);
        }
        if removes_addressing {
            crate::context::remove_blocks(&mut envelope);
        }
        if let Some(version) = addressing {
            version.write(&mut envelope, context, url);
        }
        converted = Payload::xml(envelope);
        &converted
    } else {
        &context.payload
    };
    let own = content_type(context, shape, format, headers);
    let mut options = format_options(context, shape.charset, &own);
    options.packaging = shape.packaging;
    let formatted = formatted(context, payload, format, options)?;
    let content_type = match formatted.content_type {
        Some(multipart) => with_action(context, payload, multipart),
        // What was multipart and is written as an envelope alone must not say that it is multipart.
        None if media_type(&own).starts_with("multipart/") => {
            let media = default_media_type(if format == Format::MultipartRelated { Format::Soap } else { format });
            format!("{media}; charset={}", options.charset.name())
        }
        None => own,
    };
    if let Ok(value) = HeaderValue::from_str(&content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    Ok(formatted.bytes)
}

/// The payload as the formatter writes it.
pub(crate) fn formatted(
    context: &MessageContext,
    payload: &Payload,
    format: Format,
    options: FormatOptions<'_>,
) -> Result<Formatted, Fault> {
    if format == Format::Json
        && payload.is_empty()
        && let Some(text) = context.axis2.text("JSON_STRING")
    {
        return Ok(text.into_owned().into());
    }
    let written = mi_payload::format(payload, format, options, &context.configuration.settings.json);
    written.map_err(|error| Fault::new(error.to_string()))
}

/// Switches of the formatters that stand on the message; `content_type` is what it will say of itself.
pub(crate) fn format_options<'a>(
    context: &'a MessageContext,
    charset: Option<Charset>,
    content_type: &str,
) -> FormatOptions<'a> {
    let flag = |name: &str| context.axis2.text(name).map(|text| text.eq_ignore_ascii_case("true"));
    let charset = charset.or_else(|| own_charset(context));
    let announced = || parameter(content_type, "charset").and_then(Charset::of_label);
    FormatOptions {
        xml_declaration: flag("WRITE_XML_DECLARATION"),
        standalone: flag("XML_DECLARATION_STANDALONE"),
        preserve_spaces: context.axis2_is_true("PRESERVE_SPACES"),
        charset: charset.or_else(announced).unwrap_or_default(),
        packaging: Packaging::Plain,
        attachments: &context.attachments,
    }
}

/// `CHARACTER_SET_ENCODING`, when a mediator has set it to one that is known.
pub(crate) fn own_charset(context: &MessageContext) -> Option<Charset> {
    let label = context.axis2.text("CHARACTER_SET_ENCODING")?;
    let charset = Charset::of_label(&label);
    if charset.is_none() {
        tracing::warn!(
            target: "org.apache.synapse.transport.passthru.util.PassThroughTransportUtils",
            "{}CHARACTER_SET_ENCODING {label:?} is not known; UTF-8 is written", context.log_prefix()
        );
    }
    charset
}

/// What `enableMTOM` and `enableSwA` say; `optional` answers MTOM with MTOM.
pub(crate) fn packaging(context: &MessageContext) -> Packaging {
    let came_as_mtom = || {
        let content_type = context.content_types.content_type.as_deref().unwrap_or_default();
        mi_payload::related::packaging(content_type) == Packaging::Mtom
    };
    match context.axis2.text("enableMTOM").as_deref() {
        Some(value) if value.eq_ignore_ascii_case("true") => Packaging::Mtom,
        Some(value) if value.eq_ignore_ascii_case("optional") && came_as_mtom() => Packaging::Mtom,
        _ if context.axis2_is_true("enableSwA") => Packaging::Swa,
        _ => Packaging::Plain,
    }
}

/// SOAP 1.2 has the action in the content type.
fn with_action(context: &MessageContext, payload: &Payload, content_type: String) -> String {
    let version = payload.envelope(&context.configuration.settings.json).map(|envelope| envelope.version);
    let action = context.addressing.soap_action.as_deref().or(context.addressing.action.as_deref());
    match (version, action) {
        (Ok(SoapVersion::V12), Some(action)) if content_type.starts_with("multipart/related") => {
            format!("{content_type}; action=\"{action}\"")
        }
        _ => content_type,
    }
}

/// `content_type` with the character set that the body is written in: one that a mediator or the endpoint chose wins
/// over what stands there.
pub(crate) fn with_charset(context: &MessageContext, chosen: Option<Charset>, content_type: &str) -> String {
    if media_type(content_type).starts_with("multipart/") {
        return content_type.to_owned();
    }
    match (parameter(content_type, "charset"), chosen) {
        (Some(there), Some(charset)) => content_type.replacen(there, charset.name(), 1),
        (Some(_), None) => content_type.to_owned(),
        (None, _) if context.axis2.text("setCharacterEncoding").is_some_and(|text| text == "false") => {
            content_type.to_owned()
        }
        (None, chosen) => format!("{content_type}; charset={}", chosen.unwrap_or_default().name()),
    }
}

fn content_type(context: &MessageContext, shape: &Shape, format: Format, headers: &HeaderMap) -> String {
    let action = context.addressing.soap_action.as_deref().or(context.addressing.action.as_deref());
    let existing = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let chosen = shape.charset.or_else(|| own_charset(context));
    if let Some(version) = shape.soap {
        let announced = existing.and_then(|value| parameter(value, "charset")).unwrap_or("UTF-8");
        let charset = chosen.map_or(announced, |charset| charset.name());
        let media = version.media_type();
        return match action.filter(|_| version == SoapVersion::V12) {
            Some(action) => format!("{media}; charset={charset}; action=\"{action}\""),
            None => format!("{media}; charset={charset}"),
        };
    }
    if let Some(media) = shape.message_type {
        return format!("{media}; charset={}", chosen.unwrap_or_default().name());
    }
    // `Content-Type` is among the preserved headers as shipped: what the map says goes out as it is.
    if let Some(existing) = existing {
        return if chosen.is_some() { with_charset(context, chosen, existing) } else { existing.to_owned() };
    }
    let types = &context.content_types;
    let own = types.content_type.as_deref().or(types.message_type.as_deref());
    with_charset(context, chosen, own.unwrap_or(default_media_type(format)))
}

/// The media type that a format has when the message names none.
pub(crate) fn default_media_type(format: Format) -> &'static str {
    match format {
        Format::Json => "application/json",
        Format::Xml => "application/xml",
        Format::Soap => "text/xml",
        Format::Text => "text/plain",
        Format::Binary => "application/octet-stream",
        Format::Form => "application/x-www-form-urlencoded",
        Format::MultipartForm => "multipart/form-data",
        Format::MultipartRelated => "multipart/related",
    }
}

/// Codes the body again when the header says so: it was decoded to be built.
pub(crate) fn coded(bytes: Bytes, headers: &mut HeaderMap) -> Bytes {
    use std::io::Write as _;
    let Some(coding) = headers.get(CONTENT_ENCODING) else { return bytes };
    if !coding.as_bytes().eq_ignore_ascii_case(b"gzip") {
        // Other codings are not written again; the header would lie.
        headers.remove(CONTENT_ENCODING);
        return bytes;
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    match encoder.write_all(&bytes).and_then(|()| encoder.finish()) {
        Ok(coded) => coded.into(),
        Err(_) => bytes,
    }
}

fn append_query(context: &MessageContext, url: &mut String) -> Result<(), Fault> {
    let envelope = context.payload.envelope(&context.configuration.settings.json)?;
    let query = mi_payload::format::form(envelope);
    if !query.is_empty() {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&query);
    }
    Ok(())
}
