//! WS-Addressing headers of SOAP messages: taken over when the message is built, left out again when it is sent.

use mi_payload::Payload;
use mi_payload::soap::Envelope;

use super::{MessageContext, To};

const NAMESPACES: [&str; 2] =
    ["http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing"];

impl MessageContext {
    /// Takes addresses and ids over from the SOAP header of a message that has just been built.
    pub(super) fn take_addressing(&mut self) {
        let Payload::Xml(xml) = &self.payload else { return };
        let envelope = xml.envelope();
        if envelope.synthetic {
            return;
        }
        let mut message_id = None;
        for (name, text) in blocks(envelope) {
            let addressing = &mut self.addressing;
            match name {
                "To" if addressing.to == To::Request => addressing.to = To::Address(text),
                "From" => addressing.from = Some(text),
                "ReplyTo" => addressing.reply_to = Some(text),
                "FaultTo" => addressing.fault_to = Some(text),
                "RelatesTo" => addressing.relates_to = Some(text),
                "Action" => addressing.action = Some(text),
                "MessageID" => message_id = Some(text),
                _ => {}
            }
        }
        if let Some(id) = message_id {
            self.set_message_id(&id);
        }
    }

    /// Whether it has addressing blocks that must not go on to the next hop.
    pub(crate) fn has_addressing_blocks(&self) -> bool {
        let Payload::Xml(xml) = &self.payload else { return false };
        !self.properties.is_true("PRESERVE_WS_ADDRESSING") && !blocks(xml.envelope()).is_empty()
    }
}

/// The addressing blocks: local name, and the text of the address or of the block itself.
fn blocks(envelope: &Envelope) -> Vec<(&str, String)> {
    let document = &envelope.document;
    let all = envelope.header.into_iter().flat_map(|header| document.child_elements(header));
    let ours = all.filter(|&block| NAMESPACES.contains(&document.namespace(block)));
    ours.map(|block| {
        let address = document.child_elements(block).find(|&child| document.local_name(child) == "Address");
        let text = document.text_content(address.unwrap_or(block)).trim().to_owned();
        (document.local_name(block), text)
    })
    .collect()
}

/// Removes the addressing blocks: they were for us (`PRESERVE_WS_ADDRESSING` keeps them).
pub(crate) fn remove_blocks(envelope: &mut Envelope) {
    let document = &envelope.document;
    let all = envelope.header.into_iter().flat_map(|header| document.child_elements(header));
    let ours: Vec<_> = all.filter(|&block| NAMESPACES.contains(&document.namespace(block))).collect();
    for block in ours {
        envelope.document.detach(block);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const SOAP: &[u8] = b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' \
        xmlns:w='http://www.w3.org/2005/08/addressing'><s:Header><w:To>http://b/x</w:To><w:Action>urn:a</w:Action>\
        <w:MessageID>urn:1</w:MessageID><w:ReplyTo><w:Address>http://r</w:Address></w:ReplyTo></s:Header>\
        <s:Body><a/></s:Body></s:Envelope>";

    #[tokio::test]
    async fn a_built_soap_message_has_the_addresses_of_its_header() {
        let mut context = testing::context_with("text/xml", SOAP);
        context.rest = false;
        assert_eq!(context.to_address(), Some("/orders/1"));
        context.build().await.expect("well formed");
        assert_eq!(context.to_address(), Some("http://b/x"));
        assert_eq!(context.addressing.action.as_deref(), Some("urn:a"));
        assert_eq!(context.addressing.reply_to.as_deref(), Some("http://r"));
        assert_eq!(&**context.message_id(), "urn:1");
    }
}
