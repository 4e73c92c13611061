//! `<recipientlist>` endpoints: a copy of the message for each recipient (spec: services 4.9).

use std::collections::VecDeque;
use std::sync::Arc;

use mi_expression::ValueExpression;
use parking_lot::Mutex;

use super::expand::AddressTemplate;
use super::state::Rules;
use super::{AddressEndpoint, Endpoint, EndpointKind, Leaf, Sent, TimeoutAction, group};
use crate::context::MessageContext;
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::{Fault, codes};

const LOGGER: &str = "org.apache.synapse.endpoints.RecipientListEndpoint";
/// Addresses whose endpoints, with their states, are remembered unless `max-cache` says otherwise.
const MAX_CACHE: usize = 20;

/// A recipient-list endpoint.
#[derive(Debug)]
pub struct RecipientList {
    recipients: Recipients,
}

#[derive(Debug)]
enum Recipients {
    /// Endpoints or members.
    Fixed(Vec<Arc<Endpoint>>),
    /// `<endpoints value="{…}"/>`: addresses, separated by commas.
    Addresses(Box<Addresses>),
}

#[derive(Debug)]
struct Addresses {
    value: ValueExpression,
    rules: Rules,
    known: Mutex<Known>,
}

/// Endpoints of addresses that messages have named, the one used last at the end.
#[derive(Debug)]
struct Known {
    endpoints: VecDeque<(String, Arc<Endpoint>)>,
    max: usize,
}

/// A copy of a message and the endpoint that it is to be sent to.
#[derive(Debug)]
pub struct Recipient {
    /// The copy.
    pub context: MessageContext,
    /// Where it goes.
    pub endpoint: Arc<Endpoint>,
}

impl RecipientList {
    /// Reads `<recipientlist>`.
    ///
    /// # Errors
    /// What is wrong with its children.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let fixed = element.child("endpoint").is_some() || element.child("member").is_some();
        let Some(addresses) = element.child("endpoints").filter(|_| !fixed) else {
            return Ok(Self { recipients: Recipients::Fixed(group::children(element, definitions)?) });
        };
        // MI takes what is no number for the default.
        let max = addresses.attribute("max-cache").and_then(|text| text.trim().parse().ok()).unwrap_or(MAX_CACHE);
        Ok(Self {
            recipients: Recipients::Addresses(Box::new(Addresses {
                value: addresses.required_value("value")?,
                rules: Rules { initial: definitions.settings.suspend_duration, ..Rules::default() },
                known: Mutex::new(Known { endpoints: VecDeque::new(), max }),
            })),
        })
    }

    /// The endpoints that are known without a message.
    pub fn children(&self) -> &[Arc<Endpoint>] {
        match &self.recipients {
            Recipients::Fixed(children) => children,
            Recipients::Addresses(_) => &[],
        }
    }

    /// Whether its recipients are only known with a message.
    pub(super) fn is_dynamic(&self) -> bool {
        matches!(self.recipients, Recipients::Addresses(_))
    }

    /// Makes the copies. Whoever sends lets them go and says what becomes of the answers.
    pub(super) async fn send(&self, endpoint: &Endpoint, context: &mut MessageContext) -> Result<Sent, Fault> {
        context.build().await?;
        let named;
        let recipients = match &self.recipients {
            Recipients::Fixed(children) => children,
            Recipients::Addresses(addresses) => {
                let Addresses { value, rules, known } = &**addresses;
                let text = value.evaluate(context)?.unwrap_or_default();
                named = known.lock().endpoints(&text, rules);
                if named.is_empty() {
                    tracing::warn!(target: LOGGER, "No recipient/s was derived from the expression : {value:?}");
                    return Ok(Sent::NothingComes);
                }
                &named
            }
        };
        context.dispatched = true;
        let ready: Vec<_> = recipients.iter().filter(|recipient| recipient.is_ready(context)).cloned().collect();
        if ready.is_empty() {
            let name = endpoint.display_name();
            let message = format!("Recipient List endpoint : {name} - no ready child endpoints");
            tracing::warn!(target: LOGGER, "{message}");
            return Err(Fault::with_code(codes::NO_READY_CHILD, message));
        }
        let mut copies = Vec::with_capacity(ready.len());
        // An aggregate of the responses counts them against all recipients, as those of a clone mediator.
        let splitting = context.split(None, recipients.len());
        for (index, endpoint) in ready.into_iter().enumerate() {
            let mut copy = context.try_copy()?;
            splitting.mark(&mut copy, index);
            copies.push(Recipient { context: copy, endpoint });
        }
        Ok(Sent::Copies(copies))
    }
}

impl Known {
    /// The endpoints of a list of addresses; each keeps its state while it is remembered.
    fn endpoints(&mut self, addresses: &str, rules: &Rules) -> Vec<Arc<Endpoint>> {
        let addresses = addresses.split(',').map(str::trim).filter(|address| !address.is_empty());
        addresses.map(|address| self.endpoint(address, rules)).collect()
    }

    fn endpoint(&mut self, address: &str, rules: &Rules) -> Arc<Endpoint> {
        let known = self.endpoints.iter().position(|(known, _)| known == address);
        let entry = known.and_then(|index| self.endpoints.remove(index)).unwrap_or_else(|| {
            let leaf = Leaf::new("Address", Default::default(), None, TimeoutAction::None, rules.clone());
            let endpoint = Endpoint {
                name: None,
                kind: EndpointKind::Address(AddressEndpoint { uri: AddressTemplate::parse(address), leaf }),
                on_error: None,
                properties: Vec::new(),
            };
            (address.to_owned(), Arc::new(endpoint))
        });
        let endpoint = entry.1.clone();
        self.endpoints.push_back(entry);
        if self.endpoints.len() > self.max {
            self.endpoints.pop_front();
        }
        endpoint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Reply;
    use crate::testing;

    /// Runs a `send` to the list and gives the bodies of all responses, sorted.
    async fn responses(children: &str) -> (MessageContext, Vec<String>) {
        let mut context = testing::context_of_sequences(&[(
            "r",
            "<property name='seen' expression=\"concat(get-property('messageSequence'), ' ', $trp:x-url)\" \
             scope='operation'/><respond/>",
        )]);
        context = testing::with_body(context, "text/plain", b"ping");
        context.reply = Reply::Single(None);
        let flow = format!(
            "<property name='EPS' value='http://echo/1, http://echo/2,'/>\
             <send receive='r'><endpoint name='l'><recipientlist>{children}</recipientlist></endpoint></send>"
        );
        let operation = context.operation.clone();
        testing::run(&flow, &mut context).await.expect("no fault");
        let reply = std::mem::replace(&mut context.reply, Reply::Nobody);
        let answer = reply.wait().await.expect("an answer");
        let body = answer.body.collect(1 << 20).await.expect("readable");
        let seen = operation.get().expect("made").lock().text("seen").unwrap_or_default().into_owned();
        (context, vec![String::from_utf8_lossy(&body).into_owned(), seen])
    }

    #[tokio::test]
    async fn each_recipient_gets_a_copy() {
        for children in [
            "<endpoint><address uri='http://echo/1'/></endpoint><endpoint><address uri='http://echo/2'/></endpoint>",
            "<endpoints value=\"{get-property('EPS')}\" max-cache='1'/>",
        ] {
            let (context, seen) = responses(children).await;
            assert_eq!(seen[0], "ping");
            assert!(["0/2 http://echo/1", "1/2 http://echo/2"].contains(&seen[1].as_str()), "{seen:?}");
            assert!(context.dispatched);
        }
    }

    #[tokio::test]
    async fn one_that_fails_does_not_stop_the_others() {
        let children =
            "<endpoint><address uri='http://refused/'/></endpoint><endpoint><address uri='http://echo/2'/></endpoint>";
        let list = testing::endpoint(&format!("<endpoint><recipientlist>{children}</recipientlist></endpoint>"));
        let mut context = testing::context_with("text/plain", b"x");
        let Sent::Copies(copies) = list.send(&mut context).await.expect("copies") else { panic!("copies") };
        let mut results = Vec::new();
        for mut copy in copies {
            results.push(copy.endpoint.send(&mut copy.context).await.is_ok());
        }
        assert_eq!(results, [false, true]);
        // The first is suspended: only one copy is made, with the count of all.
        let Sent::Copies(copies) = list.send(&mut context).await.expect("copies") else { panic!("copies") };
        let sequences: Vec<_> =
            copies.iter().filter_map(|copy| copy.context.properties.text("messageSequence")).collect();
        assert_eq!(sequences, ["0/2"]);
    }

    #[tokio::test]
    async fn a_call_goes_on_with_every_answer() {
        let mut context = testing::context_with("text/plain", b"ping");
        context.reply = Reply::Single(None);
        let flow = "<call><endpoint><recipientlist><endpoint><address uri='http://echo/1'/></endpoint>\
                    <endpoint><address uri='http://echo/2'/></endpoint></recipientlist></endpoint></call>\
                    <property name='HTTP_SC' value='203' scope='axis2'/><respond/>";
        testing::run(flow, &mut context).await.expect("no fault");
        let (status, _, body) = testing::answer(context).await;
        assert_eq!((status, body.as_str()), (203, "ping"));
    }

    #[tokio::test]
    async fn an_aggregate_joins_the_responses() {
        let mut context = testing::context_of_sequences(&[(
            "r",
            "<aggregate><onComplete expression='$body/a'><property name='n' expression='count($body/a)' \
             scope='operation'/><respond/></onComplete></aggregate>",
        )]);
        context = testing::with_body(context, "application/xml", b"<a/>");
        context.reply = Reply::Single(None);
        let flow = "<send receive='r'><endpoint><recipientlist><endpoint><address uri='http://echo/1'/></endpoint>\
                    <endpoint><address uri='http://echo/2'/></endpoint></recipientlist></endpoint></send>";
        testing::run(flow, &mut context).await.expect("no fault");
        let operation = context.operation.clone();
        assert_eq!(testing::answer(context).await.0, 200);
        let count = operation.get().and_then(|properties| properties.lock().text("n").map(|text| text.into_owned()));
        assert_eq!(count.as_deref().and_then(|text| text.parse::<f64>().ok()), Some(2.0));
    }

    #[test]
    fn known_addresses_keep_their_endpoints() {
        let mut known = Known { endpoints: VecDeque::new(), max: 2 };
        let rules = Rules::default();
        let first = known.endpoints("http://a , http://b", &rules);
        let second = known.endpoints("http://a,http://c,http://b", &rules);
        assert!(Arc::ptr_eq(&first[0], &second[0]));
        assert!(!Arc::ptr_eq(&first[1], &second[2]));
        assert_eq!(known.endpoints.len(), 2);
    }
}
