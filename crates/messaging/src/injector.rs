//! `MessageInjector`: puts a message into a sequence, a proxy or `main` (spec: tasks 1.5).

use std::sync::Arc;

use mi_mediation::context::{MessageContext, Origin, OriginKind, To};
use mi_mediation::{Configuration, Definitions, DeployError, Element, engine};
use mi_payload::value::Value;
use mi_payload::{Envelope, Payload, SoapVersion, XmlFragment};

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The `main` sequence.
    Main,
    /// This sequence.
    Sequence(String),
    /// This proxy service.
    Proxy(String),
}

/// The kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Soap11,
    Soap12,
    Pox,
    Get,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct MessageInjector {
    target: Target,
    message: Option<Arc<XmlFragment>>,
    registry_key: Option<String>,
    soap_action: Option<String>,
    to: Option<String>,
    format: Format,
    /// Mediate on the task's own time: the next fire waits (`sequential`).
    sequential: bool,
}

/// Why nothing was injected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectionError(pub String);

impl std::fmt::Display for InjectionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InjectionError {}

/// Names of the properties that the class has.
const PROPERTIES: &[&str] = &[
    "injectTo",
    "message",
    "registryKey",
    "sequenceName",
    "proxyName",
    "soapAction",
    "to",
    "format",
    "invokeHandlers",
    "sequential",
];

impl MessageInjector {
    /// Reads the `<property>` children of a `<task>`.
    ///
    /// # Errors
    /// For properties that the class does not have, and for expressions.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let mut values: Vec<(&str, String)> = Vec::new();
        let mut message = None;
        for property in element.children_named("property") {
            let name = property.required("name", "A property of a task needs a name")?;
            if property.attribute("expression").is_some() {
                return Err(property.attribute_error("expression", "Tasks does not support dynamic properties"));
            }
            if !PROPERTIES.contains(&name) {
                let setter = name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1));
                let setter: String = setter.collect();
                let error = property.attribute_error(
                    "name",
                    format!("Did not find a setter method named : set{setter}() that takes a single String, int, long, float, double, boolean or OMElement parameter"),
                );
                let near = mi_mediation::definition::syntax::nearest(name, PROPERTIES.iter().copied());
                return Err(match near {
                    Some(near) => error.hint(format!("did you mean '{near}'?")),
                    None => error,
                });
            }
            match property.attribute("value") {
                Some(value) => values.push((name, definitions.resolve(property, value)?)),
                None if name == "message" => message = property.first_child_fragment().map(Arc::new),
                None => {}
            }
        }
        let text = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let format = match text("format").as_deref() {
            Some("soap11") => Format::Soap11,
            Some("pox") => Format::Pox,
            Some("get") => Format::Get,
            _ => Format::Soap12,
        };
        let target = match text("injectTo").as_deref() {
            Some("sequence") => Target::Sequence(text("sequenceName").unwrap_or_default()),
            Some("proxy") => Target::Proxy(text("proxyName").unwrap_or_default()),
            _ => Target::Main,
        };
        Ok(Self {
            target,
            message,
            registry_key: text("registryKey"),
            soap_action: text("soapAction"),
            to: text("to"),
            format,
            sequential: text("sequential").is_some_and(|value| value == "true"),
        })
    }

    /// Injects one message into `configuration`.
    ///
    /// # Errors
    /// When there is no message, sequence or proxy; what goes wrong later is the flow's own fault.
    pub async fn inject(&self, task: &str, configuration: Arc<Configuration>) -> Result<(), InjectionError> {
        let mut context = self.context(task, &configuration)?;
        match &self.target {
            Target::Main => engine::inject_main(&mut context).await,
            Target::Sequence(name) => {
                let sequence = configuration.find_sequence(name);
                let sequence = sequence.ok_or_else(|| InjectionError(format!("Sequence: {name} not found")))?;
                if self.sequential {
                    engine::inject_sequence(&mut context, sequence).await;
                } else {
                    mi_mediation::environment::spawn(async move {
                        engine::inject_sequence(&mut context, sequence).await;
                    });
                }
            }
            Target::Proxy(name) => {
                let proxy = configuration.proxies.get(name.as_str()).cloned();
                let proxy = proxy.ok_or_else(|| InjectionError(format!("Proxy Service: {name} not found")))?;
                context.origin = proxy.origin.clone();
                engine::inject_proxy(&mut context, &proxy).await;
            }
        }
        Ok(())
    }

    fn context(&self, task: &str, configuration: &Arc<Configuration>) -> Result<MessageContext, InjectionError> {
        let body = self.body(configuration)?;
        let origin = Arc::new(Origin::new(OriginKind::Task, task));
        let mut context = MessageContext::new(configuration.clone(), origin);
        let version = if self.format == Format::Soap12 { SoapVersion::V12 } else { SoapVersion::V11 };
        let mut envelope = Envelope::empty(version);
        let copy = envelope.document.import(body.document(), body.node());
        envelope.document.append_child(envelope.body, copy);
        context.payload = Payload::xml(envelope);
        let media_type = match self.format {
            Format::Soap11 => SoapVersion::V11.media_type(),
            Format::Soap12 => SoapVersion::V12.media_type(),
            Format::Pox => "application/xml",
            Format::Get => "application/x-www-form-urlencoded",
        };
        context.content_types.message_type = Some(media_type.into());
        context.content_types.content_type = Some(media_type.into());
        context.rest = matches!(self.format, Format::Pox | Format::Get);
        context.method = (self.format == Format::Get).then_some(mi_mediation::http::Method::GET);
        context.addressing.soap_action.clone_from(&self.soap_action);
        context.addressing.action.clone_from(&self.soap_action);
        context.addressing.to = self.to.clone().map_or(To::Nowhere, To::Address);
        context.properties.set("task.name", Value::from(task));
        context.properties.set("CURRENT_TASK_EXECUTING_TENANT_IDENTIFIER", Value::Integer(-1234));
        Ok(context)
    }

    fn body(&self, configuration: &Configuration) -> Result<Arc<XmlFragment>, InjectionError> {
        if let Some(message) = &self.message {
            return Ok(message.clone());
        }
        let Some(key) = &self.registry_key else {
            return Err(InjectionError("message or registry-key not set".to_owned()));
        };
        match configuration.entry(key) {
            Some(Value::Xml(fragment)) => Ok(fragment),
            Some(_) => Err(InjectionError(format!("The resource {key} is not XML"))),
            None => Err(InjectionError(format!("The resource {key} cannot be found"))),
        }
    }
}
