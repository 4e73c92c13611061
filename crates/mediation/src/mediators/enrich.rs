//! `enrich`: a part of the message, or given content, goes to another place in the message (spec: core mediators 5.7).

mod json;
mod xml;

use std::sync::Arc;

use mi_expression::jsonpath::JsonPath;
use mi_expression::{Expression, ExpressionKind, InlineTemplate};
use mi_payload::XmlFragment;
use mi_payload::value::{NodeItem, Value};

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted};
use crate::definition::{DeployError, Element};
use crate::mediator::{Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};

const SOURCES: &[&str] = &["custom", "envelope", "body", "property", "inline", "key"];
const TARGETS: &[&str] = &["custom", "envelope", "body", "property", "key"];
const ACTIONS: &[&str] = &["replace", "child", "sibling", "remove"];

/// Syntax of `enrich`.
pub const SYNTAX: Syntax = Syntax {
    element: "enrich",
    summary: "Takes a part of the message, a property or given content, and puts it into another part or a property.",
    attributes: &[],
    children: &[
        child(
            "source",
            Occurs::Once,
            &[
                defaulted("type", AttributeKind::Words(SOURCES), "custom", "Where the content comes from."),
                defaulted("clone", AttributeKind::Boolean, "true", "`false` takes it away from there."),
                attribute("xpath", AttributeKind::Expression, "For `custom`: what is taken."),
                attribute("property", AttributeKind::Text, "For `property`: its name."),
                attribute("key", AttributeKind::Key("local entry"), "For `inline`: what holds the content."),
            ],
            Content::Xml,
            "The content, or where it comes from.",
        ),
        child(
            "target",
            Occurs::Once,
            &[
                defaulted("type", AttributeKind::Words(TARGETS), "custom", "Where it goes."),
                defaulted("action", AttributeKind::Words(ACTIONS), "replace", "How it is put there."),
                attribute("xpath", AttributeKind::Expression, "For `custom` and `key`: the place."),
                attribute("property", AttributeKind::Text, "For `property`: its name."),
            ],
            Content::Nothing,
            "Where it goes.",
        ),
    ],
    example: "<enrich>\n    <source type=\"inline\">{\"b\": 2}</source>\n    <target action=\"child\" xpath=\"json-eval($.o)\"/>\n</enrich>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(Enrich::parse(element)?)) };

const LOGGER: &str = "org.apache.synapse.mediators.elementary.EnrichMediator";

struct Enrich {
    source: Source,
    clone: bool,
    target: Target,
    action: Action,
}

enum Source {
    Custom(Expression),
    /// Paths to delete from the target, for the action `remove`.
    Paths(Vec<JsonPath>),
    Envelope,
    Body,
    Property(Arc<str>),
    InlineXml(Arc<XmlFragment>),
    InlineText(InlineTemplate),
    InlineKey(Arc<str>),
    /// Deploys and faults when it runs.
    Key,
}

enum Target {
    Custom(Expression),
    Envelope,
    Body,
    Property(Arc<str>),
    Key(Expression),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Replace,
    Child,
    Sibling,
    Remove,
}

impl Enrich {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let source = element.child("source").ok_or_else(|| element.error("source element is mandatory"))?;
        let target = element.child("target").ok_or_else(|| element.error("target element is mandatory"))?;
        let action = match target.attribute("action").unwrap_or("replace") {
            "replace" => Action::Replace,
            "child" => Action::Child,
            "sibling" => Action::Sibling,
            "remove" => Action::Remove,
            _ => return Err(target.attribute_error("action", "Unexpected target action")),
        };
        check_combination(source, target, action)?;
        let clone = source.attribute("clone").is_none_or(|clone| clone.eq_ignore_ascii_case("true"));
        Ok(Self { source: Source::parse(source, action)?, clone, target: Target::parse(target)?, action })
    }

    /// Whether this message is changed as JSON; otherwise as XML.
    fn is_json(&self, context: &MessageContext) -> bool {
        let by_json = |expression: &Expression| expression.kind() == ExpressionKind::JsonPath;
        let source = match &self.source {
            Source::Custom(expression) => by_json(expression),
            Source::Envelope | Source::InlineXml(_) => false,
            Source::Property(name) => context.properties.get(name).is_none_or(is_json_property),
            Source::InlineKey(key) => !matches!(context.configuration.entry(key), Some(Value::Xml(_))),
            Source::Paths(_) | Source::Body | Source::InlineText(_) | Source::Key => true,
        };
        let target = match &self.target {
            Target::Custom(expression) => by_json(expression),
            Target::Envelope => false,
            Target::Body | Target::Property(_) | Target::Key(_) => true,
        };
        source && target && context.payload.is_json()
    }
}

/// Nearly any text is JSON: what cannot be read as it is can be read between quotes.
fn is_json_property(value: &Value) -> bool {
    match value {
        Value::Xml(_) => false,
        Value::Nodes(items) => match items.first() {
            Some(NodeItem::Text(text)) => text.trim_start().starts_with(['{', '[']),
            _ => false,
        },
        Value::String(text) => !text.trim_start().starts_with('<'),
        _ => true,
    }
}

fn check_combination(source: Element<'_>, target: Element<'_>, action: Action) -> Result<(), DeployError> {
    let from = source.attribute("type").unwrap_or("custom");
    let to = target.attribute("type");
    if !SOURCES.contains(&from) {
        return Err(source.attribute_error("type", "Unexpected source type"));
    }
    // A target without a type is `custom`, but escapes these checks.
    let Some(to) = to else { return Ok(()) };
    let refuse = |message: &str| Err(target.error(message));
    if to == "inline" {
        return refuse("Inline not support for target attribute");
    }
    if !TARGETS.contains(&to) {
        return Err(target.attribute_error("type", "Unexpected target type"));
    }
    if action == Action::Remove {
        if from != "custom" {
            return refuse("Wrong combination of source type and target action");
        }
        if matches!(to, "custom" | "envelope") {
            return refuse("Wrong combination of target type and target action");
        }
    }
    if to == "key" && action != Action::Replace {
        return refuse("Wrong combination of target type and target action");
    }
    if from == "body" && to == "key" {
        return refuse("Wrong combination of source type and target type");
    }
    let refused = match from {
        "custom" => to == "envelope",
        "envelope" => matches!(to, "custom" | "envelope" | "body"),
        "body" => matches!(to, "envelope" | "body"),
        _ => false,
    };
    if refused {
        return refuse("Wrong combination of source and target type");
    }
    if to == "envelope" && action != Action::Replace {
        return refuse("Invalid target action");
    }
    Ok(())
}

fn expression(element: Element<'_>) -> Result<Expression, DeployError> {
    match element.expression("xpath", "Invalid XPath expression: ")? {
        Some(expression) => Ok(expression),
        None => Err(element.error("xpath attribute is required for CUSTOM type")),
    }
}

fn property(element: Element<'_>) -> Result<Arc<str>, DeployError> {
    Ok(element.required("property", "xpath attribute is required for CUSTOM type")?.into())
}

impl Source {
    fn parse(element: Element<'_>, action: Action) -> Result<Self, DeployError> {
        Ok(match element.attribute("type").unwrap_or("custom") {
            "custom" if action == Action::Remove => Self::Paths(paths(element)?),
            "custom" => Self::Custom(expression(element)?),
            "envelope" => Self::Envelope,
            "body" => Self::Body,
            "property" => Self::Property(property(element)?),
            "inline" => match (element.first_child_fragment(), element.trimmed_text(), element.non_empty("key")) {
                (Some(fragment), _, _) => Self::InlineXml(Arc::new(fragment)),
                (None, Some(text), _) => Self::InlineText(
                    InlineTemplate::braces(&text, &element.namespaces())
                        .map_err(|error| element.error("Invalid inline content").hint(error.to_string()))?,
                ),
                (None, None, Some(key)) => Self::InlineKey(key.into()),
                (None, None, None) => return Err(element.error("XML element is required for INLINE type")),
            },
            _ => Self::Key,
        })
    }

    fn is_content_aware(&self) -> bool {
        !matches!(self, Self::Property(_) | Self::InlineXml(_) | Self::InlineKey(_))
    }
}

/// The paths of `json-eval(a,b)`; a comma inside brackets or quotes belongs to a path.
fn paths(element: Element<'_>) -> Result<Vec<JsonPath>, DeployError> {
    let text = element.required("xpath", "source Xpath is mandatory for the Remove action")?;
    let inner = text.strip_prefix("json-eval(").and_then(|rest| rest.strip_suffix(')'));
    let inner =
        inner.ok_or_else(|| element.attribute_error("xpath", "source Xpath is mandatory for the Remove action"))?;
    let (mut depth, mut quoted) = (0_i32, None);
    let pieces = inner.split(|c: char| {
        match (quoted, c) {
            (Some(quote), _) if quote == c => quoted = None,
            (None, '\'' | '"') => quoted = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth -= 1,
            (None, ',') => return depth == 0,
            _ => {}
        }
        false
    });
    let compile = |path: &str| {
        JsonPath::compile(path.trim()).map_err(|error| {
            element.attribute_error("xpath", format!("Invalid XPath expression: {text}")).hint(error.to_string())
        })
    };
    pieces.map(compile).collect()
}

impl Target {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        Ok(match element.attribute("type").unwrap_or("custom") {
            "envelope" => Self::Envelope,
            "body" => Self::Body,
            "property" => Self::Property(property(element)?),
            "key" => match element.expression("xpath", "Invalid XPath expression: ")? {
                Some(expression) => Self::Key(expression),
                None => return Err(element.error("Xpath must be defined for the target type 'key'.")),
            },
            _ => {
                let place = expression(element)?;
                if matches!(place.text(), "json-eval($)" | "json-eval($.)") {
                    let message = "Acting replace is not supported for root path in type custom. \
                                   Please use type body action replace instead";
                    return Err(element.attribute_error("xpath", message));
                }
                Self::Custom(place)
            }
        })
    }
}

fn error(context: &MessageContext, message: &str) {
    tracing::error!(target: LOGGER, "{}{message}", context.log_prefix());
}

impl Mediator for Enrich {
    fn name(&self) -> &'static str {
        "enrich"
    }

    fn nature(&self) -> Nature {
        let to_property = matches!(self.target, Target::Property(_));
        Nature::aware(!to_property || self.source.is_content_aware())
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        if self.is_json(context) {
            self.enrich_json(context)?;
        } else {
            self.enrich_xml(context)?;
        }
        Ok(Flow::Continue)
    }

    fn references(&self) -> Vec<Reference> {
        match &self.source {
            Source::InlineKey(key) => vec![Reference { kind: ReferenceKind::Entry, name: key.to_string() }],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
