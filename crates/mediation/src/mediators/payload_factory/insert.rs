//! What an argument or expression becomes in the text, by the media type of the template (spec: core mediators 5.6,
//! payload 4.8).

use mi_expression::Expression;
use mi_payload::json::{JsonSettings, escape_into, json_to_xml, quote, xml_to_json};
use mi_payload::value::Value;
use mi_xml::{Document, ParseOptions};

use super::Media;
use super::argument::Argument;
use crate::context::MessageContext;
use crate::fault::Fault;

/// Inserts `$n`.
pub(super) fn argument(
    context: &MessageContext,
    media: Media,
    argument: &Argument,
    escape_controls_only: bool,
    out: &mut String,
) -> Result<(), Fault> {
    let value = argument.value(context)?;
    let Some(text) = value.text else { return Ok(()) };
    let settings = &context.configuration.settings.json;
    let is_xml = !value.json && is_xml(&text);
    // A fixed text is escaped as XML first, whatever the template is.
    let text = if value.fixed && !is_xml { escape_xml(&text) } else { text };
    match media {
        Media::Json if argument.literal => escape_into(&text, out),
        Media::Json if is_xml => out.push_str(&xml_text_to_json(&text, settings)?),
        Media::Json if text.trim_start().starts_with(['{', '[']) => out.push_str(&text),
        Media::Json if escape_controls_only && value.json => escape_controls(&text, out),
        Media::Json => json_text(context, &text, out),
        Media::Xml if value.json && text.trim_start().starts_with(['{', '[']) => {
            out.push_str(&json_text_to_xml(&text, settings)?);
        }
        Media::Xml if is_xml || value.fixed => out.push_str(&text),
        Media::Xml => out.push_str(&escape_xml(&text)),
        Media::Text | Media::Other => out.push_str(&text),
    }
    Ok(())
}

fn json_text(context: &MessageContext, text: &str, out: &mut String) {
    let quotes = context.properties.is_true("QUOTE_STRING_IN_PAYLOAD_FACTORY_JSON");
    let plain = matches!(text, "true" | "false" | "null") || serde_json::from_str::<serde_json::Number>(text).is_ok();
    if quotes && !plain {
        out.push_str(&quote(text));
    } else {
        escape_into(text, out);
    }
}

/// Inserts `${expression}`, or `"${expression}"` when `quoted`.
pub(super) fn expression(
    context: &MessageContext,
    media: Media,
    expression: &Expression,
    quoted: bool,
    out: &mut String,
) -> Result<(), Fault> {
    // An expression that asks XPath has its text; its object may be a list of nodes.
    let value = if expression.text().contains("xpath(") {
        expression.evaluate_string(context)?.map(Value::string)
    } else {
        expression.evaluate_object(context)?
    };
    if quoted {
        out.push('"');
    }
    if let Some(value) = value {
        insert_value(context, media, &value, quoted, out)?;
    }
    if quoted {
        out.push('"');
    }
    Ok(())
}

fn insert_value(
    context: &MessageContext,
    media: Media,
    value: &Value,
    quoted: bool,
    out: &mut String,
) -> Result<(), Fault> {
    let settings = &context.configuration.settings.json;
    if let Value::Json(json) = value {
        return match &**json {
            serde_json::Value::Null => Ok(()),
            container @ (serde_json::Value::Object(_) | serde_json::Value::Array(_)) => {
                match media {
                    Media::Xml => out.push_str(&json_text_to_xml(&container.to_string(), settings)?),
                    _ if quoted => escape_into(&container.to_string(), out),
                    _ => gson(container, out),
                }
                Ok(())
            }
            primitive => {
                let text = match primitive {
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let mut escaped = String::with_capacity(text.len());
                escape_into(&text, &mut escaped);
                out.push_str(&if media == Media::Xml { escape_xml(&escaped) } else { escaped });
                Ok(())
            }
        };
    }
    let text = value.string_value();
    match (value, media) {
        (Value::String(_) | Value::Xml(_) | Value::Nodes(_), Media::Json) if quoted => escape_into(&text, out),
        (Value::String(_) | Value::Xml(_) | Value::Nodes(_), Media::Json) if is_xml(&text) => {
            out.push_str(&xml_text_to_json(&text, settings)?);
        }
        (Value::String(_) | Value::Xml(_) | Value::Nodes(_), Media::Xml) if !is_xml(&text) => {
            out.push_str(&escape_xml(&text));
        }
        _ => out.push_str(&text),
    }
    Ok(())
}

/// "Parses as XML": ends with `>`, has four characters or more, and a parser takes it.
fn is_xml(text: &str) -> bool {
    let text = text.trim();
    text.ends_with('>') && text.len() >= 4 && Document::parse(text.as_bytes(), &ParseOptions::default()).is_ok()
}

fn xml_text_to_json(text: &str, settings: &JsonSettings) -> Result<String, Fault> {
    let wrapped = format!("<jsonObject>{}</jsonObject>", text.trim());
    let document = Document::parse(wrapped.as_bytes(), &ParseOptions::default()).map_err(|error| {
        Fault::new(format!("Error creating JSON Payload from source {text}")).detail(error.to_string())
    })?;
    let Some(root) = document.root_element() else { return Ok(String::new()) };
    xml_to_json(&document, root, settings, false).map_err(|error| Fault::new(error.to_string()))
}

fn json_text_to_xml(text: &str, settings: &JsonSettings) -> Result<String, Fault> {
    let mut document = Document::new();
    let root = document.root();
    let element = json_to_xml(text, &mut document, root, settings).map_err(|error| Fault::new(error.to_string()))?;
    Ok(document.children(element).map(|child| document.to_xml(child)).collect())
}

fn escape_xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // No XML 1.0 document can hold these.
            control if control < ' ' && !matches!(control, '\t' | '\n' | '\r') => {}
            other => out.push(other),
        }
    }
    out
}

fn escape_controls(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
}

/// JSON as Gson's default serialiser writes it: members that are null are left out, characters that HTML knows are
/// escaped.
fn gson(value: &serde_json::Value, out: &mut String) {
    match value {
        serde_json::Value::Object(members) => {
            out.push('{');
            let mut first = true;
            for (name, member) in members.iter().filter(|(_, member)| !member.is_null()) {
                if !std::mem::replace(&mut first, false) {
                    out.push(',');
                }
                gson_string(name, out);
                out.push(':');
                gson(member, out);
            }
            out.push('}');
        }
        serde_json::Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                gson(item, out);
            }
            out.push(']');
        }
        serde_json::Value::String(text) => gson_string(text, out),
        other => out.push_str(&other.to_string()),
    }
}

fn gson_string(text: &str, out: &mut String) {
    let mut escaped = String::with_capacity(text.len() + 2);
    escape_into(text, &mut escaped);
    out.push('"');
    for character in escaped.chars() {
        match character {
            '<' | '>' | '&' | '=' | '\'' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            other => out.push(other),
        }
    }
    out.push('"');
}
