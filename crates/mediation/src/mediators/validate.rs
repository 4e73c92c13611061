//! `validate`: checks the message, or a part of it, against schemas (spec: core mediators 5.11). [`json`] is for JSON,
//! [`xml`] for XML; which of them runs depends on the message.

mod json;
mod keywords;
mod xml;

use mi_expression::{Expression, ValueExpression};
use mi_payload::value::Value;

use super::MediatorType;
use super::resources::{RESOURCE_CHILD, ResourceMap};
use crate::configuration::Configuration;
use crate::context::MessageContext;
use crate::definition::syntax::{
    AttributeKind, AttributeSyntax, Content, Occurs, Syntax, attribute, child, defaulted, required,
};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature, Reference, ReferenceKind};
use json::JsonSchemas;
use xml::XmlSchemas;

const FEATURE: &[AttributeSyntax] = &[
    required("name", AttributeKind::Text, "The feature's URI."),
    required("value", AttributeKind::Boolean, "Whether it is on."),
];

/// Syntax of `validate`.
pub const SYNTAX: Syntax = Syntax {
    element: "validate",
    summary: "Checks JSON against a JSON Schema (draft 4), or XML against XML Schemas, and runs `on-fail` when it is not \
              valid. The flow goes on behind it all the same, unless `on-fail` ends it.",
    attributes: &[
        attribute("source", AttributeKind::Expression, "What to check; without it the payload."),
        defaulted("cache-schema", AttributeKind::Boolean, "true", "`false` compiles the schema for every message."),
        defaulted("json-source", AttributeKind::Boolean, "false", "`true` checks XML as the JSON that it becomes."),
    ],
    children: &[
        child(
            "schema",
            Occurs::AtLeastOnce,
            &[required("key", AttributeKind::Value, "The local entry or registry resource that holds it.")],
            Content::Nothing,
            "A schema. XML is checked against all of them, JSON against the last one.",
        ),
        RESOURCE_CHILD,
        child("feature", Occurs::Any, FEATURE, Content::Nothing, "Of the JVM's validator; it has no effect."),
        child("on-fail", Occurs::Once, &[], Content::Mediators, "Runs when the message is not valid."),
    ],
    example: "<validate source=\"json-eval($.order)\">\n    <schema key=\"order-schema\"/>\n    <on-fail><respond/></on-fail>\n</validate>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| Ok(Box::new(Validate::parse(element, definitions)?)),
};

const LOGGER: &str = "org.apache.synapse.mediators.builtin.ValidateMediator";

struct Validate {
    source: Option<Expression>,
    force_json: bool,
    keys: Vec<ValueExpression>,
    resources: ResourceMap,
    on_fail: MediatorList,
    json: JsonSchemas,
    xml: XmlSchemas,
}

/// What is wrong with a message, as properties for `on-fail`.
struct Failure {
    message: String,
    detail: String,
    exception: Option<String>,
}

impl Validate {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let mut keys = Vec::new();
        for schema in element.children_named("schema") {
            schema.required("key", "A 'schema' definition must contain a local property 'key'")?;
            keys.push(schema.required_value("key")?);
        }
        if keys.is_empty() {
            return Err(element.error("No schema specified for the validate mediator"));
        }
        let invalid = "Invalid XPath expression specified for attribute 'source'";
        let source = element.expression("source", invalid).map_err(|_| element.attribute_error("source", invalid))?;
        let on_fail = element.child("on-fail").filter(|on_fail| on_fail.children().next().is_some());
        let Some(on_fail) = on_fail else {
            return Err(element.error("A non-empty <on-fail> child element is required for the <validate> mediator"));
        };
        features(element)?;
        let is = |name: &str, default: bool| {
            element.attribute(name).map_or(default, |text| text.eq_ignore_ascii_case("true"))
        };
        let cache = is("cache-schema", true);
        Ok(Self {
            source,
            force_json: is("json-source", false),
            keys,
            resources: ResourceMap::parse(element)?,
            on_fail: definitions.mediators(on_fail)?,
            json: JsonSchemas::new(cache),
            xml: XmlSchemas::new(cache),
        })
    }

    /// Whether the message is valid; if not, the properties say why.
    fn check(&self, context: &mut MessageContext) -> Result<bool, Fault> {
        let mut keys = Vec::new();
        for key in &self.keys {
            keys.push(key.evaluate(context)?.unwrap_or_default().into_owned());
        }
        let failure = if self.force_json || context.payload.is_json() {
            self.json.check(context, self.source.as_ref(), &keys)
        } else {
            let resources = self.resources.evaluate(context)?;
            self.xml.check(context, self.source.as_ref(), &keys, &self.keys, &resources)
        };
        let failure = failure.inspect_err(|fault| {
            tracing::error!(target: LOGGER, "{}{fault}", context.log_prefix());
        })?;
        let Some(failure) = failure else { return Ok(true) };
        tracing::debug!(target: LOGGER, "{}not valid: {}", context.log_prefix(), failure.message);
        context.properties.set("ERROR_MESSAGE", Value::from(failure.message));
        context.properties.set("ERROR_DETAIL", Value::from(failure.detail));
        if let Some(exception) = failure.exception {
            context.properties.set("ERROR_EXCEPTION", Value::from(exception));
        }
        Ok(false)
    }
}

fn features(element: Element<'_>) -> Result<(), DeployError> {
    let mut seen = Vec::new();
    for feature in element.children_named("feature") {
        let (Some(name), Some(value)) = (feature.non_empty("name"), feature.non_empty("value")) else {
            return Err(feature.error("Both of the name and value attributes are required for a feature"));
        };
        if seen.contains(&name) {
            return Err(feature.attribute_error("name", format!("Duplicate feature with name {name}")));
        }
        seen.push(name);
        if !matches!(value, "true" | "false") {
            return Err(feature.attribute_error("value", "The feature must have value true or false"));
        }
        let known = [
            "http://xml.org/sax/features/",
            "http://apache.org/xml/features/",
            "http://javax.xml.XMLConstants/feature/",
        ];
        if !known.iter().any(|start| name.starts_with(start)) {
            return Err(
                feature.attribute_error("name", format!("Error setting validation feature : {name} to : {value}"))
            );
        }
    }
    Ok(())
}

impl Mediator for Validate {
    fn name(&self) -> &'static str {
        "validate"
    }

    fn nature(&self) -> Nature {
        Nature::CONTENT_AWARE.around(self.on_fail.nature())
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        if self.check(context)? { Ok(Flow::Continue) } else { self.on_fail.run(context) }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            if self.check(context)? { Ok(Flow::Continue) } else { self.on_fail.run_async(context).await }
        })
    }

    fn prepare(&self, configuration: &Configuration) -> Result<(), String> {
        let keys: Option<Vec<String>> = self.keys.iter().map(|key| key.literal().map(str::to_owned)).collect();
        let (Some(keys), Some(resources)) = (keys, self.resources.literal()) else { return Ok(()) };
        let contents: Option<Vec<Value>> = keys.iter().map(|key| configuration.entry(key)).collect();
        match contents.as_deref().and_then(<[Value]>::last) {
            // What is not there yet may come later.
            None => Ok(()),
            Some(Value::Xml(_)) => self.xml.prepare(configuration, &keys, &self.keys, &resources),
            Some(_) => self.json.prepare(configuration, &keys),
        }
    }

    fn children(&self) -> Vec<&MediatorList> {
        vec![&self.on_fail]
    }

    fn references(&self) -> Vec<Reference> {
        let keys = self.keys.iter().filter_map(ValueExpression::literal);
        let own = keys.map(|key| Reference { kind: ReferenceKind::Entry, name: key.to_owned() });
        own.chain(self.resources.references()).collect()
    }
}

#[cfg(test)]
mod tests;
