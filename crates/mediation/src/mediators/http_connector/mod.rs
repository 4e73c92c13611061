//! The HTTP connector's operations, `http.get` and its like (spec: EIP mediators part 25). They are built in: the
//! connector's own zip holds Java.

mod connection;
#[cfg(test)]
mod tests;

use mi_expression::{InlineTemplate, ValueExpression};
use mi_payload::value::Value;
use mi_payload::{Envelope, Payload, SoapVersion, XmlFragment};

use super::MediatorType;
use super::call::source_target::{Kept as KeptMessage, response_map};
use crate::context::MessageContext;
use crate::definition::syntax::{
    AttributeKind, AttributeSyntax, ChildSyntax, Content, Occurs, Syntax, child, required,
};
use crate::definition::{Definitions, DeployError, Element};
use crate::endpoint::Sent;
use crate::engine::{self, Continuation};
use crate::fault::Fault;
use crate::kept::Kept;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};
use connection::{Connection, URL};

const fn text(element: &'static str, doc: &'static str) -> ChildSyntax {
    child(element, Occurs::Optional, &[], Content::Text, doc)
}

const ATTRIBUTES: &[AttributeSyntax] =
    &[required("configKey", AttributeKind::Value, "Key of the local entry with `<http.init>`.")];

const CHILDREN: &[ChildSyntax] = &[
    text("relativePath", "What follows the base URL of the connection; may have `${…}`."),
    text("headers", "Headers as JSON: `[[\"name\", \"value\"]]`, or objects with `name` and `value`."),
    text("requestBodyType", "`JSON`, `XML` or `TEXT`; without it the message's own body is sent."),
    child("requestBodyJson", Occurs::Optional, &[], Content::Xml, "The body for `JSON`."),
    child("requestBodyXml", Occurs::Optional, &[], Content::Xml, "The body for `XML`."),
    child("requestBodyText", Occurs::Optional, &[], Content::Xml, "The body for `TEXT`."),
    text("forceScAccepted", "`true` answers the client with 202 at once."),
    text("disableChunking", "`true` sends a Content-Length."),
    text("forceHttp10", "`true` speaks HTTP/1.0."),
    text("noKeepAlive", "`true` closes the connection afterwards."),
    text("forcePostPutNobody", "`true` sends no body."),
    text("responseVariable", "The variable that gets payload, headers and status of the answer."),
    text("overwriteBody", "`true` (default `false`) leaves the answer as the message's body."),
];

const fn syntax(element: &'static str, summary: &'static str, example: &'static str) -> Syntax {
    Syntax { element, summary, attributes: ATTRIBUTES, children: CHILDREN, example }
}

/// Syntax of `http.get`.
pub const GET: Syntax = syntax(
    "http.get",
    "Sends a GET through a connection of the HTTP connector and waits for the answer.",
    "<http.get configKey=\"Backend\">\n    <relativePath>/users/${vars.id}</relativePath>\n    \
     <responseVariable>user</responseVariable>\n</http.get>",
);
/// Syntax of `http.post`.
pub const POST: Syntax = syntax(
    "http.post",
    "Sends a POST through a connection of the HTTP connector and waits for the answer.",
    "<http.post configKey=\"Backend\">\n    <relativePath>/users</relativePath>\n    <requestBodyType>JSON</requestBodyType>\n    \
     <requestBodyJson>{\"name\": \"${vars.name}\"}</requestBodyJson>\n    <overwriteBody>true</overwriteBody>\n</http.post>",
);
/// Syntax of `http.put`.
pub const PUT: Syntax = syntax("http.put", "Sends a PUT; see `http.post`.", "<http.put configKey=\"Backend\"/>");
/// Syntax of `http.patch`.
pub const PATCH: Syntax =
    syntax("http.patch", "Sends a PATCH; see `http.post`.", "<http.patch configKey=\"Backend\"/>");
/// Syntax of `http.delete`.
pub const DELETE: Syntax =
    syntax("http.delete", "Sends a DELETE; see `http.get`.", "<http.delete configKey=\"Backend\"/>");
/// Syntax of `http.head`.
pub const HEAD: Syntax = syntax("http.head", "Sends a HEAD; see `http.get`.", "<http.head configKey=\"Backend\"/>");
/// Syntax of `http.options`.
pub const OPTIONS: Syntax =
    syntax("http.options", "Sends an OPTIONS; see `http.get`.", "<http.options configKey=\"Backend\"/>");

macro_rules! operation {
    ($syntax:expr, $method:literal) => {
        MediatorType {
            syntax: &$syntax,
            parse: |element, definitions| {
                Ok(Box::new(Operation::parse($syntax.element, $method, element, definitions)?))
            },
        }
    };
}

pub(super) const GET_TYPE: MediatorType = operation!(GET, "get");
pub(super) const POST_TYPE: MediatorType = operation!(POST, "post");
pub(super) const PUT_TYPE: MediatorType = operation!(PUT, "put");
pub(super) const PATCH_TYPE: MediatorType = operation!(PATCH, "patch");
pub(super) const DELETE_TYPE: MediatorType = operation!(DELETE, "delete");
pub(super) const HEAD_TYPE: MediatorType = operation!(HEAD, "head");
pub(super) const OPTIONS_TYPE: MediatorType = operation!(OPTIONS, "options");

struct Operation {
    name: &'static str,
    method: &'static str,
    connection: ValueExpression,
    path: InlineTemplate,
    headers: InlineTemplate,
    body: Option<Body>,
    no_body: bool,
    force_accepted: bool,
    /// axis2 properties that are set for the request.
    flags: Vec<&'static str>,
    response: Option<InlineTemplate>,
    overwrite: bool,
    connections: Kept<Connection>,
}

struct Body {
    kind: BodyKind,
    text: InlineTemplate,
}

#[derive(Clone, Copy)]
enum BodyKind {
    Json,
    Xml,
    Text,
}

impl Operation {
    fn parse(
        name: &'static str,
        method: &'static str,
        element: Element<'_>,
        _definitions: &Definitions<'_>,
    ) -> Result<Self, DeployError> {
        if element.non_empty("configKey").is_none() {
            let error = element.error(format!("The 'configKey' attribute is required for {name}"));
            return Err(error.hint("it is the key of a local entry with <http.init>"));
        }
        let text = |child: &str| element.child(child).and_then(Element::trimmed_text).unwrap_or_default();
        let template = |child: &str| -> Result<InlineTemplate, DeployError> {
            let place = element.child(child).unwrap_or(element);
            // A value in braces is an expression; `{${…}}` is the same as `${…}`.
            let whole = text(child);
            let bare =
                whole.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|rest| rest.starts_with("${"));
            InlineTemplate::synapse(bare.unwrap_or(&whole))
                .map_err(|error| place.error(format!("Invalid expression in {child}")).hint(error.to_string()))
        };
        let is_true = |child: &str| text(child).eq_ignore_ascii_case("true");
        let flags = [
            ("disableChunking", "DISABLE_CHUNKING"),
            ("forceHttp10", "FORCE_HTTP_1.0"),
            ("noKeepAlive", "NO_KEEPALIVE"),
        ];
        Ok(Self {
            name,
            method,
            connection: element.required_value("configKey")?,
            path: template("relativePath")?,
            headers: template("headers")?,
            body: body(element)?,
            no_body: is_true("forcePostPutNobody"),
            force_accepted: is_true("forceScAccepted"),
            flags: flags.into_iter().filter(|(child, _)| is_true(child)).map(|(_, property)| property).collect(),
            response: (!text("responseVariable").is_empty()).then(|| template("responseVariable")).transpose()?,
            overwrite: is_true("overwriteBody"),
            connections: Kept::default(),
        })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let key = self.connection.evaluate(context)?.unwrap_or_default().into_owned();
        let configuration = context.configuration.clone();
        let connection = self.connections.get(context, vec![key.clone()], |values| match values.first() {
            Some(Some(Value::Xml(fragment))) => Connection::of(fragment, self.method, &configuration)
                .map_err(|reason| Fault::new(format!("The connection {key} cannot be used")).detail(reason)),
            _ => Err(Fault::new(format!("Sequence named {key} cannot be found"))),
        })?;
        context.build().await?;
        let path = self.path.evaluate(context)?;
        let headers = headers(&self.headers.evaluate(context)?)?;
        let kept = KeptMessage::of(context)?;
        if let Some(body) = &self.body {
            body.apply(context)?;
        }
        for (name, value) in headers {
            context.set_header(&name, &value);
        }
        for flag in &self.flags {
            context.set_axis2_property(&(*flag).into(), Value::Boolean(true));
        }
        if self.no_body {
            context.payload = Payload::empty();
            context.set_axis2_property(&"NO_ENTITY_BODY".into(), Value::Boolean(true));
        }
        context.properties.set(URL, Value::from(format!("{}{path}", connection.base)));
        if self.force_accepted && context.reply.is_open() {
            engine::accept_and_detach(context, connection.endpoint.clone());
            return Ok(Flow::Stop);
        }
        let sent = connection.endpoint.send(context).await;
        context.properties.forget(URL);
        match sent? {
            Sent::Answered | Sent::Written => context.called = true,
            Sent::NothingComes => return Ok(Flow::Stop),
            Sent::Copies(recipients) => {
                engine::scatter(recipients, &Continuation::Resume);
                return Ok(Flow::Stop);
            }
        }
        self.take(context, kept).await?;
        Ok(Flow::Continue)
    }

    /// Puts the answer where it belongs.
    async fn take(&self, context: &mut MessageContext, kept: KeptMessage) -> Result<(), Fault> {
        if let Some(response) = &self.response {
            context.build().await?;
            let name = response.evaluate(context)?;
            let map = response_map(context, !self.overwrite)?;
            context.variables.set(name, map);
        }
        if !self.overwrite {
            context.build().await?;
            kept.put_back(context);
        }
        Ok(())
    }
}

/// The body of the request, if the operation has one of its own.
fn body(element: Element<'_>) -> Result<Option<Body>, DeployError> {
    let kind = element.child("requestBodyType").and_then(Element::trimmed_text).map(|kind| kind.to_uppercase());
    let (kind, name) = match kind.as_deref() {
        Some("JSON") => (BodyKind::Json, "requestBodyJson"),
        Some("XML") => (BodyKind::Xml, "requestBodyXml"),
        Some("TEXT") => (BodyKind::Text, "requestBodyText"),
        _ => return Ok(None),
    };
    let Some(child) = element.child(name) else { return Ok(None) };
    let text = match child.first_child_fragment() {
        Some(fragment) => fragment.to_xml(),
        None => child.trimmed_text().unwrap_or_default(),
    };
    let text = InlineTemplate::synapse(&text)
        .map_err(|error| child.error(format!("Invalid expression in {name}")).hint(error.to_string()))?;
    Ok(Some(Body { kind, text }))
}

impl Body {
    fn apply(&self, context: &mut MessageContext) -> Result<(), Fault> {
        let text = self.text.evaluate(context)?;
        let (payload, media_type) = match self.kind {
            BodyKind::Json => {
                let payload = Payload::set_json(text).map_err(|error| Fault::new(error.to_string()))?;
                (payload, "application/json")
            }
            BodyKind::Xml => {
                let fragment = XmlFragment::parse(&text).map_err(|error| Fault::new(error.to_string()))?;
                let mut envelope = Envelope::empty(SoapVersion::V11);
                let copy = envelope.document.import(fragment.document(), fragment.node());
                envelope.document.append_child(envelope.body, copy);
                (Payload::xml(envelope), "application/xml")
            }
            BodyKind::Text => (Payload::text(text), "text/plain"),
        };
        context.payload = payload;
        context.set_message_type(media_type);
        context.has_entity();
        Ok(())
    }
}

/// Headers written as JSON: pairs, or objects with `name` and `value`.
fn headers(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let wrong = || Fault::new("The headers of the HTTP connector are no JSON array").detail(text.to_owned());
    let items: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|_| wrong())?;
    let plain = |value: Option<&serde_json::Value>| match value {
        Some(serde_json::Value::String(text)) => Some(text.clone()),
        Some(serde_json::Value::Null) | None => None,
        Some(other) => Some(other.to_string()),
    };
    let mut found = Vec::new();
    for item in &items {
        let pair = match item {
            serde_json::Value::Array(pair) => plain(pair.first()).zip(plain(pair.get(1))),
            serde_json::Value::Object(map) if map.contains_key("name") => {
                plain(map.get("name")).zip(plain(map.get("value")))
            }
            serde_json::Value::Object(map) => {
                found.extend(map.iter().filter_map(|(name, value)| Some((name.clone(), plain(Some(value))?))));
                continue;
            }
            _ => return Err(wrong()),
        };
        found.extend(pair);
    }
    Ok(found)
}

impl Mediator for Operation {
    fn name(&self) -> &'static str {
        self.name
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn references(&self) -> Vec<Reference> {
        let name = self.connection.literal().map(str::to_owned);
        name.map(|name| Reference { kind: ReferenceKind::Entry, name }).into_iter().collect()
    }
}
