//! A message in the hands of a component.

use std::sync::Arc;

use mi_payload::value::Value;
use mi_payload::{Envelope, Payload, SoapVersion, XmlFragment};
use mi_wasm::Message;

use crate::context::{MessageContext, Scope};

/// The logger of what components log.
const LOG: &str = "org.apache.synapse.mediators.WasmMediator";

/// See the module's documentation.
pub(super) struct Held(pub(super) MessageContext);

/// The scopes that components have; others are passed over.
fn scope(name: &str) -> Option<Scope> {
    match name {
        "default" | "" => Some(Scope::Default),
        "axis2" => Some(Scope::Axis2),
        "transport" => Some(Scope::Transport),
        "operation" => Some(Scope::Operation),
        _ => None,
    }
}

impl Held {
    fn replace(&mut self, payload: Payload, media_type: &str) {
        self.0.payload = payload;
        self.0.set_message_type(media_type);
        self.0.has_entity();
    }

    fn soap_version(&self) -> SoapVersion {
        match &self.0.payload {
            Payload::Xml(xml) => xml.envelope().version,
            _ => SoapVersion::V11,
        }
    }
}

impl Message for Held {
    fn property(&mut self, scope_name: &str, name: &str) -> Option<String> {
        self.0.property(scope(scope_name)?, name).map(|value| value.string_value().into_owned())
    }

    fn set_property(&mut self, scope_name: &str, name: &str, value: &str) {
        if let Some(scope) = scope(scope_name) {
            self.0.set_property(scope, &Arc::from(name), Some(Value::from(value)));
        }
    }

    fn remove_property(&mut self, scope_name: &str, name: &str) {
        if let Some(scope) = scope(scope_name) {
            self.0.remove_property(scope, &Arc::from(name));
        }
    }

    fn variable(&mut self, name: &str) -> Option<String> {
        self.0.variables.get(name).map(|value| value.string_value().into_owned())
    }

    fn set_variable(&mut self, name: &str, value: &str) {
        self.0.variables.set(name, Value::from(value));
    }

    fn payload_json(&mut self) -> Result<String, String> {
        let settings = &self.0.configuration.settings.json;
        let text = self.0.payload.json_text(settings).map_err(|error| error.to_string())?;
        Ok(text.map(std::borrow::Cow::into_owned).unwrap_or_default())
    }

    fn payload_xml(&mut self) -> Result<String, String> {
        let settings = &self.0.configuration.settings.json;
        let envelope = self.0.payload.envelope(settings).map_err(|error| error.to_string())?;
        Ok(envelope.payload().map(|node| envelope.document.to_xml(node)).unwrap_or_default())
    }

    fn payload_text(&mut self) -> String {
        match &self.0.payload {
            Payload::Text(text) => text.as_str().to_owned(),
            Payload::Json(json) => String::from_utf8_lossy(json.text()).into_owned(),
            _ => self.payload_xml().unwrap_or_default(),
        }
    }

    fn set_payload_json(&mut self, json: &str) -> Result<(), String> {
        serde_json::from_str::<serde_json::Value>(json).map_err(|error| error.to_string())?;
        let payload = Payload::set_json(json.to_owned()).map_err(|error| error.to_string())?;
        self.replace(payload, "application/json");
        Ok(())
    }

    fn set_payload_xml(&mut self, xml: &str) -> Result<(), String> {
        let fragment = XmlFragment::parse(xml).map_err(|error| error.to_string())?;
        let is_soap = matches!(&self.0.payload, Payload::Xml(_)) && !self.0.rest;
        let version = self.soap_version();
        let mut envelope = Envelope::empty(version);
        let copy = envelope.document.import(fragment.document(), fragment.node());
        envelope.document.append_child(envelope.body, copy);
        self.replace(Payload::xml(envelope), if is_soap { version.media_type() } else { "application/xml" });
        Ok(())
    }

    fn set_payload_text(&mut self, text: &str) {
        self.replace(Payload::text(text.to_owned()), "text/plain");
    }

    fn log(&mut self, level: &str, text: &str) {
        let prefix = self.0.log_prefix();
        match level {
            "debug" => tracing::debug!(target: LOG, "{prefix}{text}"),
            "warn" => tracing::warn!(target: LOG, "{prefix}{text}"),
            "error" => tracing::error!(target: LOG, "{prefix}{text}"),
            _ => tracing::info!(target: LOG, "{prefix}{text}"),
        }
    }
}
