//! FreeMarker templates (spec: core mediators 5.6): what a message gives to one, and its errors.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use mi_freemarker::{ErrorKind, Limits, Map, Node, Position, RenderError, SyntaxError, Template, Value};
use mi_payload::payload::PAYLOAD_NAMESPACE;
use mi_payload::value::Value as PropertyValue;
use mi_payload::{Envelope, Payload, XmlFragment};

use super::argument::Argument;
use super::{Media, insert};
use crate::context::{MessageContext, Scope};
use crate::fault::Fault;

/// What an XML template stands in while it is rendered, as in MI.
const PADDING: (&str, &str) = ("<pfPadding>", "</pfPadding>");

/// Names that the runtime keeps beside the axis2 properties that mediators set.
const AXIS2_NAMES: &[&str] = &[
    "HTTP_METHOD",
    "HTTP_SC",
    "messageType",
    "ContentType",
    "REST_URL_POSTFIX",
    "REMOTE_ADDR",
    "REMOTE_HOST",
    "TransportInURL",
    "TRANSPORT_IN_NAME",
    "SERVICE_PREFIX",
    "correlation_id",
];

/// A FreeMarker template and which of the message's values it names.
pub(super) struct FreeMarker {
    template: Template,
    padded: bool,
    payload: bool,
    arguments: bool,
    properties: Vec<Arc<str>>,
    uses_properties: bool,
    axis2: bool,
    variables: bool,
    headers: Option<Vec<Arc<str>>>,
}

impl FreeMarker {
    /// Reads a template.
    pub fn parse(text: &str, media: Media) -> Result<Self, SyntaxError> {
        let padded = media == Media::Xml && !text.is_empty() && !text.trim_start().starts_with("<#ftl");
        let template = if padded {
            Template::parse(&format!("{}{text}{}", PADDING.0, PADDING.1)).map_err(|mut error| {
                if error.at.line == 1 {
                    error.at.column = error.at.column.saturating_sub(PADDING.0.len() as u32).max(1);
                }
                error
            })?
        } else {
            Template::parse(text)?
        };
        Ok(Self {
            template,
            padded,
            payload: text.contains("payload"),
            arguments: text.contains("args"),
            uses_properties: text.contains("ctx"),
            properties: members(text, "ctx"),
            axis2: text.contains("axis2"),
            variables: text.contains("vars"),
            headers: text.contains("trp").then(|| members(text, "trp")),
        })
    }

    /// The text for a message.
    pub fn fill(
        &self,
        context: &MessageContext,
        media: Media,
        arguments: &[Argument],
        escape_controls_only: bool,
    ) -> Result<String, Fault> {
        let mut model = Map::new();
        if self.payload {
            model.insert("payload".into(), payload(context)?);
        }
        if self.arguments {
            let mut all = Map::with_capacity(arguments.len());
            for (index, argument) in arguments.iter().enumerate() {
                let mut text = String::new();
                insert::argument(context, media, argument, escape_controls_only, &mut text)?;
                all.insert(format!("arg{}", index + 1).into(), Value::from(text));
            }
            model.insert("args".into(), Value::hash(all));
        }
        if self.uses_properties {
            let mut all = texts(context.properties.iter());
            for name in &self.properties {
                add(&mut all, context, Scope::Default, name);
            }
            model.insert("ctx".into(), Value::hash(all));
        }
        if self.axis2 {
            let mut all = texts(context.axis2.iter());
            for name in AXIS2_NAMES {
                add(&mut all, context, Scope::Axis2, name);
            }
            model.insert("axis2".into(), Value::hash(all));
        }
        if self.variables {
            model.insert("vars".into(), Value::hash(texts(context.variables.iter())));
        }
        if let Some(names) = &self.headers {
            model.insert("trp".into(), Value::hash(headers(context, names)));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let text = self.template.render(&model, now, &Limits::default()).map_err(fault)?;
        if !self.padded {
            return Ok(text);
        }
        let inner = text.trim().strip_prefix(PADDING.0).and_then(|text| text.strip_suffix(PADDING.1));
        Ok(inner.map(str::to_owned).unwrap_or(text))
    }
}

/// Where in the artifact an error of a template stands, whose text begins in the element at `start`.
pub(super) fn place(start: Option<mi_xml::Position>, at: Position) -> Option<mi_xml::Position> {
    let start = start?;
    // On the first line the tag and perhaps a CDATA section stand before the text.
    let column = if at.line <= 1 { start.column } else { at.column };
    Some(mi_xml::Position { line: start.line.saturating_add(at.line.saturating_sub(1)), column })
}

fn fault(error: RenderError) -> Fault {
    if matches!(error.kind, ErrorKind::Stopped | ErrorKind::Limit) {
        return Fault::new(error.message);
    }
    let at = error.at.unwrap_or_default();
    let blamed = error.blamed.as_deref().unwrap_or("null");
    Fault::new(format!(
        "Error parsing FreeMarker template, Syntax error or invalid reference : {blamed} At line: {} column: {}",
        at.line, at.column
    ))
    .detail(error.message)
}

fn payload(context: &MessageContext) -> Result<Value, Fault> {
    match &context.payload {
        Payload::Json(json) => {
            let value = json.value().map_err(|error| Fault::new("Invalid JSON payload").detail(error.to_string()))?;
            Ok(match value {
                serde_json::Value::Object(_) | serde_json::Value::Array(_) => Value::from(value),
                primitive => Value::from(primitive.to_string()),
            })
        }
        Payload::Text(text) => Ok(Value::from(escape_text(text.as_str()))),
        Payload::Xml(xml) => Ok(xml_payload(xml.envelope())),
        Payload::Unread(_) | Payload::Empty(_) | Payload::Binary(_) => Ok(Value::from("")),
    }
}

fn xml_payload(envelope: &Envelope) -> Value {
    let document = &envelope.document;
    let Some(element) = envelope.payload() else { return Value::from("") };
    if document.is_named(element, PAYLOAD_NAMESPACE, "text") {
        return Value::from(escape_text(&document.text_content(element)));
    }
    if document.is_named(element, PAYLOAD_NAMESPACE, "binary") {
        return Value::from("");
    }
    let copy = XmlFragment::copy_of(document, element);
    Value::Node(Node::document(Arc::new(copy.document().clone())))
}

/// A text for XML 1.1, as MI gives text payloads to templates.
fn escape_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\0' => {}
            '\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' => {
                out.push_str(&format!("&#{};", u32::from(character)));
            }
            other => out.push(other),
        }
    }
    out
}

fn texts<'a>(entries: impl Iterator<Item = (&'a str, &'a PropertyValue)>) -> Map {
    entries.map(|(name, value)| (Arc::from(name), text(value))).collect()
}

fn text(value: &PropertyValue) -> Value {
    match value {
        PropertyValue::String(text) => Value::String(Arc::clone(text)),
        PropertyValue::Xml(fragment) => Value::from(fragment.to_xml()),
        other => Value::from(other.string_value().into_owned()),
    }
}

fn add(all: &mut Map, context: &MessageContext, scope: Scope, name: &str) {
    if let Some(value) = context.property(scope, name) {
        all.insert(name.into(), text(&value));
    }
}

/// The headers, in lower case and in the spelling in which the template asks for them.
fn headers(context: &MessageContext, names: &[Arc<str>]) -> Map {
    let mut all = Map::with_capacity(context.headers.len() + names.len());
    for name in names {
        if let Some(value) = context.header_text(name) {
            all.insert(Arc::clone(name), Value::from(value.as_ref()));
        }
    }
    for (name, value) in &context.headers {
        let asked = names.iter().any(|known| known.eq_ignore_ascii_case(name.as_str()));
        if !asked && !all.contains_key(name.as_str()) {
            all.insert(name.as_str().into(), Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned()));
        }
    }
    all
}

/// The members of the hash `root` that a template names: `root.name`, `root["name"]`.
fn members(text: &str, root: &str) -> Vec<Arc<str>> {
    let mut found: Vec<Arc<str>> = Vec::new();
    for (at, _) in text.match_indices(root) {
        let rest = text.get(at + root.len()..).unwrap_or("");
        let name = if let Some(rest) = rest.strip_prefix('.') {
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '@' | '\\' | '-' | ':');
            let mut end = rest.find(|c: char| !plain(c)).unwrap_or(rest.len());
            // A name goes on behind a dot that is escaped.
            while rest.get(..end).is_some_and(|name| name.ends_with('\\'))
                && rest.get(end..).is_some_and(|rest| rest.starts_with('.'))
            {
                let after = rest.get(end + 1..).unwrap_or("");
                end += 1 + after.find(|c: char| !plain(c)).unwrap_or(after.len());
            }
            rest.get(..end).unwrap_or("").replace('\\', "")
        } else {
            let quoted = rest.strip_prefix('[').map(str::trim_start);
            let quoted = quoted.and_then(|rest| rest.strip_prefix(['"', '\'']));
            quoted.and_then(|rest| rest.split(['"', '\'']).next()).unwrap_or("").to_owned()
        };
        if !name.is_empty() && !found.iter().any(|known| **known == *name) {
            found.push(name.into());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::members;
    use crate::testing;

    async fn made(media: &str, template: &str, content_type: &str, body: &'static [u8]) -> Result<String, String> {
        let mut context = testing::context_with(content_type, body);
        context.variables.set("v", 5.into());
        context.properties.set("x", "<i>1</i>".into());
        context.axis2.set("p", "q".into());
        context.set_header("X-Kind", "big");
        let factory = format!(
            "<payloadFactory media-type='{media}' template-type='FreeMarker'><format><![CDATA[{template}]]></format>\
             <args><arg value='a&amp;b'/><arg evaluator='json' expression='$.a'/></args></payloadFactory>"
        );
        let run = testing::run(&factory, &mut context).await;
        run.map_err(|fault| fault.message().to_owned())?;
        Ok(testing::body(&context))
    }

    #[tokio::test]
    async fn values_of_the_message() {
        let json = br#"{"a":"x","n":1000,"l":[1,null],"o":{"k":null}}"#;
        for (template, expected) in [
            ("${payload.a} ${payload.n} ${payload.n?c} ${payload.l?size}", "x 1,000 1000 2"),
            ("${ctx.x} ${vars.v} ${axis2.p} ${axis2.HTTP_METHOD}", "<i>1</i> 5 q POST"),
            ("${trp['X-Kind']} ${trp.X\\-Kind} ${trp['x-kind']}", "big big big"),
            ("${args.arg1} ${args.arg2}", "a&amp;b x"),
            ("${payload.o.k!'none'} ${payload.zzz!'none'}", "none none"),
        ] {
            assert_eq!(made("text", template, "application/json", json).await.as_deref(), Ok(expected), "{template}");
        }
    }

    #[tokio::test]
    async fn payloads_of_every_kind() {
        for (content_type, body, template, expected) in [
            ("application/json", &b"[{\"a\":1}]"[..], "<#list payload as p>${p.a}</#list>", "1"),
            ("application/json", b"\"s\"", "${payload}", "\"s\""),
            ("application/json", b"null", "${payload}", "null"),
            ("application/xml", b"<r><a k='1'>x</a><a>y</a></r>", "${payload.r.a[1]} ${payload.r.a[0].@k}", "y 1"),
            ("text/plain", b"a<b", "${payload}", "a&lt;b"),
            ("application/json", b"", "[${payload!'-'}]", "[]"),
        ] {
            let text = made("text", template, content_type, body).await;
            assert_eq!(text.as_deref(), Ok(expected), "{template}");
        }
    }

    #[tokio::test]
    async fn results_of_every_kind() {
        let xml = b"<r><a>x&amp;y</a></r>";
        let template = "<#list payload.r.a as a>\n<b>${a?xml}</b>\n</#list>";
        assert_eq!(made("xml", template, "application/xml", xml).await.as_deref(), Ok("<b>x&amp;y</b>"));
        let template = "{\"a\": \"${payload.r.a?json_string}\"}";
        assert_eq!(made("json", template, "application/xml", xml).await.as_deref(), Ok("{\"a\": \"x&y\"}"));
    }

    #[tokio::test]
    async fn faults_as_in_mi() {
        let json = br#"{"a":"x"}"#;
        for (template, expected) in [
            (
                "<a>\n ${payload.zzz.b}</a>",
                "Error parsing FreeMarker template, Syntax error or invalid reference : payload.zzz At line: 2 column: 4",
            ),
            (
                "<a>${payload.a * 2}</a>",
                "Error parsing FreeMarker template, Syntax error or invalid reference : payload.a At line: 1 column: 17",
            ),
            ("<#stop \"no ${payload.a}\">", "no x"),
            ("<#-- nothing -->", "Generated content is not a valid XML payload"),
        ] {
            assert_eq!(made("xml", template, "application/json", json).await, Err(expected.to_owned()), "{template}");
        }
        let broken = made("text", "${payload.a}", "application/json", b"{\"a\"").await;
        assert_eq!(broken, Err("Invalid JSON payload".to_owned()));
    }

    #[test]
    fn a_template_that_is_none_is_refused_with_its_place() {
        let artifact = "<payloadFactory template-type='freemarker'>\n  <format><![CDATA[<a>\n  ${x?upercase}\n</a>]]></format></payloadFactory>";
        let error = testing::parse(artifact).expect_err("refused").to_string();
        assert!(error.contains("test:3:7: Error compiling FreeMarking template : "), "{error}");
        assert!(error.contains("did you mean ?upper_case?"), "{error}");
        let artifact =
            "<payloadFactory template-type='freemarker'><format><![CDATA[<#include 'x'>]]></format></payloadFactory>";
        assert!(testing::parse(artifact).expect_err("refused").to_string().contains("#include of FreeMarker"));
    }

    #[tokio::test]
    async fn templates_by_key() {
        let entry = "<localEntry key='t'><![CDATA[{\"a\": \"${payload.a}\"}]]></localEntry>";
        let context = testing::context_of_artifacts(&[entry]);
        let mut context = testing::with_body(context, "application/json", br#"{"a":"x"}"#);
        let factory = "<payloadFactory media-type='json' template-type='freemarker'><format key='t'/></payloadFactory>";
        testing::run(factory, &mut context).await.expect("runs");
        assert_eq!(testing::body(&context), "{\"a\": \"x\"}");
    }

    #[test]
    fn names_that_a_template_asks_for() {
        let names = members("${trp.a} ${trp['B-c']!} ${trp.X\\-Y\\.Z} ${trp[x]} ${trp.a}", "trp");
        assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["a", "B-c", "X-Y.Z"]);
    }
}
