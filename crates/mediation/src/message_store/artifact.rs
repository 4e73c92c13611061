//! `<messageStore>`: its reading (spec: tasks 2.1).

use std::sync::Arc;

use super::Backing;
use crate::definition::{Definitions, DeployError, Element};

/// The prefix of the classes of stores.
const PREFIX: &str = "org.apache.synapse.message.store.impl.";

/// A message store.
#[derive(Debug)]
pub struct MessageStore {
    /// Its name.
    pub name: Arc<str>,
    /// Its parameters, in the order of the artifact.
    pub parameters: Vec<(String, String)>,
    /// What its type is called in the management API.
    pub kind: &'static str,
    /// Where its messages are.
    pub backing: Box<dyn Backing>,
}

impl MessageStore {
    /// Reads a store. A store in memory keeps the messages of the one of its name that it replaces.
    ///
    /// # Errors
    /// What is wrong with it, and classes that do not run here.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "Message Store name not specified")?;
        let class = element.non_empty("class").map_or("memory.InMemoryStore", known_as);
        let mut parameters = Vec::new();
        for parameter in element.children_named("parameter") {
            let name = parameter.required("name", "Invalid parameter in Message Store : name is required")?;
            let text = match parameter.non_empty("key") {
                Some(key) => text_of_key(parameter, key, definitions)?,
                None => definitions.resolve(parameter, parameter.text().trim())?,
            };
            parameters.push((name.to_owned(), text));
        }
        let (kind, backing) = match class {
            "memory.InMemoryStore" => {
                ("in-memory-message-store", Box::new(definitions.environment.memory_queue(name)) as Box<dyn Backing>)
            }
            "jdbc.JDBCMessageStore"
            | "jms.JmsStore"
            | "rabbitmq.RabbitMQStore"
            | "resequencer.ResequenceMessageStore" => {
                let error =
                    element.attribute_error("class", format!("The message store {class} does not run here yet"));
                return Err(
                    error.hint(format!("{PREFIX}memory.InMemoryStore does; it loses its messages at a restart"))
                );
            }
            other => {
                let error = element.attribute_error(
                    "class",
                    format!("Error while instantiating the message store : {other} not found"),
                );
                return Err(error.hint("Java classes cannot run here"));
            }
        };
        Ok(Self { name: name.into(), parameters, kind, backing })
    }

    /// A parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The store that takes what this one cannot take: only with guaranteed delivery.
    pub fn failover(&self) -> Option<&str> {
        let guaranteed = self.parameter("store.producer.guaranteed.delivery.enable") == Some("true");
        self.parameter("store.failover.message.store.name").filter(|name| guaranteed && !name.is_empty())
    }
}

/// The text of a registry resource.
fn text_of_key(parameter: Element<'_>, key: &str, definitions: &Definitions<'_>) -> Result<String, DeployError> {
    match definitions.environment.resources.read(key) {
        Some(resource) => Ok(String::from_utf8_lossy(&resource.content).trim().to_owned()),
        None => Err(parameter.attribute_error("key", format!("The registry has no resource {key}"))),
    }
}

/// A class by the part of its name that tells it from the others; old names included.
fn known_as(class: &str) -> &str {
    match class {
        "org.apache.synapse.message.store.InMemoryMessageStore" => "memory.InMemoryStore",
        "org.wso2.carbon.message.store.persistence.jms.JMSMessageStore" => "jms.JmsStore",
        other => other.strip_prefix(PREFIX).unwrap_or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn parse(text: &str) -> Result<MessageStore, DeployError> {
        testing::with_definitions(text, MessageStore::parse)
    }

    #[tokio::test]
    async fn a_store_that_is_deployed_again_keeps_its_messages() {
        let text = "<messageStore name='s'><parameter name='a'> b </parameter></messageStore>";
        let environment = testing::environment();
        let old = testing::with_definitions_in(&environment, text, MessageStore::parse).expect("well made");
        assert_eq!((old.parameter("a"), old.kind), (Some("b"), "in-memory-message-store"));
        old.backing.put(testing::context()).await.expect("memory");
        let new = testing::with_definitions_in(&environment, text, MessageStore::parse).expect("well made");
        drop(old);
        assert_eq!(new.backing.size().await, Ok(Some(1)));
        drop(new);
        let again = testing::with_definitions_in(&environment, text, MessageStore::parse).expect("well made");
        assert_eq!(again.backing.size().await, Ok(Some(0)), "undeployed, its messages are gone");
    }

    #[test]
    fn old_names_of_classes_are_known_and_unknown_ones_refused() {
        let text = "<messageStore name='s' class='org.apache.synapse.message.store.InMemoryMessageStore'/>";
        assert!(parse(text).is_ok());
        let error = parse("<messageStore name='s' class='com.example.Mine'/>").expect_err("no Java here");
        assert!(error.to_string().contains("Error while instantiating the message store"), "{error}");
        let error = parse("<messageStore class='x'/>").expect_err("no name");
        assert!(error.to_string().contains("Message Store name not specified"), "{error}");
    }

    #[test]
    fn a_failover_store_needs_guaranteed_delivery() {
        let failover = "<parameter name='store.failover.message.store.name'>f</parameter>";
        let store = parse(&format!("<messageStore name='s'>{failover}</messageStore>")).expect("well made");
        assert_eq!(store.failover(), None);
        let guaranteed = "<parameter name='store.producer.guaranteed.delivery.enable'>true</parameter>";
        let store = parse(&format!("<messageStore name='s'>{failover}{guaranteed}</messageStore>")).expect("well made");
        assert_eq!(store.failover(), Some("f"));
    }
}
