//! Faults: what ends a flow and wakes the innermost fault handler (spec: core mediators part 3, services 3.3 to 3.5).

use std::fmt;

use mi_payload::value::Value;

/// Error codes that MI uses, as far as the engine itself raises them.
pub mod codes {
    /// The connection could not be made.
    pub const CONNECT_FAILED: i32 = 101_503;
    /// No answer in time.
    pub const TIMED_OUT: i32 = 101_504;
    /// The back end closed the connection.
    pub const CLOSED: i32 = 101_505;
    /// A group endpoint has no child that is ready.
    pub const NO_READY_CHILD: i32 = 303_000;
    /// An endpoint is not ready (suspended, in timeout, switched off).
    pub const ENDPOINT_NOT_READY: i32 = 303_001;
    /// The document of a WSDL endpoint cannot be used.
    pub const WSDL_NOT_READY: i32 = 303_002;
    /// An endpoint could not authenticate itself.
    pub const ENDPOINT_AUTH_FAILED: i32 = 303_003;
    /// An indirect or template endpoint names nothing.
    pub const ENDPOINT_NOT_FOUND: i32 = 305_100;
    /// The endpoint of a session is not ready.
    pub const SESSION_NOT_READY: i32 = 309_001;
    /// The blocking sender failed.
    pub const BLOCKING_SENDER: i32 = 401_002;
    /// A non-blocking call could not be made.
    pub const CALL: i32 = 401_003;
    /// Forced by `FORCE_ERROR_ON_SOAP_FAULT`.
    pub const SOAP_FAULT: i32 = 500_000;
    /// A mandatory template parameter is missing.
    pub const TEMPLATE_PARAMETER: i32 = 500_101;
    /// The payload could not be parsed.
    pub const PAYLOAD: i32 = 601_000;
}

/// What goes to the fault handler.
#[derive(Debug, Clone)]
pub struct Fault(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    message: String,
    detail: Option<String>,
    properties: Vec<(&'static str, Value)>,
    sets_code: bool,
    resets_payload: bool,
}

impl Fault {
    /// A mediator's exception: code 0, unless an earlier fault of the flow left its code behind (3.2 step 1).
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            message: message.into(),
            detail: None,
            properties: Vec::new(),
            sets_code: false,
            resets_payload: false,
        }))
    }

    /// A fault whose origin sets the error properties itself, over whatever an earlier fault left.
    pub fn with_code(code: i32, message: impl Into<String>) -> Self {
        let message = message.into();
        let first_line = message.lines().next().unwrap_or_default().to_owned();
        let mut fault = Self::new(message);
        fault.0.sets_code = true;
        fault.0.properties.push(("ERROR_CODE", Value::Integer(code)));
        fault.0.properties.push(("ERROR_MESSAGE", Value::from(first_line)));
        fault
    }

    /// The payload could not be parsed: code 601000, and the handler sees an empty body.
    pub fn payload(message: impl Into<String>) -> Self {
        let mut fault = Self::with_code(codes::PAYLOAD, message);
        fault.0.resets_payload = true;
        let text = format!("org.apache.synapse.SynapseException: {}", fault.0.message);
        fault.0.properties.push(("ERROR_EXCEPTION", Value::from(text)));
        fault
    }

    /// A fault that leaves the error properties to those that its mediator has already set (`throwError`).
    pub fn already_described(message: impl Into<String>) -> Self {
        let mut fault = Self::new(message);
        fault.0.sets_code = true;
        fault
    }

    /// Adds text for `ERROR_DETAIL`.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a default-scope property that the handler will see.
    #[must_use]
    pub fn property(mut self, name: &'static str, value: Value) -> Self {
        self.0.properties.push((name, value));
        self
    }

    /// The handler will see an empty body.
    #[must_use]
    pub fn without_payload(mut self) -> Self {
        self.0.resets_payload = true;
        self
    }

    /// What happened.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The first line of [`Fault::message`]: `ERROR_MESSAGE`.
    pub fn first_line(&self) -> &str {
        self.0.message.lines().next().unwrap_or_default()
    }

    /// The code that this fault will set, if it sets one.
    pub fn code(&self) -> Option<i32> {
        self.0.properties.iter().find_map(|(name, value)| match (name, value) {
            (&"ERROR_CODE", Value::Integer(code)) => Some(*code),
            _ => None,
        })
    }

    /// Text for `ERROR_DETAIL`.
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    pub(crate) fn sets_code(&self) -> bool {
        self.0.sets_code
    }

    pub(crate) fn resets_payload(&self) -> bool {
        self.0.resets_payload
    }

    pub(crate) fn properties(&self) -> &[(&'static str, Value)] {
        &self.0.properties
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_knows_its_code_and_first_line() {
        let fault = Fault::with_code(codes::TIMED_OUT, "Send timeout\nmore");
        assert_eq!((fault.code(), fault.first_line()), (Some(101_504), "Send timeout"));
        assert_eq!(Fault::new("x").code(), None);
        assert!(Fault::payload("bad").resets_payload());
    }
}
