//! `<failover>` endpoints: the first child that is ready (spec: services 4.9).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::group::{self, Attempts};
use super::{Endpoint, Sent};
use crate::context::MessageContext;
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;

/// A failover endpoint.
#[derive(Debug)]
pub struct Failover {
    /// In the order in which they are tried.
    pub children: Vec<Arc<Endpoint>>,
    /// The primary is used again as soon as it is ready; otherwise the child in use stays until it is not.
    pub dynamic: bool,
    /// `buildMessage`: the payload is built in any case.
    pub build: bool,
    current: AtomicUsize,
}

impl Failover {
    /// Reads `<failover>`.
    ///
    /// # Errors
    /// What is wrong with its children.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        Ok(Self {
            children: group::children(element, definitions)?,
            dynamic: !element.attribute("dynamic").is_some_and(|text| text.trim().eq_ignore_ascii_case("false")),
            build: element.is_true("buildMessage"),
            current: AtomicUsize::new(0),
        })
    }

    /// Sends the message to one child after another until one takes it.
    pub(super) async fn send(&self, endpoint: &Endpoint, context: &mut MessageContext) -> Result<Sent, Fault> {
        if self.build {
            context.build().await?;
        }
        let mut attempts = Attempts::begin((endpoint, "Failover"), &self.children, context, true).await?;
        while let Some(index) = self.choose(|index| attempts.may_try(index, context)) {
            if let Some(sent) = attempts.send(index, context).await? {
                return Ok(sent);
            }
        }
        Err(attempts.give_up())
    }

    fn choose(&self, may_try: impl Fn(usize) -> bool) -> Option<usize> {
        let mut children = 0..self.children.len();
        if self.dynamic {
            return children.find(|&index| may_try(index));
        }
        let current = self.current.load(Ordering::Relaxed);
        let chosen = if may_try(current) { Some(current) } else { children.find(|&index| may_try(index)) };
        if let Some(index) = chosen {
            self.current.store(index, Ordering::Relaxed);
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use crate::context::MessageContext;
    use crate::endpoint::{Endpoint, EndpointKind, Sent};
    use crate::fault::Fault;
    use crate::testing;
    use std::sync::Arc;

    fn group(attributes: &str, uris: &[&str]) -> Arc<Endpoint> {
        let children: String =
            uris.iter().map(|uri| format!("<endpoint><address uri='http://{uri}'/></endpoint>")).collect();
        testing::endpoint(&format!("<endpoint name='g'><failover {attributes}>{children}</failover></endpoint>"))
    }

    async fn send(endpoint: &Arc<Endpoint>, context: &mut MessageContext) -> Result<String, Fault> {
        endpoint.send(context).await?;
        context.build().await?;
        Ok(format!("{} {}", context.headers["x-url"].to_str().expect("text"), testing::body(context)))
    }

    #[tokio::test]
    async fn the_next_child_gets_the_same_body() {
        let group = group("", &["refused/", "silent/", "echo/3"]);
        let mut context = testing::context_with("text/plain", b"body");
        assert_eq!(send(&group, &mut context).await.expect("an answer"), "http://echo/3 body");
        assert!(context.properties.get("ERROR_CODE").is_none());
        assert!(context.frames.is_empty());
        // Both are suspended now, so the third is tried at once.
        let mut context = testing::context_with("text/plain", b"b");
        context.build().await.expect("text");
        assert_eq!(send(&group, &mut context).await.expect("an answer"), "http://echo/3 b");
    }

    #[tokio::test]
    async fn a_failure_that_must_not_be_retried_ends_it() {
        let group = testing::endpoint(
            "<endpoint><failover><endpoint><address uri='http://refused/'><retryConfig><disabledErrorCodes>101503\
             </disabledErrorCodes></retryConfig></address></endpoint><endpoint><address uri='http://echo/'/></endpoint>\
             </failover></endpoint>",
        );
        let mut context = testing::context_with("text/plain", b"x");
        let fault = send(&group, &mut context).await.expect_err("no second try");
        assert_eq!(fault.code(), Some(101_503));
        // Suspended by that failure, it does not stand in the way of the next message.
        let mut context = testing::context_with("text/plain", b"x");
        send(&group, &mut context).await.expect("an answer");
    }

    #[tokio::test]
    async fn the_last_childs_code_stays_and_then_none_is_ready() {
        let group = group("", &["refused/", "silent/"]);
        let mut context = testing::context_with("text/plain", b"x");
        assert_eq!(send(&group, &mut context).await.expect_err("all fail").code(), Some(101_504));
        let mut context = testing::context_with("text/plain", b"x");
        let fault = send(&group, &mut context).await.expect_err("none ready");
        assert_eq!(
            (fault.code(), fault.message()),
            (Some(303_000), "Failover endpoint : g - no ready child endpoints")
        );
    }

    #[tokio::test]
    async fn a_child_without_suspension_is_tried_once_for_a_message() {
        let never = "<suspendOnFailure><errorCodes>-1</errorCodes></suspendOnFailure>\
                     <markForSuspension><errorCodes>-1</errorCodes></markForSuspension>";
        let group = testing::endpoint(&format!(
            "<endpoint><failover><endpoint><address uri='http://refused/'>{never}</address></endpoint>\
             <endpoint><address uri='http://echo/'/></endpoint></failover></endpoint>"
        ));
        for _ in 0..2 {
            send(&group, &mut testing::context_with("text/plain", b"x")).await.expect("an answer");
        }
    }

    #[tokio::test]
    async fn a_soap_fault_sends_the_request_on() {
        const FAULT: &[u8] = b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>\
            <faultcode>s:Server</faultcode><faultstring>f</faultstring></s:Fault></s:Body></s:Envelope>";
        let group = group("", &["echo/1", "echo/2"]);
        let mut context = testing::context_with("text/xml", FAULT);
        context.rest = false;
        context.properties.set("FORCE_ERROR_ON_SOAP_FAULT", "true".into());
        let fault = send(&group, &mut context).await.expect_err("both answer with the fault");
        assert_eq!(fault.code(), Some(500_000));
        assert_eq!(context.to_address(), Some("/orders/1"));
        assert!(!context.headers.contains_key("x-url"));
    }

    #[test]
    fn the_child_in_use_stays_unless_dynamic() {
        for (attributes, third) in [("", 0), ("dynamic='false'", 1)] {
            let endpoint = group(attributes, &["echo/1", "echo/2"]);
            let EndpointKind::Failover(failover) = &endpoint.kind else { panic!("a failover endpoint") };
            assert_eq!(failover.choose(|_| true), Some(0));
            assert_eq!(failover.choose(|index| index == 1), Some(1));
            assert_eq!(failover.choose(|_| true), Some(third));
        }
    }

    #[tokio::test]
    async fn one_way_messages_fail_over_too() {
        let group = group("", &["refused/", "silent/", "echo/3"]);
        let mut context = testing::context_with("text/plain", b"x");
        context.properties.set("OUT_ONLY", "true".into());
        assert!(matches!(group.send(&mut context).await, Ok(Sent::NothingComes)));
        while group.children()[1].is_ready(&context) {
            tokio::task::yield_now().await;
        }
        assert!(!group.children()[0].is_ready(&context));
        assert_eq!(testing::body(&context), "x");
    }

    #[tokio::test]
    async fn a_group_that_leads_back_to_itself_is_not_ready() {
        let text = "<endpoint name='a'><failover><endpoint key='a'/><endpoint key='missing'/></failover></endpoint>";
        let mut context = testing::context_of_artifacts(&[text]);
        let group = context.configuration.find_endpoint("a").expect("deployed");
        assert!(!group.is_ready(&context));
        assert_eq!(group.send(&mut context).await.expect_err("no way out").code(), Some(303_000));
    }

    #[test]
    fn a_group_needs_children_of_one_kind() {
        for (children, message) in [
            ("", "A failover endpoint must have child elements"),
            ("<endpoint key='a'/><endpoint key='a'/>", "Same endpoint definition"),
            ("<endpoint key='a'/><member hostName='h' httpPort='1'/>", "cannot have both"),
            ("<member hostName='h' httpPort='x'/>", "a port number is expected"),
        ] {
            let text = format!("<endpoint><failover>{children}</failover></endpoint>");
            let error = testing::with_definitions(&text, Endpoint::parse);
            let error = error.expect_err("not well made");
            assert!(error.message().contains(message), "{error}");
        }
    }
}
