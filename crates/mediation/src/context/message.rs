//! The message as expressions see it.

use std::borrow::Cow;

use mi_expression::{BuildFault, Envelope, ExpressionFault, Field, Held, Message, Scope as PropertyScope};
use mi_payload::payload::ViewError;
use mi_payload::value::Value;
use mi_payload::{Payload, SoapVersion};

use super::{MessageContext, OriginKind, Scope, To};
use crate::fault::Fault;

impl From<ExpressionFault> for Fault {
    fn from(fault: ExpressionFault) -> Self {
        let detail = match &fault {
            ExpressionFault::XPath { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        let parse_error = matches!(fault, ExpressionFault::Build(_));
        let message = fault.to_string();
        let fault = if parse_error { Self::payload(message) } else { Self::new(message) };
        match detail {
            Some(detail) => fault.detail(detail),
            None => fault,
        }
    }
}

impl From<ViewError> for Fault {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::NotBuilt | ViewError::Conversion(_) => Self::new(error.to_string()),
            ViewError::Json(_) | ViewError::MalformedJson(_) | ViewError::Xml(_) => Self::payload(error.to_string()),
        }
    }
}

fn build_fault(error: &ViewError) -> BuildFault {
    BuildFault { message: error.to_string() }
}

impl Message for MessageContext {
    fn envelope(&self) -> Result<Option<Envelope<'_>>, BuildFault> {
        match self.payload.envelope(&self.configuration.settings.json) {
            Ok(envelope) => Ok(Some(Envelope {
                document: &envelope.document,
                envelope: envelope.element,
                header: envelope.header,
                body: envelope.body,
                synthetic: envelope.synthetic,
            })),
            Err(ViewError::NotBuilt) => Ok(None),
            Err(error) => Err(build_fault(&error)),
        }
    }

    fn json(&self) -> Result<Option<&serde_json::Value>, BuildFault> {
        match self.payload.json_view(&self.configuration.settings.json) {
            Err(ViewError::NotBuilt) => Ok(None),
            other => other.map_err(|error| build_fault(&error)),
        }
    }

    fn json_text(&self) -> Result<Option<Cow<'_, str>>, BuildFault> {
        match self.payload.json_text(&self.configuration.settings.json) {
            Err(ViewError::NotBuilt) => Ok(None),
            other => other.map_err(|error| build_fault(&error)),
        }
    }

    fn unparsed_json(&self) -> Option<&[u8]> {
        match &self.payload {
            Payload::Json(json) => json.text_to_search(),
            _ => None,
        }
    }

    fn has_json_payload(&self) -> bool {
        self.payload.is_json()
    }

    fn property(&self, scope: PropertyScope, name: &str) -> Option<Held<'_>> {
        let scope = match scope {
            PropertyScope::Default => Scope::Default,
            PropertyScope::Axis2 => return self.axis2_or_operation(name),
            PropertyScope::Transport => return self.header_text(name).map(Held::Text),
            PropertyScope::Operation => Scope::Operation,
            PropertyScope::System => Scope::System,
            PropertyScope::Func => return self.template_parameter(name).map(Held::from),
            PropertyScope::Registry => return self.registry(name).map(Held::from),
            PropertyScope::Env => return std::env::var(name).ok().map(Held::from),
            PropertyScope::File => return self.configuration.environment.file_property(name).map(Held::from),
        };
        Self::property(self, scope, name).map(Held::Value)
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    fn in_template(&self) -> bool {
        !self.templates.is_empty()
    }

    fn template_parameter(&self, name: &str) -> Option<&Value> {
        Self::template_parameter(self, name)
    }

    fn field(&self, field: Field) -> Option<Cow<'_, str>> {
        let addressing = &self.addressing;
        let text = |text: &Option<String>| Some(Cow::Owned(text.clone().unwrap_or_default()));
        match field {
            Field::To => Some(Cow::Borrowed(self.to_address().unwrap_or_default())),
            Field::From => text(&addressing.from),
            Field::ReplyTo => text(&addressing.reply_to),
            Field::FaultTo => text(&addressing.fault_to),
            Field::Action => text(&addressing.action.clone().or_else(|| addressing.soap_action.clone())),
            Field::RelatesTo => text(&addressing.relates_to),
            Field::MessageId => Some(Cow::Borrowed(self.message_id())),
            Field::Fault => Some(Cow::Borrowed(if self.is_fault() { "TRUE" } else { "" })),
            Field::MessageFormat => Some(Cow::Borrowed(self.message_format())),
            Field::OperationName => Some(Cow::Borrowed("mediate")),
            Field::OperationNamespace => Some(Cow::Borrowed("")),
        }
    }

    fn config(&self, name: &str) -> Option<Cow<'_, str>> {
        self.configuration.environment.config(name).map(Cow::Owned)
    }

    fn local_entry(&self, name: &str) -> Option<Held<'_>> {
        if let Some(entry) = self.configuration.local_entries.find(name) {
            return Some(Held::from(&entry.value));
        }
        // MI enters these two into its configuration when it starts.
        match name {
            "SERVER_IP" => Some(Held::from(self.configuration.settings.server_ip.as_str())),
            "SERVER_HOST" => Some(Held::from(self.configuration.settings.server_host.as_str())),
            _ => None,
        }
    }

    fn registry_resource(&self, path: &str) -> Option<Cow<'_, str>> {
        let resource = self.configuration.environment.resources.read(path)?;
        Some(Cow::Owned(String::from_utf8_lossy(&resource.content).into_owned()))
    }

    fn registry_property(&self, path: &str, name: &str) -> Option<Cow<'_, str>> {
        self.configuration.environment.resources.property(path, name).map(Cow::Owned)
    }

    fn secret(&self, alias: &str) -> Option<Cow<'_, str>> {
        self.configuration.environment.secrets.get(alias).map(|secret| Cow::Borrowed(secret.as_str()))
    }
}

impl MessageContext {
    /// An axis2 lookup climbs to the operation (core mediators 4.2).
    fn axis2_or_operation(&self, name: &str) -> Option<Held<'_>> {
        let found = Self::property(self, Scope::Axis2, name);
        found.or_else(|| Self::property(self, Scope::Operation, name)).map(Held::Value)
    }

    /// `path` or `path@property`.
    fn registry(&self, name: &str) -> Option<String> {
        let resources = &self.configuration.environment.resources;
        if let Some((path, property)) = name.split_once('@') {
            return resources.property(path, property);
        }
        self.configuration.entry_text(name)
    }

    /// Whether the message is a fault: a SOAP fault, or the answer of a back end with a status of 400 or more.
    pub fn is_fault(&self) -> bool {
        self.payload.is_fault() || self.axis2_is_true("FAULT_MESSAGE")
    }

    /// What `MESSAGE_FORMAT` says.
    pub fn message_format(&self) -> &'static str {
        if self.rest {
            return "pox";
        }
        let unread = self.payload.is_unread();
        let announced = self.content_types.message_type.as_deref() == Some(SoapVersion::V12.media_type());
        match self.payload.envelope(&self.configuration.settings.json).map(|envelope| envelope.version) {
            Ok(SoapVersion::V12) => "soap12",
            Err(_) if unread && announced => "soap12",
            _ => "soap11",
        }
    }

    /// The To address where it says whom the message goes to: the answer of a call has the anonymous address.
    pub fn becomes_answer(&mut self) {
        self.slots.give_back();
        self.addressing.to = To::Anonymous;
    }

    /// Whether it came in through an API.
    pub fn is_api(&self) -> bool {
        self.origin.kind == OriginKind::Api
    }
}
