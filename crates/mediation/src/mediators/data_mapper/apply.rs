//! Where the result of a mapping goes.

use std::sync::Arc;

use mi_payload::json::{json_to_xml, xml_to_json};
use mi_payload::value::Value as Held;
use mi_payload::{Envelope, Payload, SoapVersion, XmlFragment};
use mi_xml::Document;
use serde_json::{Map, Value, json};

use super::mapping::Mapping;
use super::schema::decode;
use super::{Format, write_csv, write_xml};
use crate::context::MessageContext;

/// Puts the result of a named mapping into the message.
pub(super) fn message(
    context: &mut MessageContext,
    mapping: &Mapping,
    text: &str,
    input: Format,
    output: Format,
) -> Result<(), String> {
    let result = || serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
    let payload = match output {
        Format::Json => Payload::set_json(decode(text)).map_err(|error| error.to_string())?,
        Format::Xml => xml_payload(context, &write_xml::write(&result()?, &mapping.output)?)?,
        Format::Csv => {
            let csv = write_csv::write(&result()?)?;
            match (&mut context.payload, input) {
                (Payload::Xml(_), Format::Csv) => return set_text(context, &csv),
                _ => Payload::text(csv),
            }
        }
    };
    context.payload = payload;
    context.has_entity();
    Ok(())
}

/// CSV from CSV is the text of the element that it came in.
fn set_text(context: &mut MessageContext, csv: &str) -> Result<(), String> {
    let configuration = context.configuration.clone();
    let envelope = context.payload.envelope_mut(&configuration.settings.json).map_err(|error| error.to_string())?;
    if let Some(first) = envelope.payload() {
        envelope.document.remove_children(first);
        let node = envelope.document.create_text(csv);
        envelope.document.append_child(first, node);
    }
    Ok(())
}

/// An envelope is the new message, any other element its body.
fn xml_payload(context: &MessageContext, fragment: &XmlFragment) -> Result<Payload, String> {
    let namespace = fragment.document().namespace(fragment.node());
    let is_envelope =
        fragment.document().local_name(fragment.node()) == "Envelope" && SoapVersion::of_namespace(namespace).is_some();
    if is_envelope {
        let mut document = Document::new();
        let root = document.import(fragment.document(), fragment.node());
        document.append_child(document.root(), root);
        return Envelope::of_document(document).map(Payload::xml).map_err(|error| error.to_string());
    }
    let view = context.payload.envelope(&context.configuration.settings.json).map_err(|error| error.to_string())?;
    let mut envelope = view.with_empty_body();
    let copy = envelope.document.import(fragment.document(), fragment.node());
    envelope.document.append_child(envelope.body, copy);
    Ok(Payload::xml(envelope))
}

/// What a mapping that is a function gets: the payload as JSON (of XML the whole envelope), and the variables.
pub(super) fn function_request(context: &MessageContext) -> Result<String, String> {
    let settings = &context.configuration.settings.json;
    let input: Value = if context.payload.is_json() {
        let view = context.payload.json_view(settings).map_err(|error| error.to_string())?;
        view.cloned().unwrap_or_default()
    } else {
        let envelope = context.payload.envelope(settings).map_err(|error| error.to_string())?;
        let text =
            xml_to_json(&envelope.document, envelope.element, settings, false).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())?
    };
    let variables: Map<String, Value> =
        context.variables.iter().map(|(name, value)| (name.to_owned(), as_json(value))).collect();
    Ok(json!({ "input": input, "variables": variables }).to_string())
}

fn as_json(value: &Held) -> Value {
    match value {
        Held::Json(json) => (**json).clone(),
        Held::Boolean(value) => Value::Bool(*value),
        Held::Integer(number) => Value::from(*number),
        Held::Long(number) => Value::from(*number),
        Held::Double(number) => Value::from(*number),
        Held::Map(map) => map.iter().map(|(name, value)| (name.to_string(), as_json(value))).collect(),
        Held::Xml(fragment) => Value::from(fragment.to_xml()),
        other => Value::from(other.string_value().into_owned()),
    }
}

/// Puts the text that a function gave into the body.
pub(super) fn body(context: &mut MessageContext, text: &str, output: Format) -> Result<(), String> {
    context.payload = match output {
        Format::Json => Payload::set_json(text.to_owned()).map_err(|error| error.to_string())?,
        Format::Xml | Format::Csv => xml_payload(context, &element(context, text)?)?,
    };
    context.has_entity();
    Ok(())
}

/// Puts the text that a function gave into a variable.
pub(super) fn variable(
    context: &mut MessageContext,
    name: &Arc<str>,
    text: &str,
    output: Format,
) -> Result<(), String> {
    let value = match output {
        Format::Json => Held::json(serde_json::from_str(text).map_err(|error| error.to_string())?),
        Format::Xml => Held::Xml(Arc::new(element(context, text)?)),
        Format::Csv => Held::from(text),
    };
    context.variables.set(name.clone(), value);
    Ok(())
}

/// The first element of JSON as XML.
fn element(context: &MessageContext, json: &str) -> Result<XmlFragment, String> {
    let mut document = Document::new();
    let holder = document.create_element("", "", "holder");
    document.append_child(document.root(), holder);
    json_to_xml(json, &mut document, holder, &context.configuration.settings.json)
        .map_err(|error| error.to_string())?;
    let object = document.first_child_element(holder);
    let first = object.and_then(|object| document.first_child_element(object)).or(object);
    first.map(|first| XmlFragment::copy_of(&document, first)).ok_or_else(|| "the result is empty".to_owned())
}
