//! What an expression can see of a message. The crate `mediation` implements it for its message context.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use mi_payload::Value;
use mi_xml::{Document, NodeId};

use crate::fault::BuildFault;

/// Where a property lives (spec, 1.1 and 5.1).
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Scope {
    /// The Synapse context: `default` or no scope.
    Default,
    /// The axis2 context; the lookup climbs to operation, service and configuration.
    Axis2,
    /// The transport headers; names without case for HTTP.
    Transport,
    /// What request and response of one exchange share.
    Operation,
    /// The parameters of the innermost template call.
    Func,
    /// A registry resource (`path`) or its property (`path@property`).
    Registry,
    /// Properties of the process (Java's system properties).
    System,
    /// Environment variables.
    Env,
    /// The entries of `file.properties`.
    File,
}

impl Scope {
    /// The scope that `get-property` knows under this name. `synapse` is none.
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "default" => Self::Default,
            "axis2" => Self::Axis2,
            "transport" => Self::Transport,
            "operation" => Self::Operation,
            "func" => Self::Func,
            "registry" => Self::Registry,
            "system" => Self::System,
            "env" => Self::Env,
            "file" => Self::File,
            _ => return None,
        })
    }
}

/// What `get-property` answers from the message itself rather than from a property (spec, 5.1).
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Field {
    /// The address the message goes to; of an HTTP request its path and query.
    To,
    /// The sender's address.
    From,
    /// Where an answer goes.
    ReplyTo,
    /// Where a fault goes.
    FaultTo,
    /// The WS-Addressing action.
    Action,
    /// The id of the message that this one answers.
    RelatesTo,
    /// The message id, `urn:uuid:…`.
    MessageId,
    /// `TRUE` if the message is a fault, else nothing.
    Fault,
    /// `pox`, `get`, `soap11` or `soap12`.
    MessageFormat,
    /// The local name of the operation, e.g. `mediate`.
    OperationName,
    /// The namespace of the operation.
    OperationNamespace,
}

impl Field {
    /// The field that `get-property` knows under this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "To" => Self::To,
            "From" => Self::From,
            "ReplyTo" => Self::ReplyTo,
            "FaultTo" => Self::FaultTo,
            "Action" => Self::Action,
            "RelatesTo" => Self::RelatesTo,
            "MessageID" => Self::MessageId,
            "FAULT" => Self::Fault,
            "MESSAGE_FORMAT" => Self::MessageFormat,
            "OperationName" => Self::OperationName,
            "OperationNamespace" => Self::OperationNamespace,
            _ => return None,
        })
    }
}

/// The SOAP envelope around the payload.
#[derive(Copy, Clone, Debug)]
pub struct Envelope<'a> {
    /// The tree that it lives in.
    pub document: &'a Document,
    /// The element `Envelope`.
    pub envelope: NodeId,
    /// The element `Header`, if there is one.
    pub header: Option<NodeId>,
    /// The element `Body`; the payload is its first child element.
    pub body: NodeId,
    /// Whether the envelope was made around a payload that came without one. In XPath it is then its own root.
    pub synthetic: bool,
}

/// A property as it is found: a stored value, or a text that has never been a [`Value`] (a header).
#[derive(Clone, Debug)]
pub enum Held<'a> {
    /// A stored value.
    Value(Cow<'a, Value>),
    /// A text.
    Text(Cow<'a, str>),
}

impl<'a> Held<'a> {
    /// The text where a string is needed, as [`Value::string_value`].
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            Self::Value(Cow::Borrowed(value)) => value.string_value(),
            Self::Value(Cow::Owned(value)) => Cow::Owned(value.string_value().into_owned()),
        }
    }

    /// The value; a text becomes a string.
    pub fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::string(text),
            Self::Value(value) => value.into_owned(),
        }
    }
}

impl<'a> From<&'a Value> for Held<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Value(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a str> for Held<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<Value> for Held<'_> {
    fn from(value: Value) -> Self {
        Self::Value(Cow::Owned(value))
    }
}

impl From<String> for Held<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// A message as an expression sees it. Getters borrow from the message; none of them changes what it means.
///
/// Views of the payload are made when they are first asked for and kept by the message. An expression is only evaluated
/// on an unread body if it is not content-aware ([`crate::Expression::is_content_aware`]); the views are then empty.
pub trait Message {
    /// The XML view: the envelope with the payload in it, converted from JSON if need be. `None` if the message has no
    /// envelope at all, which expressions treat as an empty one.
    ///
    /// # Errors
    /// The payload could not be converted.
    fn envelope(&self) -> Result<Option<Envelope<'_>>, BuildFault>;

    /// The JSON view of the payload: parsed from the raw text (leniently, as Gson does), or converted from the first
    /// element of the body. `None` if the body is empty.
    ///
    /// # Errors
    /// The text is not JSON, or the element cannot be expressed in it.
    fn json(&self) -> Result<Option<&serde_json::Value>, BuildFault>;

    /// The text behind [`Self::json`]: the raw text of a JSON payload, unchanged, or what the conversion gave.
    ///
    /// # Errors
    /// The element cannot be expressed in JSON. Malformed JSON text is no error here.
    fn json_text(&self) -> Result<Option<Cow<'_, str>>, BuildFault>;

    /// The text of a JSON payload of which nobody needed more than single values so far: looking for one more in the text
    /// costs less than [`Self::json`]. Always `None` if that is not so.
    fn unparsed_json(&self) -> Option<&[u8]> {
        None
    }

    /// Whether the payload is JSON as it stands (not by conversion).
    fn has_json_payload(&self) -> bool;

    /// A property; of [`Scope::Registry`] the text of a resource (`path`) or its property (`path@property`). Expressions
    /// read [`Scope::Func`] through [`Self::template_parameter`] instead.
    fn property(&self, scope: Scope, name: &str) -> Option<Held<'_>>;

    /// A variable.
    fn variable(&self, name: &str) -> Option<&Value>;

    /// Whether a sequence template is being executed, so that template parameters exist.
    fn in_template(&self) -> bool;

    /// A parameter of the innermost template call; perhaps a [`Value::Expression`] that is evaluated now.
    fn template_parameter(&self, name: &str) -> Option<&Value>;

    /// A field of the message.
    fn field(&self, field: Field) -> Option<Cow<'_, str>>;

    /// An injected configuration value (`configs.name`).
    fn config(&self, name: &str) -> Option<Cow<'_, str>>;

    /// A local entry.
    fn local_entry(&self, name: &str) -> Option<Held<'_>>;

    /// The text of a registry resource.
    fn registry_resource(&self, path: &str) -> Option<Cow<'_, str>>;

    /// A property of a registry resource.
    fn registry_property(&self, path: &str, name: &str) -> Option<Cow<'_, str>>;

    /// A secret of the secure vault by its alias.
    fn secret(&self, alias: &str) -> Option<Cow<'_, str>>;

    /// The time now, in milliseconds since 1970. A test may stop the clock.
    fn now_millis(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}
