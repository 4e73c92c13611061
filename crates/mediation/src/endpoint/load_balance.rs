//! `<loadbalance>` endpoints: children take turns, or keep the sessions that began with them (spec: services 4.8).

use std::sync::Arc;

use super::group::{self, Attempts};
use super::rotation::Rotation;
use super::session::Sessions;
use super::{Endpoint, Sent};
use crate::context::MessageContext;
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::{Fault, codes};

const PACKAGE: &str = "org.apache.synapse.endpoints.algorithms.";

/// A load-balance endpoint.
#[derive(Debug)]
pub struct LoadBalance {
    /// Its children.
    pub children: Vec<Arc<Endpoint>>,
    /// A message that one child fails to take goes to the next.
    pub failover: bool,
    /// `buildMessage`: the payload is built in any case.
    pub build: bool,
    rotation: Rotation,
    sessions: Option<Sessions>,
}

impl LoadBalance {
    /// Reads `<loadbalance>` and the `<session>` beside it.
    ///
    /// # Errors
    /// What is wrong with its children, its algorithm or its sessions.
    pub fn parse(
        element: Element<'_>,
        session: Option<Element<'_>>,
        definitions: &Definitions<'_>,
    ) -> Result<Self, DeployError> {
        let children = group::children(element, definitions)?;
        let rotation = match algorithm(element, definitions)? {
            Algorithm::RoundRobin => Rotation::new(children.iter().map(|_| 1)),
            Algorithm::Weighted if element.child("member").is_some() => {
                return Err(element
                    .attribute_error("algorithm", "This algorithm doesn't operate on Members")
                    .hint("weights are properties of <endpoint> children"));
            }
            Algorithm::Weighted => {
                let weights = element.children_named("endpoint").map(weight);
                Rotation::new(weights.collect::<Result<Vec<_>, _>>()?)
            }
        };
        Ok(Self {
            children,
            failover: !element.attribute("failover").is_some_and(|text| text.trim().eq_ignore_ascii_case("false")),
            build: element.is_true("buildMessage"),
            rotation,
            sessions: session.map(Sessions::parse).transpose()?,
        })
    }

    /// Sends the message to the child of its session, else to the one whose turn it is.
    pub(super) async fn send(&self, endpoint: &Endpoint, context: &mut MessageContext) -> Result<Sent, Fault> {
        if self.build {
            context.build().await?;
        }
        let group = (endpoint, "Loadbalance");
        let Some(sessions) = &self.sessions else {
            let mut attempts = Attempts::begin(group, &self.children, context, self.failover).await?;
            while let Some(index) = self.rotation.next(|index| attempts.may_try(index, context)) {
                if let Some(sent) = attempts.send(index, context).await? {
                    return Ok(sent);
                }
            }
            return Err(attempts.give_up());
        };
        let ids = sessions.of_request(context).await?;
        let bound = sessions.find(&ids);
        // What a back end knows of a session no other one does: only the first message may go elsewhere.
        let mut attempts = Attempts::begin(group, &self.children, context, bound.is_none()).await?;
        if let Some((index, id)) = bound {
            if !attempts.may_try(index, context) {
                let child = self.children.get(index).map_or("", |child| child.display_name());
                let message = format!("The endpoint {child} on the session with id {id} is not ready.");
                return Err(Fault::with_code(codes::SESSION_NOT_READY, message));
            }
            return match attempts.send(index, context).await? {
                Some(sent) => self.answered(sessions, index, sent, context).await,
                None => Err(attempts.give_up()),
            };
        }
        let own = sessions.begins_with_request();
        while let Some(index) = self.rotation.next(|index| attempts.may_try(index, context)) {
            if own {
                sessions.bind(&ids, index);
            }
            let sent = attempts.send(index, context).await;
            if own && !matches!(sent, Ok(Some(_))) {
                sessions.unbind(&ids);
            }
            if let Some(sent) = sent? {
                return self.answered(sessions, index, sent, context).await;
            }
        }
        Err(attempts.give_up())
    }

    async fn answered(
        &self,
        sessions: &Sessions,
        index: usize,
        sent: Sent,
        context: &mut MessageContext,
    ) -> Result<Sent, Fault> {
        if matches!(sent, Sent::Answered) {
            let ids = sessions.of_answer(context).await?;
            sessions.bind(&ids, index);
        }
        Ok(sent)
    }
}

enum Algorithm {
    RoundRobin,
    Weighted,
}

fn algorithm(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Algorithm, DeployError> {
    let (policy, class) = (element.attribute("policy").map(str::trim), element.attribute("algorithm").map(str::trim));
    match (policy, class) {
        (Some(_), Some(_)) => {
            let message = "You cannot specify both the 'policy' & 'algorithm' in the configuration. It is sufficient \
                           to provide only the 'algorithm'.";
            Err(element.attribute_error("policy", message).hint("leave 'policy' out"))
        }
        (None, None) | (Some("roundRobin"), None) => Ok(Algorithm::RoundRobin),
        (Some(other), None) => {
            let message = format!(
                "Unsupported algorithm {other} specified. Please use the 'algorithm' attribute to specify the correct \
                 loadbalance algorithm implementation."
            );
            Err(element.attribute_error("policy", message).hint("the only policy is roundRobin"))
        }
        (None, Some(class)) => match class.strip_prefix(PACKAGE).unwrap_or(class) {
            "RoundRobin" => Ok(Algorithm::RoundRobin),
            "WeightedRoundRobin" => Ok(Algorithm::Weighted),
            "WeightedRRLCAlgorithm" => {
                definitions
                    .warn(element, "WeightedRRLCAlgorithm works as WeightedRoundRobin: weights stay as they are");
                Ok(Algorithm::Weighted)
            }
            _ => {
                let message = format!("Cannot instantiate LoadbalanceAlgorithm implementation class {class}");
                let hint = format!("known are RoundRobin and WeightedRoundRobin of {}", PACKAGE.trim_end_matches('.'));
                Err(element.attribute_error("algorithm", message).hint(hint))
            }
        },
    }
}

/// The child's property `loadbalance.weight`; 1 without it.
fn weight(child: Element<'_>) -> Result<u32, DeployError> {
    let property = child.children_named("property").find(|child| child.attribute("name") == Some("loadbalance.weight"));
    let Some(property) = property else { return Ok(1) };
    let text = property.attribute("value").unwrap_or_default().trim();
    match text.parse() {
        Ok(0) | Err(_) => Err(property
            .attribute_error("value", "Weight must be greater than zero")
            .hint(format!("found '{text}'; a whole number is expected"))),
        Ok(weight) => Ok(weight),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::context::MessageContext;
    use crate::endpoint::Endpoint;
    use crate::fault::Fault;
    use crate::testing;

    fn group(before: &str, attributes: &str, uris: &[&str]) -> Arc<Endpoint> {
        let children: String =
            uris.iter().map(|uri| format!("<endpoint><address uri='http://{uri}'/></endpoint>")).collect();
        testing::endpoint(&format!(
            "<endpoint name='g'>{before}<loadbalance {attributes}>{children}</loadbalance></endpoint>"
        ))
    }

    async fn send(endpoint: &Arc<Endpoint>, mut context: MessageContext) -> Result<String, Fault> {
        context.rest = false;
        endpoint.send(&mut context).await?;
        Ok(context.headers["x-url"].to_str().expect("text").trim_start_matches("http://").to_owned())
    }

    fn message() -> MessageContext {
        testing::context_with("text/plain", b"x")
    }

    #[tokio::test]
    async fn children_take_turns_and_a_dead_one_loses_its_own() {
        let group = group("", "policy='roundRobin'", &["echo/1", "refused/", "echo/3"]);
        let mut urls = Vec::new();
        for _ in 0..4 {
            urls.push(send(&group, message()).await.expect("an answer"));
        }
        assert_eq!(urls, ["echo/1", "echo/3", "echo/1", "echo/3"]);
    }

    #[tokio::test]
    async fn without_failover_the_failure_is_final() {
        let group = group("", "failover='false'", &["refused/", "echo/2"]);
        assert_eq!(send(&group, message()).await.expect_err("refused").code(), Some(101_503));
        assert_eq!(send(&group, message()).await.expect("an answer"), "echo/2");
    }

    #[tokio::test]
    async fn members_replace_the_host_of_the_address() {
        let group = testing::endpoint(
            "<endpoint><loadbalance><member hostName='echo' httpPort='81'/><member hostName='echo' httpPort='82'/>\
             </loadbalance></endpoint>",
        );
        assert_eq!(send(&group, message()).await.expect("an answer"), "echo:81/orders/1");
        let mut context = message();
        context.addressing.to = crate::context::To::Address("http://other/a?b=c".to_owned());
        assert_eq!(send(&group, context).await.expect("an answer"), "echo:82/a");
    }

    #[tokio::test]
    async fn a_client_that_names_itself_stays_where_it_began() {
        let group = group("<session type='simpleClientSession'/>", "", &["echo/1", "echo/2", "echo/3"]);
        let mut urls = Vec::new();
        for client in ["a", "b", "a", "c", "b", "c"] {
            let text = format!(
                "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Header><ClientID \
                 xmlns='http://ws.apache.org/ns/synapse'>{client}</ClientID></s:Header><s:Body/></s:Envelope>"
            );
            let mut context = testing::context_with("text/xml", b"");
            context.build_from(text.into()).expect("well formed");
            urls.push(send(&group, context).await.expect("an answer"));
        }
        assert_eq!(urls, ["echo/1", "echo/2", "echo/1", "echo/3", "echo/2", "echo/3"]);
    }

    #[tokio::test]
    async fn a_cookie_of_the_back_end_binds_the_client() {
        let group = group("<session type='http'/>", "", &["session/1", "session/2"]);
        let mut urls = vec![send(&group, message()).await.expect("an answer")];
        for _ in 0..2 {
            let mut context = message();
            context.headers.insert("cookie", "x=y; JSESSIONID=s1".parse().expect("a value"));
            urls.push(send(&group, context).await.expect("an answer"));
        }
        urls.push(send(&group, message()).await.expect("an answer"));
        assert_eq!(urls, ["session/1", "session/1", "session/1", "session/2"]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, message) in [
            ("<loadbalance policy='x'><endpoint key='a'/></loadbalance>", "Unsupported algorithm x"),
            ("<loadbalance algorithm='a.B'><endpoint key='a'/></loadbalance>", "Cannot instantiate"),
            (
                "<loadbalance policy='roundRobin' algorithm='a.B'><endpoint key='a'/></loadbalance>",
                "cannot specify both",
            ),
            (
                "<loadbalance algorithm='WeightedRoundRobin'><endpoint><address uri='http://h'/>\
                 <property name='loadbalance.weight' value='0'/></endpoint></loadbalance>",
                "Weight must be greater than zero",
            ),
            ("<session type='x'/><loadbalance><endpoint key='a'/></loadbalance>", "Unknown session type 'x'"),
            (
                "<session type='http'><sessionTimeout>soon</sessionTimeout></session>\
                 <loadbalance><endpoint key='a'/></loadbalance>",
                "Invalid session timeout value",
            ),
        ] {
            let text = format!("<endpoint>{text}</endpoint>");
            let error = testing::with_definitions(&text, Endpoint::parse);
            let error = error.expect_err("not well made");
            assert!(error.message().contains(message), "{error}");
            assert!(error.position().is_some(), "{error}");
        }
    }
}
