//! Building the body: once, before the first mediator that looks inside.

use std::io::Read as _;

use bytes::Bytes;
use http::Method;
use http::header::CONTENT_ENCODING;
use mi_payload::{Body, BodyError, BuildContext, Payload};

use super::MessageContext;
use crate::fault::Fault;

/// What MI says of every HTTP body that cannot be built.
const CANNOT_BUILD: &str = "Error while building message. Error while building Passthrough stream";

impl MessageContext {
    /// Reads and builds the body, unless that has been done.
    ///
    /// # Errors
    /// A fault with code 601000 when the body is malformed or cut short; the payload is empty from then on.
    pub async fn build(&mut self) -> Result<(), Fault> {
        if !self.payload.is_unread() {
            return Ok(());
        }
        let Payload::Unread(body) = std::mem::take(&mut self.payload) else { return Ok(()) };
        let bytes = match body.collect(self.configuration.settings.build_limit).await {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.unreadable(&error)),
        };
        self.build_from(bytes)
    }

    /// Builds the body from bytes that are all here, by the content type of the message.
    ///
    /// # Errors
    /// As [`MessageContext::build`].
    pub fn build_from(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let bytes = match self.decode_content(bytes) {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.unbuildable(true, &error)),
        };
        let configuration = self.configuration.clone();
        let settings = &configuration.settings;
        let empty_delete = self.method == Some(Method::DELETE) && bytes.iter().all(|&byte| byte == b' ');
        if bytes.is_empty() || empty_delete {
            if empty_delete {
                self.axis2.set("NO_ENTITY_BODY", true.into());
            }
            self.payload = Payload::empty();
            return Ok(());
        }
        let content_type = self.content_types.content_type.clone();
        let context = BuildContext {
            content_type: content_type.as_deref().unwrap_or("application/octet-stream"),
            rest: self.rest,
            has_action: self.addressing.soap_action.as_deref().is_some_and(|action| !action.is_empty()),
            tolerant_json: matches!(self.method, Some(Method::GET | Method::DELETE)),
            query: self.request.as_ref().and_then(|request| request.target.split_once('?')).map(|(_, query)| query),
            validate_json: settings.validate_json,
        };
        match mi_payload::build(bytes, &context, &settings.builders, &settings.parse_options) {
            Ok(built) => {
                self.payload = built.payload;
                if !built.attachments.is_empty() {
                    self.attachments = built.attachments.into();
                }
                self.take_addressing();
                Ok(())
            }
            Err(error) => Err(self.unbuildable(error.is_parse_error(), &error)),
        }
    }

    /// Reads an unread body into memory without looking into it, so that it can be sent more than once; `None` when it
    /// has been built.
    ///
    /// # Errors
    /// As [`MessageContext::build`] when it cannot be read to its end.
    pub(crate) async fn hold(&mut self) -> Result<Option<Bytes>, Fault> {
        if !self.payload.is_unread() {
            return Ok(None);
        }
        let Payload::Unread(body) = std::mem::take(&mut self.payload) else { return Ok(None) };
        match body.collect(self.configuration.settings.build_limit).await {
            Ok(bytes) => {
                self.payload = Payload::Unread(Body::Full(bytes.clone()));
                Ok(Some(bytes))
            }
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    fn unreadable(&mut self, error: &BodyError) -> Fault {
        self.unbuildable(true, error)
    }

    fn unbuildable(&mut self, parse_error: bool, reason: &dyn std::fmt::Display) -> Fault {
        tracing::error!(
            target: "org.apache.synapse.transport.passthru.util.RelayUtils",
            "{}Error while building Passthrough stream: {reason}", self.log_prefix()
        );
        tracing::error!(
            target: "org.apache.synapse.mediators.base.SequenceMediator",
            "{}{CANNOT_BUILD}", self.log_prefix()
        );
        self.payload = Payload::empty();
        let fault = if parse_error { Fault::payload(CANNOT_BUILD) } else { Fault::new(CANNOT_BUILD) };
        fault.detail(reason.to_string())
    }

    /// Undoes gzip, brotli and deflate; the header stays, so that the message is coded again on its way out.
    fn decode_content(&self, bytes: Bytes) -> Result<Bytes, String> {
        let Some(coding) = self.headers.get(CONTENT_ENCODING) else { return Ok(bytes) };
        let limit = self.configuration.settings.build_limit;
        let mut out = Vec::new();
        let read = match coding.as_bytes().to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => flate2::read::MultiGzDecoder::new(&bytes[..]).take(limit + 1).read_to_end(&mut out),
            b"br" => {
                let decompressor = brotli_decompressor::Decompressor::new(&bytes[..], 4096);
                decompressor.take(limit + 1).read_to_end(&mut out)
            }
            b"deflate" => flate2::read::ZlibDecoder::new(&bytes[..]).take(limit + 1).read_to_end(&mut out),
            _ => return Ok(bytes),
        };
        match read {
            Ok(_) if out.len() as u64 > limit => Err(BodyError::TooLarge { limit }.to_string()),
            Ok(_) => Ok(Bytes::from(out)),
            Err(error) => Err(format!("malformed content coding: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::CONTENT_ENCODING;

    use crate::testing;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[tokio::test]
    async fn coded_bodies_are_decoded_before_they_are_built() {
        // {"a":1} in brotli, as another implementation made it.
        let brotli = [0x0b, 0x03, 0x80, 0x7b, 0x22, 0x61, 0x22, 0x3a, 0x31, 0x7d, 0x03];
        for (coding, bytes) in [("gzip", gzip(br#"{"a":1}"#)), ("br", brotli.to_vec())] {
            let mut context = testing::context_with("application/json", b"");
            context.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
            context.build_from(bytes.into()).expect("well coded");
            assert_eq!(testing::body(&context), r#"{"a":1}"#, "{coding}");
        }
    }

    #[tokio::test]
    async fn a_coding_that_lies_is_a_fault() {
        for coding in ["gzip", "br", "deflate"] {
            let mut context = testing::context_with("application/json", b"");
            context.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
            assert!(context.build_from(br#"{"a":1}"#.to_vec().into()).is_err(), "{coding}");
        }
    }
}
