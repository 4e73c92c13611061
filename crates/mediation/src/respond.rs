//! From a message to the answer for the client (spec: services 3.4, 5.3, 5.7; payload 1.5, 1.7).

use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, HeaderMap, HeaderValue, USER_AGENT};
use mi_payload::content_type::media_type;
use mi_payload::value::Value;
use mi_payload::{Body, Format, Packaging, Payload, SoapVersion};

use crate::context::{MessageContext, OriginKind, Response, StatusProperty};
use crate::endpoint::request::{
    coded, default_media_type, format_options, formatted, own_charset, packaging, with_charset,
};
use crate::fault::Fault;

impl MessageContext {
    /// Sends the message back to whoever waits for an answer. Only the first answer of a request counts.
    ///
    /// # Errors
    /// When the payload cannot be written in the format that it has to have.
    pub async fn respond(&mut self) -> Result<(), Fault> {
        self.is_response = true;
        self.addressing.to = crate::context::To::Nowhere;
        if !self.reply.is_open() {
            if !matches!(self.reply, crate::context::Reply::Nobody) {
                self.warn_already_answered();
            }
            return Ok(());
        }
        let must_build =
            ["DISABLE_CHUNKING", "FORCE_HTTP_1.0", "HTTP_ETAG"].iter().any(|name| self.axis2_is_true(name));
        if must_build || self.must_convert_to_client() || self.axis2.get("enableMTOM").is_some() {
            self.build().await?;
        }
        let response = self.make_response()?;
        self.slots.give_back();
        if self.reply.answer(response).is_err() {
            self.warn_already_answered();
        }
        Ok(())
    }

    fn warn_already_answered(&self) {
        let kind = match self.origin.kind {
            OriginKind::Api => "Rest API Context",
            OriginKind::Proxy => "Proxy Name",
            OriginKind::Inbound | OriginKind::Task | OriginKind::Main => "Inbound endpoint",
        };
        let name = match &self.api {
            Some(api) => &api.context,
            None => &self.origin.name,
        };
        tracing::warn!(
            target: "org.apache.synapse.core.axis2.Axis2Sender",
            "Trying to send a response to an already responded client request - {kind} : {name}"
        );
    }

    /// A SOAP client gets its own version back (payload 1.7).
    fn must_convert_to_client(&self) -> bool {
        match self.client_soap {
            None => false,
            Some(version) => {
                let header = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
                let media = media_type(header);
                // An envelope with attachments is SOAP too, and converting it would lose them.
                let related = !self.rest && media.eq_ignore_ascii_case("multipart/related");
                !related && (self.rest || !media.eq_ignore_ascii_case(version.media_type()))
            }
        }
    }

    /// The answer that the message makes. Its payload is gone afterwards when it was a stream.
    pub(crate) fn make_response(&mut self) -> Result<Response, Fault> {
        self.convert_to_client()?;
        let status = self.response_status();
        let mut headers = std::mem::take(&mut self.headers);
        self.strip(&mut headers);
        let body = self.response_body(status, &mut headers)?;
        if self.axis2_is_true("HTTP_ETAG")
            && let Body::Full(bytes) = &body
            && let Ok(tag) = HeaderValue::from_str(&entity_tag(bytes))
        {
            headers.insert(ETAG, tag);
        }
        if let Some(cors) = self.api.as_ref().and_then(|api| api.cors.as_ref()) {
            cors.write(&mut headers);
        }
        let counted = ["DISABLE_CHUNKING", "FORCE_HTTP_CONTENT_LENGTH", "FORCE_HTTP_1.0"];
        let failed = self.has_failed();
        Ok(Response {
            status,
            reason: self.response_reason(status).filter(|_| !failed),
            headers,
            body,
            content_length: counted.iter().any(|name| self.axis2_is_true(name)),
            close: failed || self.axis2_is_true("NO_KEEPALIVE"),
            tunnel: self.tunnel.take().filter(|_| status == StatusCode::SWITCHING_PROTOCOLS),
            message: None,
        })
    }

    fn convert_to_client(&mut self) -> Result<(), Fault> {
        let Some(version) = self.client_soap else { return Ok(()) };
        if self.payload.is_unread() || !self.must_convert_to_client() && !self.differs_from(version) {
            return Ok(());
        }
        let configuration = self.configuration.clone();
        self.payload.envelope_mut(&configuration.settings.json)?.convert(version);
        self.set_message_type(version.media_type());
        self.rest = false;
        Ok(())
    }

    fn differs_from(&self, version: SoapVersion) -> bool {
        matches!(&self.payload, Payload::Xml(xml) if xml.envelope().version != version)
    }

    /// An axis2 `ERROR_CODE` on a response says that this server failed.
    fn has_failed(&self) -> bool {
        matches!(self.axis2.get("ERROR_CODE"), Some(Value::Integer(_)))
    }

    fn response_status(&self) -> StatusCode {
        if self.has_failed() {
            return StatusCode::BAD_GATEWAY;
        }
        if self.axis2_is_true("SC_ACCEPTED") && !self.axis2.is_true("IGNORE_SC_ACCEPTED") {
            return StatusCode::ACCEPTED;
        }
        let set = match &self.status {
            StatusProperty::Unset => None,
            StatusProperty::OfAnswer(code) => Some(*code),
            StatusProperty::Set(value) => self.parse_status(value),
        };
        if let Some(status) = set.and_then(|code| StatusCode::from_u16(code).ok()) {
            return status;
        }
        if self.payload.is_fault() && !self.axis2_is_true("FAULTS_AS_HTTP_200") {
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        StatusCode::OK
    }

    fn parse_status(&self, value: &Value) -> Option<u16> {
        let text = value.string_value();
        let number = text.trim().parse().ok();
        if number.is_none() {
            tracing::warn!(
                target: "org.apache.synapse.transport.passthru.util.PassThroughTransportUtils",
                "{}Unable to set the HTTP status code from the property HTTP_SC with value: {text}", self.log_prefix()
            );
        }
        number
    }

    /// A phrase that belongs to another status than the one that goes out is not sent.
    fn response_reason(&self, status: StatusCode) -> Option<String> {
        let own = matches!(self.status, StatusProperty::OfAnswer(code) if code == status.as_u16());
        let description = self.axis2.text("HTTP_SC_DESC")?;
        let fits = own || matches!(self.status, StatusProperty::Set(_) | StatusProperty::Unset);
        fits.then(|| description.into_owned())
    }

    /// Without a back end's answer these are the client's own headers, echoed as MI does; some of them say who the client
    /// is, where it went and how much it sent, not what the answer is. What belongs to a hop (`Connection`, `Date`, the
    /// framing) the transport leaves out in any case.
    fn strip(&self, headers: &mut HeaderMap) {
        if !self.dispatched {
            for name in [HOST, USER_AGENT, CONTENT_LENGTH] {
                headers.remove(name);
            }
        }
    }

    fn response_body(&mut self, status: StatusCode, headers: &mut HeaderMap) -> Result<Body, Fault> {
        let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED);
        if bodiless || self.axis2_is_true("NO_ENTITY_BODY") {
            if bodiless || self.payload.is_empty() {
                headers.remove(CONTENT_TYPE);
            }
            self.payload = Payload::empty();
            return Ok(Body::Empty);
        }
        if let Payload::Unread(body) = &mut self.payload {
            let body = std::mem::take(body);
            match self.content_types.content_type.as_deref().filter(|_| !body.is_empty()) {
                // As it came, mostly.
                Some(text) if headers.get(CONTENT_TYPE).is_some_and(|known| known == text) => {}
                Some(text) => set_content_type(headers, HeaderValue::from_str(text).ok()),
                None => set_content_type(headers, None),
            }
            return Ok(body);
        }
        let configuration = self.configuration.clone();
        let settings = &configuration.settings;
        let packaging = packaging(self);
        let format = if packaging == Packaging::Plain { self.response_format() } else { Format::MultipartRelated };
        if self.payload.is_empty() && packaging == Packaging::Plain && format != Format::Json && format != Format::Soap
        {
            headers.remove(CONTENT_TYPE);
            return Ok(Body::Empty);
        }
        let own = self.response_content_type(format);
        let mut options = format_options(self, None, &own);
        options.packaging = packaging;
        let formatted = formatted(self, &self.payload, format, options)?;
        let content_type = match formatted.content_type {
            Some(multipart) => multipart,
            None if media_type(&own).starts_with("multipart/") => {
                let version = self.payload.envelope(&settings.json)?.version;
                let envelope = matches!(format, Format::Soap | Format::MultipartRelated);
                let media = if envelope { version.media_type() } else { default_media_type(format) };
                format!("{media}; charset={}", options.charset.name())
            }
            None => own,
        };
        if let Ok(value) = HeaderValue::from_str(&content_type) {
            headers.insert(CONTENT_TYPE, value);
        }
        Ok(coded(formatted.bytes, headers).into())
    }

    fn response_format(&self) -> Format {
        let formatters = &self.configuration.settings.formatters;
        let named = self.content_types.message_type.as_deref().and_then(|name| formatters.lookup(name));
        let soap_client = self.client_soap.is_some();
        match named {
            // `text/xml` on a message that is no SOAP is plain XML, its header stays.
            Some(Format::Soap) if self.rest && !soap_client => Format::Xml,
            Some(format) => format,
            None if self.rest || !soap_client => Format::Xml,
            None => Format::Soap,
        }
    }

    fn response_content_type(&self, format: Format) -> String {
        let types = &self.content_types;
        let own = types.content_type.as_deref().filter(|text| !text.is_empty()).or(types.message_type.as_deref());
        with_charset(self, own_charset(self), own.unwrap_or(default_media_type(format)))
    }
}

fn set_content_type(headers: &mut HeaderMap, value: Option<HeaderValue>) {
    match value {
        Some(value) => drop(headers.insert(CONTENT_TYPE, value)),
        None => drop(headers.remove(CONTENT_TYPE)),
    }
}

/// A tag that differs when the body does: two keyed hashes of it side by side.
fn entity_tag(body: &[u8]) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let half = |key: u8| {
        let mut hasher = DefaultHasher::new();
        (key, body).hash(&mut hasher);
        hasher.finish()
    };
    format!("\"{:016x}{:016x}\"", half(0), half(1))
}
