//! `<enableAddressing>`: WS-Addressing headers of what goes out (spec: services 4.2).

use mi_payload::soap::Envelope;

use crate::context::{ANONYMOUS, MessageContext, remove_blocks};
use crate::definition::{DeployError, Element};

/// Which WS-Addressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressingVersion {
    /// 1.0 of August 2005.
    Final,
    /// The submission of August 2004.
    Submission,
}

impl AddressingVersion {
    /// Reads the `<enableAddressing>` of an endpoint, if it has one.
    ///
    /// # Errors
    /// When there is no such version.
    pub fn parse(endpoint: Element<'_>) -> Result<Option<Self>, DeployError> {
        let Some(element) = endpoint.child("enableAddressing") else { return Ok(None) };
        match element.attribute("version").map(str::trim) {
            None | Some("final") => Ok(Some(Self::Final)),
            Some("submission") => Ok(Some(Self::Submission)),
            Some(other) => {
                let message = "Unknown value for the addressing version. Possible values for the addressing version \
                               are 'final' and 'submission' only.";
                Err(element.attribute_error("version", message).hint(format!("found '{other}'")))
            }
        }
    }

    /// Its namespace.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Final => "http://www.w3.org/2005/08/addressing",
            Self::Submission => "http://schemas.xmlsoap.org/ws/2004/08/addressing",
        }
    }

    /// Puts the blocks of this message into `envelope`, in place of those that it came with.
    pub(super) fn write(self, envelope: &mut Envelope, context: &MessageContext, to: &str) {
        remove_blocks(envelope);
        let namespace = self.namespace();
        let header = envelope.header_or_insert();
        let document = &mut envelope.document;
        document.declare_namespace(header, "wsa", namespace);
        let addressing = &context.addressing;
        let action = addressing.action.as_deref().or(addressing.soap_action.as_deref());
        let blocks = [("To", Some(to)), ("MessageID", Some(&**context.message_id())), ("Action", action)];
        for (name, text) in blocks.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            let block = document.create_element("wsa", namespace, name);
            document.set_text(block, text);
            document.append_child(header, block);
        }
        // The final version means the sender when there is none; the submission wants it said.
        if self == Self::Submission {
            let block = document.create_element("wsa", namespace, "ReplyTo");
            let address = document.create_element("wsa", namespace, "Address");
            document.set_text(address, ANONYMOUS);
            document.append_child(block, address);
            document.append_child(header, block);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::endpoint::Endpoint;
    use crate::testing;

    #[tokio::test]
    async fn the_blocks_name_where_it_goes() {
        const SOAP: &[u8] = b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' \
            xmlns:w='http://www.w3.org/2005/08/addressing'><s:Header><w:To>http://old</w:To><own xmlns='x'/></s:Header>\
            <s:Body><a/></s:Body></s:Envelope>";
        for (version, namespace) in [("", "2005/08"), ("version='submission'", "2004/08")] {
            let text =
                format!("<endpoint><address uri='http://echo/1'><enableAddressing {version}/></address></endpoint>");
            let mut context = testing::context_with("text/xml", SOAP);
            context.rest = false;
            context.addressing.soap_action = Some("urn:a".to_owned());
            testing::endpoint(&text).send(&mut context).await.expect("an answer");
            context.build().await.expect("well formed");
            let envelope = testing::envelope(&context);
            assert!(envelope.contains("<wsa:To>http://echo/1</wsa:To>"), "{envelope}");
            assert!(envelope.contains("<wsa:Action>urn:a</wsa:Action>"), "{envelope}");
            assert!(envelope.contains(namespace) && envelope.contains("<own"), "{envelope}");
            assert!(!envelope.contains("http://old"), "{envelope}");
        }
    }

    #[test]
    fn there_are_two_versions() {
        let text = "<endpoint><address uri='http://h'><enableAddressing version='x'/></address></endpoint>";
        let error = testing::with_definitions(text, Endpoint::parse).expect_err("no such version");
        assert!(error.message().contains("addressing version"), "{error}");
    }
}
