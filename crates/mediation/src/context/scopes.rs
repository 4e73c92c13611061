//! Property scopes: where each lives, how long it lasts, and what setting a well-known name does (spec: core mediators
//! 4.2).

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method};
use mi_payload::value::Value;

use super::properties::Lookup;
use super::{MessageContext, RestPostfix, StatusProperty};

/// Where a property lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The message; copied to the response.
    Default,
    /// The transport side of the message; lost in a call.
    Axis2,
    /// Transport headers.
    Transport,
    /// Options of the client side; write only.
    Axis2Client,
    /// Shared by request and response.
    Operation,
    /// Files of the registry.
    Registry,
    /// The process.
    System,
    /// Tags of the telemetry span.
    Trace,
    /// Metadata for analytics.
    Analytics,
}

impl Scope {
    /// The scope that artifacts write as `name`; `None` for names that the `property` mediator refuses.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "default" => Self::Default,
            "axis2" => Self::Axis2,
            "transport" => Self::Transport,
            "axis2-client" => Self::Axis2Client,
            "operation" => Self::Operation,
            "registry" => Self::Registry,
            "system" => Self::System,
            "trace" => Self::Trace,
            "analytics" => Self::Analytics,
            _ => return None,
        })
    }
}

impl MessageContext {
    /// Reads a property. The scopes that nobody reads give nothing.
    pub fn property(&self, scope: Scope, name: &str) -> Option<Cow<'_, Value>> {
        match scope {
            Scope::Default => match self.properties.lookup(name) {
                Lookup::Found(value) => Some(Cow::Borrowed(value)),
                Lookup::Removed => None,
                Lookup::Absent => self.computed_property(name).map(Cow::Owned),
            },
            Scope::Axis2 => self.axis2_property(name),
            Scope::Transport => self.header_text(name).map(|text| Cow::Owned(Value::from(text.as_ref()))),
            Scope::Operation => {
                let properties = self.operation.get()?.lock();
                properties.get(name).map(|value| Cow::Owned(value.clone()))
            }
            Scope::System => self.configuration.environment.system_property(name).map(|text| Cow::Owned(text.into())),
            Scope::Registry | Scope::Axis2Client | Scope::Trace | Scope::Analytics => None,
        }
    }

    /// The text of a transport header: several values of one name give the first, as MI's map does.
    pub fn header_text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
    }

    fn axis2_property(&self, name: &str) -> Option<Cow<'_, Value>> {
        let text = |text: &str| Some(Cow::Owned(Value::from(text)));
        match name {
            "HTTP_METHOD" => return self.method.as_ref().and_then(|method| text(method.as_str())),
            "HTTP_SC" => {
                return match &self.status {
                    StatusProperty::Unset => None,
                    StatusProperty::OfAnswer(code) => Some(Cow::Owned(Value::Integer(i32::from(*code)))),
                    StatusProperty::Set(value) => Some(Cow::Borrowed(value)),
                };
            }
            "messageType" => return self.content_types.message_type.as_deref().and_then(text),
            "ContentType" => return self.content_types.content_type.as_deref().and_then(text),
            "REST_URL_POSTFIX" => return self.rest_postfix_text().and_then(text),
            _ => {}
        }
        match self.axis2.lookup(name) {
            Lookup::Found(value) => Some(Cow::Borrowed(value)),
            Lookup::Removed => None,
            Lookup::Absent => self.computed_axis2_property(name).map(Cow::Owned),
        }
    }

    /// What `REST_URL_POSTFIX` says now.
    pub fn rest_postfix_text(&self) -> Option<&str> {
        match &self.rest_postfix {
            RestPostfix::None => None,
            RestPostfix::OfRequest(start) => self.request.as_ref()?.target.get(*start..),
            RestPostfix::Text(text) => Some(text),
        }
    }

    /// Sets a property. `None` is a null result: the default scope keeps the old value, transport gets an empty header,
    /// axis2 and operation lose the property.
    pub fn set_property(&mut self, scope: Scope, name: &Arc<str>, value: Option<Value>) {
        match scope {
            Scope::Default => {
                if let Some(value) = value {
                    self.set_default_property(name, value);
                }
            }
            Scope::Axis2 => match value {
                Some(value) => self.set_axis2_property(name, value),
                None => self.remove_property(Scope::Axis2, name),
            },
            Scope::Transport => {
                let text = value.as_ref().map(Value::string_value).unwrap_or_default();
                self.set_header(name, &text);
            }
            Scope::Operation => {
                let mut properties = self.operation().lock();
                match value {
                    Some(value) => properties.set(name.clone(), value),
                    None => {
                        properties.remove(name.clone());
                    }
                }
            }
            Scope::System => {
                if let Some(value) = value {
                    self.configuration.environment.set_system_property(name, &value.string_value());
                }
            }
            Scope::Registry => {
                if let Some(value) = value {
                    self.configuration.environment.resources.write_property(name, &value.string_value());
                }
            }
            Scope::Axis2Client | Scope::Trace | Scope::Analytics => {}
        }
    }

    fn set_default_property(&mut self, name: &Arc<str>, value: Value) {
        if &**name == "RESPONSE" {
            // The text `true` makes a response of the message; anything else a request.
            self.is_response = value.string_value().eq_ignore_ascii_case("true");
            self.dispatched = true;
        }
        self.properties.set(name.clone(), value);
    }

    /// Sets an axis2 property, with what MI does beside for well-known names.
    pub fn set_axis2_property(&mut self, name: &Arc<str>, value: Value) {
        let text = value.string_value();
        match &**name {
            "HTTP_METHOD" => self.method = Method::from_bytes(text.trim().to_ascii_uppercase().as_bytes()).ok(),
            "HTTP_SC" => {
                drop(text);
                self.status = StatusProperty::Set(value);
            }
            "messageType" => self.set_message_type(&text),
            "ContentType" => self.content_types.content_type = Some(text.as_ref().into()),
            "REST_URL_POSTFIX" => self.rest_postfix = RestPostfix::Text(text.as_ref().into()),
            "SET_ROLLBACK_ONLY" => {
                self.operation().lock().set(name.clone(), value.clone());
                self.axis2.set(name.clone(), value);
            }
            _ => {
                drop(text);
                self.axis2.set(name.clone(), value);
            }
        }
    }

    /// Removes a property.
    pub fn remove_property(&mut self, scope: Scope, name: &Arc<str>) {
        match scope {
            Scope::Default => {
                self.properties.remove(name.clone());
            }
            Scope::Axis2 => match &**name {
                "HTTP_METHOD" => self.method = None,
                "HTTP_SC" => self.status = StatusProperty::Unset,
                "messageType" => self.content_types.message_type = None,
                "ContentType" => self.content_types.content_type = None,
                "REST_URL_POSTFIX" => self.rest_postfix = RestPostfix::None,
                "TRANSPORT_HEADERS" => self.headers.clear(),
                "EXCESS_TRANSPORT_HEADERS" => self.drop_excess_headers(),
                _ => {
                    self.axis2.remove(name.clone());
                }
            },
            Scope::Transport => {
                if let Ok(header) = HeaderName::from_bytes(name.as_bytes()) {
                    self.headers.remove(header);
                }
            }
            Scope::Operation => {
                self.operation().lock().remove(name.clone());
            }
            Scope::Axis2Client | Scope::Registry | Scope::System | Scope::Trace | Scope::Analytics => {}
        }
    }

    /// Sets a transport header. Characters that no header can hold are left out, so that nobody can end a header early;
    /// a name that is none is ignored with a warning.
    pub fn set_header(&mut self, name: &str, value: &str) {
        let Ok(header) = HeaderName::from_bytes(name.trim().as_bytes()) else {
            tracing::warn!(
                target: "org.apache.synapse.transport.passthru.util.PassThroughTransportUtils",
                "{}{name:?} is no valid header name; the header is not set", self.log_prefix()
            );
            return;
        };
        let value = HeaderValue::from_str(value.trim()).or_else(|_| {
            let clean: String = value.trim().chars().filter(|c| !c.is_control() || *c == '\t').collect();
            HeaderValue::from_bytes(clean.as_bytes())
        });
        if let Ok(value) = value {
            self.headers.insert(header, value);
        }
    }
}
