//! What a script may do with its message: the operations behind `api.js` and `java.js` (spec: mediators 14).

use std::time::{Duration, Instant};

use bytes::Bytes;
use mi_payload::java::SimpleDateFormat;
use mi_payload::{Payload, SoapVersion};
use mi_script::{Host, Value};

use super::log::Level;
use super::om::Nodes;
use super::undo::Undo;
use super::{encode, om};
use crate::context::MessageContext;

/// A message in the hands of a script.
pub(crate) struct MessageHost {
    pub(super) context: MessageContext,
    pub(super) nodes: Nodes,
    /// Only there while the script may have to be run again.
    pub(super) undo: Option<Undo>,
    log: Vec<(Level, String)>,
    /// The JSON text at the beginning, once the payload has been changed: scripts in `js` go on seeing it.
    original: Option<Option<Bytes>>,
    input: Option<String>,
    output: Option<(String, Value)>,
    missing_function: bool,
    begin: Instant,
}

/// The answer to an operation.
pub(super) type Answer = Result<Value, String>;

impl MessageHost {
    pub(super) fn new(context: MessageContext, input: Option<String>, undoable: bool) -> Box<Self> {
        Box::new(Self {
            context,
            nodes: Nodes::default(),
            undo: undoable.then(Undo::default),
            log: Vec::new(),
            original: None,
            input,
            output: None,
            missing_function: false,
            begin: Instant::now(),
        })
    }

    pub(super) fn into_context(self: Box<Self>) -> MessageContext {
        self.context
    }

    /// Takes back what the script did.
    pub(super) fn undo(&mut self) {
        self.log.clear();
        if let Some(undo) = self.undo.take() {
            undo.apply(&mut self.context);
        }
    }

    /// Writes the lines that were held back because the script might have had to be run again.
    pub(super) fn write_log(&mut self) {
        for (level, text) in self.log.drain(..) {
            level.write(self.context.log_prefix(), &text);
        }
    }

    pub(super) fn take_output(&mut self) -> (Option<(String, Value)>, bool) {
        (self.output.take(), self.missing_function)
    }

    /// To be called before anything but the payload changes.
    pub(super) fn changes(&mut self) -> &mut MessageContext {
        if let Some(undo) = &mut self.undo {
            undo.keep_rest(&self.context);
        }
        &mut self.context
    }

    fn write(&mut self, level: &str, text: String) -> Answer {
        let level = Level::of_name(level);
        if self.undo.is_some() {
            self.log.push((level, text));
        } else {
            level.write(self.context.log_prefix(), &text);
        }
        Ok(Value::Undefined)
    }

    /// To be called before the payload changes.
    pub(super) fn keep_original(&mut self) {
        if self.original.is_none() {
            self.original = Some(match &self.context.payload {
                Payload::Json(json) => Some(json.text().clone()),
                _ => None,
            });
        }
    }

    fn replace_payload(&mut self, payload: Payload) {
        self.keep_original();
        let old = std::mem::replace(&mut self.context.payload, payload);
        if let Some(undo) = &mut self.undo {
            undo.keep_replaced(old);
        }
        self.nodes.payload_replaced();
        self.changes().has_entity();
    }

    fn payload_json(&self) -> Answer {
        let text = match (&self.original, &self.context.payload) {
            (Some(original), _) => original.as_ref(),
            (None, Payload::Json(json)) => Some(json.text()),
            (None, _) => None,
        };
        Ok(Value::maybe(text.map(|text| String::from_utf8_lossy(text).into_owned())))
    }

    fn set_json(&mut self, text: &str) -> Answer {
        let payload = Payload::set_json(text.to_owned()).map_err(|error| error.to_string())?;
        self.replace_payload(payload);
        Ok(Value::Undefined)
    }

    fn payload_text(&self) -> Answer {
        match &self.context.payload {
            Payload::Json(json) => Ok(String::from_utf8_lossy(json.text()).into_owned().into()),
            _ => self.envelope_xml(),
        }
    }

    fn envelope_xml(&self) -> Answer {
        let envelope = om::view(&self.context)?;
        Ok(envelope.document.to_xml(envelope.element).into())
    }

    fn payload_xml(&self) -> Answer {
        let envelope = om::view(&self.context)?;
        Ok(Value::maybe(envelope.payload().map(|node| envelope.document.to_xml(node))))
    }

    fn is_soap11(&self) -> bool {
        om::view(&self.context).is_ok_and(|envelope| envelope.version == SoapVersion::V11)
    }

    fn entry(&mut self, key: &str) -> Answer {
        match self.context.configuration.entry(key) {
            Some(value) => Ok(encode::to_script(&value, |fragment| self.nodes.add_copy(fragment))),
            None => Ok(Value::Null),
        }
    }

    fn local_entry(&mut self, key: &str) -> Answer {
        let Some(entry) = self.context.configuration.local_entries.find(key).cloned() else { return Ok(Value::Null) };
        Ok(encode::to_script(&entry.value, |fragment| self.nodes.add_copy(fragment)))
    }

    /// Waits, but not longer than a script may run.
    fn sleep(&self, millis: Option<&Value>) -> Answer {
        let millis = match millis {
            Some(Value::Integer(millis)) => u64::try_from(*millis).unwrap_or_default(),
            Some(Value::Number(millis)) => *millis as u64,
            _ => 0,
        };
        let limit = self.context.configuration.settings.script_limits.time;
        std::thread::sleep(Duration::from_millis(millis).min(limit));
        Ok(Value::Undefined)
    }

    fn set_id(&mut self, id: &str) -> Answer {
        self.changes().set_message_id(id);
        Ok(Value::Undefined)
    }

    fn set_response(&mut self, value: bool) -> Answer {
        self.changes().is_response = value;
        Ok(Value::Undefined)
    }
}

impl Host for Box<MessageHost> {
    fn call(&mut self, operation: &str, arguments: &[Value]) -> Answer {
        if let Some(operation) = operation.strip_prefix("om.") {
            return self.om(operation, arguments);
        }
        let text = |index: usize| arguments.get(index).and_then(Value::as_str).unwrap_or_default();
        match operation {
            "input" => Ok(Value::maybe(self.input.take())),
            "output" => {
                self.output = Some((text(0).to_owned(), arguments.get(1).cloned().unwrap_or(Value::Null)));
                Ok(Value::Undefined)
            }
            "missing" => {
                self.missing_function = true;
                Ok(Value::Undefined)
            }
            "payload.json" => self.payload_json(),
            "payload.setJson" => self.set_json(text(0)),
            "payload.xml" => self.payload_xml(),
            "payload.setXml" => self.set_payload_xml(text(0)),
            "payload.text" => self.payload_text(),
            "envelope.xml" => self.envelope_xml(),
            "header.add" => self.add_header(arguments.first() == Some(&Value::Boolean(true)), text(1)),
            "property.get" => self.property(text(0), text(1)),
            "property.set" => self.set_property(text(0), text(1), text(2), arguments.get(3).unwrap_or(&Value::Null)),
            "property.remove" => self.remove_property(text(0), text(1)),
            "property.keys" => Ok(self.property_names()),
            "variable.get" => self.variable(text(0)),
            "variable.set" => self.set_variable(text(0), text(1), arguments.get(2).unwrap_or(&Value::Null)),
            "variable.remove" => self.remove_variable(text(0)),
            "variable.keys" => Ok(self.variable_names()),
            "address" => Ok(self.address(text(0))),
            "setAddress" => self.set_address(text(0), arguments.get(1).and_then(Value::as_str)),
            "id" => Ok(self.context.message_id().to_string().into()),
            "setId" => self.set_id(text(0)),
            "response" => Ok(self.context.is_response.into()),
            "setResponse" => self.set_response(arguments.first() == Some(&Value::Boolean(true))),
            "fault" => Ok(self.context.is_fault().into()),
            "soap11" => Ok(self.is_soap11().into()),
            "get" => Ok((self.context.method == Some(http::Method::GET)).into()),
            "rest" => Ok(self.context.rest.into()),
            "entry" => self.entry(text(0)),
            "localEntry" => self.local_entry(text(0)),
            "hasSequence" => Ok(self.context.configuration.find_sequence(text(0)).is_some().into()),
            "hasEndpoint" => Ok(self.context.configuration.find_endpoint(text(0)).is_some().into()),
            "log" => self.write(text(0), text(1).to_owned()),
            "logs" => Ok(Level::of_name(text(0)).is_enabled().into()),
            "inPlace" => Ok(self.undo.is_some().into()),
            "sleep" => self.sleep(arguments.first()),
            "uuid" => Ok(uuid::Uuid::new_v4().to_string().into()),
            "nanos" => Ok(Value::Number(self.begin.elapsed().as_nanos() as f64)),
            "date.format" => format_date(text(0), arguments.get(1)),
            other => Err(format!("a script cannot ask for {other}")),
        }
    }
}

fn format_date(pattern: &str, time: Option<&Value>) -> Answer {
    let millis = match time {
        Some(Value::Integer(millis)) => i64::from(*millis),
        Some(Value::Number(millis)) => *millis as i64,
        _ => return Err("a date is expected".to_owned()),
    };
    let format =
        SimpleDateFormat::parse(pattern).map_err(|error| format!("java.lang.IllegalArgumentException: {error}"))?;
    Ok(format.format_millis(millis).into())
}
