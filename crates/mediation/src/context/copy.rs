//! Copies of a message, as splitters make them (spec: EIP mediators 2.1).

use mi_payload::{Payload, ViewError};

use super::{Frames, MessageContext, Reply};

impl MessageContext {
    /// A full copy: payload, properties, variables, headers, the place in the flow and its fault handlers. The operation
    /// scope and the answer that somebody waits for are shared. The id is new.
    ///
    /// # Errors
    /// When the body has not been built: a stream cannot be copied.
    pub fn try_copy(&mut self) -> Result<Self, ViewError> {
        let payload = self.payload.try_clone()?;
        let reply = self.reply.share();
        Ok(self.copy_with(payload, reply, self.frames.clone()))
    }

    /// A copy with another payload, as for the items of a split.
    #[must_use]
    pub fn copy_around(&mut self, payload: Payload) -> Self {
        let reply = self.reply.share();
        self.copy_with(payload, reply, self.frames.clone())
    }

    /// A full copy that answers nobody and has no place in any flow: for stores and one-way sends.
    ///
    /// # Errors
    /// As [`MessageContext::try_copy`].
    pub fn try_detached_copy(&self) -> Result<Self, ViewError> {
        let payload = self.payload.try_clone()?;
        Ok(self.copy_with(payload, Reply::Nobody, Frames::default()))
    }

    fn copy_with(&self, payload: Payload, reply: Reply, frames: Frames) -> Self {
        let mut copy = Self::new(self.configuration.clone(), self.origin.clone());
        copy.request.clone_from(&self.request);
        copy.api.clone_from(&self.api);
        copy.payload = payload;
        copy.attachments = self.attachments.clone();
        copy.headers = self.headers.clone();
        copy.properties = self.properties.clone();
        copy.variables = self.variables.clone();
        copy.axis2 = self.axis2.clone();
        // Make the shared scope now: copies of a scope that does not exist yet could not share it later.
        let _ = self.operation();
        copy.operation = self.operation.clone();
        copy.content_types = self.content_types.clone();
        copy.method.clone_from(&self.method);
        copy.status = self.status.clone();
        copy.answered = self.answered;
        copy.endpoint_address.clone_from(&self.endpoint_address);
        copy.rest_postfix = self.rest_postfix.clone();
        copy.addressing = self.addressing.clone();
        copy.rest = self.rest;
        copy.client_soap = self.client_soap;
        copy.is_response = self.is_response;
        copy.dispatched = self.dispatched;
        copy.out_sequence = self.out_sequence.clone();
        copy.entry_handler = self.entry_handler.clone();
        copy.templates = self.templates.clone();
        copy.frames = frames;
        copy.reply = reply;
        copy.splits = self.splits.clone();
        copy.slots = self.slots.clone();
        copy.cacheable.clone_from(&self.cacheable);
        copy.correlation_id = self.correlation_id.clone();
        copy
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const SWA: &[u8] = b"--b\r\nContent-Type: text/xml\r\n\r\n\
        <s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><a/></s:Body></s:Envelope>\r\n\
        --b\r\nContent-ID: <1>\r\n\r\nx\r\n--b--";

    #[tokio::test]
    async fn attachments_go_with_copies_and_do_not_outlive_a_call() {
        let mut context = testing::context_with("multipart/related; boundary=b; type=\"text/xml\"", SWA);
        context.build().await.expect("well made");
        assert_eq!(context.attachments.len(), 1);
        let payload = context.payload.try_clone().expect("built");
        assert_eq!(context.try_copy().expect("built").attachments, context.attachments);
        assert_eq!(context.copy_around(payload).attachments, context.attachments);
        let call = "<call><endpoint><address uri='http://status/200' format='soap11'/></endpoint></call>";
        testing::run(call, &mut context).await.expect("an answer");
        assert!(context.attachments.is_empty(), "they belonged to the request");
    }

    #[tokio::test]
    async fn a_call_that_puts_its_answer_elsewhere_leaves_them_alone() {
        let mut context = testing::context_with("multipart/related; boundary=b; type=\"text/xml\"", SWA);
        let call = "<call><endpoint><address uri='http://status/200' format='soap11'/></endpoint>\
                    <target type='property'>answer</target></call>";
        testing::run(call, &mut context).await.expect("an answer");
        assert_eq!(context.attachments.len(), 1);
    }
}
