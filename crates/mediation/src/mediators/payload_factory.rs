//! `payloadFactory`: a new payload from a template (spec: core mediators 5.6).

mod argument;
mod freemarker;
mod insert;
mod template;

use mi_expression::ValueExpression;
use mi_payload::value::Value;
use mi_payload::{Envelope, Payload, SoapVersion};
use mi_xml::{Document, NodeId, NodeKind};

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};
use argument::Argument;
use freemarker::FreeMarker;
use parking_lot::Mutex;
use std::sync::Arc;
use template::Template;

/// Syntax of `payloadFactory`.
pub const SYNTAX: Syntax = Syntax {
    element: "payloadFactory",
    summary: "Replaces the payload by what a template gives. `$1`, `$2` … stand for the arguments, `${expression}` for \
              what it evaluates to.",
    attributes: &[
        defaulted("media-type", AttributeKind::Words(&["xml", "json", "text"]), "xml", "What the template is."),
        defaulted(
            "template-type",
            AttributeKind::Words(&["default", "freemarker"]),
            "default",
            "The language of the template.",
        ),
        defaulted(
            "escapeXmlChars",
            AttributeKind::Boolean,
            "false",
            "JSON from JSON: escape only control characters of arguments.",
        ),
    ],
    children: &[
        child(
            "format",
            Occurs::Once,
            &[attribute("key", AttributeKind::Value, "A local entry or registry resource that holds the template.")],
            Content::Xml,
            "The template.",
        ),
        child(
            "args",
            Occurs::Optional,
            &[],
            Content::Children(&[child(
                "arg",
                Occurs::Any,
                &[
                    attribute("value", AttributeKind::Text, "A fixed text."),
                    attribute("expression", AttributeKind::Expression, "XPath, or JSONPath with `evaluator=\"json\"`."),
                    defaulted(
                        "evaluator",
                        AttributeKind::Words(&["xml", "json"]),
                        "xml",
                        "The language of `expression`.",
                    ),
                    defaulted("literal", AttributeKind::Boolean, "false", "Insert the text as it is, escaped."),
                ],
                Content::Nothing,
                "An argument; the first is `$1`.",
            )]),
            "The arguments.",
        ),
    ],
    example: "<payloadFactory media-type=\"json\">\n    <format>{\"id\": \"$1\", \"who\": \"${vars.user}\"}</format>\n    <args><arg evaluator=\"json\" expression=\"$.order.id\"/></args>\n</payloadFactory>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(PayloadFactory::parse(element)?)) };

/// What a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Xml,
    Json,
    Text,
    /// A word that MI deploys and then ignores.
    Other,
}

struct PayloadFactory {
    media: Media,
    format: Format,
    arguments: Vec<Argument>,
    escape_controls_only: bool,
}

enum Format {
    Inline(Template),
    Key(ValueExpression),
    FreeMarker(FreeMarker),
    /// A FreeMarker template by key, with the text that was read last and its template.
    FreeMarkerKey(ValueExpression, Mutex<Option<(String, Arc<FreeMarker>)>>),
}

impl PayloadFactory {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let media = match element.attribute("media-type") {
            None | Some("xml") => Media::Xml,
            Some("json") => Media::Json,
            Some("text") => Media::Text,
            Some(_) => Media::Other,
        };
        let freemarker = element.attribute("template-type").is_some_and(|kind| kind.eq_ignore_ascii_case("freemarker"));
        let format = element
            .child("format")
            .ok_or_else(|| element.error("format element of payloadFactoryMediator is required"))?;
        let arguments = element.child("args").into_iter().flat_map(|args| args.children_named("arg"));
        let format = match format.value("key")? {
            Some(key) if freemarker => Format::FreeMarkerKey(key, Mutex::default()),
            Some(key) => Format::Key(key),
            None if freemarker => Format::FreeMarker(inline_freemarker(format, media)?),
            None => {
                let text = if media == Media::Xml { xml_format(format) } else { format.text() };
                Format::Inline(
                    Template::parse(&text, media)
                        .map_err(|error| format.error(format!("Invalid Payload format : {error}")))?,
                )
            }
        };
        Ok(Self {
            media,
            format,
            arguments: arguments.map(Argument::parse).collect::<Result<_, _>>()?,
            escape_controls_only: element.is_true("escapeXmlChars"),
        })
    }

    fn text(&self, context: &MessageContext) -> Result<String, Fault> {
        let by_key;
        let template = match &self.format {
            Format::FreeMarker(template) => {
                return template.fill(context, self.media, &self.arguments, self.escape_controls_only);
            }
            Format::FreeMarkerKey(key, last) => {
                let key = key.evaluate(context)?.unwrap_or_default().into_owned();
                let text = keyed_format(context, &key, self.media)?;
                let template = self.freemarker_by_key(text, last)?;
                return template.fill(context, self.media, &self.arguments, self.escape_controls_only);
            }
            Format::Inline(template) => template,
            Format::Key(key) => {
                let key = key.evaluate(context)?.unwrap_or_default().into_owned();
                let text = keyed_format(context, &key, self.media)?;
                by_key = Template::parse(&text, self.media).map_err(|error| Fault::new(error.to_string()))?;
                &by_key
            }
        };
        template.fill(context, self.media, &self.arguments, self.escape_controls_only)
    }

    /// The template of a text, read when it is another than before.
    fn freemarker_by_key(
        &self,
        text: String,
        last: &Mutex<Option<(String, Arc<FreeMarker>)>>,
    ) -> Result<Arc<FreeMarker>, Fault> {
        let known = last.lock().as_ref().filter(|(known, _)| *known == text).map(|(_, template)| Arc::clone(template));
        if let Some(template) = known {
            return Ok(template);
        }
        let template = FreeMarker::parse(&text, self.media)
            .map_err(|error| Fault::new(format!("Error compiling FreeMarking template : {error}")))?;
        let template = Arc::new(template);
        *last.lock() = Some((text, Arc::clone(&template)));
        Ok(template)
    }

    fn apply(&self, context: &mut MessageContext, text: &str) -> Result<(), Fault> {
        let text = text.trim();
        match self.media {
            Media::Other => return Ok(()),
            Media::Xml => {
                context.payload = xml_payload(context, text)?;
                let keeps = matches!(
                    context.content_types.message_type.as_deref(),
                    Some("application/xml" | "text/xml" | "application/soap+xml")
                );
                if !keeps {
                    context.set_message_type("application/xml");
                }
            }
            Media::Json => {
                let payload = Payload::set_json(text.to_owned());
                context.payload =
                    payload.map_err(|_| Fault::new(format!("Error creating JSON Payload from source {text}")))?;
                context.set_message_type("application/json");
            }
            Media::Text => {
                context.payload = Payload::text(text.to_owned());
                context.set_message_type("text/plain");
            }
        }
        context.has_entity();
        Ok(())
    }
}

fn inline_freemarker(format: Element<'_>, media: Media) -> Result<FreeMarker, DeployError> {
    let text = format.text();
    if text.trim().is_empty() && format.children().next().is_some() {
        return Err(format.error("A FreeMarker template is text").hint("put it into <![CDATA[…]]>"));
    }
    let text = text.trim().strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")).unwrap_or(&text);
    FreeMarker::parse(text, media).map_err(|error| {
        let place = freemarker::place(format.position(), error.at);
        let refused =
            DeployError::new(format!("Error compiling FreeMarking template : {error}")).at(format.file(), place);
        match error.hint {
            Some(hint) => refused.hint(hint),
            None => refused,
        }
    })
}

/// The first child element without blank texts between elements, or the text.
fn xml_format(format: Element<'_>) -> String {
    match format.first_child_fragment() {
        None => format.text(),
        Some(fragment) => without_blanks(fragment.document().clone(), fragment.node()),
    }
}

fn without_blanks(mut document: Document, node: NodeId) -> String {
    let blanks: Vec<_> = document
        .descendants(node)
        .filter(|&child| document.kind(child) == NodeKind::Text)
        .filter(|&child| document.text(child).is_some_and(|text| text.trim().is_empty()))
        .collect();
    for blank in blanks {
        document.detach(blank);
    }
    document.to_xml(node)
}

fn keyed_format(context: &MessageContext, key: &str, media: Media) -> Result<String, Fault> {
    match context.configuration.entry(key) {
        None => Err(Fault::new(format!("Key {key} not found "))),
        Some(Value::Xml(fragment)) if media == Media::Xml => {
            Ok(without_blanks(fragment.document().clone(), fragment.node()))
        }
        Some(Value::Xml(fragment)) => Ok(fragment.to_xml()),
        Some(value) => Ok(value.string_value().into_owned()),
    }
}

/// The first element of the text; an envelope takes the place of the message's own.
fn xml_payload(context: &MessageContext, text: &str) -> Result<Payload, Fault> {
    if text.is_empty() {
        return Err(Fault::new("Generated content is not a valid XML payload"));
    }
    let wrapped = format!("<pfPadding>{text}</pfPadding>");
    let options = mi_xml::ParseOptions::default();
    let document = Document::parse(wrapped.as_bytes(), &options).map_err(|error| {
        Fault::new(format!("Error creating SOAP Envelope from source {text}")).detail(error.to_string())
    })?;
    let root = document.root_element().and_then(|padding| document.first_child_element(padding));
    let root = root.ok_or_else(|| Fault::new("Generated content is not a valid XML payload"))?;
    let is_envelope =
        document.local_name(root) == "Envelope" && SoapVersion::of_namespace(document.namespace(root)).is_some();
    if is_envelope {
        let mut own = Document::new();
        let copy = own.import(&document, root);
        let parent = own.root();
        own.append_child(parent, copy);
        let envelope = Envelope::of_document(own).map_err(|error| Fault::new(error.to_string()))?;
        return Ok(Payload::xml(envelope));
    }
    // Header blocks of a SOAP message stay.
    let mut envelope = match context.payload.envelope(&context.configuration.settings.json) {
        Ok(before) => before.with_empty_body(),
        Err(_) => Envelope::empty(SoapVersion::V11),
    };
    let copy = envelope.document.import(&document, root);
    envelope.document.append_child(envelope.body, copy);
    Ok(Payload::xml(envelope))
}

impl Mediator for PayloadFactory {
    fn name(&self) -> &'static str {
        "payloadFactory"
    }

    fn nature(&self) -> Nature {
        Nature::CONTENT_AWARE
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        let text = self.text(context)?;
        self.apply(context, &text)?;
        Ok(Flow::Continue)
    }

    fn references(&self) -> Vec<Reference> {
        match &self.format {
            Format::Key(ValueExpression::Literal(name)) | Format::FreeMarkerKey(ValueExpression::Literal(name), _) => {
                vec![Reference { kind: ReferenceKind::Entry, name: name.to_string() }]
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    async fn made(factory: &str, content_type: &str, body: &'static [u8]) -> Result<String, String> {
        let mut context = testing::context_with(content_type, body);
        context.variables.set("v", "p\"q".into());
        context.properties.set("x", "<i>1</i>".into());
        let run = testing::run(factory, &mut context).await;
        run.map_err(|fault| fault.message().to_owned())?;
        Ok(testing::body(&context))
    }

    #[tokio::test]
    async fn json_from_arguments() {
        let body = br#"{"a":"x\"y","n":7,"o":{"k":[1]},"b":true}"#;
        for (format, args, expected) in [
            (
                r#"{"a":"$1","n":$2}"#,
                "<arg evaluator='json' expression='$.a'/><arg evaluator='json' expression='$.n'/>",
                r#"{"a":"x\"y","n":7}"#,
            ),
            (r#"{"o":$1}"#, "<arg evaluator='json' expression='$.o'/>", r#"{"o":{"k":[1]}}"#),
            (r#"{"v":"$1"}"#, "<arg value='a&amp;b'/>", r#"{"v":"a&amp;b"}"#),
            (r#"{"a":"$1","b":$2}"#, "<arg value='x'/>", r#"{"a":"x","b":$2}"#),
            (r#"{"x":$1}"#, "<arg expression='$ctx:x'/>", r#"{"x":{"i":1}}"#),
        ] {
            let factory = format!(
                "<payloadFactory media-type='json'><format>{format}</format><args>{args}</args></payloadFactory>"
            );
            assert_eq!(made(&factory, "application/json", body).await.as_deref(), Ok(expected), "{format}");
        }
    }

    #[tokio::test]
    async fn json_from_expressions() {
        let body = br#"{"id":7,"name":"A \"q\"","tags":["x","y"],"o":{"a":null,"b":"1<2"}}"#;
        for (format, expected) in [
            (r#"{"id":${payload.id},"t":"${payload.id}"}"#, r#"{"id":7,"t":"7"}"#),
            (r#"{"n":"${payload.name}","t":${payload.tags}}"#, r#"{"n":"A \"q\"","t":["x","y"]}"#),
            (r#"{"o":${payload.o}}"#, r#"{"o":{"b":"1\u003c2"}}"#),
            (r#"{"v":"${vars.v}"}"#, r#"{"v":"p\"q"}"#),
            (r#"{"m":"${payload.zz}"}"#, r#"{"m":""}"#),
            (r#"{"s":"${payload.id + 1}"}"#, r#"{"s":"8"}"#),
        ] {
            let factory = format!("<payloadFactory media-type='json'><format>{format}</format></payloadFactory>");
            assert_eq!(made(&factory, "application/json", body).await.as_deref(), Ok(expected), "{format}");
        }
    }

    #[tokio::test]
    async fn xml_from_arguments_and_expressions() {
        let body = b"<r><s>a&amp;b</s><c><d>1</d></c></r>";
        for (format, args, expected) in [
            ("<a xmlns=''>$1</a>", "<arg expression='//s'/>", "<a xmlns=\"\">a&amp;b</a>"),
            ("<a xmlns=''>$1</a>", "<arg expression='//c'/>", "<a xmlns=\"\"><c><d>1</d></c></a>"),
            ("<a xmlns=''>${payload.r.c.d}</a>", "", "<a xmlns=\"\">1</a>"),
            ("<a>$1</a>", "<arg value='x'/>", "<a xmlns=\"http://ws.apache.org/ns/synapse\">x</a>"),
        ] {
            let factory = format!("<payloadFactory><format>{format}</format><args>{args}</args></payloadFactory>");
            assert_eq!(made(&factory, "application/xml", body).await.as_deref(), Ok(expected), "{format}");
        }
    }

    #[tokio::test]
    async fn text_and_a_whole_envelope() {
        let text = "<payloadFactory media-type='text'><format>US$5 is $1</format><args><arg value='x'/></args></payloadFactory>";
        assert_eq!(made(text, "text/plain", b"x").await.as_deref(), Ok("US$5 is $1"));
        let envelope = "<payloadFactory><format><s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><b xmlns=''/></s:Body></s:Envelope></format></payloadFactory>";
        let mut context = testing::context_with("application/xml", b"<r/>");
        testing::run(envelope, &mut context).await.expect("no fault");
        assert!(testing::envelope(&context).contains("http://www.w3.org/2003/05/soap-envelope"));
    }

    #[tokio::test]
    async fn what_is_no_payload_is_a_fault() {
        let json = "<payloadFactory media-type='json'><format>abc</format></payloadFactory>";
        assert_eq!(made(json, "text/plain", b"x").await, Err("Error creating JSON Payload from source abc".to_owned()));
        let xml = "<payloadFactory><format>just text</format></payloadFactory>";
        assert_eq!(made(xml, "text/plain", b"x").await, Err("Generated content is not a valid XML payload".to_owned()));
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for factory in [
            "<payloadFactory/>",
            "<payloadFactory><format>x</format><args><arg/></args></payloadFactory>",
            "<payloadFactory><format>x</format><args><arg expression=''/></args></payloadFactory>",
            "<payloadFactory><format>x</format><args><arg expression='${payload.a}'/></args></payloadFactory>",
            "<payloadFactory media-type='json'><format>{\"a\":${1 +}}</format></payloadFactory>",
        ] {
            assert!(testing::parse(factory).is_err(), "{factory}");
        }
    }
}
