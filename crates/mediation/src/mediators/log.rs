//! `log`: a line in the log (spec: core mediators 5.1).

use std::fmt::Write as _;

use mi_expression::InlineTemplate;
use mi_payload::value::Value;

use super::MediatorType;
use super::property::SetProperty;
use crate::context::{MessageContext, OriginKind};
use crate::definition::syntax::{AttributeKind, Content, Occurs, PROPERTY_CHILD, Syntax, child, defaulted};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, Mediator, Nature};

const LOGGER: &str = "org.apache.synapse.mediators.builtin.LogMediator";

/// Syntax of `log`.
pub const SYNTAX: Syntax = Syntax {
    element: "log",
    summary: "Writes a line: the message's addresses (`simple`), its SOAP headers (`headers`), the whole message \
              (`full`), or only what is named here (`custom`).",
    attributes: &[
        defaulted(
            "level",
            AttributeKind::Words(&["simple", "headers", "full", "custom"]),
            "simple",
            "How much. With a `message` and no level, only the message and the properties.",
        ),
        defaulted(
            "category",
            AttributeKind::Words(&["INFO", "DEBUG", "TRACE", "WARN", "ERROR", "FATAL"]),
            "INFO",
            "The level of the line.",
        ),
        defaulted(
            "separator",
            AttributeKind::Text,
            ", ",
            "What stands between the parts; `\\n` and `\\t` are a new line and a tab.",
        ),
        defaulted("logFullPayload", AttributeKind::Boolean, "false", "`true` means level `full`."),
        defaulted("logMessageID", AttributeKind::Boolean, "false", "Begin with the ids of the message (custom only)."),
    ],
    children: &[
        child("message", Occurs::Optional, &[], Content::Text, "A text with `${expression}` parts."),
        PROPERTY_CHILD,
    ],
    example: "<log category=\"INFO\">\n    <message>order ${payload.id}</message>\n    <property name=\"who\" expression=\"$trp:X-User\"/>\n</log>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Log::parse(element, definitions)?)) };

struct Log {
    level: Level,
    category: Category,
    separator: String,
    message: Option<InlineTemplate>,
    message_id: bool,
    /// Only a message and no level: the prefix then names method and path too.
    message_only: bool,
    properties: Vec<SetProperty>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Simple,
    Headers,
    Full,
    Custom,
}

#[derive(Clone, Copy)]
enum Category {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Log {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let message = element.child("message");
        let level = match element.attribute("level") {
            None if message.is_some() => Level::Custom,
            None | Some("simple") => Level::Simple,
            Some("headers") => Level::Headers,
            Some("full") => Level::Full,
            Some("custom") => Level::Custom,
            Some(other) => {
                let text = "Invalid log level. Level has to be one of the following : simple, headers, full, custom";
                return Err(element.attribute_error("level", text).hint(format!("found '{other}'")));
            }
        };
        let level = if element.is_true("logFullPayload") { Level::Full } else { level };
        let message_only = message.is_some() && element.attribute("level").is_none() && level == Level::Custom;
        let message = message.map(|child| {
            let text = controls(&child.text());
            InlineTemplate::synapse(&text).map_err(|error| child.error(format!("Invalid message template : {error}")))
        });
        let properties = element.children_named("property").map(|child| SetProperty::parse_child(child, definitions));
        Ok(Self {
            level,
            category: category(element)?,
            separator: element.attribute("separator").map_or_else(|| ", ".to_owned(), controls),
            message: message.transpose()?,
            message_id: element.is_true("logMessageID"),
            message_only,
            properties: properties.collect::<Result<_, _>>()?,
        })
    }

    fn line(&self, context: &MessageContext) -> Result<String, Fault> {
        let message = match &self.message {
            Some(template) => template.evaluate(context)?,
            None => String::new(),
        };
        let mut line = String::with_capacity(128);
        match self.level {
            Level::Custom => {
                if self.message_id {
                    self.ids(context, &mut line);
                }
                line.push_str(&message);
                self.add_properties(context, &mut line)?;
            }
            Level::Simple => self.simple(context, &message, &mut line)?,
            Level::Headers => self.headers(context, &message, &mut line)?,
            Level::Full => {
                self.simple(context, &message, &mut line)?;
                self.payload(context, &mut line)?;
            }
        }
        // A separator at the beginning is left out once.
        Ok(match line.strip_prefix(self.separator.as_str()) {
            Some(rest) if !self.separator.is_empty() => rest.to_owned(),
            _ => line,
        })
    }

    fn ids(&self, context: &MessageContext, line: &mut String) {
        let separator = &self.separator;
        let _ = write!(line, "MessageID: {}{separator}", context.message_id());
        if let Some(id) = context.correlation_id() {
            let _ = write!(line, "correlation_id: {id}{separator}");
        }
    }

    fn simple(&self, context: &MessageContext, message: &str, line: &mut String) -> Result<(), Fault> {
        let separator = self.separator.as_str();
        if !message.is_empty() {
            line.push_str(message);
            line.push_str(separator);
        }
        let addressing = &context.addressing;
        let _ = write!(line, "To: {}", context.to_address().unwrap_or_default());
        let mut part = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                let _ = write!(line, "{separator}{name}: {value}");
            }
        };
        part("From", addressing.from.as_deref());
        part("WSAction", addressing.action.as_deref().or(addressing.soap_action.as_deref()).or(answered(context)));
        part("SOAPAction", addressing.soap_action.as_deref().or(answered(context)));
        part("ReplyTo", addressing.reply_to.as_deref());
        // The correlation id comes first into being: a message id that nobody has asked for yet is made of it.
        let correlation = context.correlation_id().map(|id| id.to_string());
        part("MessageID", Some(context.message_id()));
        part("correlation_id", correlation.as_deref());
        part("Direction", Some(if context.is_response { "response" } else { "request" }));
        self.add_properties(context, line)
    }

    fn headers(&self, context: &MessageContext, message: &str, line: &mut String) -> Result<(), Fault> {
        line.push_str(message);
        if let Some(id) = context.correlation_id() {
            let _ = write!(line, " correlation_id : {id}");
        }
        let envelope = context.payload.envelope(&context.configuration.settings.json)?;
        for block in envelope.header.into_iter().flat_map(|header| envelope.document.child_elements(header)) {
            let text = envelope.document.text_content(block);
            let _ = write!(line, "{}{} : {text}", self.separator, envelope.document.local_name(block));
        }
        self.add_properties(context, line)
    }

    fn payload(&self, context: &MessageContext, line: &mut String) -> Result<(), Fault> {
        line.push_str(&self.separator);
        if let mi_payload::Payload::Json(json) = &context.payload {
            let _ = write!(line, "Payload: {}", String::from_utf8_lossy(json.text()));
            return Ok(());
        }
        let envelope = context
            .payload
            .envelope(&context.configuration.settings.json)
            .map_err(|error| Fault::payload(format!("Could not build full log message: {error}")))?;
        let xml = envelope.document.to_xml(envelope.element);
        let _ = write!(line, "Envelope: <?xml version='1.0' encoding='utf-8'?>{xml}");
        Ok(())
    }

    fn add_properties(&self, context: &MessageContext, line: &mut String) -> Result<(), Fault> {
        for property in &self.properties {
            let value = property.value(context)?;
            let text = value.as_ref().map_or("null".into(), Value::string_value);
            let _ = write!(line, "{}{} = {text}", self.separator, property.name);
        }
        Ok(())
    }
}

/// After a call the message is an answer, whose actions are there and empty.
fn answered(context: &MessageContext) -> Option<&'static str> {
    (context.dispatched && context.to_address() == Some(crate::context::ANONYMOUS)).then_some("")
}

/// The two-character sequences `\n` and `\t` stand for what they name.
fn controls(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t")
}

fn category(element: Element<'_>) -> Result<Category, DeployError> {
    let Some(word) = element.attribute("category") else { return Ok(Category::Info) };
    Ok(match word.trim().to_ascii_uppercase().as_str() {
        "INFO" => Category::Info,
        "DEBUG" => Category::Debug,
        "TRACE" => Category::Trace,
        "WARN" => Category::Warn,
        "ERROR" => Category::Error,
        "FATAL" => Category::Fatal,
        _ => {
            let text = "Invalid log category. Category has to be one of the following : INFO, TRACE, DEBUG, WARN, ERROR, FATAL";
            return Err(element.attribute_error("category", text).hint(format!("found '{word}'")));
        }
    })
}

impl Category {
    fn is_enabled(self) -> bool {
        match self {
            Self::Trace => tracing::enabled!(target: LOGGER, tracing::Level::TRACE),
            Self::Debug => tracing::enabled!(target: LOGGER, tracing::Level::DEBUG),
            Self::Info => tracing::enabled!(target: LOGGER, tracing::Level::INFO),
            Self::Warn => tracing::enabled!(target: LOGGER, tracing::Level::WARN),
            Self::Error | Self::Fatal => tracing::enabled!(target: LOGGER, tracing::Level::ERROR),
        }
    }

    fn write(self, origin: &crate::context::Origin, prefix: &str, line: &str) {
        let service = match origin.kind {
            OriginKind::Api => "API_LOGGER",
            _ => "SERVICE_LOGGER",
        };
        let artifact: &str = &origin.name;
        macro_rules! write_at {
            ($level:ident $(, $field:ident = $value:expr)*) => {
                tracing::$level!(target: LOGGER, service, artifact, service_message = line $(, $field = $value)*, "{prefix}{line}")
            };
        }
        match self {
            Self::Trace => write_at!(trace),
            Self::Debug => write_at!(debug),
            Self::Info => write_at!(info),
            Self::Warn => write_at!(warn),
            Self::Error => write_at!(error),
            Self::Fatal => write_at!(error, fatal = true),
        }
    }
}

impl Mediator for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn nature(&self) -> Nature {
        let expressions = self.message.as_ref().is_some_and(InlineTemplate::is_content_aware)
            || self.properties.iter().any(SetProperty::is_content_aware);
        Nature::aware(self.level != Level::Custom || expressions)
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        if !self.category.is_enabled() {
            return Ok(Flow::Continue);
        }
        let line = self.line(context)?;
        match &context.request {
            Some(request) if self.message_only && context.is_api() => {
                let prefix = format!("{{api:{} {} {}}} ", context.origin.name, request.method, request.target);
                self.category.write(&context.origin, &prefix, &line);
            }
            _ => self.category.write(&context.origin, context.log_prefix(), &line),
        }
        Ok(Flow::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn line(log: &str, context: &MessageContext) -> String {
        testing::with_definitions(
            &format!("<log xmlns='http://ws.apache.org/ns/synapse'{}", &log[4..]),
            |element, definitions| {
                Log::parse(element, definitions).expect("well made").line(context).expect("no fault")
            },
        )
    }

    #[tokio::test]
    async fn levels() {
        let mut context = testing::context_with("application/json", br#"{"id":1}"#);
        context.build().await.expect("well formed");
        context.set_message_id("urn:uuid:1");
        context.set_correlation_id("c");
        assert_eq!(
            line(
                "<log level='custom'><property name='a' value='1'/><property name='b' expression='$ctx:x'/></log>",
                &context
            ),
            "a = 1, b = null"
        );
        assert_eq!(line("<log><message>order ${payload.id}</message></log>", &context), "order 1");
        let full = line("<log level='full' separator=' | '/>", &context);
        assert_eq!(
            full,
            "To: /orders/1 | MessageID: urn:uuid:1 | correlation_id: c | Direction: request | Payload: {\"id\":1}"
        );
    }

    #[tokio::test]
    async fn the_full_level_shows_the_envelope_of_xml() {
        let mut context = testing::context_with("application/xml", b"<a>1</a>");
        context.build().await.expect("well formed");
        let full = line("<log level='full'><property name='p' value='v'/></log>", &context);
        assert!(full.contains(", p = v, Envelope: <?xml version='1.0' encoding='utf-8'?><soapenv:Envelope"), "{full}");
        assert!(full.contains("<a>1</a></soapenv:Body>"), "{full}");
    }

    #[test]
    fn refuses_unknown_levels_and_categories() {
        assert!(testing::parse("<log level='Full'/>").is_err());
        assert!(testing::parse("<log category='LOUD'/>").is_err());
        assert!(testing::parse("<log><message>${payload.</message></log>").is_ok());
        assert!(testing::parse("<log><message>${1 +}</message></log>").is_err());
    }
}
