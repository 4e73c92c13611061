//! `<messageProcessor>`: its reading (spec: tasks 3.1 and 3.2).

use std::sync::Arc;
use std::time::Duration;

use mi_mediation::{Definitions, DeployError, Element};
use mi_scheduling::Trigger;

/// The class that alone heeds the attribute `targetEndpoint`.
const FORWARDING: &str = "org.apache.synapse.message.processor.impl.forwarder.ScheduledMessageForwardingProcessor";

/// A message processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessorArtifact {
    /// Its name.
    pub name: Arc<str>,
    /// The store that it takes messages from.
    pub store: Arc<str>,
    /// What it does with them.
    pub kind: ProcessorKind,
    /// The `targetEndpoint`, of a forwarding processor.
    pub target: Option<Arc<str>>,
    /// Its parameters as they are written.
    pub parameters: Vec<(String, String)>,
    /// How many tasks it has, each with a consumer of its own.
    pub members: u32,
    /// Whether it runs when nobody has said otherwise.
    pub active: bool,
    /// When it fires.
    pub trigger: Trigger,
    /// The pause between messages of one fire.
    pub pace: Pace,
    /// How often and how long it tries.
    pub attempts: Attempts,
}

/// Kinds of processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessorKind {
    /// Sends each message to an endpoint.
    Forwarding,
    /// Gives messages to a sequence.
    Sampling,
    /// Moves messages to another store.
    Failover,
}

/// How many messages a fire takes (spec: tasks 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One.
    One,
    /// For about a second, with this pause after each.
    Second(Duration),
    /// All there are, with this pause after each.
    Drain(Duration),
}

/// Retries and their ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempts {
    /// Attempts of one message; `None` for no end.
    pub most: Option<u32>,
    /// What becomes of a message after the last one: it is dropped.
    pub drop: bool,
    /// It goes into this store.
    pub fail_store: Option<String>,
    /// The pause between two attempts of a message.
    pub pause: Duration,
    /// Attempts to reach the store; `None` for no end.
    pub store_most: Option<u32>,
    /// The pause between two attempts to reach the store.
    pub store_pause: Duration,
    /// Statuses that count as success.
    pub accepted: String,
}

impl ProcessorArtifact {
    /// Reads a processor.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let Some(class) = element.non_empty("class") else {
            return Err(element.error("Can't create Message processor without a provider class"));
        };
        let name = element.required("name", "Can't create Message processor without a name ")?;
        let kind = kind(class).ok_or_else(|| {
            let error = element.attribute_error("class", format!("Error while creating Message processor {class}"));
            error.hint(format!("Java classes cannot run here; {FORWARDING} is built in"))
        })?;
        let store = element.required("messageStore", "Can't create a message processor with out a message Store")?;
        let mut parameters = Vec::new();
        for parameter in element.children_named("parameter") {
            let name = parameter.required("name", "Invalid parameter in Message Processor : name is required")?;
            parameters.push((name.to_owned(), parameter.text().trim().to_owned()));
        }
        let find = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let number = |name: &str, default: i64| -> Result<i64, DeployError> {
            match find(name).filter(|text| !text.is_empty()) {
                Some(text) => text.parse().map_err(|_| {
                    element.error(format!("The parameter {name} of the message processor is no whole number: {text}"))
                }),
                None => Ok(default),
            }
        };
        let millis = |value: i64| Duration::from_millis(u64::try_from(value).unwrap_or_default());
        let limit = |value: i64| u32::try_from(value).ok().filter(|most| *most > 0);
        let cron = find("cronExpression").filter(|text| !text.is_empty());
        let interval = number("interval", 1000)?;
        let (trigger, pace) = match cron {
            Some(cron) => (Trigger::Cron(cron.to_owned()), Pace::Drain(millis(interval))),
            None => {
                let every = millis(interval.max(1000));
                let pace = if interval >= 1000 { Pace::One } else { Pace::Second(millis(interval)) };
                (Trigger::Interval { every, count: None }, pace)
            }
        };
        let attempts = Attempts {
            most: limit(number("max.delivery.attempts", if kind == ProcessorKind::Failover { -1 } else { 4 })?),
            drop: find("max.delivery.drop") == Some("Enabled"),
            fail_store: find("message.processor.failMessagesStore").filter(|text| !text.is_empty()).map(str::to_owned),
            pause: millis(number("client.retry.interval", 1000)?),
            store_most: limit(number("max.store.connection.attempts", -1)?),
            store_pause: millis(number("store.connection.retry.interval", 1000)?),
            accepted: find("non.retry.status.codes").unwrap_or_default().to_owned(),
        };
        let attribute = element.non_empty("targetEndpoint").filter(|_| class == FORWARDING);
        let target = attribute.or(find("target.endpoint").filter(|text| !text.is_empty()));
        if kind == ProcessorKind::Forwarding && element.non_empty("targetEndpoint").is_some() && attribute.is_none() {
            definitions.warn(element, format!("targetEndpoint is heeded with the class {FORWARDING} only"));
        }
        Ok(Self {
            name: name.into(),
            store: store.into(),
            kind,
            target: target.map(Into::into),
            members: u32::try_from(number("member.count", 1)?).unwrap_or(1).max(1),
            active: find("is.active").is_none_or(|text| text.eq_ignore_ascii_case("true")),
            trigger,
            pace,
            attempts,
            parameters,
        })
    }

    /// A parameter that is not empty.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name)?;
        Some(found.1.as_str()).filter(|text| !text.is_empty())
    }

    /// The name of the task of a member.
    pub fn task(&self, member: u32) -> String {
        format!("MSMP_{}_{member}", self.name)
    }

    /// The names of all its tasks.
    pub fn tasks(&self) -> impl Iterator<Item = String> {
        (0..self.members).map(|member| self.task(member))
    }

    /// What the management API calls its type.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            ProcessorKind::Forwarding => "Scheduled-message-forwarding-processor",
            ProcessorKind::Sampling => "Sampling-processor",
            ProcessorKind::Failover => "Failover-scheduled-message-forwarding-processor",
        }
    }
}

fn kind(class: &str) -> Option<ProcessorKind> {
    Some(match class {
        FORWARDING | "org.apache.synapse.message.processors.forward.ScheduledMessageForwardingProcessor" => {
            ProcessorKind::Forwarding
        }
        "org.apache.synapse.message.processor.impl.sampler.SamplingProcessor"
        | "org.apache.synapse.message.processors.sampler.SamplingProcessor" => ProcessorKind::Sampling,
        "org.apache.synapse.message.processor.impl.failover.FailoverScheduledMessageForwardingProcessor" => {
            ProcessorKind::Failover
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn parse(attributes: &str, parameters: &str) -> Result<ProcessorArtifact, DeployError> {
        let text = format!("<messageProcessor name='p' messageStore='s' {attributes}>{parameters}</messageProcessor>");
        testing::with_definitions(&text, ProcessorArtifact::parse)
    }

    fn forwarding(parameters: &str) -> ProcessorArtifact {
        parse(&format!("class='{FORWARDING}' targetEndpoint='e'"), parameters).expect("well made")
    }

    #[test]
    fn defaults_are_those_of_mi() {
        let processor = forwarding("");
        assert_eq!((processor.target.as_deref(), processor.members, processor.active), (Some("e"), 1, true));
        assert_eq!(processor.trigger, Trigger::Interval { every: Duration::from_secs(1), count: None });
        assert_eq!(processor.pace, Pace::One);
        assert_eq!((processor.attempts.most, processor.attempts.drop), (Some(4), false));
        assert_eq!(processor.attempts.pause, Duration::from_secs(1));
        assert_eq!(processor.attempts.store_most, None);
    }

    #[test]
    fn short_intervals_fire_each_second_and_cron_drains() {
        let processor = forwarding("<parameter name='interval'>200</parameter>");
        assert_eq!(processor.trigger, Trigger::Interval { every: Duration::from_secs(1), count: None });
        assert_eq!(processor.pace, Pace::Second(Duration::from_millis(200)));
        let processor = forwarding("<parameter name='cronExpression'>0/5 * * * * ?</parameter>");
        assert_eq!(processor.trigger, Trigger::Cron("0/5 * * * * ?".to_owned()));
        assert_eq!(processor.pace, Pace::Drain(Duration::from_secs(1)));
    }

    #[test]
    fn attempts_without_end_and_dropping() {
        let processor = forwarding(
            "<parameter name='max.delivery.attempts'>-1</parameter><parameter name='max.delivery.drop'>enabled</parameter>",
        );
        assert_eq!((processor.attempts.most, processor.attempts.drop), (None, false));
        assert!(forwarding("<parameter name='max.delivery.drop'>Enabled</parameter>").attempts.drop);
    }

    #[test]
    fn the_target_of_an_old_class_name_is_not_heeded() {
        let class = "org.apache.synapse.message.processors.forward.ScheduledMessageForwardingProcessor";
        let processor = parse(&format!("class='{class}' targetEndpoint='e'"), "").expect("well made");
        assert_eq!((processor.kind, processor.target), (ProcessorKind::Forwarding, None));
    }

    #[test]
    fn what_is_missing_is_said_in_the_words_of_mi() {
        let error = parse("", "").expect_err("no class").to_string();
        assert!(error.contains("Can't create Message processor without a provider class"), "{error}");
        let error = parse("class='com.example.Mine'", "").expect_err("Java").to_string();
        assert!(error.contains("com.example.Mine") && error.contains("Java"), "{error}");
        let error = parse(&format!("class='{FORWARDING}'"), "<parameter name='interval'>soon</parameter>");
        assert!(error.expect_err("no number").to_string().contains("interval"));
    }
}
